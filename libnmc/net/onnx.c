// SPDX-License-Identifier: MIT
/*
 * ONNX import: reads the file, puts its nodes in order, and walks the chain of operators from the input to the
 * output, adding a dense layer for each product. What each operator means here is in onnx_ops.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "libnmc/error.h"
#include "libnmc/net/onnx.h"

#define MAX_FILE	(1ull << 31)

/* Constants: initialisers first, then what Constant nodes make. */
static int read_initializers(struct import *in)
{
	size_t i;

	for (i = 0; i < in->graph->n_initializer; i++) {
		const NmcOnnx__Tensor *from = in->graph->initializer[i];
		char where[160];
		int ret;

		snprintf(where, sizeof(where), "%s: initializer %zu \"%s\"", in->file, i, from->name ? from->name : "");
		ret = tensor_read(from, where, &in->tensor[in->tensors]);
		if (ret)
			return ret;
		in->tensors++;
	}
	return 0;
}

/* The node that makes value @name, or -1 if it is an input or an initialiser. */
static int maker_of(const struct import *in, const char *name)
{
	size_t n;

	for (n = 0; n < in->graph->n_node; n++)
		if (!strcmp(in->graph->node[n]->output[0], name))
			return (int)n;
	return -1;
}

/* Makers of the inputs of every node: looked up once, since sorting asks for them again and again. */
static void find_makers(const struct import *in, int maker[][IMPORT_MAX_INPUTS])
{
	size_t n, i;

	for (n = 0; n < in->graph->n_node; n++)
		for (i = 0; i < in->graph->node[n]->n_input; i++)
			maker[n][i] = maker_of(in, in->graph->node[n]->input[i]);
}

/* All makers of a node's inputs have been placed. */
static bool node_ready(const bool *placed, const int *maker, size_t inputs)
{
	size_t i;

	for (i = 0; i < inputs; i++)
		if (maker[i] >= 0 && !placed[maker[i]])
			return false;
	return true;
}

/* Files may list nodes in any order: find one in which each node follows its makers. */
static int sort_nodes(struct import *in)
{
	int maker[IMPORT_MAX_NODES][IMPORT_MAX_INPUTS];
	bool placed[IMPORT_MAX_NODES] = { false };
	size_t n, done = 0;
	bool moved = true;

	find_makers(in, maker);
	while (moved) {
		moved = false;
		for (n = 0; n < in->graph->n_node; n++) {
			if (placed[n] || !node_ready(placed, maker[n], in->graph->node[n]->n_input))
				continue;
			in->order[done++] = (unsigned int)n;
			placed[n] = true;
			moved = true;
		}
	}
	for (n = 0; n < in->graph->n_node; n++)
		if (!placed[n])
			return fail(-EINVAL, "%s: node %zu (%s \"%s\") is part of a cycle", in->file, n,
				    in->graph->node[n]->op_type, in->graph->node[n]->name ? in->graph->node[n]->name : "");
	return 0;
}

static const NmcOnnx__ValueInfo *find_input(struct import *in)
{
	const NmcOnnx__ValueInfo *found = NULL;
	size_t i;

	for (i = 0; i < in->graph->n_input; i++) {
		const NmcOnnx__ValueInfo *v = in->graph->input[i];

		if (import_constant(in, v->name))
			continue;
		if (found) {
			fail(-ENOTSUP, "%s: two inputs, \"%s\" and \"%s\"; a network has one", in->file, found->name,
			     v->name);
			return NULL;
		}
		found = v;
	}
	if (!found)
		fail(-EINVAL, "%s: the graph has no input", in->file);
	return found;
}

/* Features of one sample: the product of all dimensions but the first, if the file says them all. */
static int input_features(struct import *in, const NmcOnnx__ValueInfo *v)
{
	const NmcOnnx__TensorType *type = v->type ? v->type->tensor_type : NULL;
	uint64_t n = 1;
	size_t i;

	in->flat = true;
	if (type && type->elem_type != 1)
		return fail(-ENOTSUP, "%s: input \"%s\" has element type %d; float is supported", in->file, v->name,
			    type->elem_type);
	if (!type || !type->shape || type->shape->n_dim < 2)
		return 0;
	in->flat = type->shape->n_dim == 2;
	for (i = 1; i < type->shape->n_dim; i++) {
		const NmcOnnx__Dimension *d = type->shape->dim[i];

		if (!d->has_dim_value)
			return 0;
		if (d->dim_value < 1 || __builtin_mul_overflow(n, (uint64_t)d->dim_value, &n) || n > NET_MAX_WIDTH)
			return fail(-EINVAL, "%s: dimension %zu of input \"%s\" is %lld, which is out of range", in->file,
				    i, v->name, (long long)d->dim_value);
	}
	in->features = (unsigned int)n;
	return 0;
}

static int walk(struct import *in)
{
	const NmcOnnx__ValueInfo *input = find_input(in);
	size_t i;
	int ret;

	if (!input)
		return -EINVAL;
	ret = input_features(in, input);
	if (ret)
		return ret;
	in->current = input->name;
	for (i = 0; i < in->graph->n_node; i++) {
		ret = import_node(in, in->order[i]);
		if (ret)
			return ret;
	}
	if (!in->network || !in->network->layers)
		return fail(-EINVAL, "%s: the graph has no Gemm or MatMul", in->file);
	if (in->graph->n_output != 1 || !in->graph->output[0]->name ||
	    strcmp(in->graph->output[0]->name, in->current))
		return fail(-ENOTSUP, "%s: the output must be \"%s\", the end of the chain", in->file, in->current);
	return 0;
}

static int check_count(const struct import *in, const char *what, size_t n, size_t most)
{
	return n > most ? fail(-ENOTSUP, "%s: %zu %s, at most %zu are supported", in->file, n, what, most) : 0;
}

/* Searches go over all names, so a file may have neither too many nor endless ones. */
static int check_graph(const struct import *in)
{
	const NmcOnnx__Graph *g = in->graph;
	int ret = check_count(in, "nodes", g->n_node, IMPORT_MAX_NODES);
	size_t i;

	if (!ret)
		ret = check_count(in, "initializers", g->n_initializer, IMPORT_MAX_CONSTANTS);
	if (!ret)
		ret = check_count(in, "inputs", g->n_input, IMPORT_MAX_CONSTANTS + 1);
	for (i = 0; !ret && i < g->n_initializer; i++)
		ret = check_name(in, g->initializer[i]->name, "initializer", i);
	for (i = 0; !ret && i < g->n_input; i++)
		ret = check_name(in, g->input[i]->name, "input", i);
	return ret ? ret : check_nodes(in);
}

static int import_graph(struct import *in)
{
	size_t tensors = in->graph->n_initializer + in->graph->n_node;
	int ret = check_graph(in);

	if (ret)
		return ret;
	in->tensor = calloc(tensors + 1, sizeof(*in->tensor));
	in->order = calloc(in->graph->n_node + 1, sizeof(*in->order));
	if (!in->tensor || !in->order)
		return fail_memory();
	ret = read_initializers(in);
	if (!ret)
		ret = sort_nodes(in);
	return ret ? ret : walk(in);
}

int nmc_network_import_onnx_memory(const void *data, size_t bytes, const char *name, struct nmc_network **network)
{
	struct import in = { .file = name };
	NmcOnnx__Model *model;
	size_t i;
	int ret;

	*network = NULL;
	if (bytes > MAX_FILE)
		return fail(-EFBIG, "%s: larger than 2 GiB", name);
	model = nmc_onnx__model__unpack(NULL, bytes, data);
	if (!model)
		return fail(-EINVAL, "%s: not an ONNX file, or truncated (%zu bytes)", name, bytes);
	in.graph = model->graph;
	ret = in.graph ? import_graph(&in) : fail(-EINVAL, "%s: no graph inside; not an ONNX model", name);
	for (i = 0; i < in.tensors; i++)
		tensor_free(&in.tensor[i]);
	free(in.tensor);
	free(in.order);
	nmc_onnx__model__free_unpacked(model, NULL);
	if (ret)
		nmc_network_destroy(in.network);
	else
		*network = in.network;
	return ret;
}

static int read_whole(int fd, const char *path, size_t bytes, uint8_t *data)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = read(fd, data + done, bytes - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail(n ? -errno : -EIO, "%s: cannot read: %s", path, n ? strerror(errno) : "it became shorter");
		done += (size_t)n;
	}
	return 0;
}

int nmc_network_import_onnx(const char *path, struct nmc_network **network)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	uint8_t *data = NULL;
	struct stat st;

	*network = NULL;
	if (fd < 0)
		return fail(-errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > MAX_FILE) {
		close(fd);
		return fail(-EINVAL, "%s: not a regular file of at most 2 GiB", path);
	}
	data = malloc((size_t)st.st_size + 1);
	ret = data ? read_whole(fd, path, (size_t)st.st_size, data) : fail_memory();
	close(fd);
	if (!ret)
		ret = nmc_network_import_onnx_memory(data, (size_t)st.st_size, path, network);
	free(data);
	return ret;
}
