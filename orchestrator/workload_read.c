/*
 * workload_read: the only part of the workload that touches files. workload_load reads everything and hands it to
 * workload_parse.
 */
#include "orchestrator/workload.h"
#include "orchestrator/workload_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Offsets and lines are ints in places, and the server takes no message above 1 GB. */
#define FILE_MOST (1000u * 1000 * 1000)

static bool refuse_file(const char *path, const char *what, struct err *err)
{
	return err_set(err, EXIT_USAGE, "cannot read %s: %s", workload_path_name(path), what);
}

static bool read_all(int fd, const char *path, struct buf *b, struct err *err)
{
	for (;;) {
		buf_reserve(b, 65536);
		ssize_t n = read(fd, b->data + b->len, b->cap - b->len - 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse_file(path, strerror(errno), err);
		if (n == 0)
			return true;
		b->len += (size_t)n;
		b->data[b->len] = '\0';
		if (b->len > FILE_MOST)
			return refuse_file(path, "more than 1 GB; split it", err);
	}
}

bool workload_read(const char *path, struct buf *b, struct err *err)
{
	/* It is there once, and may be asked for again by who finds out how the workload is to be read. */
	static struct buf standard_input;
	static bool standard_input_read;
	struct stat st;

	if (strcmp(path, "-") == 0) {
		if (!standard_input_read && !read_all(STDIN_FILENO, path, &standard_input, err))
			return false;
		standard_input_read = true;
		buf_append(b, standard_input.data, standard_input.len);
		return true;
	}
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return refuse_file(path, strerror(errno), err);
	bool ok = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)
	                  ? refuse_file(path, "it is a directory; name a .sql file", err)
	                  : read_all(fd, path, b, err);

	close(fd);
	return ok;
}

struct plan *workload_load(
        const char *const *paths, int npaths, const char *data_path, int default_retries, struct err *err)
{
	struct buf *bufs = mem_zero((size_t)npaths + 1, sizeof *bufs);
	struct workload_text *texts = mem_zero((size_t)npaths + 1, sizeof *texts);
	struct plan *plan = NULL;
	bool ok = npaths > 0 || err_set(err, EXIT_USAGE, "no workload; give one with -f FILE.sql");
	int stdins = 0;

	for (int i = 0; ok && i <= npaths; i++) {
		const char *path = i < npaths ? paths[i] : data_path;

		if (path == NULL)
			continue;
		if (strcmp(path, "-") == 0 && stdins++ > 0)
			ok = err_set(err, EXIT_USAGE,
			        "standard input (-) can be read only once; give the other one as a file");
		ok = ok && workload_read(path, &bufs[i], err);
		texts[i] = (struct workload_text){
		        .path = workload_path_name(path), .text = buf_str(&bufs[i]), .len = bufs[i].len};
	}
	if (ok)
		plan = workload_parse(texts, npaths, data_path != NULL ? &texts[npaths] : NULL, default_retries, err);
	for (int i = 0; i <= npaths; i++)
		buf_free(&bufs[i]);
	free(bufs);
	free(texts);
	return plan;
}
