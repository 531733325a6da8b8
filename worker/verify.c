/*
 * verify: see the header. Rows are hashed with the number of their statement and the row of --data that the ticket
 * runs with; rounds of a task are interchangeable, as nothing tells them apart.
 */
#include "worker/verify.h"

#include <string.h>

static int64_t read_clock(const struct session *s)
{
	return s->digest_clock ? s->digest_clock() : 0;
}

static void place_of(const struct session *s, uint32_t index, uint32_t place[2])
{
	place[0] = index;
	place[1] = s->run.ticket ? s->run.ticket->row : PLAN_NO_ROW;
}

void verify_begin(struct session *s)
{
	s->attempt.digested = s->a->verify && !s->a->special && !s->run.task->noverify;
}

void verify_rows(struct session *s, uint32_t index, const struct pg_result *result)
{
	int rows = pg_nrows(result), columns = pg_ncolumns(result);
	struct digest_row row;
	uint32_t place[2];
	int64_t begin;

	if (!s->attempt.digested || rows == 0)
		return;
	begin = read_clock(s);
	place_of(s, index, place);
	for (int r = 0; r < rows; r++) {
		digest_row_begin(&row, DIGEST_ROW, place, (uint32_t)columns);
		for (int c = 0; c < columns; c++)
			digest_row_value(&row, pg_is_null(result, r, c) ? NULL : pg_value(result, r, c),
			        (size_t)pg_length(result, r, c));
		digest_row_end(&row, &s->attempt.digest);
	}
	s->attempt.digest_ns += read_clock(s) - begin;
}

static void one_value(struct session *s, enum digest_kind kind, uint32_t index, const char *text, size_t len)
{
	struct digest_row row;
	uint32_t place[2];
	int64_t begin;

	if (!s->attempt.digested)
		return;
	begin = read_clock(s);
	place_of(s, index, place);
	digest_row_begin(&row, kind, place, 1);
	digest_row_value(&row, text, len);
	digest_row_end(&row, &s->attempt.digest);
	s->attempt.digest_ns += read_clock(s) - begin;
}

void verify_tag(struct session *s, uint32_t index, const char *tag)
{
	one_value(s, DIGEST_TAG, index, tag, strlen(tag));
}

void verify_copied(struct session *s, uint32_t index, const char *line, size_t len)
{
	one_value(s, DIGEST_COPY, index, line, len);
}
