/*
 * load: the places of lanes in shared memory, their rings of records and their tables of errors.
 */
#include "shared/load.h"

#include <stdio.h>
#include <string.h>

#include "shared/clock.h"

/* All rings together hold about so many records (10 MB): at 100,000 transactions a second the parent may be 2.5 s
 * late. A lane of few transactions needs little, a thousand of them no more than one. */
#define RECORDS_ALL 262144u
#define RING_LEAST 256u
#define RING_MOST 65536u

const char *load_outcome_name(enum load_outcome outcome)
{
	static const char *const names[] = {"done", "failed", "skipped", "unknown"};

	return outcome >= LOAD_DONE && outcome <= LOAD_UNKNOWN ? names[outcome - LOAD_DONE] : "unknown";
}

const char *query_mode_name(enum query_mode mode)
{
	static const char *const names[] = {
	        [QUERY_SIMPLE] = "simple", [QUERY_EXTENDED] = "extended", [QUERY_PREPARED] = "prepared"};

	return names[mode];
}

static uint32_t ring_size(uint32_t nlanes)
{
	uint32_t size = RING_LEAST;

	while (size < RING_MOST && size * nlanes < RECORDS_ALL)
		size *= 2;
	return size;
}

bool load_layout(struct load_layout *layout, uint32_t nlanes, uint32_t nscripts, uint32_t ncommands, bool records)
{
	size_t scripts, commands, bytes;

	memset(layout, 0, sizeof *layout);
	if (nlanes == 0)
		return true;
	layout->nlanes = nlanes;
	layout->nscripts = nscripts;
	layout->ncommands = ncommands;
	layout->ring_size = records ? ring_size(nlanes) : 0;
	if (__builtin_mul_overflow((size_t)nscripts, sizeof(struct load_script), &scripts) ||
	        __builtin_mul_overflow((size_t)ncommands, sizeof(struct load_command), &commands) ||
	        __builtin_add_overflow(scripts, commands, &bytes))
		return false;
	bytes += sizeof(struct load_lane) + layout->ring_size * sizeof(struct load_record);
	layout->lane_bytes = (bytes + 4095) / 4096 * 4096; /* so that no two lanes share a page */
	return true;
}

bool load_record_put(const struct load_layout *layout, struct load_lane *lane, const struct load_record *record)
{
	struct load_record *place = load_record_place(layout, lane);

	if (!place)
		return false;
	*place = *record;
	load_record_wrote(lane);
	return true;
}

size_t load_record_take(const struct load_layout *layout, struct load_lane *lane, struct load_record *out, size_t most)
{
	uint64_t tail = atomic_load_explicit(&lane->tail, memory_order_relaxed);
	uint64_t there = atomic_load_explicit(&lane->head, memory_order_acquire) - tail;
	const struct load_record *ring = load_lane_ring(layout, lane);
	size_t n = 0;

	/* A broken worker can write any number into its head. */
	if (there > layout->ring_size)
		there = layout->ring_size;
	/* `shift` belongs to the head just read: it moves when nothing is there, and then nothing is read. */
	for (; n < most && n < there; n++)
		out[n] = ring[load_ring_index(layout, lane, tail + n)];
	atomic_store_explicit(&lane->tail, tail + n, memory_order_release);
	return n;
}

static struct load_error *add_error(
        struct load_lane *lane, uint32_t n, uint32_t script, uint32_t packed, const char *text)
{
	struct load_error *error = &lane->errors[n];

	error->script = script;
	snprintf(error->text, sizeof error->text, "%s", text);
	atomic_store_explicit(&error->sqlstate, packed, memory_order_relaxed);
	atomic_store_explicit(&lane->nerrors, n + 1, memory_order_release);
	return error;
}

struct load_error *load_error_of(struct load_lane *lane, uint32_t script, const char *sqlstate, const char *text)
{
	uint32_t packed = load_sqlstate_pack(sqlstate);
	uint32_t n = atomic_load_explicit(&lane->nerrors, memory_order_relaxed);

	for (uint32_t i = 0; i < n && i < LOAD_ERRORS_MOST; i++)
		if (atomic_load_explicit(&lane->errors[i].sqlstate, memory_order_relaxed) == packed &&
		        lane->errors[i].script == script)
			return &lane->errors[i];
	if (n >= LOAD_ERRORS_MOST) {
		load_count(&lane->errors_lost, 1);
		return NULL;
	}
	return add_error(lane, n, script, packed, text);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

uint32_t load_sqlstate_pack(const char *sqlstate)
{
	uint32_t packed = 0;

	for (int i = 0; i < 5; i++) {
		int d = digit(sqlstate[i]);

		if (d < 0)
			return LOAD_NO_SQLSTATE;
		packed = packed * 36 + (uint32_t)d;
	}
	return packed == 0 ? LOAD_NO_SQLSTATE : packed;
}

void load_sqlstate_unpack(uint32_t packed, char sqlstate[6])
{
	sqlstate[0] = '\0';
	if (packed == 0 || packed >= 36u * 36 * 36 * 36 * 36)
		return;
	sqlstate[5] = '\0';
	for (int i = 4; i >= 0; i--, packed /= 36)
		sqlstate[i] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[packed % 36];
}

int64_t load_end_ns(const struct load *load, int64_t go_ns)
{
	return load->duration_ns > 0 ? load_begin_ns(load, go_ns) + load->duration_ns : CLOCK_NEVER;
}
