// SPDX-License-Identifier: MIT
/*
 * Reading a file as a whole, unpacked if it is gzip. What it states of itself in its first bytes bounds the memory that
 * is taken for it, however far a few bytes of gzip may unpack.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* One byte more than the bound is asked for, so that a file that holds more than it states is found out. */
static int read_all(gzFile f, const char *path, file_bound bound, uint8_t **data, size_t *size, char *error,
		    size_t bytes)
{
	uint64_t most = FILE_HEAD;
	size_t room = 0;
	bool end = false;

	while (!end) {
		uint8_t *more;

		if (room == FILE_HEAD)
			most = bound(*data, *size);
		if (room && (!most || *size > most))
			return most ? complain(path, "holds more data than its header states", error, bytes) : 0;
		room = !room ? FILE_HEAD : room < STEP ? STEP : 2 * room;
		if (room > FILE_HEAD && room > most)
			room = most + 1;
		more = realloc(*data, room);
		if (!more)
			return complain(path, "out of memory", error, bytes);
		*data = more;
		if (read_until(f, path, *data, size, room, &end, error, bytes))
			return -1;
	}
	return 0;
}

int file_read(const char *path, file_bound bound, bool packed, uint8_t **data, size_t *size, char *error,
	      size_t bytes)
{
	gzFile f = gzopen(path, "rbe");
	int ret;

	*data = NULL;
	*size = 0;
	if (!f)
		return complain(path, strerror(errno ? errno : ENOMEM), error, bytes);
	if (!packed && !gzdirect(f))
		ret = complain(path, "is gzip; unpack it first", error, bytes);
	else
		ret = read_all(f, path, bound, data, size, error, bytes);
	gzclose(f);
	if (ret) {
		free(*data);
		*data = NULL;
	}
	return ret;
}
