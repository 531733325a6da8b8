#!/bin/sh
# Five sleeps as a shell user runs them.
printf '%s\n' 2 1 3 1 2 | xargs -P 5 -I '{}' psql -qAtX -c 'select pg_sleep({})' > /dev/null
