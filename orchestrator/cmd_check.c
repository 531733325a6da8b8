/*
 * cmd_check: reads the workload, connects once and prints what a run would meet: facts and limits. It runs nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "orchestrator/cmd.h"
#include "orchestrator/experiment.h"
#include "reports/stats.h"
#include "reports/store.h"
#include "shared/clock.h"
#include "shared/log.h"

static const char *limit_text(rlim_t limit, char out[32])
{
	if (limit == RLIM_INFINITY)
		return "unlimited";
	snprintf(out, 32, "%llu", (unsigned long long)limit);
	return out;
}

static void say_server(const struct server_facts *f, uint32_t sessions, struct buf *out)
{
	char text[32];
	buf_printf(out, "server    %s at %s%s%s, port %s, database %s, user %s\n", f->version, f->host,
	        f->hostaddr[0] != '\0' ? " = " : "", f->hostaddr, f->port, f->dbname, f->user);
	buf_printf(out, "          %s; %s\n",
	        f->direct ? "direct: no pooler in between" : "through a pooler: no cancelling by pid, no settings kept",
	        f->tls[0] != '\0' ? f->tls : "no TLS");
	buf_printf(out, "times     connected in %s",
	        stats_duration((double)(f->connected_ns - f->start_ns) / NS_PER_US, text));
	buf_printf(out, ", round trip %s", stats_duration((double)f->rtt_ns / NS_PER_US, text));
	buf_printf(out, ", a marker costs %s\n", stats_duration((double)f->marker_ns / NS_PER_US, text));
	int free_sessions = f->max_connections - f->reserved_connections - f->used_connections;
	buf_printf(out, "sessions  max_connections %d, reserved %d, used %d: %d free for this user; asked for %u\n",
	        f->max_connections, f->reserved_connections, f->used_connections, free_sessions > 0 ? free_sessions : 0,
	        sessions);
}

static void say_client(uint32_t workers, struct buf *out)
{
	struct rlimit files, processes;
	char soft[32], hard[32], nproc[32], versions[256];
	getrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NPROC, &processes);
	buf_printf(out, "limits    %s open files (hard %s), %s processes; asked for %u worker%s\n",
	        limit_text(files.rlim_cur, soft), limit_text(files.rlim_max, hard),
	        limit_text(processes.rlim_cur, nproc), workers, workers == 1 ? "" : "s");
	client_versions(versions, sizeof(versions));
	buf_printf(out, "client    %s\n", versions);
}

static bool say_store(const struct options *options, struct buf *out, struct err *err)
{
	char path[4096];
	if (!store_path(options, path, err) || !store_probe(path, err))
		return false;
	buf_printf(out, "results   %s can be written%s\n", path, lockfile_held(path) ? ", but a run holds it now" : "");
	return true;
}

static void say_workload(const struct plan *plan, struct buf *out)
{
	char name[64];
	log_printable(plan->name, name, sizeof(name));
	if (plan->scripts != NULL) {
		int n = plan->scripts->nscripts;
		buf_printf(out, "workload  %s: %d script%s with %d command%s, run in a loop\n", name, n,
		        n == 1 ? "" : "s", plan->scripts->ncommands, plan->scripts->ncommands == 1 ? "" : "s");
		return;
	}
	buf_printf(out, "workload  %s: %d task%s, %d stage%s, %u ticket%s\n", name, plan->ntasks,
	        plan->ntasks == 1 ? "" : "s", plan->nstages, plan->nstages == 1 ? "" : "s", plan->ntickets,
	        plan->ntickets == 1 ? "" : "s");
}

static bool check(struct options *options, struct experiment *x, struct buf *out, int *signal_to_raise, struct err *err)
{
	struct server_facts *facts = NULL;
	if (options->nsources > 0) {
		x->plan = experiment_plan(options, err);
		if (x->plan == NULL)
			return false;
		say_workload(x->plan, out);
	}
	bool load = x->plan != NULL && x->plan->scripts != NULL;
	uint32_t tickets = x->plan != NULL ? x->plan->ntickets : 1;
	if (!experiment_layout(options, load, tickets, &x->sessions, &x->lanes, &x->workers, err) ||
	        !say_store(options, out, err) || !experiment_connect(x, err))
		return false;
	facts = mem_zero(1, sizeof(*facts));
	bool ok = run_check(options, &x->target, x->sessions, x->workers, facts, signal_to_raise, err);
	if (facts->version_num > 0)
		say_server(facts, x->sessions, out);
	say_client(x->workers, out);
	free(facts);
	return ok;
}

int cmd_check(struct options *options, int *signal_to_raise)
{
	struct experiment x = {.options = options, .lock.fd = -1};
	struct buf out = {0};
	struct err err = {0};
	int code = EXIT_DONE;
	if (!check(options, &x, &out, signal_to_raise, &err))
		code = (int)err.code;
	fputs(buf_str(&out), stdout);
	fflush(stdout); /* what was found stands before what was not */
	if (code != EXIT_DONE)
		fail(&err);
	buf_free(&out);
	experiment_clear(&x);
	return code;
}
