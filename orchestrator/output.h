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

struct output {
	const char *path; /* NULL = standard output */
	struct buf name; /* what is written until it is whole, "" = path itself (devices and pipes) */
	int fd;
	size_t bytes; /* put so far */
};

/* Begins to replace the file (mode 0600). True: the owner calls output_close, which ends it; with ok it is put in its
 * place, else the old file stays as it was. What cannot be written is EXIT_STORE. */
bool output_open(struct output *o, const char *path, struct err *err);
bool output_put(struct output *o, const struct buf *part, struct err *err);
bool output_close(struct output *o, bool ok, struct err *err);
/* All three. */
bool output_write(const char *path, const struct buf *content, struct err *err);

/* Renders in options->format, tables that may be large bit by bit. EXIT_USAGE: no such CSV table. */
bool output_put_report(struct output *o, struct rendering *r, const struct options *options, struct err *err);

#endif
