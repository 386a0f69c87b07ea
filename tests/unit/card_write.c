// SPDX-License-Identifier: MIT
/*
 * Writing cells: acceptance band, rows in parallel, cells written again or beside others, the grid of ages, the same
 * bits from every build of the ladder and from one release to the next.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tests/unit/tech_rig.h"
#include "card/cell/wear.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

#define SIDE	256
#define CELLS	(SIDE * SIDE)
#define LSB	(40.0 * 1.25 / 32767)		/* uS */
#define SECOND	1000000000ull
#define DAY	(86400 * SECOND)

static const struct tile_region whole = { .rows = SIDE, .cols = SIDE };

static struct tile_class rram(unsigned int rows, unsigned int cols, bool plain_c)
{
	struct tile_class class;

	tile_class_init(&class, rig_tech("rram", plain_c), (uint16_t)rows, (uint16_t)cols, plain_c);
	return class;
}

static struct nmc_isa_report program(struct tile *t, const struct tile_region *region, const int16_t *target,
				     unsigned int band, unsigned int max_pulses, struct clock *end)
{
	struct nmc_isa_report report;
	struct tile_cost cost;

	assert_int_equal(tile_program(t, region, target, region->cols * 2ul, band, max_pulses, end, &report, &cost), 0);
	assert_int_equal(cost.time.ns, report.time_ns);
	assert_int_equal(cost.energy_fj, report.energy_fj);
	return report;
}

static void fill(int16_t *target, double r)
{
	unsigned int i;

	for (i = 0; i < CELLS; i++)
		target[i] = (int16_t)lrint(r * NMC_CONDUCTANCE_MAX);
}

/* Pairs as a network has them: a uniform weight on one side, an idle cell on the other. */
static void fill_pairs(int16_t *target)
{
	unsigned int i;

	for (i = 0; i < CELLS; i++)
		target[i] = (int16_t)(i % 2 ? 0 : (i * 40503ull >> 1) % (NMC_CONDUCTANCE_MAX + 1));
}

/* The residual that the report states is what the cells have before they relax, and inside the band. */
static void residual_in_band(void **state)
{
	static int16_t target[CELLS];
	struct tile_class class = rram(SIDE, SIDE, false);
	struct tile *t = tile_create(&class, 1, 0);
	struct clock end = { 0 };
	struct nmc_isa_report r;
	double sum = 0;
	unsigned int i;

	(void)state;
	fill_pairs(target);
	r = program(t, &whole, target, 0, 0, &end);
	assert_int_equal(r.given_up, 0);
	for (i = 0; i < CELLS; i++) {
		double error = t->g[i] - target[i] * LSB;

		/* 0.11 uS is 5.4 standard deviations of a verify read; zero targets accept up to 0.3 uS only */
		assert_true(error > -1.11 && error < (target[i] ? 1.11 : 0.41));
		assert_true(t->g[i] >= 0.0f);
		sum += error * error;
	}
	assert_true(fabs(sqrt(sum / CELLS) / (r.residual_rms * 40.0 / 1048576) - 1) < 0.01);
	assert_int_equal(r.error_hist[NMC_REPORT_BINS - 1], 0);
	tile_destroy(t);
}

/* A row lasts as long as its slowest cell, rows add up, and the band and the limit of pulses are kept. */
static void row_parallel(void **state)
{
	static int16_t target[CELLS];
	struct tile_class class = rram(SIDE, SIDE, false);
	struct tile_region row = { .rows = 1, .cols = SIDE };
	struct tile *t = tile_create(&class, 6, 3);
	struct clock end = { 0 };
	struct nmc_isa_report r;
	unsigned int i;

	(void)state;
	fill_pairs(target);
	for (i = 0; i < SIDE; i++) {
		uint64_t before = end.ns;

		row.first_row = i;
		r = program(t, &row, target, 0, 0, &end);
		assert_int_equal(r.time_ns, r.pulses_max * 1100ull + 100);
		assert_int_equal(end.ns - before, r.time_ns + SECOND);
	}
	fill(target, 1.0);
	r = program(t, &whole, target, 0, 3, &end);
	assert_int_equal(r.pulses_max, 3);
	assert_true(r.given_up > CELLS / 4);
	assert_int_equal(r.pulse_hist[2] + r.pulse_hist[3], 0);
	assert_int_equal(r.time_ns, SIDE * (3 * 1100ull + 100));
	r = program(t, &whole, target, 32767, 0, &end);
	assert_int_equal(r.pulses, 0);
	assert_int_equal(r.converged, CELLS);
	assert_int_equal(r.time_ns, SIDE * 100ull);
	tile_destroy(t);
}

/* Writing again starts from where the cells have aged to by then, whether or not anyone looked in between. */
static void rewrite_starts_from_aged_cells(void **state)
{
	static int16_t first[CELLS], second[CELLS];
	static float aged[CELLS];
	struct tile_class class = rram(SIDE, SIDE, false);
	struct tile *t = tile_create(&class, 8, 0), *seen = tile_create(&class, 8, 0);
	struct clock end = { 0 }, same = { 0 };
	unsigned int i;

	(void)state;
	fill_pairs(first);
	fill(second, 1.0);
	for (i = 0; i < CELLS; i++)
		first[i] -= first[i] == second[i];	/* a cell that has its target already goes on from its older write */
	program(t, &whole, first, 0, 0, &end);
	program(seen, &whole, first, 0, 0, &same);
	clock_add(&end, (struct clock){ .ns = DAY });
	clock_add(&same, (struct clock){ .ns = DAY });
	tile_sample(seen, same);
	tile_oracle(seen, aged, NULL);
	program(t, &whole, second, 32767, 0, &end);	/* 50 uS: accepts every cell as it is */
	program(seen, &whole, second, 32767, 0, &same);
	assert_memory_equal(t->g, seen->g, sizeof(aged));
	for (i = 0; i < CELLS; i++)
		assert_true(t->g[i] == aged[i]);
	tile_destroy(t);
	tile_destroy(seen);
}

/* Cells outside a written region keep their bits; those inside do not. */
static void regions(void **state)
{
	static int16_t target[CELLS];
	static float before[CELLS], after[CELLS];
	const struct tile_region part = { .first_row = 3, .rows = 7, .first_col = 250, .cols = 5 };
	struct tile_class class = rram(SIDE, SIDE, false);
	struct tile *t = tile_create(&class, 2, 0);
	struct clock end = { 0 };
	struct nmc_isa_report r;
	struct tile_cost cost;
	unsigned int i, erase, moved;

	(void)state;
	fill(target, 0.5);
	program(t, &whole, target, 0, 0, &end);
	clock_add(&end, (struct clock){ .ns = 3 * DAY });	/* the others have come to rest */
	for (erase = 0; erase < 2; erase++) {
		tile_sample(t, end);
		tile_oracle(t, before, NULL);
		fill(target, 0.9);
		if (erase)
			assert_int_equal(tile_erase(t, &part, end, &r, &cost), 0);
		else
			r = program(t, &part, target, 0, 0, &end);
		assert_int_equal(r.cells, 35);
		tile_sample(t, end);
		tile_oracle(t, after, NULL);
		for (i = moved = 0; i < CELLS; i++) {
			bool inside = i / SIDE - 3 < 7 && i % SIDE - 250 < 5;

			moved += before[i] != after[i];
			assert_true(inside || before[i] == after[i]);
			assert_true(!inside || !erase || after[i] <= 4.0f);
		}
		assert_int_equal(moved, 35);
	}
	tile_destroy(t);
}

/* Cell 5 cannot be erased, cell 6 needs three pulses. */
static void erased_hardly(const struct cell_tech *tech, const struct philox_stream *s, uint32_t first, unsigned int n,
			  uint32_t pulse, float *g)
{
	cell_kernels_plain.erased(tech, s, first, n, pulse, g);
	if (first <= 5 && 5 < first + n)
		g[5 - first] = 30.0f;
	if (first <= 6 && 6 < first + n && pulse < 2)
		g[6 - first] = 20.0f;
}

/* Erase verifies: it pulses again what is not erased, and counts what will not be. */
static void erase_verifies(void **unused)
{
	const struct tile_region part = { 0, 2, 0, 16 };
	struct cell_tech tech = *rig_tech("rram", true);
	struct cell_kernels kernels = cell_kernels_plain;
	struct nmc_isa_report r;
	struct tile_class class;
	struct tile_cost cost;
	struct tile *t;

	(void)unused;
	kernels.erased = erased_hardly;
	tech.kernels = &kernels;
	tile_class_init(&class, &tech, 16, 16, true);
	t = tile_create(&class, 1, 0);
	assert_int_equal(tile_erase(t, &part, (struct clock){ 0 }, &r, &cost), 0);
	assert_int_equal(r.cells, 32);
	assert_int_equal(r.given_up, 1);
	assert_int_equal(r.converged, 31);
	assert_int_equal(r.pulses, 30 + 8 + 3);
	assert_int_equal(r.pulses_max, 8);
	assert_int_equal(r.pulse_hist[0], 30);
	assert_int_equal(r.pulse_hist[1], 1);
	assert_int_equal(r.pulse_hist[4], 1);
	assert_int_equal(r.time_ns, (8 + 1) * 10000);
	assert_int_equal(r.energy_fj, (30 + 8 + 3) * 200000);
	tile_destroy(t);
}

/* What a build makes of a row. */
struct written {
	float g[CELL_LANES];
	float aged[CELL_LANES];
	uint8_t wear[CELL_LANES];
	uint8_t defect[CELL_LANES];
	uint8_t pulsed[CELL_LANES];
	int16_t frozen[CELL_LANES];
	int32_t net[CELL_LANES];
	int32_t after[CELL_LANES];
	int32_t row;
	struct cell_report report;
};

/* A row of @n cells, of which some are broken and some worn, or of @n of its cells. */
static void write_row(const struct cell_tech *tech, const struct cell_kernels *build, unsigned int n, bool some,
		      struct written *w)
{
	struct philox_stream s = philox_stream(1, 2, PURPOSE_FORMED, 0);
	struct cell_program p = { .tech = tech, .n = n, .cell = 1000, .g = w->g, .wear = w->wear, .defect = w->defect,
				  .pulsed = w->pulsed, .net = some ? NULL : w->net, .after = some ? NULL : w->after,
				  .device = philox_stream(1, 2, PURPOSE_DEVICE, 0), .pulse = philox_stream(1, 2, PURPOSE_PULSE, 3),
				  .write = philox_stream(1, 2, PURPOSE_WRITE, 3), .count = philox_stream(1, 2, PURPOSE_WEAR, 3) };
	unsigned int c, cells = some && n > 1 ? CELL_LANES : n;
	int16_t target[CELL_LANES];
	uint16_t index[CELL_LANES];
	struct cell_age age;

	memset(w, 0, sizeof(*w));
	build->erased(tech, &s, 1000, cells, 0, w->g);
	for (c = 0; c < cells; c++) {
		target[c] = (int16_t)(c * 7919 % (NMC_CONDUCTANCE_MAX + 1));
		index[c] = (uint16_t)(c * cells / n);
		w->wear[c] = (uint8_t)(c % 3 * 40);
		w->defect[c] = c % 13 ? CELL_SOUND : c % 2 ? CELL_STUCK_LOW : CELL_STUCK_HIGH;
		if (w->defect[c])
			w->g[c] = c % 2 ? 0.0f : tech->deck.gmax;
	}
	p.target = target;
	p.index = some ? index : NULL;
	build->program(&p, &w->report);
	w->row = p.row;
	s = philox_stream(1, 2, PURPOSE_RELAX, 3);
	build->settle(tech, &s, 1000, cells, target, w->g, w->frozen);
	cell_age_at(tech, 7777, &age);
	s = philox_stream(1, 2, PURPOSE_DEVICE, 0);
	build->age(tech, &age, &s, 1000, cells, target, w->g, w->frozen, w->aged);
}

/* Ladder, relaxation and erase give the same bits from each build, whatever the model and the number of cells. */
static void same_bits(void **state)
{
	static const char *const decks[] = { "rram", "fefet", "capacitor", "reram-sb", "reram-es", "mtj" };
	static const unsigned int cols[] = { 1, 2, 7, 16, 33, 250, 512 };
	const struct cell_kernels *all[RIG_BUILDS];
	unsigned int builds = rig_cell_builds(all), d, i, k, some;
	static struct written plain, other;

	(void)state;
	for (d = 0; d < sizeof(decks) / sizeof(*decks); d++)
		for (i = 0; i < sizeof(cols) / sizeof(*cols); i++)
			for (some = 0; some < 2; some++) {
				write_row(rig_tech(decks[d], true), all[0], cols[i], some, &plain);
				assert_int_equal(plain.report.isa.cells, cols[i]);
				for (k = 1; k < builds; k++) {
					write_row(rig_tech(decks[d], true), all[k], cols[i], some, &other);
					assert_memory_equal(&other, &plain, sizeof(plain));
				}
			}
}

/* Beyond the exact counts each cell counts its pulses by a chance of its own: cell number + index, first word of the stream. */
static void wear_by_chance(void **state)
{
	const struct cell_tech *tech = rig_tech("rram", false);
	struct philox_stream count = philox_stream(1, 2, PURPOSE_WEAR, 3);
	uint8_t wear[2][CELL_LANES] = { 0 }, defect[CELL_LANES] = { 0 };
	float g[CELL_LANES], erased[CELL_LANES];
	unsigned int c, k, counted = 0, by_chance = 0;
	struct cell_report report = { 0 };
	int16_t target[CELL_LANES];

	(void)state;
	tech->kernels->erased(tech, &count, 1000, CELL_LANES, 0, erased);
	for (c = 0; c < CELL_LANES; c++) {
		target[c] = (int16_t)(c * 7919 % (NMC_CONDUCTANCE_MAX + 1));
		wear[1][c] = (uint8_t)(16 + c % 100);
	}
	for (k = 0; k < 2; k++) {
		struct cell_program p = { .tech = tech, .n = CELL_LANES, .cell = 1000, .target = target, .g = g, .wear = wear[k],
					  .defect = defect, .device = philox_stream(1, 2, PURPOSE_DEVICE, 0),
					  .pulse = philox_stream(1, 2, PURPOSE_PULSE, 3), .count = count };

		memcpy(g, erased, sizeof(g));
		tech->kernels->program(&p, &report);
	}
	for (c = 0; c < CELL_LANES; c++) {
		uint8_t before = (uint8_t)(16 + c % 100);
		uint32_t r[4];

		if (wear[0][c] >= WEAR_EXACT)	/* pulses not known exactly */
			continue;
		philox_draw(&count, 1000 + c, r);
		assert_int_equal(wear[1][c], wear_add(before, wear[0][c], r[0]));
		by_chance += wear[1][c] != wear_add(before, wear[0][c], 0xffffffff);
		counted++;
	}
	assert_true(counted > CELL_LANES / 2 && by_chance > 20);
}

static uint32_t digest(uint32_t hash, const void *data, size_t bytes)
{
	const uint8_t *p = data;

	while (bytes--)
		hash = (hash ^ *p++) * 16777619u;
	return hash;
}

/*
 * FNV-1a of the conductances at verify, after the settle time and after a day, of a READ and of a noisy product. A saved
 * run can be repeated only while these stay as they are.
 */
static void golden_bits(void **state)
{
	static const uint32_t golden[5] = { 0xc6813e0a, 0x2872e925, 0x99c22b70, 0xa759b333, 0xc73c694c };
	static int16_t target[CELLS], code[CELLS];
	static int32_t out[8][SIDE / 2];
	static int8_t in[8][SIDE];
	static float g[CELLS];
	struct nmc_isa_column column[SIDE / 2];
	struct tile_mvm m = { .in = in[0], .in_pitch = SIDE, .out = (uint8_t *)out, .out_pitch = SIDE * 2,
			      .columns = column, .vectors = 8, .rows = SIDE, .cols = SIDE / 2, .adc_bits = 12 };
	struct tile_counts counts = { 0 };
	unsigned int i, plain;

	(void)state;
	fill_pairs(target);
	for (i = 0; i < sizeof(in); i++)
		in[i / SIDE][i % SIDE] = (int8_t)((int)(i * 2654435761u >> 24) % 255 - 127);
	for (i = 0; i < SIDE / 2; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 12, .scale_mult = 1,
						     .flags = i % 3 ? 0 : NMC_COLUMN_PAIR_AFTER_ADC };
	for (plain = 0; plain < 2; plain++) {
		struct tile_class class = rram(SIDE, SIDE, plain);
		struct tile *t = tile_create(&class, 0x123456789abcdef, 77);
		struct clock end = { 0 };
		struct tile_cost cost;
		uint32_t got[5];

		program(t, &whole, target, 0, 0, &end);
		got[0] = digest(2166136261u, t->g, sizeof(g));
		tile_oracle(t, g, NULL);
		got[1] = digest(2166136261u, g, sizeof(g));
		clock_add(&end, (struct clock){ .ns = DAY });
		tile_sample(t, end);
		tile_oracle(t, g, NULL);
		got[2] = digest(2166136261u, g, sizeof(g));
		tile_read(t, &whole, code, SIDE * 2, &cost);
		got[3] = digest(2166136261u, code, sizeof(code));
		assert_int_equal(tile_mvm_begin(t, &m), 0);
		tile_mvm(t, &m, 0, m.vectors, &counts);
		got[4] = digest(2166136261u, out, sizeof(out));
		for (i = 0; i < 5; i++)
			assert_int_equal(got[i], golden[i]);
		tile_destroy(t);
	}
}

/* The grid of ages: nothing moves within 0.1 %, every step of it does. */
static void age_grid(void **state)
{
	static int16_t target[CELLS];
	static float last[CELLS], g[CELLS];
	struct tile_class class = rram(SIDE, SIDE, false);
	struct tile *t = tile_create(&class, 5, 5);
	struct clock end = { 0 };
	uint64_t written;
	unsigned int step;

	(void)state;
	fill(target, 0.5);
	program(t, &whole, target, 0, 0, &end);
	written = end.ns - SECOND;
	for (step = 8000; step < 8020; step++) {
		tile_sample(t, (struct clock){ .ns = written + (uint64_t)(expm1((step + 0.2) / 1000) * 1e9) });
		tile_oracle(t, g, NULL);
		assert_memory_not_equal(g, last, sizeof(g));
		tile_sample(t, (struct clock){ .ns = written + (uint64_t)(expm1((step + 0.8) / 1000) * 1e9) });
		tile_oracle(t, last, NULL);
		assert_memory_equal(g, last, sizeof(g));
	}
	tile_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(residual_in_band),
		cmocka_unit_test(row_parallel),
		cmocka_unit_test(rewrite_starts_from_aged_cells),
		cmocka_unit_test(regions),
		cmocka_unit_test(erase_verifies),
		cmocka_unit_test(same_bits),
		cmocka_unit_test(wear_by_chance),
		cmocka_unit_test(golden_bits),
		cmocka_unit_test(age_grid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
