// SPDX-License-Identifier: MIT
/*
 * What each ONNX operator means for a chain of dense layers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/net/onnx.h"

#define OPERATORS "Gemm, MatMul, Add, Relu, Sigmoid, Tanh, Softmax, Flatten, Reshape, Identity, Constant"

struct op {
	struct import *in;
	const NmcOnnx__Node *node;
	unsigned int number;
};

static int refuse(const struct op *op, int error, const char *why)
{
	return fail(error, "%s: node %u (%s \"%s\"): %s", op->in->file, op->number, op->node->op_type,
		    op->node->name ? op->node->name : "", why);
}

const struct tensor *import_constant(const struct import *in, const char *name)
{
	size_t i;

	for (i = 0; i < in->tensors; i++)
		if (in->tensor[i].name && !strcmp(in->tensor[i].name, name))
			return &in->tensor[i];
	return NULL;
}

static const struct tensor *input_constant(const struct op *op, size_t i)
{
	return i < op->node->n_input ? import_constant(op->in, op->node->input[i]) : NULL;
}

static bool input_current(const struct op *op, size_t i)
{
	return i < op->node->n_input && !strcmp(op->node->input[i], op->in->current);
}

static const NmcOnnx__Attribute *attribute(const struct op *op, const char *name)
{
	size_t i;

	for (i = 0; i < op->node->n_attribute; i++)
		if (op->node->attribute[i]->name && !strcmp(op->node->attribute[i]->name, name))
			return op->node->attribute[i];
	return NULL;
}

static int64_t attribute_int(const struct op *op, const char *name, int64_t otherwise)
{
	const NmcOnnx__Attribute *a = attribute(op, name);

	return a && a->has_i ? a->i : otherwise;
}

static float attribute_float(const struct op *op, const char *name, float otherwise)
{
	const NmcOnnx__Attribute *a = attribute(op, name);

	return a && a->has_f ? a->f : otherwise;
}

static int need_current(const struct op *op)
{
	if (input_current(op, 0))
		return 0;
	return fail(-ENOTSUP, "%s: node %u (%s \"%s\") does not continue the chain at \"%s\"; branches are not supported",
		    op->in->file, op->number, op->node->op_type, op->node->name ? op->node->name : "", op->in->current);
}

/* The operator works on the last dimension: that must be a whole sample. */
static int need_flat(const struct op *op)
{
	return op->in->flat ? 0 : refuse(op, -ENOTSUP, "the value before has more than two dimensions; flatten it first");
}

/* Puts file and node before the text of an error that knows neither. */
static int name_file(const struct op *op, int error)
{
	char text[256];

	snprintf(text, sizeof(text), "%s", nmc_last_error());
	return refuse(op, error, text);
}

/* Adds a layer of W = weights[in][out], or [out][in] with @transposed, times @factor. */
static int add_product(const struct op *op, const struct tensor *w, bool transposed, float factor)
{
	struct import *in = op->in;
	size_t inputs, outputs, i, j;
	float *weights;
	int ret = need_flat(op);

	if (ret)
		return ret;
	if (!w || !w->values || w->dims != 2)
		return refuse(op, -ENOTSUP, "the weights must be a constant float matrix");
	inputs = w->dim[transposed ? 1 : 0];
	outputs = w->dim[transposed ? 0 : 1];
	if (!inputs || inputs > NET_MAX_WIDTH || !outputs || outputs > NET_MAX_WIDTH)
		return refuse(op, -EINVAL, "the weight matrix has a size this library does not map");
	if (in->features && in->features != inputs)
		return fail(-EINVAL, "%s: node %u (%s \"%s\"): weights for %zu inputs, but the value before has %u features",
			    in->file, op->number, op->node->op_type, op->node->name ? op->node->name : "", inputs,
			    in->features);
	ret = in->network ? 0 : nmc_network_create((unsigned int)inputs, &in->network);
	if (ret)
		return ret;
	weights = malloc(w->count * sizeof(*weights) + 1);
	if (!weights)
		return fail_memory();
	for (j = 0; j < outputs; j++)
		for (i = 0; i < inputs; i++)
			weights[j * inputs + i] = factor * w->values[transposed ? j * inputs + i : i * outputs + j];
	ret = nmc_network_add_dense(in->network, op->node->name && *op->node->name ? op->node->name : NULL,
				    (unsigned int)outputs, weights, NULL, NMC_ACTIVATION_NONE);
	free(weights);
	in->features = (unsigned int)outputs;
	in->open = true;
	return ret ? name_file(op, ret) : 0;
}

/* Adds a constant to the last layer's bias: a scalar, or a vector of its outputs, which may have a leading one. */
static int add_bias(const struct op *op, const struct tensor *b, float factor)
{
	struct layer *l;
	unsigned int i;

	if (!b || !b->values)
		return refuse(op, -ENOTSUP, "the bias must be a constant float tensor");
	if (!op->in->open)
		return refuse(op, -ENOTSUP, "a constant can be added only right after a product");
	if (b->dims > 2)
		return refuse(op, -ENOTSUP, "the bias has more than two dimensions");
	l = &op->in->network->layer[op->in->network->layers - 1];
	if (b->count != 1 && (b->count != l->outputs || b->dim[b->dims - 1] != l->outputs))
		return fail(-EINVAL, "%s: node %u (%s \"%s\"): a bias of %zu elements for %u outputs", op->in->file,
			    op->number, op->node->op_type, op->node->name ? op->node->name : "", b->count, l->outputs);
	for (i = 0; i < l->outputs; i++) {
		l->bias[i] += factor * b->values[b->count == 1 ? 0 : i];
		if (!(l->bias[i] >= -3.4e38f && l->bias[i] <= 3.4e38f))
			return refuse(op, -EINVAL, "the bias is not a finite number");
	}
	return 0;
}

static int op_gemm(const struct op *op)
{
	int ret = need_current(op);

	if (ret)
		return ret;
	if (attribute_int(op, "transA", 0))
		return refuse(op, -ENOTSUP, "transA would transpose the batch");
	ret = add_product(op, input_constant(op, 1), attribute_int(op, "transB", 0) != 0,
			  attribute_float(op, "alpha", 1.0f));
	if (ret || op->node->n_input < 3 || !*op->node->input[2])
		return ret;
	return add_bias(op, input_constant(op, 2), attribute_float(op, "beta", 1.0f));
}

static int op_matmul(const struct op *op)
{
	int ret = need_current(op);

	return ret ? ret : add_product(op, input_constant(op, 1), false, 1.0f);
}

static int op_add(const struct op *op)
{
	if (op->node->n_input != 2 || (!input_current(op, 0) && !input_current(op, 1)))
		return need_current(op) ? -ENOTSUP : refuse(op, -EINVAL, "two inputs are needed");
	return add_bias(op, input_constant(op, input_current(op, 0) ? 1 : 0), 1.0f);
}

static int op_activation(const struct op *op, enum nmc_activation activation)
{
	struct layer *l;
	int ret = need_current(op);

	if (ret)
		return ret;
	if (!op->in->network)
		return refuse(op, -ENOTSUP, "an activation must follow a product");
	l = &op->in->network->layer[op->in->network->layers - 1];
	if (l->activation != NMC_ACTIVATION_NONE)
		return refuse(op, -ENOTSUP, "two activations in a row");
	l->activation = activation;
	op->in->open = false;
	return 0;
}

static int op_relu(const struct op *op)
{
	return op_activation(op, NMC_ACTIVATION_RELU);
}

static int op_sigmoid(const struct op *op)
{
	return op_activation(op, NMC_ACTIVATION_SIGMOID);
}

static int op_tanh(const struct op *op)
{
	return op_activation(op, NMC_ACTIVATION_TANH);
}

static int op_softmax(const struct op *op)
{
	int64_t axis = attribute_int(op, "axis", -1);
	int ret = need_flat(op);

	if (ret)
		return ret;
	if (axis != -1 && axis != 1)
		return refuse(op, -ENOTSUP, "axis must be the last one");
	return op_activation(op, NMC_ACTIVATION_SOFTMAX);
}

static int op_identity(const struct op *op)
{
	return need_current(op);
}

static int op_flatten(const struct op *op)
{
	int64_t axis = attribute_int(op, "axis", 1);

	if (axis != 1 && !(axis == -1 && op->in->flat))
		return refuse(op, -ENOTSUP, "axis must be 1, so that each sample stays a row");
	op->in->flat = true;
	return need_current(op);
}

/* Every sample must stay a row: the last dimensions multiply to the features, the first is the batch. */
static int op_reshape(const struct op *op)
{
	const struct tensor *shape = input_constant(op, 1);
	uint64_t features = 1;
	size_t i;
	int ret = need_current(op);

	if (ret)
		return ret;
	if (!shape || !shape->integers || shape->dims != 1 || shape->count < 2)
		return refuse(op, -ENOTSUP, "the shape must be a constant of two or more integers");
	for (i = 1; i < shape->count; i++) {
		int64_t d = shape->integers[i];

		/* Copied from the value before: of that only a single row's length is known, if that */
		if (!d && i == 1 && op->in->flat && !attribute_int(op, "allowzero", 0))
			d = op->in->features ? (int64_t)op->in->features : -1;
		if (d == -1 && shape->count == 2) {
			op->in->flat = true;
			return 0;
		}
		if (d < 1 || __builtin_mul_overflow(features, (uint64_t)d, &features) || features > NET_MAX_WIDTH)
			return refuse(op, -ENOTSUP, "the shape must keep each sample as a row");
	}
	if (op->in->features && op->in->features != features)
		return refuse(op, -ENOTSUP, "the shape must keep each sample as a row");
	op->in->features = (unsigned int)features;
	op->in->flat = shape->count == 2;
	return 0;
}

/* The value of a Constant node: a tensor, or plain numbers. */
static int constant_value(const struct op *op, struct tensor *t)
{
	const NmcOnnx__Attribute *a;
	char where[160];

	snprintf(where, sizeof(where), "%s: node %u (Constant)", op->in->file, op->number);
	if ((a = attribute(op, "value")) && a->t)
		return tensor_read(a->t, where, t);
	if ((a = attribute(op, "value_floats")))
		return tensor_floats(t, a->floats, a->n_floats, false);
	if ((a = attribute(op, "value_float")))
		return tensor_floats(t, &a->f, 1, true);
	if ((a = attribute(op, "value_ints")))
		return tensor_integers(t, a->ints, a->n_ints, false);
	if ((a = attribute(op, "value_int")))
		return tensor_integers(t, &a->i, 1, true);
	return refuse(op, -ENOTSUP, "the value must be a tensor, floats or integers");
}

static int op_constant(const struct op *op)
{
	struct import *in = op->in;
	int ret = constant_value(op, &in->tensor[in->tensors]);

	if (!ret)
		in->tensor[in->tensors++].name = op->node->output[0];
	return ret;
}

static const struct operator {
	const char *name;
	int (*run)(const struct op *op);
} operators[] = {
	{ "Gemm", op_gemm },
	{ "MatMul", op_matmul },
	{ "Add", op_add },
	{ "Relu", op_relu },
	{ "Sigmoid", op_sigmoid },
	{ "Tanh", op_tanh },
	{ "Softmax", op_softmax },
	{ "Flatten", op_flatten },
	{ "Reshape", op_reshape },
	{ "Identity", op_identity },
	{ "Constant", op_constant },
};

static const struct operator *find_operator(const NmcOnnx__Node *node)
{
	size_t i;

	if (node->domain && *node->domain && strcmp(node->domain, "ai.onnx"))
		return NULL;
	for (i = 0; i < sizeof(operators) / sizeof(*operators); i++)
		if (node->op_type && !strcmp(operators[i].name, node->op_type))
			return &operators[i];
	return NULL;
}

int check_name(const struct import *in, const char *name, const char *what, size_t number)
{
	if (!name)
		return fail(-EINVAL, "%s: %s %zu has no name", in->file, what, number);
	if (strnlen(name, IMPORT_MAX_NAME + 1) > IMPORT_MAX_NAME)
		return fail(-ENOTSUP, "%s: %s %zu has a name of more than %u bytes", in->file, what, number,
			    IMPORT_MAX_NAME);
	return 0;
}

static int check_node_names(const struct import *in, const NmcOnnx__Node *node, size_t number)
{
	int ret = check_name(in, node->output[0], "node", number);
	size_t i;

	for (i = 0; !ret && i < node->n_input; i++)
		ret = check_name(in, node->input[i], "node", number);
	return ret;
}

int check_nodes(const struct import *in)
{
	size_t i;
	int ret;

	for (i = 0; i < in->graph->n_node; i++) {
		const NmcOnnx__Node *node = in->graph->node[i];

		if (!find_operator(node))
			return fail(-ENOTSUP, "%s: node %zu: operator %s%s%s (\"%s\") is not supported; " OPERATORS " are",
				    in->file, i, node->domain ? node->domain : "", node->domain && *node->domain ? "." : "",
				    node->op_type ? node->op_type : "(none)", node->name ? node->name : "");
		if (node->n_output != 1 || node->n_input > IMPORT_MAX_INPUTS)
			return fail(-EINVAL, "%s: node %zu (%s) has %zu inputs and %zu outputs", in->file, i, node->op_type,
				    node->n_input, node->n_output);
		ret = check_node_names(in, node, i);
		if (ret)
			return ret;
	}
	return 0;
}

/* Identity of a constant, which exporters use for shared weights, is that constant under another name. */
static bool alias_constant(struct import *in, const NmcOnnx__Node *node)
{
	size_t i;

	if (strcmp(node->op_type, "Identity") || node->n_input != 1)
		return false;
	for (i = 0; i < in->tensors; i++)
		if (in->tensor[i].name && !strcmp(in->tensor[i].name, node->input[0]))
			break;
	if (i == in->tensors)
		return false;
	in->tensor[in->tensors] = in->tensor[i];
	in->tensor[in->tensors].name = node->output[0];
	in->tensor[in->tensors].borrowed = true;
	in->tensors++;
	return true;
}

int import_node(struct import *in, unsigned int number)
{
	struct op op = { .in = in, .node = in->graph->node[number], .number = number };
	int ret;

	if (alias_constant(in, op.node))
		return 0;
	ret = find_operator(op.node)->run(&op);
	if (!ret && strcmp(op.node->op_type, "Constant"))
		in->current = op.node->output[0];
	return ret;
}
