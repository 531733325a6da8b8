/*
 * store_version: which SQLite this program runs with, for `version` and the run's record.
 */
#include <sqlite3.h>

#include "reports/store.h"

const char *store_sqlite_version(void)
{
	return sqlite3_libversion();
}
