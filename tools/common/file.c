// SPDX-License-Identifier: MIT
/*
 * Reading a file as a whole, unpacked if it is gzip. What it states of itself in its first bytes bounds the memory that
 * is taken for it, however far a few bytes of gzip may unpack.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include "common/vectors.h"

#define STEP (1u << 20)

static int complain(const char *path, const char *why, char *error, size_t bytes)
{
	snprintf(error, bytes, "%s: %s", path, why);
	return -1;
}

/* What zlib says, without the path that it puts before. */
static const char *gzip_error(gzFile f, const char *path)
{
	size_t n = strlen(path);
	int code;
	const char *text = gzerror(f, &code);

	return strncmp(text, path, n) || strncmp(text + n, ": ", 2) ? text : text + n + 2;
}

/* Reads until @size is @want or the file ends; *end tells which. */
static int read_until(gzFile f, const char *path, uint8_t *data, size_t *size, size_t want, bool *end, char *error,
		      size_t bytes)
{
	int n, code;

	for (*end = false; *size < want; *size += (size_t)n) {
		n = gzread(f, data + *size, (unsigned int)(want - *size < STEP ? want - *size : STEP));
		if (n < 0)
			return complain(path, gzip_error(f, path), error, bytes);
		if (!n) {
			*end = true;
			gzerror(f, &code);
			return code < 0 ? complain(path, "truncated gzip data", error, bytes) : 0;
		}
	}
	return 0;
}

/* A plain file tells its size before it is read. */
static int check_size(gzFile f, int fd, const char *path, uint64_t stated, char *error, size_t bytes)
{
	struct stat st;

	if (!gzdirect(f) || fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size == stated)
		return 0;
	return complain(path, (uint64_t)st.st_size > stated ? "holds more data than its header states" :
			"holds less data than its header states", error, bytes);
}

/* The head, then the rest. One byte more than is stated is asked for: a file that holds more is found out. */
static int read_all(gzFile f, int fd, const char *path, file_bound bound, uint8_t **data, size_t *size,
		    char *error, size_t bytes)
{
	size_t room = FILE_HEAD;
	uint64_t stated = 0;
	bool end = false;

	for (;;) {
		uint8_t *more = realloc(*data, room);

		if (!more)
			return complain(path, "out of memory", error, bytes);
		*data = more;
		if (read_until(f, path, *data, size, room, &end, error, bytes))
			return -1;
		if (end)
			return 0;
		if (room == FILE_HEAD) {
			stated = bound(*data, *size);
			if (!stated)
				return 0;
			if (check_size(f, fd, path, stated, error, bytes))
				return -1;
		}
		if (*size > stated)
			return complain(path, "holds more data than its header states", error, bytes);
		room = 2 * room < STEP ? STEP : 2 * room;
		room = room > stated ? stated + 1 : room;
	}
}

int file_read(const char *path, file_bound bound, bool packed, uint8_t **data, size_t *size, char *error,
	      size_t bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	gzFile f = fd < 0 ? NULL : gzdopen(fd, "rb");

	*data = NULL;
	*size = 0;
	if (!f) {
		complain(path, strerror(fd < 0 ? errno : ENOMEM), error, bytes);
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (!packed && !gzdirect(f))
		ret = complain(path, "is gzip; unpack it first", error, bytes);
	else
		ret = read_all(f, fd, path, bound, data, size, error, bytes);
	gzclose(f);
	if (ret) {
		free(*data);
		*data = NULL;
	}
	return ret;
}
