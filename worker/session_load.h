/*
 * session_load: what a session has besides in a load run, where it loops scripts instead of taking tickets. For the
 * files of the session machine (session_load*.c, session*.c); the session owns it.
 *
 * session_load.c holds the loop (schedule, choice, end), session_load_script.c runs a script's commands,
 * session_load_answer.c reads answers, session_load_outcome.c judges and counts, session_load_batch.c is --pipeline,
 * session_load_shell.c runs other programs.
 */
#ifndef WORKER_SESSION_LOAD_H
#define WORKER_SESSION_LOAD_H

#include "shared/buf.h"
#include "worker/script_eval.h"
#include "worker/session_private.h"
#include "worker/shell.h"
#include "worker/tally.h"

/* What answer is due while a transaction is under way. */
enum load_due {
	DUE_NOTHING,
	DUE_RESULT, /* of the SQL command at `at` */
	DUE_PREPARE, /* of preparing it */
	DUE_ROLLBACK, /* of a block left open by an error */
	DUE_PROGRAM, /* of no server: the end of a \shell or \setshell */
	DUE_ITEMS /* of what was sent in a pipeline, in order */
};

/* One thing sent in a pipeline. */
enum load_item_kind { ITEM_COMMAND, ITEM_PREPARE, ITEM_SYNC };
struct load_item {
	enum load_item_kind kind;
	int script, at;
	int64_t sent_ns;
};

struct looping {
	const struct load *load;
	const struct scripts *scripts;
	struct tally *tally; /* of the lane */
	bool batches; /* --pipeline: the connection stays in pipeline mode */
	bool scale_known;
	char **environment; /* of programs; NULL = no script starts any */
	struct rng choose, sample, random; /* so that no one's use moves another's */
	struct script_vars vars;
	struct script_eval eval;
	struct buf text; /* an SQL command with its values, for -M simple */
	const char **values;
	bool *prepared; /* on this connection, by global command number */
	uint64_t finished; /* transactions, to do now and then what need not be done each time */

	/* until the next transaction */
	bool chosen; /* script and due_at stand */
	bool began; /* one in this very step: the next waits for the step after it */
	int64_t due_at; /* not before */
	int64_t scheduled_ns; /* -R: its start by the schedule */

	/* the transaction, or what goes for all of a batch */
	int script, at;
	const struct script *running; /* that script, outside batches */
	int64_t start_ns, command_ns;
	int64_t busy_since; /* of a batch: the end before */
	int64_t sleep_until; /* 0 = no \sleep */
	bool warmed; /* it began in the warm-up */
	bool started; /* tx_started counts it: something may have been sent */
	bool exposed; /* it may have left something behind: outside a block, or a COMMIT */
	bool in_flight; /* the same of what is not answered yet */
	bool block; /* a block is open, as far as what was sent can tell, in a pipeline */
	/* the first thing that went wrong in this try; its text is in session.message */
	bool failed;
	bool fatal; /* the server ends the session */
	bool own; /* the script's own error, not the server's */
	bool doubtful; /* and yet it may have been applied */
	char sqlstate[6];
	int failed_script, failed_at;

	uint32_t tries;
	enum load_due due;
	const struct script_sql *awaited; /* the command, of DUE_RESULT */
	enum pg_tx tx; /* after the last command that was answered, outside pipelines */
	bool pipeline; /* \startpipeline */
	struct load_item *items; /* a list, empty again after each pipeline */
	uint32_t item_head, item_tail, items_room;
	struct pg_result *last; /* of a command with \gset: the last result so far */
	int query; /* results of it before */
	struct rng random_before; /* as the first try found it */
	struct script_vars vars_before;
	struct shell shell;
	bool shell_late; /* its program was ended at the deadline */

	/* --pipeline: an execution that was broken off by an error of its script, and that ends the session */
	bool broken, broken_started, aborting;
	int broken_script;
	char broken_text[256];
};

/* ---- session_load.c ---- */
void load_init(struct session *s, struct tally *tally);
void load_clear(struct session *s);
void load_loop(struct session *s, int64_t now); /* SESSION_LOOP */
void load_script(struct session *s, int64_t now, bool ready); /* SESSION_SCRIPT */
bool load_over(const struct session *s, int64_t now); /* no other transaction is to be begun */
void load_end(struct session *s, int64_t now); /* SESSION_ENDED */
int64_t load_deadline(const struct session *s);
bool load_again(const struct session *s); /* in LOOP: to be stepped again at once */
void load_connected(struct session *s, int64_t now); /* a connection is set up: counts it */
void load_scale(struct session *s, const struct pg_result *result);
int load_choose(struct looping *l); /* a script by its weight */
/* After a transaction: SESSION_LOOP, or a new connection. */
void load_go_on(struct session *s, int64_t now);

/* ---- session_load_script.c ---- */
void load_begin(struct session *s, int64_t now); /* the chosen script: SESSION_SCRIPT */
void load_try(struct session *s, int64_t now); /* from its first command */
void load_run(struct session *s, int64_t now); /* commands until something is due */
/* One that is not SQL; false: lost. */
bool load_run_command(struct session *s, const struct script_command *command, int64_t now);
void load_woke(struct session *s, int64_t now); /* from \sleep */
void load_command_over(struct session *s, int64_t now); /* one that needs no server: its time, and on to the next */
/* Sends a command in a pipeline. False: the connection is lost. */
bool load_send_item(struct session *s, int script, int at, int64_t now);
/* Before something goes out: what a death from here on would leave behind. */
void load_show_sent(struct session *s, unsigned kind, int64_t now);
bool load_sync(struct session *s);
void load_item(struct session *s, enum load_item_kind kind, int script, int at, int64_t now);
static inline int load_command_number(const struct looping *l, int script, int at)
{
	return l->tally->first_command[script] + at;
}

/* ---- session_load_answer.c ---- */
bool load_answers(struct session *s, int64_t now); /* false: the connection is lost */

/* ---- session_load_shell.c ---- */
void load_run_shell(struct session *s, const struct script_command *command, int64_t now);
bool load_shell(struct session *s, int64_t now); /* DUE_PROGRAM: takes what is there; true: it has ended */
void load_shell_deadline(struct session *s, int64_t now);

/* ---- session_load_outcome.c ---- */
/* An error of the script itself. */
void load_script_error(struct session *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void load_server_error(struct session *s, const struct pg_result *result, int script, int at);
void load_failed(struct session *s, int64_t now); /* something went wrong: clean up, then again, or over */
void load_lost(struct session *s, int64_t now);
void load_finish(struct session *s, enum load_outcome outcome, int64_t now); /* counts it */
void load_skip(struct session *s, int64_t now);
bool load_worth_repeating(const struct looping *l);
void load_say_aborted(struct session *s); /* the session ends because of an error: counts and says it */
void load_close(struct session *s, int64_t now); /* then: CLOSED */

/* ---- session_load_batch.c ---- */
void load_batch_begin(struct session *s, int64_t now);
void load_batch_end(struct session *s, int64_t now);
void load_batch_synced(struct session *s, int script, int64_t now);
void load_batch_lost(struct session *s, enum load_outcome outcome, int64_t now);

#endif
