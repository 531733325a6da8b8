/*
 * load_total: what the lanes counted, merged for each script and command, for the store: every now and then, so that a
 * crash leaves something, and at the end, when it is exact.
 */
#include "orchestrator/load_watch_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/clock.h"
#include "shared/log.h"

#define ERRORS_MOST 256 /* kinds of errors in the store; what comes after them is left out */

static bool with_schedule(const struct load_watch *watch)
{
	return watch->load->rate > 0;
}

void load_total_open(struct load_watch *watch)
{
	uint32_t each = with_schedule(watch) ? 3 : 1, nscripts = watch->layout.nscripts;
	uint32_t ncommands = watch->layout.ncommands;

	watch->script_totals = mem_zero(nscripts + 1u, sizeof *watch->script_totals);
	watch->command_totals = mem_zero(ncommands + 1u, sizeof *watch->command_totals);
	watch->error_totals = mem_zero(ERRORS_MOST, sizeof *watch->error_totals);
	watch->error_texts = mem_zero(ERRORS_MOST, sizeof *watch->error_texts);
	watch->hists = mem_zero((size_t)nscripts * each + ncommands, sizeof *watch->hists);
	watch->empty = mem_zero(1, sizeof *watch->empty);
}

void load_total_close(struct load_watch *watch)
{
	free(watch->script_totals);
	free(watch->command_totals);
	free(watch->error_totals);
	free(watch->error_texts);
	free(watch->hists);
	free(watch->empty);
}

/* Empties only what has something in it: most buckets never have. */
static void empty_hist(struct hist *h)
{
	if (h->low1 != 0)
		memset(h, 0, sizeof *h);
}

static void total_of_script(struct load_watch *watch, uint32_t s, struct hist *hists)
{
	struct load_script_total *total = &watch->script_totals[s];
	bool schedule = with_schedule(watch);

	memset(total, 0, sizeof *total);
	for (int i = 0; i < (schedule ? 3 : 1); i++)
		empty_hist(&hists[i]);
	for (uint32_t l = 0; l < watch->layout.nlanes; l++) {
		const struct load_script *script = &watch->lanes[l].scripts[s];

		total->done += load_counter(&script->done);
		total->failed += load_counter(&script->failed);
		total->skipped += load_counter(&script->skipped);
		total->unknown += load_counter(&script->unknown);
		total->retried += load_counter(&script->retried);
		total->retries += load_counter(&script->retries);
		total->late += load_counter(&script->late);
		load_hist_merge(&hists[0], &script->service);
		if (schedule) {
			load_hist_merge(&hists[1], &script->schedule);
			load_hist_merge(&hists[2], &script->lag);
		}
	}
	for (int i = 0; i < (schedule ? 3 : 1); i++)
		load_hist_repair(&hists[i]);
	total->failed += watch->judged[s].failed;
	total->unknown += watch->judged[s].unknown;
	total->service = &hists[0];
	total->schedule = schedule ? &hists[1] : watch->empty;
	total->lag = schedule ? &hists[2] : watch->empty;
}

static void total_of_command(struct load_watch *watch, uint32_t c, struct hist *h)
{
	struct load_command_total *total = &watch->command_totals[c];

	memset(total, 0, sizeof *total);
	empty_hist(h);
	for (uint32_t l = 0; l < watch->layout.nlanes; l++) {
		const struct load_command *command = &watch->lanes[l].commands[c];

		total->failures += load_counter(&command->failures);
		total->retries += load_counter(&command->retries);
		load_hist_merge(h, &command->time);
	}
	load_hist_repair(h);
	total->time = h;
}

/* --- errors ----------------------------------------------------------------------------------------------------- */

static struct load_error_total *error_total(struct load_watch *watch, size_t *n, uint32_t script, const char *sqlstate)
{
	for (size_t i = 0; i < *n; i++)
		if (watch->error_totals[i].script == script && strcmp(watch->error_totals[i].sqlstate, sqlstate) == 0)
			return &watch->error_totals[i];
	if (*n == ERRORS_MOST)
		return NULL;
	struct load_error_total *total = &watch->error_totals[*n];

	memset(total, 0, sizeof *total);
	total->script = script;
	snprintf(total->sqlstate, sizeof total->sqlstate, "%s", sqlstate);
	watch->error_texts[*n][0] = '\0';
	total->text = watch->error_texts[*n];
	++*n;
	return total;
}

static void take_error(struct load_watch *watch, size_t *n, const struct load_error *error)
{
	char sqlstate[6], text[LOAD_ERROR_TEXT];
	uint32_t packed = atomic_load_explicit(&error->sqlstate, memory_order_relaxed), script = error->script;

	load_sqlstate_unpack(packed, sqlstate);
	if (script >= watch->layout.nscripts || (packed != LOAD_NO_SQLSTATE && sqlstate[0] == '\0'))
		return;
	struct load_error_total *total = error_total(watch, n, script, sqlstate);
	if (!total)
		return;
	total->failed += load_counter(&error->failed);
	total->retried += load_counter(&error->retried);
	total->unknown += load_counter(&error->unknown);
	if (total->text[0] != '\0')
		return;
	memcpy(text, error->text, sizeof text);
	text[sizeof text - 1] = '\0';
	log_printable(text, watch->error_texts[total - watch->error_totals], LOAD_ERROR_TEXT);
}

static void judged_error(struct load_watch *watch, size_t *n, uint32_t script)
{
	const struct load_judged *judged = &watch->judged[script];

	if (judged->failed + judged->unknown == 0)
		return;
	struct load_error_total *total = error_total(watch, n, script, "");
	if (!total)
		return;
	total->failed += judged->failed;
	total->unknown += judged->unknown;
	if (total->text[0] == '\0')
		snprintf(watch->error_texts[total - watch->error_totals], LOAD_ERROR_TEXT,
		        "its worker ended while it ran");
}

static size_t total_of_errors(struct load_watch *watch)
{
	size_t n = 0;

	for (uint32_t l = 0; l < watch->layout.nlanes; l++) {
		const struct load_lane *lane = watch->lanes[l].lane;
		uint32_t entries = atomic_load_explicit(&lane->nerrors, memory_order_acquire);

		for (uint32_t i = 0; i < entries && i < LOAD_ERRORS_MOST; i++)
			take_error(watch, &n, &lane->errors[i]);
	}
	for (uint32_t s = 0; s < watch->layout.nscripts; s++)
		judged_error(watch, &n, s);
	return n;
}

/* As given, or as the first session to ask found it. */
static int64_t scale_of(const struct load_watch *watch)
{
	const struct scripts *scripts = watch->run->plan->scripts;
	const struct script_variable *given = scripts->nvariables > 0 ? &scripts->variables[scripts->scale] : NULL;

	if (given && given->set)
		return given->value.type == VALUE_INT ? given->value.integer : 0;
	for (uint32_t l = 0; l < watch->layout.nlanes; l++) {
		int64_t found = atomic_load_explicit(&watch->lanes[l].lane->scale, memory_order_relaxed);

		if (found > 0)
			return found;
	}
	return 0;
}

/* --- all of it -------------------------------------------------------------------------------------------------- */

void load_total_write(struct load_watch *watch, int64_t now)
{
	const struct run *run = watch->run;
	uint32_t each = with_schedule(watch) ? 3 : 1, nscripts = watch->layout.nscripts;
	struct load_sums sums;

	load_sum(watch, &sums);
	for (uint32_t s = 0; s < nscripts; s++)
		total_of_script(watch, s, &watch->hists[(size_t)s * each]);
	for (uint32_t c = 0; c < watch->layout.ncommands; c++)
		total_of_command(watch, c, &watch->hists[(size_t)nscripts * each + c]);
	int64_t end = sums.last_ns > watch->begin_ns ? sums.last_ns : watch->begin_ns;
	struct load_total total = {.begin_us = clock_us(watch->begin_ns, run->origin_ns),
	        .end_us = clock_us(end, run->origin_ns),
	        .warmed = sums.warmed,
	        .dropped = sums.dropped + watch->damaged,
	        .sampled_out = sums.sampled_out,
	        .connects = sums.connects,
	        .aborted = sums.aborted,
	        .connect_sum_us = (int64_t)(sums.connect_sum_ns / (uint64_t)NS_PER_US),
	        .busy_us = sums.busy_ns / NS_PER_US,
	        .scale = scale_of(watch),
	        .scripts = watch->script_totals,
	        .commands = watch->layout.ncommands ? watch->command_totals : NULL,
	        .errors = watch->error_totals};

	total.nerrors = total_of_errors(watch);
	record_load_total(watch->run, &total, now);
}
