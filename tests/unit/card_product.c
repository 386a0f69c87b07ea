// SPDX-License-Identifier: MIT
/*
 * Products of a tile against a reference written apart from it, in plain integers of 128 bits: hand-computed
 * roundings, random shapes on every class, every build of the kernels, any split of a batch.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "card/cell/gauss.h"
#include "tests/unit/tech_rig.h"
#include "card/tile/tile_priv.h"
#include "hw/nmc_regs.h"

#define MAX_VECTORS	60

static uint64_t seed = 88172645463325252;

static uint32_t next(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 16);
}

static uint32_t below(uint32_t n)
{
	return next() % n;
}

static void describe(struct tile_class *class, const char *name, unsigned int rows, unsigned int cols, bool plain_c)
{
	tile_class_init(class, rig_tech(name, plain_c), (uint16_t)rows, (uint16_t)cols, plain_c);
}

static struct tile *programmed(const struct tile_class *class, const int16_t *target)
{
	struct tile_region all = { .rows = class->rows, .cols = class->cols };
	struct tile *t = tile_create(class, 3, 5);
	struct nmc_isa_report report;
	struct tile_cost cost;
	struct clock end = { 0 };

	assert_non_null(t);
	assert_int_equal(tile_program(t, &all, target, class->cols * 2ul, 0, 0, &end, &report, &cost), 0);
	return t;
}

static struct tile_counts multiply(struct tile *t, struct tile_mvm *m)
{
	struct tile_counts counts = { 0 };

	assert_int_equal(tile_mvm_begin(t, m), 0);
	tile_mvm(t, m, 0, m->vectors, &counts);
	return counts;
}

/* half_even(x * mult / 2^shift) on the exact quotient. */
static int64_t scaled(int64_t x, int64_t mult, unsigned int shift)
{
	__int128 p = (__int128)x * mult, unit = (__int128)1 << shift, q = p >> shift, rest = p - q * unit;

	return (int64_t)(q + (2 * rest > unit || (2 * rest == unit && q % 2)));
}

/* One differential pair and one row of `ideal` cells: the sum is g x, g in LSB. */
static int32_t convert_golden(int g, int x, struct nmc_isa_column column, unsigned int bits, int32_t old,
			      struct tile_counts *counts)
{
	int16_t target[2] = { g > 0 ? (int16_t)g : 0, g < 0 ? (int16_t)-g : 0 };
	int8_t in = (int8_t)x;
	struct tile_class class;
	struct tile_mvm m = { .in = &in, .in_pitch = 1, .out = (uint8_t *)&old, .out_pitch = 4, .columns = &column,
			      .vectors = 1, .rows = 1, .cols = 1, .adc_bits = bits, .accumulate = true };
	struct tile *t;

	describe(&class, "ideal", 1, 2, next() & 1);
	t = programmed(&class, target);
	*counts = multiply(t, &m);
	tile_destroy(t);
	return old;
}

static void roundings_golden(void **state)
{
	static const struct {
		int g, x;
		struct nmc_isa_column c;
		unsigned int bits;
		int32_t old, want;
		unsigned int clips, saturations;
	} golden[] = {
		/* range: 3/2 -> 2, 5/2 -> 2, 7/2 -> 4 and their negatives */
		{ 3, 1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, 2, 0, 0 },
		{ 5, 1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, 2, 0, 0 },
		{ 7, 1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, 4, 0, 0 },
		{ 3, -1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, -2, 0, 0 },
		{ -5, 1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, -2, 0, 0 },
		{ -7, 1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, -4, 0, 0 },
		/* offset before the range: (3 + 4) / 2, (3 - 4) / 2 */
		{ 3, 1, { 4, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, 4, 0, 0 },
		{ 3, 1, { (uint32_t)-4, 1, 1, 0, 1, 0, 0, 0, 0 }, 8, 0, 0, 0, 0 },
		/* limits: 7 for 4 bits, 127 for 8, 2047 for 12; 7 itself does not clip, 7.5 rounds to 8 and does */
		{ 7, 1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 4, 0, 7, 0, 0 },
		{ 15, 1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 4, 0, 7, 1, 0 },
		{ 13, 1, { 0, 1, 1, 0, 1, 0, 0, 0, 0 }, 4, 0, 6, 0, 0 },
		{ -128, 1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 8, 0, -127, 1, 0 },
		{ -127, 1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 8, 0, -127, 0, 0 },
		{ 26214, 127, { 0, 65535, 0, 0, 1, 0, 0, 0, 0 }, 12, 0, 2047, 1, 0 },
		{ 2048, -1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 12, 0, -2047, 1, 0 },
		/* digital scale: 5 * 3 / 2 = 7.5 -> 8, 3 * -3 / 2 = -4.5 -> -4, 127 * -32768 */
		{ 5, 1, { 0, 1, 0, 0, 3, 1, 0, 0, 0 }, 8, 0, 8, 0, 0 },
		{ 3, 1, { 0, 1, 0, 0, (uint16_t)-3, 1, 0, 0, 0 }, 8, 0, -4, 0, 0 },
		{ 127, 1, { 0, 1, 0, 0, 0x8000, 0, 0, 0, 0 }, 8, 0, -127 * 32768, 0, 0 },
		{ 100, 1, { 0, 1, 0, 0, 1, 31, 0, 0, 0 }, 8, 9, 9, 0, 0 },
		/* accumulation */
		{ 3, 1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 8, 40, 43, 0, 0 },
		{ 3, 1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 8, INT32_MAX - 3, INT32_MAX, 0, 0 },
		{ 3, 1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 8, INT32_MAX - 2, INT32_MAX, 0, 1 },
		{ 3, -1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 8, INT32_MIN + 3, INT32_MIN, 0, 0 },
		{ 3, -1, { 0, 1, 0, 0, 1, 0, 0, 0, 0 }, 8, INT32_MIN + 2, INT32_MIN, 0, 1 },
		/* pair after the converter: 127 - 0 with the same offset for both columns; both clip */
		{ 200, 1, { 0, 1, 0, NMC_COLUMN_PAIR_AFTER_ADC, 1, 0, 0, 0, 0 }, 8, 0, 127, 1, 0 },
		{ -5, 1, { 3, 1, 0, NMC_COLUMN_PAIR_AFTER_ADC, 1, 0, 0, 0, 0 }, 8, 0, -5, 0, 0 },
		{ -5, 1, { 300, 1, 0, NMC_COLUMN_PAIR_AFTER_ADC, 1, 0, 0, 0, 0 }, 8, 0, 0, 2, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(golden) / sizeof(*golden); i++) {
		struct tile_counts counts;
		int32_t got = convert_golden(golden[i].g, golden[i].x, golden[i].c, golden[i].bits, golden[i].old, &counts);

		assert_int_equal(got, golden[i].want);
		assert_int_equal(counts.clips, golden[i].clips);
		assert_int_equal(counts.saturations, golden[i].saturations);
	}
}

/* The largest sum a tile can make: 384 rows at the end of the scale. */
static void largest_sum(void **state)
{
	static int16_t target[384 * 2];
	int8_t in[384];
	int32_t out[2];
	struct tile_class class;
	struct tile *t;
	unsigned int i, plain;

	(void)state;
	for (i = 0; i < 384; i++) {
		target[2 * i] = 127;
		target[2 * i + 1] = -127;
		in[i] = -127;
	}
	for (plain = 0; plain < 2; plain++) {
		struct tile_mvm m = { .in = in, .in_pitch = 384, .out = (uint8_t *)out, .out_pitch = 8, .vectors = 1,
				      .rows = 384, .cols = 2 };

		describe(&class, "digital", 384, 2, plain);
		t = programmed(&class, target);
		for (i = 0; i < 384 * 2; i++)		/* what no weight reaches: the end of a snapshot's scale */
			t->target[i] = i % 2 ? -32767 : 32767;
		tile_changed(t);
		multiply(t, &m);
		assert_int_equal(out[0], -384 * 32767 * 127);
		assert_int_equal(out[1], 384 * 32767 * 127);
		tile_destroy(t);
	}
}

/* A batch with random conversion, shared by reference and tile. */
struct batch {
	struct tile_mvm m;
	int8_t in[MAX_VECTORS * 400];
	int32_t before[MAX_VECTORS * 520];
	int32_t out[MAX_VECTORS * 520];
	struct nmc_isa_column columns[512];
};

static void random_columns(struct batch *b, bool differential)
{
	unsigned int i;

	for (i = 0; i < b->m.cols; i++)
		b->columns[i] = (struct nmc_isa_column){
			.offset = next() >> below(32),
			.adc_mult = (uint16_t)next(),
			.adc_shift = (uint8_t)(28 + below(14)),
			.flags = differential && !below(3) ? NMC_COLUMN_PAIR_AFTER_ADC : 0,
			.scale_mult = (uint16_t)next(),
			.scale_shift = (uint8_t)below(12),
		};
	if (below(2))
		for (i = 0; i < b->m.cols; i++)
			b->columns[i].flags = 0;
}

static void random_batch(struct batch *b, const struct tile_class *class)
{
	bool converters = class->tech->flags & NMC_CLASS_CONVERTERS;
	struct tile_mvm *m = &b->m;
	size_t i;

	memset(b, 0, sizeof(*b));
	m->first_row = below(class->rows);
	m->rows = 1 + below(class->rows - m->first_row);
	m->first_col = below(class->outputs);
	m->cols = 1 + below(class->outputs - m->first_col);
	m->vectors = 1 + below(MAX_VECTORS);
	m->in = b->in;
	m->in_pitch = m->rows + below(10);
	m->out = (uint8_t *)b->out;
	m->out_pitch = 4ul * (m->cols + below(6));
	m->columns = converters ? b->columns : NULL;
	m->adc_bits = converters ? 4 + below(9) : 0;
	m->accumulate = below(2);
	m->mode = below(2) ? NMC_MVM_NO_READ_NOISE : 0;
	for (i = 0; i < sizeof(b->in); i++)
		b->in[i] = (int8_t)((int)below(255) - 127);
	for (i = 0; i < sizeof(b->before) / 4; i++)
		b->before[i] = (int32_t)next() >> (below(8) ? 8 : 0);
	random_columns(b, tile_differential(class));
	memcpy(b->out, b->before, sizeof(b->out));
}

/* Snapshot of the physical columns, made apart from the tile's. */
struct snapshot {
	int g[384][512];
	int var[384][512];
};

static void take_snapshot(const struct tile *t, bool noisy, struct snapshot *s)
{
	struct tile_scratch scratch = { .ages = 0 };
	unsigned int r, c;

	for (r = 0; r < t->class->rows; r++) {
		float line[CELL_LANES], var[CELL_LANES] = { 0 };

		tile_row(t, r, 0, &scratch, line);
		if (noisy)
			tile_row_noise(t, r, 0, line, var);
		for (c = 0; c < t->class->cols; c++) {
			s->g[r][c] = (int)fmin(rint(line[c]), 32767);
			s->var[r][c] = (int)fmin(rint(var[c] / t->class->var_unit), PRODUCT_VAR / 2);
		}
	}
}

static int64_t noise_of(const struct tile *t, uint64_t event, int64_t var, unsigned int shift, unsigned int output,
			unsigned int draw)
{
	struct philox_stream s = philox_stream(t->seed, t->physical, PURPOSE_PRODUCT, event);
	uint32_t r[4];

	philox_draw(&s, output / 4 + (draw << 20), r);
	return lrintf(sqrtf((float)var * (t->class->var_unit * (float)(1 << shift))) * gauss(r[output % 4]));
}

/* Sum of plus columns less minus columns, with its noise; @minus is -1 for one column alone. */
static int64_t reference_sum(const struct tile *t, const struct snapshot *s, const struct batch *b, unsigned int v,
			     int plus, int minus, unsigned int output, unsigned int draw)
{
	const struct tile_mvm *m = &b->m;
	bool noisy = t->class->tech->flags & NMC_CLASS_READ_NOISE && !(m->mode & NMC_MVM_NO_READ_NOISE);
	int64_t sum = 0, var = 0;
	unsigned int i, shift = 0;
	int peak = 0;

	for (i = 0; i < m->rows; i++)
		peak = abs(b->in[v * m->in_pitch + i]) > peak ? abs(b->in[v * m->in_pitch + i]) : peak;
	while (peak * peak >> shift > PRODUCT_SQUARE)
		shift++;
	for (i = 0; i < m->rows; i++) {
		unsigned int r = m->first_row + i;
		int64_t x = b->in[v * m->in_pitch + i];

		sum += x * (s->g[r][plus] - (minus < 0 ? 0 : s->g[r][minus]));
		var += (int64_t)rint((double)(x * x) / (1 << shift)) *
		       (s->var[r][plus] + (minus < 0 ? 0 : s->var[r][minus]));
	}
	if (noisy)
		sum += noise_of(t, m->event + v, var, shift, output, draw);
	return sum;
}

static int64_t reference_code(int64_t sum, const struct nmc_isa_column *c, unsigned int bits, struct tile_counts *counts)
{
	int64_t limit = (1 << (bits - 1)) - 1;
	int64_t code = scaled(sum + (int32_t)c->offset, c->adc_mult, c->adc_shift);

	counts->clips += code > limit || code < -limit;
	return code > limit ? limit : code < -limit ? -limit : code;
}

static int64_t reference_output(const struct tile *t, const struct snapshot *s, const struct batch *b, unsigned int v,
				unsigned int i, struct tile_counts *counts)
{
	const struct nmc_isa_column *c = &b->columns[i];
	unsigned int out = b->m.first_col + i, bits = b->m.adc_bits;
	int plus = tile_differential(t->class) ? 2 * (int)out : (int)out;
	int64_t code;

	if (!b->m.columns)
		return reference_sum(t, s, b, v, plus, -1, out, 0);
	if (c->flags & NMC_COLUMN_PAIR_AFTER_ADC)
		code = reference_code(reference_sum(t, s, b, v, plus, -1, 2 * out, 1), c, bits, counts) -
		       reference_code(reference_sum(t, s, b, v, plus + 1, -1, 2 * out + 1, 1), c, bits, counts);
	else
		code = reference_code(reference_sum(t, s, b, v, plus, plus + 1, out, 0), c, bits, counts);
	return scaled(code, (int16_t)c->scale_mult, c->scale_shift);
}

/* Leaves in @want what the whole output area must be, bytes between rows included. */
static struct tile_counts reference(const struct tile *t, const struct snapshot *s, const struct batch *b, int32_t *want)
{
	struct tile_counts counts = { 0 };
	unsigned int v, i;

	memcpy(want, b->before, sizeof(b->before));
	for (v = 0; v < b->m.vectors; v++) {
		for (i = 0; i < b->m.cols; i++) {
			size_t at = v * b->m.out_pitch / 4 + i;
			int64_t x = reference_output(t, s, b, v, i, &counts) + (b->m.accumulate ? b->before[at] : 0);

			counts.saturations += x > INT32_MAX || x < INT32_MIN;
			want[at] = (int32_t)(x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : x);
		}
	}
	return counts;
}

/* The batch again from the same event on, in two calls of begin and random parts within. */
static struct tile_counts multiply_split(struct tile *t, struct batch *b)
{
	struct tile_mvm m = b->m;
	struct tile_counts counts = { 0 };
	unsigned int done, all = b->m.vectors, cut = below(all + 1), at, part;

	t->event = b->m.event;
	memcpy(b->out, b->before, sizeof(b->out));
	for (done = 0; done < all; done += m.vectors) {
		m.in = b->m.in + done * m.in_pitch;
		m.out = b->m.out + done * m.out_pitch;
		m.vectors = done < cut ? cut - done : all - done;
		assert_int_equal(tile_mvm_begin(t, &m), 0);
		for (at = 0; at < m.vectors; at += part) {
			part = 1 + below(m.vectors - at);
			tile_mvm(t, &m, at, part, &counts);
		}
	}
	assert_int_equal(t->event, b->m.event + all);
	return counts;
}

static void check_batch(struct tile *t, const struct snapshot *s, struct batch *b)
{
	static int32_t want[MAX_VECTORS * 520];
	struct tile_counts expected, counts;

	counts = multiply(t, &b->m);
	expected = reference(t, s, b, want);
	assert_memory_equal(b->out, want, sizeof(want));
	assert_int_equal(counts.clips, expected.clips);
	assert_int_equal(counts.saturations, expected.saturations);
	counts = multiply_split(t, b);
	assert_memory_equal(b->out, want, sizeof(want));
	assert_int_equal(counts.clips, expected.clips);
	assert_int_equal(counts.saturations, expected.saturations);
}

static void random_shape(const char *name, unsigned int rows, unsigned int cols)
{
	bool integer = !strcmp(name, "digital");
	static struct snapshot s[2];
	static struct batch b;
	static int16_t target[384 * 512];
	const struct product_ops *all[RIG_BUILDS];
	unsigned int i, n = rig_builds(all);
	struct tile_class class;
	struct tile *t;

	describe(&class, name, rows, cols, below(2));
	for (i = 0; i < rows * cols; i++)
		target[i] = (int16_t)(integer ? (int)below(255) - 127 : (int)below(NMC_CONDUCTANCE_MAX + 1));
	t = programmed(&class, target);
	take_snapshot(t, false, &s[0]);
	take_snapshot(t, class.tech->flags & NMC_CLASS_READ_NOISE, &s[1]);
	for (i = 0; i < 2 * n; i++) {
		class.product = all[i % n];
		random_batch(&b, &class);
		check_batch(t, &s[!(b.m.mode & NMC_MVM_NO_READ_NOISE)], &b);
	}
	tile_destroy(t);
}

static void random_shapes(void **state)
{
	static const char *const name[] = { "rram", "ideal", "digital" };
	unsigned int i, k;

	(void)state;
	for (k = 0; k < 3; k++) {
		random_shape(name[k], 256, 256);
		random_shape(name[k], 384, 512);
		random_shape(name[k], 12, 12);
		random_shape(name[k], 1, 2);
		for (i = 0; i < 6; i++)
			random_shape(name[k], 1 + below(384), 2 + 2 * below(128));
	}
}

/* Read noise of one output over many vectors: standard deviation sqrt(sum (sigma x)^2) within 6 standard errors. */
static void noise_statistics(void **state)
{
	enum { VECTORS = 8192, ROWS = 64 };
	static int8_t in[ROWS];
	static int32_t out[VECTORS];
	static int16_t target[ROWS * 2];
	struct nmc_isa_column column = { .adc_mult = 1, .adc_shift = 9, .scale_mult = 1 };
	struct tile_mvm m = { .in = in, .in_pitch = 0, .out = (uint8_t *)out, .out_pitch = 4, .columns = &column,
			      .vectors = VECTORS, .rows = ROWS, .cols = 1, .adc_bits = 12 };
	double want = 0, mean = 0, var = 0;
	struct tile_class class;
	struct tile *t;
	unsigned int i;

	(void)state;
	describe(&class, "rram", ROWS, 2, false);
	for (i = 0; i < 2 * ROWS; i++)
		target[i] = (int16_t)below(NMC_CONDUCTANCE_MAX);
	t = programmed(&class, target);
	for (i = 0; i < ROWS; i++) {
		struct tile_scratch scratch = { .ages = 0 };
		float line[CELL_LANES];
		unsigned int c;

		in[i] = (int8_t)((int)below(255) - 127);
		tile_row(t, i, 0, &scratch, line);
		for (c = 0; c < 2; c++)
			want += pow((0.005 * line[c] + 0.05 / (40 * 1.25 / 32767)) * in[i], 2);
		column.offset -= (uint32_t)(((int)rintf(line[0]) - (int)rintf(line[1])) * in[i]);
	}
	assert_int_equal(multiply(t, &m).clips, 0);
	for (i = 0; i < VECTORS; i++)
		mean += (double)out[i] / VECTORS;
	for (i = 0; i < VECTORS; i++)
		var += pow(out[i] - mean, 2) / VECTORS;
	want = sqrt(want) / 512;
	assert_true(fabs(sqrt(var) / want - 1) < 6 / sqrt(2.0 * VECTORS) + 0.01);
	assert_true(fabs(mean) < 6 * want / sqrt(VECTORS));
	m.mode = NMC_MVM_NO_READ_NOISE;
	multiply(t, &m);
	for (i = 0; i < VECTORS; i++)
		assert_int_equal(out[i], 0);
	tile_destroy(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roundings_golden),
		cmocka_unit_test(largest_sum),
		cmocka_unit_test(random_shapes),
		cmocka_unit_test(noise_statistics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
