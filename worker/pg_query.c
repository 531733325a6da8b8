/*
 * pg_query: sending statements and reading results; see pg.h for the order of calls.
 *
 * A struct pg_result is libpq's PGresult under a name of ours. Called by the session machine and the observer only.
 */
#include "worker/pg_private.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/log.h"

/* Microseconds from 1970-01-01, the Unix epoch, to 2000-01-01, the server's. */
#define SERVER_EPOCH_US INT64_C(946684800000000)

static const PGresult *of(const struct pg_result *result)
{
	return (const PGresult *)(const void *)result;
}

bool pg_pipeline(struct pg *pg)
{
	return PQenterPipelineMode(pg->conn) == 1;
}

bool pg_send(struct pg *pg, const char *sql, int nparams, const char *const *values, bool binary)
{
	return PQsendQueryParams(pg->conn, sql, nparams, NULL, values, NULL, NULL, binary) == 1;
}

bool pg_prepare(struct pg *pg, const char *name, const char *sql)
{
	return PQsendPrepare(pg->conn, name, sql, 0, NULL) == 1;
}

bool pg_execute(struct pg *pg, const char *name, bool binary)
{
	return PQsendQueryPrepared(pg->conn, name, 0, NULL, NULL, NULL, binary) == 1;
}

bool pg_execute_with(struct pg *pg, const char *name, int nparams, const char *const *values)
{
	return PQsendQueryPrepared(pg->conn, name, nparams, values, NULL, NULL, 0) == 1;
}

bool pg_query(struct pg *pg, const char *sql)
{
	return PQsendQuery(pg->conn, sql) == 1;
}

bool pg_pipeline_end(struct pg *pg)
{
	return PQexitPipelineMode(pg->conn) == 1;
}

bool pg_sync(struct pg *pg)
{
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
	return PQsendPipelineSync(pg->conn) == 1; /* 17: without a system call of its own */
#else
	return PQpipelineSync(pg->conn) == 1;
#endif
}

int pg_flush(struct pg *pg)
{
	return PQflush(pg->conn);
}

bool pg_consume(struct pg *pg)
{
	bool ok = PQconsumeInput(pg->conn) == 1;

	/* What OpenSSL has decrypted and libpq's buffer did not take is invisible to poll(). */
	while (ok && pg->tls && pg_tls_pending(pg))
		ok = PQconsumeInput(pg->conn) == 1;
	return ok;
}

bool pg_busy(struct pg *pg)
{
	return PQisBusy(pg->conn) == 1;
}

void pg_rows_one_by_one(struct pg *pg)
{
	(void)PQsetSingleRowMode(pg->conn); /* refused for what gives no rows; then there is nothing to split */
}

struct pg_result *pg_next(struct pg *pg)
{
	return (struct pg_result *)(void *)PQgetResult(pg->conn);
}

enum pg_kind pg_kind(const struct pg_result *result)
{
	if (!result)
		return PG_END;
	switch (PQresultStatus(of(result))) {
	case PGRES_SINGLE_TUPLE:
		return PG_ROW;
	case PGRES_TUPLES_OK:
		return PG_ROWS;
	case PGRES_COMMAND_OK:
		return PG_DONE;
	case PGRES_EMPTY_QUERY:
		return PG_EMPTY;
	case PGRES_COPY_OUT:
		return PG_COPY_OUT;
	case PGRES_COPY_IN:
	case PGRES_COPY_BOTH:
		return PG_COPY_IN;
	case PGRES_PIPELINE_SYNC:
		return PG_SYNC;
	case PGRES_PIPELINE_ABORTED:
		return PG_ABORTED;
	default:
		return PG_ERROR;
	}
}

void pg_clear(struct pg_result *result)
{
	PQclear((PGresult *)(void *)result);
}

int pg_nrows(const struct pg_result *result)
{
	return PQntuples(of(result));
}

int pg_ncolumns(const struct pg_result *result)
{
	return PQnfields(of(result));
}

const char *pg_column(const struct pg_result *result, int column)
{
	const char *name = PQfname(of(result), column);

	return name ? name : "";
}

const char *pg_value(const struct pg_result *result, int row, int column)
{
	const char *value = PQgetvalue(of(result), row, column);

	return value ? value : "";
}

bool pg_is_null(const struct pg_result *result, int row, int column)
{
	return PQgetisnull(of(result), row, column) == 1;
}

int pg_length(const struct pg_result *result, int row, int column)
{
	return PQgetlength(of(result), row, column);
}

int64_t pg_value_int(const struct pg_result *result, int row, int column)
{
	return strtoll(pg_value(result, row, column), NULL, 10);
}

int32_t pg_binary_int4(const struct pg_result *result, int row, int column)
{
	uint32_t raw = 0;

	if (pg_length(result, row, column) == 4)
		memcpy(&raw, pg_value(result, row, column), 4);
	return (int32_t)be32toh(raw);
}

int64_t pg_binary_time(const struct pg_result *result, int row, int column)
{
	uint64_t raw = 0;

	if (pg_length(result, row, column) != 8)
		return 0;
	memcpy(&raw, pg_value(result, row, column), 8);
	return (int64_t)be64toh(raw) + SERVER_EPOCH_US;
}

int64_t pg_bytes(const struct pg_result *result)
{
	int64_t sum = 0;
	int rows = pg_nrows(result), columns = pg_ncolumns(result);

	for (int r = 0; r < rows; r++)
		for (int c = 0; c < columns; c++)
			sum += pg_length(result, r, c);
	return sum;
}

int64_t pg_affected(const struct pg_result *result)
{
	return strtoll(PQcmdTuples((PGresult *)(uintptr_t)of(result)), NULL, 10);
}

const char *pg_tag(const struct pg_result *result)
{
	const char *tag = PQcmdStatus((PGresult *)(uintptr_t)of(result));

	return tag ? tag : "";
}

const char *pg_sqlstate(const struct pg_result *result)
{
	const char *state = PQresultErrorField(of(result), PG_DIAG_SQLSTATE);

	return state ? state : "";
}

bool pg_fatal(const struct pg_result *result)
{
	const char *severity = PQresultErrorField(of(result), PG_DIAG_SEVERITY_NONLOCALIZED);

	return severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
}

void pg_message(const struct pg_result *result, char *out, size_t size)
{
	char line[8192];
	const char *primary = PQresultErrorField(of(result), PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(of(result), PG_DIAG_MESSAGE_DETAIL);
	const char *hint = PQresultErrorField(of(result), PG_DIAG_MESSAGE_HINT);
	const char *own = PQresultErrorMessage(of(result));
	size_t used;

	if (primary)
		snprintf(line, sizeof line, "%s%s%s%s%s", primary, detail ? "; detail: " : "", detail ? detail : "",
		        hint ? "; hint: " : "", hint ? hint : "");
	else /* libpq's own: its first line says it, the others guess */
		snprintf(line, sizeof line, "%.*s", (int)strcspn(own, "\n"), own);
	for (char *c = line; *c; c++)
		if (*c == '\n' || *c == '\r' || *c == '\t')
			*c = ' ';
	for (used = strlen(line); used > 0 && line[used - 1] == ' ';)
		line[--used] = '\0';
	log_printable(line, out, size);
}

int pg_copy_row(struct pg *pg, char **row)
{
	return PQgetCopyData(pg->conn, row, 1);
}

void pg_copy_free(char *row)
{
	PQfreemem(row);
}
