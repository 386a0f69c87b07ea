// SPDX-License-Identifier: MIT
/*
 * Background scrub: its budget, that nothing else depends on it, its estimates against the oracle, wear and defects in the
 * log, and the event at the threshold.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include "tests/unit/core_rig.h"

#define DAY	86400000000000ull
#define SIDE	64
#define CELLS	(SIDE * SIDE)
#define PPM	1e-6

static void set_feature(struct rig *r, unsigned int feature, uint64_t value)
{
	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_SET_FEATURE, .index = feature, .value = value },
				   NULL), NMC_STATUS_OK);
}

static struct nmc_health_log health(struct rig *r)
{
	struct nmc_health_log log;

	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_HEALTH,
							.addr = (uintptr_t)&log, .bytes = sizeof(log) }, NULL), NMC_STATUS_OK);
	return log;
}

static struct nmc_tile_log tile_log(struct rig *r, uint32_t tile)
{
	struct nmc_tile_log log;

	assert_int_equal(rig_admin(r, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = NMC_LOG_TILES, .offset = tile,
							.addr = (uintptr_t)&log, .bytes = sizeof(log) }, NULL), NMC_STATUS_OK);
	return log;
}

/* Tiles of @class of 64 x 64 cells; the first one is programmed to a ramp over the range. */
static struct rig *programmed(const char *class, uint64_t seed)
{
	struct rig *r;
	char classes[64];
	int i;

	snprintf(classes, sizeof(classes), "%s,ideal,digital", class);
	r = rig_make((struct card_options){ .classes = classes, .tiles = 4, .rows = SIDE, .cols = SIDE, .seed = seed, .threads = 1 });
	for (i = 0; i < CELLS; i++)
		((int16_t *)r->data)[i] = (int16_t)((i * 37 % CELLS) * NMC_CONDUCTANCE_MAX / CELLS);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, CELLS * 2);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = 0, .tile = 0, .data = { 0, SIDE * 2, 0 },
					     .report = CELLS * 2, .rows = SIDE, .cols = SIDE });
	rig_finish(r);
	return r;
}

static void idle(struct rig *r, uint64_t ns)
{
	rig_begin(r);
	rig_add(r, (struct nmc_isa_control){ .c.opcode = NMC_OP_IDLE, .set = 0, .time = ns });
	rig_finish(r);
}

/* Products of 16 vectors of 64 codes. */
static void multiply(struct rig *r)
{
	int i;

	rig_begin(r);
	for (i = 0; i < 32; i++)
		((struct nmc_isa_column *)r->data)[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 12, .scale_mult = 1 };
	for (i = 0; i < 1024; i++)
		r->data[1024 + i] = (uint8_t)(i * 7 % 100);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 2048);
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .in = { 1024, 64, 0 }, .out = { 4096, 128, 0 }, .vectors = 16,
					 .rows = 64, .cols = 32, .adc_bits = 8 });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 8192, 4096, 2048);
	rig_finish(r);
}

/* A second programming after the products, so that the numbers of draws count, too. */
static void life(struct rig *r, int32_t *out, float *g)
{
	int i;

	for (i = 0; i < 40; i++) {
		if (i % 10 == 5)
			idle(r, DAY);
		multiply(r);
		memcpy(out + (size_t)i * 512, r->data + 8192, 2048);
	}
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, 8192);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_READ, .set = 0, .tile = 0, .data = { 0, SIDE * 2, 0 },
					     .rows = SIDE, .cols = SIDE });
	rig_move(r, NMC_OP_STORE, SLOT_DATA, 0, 0, 8192);
	rig_finish(r);
	memcpy(out + 40 * 512, r->data, 8192);
	assert_int_equal(card_oracle(r->card, r->table.sets[0].set, 0, g, NULL), 0);
}

#define RESULTS	(42 * 512 + 1024)

static void results_do_not_depend_on_it(void **state)
{
	static int32_t with[RESULTS], without[RESULTS];
	static float g[CELLS], h[CELLS];
	static const char *const classes[] = { "rram", "pcm" };
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct rig *on = programmed(classes[i], 3), *off;

		life(on, with, g);
		assert_true(health(on).scrub_rows > 0);
		rig_free(on);
		off = programmed(classes[i], 3);
		set_feature(off, NMC_FEATURE_SCRUB_PPM, 0);
		life(off, without, h);
		rig_free(off);
		assert_memory_equal(with, without, sizeof(with));
		assert_memory_equal(g, h, sizeof(g));
	}
}

/* Counted over programming, products, idle years, and jobs too small for a row. */
static void budget(void **state)
{
	static const uint64_t shares[] = { 10000, 1000, 100, 0 };
	unsigned int k, i;

	(void)state;
	for (k = 0; k < 4; k++) {
		struct rig *r = programmed("rram", 1);
		struct nmc_health_log before, now;

		set_feature(r, NMC_FEATURE_SCRUB_PPM, shares[k]);
		before = health(r);
		for (i = 0; shares[k] && i < 400; i++)
			multiply(r);
		before = shares[k] ? health(r) : before;
		/* What the programming left is used up at eight rows a job; then products alone pay. */
		for (i = 0; i < 2000; i++)
			multiply(r);
		idle(r, 365 * DAY);
		now = health(r);
		assert_true(now.array_ns > 0 && now.scrub_ns == now.scrub_rows * 200);
		assert_true(now.scrub_ns * 100 <= now.array_ns);
		if (shares[k] < 10000)
			assert_true((now.scrub_ns - before.scrub_ns) * 1000000 <=
				    (now.array_ns - before.array_ns) * shares[k] + 200000000);
		assert_true(shares[k] || now.scrub_rows == before.scrub_rows);
		assert_true(!shares[k] || now.scrub_rows > before.scrub_rows);
		rig_free(r);
	}
}

static double oracle_rms(struct rig *r, double gmax)
{
	static float g[CELLS], target[CELLS];
	double sum = 0;
	int i;

	assert_int_equal(card_oracle(r->card, r->table.sets[0].set, 0, g, target), 0);
	for (i = 0; i < CELLS; i++)
		sum += (double)(g[i] - target[i]) * (double)(g[i] - target[i]);
	return sqrt(sum / CELLS) / gmax;
}

/* After a whole turn of the rows the estimate is the tile's deviation; slow 1/f noise, which it cannot tell, is the rest. */
static void estimates(void **state)
{
	static const struct {
		const char *class;
		double gmax, within;
	} all[] = { { "rram", 40, 0.01 }, { "pcm", 25, 0.02 } };
	unsigned int k, i;

	(void)state;
	for (k = 0; k < 2; k++) {
		struct rig *r = programmed(all[k].class, 5);
		struct nmc_tile_log log;
		double real;

		idle(r, DAY);
		for (i = 0; i < 12000 && tile_log(r, 0).scrubbed_cells < CELLS; i += 1)
			multiply(r);
		log = tile_log(r, 0);
		real = oracle_rms(r, all[k].gmax);
		print_message("%s: deviation %u ppm, oracle %.0f ppm, largest %u ppm, drift %d ppm, %u cells\n", all[k].class,
			      log.deviation_ppm, real * 1e6, log.deviation_max_ppm, (int32_t)log.drift_ppm, log.scrubbed_cells);
		assert_true(log.scrubbed_cells >= CELLS);
		assert_true(fabs(log.deviation_ppm * PPM - real) < all[k].within * real);
		assert_true(log.deviation_max_ppm > log.deviation_ppm);
		assert_true(log.scrubbed_ns >= DAY);
		if (k)	/* mean exponent of the deck over the range: .049 to .1 */
			assert_true((int32_t)log.drift_ppm > 40000 && (int32_t)log.drift_ppm < 65000);
		else
			assert_int_equal(log.drift_ppm, NMC_DRIFT_UNKNOWN);
		rig_free(r);
	}
}

/* Unprogrammed tiles are not measured, neither is integer memory; a programming forgets what was measured before. */
static void only_what_is_programmed(void **state)
{
	struct rig *r = programmed("rram", 1);
	unsigned int i;

	(void)state;
	for (i = 0; i < 50; i++)
		multiply(r);
	assert_true(tile_log(r, 0).deviation_ppm != UINT32_MAX);
	assert_int_equal(tile_log(r, 1).deviation_ppm, UINT32_MAX);
	assert_int_equal(tile_log(r, 1).scrubbed_ns, 0);
	assert_int_equal(tile_log(r, 8).deviation_ppm, UINT32_MAX);
	set_feature(r, NMC_FEATURE_SCRUB_PPM, 0);
	rig_begin(r);
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, CELLS * 2);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = 0, .tile = 0, .data = { 0, SIDE * 2, 0 },
					     .report = CELLS * 2, .rows = 4, .cols = SIDE });
	rig_finish(r);
	assert_int_equal(tile_log(r, 0).deviation_ppm, UINT32_MAX);
	rig_free(r);
}

static void wear(void **state)
{
	struct rig *r = programmed("rram", 1);
	struct nmc_tile_log first = tile_log(r, 0), later;
	unsigned int i;

	(void)state;
	/* A byte a cell counts to an eighth. */
	assert_true(first.wear_max * 9 / 8 + 1 >= first.pulses_max && first.wear_max * 7 / 8 <= first.pulses_max);
	assert_int_equal(first.wear_mean_q8, first.pulses * 256 / CELLS);
	for (i = 0; i < 20; i++) {
		rig_begin(r);
		memset(r->data, 0, CELLS * 2);
		for (int c = 0; c < CELLS; c++)
			((int16_t *)r->data)[c] = i % 2 ? 1000 : 20000;
		rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, 0, CELLS * 2);
		rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_PROGRAM, .set = 0, .tile = 0, .data = { 0, SIDE * 2, 0 },
						     .report = CELLS * 2, .rows = SIDE, .cols = SIDE });
		rig_finish(r);
	}
	later = tile_log(r, 0);
	assert_true(later.wear_max > first.wear_max && later.wear_mean_q8 > 10 * first.wear_mean_q8);
	assert_true(later.wear_max * 256 > later.wear_mean_q8);
	assert_int_equal(later.defects, 0);
	rig_free(r);
}

/* A day of relaxation takes RRAM past five percent: one event, without anybody asking for anything. */
static void event_at_the_threshold(void **state)
{
	struct rig *r = programmed("rram", 1);
	struct nmc_event_record event;
	unsigned int i, events = 0;

	(void)state;
	set_feature(r, NMC_FEATURE_DEVIATION_PPM, 65000);
	for (i = 0; i < 20; i++)
		multiply(r);
	assert_int_equal(card_event(r->card, &event), -EAGAIN);
	idle(r, DAY);
	for (i = 0; i < 20; i++)
		multiply(r);
	while (!card_event(r->card, &event)) {
		assert_int_equal(event.type, NMC_EVENT_TILE_DEVIATION);
		assert_int_equal(event.object, 0);
		assert_true(event.value > 65000 && event.value < 120000);
		events++;
	}
	assert_int_equal(events, 1);
	/* Erased cells deviate from nothing. */
	assert_int_not_equal(tile_log(r, 0).deviation_ppm, UINT32_MAX);
	rig_begin(r);
	rig_add(r, (struct nmc_isa_program){ .c.opcode = NMC_OP_ERASE, .set = 0, .tile = 0, .report = CELLS * 2, .rows = SIDE,
					     .cols = SIDE });
	rig_finish(r);
	for (i = 0; i < 20; i++)
		multiply(r);
	assert_int_equal(tile_log(r, 0).deviation_ppm, UINT32_MAX);
	assert_int_equal(card_event(r->card, &event), -EAGAIN);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_do_not_depend_on_it),
		cmocka_unit_test(budget),
		cmocka_unit_test(estimates),
		cmocka_unit_test(only_what_is_programmed),
		cmocka_unit_test(wear),
		cmocka_unit_test(event_at_the_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
