// SPDX-License-Identifier: MIT
/*
 * What a plan does about cells and converters that are not perfect: placement around broken cells, calibration of
 * converters, refresh of cells that have left their band.
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

enum { COUNT = 200 };

static const struct shape wide = { 2, { 100, 64, 10 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_NONE } };

/* 5 % of the cells are stuck: about so many are found, half of them or more can be made up for, and outputs are nearer. */
static void broken_cells(void **unused)
{
	struct nmc_repair_report r = NMC_REPAIR_REPORT_INIT, again = NMC_REPAIR_REPORT_INIT;
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	double before, after, later;
	struct rig rig;
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "rram", "defects: { stuck_low: 2.5 %, stuck_high: 2.5 % }\n", "tiles=8&seed=4");
	rig_open(&rig, uri, &wide, 0, 0);
	before = rig_error(&rig, in, COUNT);
	assert_int_equal(nmc_plan_repair(rig.plan, &r), 0);
	after = rig_error(&rig, in, COUNT);
	assert_int_equal(r.cells, 2 * (100 * 64 + 64 * 10));
	assert_true(r.broken > r.cells * 3 / 100 && r.broken < r.cells * 6 / 100);
	assert_int_equal(r.compensated + r.uncompensated, r.broken);
	assert_true(r.compensated * 10 > r.broken * 4);
	assert_true(r.exchanged > 0 && r.passes > 0 && r.pulses > 0);
	assert_true(r.error_after < 0.7 * r.error_before);
	if (after > 0.7 * before)
		fail_msg("relative error %g, before %g", after, before);
	/* What was learnt holds for another programming, and there is little left to learn. */
	assert_int_equal(nmc_plan_program(rig.plan, NULL, NULL, NULL), 0);
	later = rig_error(&rig, in, COUNT);
	assert_true(later < 0.8 * before);
	assert_int_equal(nmc_plan_repair(rig.plan, &again), 0);
	assert_true(again.broken >= r.broken && again.broken < r.broken * 11 / 10);
	free(in);
	rig_close(&rig);
	rig_forget(uri);
}

/*
 * Cells that are asked for a part of their range only are not broken because they do not leave it: over eight cards no more
 * are called so than programming gave up, which is less than one in a hundred.
 */
static void narrow_targets(void **unused)
{
	uint64_t cells = 0, broken = 0, given_up = 0;
	char uri[4200], query[64];
	unsigned int seed;

	(void)unused;
	for (seed = 1; seed <= 8; seed++) {
		struct nmc_program_report p = NMC_PROGRAM_REPORT_INIT;
		struct nmc_repair_report r = NMC_REPAIR_REPORT_INIT;
		struct rig rig;

		snprintf(query, sizeof(query), "tiles=8&seed=%u&rows=64&cols=128", seed);
		rig_deck(uri, sizeof(uri), "reram-es", "defects: { stuck_low: 0.2 % }\n", query);
		rig_open(&rig, uri, &wide, 0, 0);
		assert_int_equal(nmc_plan_program(rig.plan, NULL, NULL, &p), 0);
		assert_int_equal(nmc_plan_repair(rig.plan, &r), 0);
		assert_int_equal(r.cells, p.cells);
		cells += r.cells;
		broken += r.broken;
		given_up += p.given_up;
		rig_close(&rig);
		rig_forget(uri);
	}
	if (!broken || broken > given_up || given_up * 100 >= cells)
		fail_msg("%llu of %llu cells called broken, %llu given up", (unsigned long long)broken, (unsigned long long)cells,
			 (unsigned long long)given_up);
}

/* Repairs a layer of 64 outputs and 100 inputs on tiles of 128 outputs with 5 % stuck cells. Returns the error of a run. */
static double arranged(const char *uri, uint32_t fixed, struct nmc_repair_report *r)
{
	static const struct shape one = { 1, { 100, 64 }, { NMC_ACTIVATION_NONE } };
	float *in = make_inputs((size_t)COUNT * one.width[0]);
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	char *text, *json;
	struct rig rig;
	double error;

	o.fixed_columns = fixed;
	rig_open_options(&rig, uri, &one, &o);
	assert_int_equal(nmc_plan_repair(rig.plan, r), 0);
	error = rig_error(&rig, in, COUNT);
	text = nmc_plan_text(rig.plan);
	json = nmc_plan_json(rig.plan);
	assert_true(!strstr(text, "columns ") == !!fixed && !strstr(json, "\"columns\":null") == !fixed);
	free(text);
	free(json);
	/* They stay where they are for another programming. */
	assert_int_equal(nmc_plan_program(rig.plan, NULL, NULL, NULL), 0);
	assert_true(fabs(rig_error(&rig, in, COUNT) / error - 1.0) < 0.3);
	free(in);
	rig_close(&rig);
	return error;
}

/* Half of the outputs of a tile in use: outputs go where broken cells do least, unused columns included. */
static void arranged_outputs(void **unused)
{
	struct nmc_repair_report fixed = NMC_REPAIR_REPORT_INIT, free_to = NMC_REPAIR_REPORT_INIT;
	double error[2];
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "ecram", "defects: { stuck_low: 2.5 %, stuck_high: 2.5 % }\n", "tiles=2&seed=4");
	error[0] = arranged(uri, 1, &fixed);
	error[1] = arranged(uri, 0, &free_to);
	assert_int_equal(fixed.moved, 0);
	assert_true(free_to.moved > 32 && free_to.moved <= 64);
	if (error[1] > 0.5 * error[0] || free_to.error_after > 0.5 * fixed.error_after)
		fail_msg("relative error %g, %g in fixed columns; weights off by %g, %g", error[1], error[0], free_to.error_after,
			 fixed.error_after);
	rig_forget(uri);
}

static const struct shape small = { 2, { 60, 30, 10 }, { NMC_ACTIVATION_RELU, NMC_ACTIVATION_NONE } };

enum { SIDE = 64, SWINGS = 100 };

/* Drives the cells of the first tile up and down until many of them move no more. */
static void wear_first_tile(struct nmc_device *device)
{
	struct nmc_slot_ref slot = { NULL, false };
	struct nmc_operand data = { .pitch = SIDE * 2 };
	struct nmc_context *context;
	struct nmc_tileset *set;
	struct nmc_stream *s;
	unsigned int i;
	uint64_t job;

	assert_int_equal(nmc_tileset_create(device, 0, 1, &set), 0);
	assert_int_equal(nmc_context_create(device, &set, 1, &context), 0);
	assert_int_equal(nmc_buffer_create(device, 2 * SIDE * SIDE * 2, &slot.buffer), 0);
	for (i = 0; i < SIDE * SIDE; i++)
		((int16_t *)nmc_buffer_data(slot.buffer))[i] = 26214;
	assert_int_equal(nmc_stream_create(2 * SIDE * SIDE * 2 + 4096, &s), 0);
	assert_int_equal(nmc_stream_load(s, 0, 0, 0, 1, 2 * SIDE * SIDE * 2, (struct nmc_operand){ 0 }), 0);
	assert_int_equal(nmc_stream_loop(s, SWINGS, 2), 0);
	for (i = 0; i < 2; i++, data.addr += SIDE * SIDE * 2)
		assert_int_equal(nmc_stream_program(s, 0, 0, data, 2 * SIDE * SIDE * 2, SIDE, SIDE), 0);
	if (nmc_job_submit(context, s, &slot, 1, &job) || nmc_job_wait(context, job, -1, NULL))
		fail_msg("%s", nmc_last_error());
	nmc_stream_destroy(s);
	nmc_buffer_destroy(slot.buffer);
	nmc_context_destroy(context);
	nmc_tileset_destroy(set);
}

/* Repairs a plan with @spares on a card whose first tile is worn out. Returns the relative error of a run. */
static double repaired(const char *uri, uint32_t spares, struct nmc_repair_report *r)
{
	float *in = make_inputs((size_t)COUNT * small.width[0]);
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	struct rig rig = { .network = make_network(&small) };
	struct nmc_tile_report written = NMC_TILE_REPORT_INIT;
	struct nmc_tile_info tile;
	double error;
	char *text;

	o.spares = spares;
	assert_int_equal(nmc_device_open(uri, &rig.device), 0);
	wear_first_tile(rig.device);
	if (nmc_plan_create(rig.device, rig.network, &o, &rig.plan) || nmc_plan_program(rig.plan, NULL, NULL, NULL))
		fail_msg("%s", nmc_last_error());
	assert_int_equal(nmc_device_tiles(rig.device, 0, &tile, 1), 1);
	assert_true(tile.mine && tile.wear_mean > 500.0);
	assert_int_equal(nmc_plan_repair(rig.plan, r), 0);
	error = rig_error(&rig, in, COUNT);
	text = nmc_plan_text(rig.plan);
	assert_true(!strstr(text, "2 spare tiles, 1 of them in use") == !spares);
	assert_true(!strstr(text, "tile 0:") == !!spares);
	free(text);
	assert_int_equal(nmc_plan_tile_report(rig.plan, 0, &written), spares ? -ENOENT : 0);
	assert_int_equal(nmc_plan_tile_report(rig.plan, 1, &written), 0);
	if (spares) {
		unsigned int used = nmc_plan_tile_report(rig.plan, 2, &written) ? 3 : 2;

		assert_int_equal(nmc_plan_tile_report(rig.plan, used, &written), 0);
		assert_true(written.tile == used && written.layer == 0 && written.cells);
		assert_int_equal(nmc_plan_tile_report(rig.plan, 5 - used, &written), -ENOENT);
	}
	/* It stays there. */
	if (spares) {
		assert_int_equal(nmc_plan_program(rig.plan, NULL, NULL, NULL), 0);
		assert_true(rig_error(&rig, in, COUNT) < 1.3 * error);
	}
	free(in);
	rig_close(&rig);
	return error;
}

/* One tile is worn out, others are not: its part of the network moves, the other one does not. */
static void spare_tiles(void **unused)
{
	struct nmc_repair_report without = NMC_REPAIR_REPORT_INIT, with = NMC_REPAIR_REPORT_INIT;
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	double error[2];
	struct rig rig;
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "rram", "endurance: { pulses: 1000, sigma: 0.5, slope: 0.2, dead_at: 80 % }\n",
		 "tiles=4&rows=64&cols=64&seed=4");
	error[0] = repaired(uri, 0, &without);
	error[1] = repaired(uri, 2, &with);
	assert_int_equal(without.spares_used, 0);
	assert_int_equal(with.spares_used, 1);
	if (error[1] > 0.5 * error[0] || with.error_after > 0.5 * without.error_after || with.broken * 10 > without.broken)
		fail_msg("relative error %g, %g without spares; weights off by %g, %g; %llu broken, %llu", error[1], error[0],
			 with.error_after, without.error_after, (unsigned long long)with.broken,
			 (unsigned long long)without.broken);
	/* No more than there are. */
	rig.network = make_network(&small);
	assert_int_equal(nmc_device_open(uri, &rig.device), 0);
	o.spares = 3;
	assert_int_equal(nmc_plan_create(rig.device, rig.network, &o, &rig.plan), -ENOSPC);
	assert_non_null(strstr(nmc_last_error(), "3 spares"));
	nmc_network_destroy(rig.network);
	nmc_device_close(rig.device);
	rig_forget(uri);
}

/* Nothing is broken, nothing changes: on perfect cells the reference stays what the card gives. */
static void sound_cells(void **unused)
{
	struct nmc_repair_report r = NMC_REPAIR_REPORT_INIT;
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	int32_t want[COUNT * 10], *got;
	struct rig rig;

	(void)unused;
	rig_open(&rig, "sim:ideal", &wide, 0, 0);
	assert_int_equal(nmc_plan_repair(rig.plan, &r), 0);
	assert_int_equal(r.broken, 0);
	assert_int_equal(r.pulses, 0);
	assert_true(r.error_after == 0.0);
	assert_int_equal(nmc_plan_reference(rig.plan, in, COUNT, want), 0);
	got = run_raw(&rig, in, COUNT, NULL);
	assert_memory_equal(got, want, sizeof(want));
	free(got);
	free(in);
	rig_close(&rig);
	rig_open(&rig, "sim:digital", &wide, 0, 0);
	assert_int_equal(nmc_plan_repair(rig.plan, &r), -EINVAL);
	rig_close(&rig);
}

/* Perfect cells behind converters that are not: calibration leaves little more than rounding. */
static void bent_converters(void **unused)
{
	struct nmc_calibration_report r = NMC_CALIBRATION_REPORT_INIT, again = NMC_CALIBRATION_REPORT_INIT;
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	double before, after, perfect;
	struct rig rig;
	char uri[4200];

	(void)unused;
	rig_open(&rig, "sim:ideal", &wide, 0, 0);
	perfect = rig_error(&rig, in, COUNT);
	rig_close(&rig);
	rig_deck(uri, sizeof(uri), "ideal", "converters: { offset: 5 %, gain: 15 % }\n", "tiles=8&seed=4");
	rig_open(&rig, uri, &wide, 0, 0);
	before = rig_error(&rig, in, COUNT);
	assert_int_equal(nmc_plan_calibrate(rig.plan, &r), 0);
	after = rig_error(&rig, in, COUNT);
	assert_int_equal(r.outputs, 64 + 10);
	assert_true(r.offset > 0.04 && r.offset < 0.06 && r.gain > 0.1 && r.gain < 0.25);
	assert_true(r.error_before > 0.03 && r.error_after < 0.003);
	if (after > 1.2 * perfect || before < 3.0 * perfect)
		fail_msg("relative error %g, before %g, on perfect converters %g", after, before, perfect);
	/* Another one starts from what was planned, and finds the same. */
	assert_int_equal(nmc_plan_calibrate(rig.plan, &again), 0);
	assert_memory_equal(&again, &r, sizeof(r));
	free(in);
	rig_close(&rig);
	rig_forget(uri);
}

/* Compensation starts from what was calibrated, follows drift, keeps the offset, and goes back. */
static void calibrated_and_compensated(void **unused)
{
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	double fresh, aged, compensated;
	int32_t *first, *last;
	struct rig rig;
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "pcm", "converters: { offset: 5 %, gain: 15 % }\n", "tiles=8&seed=4");
	rig_open(&rig, uri, &wide, 0, 0);
	assert_int_equal(nmc_plan_leave_out(rig.plan, NMC_CAUSE_READ_NOISE), 0);
	assert_int_equal(nmc_plan_baseline(rig.plan, NMC_BASELINE_CARD), 0);
	assert_int_equal(nmc_plan_calibrate(rig.plan, NULL), 0);
	assert_int_equal(nmc_plan_compensate(rig.plan, NMC_COMPENSATE_COLUMN, NULL), -EINVAL);
	assert_non_null(strstr(nmc_last_error(), "baseline"));
	assert_int_equal(nmc_plan_baseline(rig.plan, NMC_BASELINE_CARD), 0);
	fresh = rig_error(&rig, in, COUNT);
	assert_int_equal(nmc_plan_age(rig.plan, 30ull * 86400 * 1000000000), 0);
	aged = rig_error(&rig, in, COUNT);
	first = run_raw(&rig, in, COUNT, NULL);
	assert_int_equal(nmc_plan_compensate(rig.plan, NMC_COMPENSATE_COLUMN, NULL), 0);
	compensated = rig_error(&rig, in, COUNT);
	if (compensated > 0.6 * aged || compensated > 2.5 * fresh)
		fail_msg("relative error %g fresh, %g aged, %g compensated", fresh, aged, compensated);
	assert_int_equal(nmc_plan_compensate(rig.plan, NMC_COMPENSATE_NONE, NULL), 0);
	last = run_raw(&rig, in, COUNT, NULL);
	assert_memory_equal(last, first, COUNT * 10 * sizeof(*last));
	free(first);
	free(last);
	free(in);
	rig_close(&rig);
	rig_forget(uri);
}

#define DAY 86400000000000ull

/* Cells that drifted together: about as many as have a weight, in whole tiles; deviation and outputs are restored. */
static void refresh_drift(void **unused)
{
	struct nmc_refresh_report r = NMC_REFRESH_REPORT_INIT, again = NMC_REFRESH_REPORT_INIT;
	float *in = make_inputs((size_t)COUNT * wide.width[0]);
	double fresh, aged, after;
	struct rig rig;

	(void)unused;
	rig_open(&rig, "sim:pcm?tiles=8&seed=2", &wide, 0, 0);
	fresh = rig_error(&rig, in, COUNT);
	assert_int_equal(nmc_plan_age(rig.plan, 30 * DAY), 0);
	aged = rig_error(&rig, in, COUNT);
	assert_int_equal(nmc_plan_refresh(rig.plan, 0.1, &r), 0);
	after = rig_error(&rig, in, COUNT);
	assert_int_equal(r.cells, 2 * (100 * 64 + 64 * 10));
	assert_int_equal(r.tiles, 2);
	assert_int_equal(r.whole, 2);
	assert_int_equal(r.written, r.cells);
	assert_true(r.out > r.cells / 4 && r.left * 20 < r.out);
	assert_true(r.pulses > 0 && r.pulses < r.full_pulses);
	assert_true(r.deviation_before > 0.12 && r.deviation_after < 0.05);
	if (aged < 2.0 * fresh || after > 1.3 * fresh)
		fail_msg("relative error %g fresh, %g aged, %g refreshed", fresh, aged, after);
	assert_int_equal(nmc_plan_refresh(rig.plan, 0.5, &again), 0);
	assert_int_equal(again.out, 0);
	assert_int_equal(again.pulses, 0);
	assert_true(again.deviation_after == again.deviation_before);
	free(in);
	rig_close(&rig);
}

/* RMS deviation of cells from their targets, from reads of all of them. */
static double deviation(struct rig *rig)
{
	struct nmc_refresh_report r = NMC_REFRESH_REPORT_INIT;

	assert_int_equal(nmc_plan_refresh(rig->plan, 1.0, &r), 0);
	assert_int_equal(r.out, 0);
	return r.deviation_after;
}

static int count_calls(void *context, size_t done, size_t total)
{
	*(unsigned int *)context += 1;
	assert_true(done <= total && total == 6);
	return 0;
}

/*
 * Three passes over cells that relax: less deviation a day later, by what card_rram expects of one target, for more pulses;
 * settling and waits are card time. The report counts cells and tiles once. Cells that stay in their band see one write.
 */
static void passes(void **unused)
{
	struct nmc_program_report r[2] = { NMC_PROGRAM_REPORT_INIT, NMC_PROGRAM_REPORT_INIT };
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	unsigned int i, k, calls = 0;
	uint64_t cells = 0;
	double left[2];
	struct rig rig;

	(void)unused;
	for (i = 0; i < 2; i++) {
		o.passes = i ? 3 : 1;
		o.pass_wait_ns = i ? 5000000000 : 0;
		rig.network = make_network(&wide);
		assert_int_equal(nmc_device_open("sim:rram?tiles=8&seed=4", &rig.device), 0);
		assert_int_equal(nmc_plan_create(rig.device, rig.network, &o, &rig.plan), 0);
		assert_int_equal(nmc_plan_program(rig.plan, i ? count_calls : NULL, &calls, &r[i]), 0);
		assert_int_equal(nmc_plan_age(rig.plan, DAY), 0);
		left[i] = deviation(&rig);
		rig_close(&rig);
	}
	assert_int_equal(calls, 6);
	assert_int_equal(r[1].cells, r[0].cells);
	assert_int_equal(r[1].tiles, 2);
	for (k = 0; k < 16; k++)
		cells += r[1].pulse_hist[k];
	assert_int_equal(cells, r[1].cells);
	assert_true(r[1].pulse_hist[0] > r[1].cells / 3 && r[1].pulses > r[0].pulses && r[1].converged > r[0].cells * 98 / 100);
	assert_true(r[1].modelled_ns > 16000000000 && r[1].modelled_ns < 17000000000);
	if (left[1] > 0.8 * left[0] || left[1] < 0.5 * left[0])
		fail_msg("deviation %g after one pass, %g after three", left[0], left[1]);
	o.passes = 17;
	assert_int_equal(nmc_device_open("sim:rram", &rig.device), 0);
	rig.network = make_network(&wide);
	assert_int_equal(nmc_plan_create(rig.device, rig.network, &o, &rig.plan), -EINVAL);
	nmc_network_destroy(rig.network);
	nmc_device_close(rig.device);
}

/* Few cells are out: few are written, one by one, for a small share of the pulses; the others keep what they hold. */
static void refresh_few(void **unused)
{
	struct nmc_refresh_report r = NMC_REFRESH_REPORT_INIT;
	unsigned int i;
	struct rig rig;

	(void)unused;
	rig_open(&rig, "sim:rram?tiles=8&seed=2", &wide, 0, 0);
	assert_int_equal(nmc_plan_age(rig.plan, 2 * DAY), 0);
	/* Some relax as far again. Partial writes run out long before this ends, if a tile's count of them were wrong. */
	for (i = 0; i < 12; i++) {
		assert_int_equal(nmc_plan_refresh(rig.plan, 0.2, &r), 0);
		assert_int_equal(r.whole, 0);
		assert_true(r.written >= r.out && r.written < 2 * r.out + 10);
		assert_true(r.left <= r.out);
		if (!i)
			assert_true(r.out > 20 && r.out < r.cells / 20 && r.pulses * 20 < r.full_pulses);
	}
	assert_true(nmc_plan_refresh(rig.plan, 0.0, &r) == -EINVAL && nmc_plan_refresh(rig.plan, NAN, &r) == -EINVAL);
	rig_close(&rig);
	/* Small tiles remember few: runs are joined, then tiles written as a whole, and no job is refused. */
	rig_open(&rig, "sim:rram?tiles=64&rows=64&cols=64&seed=2", &wide, 0, 0);
	for (i = 0; i < 12; i++) {
		assert_int_equal(nmc_plan_age(rig.plan, DAY), 0);
		if (nmc_plan_refresh(rig.plan, 0.02 + 0.01 * (i % 12), &r))
			fail_msg("%s", nmc_last_error());
	}
	rig_close(&rig);
}

static uint64_t bins(const uint64_t *hist)
{
	uint64_t cells = 0;
	unsigned int i;

	for (i = 0; i < 16; i++)
		cells += hist[i];
	return cells;
}

/* What the reports of a plan's tiles add up to, those of tiles that have one. */
static void add_tiles(const struct nmc_plan *plan, unsigned int tiles, struct nmc_program_report *sum)
{
	double square = 0.0;
	unsigned int i, k;

	*sum = (struct nmc_program_report)NMC_PROGRAM_REPORT_INIT;
	for (i = 0; i < tiles; i++) {
		struct nmc_tile_report t = NMC_TILE_REPORT_INIT;

		if (nmc_plan_tile_report(plan, i, &t) == -ENODATA)
			continue;
		assert_int_equal(t.tile, i);
		assert_int_equal(bins(t.pulse_hist), t.cells);
		assert_int_equal(bins(t.error_hist), t.cells);
		assert_true(t.converged + t.given_up <= t.cells && t.mean_pulses == (double)t.pulses / (double)t.cells);
		sum->tiles++;
		sum->cells += t.cells;
		sum->converged += t.converged;
		sum->given_up += t.given_up;
		sum->pulses += t.pulses;
		sum->pulses_max = t.pulses_max > sum->pulses_max ? t.pulses_max : sum->pulses_max;
		sum->modelled_ns += t.modelled_ns;
		sum->energy_j += t.energy_j;
		square += (double)t.residual * (double)t.residual * (double)t.cells;
		for (k = 0; k < 16; k++)
			sum->pulse_hist[k] += t.pulse_hist[k];
	}
	sum->residual = (float)sqrt(square / (double)sum->cells);
}

static void expect_sum(const struct rig *rig, const struct nmc_program_report *r, unsigned int tiles, uint64_t waits_ns)
{
	struct nmc_program_report sum;

	add_tiles(rig->plan, tiles, &sum);
	assert_int_equal(sum.tiles, r->tiles);
	assert_int_equal(sum.cells, r->cells);
	assert_int_equal(sum.converged, r->converged);
	assert_int_equal(sum.given_up, r->given_up);
	assert_int_equal(sum.pulses, r->pulses);
	assert_int_equal(sum.pulses_max, r->pulses_max);
	assert_int_equal(sum.modelled_ns + waits_ns, r->modelled_ns);
	assert_memory_equal(sum.pulse_hist, r->pulse_hist, sizeof(sum.pulse_hist));
	assert_true(fabs(sum.energy_j / r->energy_j - 1.0) < 1e-9);
	assert_true(fabs((double)sum.residual / (double)r->residual - 1.0) < 1e-5);
}

static int stop_at_first(void *context, size_t done, size_t total)
{
	(void)context;
	return done && total;
}

/*
 * The tiles of a plan add up to its report, over one pass and several, and say where they lie. Programming that stops leaves
 * the tiles after it as they were.
 */
static void tile_reports(void **unused)
{
	struct nmc_program_report r = NMC_PROGRAM_REPORT_INIT;
	struct nmc_plan_options o = NMC_PLAN_OPTIONS_INIT;
	struct nmc_tile_report t = NMC_TILE_REPORT_INIT, first = NMC_TILE_REPORT_INIT, last = NMC_TILE_REPORT_INIT;
	struct nmc_plan_info info = NMC_PLAN_INFO_INIT;
	struct rig rig;
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "rram", "defects: { stuck_low: 1 %, stuck_high: 1 % }\n", "tiles=8&rows=64&cols=64&seed=4");
	for (o.passes = 1; o.passes <= 3; o.passes += 2) {
		o.pass_wait_ns = o.passes > 1 ? 5000000000 : 0;
		rig.network = make_network(&wide);
		assert_int_equal(nmc_device_open(uri, &rig.device), 0);
		assert_int_equal(nmc_plan_create(rig.device, rig.network, &o, &rig.plan), 0);
		assert_int_equal(nmc_plan_info(rig.plan, &info), 0);
		assert_int_equal(nmc_plan_tile_report(rig.plan, 0, &t), -ENODATA);
		assert_non_null(strstr(nmc_last_error(), "tile 0 has not been programmed"));
		assert_int_equal(nmc_plan_program(rig.plan, NULL, NULL, &r), 0);
		assert_true(r.given_up > 0 && info.tiles == r.tiles);
		expect_sum(&rig, &r, info.tiles, o.pass_wait_ns * (o.passes - 1));
		assert_int_equal(nmc_plan_tile_report(rig.plan, 0, &first), 0);
		assert_int_equal(nmc_plan_tile_report(rig.plan, info.tiles - 1, &last), 0);
		assert_true(first.layer == 0 && first.first_input == 0 && first.inputs == 50 && first.first_output == 0);
		assert_true(last.layer == 1 && last.inputs == 64 && last.outputs == 10 && last.cells == 64 * 20);
		assert_true(*first.name && strcmp(first.name, last.name));
		assert_int_equal(nmc_plan_tile_report(rig.plan, info.tiles, &t), -ENOENT);
		t.size = 0;
		assert_int_equal(nmc_plan_tile_report(rig.plan, 0, &t), -EINVAL);
		t.size = sizeof(t);
		assert_int_equal(nmc_plan_program(rig.plan, stop_at_first, NULL, NULL), -ECANCELED);
		assert_int_equal(nmc_plan_tile_report(rig.plan, 0, &t), 0);
		assert_true(t.cells == first.cells && t.pulses != first.pulses);
		assert_int_equal(nmc_plan_tile_report(rig.plan, info.tiles - 1, &t), 0);
		assert_memory_equal(&t, &last, sizeof(t));
		rig_close(&rig);
	}
	rig_forget(uri);
}

/* After a refresh a tile speaks of the cells that were written again, after a repair of all that it took. */
static void tiles_written_again(void **unused)
{
	struct nmc_program_report before, after;
	struct nmc_refresh_report r = NMC_REFRESH_REPORT_INIT;
	struct nmc_repair_report repair = NMC_REPAIR_REPORT_INIT;
	struct rig rig;
	char uri[4200];

	(void)unused;
	rig_deck(uri, sizeof(uri), "rram", "defects: { stuck_low: 2.5 %, stuck_high: 2.5 % }\n", "tiles=8&seed=4");
	rig_open(&rig, uri, &wide, 0, 0);
	add_tiles(rig.plan, 2, &before);
	assert_int_equal(nmc_plan_repair(rig.plan, &repair), 0);
	add_tiles(rig.plan, 2, &after);
	assert_true(repair.passes > 3);
	assert_int_equal(after.pulses, repair.pulses);
	assert_int_equal(after.modelled_ns, repair.modelled_ns);
	assert_int_equal(after.tiles, 2);
	/* Unused columns are among what was written. */
	assert_int_equal(before.cells, 2 * (100 * 64 + 64 * 10));
	assert_int_equal(after.cells, (100 + 64) * 256);
	assert_int_equal(nmc_plan_age(rig.plan, 2 * DAY), 0);
	assert_int_equal(nmc_plan_refresh(rig.plan, 0.2, &r), 0);
	add_tiles(rig.plan, 2, &after);
	assert_true(r.whole == 0 && r.tiles == 2);
	assert_int_equal(after.cells, r.written);
	assert_int_equal(after.pulses, r.pulses);
	assert_int_equal(after.modelled_ns, r.modelled_ns);
	rig_close(&rig);
	rig_forget(uri);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_cells),
		cmocka_unit_test(narrow_targets),
		cmocka_unit_test(arranged_outputs),
		cmocka_unit_test(spare_tiles),
		cmocka_unit_test(sound_cells),
		cmocka_unit_test(bent_converters),
		cmocka_unit_test(calibrated_and_compensated),
		cmocka_unit_test(refresh_drift),
		cmocka_unit_test(passes),
		cmocka_unit_test(refresh_few),
		cmocka_unit_test(tile_reports),
		cmocka_unit_test(tiles_written_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
