/* SPDX-License-Identifier: MIT */
/*
 * Constant tensors of an ONNX file, as floats or as integers, with every stated size checked against the data.
 */
#ifndef NMC_TENSOR_H
#define NMC_TENSOR_H

#include <stdbool.h>
#include <stdint.h>
#include "onnx.pb-c.h"

#define TENSOR_MAX_DIMS	8

/**
 * struct tensor - a constant
 * @name: borrowed from the file
 * @dims: number of dimensions
 * @dim: dimensions
 * @count: elements
 * @values: elements as floats, or NULL
 * @integers: elements as integers, or NULL
 * @borrowed: the data belongs to another tensor of the import
 */
struct tensor {
	const char *name;
	unsigned int dims;
	uint64_t dim[TENSOR_MAX_DIMS];
	size_t count;
	float *values;
	int64_t *integers;
	bool borrowed;
};

/* Reads a tensor of float, double or int64 type; @where names it in texts. Return: 0 or a negative errno with text. */
int tensor_read(const NmcOnnx__Tensor *from, const char *where, struct tensor *t);

/* A tensor of @n floats or @n integers, of one dimension or, if @scalar, of none. Return: 0 or -ENOMEM. */
int tensor_floats(struct tensor *t, const float *x, size_t n, bool scalar);
int tensor_integers(struct tensor *t, const int64_t *x, size_t n, bool scalar);

void tensor_free(struct tensor *t);

#endif
