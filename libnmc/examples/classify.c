// SPDX-License-Identifier: MIT
/*
 * Imports an ONNX classifier and classifies the images of an IDX file, the format of MNIST, in the background.
 * Usage: classify MODEL.onnx IMAGES [URI], for instance
 *	zcat t10k-images-idx3-ubyte.gz | classify mlp-784-256-128-10.onnx /dev/stdin sim:rram
 */
#include <nmc.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static int complain(const char *what)
{
	fprintf(stderr, "classify: %s: %s\n", what, nmc_last_error());
	return 1;
}

/* Images of @inputs bytes each, scaled to 0..1; NULL if the file holds no such images. */
static float *read_images(const char *path, unsigned int inputs, size_t *count)
{
	uint32_t head[4];	/* big-endian: magic, images, rows, columns */
	FILE *f = fopen(path, "rb");
	float *x = NULL;
	size_t i, n = 0;
	int byte = EOF;

	if (f && fread(head, sizeof(head), 1, f) == 1 && ntohl(head[0]) == 0x803 &&
	    (uint64_t)ntohl(head[2]) * ntohl(head[3]) == inputs) {
		*count = ntohl(head[1]);
		n = *count * inputs;
		x = calloc(n + 1, sizeof(*x));
	}
	for (i = 0; x && i < n && (byte = fgetc(f)) != EOF; i++)
		x[i] = (float)byte / 255.0f;
	if (f)
		fclose(f);
	if (n && byte != EOF)
		return x;
	free(x);
	return NULL;
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
		fprintf(stderr, "usage: classify MODEL.onnx IMAGES [URI]\n");
		return 2;
	}
	if (nmc_network_import_onnx(argv[1], &net))
		return complain(argv[1]);
	x = read_images(argv[2], nmc_network_inputs(net), &options.sample_count);
	options.samples = x;
	if (!x)
		fprintf(stderr, "classify: %s: not an unpacked IDX file with images of %u bytes\n", argv[2],
			nmc_network_inputs(net));
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
