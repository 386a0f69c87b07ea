// SPDX-License-Identifier: MIT
/*
 * Products against a reference written here in 64-bit integers: random shapes, both orders of pair and conversion,
 * every build, any split of a batch; hand-computed roundings; the noise of a product as a distribution.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/tech_rig.h"
#include "card/tile/tile.h"
#include "hw/nmc_regs.h"

#define MAX_VECTORS 67

static uint32_t state = 1;

static uint32_t next_random(uint32_t limit)
{
	state = state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(state >> 1) * limit >> 31);
}

struct rig {
	struct tile_class class;
	struct tile *tile;
	int16_t *target;
	struct clock now;
};

static void open_rig(struct rig *r, const char *tech, unsigned int rows, unsigned int cols, bool plain_c)
{
	struct tile_region whole = { 0, rows, 0, cols };
	struct nmc_isa_report report;
	struct tile_cost cost;
	unsigned int i;

	memset(r, 0, sizeof(*r));
	tile_class_init(&r->class, rig_tech(tech, plain_c), (uint16_t)rows, (uint16_t)cols, plain_c);
	r->tile = tile_create(&r->class, 5, 9);
	r->target = malloc((size_t)rows * cols * 2);
	assert_true(r->tile && r->target);
	for (i = 0; i < rows * cols; i++)
		r->target[i] = (int16_t)(strcmp(tech, "digital") ? next_random(NMC_CONDUCTANCE_MAX + 1) :
					 next_random(255)) - (strcmp(tech, "digital") ? 0 : 127);
	assert_int_equal(tile_program(r->tile, &whole, r->target, cols * 2, 0, 0, &r->now, &report, &cost), 0);
}

static void close_rig(struct rig *r)
{
	tile_destroy(r->tile);
	free(r->target);
}

static int64_t half_even(int64_t x, unsigned int shift)
{
	int64_t q, rest, half;

	if (!shift)
		return x;
	q = x >> shift;
	rest = x - q * ((int64_t)1 << shift);
	half = (int64_t)1 << (shift - 1);
	if (rest > half || (rest == half && q % 2))
		q++;
	return q;
}

static int64_t convert(int64_t sum, const struct nmc_isa_column *c, unsigned int bits, uint64_t *clips)
{
	int64_t limit = (1 << (bits - 1)) - 1, code = half_even((sum + (int32_t)c->offset) * c->adc_mult, c->adc_shift);

	if (code > limit || code < -limit) {
		(*clips)++;
		code = code > 0 ? limit : -limit;
	}
	return code;
}

static int32_t saturate(int64_t x, uint64_t *count)
{
	if (x > INT32_MAX || x < INT32_MIN) {
		(*count)++;
		return x > 0 ? INT32_MAX : INT32_MIN;
	}
	return (int32_t)x;
}

static void reference(const struct rig *r, const struct tile_mvm *m, int32_t *out, struct tile_counts *k)
{
	unsigned int v, j, i, cols = r->class.cols;

	for (v = 0; v < m->vectors; v++)
		for (j = 0; j < m->cols; j++) {
			const int8_t *x = m->in + v * m->in_pitch;
			int32_t *o = out + v * m->out_pitch / 4 + j;
			int64_t plus = 0, minus = 0, result;
			unsigned int at = m->first_col + j;

			for (i = 0; i < m->rows; i++) {
				const int16_t *row = r->target + (size_t)(m->first_row + i) * cols;

				plus += row[m->columns ? 2 * at : at] * (int64_t)x[i];
				minus += m->columns ? row[2 * at + 1] * (int64_t)x[i] : 0;
			}
			result = plus;
			if (m->columns) {
				const struct nmc_isa_column *c = &m->columns[j];

				if (c->flags & NMC_COLUMN_PAIR_AFTER_ADC)
					result = convert(plus, c, m->adc_bits, &k->clips) -
						 convert(minus, c, m->adc_bits, &k->clips);
				else
					result = convert(plus - minus, c, m->adc_bits, &k->clips);
				result = half_even(result * (int16_t)c->scale_mult, c->scale_shift);
			}
			*o = saturate(result + (m->accumulate ? *o : 0), &k->saturations);
		}
}

static void random_columns(struct nmc_isa_column *c, unsigned int n, bool mixed)
{
	unsigned int i;

	memset(c, 0, n * sizeof(*c));
	for (i = 0; i < n; i++) {
		c[i].offset = next_random(2000000) - 1000000;
		c[i].adc_mult = (uint16_t)(1 + next_random(65535));
		c[i].adc_shift = (uint8_t)(28 + next_random(10));
		c[i].scale_mult = (uint16_t)next_random(65536);
		c[i].scale_shift = (uint8_t)next_random(12);
		c[i].flags = mixed && next_random(3) == 0 ? NMC_COLUMN_PAIR_AFTER_ADC : 0;
	}
}

/* One random product on a tile: reference, whole batch, and the batch in pieces. */
static void one_product(struct rig *r, bool mixed)
{
	static int8_t in[MAX_VECTORS * 400];
	static int32_t want[MAX_VECTORS * 520], got[MAX_VECTORS * 520];
	struct nmc_isa_column columns[CELL_LANES];
	bool analog = r->class.outputs != r->class.cols;
	struct tile_counts wanted = { 0 }, counted = { 0 };
	struct tile_mvm m = { .in = in, .in_pitch = 400, .out = (uint8_t *)got, .out_pitch = 520 * 4 };
	unsigned int i, v;

	m.vectors = 1 + next_random(MAX_VECTORS);
	m.first_row = next_random(r->class.rows);
	m.rows = 1 + next_random(r->class.rows - m.first_row);
	m.first_col = next_random(r->class.outputs);
	m.cols = 1 + next_random(r->class.outputs - m.first_col);
	m.adc_bits = analog ? 4 + next_random(9) : 0;
	m.columns = analog ? columns : NULL;
	m.accumulate = next_random(2);
	m.mode = NMC_MVM_NO_READ_NOISE;
	random_columns(columns, m.cols, mixed);
	for (i = 0; i < sizeof(in); i++)
		in[i] = (int8_t)(next_random(255) - 127);
	for (i = 0; i < MAX_VECTORS * 520; i++)
		want[i] = got[i] = (int32_t)(next_random(0x7fffffff) * 2u);
	reference(r, &m, want, &wanted);
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	for (v = 0; v < m.vectors; v += i) {
		i = 1 + next_random(m.vectors - v);
		tile_mvm(r->tile, &m, v, i, &counted);
	}
	for (v = 0; v < m.vectors; v++)
		assert_memory_equal(got + v * 520, want + v * 520, 520 * 4);
	assert_int_equal(counted.clips, wanted.clips);
	assert_int_equal(counted.saturations, wanted.saturations);
}

static void products_match(const char *tech, bool mixed)
{
	static const unsigned int shape[][2] = { { 256, 256 }, { 12, 12 }, { 5, 6 }, { 384, 512 }, { 37, 130 } };
	unsigned int i, plain, n;

	for (i = 0; i < 5; i++)
		for (plain = 0; plain < 2; plain++) {
			struct rig r;

			open_rig(&r, tech, shape[i][0], shape[i][1], plain);
			for (n = 0; n < 6; n++)
				one_product(&r, mixed);
			close_rig(&r);
		}
}

static void ideal_products(void **unused)
{
	(void)unused;
	products_match("ideal", false);
}

static void ideal_products_after_adc(void **unused)
{
	(void)unused;
	products_match("ideal", true);
}

static void digital_products(void **unused)
{
	(void)unused;
	products_match("digital", false);
}

/* Codes at the ties, at both ends of the range, and the largest sum there is. */
static void hand_computed(void **unused)
{
	static const struct {
		int target, code, mult, shift, want, clips;
	} known[] = {
		{ 1, 1, 1, 1, 0, 0 },		/* 0.5 -> 0 */
		{ 3, 1, 1, 1, 2, 0 },		/* 1.5 -> 2 */
		{ 5, 1, 1, 1, 2, 0 },		/* 2.5 -> 2 */
		{ 5, -1, 1, 1, -2, 0 },		/* -2.5 -> -2 */
		{ 7, -1, 1, 1, -4, 0 },		/* -3.5 -> -4 */
		{ 127, 1, 1, 0, 127, 0 },
		{ 128, 1, 1, 0, 127, 1 },
		{ 128, -1, 1, 0, -127, 1 },
		{ 255, 1, 1, 1, 127, 1 },	/* 127.5 -> 128, clipped */
		{ 253, 1, 1, 1, 126, 0 },	/* 126.5 -> 126 */
	};
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		struct nmc_isa_column c = { .adc_mult = (uint16_t)known[i].mult, .adc_shift = (uint8_t)known[i].shift,
					    .scale_mult = 1 };
		int8_t in = (int8_t)known[i].code;
		int32_t out = 0;
		struct tile_mvm m = { .in = &in, .in_pitch = 1, .out = (uint8_t *)&out, .out_pitch = 4, .columns = &c,
				      .vectors = 1, .rows = 1, .cols = 1, .adc_bits = 8 };
		struct tile_region cell = { 0, 1, 0, 1 };
		struct tile_counts counts = { 0 };
		struct nmc_isa_report report;
		int16_t target = (int16_t)known[i].target, zero = 0;
		struct tile_cost cost;
		struct rig r;

		open_rig(&r, "ideal", 4, 4, false);
		assert_int_equal(tile_program(r.tile, &cell, &target, 2, 0, 0, &r.now, &report, &cost), 0);
		cell.first_col = 1;
		assert_int_equal(tile_program(r.tile, &cell, &zero, 2, 0, 0, &r.now, &report, &cost), 0);
		assert_int_equal(tile_mvm_begin(r.tile, &m), 0);
		tile_mvm(r.tile, &m, 0, 1, &counts);
		assert_int_equal(out, known[i].want);
		assert_int_equal(counts.clips, known[i].clips);
		close_rig(&r);
	}
}

/* All builds and splits give one answer with read noise too. */
static void noisy_products_agree(void **unused)
{
	static int8_t in[MAX_VECTORS * 256];
	static int32_t out[2][MAX_VECTORS * 128];
	struct nmc_isa_column columns[128];
	unsigned int i, plain;

	(void)unused;
	for (i = 0; i < sizeof(in); i++)
		in[i] = (int8_t)(next_random(255) - 127);
	random_columns(columns, 128, true);
	for (plain = 0; plain < 2; plain++) {
		struct tile_mvm m = { .in = in, .in_pitch = 256, .out = (uint8_t *)out[plain], .out_pitch = 512,
				      .columns = columns, .vectors = MAX_VECTORS, .rows = 256, .cols = 128,
				      .adc_bits = 12 };
		struct tile_counts counts = { 0 };
		struct rig r;

		state = 77;
		open_rig(&r, "rram", 256, 256, plain);
		assert_int_equal(tile_mvm_begin(r.tile, &m), 0);
		if (plain)
			for (i = 0; i < MAX_VECTORS; i++)
				tile_mvm(r.tile, &m, MAX_VECTORS - 1 - i, 1, &counts);
		else
			tile_mvm(r.tile, &m, 0, MAX_VECTORS, &counts);
		close_rig(&r);
	}
	assert_memory_equal(out[0], out[1], sizeof(out[0]));
}

/*
 * The noise of one output over many vectors has the variance sum (sigma_i x_i)^2 of its cells: bound is five standard
 * errors plus 2 % for the 8-bit variance matrix.
 */
static void noise_variance(void **unused)
{
	enum { N = 20000, ROWS = 256 };
	static int8_t in[ROWS];
	struct nmc_isa_column column = { .adc_mult = 1, .adc_shift = 12, .scale_mult = 1 };
	int32_t *out = malloc(N * sizeof(*out));
	struct tile_mvm m = { .in = in, .in_pitch = 0, .out = (uint8_t *)out, .out_pitch = 4, .columns = &column,
			      .vectors = N, .rows = ROWS, .cols = 1, .adc_bits = 12 };
	struct tile_counts counts = { 0 };
	double sum = 0, square = 0, variance = 0;
	float *g = malloc(sizeof(float) * ROWS * 256);
	struct rig r;
	int i;

	(void)unused;
	open_rig(&r, "rram", ROWS, 256, false);
	for (i = 0; i < ROWS; i++)
		in[i] = (int8_t)(i % 2 ? 100 : -100);
	column.adc_shift = 15;
	assert_int_equal(tile_mvm_begin(r.tile, &m), 0);
	tile_oracle(r.tile, g, NULL);
	tile_mvm(r.tile, &m, 0, N, &counts);
	assert_true(counts.clips < N / 2);
	for (i = 0; i < N; i++) {
		sum += out[i];
		square += (double)out[i] * out[i];
	}
	for (i = 0; i < ROWS; i++) {
		double lsb = 50.0 / 32767, a = (.005 * g[i * 256] + .05) / lsb * in[i];
		double b = (.005 * g[i * 256 + 1] + .05) / lsb * in[i];

		variance += (a * a + b * b) / (32768.0 * 32768.0);
	}
	square = square / N - sum / N * (sum / N);
	assert_int_equal(counts.clips, 0);
	assert_true(fabs((square - 1.0 / 12) / variance - 1) < 5 * sqrt(2.0 / N) + 0.02);
	free(out);
	free(g);
	close_rig(&r);
}

/* All caches filled, a tile takes at most 16 bytes a cell. */
static void memory_bound(void **unused)
{
	struct nmc_isa_column columns[128];
	int8_t in[256] = { 1 };
	int32_t out[128];
	struct tile_mvm m = { .in = in, .in_pitch = 256, .out = (uint8_t *)out, .out_pitch = 512, .columns = columns,
			      .vectors = 1, .rows = 256, .cols = 128, .adc_bits = 8 };
	struct tile_counts counts = { 0 };
	struct rig r;

	(void)unused;
	open_rig(&r, "rram", 256, 256, false);
	random_columns(columns, 128, true);
	columns[0].flags = NMC_COLUMN_PAIR_AFTER_ADC;
	assert_int_equal(tile_mvm_begin(r.tile, &m), 0);
	tile_mvm(r.tile, &m, 0, 1, &counts);
	assert_true(tile_bytes(r.tile) <= 16 * 65536);
	assert_true(tile_bytes(r.tile) >= 8 * 65536);
	close_rig(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ideal_products),
		cmocka_unit_test(ideal_products_after_adc),
		cmocka_unit_test(digital_products),
		cmocka_unit_test(hand_computed),
		cmocka_unit_test(noisy_products_agree),
		cmocka_unit_test(noise_variance),
		cmocka_unit_test(memory_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
