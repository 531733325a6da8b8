-- schema: the results file, version 2. Every table and every column carries its meaning in the comment behind it; the
-- manual's chapter on the store is made from these comments and a test refuses a column without one.
--
-- Times are whole microseconds. "us after wall zero" counts from the run's wall zero (the start of SPAWN) and may be
-- negative; "Unix us" counts from 1970-01-01 UTC. NULL means that it did not happen or is not known.
-- Tables may gain columns with a later version; the views (v_...) keep their columns and are what to build upon.

CREATE TABLE workload ( -- one workload text, stored once for each name and hash
	id INTEGER PRIMARY KEY, -- number of the workload text
	name TEXT NOT NULL, -- name of the series: @workload, else the file's name
	sha256 TEXT NOT NULL, -- SHA-256 of the text, hexadecimal
	path TEXT NOT NULL, -- the file as it was given first
	text TEXT, -- the whole text; NULL when only --no-sql-text runs used it
	UNIQUE (name, sha256)
) STRICT;

CREATE TABLE task ( -- the tasks of a workload text
	workload INTEGER NOT NULL REFERENCES workload (id), -- its workload text
	task INTEGER NOT NULL, -- index of the task in it, 0 = first
	name TEXT NOT NULL, -- its name
	line INTEGER NOT NULL, -- line in the file where it begins
	sql TEXT, -- its SQL as written; NULL with --no-sql-text
	statements INTEGER NOT NULL, -- number of its statements
	stage INTEGER NOT NULL, -- stage it runs in, 0 = first
	after_task INTEGER, -- index of the task it waits for
	readonly INTEGER NOT NULL, -- 1: runs in a read-only transaction
	repeatable INTEGER NOT NULL, -- 1: may be repeated when its outcome is unknown
	in_transaction INTEGER NOT NULL, -- 1: explicit BEGIN and COMMIT around it
	expected_rows INTEGER, -- rows= of the task
	PRIMARY KEY (workload, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE environment ( -- what runs ran on, one row for each distinct set of facts
	id INTEGER PRIMARY KEY, -- number of the set
	sha256 TEXT NOT NULL UNIQUE -- SHA-256 over the sorted facts, hexadecimal
) STRICT;

CREATE TABLE environment_fact ( -- one fact of a set: version, setting, host, CPU, ...
	environment INTEGER NOT NULL REFERENCES environment (id), -- its set
	name TEXT NOT NULL, -- name of the fact
	value TEXT NOT NULL, -- its value as text, without secrets
	PRIMARY KEY (environment, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE experiment ( -- runs that belong together: a run with its baseline and repeats
	id INTEGER PRIMARY KEY, -- number of the experiment
	kind TEXT NOT NULL, -- run, compare or scale
	created_unix_us INTEGER NOT NULL, -- when its first run began, Unix us; 0 before it has one
	seed TEXT, -- what the order inside its blocks and the runs' own seeds come from, decimal; NULL without arms
	blocks_planned INTEGER, -- blocks that were asked for; NULL without arms
	stop_when REAL, -- --stop-when: width of the interval that ends it early, as a share; NULL = none
	ended TEXT -- why it ended: all blocks, --stop-when, --max-time, a signal, a failure; NULL without arms or while it goes on
) STRICT;

CREATE TABLE arm ( -- what a compare or scale experiment sets against one another
	experiment INTEGER NOT NULL REFERENCES experiment (id), -- its experiment
	arm INTEGER NOT NULL, -- index of the arm, 0 = first
	label TEXT NOT NULL, -- its name in tables and charts
	reference INTEGER NOT NULL, -- 1: the others are compared with this one
	engine TEXT NOT NULL, -- process, thread, async or serial
	sessions INTEGER NOT NULL, -- sessions asked for
	lanes INTEGER NOT NULL, -- lanes that carry them
	setting TEXT NOT NULL, -- what --vary set, name=value without secrets; empty = nothing
	PRIMARY KEY (experiment, arm)
) STRICT, WITHOUT ROWID;

CREATE TABLE run ( -- one execution of one workload on one engine
	id INTEGER PRIMARY KEY AUTOINCREMENT, -- number of the run, never used twice
	experiment INTEGER NOT NULL REFERENCES experiment (id), -- the experiment it belongs to
	workload INTEGER NOT NULL REFERENCES workload (id), -- what it ran
	environment INTEGER REFERENCES environment (id), -- what it ran on
	measured TEXT, -- facts that differ from run to run (load, round trip, ...), a JSON object
	role TEXT NOT NULL, -- run, baseline, repeat or confirm (a suspected cause taken away); in an experiment with arms: arm, or warm-up (in no figure)
	engine TEXT NOT NULL, -- process, thread, async or serial
	sessions INTEGER NOT NULL, -- sessions asked for
	lanes INTEGER NOT NULL, -- lanes that carry them
	workers INTEGER NOT NULL, -- worker processes that host the lanes
	seed TEXT NOT NULL, -- seed of all its random numbers, decimal
	started_unix_us INTEGER NOT NULL, -- begin of PREFLIGHT on the client's wall clock, Unix us
	resumed_run INTEGER, -- the run it resumes
	argv TEXT NOT NULL, -- the command, quoted for a shell
	note TEXT NOT NULL, -- --note
	client TEXT NOT NULL, -- versions of the program and of what it links
	options TEXT NOT NULL, -- effective options without secrets, name=value
	data_sha256 TEXT NOT NULL, -- SHA-256 of the --data file, empty without one
	state TEXT NOT NULL, -- running, finished, interrupted (its process died), stopped (signal, limit) or aborted
	reason TEXT NOT NULL, -- why it was stopped or aborted
	pinned INTEGER NOT NULL, -- 1: prune keeps it
	pruned INTEGER NOT NULL, -- 1: its tickets, attempts and samples were pruned
	exit_code INTEGER, -- exit code of the run itself
	tickets INTEGER NOT NULL, -- tickets due: done + failed + unknown + not_run once it has ended; of a load run, here and in the next four: transactions
	done INTEGER NOT NULL, -- tickets done
	failed INTEGER NOT NULL, -- tickets failed: known not applied
	unknown INTEGER NOT NULL, -- tickets that may or may not have been applied
	not_run INTEGER NOT NULL, -- tickets that never started; of a load run: transactions left out as too late
	attempts INTEGER NOT NULL, -- attempts made
	attempts_done INTEGER NOT NULL, -- of these done
	attempts_failed INTEGER NOT NULL, -- of these failed
	attempts_unknown INTEGER NOT NULL, -- of these unknown
	preflight_begin_us INTEGER, -- PREFLIGHT began, us after wall zero
	preflight_end_us INTEGER, -- PREFLIGHT ended, us after wall zero
	setup_begin_us INTEGER, -- @setup began, us after wall zero
	setup_end_us INTEGER, -- @setup ended, us after wall zero
	spawn_begin_us INTEGER, -- SPAWN began: wall zero itself; workers forked during PREFLIGHT waited for it
	spawn_end_us INTEGER, -- all workers forked, us after wall zero
	connected_us INTEGER, -- all sessions ready or given up, us after wall zero
	go_us INTEGER, -- the GO instant, us after wall zero
	last_end_us INTEGER, -- last task's end, us after wall zero: the wall time
	drain_end_us INTEGER, -- DRAIN ended, us after wall zero
	reap_end_us INTEGER, -- all children gone, us after wall zero
	store_begin_us INTEGER, -- STORE began, us after wall zero
	name_us INTEGER, -- name resolution inside PREFLIGHT, us
	token_us INTEGER, -- token inside PREFLIGHT, us
	wake_us INTEGER, -- waking the server inside PREFLIGHT, us
	connect_us INTEGER, -- the observer's connecting inside PREFLIGHT, us
	asked_sessions INTEGER, -- sessions that should have become ready
	ready_sessions INTEGER, -- sessions that did
	swept INTEGER, -- 1: the observer looked for sessions of ours at the end, 0: it could not
	sessions_found INTEGER, -- sessions of ours found on the server after the run
	sessions_cancelled INTEGER, -- of these ended by us
	sessions_left INTEGER, -- of these still there at the end
	samples_taken INTEGER, -- samples the observer took
	samples_dropped INTEGER, -- samples it could not take in time
	server_restarted INTEGER, -- 1: the server's start time changed during the run
	user_cpu_us INTEGER, -- user CPU of all children, us
	system_cpu_us INTEGER, -- system CPU of all children, us
	max_rss_kb INTEGER, -- largest resident set of a child, kB
	private_kb INTEGER, -- private memory of all children, kB
	voluntary_switches INTEGER, -- voluntary context switches of all children
	involuntary_switches INTEGER, -- involuntary context switches of all children
	parent_user_cpu_us INTEGER, -- user CPU of the parent, us
	parent_system_cpu_us INTEGER, -- system CPU of the parent, us
	parent_max_rss_kb INTEGER, -- largest resident set of the parent, kB
	parent_private_kb INTEGER, -- private memory of the parent, kB
	parent_voluntary_switches INTEGER, -- voluntary context switches of the parent
	parent_involuntary_switches INTEGER, -- involuntary context switches of the parent
	clock_change_us INTEGER, -- change of wall clock minus monotonic clock during the run, us
	parent_paused_us INTEGER, -- longest time the parent was not running, us
	verdict TEXT, -- PARALLEL, SERIAL, ...; NULL before it was computed
	speedup REAL, -- measured serial makespan / makespan; NULL without a baseline
	ceiling REAL, -- what no schedule can pass; NULL without a baseline
	overlap_percent REAL, -- time with two or more active, per cent of the possible
	row_begin_us INTEGER, -- writing of the run's first rows began, us after wall zero
	row_end_us INTEGER, -- they and its first tickets were committed, us after wall zero
	arm INTEGER, -- the arm of its experiment that it is a run of; NULL without arms
	block INTEGER, -- the block it belongs to, 0 = first: each block runs every arm once; NULL in warm-up or without arms
	block_order INTEGER, -- its place in the random order of its block, 0 = first
	worker_user_us INTEGER, -- what the engine cost, here and below: user CPU of its workers (the observer and the worker of @setup are none), us
	worker_system_us INTEGER, -- system CPU of the workers, us
	worker_voluntary_switches INTEGER, -- voluntary context switches of the workers
	worker_involuntary_switches INTEGER, -- involuntary context switches of the workers
	worker_peak_kb INTEGER, -- largest resident sets of the workers, added up (what they share is counted in each), kB
	worker_private_kb INTEGER, -- private memory of the workers at the end of their work, kB
	worker_threads INTEGER, -- threads of the workers then
	worker_descriptors INTEGER, -- open descriptors of the workers then
	workers_told INTEGER, -- worker processes that told this of themselves
	workers_untold INTEGER, -- worker processes that ended without: killed ones
	backends_read INTEGER, -- server processes of the sessions that could be read on this machine, at most 16
	backends_private_kb INTEGER, -- their private memory, added up, kB
	start_skew_us INTEGER, -- first to last start of a session's first task or transaction, us
	lane_fairness REAL, -- Jain's index of what the lanes did: 1 all the same, 1/n one did everything
	session_fairness REAL -- the same of the sessions
) STRICT;
CREATE INDEX run_by_experiment ON run (experiment);

CREATE TABLE worker ( -- worker processes of a run
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	worker INTEGER NOT NULL, -- number of the worker, 0 = first
	generation INTEGER NOT NULL, -- 1, and one more with each replacement
	pid INTEGER NOT NULL, -- process id
	forked_us INTEGER, -- forked, or told to go on when forked during PREFLIGHT, us after wall zero
	born_us INTEGER, -- its first own reading of the clock, us after wall zero
	ended_us INTEGER, -- reaped, us after wall zero
	end TEXT NOT NULL, -- how it ended: exit 0, signal 9, empty while it lives
	PRIMARY KEY (run, worker, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE session ( -- connections of a run, a row for each (re)connection of a session
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	connection INTEGER NOT NULL, -- number of the connection within the run, 1 = first
	session INTEGER NOT NULL, -- global number of the session, 0 = first
	worker INTEGER NOT NULL, -- worker that hosts it
	generation INTEGER NOT NULL, -- generation of that worker
	connect_no INTEGER, -- 1 = first connection of this session in this worker; NULL when it was never reported
	connected INTEGER NOT NULL, -- 1: it became ready, 0: it gave up
	backend_pid INTEGER, -- process id of its backend
	backend_start_unix_us INTEGER, -- start of that backend on the server's clock, Unix us
	start_us INTEGER, -- connecting began, us after wall zero
	tcp_us INTEGER, -- socket connected, us after wall zero
	tls_us INTEGER, -- TLS established, us after wall zero
	auth_us INTEGER, -- authenticated, us after wall zero
	ready_us INTEGER, -- settings sent and @session run, us after wall zero
	tls TEXT NOT NULL, -- protocol and cipher, empty without TLS
	sqlstate TEXT NOT NULL, -- SQLSTATE of the failure, empty = none
	message TEXT, -- text of the failure
	laid_out_us INTEGER, -- its lane was laid out, us after wall zero; NULL with a reconnection
	served_us INTEGER NOT NULL, -- from then to start the lane served its other sessions so long, us
	PRIMARY KEY (run, connection)
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket ( -- tickets that may have started; a ticket without a row was not run
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	ticket INTEGER NOT NULL, -- global number of the ticket in the workload, 0 = first
	task INTEGER NOT NULL, -- index of its task
	round INTEGER NOT NULL, -- which execution of the task, 0 = first
	data_row INTEGER, -- row of the --data file, 0 = first
	state INTEGER NOT NULL, -- 0 released (may have started), 1 done, 2 failed, 3 unknown, 4 released but not run
	PRIMARY KEY (run, ticket)
) STRICT, WITHOUT ROWID;

CREATE TABLE error ( -- distinct error texts of a run, each stored once
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	error INTEGER NOT NULL, -- number of the text within the run, 1 = first
	task INTEGER NOT NULL, -- index of the task it belongs to
	sqlstate TEXT NOT NULL, -- SQLSTATE, empty = none
	text TEXT NOT NULL, -- the text, made printable
	PRIMARY KEY (run, error)
) STRICT, WITHOUT ROWID;

-- Small on purpose (about 50 bytes a row): everything is relative to something near it. v_attempt adds it up again.
CREATE TABLE attempt ( -- one try of one ticket on one session
	id INTEGER PRIMARY KEY, -- run * 67108864 + number of the attempt within the run, in order of arrival
	ticket INTEGER NOT NULL, -- its ticket
	try_no INTEGER NOT NULL, -- 1 = first try of that ticket
	connection INTEGER NOT NULL, -- connection of the run it ran on (session.connection)
	backend_pid INTEGER, -- process id of the backend that ran it; NULL = that of the connection
	outcome INTEGER NOT NULL, -- 1 done, 2 failed, 3 unknown
	flags INTEGER NOT NULL, -- sum of 1 worth repeating, 2 repeated by its session, 4 session lost, 8 worker died, 16 timed out, 32 cancelled, 64 check failed, 128 no markers, 256 marker missing, 512 local commit only, 1024 stopped the run
	error INTEGER, -- its error text (error.error)
	applied INTEGER NOT NULL, -- statements known applied although it did not end as done
	failed_statement INTEGER NOT NULL, -- the statement that failed, 1 = first, 0 = none
	rows INTEGER NOT NULL, -- rows returned or affected
	bytes INTEGER NOT NULL, -- bytes of the returned values
	taken INTEGER, -- ticket taken, us after wall zero
	released INTEGER, -- ticket released, us after taken
	sent INTEGER, -- first byte sent, us after taken
	first INTEGER, -- first byte of the answer, us after sent
	done INTEGER, -- outcome known, us after first
	before_sent INTEGER, -- start marker sent, us after sent
	before_received INTEGER, -- its answer received, us after first
	before_server INTEGER, -- its server time, us after run.started_unix_us + taken
	after_sent INTEGER, -- end marker sent, us after sent
	after_received INTEGER, -- its answer received, us after done
	after_server INTEGER, -- its server time, us after that of the start marker
	recorded INTEGER, -- result of the attempt before it on its session written to the parent, us before taken; NULL = there was none
	served INTEGER NOT NULL, -- from then to taken the lane served its other sessions so long, us
	complete INTEGER -- its last statement was answered or COMMIT sent, us before done; NULL = not known
) STRICT;

CREATE TABLE task_result ( -- what the tasks of a run returned, with --verify-results; noverify and tasks of which no ticket was done have no row
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	task INTEGER NOT NULL, -- index of the task
	executions INTEGER NOT NULL, -- tickets done
	row_count INTEGER NOT NULL, -- rows they returned, or affected
	digest TEXT NOT NULL, -- sum modulo 2^256 of the SHA-256 of each row, line of COPY and command tag, hexadecimal: no order is in it
	digest_us INTEGER NOT NULL, -- hashing took so long, over all sessions, us
	PRIMARY KEY (run, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE chaos ( -- faults that --chaos planted in a run, and what they did
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	blow INTEGER NOT NULL, -- number of the fault, 0 = the first asked for
	action TEXT NOT NULL, -- kill, segv, stop or cut
	at TEXT NOT NULL, -- when it was to strike, as asked for
	asked INTEGER NOT NULL, -- victims asked for: workers, of cut sessions
	workers INTEGER NOT NULL, -- worker processes hit; there are no more than the engine has
	sessions INTEGER NOT NULL, -- sessions hit: those of these workers, or those that were cut
	struck_us INTEGER, -- when it struck, us after wall zero; NULL: the run was over before
	unknown INTEGER NOT NULL, -- tickets (of a load run transactions) in flight there that may or may not have been applied
	failed INTEGER NOT NULL, -- tickets in flight there that are known not to have been applied
	repeated INTEGER NOT NULL, -- of both: tried again
	survivors INTEGER NOT NULL, -- sessions that neither this fault nor one before it hit
	before_count INTEGER NOT NULL, -- done by sessions never hit: from GO or the fault before to this one
	after_count INTEGER NOT NULL, -- done by sessions never hit: begun after it and before the next
	before_p50_us INTEGER, -- median time of those before, us
	after_p50_us INTEGER, -- median time of those after, us
	before_max_us INTEGER, -- longest of those before, us
	after_max_us INTEGER, -- longest of those after, us
	full_strength_us INTEGER, -- from the fault until every session it hit was connected and at work again, us; NULL: not all came back
	PRIMARY KEY (run, blow)
) STRICT, WITHOUT ROWID;

CREATE TABLE sample ( -- what the observer saw in pg_stat_activity: stretches of samples that showed the same
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	sample INTEGER NOT NULL, -- number within the run, 1 = first
	backend_pid INTEGER NOT NULL, -- the backend
	first_unix_us INTEGER NOT NULL, -- first sample of the stretch on the server's clock, Unix us
	last_us INTEGER NOT NULL, -- last sample of the stretch, us after the first
	samples INTEGER NOT NULL, -- samples in the stretch
	state TEXT NOT NULL, -- pg_stat_activity.state
	wait_type TEXT NOT NULL, -- wait_event_type, empty = none
	wait_event TEXT NOT NULL, -- wait_event, empty = none
	query_start_unix_us INTEGER, -- query_start, Unix us
	lock_wait_unix_us INTEGER, -- since when it waits for a lock, Unix us
	blockers TEXT, -- process ids that block it, with commas between
	lock TEXT, -- the lock it waits for: advisory lock 7, row (0,1) of accounts, relation accounts, ...; NULL = none
	query TEXT, -- the statement that waits for it; NULL without a lock and with --no-sql-text
	PRIMARY KEY (run, sample)
) STRICT, WITHOUT ROWID;

CREATE TABLE estimate ( -- figures computed from a run or an experiment, with their intervals
	experiment INTEGER NOT NULL REFERENCES experiment (id), -- its experiment
	run INTEGER NOT NULL, -- its run, 0 = the experiment as a whole
	name TEXT NOT NULL, -- name of the figure
	value REAL, -- the estimate
	low REAL, -- lower end of its interval
	high REAL, -- upper end of its interval
	method TEXT NOT NULL, -- how it was computed
	samples INTEGER NOT NULL, -- how many observations it stands on
	PRIMARY KEY (experiment, run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE change_point ( -- where a series of runs changed
	series TEXT NOT NULL, -- workload name of the series
	metric TEXT NOT NULL, -- which figure changed
	run INTEGER NOT NULL, -- first run after the change
	before REAL, -- figure before it
	after REAL, -- figure after it
	p_value REAL, -- how likely so large a change is by chance
	acknowledged INTEGER NOT NULL, -- 1: somebody has seen it
	PRIMARY KEY (series, metric, run)
) STRICT, WITHOUT ROWID;

CREATE TABLE event ( -- what is worth telling about a run, in order
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	event INTEGER NOT NULL, -- number within the run, 1 = first
	at_us INTEGER NOT NULL, -- when, us after wall zero
	kind TEXT NOT NULL, -- a stable word: worker died, sessions missing, parent paused, ...
	text TEXT NOT NULL, -- the words
	PRIMARY KEY (run, event)
) STRICT, WITHOUT ROWID;

CREATE TABLE server_counter ( -- what the server counted, of its database or as a whole and whoever did the work
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	name TEXT NOT NULL, -- db_... of the database, io_... of client backends, wal_..., checkpoint...; samples and autovacuum_... are the observer's
	before_value INTEGER, -- before GO; NULL = not read
	after_value INTEGER, -- after the run's sessions had ended; NULL = not read
	PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE client_cpu ( -- CPU of each worker while tasks ran, from GO on
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	worker INTEGER NOT NULL, -- number of the worker
	generation INTEGER NOT NULL, -- its generation
	cpu_us INTEGER NOT NULL, -- CPU time it used, us
	wait_us INTEGER, -- its threads stood ready and got no CPU for so long, us; NULL where the kernel does not tell
	PRIMARY KEY (run, worker, generation)
) STRICT, WITHOUT ROWID;

CREATE TABLE client_sample ( -- CPU of all workers between two looks of the parent, while tasks ran
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	sample INTEGER NOT NULL, -- number within the run, 1 = first
	at_us INTEGER NOT NULL, -- its begin, us after wall zero
	length_us INTEGER NOT NULL, -- its length, us
	cpu_us INTEGER NOT NULL, -- CPU time all workers used, us
	wait_us INTEGER, -- their threads stood ready and got no CPU for so long, us; NULL where the kernel does not tell
	busiest_worker INTEGER NOT NULL, -- the worker that used most
	busiest_us INTEGER NOT NULL, -- CPU time it used, us
	PRIMARY KEY (run, sample)
) STRICT, WITHOUT ROWID;

CREATE TABLE doubt ( -- reasons to doubt a run's numbers
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	doubt INTEGER NOT NULL, -- number within the run, 1 = first
	name TEXT NOT NULL, -- a stable word: client CPU saturated, clock stepped, server restarted, dropped samples, ...
	text TEXT NOT NULL, -- the number that raised it
	PRIMARY KEY (run, doubt)
) STRICT, WITHOUT ROWID;

CREATE TABLE suspect ( -- what may have kept a run from being faster, most telling first
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	rank INTEGER NOT NULL, -- 1 = most telling
	cause TEXT NOT NULL, -- a stable word: tasks block one another, one long task, slow connecting, ...
	share_us INTEGER NOT NULL, -- the part of the wall time it may account for, us
	evidence TEXT NOT NULL, -- the figures it rests on
	confirmed TEXT, -- what a run without it showed (--confirm); NULL = not tried
	PRIMARY KEY (run, rank)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_run AS -- runs with names instead of numbers
SELECT
	r.id AS run, -- number of the run
	r.experiment AS experiment, -- its experiment
	w.name AS workload, -- name of the series
	w.sha256 AS workload_sha256, -- SHA-256 of the workload text
	r.role AS role, -- run, baseline or repeat
	r.engine AS engine, -- process, thread, async or serial
	r.sessions AS sessions, -- sessions asked for
	r.lanes AS lanes, -- lanes that carried them
	r.workers AS workers, -- worker processes
	strftime('%Y-%m-%dT%H:%M:%S', r.started_unix_us / 1000000, 'unixepoch') || printf('.%06dZ', r.started_unix_us % 1000000) AS started, -- begin, ISO 8601 UTC
	r.state AS state, -- running, finished, interrupted, stopped or aborted
	r.reason AS reason, -- why it was stopped or aborted
	r.verdict AS verdict, -- PARALLEL, SERIAL, ...
	r.speedup AS speedup, -- measured serial makespan / makespan
	r.ceiling AS ceiling, -- what no schedule can pass
	r.overlap_percent AS overlap_percent, -- time with two or more active, per cent of the possible
	r.last_end_us AS wall_us, -- start of SPAWN to the last task's end, us
	r.last_end_us - r.go_us AS makespan_us, -- GO to the last task's end, us
	r.tickets AS tickets, -- tickets due
	r.done AS done, -- tickets done
	r.failed AS failed, -- tickets failed
	r.unknown AS unknown, -- tickets that may or may not have been applied
	r.not_run AS not_run, -- tickets that never started
	r.attempts AS attempts, -- attempts made
	r.exit_code AS exit_code, -- exit code of the run itself
	r.resumed_run AS resumed_run, -- the run it resumes
	r.pinned AS pinned, -- 1: prune keeps it
	r.pruned AS pruned, -- 1: its attempts were pruned
	r.note AS note, -- --note
	r.argv AS argv, -- the command
	(SELECT count(*) FROM doubt d WHERE d.run = r.id) AS doubts -- reasons to doubt its numbers, see v_doubt
FROM run r JOIN workload w ON w.id = r.workload;

CREATE VIEW v_task AS -- tasks of each run
SELECT
	r.id AS run, -- the run
	t.task AS task_no, -- index of the task, 0 = first
	t.name AS task, -- its name
	t.sql AS sql, -- its SQL; NULL with --no-sql-text
	t.statements AS statements, -- number of its statements
	t.stage AS stage, -- stage it runs in
	a.name AS after_task, -- the task it waits for
	t.readonly AS readonly, -- 1: runs in a read-only transaction
	t.repeatable AS repeatable, -- 1: may be repeated when its outcome is unknown
	t.in_transaction AS in_transaction -- 1: explicit BEGIN and COMMIT around it
FROM run r JOIN task t ON t.workload = r.workload
	LEFT JOIN task a ON a.workload = t.workload AND a.task = t.after_task;

CREATE VIEW v_environment AS -- facts of each run: what it ran on and what was measured before it
SELECT
	r.id AS run, -- the run
	f.name AS name, -- name of the fact
	f.value AS value -- its value
FROM run r JOIN environment_fact f ON f.environment = r.environment
UNION ALL
SELECT r.id, j.key, j.value FROM run r, json_each(r.measured) j WHERE r.measured IS NOT NULL;

CREATE VIEW v_session AS -- connections of each run
SELECT
	s.run AS run, -- the run
	s.connection AS connection, -- number of the connection within the run
	s.session AS session, -- global number of the session
	s.worker AS worker, -- worker that hosted it
	s.generation AS generation, -- generation of that worker
	s.connect_no AS connect_no, -- 1 = first connection of the session in that worker
	s.connected AS connected, -- 1: it became ready
	s.backend_pid AS backend_pid, -- its backend
	s.start_us AS start_us, -- connecting began, us after wall zero
	s.tcp_us - s.start_us AS tcp_us, -- time to connect the socket, us
	s.tls_us - s.tcp_us AS tls_us, -- time for TLS, us
	s.auth_us - coalesce(s.tls_us, s.tcp_us) AS auth_us, -- time for authentication, us
	s.ready_us - s.start_us AS connect_us, -- time until ready, us
	s.tls AS tls, -- protocol and cipher
	s.sqlstate AS sqlstate, -- SQLSTATE of the failure
	s.message AS message -- text of the failure
FROM session s;

CREATE VIEW v_ticket AS -- tickets of each run that may have started
SELECT
	k.run AS run, -- the run
	k.ticket AS ticket, -- global number of the ticket
	t.name AS task, -- its task
	k.round AS round, -- which execution of the task, 0 = first
	k.data_row AS data_row, -- row of the --data file, 0 = first
	CASE k.state WHEN 0 THEN 'released' WHEN 1 THEN 'done' WHEN 2 THEN 'failed' WHEN 3 THEN 'unknown' ELSE 'not run' END AS state -- released (no final state yet), done, failed, unknown or not run
FROM ticket k JOIN run r ON r.id = k.run JOIN task t ON t.workload = r.workload AND t.task = k.task;

CREATE VIEW v_attempt AS -- attempts with every time added up; a query should name the run (WHERE run = 160)
SELECT
	r.id AS run, -- the run
	a.ticket AS ticket, -- global number of the ticket
	t.name AS task, -- its task
	k.round AS round, -- which execution of the task, 0 = first
	k.data_row AS data_row, -- row of the --data file, 0 = first
	a.try_no AS try_no, -- 1 = first try
	s.session AS session, -- global number of the session, 0 = first
	s.worker AS worker, -- number of the worker, 0 = first
	s.generation AS generation, -- generation of that worker
	coalesce(a.backend_pid, s.backend_pid) AS backend_pid, -- backend that ran it
	CASE a.outcome WHEN 1 THEN 'done' WHEN 2 THEN 'failed' ELSE 'unknown' END AS outcome, -- done, failed or unknown
	coalesce(e.sqlstate, '') AS sqlstate, -- SQLSTATE, empty = none
	e.text AS message, -- its first error text
	a.flags AS flags, -- see attempt.flags
	t.statements AS statements, -- statements of the task
	a.applied AS applied, -- statements known applied although it did not end as done
	a.failed_statement AS failed_statement, -- the statement that failed, 0 = none
	a.rows AS rows, -- rows returned or affected
	a.bytes AS bytes, -- bytes of the returned values
	a.taken AS taken_us, -- ticket taken, us after wall zero
	coalesce(a.taken, 0) + a.released AS released_us, -- ticket released, us after wall zero
	coalesce(a.taken, 0) + a.sent AS sent_us, -- first byte sent, us after wall zero
	coalesce(a.taken, 0) + coalesce(a.sent, 0) + a.first AS first_us, -- first byte of the answer, us after wall zero
	coalesce(a.taken, 0) + coalesce(a.sent, 0) + coalesce(a.first, 0) + a.done AS done_us, -- outcome known, us after wall zero
	a.sent AS queue_us, -- phase queue: taken to sent, us
	a.first AS execute_us, -- phase execute: sent to the first byte of the answer, us
	CASE WHEN a.first IS NOT NULL THEN a.done END AS fetch_us, -- phase fetch: first byte to the outcome, us
	coalesce(a.taken, 0) + coalesce(a.sent, 0) + a.before_sent AS before_sent_us, -- start marker sent, us after wall zero
	coalesce(a.taken, 0) + coalesce(a.sent, 0) + coalesce(a.first, 0) + a.before_received AS before_received_us, -- its answer received, us after wall zero
	r.started_unix_us + coalesce(a.taken, 0) + a.before_server AS server_start_unix_us, -- its server time: the execution began after it, Unix us
	coalesce(a.taken, 0) + coalesce(a.sent, 0) + a.after_sent AS after_sent_us, -- end marker sent, us after wall zero
	coalesce(a.taken, 0) + coalesce(a.sent, 0) + coalesce(a.first, 0) + coalesce(a.done, 0) + a.after_received AS after_received_us, -- its answer received, us after wall zero
	r.started_unix_us + coalesce(a.taken, 0) + coalesce(a.before_server, 0) + a.after_server AS server_end_unix_us, -- its server time: the execution ended before it, Unix us
	coalesce(a.taken, 0) - a.recorded AS recorded_us, -- phase record ended: result of the attempt before it on its session written to the parent, us after wall zero
	a.served AS served_us, -- phase turn: from then on the lane served its other sessions so long, us
	a.complete AS commit_us -- phase commit: the last statement answered, or COMMIT sent, to the outcome, us
FROM run r
	CROSS JOIN attempt a ON a.id BETWEEN r.id * 67108864 AND r.id * 67108864 + 67108863
	LEFT JOIN session s ON s.run = r.id AND s.connection = a.connection
	LEFT JOIN ticket k ON k.run = r.id AND k.ticket = a.ticket
	LEFT JOIN task t ON t.workload = r.workload AND t.task = k.task
	LEFT JOIN error e ON e.run = r.id AND e.error = a.error;

CREATE VIEW v_error AS -- attempts that did not end as done, grouped
SELECT
	run AS run, -- the run
	task AS task, -- the task
	sqlstate AS sqlstate, -- SQLSTATE, empty = none
	outcome AS outcome, -- failed or unknown
	count(*) AS attempts, -- how many attempts
	count(DISTINCT ticket) AS tickets, -- how many tickets
	min(message) AS message -- one of the texts
FROM v_attempt WHERE outcome <> 'done' GROUP BY run, task, sqlstate, outcome;

CREATE VIEW v_worker AS -- worker processes of each run
SELECT
	run AS run, -- the run
	worker AS worker, -- number of the worker
	generation AS generation, -- 1, and one more with each replacement
	pid AS pid, -- process id
	forked_us AS forked_us, -- forked, us after wall zero
	born_us AS born_us, -- its first own reading of the clock, us after wall zero
	ended_us AS ended_us, -- reaped, us after wall zero
	end AS ended -- how it ended: exit 0, signal 9
FROM worker;

CREATE VIEW v_event AS -- events of each run
SELECT
	run AS run, -- the run
	event AS event, -- number within the run
	at_us AS at_us, -- when, us after wall zero
	kind AS kind, -- a stable word
	text AS text -- the words
FROM event;

CREATE VIEW v_sample AS -- what the observer saw
SELECT
	run AS run, -- the run
	backend_pid AS backend_pid, -- the backend
	first_unix_us AS first_unix_us, -- first sample of the stretch, Unix us
	first_unix_us + last_us AS last_unix_us, -- last sample of the stretch, Unix us
	samples AS samples, -- samples in the stretch
	state AS state, -- pg_stat_activity.state
	wait_type AS wait_type, -- wait_event_type
	wait_event AS wait_event, -- wait_event
	query_start_unix_us AS query_start_unix_us, -- query_start, Unix us
	lock_wait_unix_us AS lock_wait_unix_us, -- since when it waits for a lock, Unix us
	blockers AS blockers, -- process ids that block it
	lock AS lock, -- the lock it waits for
	query AS query -- the statement that waits for it
FROM sample;

CREATE VIEW v_server_counter AS -- what the server counted during each run
SELECT
	run AS run, -- the run
	name AS name, -- name of the counter
	before_value AS before_value, -- before GO
	after_value AS after_value, -- after the run's sessions had ended
	after_value - before_value AS change -- what was added; less than 0: the server's statistics were reset
FROM server_counter;

CREATE VIEW v_client_cpu AS -- CPU of the workers of each run while tasks ran
SELECT
	run AS run, -- the run
	worker AS worker, -- number of the worker
	generation AS generation, -- its generation
	cpu_us AS cpu_us, -- CPU time it used, us
	wait_us AS wait_us -- its threads stood ready and got no CPU for so long, us
FROM client_cpu;

CREATE VIEW v_client_sample AS -- CPU of all workers between two looks
SELECT
	run AS run, -- the run
	sample AS sample, -- number within the run
	at_us AS at_us, -- its begin, us after wall zero
	length_us AS length_us, -- its length, us
	cpu_us AS cpu_us, -- CPU time all workers used, us
	wait_us AS wait_us, -- their threads stood ready and got no CPU for so long, us
	busiest_worker AS busiest_worker, -- the worker that used most
	busiest_us AS busiest_us -- CPU time it used, us
FROM client_sample;

CREATE VIEW v_doubt AS -- reasons to doubt a run's numbers
SELECT
	run AS run, -- the run
	doubt AS doubt, -- number within the run
	name AS name, -- a stable word
	text AS text -- the number that raised it
FROM doubt;

CREATE VIEW v_suspect AS -- what may have kept a run from being faster
SELECT
	run AS run, -- the run
	rank AS rank, -- 1 = most telling
	cause AS cause, -- a stable word
	share_us AS share_us, -- the part of the wall time it may account for, us
	evidence AS evidence, -- the figures it rests on
	confirmed AS confirmed -- what a run without it showed; NULL = not tried
FROM suspect;

-- Intervals of one backend that overlap count as one, so a backend's own count decides when it becomes active and idle.
CREATE VIEW v_overlap AS -- sessions active at once on the server's clock; SELECT max(active) FROM v_overlap WHERE run = 160
WITH edge AS (
	SELECT run, backend_pid, server_start_unix_us AS at, 1 AS change FROM v_attempt
	WHERE server_start_unix_us IS NOT NULL AND server_end_unix_us > server_start_unix_us
	UNION ALL
	SELECT run, backend_pid, server_end_unix_us, -1 FROM v_attempt
	WHERE server_start_unix_us IS NOT NULL AND server_end_unix_us > server_start_unix_us
	), own AS (
	SELECT run, backend_pid, at, change,
		sum(change) OVER (PARTITION BY run, backend_pid ORDER BY at, change DESC ROWS UNBOUNDED PRECEDING) AS open
	FROM edge
	)
SELECT
	run AS run, -- the run
	at AS at_unix_us, -- when, on the server's clock, Unix us
	backend_pid AS backend_pid, -- the backend that became active or idle
	change AS change, -- 1: became active, -1: became idle
	sum(change) OVER (PARTITION BY run ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS active -- backends active from then on
FROM own WHERE (change = 1 AND open = 1) OR (change = -1 AND open = 0);

-- Load runs. A file that an earlier build made has none of the following: it is added when the file is next written.

-- Packed histograms (load_script.service, schedule and lag, load_command.time) are varints: 1, 6, the count, the sum in ns,
-- the sum of squares (a double, us squared: its bits as an integer), the minimum in ns + 1, the maximum in ns, then for
-- each bucket with values, lowest first: its distance from the one before (the first: its number + 1), and its values.
-- Bucket b begins at b ns for b < 128, else at (64 + b mod 64) * 2^(b div 64 - 1) ns, and ends where the next one begins.
-- A varint has seven bits in each byte, lowest first, and 128 added to every byte but the last. A signed number n is
-- written as 2 * n, below zero as -2 * n - 1.

CREATE TABLE load ( -- settings and totals of a load run: its row says that the run is one
	run INTEGER PRIMARY KEY REFERENCES run (id), -- its run
	mode TEXT NOT NULL, -- -M: simple, extended or prepared
	transactions INTEGER NOT NULL, -- -t: transactions of each session, 0 = by time
	duration_us INTEGER NOT NULL, -- -T: how long it counts, us; 0 = by number
	warmup_us INTEGER NOT NULL, -- --warmup, us
	ramp_us INTEGER NOT NULL, -- --ramp, us
	rate REAL NOT NULL, -- -R: transactions a second asked of all sessions, 0 = as fast as it goes
	latency_limit_us INTEGER NOT NULL, -- -L, us; 0 = none
	think_us INTEGER NOT NULL, -- --think: pause of a session after each transaction, us
	max_tries INTEGER NOT NULL, -- --max-tries: 1 = no retries, 0 = as often as needed
	reconnect INTEGER NOT NULL, -- 1: a new connection for each transaction (-C)
	continue_on_error INTEGER NOT NULL, -- 1: sessions go on after an error that is not repeated
	exit_on_abort INTEGER NOT NULL, -- 1: the run ends when a session does
	per_command INTEGER NOT NULL, -- 1: figures for each command (-r)
	pipeline INTEGER NOT NULL, -- --pipeline: executions in one go, 0 = one by one
	sampling_rate REAL NOT NULL, -- share of the transactions that have a record
	scale INTEGER, -- scale factor: value of :scale; NULL = not known
	begin_us INTEGER, -- counting began, us after wall zero; NULL = never
	end_us INTEGER, -- last counted transaction's end, us after wall zero; NULL = there was none
	warmed INTEGER NOT NULL, -- transactions of the warm-up, in no other number
	dropped INTEGER NOT NULL, -- records lost as they came faster than they could be taken
	sampled_out INTEGER NOT NULL, -- records left out because of the sampling rate
	connects INTEGER NOT NULL, -- connections made
	connect_sum_us INTEGER NOT NULL, -- time spent connecting, of all sessions together, us
	busy_us INTEGER NOT NULL, -- time between start and end of transactions, of all sessions together, us
	aborted INTEGER NOT NULL, -- sessions that ended because of an error
	done INTEGER NOT NULL, -- transactions done, after the warm-up as everything here
	failed INTEGER NOT NULL, -- transactions that failed: known not applied
	skipped INTEGER NOT NULL, -- transactions left out as too late (-R with -L)
	unknown INTEGER NOT NULL, -- transactions that may or may not have been applied
	retried INTEGER NOT NULL, -- transactions tried more than once
	retries INTEGER NOT NULL, -- tries after the first
	late INTEGER NOT NULL, -- of those done: took longer than -L
	service_mean_us INTEGER, -- first try's start to the end, of those done: mean, us
	service_stddev_us INTEGER, -- first try's start to the end, of those done: standard deviation, of the population, us
	service_min_us INTEGER, -- first try's start to the end, of those done: shortest, us
	service_max_us INTEGER, -- first try's start to the end, of those done: longest, us
	service_p50_us INTEGER, -- first try's start to the end, of those done: median, us (NULL with fewer than 20 samples)
	service_p90_us INTEGER, -- first try's start to the end, of those done: 90th percentile, us (100)
	service_p95_us INTEGER, -- first try's start to the end, of those done: 95th percentile, us (200)
	service_p99_us INTEGER, -- first try's start to the end, of those done: 99th percentile, us (1,000)
	service_p999_us INTEGER, -- first try's start to the end, of those done: 99.9th percentile, us (10,000)
	schedule_mean_us INTEGER, -- scheduled start (-R) to the end, of those done: mean, us
	schedule_stddev_us INTEGER, -- scheduled start (-R) to the end, of those done: standard deviation, of the population, us
	schedule_min_us INTEGER, -- scheduled start (-R) to the end, of those done: shortest, us
	schedule_max_us INTEGER, -- scheduled start (-R) to the end, of those done: longest, us
	schedule_p50_us INTEGER, -- scheduled start (-R) to the end, of those done: median, us (NULL with fewer than 20 samples)
	schedule_p90_us INTEGER, -- scheduled start (-R) to the end, of those done: 90th percentile, us (100)
	schedule_p95_us INTEGER, -- scheduled start (-R) to the end, of those done: 95th percentile, us (200)
	schedule_p99_us INTEGER, -- scheduled start (-R) to the end, of those done: 99th percentile, us (1,000)
	schedule_p999_us INTEGER, -- scheduled start (-R) to the end, of those done: 99.9th percentile, us (10,000)
	lag_mean_us INTEGER, -- how late transactions began (-R): mean, us
	lag_stddev_us INTEGER, -- how late transactions began (-R): standard deviation, of the population, us
	lag_min_us INTEGER, -- how late transactions began (-R): shortest, us
	lag_max_us INTEGER, -- how late transactions began (-R): longest, us
	lag_p50_us INTEGER, -- how late transactions began (-R): median, us (NULL with fewer than 20 samples)
	lag_p90_us INTEGER, -- how late transactions began (-R): 90th percentile, us (100)
	lag_p95_us INTEGER, -- how late transactions began (-R): 95th percentile, us (200)
	lag_p99_us INTEGER, -- how late transactions began (-R): 99th percentile, us (1,000)
	lag_p999_us INTEGER -- how late transactions began (-R): 99.9th percentile, us (10,000)
) STRICT;

CREATE TABLE load_script ( -- scripts of a load run, with what became of their transactions
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	script INTEGER NOT NULL, -- number of the script, 0 = first
	name TEXT NOT NULL, -- file as given, name of the built-in, or of @script
	weight INTEGER NOT NULL, -- how often it is chosen, in proportion to the others' weights
	done INTEGER NOT NULL, -- transactions done, after the warm-up as everything here
	failed INTEGER NOT NULL, -- transactions that failed: known not applied
	skipped INTEGER NOT NULL, -- transactions left out as too late (-R with -L)
	unknown INTEGER NOT NULL, -- transactions that may or may not have been applied
	retried INTEGER NOT NULL, -- transactions tried more than once
	retries INTEGER NOT NULL, -- tries after the first
	late INTEGER NOT NULL, -- of those done: took longer than -L
	service_mean_us INTEGER, -- first try's start to the end, of those done: mean, us
	service_stddev_us INTEGER, -- first try's start to the end, of those done: standard deviation, of the population, us
	service_min_us INTEGER, -- first try's start to the end, of those done: shortest, us
	service_max_us INTEGER, -- first try's start to the end, of those done: longest, us
	service_p50_us INTEGER, -- first try's start to the end, of those done: median, us (NULL with fewer than 20 samples)
	service_p90_us INTEGER, -- first try's start to the end, of those done: 90th percentile, us (100)
	service_p95_us INTEGER, -- first try's start to the end, of those done: 95th percentile, us (200)
	service_p99_us INTEGER, -- first try's start to the end, of those done: 99th percentile, us (1,000)
	service_p999_us INTEGER, -- first try's start to the end, of those done: 99.9th percentile, us (10,000)
	schedule_mean_us INTEGER, -- scheduled start (-R) to the end, of those done: mean, us
	schedule_stddev_us INTEGER, -- scheduled start (-R) to the end, of those done: standard deviation, of the population, us
	schedule_min_us INTEGER, -- scheduled start (-R) to the end, of those done: shortest, us
	schedule_max_us INTEGER, -- scheduled start (-R) to the end, of those done: longest, us
	schedule_p50_us INTEGER, -- scheduled start (-R) to the end, of those done: median, us (NULL with fewer than 20 samples)
	schedule_p90_us INTEGER, -- scheduled start (-R) to the end, of those done: 90th percentile, us (100)
	schedule_p95_us INTEGER, -- scheduled start (-R) to the end, of those done: 95th percentile, us (200)
	schedule_p99_us INTEGER, -- scheduled start (-R) to the end, of those done: 99th percentile, us (1,000)
	schedule_p999_us INTEGER, -- scheduled start (-R) to the end, of those done: 99.9th percentile, us (10,000)
	lag_mean_us INTEGER, -- how late transactions began (-R): mean, us
	lag_stddev_us INTEGER, -- how late transactions began (-R): standard deviation, of the population, us
	lag_min_us INTEGER, -- how late transactions began (-R): shortest, us
	lag_max_us INTEGER, -- how late transactions began (-R): longest, us
	lag_p50_us INTEGER, -- how late transactions began (-R): median, us (NULL with fewer than 20 samples)
	lag_p90_us INTEGER, -- how late transactions began (-R): 90th percentile, us (100)
	lag_p95_us INTEGER, -- how late transactions began (-R): 95th percentile, us (200)
	lag_p99_us INTEGER, -- how late transactions began (-R): 99th percentile, us (1,000)
	lag_p999_us INTEGER, -- how late transactions began (-R): 99.9th percentile, us (10,000)
	service BLOB, -- histogram of the same times, packed; NULL = no values
	schedule BLOB, -- histogram of the same times, packed; NULL = no values
	lag BLOB, -- histogram of the same times, packed; NULL = no values
	PRIMARY KEY (run, script)
) STRICT;

CREATE TABLE load_command ( -- commands of the scripts of a load run, with -r
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	command INTEGER NOT NULL, -- number of the command over all scripts, 0 = first
	script INTEGER NOT NULL, -- number of its script
	line INTEGER NOT NULL, -- line in the script's file, 1 = first
	text TEXT, -- the command as written, on one line; NULL with --no-sql-text
	done INTEGER NOT NULL, -- executions that succeeded, after the warm-up
	failures INTEGER NOT NULL, -- errors that were not repeated
	retries INTEGER NOT NULL, -- errors after which the transaction was tried again
	time_mean_us INTEGER, -- an execution that succeeded: mean, us
	time_stddev_us INTEGER, -- an execution that succeeded: standard deviation, of the population, us
	time_min_us INTEGER, -- an execution that succeeded: shortest, us
	time_max_us INTEGER, -- an execution that succeeded: longest, us
	time_p50_us INTEGER, -- an execution that succeeded: median, us (NULL with fewer than 20 samples)
	time_p90_us INTEGER, -- an execution that succeeded: 90th percentile, us (100)
	time_p95_us INTEGER, -- an execution that succeeded: 95th percentile, us (200)
	time_p99_us INTEGER, -- an execution that succeeded: 99th percentile, us (1,000)
	time_p999_us INTEGER, -- an execution that succeeded: 99.9th percentile, us (10,000)
	time BLOB, -- histogram of the same times, packed; NULL = no values
	PRIMARY KEY (run, command)
) STRICT;

CREATE TABLE load_second ( -- stretches of a load run, each about a second long
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	second INTEGER NOT NULL, -- number of the stretch within the run, 1 = first
	at_us INTEGER NOT NULL, -- its begin, us after wall zero
	length_us INTEGER NOT NULL, -- its length, about a second, us
	sessions INTEGER NOT NULL, -- sessions connected at its end
	measured INTEGER NOT NULL, -- 1: counted in the run's numbers; 0: ramp, warm-up or after the end
	done INTEGER NOT NULL, -- transactions done in it
	failed INTEGER NOT NULL, -- transactions that failed in it
	skipped INTEGER NOT NULL, -- transactions left out in it
	unknown INTEGER NOT NULL, -- transactions with an unknown outcome
	retries INTEGER NOT NULL, -- tries after the first
	mean_us INTEGER, -- service time: mean, us; NULL = none was done
	stddev_us INTEGER, -- service time: standard deviation, us
	p50_us INTEGER, -- service time: median, us (NULL with fewer than 20 done)
	p95_us INTEGER, -- service time: 95th percentile, us (200)
	p99_us INTEGER, -- service time: 99th percentile, us (1,000)
	max_us INTEGER, -- service time: longest, us
	schedule_mean_us INTEGER, -- time from schedule (-R): mean, us; NULL without -R
	schedule_p50_us INTEGER, -- time from schedule: median, us
	schedule_p95_us INTEGER, -- time from schedule: 95th percentile, us
	schedule_p99_us INTEGER, -- time from schedule: 99th percentile, us
	schedule_max_us INTEGER, -- time from schedule: longest, us
	PRIMARY KEY (run, second)
) STRICT, WITHOUT ROWID;

CREATE TABLE load_error ( -- errors of a load run by script and SQLSTATE
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	script INTEGER NOT NULL, -- number of the script
	sqlstate TEXT NOT NULL, -- SQLSTATE; empty = an error of the script itself
	failed INTEGER NOT NULL, -- transactions that ended with it
	retried INTEGER NOT NULL, -- tries that were repeated after it
	unknown INTEGER NOT NULL, -- connections lost by it with something sent
	text TEXT NOT NULL, -- the first one's text, made printable
	PRIMARY KEY (run, script, sqlstate)
) STRICT, WITHOUT ROWID;

-- Packed records (load_chunk.packed) are the byte 1 and then the records. Each is a byte of bits, then varints: the
-- transaction's end in ns, signed, as distance from that of the record before it (the first: from wall zero); its latency
-- in ns; then what its bits announce: 16 its lag in ns, 4 its session where it is not that of the record before, 8 its
-- script likewise (both begin with 0), 32 its retries, and 64 its error: a byte with its length, 5, or 0 for an error of
-- the script itself, and the SQLSTATE. The two lowest bits are the outcome: 0 done, 1 failed, 2 skipped, 3 unknown.

CREATE TABLE load_chunk ( -- records of a load run's transactions, in the order they were taken
	run INTEGER NOT NULL REFERENCES run (id), -- its run
	chunk INTEGER NOT NULL, -- number of the chunk within the run, 1 = first
	records INTEGER NOT NULL, -- records in it, at most 1,000
	first_end_us INTEGER NOT NULL, -- earliest end of a transaction in it, us after wall zero
	last_end_us INTEGER NOT NULL, -- latest end of a transaction in it, us after wall zero
	packed BLOB NOT NULL, -- the records, packed
	PRIMARY KEY (run, chunk)
) STRICT;

CREATE VIEW v_load AS -- load runs: settings, totals and latency
SELECT
	l.run AS run, -- the run
	r.sessions AS sessions, -- sessions asked for
	l.mode AS mode, -- -M: simple, extended or prepared
	l.transactions AS transactions, -- -t: transactions of each session, 0 = by time
	l.duration_us AS duration_us, -- -T: how long it counts, us; 0 = by number
	l.warmup_us AS warmup_us, -- --warmup, us
	l.ramp_us AS ramp_us, -- --ramp, us
	l.rate AS rate, -- -R: transactions a second asked of all sessions, 0 = as fast as it goes
	l.latency_limit_us AS latency_limit_us, -- -L, us; 0 = none
	l.think_us AS think_us, -- --think: pause of a session after each transaction, us
	l.max_tries AS max_tries, -- --max-tries: 1 = no retries, 0 = as often as needed
	l.reconnect AS reconnect, -- 1: a new connection for each transaction (-C)
	l.continue_on_error AS continue_on_error, -- 1: sessions go on after an error that is not repeated
	l.exit_on_abort AS exit_on_abort, -- 1: the run ends when a session does
	l.per_command AS per_command, -- 1: figures for each command (-r)
	l.pipeline AS pipeline, -- --pipeline: executions in one go, 0 = one by one
	l.sampling_rate AS sampling_rate, -- share of the transactions that have a record
	l.scale AS scale, -- scale factor: value of :scale; NULL = not known
	l.begin_us AS begin_us, -- counting began, us after wall zero; NULL = never
	l.end_us AS end_us, -- last counted transaction's end, us after wall zero; NULL = there was none
	l.warmed AS warmed, -- transactions of the warm-up, in no other number
	l.dropped AS dropped, -- records lost as they came faster than they could be taken
	l.sampled_out AS sampled_out, -- records left out because of the sampling rate
	l.connects AS connects, -- connections made
	l.connect_sum_us AS connect_sum_us, -- time spent connecting, of all sessions together, us
	l.busy_us AS busy_us, -- time between start and end of transactions, of all sessions together, us
	l.aborted AS aborted, -- sessions that ended because of an error
	l.done AS done, -- transactions done, after the warm-up as everything here
	l.failed AS failed, -- transactions that failed: known not applied
	l.skipped AS skipped, -- transactions left out as too late (-R with -L)
	l.unknown AS unknown, -- transactions that may or may not have been applied
	l.retried AS retried, -- transactions tried more than once
	l.retries AS retries, -- tries after the first
	l.late AS late, -- of those done: took longer than -L
	l.service_mean_us AS service_mean_us, -- first try's start to the end, of those done: mean, us
	l.service_stddev_us AS service_stddev_us, -- first try's start to the end, of those done: standard deviation, of the population, us
	l.service_min_us AS service_min_us, -- first try's start to the end, of those done: shortest, us
	l.service_max_us AS service_max_us, -- first try's start to the end, of those done: longest, us
	l.service_p50_us AS service_p50_us, -- first try's start to the end, of those done: median, us (NULL with fewer than 20 samples)
	l.service_p90_us AS service_p90_us, -- first try's start to the end, of those done: 90th percentile, us (100)
	l.service_p95_us AS service_p95_us, -- first try's start to the end, of those done: 95th percentile, us (200)
	l.service_p99_us AS service_p99_us, -- first try's start to the end, of those done: 99th percentile, us (1,000)
	l.service_p999_us AS service_p999_us, -- first try's start to the end, of those done: 99.9th percentile, us (10,000)
	l.schedule_mean_us AS schedule_mean_us, -- scheduled start (-R) to the end, of those done: mean, us
	l.schedule_stddev_us AS schedule_stddev_us, -- scheduled start (-R) to the end, of those done: standard deviation, of the population, us
	l.schedule_min_us AS schedule_min_us, -- scheduled start (-R) to the end, of those done: shortest, us
	l.schedule_max_us AS schedule_max_us, -- scheduled start (-R) to the end, of those done: longest, us
	l.schedule_p50_us AS schedule_p50_us, -- scheduled start (-R) to the end, of those done: median, us (NULL with fewer than 20 samples)
	l.schedule_p90_us AS schedule_p90_us, -- scheduled start (-R) to the end, of those done: 90th percentile, us (100)
	l.schedule_p95_us AS schedule_p95_us, -- scheduled start (-R) to the end, of those done: 95th percentile, us (200)
	l.schedule_p99_us AS schedule_p99_us, -- scheduled start (-R) to the end, of those done: 99th percentile, us (1,000)
	l.schedule_p999_us AS schedule_p999_us, -- scheduled start (-R) to the end, of those done: 99.9th percentile, us (10,000)
	l.lag_mean_us AS lag_mean_us, -- how late transactions began (-R): mean, us
	l.lag_stddev_us AS lag_stddev_us, -- how late transactions began (-R): standard deviation, of the population, us
	l.lag_min_us AS lag_min_us, -- how late transactions began (-R): shortest, us
	l.lag_max_us AS lag_max_us, -- how late transactions began (-R): longest, us
	l.lag_p50_us AS lag_p50_us, -- how late transactions began (-R): median, us (NULL with fewer than 20 samples)
	l.lag_p90_us AS lag_p90_us, -- how late transactions began (-R): 90th percentile, us (100)
	l.lag_p95_us AS lag_p95_us, -- how late transactions began (-R): 95th percentile, us (200)
	l.lag_p99_us AS lag_p99_us, -- how late transactions began (-R): 99th percentile, us (1,000)
	l.lag_p999_us AS lag_p999_us, -- how late transactions began (-R): 99.9th percentile, us (10,000)
	l.done * 1000000.0 / nullif(l.end_us - l.begin_us, 0) AS tps, -- transactions done a second
	l.busy_us * 1.0 / nullif(l.end_us - l.begin_us, 0) AS active_sessions, -- mean number of sessions inside a transaction
	l.connect_sum_us / nullif(l.connects, 0) AS connect_us -- mean time of connecting, us
FROM load l JOIN run r ON r.id = l.run;

CREATE VIEW v_load_script AS -- scripts of load runs
SELECT
	s.run AS run, -- the run
	s.script AS script_no, -- number of the script, 0 = first
	s.name AS script, -- its name
	s.weight AS weight, -- how often it is chosen, in proportion to the others' weights
	s.done AS done, -- transactions done, after the warm-up as everything here
	s.failed AS failed, -- transactions that failed: known not applied
	s.skipped AS skipped, -- transactions left out as too late (-R with -L)
	s.unknown AS unknown, -- transactions that may or may not have been applied
	s.retried AS retried, -- transactions tried more than once
	s.retries AS retries, -- tries after the first
	s.late AS late, -- of those done: took longer than -L
	s.service_mean_us AS service_mean_us, -- first try's start to the end, of those done: mean, us
	s.service_stddev_us AS service_stddev_us, -- first try's start to the end, of those done: standard deviation, of the population, us
	s.service_min_us AS service_min_us, -- first try's start to the end, of those done: shortest, us
	s.service_max_us AS service_max_us, -- first try's start to the end, of those done: longest, us
	s.service_p50_us AS service_p50_us, -- first try's start to the end, of those done: median, us (NULL with fewer than 20 samples)
	s.service_p90_us AS service_p90_us, -- first try's start to the end, of those done: 90th percentile, us (100)
	s.service_p95_us AS service_p95_us, -- first try's start to the end, of those done: 95th percentile, us (200)
	s.service_p99_us AS service_p99_us, -- first try's start to the end, of those done: 99th percentile, us (1,000)
	s.service_p999_us AS service_p999_us, -- first try's start to the end, of those done: 99.9th percentile, us (10,000)
	s.schedule_mean_us AS schedule_mean_us, -- scheduled start (-R) to the end, of those done: mean, us
	s.schedule_stddev_us AS schedule_stddev_us, -- scheduled start (-R) to the end, of those done: standard deviation, of the population, us
	s.schedule_min_us AS schedule_min_us, -- scheduled start (-R) to the end, of those done: shortest, us
	s.schedule_max_us AS schedule_max_us, -- scheduled start (-R) to the end, of those done: longest, us
	s.schedule_p50_us AS schedule_p50_us, -- scheduled start (-R) to the end, of those done: median, us (NULL with fewer than 20 samples)
	s.schedule_p90_us AS schedule_p90_us, -- scheduled start (-R) to the end, of those done: 90th percentile, us (100)
	s.schedule_p95_us AS schedule_p95_us, -- scheduled start (-R) to the end, of those done: 95th percentile, us (200)
	s.schedule_p99_us AS schedule_p99_us, -- scheduled start (-R) to the end, of those done: 99th percentile, us (1,000)
	s.schedule_p999_us AS schedule_p999_us, -- scheduled start (-R) to the end, of those done: 99.9th percentile, us (10,000)
	s.lag_mean_us AS lag_mean_us, -- how late transactions began (-R): mean, us
	s.lag_stddev_us AS lag_stddev_us, -- how late transactions began (-R): standard deviation, of the population, us
	s.lag_min_us AS lag_min_us, -- how late transactions began (-R): shortest, us
	s.lag_max_us AS lag_max_us, -- how late transactions began (-R): longest, us
	s.lag_p50_us AS lag_p50_us, -- how late transactions began (-R): median, us (NULL with fewer than 20 samples)
	s.lag_p90_us AS lag_p90_us, -- how late transactions began (-R): 90th percentile, us (100)
	s.lag_p95_us AS lag_p95_us, -- how late transactions began (-R): 95th percentile, us (200)
	s.lag_p99_us AS lag_p99_us, -- how late transactions began (-R): 99th percentile, us (1,000)
	s.lag_p999_us AS lag_p999_us, -- how late transactions began (-R): 99.9th percentile, us (10,000)
	s.done * 1000000.0 / nullif(l.end_us - l.begin_us, 0) AS tps -- transactions of it done a second
FROM load_script s JOIN load l ON l.run = s.run;

CREATE VIEW v_load_command AS -- commands of the scripts of load runs, with -r
SELECT
	c.run AS run, -- the run
	c.command AS command, -- number of the command over all scripts
	s.name AS script, -- name of its script
	c.line AS line, -- line in the script's file, 1 = first
	c.text AS text, -- the command as written, on one line; NULL with --no-sql-text
	c.done AS done, -- executions that succeeded, after the warm-up
	c.failures AS failures, -- errors that were not repeated
	c.retries AS retries, -- errors after which the transaction was tried again
	c.time_mean_us AS time_mean_us, -- an execution that succeeded: mean, us
	c.time_stddev_us AS time_stddev_us, -- an execution that succeeded: standard deviation, of the population, us
	c.time_min_us AS time_min_us, -- an execution that succeeded: shortest, us
	c.time_max_us AS time_max_us, -- an execution that succeeded: longest, us
	c.time_p50_us AS time_p50_us, -- an execution that succeeded: median, us (NULL with fewer than 20 samples)
	c.time_p90_us AS time_p90_us, -- an execution that succeeded: 90th percentile, us (100)
	c.time_p95_us AS time_p95_us, -- an execution that succeeded: 95th percentile, us (200)
	c.time_p99_us AS time_p99_us, -- an execution that succeeded: 99th percentile, us (1,000)
	c.time_p999_us AS time_p999_us -- an execution that succeeded: 99.9th percentile, us (10,000)
FROM load_command c JOIN load_script s ON s.run = c.run AND s.script = c.script;

CREATE VIEW v_load_second AS -- stretches of load runs, each about a second long
SELECT
	s.run AS run, -- its run
	s.second AS second, -- number of the stretch within the run, 1 = first
	s.at_us AS at_us, -- its begin, us after wall zero
	s.length_us AS length_us, -- its length, about a second, us
	s.done * 1000000.0 / s.length_us AS tps, -- transactions done a second
	s.sessions AS sessions, -- sessions connected at its end
	s.measured AS measured, -- 1: counted in the run's numbers; 0: ramp, warm-up or after the end
	s.done AS done, -- transactions done in it
	s.failed AS failed, -- transactions that failed in it
	s.skipped AS skipped, -- transactions left out in it
	s.unknown AS unknown, -- transactions with an unknown outcome
	s.retries AS retries, -- tries after the first
	s.mean_us AS mean_us, -- service time: mean, us; NULL = none was done
	s.stddev_us AS stddev_us, -- service time: standard deviation, us
	s.p50_us AS p50_us, -- service time: median, us (NULL with fewer than 20 done)
	s.p95_us AS p95_us, -- service time: 95th percentile, us (200)
	s.p99_us AS p99_us, -- service time: 99th percentile, us (1,000)
	s.max_us AS max_us, -- service time: longest, us
	s.schedule_mean_us AS schedule_mean_us, -- time from schedule (-R): mean, us; NULL without -R
	s.schedule_p50_us AS schedule_p50_us, -- time from schedule: median, us
	s.schedule_p95_us AS schedule_p95_us, -- time from schedule: 95th percentile, us
	s.schedule_p99_us AS schedule_p99_us, -- time from schedule: 99th percentile, us
	s.schedule_max_us AS schedule_max_us -- time from schedule: longest, us
FROM load_second s;

CREATE VIEW v_load_error AS -- errors of load runs
SELECT
	e.run AS run, -- the run
	s.name AS script, -- name of the script
	e.sqlstate AS sqlstate, -- SQLSTATE; empty = an error of the script itself
	e.failed AS failed, -- transactions that ended with it
	e.retried AS retried, -- tries that were repeated after it
	e.unknown AS unknown, -- connections lost by it with something sent
	e.text AS text -- the first one's text, made printable
FROM load_error e JOIN load_script s ON s.run = e.run AND s.script = e.script;

PRAGMA application_id = 1346859116; -- "PGpl"
PRAGMA user_version = 2;
