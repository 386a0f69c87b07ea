/* SPDX-License-Identifier: MIT */
/*
 * ONNX files made byte by byte for tests: a writer of the protocol buffer wire format that can also write what no
 * exporter would. Field numbers are the format's.
 */
#ifndef LIBNMC_ONNX_RIG_H
#define LIBNMC_ONNX_RIG_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ONNX_FLOAT = 1, ONNX_INT32 = 6, ONNX_INT64 = 7, ONNX_DOUBLE = 11 };
enum { GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };

/* A message being written. */
struct pb {
	uint8_t *data;
	size_t bytes;
	size_t room;
};

static inline void pb_append(struct pb *p, const void *data, size_t bytes)
{
	if (!bytes)
		return;
	if (p->bytes + bytes > p->room) {
		p->room = 2 * (p->bytes + bytes);
		p->data = realloc(p->data, p->room);
	}
	assert(p->data);
	memcpy(p->data + p->bytes, data, bytes);
	p->bytes += bytes;
}

static inline void pb_varint(struct pb *p, uint64_t v)
{
	do {
		uint8_t byte = (v & 0x7f) | (v > 0x7f ? 0x80 : 0);

		pb_append(p, &byte, 1);
		v >>= 7;
	} while (v);
}

static inline void pb_int(struct pb *p, unsigned int field, int64_t v)
{
	pb_varint(p, field << 3);
	pb_varint(p, (uint64_t)v);
}

static inline void pb_float(struct pb *p, unsigned int field, float v)
{
	pb_varint(p, field << 3 | 5);
	pb_append(p, &v, sizeof(v));
}

static inline void pb_bytes(struct pb *p, unsigned int field, const void *data, size_t bytes)
{
	pb_varint(p, field << 3 | 2);
	pb_varint(p, bytes);
	pb_append(p, data, bytes);
}

static inline void pb_text(struct pb *p, unsigned int field, const char *text)
{
	pb_bytes(p, field, text, strlen(text));
}

/* Appends @child as field @field and frees it. */
static inline void pb_message(struct pb *p, unsigned int field, struct pb *child)
{
	pb_bytes(p, field, child->data, child->bytes);
	free(child->data);
	*child = (struct pb){ 0 };
}

/* Head of a tensor: dimensions, type, name. */
static inline struct pb tensor_head(const char *name, int type, const int64_t *dim, unsigned int dims)
{
	struct pb t = { 0 };
	unsigned int i;

	for (i = 0; i < dims; i++)
		pb_int(&t, 1, dim[i]);
	pb_int(&t, 2, type);
	pb_text(&t, 8, name);
	return t;
}

static inline struct pb tensor_raw(const char *name, int type, const int64_t *dim, unsigned int dims, const void *data,
				   size_t bytes)
{
	struct pb t = tensor_head(name, type, dim, dims);

	pb_bytes(&t, 9, data, bytes);
	return t;
}

/* float_data, packed as exporters write it. */
static inline struct pb tensor_typed(const char *name, const int64_t *dim, unsigned int dims, const float *data, size_t n)
{
	struct pb t = tensor_head(name, ONNX_FLOAT, dim, dims);

	pb_bytes(&t, 4, data, n * sizeof(*data));
	return t;
}

static inline struct pb tensor_doubles(const char *name, const int64_t *dim, unsigned int dims, const double *data, size_t n)
{
	struct pb t = tensor_head(name, ONNX_DOUBLE, dim, dims);

	pb_bytes(&t, 10, data, n * sizeof(*data));
	return t;
}

static inline struct pb tensor_integers(const char *name, const int64_t *dim, unsigned int dims, const int64_t *data, size_t n)
{
	struct pb t = tensor_head(name, ONNX_INT64, dim, dims), list = { 0 };
	size_t i;

	for (i = 0; i < n; i++)
		pb_varint(&list, (uint64_t)data[i]);
	pb_message(&t, 7, &list);
	return t;
}

static inline void add_raw(struct pb *graph, const char *name, const int64_t *dim, unsigned int dims, const float *data,
			   size_t n)
{
	struct pb t = tensor_raw(name, ONNX_FLOAT, dim, dims, data, n * sizeof(*data));

	pb_message(graph, GRAPH_INITIALIZER, &t);
}

static inline void attr_int(struct pb *node, const char *name, int64_t v)
{
	struct pb a = { 0 };

	pb_text(&a, 1, name);
	pb_int(&a, 3, v);
	pb_int(&a, 20, 2);
	pb_message(node, 5, &a);
}

static inline void attr_float(struct pb *node, const char *name, float v)
{
	struct pb a = { 0 };

	pb_text(&a, 1, name);
	pb_float(&a, 2, v);
	pb_int(&a, 20, 1);
	pb_message(node, 5, &a);
}

static inline void attr_floats(struct pb *node, const char *name, const float *v, size_t n)
{
	struct pb a = { 0 };

	pb_text(&a, 1, name);
	while (n--)
		pb_float(&a, 7, *v++);
	pb_int(&a, 20, 6);
	pb_message(node, 5, &a);
}

/* Packed, as some exporters write it. */
static inline void attr_ints(struct pb *node, const char *name, const int64_t *v, size_t n)
{
	struct pb a = { 0 }, list = { 0 };

	pb_text(&a, 1, name);
	while (n--)
		pb_varint(&list, (uint64_t)*v++);
	pb_message(&a, 8, &list);
	pb_int(&a, 20, 7);
	pb_message(node, 5, &a);
}

/* A node without attributes yet; @in are its inputs, separated by spaces. */
static inline struct pb node_head(const char *op, const char *name, const char *in, const char *out)
{
	struct pb n = { 0 };

	while (*in) {
		size_t length = strcspn(in, " ");

		pb_bytes(&n, 1, in, length);
		in += length + (in[length] == ' ');
	}
	pb_text(&n, 2, out);
	pb_text(&n, 3, name);
	pb_text(&n, 4, op);
	return n;
}

static inline void add_node(struct pb *graph, const char *op, const char *name, const char *in, const char *out)
{
	struct pb n = node_head(op, name, in, out);

	pb_message(graph, GRAPH_NODE, &n);
}

/* Graph input or output of type @elem with the shape @shape, or without one if that is empty. */
static inline void add_typed_value(struct pb *graph, unsigned int field, const char *name, int elem, struct pb *shape)
{
	struct pb tensor = { 0 }, type = { 0 }, value = { 0 };

	pb_int(&tensor, 1, elem);
	if (shape->bytes)
		pb_message(&tensor, 2, shape);
	pb_message(&type, 1, &tensor);
	pb_text(&value, 1, name);
	pb_message(&value, 2, &type);
	pb_message(graph, field, &value);
}

/* Float [N, @features]; the batch dimension has a name instead of a number. */
static inline void add_value(struct pb *graph, unsigned int field, const char *name, int64_t features)
{
	struct pb batch = { 0 }, feature = { 0 }, shape = { 0 };

	pb_text(&batch, 2, "N");
	pb_int(&feature, 1, features);
	pb_message(&shape, 1, &batch);
	pb_message(&shape, 1, &feature);
	add_typed_value(graph, field, name, ONNX_FLOAT, &shape);
}

/* A whole model; takes the graph. */
static inline struct pb model_of(struct pb *graph)
{
	struct pb m = { 0 }, opset = { 0 };

	pb_int(&m, 1, 8);
	pb_message(&m, 7, graph);
	pb_int(&opset, 2, 13);
	pb_message(&m, 8, &opset);
	return m;
}

#endif
