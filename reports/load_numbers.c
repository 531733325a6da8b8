/*
 * load_numbers: see load_numbers.h.
 */
#include "reports/load_numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/sqlstate.h"

static const struct hist none;

const struct hist *load_hist(const struct hist *h)
{
	return h ? h : &none;
}

double load_percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

uint64_t load_script_all(const struct load_script_view *script)
{
	return script->done + script->failed + script->skipped + script->unknown;
}

const char *load_percentile_name(double p, char out[16])
{
	snprintf(out, 16, "p%.6g", p);
	return out;
}

const char *load_script_name(const struct load_script_view *script)
{
	static const char *const names[][2] = {{"tpcb-like", "<builtin: TPC-B (sort of)>"},
	        {"simple-update", "<builtin: simple update>"}, {"select-only", "<builtin: select only>"}};
	const char *name = script->name ? script->name : "";

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i][0], name) == 0)
			return names[i][1];
	return name;
}

const char *load_error_meaning(const struct load_error_view *e)
{
	return e->sqlstate[0] == '\0' && e->unknown == 0 ? "no error of the server" : sqlstate_meaning(e->sqlstate);
}

bool load_option(const struct run_view *run, const char *name, char *value, size_t size)
{
	size_t len = strlen(name);

	for (const char *at = run->options ? run->options : ""; *at; at += strspn(at, " ")) {
		size_t word = strcspn(at, " ");

		if (strncmp(at, name, len) == 0 && (word == len || at[len] == '=')) {
			if (value)
				snprintf(value, size, "%.*s", word > len ? (int)(word - len - 1) : 0,
				        word > len ? at + len + 1 : "");
			return true;
		}
		at += word;
	}
	return false;
}

static void choose_percentiles(const struct run_view *run, struct load_numbers *n)
{
	char text[256] = "", *end;

	load_option(run, "latency-percentiles", text, sizeof text);
	for (char *at = text; *at && n->npercentiles < LOAD_PERCENTILES_MOST; at = end + strspn(end, ",")) {
		double p = strtod(at, &end);

		if (end == at || !(p > 0 && p < 100))
			break;
		n->percentiles[n->npercentiles++] = p;
	}
	n->chosen = n->npercentiles > 0;
	if (!n->chosen) {
		static const double usual[] = {50, 90, 95, 99, 99.9};

		memcpy(n->percentiles, usual, sizeof usual);
		n->npercentiles = sizeof usual / sizeof usual[0];
	}
}

static double headline(const struct hist *h)
{
	static const double tails[] = {99, 95, 90, 50};

	for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++)
		if (hist_sound(h, tails[i]))
			return tails[i];
	return 0;
}

static void rates(const struct run_view *run, struct load_numbers *n)
{
	const struct load_view *l = run->load;
	double us = (double)n->measured_us, done = (double)l->done, connecting;

	n->tps = n->tps_with = n->tps_without = done / us * 1e6;
	/* Each session connects for itself: what they spent on it together passed at the same time. */
	connecting = run->sessions ? (double)l->connect_sum_us / run->sessions : 0;
	if (l->reconnect && connecting < us)
		n->tps_without = done / (us - connecting) * 1e6;
	else if (!l->reconnect && n->connect_us != QUERY_NONE)
		n->tps_with = done / (us + (double)n->connect_us) * 1e6;
	n->active = (double)l->busy_us / us;
	n->active_percent = run->sessions ? 100 * n->active / run->sessions : 0;
	if (l->rate > 0)
		n->reached_percent = 100 * n->tps / l->rate;
}

void load_numbers_of(const struct run_view *run, struct load_numbers *n)
{
	const struct load_view *l = run->load;

	*n = (struct load_numbers){.all = l->done + l->failed + l->skipped + l->unknown,
	        .connect_us = QUERY_NONE,
	        .connect_mean_us = l->connects ? (double)l->connect_sum_us / (double)l->connects : -1,
	        .service = load_hist(l->service),
	        .schedule = load_hist(l->schedule),
	        .lag = load_hist(l->lag)};
	n->latency = l->rate > 0 ? n->schedule : n->service;
	if (run->phases.connected_us != QUERY_NONE && run->phases.connected_us > 0)
		n->connect_us = run->phases.connected_us;
	if (l->begin_us != QUERY_NONE && l->end_us != QUERY_NONE && l->end_us > l->begin_us)
		n->measured_us = l->end_us - l->begin_us;
	if (n->measured_us > 0)
		rates(run, n);
	n->headline = headline(n->latency);
	choose_percentiles(run, n);
}
