# pgparallel. `make help` lists the targets.
CC ?= cc
B ?= .build
CSTD = -std=gnu17
WARN = -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla
OPT ?= -O2 -g
CPPFLAGS_ALL = -I. -D_GNU_SOURCE $(shell pkg-config --cflags libpq sqlite3 openssl jansson 2>/dev/null) $(CPPFLAGS)
CFLAGS_ALL = $(CSTD) $(OPT) $(WARN) -fno-strict-aliasing -pthread $(CFLAGS)
LIBS = $(shell pkg-config --libs libpq sqlite3 openssl jansson 2>/dev/null) -lmsgpackc -lm -pthread

SOURCES = $(wildcard shared/*.c worker/*.c reports/*.c orchestrator/*.c)
OBJECTS = $(SOURCES:%.c=$(B)/%.o)
LIBRARY_OBJECTS = $(filter-out $(B)/orchestrator/main.o,$(OBJECTS))
UNIT_TESTS = $(patsubst %.c,$(B)/%,$(wildcard tests/unit/test_*.c tests/session/test_*.c tests/process/test_*.c))

all: $(B)/pgparallel

$(B)/pgparallel: $(OBJECTS)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS) -o $@ $^ $(LIBS)

$(B)/libpgparallel.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	ar rcs $@ $^

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

$(B)/tests/%: tests/%.c $(B)/libpgparallel.a
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -MF $@.d $(LDFLAGS) -o $@ $< $(B)/libpgparallel.a -lcmocka $(LIBS)

unit: $(UNIT_TESTS)
	@for t in $(UNIT_TESTS); do $$t || exit 1; done

clean:
	rm -rf .build

.PHONY: all unit clean
-include $(OBJECTS:.o=.d)
