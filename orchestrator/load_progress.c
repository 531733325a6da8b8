/*
 * load_progress: the lines of -P for a load run, in pgbench's form, so that what reads those reads ours:
 *
 *   progress: 5.0 s, 1432.9 tps, lat 0.947 ms stddev 0.699, 0 failed, lag 0.121 ms, 117 skipped, 730 retried, 730 ...
 *
 * lag with -R, skipped with -R and -L, retried unless --max-tries is 1. Time counts from GO. What pgbench has no place
 * for comes last, and only when there is some: transactions whose outcome is unknown. In the warm-up the lines say so
 * and show no latency, as nothing of it is measured.
 */
#include "orchestrator/load_watch_state.h"

#include <unistd.h>

#include "shared/clock.h"

void load_progress_line(struct buf *out, const struct load_progress_line *line, const struct load_sums *more)
{
	const struct load *load = line->load;
	const struct load_moments *latency = load->rate > 0 ? &more->schedule : &more->service;
	uint64_t count = line->warmup ? more->warmed : more->done;
	double tps = line->span_s > 0 ? (double)count / line->span_s : 0;

	buf_printf(out, line->timestamp ? "progress: %.3f s, " : "progress: %.1f s, ", line->at_s);
	if (line->warmup) {
		buf_printf(out, "warm-up, %.1f tps\n", tps);
		return;
	}
	buf_printf(out, "%.1f tps, lat %.3f ms stddev %.3f, %llu failed", tps, load_mean_ns(latency) / 1e6,
	        load_stddev_ns(latency) / 1e6, (unsigned long long)more->failed);
	if (load->rate > 0) {
		buf_printf(out, ", lag %.3f ms", load_mean_ns(&more->lag) / 1e6);
		if (load->latency_limit_ns > 0)
			buf_printf(out, ", %llu skipped", (unsigned long long)more->skipped);
	}
	if (load->max_tries != 1)
		buf_printf(out, ", %llu retried, %llu retries", (unsigned long long)more->retried,
		        (unsigned long long)more->retries);
	if (more->unknown > 0)
		buf_printf(out, ", %llu unknown", (unsigned long long)more->unknown);
	buf_putc(out, '\n');
}

static void write_line(int fd, const struct buf *line)
{
	size_t written = 0;

	while (written < line->len) {
		ssize_t n = write(fd, line->data + written, line->len - written);
		if (n <= 0)
			return; /* a terminal that is gone or full loses a line and nothing else */
		written += (size_t)n;
	}
}

/* A line that is due in the warm-up ends with it, however late it is: what was counted since is for the next one. */
static void print(struct load_watch *watch, int64_t now)
{
	const struct options *options = watch->run->options;
	bool warmup = watch->progress_ns <= watch->begin_ns;
	int64_t to = warmup ? load_sooner(now, watch->begin_ns) : now;
	int64_t from = warmup || watch->progress_last_ns > watch->begin_ns ? watch->progress_last_ns : watch->begin_ns;
	struct load_progress_line line = {.span_s = (double)(to - from) / 1e9,
	        .timestamp = options->progress_timestamp,
	        .warmup = warmup,
	        .load = watch->load};
	struct load_sums sums, more;
	struct buf text = {0};

	load_sum(watch, &sums);
	load_sums_since(&more, &sums, &watch->progress_before);
	line.at_s = options->progress_timestamp ? ((double)now / 1e3 + (double)watch->run->wall_offset_us) / 1e6
	                                        : (double)(now - watch->run->go_ns) / 1e9;
	load_progress_line(&text, &line, &more);
	if (watch->run->progress)
		progress_clear(watch->run->progress);
	write_line(watch->fd, &text);
	buf_free(&text);
	if (warmup)
		watch->progress_before.warmed = sums.warmed;
	else
		watch->progress_before = sums;
	watch->progress_last_ns = to;
}

/* The line that is due as the run ends: what the workers needed to leave is not in it. */
void load_progress_last(struct load_watch *watch, int64_t now)
{
	int64_t at = watch->sums.last_ns > watch->progress_ns ? watch->sums.last_ns : watch->progress_ns;

	if (watch->run->options->progress_ns > 0 && watch->progress_ns > 0 && now >= at)
		print(watch, at);
}

int64_t load_progress_step(struct load_watch *watch, int64_t now)
{
	int64_t every = watch->run->options->progress_ns;

	if (every <= 0)
		return CLOCK_NEVER;
	if (watch->progress_ns == 0) {
		watch->progress_last_ns = watch->run->go_ns;
		watch->progress_ns = watch->run->go_ns + every;
	}
	if (now < watch->progress_ns)
		return watch->progress_ns;
	print(watch, now);
	watch->progress_ns += every * ((now - watch->progress_ns) / every + 1);
	return watch->progress_ns;
}
