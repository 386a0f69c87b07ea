// SPDX-License-Identifier: MIT
/*
 * Fuzz target: any bytes as an ONNX file. The import gives a network that computes, or an error with a text; it never
 * reads outside the bytes.
 */
#include <stdlib.h>
#include <string.h>
#include "nmc.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

#define FORWARD_MAX	(1u << 20)	/* larger networks are imported but not run */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_network(const struct nmc_network *network)
{
	unsigned int inputs = nmc_network_inputs(network), outputs = nmc_network_outputs(network);
	float *in, *out;

	CHECK(inputs && outputs && nmc_network_layers(network));
	if ((uint64_t)inputs * outputs > FORWARD_MAX)
		return;
	in = calloc(inputs, sizeof(*in));
	out = calloc(outputs, sizeof(*out));
	if (in && out)
		CHECK(!nmc_network_forward(network, in, 1, out));
	free(in);
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nmc_network *network = NULL;
	uint8_t *exact = malloc(size ? size : 1);
	int ret;

	if (!exact)
		return 0;
	memcpy(exact, data, size);
	ret = nmc_network_import_onnx_memory(exact, size, "fuzz", &network);
	free(exact);
	CHECK(ret <= 0);
	CHECK(!ret == !!network);
	CHECK(!ret || *nmc_last_error());
	if (network)
		check_network(network);
	nmc_network_destroy(network);
	return 0;
}
