// SPDX-License-Identifier: MIT
/*
 * The shipped model on the shipped images: perfect cells give the integer reference bit for bit, and the digits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "common/vectors.h"
#include "nmc.h"

static const char *folder;

static char *path(const char *name)
{
	static char text[4096];

	snprintf(text, sizeof(text), "%s/%s", folder, name);
	return text;
}

static unsigned int best(const int32_t *y, unsigned int n)
{
	unsigned int i, most = 0;

	for (i = 1; i < n; i++)
		most = y[i] > y[most] ? i : most;
	return most;
}

static void ideal_is_the_reference(void **state)
{
	struct nmc_plan_options options = NMC_PLAN_OPTIONS_INIT;
	struct nmc_network *network;
	struct nmc_device *device;
	struct nmc_plan *plan;
	struct vectors images;
	struct labels labels;
	int32_t *want, *got;
	size_t i, right = 0;
	char error[512];

	(void)state;
	if (nmc_network_import_onnx(path("mlp-784-256-128-10.onnx"), &network))
		fail_msg("%s", nmc_last_error());
	if (idx_read_images(path("t10k-images-idx3-ubyte.gz"), &images, error, sizeof(error)) ||
	    idx_read_labels(path("t10k-labels-idx1-ubyte.gz"), &labels, error, sizeof(error)))
		fail_msg("%s", error);
	assert_int_equal(images.count, 10000);
	assert_int_equal(labels.count, 10000);
	assert_int_equal(nmc_device_open("sim:ideal", &device), 0);
	options.samples = images.values;
	options.sample_count = 256;
	want = malloc(images.count * 10 * sizeof(*want));
	got = malloc(images.count * 10 * sizeof(*got));
	assert_true(want && got);
	if (nmc_plan_create(device, network, &options, &plan) || nmc_plan_program(plan, NULL, NULL, NULL) ||
	    nmc_plan_run_raw(plan, images.values, images.count, got, NULL) ||
	    nmc_plan_reference(plan, images.values, images.count, want))
		fail_msg("%s", nmc_last_error());
	assert_memory_equal(got, want, images.count * 10 * sizeof(*want));
	for (i = 0; i < images.count; i++)
		right += best(got + i * 10, 10) == labels.values[i];
	assert_in_range(right, 9750, 10000);
	free(want);
	free(got);
	free(images.values);
	free(labels.values);
	nmc_plan_destroy(plan);
	nmc_network_destroy(network);
	nmc_device_close(device);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ideal_is_the_reference),
	};

	if (argc != 2) {
		fprintf(stderr, "usage: tools_mnist FOLDER\n");
		return 2;
	}
	folder = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
