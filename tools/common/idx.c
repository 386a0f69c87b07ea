// SPDX-License-Identifier: MIT
/*
 * IDX files, as MNIST uses them: two zero bytes, type, number of dimensions, big-endian dimensions, data.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "common/vectors.h"

#define IDX_UBYTE 0x08
#define IDX_MAX_ELEMENTS (VECTORS_MAX_BYTES / sizeof(float))

static int complain(const char *name, const char *why, char *error, size_t bytes)
{
	snprintf(error, bytes, "%s: %s", name, why);
	return -1;
}

static uint64_t dimension(const uint8_t *data, unsigned int i)
{
	const uint8_t *d = data + 4 + 4 * i;

	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

int idx_parse(const uint8_t *data, size_t size, const char *name, unsigned int dims_min, unsigned int dims_max,
	      uint64_t dim[8], const uint8_t **body, char *error, size_t bytes)
{
	uint64_t all = 1;
	unsigned int i, dims;

	if (size < 4 || data[0] || data[1])
		return complain(name, "not an IDX file", error, bytes);
	if (data[2] != IDX_UBYTE)
		return complain(name, "the elements are not unsigned bytes", error, bytes);
	dims = data[3];
	if (dims < dims_min || dims > dims_max || dims > 8) {
		snprintf(error, bytes, "%s: %u dimensions, %u to %u are expected; are images and labels swapped?", name,
			 dims, dims_min, dims_max);
		return -1;
	}
	if (size < 4 + 4u * dims)
		return complain(name, "truncated in the header", error, bytes);
	for (i = 0; i < dims; i++) {
		dim[i] = dimension(data, i);
		if (!dim[i] || __builtin_mul_overflow(all, dim[i], &all) || all > IDX_MAX_ELEMENTS)
			return complain(name, "a dimension is zero or the data would be larger than 1 GiB", error, bytes);
	}
	if (size - 4 - 4u * dims != all) {
		snprintf(error, bytes, "%s: the header states %llu bytes of data, the file holds %zu", name,
			 (unsigned long long)all, size - 4 - 4u * dims);
		return -1;
	}
	*body = data + 4 + 4u * dims;
	return (int)dims;
}

uint64_t idx_bound(const uint8_t *head, size_t size)
{
	uint64_t all = 1;
	unsigned int i, dims = size < 4 || head[0] || head[1] || head[2] != IDX_UBYTE ? 0 : head[3];

	if (!dims || dims > 8 || size < 4 + 4u * dims)
		return 0;
	for (i = 0; i < dims; i++)
		if (__builtin_mul_overflow(all, dimension(head, i), &all) || !all || all > IDX_MAX_ELEMENTS)
			return 0;
	return 4 + 4u * dims + all;
}

int idx_read_images(const char *path, struct vectors *v, char *error, size_t bytes)
{
	const uint8_t *body;
	uint64_t dim[8];
	uint8_t *data;
	size_t size, i;
	int dims, k;

	memset(v, 0, sizeof(*v));
	if (file_read(path, idx_bound, true, &data, &size, error, bytes))
		return -1;
	dims = idx_parse(data, size, path, 2, 8, dim, &body, error, bytes);
	if (dims > 0) {
		v->count = dim[0];
		for (v->width = 1, k = 1; k < dims; k++)
			v->width *= dim[k];
		v->values = malloc(v->count * v->width * sizeof(float));
		if (!v->values)
			dims = complain(path, "out of memory", error, bytes);
		for (i = 0; v->values && i < v->count * v->width; i++)
			v->values[i] = (float)body[i] / 255.0f;
	}
	free(data);
	return dims > 0 ? 0 : -1;
}

int idx_read_labels(const char *path, struct labels *l, char *error, size_t bytes)
{
	const uint8_t *body;
	uint64_t dim[8];
	uint8_t *data;
	size_t size;
	int dims;

	memset(l, 0, sizeof(*l));
	if (file_read(path, idx_bound, true, &data, &size, error, bytes))
		return -1;
	dims = idx_parse(data, size, path, 1, 1, dim, &body, error, bytes);
	if (dims > 0) {
		memmove(data, body, dim[0]);
		l->count = dim[0];
		l->values = data;
		return 0;
	}
	free(data);
	return -1;
}
