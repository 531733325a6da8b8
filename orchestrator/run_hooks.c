/*
 * run_hooks: what the children tell, and what it means for the run: attempts go to the book of tickets and the store,
 * facts to the preflight, a cancel on to the observer, a death to the events.
 */
#include "orchestrator/run_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"

#define SHOWN_MOST 6 /* warnings of one kind that people see */

/* The first of a kind are shown to people; a thousand workers that fail alike would hide everything else. */
static bool often(struct run *run, const char *kind, char *text, size_t size)
{
	size_t len = strlen(text), i = 0;

	while (i < run->nseen && strcmp(run->seen[i].kind, kind) != 0)
		i++;
	if (i == sizeof run->seen / sizeof *run->seen)
		return false;
	if (i == run->nseen)
		run->seen[run->nseen++] = (struct seen_event){.kind = kind};
	run->seen[i].times++;
	if (run->seen[i].times == SHOWN_MOST)
		snprintf(text + len, size - len, " (more of this kind: see the log, --log-file)");
	return run->seen[i].times > SHOWN_MOST;
}

void run_event(struct run *run, int64_t now, enum log_level level, const char *kind, const char *format, ...)
{
	char text[1400], shown[1500];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	snprintf(shown, sizeof shown, "%s", text);
	if (level == LEVEL_WARNING && often(run, kind, shown, sizeof shown))
		level = LEVEL_INFO;
	if (run->progress && log_enabled(level))
		progress_clear(run->progress);
	log_write(level, NULL, "%s", shown);
	record_event(run, now, kind, text);
}

/* --- attempts --------------------------------------------------------------------------------------------------- */

/* The session's own number stands for its worker where the engine has too few workers to tell apart. */
static bool resource_class(const char *sqlstate)
{
	static const char *const states[] = {"53100", "53200", "53400", "58030", "XX000"};

	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		if (strcmp(sqlstate, states[i]) == 0)
			return true;
	return false;
}

static void watch_resources(struct run *run, const struct attempt *a, int64_t now)
{
	uint32_t who = run->nworkers >= 3 ? a->worker : a->session;
	uint32_t needed = run->request->sessions >= 3 ? 3 : run->request->sessions;

	if (!resource_class(a->sqlstate)) {
		if (a->outcome == OUTCOME_DONE)
			run->streak = 0;
		return;
	}
	for (uint32_t i = 0; i < run->streak; i++)
		if (run->streak_sessions[i] == who)
			return;
	if (run->streak < 3)
		run->streak_sessions[run->streak++] = who;
	if (run->streak >= needed)
		run_stop(run, STOP_SOON, RUN_ABORTED, now,
		        "%u sessions in a row ran out of a resource of the server (%s)", run->streak, a->sqlstate);
}

static void stop_for(struct run *run, const struct attempt *a, bool final, int64_t now)
{
	bool corrupt = strcmp(a->sqlstate, "XX001") == 0 || strcmp(a->sqlstate, "XX002") == 0;

	if (a->flags & ATTEMPT_STOP_RUN)
		run_stop(run, corrupt ? STOP_CANCEL : STOP_SOON, RUN_ABORTED, now,
		        corrupt ? "the server reports damaged data (%s)"
		                : "an error after which no task can succeed (%s)",
		        a->sqlstate);
	watch_resources(run, a, now);
	if (!final || a->outcome == OUTCOME_DONE || run->options->halt == HALT_NEVER || run->stop.mode != STOP_NONE)
		return;
	bool soon = run->options->halt == HALT_SOON;
	run->stop.patient = soon;
	run_stop(run, soon ? STOP_SOON : STOP_CANCEL, RUN_STOPPED, now, "--halt=%s after a task that was not done",
	        soon ? "soon" : "now");
}

static void terminate_old(struct run *run, const struct attempt *a, uint32_t token)
{
	struct buf body = {0};
	struct msg_backend backend = {a->backend_pid, a->backend_start_us, token};

	msg_put_backend(&body, MSG_TERMINATE, &backend);
	crew_send(&run->crew, crew_observer(&run->crew), &body);
	buf_free(&body);
}

static bool on_special(struct run *run, const struct attempt *a)
{
	run->special_outcome = a->outcome;
	snprintf(run->special_text, sizeof run->special_text, "%s%s%.500s", a->sqlstate, a->sqlstate[0] ? " " : "",
	        a->message ? a->message : "");
	return true;
}

/* A ticket is done once: no other attempt of it counts. */
static void add_result(struct run *run, const struct attempt *a, uint32_t position)
{
	struct task_result *r = &run->results[run->plan->tickets[run->todo[position]].task];

	r->executions++;
	r->rows += a->rows;
	r->digest_ns += a->digest_ns;
	digest_sum_add(&r->digest, &a->digest);
}

static bool on_attempt(void *context, struct member *m, struct attempt *a, int64_t now)
{
	struct run *run = context;
	struct tickets *t = &run->tickets;
	uint32_t position, token;

	if (m->kind == MEMBER_SPECIAL)
		return on_special(run, a);
	bool observed = crew_observer(&run->crew)->state == MEMBER_LIVING && run->target.direct;
	bool again = tickets_position(t, a->ticket, &position) && t->records[position].stage == TICKET_AGAIN;
	enum ticket_verdict verdict =
	        tickets_attempt(t, a, run->stop.mode == STOP_NONE && !run->store_failed, observed, now, &token);
	if (verdict == VERDICT_NONSENSE)
		return false;
	if (again && m->retries_out > 0)
		m->retries_out--;
	if (a->done_ns > run->last_end_ns)
		run->last_end_ns = a->done_ns;
	run_log_attempt(run, m, a, tickets_task(t, position));
	run_record_attempt(run, a, now);
	run_chaos_attempt(run, a, verdict != VERDICT_FINAL);
	if (verdict == VERDICT_FINAL && a->outcome == OUTCOME_DONE && a->digested && run->results)
		add_result(run, a, position);
	if (verdict == VERDICT_FINAL)
		record_ticket(run, position, now);
	if (verdict == VERDICT_AGAIN_GONE)
		terminate_old(run, a, token);
	stop_for(run, a, verdict == VERDICT_FINAL, now);
	return true;
}

/* --- sessions --------------------------------------------------------------------------------------------------- */

/* Refusals after which the run makes no sense: an account must not be locked by 200 attempts. */
static bool fatal_refusal(const char *sqlstate)
{
	return strncmp(sqlstate, "28", 2) == 0 || strcmp(sqlstate, "3D000") == 0 || strcmp(sqlstate, "42501") == 0;
}

/* Refusals that a replacement would meet again: those, and what is wrong with a statement of @session itself. */
static bool hopeless_refusal(const char *sqlstate)
{
	static const char *const passing[] = {"08", "40", "53", "55", "57", "58", "XX"};

	if (sqlstate[0] == '\0')
		return false;
	for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
		if (strncmp(sqlstate, passing[i], 2) == 0)
			return false;
	return true;
}

static void note_refusal(struct run *run, const char *sqlstate, const char *text)
{
	if (run->refusal.text[0])
		return;
	err_set(&run->refusal, EXIT_CONNECT, "%s%s%.900s", sqlstate, sqlstate[0] ? ": " : "", text);
}

static void on_session(void *context, struct member *m, const struct session_report *r, int64_t now)
{
	struct run *run = context;
	struct log_context about = {m->kind == MEMBER_WORKER ? (int)m->worker + 1 : 0, r->backend_pid, NULL};
	char text[600] = "";

	if (r->message)
		log_printable(r->message, text, sizeof text);
	if (r->connected && log_enabled(LEVEL_INFO))
		log_write(LEVEL_INFO, &about, "session %u connected after %.6f s", r->session + 1,
		        (double)(r->ready_ns - r->start_ns) / 1e9);
	if (m->kind != MEMBER_WORKER) {
		if (!r->connected && !run->special_text[0])
			snprintf(run->special_text, sizeof run->special_text, "%s%s%.500s", r->sqlstate,
			        r->sqlstate[0] ? " " : "", text);
		return;
	}
	run_record_session(run, r, now);
	run_chaos_session(run, r, now);
	if (r->connected)
		return;
	note_refusal(run, r->sqlstate, text);
	m->hopeless = m->hopeless || hopeless_refusal(r->sqlstate);
	/* Before GO the run ends with this very message. */
	enum log_level level = m->hopeless && !run->go_given ? LEVEL_INFO : LEVEL_WARNING;
	run_event(run, now, level, "session lost", "session %u of worker %u gave up connecting: %s %s", r->session + 1,
	        m->worker + 1, r->sqlstate, text);
	if (run->go_given && fatal_refusal(r->sqlstate))
		run_stop(run, STOP_SOON, RUN_ABORTED, now, "the server refuses new sessions (%s)", r->sqlstate);
}

static void on_want_cancel(void *context, struct member *m, const struct msg_want_cancel *w, int64_t now)
{
	struct run *run = context;
	struct buf body = {0};
	struct msg_backend backend = {w->backend_pid, w->backend_start_us, w->session};
	struct log_context about = {m->kind == MEMBER_WORKER ? (int)m->worker + 1 : 0, w->backend_pid, NULL};

	(void)now;
	/* Through a pooler that process may be serving somebody else: the session is dropped instead. */
	if (!run->target.direct || w->backend_pid <= 0)
		return;
	log_write(LEVEL_INFO, &about, "cancelling what session %u runs", w->session + 1);
	msg_put_backend(&body, MSG_CANCEL, &backend);
	crew_send(&run->crew, crew_observer(&run->crew), &body);
	buf_free(&body);
}

/* --- the observer ----------------------------------------------------------------------------------------------- */

static void on_facts(void *context, const struct server_facts *facts, int64_t now)
{
	struct run *run = context;

	if (!run->facts) {
		run->facts = mem_alloc(sizeof *run->facts);
		*run->facts = *facts;
	} else if (facts->complete && !run->facts->complete) {
		/* What was decided by the first ones stays, also after a second observer. */
		run->facts->complete = true;
		memcpy(run->facts->version, facts->version, sizeof facts->version);
		run->facts->postmaster_start_us = facts->postmaster_start_us;
		run->facts->rtt_ns = facts->rtt_ns;
		run->facts->marker_ns = facts->marker_ns;
		run->facts->nfacts = facts->nfacts;
		memcpy(run->facts->facts, facts->facts, sizeof facts->facts);
		atomic_store(&run->shm->marker_ns, facts->marker_ns);
		record_facts(run, now);
	}
}

static void on_samples(void *context, const struct sample *samples, size_t count, int64_t now)
{
	record_samples(context, samples, count, now);
}

static void on_counters(void *context, const struct msg_counters *counters, int64_t now)
{
	struct run *run = context;
	struct msg_counters **place = counters->after ? &run->counters_after : &run->counters_before;

	(void)now;
	if (*place == NULL)
		*place = mem_alloc(sizeof **place);
	**place = *counters;
}

static void on_gone(void *context, const struct msg_gone *gone, int64_t now)
{
	struct run *run = context;
	uint32_t position;

	if (run->phase == PHASE_OLD) {
		if (gone->token < run->nold) {
			run->old[gone->token].answered = true;
			run->old[gone->token].gone = gone->gone;
		}
		return;
	}
	if (tickets_gone(&run->tickets, gone->token, gone->gone, now, &position))
		record_ticket(run, position, now);
}

static void on_swept(void *context, const struct msg_swept *swept, int64_t now)
{
	struct run *run = context;

	run->swept = *swept;
	run->swept_came = true;
	if (swept->left > 0)
		run_event(run, now, LEVEL_WARNING, "sessions left",
		        "%u sessions of this run are still on the server: end them with select "
		        "pg_terminate_backend(pid) from pg_stat_activity where application_name = '%s'",
		        swept->left, run->target.application_name);
	else if (swept->cancelled > 0)
		run_event(run, now, LEVEL_INFO, "sessions ended",
		        "%u sessions of this run were still on the server and were ended", swept->cancelled);
	if (!swept->connected)
		run_event(run, now, LEVEL_WARNING, "not swept",
		        "the observer had no session at the end: whether sessions of this run are left is not known");
}

static void on_usage(void *context, struct member *m, const struct msg_usage *u)
{
	struct run *run = context;

	if (m->kind == MEMBER_WORKER) {
		client_cpu_left(&run->client_cpu, m, u->user_us + u->system_us);
		run_cost_told(run, u);
	}
	run->usage.user_us += u->user_us;
	run->usage.system_us += u->system_us;
	run->usage.max_rss_kb += u->max_rss_kb;
	run->usage.private_kb += u->private_kb;
	run->usage.voluntary_switches += u->voluntary_switches;
	run->usage.involuntary_switches += u->involuntary_switches;
}

/* --- ends ------------------------------------------------------------------------------------------------------- */

static void worker_ended(struct run *run, struct member *m, const char *end, bool expected, int64_t now)
{
	run_load_ended(run, m, now);
	record_worker(run, m, end, now);
	run->costs.untold += !m->parted;
	if (m->fatal) {
		note_refusal(run, m->sqlstate, m->cause);
		m->hopeless = m->hopeless || hopeless_refusal(m->sqlstate);
	} else if (!expected) {
		char text[128];
		snprintf(text, sizeof text, "worker %u died, %s", m->worker + 1, end);
		note_refusal(run, "", text);
	}
	if (expected)
		return;
	run_event(run, now, m->fatal && m->hopeless ? LEVEL_INFO : LEVEL_WARNING, "worker died",
	        "worker %u (pid %d, generation %u) died, %s%s%.800s", m->worker + 1, (int)m->pid, m->generation, end,
	        m->cause[0] ? ": " : "", m->cause);
}

static void on_ended(void *context, struct member *m, const char *end, bool expected, int64_t now)
{
	struct run *run = context;

	if (m->kind == MEMBER_WORKER) {
		worker_ended(run, m, end, expected, now);
	} else if (m->kind == MEMBER_SPECIAL) {
		run->special_ended = true;
		if (run->special_outcome == OUTCOME_NONE && !run->special_text[0])
			snprintf(run->special_text, sizeof run->special_text, "its worker died, %s%s%.500s", end,
			        m->cause[0] ? ": " : "", m->cause);
	} else {
		run->observer_ended = true;
		if (!expected && run->phase > PHASE_PREFLIGHT && run->phase < PHASE_SWEEP)
			run_event(run, now, LEVEL_WARNING, "observer died", "the observer (pid %d) died, %s%s%s",
			        (int)m->pid, end, m->cause[0] ? ": " : "", m->cause);
	}
}

static bool on_work_left(void *context, const struct member *m)
{
	const struct run *run = context;
	const struct tickets *t = &run->tickets;

	if (run->stop.mode != STOP_NONE)
		return false;
	if (run->load && run->go_given)
		return run_load_left(run, m, loop_clock(run->loop));
	/* Before GO every place is wanted; later only while something can still be handed out. */
	if (!run->go_given || atomic_load(&run->shm->next) < t->n || t->nqueue > 0)
		return true;
	/* Without any other worker nobody could take what this one had and never began. */
	return crew_living(&run->crew) == 0 && !tickets_all_final(t);
}

static void on_event(void *context, int64_t now, enum log_level level, const char *kind, const char *text)
{
	run_event(context, now, level, kind, "%s", text);
}

struct crew_hooks run_hooks(struct run *run)
{
	return (struct crew_hooks){.context = run,
	        .attempt = on_attempt,
	        .session = on_session,
	        .want_cancel = on_want_cancel,
	        .facts = on_facts,
	        .samples = on_samples,
	        .counters = on_counters,
	        .gone = on_gone,
	        .swept = on_swept,
	        .usage = on_usage,
	        .ended = on_ended,
	        .work_left = on_work_left,
	        .event = on_event};
}
