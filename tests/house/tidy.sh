#!/bin/sh
# tidy.sh FILE...: clang-tidy with the checks of .clang-tidy.
# shellcheck disable=SC2046
exec clang-tidy --quiet "$@" -- -std=gnu17 -I. -I"${B:-.build}/embed" -D_GNU_SOURCE $(pkg-config --cflags libpq sqlite3 openssl jansson) 2>/dev/null
