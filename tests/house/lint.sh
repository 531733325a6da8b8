#!/bin/sh
# lint.sh FILE...: layout (clang-format), then what cppcheck and clang-tidy find. Any finding fails.
set -u
failed=0
clang-format --dry-run -Werror "$@" || failed=1
product=$(printf '%s\n' "$@" | grep '\.c$' | grep -v '^tests/')
flags="-I. -I${B:-.build}/embed -D_GNU_SOURCE $(pkg-config --cflags libpq sqlite3 openssl jansson)"
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppress=missingIncludeSystem --suppress=unknownMacro -j 2 $flags $product || failed=1
# shellcheck disable=SC2086
printf '%s\n' $product | xargs -P 2 -n 4 tests/house/tidy.sh || failed=1
if command -v shellcheck >/dev/null 2>&1; then
	shellcheck -s sh orchestrator/dist/*.sh tests/house/*.sh .ci/run || failed=1
fi
[ $failed = 0 ] && echo "lint: clean"
exit $failed
