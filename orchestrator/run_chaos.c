/*
 * run_chaos: --chaos: strikes workers and sessions of the run when they are due, and measures what it did: what was
 * lost, what was repeated, what the sessions felt that were not hit, how long until all that were are back.
 *
 * Only processes of our own that are not reaped yet are sent a signal. Victims follow from the run's seed. The run owns
 * it (run_chaos_open, run_chaos_close); a serial baseline is left in peace.
 */
#include "orchestrator/run_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/chaos.h"
#include "orchestrator/load_watch.h"
#include "shared/clock.h"
#include "shared/rng.h"

#define POLL_NS (10 * NS_PER_MS) /* how often counters in shared memory are looked at while somebody waits for them */

struct struck {
	const struct chaos_blow *blow;
	struct chaos_record record;
	int64_t at_ns; /* 0 = not yet */
	int64_t continue_ns; /* SIGCONT is due; CLOCK_NEVER = not or done */
	uint32_t waiting; /* sessions hit that are not back */
	struct hist *before, *after; /* of sessions that were never hit */
};

struct hit {
	uint32_t blow; /* number + 1 of the last that hit it; 0 = none */
	bool waiting;
	int64_t back_ns; /* INT64_MAX while waiting */
	int32_t pid; /* of its worker then */
	int64_t heard_ns; /* back when its lane's heart has beaten after that; CLOCK_NEVER = when it is connected again
	                   */
};

struct run_chaos {
	struct chaos_plan plan;
	struct struck struck[CHAOS_MOST];
	struct hit *hits; /* per session */
	bool *ever; /* per session: hit by any, sooner or later */
	struct hist *calm; /* sessions not hit, since GO or the last blow */
	struct rng rng;
	uint32_t left; /* blows not struck */
};

static void warn(const struct run *run)
{
	const struct plan *plan = run->plan;
	int exposed = 0, first = -1;

	if (run->options->read_only)
		return;
	for (int i = 0; i < plan->ntasks; i++)
		if (!plan->tasks[i].readonly && !plan->tasks[i].repeatable && exposed++ == 0)
			first = i;
	if (exposed > 0)
		log_write(LEVEL_WARNING, NULL,
		        "--chaos strikes %d task%s that write%s (%s%s): what is in flight then may or may not be "
		        "applied, "
		        "and is not repeated unless it is marked repeatable",
		        exposed, exposed == 1 ? "" : "s", exposed == 1 ? "s" : "", plan->tasks[first].name,
		        exposed == 1 ? "" : ", ...");
	if (run->load)
		log_write(LEVEL_WARNING, NULL,
		        "--chaos: transactions in flight when it strikes may or may not be applied, and are not "
		        "repeated");
}

bool run_chaos_open(struct run *run, struct err *err)
{
	struct run_chaos *c;

	if (!run->options->chaos || strcmp(run->request->role, "baseline") == 0)
		return true;
	c = run->chaos = mem_zero(1, sizeof *c);
	if (!chaos_parse(run->options->chaos, &c->plan, err))
		return false;
	c->hits = mem_zero(run->request->sessions + 1u, sizeof *c->hits);
	c->ever = mem_zero(run->request->sessions + 1u, sizeof *c->ever);
	c->calm = mem_zero(1, sizeof *c->calm);
	c->left = c->plan.n;
	rng_seed(&c->rng, run->request->seed, UINT64_C(0x6368616f73));
	for (uint32_t i = 0; i < c->plan.n; i++) {
		struct struck *s = &c->struck[i];

		s->blow = &c->plan.blows[i];
		s->continue_ns = CLOCK_NEVER;
		s->before = mem_zero(1, sizeof *s->before);
		s->after = mem_zero(1, sizeof *s->after);
		s->record = (struct chaos_record){
		        .blow = i, .asked = s->blow->victims, .struck_us = INT64_MIN, .full_us = INT64_MIN};
		snprintf(s->record.action, sizeof s->record.action, "%s", chaos_name(s->blow->action));
		snprintf(s->record.at, sizeof s->record.at, "%s", s->blow->when);
	}
	warn(run);
	return true;
}

void run_chaos_close(struct run *run)
{
	struct run_chaos *c = run->chaos;

	if (!c)
		return;
	for (uint32_t i = 0; i < CHAOS_MOST; i++) {
		free(c->struck[i].before);
		free(c->struck[i].after);
	}
	free(c->hits);
	free(c->ever);
	free(c->calm);
	free(c);
	run->chaos = NULL;
}

/* --- when ------------------------------------------------------------------------------------------------------- */

/* When it is due, as far as that is a time; CLOCK_NEVER when it follows from what was done. */
static int64_t due_at(const struct run *run, const struct chaos_blow *b)
{
	const struct load *load = &run->plan->load;

	if (b->percent <= 0)
		return run->go_ns + b->at_ns;
	if (run->load && load->duration_ns > 0)
		return load_begin_ns(load, run->go_ns) + (int64_t)((double)load->duration_ns * b->percent / 100);
	return CLOCK_NEVER;
}

static double done_percent(const struct run *run)
{
	const struct tickets *t = &run->tickets;
	struct load_counts counts;

	if (!run->load)
		return t->n > 0 ? 100.0 * (t->done + t->failed + t->unknown + t->not_run) / t->n : 0;
	load_watch_counts(run->watch, &counts);
	double all = (double)run->plan->load.transactions * run->request->sessions;

	return all > 0 ? 100.0 * (double)(counts.done + counts.failed + counts.skipped + counts.unknown) / all : 0;
}

/* --- whom ------------------------------------------------------------------------------------------------------- */

static bool can_be_struck(const struct member *m)
{
	return m->kind == MEMBER_WORKER && m->state == MEMBER_LIVING && m->hello && !m->leaving && !m->violated &&
	       !m->cause[0] && !m->parted;
}

/* Shuffles what may be struck, those with work before idle ones, and returns how many of it there are. */
static uint32_t choose(struct run_chaos *c, uint32_t *list, uint32_t n, uint32_t nbusy)
{
	for (uint32_t i = 0; i + 1 < n; i++) {
		uint32_t end = i < nbusy ? nbusy : n, k = i + (uint32_t)rng_below(&c->rng, end - i);
		uint32_t other = list[i];

		list[i] = list[k];
		list[k] = other;
	}
	return n;
}

static uint32_t living_workers(struct run *run, uint32_t *list)
{
	uint32_t n = 0, busy = 0;

	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < run->nworkers; i++)
			if (can_be_struck(&run->crew.members[i]) && run->crew.members[i].idle == (pass == 1))
				list[n++] = i;
		if (pass == 0)
			busy = n;
	}
	return choose(run->chaos, list, n, busy);
}

static uint32_t living_sessions(struct run *run, uint32_t *list)
{
	uint32_t n = 0, busy = 0;

	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < run->nworkers; i++) {
			const struct member *m = &run->crew.members[i];

			for (uint32_t s = m->first_session; can_be_struck(m) && s < m->first_session + m->nsessions;
			        s++) {
				uint32_t stage = atomic_load(&shm_slot(run->shm, s)->stage);
				bool works = stage >= SLOT_TAKEN && stage <= SLOT_SAFE;

				if (run->crew.session_state[s] == SESSION_READY && stage < SLOT_LOST &&
				        stage > SLOT_CONNECTING && works == (pass == 0))
					list[n++] = s;
			}
		}
		if (pass == 0)
			busy = n;
	}
	return choose(run->chaos, list, n, busy);
}

/* --- striking --------------------------------------------------------------------------------------------------- */

static void hit_session(struct run *run, struct struck *s, uint32_t session, int32_t pid, int64_t heard_ns)
{
	struct run_chaos *c = run->chaos;
	struct hit *h = &c->hits[session];

	if (h->waiting) /* hit again before it was back from another: that one never sees it back */
		c->struck[h->blow - 1].waiting--;
	*h = (struct hit){
	        .blow = s->record.blow + 1, .waiting = true, .back_ns = INT64_MAX, .pid = pid, .heard_ns = heard_ns};
	c->ever[session] = true;
	s->waiting++;
	s->record.sessions++;
}

static void strike_worker(struct run *run, struct struck *s, struct member *m)
{
	static const int signals[] = {[CHAOS_KILL] = SIGKILL, [CHAOS_SEGV] = SIGSEGV, [CHAOS_STOP] = SIGSTOP};
	int64_t heard = s->continue_ns; /* of one that is only stopped for a while */

	if (kill(m->pid, signals[s->blow->action]) != 0)
		return;
	s->record.workers++;
	for (uint32_t i = m->first_session; i < m->first_session + m->nsessions; i++)
		hit_session(run, s, i, (int32_t)m->pid, heard);
}

/* Its lane finds the request when it is woken; a socket is not the parent's to touch. */
static void cut_session(struct run *run, struct struck *s, uint32_t session)
{
	for (uint32_t i = 0; i < run->nworkers; i++) {
		struct member *m = &run->crew.members[i];

		if (session < m->first_session || session - m->first_session >= m->nsessions)
			continue;
		atomic_fetch_add(&shm_slot(run->shm, session)->cut, 1);
		hit_session(run, s, session, (int32_t)m->pid, CLOCK_NEVER);
		crew_send_plain(&run->crew, m, MSG_RELEASE);
	}
}

static void tell(struct run *run, const struct struck *s, int64_t now)
{
	const struct chaos_record *r = &s->record;
	char few[64] = "";

	if ((s->blow->action == CHAOS_CUT ? r->sessions : r->workers) < r->asked)
		snprintf(few, sizeof few, " (%u %s asked for)", r->asked, r->asked == 1 ? "was" : "were");
	if (s->blow->action == CHAOS_CUT)
		run_event(run, now, LEVEL_INFO, "chaos", "cut at %s: %u session%s%s", r->at, r->sessions,
		        r->sessions == 1 ? "" : "s", few);
	else
		run_event(run, now, LEVEL_INFO, "chaos", "%s at %s: %u worker%s of %u with %u session%s%s", r->action,
		        r->at, r->workers, r->workers == 1 ? "" : "s", run->nworkers, r->sessions,
		        r->sessions == 1 ? "" : "s", few);
}

static void strike(struct run *run, struct struck *s, int64_t now)
{
	struct run_chaos *c = run->chaos;
	uint32_t *list = mem_zero(run->request->sessions + run->nworkers + 1u, sizeof *list), n;

	s->at_ns = now;
	s->record.struck_us = clock_us(now, run->origin_ns);
	if (s->blow->action == CHAOS_STOP && s->blow->for_ns > 0)
		s->continue_ns = now + s->blow->for_ns;
	hist_merge(s->before, c->calm);
	memset(c->calm, 0, sizeof *c->calm);
	n = s->blow->action == CHAOS_CUT ? living_sessions(run, list) : living_workers(run, list);
	for (uint32_t i = 0; i < n && i < s->blow->victims; i++)
		if (s->blow->action == CHAOS_CUT)
			cut_session(run, s, list[i]);
		else
			strike_worker(run, s, &run->crew.members[list[i]]);
	for (uint32_t i = 0; i < run->request->sessions; i++)
		s->record.survivors += !c->ever[i];
	tell(run, s, now);
	free(list);
}

/* --- afterwards ------------------------------------------------------------------------------------------------- */

static void back(struct run *run, uint32_t session, int64_t at_ns, int64_t now)
{
	struct run_chaos *c = run->chaos;
	struct hit *h = &c->hits[session];
	struct struck *s = &c->struck[h->blow - 1];
	int64_t after = (at_ns - s->at_ns) / NS_PER_US;

	h->waiting = false;
	h->back_ns = at_ns;
	s->waiting--;
	if (after > s->record.full_us)
		s->record.full_us = after;
	if (s->waiting > 0)
		return;
	s->record.full = true;
	run_event(run, now, LEVEL_INFO, "chaos over", "full strength again %.3f s after %s at %s",
	        (double)s->record.full_us / 1e6, s->record.action, s->record.at);
}

/* Of a worker that was only stopped: its process is the same and its heart beats again. */
static void listen(struct run *run, int64_t now)
{
	struct run_chaos *c = run->chaos;

	for (uint32_t i = 0; i < run->request->sessions; i++) {
		const struct slot *slot = shm_slot(run->shm, i);
		int64_t beat = atomic_load(&slot->heartbeat_ns);

		if (c->hits[i].waiting && c->hits[i].heard_ns != CLOCK_NEVER && beat > c->hits[i].heard_ns &&
		        beat <= now && atomic_load(&slot->worker_pid) == c->hits[i].pid)
			back(run, i, beat, now);
	}
}

/* Those that were stopped and not ended meanwhile. */
static void go_on(struct run *run, struct struck *s)
{
	for (uint32_t i = 0; i < run->nworkers; i++) {
		const struct member *m = &run->crew.members[i];

		if (m->state == MEMBER_LIVING && run->chaos->hits[m->first_session].blow == s->record.blow + 1 &&
		        run->chaos->hits[m->first_session].pid == (int32_t)m->pid)
			kill(m->pid, SIGCONT);
	}
	s->continue_ns = CLOCK_NEVER;
}

int64_t run_chaos_step(struct run *run, int64_t now)
{
	struct run_chaos *c = run->chaos;
	int64_t next = CLOCK_NEVER;

	if (!c || !run->go_given)
		return CLOCK_NEVER;
	double percent = c->left > 0 && run->phase == PHASE_MEASURE ? done_percent(run) : 0;
	for (uint32_t i = 0; i < c->plan.n; i++) {
		struct struck *s = &c->struck[i];
		int64_t due = s->at_ns == 0 ? due_at(run, s->blow) : CLOCK_NEVER;

		if (s->at_ns == 0 && run->phase == PHASE_MEASURE && run->stop.mode == STOP_NONE) {
			if (due == CLOCK_NEVER ? percent >= s->blow->percent : now >= due) {
				strike(run, s, now);
				c->left--;
			} else if (due == CLOCK_NEVER && run->load) {
				due = now + POLL_NS;
			}
			if (s->at_ns == 0 && due < next)
				next = due;
		}
		/* Stopped workers never keep the end of the run waiting. */
		if (s->continue_ns != CLOCK_NEVER && (now >= s->continue_ns || run->phase > PHASE_MEASURE))
			go_on(run, s);
		next = s->continue_ns < next ? s->continue_ns : next;
	}
	listen(run, now);
	for (uint32_t i = 0; i < run->request->sessions; i++)
		if (c->hits[i].waiting && c->hits[i].heard_ns != CLOCK_NEVER && now + POLL_NS < next)
			next = now + POLL_NS;
	return next;
}

void run_chaos_session(struct run *run, const struct session_report *r, int64_t now)
{
	struct run_chaos *c = run->chaos;

	if (c && r->connected && c->hits[r->session].waiting &&
	        r->ready_ns > c->struck[c->hits[r->session].blow - 1].at_ns)
		back(run, r->session, r->ready_ns, now);
}

/* What a session that was not hit did, before any blow and after each. */
static void felt(struct run_chaos *c, uint32_t session, int64_t begun_ns, int64_t ended_ns)
{
	struct struck *last = NULL;

	if (c->ever[session])
		return;
	for (uint32_t i = 0; i < c->plan.n; i++)
		if (c->struck[i].at_ns != 0 && (!last || c->struck[i].at_ns > last->at_ns))
			last = &c->struck[i];
	if (last && begun_ns >= last->at_ns)
		hist_add(last->after, ended_ns - begun_ns);
	if (!last || begun_ns >= last->at_ns)
		hist_add(c->calm, ended_ns - begun_ns);
}

/* Of the blow that hit this session, for what ended before it was back (which may be known here later than that it is
 * back: records come through the ring, reports through the pipe); NULL = none. */
static struct chaos_record *in_trouble(struct run_chaos *c, uint32_t session, int64_t ended_ns)
{
	const struct hit *h = &c->hits[session];

	if (h->blow == 0 || ended_ns < c->struck[h->blow - 1].at_ns || ended_ns > h->back_ns)
		return NULL;
	return &c->struck[h->blow - 1].record;
}

void run_chaos_attempt(struct run *run, const struct attempt *a, bool again)
{
	struct chaos_record *r;

	if (!run->chaos)
		return;
	if (a->outcome == OUTCOME_DONE) {
		felt(run->chaos, a->session, a->sent_ns, a->done_ns);
		return;
	}
	r = in_trouble(run->chaos, a->session, a->done_ns);
	if (!r || !(a->flags & (ATTEMPT_SESSION_LOST | ATTEMPT_WORKER_DIED)))
		return;
	r->unknown += a->outcome == OUTCOME_UNKNOWN;
	r->failed += a->outcome == OUTCOME_FAILED;
	r->repeated += again;
}

void run_chaos_record(struct run *run, const struct load_record *record)
{
	struct chaos_record *r;

	if (!run->chaos)
		return;
	if (record->outcome == LOAD_DONE) {
		felt(run->chaos, record->session, record->end_ns - record->latency_ns, record->end_ns);
		return;
	}
	r = in_trouble(run->chaos, record->session, record->end_ns);
	if (!r)
		return;
	r->unknown += record->outcome == LOAD_UNKNOWN;
	r->failed += record->outcome == LOAD_FAILED;
}

void run_chaos_judged(struct run *run, const struct member *m, uint64_t unknown, uint64_t failed)
{
	struct chaos_record *r;

	if (!run->chaos || m->kind != MEMBER_WORKER)
		return;
	r = in_trouble(run->chaos, m->first_session, INT64_MAX);
	if (!r)
		return;
	r->unknown += unknown;
	r->failed += failed;
}

/* For each blow, also one that never came to be. */
bool run_chaos_result(const struct run *run, uint32_t number, struct chaos_record *out)
{
	const struct run_chaos *c = run->chaos;

	if (!c || number >= c->plan.n)
		return false;
	const struct struck *s = &c->struck[number];

	*out = s->record;
	if (!out->full)
		out->full_us = INT64_MIN;
	out->before_count = s->before->count;
	out->after_count = s->after->count;
	out->before_p50_us = hist_percentile(s->before, 50) / NS_PER_US;
	out->after_p50_us = hist_percentile(s->after, 50) / NS_PER_US;
	out->before_max_us = hist_max(s->before) / NS_PER_US;
	out->after_max_us = hist_max(s->after) / NS_PER_US;
	return true;
}
