/*
 * assets: the page's style sheet and script, embedded as bytes at build time (a C string would turn some of them into
 * trigraphs), and their hashes for the page's content security policy.
 */
#ifndef REPORTS_ASSETS_H
#define REPORTS_ASSETS_H

#include "shared/buf.h"

void assets_style(struct buf *out); /* the bytes between <style> and </style> */
void assets_script(struct buf *out);
/* "sha256-..." of either, as the policy wants it. */
void assets_style_hash(struct buf *out);
void assets_script_hash(struct buf *out);

#endif
