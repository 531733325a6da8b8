/*
 * output: renderer by format, and writing whole files. See output.h.
 */
#include "orchestrator/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool output_render(const struct rendering *r, const struct options *options, struct buf *out, struct err *err)
{
	switch (options->format) {
	case FORMAT_HTML:
		html_render(r, out);
		return true;
	case FORMAT_JSON:
		json_render(r, out);
		return true;
	case FORMAT_MARKDOWN:
		markdown_render(r, options->proof, out);
		return true;
	case FORMAT_CSV:
		return csv_render(r, options->csv_table, options->csv_raw, out, err);
	case FORMAT_NONE:
		break;
	}
	return true;
}

static bool write_all(int fd, const struct buf *content)
{
	for (size_t written = 0; written < content->len;) {
		ssize_t n = write(fd, content->data + written, content->len - written);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		written += (size_t)n;
	}
	return true;
}

static bool refuse(const char *path, const char *what, struct err *err)
{
	return err_set(err, EXIT_STORE, "cannot %s the report %s: %s; try another place with -o FILE", what, path,
	        strerror(errno));
}

/* The folder is synced as well, or a crash could forget the new name. */
static void sync_folder(const char *path)
{
	struct buf folder = {0};
	const char *slash = strrchr(path, '/');
	buf_append(&folder, slash != NULL ? path : ".", slash == NULL || slash == path ? 1 : (size_t)(slash - path));
	int fd = open(buf_str(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	buf_free(&folder);
}

/* A file of the first name was left by a process of this number that was killed (in a container numbers repeat), or is
 * being written by one of another container: it is left alone. */
static int create_beside(const char *path, struct buf *name)
{
	for (int n = 1; n < 100; n++) {
		buf_clear(name);
		buf_printf(name, "%s.%ld-%d.tmp", path, (long)getpid(), n);
		int fd = open(buf_str(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			return fd;
	}
	return -1;
}

/* Devices and pipes are written to as they are. */
static bool open_special(struct output *o, const struct stat *st, struct err *err)
{
	if (S_ISDIR(st->st_mode)) {
		errno = EISDIR;
		return refuse(o->path, "write", err);
	}
	o->fd = open(o->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return o->fd >= 0 || refuse(o->path, "open", err);
}

bool output_open(struct output *o, const char *path, struct err *err)
{
	struct stat st;

	*o = (struct output){.path = path, .fd = -1};
	if (path == NULL)
		return true;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return open_special(o, &st, err);
	o->fd = create_beside(path, &o->name);
	if (o->fd >= 0)
		return true;
	refuse(path, "create", err);
	buf_free(&o->name);
	return false;
}

bool output_put(struct output *o, const struct buf *part, struct err *err)
{
	o->bytes += part->len;
	if (o->path != NULL)
		return write_all(o->fd, part) || refuse(o->path, "write", err);
	if (fwrite(buf_str(part), 1, part->len, stdout) == part->len)
		return true;
	return err_set(err, EXIT_STORE, "the report could not be written to standard output: %s", strerror(errno));
}

bool output_close(struct output *o, bool ok, struct err *err)
{
	bool temporary = o->name.len > 0;

	if (ok && temporary && fsync(o->fd) != 0)
		ok = refuse(o->path, "write", err);
	if (o->fd >= 0 && close(o->fd) != 0 && ok)
		ok = refuse(o->path, "write", err);
	o->fd = -1;
	if (ok && temporary && rename(buf_str(&o->name), o->path) != 0)
		ok = refuse(o->path, "rename", err);
	if (ok && temporary)
		sync_folder(o->path);
	else if (temporary)
		unlink(buf_str(&o->name));
	buf_free(&o->name);
	return ok;
}

bool output_write(const char *path, const struct buf *content, struct err *err)
{
	struct output o;

	return output_open(&o, path, err) && output_close(&o, output_put(&o, content, err), err);
}

static bool take_part(void *to, const struct buf *part, struct err *err)
{
	return output_put(to, part, err);
}

bool output_put_report(struct output *o, struct rendering *r, const struct options *options, struct err *err)
{
	const struct render_drain drain = {take_part, o};
	struct buf rest = {0};

	r->drain = &drain;
	bool ok = output_render(r, options, &rest, err) && output_put(o, &rest, err);
	r->drain = NULL;
	buf_free(&rest);
	return ok;
}
