// SPDX-License-Identifier: MIT
/*
 * Builds a network by hand (exclusive or with three hidden units), programs it onto a card and runs all four inputs.
 * Usage: network [URI]
 */
#include <nmc.h>
#include <stdio.h>

static const float hidden_weights[3 * 2] = { 1, 1, 1, 1, 1, 1 };
static const float hidden_bias[3] = { 0, -1, -1 };
static const float output_weights[1 * 3] = { 1, -1, -1 };
static const float inputs[4 * 2] = { 0, 0, 0, 1, 1, 0, 1, 1 };

static int build(struct nmc_network **net)
{
	int ret = nmc_network_create(2, net);

	if (!ret)
		ret = nmc_network_add_dense(*net, "hidden", 3, hidden_weights, hidden_bias, NMC_ACTIVATION_RELU);
	if (!ret)
		ret = nmc_network_add_dense(*net, "output", 1, output_weights, NULL, NMC_ACTIVATION_NONE);
	return ret;
}

static int run(struct nmc_device *device, struct nmc_network *net)
{
	struct nmc_plan_options options = NMC_PLAN_OPTIONS_INIT;
	struct nmc_plan *plan;
	float out[4];
	int i, ret;

	options.samples = inputs;
	options.sample_count = 4;
	ret = nmc_plan_create(device, net, &options, &plan);
	if (ret)
		return ret;
	ret = nmc_plan_program(plan, NULL, NULL, NULL);
	if (!ret)
		ret = nmc_plan_run(plan, inputs, 4, out, NULL);
	for (i = 0; !ret && i < 4; i++)
		printf("%g xor %g = %.2f\n", inputs[2 * i], inputs[2 * i + 1], out[i]);
	nmc_plan_destroy(plan);
	return ret;
}

int main(int argc, char **argv)
{
	struct nmc_device *device = NULL;
	struct nmc_network *net = NULL;
	int ret = nmc_device_open(argc > 1 ? argv[1] : NULL, &device);

	if (!ret)
		ret = build(&net);
	if (!ret)
		ret = run(device, net);
	if (ret)
		fprintf(stderr, "network: %s\n", nmc_last_error());
	nmc_network_destroy(net);
	nmc_device_close(device);
	return ret ? 1 : 0;
}
