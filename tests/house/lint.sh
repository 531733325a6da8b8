#!/bin/sh
# lint.sh FILE...: layout (clang-format), then what cppcheck and clang-tidy find. Any finding fails.
set -u
failed=0
clang-format --dry-run -Werror "$@" || failed=1
sources=$(printf '%s\n' "$@" | grep '\.c$')
product=$(printf '%s\n' $sources | grep -v '^tests/')
flags="-I. -I.build/embed -D_GNU_SOURCE $(pkg-config --cflags libpq sqlite3 openssl jansson)"
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--suppress=missingIncludeSystem --suppress=unknownMacro -j 2 $flags $product || failed=1
# shellcheck disable=SC2086
printf '%s\n' $product | xargs -P 2 -n 8 clang-tidy --quiet --warnings-as-errors='*' 2>/dev/null -- \
	>.lint.out 2>&1 || :
rm -f .lint.out
# shellcheck disable=SC2086
for source in $product; do echo "$source"; done | xargs -P 2 -I{} sh -c \
	"clang-tidy --quiet --warnings-as-errors='*' {} -- -std=gnu17 $flags 2>/dev/null || exit 1" || failed=1
if command -v shellcheck >/dev/null 2>&1; then
	shellcheck -s sh orchestrator/dist/*.sh tests/house/*.sh .ci/run || failed=1
fi
[ $failed = 0 ] && echo "lint: clean"
exit $failed
