-- @workload five-sleeps
-- @run clients=5
-- Five queries of 2, 1, 3, 1 and 2 seconds: nine seconds one after another, three at the same time.
-- @gate errors = 0
-- @task s2a readonly timeout=10s rows=1
select pg_sleep(2);
-- @task s1a readonly timeout=10s rows=1
select pg_sleep(1);
-- @task s3 readonly timeout=10s rows=1
select pg_sleep(3);
-- @task s1b readonly timeout=10s rows=1
select pg_sleep(1);
-- @task s2b readonly timeout=10s rows=1
select pg_sleep(2);
