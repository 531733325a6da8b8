/*
 * workload_gate: "p99 < 50ms" into a gate. Called for @gate lines and for --gate; the caller owns gate->text.
 */
#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

#include <string.h>

#include "shared/clock.h"

static const char *const metric_names[] = {
        "errors", "wall", "makespan", "speedup", "overlap", "p50", "p90", "p95", "p99", "p99.9", "tps"};

/* Decimal digits with at most one point; false for anything else or when something is left over. */
static bool parse_decimal(const char *text, size_t len, double *number)
{
	double value = 0, scale = 1;
	bool any = false, point = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (text[i] < '0' || text[i] > '9')
			return false;
		any = true;
		if (point)
			value += (text[i] - '0') * (scale /= 10);
		else
			value = value * 10 + (text[i] - '0');
	}
	*number = value;
	return any;
}

static bool parse_metric(const char *name, size_t len, struct gate *gate, struct err *err)
{
	static const struct {
		const char *name;
		enum gate_metric metric;
	} metrics[] = {{"errors", GATE_ERRORS}, {"wall", GATE_WALL}, {"makespan", GATE_MAKESPAN},
	        {"speedup", GATE_SPEEDUP}, {"overlap", GATE_OVERLAP}, {"tps", GATE_TPS}};

	for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++) {
		if (strlen(metrics[i].name) == len && memcmp(metrics[i].name, name, len) == 0) {
			gate->metric = metrics[i].metric;
			return true;
		}
	}
	if (len > 1 && name[0] == 'p' && parse_decimal(name + 1, len - 1, &gate->percentile)) {
		gate->metric = GATE_PERCENTILE;
		if (gate->percentile > 0 && gate->percentile < 100)
			return true;
		return err_set(err, EXIT_USAGE,
		        "the percentile %.*s does not lie between p0 and p100; p50 .. p99.9 are usual", (int)len, name);
	}
	const char *near = workload_nearest(name, len, metric_names, sizeof metric_names / sizeof metric_names[0]);

	if (near != NULL)
		return err_set(
		        err, EXIT_USAGE, "unknown gate %.*s; did you mean %s?", (int)(len < 60 ? len : 60), name, near);
	return err_set(err, EXIT_USAGE,
	        "unknown gate %.*s; the names are errors, wall, makespan, speedup, overlap, tps and p50 .. p99.9",
	        (int)(len < 60 ? len : 60), name);
}

static size_t parse_op(const char *text, enum gate_op *op)
{
	static const struct {
		const char *text;
		enum gate_op op;
	} ops[] = {{"!=", GATE_NE}, {"<=", GATE_LE}, {">=", GATE_GE}, {"<", GATE_LT}, {">", GATE_GT}, {"=", GATE_EQ}};

	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		size_t len = strlen(ops[i].text);

		if (strncmp(text, ops[i].text, len) == 0) {
			*op = ops[i].op;
			return len;
		}
	}
	return 0;
}

static bool refuse_number(const char *text, const char *what, struct err *err)
{
	return err_set(err, EXIT_USAGE, "'%.60s' is not %s", text, what);
}

static bool parse_number(const char *text, struct gate *gate, struct err *err)
{
	size_t len = strlen(text);
	int64_t ns;

	switch (gate->metric) {
	case GATE_WALL:
	case GATE_MAKESPAN:
	case GATE_PERCENTILE:
		if (!clock_parse(text, &ns))
			return refuse_number(text, "a time; write one like 3s, 1.5s or 250ms", err);
		gate->number = (double)ns / (double)NS_PER_S;
		return true;
	case GATE_OVERLAP:
		if (len > 0 && text[len - 1] == '%')
			len--;
		if (!parse_decimal(text, len, &gate->number) || gate->number > 100)
			return refuse_number(text, "a percentage; write one like 90%", err);
		return true;
	case GATE_ERRORS:
		if (strchr(text, '.') != NULL || !parse_decimal(text, len, &gate->number))
			return refuse_number(text, "a count; write one like errors = 0", err);
		return true;
	case GATE_TPS:
		if (!parse_decimal(text, len, &gate->number))
			return refuse_number(text, "a rate; write one like tps >= 1000", err);
		return true;
	case GATE_SPEEDUP:
		break;
	}
	if (len > 1 && text[len - 1] == 'x')
		len--;
	if (!parse_decimal(text, len, &gate->number))
		return refuse_number(text, "a ratio; write one like speedup >= 1.3", err);
	return true;
}

bool workload_gate(const char *text, struct gate *gate, struct err *err)
{
	static const char blank[] = " \t";
	struct gate out = {0};
	const char *p = text + strspn(text, blank);
	size_t name = strcspn(p, " \t<>=!");

	if (name == 0)
		return err_set(err, EXIT_USAGE, "a gate is NAME OP NUMBER, like 'errors = 0' or 'speedup >= 1.3'");
	if (!parse_metric(p, name, &out, err))
		return false;
	p += name;
	p += strspn(p, blank);
	size_t op = parse_op(p, &out.op);

	if (op == 0 || (p[op] != '\0' && strchr("<>=!", p[op]) != NULL))
		return err_set(
		        err, EXIT_USAGE, "the gate '%.60s' has no comparison we know; use one of != < <= > >= =", text);
	p += op;
	p += strspn(p, blank);
	char number[64];
	size_t len = strlen(p);

	while (len > 0 && strchr(blank, p[len - 1]) != NULL)
		len--;
	if (len == 0 || len >= sizeof number)
		return err_set(err, EXIT_USAGE, "the gate '%.60s' needs a number behind its comparison", text);
	memcpy(number, p, len);
	number[len] = '\0';
	if (!parse_number(number, &out, err))
		return false;
	out.text = mem_strdup(text + strspn(text, blank));
	for (len = strlen(out.text); len > 0 && strchr(blank, out.text[len - 1]) != NULL;)
		out.text[--len] = '\0';
	*gate = out;
	return true;
}
