# pgparallel. `make help` lists the targets.
CC ?= cc
B ?= .build
PREFIX ?= /usr/local
# Debian's own Python sees Debian's modules, whatever else is first on the path.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
CSTD = -std=gnu17
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla
OPT ?= -O2 -g
# The one with the most symbols first: the dynamic linker looks for each in this order.
PACKAGES := libcrypto sqlite3 openssl libpq jansson
MSGPACK := $(shell pkg-config --exists msgpack-c 2>/dev/null && echo msgpack-c || echo msgpack)
PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) $(MSGPACK) 2>/dev/null)
PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES) $(MSGPACK) 2>/dev/null || echo -lpq -lsqlite3 -lssl -lcrypto -ljansson -lmsgpackc)
CPPFLAGS_ALL = -I. -I$(B)/embed -D_GNU_SOURCE $(PACKAGE_CFLAGS) $(CPPFLAGS)
# A transaction's way crosses these files: the compiler sees them as one when the program is linked, where it can. The
# objects hold plain code as well, for the archive, the tests that link with it and the test of symbols.
TOGETHER = worker/lane worker/pg worker/pg_query worker/pick worker/session worker/session_ask worker/tally \
	$(basename $(wildcard worker/session_load*.c)) shared/clock shared/hist shared/slot
LTO_FLAGS = -flto=1 -flto-partition=none -ffat-lto-objects
LTO := $(shell $(CC) -Werror $(LTO_FLAGS) -E -x c /dev/null >/dev/null 2>&1 && echo $(LTO_FLAGS))
CFLAGS_ALL = $(CSTD) $(OPT) $(WARN) -fno-strict-aliasing -pthread $(CFLAGS)
LIBS = $(PACKAGE_LIBS) -lm -pthread

SOURCES = $(wildcard shared/*.c worker/*.c reports/*.c orchestrator/*.c)
OBJECTS = $(SOURCES:%.c=$(B)/%.o)
LIBRARY_OBJECTS = $(filter-out $(B)/orchestrator/main.o,$(OBJECTS))
UNIT_TESTS = $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c tests/session/test_*.c tests/process/test_*.c))
TEST_TOOLS = $(patsubst %.c,$(B)/%,$(wildcard tests/*/tool_*.c))
# Files that become bytes of the program: `static const unsigned char x[] = {` #include "reports/assets/report.css.inc" `};`
EMBEDDED = $(patsubst %,$(B)/embed/%.inc,$(wildcard reports/*.sql reports/assets/*))
PROGRAM = $(if $(wildcard orchestrator/main.c),$(B)/pgparallel)
C_FILES = $(wildcard shared/*.[ch] worker/*.[ch] reports/*.[ch] orchestrator/*.[ch] tests/*/*.[ch])

all: $(B)/libpgparallel.a $(PROGRAM) ## build the program (the default)

$(TOGETHER:%=$(B)/%.o): OPT += $(LTO)

$(B)/pgparallel: $(OBJECTS)
	$(CC) $(CFLAGS_ALL) $(LTO) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libpgparallel.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(B)/%.o: %.c | $(EMBEDDED) $(B)/deps
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/deps: orchestrator/dist/deps.sh
	@sh $< --tell build
	@mkdir -p $(@D) && touch $@

$(B)/embed/%.inc: % | $(B)/deps
	@mkdir -p $(@D)
	od -An -v -tx1 $< | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g' > $@.tmp
	@mv $@.tmp $@

$(B)/tests/%: tests/%.c $(B)/libpgparallel.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fno-lto -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(B)/libpgparallel.a -lcmocka $(LIBS)

# Those of make bench need no test library.
$(B)/tests/bench/%: tests/bench/%.c $(B)/libpgparallel.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fno-lto -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(B)/libpgparallel.a $(LIBS)

demo: ## install what is missing, run five queries in parallel on a throwaway server
	@sh orchestrator/dist/deps.sh demo
	@$(MAKE) --no-print-directory -s all
	@sh orchestrator/dist/demo.sh $(B)

test: ## install what is missing, run every test
	@sh orchestrator/dist/deps.sh test
	@$(MAKE) --no-print-directory -s all test-build
	@$(PYTHON) tests/run --build $(B)

check: ## the tests that need no database server
	@sh orchestrator/dist/deps.sh --tell check
	@$(MAKE) --no-print-directory -s all test-build
	@$(PYTHON) tests/run --build $(B) --without-server

unit: $(UNIT_TESTS) ## only the C test programs
	@failed=0; for t in $(UNIT_TESTS); do $$t || failed=1; done; exit $$failed

# The second build has hooks that tests use to break things: no release has them.
test-build: $(UNIT_TESTS) $(TEST_TOOLS)
	@$(MAKE) --no-print-directory -s B=$(B)/test CPPFLAGS='$(CPPFLAGS) -DPGPARALLEL_TEST_HOOKS' all

install: all manual ## into $(DESTDIR)$(PREFIX)
	install -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(PREFIX)/share/man/man1' \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions' '$(DESTDIR)$(PREFIX)/share/pgparallel/examples'
	install -m 755 $(B)/pgparallel '$(DESTDIR)$(PREFIX)/bin/pgparallel'
	install -m 644 $(B)/pgparallel.1 '$(DESTDIR)$(PREFIX)/share/man/man1/pgparallel.1'
	install -m 644 $(B)/pgparallel.bash '$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pgparallel'
	install -m 644 orchestrator/examples/*.sql '$(DESTDIR)$(PREFIX)/share/pgparallel/examples'
	for f in $(wildcard reports/*.schema.json); do install -m 644 $$f '$(DESTDIR)$(PREFIX)/share/pgparallel'; done

uninstall: ## take it away again
	rm -f '$(DESTDIR)$(PREFIX)/bin/pgparallel' '$(DESTDIR)$(PREFIX)/share/man/man1/pgparallel.1' \
		'$(DESTDIR)$(PREFIX)/share/bash-completion/completions/pgparallel'
	rm -rf '$(DESTDIR)$(PREFIX)/share/pgparallel'

manual: $(B)/pgparallel.1 $(B)/pgparallel.bash ## the man page and the bash completion, made by the program

$(B)/pgparallel.1: $(B)/pgparallel
	$(B)/pgparallel help man > $@.tmp && mv $@.tmp $@

$(B)/pgparallel.bash: $(B)/pgparallel
	$(B)/pgparallel help completion > $@.tmp && mv $@.tmp $@

readme: all ## write the README's option section again
	@$(PYTHON) tests/house/readme.py --write $(B)/pgparallel

# What is undefined ends the program: a line on stderr alone fails no test.
FATAL = -fno-sanitize-recover=undefined
SANITIZED = OPT='-O1 -g -fno-omit-frame-pointer'
asan: ## the server-less tests with address and undefined behaviour sanitizers
	@$(MAKE) --no-print-directory -s B=.build/asan $(SANITIZED) CFLAGS='-fsanitize=address,undefined $(FATAL)' \
		LDFLAGS='-fsanitize=address,undefined' check

tsan: ## the server-less tests with the thread sanitizer
	@$(MAKE) --no-print-directory -s B=.build/tsan $(SANITIZED) CFLAGS='-fsanitize=thread' \
		LDFLAGS='-fsanitize=thread' check

lint: $(EMBEDDED) ## clang-format, cppcheck and clang-tidy
	@sh orchestrator/dist/deps.sh --tell lint
	@B=$(B) sh tests/house/lint.sh $(C_FILES)

format: ## lay every C file out again
	clang-format -i $(C_FILES)

soak: ## the long forms of the random tests
	@sh orchestrator/dist/deps.sh test
	@$(MAKE) --no-print-directory -s all test-build
	@SOAK=1 $(PYTHON) tests/run --build $(B)

bench-deps: ## install the peers that make bench compares with
	@sh orchestrator/dist/deps.sh bench

bench: all $(B)/tests/bench/tool_hand_out ## compare with other programs, 20 minutes; ROW=1 for one row of 10
	@$(PYTHON) tests/bench/bench.py --program $(B)/pgparallel $(if $(ROW),--row $(ROW)) --out $(B)/bench

clean: ## remove what was built
	rm -rf .build

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1\t/p' Makefile | while IFS='	' read -r t w; do printf '  %-11s %s\n' "$$t" "$$w"; done

.PHONY: all demo test check unit test-build install uninstall manual readme asan tsan lint format soak bench-deps bench clean help
.DELETE_ON_ERROR:
-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d) $(TEST_TOOLS:=.d)
