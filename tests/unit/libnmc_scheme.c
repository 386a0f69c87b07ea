// SPDX-License-Identifier: MIT
/*
 * Weight schemes: on perfect cells each gives the integer reference bit for bit, however a network is cut; on real cells
 * each does what it is for.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nmc.h"
#include "libnmc_plan_rig.h"

enum { COUNT = 150 };

static const struct shape wide = { 2, { 100, 64, 10 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_NONE } };

static struct nmc_plan_options scheme(enum nmc_scheme which, uint32_t parts, uint32_t bits, float significance)
{
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;

	o.scheme = which;
	o.parts = parts;
	o.slice_bits = bits;
	o.significance = significance;
	return o;
}

static void expect_references(const char *uri, const struct shape *shapes, size_t shape_count,
			      const struct nmc_plan_options *options, size_t option_count)
{
	size_t i, k;

	for (i = 0; i < shape_count; i++)
		for (k = 0; k < option_count; k++)
			rig_expect_reference(uri, &shapes[i], &options[k]);
}

static void ideal_is_the_reference(void **unused)
{
	static const struct shape shapes[] = {
		{ 1, { 1, 1 }, { NMC_ACTIVATION_NONE } },
		{ 2, { 5, 70, 3 }, { NMC_ACTIVATION_SIGMOID, NMC_ACTIVATION_SIGMOID } },
		{ 3, { 130, 65, 33, 10 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_TANH, NMC_ACTIVATION_SOFTMAX } },
	};
	const struct nmc_plan_options options[] = {
		scheme(NMC_SCHEME_DIFFERENTIAL, 0, 0, 0), scheme(NMC_SCHEME_OFFSET, 0, 0, 0), scheme(NMC_SCHEME_SLICES, 0, 0, 0),
		scheme(NMC_SCHEME_SLICES, 8, 1, 0), scheme(NMC_SCHEME_SLICES, 2, 7, 0), scheme(NMC_SCHEME_DEVICES, 0, 0, 0),
		scheme(NMC_SCHEME_DEVICES, 3, 0, 4), scheme(NMC_SCHEME_DEVICES, 8, 0, 1.5f),
	};

	(void)unused;
	expect_references("sim:ideal?tiles=128&rows=64&cols=64&seed=3", shapes, 3, options, sizeof(options) / sizeof(*options));
}

/* One column of a tile is the reference of all others: the first network fills two tiles, and one column more than fits. */
static void single_is_the_reference(void **unused)
{
	static const struct shape shapes[] = {
		{ 1, { 1, 1 }, { NMC_ACTIVATION_NONE } },
		{ 2, { 100, 126, 64 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_NONE } },
		{ 3, { 130, 65, 33, 10 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_TANH, NMC_ACTIVATION_SOFTMAX } },
	};
	const struct nmc_plan_options options[] = {
		scheme(NMC_SCHEME_DIFFERENTIAL, 0, 0, 0), scheme(NMC_SCHEME_OFFSET, 0, 0, 0),
	};
	char uri[4096];

	(void)unused;
	rig_deck(uri, sizeof(uri), "ideal", "converters: { columns: single }\n", "tiles=32&rows=64&cols=64&seed=3");
	expect_references(uri, shapes, 3, options, sizeof(options) / sizeof(*options));
	rig_forget(uri);
}

/* Relative error of a network on a card, in this scheme. */
static double error_of(const char *uri, const struct nmc_plan_options *o)
{
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	struct rig r;
	double error;

	rig_open_options(&r, uri, &wide, o);
	error = rig_error(&r, in, COUNT);
	free(in);
	rig_close(&r);
	return error;
}

/* Weights of 8 bits on perfect cells are as good as continuous ones; of 2 bits they are not. */
static void slices_add_up(void **unused)
{
	const struct nmc_plan_options whole = scheme(NMC_SCHEME_DIFFERENTIAL, 0, 0, 0), few = scheme(NMC_SCHEME_SLICES, 2, 1, 0);
	const struct nmc_plan_options eight = scheme(NMC_SCHEME_SLICES, 8, 1, 0), four = scheme(NMC_SCHEME_SLICES, 4, 2, 0);
	double best = error_of("sim:ideal", &whole);

	(void)unused;
	assert_true(error_of("sim:ideal", &eight) < 1.2 * best);
	assert_true(error_of("sim:ideal", &four) < 1.2 * best);
	assert_true(error_of("sim:ideal", &few) > 3.0 * best);
}

/* Cells of two states hold signs; in slices they hold weights. */
static void binary_cells(void **unused)
{
	const struct nmc_plan_options whole = scheme(NMC_SCHEME_DIFFERENTIAL, 0, 0, 0), eight = scheme(NMC_SCHEME_SLICES, 8, 1, 0);
	double signs = error_of("sim:mtj?seed=1", &whole), sliced = error_of("sim:mtj?seed=1", &eight);

	(void)unused;
	if (sliced > 0.15 || signs < 3.0 * sliced)
		fail_msg("relative error %g in slices, %g in one pair", sliced, signs);
}

/* A second device makes up for the first: for its spread, and for what is broken. */
static void devices_make_up(void **unused)
{
	const struct nmc_plan_options one = scheme(NMC_SCHEME_DIFFERENTIAL, 0, 0, 0), two = scheme(NMC_SCHEME_DEVICES, 2, 0, 0);
	const struct nmc_plan_options fine = scheme(NMC_SCHEME_DEVICES, 2, 0, 4), four = scheme(NMC_SCHEME_DEVICES, 4, 0, 0);
	double spread = error_of("sim:rram?seed=1", &one), broken;
	char uri[4200];

	(void)unused;
	assert_true(error_of("sim:rram?seed=1", &two) < 0.8 * spread);
	assert_true(error_of("sim:rram?seed=1", &fine) < 0.6 * spread);
	assert_true(error_of("sim:rram?seed=1", &four) < 0.6 * spread);
	rig_deck(uri, sizeof(uri), "rram", "defects: { stuck_low: 2.5 %, stuck_high: 2.5 % }\n", "seed=4");
	broken = error_of(uri, &one);
	assert_true(error_of(uri, &two) < 0.6 * broken);
	rig_forget(uri);
}

/* Relative error of a network once its broken cells are repaired. */
static double repaired(const char *uri, const struct nmc_plan_options *o)
{
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	struct rig r;
	double error;

	rig_open_options(&r, uri, &wide, o);
	assert_int_equal(nmc_plan_repair(r.plan, NULL), 0);
	error = rig_error(&r, in, COUNT);
	free(in);
	rig_close(&r);
	return error;
}

/* The second device makes up for what the first is after its repair, not for what it was. */
static void devices_repaired(void **unused)
{
	const struct nmc_plan_options one = scheme(NMC_SCHEME_DIFFERENTIAL, 0, 0, 0), two = scheme(NMC_SCHEME_DEVICES, 2, 0, 0);
	double single, both;
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "rram", "defects: { stuck_high: 2 % }\n", "seed=1");
	single = repaired(uri, &one);
	both = repaired(uri, &two);
	if (both > 0.9 * single)
		fail_msg("relative error %g of two devices, %g of one", both, single);
	rig_forget(uri);
}

/* Calibration takes out what converters do, not what the second device is there for. */
static void devices_calibrated(void **unused)
{
	const struct nmc_plan_options two = scheme(NMC_SCHEME_DEVICES, 2, 0, 4);
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	double perfect = error_of("sim:rram?seed=4", &two), before, after;
	struct nmc_repair_report repair = NMC_REPAIR_REPORT_INIT;
	struct rig r;
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "rram", "converters: { offset: 5 %, gain: 15 % }\n", "seed=4");
	rig_open_options(&r, uri, &wide, &two);
	before = rig_error(&r, in, COUNT);
	assert_int_equal(nmc_plan_calibrate(r.plan, NULL), 0);
	after = rig_error(&r, in, COUNT);
	if (after > 1.3 * perfect || before < 2.0 * after)
		fail_msg("relative error %g, before %g, on perfect converters %g", after, before, perfect);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, NULL), 0);
	assert_int_equal(nmc_plan_repair(r.plan, &repair), 0);
	assert_true(rig_error(&r, in, COUNT) < 1.5 * perfect);
	free(in);
	rig_close(&r);
	rig_forget(uri);
}

static void expect_refused_on(const char *uri, const char *class_name, struct nmc_plan_options o, const char *text)
{
	struct nmc_network *network = make_network(&wide);
	struct nmc_device *device;
	struct nmc_plan *plan;

	o.class_name = class_name;
	assert_int_equal(nmc_device_open(uri, &device), 0);
	assert_int_equal(nmc_plan_create(device, network, &o, &plan), -EINVAL);
	assert_null(plan);
	if (!strstr(nmc_last_error(), text))
		fail_msg("%s: %s", text, nmc_last_error());
	nmc_network_destroy(network);
	nmc_device_close(device);
}

static void expect_refused(const char *class_name, struct nmc_plan_options o, const char *text)
{
	expect_refused_on("sim:rram,digital?tiles=8", class_name, o, text);
}

/* A reference for all is about as good as one for each, whose errors average out; no other scheme, and no repair, goes with it. */
static void single_cells(void **unused)
{
	const struct nmc_plan_options whole = scheme(NMC_SCHEME_DIFFERENTIAL, 0, 0, 0), offset = scheme(NMC_SCHEME_OFFSET, 0, 0, 0);
	double own, shared;
	char uri[4096];

	(void)unused;
	rig_deck(uri, sizeof(uri), "rram", "converters: { columns: single }\n", "tiles=8&seed=1");
	own = error_of("sim:rram?seed=1", &offset);
	shared = error_of(uri, &whole);
	if (shared > 1.6 * own || shared < own / 1.6)
		fail_msg("relative error %g with a reference for all, %g with one for each", shared, own);
	expect_refused_on(uri, NULL, scheme(NMC_SCHEME_SLICES, 0, 0, 0), "offset");
	expect_refused_on(uri, NULL, scheme(NMC_SCHEME_DEVICES, 0, 0, 0), "offset");
	rig_forget(uri);
}

static void refusals(void **unused)
{
	struct nmc_plan_options bad = NMC_PLAN_OPTIONS_INIT;
	unsigned int i;

	(void)unused;
	bad.scheme = 4;
	expect_refused("rram", bad, "not a weight scheme");
	bad.scheme = UINT32_MAX;
	expect_refused("rram", bad, "not a weight scheme");
	for (i = 1; i < 4; i++)
		expect_refused("digital", scheme((enum nmc_scheme)i, 0, 0, 0), "integers");
	expect_refused("rram", scheme(NMC_SCHEME_DIFFERENTIAL, 2, 0, 0), "parts");
	expect_refused("rram", scheme(NMC_SCHEME_OFFSET, 2, 0, 0), "parts");
	expect_refused("rram", scheme(NMC_SCHEME_SLICES, 9, 1, 0), "slices");
	expect_refused("rram", scheme(NMC_SCHEME_SLICES, 8, 2, 0), "slices");
	expect_refused("rram", scheme(NMC_SCHEME_SLICES, 1, 9, 0), "slices");
	expect_refused("rram", scheme(NMC_SCHEME_SLICES, 4, UINT32_MAX / 4 + 1, 0), "slices");
	expect_refused("rram", scheme(NMC_SCHEME_DEVICES, 9, 0, 0), "devices");
	expect_refused("rram", scheme(NMC_SCHEME_DEVICES, 2, 0, 0.5f), "significance");
	expect_refused("rram", scheme(NMC_SCHEME_DEVICES, 2, 0, NAN), "significance");
	assert_string_equal(nmc_scheme_name(NMC_SCHEME_SLICES), "slices");
	assert_null(nmc_scheme_name(4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ideal_is_the_reference),
		cmocka_unit_test(single_is_the_reference),
		cmocka_unit_test(single_cells),
		cmocka_unit_test(slices_add_up),
		cmocka_unit_test(binary_cells),
		cmocka_unit_test(devices_make_up),
		cmocka_unit_test(devices_repaired),
		cmocka_unit_test(devices_calibrated),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
