/*
 * store_context: see the header. Called by the store alone.
 */
#include "reports/store_context.h"

#include <stdlib.h>
#include <string.h>

void context_begin(struct context *c, int64_t run, int64_t started_unix_us)
{
	context_free(c);
	c->run = run;
	c->started_unix_us = started_unix_us;
}

void context_free(struct context *c)
{
	for (size_t i = 0; i < c->nfacts; i++) {
		free(c->facts[i].name);
		free(c->facts[i].value);
	}
	free(c->connections);
	free(c->newest);
	free(c->errors);
	free(c->released);
	free(c->facts);
	*c = (struct context){0};
}

uint32_t context_connect(struct context *c, uint32_t session, uint32_t worker, uint32_t generation, int32_t backend_pid)
{
	if (session >= c->nsessions) {
		uint32_t n = session + session / 2 + 16;
		c->newest = mem_resize(c->newest, n, sizeof *c->newest);
		memset(c->newest + c->nsessions, 0, (n - c->nsessions) * sizeof *c->newest);
		c->nsessions = n;
	}
	if (c->nconnections == c->connections_room) {
		c->connections_room = c->connections_room * 2 + 16;
		c->connections = mem_resize(c->connections, c->connections_room, sizeof *c->connections);
	}
	c->connections[c->nconnections++] =
	        (struct connection){session, worker, generation, backend_pid, c->newest[session]};
	return c->newest[session] = c->nconnections;
}

uint32_t context_connection(
        const struct context *c, uint32_t session, uint32_t worker, uint32_t generation, int32_t backend_pid)
{
	uint32_t newest = 0;
	int looked = 0;
	for (uint32_t n = session < c->nsessions ? c->newest[session] : 0; n; n = c->connections[n - 1].older) {
		const struct connection *k = &c->connections[n - 1];
		if (k->worker != worker || k->generation != generation)
			continue;
		if (backend_pid == 0 || k->backend_pid == backend_pid)
			return n;
		if (!newest)
			newest = n;
		if (++looked == 8) /* behind a pooler no connection has the backend's pid */
			break;
	}
	return newest;
}

/* FNV-1a over the three parts, with a separator no part contains. */
static uint64_t hash_of(uint64_t h, uint32_t task, const char *sqlstate, const char *text)
{
	for (int i = 0; i < 4; i++)
		h = (h ^ (task >> (8 * i) & 0xff)) * UINT64_C(1099511628211);
	for (const char *p = sqlstate; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	h = h * UINT64_C(1099511628211) ^ 0xff;
	for (const char *p = text; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
	return h;
}

static struct error_key *find_error(const struct context *c, const uint64_t hash[2])
{
	uint32_t mask = c->errors_room - 1;
	uint32_t at = (uint32_t)hash[0] & mask;
	while (c->errors[at].number && (c->errors[at].hash[0] != hash[0] || c->errors[at].hash[1] != hash[1]))
		at = (at + 1) & mask;
	return &c->errors[at];
}

static void grow_errors(struct context *c)
{
	struct error_key *old = c->errors;
	uint32_t room = c->errors_room;
	c->errors_room = room ? room * 2 : 64;
	c->errors = mem_zero(c->errors_room, sizeof *c->errors);
	for (uint32_t i = 0; i < room; i++)
		if (old[i].number)
			*find_error(c, old[i].hash) = old[i];
	free(old);
}

uint32_t context_error(struct context *c, uint32_t task, const char *sqlstate, const char *text, bool *fresh)
{
	if ((c->nerrors + 1) * 2 > c->errors_room)
		grow_errors(c);
	const uint64_t hash[2] = {hash_of(UINT64_C(14695981039346656037), task, sqlstate, text),
	        hash_of(UINT64_C(0x9e3779b97f4a7c15), task, sqlstate, text)};
	struct error_key *key = find_error(c, hash);
	*fresh = key->number == 0;
	if (*fresh)
		*key = (struct error_key){{hash[0], hash[1]}, ++c->nerrors};
	return key->number;
}

bool context_release(struct context *c, uint32_t ticket)
{
	if (ticket >= c->nreleased) {
		uint32_t old = c->nreleased / 8, n = (ticket / 8 + ticket / 16 + 64);
		c->released = mem_resize(c->released, n, 1);
		memset(c->released + old, 0, n - old);
		c->nreleased = n * 8;
	}
	uint8_t bit = (uint8_t)(1u << (ticket & 7));
	bool fresh = !(c->released[ticket / 8] & bit);
	c->released[ticket / 8] |= bit;
	return fresh;
}

void context_fact(struct context *c, const char *name, const char *value)
{
	size_t at = 0;
	while (at < c->nfacts && strcmp(c->facts[at].name, name) < 0)
		at++;
	if (at < c->nfacts && strcmp(c->facts[at].name, name) == 0) {
		if (strcmp(c->facts[at].value, value) == 0)
			return;
		free(c->facts[at].value);
		c->facts[at].value = mem_strdup(value);
	} else {
		if (c->nfacts == c->facts_room) {
			c->facts_room = c->facts_room * 2 + 32;
			c->facts = mem_resize(c->facts, c->facts_room, sizeof *c->facts);
		}
		memmove(c->facts + at + 1, c->facts + at, (c->nfacts - at) * sizeof *c->facts);
		c->facts[at] = (struct context_fact){mem_strdup(name), mem_strdup(value)};
		c->nfacts++;
	}
	c->facts_dirty = true;
}
