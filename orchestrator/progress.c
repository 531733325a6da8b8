/*
 * progress: one frame at a time from slots and counts. It owns its buffers only; what a slot says is checked before it
 * is used, as a broken worker may write anything there. Nothing of the terminal is changed, so nothing is to restore.
 */
#include "orchestrator/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/log.h"

#define FIRST_NS (500 * NS_PER_MS)
#define FRAME_NS (100 * NS_PER_MS)
#define NAME_WIDTH_LEAST 6
#define NAME_WIDTH_MOST 24
#define LANE_WIDTH_LEAST 40 /* below it only the status line is drawn */

struct progress {
	const struct plan *plan;
	struct shm *shm;
	const char *engine;
	enum color_mode color;
	int fd;
	bool live; /* a terminal that can move its cursor */
	int64_t plain_ns; /* -P, 0 = none */
	int64_t begin_ns, next_ns;
	uint32_t last_final;
	int64_t last_plain_ns;
	int name_width; /* columns for a task's name */
	int drawn; /* lines on the screen, the cursor is at the end of the last */
	struct terminal terminal;
	struct buf frame;
};

static void take_away(void *context)
{
	progress_clear(context);
}

struct progress *progress_begin(const struct options *options, const struct plan *plan, const uint32_t *todo,
        struct shm *shm, const char *engine, int fd, int64_t begin_ns)
{
	struct progress *p = mem_zero(1, sizeof(*p));
	(void)todo;
	p->plan = plan;
	p->shm = shm;
	p->engine = engine;
	p->color = options->color;
	p->fd = fd;
	p->begin_ns = begin_ns;
	p->plain_ns = plan->scripts ? 0 : options->progress_ns;
	p->last_plain_ns = begin_ns;
	p->name_width = NAME_WIDTH_LEAST;
	for (int i = 0; i < plan->ntasks; i++) {
		int len = (int)strlen(plan->tasks[i].name);
		p->name_width = len > p->name_width ? len : p->name_width;
	}
	p->name_width = p->name_width < NAME_WIDTH_MOST ? p->name_width : NAME_WIDTH_MOST;
	terminal_probe(fd, options->color, &p->terminal);
	p->live = p->terminal.tty && !p->terminal.dumb && !options->quiet && !options->verbose &&
	          options->progress_ns == 0;
	p->next_ns = p->live ? begin_ns + FIRST_NS : p->plain_ns > 0 ? begin_ns + p->plain_ns : CLOCK_NEVER;
	log_people(true, take_away, p);
	return p;
}

static void write_frame(struct progress *p)
{
	size_t written = 0;
	while (written < p->frame.len) {
		ssize_t n = write(p->fd, p->frame.data + written, p->frame.len - written);
		if (n <= 0)
			break; /* a terminal that is gone or full loses a frame and nothing else */
		written += (size_t)n;
	}
}

/* Moves to the first line of the drawing. */
static void go_up(struct progress *p)
{
	buf_putc(&p->frame, '\r');
	if (p->drawn > 1)
		buf_printf(&p->frame, "\x1b[%dA", p->drawn - 1);
}

void progress_clear(struct progress *p)
{
	if (p == NULL || p->drawn == 0)
		return;
	buf_clear(&p->frame);
	go_up(p);
	buf_puts(&p->frame, "\x1b[J");
	write_frame(p);
	p->drawn = 0;
}

static const char *stage_word(uint32_t stage)
{
	static const char *const words[] = {[SLOT_EMPTY] = "starting",
	        [SLOT_CONNECTING] = "connecting",
	        [SLOT_READY] = "idle",
	        [SLOT_HELD] = "waiting",
	        [SLOT_TAKEN] = "sending",
	        [SLOT_SENT] = "running",
	        [SLOT_SAFE] = "running",
	        [SLOT_BACKOFF] = "backing off",
	        [SLOT_LOST] = "reconnecting",
	        [SLOT_CLOSED] = "closed"};
	return stage < sizeof(words) / sizeof(words[0]) && words[stage] != NULL ? words[stage] : "?";
}

static double seconds(int64_t from, int64_t to)
{
	return to > from ? ((double)to - (double)from) / (double)NS_PER_S : 0.0; /* a slot may say anything */
}

/* A bar from the task's start to now on a scale of the time since the run began. */
static void put_bar(struct progress *p, int64_t since, int64_t now, int cells)
{
	int64_t span = now - p->begin_ns;
	if (cells < 8 || span <= 0 || since < p->begin_ns || since > now)
		return;
	int from = (int)((double)(since - p->begin_ns) / (double)span * cells);
	buf_putc(&p->frame, ' ');
	for (int i = 0; i < cells; i++) {
		if (i < from)
			buf_putc(&p->frame, ' ');
		else
			buf_puts(&p->frame, p->terminal.utf8 ? "\u2588" : "#");
	}
}

/* Cuts a name to width columns, never inside a UTF-8 character, and pads it. */
static void put_name(struct buf *b, const char *name, int width)
{
	char clean[128];
	int columns = 0;
	log_printable(name, clean, sizeof(clean));
	for (const char *c = clean; *c != '\0'; c++) {
		bool begins = ((unsigned char)*c & 0xc0) != 0x80;
		if (begins && columns == width)
			break;
		columns += begins;
		buf_putc(b, *c);
	}
	buf_printf(b, "%*s", width - columns, "");
}

static void put_lane(struct progress *p, uint32_t number, int64_t now)
{
	struct slot *slot = shm_slot(p->shm, number);
	uint32_t stage = atomic_load_explicit(&slot->stage, memory_order_acquire);
	uint32_t ticket = atomic_load_explicit(&slot->ticket, memory_order_relaxed);
	int32_t pid = atomic_load_explicit(&slot->worker_pid, memory_order_relaxed);
	int64_t taken = atomic_load_explicit(&slot->taken_ns, memory_order_relaxed);
	int64_t since = atomic_load_explicit(&slot->since_ns, memory_order_relaxed);
	uint32_t done = atomic_load_explicit(&slot->done, memory_order_relaxed);
	uint32_t failed = atomic_load_explicit(&slot->failed, memory_order_relaxed) +
	                  atomic_load_explicit(&slot->unknown, memory_order_relaxed);
	bool running = stage == SLOT_SENT || stage == SLOT_SAFE || stage == SLOT_TAKEN;
	const char *task = "";
	if ((running || stage == SLOT_BACKOFF) && ticket < p->plan->ntickets)
		task = p->plan->tasks[p->plan->tickets[ticket].task].name;
	int64_t from = running ? taken : since;
	char text[64];
	snprintf(text, sizeof(text), " s%-4u %-8d ", number + 1, pid);
	buf_puts(&p->frame, text);
	put_name(&p->frame, task, p->name_width);
	snprintf(text, sizeof(text), " %-12s %6.1f s", stage_word(stage),
	        from > 0 && stage != SLOT_EMPTY ? seconds(from, now) : 0.0);
	buf_puts(&p->frame, text);
	int used = 16 + p->name_width + 22;
	if (p->terminal.width > used + 18) {
		int length = snprintf(text, sizeof(text), failed > 0 ? " %u done %u failed" : " %u done", done, failed);
		buf_puts(&p->frame, text);
		used += length;
	}
	if (running)
		put_bar(p, taken, now, p->terminal.width - used - 2 < 40 ? p->terminal.width - used - 2 : 40);
}

static uint32_t running_now(struct progress *p)
{
	uint32_t running = 0;
	for (uint32_t i = 0; i < p->shm->nsessions; i++) {
		uint32_t stage = atomic_load_explicit(&shm_slot(p->shm, i)->stage, memory_order_relaxed);
		running += stage == SLOT_SENT || stage == SLOT_SAFE;
	}
	return running;
}

struct counts {
	uint32_t done, failed, unknown, total;
};

static void put_status(struct progress *p, const struct counts *c, struct buf *out)
{
	char text[160];
	int used = snprintf(text, sizeof(text), "%u of %u done, %u running", c->done, c->total, running_now(p));
	if (c->failed > 0)
		used += snprintf(text + used, sizeof(text) - (size_t)used, ", %u failed", c->failed);
	if (c->unknown > 0)
		snprintf(text + used, sizeof(text) - (size_t)used, ", %u unknown", c->unknown);
	buf_puts(out, text);
}

static void end_line(struct progress *p, bool last)
{
	buf_puts(&p->frame, last ? "\x1b[K" : "\x1b[K\n");
}

static void put_bold(struct progress *p, struct buf *status)
{
	if ((int)status->len >= p->terminal.width)
		status->data[p->terminal.width - 1] = '\0';
	if (p->terminal.color)
		buf_puts(&p->frame, "\x1b[1m");
	buf_puts(&p->frame, buf_str(status));
	if (p->terminal.color)
		buf_puts(&p->frame, "\x1b[0m");
}

static void draw(struct progress *p, const struct counts *c, int64_t now)
{
	terminal_probe(p->fd, p->color, &p->terminal); /* the window may have another size by now */
	bool lanes = (int)p->shm->nsessions + 2 <= p->terminal.height &&
	             p->terminal.width > LANE_WIDTH_LEAST + p->name_width;
	int lines = 1;
	buf_clear(&p->frame);
	go_up(p);
	struct buf status = {0};
	buf_printf(&status, " %s: ", p->engine);
	put_status(p, c, &status);
	buf_printf(&status, ", %.1f s", seconds(p->begin_ns, now));
	put_bold(p, &status);
	buf_free(&status);
	end_line(p, !lanes);
	for (uint32_t i = 0; lanes && i < p->shm->nsessions; i++) {
		put_lane(p, i, now);
		end_line(p, i + 1 == p->shm->nsessions);
		lines++;
	}
	if (p->drawn > lines)
		buf_puts(&p->frame, "\x1b[J");
	p->drawn = lines;
	write_frame(p);
}

/* One line, however many sessions there are: what each does changes faster than it can be read. */
static void draw_load(struct progress *p, const struct progress_load *l, int64_t now)
{
	struct buf status = {0};

	terminal_probe(p->fd, p->color, &p->terminal);
	buf_clear(&p->frame);
	go_up(p);
	buf_printf(&status, " %s: %.1f tps", p->engine, l->rate);
	if (l->latency_ns > 0)
		buf_printf(&status, ", %.3f ms", (double)l->latency_ns / 1e6);
	buf_printf(&status, ", %u of %u sessions", l->connected, l->sessions);
	if (l->warmup)
		buf_puts(&status, ", warm-up");
	else
		buf_printf(&status, ", %llu done", (unsigned long long)l->done);
	if (l->failed > 0)
		buf_printf(&status, ", %llu failed", (unsigned long long)l->failed);
	if (l->unknown > 0)
		buf_printf(&status, ", %llu unknown", (unsigned long long)l->unknown);
	buf_printf(&status, ", %.1f s", seconds(p->begin_ns, now));
	put_bold(p, &status);
	buf_free(&status);
	end_line(p, true);
	p->drawn = 1;
	write_frame(p);
}

static void plain_line(struct progress *p, const struct counts *c, int64_t now)
{
	uint32_t final = c->done + c->failed + c->unknown;
	double span = seconds(p->last_plain_ns, now);
	buf_clear(&p->frame);
	buf_printf(&p->frame, "progress: %.1f s, %.1f tickets/s, ", seconds(p->begin_ns, now),
	        span > 0 ? (final - p->last_final) / span : 0.0);
	put_status(p, c, &p->frame);
	buf_putc(&p->frame, '\n');
	write_frame(p);
	p->last_final = final;
	p->last_plain_ns = now;
}

int64_t progress_step(struct progress *p, int64_t now, uint32_t done, uint32_t failed, uint32_t unknown, uint32_t total)
{
	struct counts counts = {done, failed, unknown, total};
	if (p == NULL)
		return CLOCK_NEVER;
	if (now < p->next_ns)
		return p->next_ns;
	if (p->live) {
		draw(p, &counts, now);
		p->next_ns = now + FRAME_NS;
	} else {
		plain_line(p, &counts, now);
		while (p->next_ns <= now)
			p->next_ns += p->plain_ns;
	}
	return p->next_ns;
}

int64_t progress_step_load(struct progress *p, int64_t now, const struct progress_load *load)
{
	if (p == NULL)
		return CLOCK_NEVER;
	if (now < p->next_ns)
		return p->next_ns;
	draw_load(p, load, now);
	p->next_ns = now + FRAME_NS;
	return p->next_ns;
}

void progress_end(struct progress *p)
{
	if (p == NULL)
		return;
	progress_clear(p);
	log_people(true, NULL, NULL);
	buf_free(&p->frame);
	free(p);
}
