// SPDX-License-Identifier: MIT
/*
 * Imports an ONNX classifier and classifies vectors of floats, read raw from a file, in the background.
 * Usage: classify MODEL.onnx VECTORS.f32 [URI]
 */
#include <nmc.h>
#include <stdio.h>
#include <stdlib.h>

static int complain(const char *what)
{
	fprintf(stderr, "classify: %s: %s\n", what, nmc_last_error());
	return 1;
}

static float *read_vectors(const char *path, unsigned int inputs, size_t *count)
{
	FILE *f = fopen(path, "rb");
	float *x = NULL;
	long bytes;

	if (!f)
		return NULL;
	if (!fseek(f, 0, SEEK_END) && (bytes = ftell(f)) > 0 && !fseek(f, 0, SEEK_SET)) {
		*count = (size_t)bytes / sizeof(float) / inputs;
		x = malloc((size_t)bytes);
		if (x && fread(x, sizeof(float) * inputs, *count, f) != *count) {
			free(x);
			x = NULL;
		}
	}
	fclose(f);
	return x;
}

static int classify(struct nmc_plan *plan, const float *x, size_t count, unsigned int outputs)
{
	float *y = malloc(count * outputs * sizeof(*y));
	struct nmc_run *run;
	unsigned int j, best;
	size_t v;

	if (!y || nmc_run_start(plan, x, count, y, &run)) {
		free(y);
		return complain("run");
	}
	if (nmc_run_wait(run, -1, NULL)) {
		nmc_run_destroy(run);
		free(y);
		return complain("run");
	}
	for (v = 0; v < count; v++) {
		for (best = 0, j = 1; j < outputs; j++)
			if (y[v * outputs + j] > y[v * outputs + best])
				best = j;
		printf("%u\n", best);
	}
	nmc_run_destroy(run);
	free(y);
	return 0;
}

int main(int argc, char **argv)
{
	struct nmc_plan_options options = NMC_PLAN_OPTIONS_INIT;
	struct nmc_device *device;
	struct nmc_network *net;
	struct nmc_plan *plan;
	float *x;
	int ret = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: classify MODEL.onnx VECTORS.f32 [URI]\n");
		return 2;
	}
	if (nmc_network_import_onnx(argv[1], &net))
		return complain(argv[1]);
	x = read_vectors(argv[2], nmc_network_inputs(net), &options.sample_count);
	options.samples = x;
	if (!x)
		fprintf(stderr, "classify: %s: cannot read vectors of %u floats\n", argv[2], nmc_network_inputs(net));
	else if (nmc_device_open(argc > 3 ? argv[3] : NULL, &device))
		complain("device");
	else {
		size_t count = options.sample_count;

		options.sample_count = count < 256 ? count : 256;
		if (nmc_plan_create(device, net, &options, &plan) || nmc_plan_program(plan, NULL, NULL, NULL))
			complain("plan");
		else
			ret = classify(plan, x, count, nmc_network_outputs(net));
		nmc_plan_destroy(plan);
		nmc_device_close(device);
	}
	free(x);
	nmc_network_destroy(net);
	return ret;
}
