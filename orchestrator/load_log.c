/*
 * load_log: the files of -l in pgbench's format, one for each lane, named as pgbench names those of its threads:
 * PREFIX.PID for the first and PREFIX.PID.N for the others. A line for each transaction
 *
 *   client_id transaction_no time script_no time_epoch time_us [schedule_lag] [retries]
 *
 * (lag with -R, retries unless --max-tries is 1; times in microseconds; `time` is "skipped", "failed", or with
 * --failures-detailed "serialization", "deadlock", "unknown" where there is none), or with --aggregate-interval one for
 * each interval. pgbench leaves its last, unfinished interval out; here it is there, so that columns add up to totals.
 *
 * Lines wait in a buffer of fixed size. A file that cannot be written ends after its last whole line, nothing more is
 * written to any, and the error is kept for the end of the run.
 */
#include "orchestrator/load_watch_state.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/clock.h"

#define BUFFER_SIZE 8192u
#define LINE_MOST 512u /* no line is longer: 15 numbers */
#define NUMBER_MASK 0xffffffu

/* Of one interval; times in us. */
struct moments_us {
	uint64_t count;
	double sum, squares, least, most;
};

struct interval {
	int64_t begin_us; /* Unix time; 0 = none yet */
	uint64_t skipped, retried, retries, serialization, deadlock;
	struct moments_us latency, lag;
};

struct log_file {
	int fd;
	uint64_t written; /* bytes, up to the end of a line */
	size_t used;
	char *buffer;
	struct interval interval;
};

struct load_log {
	struct load_log_setting setting; /* without the prefix */
	char *prefix;
	struct log_file *files;
	uint32_t nfiles; /* open */
	uint64_t *numbers; /* per session: its last transaction's */
	bool *numbered; /* per session: its lane tells numbers */
	char *buffers;
	bool failed, begun;
	struct err err;
};

/* --- files ------------------------------------------------------------------------------------------------------ */

static void name_of(const struct load_log *log, uint32_t lane, char *out, size_t size)
{
	const struct load_log_setting *s = &log->setting;
	char run[16] = "", thread[16] = "";

	/* Runs that belong together are runs of one process. */
	if (s->nth > 1)
		snprintf(run, sizeof run, "-%u", s->nth);
	if (lane > 0)
		snprintf(thread, sizeof thread, ".%u", lane);
	snprintf(out, size, "%s.%ld%s%s", log->prefix, s->pid, run, thread);
}

struct load_log *load_log_open(const struct load_log_setting *setting, struct err *err)
{
	struct load_log *log = mem_zero(1, sizeof *log);
	char name[4096];

	log->setting = *setting;
	log->prefix = mem_strdup(setting->prefix ? setting->prefix : "pgbench_log");
	log->files = mem_zero(setting->nlanes + 1u, sizeof *log->files);
	log->buffers = mem_zero(setting->nlanes + 1u, BUFFER_SIZE);
	log->numbers = mem_zero(setting->nsessions + 1u, sizeof *log->numbers);
	log->numbered = mem_zero(setting->nsessions + 1u, sizeof *log->numbered);
	for (; log->nfiles < setting->nlanes; log->nfiles++) {
		struct log_file *file = &log->files[log->nfiles];

		name_of(log, log->nfiles, name, sizeof name);
		file->buffer = log->buffers + (size_t)log->nfiles * BUFFER_SIZE;
		file->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
		if (file->fd >= 0)
			continue;
		err_set(err, EXIT_USAGE,
		        errno == EMFILE ? "cannot make the log file %s: %s; raise ulimit -n, or use a smaller -j"
		                        : "cannot make the log file %s: %s; choose another place with --log-prefix",
		        name, strerror(errno));
		load_log_free(log);
		return NULL;
	}
	return log;
}

void load_log_free(struct load_log *log)
{
	char name[4096];

	if (!log)
		return;
	for (uint32_t i = 0; i < log->nfiles; i++) {
		if (log->files[i].fd < 0)
			continue;
		close(log->files[i].fd);
		name_of(log, i, name, sizeof name);
		if (!log->begun)
			unlink(name);
	}
	free(log->prefix);
	free(log->files);
	free(log->buffers);
	free(log->numbers);
	free(log->numbered);
	free(log);
}

static bool broken(struct load_log *log, uint32_t lane, int why)
{
	char name[4096];

	name_of(log, lane, name, sizeof name);
	log->failed = true;
	return err_set(&log->err, EXIT_STORE,
	        "the log file %s cannot be written: %s; it ends after its last whole line", name, strerror(why));
}

/* What was written of a line that did not fit is taken away again. */
static void cut(struct log_file *file, size_t written)
{
	while (written > 0 && file->buffer[written - 1] != '\n')
		written--;
	file->written += written;
	if (ftruncate(file->fd, (off_t)file->written) != 0)
		return; /* a pipe, say: nothing can be taken back */
}

static bool flush(struct load_log *log, uint32_t lane)
{
	struct log_file *file = &log->files[lane];
	size_t written = 0;

	while (written < file->used) {
		ssize_t n = write(file->fd, file->buffer + written, file->used - written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int why = n < 0 ? errno : ENOSPC;
			cut(file, written);
			file->used = 0;
			return broken(log, lane, why);
		}
		written += (size_t)n;
	}
	file->written += file->used;
	file->used = 0;
	return true;
}

static bool put(struct load_log *log, uint32_t lane, const char *line, int len)
{
	struct log_file *file = &log->files[lane];

	if (len <= 0 || (size_t)len >= LINE_MOST)
		return true;
	memcpy(file->buffer + file->used, line, (size_t)len);
	file->used += (size_t)len;
	return file->used + LINE_MOST <= BUFFER_SIZE || flush(log, lane);
}

/* --- a line for each transaction -------------------------------------------------------------------------------- */

static int64_t us(int64_t ns)
{
	return (ns + NS_PER_US / 2) / NS_PER_US;
}

static int64_t wall_us(const struct load_log *log, int64_t ns)
{
	return ns / NS_PER_US + log->setting.wall_offset_us;
}

static bool is_state(const struct load_record *record, const char *sqlstate)
{
	return record->sqlstate == load_sqlstate_pack(sqlstate);
}

/* What stands in place of a time, NULL = the time. */
static const char *word(const struct load_log *log, const struct load_record *record)
{
	if (record->outcome == LOAD_DONE)
		return NULL;
	if (record->outcome == LOAD_SKIPPED)
		return "skipped";
	if (!log->setting.detailed)
		return "failed";
	if (record->outcome == LOAD_UNKNOWN)
		return "unknown";
	if (is_state(record, "40001"))
		return "serialization";
	return is_state(record, "40P01") ? "deadlock" : "failed";
}

/* The record has the low bits of it. */
static uint64_t number(struct load_log *log, const struct load_record *record)
{
	uint64_t *last = &log->numbers[record->session];

	log->numbered[record->session] |= record->number != 0;
	if (log->numbered[record->session])
		*last += (record->number - *last) & NUMBER_MASK;
	else
		++*last;
	return *last;
}

static bool put_transaction(struct load_log *log, uint32_t lane, const struct load_record *record)
{
	char line[LINE_MOST], time[24];
	int64_t end = wall_us(log, record->end_ns);
	bool done = record->outcome == LOAD_DONE;
	const char *instead = word(log, record);

	snprintf(time, sizeof time, "%" PRId64, us(record->latency_ns));
	int len = snprintf(line, sizeof line, "%u %" PRIu64 " %s %u %" PRId64 " %" PRId64, record->session,
	        number(log, record), instead ? instead : time, record->script, end / US_PER_S, end % US_PER_S);
	if (log->setting.lag)
		len += snprintf(line + len, sizeof line - (size_t)len, " %" PRId64, done ? us(record->lag_ns) : 0);
	if (log->setting.retries)
		len += snprintf(line + len, sizeof line - (size_t)len, " %u", record->retries);
	line[len++] = '\n';
	return put(log, lane, line, len);
}

/* --- a line for each interval ----------------------------------------------------------------------------------- */

static void add(struct moments_us *m, double value)
{
	if (m->count == 0 || value < m->least)
		m->least = value;
	if (m->count == 0 || value > m->most)
		m->most = value;
	m->count++;
	m->sum += value;
	m->squares += value * value;
}

static bool put_interval(struct load_log *log, uint32_t lane)
{
	struct interval *v = &log->files[lane].interval;
	const struct moments_us *latency = &v->latency, *lag = &v->lag;
	bool detailed = log->setting.detailed;
	char line[LINE_MOST];
	int len = snprintf(line, sizeof line, "%" PRId64 " %" PRIu64 " %.0f %.0f %.0f %.0f", v->begin_us / US_PER_S,
	        latency->count, latency->sum, latency->squares, latency->least, latency->most);

	len += snprintf(line + len, sizeof line - (size_t)len, " %.0f %.0f %.0f %.0f %" PRIu64, lag->sum, lag->squares,
	        lag->least, lag->most, v->skipped);
	len += snprintf(line + len, sizeof line - (size_t)len, " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
	        log->setting.retries ? v->retried : 0, log->setting.retries ? v->retries : 0,
	        detailed ? v->serialization : 0, detailed ? v->deadlock : 0);
	*v = (struct interval){.begin_us = v->begin_us + log->setting.aggregate_ns / NS_PER_US};
	return put(log, lane, line, len);
}

/* Writes the intervals that end before this moment, empty ones too. */
static bool close_intervals(struct load_log *log, uint32_t lane, int64_t wall)
{
	struct interval *v = &log->files[lane].interval;
	int64_t length = log->setting.aggregate_ns / NS_PER_US;

	while (v->begin_us + length <= wall)
		if (!put_interval(log, lane))
			return false;
	return true;
}

static bool put_aggregated(struct load_log *log, uint32_t lane, const struct load_record *record)
{
	struct interval *v = &log->files[lane].interval;

	if (!close_intervals(log, lane, wall_us(log, record->end_ns)))
		return false;
	if (record->outcome == LOAD_SKIPPED) {
		v->skipped++;
		return true;
	}
	v->retried += record->retries > 0;
	v->retries += record->retries;
	if (record->outcome == LOAD_DONE) {
		add(&v->latency, (double)us(record->latency_ns));
		if (log->setting.lag)
			add(&v->lag, (double)us(record->lag_ns));
	} else if (record->outcome == LOAD_FAILED) {
		v->serialization += is_state(record, "40001");
		v->deadlock += is_state(record, "40P01");
	}
	return true;
}

/* --- what the watch calls --------------------------------------------------------------------------------------- */

void load_log_begin(struct load_log *log, int64_t begin_ns)
{
	log->begun = true;
	log->setting.begin_ns = begin_ns;
	/* From a whole second, as pgbench does it. */
	for (uint32_t i = 0; i < log->nfiles; i++)
		log->files[i].interval.begin_us = wall_us(log, begin_ns) / US_PER_S * US_PER_S;
}

bool load_log_record(struct load_log *log, uint32_t lane, const struct load_record *record, struct err *err)
{
	bool ok = !log->failed && (log->setting.aggregate_ns > 0 ? put_aggregated(log, lane, record)
	                                                         : put_transaction(log, lane, record));

	if (!ok && err)
		*err = log->err;
	return ok;
}

static bool empty(const struct interval *v)
{
	return v->latency.count + v->skipped + v->retried + v->serialization + v->deadlock == 0;
}

bool load_log_end(struct load_log *log, struct err *err)
{
	for (uint32_t i = 0; log->begun && i < log->nfiles; i++) {
		struct log_file *file = &log->files[i];

		if (file->fd < 0)
			continue;
		if (!log->failed && log->setting.aggregate_ns > 0 && !empty(&file->interval))
			put_interval(log, i);
		if (!log->failed)
			flush(log, i);
		if (close(file->fd) != 0 && !log->failed)
			broken(log, i, errno);
		file->fd = -1;
	}
	if (log->failed && err)
		*err = log->err;
	return !log->failed;
}
