/*
 * json_compare: an experiment with arms as one JSON document, schema "pgparallel.compare/1": additive changes only,
 * null and never NaN, fixed key order. The caller owns the buffer.
 */
#include "reports/json_parts.h"

#include "reports/arms.h"

static void put_number(json_t *o, const char *key, double value)
{
	json_put_real(o, key, value, true);
}

static json_t *experiment(const struct experiment_view *v, const struct comparison *c)
{
	json_t *o = json_object();
	struct buf words = {0};
	char seed[24];

	snprintf(seed, sizeof seed, "%llu", (unsigned long long)v->seed);
	json_put_us(o, "experiment", v->id != 0 ? v->id : QUERY_NONE);
	json_put_text(o, "kind", v->kind);
	json_put_text(o, "workload", v->workload);
	json_put_text(o, "figure", v->load ? "tps" : "makespan_us");
	json_put_text(o, "ended", v->ended);
	json_put_text(o, "seed", v->blocks ? seed : NULL);
	json_put_bool(o, "in_blocks", v->blocks);
	json_put_int(o, "blocks", v->nblocks);
	json_put_int(o, "blocks_planned", v->blocks_planned);
	json_put_int(o, "blocks_complete", (int64_t)c->complete);
	json_put_real(o, "stop_when", v->stop_when, v->stop_when > 0);
	json_put_bool(o, "claims", c->claims);
	comparison_method(v, c, &words);
	json_put_text(o, "method", buf_str(&words));
	buf_clear(&words);
	comparison_trouble(v, &words);
	json_put_text(o, "trouble", buf_str(&words));
	buf_clear(&words);
	comparison_doubts(v, &words);
	json_put_text(o, "doubts", buf_str(&words));
	buf_free(&words);
	return o;
}

static json_t *arm(const struct experiment_view *v, const struct comparison *c, uint32_t a)
{
	const struct arm_view *m = &v->arms[a];
	const struct arm_figure *f = &c->arms[a];
	json_t *o = json_object();

	json_put_int(o, "arm", a);
	json_put_text(o, "label", m->label);
	json_put_text(o, "engine", m->engine);
	json_put_int(o, "sessions", m->sessions);
	json_put_int(o, "lanes", m->lanes);
	json_put_text(o, "setting", m->setting);
	json_put_bool(o, "reference", a == v->reference);
	json_put_int(o, "runs", (int64_t)f->n);
	json_put_real(o, "median", f->middle, f->n > 0);
	json_put_real(o, "low", f->low, f->n > 0);
	json_put_real(o, "high", f->high, f->n > 0);
	json_put_text(o, "bounds", f->n == 0 ? NULL : f->interval ? "95 % interval of the median" : "range");
	json_put_us(o, "median_run", f->run != 0 ? f->run : QUERY_NONE);
	put_number(o, "user_cpu_us", f->user_cpu_us);
	put_number(o, "system_cpu_us", f->system_cpu_us);
	put_number(o, "voluntary_switches", f->voluntary);
	put_number(o, "involuntary_switches", f->involuntary);
	put_number(o, "private_kb", f->private_kb);
	put_number(o, "max_rss_kb", f->max_rss_kb);
	put_number(o, "ready_us", f->ready_us);
	put_number(o, "p50_us", f->p50_us);
	put_number(o, "p95_us", f->p95_us);
	put_number(o, "p99_us", f->p99_us);
	return o;
}

static json_t *pair(const struct experiment_view *v, const struct comparison *c, uint32_t a)
{
	const struct paired *p = &c->arms[a].pair;
	json_t *o = json_object();
	struct buf words = {0};

	json_put_int(o, "arm", a);
	json_put_int(o, "reference", v->reference);
	json_put_int(o, "blocks", (int64_t)p->blocks);
	json_put_real(o, "ratio", p->ratio, p->ratio > 0);
	json_put_real(o, "low", p->low, p->has_interval);
	json_put_real(o, "high", p->high, p->has_interval);
	json_put_real(o, "least", p->least, p->blocks > 0);
	json_put_real(o, "most", p->most, p->blocks > 0);
	json_put_real(o, "p", p->p, p->has_interval);
	json_put_text(o, "verdict", comparison_verdict(v, c, a));
	comparison_words(v, c, a, &words);
	json_put_text(o, "words", buf_str(&words));
	buf_free(&words);
	return o;
}

static json_t *doubt(const struct arm_doubt *d)
{
	json_t *o = json_object();

	json_put_int(o, "arm", d->arm);
	json_put_text(o, "name", d->name);
	json_put_int(o, "runs", d->runs);
	json_put_int(o, "of", d->of);
	json_put_text(o, "text", d->text);
	return o;
}

static json_t *cell(const struct cell_view *c)
{
	json_t *o = json_object();

	json_put_int(o, "run", c->run);
	json_put_int(o, "arm", c->arm);
	json_put_int(o, "block", c->block);
	json_put_int(o, "block_order", c->order);
	json_put_bool(o, "complete", c->complete);
	json_put_text(o, "left_out", c->complete ? NULL : c->why);
	json_put_int(o, "tickets", c->tickets);
	json_put_int(o, "done", c->done);
	json_put_int(o, "failed", c->failed);
	json_put_int(o, "unknown", c->unknown);
	put_number(o, "makespan_us", c->makespan_us);
	put_number(o, "wall_us", c->wall_us);
	put_number(o, "ready_us", c->ready_us);
	put_number(o, "tps", c->tps);
	put_number(o, "p50_us", c->p50_us);
	put_number(o, "p95_us", c->p95_us);
	put_number(o, "p99_us", c->p99_us);
	put_number(o, "user_cpu_us", c->user_cpu_us);
	put_number(o, "system_cpu_us", c->system_cpu_us);
	put_number(o, "parent_cpu_us", c->parent_cpu_us);
	put_number(o, "voluntary_switches", c->voluntary);
	put_number(o, "involuntary_switches", c->involuntary);
	put_number(o, "private_kb", c->private_kb);
	put_number(o, "max_rss_kb", c->max_rss_kb);
	put_number(o, "parent_private_kb", c->parent_private_kb);
	return o;
}

void json_compare(const struct experiment_view *v, const struct comparison *c, struct buf *out)
{
	json_t *arms = json_array(), *pairs = json_array(), *cells = json_array(), *doubts = json_array();

	for (uint32_t a = 0; a < v->narms; a++) {
		json_array_append_new(arms, arm(v, c, a));
		if (a != v->reference)
			json_array_append_new(pairs, pair(v, c, a));
	}
	for (uint32_t i = 0; i < v->narms * v->nblocks; i++)
		if (v->cells[i].run != 0)
			json_array_append_new(cells, cell(&v->cells[i]));
	for (size_t i = 0; i < v->ndoubts; i++)
		json_array_append_new(doubts, doubt(&v->doubts[i]));
	buf_puts(out, "{\"schema\":\"pgparallel.compare/1\"");
	json_member(out, "experiment", experiment(v, c));
	json_member(out, "arms", arms);
	json_member(out, "pairs", pairs);
	json_member(out, "doubts", doubts);
	json_member_exact(out, "cells", cells);
	buf_puts(out, "}\n");
}
