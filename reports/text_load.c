/*
 * text_load: the final text of a load run. First one sentence; then pgbench's summary, label for label and in its
 * order, so that what reads pgbench's output reads this; then what pgbench does not tell. Lines of the summary are
 * never broken: they are read by programs. Private to reports/text*.c.
 */
#include "reports/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "reports/escape.h"
#include "reports/load_numbers.h"
#include "reports/wording.h"

/* What each line of the summary needs. */
struct summary {
	struct text_line *line;
	const struct run_view *run;
	const struct load_view *load;
	struct load_numbers n;
	bool detailed; /* --failures-detailed */
};

/* One whole line, as long as it is; `tail` comes from outside, NULL = none. */
static void __attribute__((format(printf, 3, 4)))
say(const struct summary *s, const char *tail, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	buf_vprintf(s->line->out, format, args);
	va_end(args);
	if (tail)
		escape_line(tail, !s->line->style->utf8, 0, s->line->out);
	buf_putc(s->line->out, '\n');
}

static void asked(const struct summary *s)
{
	const struct load_view *l = s->load;

	say(s, l->nscripts == 1 ? load_script_name(&l->scripts[0]) : "multiple scripts", "transaction type: ");
	say(s, NULL, "scaling factor: %" PRId64, l->scale > 0 ? l->scale : 1);
	say(s, l->mode, "query mode: ");
	say(s, NULL, "number of clients: %u", s->run->sessions);
	say(s, NULL, "number of threads: %u", s->run->lanes ? s->run->lanes : 1);
	if (l->max_tries > 0)
		say(s, NULL, "maximum number of tries: %u", l->max_tries);
	if (l->transactions > 0)
		say(s, NULL, "number of transactions per client: %" PRId64, l->transactions);
	else
		say(s, NULL, "duration: %.6g s", (double)l->duration_us / 1e6);
}

/* How many failed of one kind, over all scripts or one of them. */
static uint64_t failures_of(const struct load_view *l, uint32_t script, const char *sqlstate)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < l->nerrors; i++)
		if ((script == UINT32_MAX || l->errors[i].script == script) &&
		        strcmp(l->errors[i].sqlstate, sqlstate) == 0)
			sum += l->errors[i].failed;
	return sum;
}

/* The lines that stand both above and, behind a dash, for each script. */
static void failures(const struct summary *s, const char *dash, uint32_t script, uint64_t failed, uint64_t all)
{
	uint64_t serial = failures_of(s->load, script, "40001"), dead = failures_of(s->load, script, "40P01");

	say(s, NULL, "%snumber of failed transactions: %" PRIu64 " (%.3f%%)", dash, failed, load_percent(failed, all));
	if (!s->detailed)
		return;
	say(s, NULL, "%snumber of serialization failures: %" PRIu64 " (%.3f%%)", dash, serial,
	        load_percent(serial, all));
	say(s, NULL, "%snumber of deadlock failures: %" PRIu64 " (%.3f%%)", dash, dead, load_percent(dead, all));
	if (failed > serial + dead)
		say(s, NULL, "%snumber of other failures: %" PRIu64 " (%.3f%%)", dash, failed - serial - dead,
		        load_percent(failed - serial - dead, all));
}

static void retries(const struct summary *s, const char *dash, uint64_t retried, uint64_t tries, uint64_t all)
{
	if (s->load->max_tries == 1)
		return;
	say(s, NULL, "%snumber of transactions retried: %" PRIu64 " (%.3f%%)", dash, retried,
	        load_percent(retried, all));
	say(s, NULL, "%stotal number of retries: %" PRIu64, dash, tries);
}

static void skips(const struct summary *s, const char *dash, uint64_t skipped, uint64_t all)
{
	if (s->load->rate > 0 && s->load->latency_limit_us > 0)
		say(s, NULL, "%snumber of transactions skipped: %" PRIu64 " (%.3f%%)", dash, skipped,
		        load_percent(skipped, all));
}

static void latencies(const struct summary *s, const char *dash, const struct hist *h)
{
	if (h->count == 0)
		return;
	say(s, NULL, "%slatency average = %.3f ms", dash, hist_mean(h) / 1e6);
	say(s, NULL, "%slatency stddev = %.3f ms", dash, hist_stddev(h) / 1e6);
}

static void reached(const struct summary *s)
{
	const struct load_view *l = s->load;

	if (l->transactions > 0)
		say(s, NULL, "number of transactions actually processed: %" PRIu64 "/%" PRIu64, l->done,
		        (uint64_t)l->transactions * s->run->sessions);
	else
		say(s, NULL, "number of transactions actually processed: %" PRIu64, l->done);
	failures(s, "", UINT32_MAX, l->failed, s->n.all);
	if (l->done == 0)
		return;
	retries(s, "", l->retried, l->retries, s->n.all);
	skips(s, "", l->skipped, s->n.all);
	if (l->latency_limit_us > 0)
		say(s, NULL,
		        "number of transactions above the %0.1f ms latency limit: %" PRIu64 "/%" PRIu64 " (%.3f%%)",
		        (double)l->latency_limit_us / 1e3, l->late, l->done, load_percent(l->late, l->done));
	latencies(s, "", s->n.latency);
	if (l->rate > 0)
		say(s, NULL, "rate limit schedule lag: avg %.3f (max %.3f) ms", hist_mean(s->n.lag) / 1e6,
		        (double)hist_max(s->n.lag) / 1e6);
	if (l->reconnect && s->n.connect_mean_us >= 0)
		say(s, NULL, "average connection time = %.3f ms", s->n.connect_mean_us / 1e3);
	else if (!l->reconnect && s->n.connect_us != QUERY_NONE)
		say(s, NULL, "initial connection time = %.3f ms", (double)s->n.connect_us / 1e3);
	say(s, NULL, "tps = %f (%s)", s->n.tps,
	        l->reconnect ? "including reconnection times" : "without initial connection time");
}

static void statements(const struct summary *s, const char *dash, uint32_t script)
{
	bool tries = s->load->max_tries != 1;

	if (!s->load->per_command)
		return;
	say(s, NULL, "%sstatement latencies in milliseconds%s:", dash,
	        tries ? ", failures and retries" : " and failures");
	for (size_t i = 0; i < s->load->ncommands; i++) {
		const struct load_command_view *c = &s->load->commands[i];
		double ms = hist_mean(load_hist(c->time)) / 1e6;

		if (c->script != script)
			continue;
		if (tries)
			say(s, c->text ? c->text : "", "   %11.3f  %10" PRIu64 "  %10" PRIu64 "  ", ms, c->failures,
			        c->retries);
		else
			say(s, c->text ? c->text : "", "   %11.3f  %10" PRIu64 "  ", ms, c->failures);
	}
}

static void script(const struct summary *s, uint32_t i, int64_t weights)
{
	const struct load_script_view *v = &s->load->scripts[i];
	uint64_t all = load_script_all(v);

	say(s, load_script_name(v), "SQL script %u: ", i + 1);
	say(s, NULL, " - weight: %" PRId64 " (targets %.1f%% of total)", v->weight,
	        weights > 0 ? 100.0 * (double)v->weight / (double)weights : 0);
	say(s, NULL, " - %" PRIu64 " transactions (%.1f%% of total, tps = %f)", v->done,
	        load_percent(v->done, s->load->done),
	        s->n.measured_us > 0 ? (double)v->done / (double)s->n.measured_us * 1e6 : 0);
	failures(s, " - ", i, v->failed, all);
	retries(s, " - ", v->retried, v->retries, all);
	skips(s, " - ", v->skipped, all);
	latencies(s, " - ", load_hist(s->load->rate > 0 ? v->schedule : v->service));
	statements(s, " - ", i);
}

static void summary(const struct summary *s)
{
	int64_t weights = 0;

	asked(s);
	reached(s);
	if (s->load->done == 0)
		return;
	if (s->load->nscripts == 1)
		statements(s, "", 0);
	for (size_t i = 0; i < s->load->nscripts; i++)
		weights += s->load->scripts[i].weight;
	for (size_t i = 0; i < s->load->nscripts && s->load->nscripts > 1; i++)
		script(s, (uint32_t)i, weights);
}

/* --- what pgbench does not tell --------------------------------------------------------------------------------- */

/* A line of ours in the same style; it flows, as people read it. Text begins with a blank. */
static void line(struct text_line *l, enum tint tint, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	l->hang = 4;
	text_words(l, TINT_PLAIN, name);
	text_words(l, tint, text);
	text_end(l);
}

/* "p99 = 3.200 ms", whole on this line or on the next. */
static void item(struct text_line *l, const char *name, double ns)
{
	char text[64];
	int width = snprintf(text, sizeof text, "%s = %.3f ms", name, ns / 1e6);
	bool first = l->out->len > 0 && l->out->data[l->out->len - 1] == ':';

	if (!first)
		text_words(l, TINT_PLAIN, ",");
	if (l->column + 2 + width > l->width) {
		text_end(l);
		text_to(l, 4);
	} else {
		text_to(l, l->column + 1);
	}
	text_cell(l, TINT_BOLD, width, text);
}

static void percentiles(
        struct text_line *l, const char *title, const struct load_numbers *n, const struct hist *h, bool mean)
{
	char name[16];

	if (h->count == 0)
		return;
	text_words(l, TINT_PLAIN, title);
	if (mean) {
		item(l, "average", hist_mean(h));
		item(l, "stddev", hist_stddev(h));
	}
	for (size_t i = 0; i < n->npercentiles; i++)
		if (hist_sound(h, n->percentiles[i]))
			item(l, load_percentile_name(n->percentiles[i], name),
			        (double)hist_percentile(h, n->percentiles[i]));
	item(l, "max", (double)hist_max(h));
	text_end(l);
}

static void put_latencies(struct text_line *l, const struct summary *s)
{
	char title[64];

	if (s->load->rate <= 0) {
		percentiles(l, "latency percentiles:", &s->n, s->n.service, false);
	} else {
		percentiles(l, "time from schedule:", &s->n, s->n.schedule, true);
		percentiles(l, "service time:", &s->n, s->n.service, true);
	}
	for (size_t i = 0; i < s->load->nscripts && s->load->nscripts > 1; i++) {
		const struct load_script_view *v = &s->load->scripts[i];

		snprintf(title, sizeof title, "latency percentiles of script %zu:", i + 1);
		percentiles(l, title, &s->n, load_hist(s->load->rate > 0 ? v->schedule : v->service), false);
	}
}

static void put_rates(struct text_line *l, const struct summary *s)
{
	const struct load_view *v = s->load;
	char text[128];

	if (s->n.measured_us <= 0)
		return;
	snprintf(text, sizeof text, " average = %.2f of %u asked for (%.1f%%)", s->n.active, s->run->sessions,
	        s->n.active_percent);
	line(l, TINT_BOLD, "sessions in a transaction:", text);
	if (v->reconnect)
		snprintf(text, sizeof text, " %.6f /s", s->n.tps_without);
	else
		snprintf(text, sizeof text, " %.6f /s", s->n.tps_with);
	line(l, TINT_PLAIN, v->reconnect ? "rate without connecting =" : "rate with connecting =", text);
	if (v->rate > 0) {
		snprintf(text, sizeof text, " %.6g /s, reached %.1f%%", v->rate, s->n.reached_percent);
		line(l, TINT_PLAIN, "rate asked for =", text);
	}
}

static void put_counts(struct text_line *l, const struct summary *s)
{
	const struct load_view *v = s->load;
	struct buf b = {0};

	buf_putc(&b, ' ');
	word_load_measured(s->run, &b);
	line(l, TINT_PLAIN, "measured:", buf_str(&b));
	buf_clear(&b);
	buf_putc(&b, ' ');
	word_load_connect(s->run, &b);
	line(l, TINT_PLAIN, "connections:", buf_str(&b));
	buf_clear(&b);
	if (v->unknown) {
		buf_printf(&b,
		        " %" PRIu64 " (%.3f%%); their connection or worker was lost, so they may have been applied",
		        v->unknown, load_percent(v->unknown, s->n.all));
		line(l, TINT_BAD, "number of unknown transactions:", buf_str(&b));
	}
	buf_clear(&b);
	if (v->aborted) {
		buf_printf(&b, " %" PRIu64 " of %u, because of an error", v->aborted, s->run->sessions);
		line(l, TINT_BAD, "number of sessions given up:", buf_str(&b));
	}
	buf_clear(&b);
	if (v->nrecords || v->dropped) {
		buf_printf(&b, " %" PRIu64 " kept", v->nrecords);
		if (v->sampled_out)
			buf_printf(&b, ", %" PRIu64 " left out by sampling", v->sampled_out);
		if (v->dropped)
			buf_printf(&b, ", %" PRIu64 " lost", v->dropped);
		line(l, TINT_PLAIN, "records:", buf_str(&b));
	}
	buf_free(&b);
}

void text_load(struct text_line *l, const struct rendering *r)
{
	struct summary s = {.line = l, .run = r->run, .load = r->run->load};

	load_numbers_of(r->run, &s.n);
	s.detailed = load_option(r->run, "failures-detailed", NULL, 0);
	summary(&s);
	text_end(l);
	put_latencies(l, &s);
	put_rates(l, &s);
	put_counts(l, &s);
}
