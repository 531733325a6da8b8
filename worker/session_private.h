/*
 * session_private: what the files of the session machine share. Nobody else includes it (tests of the session do).
 *
 * session.c holds the states, session_connect.c getting connected and set up, session_task.c sending a task,
 * session_answer.c reading its answers, session_outcome.c what it came to.
 */
#ifndef WORKER_SESSION_PRIVATE_H
#define WORKER_SESSION_PRIVATE_H

#include "shared/clock.h"
#include "worker/session.h"

/* The only place where a state changes. */
void session_go(struct session *s, enum session_state state, int64_t now);
/* A session without anything under way: has its server gone? */
bool session_gone_while_idle(struct session *s, bool ready);

/* ---- asks ---- */
uint32_t asks_due(const struct session *s);
struct ask *ask_head(struct session *s); /* asks_due() > 0 */
void ask_pop(struct session *s);
void ask_clear(struct session *s);
/* Each sends one thing and notes what answer is due. False: the connection is lost. */
bool ask_send(struct session *s, enum ask_kind kind, uint32_t index, const char *sql, int nparams,
        const char *const *values, bool binary);
bool ask_prepare(struct session *s);
bool ask_sync(struct session *s, enum ask_kind kind);
bool ask_marker(struct session *s, enum ask_kind kind, int64_t now); /* with a sync of its own */
bool ask_flush(struct session *s);

#define MARKER_NAME "pgp_marker"
#define MARKER_SQL "select pg_backend_pid(), clock_timestamp()"

/* ---- session_connect ---- */
void session_connect_begin(struct session *s, int64_t now);
void session_connecting(struct session *s, int64_t now);
void session_set_up_begin(struct session *s, int64_t now);
void session_setting_up(struct session *s, int64_t now, bool ready);
void session_drop_connection(struct session *s, bool politely);
/* Drops the connection; then AWAY, or CLOSED when the run stops or a special task is over. */
void session_disconnect(struct session *s, int64_t now, bool politely);

/* ---- session_task ---- */
/* Begins the ticket in s->picked: RUNNING, or FINISHED when nothing can be sent. */
void task_begin(struct session *s, int64_t now);
/* All answers due have come: sends what is next, or finishes. */
void task_continue(struct session *s, int64_t now);
enum attempt_stage task_stage(const struct session *s);
/* Rounded up; the server refuses more than 24 days, and our own deadline is the one that counts then. */
int64_t statement_timeout_ms(int64_t ns);

/* ---- session_answer ---- */
/* Reads what is there. False: the connection is lost (nothing was done about it yet). */
bool answers_read(struct session *s, int64_t now);
/* The tag of a command that may have undone what the session is set up with: s->needs. */
void session_heed_tag(struct session *s, const char *tag);

/* ---- session_outcome ---- */
/* The first error of an attempt, from a result; later ones are ignored. */
void attempt_error(struct session *s, const struct pg_result *result, int64_t now, uint32_t statement);
void attempt_fail(struct session *s, const char *text, uint32_t statement); /* known not applied, in our words */
void attempt_done(struct session *s);
bool attempt_rows_fit(const struct session *s); /* rows= */
void attempt_lost(struct session *s, int64_t now); /* judges by the unknown rule; then finish */
void attempt_finish(struct session *s, int64_t now); /* puts it into the record: FINISHED */
void attempt_handed_over(struct session *s, int64_t now); /* after the flush: frees the slot */
void attempt_ask_cancel(struct session *s, int64_t now);

#define CANCEL_PATIENCE (5 * NS_PER_S) /* after asking for a cancel, until the session is dropped */
#define RESULT_MOST (INT64_C(512) << 20) /* bytes of values one attempt may return */

#endif
