// SPDX-License-Identifier: MIT
/*
 * NPY files (numpy.lib.format, versions 1 to 3).
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/vectors.h"

#define MAGIC	"\x93NUMPY"

static int complain(const char *name, const char *why, char *error, size_t bytes)
{
	snprintf(error, bytes, "%s: %s", name, why);
	return -1;
}

/* Value after 'key': in the header's dictionary, or NULL. */
static const char *value_of(const char *header, const char *key)
{
	char quoted[32];
	const char *at;

	snprintf(quoted, sizeof(quoted), "'%s'", key);
	at = strstr(header, quoted);
	if (!at)
		return NULL;
	at += strlen(quoted);
	at += strspn(at, " ");
	if (*at++ != ':')
		return NULL;
	return at + strspn(at, " ");
}

/* "(10, 784)" to count and width. */
static int parse_shape(const char *at, struct vectors *v)
{
	uint64_t all = 1, first = 1;
	unsigned int dims = 0;

	if (!at || *at++ != '(')
		return -1;
	for (;;) {
		char *end;
		unsigned long long n;

		at += strspn(at, " ,");
		if (*at == ')')
			break;
		if (*at < '0' || *at > '9')
			return -1;
		errno = 0;
		n = strtoull(at, &end, 10);
		if (errno || !n || __builtin_mul_overflow(all, (uint64_t)n, &all) || all > VECTORS_MAX_BYTES / 4)
			return -1;
		if (!dims++)
			first = n;
		at = end;
	}
	v->count = first;
	v->width = all / first;
	return dims ? 0 : -1;
}

static float element(const uint8_t *at, char kind, unsigned int size)
{
	double d;
	float f;

	if (kind == 'u')
		return at[0];
	if (kind == 'i')
		return (int8_t)at[0];
	if (size == 4) {
		memcpy(&f, at, 4);
		return f;
	}
	memcpy(&d, at, 8);
	if (isinf(d))
		return (float)d;
	return d > 3.4e38 ? 3.4e38f : d < -3.4e38 ? -3.4e38f : (float)d;
}

/* "'<f4'" to kind and size; false if it is none of those that are read. */
static bool parse_type(const char *at, char *kind, unsigned int *size)
{
	static const char *const known[] = { "'<f4'", "'<f8'", "'|u1'", "'|i1'", "'<u1'", "'<i1'" };
	unsigned int i;

	for (i = 0; at && i < sizeof(known) / sizeof(*known); i++)
		if (!strncmp(at, known[i], 5)) {
			*kind = at[2];
			*size = (unsigned int)(at[3] - '0');
			return true;
		}
	return false;
}

static int parse_dictionary(const char *header, const char *name, struct vectors *v, char *kind, unsigned int *size,
			    char *error, size_t bytes)
{
	const char *order = value_of(header, "fortran_order");

	if (!parse_type(value_of(header, "descr"), kind, size))
		return complain(name, "element type is not <f4, <f8, u1 or i1", error, bytes);
	if (!order || strncmp(order, "False", 5))
		return complain(name, "not in C order; save numpy.ascontiguousarray(x)", error, bytes);
	if (parse_shape(value_of(header, "shape"), v))
		return complain(name, "the shape is missing, empty or too large", error, bytes);
	return 0;
}

/* What the first bytes state: shape, kind and size of the elements, and where they start. */
static int parse_header(const uint8_t *data, size_t size, const char *name, struct vectors *v, char *kind,
			unsigned int *each, size_t *start, char *error, size_t bytes)
{
	size_t length;
	char *header;
	int ret;

	if (size < 12 || memcmp(data, MAGIC, 6) || data[6] < 1 || data[6] > 3)
		return complain(name, "not an NPY file of version 1 to 3", error, bytes);
	*start = data[6] == 1 ? 10 : 12;
	length = data[8] | (size_t)data[9] << 8;
	if (data[6] > 1)
		length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
	if (length > size - *start || *start + length > FILE_HEAD)
		return complain(name, "the header is truncated or longer than 4096 bytes", error, bytes);
	header = strndup((const char *)data + *start, length);
	if (!header)
		return complain(name, "out of memory", error, bytes);
	*start += length;
	ret = parse_dictionary(header, name, v, kind, each, error, bytes);
	free(header);
	return ret;
}

static int refuse_value(const char *name, struct vectors *v, size_t at, char *error, size_t bytes)
{
	snprintf(error, bytes, "%s: value %zu of vector %zu is not a finite number", name, at % v->width,
		 at / v->width);
	free(v->values);
	v->values = NULL;
	return -1;
}

int npy_parse(const uint8_t *data, size_t size, const char *name, struct vectors *v, char *error, size_t bytes)
{
	unsigned int each;
	size_t start, i;
	char kind;

	memset(v, 0, sizeof(*v));
	if (parse_header(data, size, name, v, &kind, &each, &start, error, bytes))
		return -1;
	if ((size - start) / each != v->count * v->width || (size - start) % each) {
		snprintf(error, bytes, "%s: the header states %zu x %zu elements of %u bytes, the file holds %zu bytes",
			 name, v->count, v->width, each, size - start);
		return -1;
	}
	v->values = malloc(v->count * v->width * sizeof(float));
	if (!v->values)
		return complain(name, "out of memory", error, bytes);
	for (i = 0; i < v->count * v->width; i++) {
		v->values[i] = element(data + start + i * each, kind, each);
		if (!isfinite(v->values[i]))
			return refuse_value(name, v, i, error, bytes);
	}
	return 0;
}

uint64_t npy_bound(const uint8_t *head, size_t size)
{
	struct vectors v;
	unsigned int each;
	char error[64], kind;
	size_t start;

	if (parse_header(head, size, "", &v, &kind, &each, &start, error, sizeof(error)))
		return 0;
	return start + (uint64_t)v.count * v.width * each;
}

int npy_read(const char *path, struct vectors *v, char *error, size_t bytes)
{
	uint8_t *data;
	size_t size;
	int ret = file_read(path, npy_bound, false, &data, &size, error, bytes);

	if (ret)
		return ret;
	ret = npy_parse(data, size, path, v, error, bytes);
	free(data);
	return ret;
}

int npy_write(const char *path, const struct vectors *v, char *error, size_t bytes)
{
	char header[128] = MAGIC "\x01";
	FILE *f = fopen(path, "wbe");
	int used, failed;

	if (!f)
		return complain(path, strerror(errno), error, bytes);
	header[7] = 0;
	header[8] = 118;
	header[9] = 0;
	used = snprintf(header + 10, 118, "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu), }", v->count,
			v->width);
	memset(header + 10 + used, ' ', (size_t)(117 - used));
	header[127] = '\n';
	failed = fwrite(header, sizeof(header), 1, f) != 1 ||
		 fwrite(v->values, sizeof(float) * v->width, v->count, f) != v->count;
	failed |= fclose(f) != 0;
	return failed ? complain(path, "cannot be written", error, bytes) : 0;
}
