/*
 * Text from outside is made harmless for the place it goes to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "reports/escape.h"
#include "shared/rng.h"

#define FFFD "\xEF\xBF\xBD"

struct row {
	const char *in, *out;
};

static void check(void (*escape)(const char *, struct buf *), const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct buf b = {0};

		escape(rows[i].in, &b);
		assert_string_equal(buf_str(&b), rows[i].out);
		buf_free(&b);
	}
}

static void html(void **state)
{
	static const struct row rows[] = {{"", ""}, {"a<b>&\"c'", "a&lt;b&gt;&amp;&quot;c&#39;"},
	        {"x\033[0my", "x" FFFD "[0my"}, {"tab\tline\nend", "tab\tline\nend"}, {"cr\r\n", "cr\n"},
	        {"\xff\xc0\xaf", FFFD FFFD FFFD}, {"\xe2\x80\xae", FFFD}, {"\xed\xa0\x80", FFFD FFFD FFFD},
	        {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"}, {"\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD},
	        {"cut\xe2\x82", "cut" FFFD FFFD}};

	(void)state;
	check(escape_html, rows, sizeof rows / sizeof rows[0]);
}

static void csv(void **state)
{
	static const struct {
		const char *in, *out, *raw;
	} rows[] = {{"plain", "plain", "plain"}, {"a,b", "\"a,b\"", "\"a,b\""},
	        {"say \"x\"", "\"say \"\"x\"\"\"", "\"say \"\"x\"\"\""}, {"=1+1", "'=1+1", "=1+1"}, {"+x", "'+x", "+x"},
	        {"-x", "'-x", "-x"}, {"@x", "'@x", "@x"}, {"\tx", "'\tx", "\tx"}, {"\rx", "\"'\rx\"", "\"\rx\""},
	        {"two\nlines", "\"two\nlines\"", "\"two\nlines\""}, {"\033", FFFD, "\033"}, {"\xff", FFFD, FFFD},
	        {"1=1", "1=1", "1=1"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf b = {0};

		escape_csv(rows[i].in, false, &b);
		assert_string_equal(buf_str(&b), rows[i].out);
		buf_clear(&b);
		escape_csv(rows[i].in, true, &b);
		assert_string_equal(buf_str(&b), rows[i].raw);
		buf_free(&b);
	}
}

static void line(void **state)
{
	static const struct {
		const char *in;
		bool ascii;
		int most;
		const char *out;
	} rows[] = {{"a\n\t b", false, 0, "a b"}, {"  x  ", false, 0, "x"}, {"\033[1m\a", true, 0, "?[1m?"},
	        {"gr\xc3\xbcn", true, 0, "gr?n"}, {"gr\xc3\xbcn", false, 4, "gr\xc3\xbcn"},
	        {"abcdef", false, 6, "abcdef"}, {"abcdefg", false, 6, "abc..."},
	        {"\xe6\xbc\xa2\xe5\xad\x97\xe6\xbc\xa2\xe5\xad\x97", false, 7, "\xe6\xbc\xa2\xe5\xad\x97..."},
	        {"abc", false, 2, ".."}, {"", false, 5, ""}, {"a b", false, 2, ".."}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf b = {0};

		escape_line(rows[i].in, rows[i].ascii, rows[i].most, &b);
		assert_string_equal(buf_str(&b), rows[i].out);
		buf_free(&b);
	}
}

static void markdown(void **state)
{
	static const struct row text[] = {{"*a*", "\\*a\\*"}, {"<b>", "\\<b\\>"},
	        {"@ann", "@\xE2\x80\x8B"
	                 "ann"},
	        {"http://x", "http\\://x"}, {"www.x.y", "www\\.x.y"}, {"a|b", "a\\|b"}, {"a\nb", "a b"}};
	static const struct row span[] = {{"a|b", "`a\\|b`"}, {"a`b", "`` a`b ``"}, {"```", "```` ``` ````"}, {"", ""}};

	(void)state;
	check(escape_markdown_text, text, sizeof text / sizeof text[0]);
	for (size_t i = 0; i < sizeof span / sizeof span[0]; i++) {
		struct buf b = {0};

		escape_markdown(span[i].in, 0, &b);
		assert_string_equal(buf_str(&b), span[i].out);
		buf_free(&b);
	}
}

static void base64(void **state)
{
	static const struct row rows[] = {
	        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf b = {0};

		escape_base64(rows[i].in, strlen(rows[i].in), &b);
		assert_string_equal(buf_str(&b), rows[i].out);
		buf_free(&b);
	}
}

static void expect_clean(const char *text, bool breaks)
{
	uint32_t c;

	for (size_t n; (n = escape_next(text, &c)) > 0; text += n) {
		assert_true(n > 1 || (unsigned char)*text < 0x80); /* no invalid byte is left */
		assert_true(c >= 0x20 || (breaks && (c == '\n' || c == '\t' || c == '\r')));
		assert_true(c < 0x7F || c >= 0xA0);
		assert_false(c >= 0x202A && c <= 0x202E);
	}
}

/* Any bytes: valid UTF-8 without control characters comes out, and never an open tag. */
static void random_bytes(void **state)
{
	struct rng rng;

	(void)state;
	rng_seed(&rng, 7, 0);
	for (int round = 0; round < 20000; round++) {
		char text[40];
		struct buf b = {0};
		size_t len = rng_below(&rng, sizeof text - 1);

		for (size_t i = 0; i < len; i++)
			text[i] = (char)(1 + rng_below(&rng, 255));
		text[len] = '\0';
		escape_html(text, &b);
		expect_clean(buf_str(&b), true);
		assert_null(strpbrk(buf_str(&b), "<>\"'"));
		buf_clear(&b);
		escape_line(text, true, 17, &b);
		expect_clean(buf_str(&b), false);
		assert_true(b.len <= 17);
		buf_clear(&b);
		escape_line(text, false, 17, &b);
		expect_clean(buf_str(&b), false);
		assert_true(escape_width(buf_str(&b)) <= 17);
		buf_clear(&b);
		escape_csv(text, false, &b);
		expect_clean(buf_str(&b), true);
		buf_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(html), cmocka_unit_test(csv), cmocka_unit_test(line),
	        cmocka_unit_test(markdown), cmocka_unit_test(base64), cmocka_unit_test(random_bytes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
