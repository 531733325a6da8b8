/*
 * log: the parent's log, to a file, to standard error, or to both. One line is one write, so that lines of two
 * programs that share a file do not mix. Only the parent calls it; the file stays open until log_close.
 */
#include "shared/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shared/buf.h"
#include "shared/clock.h"
#include "shared/redact.h"

static struct {
	int fd; /* -1 = none */
	bool to_stderr;
	enum log_level most;
	bool people;
	void (*before)(void *context);
	void *context;
} sink = {.fd = -1};

bool log_open(const char *path, bool to_stderr, enum log_level most, struct err *err)
{
	log_close();
	if (path != NULL) {
		sink.fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
		if (sink.fd < 0)
			return err_set(err, EXIT_USAGE,
			        "cannot open the log file %s: %s; use --log-file=FILE with a path you can write", path,
			        strerror(errno));
	}
	sink.to_stderr = to_stderr;
	sink.most = most;
	return true;
}

void log_close(void)
{
	if (sink.fd >= 0)
		close(sink.fd);
	sink.fd = -1;
	sink.to_stderr = false;
}

void log_people(bool warnings, void (*before)(void *context), void *context)
{
	sink.people = warnings;
	sink.before = before;
	sink.context = context;
}

static bool for_people(enum log_level level)
{
	return sink.people && !sink.to_stderr && level <= LEVEL_WARNING;
}

bool log_enabled(enum log_level level)
{
	return ((sink.fd >= 0 || sink.to_stderr) && level <= sink.most) || for_people(level);
}

/* Length of the well-formed and harmless UTF-8 character at p, 0 when it is to be made visible instead. */
static size_t character(const unsigned char *p)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = *p < 0x80 ? 1 : *p >= 0xf8 ? 0 : *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;

	if (len == 1)
		return *p >= 0x20 && *p != 0x7f;
	if (len == 0)
		return 0;
	uint32_t code = *p & (0xffu >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3fu);
	}
	if (code < least[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	if (code < 0xa0) /* C1 controls: some terminals take U+009B for ESC [ */
		return 0;
	/* Line separators and bidirectional overrides would let a text show as something else than it is. */
	if ((code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069))
		return 0;
	return len;
}

/* The visible form of one byte; returns its length (at most 4). */
static size_t visible(unsigned char c, char out[8])
{
	const char *named = c == '\n' ? "\\n" : c == '\t' ? "\\t" : c == '\r' ? "\\r" : NULL;

	if (named != NULL)
		return (size_t)snprintf(out, 8, "%s", named);
	return (size_t)snprintf(out, 8, "\\x%02x", c);
}

void log_printable(const char *text, char *out, unsigned long out_size)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t used = 0;

	while (*p != '\0') {
		char form[8];
		size_t taken = character(p), len = taken;
		const char *from = (const char *)p;

		if (taken == 0) {
			len = visible(*p, form);
			from = form;
			taken = 1;
		}
		if (used + len >= out_size)
			break;
		memcpy(out + used, from, len);
		used += len;
		p += taken;
	}
	out[used] = '\0';
}

/* Appends text made printable, however long. */
static void put_printable(struct buf *line, const char *text)
{
	size_t most = strlen(text) * 4 + 1;

	buf_reserve(line, most);
	log_printable(text, line->data + line->len, most);
	line->len += strlen(line->data + line->len);
}

static void write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return; /* a full disk must not end a run: the results are elsewhere */
		data += n;
		len -= (size_t)n;
	}
}

static void put_context(struct buf *line, const struct log_context *about)
{
	if (about == NULL || (about->worker <= 0 && about->pid <= 0 && about->task == NULL))
		return;
	const char *gap = "";

	buf_putc(line, '[');
	if (about->worker > 0) {
		buf_printf(line, "w%d", about->worker);
		gap = " ";
	}
	if (about->pid > 0) {
		buf_printf(line, "%spid %d", gap, about->pid);
		gap = " ";
	}
	if (about->task != NULL) {
		buf_printf(line, "%stask ", gap);
		put_printable(line, about->task);
	}
	buf_puts(line, "] ");
}

void log_write(enum log_level level, const struct log_context *about, const char *format, ...)
{
	static const char *const names[] = {"ERROR", "WARNING", "INFO", "DEBUG"};

	if (!log_enabled(level))
		return;
	struct buf said = {0}, text = {0}, line = {0};
	char when[32];
	va_list args;

	va_start(args, format);
	buf_vprintf(&said, format, args);
	va_end(args);
	redact(buf_str(&said), &text); /* here, as every line to a log or a terminal passes */
	buf_free(&said);
	clock_iso(clock_wall_us(), when);
	buf_printf(&line, "%s %s ", when, names[level]);
	put_context(&line, about);
	put_printable(&line, buf_str(&text));
	buf_putc(&line, '\n');
	if (sink.fd >= 0 && level <= sink.most)
		write_all(sink.fd, line.data, line.len);
	if (for_people(level)) {
		buf_clear(&line);
		buf_puts(&line, level == LEVEL_WARNING ? "pgparallel: warning: " : "pgparallel: ");
		put_printable(&line, buf_str(&text));
		buf_putc(&line, '\n');
	}
	if (for_people(level) || (sink.to_stderr && level <= sink.most)) {
		if (sink.before != NULL)
			sink.before(sink.context);
		write_all(STDERR_FILENO, line.data, line.len);
	}
	buf_free(&line);
	buf_free(&text);
}
