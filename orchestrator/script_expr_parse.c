/*
 * script_expr_parse: pgbench's expressions into steps for the machine of worker/script_eval, by precedence climbing.
 *
 * A prefix operator may stand in any operand and then takes all that binds more tightly than itself (2 * NOT 1 = 1 is
 * 2 * (NOT (1 = 1))), as in pgbench's grammar. Only script_*.c call it; the caller owns the expression.
 */
#include "orchestrator/script_expr_lex.h"
#include "orchestrator/workload_parts.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Deeper nesting is refused: the parser's own stack must hold it. */
#define DEPTH_MOST 2000
#define STEPS_MOST 1000000

enum level {
	LEVEL_ANY,
	LEVEL_OR,
	LEVEL_AND,
	LEVEL_NOT,
	LEVEL_IS,
	LEVEL_COMPARE,
	LEVEL_BITS,
	LEVEL_SUM,
	LEVEL_PRODUCT,
	LEVEL_SIGN
};

struct expr_parser {
	struct script_reader *reader;
	struct expr_token token; /* the one to look at */
	struct expr *expr;
	int depth;
	struct err *err;
};

static bool parse(struct expr_parser *p, int least);

static bool refuse_size(struct expr_parser *p)
{
	return script_refuse(p->reader, p->token.begin, p->err,
	        "the expression is too long or nested too deeply; put a part of it into a variable of its own with "
	        "\\set");
}

static bool advance(struct expr_parser *p)
{
	return expr_lex(p->reader, &p->token, p->err);
}

static bool is_sign(const struct expr_parser *p, enum expr_sign sign)
{
	return p->token.kind == EXPR_TOKEN_SIGN && p->token.sign == sign;
}

static bool is_keyword(const struct expr_parser *p, enum expr_keyword keyword)
{
	return p->token.kind == EXPR_TOKEN_KEYWORD && p->token.keyword == keyword;
}

static bool refuse(struct expr_parser *p, const char *wanted)
{
	int len = p->token.len > 60 ? 60 : (int)p->token.len;

	if (p->token.kind == EXPR_TOKEN_END)
		return script_refuse(p->reader, p->token.begin, p->err,
		        "syntax error: the expression ends where %s should follow; end a line that goes on with a "
		        "backslash",
		        wanted);
	if (p->token.kind == EXPR_TOKEN_TOO_LARGE_BY_ONE)
		return script_refuse(p->reader, p->token.begin, p->err,
		        "syntax error: 9223372036854775808 is too large for an integer; the largest one is one less");
	return script_refuse(p->reader, p->token.begin, p->err, "syntax error at %.*s, where %s should follow", len,
	        p->reader->text + p->token.begin, wanted);
}

static bool expect_sign(struct expr_parser *p, enum expr_sign sign, const char *wanted)
{
	return is_sign(p, sign) ? advance(p) : refuse(p, wanted);
}

static bool expect_keyword(struct expr_parser *p, enum expr_keyword keyword, const char *wanted)
{
	return is_keyword(p, keyword) ? advance(p) : refuse(p, wanted);
}

void expr_emit(struct expr *expr, struct expr_step step)
{
	/* Doubling: full whenever the count is a power of two. */
	if ((expr->nsteps & (expr->nsteps - 1)) == 0)
		expr->steps =
		        mem_resize(expr->steps, expr->nsteps == 0 ? 1 : (size_t)expr->nsteps * 2, sizeof *expr->steps);
	expr->steps[expr->nsteps++] = step;
}

/* Returns the index of the step. */
static int emit(struct expr_parser *p, struct expr_step step)
{
	expr_emit(p->expr, step);
	return p->expr->nsteps - 1;
}

static void land(struct expr_parser *p, int jump)
{
	p->expr->steps[jump].target = p->expr->nsteps - jump;
}

static void emit_constant(struct expr_parser *p, struct value constant)
{
	emit(p, (struct expr_step){.op = EXPR_CONSTANT, .constant = constant});
}

static void emit_call(struct expr_parser *p, enum expr_function function, int nargs)
{
	emit(p, (struct expr_step){.op = EXPR_CALL, .function = function, .nargs = nargs});
}

static void emit_variable(struct expr_parser *p, const char *name, size_t len)
{
	int index = script_variable(p->reader->scripts, name, len);

	emit(p, (struct expr_step){.op = EXPR_VARIABLE, .target = index});
}

/* functions */

#define ANY_NUMBER (1 << 30)

static const struct function {
	const char *name;
	enum expr_function function;
	int least, most;
	bool seeded; /* most - 1 arguments: :default_seed is the last */
	const char *usage;
} functions[] = {
        {"abs", FUNCTION_ABS, 1, 1, false, "abs(number)"},
        {"debug", FUNCTION_DEBUG, 1, 1, false, "debug(value)"},
        {"double", FUNCTION_DOUBLE, 1, 1, false, "double(number)"},
        {"exp", FUNCTION_EXP, 1, 1, false, "exp(number)"},
        {"greatest", FUNCTION_GREATEST, 1, ANY_NUMBER, false, "greatest(number, ...)"},
        {"hash", FUNCTION_HASH_MURMUR2, 1, 2, true, "hash(value) or hash(value, seed)"},
        {"hash_fnv1a", FUNCTION_HASH_FNV1A, 1, 2, true, "hash_fnv1a(value) or hash_fnv1a(value, seed)"},
        {"hash_murmur2", FUNCTION_HASH_MURMUR2, 1, 2, true, "hash_murmur2(value) or hash_murmur2(value, seed)"},
        {"int", FUNCTION_INT, 1, 1, false, "int(number)"},
        {"least", FUNCTION_LEAST, 1, ANY_NUMBER, false, "least(number, ...)"},
        {"ln", FUNCTION_LN, 1, 1, false, "ln(number)"},
        {"mod", FUNCTION_MOD, 2, 2, false, "mod(integer, integer)"},
        {"permute", FUNCTION_PERMUTE, 2, 3, true, "permute(i, size) or permute(i, size, seed)"},
        {"pi", FUNCTION_PI, 0, 0, false, "pi()"},
        {"pow", FUNCTION_POWER, 2, 2, false, "pow(x, y)"},
        {"power", FUNCTION_POWER, 2, 2, false, "power(x, y)"},
        {"random", FUNCTION_RANDOM, 2, 2, false, "random(least, most)"},
        {"random_exponential", FUNCTION_RANDOM_EXPONENTIAL, 3, 3, false, "random_exponential(least, most, parameter)"},
        {"random_gaussian", FUNCTION_RANDOM_GAUSSIAN, 3, 3, false, "random_gaussian(least, most, parameter)"},
        {"random_zipfian", FUNCTION_RANDOM_ZIPFIAN, 3, 3, false, "random_zipfian(least, most, parameter)"},
        {"sqrt", FUNCTION_SQRT, 1, 1, false, "sqrt(number)"},
};
#define NFUNCTIONS (sizeof functions / sizeof functions[0])

/* In @param the distributions are called by what they are. */
static const struct {
	const char *name;
	enum expr_function function;
} short_names[] = {{"exponential", FUNCTION_RANDOM_EXPONENTIAL}, {"gaussian", FUNCTION_RANDOM_GAUSSIAN},
        {"uniform", FUNCTION_RANDOM}, {"zipfian", FUNCTION_RANDOM_ZIPFIAN}};

static const struct function *find_short(const struct expr_parser *p, const char *name)
{
	for (size_t i = 0; i < sizeof short_names / sizeof short_names[0]; i++) {
		if (strlen(short_names[i].name) != p->token.len ||
		        strncasecmp(short_names[i].name, name, p->token.len) != 0)
			continue;
		for (size_t f = 0; f < NFUNCTIONS; f++)
			if (functions[f].function == short_names[i].function)
				return &functions[f];
	}
	return NULL;
}

static const struct function *find_function(struct expr_parser *p)
{
	const char *name = p->reader->text + p->token.begin;
	const char *names[NFUNCTIONS];

	for (size_t i = 0; i < NFUNCTIONS; i++) {
		names[i] = functions[i].name;
		if (strlen(functions[i].name) == p->token.len &&
		        strncasecmp(functions[i].name, name, p->token.len) == 0)
			return &functions[i];
	}
	const struct function *known = p->reader->param ? find_short(p, name) : NULL;

	if (known != NULL)
		return known;
	const char *near = workload_nearest(name, p->token.len, names, NFUNCTIONS);
	int len = p->token.len > 60 ? 60 : (int)p->token.len;

	if (near != NULL)
		script_refuse(
		        p->reader, p->token.begin, p->err, "unknown function %.*s; did you mean %s?", len, name, near);
	else
		script_refuse(p->reader, p->token.begin, p->err,
		        "unknown function %.*s; a variable is written :%.*s, and the functions are those of pgbench",
		        len, name, len, name);
	return NULL;
}

/* Like pgbench's grammar it takes f(,1) for f(1). */
static bool parse_arguments(struct expr_parser *p, int *count)
{
	*count = 0;
	if (!is_sign(p, SIGN_CLOSE) && !is_sign(p, SIGN_COMMA)) {
		if (!parse(p, LEVEL_ANY))
			return false;
		++*count;
	}
	while (is_sign(p, SIGN_COMMA)) {
		if (!advance(p) || !parse(p, LEVEL_ANY))
			return false;
		++*count;
	}
	return is_sign(p, SIGN_CLOSE) || refuse(p, "an operator, a comma or a parenthesis");
}

static bool parse_call(struct expr_parser *p)
{
	const struct function *function = find_function(p);
	size_t begin = p->token.begin;
	int count;

	if (function == NULL || !advance(p) || !expect_sign(p, SIGN_OPEN, "a parenthesis with the arguments") ||
	        !parse_arguments(p, &count))
		return false;
	if (count < function->least || count > function->most)
		return script_refuse(p->reader, begin, p->err,
		        "unexpected number of arguments (%s): %d %s given; write %s", function->name, count,
		        count == 1 ? "is" : "are", function->usage);
	if (function->seeded && count < function->most) {
		emit_variable(p, "default_seed", strlen("default_seed"));
		count++;
	}
	emit_call(p, function->function, count);
	p->expr->random |= function->function >= FUNCTION_RANDOM && function->function <= FUNCTION_RANDOM_ZIPFIAN;
	return advance(p);
}

/* CASE: each branch ends with a jump behind END; the jumps are a chain through their targets until that is known. */
static bool parse_case(struct expr_parser *p)
{
	int chain = -1;

	if (!advance(p))
		return false;
	if (!is_keyword(p, KEYWORD_WHEN))
		return refuse(p, "WHEN");
	while (is_keyword(p, KEYWORD_WHEN)) {
		if (!advance(p) || !parse(p, LEVEL_ANY))
			return false;
		int when = emit(p, (struct expr_step){.op = EXPR_WHEN});

		if (!expect_keyword(p, KEYWORD_THEN, "THEN") || !parse(p, LEVEL_ANY))
			return false;
		chain = emit(p, (struct expr_step){.op = EXPR_JUMP, .target = chain});
		land(p, when);
	}
	if (is_keyword(p, KEYWORD_ELSE)) {
		if (!advance(p) || !parse(p, LEVEL_ANY))
			return false;
	} else {
		emit_constant(p, (struct value){.type = VALUE_NULL});
	}
	while (chain >= 0) {
		int before = p->expr->steps[chain].target;

		land(p, chain);
		chain = before;
	}
	return expect_keyword(p, KEYWORD_END, "WHEN, ELSE or END");
}

/* operands */

static bool parse_minus(struct expr_parser *p)
{
	if (!advance(p))
		return false;
	if (p->token.kind == EXPR_TOKEN_TOO_LARGE_BY_ONE) {
		emit_constant(p, (struct value){.type = VALUE_INT, .integer = INT64_MIN});
		return advance(p);
	}
	if (!parse(p, LEVEL_SIGN))
		return false;
	emit(p, (struct expr_step){.op = EXPR_NEGATE});
	return true;
}

static bool parse_prefix(struct expr_parser *p, int level, enum expr_op op)
{
	if (!advance(p) || !parse(p, level))
		return false;
	emit(p, (struct expr_step){.op = op});
	return true;
}

static bool parse_operand(struct expr_parser *p)
{
	static const char wanted[] = "a value";

	switch (p->token.kind) {
	case EXPR_TOKEN_CONSTANT:
		emit_constant(p, p->token.constant);
		return advance(p);
	case EXPR_TOKEN_VARIABLE:
		emit_variable(p, p->reader->text + p->token.begin + 1, p->token.len - 1);
		return advance(p);
	case EXPR_TOKEN_NAME:
		return parse_call(p);
	case EXPR_TOKEN_KEYWORD:
		if (p->token.keyword == KEYWORD_NOT)
			return parse_prefix(p, LEVEL_NOT, EXPR_NOT);
		return p->token.keyword == KEYWORD_CASE ? parse_case(p) : refuse(p, wanted);
	case EXPR_TOKEN_SIGN:
		if (p->token.sign == SIGN_MINUS)
			return parse_minus(p);
		if (p->token.sign == SIGN_PLUS)
			return advance(p) && parse(p, LEVEL_SIGN);
		if (p->token.sign == SIGN_TILDE)
			return parse_prefix(p, LEVEL_BITS + 1, EXPR_INVERT);
		if (p->token.sign == SIGN_OPEN)
			return advance(p) && parse(p, LEVEL_ANY) &&
			       expect_sign(p, SIGN_CLOSE, "an operator or a closing parenthesis");
		return refuse(p, wanted);
	case EXPR_TOKEN_END:
	case EXPR_TOKEN_TOO_LARGE_BY_ONE:
		break;
	}
	return refuse(p, wanted);
}

/* operators */

static const struct {
	int level;
	enum expr_function function;
} operators[] = {
        [SIGN_PLUS] = {LEVEL_SUM, FUNCTION_ADD},
        [SIGN_MINUS] = {LEVEL_SUM, FUNCTION_SUBTRACT},
        [SIGN_TIMES] = {LEVEL_PRODUCT, FUNCTION_MULTIPLY},
        [SIGN_OVER] = {LEVEL_PRODUCT, FUNCTION_DIVIDE},
        [SIGN_PERCENT] = {LEVEL_PRODUCT, FUNCTION_MOD},
        [SIGN_EQUAL] = {LEVEL_COMPARE, FUNCTION_EQUAL},
        [SIGN_UNEQUAL] = {LEVEL_COMPARE, FUNCTION_UNEQUAL},
        [SIGN_LESS] = {LEVEL_COMPARE, FUNCTION_LESS},
        [SIGN_LESS_EQUAL] = {LEVEL_COMPARE, FUNCTION_LESS_EQUAL},
        [SIGN_GREATER] = {LEVEL_COMPARE, FUNCTION_LESS},
        [SIGN_GREATER_EQUAL] = {LEVEL_COMPARE, FUNCTION_LESS_EQUAL},
        [SIGN_BAR] = {LEVEL_BITS, FUNCTION_BIT_OR},
        [SIGN_HASH] = {LEVEL_BITS, FUNCTION_BIT_XOR},
        [SIGN_AMPERSAND] = {LEVEL_BITS, FUNCTION_BIT_AND},
        [SIGN_LEFT] = {LEVEL_BITS, FUNCTION_SHIFT_LEFT},
        [SIGN_RIGHT] = {LEVEL_BITS, FUNCTION_SHIFT_RIGHT},
        [SIGN_COMMA] = {0, FUNCTION_ADD}, /* TILDE, OPEN, CLOSE and COMMA bind nothing: level 0 */
};

/* The level of the token as an operator between or behind operands, 0 = it is none. */
static int operator_level(const struct expr_parser *p)
{
	if (p->token.kind == EXPR_TOKEN_SIGN)
		return operators[p->token.sign].level;
	if (p->token.kind != EXPR_TOKEN_KEYWORD)
		return 0;
	switch (p->token.keyword) {
	case KEYWORD_OR:
		return LEVEL_OR;
	case KEYWORD_AND:
		return LEVEL_AND;
	case KEYWORD_IS:
	case KEYWORD_ISNULL:
	case KEYWORD_NOTNULL:
		return LEVEL_IS;
	default:
		return 0;
	}
}

/* IS [NOT] NULL, TRUE or FALSE; ISNULL; NOTNULL */
static bool parse_is(struct expr_parser *p)
{
	struct value constant = {.type = VALUE_NULL};
	bool negated = p->token.keyword == KEYWORD_NOTNULL, shorthand = p->token.keyword != KEYWORD_IS;

	if (!advance(p))
		return false;
	if (!shorthand) {
		negated = is_keyword(p, KEYWORD_NOT);
		if (negated && !advance(p))
			return false;
		if (p->token.kind != EXPR_TOKEN_CONSTANT ||
		        (p->token.constant.type != VALUE_NULL && p->token.constant.type != VALUE_BOOLEAN))
			return refuse(p, negated ? "NULL, TRUE or FALSE" : "NOT, NULL, TRUE or FALSE");
		constant = p->token.constant;
		if (!advance(p))
			return false;
	}
	emit_constant(p, constant);
	emit_call(p, FUNCTION_IS, 2);
	if (negated)
		emit(p, (struct expr_step){.op = EXPR_NOT});
	return true;
}

/* AND and OR look at the right side only when the left one has not decided. */
static bool parse_logic(struct expr_parser *p, int level)
{
	bool and = level == LEVEL_AND;
	int left = emit(p, (struct expr_step){.op = and? EXPR_AND_LEFT : EXPR_OR_LEFT});

	if (!advance(p) || !parse(p, level + 1))
		return false;
	emit(p, (struct expr_step){.op = and? EXPR_AND : EXPR_OR});
	land(p, left);
	return true;
}

/* a > b is b < a, and b is evaluated first: the steps of the two sides change places. Jumps are relative. */
static void swap_sides(struct expr *expr, int first, int second)
{
	size_t left = (size_t)(second - first), right = (size_t)(expr->nsteps - second);
	struct expr_step *steps = expr->steps + first, *kept = mem_alloc(left * sizeof *kept);

	memcpy(kept, steps, left * sizeof *kept);
	memmove(steps, steps + left, right * sizeof *kept);
	memcpy(steps + right, kept, left * sizeof *kept);
	free(kept);
}

static bool parse_binary(struct expr_parser *p, int first)
{
	enum expr_sign sign = p->token.sign;
	int level = operators[sign].level, second = p->expr->nsteps;

	if (!advance(p) || !parse(p, level + 1))
		return false;
	if (sign == SIGN_GREATER || sign == SIGN_GREATER_EQUAL)
		swap_sides(p->expr, first, second);
	emit_call(p, operators[sign].function, 2);
	if (level == LEVEL_COMPARE && operator_level(p) == LEVEL_COMPARE)
		return script_refuse(p->reader, p->token.begin, p->err,
		        "syntax error: comparisons do not follow one another; put one into parentheses or write AND");
	return true;
}

static bool parse_deep(struct expr_parser *p, int least)
{
	int first = p->expr->nsteps;

	if (!parse_operand(p))
		return false;
	for (;;) {
		int level = operator_level(p);
		bool ok = true;

		if (level == 0 || level < least)
			return true;
		if (level == LEVEL_OR || level == LEVEL_AND)
			ok = parse_logic(p, level);
		else if (level == LEVEL_IS)
			ok = parse_is(p);
		else
			ok = parse_binary(p, first);
		if (!ok)
			return false;
	}
}

/* An operand and all operators behind it that bind at least as tightly as `least`. */
static bool parse(struct expr_parser *p, int least)
{
	if (p->depth >= DEPTH_MOST || p->expr->nsteps >= STEPS_MOST)
		return refuse_size(p);
	p->depth++;
	bool ok = parse_deep(p, least);

	p->depth--;
	return ok;
}

/* How high the stack gets. Steps in their order tell, as every way to a step comes to it at the same height: what a
 * branch of CASE has pushed when it jumps is pushed again by the next one. */
static void measure(struct expr *expr)
{
	int height = 0;

	for (int i = 0; i < expr->nsteps; i++) {
		const struct expr_step *step = &expr->steps[i];

		if (step->op == EXPR_CONSTANT || step->op == EXPR_VARIABLE)
			height++;
		else if (step->op == EXPR_CALL)
			height += 1 - step->nargs;
		else if (step->op == EXPR_AND || step->op == EXPR_OR || step->op == EXPR_WHEN || step->op == EXPR_JUMP)
			height--;
		if (height > expr->height)
			expr->height = height;
	}
}

struct expr *script_expr_parse(struct script_reader *reader, struct err *err)
{
	struct expr_parser p = {.reader = reader, .expr = mem_zero(1, sizeof *p.expr), .err = err};

	if (advance(&p) && parse(&p, LEVEL_ANY) && (p.token.kind == EXPR_TOKEN_END || refuse(&p, "an operator"))) {
		measure(p.expr);
		if (p.expr->height <= EXPR_STACK_MOST || refuse_size(&p))
			return p.expr;
	}
	expr_free(p.expr);
	return NULL;
}
