/*
 * client_cpu: see the header. CPU time comes from the process's CPU clock, exact to the moment; the time its threads
 * stood in a run queue from their schedstat. Both may be read of a process that is not dumpable, and of one that has
 * ended until it is reaped.
 */
#include "orchestrator/client_cpu.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shared/clock.h"

#define LOOK_EVERY_NS (100 * NS_PER_MS)
#define LOOK_EVERY_THREAD_NS NS_PER_MS /* reading one costs some microseconds: at most 1 % of a CPU goes into it */
#define LOOKS_BEFORE_SLOWER 200 /* then half as often: a long run gets no more rows than a few hundred */

/* Microseconds that a thread stood ready; INT64_MIN = not known. */
static int64_t waited_us(const char *path)
{
	long long ran, waited;
	FILE *file = fopen(path, "re");
	bool read = file && fscanf(file, "%lld %lld", &ran, &waited) == 2;

	if (file)
		fclose(file);
	return read ? waited / NS_PER_US : INT64_MIN;
}

static int64_t threads_waited_us(pid_t pid)
{
	char path[96];
	struct dirent *entry;
	int64_t sum = 0;
	bool any = false;
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)) != NULL) {
		int64_t us;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof path, "/proc/%d/task/%.20s/schedstat", (int)pid, entry->d_name);
		us = waited_us(path);
		any = any || us != INT64_MIN;
		sum += us == INT64_MIN ? 0 : us;
	}
	if (folder)
		closedir(folder);
	return any ? sum : INT64_MIN;
}

static bool take_reading(const struct member *m, struct client_reading *r)
{
	struct timespec t;
	clockid_t id;
	char path[64];

	if (clock_getcpuclockid(m->pid, &id) != 0 || clock_gettime(id, &t) != 0)
		return false;
	r->cpu_us = (int64_t)t.tv_sec * US_PER_S + t.tv_nsec / NS_PER_US;
	snprintf(path, sizeof path, "/proc/%d/schedstat", (int)m->pid);
	r->wait_us = m->nlanes > 1 ? threads_waited_us(m->pid) : waited_us(path);
	return true;
}

static size_t row_of(struct client_cpu *c, const struct member *m)
{
	for (size_t i = 0; i < c->nrows; i++)
		if (c->rows[i].worker == m->worker && c->rows[i].generation == m->generation)
			return i;
	c->rows = mem_resize(c->rows, c->nrows + 1, sizeof *c->rows);
	c->first = mem_resize(c->first, c->nrows + 1, sizeof *c->first);
	c->last = mem_resize(c->last, c->nrows + 1, sizeof *c->last);
	c->seen = mem_resize(c->seen, c->nrows + 1, sizeof *c->seen);
	c->rows[c->nrows] = (struct client_cpu_row){.worker = m->worker, .generation = m->generation};
	c->first[c->nrows] = c->last[c->nrows] = c->seen[c->nrows] = (struct client_reading){0, 0};
	return c->nrows++;
}

/* A thread that has ended takes its waiting time out of the sum: what was seen stays. */
static void renew(struct client_cpu *c, size_t i, const struct client_reading *r)
{
	struct client_reading *last = &c->last[i];

	if (r->cpu_us > last->cpu_us)
		last->cpu_us = r->cpu_us;
	if (r->wait_us == INT64_MIN || last->wait_us == INT64_MIN)
		last->wait_us = INT64_MIN;
	else if (r->wait_us > last->wait_us)
		last->wait_us = r->wait_us;
	c->rows[i].cpu_us = last->cpu_us - c->first[i].cpu_us;
	c->rows[i].wait_us = last->wait_us == INT64_MIN || c->first[i].wait_us == INT64_MIN
	                             ? INT64_MIN
	                             : last->wait_us - c->first[i].wait_us;
}

void client_cpu_begin(struct client_cpu *c, const struct crew *crew, int64_t now)
{
	uint32_t threads = 0;

	for (uint32_t w = 0; w < crew->nworkers; w++) {
		const struct member *m = &crew->members[w];
		struct client_reading r;

		threads += m->nlanes;
		if (m->state != MEMBER_LIVING || !take_reading(m, &r))
			continue;
		size_t i = row_of(c, m);
		c->first[i] = c->last[i] = r;
		renew(c, i, &r);
	}
	c->looking = true;
	c->interval_ns =
	        threads * LOOK_EVERY_THREAD_NS > LOOK_EVERY_NS ? threads * LOOK_EVERY_THREAD_NS : LOOK_EVERY_NS;
	c->next_ns = now + c->interval_ns;
	c->look = (struct client_look){.to_ns = now};
}

bool client_cpu_due(const struct client_cpu *c, int64_t now)
{
	return c->looking && now >= c->next_ns;
}

int64_t client_cpu_next(const struct client_cpu *c)
{
	return c->looking ? c->next_ns : CLOCK_NEVER;
}

static void take_all(struct client_cpu *c, const struct crew *crew)
{
	for (uint32_t w = 0; w < crew->nworkers; w++) {
		const struct member *m = &crew->members[w];
		struct client_reading r;

		if (m->state == MEMBER_LIVING && take_reading(m, &r))
			renew(c, row_of(c, m), &r);
	}
}

/* What was added since the look before. */
static void look(struct client_cpu *c, const struct crew *crew, int64_t now)
{
	struct client_look *l = &c->look;

	take_all(c, crew);
	*l = (struct client_look){.from_ns = l->to_ns, .to_ns = now};
	for (size_t i = 0; i < c->nrows; i++) {
		const struct client_cpu_row *row = &c->rows[i];
		int64_t used = row->cpu_us - c->seen[i].cpu_us;

		l->cpu_us += used;
		if (used > l->busiest_us) {
			l->busiest_us = used;
			l->busiest = row->worker;
		}
		if (row->wait_us == INT64_MIN || l->wait_us == INT64_MIN)
			l->wait_us = INT64_MIN;
		else
			l->wait_us += row->wait_us - c->seen[i].wait_us;
		c->seen[i] = (struct client_reading){row->cpu_us, row->wait_us == INT64_MIN ? 0 : row->wait_us};
	}
}

void client_cpu_look(struct client_cpu *c, const struct crew *crew, int64_t now)
{
	look(c, crew, now);
	if (++c->looks % LOOKS_BEFORE_SLOWER == 0)
		c->interval_ns *= 2;
	c->next_ns = now + c->interval_ns;
}

void client_cpu_left(struct client_cpu *c, const struct member *m, int64_t life_us)
{
	struct client_reading r = {.wait_us = INT64_MIN};

	if (!c->looking)
		return;
	size_t i = row_of(c, m);
	if (!take_reading(m, &r) || r.wait_us == INT64_MIN)
		r.wait_us = c->last[i].wait_us;
	if (r.cpu_us < life_us)
		r.cpu_us = life_us;
	renew(c, i, &r);
}

bool client_cpu_end(struct client_cpu *c, const struct crew *crew, int64_t now)
{
	if (!c->looking)
		return false;
	look(c, crew, now);
	c->looking = false;
	return true;
}

void client_cpu_clear(struct client_cpu *c)
{
	free(c->rows);
	free(c->first);
	free(c->last);
	free(c->seen);
	*c = (struct client_cpu){0};
}
