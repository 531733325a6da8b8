/*
 * manual_text: the prose of the man page: what no table of options can say.
 */
#ifndef ORCHESTRATOR_MANUAL_TEXT_H
#define ORCHESTRATOR_MANUAL_TEXT_H

#define PGPARALLEL_VERSION "0.1"

struct manual_entry {
	const char *name, *text;
};

struct manual_section {
	const char *title;
	const char *text; /* NULL = none */
	const struct manual_entry *entries; /* ended by a NULL name */
};

extern const char manual_description[];
extern const char manual_options[];
extern const char manual_results[];
extern const struct manual_section manual_sections[]; /* ended by a NULL title */

#endif
