/*
 * store_schema: the text of schema.sql, embedded at build time, so that the program needs no file beside it.
 */
#include "reports/store_private.h"

__asm__(".pushsection .rodata\n"
        ".global pgparallel_schema_sql\n"
        "pgparallel_schema_sql:\n"
        ".incbin \"reports/schema.sql\"\n"
        ".byte 0\n"
        ".popsection\n");

extern const char pgparallel_schema_sql[];

const char *store_schema(void)
{
	return pgparallel_schema_sql;
}
