#!/bin/sh
# deps.sh [--tell] build|check|lint|demo|test|ci|bench: makes sure that what this target needs is there. On Debian and Ubuntu
# it installs what is missing with apt, as root or through sudo; anywhere else, with DEPS=no or with --tell, it names what is
# missing and fails.
#
# A database server that is installed this way leaves no cluster behind, nothing running and nothing enabled: the
# tests and the demo start servers of their own in temporary directories.
set -eu

# package | how to see that it is there: a command, a pkg-config name, or a function below
build_needs='gcc|command cc
make|command make
pkg-config|command pkg-config
libpq-dev|library libpq
libsqlite3-dev|library sqlite3
libssl-dev|library openssl
libjansson-dev|library jansson
MSGPACK|msgpack
libc6-dev|libc'
check_only='libcmocka-dev|library cmocka
bats|command bats
procps|command pkill
python3|command python3'
lint_only='clang-format|command clang-format
clang-tidy|command clang-tidy
cppcheck|command cppcheck
shellcheck|command shellcheck'
check_needs="$build_needs
$check_only"
lint_needs="$build_needs
$lint_only"
demo_needs="$build_needs
postgresql|server"
test_needs="$demo_needs
$check_only
pgbouncer|pgbouncer"
ci_needs="$test_needs
$lint_only
clang|command clang"
bench_needs="$demo_needs
postgresql-contrib|pgbench
python3|command python3
python3-sqlalchemy|module sqlalchemy
python3-psycopg2|module psycopg2
python3-asyncpg|module asyncpg
parallel|command parallel
hyperfine|command hyperfine
sysbench|command sysbench"

command_there() { command -v "$1" >/dev/null 2>&1; }
library_there() { pkg-config --exists "$1" 2>/dev/null; }
# Debian's modules belong to Debian's Python, which need not be the first on the path.
module_there() { /usr/bin/python3 -c "import $1" 2>/dev/null; }
msgpack_there() { pkg-config --exists msgpack-c 2>/dev/null || pkg-config --exists msgpack 2>/dev/null; }
libc_there() { [ -e /usr/include/stdio.h ] || echo '#include <stdio.h>' | cc -E - >/dev/null 2>&1; }
server_program() {
	for dir in $(pg_config --bindir 2>/dev/null) /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/local/pgsql/bin /usr/bin; do
		if [ -x "$dir/$1" ]; then
			return 0
		fi
	done
	command -v "$1" >/dev/null 2>&1
}
server_there() { server_program initdb && server_program postgres; }
pgbench_there() { server_program pgbench; }
pgbouncer_there() { [ -x /usr/sbin/pgbouncer ] || command -v pgbouncer >/dev/null 2>&1; }

missing() { # the packages of $1 whose probe fails
	echo "$1" | while IFS='|' read -r package probe; do
		name=${probe%% *}
		argument=${probe#* }
		"${name}_there" "$argument" || echo "$package"
	done
}

debian() {
	command -v apt-get >/dev/null 2>&1 && [ -r /etc/os-release ] &&
		grep -Eq '^(ID|ID_LIKE)=.*(debian|ubuntu)' /etc/os-release
}

# libmsgpack-dev is its name until Debian 12 and Ubuntu 22.04; later it is a package that only points at the next.
packages() {
	msgpack=libmsgpack-dev
	if apt-cache show libmsgpack-c-dev >/dev/null 2>&1; then
		msgpack=libmsgpack-c-dev
	fi
	echo "$@" | sed "s/MSGPACK/$msgpack/"
}

# As root. What is set up here for the installation is taken away again.
install_packages() {
	policy=/usr/sbin/policy-rc.d
	cluster=/etc/postgresql-common/createcluster.d/pgparallel-no-cluster.conf
	made=
	trap 'rm -f $made; rmdir /etc/postgresql-common/createcluster.d 2>/dev/null || :' EXIT
	trap 'exit 130' INT # a policy that stayed would keep every later service from starting
	trap 'exit 143' TERM HUP
	if [ ! -e $policy ]; then # no service is started while packages are set up
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		made=$policy
	fi
	fresh=
	for package in "$@"; do
		case $package in
		postgresql | pgbouncer) fresh="$fresh $package" ;;
		esac
	done
	mkdir -p "${cluster%/*}"
	echo "create_main_cluster = false" >"$cluster"
	made="$made $cluster"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -q || echo "deps: apt-get update failed; trying with what is known" >&2
	# shellcheck disable=SC2046
	apt-get install -q -y --no-install-recommends $(packages "$@")
	for service in $fresh; do
		deb-systemd-helper disable "$service.service" >/dev/null 2>&1 || :
		update-rc.d "$service" disable >/dev/null 2>&1 || :
	done
}

say_missing() {
	echo "$1, and these packages are missing (named as in Debian):" >&2
	# shellcheck disable=SC2086
	names=$(packages $lacking)
	for package in $names; do
		echo "  $package" >&2
	done
	if debian; then
		echo "As root: sh orchestrator/dist/deps.sh $target" >&2
		# shellcheck disable=SC2086
		echo "or by hand: apt-get install --no-install-recommends" $names >&2
		echo "Then run the same command again." >&2
	else
		echo "Install them, then run the same command again." >&2
	fi
	exit 1
}

if [ "${1:-}" = --install ]; then
	shift
	install_packages "$@"
	exit 0
fi
tell=
if [ "${1:-}" = --tell ]; then
	tell=yes
	shift
fi
target=${1:-build}
case $target in
build) needs=$build_needs ;;
check) needs=$check_needs ;;
lint) needs=$lint_needs ;;
demo) needs=$demo_needs ;;
test) needs=$test_needs ;;
ci) needs=$ci_needs ;;
bench) needs=$bench_needs ;;
*)
	echo "deps.sh: build, check, lint, demo, test, ci or bench" >&2
	exit 1
	;;
esac
lacking=$(missing "$needs")
[ -n "$lacking" ] || exit 0
[ -z "$tell" ] || say_missing "This target of make installs nothing"
[ "${DEPS:-yes}" != no ] || say_missing "DEPS=no was given"
debian || say_missing "This is neither Debian nor Ubuntu"
as_root=
if [ "$(id -u)" != 0 ]; then
	as_root=sudo
	command -v sudo >/dev/null 2>&1 || say_missing "Installing needs root, and there is no sudo"
fi
# shellcheck disable=SC2046,SC2086
echo "deps: installing" $(packages $lacking) >&2
# shellcheck disable=SC2086
$as_root sh "$0" --install $lacking >&2 || say_missing "apt could not install the packages"
lacking=$(missing "$needs")
[ -z "$lacking" ] || say_missing "apt did not bring everything"
