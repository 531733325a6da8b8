/*
 * msg_decode: strict decoders of the messages that hold lists: RESULTS, SAMPLES and FACTS. A list's memory is
 * bounded by the bytes that have arrived: each element takes at least one byte per field.
 */
#include "shared/msg_decode.h"

#include <string.h>

bool msg_get_results(const void *body, size_t len, struct msg_results *m)
{
	const struct layout *layout = &msg_layout_attempt;
	struct cursor c;
	size_t count, n;

	memset(m, 0, sizeof *m);
	if (!msg_get_head(&c, body, len, MSG_RESULTS, 1) || !cursor_array(&c, SIZE_MAX, layout->count + 1, &count))
		return false;
	m->attempts = mem_alloc((count + 1) * sizeof *m->attempts); /* each is cleared when its turn comes */
	while (m->count < count && cursor_array(&c, layout->count, 1, &n) && n == layout->count &&
	        msg_get_fields(&c, layout, &m->attempts[m->count]))
		m->count++;
	if (m->count == count && cursor_end(&c))
		return true;
	msg_results_free(m);
	return false;
}

void msg_results_free(struct msg_results *m)
{
	for (size_t i = 0; i < m->count; i++)
		free(m->attempts[i].message); /* the only text: looking for them in the layout takes longer than reading
		                                 it */
	free(m->attempts);
	memset(m, 0, sizeof *m);
}

static bool get_sample(struct cursor *c, struct sample *sample)
{
	const struct layout *layout = &msg_layout_sample;
	size_t n;

	if (!cursor_array(c, layout->count + 1, 1, &n) || n != layout->count + 1 ||
	        !msg_get_fields(c, layout, sample) || !cursor_array(c, MSG_BLOCKERS_MOST, 1, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		int64_t pid;

		if (!cursor_int(c, INT32_MIN, INT32_MAX, &pid))
			return false;
		sample->blockers[i] = (int32_t)pid;
	}
	sample->nblockers = (uint32_t)n;
	return true;
}

bool msg_get_samples(const void *body, size_t len, struct msg_samples *m)
{
	struct cursor c;
	size_t count;

	memset(m, 0, sizeof *m);
	if (!msg_get_head(&c, body, len, MSG_SAMPLES, 1) ||
	        !cursor_array(&c, SIZE_MAX, msg_layout_sample.count + 2, &count))
		return false;
	m->samples = mem_zero(count + 1, sizeof *m->samples);
	while (m->count < count && get_sample(&c, &m->samples[m->count]))
		m->count++;
	if (m->count == count && cursor_end(&c))
		return true;
	msg_samples_free(m);
	return false;
}

void msg_samples_free(struct msg_samples *m)
{
	free(m->samples);
	memset(m, 0, sizeof *m);
}

static bool get_part(struct cursor *c, char *out, size_t size)
{
	const char *text;
	size_t len;

	if (!cursor_text(c, size - 1, &text, &len))
		return false;
	memcpy(out, text, len);
	out[len] = '\0';
	return true;
}

bool msg_get_facts(const void *body, size_t len, struct server_facts *m)
{
	struct cursor c;
	size_t count, n;

	if (!msg_get_head(&c, body, len, MSG_FACTS, msg_layout_facts.count + 1) ||
	        !msg_get_fields(&c, &msg_layout_facts, m) || !cursor_array(&c, FACTS_MOST, 3, &count))
		return false;
	for (; m->nfacts < count; m->nfacts++) {
		struct fact *fact = &m->facts[m->nfacts];

		if (!cursor_array(&c, 2, 1, &n) || n != 2 || !get_part(&c, fact->name, sizeof fact->name) ||
		        !get_part(&c, fact->value, sizeof fact->value))
			return false;
	}
	return cursor_end(&c);
}

bool msg_get_counters(const void *body, size_t len, struct msg_counters *m)
{
	struct cursor c;
	size_t count, n;

	memset(m, 0, sizeof *m);
	if (!msg_get_head(&c, body, len, MSG_COUNTERS, 2) || !cursor_bool(&c, &m->after) ||
	        !cursor_array(&c, COUNTERS_MOST, 3, &count))
		return false;
	for (; m->count < count; m->count++) {
		struct counter *item = &m->items[m->count];

		if (!cursor_array(&c, 2, 1, &n) || n != 2 || !get_part(&c, item->name, sizeof item->name) ||
		        !cursor_int(&c, INT64_MIN, INT64_MAX, &item->value))
			return false;
	}
	return cursor_end(&c);
}
