/*
 * script_builtin: scripts that need no file, for the tables that `pgbench -i` makes: the same transactions under the
 * same names as pgbench's. Nobody owns the texts.
 */
#include "orchestrator/script_parse.h"

#define KEYS                                                                                                           \
	"\\set aid random(1, 100000 * :scale)\n"                                                                       \
	"\\set bid random(1, 1 * :scale)\n"                                                                            \
	"\\set tid random(1, 10 * :scale)\n"                                                                           \
	"\\set delta random(-5000, 5000)\n"
#define MOVE_ACCOUNT "update pgbench_accounts set abalance = abalance + :delta where aid = :aid;\n"
#define READ_ACCOUNT "select abalance from pgbench_accounts where aid = :aid;\n"
#define MOVE_TELLER "update pgbench_tellers set tbalance = tbalance + :delta where tid = :tid;\n"
#define MOVE_BRANCH "update pgbench_branches set bbalance = bbalance + :delta where bid = :bid;\n"
#define NOTE_MOVE                                                                                                      \
	"insert into pgbench_history (tid, bid, aid, delta, mtime) "                                                   \
	"values (:tid, :bid, :aid, :delta, current_timestamp);\n"

static const struct script_builtin builtins[] = {
        {"tpcb-like", "moves money: an account, a teller and a branch, in one transaction (TPC-B, sort of)",
                KEYS "begin;\n" MOVE_ACCOUNT READ_ACCOUNT MOVE_TELLER MOVE_BRANCH NOTE_MOVE "end;\n"},
        {"simple-update", "the same without teller and branch, which everybody waits for",
                KEYS "begin;\n" MOVE_ACCOUNT READ_ACCOUNT NOTE_MOVE "end;\n"},
        {"select-only", "reads one account", "\\set aid random(1, 100000 * :scale)\n" READ_ACCOUNT},
        {0},
};

const struct script_builtin *script_builtins(void)
{
	return builtins;
}
