/*
 * json_parts: what the files of json share: members that are null when not known, and the big arrays, which are written
 * row by row so that a hundred thousand attempts never stand in memory as a tree. Private to reports/json*.c.
 */
#ifndef REPORTS_JSON_PARTS_H
#define REPORTS_JSON_PARTS_H

#include <jansson.h>

#include "reports/render.h"

void json_put_text(json_t *object, const char *key, const char *text); /* NULL: null */
void json_put_int(json_t *object, const char *key, int64_t value);
void json_put_us(json_t *object, const char *key, int64_t us); /* QUERY_NONE: null */
void json_put_length(json_t *object, const char *key, int64_t from_us, int64_t to_us);
void json_put_real(json_t *object, const char *key, double value, bool known); /* null when unknown or not finite */
void json_put_round(json_t *object, const char *key, double us, bool known); /* a time, to the microsecond */
void json_put_bool(json_t *object, const char *key, bool value);
void json_put_utc(json_t *object, const char *key, int64_t unix_us); /* QUERY_NONE, 0: null */
/* Appends `value` (whose reference it takes) as a member of the document: a comma and a line break before it. */
void json_member(struct buf *out, const char *key, json_t *value);
/* An array of `count` rows made one at a time. */
void json_rows(struct buf *out, const char *key, const struct rendering *r, size_t count,
        json_t *(*row)(const struct rendering *, size_t));

/* The same for values with histograms: bounds of buckets keep their nanoseconds, which takes 15 digits. */
void json_member_exact(struct buf *out, const char *key, json_t *value);
void json_rows_exact(struct buf *out, const char *key, const struct rendering *r, size_t count,
        json_t *(*row)(const struct rendering *, size_t));

/* The member "load": null for a task list. */
void json_load(const struct rendering *r, struct buf *out);

json_t *json_attempt(const struct rendering *r, size_t i);
json_t *json_session(const struct rendering *r, size_t i);
json_t *json_worker(const struct rendering *r, size_t i);
json_t *json_sample(const struct rendering *r, size_t i);
json_t *json_chaos(const struct rendering *r, size_t i);
json_t *json_event(const struct rendering *r, size_t i);
json_t *json_error_row(const struct rendering *r, size_t i);

#endif
