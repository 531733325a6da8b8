/*
 * script_value: a value to and from text, and to the types that functions want. What a text means is pgbench's rule:
 * nothing is known of a variable's text but its looks. Only script_*.c call it; it owns nothing.
 */
#include "worker/script_function.h"
#include "worker/script_vars.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Digits are written from the end; the caller's 32 bytes hold any 64-bit number. */
static size_t print_int(int64_t value, char *text)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		digits[--at] = '-';
	size_t len = sizeof digits - at;

	memcpy(text, digits + at, len);
	text[len] = '\0';
	return len;
}

static size_t print_word(const char *word, char *text)
{
	size_t len = strlen(word);

	memcpy(text, word, len + 1);
	return len;
}

size_t value_print(const struct value *value, char *text)
{
	switch (value->type) {
	case VALUE_NULL:
		return print_word("NULL", text);
	case VALUE_BOOLEAN:
		return print_word(value->boolean ? "true" : "false", text);
	case VALUE_INT:
		return print_int(value->integer, text);
	case VALUE_DOUBLE:
		if (isnan(value->number))
			return print_word("NaN", text);
		if (isinf(value->number))
			return print_word(value->number < 0 ? "-Infinity" : "Infinity", text);
		return (size_t)snprintf(text, 32, "%.15g", value->number);
	case VALUE_NONE:
		break;
	}
	text[0] = '\0';
	return 0;
}

static bool is_prefix(const char *text, size_t len, const char *word)
{
	return strncasecmp(text, word, len) == 0;
}

/* Any prefix of true, yes, false and no will do; "o" alone could be either of on and off. */
static bool read_boolean(const char *text, size_t len, struct value *value)
{
	bool yes = is_prefix(text, len, "true") || is_prefix(text, len, "yes") || strcasecmp(text, "on") == 0;
	bool no = is_prefix(text, len, "false") || is_prefix(text, len, "no") || strcasecmp(text, "off") == 0 ||
	          strcasecmp(text, "of") == 0;

	*value = (struct value){.type = VALUE_BOOLEAN, .boolean = yes};
	return yes || no;
}

/* White space before, a sign, digits to the end; a text without any digit counts too and then fails as one. */
static bool looks_like_int(const char *text)
{
	text += strspn(text, " \t\n\v\f\r");
	text += *text == '+' || *text == '-';
	return text[strspn(text, "0123456789")] == '\0';
}

bool value_read(const char *text, struct value *value)
{
	size_t len = strlen(text);
	char *end;

	if (len == 0)
		return false;
	if (strcasecmp(text, "null") == 0) {
		*value = (struct value){.type = VALUE_NULL};
		return true;
	}
	if (read_boolean(text, len, value))
		return true;
	errno = 0;
	if (looks_like_int(text))
		*value = (struct value){.type = VALUE_INT, .integer = strtoll(text, &end, 10)};
	else
		*value = (struct value){.type = VALUE_DOUBLE, .number = strtod(text, &end)};
	return errno == 0 && end != text && *end == '\0';
}

const char *value_type_name(const struct value *value)
{
	static const char *const names[] = {"nothing", "null", "boolean", "int", "double"};

	return names[value->type];
}

bool value_to_int(const struct value *value, int64_t *to, struct err *err)
{
	if (value->type == VALUE_INT) {
		*to = value->integer;
		return true;
	}
	if (value->type != VALUE_DOUBLE)
		return err_set(err, EXIT_TASKS, "cannot coerce %s to int", value_type_name(value));
	double rounded = rint(value->number);

	/* 2^63 is the first double too large, -2^63 still fits. */
	if (isnan(rounded) || rounded < -9223372036854775808.0 || rounded >= 9223372036854775808.0) {
		char shown[32];

		if (isfinite(value->number))
			return err_set(err, EXIT_TASKS, "double to int overflow for %f", value->number);
		value_print(value, shown);
		return err_set(err, EXIT_TASKS, "double to int overflow for %s", shown);
	}
	*to = (int64_t)rounded;
	return true;
}

bool value_to_double(const struct value *value, double *to, struct err *err)
{
	if (value->type != VALUE_INT && value->type != VALUE_DOUBLE)
		return err_set(err, EXIT_TASKS, "cannot coerce %s to double", value_type_name(value));
	*to = value->type == VALUE_INT ? (double)value->integer : value->number;
	return true;
}

bool value_to_boolean(const struct value *value, bool *to, struct err *err)
{
	if (value->type != VALUE_BOOLEAN)
		return err_set(err, EXIT_TASKS, "cannot coerce %s to boolean", value_type_name(value));
	*to = value->boolean;
	return true;
}
