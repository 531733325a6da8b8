/*
 * output: a rendered report to where it was asked for. A file is written whole or not at all: a temporary name in the
 * same folder, synced, then renamed.
 */
#ifndef ORCHESTRATOR_OUTPUT_H
#define ORCHESTRATOR_OUTPUT_H

#include "orchestrator/options.h"
#include "reports/render.h"
#include "shared/buf.h"
#include "shared/err.h"

/* Appends the report in options->format. EXIT_USAGE: no such CSV table. */
bool output_render(const struct rendering *r, const struct options *options, struct buf *out, struct err *err);

/* Replaces the file (mode 0600); EXIT_STORE when that fails, the old file then stays as it was. Devices and pipes are
 * written to directly. */
bool output_write(const char *path, const struct buf *content, struct err *err);

#endif
