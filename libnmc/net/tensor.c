// SPDX-License-Identifier: MIT
/*
 * Tensors of an ONNX file: typed or raw data.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/net/net.h"
#include "libnmc/net/tensor.h"

enum onnx_type { ONNX_FLOAT = 1, ONNX_INT64 = 7, ONNX_DOUBLE = 11 };

static int read_dims(const NmcOnnx__Tensor *from, const char *where, struct tensor *t)
{
	size_t i;

	if (from->n_dims > TENSOR_MAX_DIMS)
		return fail(-EINVAL, "%s: %zu dimensions, at most %u are supported", where, from->n_dims, TENSOR_MAX_DIMS);
	t->dims = (unsigned int)from->n_dims;
	t->count = 1;
	for (i = 0; i < from->n_dims; i++) {
		if (from->dims[i] < 0 || __builtin_mul_overflow(t->count, (size_t)from->dims[i], &t->count) ||
		    t->count > NET_MAX_WEIGHTS)
			return fail(-EINVAL, "%s: dimension %zu is %lld, which cannot be", where, i,
				    (long long)from->dims[i]);
		t->dim[i] = (uint64_t)from->dims[i];
	}
	return 0;
}

static int wrong_size(const char *where, size_t have, size_t want)
{
	return fail(-EINVAL, "%s: the dimensions ask for %zu elements, the data holds %zu", where, want, have);
}

static int read_float(const NmcOnnx__Tensor *from, const char *where, struct tensor *t)
{
	size_t have = from->has_raw_data ? from->raw_data.len / sizeof(float) : from->n_float_data;

	if (have != t->count || (from->has_raw_data && from->raw_data.len % sizeof(float)))
		return wrong_size(where, have, t->count);
	t->values = malloc(t->count * sizeof(float) + 1);
	if (!t->values)
		return fail_memory();
	if (t->count)
		memcpy(t->values, from->has_raw_data ? (const void *)from->raw_data.data : from->float_data,
		       t->count * sizeof(float));
	return 0;
}

static int read_double(const NmcOnnx__Tensor *from, const char *where, struct tensor *t)
{
	size_t have = from->has_raw_data ? from->raw_data.len / sizeof(double) : from->n_double_data, i;

	if (have != t->count || (from->has_raw_data && from->raw_data.len % sizeof(double)))
		return wrong_size(where, have, t->count);
	t->values = malloc(t->count * sizeof(float) + 1);
	if (!t->values)
		return fail_memory();
	for (i = 0; i < t->count; i++) {
		double x;

		if (from->has_raw_data)
			memcpy(&x, from->raw_data.data + i * sizeof(x), sizeof(x));
		else
			x = from->double_data[i];
		if (!(x >= -3.4e38 && x <= 3.4e38))
			return fail(-EINVAL, "%s: element %zu does not fit a float", where, i);
		t->values[i] = (float)x;
	}
	return 0;
}

static int read_int64(const NmcOnnx__Tensor *from, const char *where, struct tensor *t)
{
	size_t have = from->has_raw_data ? from->raw_data.len / sizeof(int64_t) : from->n_int64_data;

	if (have != t->count || (from->has_raw_data && from->raw_data.len % sizeof(int64_t)))
		return wrong_size(where, have, t->count);
	t->integers = malloc(t->count * sizeof(int64_t) + 1);
	if (!t->integers)
		return fail_memory();
	if (t->count)
		memcpy(t->integers, from->has_raw_data ? (const void *)from->raw_data.data : from->int64_data,
		       t->count * sizeof(int64_t));
	return 0;
}

int tensor_read(const NmcOnnx__Tensor *from, const char *where, struct tensor *t)
{
	int ret;

	memset(t, 0, sizeof(*t));
	t->name = from->name;
	if (from->data_location)
		return fail(-ENOTSUP, "%s: data in another file is not supported; export with the weights inside", where);
	ret = read_dims(from, where, t);
	if (ret)
		return ret;
	switch (from->data_type) {
	case ONNX_FLOAT:
		ret = read_float(from, where, t);
		break;
	case ONNX_DOUBLE:
		ret = read_double(from, where, t);
		break;
	case ONNX_INT64:
		ret = read_int64(from, where, t);
		break;
	default:
		ret = fail(-ENOTSUP, "%s: element type %d is not supported (float, double and int64 are)", where,
			   from->data_type);
	}
	if (ret)
		tensor_free(t);
	return ret;
}

/* Room for @n elements of @bytes each, in one dimension or none. */
static void *tensor_list(struct tensor *t, size_t n, size_t bytes, bool scalar, const void *from)
{
	void *to = malloc(n * bytes + 1);

	*t = (struct tensor){ .dims = !scalar, .dim = { n }, .count = n };
	if (to && n)
		memcpy(to, from, n * bytes);
	return to;
}

int tensor_floats(struct tensor *t, const float *x, size_t n, bool scalar)
{
	t->values = tensor_list(t, n, sizeof(*x), scalar, x);
	return t->values ? 0 : fail_memory();
}

int tensor_integers(struct tensor *t, const int64_t *x, size_t n, bool scalar)
{
	t->integers = tensor_list(t, n, sizeof(*x), scalar, x);
	return t->integers ? 0 : fail_memory();
}

void tensor_free(struct tensor *t)
{
	if (!t->borrowed) {
		free(t->values);
		free(t->integers);
	}
	t->values = NULL;
	t->integers = NULL;
}
