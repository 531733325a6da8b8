-- What a task waits for instead of a time, so that a test does not depend on how fast the machine is.

-- A gate is open when its row is there; the test opens it.
create table gate (name text primary key);
grant select on gate to public;
create function wait_for(which text) returns int language plpgsql as $$
begin
	while not exists (select from gate where name = which) loop
		perform pg_sleep(0.02);
	end loop;
	return 1;
end $$;

-- The first N calls go on together, all later ones at once. `alter sequence meetings restart` for the next run.
create sequence meetings;
create function meet(n int) returns int language plpgsql as $$
begin
	perform nextval('meetings');
	while (select last_value from meetings) < n loop
		perform pg_sleep(0.01);
	end loop;
	return n;
end $$;

-- Of each N calls all run together for so many seconds at least: none begins to count them, and none leaves, without the
-- others. Sequences, as what they were moved on stays for whoever looks late. For one run at a time.
create sequence arrivals;
create sequence departures;
create function together(n int, seconds float8) returns int language plpgsql as $$
declare
	round bigint := (nextval('arrivals') - 1) / n;
begin
	while (select last_value from arrivals) < (round + 1) * n loop
		perform pg_sleep(0.01);
	end loop;
	perform pg_sleep(seconds);
	perform nextval('departures');
	while (select last_value from departures) < (round + 1) * n loop
		perform pg_sleep(0.001);
	end loop;
	return n;
end $$;
