// SPDX-License-Identifier: MIT
/*
 * Normal deviates of 16 bits against the exact inverse distribution, where they lie in a stream, the same bits from every
 * build; the counter of wear: exact, monotone, right in the mean.
 */
#include "tests/unit/physics_rig.h"
#include "card/cell/normal.h"
#include "card/cell/wear.h"

/* Inverse of the normal distribution for p < 1/2: Newton's method from @x on; erfc keeps the tail's precision. */
static double quantile(double p, double x)
{
	int i;

	for (i = 0; i < 6; i++)
		x -= (normal_below(x) - p) * sqrt(2 * M_PI) * exp(x * x / 2);
	return x;
}

static void every_deviate(void **unused)
{
	double square = 0, fourth = 0, worst = 0;
	uint32_t i;

	(void)unused;
	for (i = 0; i < 65536; i++) {
		double z = normal_16(i);

		square += z * z / 65536;
		fourth += z * z * z * z / 65536;
		assert_true(float_bits(normal_16(i)) == (float_bits(normal_16(65535 - i)) ^ 0x80000000));
		if (i)
			assert_true(normal_16(i) > normal_16(i - 1));
		if (i < 32768)
			worst = fmax(worst, fabs(z - quantile((i + 0.5) / 65536, z)));
	}
	assert_true(worst < 3.2e-5);
	assert_true(fabs(square - 0.99998) < 2e-5);
	assert_true(fabs(fourth - 2.9991) < 2e-4);
	assert_true(fabs(normal_16(65535) - 4.325) < 1e-3);
}

static void golden_bits(void **unused)
{
	static const uint32_t golden[][2] = {
		{ 0x0000, 0xc08a65bd }, { 0x0001, 0xc0827049 }, { 0x0002, 0xc07d2b0f }, { 0x0003, 0xc077f904 },
		{ 0x0064, 0xc03d803d }, { 0x1234, 0xbfbbd910 }, { 0x4000, 0xbf2ca7c2 }, { 0x7ffe, 0xb8710000 },
		{ 0x7fff, 0xb7a10000 }, { 0x8000, 0x37a10000 }, { 0xdead, 0x3f901478 }, { 0xfffe, 0x40827049 },
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(golden) / sizeof(*golden); i++)
		assert_int_equal(float_bits(normal_16(golden[i][0])), golden[i][1]);
}

/* Cell c of draw d: counter (c / 128) 16 + c % 16 with d above, of its eight halfwords number c / 16 % 8, low ones first. */
static void layout(void **unused)
{
	struct philox_stream s = philox_stream(9, 2, PURPOSE_CELLS, 77);
	static const uint32_t range[][3] = { { 0, 512, 0 }, { 5, 1, 3 }, { 127, 2, 1 }, { 130000, 300, 9 }, { 16, 113, 4095 } };
	float room[CELL_LANES + 2 * NORMAL_BLOCK];
	uint32_t i, k, r[4];

	(void)unused;
	for (k = 0; k < 5; k++) {
		const float *z = normal_cells(&s, range[k][0], range[k][1], range[k][2], room);

		assert_true(z + range[k][1] <= room + sizeof(room) / sizeof(*room));
		for (i = 0; i < range[k][1]; i++) {
			uint32_t c = range[k][0] + i, word = c / 16 % 8;

			philox_draw(&s, (c / 128 * 16 + c % 16) | range[k][2] << PHILOX_DRAW_SHIFT, r);
			assert_true(z[i] == normal_16(word & 1 ? r[word / 2] >> 16 : r[word / 2] & 0xffff));
		}
	}
}

/* What the kernels draw is what this build draws: erased cells of mean 8 and spread 1 show their deviate. */
static void builds_draw_alike(void **unused)
{
	const struct cell_kernels *build[RIG_BUILDS];
	unsigned int builds = rig_cell_builds(build), k, i, first;
	struct philox_stream s = philox_stream(0xfeedULL << 40, 7, PURPOSE_FORMED, 1ULL << 50);
	float room[CELL_LANES + 2 * NORMAL_BLOCK], g[CELL_LANES];
	struct deck deck = rig_deck("rram");
	const struct cell_tech *tech;

	(void)unused;
	deck.erased_mean = 8;
	deck.erased_sigma = 1;
	tech = rig_make(&deck, false);
	for (first = 0; first < 2000; first += 333) {
		const float *z = normal_cells(&s, first, 500, 0, room);

		for (k = 0; k < builds; k++) {
			build[k]->erased(tech, &s, first, 500, 0, g);
			for (i = 0; i < 500; i++)
				assert_true(g[i] == 8.0f + (z[i] < -2 ? -2 : z[i] > 2 ? 2 : z[i]));
		}
	}
}

/*
 * Of every 16 bits, next to those that need the rare half of the tables and to those that do not: some 16 times each value, by
 * the slow noise of a read, which is added as it is.
 */
static void builds_draw_all_values_alike(void **unused)
{
	const struct cell_tech *tech = rig_tech("pcm", true);
	const struct cell_kernels *build[RIG_BUILDS];
	unsigned int builds = rig_cell_builds(build), cell, i, k;
	struct philox_stream s = philox_stream(3, 4, PURPOSE_FLICKER, 5);
	float g[RIG_BUILDS][CELL_LANES];
	int16_t target[CELL_LANES];

	(void)unused;
	for (i = 0; i < CELL_LANES; i++)
		target[i] = NMC_CONDUCTANCE_MAX / 2;
	for (cell = 0; cell < 1u << 20; cell += CELL_LANES) {
		for (k = 0; k < builds; k++) {
			for (i = 0; i < CELL_LANES; i++)
				g[k][i] = 20000.0f;
			build[k]->flicker(tech, &s, cell & 0x3ffff, CELL_LANES, cell >> 18, 1.0f, target, g[k]);
			assert_memory_equal(g[k], g[0], sizeof(g[0]));
		}
		assert_true(g[0][0] != 20000.0f);
	}
}

static void wear_exact_then_monotone(void **unused)
{
	unsigned int pulses, code;

	(void)unused;
	for (pulses = 0; pulses <= WEAR_EXACT; pulses++) {
		assert_int_equal(wear_pulses(wear_add(0, pulses, 0xffffffff)), pulses);
		assert_int_equal(wear_pulses(wear_add(0, pulses, 0)), pulses);
	}
	for (code = 0, pulses = 0; pulses < WEAR_EXACT; pulses++)
		code = wear_add((uint8_t)code, 1, 0x80000000u);
	assert_int_equal(wear_pulses((uint8_t)code), WEAR_EXACT);
	for (code = 1; code < 256; code++) {
		double step = (double)(wear_pulses((uint8_t)code) - wear_pulses((uint8_t)(code - 1)));

		assert_true(step > 0 && (code <= 16 || step <= 0.126 * wear_pulses((uint8_t)(code - 1))));
	}
	assert_int_equal(wear_pulses(255), 15ull << 30);
	assert_int_equal(wear_add(255, 65535, 0), 255);
	assert_int_equal(wear_add(200, 0, 0), 200);
	assert_int_equal(wear_add(254, 0xffffffff, 0xffffffff), 255);
}

/*
 * The chance of one step up is what the pulses are of that step, to 2^-32, however large the step: this is the mean of
 * one write, exact. Found by bisection, as the odds are those of a uniform number below a threshold.
 */
static void wear_odds(void **unused)
{
	static const uint32_t add[] = { 1, 8, 250, 65535 };
	unsigned int code, k;

	(void)unused;
	for (code = 0; code < 255; code++) {
		for (k = 0; k < 4; k++) {
			uint64_t low = 0, high = 1ull << 32;
			uint8_t least = wear_add((uint8_t)code, add[k], 0xffffffff);
			double mean;

			while (low < high) {
				uint64_t middle = (low + high) / 2;

				if (wear_add((uint8_t)code, add[k], (uint32_t)middle) != least)
					low = middle + 1;
				else
					high = middle;
			}
			mean = least == 255 ? (double)wear_pulses(255) : wear_pulses(least) +
			       (double)low * 0x1p-32 * (double)(wear_pulses((uint8_t)(least + 1)) - wear_pulses(least));
			assert_true(fabs(mean - (double)(wear_pulses((uint8_t)code) + add[k])) <= 1.0 || least == 255);
		}
	}
}

/*
 * Mean of many writes: 4096 counters, 3000 writes of 9 pulses, that is 27000. A counter near n wanders by
 * sqrt(sum of step) ~ n / sqrt(2 8) in the long run, 25 %; five standard errors of the mean are 5 x 0.25 / 64 = 2 %.
 */
static void wear_mean(void **unused)
{
	enum { COUNTERS = 4096, WRITES = 3000 };
	double mean = 0;
	uint32_t i, k;

	(void)unused;
	for (i = 0; i < COUNTERS; i++) {
		uint8_t code = 0;

		for (k = 0; k < WRITES; k += 4) {
			struct philox_stream s = philox_stream(1, 0, PURPOSE_WEAR, k);
			uint32_t r[4], j;

			philox_draw(&s, i, r);
			for (j = 0; j < 4; j++)
				code = wear_add(code, 9, r[j]);
		}
		mean += (double)wear_pulses(code) / COUNTERS;
	}
	assert_true(fabs(mean / (9.0 * WRITES) - 1) < 0.02);
}

/*
 * Cells that end alike are counted apart: a tile whose cells all stick at one value. 250 pulses a write, 12 writes; a
 * counter at 3000 has steps of 256, so that five standard errors of the mean of 4096 are below 5 x 0.25 / 64 = 2 %.
 */
static void wear_of_equal_cells(void **unused)
{
	struct deck deck = rig_deck("rram");
	struct rig *r;
	double mean = 0;
	unsigned int i;

	(void)unused;
	deck.defects.stuck_low = 1;
	r = rig_open(rig_make(&deck, false), 64, 64, 5);
	rig_fill(r, 20000);
	for (i = 0; i < 12; i++)
		rig_program(r);
	for (i = 0; i < r->cells; i++)
		mean += (double)wear_pulses(r->tile->wear[i]) / r->cells;
	assert_int_equal(r->report.pulses, 250 * r->cells);
	assert_true(fabs(mean / 3000 - 1) < 0.02);
	rig_close(r);
}

/* Pulses that a report counts are those that wear, of an erase as well. */
static void erases_wear(void **unused)
{
	struct rig *r = rig_open(rig_tech("rram", false), 64, 64, 5);
	double mean = 0;
	unsigned int i, k;

	(void)unused;
	for (k = 1; k <= 100; k++) {
		assert_int_equal(tile_erase(r->tile, &r->whole, r->now, &r->report, &r->cost), 0);
		if (k <= WEAR_EXACT)
			assert_int_equal(wear_pulses(r->tile->wear[77]), k);
	}
	for (i = 0; i < r->cells; i++)
		mean += (double)wear_pulses(r->tile->wear[i]) / r->cells;
	assert_true(fabs(mean / 100 - 1) < 0.02);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_deviate),
		cmocka_unit_test(golden_bits),
		cmocka_unit_test(layout),
		cmocka_unit_test(builds_draw_alike),
		cmocka_unit_test(builds_draw_all_values_alike),
		cmocka_unit_test(wear_exact_then_monotone),
		cmocka_unit_test(wear_odds),
		cmocka_unit_test(wear_mean),
		cmocka_unit_test(wear_of_equal_cells),
		cmocka_unit_test(erases_wear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
