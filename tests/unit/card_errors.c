// SPDX-License-Identifier: MIT
/*
 * Wires and converters of a tile, and its memory: effective conductances of the solve in snapshots and products, errors of
 * the converters by their statistics. Bounds are five standard errors.
 */
#include "tests/unit/physics_rig.h"

static struct deck wired(const char *name)
{
	struct deck deck = rig_deck(name);

	deck.wires = (struct deck_wires){ .row_ohm = 3, .col_ohm = 5, .row_end_ohm = 40, .col_end_ohm = 70,
					   .driven = DECK_FIRST, .read = DECK_LAST };
	return deck;
}

/* Effective conductances of the cells as the oracle has them. */
static float *solved(const struct rig *r)
{
	struct wire wire = { 3, 5, 40, 70, WIRE_FIRST, WIRE_LAST };
	float *g = malloc(r->cells * sizeof(*g));

	assert_non_null(g);
	assert_int_equal(wire_solve(r->class.wires, &wire, r->whole.rows, r->whole.cols, r->g, g), 0);
	return g;
}

static int16_t code_at(const struct rig *r, const int16_t *matrix, unsigned int row, unsigned int col)
{
	return matrix[((size_t)(row / 2) * r->tile->matrix.cols + col) * 2 + (row & 1)];
}

/* A snapshot holds what the solver makes of the cells, for even and odd numbers of rows. */
static void snapshot_is_solved(void **unused)
{
	struct deck deck = wired("rram");
	unsigned int rows, row, col;

	(void)unused;
	for (rows = 31; rows <= 48; rows += 17) {
		struct rig *r = rig_open(rig_make(&deck, false), rows, 20, 9);
		float *g;

		rig_spread(r);
		rig_program(r);
		g = solved(r);
		assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, NMC_MVM_NO_READ_NOISE), 0);
		for (row = 0; row < rows; row++)
			for (col = 0; col < 20; col++)
				assert_true(fabs(code_at(r, r->tile->matrix.g, row, col) -
						 g[row * 20 + col] * (double)r->class.tech->per_lsb) < 0.51);
		assert_true(g[rows * 20 - 20] < 0.98 * r->g[rows * 20 - 20]);
		free(g);
		rig_close(r);
	}
}

/* Every topology that a deck can state is the one that is solved. */
static void topologies(void **unused)
{
	static const char *const driven[] = { "", ", driven: first", ", driven: last", ", driven: both" };
	static const char *const read[] = { "", ", read: first", ", read: last", ", read: both" };
	unsigned int k, i, differ = 0;
	static float plain[16 * 12];
	char text[512], error[256];
	struct deck deck;

	(void)unused;
	for (k = 0; k < 16; k++) {
		struct wire wire = { 30, 50, 400, 700, k / 4 ? k / 4 : WIRE_FIRST, k % 4 ? k % 4 : WIRE_LAST };
		float g[16 * 12];
		struct rig *r;

		snprintf(text, sizeof(text), "deck: 1\nname: t\ntitle: T\nsource: S\ntechnology: ideal\ngmax: 40 uS\npulse: { model: exact }\n"
			 "wires: { row: 30 Ohm, column: 50 Ohm, row_end: 400 Ohm, column_end: 700 Ohm%s%s }\n", driven[k / 4], read[k % 4]);
		if (deck_parse(text, strlen(text), "t", &deck, error, sizeof(error)))
			fail_msg("%s", error);
		r = rig_open(rig_make(&deck, false), 16, 12, 9);
		rig_spread(r);
		rig_program(r);
		assert_int_equal(wire_solve(r->class.wires, &wire, 16, 12, r->g, g), 0);
		assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, 0), 0);
		for (i = 0; i < r->cells; i++)
			assert_true(fabs(code_at(r, r->tile->matrix.g, i / 12, i % 12) - g[i] * (double)r->class.tech->per_lsb) < 0.51);
		if (!k)
			memcpy(plain, g, sizeof(g));
		differ += !!memcmp(plain, g, sizeof(g));
		rig_close(r);
	}
	assert_int_equal(differ, 16 - 4);	/* all but those that state the default */
}

/* A unit vector shows one row of effective conductances, whichever snapshot serves it. */
static void unit_vectors(void **unused)
{
	struct deck deck = wired("rram");
	struct rig *r = rig_open(rig_make(&deck, false), 32, 16, 9);
	struct nmc_isa_column column[8];
	int8_t in[32][32] = { 0 };
	int32_t out[32][8];
	struct tile_mvm m = { .in = in[0], .in_pitch = 32, .out = (uint8_t *)out, .out_pitch = 32, .columns = column,
			      .vectors = 32, .rows = 32, .cols = 8, .adc_bits = 12, .mode = NMC_MVM_NO_READ_NOISE };
	unsigned int i, k, single;
	float *g;

	(void)unused;
	rig_spread(r);
	rig_program(r);
	g = solved(r);
	for (single = 0; single < 2; single++) {
		struct tile_counts counts = { 0 };

		for (i = 0; i < 8; i++)
			column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 4, .scale_mult = 1,
							     .flags = single ? NMC_COLUMN_PAIR_AFTER_ADC : 0 };
		for (i = 0; i < 32; i++)
			in[i][i] = 1;
		assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
		tile_mvm(r->tile, &m, 0, 32, &counts);
		assert_int_equal(counts.clips, 0);
		for (i = 0; i < 32; i++)
			for (k = 0; k < 8; k++)
				assert_true(fabs(out[i][k] - (g[i * 16 + 2 * k] - g[i * 16 + 2 * k + 1]) *
						 (double)r->class.tech->per_lsb / 16) < 1.2);
	}
	free(g);
	rig_close(r);
}

enum { MAP_OUTPUTS = 40, MAP_RESULTS = 5, MAP_VECTORS = 30 };

/* A product of a new tile with noise and bent converters: all outputs, or those of @source. */
static void product_of(unsigned int mode, bool after_adc, const uint16_t *source, int32_t *out)
{
	struct deck deck = rig_deck("rram");
	struct nmc_isa_column column[MAP_OUTPUTS] = { 0 };
	struct tile_counts counts = { 0 };
	unsigned int cols = source ? MAP_RESULTS : MAP_OUTPUTS, i;
	int8_t in[MAP_VECTORS * 32];
	struct tile_mvm m = { .in = in, .in_pitch = 32, .out = (uint8_t *)out, .out_pitch = 4 * cols, .columns = column,
			      .vectors = MAP_VECTORS, .rows = 32, .cols = cols, .adc_bits = 12, .mode = mode };
	struct rig *r;

	deck.converters.offset = 0.05f;
	deck.converters.gain = 0.1f;
	deck.converters.inl = 0.01f;
	r = rig_open(rig_make(&deck, false), 32, 2 * MAP_OUTPUTS, 9);
	rig_spread(r);
	rig_program(r);
	for (i = 0; i < sizeof(in); i++)
		in[i] = (int8_t)(i * 37 % 255 - 127);
	for (i = 0; i < cols; i++) {
		unsigned int output = source ? source[i] : i;

		column[i] = (struct nmc_isa_column){ .adc_mult = (uint16_t)(100 + output), .adc_shift = 20, .scale_mult = 1,
						     .flags = after_adc && output % 2 ? NMC_COLUMN_PAIR_AFTER_ADC : 0 };
		column[i].source = source ? source[i] : 0;
		column[i].flags |= source ? NMC_COLUMN_SOURCE : 0;
	}
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, MAP_VECTORS, &counts);
	rig_close(r);
}

/* A result is that of its physical output to the bit, wherever it goes. */
static void mapped_outputs(void **unused)
{
	static const uint16_t source[MAP_RESULTS] = { 33, 2, 17, 36, 3 };
	int32_t all[MAP_VECTORS][MAP_OUTPUTS], some[MAP_VECTORS][MAP_RESULTS];
	unsigned int i, v, k;

	(void)unused;
	for (i = 0; i < 4; i++) {
		product_of(i & 1 ? NMC_MVM_CELL_NOISE : 0, i & 2, NULL, all[0]);
		product_of(i & 1 ? NMC_MVM_CELL_NOISE : 0, i & 2, source, some[0]);
		for (v = 0; v < MAP_VECTORS; v++)
			for (k = 0; k < MAP_RESULTS; k++)
				assert_int_equal(some[v][k], all[v][source[k]]);
		assert_int_not_equal(all[0][2], all[1][2]);
	}
}

/* Variances follow the square of what the wires leave of a conductance. */
static void variance_is_scaled(void **unused)
{
	struct deck deck = wired("rram");
	struct rig *r = rig_open(rig_make(&deck, false), 64, 64, 9);
	unsigned int row, col, n = 0;
	float *g;

	(void)unused;
	rig_fill(r, 20000);
	rig_program(r);
	g = solved(r);
	assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, 0), 0);
	for (row = 0; row < 64; row++) {
		for (col = 0; col < 64; col++) {
			double left = g[row * 64 + col] / (double)r->g[row * 64 + col];
			double sigma = (.05 + .005 * r->g[row * 64 + col]) * r->class.tech->per_lsb * left;

			n += left < 0.9;
			assert_true(fabs(code_at(r, r->tile->matrix.var, row, col) * r->class.var_unit / (sigma * sigma) - 1) < 0.01 +
				    r->class.var_unit / (sigma * sigma));
		}
	}
	assert_true(n > 1000);
	free(g);
	rig_close(r);
}

/* Current that reaches a column through other cells is no conductance of the cell between: it does not add to its noise. */
static void variance_of_small_cells(void **unused)
{
	struct deck deck = wired("rram");
	struct rig *r = rig_open(rig_make(&deck, false), 64, 64, 9);
	unsigned int i;
	float *g;

	(void)unused;
	for (i = 0; i < r->cells; i++)
		r->tile->g[i] = i % 2 ? 30 : 0.3f;
	r->tile->g[64 * 5 + 58] = 0.001f;
	r->tile->g[64 * 5 + 60] = 0;
	tile_oracle(r->tile, r->g, NULL);
	g = solved(r);
	assert_true(g[64 * 5 + 58] > 2 * r->g[64 * 5 + 58]);
	assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, NMC_MVM_CELL_NOISE), 0);
	for (i = 58; i <= 60; i += 2)
		assert_true(fabs(code_at(r, r->tile->matrix.var, 5, i) * r->class.sigma_unit /
				 (.05 * r->class.tech->per_lsb) - 1) < 0.025);
	free(g);
	rig_close(r);
}

#define OUTPUTS	256
#define TILES	16
#define N	(OUTPUTS * TILES)

/* Codes that all converters of a tile give for the level @level, in codes of an ideal one. */
static void codes(const struct tile_class *class, uint32_t physical, int level, unsigned int bits, unsigned int flags,
		  unsigned int mode, int32_t *out)
{
	static struct nmc_isa_column column[OUTPUTS];
	int8_t in[2] = { 0, 0 };
	struct tile_mvm m = { .in = in, .in_pitch = 0, .out = (uint8_t *)out, .out_pitch = 0, .columns = column, .vectors = 2,
			      .rows = 2, .cols = OUTPUTS, .adc_bits = bits, .mode = mode };
	struct tile *t = tile_create(class, 4, physical);
	struct tile_counts counts = { 0 };
	unsigned int i;

	for (i = 0; i < OUTPUTS; i++)
		column[i] = (struct nmc_isa_column){ .offset = (uint32_t)level, .adc_mult = 1, .scale_mult = 1,
						     .flags = (uint8_t)flags };
	assert_non_null(t);
	assert_int_equal(tile_mvm_begin(t, &m), 0);
	tile_mvm(t, &m, 0, 2, &counts);
	tile_destroy(t);
}

/* What the converters of @TILES tiles add to @level. */
static void errors(const struct deck_converters *c, int level, unsigned int bits, float *x)
{
	struct deck deck = rig_deck("ideal");
	struct tile_class class;
	int32_t out[OUTPUTS];
	uint32_t t, i;

	deck.converters = *c;
	tile_class_init(&class, rig_make(&deck, false), 2, 2 * OUTPUTS, false);
	for (t = 0; t < TILES; t++) {
		codes(&class, t, level, bits, 0, 0, out);
		for (i = 0; i < OUTPUTS; i++)
			x[t * OUTPUTS + i] = (float)(out[i] - level);
	}
}

static void converter_statistics(void **unused)
{
	static float low[N], high[N], zero[N];
	struct deck_converters c = { .offset = 0.01f };
	double full = 4094, peak = 2047 / sqrt(3), most = 0;
	unsigned int i;

	(void)unused;
	errors(&c, 0, 12, zero);
	errors(&c, 500, 12, high);
	assert_memory_equal(zero, high, sizeof(zero));
	assert_true(fabs(rig_mean(zero, N)) < 5 * .01 * full / sqrt(N));
	assert_true(fabs(sqrt(rig_var(zero, N)) / (.01 * full) - 1) < 5 / sqrt(2.0 * N) + 0.001);
	assert_true(ks_normal(zero, N, 0, .01 * full) < ks_bound(N) + 0.02);
	/* A converter of 8 bits has the same errors in full scales */
	errors(&c, 0, 8, high);
	assert_true(fabs(sqrt(rig_var(high, N)) / (.01 * 254) - 1) < 5 / sqrt(2.0 * N) + 0.01);

	c = (struct deck_converters){ .gain = 0.03f };
	errors(&c, 1500, 12, high);
	errors(&c, -1500, 12, low);
	errors(&c, 0, 12, zero);
	for (i = 0; i < N; i++)
		assert_true(high[i] == -low[i] && zero[i] == 0);
	assert_true(fabs(rig_mean(high, N)) < 5 * 45 / sqrt(N));
	assert_true(fabs(sqrt(rig_var(high, N)) / 45 - 1) < 5 / sqrt(2.0 * N) + 0.001);

	/* INL: evenly spread peaks at +-1/sqrt(3) of the scale, nothing at the middle and the ends */
	c = (struct deck_converters){ .inl = 0.02f };
	errors(&c, (int)lrint(peak), 12, high);
	errors(&c, -(int)lrint(peak), 12, low);
	errors(&c, 2047, 12, zero);
	for (i = 0; i < N; i++) {
		assert_true(high[i] == -low[i] && zero[i] == 0);
		most = fmax(most, fabs(high[i]));
	}
	assert_true(most <= .02 * full + 0.5 && most > .0199 * full);
	/* The variance of a square has a standard error of 0.9 / sqrt(n) for a uniform law */
	assert_true(fabs(rig_var(high, N) / (pow(.02 * full, 2) / 3) - 1) < 5 * .9 / sqrt(N));
}

/* Fixed for each converter, in any vector and product; those of physical columns are others; all can be left out. */
static void converters_are_fixed(void **unused)
{
	struct deck deck = rig_deck("ideal");
	static int32_t a[OUTPUTS], b[OUTPUTS], c[OUTPUTS];
	struct tile_class class;
	unsigned int i, same = 0;

	(void)unused;
	deck.converters = (struct deck_converters){ .offset = 0.01f, .gain = 0.03f, .inl = 0.02f };
	tile_class_init(&class, rig_make(&deck, false), 2, 2 * OUTPUTS, false);
	codes(&class, 7, 900, 12, 0, 0, a);
	codes(&class, 7, 900, 12, 0, 0, b);
	assert_memory_equal(a, b, sizeof(a));
	codes(&class, 8, 900, 12, 0, 0, b);
	assert_memory_not_equal(a, b, sizeof(a));
	codes(&class, 7, 900, 12, NMC_COLUMN_PAIR_AFTER_ADC, 0, c);
	/* Of the first and second column, not of the first and second output: spreads of 60 codes and more hardly meet */
	codes(&class, 7, 900, 12, 0, 0, a);
	for (i = 0; i < OUTPUTS / 2; i++)
		same += c[i] == a[2 * i] - a[2 * i + 1];
	assert_true(same < OUTPUTS / 20);
	codes(&class, 7, 900, 12, 0, NMC_MVM_NO_CONVERTER_ERROR, a);
	codes(&class, 7, 900, 12, NMC_COLUMN_PAIR_AFTER_ADC, NMC_MVM_NO_CONVERTER_ERROR, c);
	for (i = 0; i < OUTPUTS; i++)
		assert_true(a[i] == 900 && c[i] == 0);
}

/* 16 bytes a cell with drift, wear, a snapshot of both columns, as many writes as a tile remembers and 1 % defects. */
static void memory(void **unused)
{
	struct deck deck = rig_deck("pcm");
	struct rig *r;
	unsigned int writes;
	int ret = 0;

	(void)unused;
	deck.defects.stuck_low = 0.01f;
	r = rig_open(rig_make(&deck, false), 256, 256, 9);
	for (writes = 0; !ret; writes++) {
		struct tile_region cell = { writes / 256, 1, writes % 256, 1 };

		ret = tile_program(r->tile, &cell, r->target, 2, 0, 0, &r->now, &r->report, &r->cost);
	}
	assert_int_equal(writes, tile_max_writes(r->tile));
	assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, 0), 0);
	assert_non_null(r->tile->frozen);
	assert_true(tile_bytes(r->tile) <= 16 * r->cells);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshot_is_solved),
		cmocka_unit_test(topologies),
		cmocka_unit_test(unit_vectors),
		cmocka_unit_test(mapped_outputs),
		cmocka_unit_test(variance_is_scaled),
		cmocka_unit_test(variance_of_small_cells),
		cmocka_unit_test(converter_statistics),
		cmocka_unit_test(converters_are_fixed),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
