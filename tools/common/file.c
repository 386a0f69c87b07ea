// SPDX-License-Identifier: MIT
/*
 * Reading a file as a whole, unpacked if it is gzip.
 */
#include <errno.h>
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

static int read_all(gzFile f, const char *path, uint8_t **data, size_t *size, char *error, size_t bytes)
{
	size_t room = 0;

	for (;;) {
		uint8_t *more;
		int n, code;

		if (*size == room) {
			if (room >= VECTORS_MAX_BYTES)
				return complain(path, "unpacks to more than 4 GiB", error, bytes);
			room = room ? 2 * room : STEP;
			more = realloc(*data, room);
			if (!more)
				return complain(path, "out of memory", error, bytes);
			*data = more;
		}
		n = gzread(f, *data + *size, (unsigned int)(room - *size < STEP ? room - *size : STEP));
		if (n < 0)
			return complain(path, gzerror(f, &code), error, bytes);
		if (!n)
			return gzerror(f, &code), code < 0 ? complain(path, "truncated gzip data", error, bytes) : 0;
		*size += (size_t)n;
	}
}

int file_read(const char *path, uint8_t **data, size_t *size, char *error, size_t bytes)
{
	gzFile f = gzopen(path, "rbe");
	int ret;

	*data = NULL;
	*size = 0;
	if (!f)
		return complain(path, strerror(errno ? errno : ENOMEM), error, bytes);
	ret = read_all(f, path, data, size, error, bytes);
	gzclose(f);
	if (ret) {
		free(*data);
		*data = NULL;
	}
	return ret;
}
