/*
 * output: renderer by format, and writing whole files.
 */
#include "orchestrator/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool output_render(const struct rendering *r, const struct options *options, struct buf *out, struct err *err)
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

static bool write_directly(const char *path, const struct buf *content, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return refuse(path, "open", err);
	bool ok = write_all(fd, content) || refuse(path, "write", err);
	if (close(fd) != 0 && ok)
		ok = refuse(path, "write", err);
	return ok;
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

bool output_write(const char *path, const struct buf *content, struct err *err)
{
	struct stat st;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		if (S_ISDIR(st.st_mode)) {
			errno = EISDIR;
			return refuse(path, "write", err);
		}
		return write_directly(path, content, err);
	}
	struct buf name = {0};
	int fd = create_beside(path, &name);
	if (fd < 0) {
		buf_free(&name);
		return refuse(path, "create", err);
	}
	bool ok = (write_all(fd, content) && fsync(fd) == 0) || refuse(path, "write", err);
	if (close(fd) != 0 && ok)
		ok = refuse(path, "write", err);
	if (ok && rename(buf_str(&name), path) != 0)
		ok = refuse(path, "rename", err);
	if (!ok)
		unlink(buf_str(&name));
	else
		sync_folder(path);
	buf_free(&name);
	return ok;
}
