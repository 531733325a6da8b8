/*
 * sqlstate: the condition names of the SQLSTATEs that people meet (PostgreSQL documentation, appendix A).
 */
#ifndef REPORTS_SQLSTATE_H
#define REPORTS_SQLSTATE_H

/* The name of a condition ("serialization_failure"), else of its class ("class 40"), else what the absence of a code
 * means. Never NULL; static storage. */
const char *sqlstate_meaning(const char *sqlstate);

#endif
