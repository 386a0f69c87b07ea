// SPDX-License-Identifier: MIT
/*
 * Plans on the in-process card, through the public header alone: perfect cells give the integer reference bit for bit
 * however a network is cut, results do not depend on batch, threads or vector width, and RRAM stays close.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "nmc.h"
#include "libnmc_plan_rig.h"

static const struct shape deep = {
	3, { 100, 70, 33, 10 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_TANH, NMC_ACTIVATION_NONE },
};

static void expect_reference(const char *uri, const struct shape *s, uint32_t adc_bits)
{
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;

	o.batch = 64;
	o.adc_bits = adc_bits;
	rig_expect_reference(uri, s, &o);
}

static void ideal_is_the_reference(void **unused)
{
	static const struct shape shapes[] = {
		{ 1, { 1, 1 }, { NMC_ACTIVATION_NONE } },
		{ 1, { 64, 32 }, { NMC_ACTIVATION_NONE } },
		{ 1, { 65, 33 }, { NMC_ACTIVATION_NONE } },
		{ 1, { 300, 1 }, { NMC_ACTIVATION_SOFTMAX } },
		{ 2, { 5, 200, 3 }, { NMC_ACTIVATION_SIGMOID, NMC_ACTIVATION_SIGMOID } },
		{ 3, { 130, 129, 65, 10 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_RELU, NMC_ACTIVATION_SOFTMAX } },
	};
	static const uint32_t bits[] = { 4, 8, 12 };
	size_t i, b;

	(void)unused;
	for (i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		for (b = 0; b < sizeof(bits) / sizeof(*bits); b++)
			expect_reference("sim:ideal?tiles=64&rows=64&cols=64&seed=3", &shapes[i], bits[b]);
		expect_reference("sim:digital?tiles=64&rows=64&cols=64", &shapes[i], 0);
	}
	expect_reference("sim:ideal", &deep, 8);
}

static void expect_same(const char *uri, const struct shape *s, uint32_t batch, const int32_t *want, const float *in,
			size_t count)
{
	struct rig r;
	int32_t *got;

	rig_open(&r, uri, s, batch, 0);
	got = run_raw(&r, in, count, NULL);
	assert_memory_equal(got, want, count * s->width[s->layers] * sizeof(*want));
	free(got);
	rig_close(&r);
}

static void same_bits_everywhere(void **unused)
{
	enum { COUNT = 300 };
	float *in = make_inputs((size_t)COUNT * deep.width[0]);
	struct rig r;
	int32_t *want;

	(void)unused;
	rig_open(&r, "sim:rram?seed=5&rows=64&cols=64&threads=1", &deep, 1, 0);
	want = run_raw(&r, in, COUNT, NULL);
	rig_close(&r);
	expect_same("sim:rram?seed=5&rows=64&cols=64&threads=1", &deep, 128, want, in, COUNT);
	expect_same("sim:rram?seed=5&rows=64&cols=64&threads=2", &deep, 0, want, in, COUNT);
	expect_same("sim:rram?seed=5&rows=64&cols=64&threads=2&simd=off", &deep, 7, want, in, COUNT);
	free(want);
	free(in);
}

/* The quantised network follows the float one, on perfect cells and on RRAM. */
static void expect_close(const char *uri, double most)
{
	enum { COUNT = 200 };
	float *in = make_inputs((size_t)COUNT * deep.width[0]), want[COUNT * 10], got[COUNT * 10];
	double error = 0.0, power = 0.0;
	struct rig r;
	size_t i;

	rig_open(&r, uri, &deep, 0, 0);
	assert_int_equal(nmc_network_forward(r.network, in, COUNT, want), 0);
	assert_int_equal(nmc_plan_run(r.plan, in, COUNT, got, NULL), 0);
	for (i = 0; i < COUNT * 10; i++) {
		error += (double)(got[i] - want[i]) * (got[i] - want[i]);
		power += (double)want[i] * want[i];
	}
	if (sqrt(error / power) > most)
		fail_msg("%s: relative error %g", uri, sqrt(error / power));
	free(in);
	rig_close(&r);
}

static void close_to_float(void **unused)
{
	(void)unused;
	expect_close("sim:digital", 0.05);
	expect_close("sim:ideal", 0.08);
	expect_close("sim:rram?seed=1", 0.35);
	expect_close("sim:rram?seed=2", 0.35);
}

static int count_tiles(void *context, size_t done, size_t total)
{
	unsigned int *calls = context;

	assert_int_equal(done, ++*calls);
	assert_true(done <= total);
	return 0;
}

static int cannot_run(void *context, size_t done, size_t total)
{
	static const float in[100];
	struct nmc_run *run;
	float out[10];

	(void)done;
	(void)total;
	assert_int_equal(nmc_plan_run(context, in, 1, out, NULL), -EINVAL);
	assert_int_equal(nmc_run_start(context, in, 1, out, &run), -EINVAL);
	assert_null(run);
	return 0;
}

static int stop_at_two(void *context, size_t done, size_t total)
{
	(void)context;
	(void)total;
	return done == 2;
}

static void programming(void **unused)
{
	struct nmc_program_report report = NMC_PROGRAM_REPORT_INIT;
	struct nmc_plan_info info = NMC_PLAN_INFO_INIT;
	struct nmc_run_report used = NMC_RUN_REPORT_INIT;
	float *in = make_inputs(deep.width[0]), out[10];
	uint64_t cells = 0;
	unsigned int calls = 0, b;
	struct rig r;

	(void)unused;
	rig_open(&r, "sim:rram?seed=1&rows=64&cols=64", &deep, 0, 0);
	assert_int_equal(nmc_plan_program(r.plan, count_tiles, &calls, &report), 0);
	assert_int_equal(nmc_plan_info(r.plan, &info), 0);
	assert_int_equal(calls, info.tiles);
	assert_int_equal(report.tiles, info.tiles);
	assert_int_equal(report.cells, info.cells);
	for (b = 0; b < 16; b++)
		cells += report.pulse_hist[b];
	assert_int_equal(cells, report.cells);
	assert_true(report.converged + report.given_up <= report.cells);
	assert_true((double)report.converged >= 0.99 * (double)report.cells);
	assert_int_equal(nmc_plan_run(r.plan, in, 1, out, &used), 0);
	assert_int_equal(used.vectors, 1);
	assert_int_equal(used.macs, info.macs);
	assert_int_equal(nmc_plan_program(r.plan, stop_at_two, NULL, NULL), -ECANCELED);
	assert_int_equal(nmc_plan_run(r.plan, in, 1, out, NULL), -EINVAL);
	free(in);
	rig_close(&r);
}

static int stop_after(void *context, size_t done, size_t total)
{
	(void)total;
	return done >= *(size_t *)context;
}

/* Tiles that were given up are erased in their own time. */
static void wait_free(struct nmc_device *device, unsigned int tiles)
{
	struct nmc_class_info class = NMC_CLASS_INFO_INIT;

	do {
		poll(NULL, 0, 1);
		assert_int_equal(nmc_device_class(device, 0, &class), 0);
	} while (class.free < tiles);
}

/* Tiles used for something else before, programming that stops after three of eleven, and again: only the rest is written. */
static void persistent(void **unused)
{
	struct nmc_program_report report = NMC_PROGRAM_REPORT_INIT;
	struct nmc_tile_report written = NMC_TILE_REPORT_INIT;
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	const char *uri = "sim:rram?tiles=16&rows=64&cols=64&seed=5";
	float *in = make_inputs((size_t)50 * deep.width[0]);
	size_t three = 3;
	unsigned int i;
	double before;
	unsigned int kept;
	struct rig r;

	(void)unused;
	rig_open(&r, uri, &deep, 0, 0);
	nmc_plan_destroy(r.plan);
	wait_free(r.device, 16);
	o.persist = "digits";
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), 0);
	assert_int_equal(nmc_plan_program(r.plan, stop_after, &three, NULL), -ECANCELED);
	nmc_plan_destroy(r.plan);
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), 0);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, &report), 0);
	kept = report.kept;
	assert_in_range(kept, 3, 5);
	assert_int_equal(report.tiles, 11 - kept);
	before = rig_error(&r, in, 50);
	nmc_plan_destroy(r.plan);

	/* All of it is there now, and as good as before. Programmed again it is written anew. */
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), 0);
	assert_int_equal(nmc_plan_repair(r.plan, NULL), -EINVAL);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, &report), 0);
	assert_int_equal(report.kept, 11);
	assert_int_equal(report.tiles, 0);
	assert_true(report.pulses == 0);
	assert_int_equal(nmc_plan_tile_report(r.plan, 0, &written), -ENODATA);
	assert_true(before < 0.5 && rig_error(&r, in, 50) < 1.2 * before);
	/* Parts of its tiles were written by others, as far as this plan knows: there is still room for more. */
	for (i = 0; i < 3; i++) {
		assert_int_equal(nmc_plan_age(r.plan, 86400000000000ull), 0);
		assert_int_equal(nmc_plan_refresh(r.plan, 0.02, NULL), 0);
		nmc_plan_destroy(r.plan);
		assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), 0);
		assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, &report), 0);
		assert_int_equal(report.kept, 11);
	}
	/* Several passes go over all of it. */
	nmc_plan_destroy(r.plan);
	o.passes = 2;
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), 0);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, &report), 0);
	assert_int_equal(report.kept, 0);
	nmc_plan_destroy(r.plan);
	o.passes = 0;
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), 0);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, &report), 0);
	assert_int_equal(report.kept, 11);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, &report), 0);
	assert_int_equal(report.kept, 0);
	assert_int_equal(report.tiles, 11);
	assert_int_equal(nmc_plan_tile_report(r.plan, 0, &written), 0);

	/* Another name is another network; what is forgotten is gone; several devices cannot persist. */
	o.persist = "others";
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &(struct nmc_plan *){ NULL }), -ENOSPC);
	nmc_plan_forget(r.plan);
	wait_free(r.device, 16);
	o.persist = "digits";
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), 0);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, &report), 0);
	assert_int_equal(report.kept, 0);
	nmc_plan_forget(r.plan);
	wait_free(r.device, 16);
	o.scheme = NMC_SCHEME_DEVICES;
	assert_int_equal(nmc_plan_create(r.device, r.network, &o, &r.plan), -EINVAL);
	assert_non_null(strstr(nmc_last_error(), "cannot persist"));
	r.plan = NULL;
	free(in);
	rig_close(&r);
}

static void refusals(void **unused)
{
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	struct nmc_network *network = make_network(&deep);
	struct nmc_device *device;
	struct nmc_plan *plan;

	(void)unused;
	assert_int_equal(nmc_device_open("sim:rram,digital?tiles=2&rows=64&cols=64", &device), 0);
	assert_int_equal(nmc_plan_create(device, network, NULL, &plan), -ENOSPC);
	assert_null(plan);
	/* 100 x 70 on 64 x 32 takes 6 tiles, 70 x 33 takes 4, 33 x 10 one. */
	assert_non_null(strstr(nmc_last_error(), "11"));
	assert_non_null(strstr(nmc_last_error(), "2"));
	nmc_device_close(device);
	/* Each block would need a description of its own: the count comes first. */
	assert_int_equal(nmc_device_open("sim:ideal?tiles=10&rows=4&cols=4", &device), 0);
	assert_int_equal(nmc_plan_create(device, network, NULL, &plan), -ENOSPC);
	assert_non_null(strstr(nmc_last_error(), "needs 1226 tiles"));
	assert_non_null(strstr(nmc_last_error(), "10 are free of 10"));
	nmc_device_close(device);
	assert_int_equal(nmc_device_open("sim:rram,digital?tiles=2&rows=64&cols=64", &device), 0);
	o.size = 0;
	assert_int_equal(nmc_plan_create(device, network, &o, &plan), -EINVAL);
	assert_non_null(strstr(nmc_last_error(), "size is not set"));
	o.size = sizeof(o);
	o.class_name = "pcm";
	assert_int_equal(nmc_plan_create(device, network, &o, &plan), -ENOENT);
	assert_non_null(strstr(nmc_last_error(), "rram, digital"));
	o.class_name = "rram";
	o.adc_bits = 13;
	assert_int_equal(nmc_plan_create(device, network, &o, &plan), -EINVAL);
	nmc_network_destroy(network);
	nmc_device_close(device);
	assert_int_equal(nmc_device_open("sim:unobtainium", &device), -EINVAL);
	assert_int_equal(nmc_device_open("sim:?tiles=many", &device), -EINVAL);
	assert_int_equal(nmc_device_open("gpu:0", &device), -EINVAL);
	assert_null(device);
}

/* Calibration vectors that are no numbers cannot give ranges. */
static void hostile_samples(void **unused)
{
	static const float bad[] = { NAN, INFINITY, -INFINITY };
	struct nmc_network *network = make_network(&deep);
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	float *in = make_inputs(deep.width[0]);
	struct nmc_device *device;
	struct nmc_plan *plan;
	size_t i;

	(void)unused;
	assert_int_equal(nmc_device_open("sim:ideal", &device), 0);
	o.samples = in;
	o.sample_count = 1;
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		in[3] = bad[i];
		assert_int_equal(nmc_plan_create(device, network, &o, &plan), -EINVAL);
		assert_null(plan);
	}
	free(in);
	nmc_network_destroy(network);
	nmc_device_close(device);
}

/* Two layers of one weight each, calibrated on @sample: refused, with the text naming the layer. */
static void refuse_ranges(float first, float second, float sample, const char *layer)
{
	static const char *const classes[] = { "ideal", "digital" };
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	struct nmc_network *network;
	struct nmc_device *device;
	struct nmc_plan *plan;
	int i;

	o.samples = &sample;
	o.sample_count = 1;
	assert_int_equal(nmc_network_create(1, &network), 0);
	assert_int_equal(nmc_network_add_dense(network, "one", 1, &first, NULL, NMC_ACTIVATION_NONE), 0);
	assert_int_equal(nmc_network_add_dense(network, "two", 1, &second, NULL, NMC_ACTIVATION_NONE), 0);
	assert_int_equal(nmc_device_open("sim:ideal,digital", &device), 0);
	for (i = 0; i < 2; i++) {
		o.class_name = classes[i];
		assert_int_equal(nmc_plan_create(device, network, &o, &plan), layer ? -ENOTSUP : 0);
		if (layer)
			assert_non_null(strstr(nmc_last_error(), layer));
		nmc_plan_destroy(plan);
	}
	nmc_network_destroy(network);
	nmc_device_close(device);
}

/* Numbers that are floats, but whose products or steps are none. */
static void impossible_ranges(void **unused)
{
	(void)unused;
	refuse_ranges(1.0f, 1.0f, 1.0f, NULL);
	refuse_ranges(1e30f, 1e-30f, 1e-4f, NULL);
	refuse_ranges(1.0f, 1.0f, 1e-44f, "layer one");
	refuse_ranges(3e38f, 1.0f, 2.0f, "layer two");
	refuse_ranges(1.0f, 3e38f, 2.0f, "layer two");
	refuse_ranges(1e-30f, 1.0f, 1e-10f, "layer one");
	refuse_ranges(1e-36f, 1.0f, 1.0f, "layer one");
}

/* The descriptor becomes readable at the end, and results arrive in nmc_run_poll() and not before. */
static void asynchronous(void **unused)
{
	enum { COUNT = 5000 };
	struct nmc_run_report report = NMC_RUN_REPORT_INIT;
	float *in = make_inputs((size_t)COUNT * deep.width[0]);
	float *want = malloc(COUNT * 10 * sizeof(*want)), *got = malloc(COUNT * 10 * sizeof(*got));
	int32_t *raw = malloc(COUNT * 10 * sizeof(*raw));
	struct nmc_run *run;
	struct rig r;
	size_t i;

	(void)unused;
	rig_open(&r, "sim:ideal", &deep, 0, 0);
	assert_int_equal(nmc_plan_run(r.plan, in, COUNT, want, NULL), 0);
	for (i = 0; i < COUNT * 10; i++)
		got[i] = -12345.0f;
	assert_int_equal(nmc_run_start(r.plan, in, COUNT, got, &run), 0);
	for (;;) {
		struct pollfd p = { .fd = nmc_run_fd(run), .events = POLLIN };
		int ret;

		assert_int_equal(poll(&p, 1, 60000), 1);
		ret = nmc_run_poll(run);
		if (!ret)
			break;
		assert_int_equal(ret, -EAGAIN);
	}
	assert_int_equal(nmc_run_done(run), COUNT);
	assert_int_equal(nmc_run_wait(run, 0, &report), 0);
	assert_int_equal(report.vectors, COUNT);
	assert_memory_equal(got, want, COUNT * 10 * sizeof(*want));
	nmc_run_destroy(run);
	assert_int_equal(nmc_run_start_raw(r.plan, in, COUNT, raw, &run), 0);
	assert_int_equal(nmc_run_wait(run, -1, NULL), 0);
	nmc_run_destroy(run);
	nmc_plan_values(r.plan, raw, COUNT, got);
	assert_memory_equal(got, want, COUNT * 10 * sizeof(*want));
	free(raw);
	free(in);
	free(want);
	free(got);
	rig_close(&r);
}

/* Whatever the threads do, a later run never ends before an earlier one has done all its vectors. */
static void runs_keep_their_order(void **unused)
{
	enum { RUNS = 8, ROUNDS = 40 };
	float *in = make_inputs((size_t)64 * deep.width[0]), *out = malloc(RUNS * 64 * 10 * sizeof(*out));
	struct nmc_run *run[RUNS];
	unsigned int round, i, before;
	struct rig r;

	(void)unused;
	rig_open(&r, "sim:ideal", &deep, 0, 0);
	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < RUNS; i++)
			assert_int_equal(nmc_run_start(r.plan, in, 64, out + i * 640, &run[i]), 0);
		for (i = RUNS; i-- > 0;) {
			assert_int_equal(nmc_run_wait(run[i], -1, NULL), 0);
			for (before = 0; before < i; before++)
				assert_int_equal(nmc_run_done(run[before]), 64);
		}
		for (i = 0; i < RUNS; i++)
			nmc_run_destroy(run[i]);
	}
	free(in);
	free(out);
	rig_close(&r);
}

/* Programming a plan again lets the runs before it end: they find the conductances that they were started with. */
static void programming_takes_its_turn(void **unused)
{
	enum { RUNS = 4, COUNT = 5000 };
	float *in = make_inputs((size_t)COUNT * deep.width[0]), *out = malloc(RUNS * COUNT * 10 * sizeof(*out));
	struct nmc_run *run[RUNS];
	struct rig r;
	unsigned int i;

	(void)unused;
	rig_open(&r, "sim:ideal", &deep, 0, 0);
	for (i = 0; i < RUNS; i++)
		assert_int_equal(nmc_run_start(r.plan, in, COUNT, out + i * COUNT * 10, &run[i]), 0);
	assert_int_equal(nmc_plan_program(r.plan, NULL, NULL, NULL), 0);
	for (i = 0; i < RUNS; i++) {
		assert_int_equal(nmc_run_done(run[i]), COUNT);
		if (nmc_run_wait(run[i], -1, NULL))
			fail_msg("run %u: %s", i, nmc_last_error());
		nmc_run_destroy(run[i]);
		assert_memory_equal(out + i * COUNT * 10, out, COUNT * 10 * sizeof(*out));
	}
	/* In the middle of programming there is nothing to run. */
	assert_int_equal(nmc_plan_program(r.plan, cannot_run, r.plan, NULL), 0);
	free(in);
	free(out);
	rig_close(&r);
}

/* A cancelled run ends with the jobs in flight; runs before and behind it go on. */
static void cancelling(void **unused)
{
	enum { COUNT = 400000, FEW = 100 };
	float *in = make_inputs((size_t)COUNT * deep.width[0]), *out = calloc(COUNT * 10, sizeof(*out));
	struct nmc_run *first, *second, *third;
	float want[FEW * 10], got[FEW * 10];
	struct rig r;
	size_t done;

	(void)unused;
	rig_open(&r, "sim:ideal", &deep, 0, 0);
	assert_int_equal(nmc_plan_run(r.plan, in, FEW, want, NULL), 0);
	assert_int_equal(nmc_run_start(r.plan, in, COUNT, out, &first), 0);
	assert_int_equal(nmc_run_start(r.plan, in, COUNT, out, &second), 0);
	assert_int_equal(nmc_run_start(r.plan, in, FEW, got, &third), 0);
	nmc_run_cancel(second);
	assert_int_equal(nmc_run_wait(first, 0, NULL), -ETIMEDOUT);
	assert_non_null(strstr(nmc_last_error(), "has not ended"));
	assert_non_null(strstr(nmc_last_error(), "of 400000 vectors"));
	assert_int_equal(nmc_run_wait(third, 1000000, NULL), -ETIMEDOUT);
	assert_non_null(strstr(nmc_last_error(), "0 of 100 vectors"));
	while (!nmc_run_done(first))
		;
	nmc_run_cancel(first);
	assert_int_equal(nmc_run_wait(first, -1, NULL), -ECANCELED);
	assert_non_null(strstr(nmc_last_error(), "of 400000 vectors"));
	assert_int_equal(nmc_run_poll(first), -ECANCELED);
	done = nmc_run_done(first);
	assert_true(done && done < COUNT);
	assert_int_equal(nmc_run_wait(second, -1, NULL), -ECANCELED);
	assert_int_equal(nmc_run_done(second), 0);
	assert_int_equal(nmc_run_wait(third, -1, NULL), 0);
	assert_memory_equal(want, got, sizeof(want));
	/* Too late is no error. */
	nmc_run_cancel(third);
	assert_int_equal(nmc_run_poll(third), 0);
	nmc_run_destroy(first);
	nmc_run_destroy(second);
	nmc_run_destroy(third);
	free(in);
	free(out);
	rig_close(&r);
}

/* nmc_run_destroy() cancels a run, and nothing of it is in flight afterwards. */
static void destroy_cancels(void **unused)
{
	enum { COUNT = 400000 };
	float *in = make_inputs((size_t)COUNT * deep.width[0]), *out = calloc(COUNT * 10, sizeof(*out));
	struct nmc_health health = NMC_HEALTH_INIT;
	struct nmc_plan_info info = NMC_PLAN_INFO_INIT;
	struct nmc_run *run;
	struct rig r;
	uint64_t before;

	(void)unused;
	rig_open(&r, "sim:ideal", &deep, 0, 0);
	assert_int_equal(nmc_plan_info(r.plan, &info), 0);
	assert_int_equal(nmc_device_health(r.device, &health), 0);
	before = health.macs;
	assert_int_equal(nmc_run_start(r.plan, in, COUNT, out, &run), 0);
	nmc_run_destroy(run);
	assert_int_equal(nmc_device_health(r.device, &health), 0);
	assert_true(health.macs - before < COUNT * info.macs);
	before = health.macs;
	assert_int_equal(nmc_plan_run(r.plan, in, 10, out, NULL), 0);
	assert_int_equal(nmc_device_health(r.device, &health), 0);
	assert_int_equal(health.macs - before, 10 * info.macs);
	free(in);
	free(out);
	rig_close(&r);
}

static void descriptions(void **unused)
{
	struct rig a, b;
	char *one, *two;

	(void)unused;
	rig_open(&a, "sim:ideal", &deep, 0, 0);
	rig_open(&b, "sim:ideal", &deep, 0, 0);
	one = nmc_plan_text(a.plan);
	two = nmc_plan_text(b.plan);
	assert_non_null(strstr(one, "dense0"));
	assert_string_equal(one, two);
	free(one);
	free(two);
	one = nmc_plan_json(a.plan);
	two = nmc_plan_json(b.plan);
	assert_true(one[0] == '{');
	assert_string_equal(one, two);
	free(one);
	free(two);
	rig_close(&a);
	rig_close(&b);
}

/* Whatever a layer is called, text and JSON stay text and JSON. */
static void hostile_names(void **unused)
{
	static const float weight = 1.0f;
	struct nmc_network *network;
	struct nmc_device *device;
	struct nmc_plan *plan;
	char *text;

	(void)unused;
	assert_int_equal(nmc_network_create(1, &network), 0);
	assert_int_equal(nmc_network_add_dense(network, "a\x1b[2J\xff", 1, &weight, NULL, NMC_ACTIVATION_NONE), 0);
	assert_int_equal(nmc_device_open("sim:ideal", &device), 0);
	assert_int_equal(nmc_plan_create(device, network, NULL, &plan), 0);
	text = nmc_plan_text(plan);
	assert_non_null(strstr(text, "0 a?[2J?: 1 -> 1"));
	free(text);
	text = nmc_plan_json(plan);
	assert_non_null(strstr(text, "\"a?[2J?\""));
	free(text);
	nmc_plan_destroy(plan);
	nmc_network_destroy(network);
	nmc_device_close(device);
}

/* A network on drifting cells: ranges follow, causes can be left out, and everything comes back. */
static void ageing(void **state)
{
	const uint64_t year = 31536000ull * 1000000000;
	struct nmc_compensation_report factors = NMC_COMPENSATION_REPORT_INIT;
	struct nmc_signal fresh = NMC_SIGNAL_INIT, old = NMC_SIGNAL_INIT, followed = NMC_SIGNAL_INIT;
	static int32_t before[64 * 8], after[64 * 8], bare[64 * 8], ideal[64 * 8];
	static float weights[8 * 96], in[64 * 96];
	struct nmc_network *network;
	struct nmc_device *device;
	struct nmc_plan *plan;
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	int i;

	(void)state;
	for (i = 0; i < 8 * 96; i++)
		weights[i] = (float)((i * 37 + 11) % 101 - 50) / 50;
	for (i = 0; i < 64 * 96; i++)
		in[i] = (float)((i * 53 + 7) % 97) / 96;
	o.samples = in;
	o.sample_count = 64;
	assert_int_equal(nmc_device_open("sim:pcm?tiles=4&seed=2", &device), 0);
	assert_int_equal(nmc_network_create(96, &network), 0);
	assert_int_equal(nmc_network_add_dense(network, "only", 8, weights, NULL, NMC_ACTIVATION_NONE), 0);
	assert_int_equal(nmc_plan_create(device, network, &o, &plan), 0);
	assert_int_equal(nmc_plan_baseline(plan, NMC_BASELINE_CARD), -EINVAL);
	assert_int_equal(nmc_plan_program(plan, NULL, NULL, NULL), 0);
	assert_int_equal(nmc_plan_compensate(plan, NMC_COMPENSATE_COLUMN, NULL), -EINVAL);
	assert_int_equal(nmc_plan_baseline(plan, NMC_BASELINE_CARD), 0);
	assert_int_equal(nmc_plan_signal(plan, 0, &fresh), 0);
	assert_int_equal(nmc_plan_signal(plan, 1, &fresh), -ENOENT);
	assert_string_equal(fresh.name, "only");
	assert_true(fresh.snr_db > 15);
	assert_int_equal(nmc_plan_age(plan, year), 0);
	assert_int_equal(nmc_plan_signal(plan, 0, &old), 0);
	assert_int_equal(nmc_plan_compensate(plan, NMC_COMPENSATE_COLUMN, &factors), 0);
	assert_int_equal(nmc_plan_signal(plan, 0, &followed), 0);
	assert_true(old.snr_db < fresh.snr_db - 5 && followed.snr_db > old.snr_db + 3);
	assert_int_equal(factors.outputs, 8);
	assert_true(factors.factor_min > 1.5 && factors.factor_max < 2.5 && factors.factor_mean > factors.factor_min);
	assert_int_equal(nmc_plan_compensate(plan, NMC_COMPENSATE_GLOBAL, &factors), 0);
	assert_true(factors.factor_min == factors.factor_max);
	assert_int_equal(nmc_plan_compensate(plan, NMC_COMPENSATE_NONE, &factors), 0);
	assert_true(factors.factor_min == 1 && factors.factor_max == 1);
	/* All causes left out, the products are those of perfect cells, bit for bit. */
	assert_int_equal(nmc_plan_leave_out(plan, 1 << NMC_CAUSES), -EINVAL);
	assert_int_equal(nmc_plan_leave_out(plan, (1 << NMC_CAUSES) - 1), 0);
	assert_int_equal(nmc_plan_run_raw(plan, in, 64, bare, NULL), 0);
	assert_int_equal(nmc_plan_reference(plan, in, 64, ideal), 0);
	assert_memory_equal(bare, ideal, sizeof(bare));
	/* Without read noise a run repeats itself; with it, it does not. */
	assert_int_equal(nmc_plan_leave_out(plan, NMC_CAUSE_READ_NOISE), 0);
	assert_int_equal(nmc_plan_run_raw(plan, in, 64, before, NULL), 0);
	assert_int_equal(nmc_plan_run_raw(plan, in, 64, after, NULL), 0);
	assert_memory_equal(before, after, sizeof(before));
	assert_memory_not_equal(before, ideal, sizeof(before));
	assert_int_equal(nmc_plan_leave_out(plan, 0), 0);
	assert_int_equal(nmc_plan_run_raw(plan, in, 64, after, NULL), 0);
	assert_memory_not_equal(before, after, sizeof(before));
	nmc_plan_destroy(plan);
	nmc_network_destroy(network);
	nmc_device_close(device);
}

/* What is left of a network on cells without their imperfections is @part of its largest output at most. */
static void expect_range(const char *uri, double part)
{
	static float weights[4 * 16], in[16 * 16], want[16 * 4], got[16 * 4];
	struct nmc_network *network;
	struct nmc_device *device;
	struct nmc_plan *plan;
	double worst = 0, largest = 0;
	int i;

	for (i = 0; i < 4 * 16; i++)
		weights[i] = (float)(i * 29 % 41 - 20) / 20;
	for (i = 0; i < 16 * 16; i++)
		in[i] = (float)(i * 31 % 37) / 36;
	assert_int_equal(nmc_device_open(uri, &device), 0);
	assert_int_equal(nmc_network_create(16, &network), 0);
	assert_int_equal(nmc_network_add_dense(network, "only", 4, weights, NULL, NMC_ACTIVATION_NONE), 0);
	assert_int_equal(nmc_plan_create(device, network, NULL, &plan), 0);
	assert_int_equal(nmc_plan_program(plan, NULL, NULL, NULL), 0);
	assert_int_equal(nmc_plan_leave_out(plan, (1 << NMC_CAUSES) - 1), 0);
	assert_int_equal(nmc_plan_run(plan, in, 16, got, NULL), 0);
	assert_int_equal(nmc_network_forward(network, in, 16, want), 0);
	for (i = 0; i < 16 * 4; i++) {
		worst = fabs(got[i] - want[i]) > worst ? fabs(got[i] - want[i]) : worst;
		largest = fabs(want[i]) > largest ? fabs(want[i]) : largest;
	}
	assert_true(worst < part * largest);
	nmc_plan_destroy(plan);
	nmc_network_destroy(network);
	nmc_device_close(device);
}

/* Cells that end above zero, or are not asked for all that they have: weights lie between the lowest and highest target. */
static void raised_range(void **state)
{
	(void)state;
	expect_range("sim:rram-milo?tiles=4&seed=2", 0.03);
	expect_range("sim:reram-es?tiles=4&seed=2", 0.06);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ideal_is_the_reference),
		cmocka_unit_test(same_bits_everywhere),
		cmocka_unit_test(close_to_float),
		cmocka_unit_test(programming),
		cmocka_unit_test(persistent),
		cmocka_unit_test(refusals),
		cmocka_unit_test(hostile_samples),
		cmocka_unit_test(impossible_ranges),
		cmocka_unit_test(asynchronous),
		cmocka_unit_test(runs_keep_their_order),
		cmocka_unit_test(programming_takes_its_turn),
		cmocka_unit_test(cancelling),
		cmocka_unit_test(destroy_cancels),
		cmocka_unit_test(descriptions),
		cmocka_unit_test(hostile_names),
		cmocka_unit_test(ageing),
		cmocka_unit_test(raised_range),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
