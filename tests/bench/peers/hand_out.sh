#!/bin/sh
# hand_out.sh xargs|parallel TASKS: TASKS commands that do nothing, four at a time.
case $1 in
xargs) seq "$2" | xargs -P 4 -I '{}' true '{}' ;;
parallel) seq "$2" | parallel --will-cite -j 4 true '{}' ;;
esac
