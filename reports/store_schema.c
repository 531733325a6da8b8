/*
 * store_schema: the text of schema.sql, embedded at build time, so that the program needs no file beside it.
 */
#include "reports/store_private.h"

static const unsigned char text[] = {
#include "reports/schema.sql.inc"
        0};

const char *store_schema(void)
{
	return (const char *)text;
}
