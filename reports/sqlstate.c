/*
 * sqlstate: see sqlstate.h.
 */
#include "reports/sqlstate.h"

#include <stddef.h>
#include <string.h>

struct name {
	char code[6];
	const char *text;
};

static const struct name conditions[] = {{"08000", "connection_exception"},
        {"08001", "sqlclient_unable_to_establish_sqlconnection"}, {"08003", "connection_does_not_exist"},
        {"08004", "sqlserver_rejected_establishment_of_sqlconnection"}, {"08006", "connection_failure"},
        {"08007", "transaction_resolution_unknown"}, {"08P01", "protocol_violation"},
        {"0A000", "feature_not_supported"}, {"21000", "cardinality_violation"},
        {"22001", "string_data_right_truncation"}, {"22003", "numeric_value_out_of_range"},
        {"22007", "invalid_datetime_format"}, {"22008", "datetime_field_overflow"}, {"22012", "division_by_zero"},
        {"22021", "character_not_in_repertoire"}, {"22023", "invalid_parameter_value"},
        {"22P02", "invalid_text_representation"}, {"23000", "integrity_constraint_violation"},
        {"23502", "not_null_violation"}, {"23503", "foreign_key_violation"}, {"23505", "unique_violation"},
        {"23514", "check_violation"}, {"23P01", "exclusion_violation"}, {"25001", "active_sql_transaction"},
        {"25006", "read_only_sql_transaction"}, {"25P01", "no_active_sql_transaction"},
        {"25P02", "in_failed_sql_transaction"}, {"25P03", "idle_in_transaction_session_timeout"},
        {"25P04", "transaction_timeout"}, {"26000", "invalid_sql_statement_name"},
        {"28000", "invalid_authorization_specification"}, {"28P01", "invalid_password"},
        {"2D000", "invalid_transaction_termination"}, {"3D000", "invalid_catalog_name"},
        {"3F000", "invalid_schema_name"}, {"40000", "transaction_rollback"}, {"40001", "serialization_failure"},
        {"40002", "transaction_integrity_constraint_violation"}, {"40003", "statement_completion_unknown"},
        {"40P01", "deadlock_detected"}, {"42501", "insufficient_privilege"}, {"42601", "syntax_error"},
        {"42622", "name_too_long"}, {"42701", "duplicate_column"}, {"42702", "ambiguous_column"},
        {"42703", "undefined_column"}, {"42704", "undefined_object"}, {"42710", "duplicate_object"},
        {"42803", "grouping_error"}, {"42804", "datatype_mismatch"}, {"42883", "undefined_function"},
        {"42P01", "undefined_table"}, {"42P02", "undefined_parameter"}, {"42P05", "duplicate_prepared_statement"},
        {"42P06", "duplicate_schema"}, {"42P07", "duplicate_table"}, {"42P18", "indeterminate_datatype"},
        {"53000", "insufficient_resources"}, {"53100", "disk_full"}, {"53200", "out_of_memory"},
        {"53300", "too_many_connections"}, {"53400", "configuration_limit_exceeded"},
        {"54000", "program_limit_exceeded"}, {"54001", "statement_too_complex"},
        {"55000", "object_not_in_prerequisite_state"}, {"55006", "object_in_use"}, {"55P03", "lock_not_available"},
        {"57014", "query_canceled"}, {"57P01", "admin_shutdown"}, {"57P02", "crash_shutdown"},
        {"57P03", "cannot_connect_now"}, {"57P04", "database_dropped"}, {"57P05", "idle_session_timeout"},
        {"58000", "system_error"}, {"58030", "io_error"}, {"P0001", "raise_exception"}, {"P0002", "no_data_found"},
        {"P0003", "too_many_rows"}, {"P0004", "assert_failure"}, {"XX000", "internal_error"},
        {"XX001", "data_corrupted"}, {"XX002", "index_corrupted"}};

static const struct name classes[] = {{"08", "connection exception"}, {"0A", "feature not supported"},
        {"21", "cardinality violation"}, {"22", "data exception"}, {"23", "integrity constraint violation"},
        {"25", "invalid transaction state"}, {"28", "invalid authorization"}, {"2D", "invalid transaction termination"},
        {"38", "external routine exception"}, {"39", "external routine invocation exception"},
        {"3B", "savepoint exception"}, {"40", "transaction rollback"}, {"42", "syntax error or access rule violation"},
        {"44", "with check option violation"}, {"53", "insufficient resources"}, {"54", "program limit exceeded"},
        {"55", "object not in prerequisite state"}, {"57", "operator intervention"}, {"58", "system error"},
        {"F0", "configuration file error"}, {"HV", "foreign data wrapper error"}, {"P0", "PL/pgSQL error"},
        {"XX", "internal error"}};

const char *sqlstate_meaning(const char *sqlstate)
{
	if (sqlstate == NULL || sqlstate[0] == '\0')
		return "no answer from the server";
	for (size_t i = 0; i < sizeof conditions / sizeof conditions[0]; i++)
		if (strcmp(conditions[i].code, sqlstate) == 0)
			return conditions[i].text;
	for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
		if (strncmp(classes[i].code, sqlstate, 2) == 0)
			return classes[i].text;
	return "a code of an extension or of the user";
}
