/*
 * proof_parts: what the files of proof share with one another and with nobody else: the server's clock in client
 * time, the intervals of the attempts, and the steps proof_of takes in order. Each init has one free.
 */
#ifndef REPORTS_PROOF_PARTS_H
#define REPORTS_PROOF_PARTS_H

#include "reports/proof.h"

/*
 * The server's clock as seen from the client: offset = server - client, bounded at each marker by
 * server - received <= offset <= server - sent, and changing by at most 200 ppm in between.
 */
struct clock_point {
	int64_t server_us;
	int64_t low_us, high_us; /* after clock_fit: the bounds every other marker agrees with */
	int64_t offset_us; /* the offset chosen here */
};
struct server_clock {
	struct clock_point *points; /* by server time */
	size_t npoints;
	bool fits;
	int64_t width_us; /* of the narrowest bounds: how well the offset is known */
	int64_t contradiction_at_us, contradiction_us; /* client time and size of the worst, when it does not fit */
};
void clock_fit(const struct run_view *run, struct server_clock *clock);
void clock_free(struct server_clock *clock);
int64_t clock_map(const struct server_clock *clock, int64_t server_us); /* client time */
bool marker_answered(int64_t sent_us, int64_t received_us, int64_t server_us);

/* An attempt's time on the server, in client time; blocked parts are kept apart. */
struct interval {
	const struct attempt_view *attempt;
	int64_t lane; /* backend pid, or minus (session + 1) where the backend is not known */
	int64_t from_us, to_us;
	double active_us, blocked_us;
	bool on_server; /* both ends are from the server's clock */
	bool witnessed;
	uint32_t samples, on_cpu, on_lock, on_disk; /* of its backend inside it; see struct stretch */
};
struct span {
	int64_t lane;
	int64_t from_us, to_us;
};
struct spans {
	struct span *items;
	size_t count, room;
};
void spans_add(struct spans *spans, int64_t lane, int64_t from_us, int64_t to_us); /* empty ones are left out */

struct evidence {
	const struct run_view *run;
	struct server_clock clock;
	struct interval *intervals; /* by lane, then from */
	size_t nintervals;
	size_t uncounted; /* attempts sent whose end on the server nobody knows */
	struct spans active, blocked;
	int32_t *backends; /* sorted: every backend pid of the run */
	size_t nbackends;
	double any_blocked_us; /* time with at least one session blocked */
	const char *lock_event; /* wait event seen most often while blocked, NULL = none */
};
void evidence_of(const struct run_view *run, struct evidence *e);
void evidence_free(struct evidence *e);
/* Cuts every interval into active and blocked spans and looks for witnesses. */
void evidence_blocked(struct evidence *e);

/* The samples inside each interval, counted by what they show; needs the intervals in order. */
void evidence_waits(struct evidence *e);
bool evidence_shows_blocked(const struct evidence *e, const struct sample *s);
/* The interval of a backend at a moment of client time; NULL = none. */
const struct interval *evidence_interval(const struct evidence *e, int32_t pid, int64_t at_us);
/* What the samples say of each stretch of the proof. */
void proof_waits(const struct evidence *e, struct proof *proof);
void proof_client(const struct run_view *run, struct proof *proof);
void proof_suspects(
        const struct run_view *run, const struct run_view *baseline, const struct evidence *e, struct proof *proof);

/* Fills overlap, peak, timeline and the like of proof. */
void proof_activity(struct evidence *e, struct proof *proof);

/* Two runs compared over the tickets that are done in both. */
struct comparison {
	bool possible;
	uint32_t tickets; /* compared */
	double left_out_us; /* alone lane time of tickets not done in both, taken out of the serial makespan */
};
void proof_ceiling(const struct run_view *run, const struct run_view *baseline, struct proof *proof,
        struct comparison *comparison);
void proof_doubts(const struct run_view *run, const struct run_view *baseline, const struct evidence *e,
        const struct comparison *comparison, struct proof *proof);
/* Everything of a load run: activity, headline and doubts. */
void proof_load(const struct run_view *run, struct proof *proof);
void proof_doubts_load(const struct run_view *run, struct proof *proof);
/* Reason and next step for the verdict already decided. */
void proof_words(
        const struct run_view *run, const struct run_view *baseline, const struct evidence *e, struct proof *proof);

/* Why a run without server times decides nothing; false when its intervals are long enough. */
bool proof_client_clock_too_coarse(
        const struct run_view *run, const struct evidence *e, double *interval_us, double *rtt_us);
double proof_fact_number(const struct run_view *run, const char *name); /* 0 = not known */
uint32_t proof_sessions_used(const struct run_view *run);

#endif
