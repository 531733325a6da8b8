/*
 * run_facts: what is written down of the machine a run was made on, so that it can be judged and repeated.
 */
#include "orchestrator/run_state.h"

#include <locale.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "orchestrator/place.h"
#include "shared/clock.h"

static void fact(struct run *run, const char *name, const char *value)
{
	struct err err = {0};

	/* A fact that cannot be stored is no reason to stop: the next row will say so. */
	if (value[0])
		store_run_fact(run->store, run->id, name, value, &err);
}

static bool first_line(const char *path, char *out, size_t size)
{
	FILE *file = fopen(path, "re");

	out[0] = '\0';
	if (!file)
		return false;
	if (!fgets(out, (int)size, file))
		out[0] = '\0';
	fclose(file);
	out[strcspn(out, "\n")] = '\0';
	return out[0] != '\0';
}

static void cpu_fact(struct run *run)
{
	char line[256];
	FILE *file = fopen("/proc/cpuinfo", "re");

	while (file && fgets(line, sizeof line, file)) {
		char *colon = strchr(line, ':');
		if (strncmp(line, "model name", 10) != 0 || !colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		fact(run, "client_cpu", colon + 1 + strspn(colon + 1, " "));
		break;
	}
	if (file)
		fclose(file);
}

static void cgroup_facts(struct run *run)
{
	static const char *const files[][2] = {{"client_cgroup_cpu_max", "cpu.max"},
	        {"client_cgroup_memory_max", "memory.max"}, {"client_cgroup_pids_max", "pids.max"}};
	char group[300], path[400], value[128];

	if (!first_line("/proc/self/cgroup", group, sizeof group) || strncmp(group, "0::", 3) != 0)
		return;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "/sys/fs/cgroup%s/%s", group + 3, files[i][1]);
		if (first_line(path, value, sizeof value))
			fact(run, files[i][0], value);
	}
}

void facts_of_load(struct run *run, const char *moment)
{
	char value[256], name[64];

	if (run->store_failed)
		return;
	snprintf(name, sizeof name, "client_load_%s", moment);
	if (first_line("/proc/loadavg", value, sizeof value))
		fact(run, name, value);
}

void facts_of_machine(struct run *run)
{
	char value[256];
	struct utsname system;
	cpu_set_t cpus;
	time_t now = time(NULL);
	struct tm local;

	if (run->store_failed)
		return;
	if (uname(&system) == 0) {
		snprintf(value, sizeof value, "%.60s %.60s %.60s", system.sysname, system.release, system.machine);
		fact(run, "client_kernel", value);
	}
	cpu_fact(run);
	snprintf(value, sizeof value, "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	fact(run, "client_cpus", value);
	if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) {
		snprintf(value, sizeof value, "%d", CPU_COUNT(&cpus));
		fact(run, "client_cpus_allowed", value);
	}
	if (run->request->place) {
		struct buf text = {0};
		place_text(run->request->place, &text);
		fact(run, "client_pin", buf_str(&text));
		buf_free(&text);
	}
	cgroup_facts(run);
	if (localtime_r(&now, &local) && strftime(value, sizeof value, "%Z %z", &local) > 0)
		fact(run, "client_time_zone", value);
	const char *locale = setlocale(LC_ALL, NULL);
	fact(run, "client_locale", locale ? locale : "");
}

static void option_time(struct buf *out, const char *name, int64_t ns)
{
	if (ns > 0 && ns != CLOCK_NEVER)
		buf_printf(out, " %s=%gs", name, (double)ns / 1e9);
}

static void option_flag(struct buf *out, const char *name, bool on)
{
	if (on)
		buf_printf(out, " %s", name);
}

static void option_count_of(struct buf *out, const char *name, long long count)
{
	if (count > 0)
		buf_printf(out, " %s=%lld", name, count);
}

static void load_options(const struct run *run, struct buf *out)
{
	const struct load *l = &run->plan->load;
	const struct options *o = run->options;

	buf_printf(out, " protocol=%s max-tries=%u", query_mode_name(l->mode), l->max_tries);
	option_count_of(out, "transactions", l->transactions);
	option_time(out, "time", l->duration_ns);
	option_time(out, "warmup", l->warmup_ns);
	option_time(out, "ramp", l->ramp_ns);
	option_time(out, "think", l->think_ns);
	if (l->rate > 0)
		buf_printf(out, " rate=%.15g", l->rate);
	option_time(out, "latency-limit", l->latency_limit_ns);
	option_count_of(out, "pipeline", l->pipeline);
	option_count_of(out, "scale", o->scale);
	option_flag(out, "connect", l->reconnect);
	option_flag(out, "continue-on-error", l->continue_on_error);
	option_flag(out, "exit-on-abort", l->exit_on_abort);
	option_flag(out, "report-per-command", l->per_command);
	option_flag(out, "failures-detailed", o->failures_detailed);
	option_flag(out, "no-vacuum", o->no_vacuum);
	option_flag(out, "vacuum-all", o->vacuum_all);
	if (l->sampling_rate < 1)
		buf_printf(out, " sampling-rate=%.15g", l->sampling_rate);
	for (int i = 0; i < o->npercentiles; i++)
		buf_printf(out, "%s%.15g", i > 0 ? "," : " latency-percentiles=", o->percentiles[i]);
}

void facts_options(const struct run *run, struct buf *out)
{
	static const char *const halts[] = {"never", "soon", "now"}, *const pins[] = {"none", "one", "split"};
	const struct options *o = run->options;

	buf_printf(out, "engine=%s clients=%u lanes=%u", engine_name(run->request->engine), run->request->sessions,
	        run->request->lanes);
	if (!run->load)
		buf_printf(out, " retries=%d", o->retries);
	buf_printf(out, " halt=%s min-workers=%d", halts[o->halt], o->min_workers);
	if (run->load)
		load_options(run, out);
	option_time(out, "timeout", o->timeout_ns);
	option_time(out, "max-time", o->max_time_ns);
	option_time(out, "grace", o->grace_ns);
	option_time(out, "reconnect-for", o->reconnect_for_ns);
	option_time(out, "connect-timeout", run->target.connect_timeout_ns);
	if (o->pin != PIN_NONE)
		buf_printf(out, " pin=%s", pins[o->pin]);
	if (o->read_only)
		buf_puts(out, " read-only=on");
	if (o->chaos)
		buf_printf(out, " chaos=%s", o->chaos);
	if (o->verify_results)
		buf_puts(out, " verify-results=on");
	if (o->require_overlap)
		buf_printf(out, " require-overlap=%d", o->require_overlap);
	if (o->data)
		buf_printf(out, " data=%s", o->data);
}
