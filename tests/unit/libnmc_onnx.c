// SPDX-License-Identifier: MIT
/*
 * ONNX import: what exporters write arrives with the right numbers, and what is wrong is refused with a text that
 * says what and where.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>
#include "libnmc_onnx_rig.h"
#include "nmc.h"

static const int64_t three_two[] = { 3, 2 }, two_three[] = { 2, 3 }, two[] = { 2 };
/* y = W x + b of three inputs and two outputs, and an input. */
static const float w_out_in[] = { 1.0f, 2.0f, 3.0f, -4.0f, 5.0f, -6.0f };
static const float w_in_out[] = { 1.0f, -4.0f, 2.0f, 5.0f, 3.0f, -6.0f };
static const float bias[] = { 0.5f, -0.25f };
static const float sample[] = { 1.0f, -0.5f, 0.25f };
/* By hand: 1 - 1 + 0.75 + 0.5, and -4 - 2.5 - 1.5 - 0.25. */
static const float answer[] = { 1.25f, -8.25f };

static int import(struct pb *graph, struct nmc_network **network)
{
	struct pb m = model_of(graph);
	int ret = nmc_network_import_onnx_memory(m.data, m.bytes, "made.onnx", network);

	free(m.data);
	return ret;
}

static void expect_answer(struct pb *graph, const float *want)
{
	struct nmc_network *network;
	float out[2];
	int ret = import(graph, &network);

	if (ret)
		fail_msg("%d: %s", ret, nmc_last_error());
	assert_int_equal(nmc_network_inputs(network), 3);
	assert_int_equal(nmc_network_outputs(network), 2);
	assert_int_equal(nmc_network_forward(network, sample, 1, out), 0);
	assert_float_equal(out[0], want[0], 1e-6);
	assert_float_equal(out[1], want[1], 1e-6);
	nmc_network_destroy(network);
}

/* The import fails, gives no network, and its text names the file and every one of the NULL-ended words. */
static void expect_refusal(struct pb *graph, ...)
{
	struct nmc_network *network = (void *)1;
	const char *word;
	va_list words;

	assert_true(import(graph, &network) < 0);
	assert_null(network);
	assert_non_null(strstr(nmc_last_error(), "made.onnx"));
	va_start(words, graph);
	while ((word = va_arg(words, const char *)))
		if (!strstr(nmc_last_error(), word))
			fail_msg("\"%s\" is not in \"%s\"", word, nmc_last_error());
	va_end(words);
}

static struct pb ends(const char *output)
{
	struct pb g = { 0 };

	add_value(&g, GRAPH_INPUT, "x", 3);
	add_value(&g, GRAPH_OUTPUT, output, 2);
	return g;
}

static void gemm_plain(void **state)
{
	struct pb g = ends("y");

	(void)state;
	add_node(&g, "Gemm", "fc", "x w b", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	add_raw(&g, "b", two, 1, bias, 2);
	expect_answer(&g, answer);
}

static void gemm_attributes(void **state)
{
	static const float want[] = { 2.0f * 0.75f + 4.0f * 0.5f, 2.0f * -8.0f + 4.0f * -0.25f };
	struct pb g = ends("y"), n = node_head("Gemm", "fc", "x w b", "y");

	(void)state;
	attr_int(&n, "transB", 1);
	attr_float(&n, "alpha", 2.0f);
	attr_float(&n, "beta", 4.0f);
	pb_message(&g, GRAPH_NODE, &n);
	add_raw(&g, "w", two_three, 2, w_out_in, 6);
	add_raw(&g, "b", two, 1, bias, 2);
	expect_answer(&g, want);
}

static void any_order_and_typed_data(void **state)
{
	struct pb g = ends("y"), w = tensor_typed("w", three_two, 2, w_in_out, 6);
	static const float want[] = { 1.25f, 0.0f };

	(void)state;
	add_node(&g, "Relu", "act", "s", "y");
	add_node(&g, "Add", "plus", "b p", "s");
	add_node(&g, "MatMul", "times", "f w", "p");
	add_node(&g, "Flatten", "flat", "i", "f");
	add_node(&g, "Identity", "same", "x", "i");
	pb_message(&g, GRAPH_INITIALIZER, &w);
	add_raw(&g, "b", two, 1, bias, 2);
	expect_answer(&g, want);
}

static void double_data(void **state)
{
	static const double w[] = { 1.0, -4.0, 2.0, 5.0, 3.0, -6.0 };
	int typed;

	(void)state;
	for (typed = 0; typed < 2; typed++) {
		struct pb t = typed ? tensor_doubles("w", three_two, 2, w, 6) :
				      tensor_raw("w", ONNX_DOUBLE, three_two, 2, w, sizeof(w)), g = ends("y");

		pb_message(&g, GRAPH_INITIALIZER, &t);
		add_raw(&g, "b", two, 1, bias, 2);
		add_node(&g, "Gemm", "fc", "x w b", "y");
		expect_answer(&g, answer);
	}
}

/* A shape as exporters write it, raw or typed: one that fits and one that does not. */
static void integer_data(void **state)
{
	int64_t shape[] = { -1, 3 };
	int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		struct pb g = ends("y"), t;

		shape[1] = i < 2 ? 3 : 4;
		t = i % 2 ? tensor_integers("s", two, 1, shape, 2) :
			    tensor_raw("s", ONNX_INT64, two, 1, shape, sizeof(shape));
		pb_message(&g, GRAPH_INITIALIZER, &t);
		add_raw(&g, "w", three_two, 2, w_in_out, 6);
		add_raw(&g, "b", two, 1, bias, 2);
		add_node(&g, "Reshape", "shape", "x s", "r");
		add_node(&g, "Gemm", "fc", "r w b", "y");
		if (i < 2)
			expect_answer(&g, answer);
		else
			expect_refusal(&g, "\"shape\"", "keep each sample as a row", NULL);
	}
}

/* Weights and shape from Constant nodes; exporters pass shared ones through Identity. */
static void add_constant(struct pb *g, struct pb *tensor, const char *out)
{
	struct pb n = node_head("Constant", "", "", out), a = { 0 };

	pb_text(&a, 1, "value");
	pb_message(&a, 5, tensor);
	pb_message(&n, 5, &a);
	pb_message(g, GRAPH_NODE, &n);
}

static void constants(void **state)
{
	static const int64_t shape[] = { -1, 3 };
	struct pb w = tensor_raw("", ONNX_FLOAT, three_two, 2, w_in_out, sizeof(w_in_out));
	struct pb s = tensor_raw("", ONNX_INT64, two, 1, shape, sizeof(shape)), g = ends("y");

	(void)state;
	add_node(&g, "Gemm", "fc", "r w2 b", "y");
	add_node(&g, "Reshape", "shape", "x s2", "r");
	add_node(&g, "Identity", "", "w", "w2");
	add_node(&g, "Identity", "", "s", "s2");
	add_constant(&g, &w, "w");
	add_constant(&g, &s, "s");
	add_raw(&g, "b", two, 1, bias, 2);
	expect_answer(&g, answer);
}

/* Constants as plain numbers: bias and shape as lists, a second bias and a shape that is none as single ones. */
static void constants_of_numbers(void **state)
{
	static const float want[] = { 1.25f + 0.5f, -8.25f + 0.5f };
	struct pb g = ends("y"), n = node_head("Constant", "", "", "b");

	(void)state;
	attr_floats(&n, "value_floats", bias, 2);
	pb_message(&g, GRAPH_NODE, &n);
	n = node_head("Constant", "", "", "c");
	attr_float(&n, "value_float", 0.5f);
	pb_message(&g, GRAPH_NODE, &n);
	n = node_head("Constant", "", "", "s");
	attr_ints(&n, "value_ints", (const int64_t[]){ -1, 3 }, 2);
	pb_message(&g, GRAPH_NODE, &n);
	add_node(&g, "Reshape", "shape", "x s", "r");
	add_node(&g, "Gemm", "fc", "r w b", "p");
	add_node(&g, "Add", "plus", "p c", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	expect_answer(&g, want);
	g = ends("y");
	n = node_head("Constant", "", "", "s");
	attr_int(&n, "value_int", 3);
	pb_message(&g, GRAPH_NODE, &n);
	add_node(&g, "Reshape", "shape", "x s", "y");
	expect_refusal(&g, "shape", "two or more integers", NULL);
	g = ends("y");
	n = node_head("Constant", "odd", "", "s");
	attr_int(&n, "value_string", 3);
	pb_message(&g, GRAPH_NODE, &n);
	expect_refusal(&g, "odd", NULL);
}

static void expect_activation(const char *op, float a, float b)
{
	const float want[] = { a, b };
	struct pb g = ends("y");

	add_node(&g, "Gemm", "fc", "x w b", "s");
	add_node(&g, op, "act", "s", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	add_raw(&g, "b", two, 1, bias, 2);
	expect_answer(&g, want);
}

static void activations(void **state)
{
	float e = expf(-8.25f - 1.25f);

	(void)state;
	expect_activation("Relu", 1.25f, 0.0f);
	expect_activation("Sigmoid", 1.0f / (1.0f + expf(-1.25f)), 1.0f / (1.0f + expf(8.25f)));
	expect_activation("Tanh", tanhf(1.25f), tanhf(-8.25f));
	expect_activation("Softmax", 1.0f / (1.0f + e), e / (1.0f + e));
}

static struct pb good(void)
{
	struct pb g = ends("y");

	add_node(&g, "Gemm", "fc", "x w b", "s");
	add_node(&g, "Relu", "act", "s", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	add_raw(&g, "b", two, 1, bias, 2);
	return g;
}

static void unknown_operator(void **state)
{
	struct pb g = good();

	(void)state;
	add_node(&g, "LSTM", "memory", "s", "q");
	expect_refusal(&g, "LSTM", "memory", "node 2", NULL);
	g = good();
	add_node(&g, "Conv", "first", "x w", "q");
	expect_refusal(&g, "Conv", "first", "node 2", NULL);
}

static void cycle(void **state)
{
	struct pb g = ends("y");

	(void)state;
	add_node(&g, "Relu", "one", "b", "a");
	add_node(&g, "Relu", "two", "a", "b");
	expect_refusal(&g, "cycle", NULL);
	g = ends("y");
	add_node(&g, "Relu", "self", "y", "y");
	expect_refusal(&g, "cycle", "self", NULL);
}

static void branch(void **state)
{
	struct pb g = good();

	(void)state;
	add_node(&g, "Tanh", "aside", "s", "q");
	expect_refusal(&g, "aside", NULL);
}

/* One Gemm whose weights are @t. */
static struct pb with_weights(struct pb *t)
{
	struct pb g = ends("y");

	add_node(&g, "Gemm", "fc", "x w", "y");
	pb_message(&g, GRAPH_INITIALIZER, t);
	return g;
}

static void refuse_weights(const int64_t *dim, unsigned int dims, int type, size_t bytes, const char *word)
{
	struct pb t = tensor_raw("w", type, dim, dims, w_in_out, bytes), g = with_weights(&t);

	expect_refusal(&g, word, NULL);
}

static void lying_tensors(void **state)
{
	static const int64_t more[] = { 3, 3 }, huge[] = { 1ll << 40, 1ll << 40 }, wide[] = { 3, 1ll << 28 };
	static const int64_t negative[] = { -3, -2 }, flat[] = { 6 }, none[] = { 0, 2 }, other[] = { 2, 3 };
	static const int64_t deep[64] = { 1 };

	(void)state;
	refuse_weights(more, 2, ONNX_FLOAT, 24, "\"w\"");
	refuse_weights(three_two, 2, ONNX_FLOAT, 23, "\"w\"");
	refuse_weights(three_two, 2, ONNX_INT32, 24, "\"w\"");
	refuse_weights(three_two, 2, ONNX_INT64, 24, "\"w\"");
	refuse_weights(huge, 2, ONNX_FLOAT, 24, "\"w\"");
	refuse_weights(wide, 2, ONNX_FLOAT, 24, "\"w\"");
	refuse_weights(negative, 2, ONNX_FLOAT, 24, "\"w\"");
	refuse_weights(deep, 64, ONNX_FLOAT, 24, "\"w\"");
	refuse_weights(flat, 1, ONNX_FLOAT, 24, "fc");
	refuse_weights(none, 2, ONNX_FLOAT, 0, "fc");
	refuse_weights(other, 2, ONNX_FLOAT, 24, "fc");
}

static void not_a_number(void **state)
{
	static const float values[] = { 1.0f, NAN, 2.0f, 5.0f, 3.0f, INFINITY };
	struct pb t = tensor_raw("w", ONNX_FLOAT, three_two, 2, values, sizeof(values)), g = with_weights(&t);

	(void)state;
	expect_refusal(&g, NULL);
}

/* A Gemm of three inputs and two outputs, then a Reshape to @shape, then @op of it. */
static struct pb reshaped(const int64_t *shape, int64_t dims, const char *op)
{
	struct pb s = tensor_raw("s", ONNX_INT64, &dims, 1, shape, (size_t)dims * sizeof(*shape)), g = ends("y");

	add_node(&g, "Gemm", "fc", "x w b", "p");
	add_node(&g, "Reshape", "shape", "p s", "r");
	add_node(&g, op, "after", "r", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	add_raw(&g, "b", two, 1, bias, 2);
	pb_message(&g, GRAPH_INITIALIZER, &s);
	return g;
}

/* What works on the last dimension needs a sample to lie in it whole. */
static void more_dimensions(void **state)
{
	static const int64_t deep[] = { -1, 2, 1 }, row[] = { -1, 2 }, cube[] = { 1, 3, 1 };
	struct pb g = reshaped(deep, 3, "Softmax"), w;
	float e = expf(-8.25f - 1.25f), soft[] = { 1.0f / (1.0f + e), e / (1.0f + e) };
	static const float relu[] = { 1.25f, 0.0f };

	(void)state;
	expect_refusal(&g, "after", "more than two dimensions", NULL);
	g = reshaped(row, 2, "Softmax");
	expect_answer(&g, soft);
	g = reshaped(deep, 3, "Relu");
	expect_answer(&g, relu);
	g = reshaped(deep, 3, "Flatten");
	expect_answer(&g, answer);
	g = ends("y");
	w = tensor_raw("s", ONNX_INT64, (const int64_t[]){ 3 }, 1, cube, sizeof(cube));
	add_node(&g, "Reshape", "shape", "x s", "r");
	add_node(&g, "MatMul", "times", "r w", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	pb_message(&g, GRAPH_INITIALIZER, &w);
	expect_refusal(&g, "times", "more than two dimensions", NULL);
	g = ends("y");
	add_node(&g, "Gemm", "fc", "x w", "p");
	add_node(&g, "Add", "plus", "p b", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	add_raw(&g, "b", (const int64_t[]){ 1, 1, 2 }, 3, bias, 2);
	expect_refusal(&g, "plus", NULL);
}

/* Shapes and axes that leave a sample as it is, however they are written. */
static void harmless_shapes(void **state)
{
	static const int64_t same[] = { 0, 0 }, copied[] = { -1, 0 }, one[] = { 0, 0, 1 }, twice[] = { -1, 0, 2 };
	struct pb g = reshaped(same, 2, "Identity"), n;

	(void)state;
	expect_answer(&g, answer);
	g = reshaped(copied, 2, "Identity");
	expect_answer(&g, answer);
	g = reshaped(one, 3, "Flatten");
	expect_answer(&g, answer);
	g = reshaped(twice, 3, "Flatten");
	expect_refusal(&g, "shape", NULL);
	g = ends("y");
	n = node_head("Flatten", "last", "x", "f");
	attr_int(&n, "axis", -1);
	pb_message(&g, GRAPH_NODE, &n);
	add_node(&g, "Gemm", "fc", "f w b", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	add_raw(&g, "b", two, 1, bias, 2);
	expect_answer(&g, answer);
}

/* An input that holds no floats is refused whatever is known of its shape. */
static void input_types(void **state)
{
	struct pb g = { 0 }, dim = { 0 }, shape = { 0 };

	(void)state;
	add_typed_value(&g, GRAPH_INPUT, "x", ONNX_INT64, &shape);
	add_value(&g, GRAPH_OUTPUT, "y", 2);
	add_node(&g, "Gemm", "fc", "x w", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	expect_refusal(&g, "\"x\"", "type 7", NULL);
	pb_int(&dim, 1, 3);
	pb_message(&shape, 1, &dim);
	add_typed_value(&g, GRAPH_INPUT, "x", ONNX_DOUBLE, &shape);
	expect_refusal(&g, "\"x\"", "type 11", NULL);
}

static void wrong_shapes(void **state)
{
	static const int64_t shape[] = { -1, 4 };
	static const float long_bias[] = { 1.0f, 2.0f, 3.0f };
	static const int64_t three[] = { 3 };
	struct pb s = tensor_raw("s", ONNX_INT64, two, 1, shape, sizeof(shape)), g = ends("y");

	(void)state;
	add_node(&g, "Reshape", "shape", "x s", "r");
	add_node(&g, "Gemm", "fc", "r w", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	pb_message(&g, GRAPH_INITIALIZER, &s);
	expect_refusal(&g, "shape", NULL);
	g = ends("y");
	add_node(&g, "Gemm", "fc", "x w b", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	add_raw(&g, "b", three, 1, long_bias, 3);
	expect_refusal(&g, "fc", NULL);
	g = ends("nothing");
	add_node(&g, "Gemm", "fc", "x w", "y");
	add_raw(&g, "w", three_two, 2, w_in_out, 6);
	expect_refusal(&g, "output", NULL);
}

/* No prefix may be read past its end; those that are accepted are whole networks. */
static void truncated(void **state)
{
	struct pb g = good(), m = model_of(&g);
	unsigned int accepted = 0;
	size_t n;

	(void)state;
	for (n = 0; n < m.bytes; n++) {
		struct nmc_network *network;
		uint8_t *prefix = malloc(n ? n : 1);

		assert_non_null(prefix);
		memcpy(prefix, m.data, n);
		if (!nmc_network_import_onnx_memory(prefix, n, "cut.onnx", &network)) {
			assert_int_equal(nmc_network_outputs(network), 2);
			nmc_network_destroy(network);
			accepted++;
		}
		free(prefix);
	}
	/* Only a cut between the graph and the operator set leaves a whole graph. */
	assert_int_equal(accepted, 1);
	free(m.data);
}

/* A constant under many names is stored once: memory follows the file's size, not the number of nodes. */
static void many_names(void **state)
{
	enum { SIDE = 1024, NAMES = 400 };
	static const int64_t square[] = { SIDE, SIDE };
	float *big = calloc(SIDE * SIDE, sizeof(*big));
	struct nmc_network *network;
	struct rusage before, after;
	struct pb g = good();
	char from[16] = "big", to[16];
	int i;

	(void)state;
	add_raw(&g, "big", square, 2, big, SIDE * SIDE);
	for (i = 0; i < NAMES; i++) {
		snprintf(to, sizeof(to), "n%d", i);
		add_node(&g, "Identity", "", from, to);
		memcpy(from, to, sizeof(from));
	}
	getrusage(RUSAGE_SELF, &before);
	assert_int_equal(import(&g, &network), 0);
	getrusage(RUSAGE_SELF, &after);
	nmc_network_destroy(network);
	free(big);
	assert_true(after.ru_maxrss - before.ru_maxrss < 128 * 1024);
}

/* Names are searched for one by one: a file may have only so many, and none without end. */
static void too_many_names(void **state)
{
	enum { MOST = 1024 };
	char name[MOST + 2] = "";
	struct nmc_network *network;
	struct pb g = good();
	int i;

	(void)state;
	for (i = 0; i < MOST - 2; i++)
		add_raw(&g, "more", (const int64_t[]){ 0 }, 1, NULL, 0);
	for (i = 0; i < MOST; i++)
		add_value(&g, GRAPH_INPUT, "more", 1);
	assert_int_equal(import(&g, &network), 0);
	nmc_network_destroy(network);
	g = good();
	for (i = 0; i < MOST - 1; i++)
		add_raw(&g, "more", (const int64_t[]){ 0 }, 1, NULL, 0);
	expect_refusal(&g, "1025 initializers", "at most 1024", NULL);
	g = good();
	for (i = 0; i < MOST + 1; i++)
		add_value(&g, GRAPH_INPUT, "more", 1);
	expect_refusal(&g, "1026 inputs", "at most 1025", NULL);
	memset(name, 'n', MOST + 1);
	g = good();
	add_value(&g, GRAPH_INPUT, name, 1);
	expect_refusal(&g, "input 1", "1024 bytes", NULL);
	g = good();
	add_node(&g, "Identity", "", "x", name);
	expect_refusal(&g, "node 2", "1024 bytes", NULL);
}

static void not_files(void **state)
{
	struct nmc_network *network;
	char path[] = "/tmp/nmc-onnx-XXXXXX";
	struct rusage before, after;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "hello, this is no model", 23), 23);
	close(fd);
	assert_true(nmc_network_import_onnx(path, &network) < 0);
	assert_non_null(strstr(nmc_last_error(), path));
	assert_int_equal(truncate(path, 0), 0);
	assert_true(nmc_network_import_onnx(path, &network) < 0);
	/* No room on the disk: its size alone tells, none of it is read */
	assert_int_equal(truncate(path, 3ll << 30), 0);
	getrusage(RUSAGE_SELF, &before);
	assert_true(nmc_network_import_onnx(path, &network) < 0);
	getrusage(RUSAGE_SELF, &after);
	assert_non_null(strstr(nmc_last_error(), "2 GiB"));
	assert_true(after.ru_maxrss - before.ru_maxrss < 16 * 1024);
	unlink(path);
	assert_int_equal(nmc_network_import_onnx(path, &network), -ENOENT);
	assert_non_null(strstr(nmc_last_error(), path));
	assert_true(nmc_network_import_onnx("/", &network) < 0);
	assert_true(nmc_network_import_onnx("/dev/zero", &network) < 0);
}

/* What a file says goes to terminals and into JSON: only whole printable characters get there. */
static void hostile_names(void **state)
{
	static const char *const texts[][2] = {
		{ "plain ~ text", "plain ~ text" },
		{ "Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80", "Gr\xc3\xbc\xc3\x9f" "e \xe2\x82\xac \xf0\x9f\x98\x80" },
		{ "\x1b[31m\n\t\x7f", "?[31m???" },
		{ "\xc2\x9b" "2J", "??2J" },
		{ "\xff\x80\xc0\xaf\xe0\x80\xaf", "???????" },
		{ "\xed\xa0\x80 \xf4\x90\x80\x80", "??? ????" },
		{ "cut \xe2\x82", "cut ??" },
	};
	struct pb g = good();
	char text[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		snprintf(text, sizeof(text), "%s", texts[i][0]);
		assert_ptr_equal(nmc_printable(text), text);
		assert_string_equal(text, texts[i][1]);
	}
	add_node(&g, "LSTM", "a\x1b]0;b\xff", "s", "q");
	expect_refusal(&g, "\"a?]0;b?\"", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gemm_plain),
		cmocka_unit_test(gemm_attributes),
		cmocka_unit_test(any_order_and_typed_data),
		cmocka_unit_test(double_data),
		cmocka_unit_test(integer_data),
		cmocka_unit_test(constants),
		cmocka_unit_test(constants_of_numbers),
		cmocka_unit_test(activations),
		cmocka_unit_test(unknown_operator),
		cmocka_unit_test(cycle),
		cmocka_unit_test(branch),
		cmocka_unit_test(lying_tensors),
		cmocka_unit_test(not_a_number),
		cmocka_unit_test(more_dimensions),
		cmocka_unit_test(harmless_shapes),
		cmocka_unit_test(input_types),
		cmocka_unit_test(wrong_shapes),
		cmocka_unit_test(truncated),
		cmocka_unit_test(many_names),
		cmocka_unit_test(too_many_names),
		cmocka_unit_test(not_files),
		cmocka_unit_test(hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
