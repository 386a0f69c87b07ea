// SPDX-License-Identifier: MIT
/*
 * Cells whose current is not proportional to voltage: products against I(V) in double within the stated roundings, with
 * inputs of several amplitudes and of one, with and without wires, of every build, for any split of a batch; and
 * nothing of it in decks that do not ask for it.
 */
#include <pthread.h>
#include "tests/unit/physics_rig.h"

#define ROWS	96
#define COLS	160
#define OUTPUTS	(COLS / 2)
#define VECTORS	53

/* I = g V - 0.4 r gmax V^2 / volt + 0.3 r (1 - r) gmax V^3 / volt^2: terms of either sign, a fourth of the whole. */
static struct deck bent(const char *name)
{
	struct deck d = rig_deck(name);
	double volt = 0.5, gmax = (double)d.gmax;

	d.iv = (struct deck_iv){ .read_volt = 0.5f };
	d.iv.nl2 = (struct deck_curve){ .given = true, .of = DECK_OF_R, .per = 1, .scale = 1, .min = -3e38, .max = 3e38, .above = 3e38,
					.poly = { 0, -0.4 * gmax / volt } };
	d.iv.nl3 = d.iv.nl2;
	d.iv.nl3.poly[1] = 0.3 * gmax / (volt * volt);
	d.iv.nl3.poly[2] = -d.iv.nl3.poly[1];
	return d;
}

static double value(const struct deck_curve *c, double g, double gmax)
{
	double x = c->of == DECK_OF_LOG10_G ? log10(g / c->per) : g / gmax, sum = 0;
	int k;

	for (k = DECK_POLY - 1; k >= 0; k--)
		sum = sum * x + c->poly[k];
	return sum;
}

/* Terms of the current at full voltage over that voltage, uS; outside gmin .. gmax in proportion to the conductance. */
static void terms(const struct deck *d, double cell, double *t)
{
	double volt = (double)d->iv.read_volt, gmax = (double)d->gmax, gmin = (double)d->gmin, g = fmin(fmax(cell, gmin), gmax);

	t[0] = d->iv.nl2.given && g > 0 ? value(&d->iv.nl2, g, gmax) * volt * cell / g : 0;
	t[1] = d->iv.nl3.given && g > 0 ? value(&d->iv.nl3, g, gmax) * volt * volt * cell / g : 0;
}

/* Current beyond g V at the part @v of full voltage, over full voltage. */
static double beyond(const struct deck *d, double g, double v)
{
	double t[2];

	terms(d, g, t);
	return t[0] * v * fabs(v) + t[1] * v * v * v;
}

/* I(V) of code @x, of which 127 is full voltage, in LSB of conductance times code. */
static double current(const struct rig *r, const struct deck *d, double g, int x)
{
	double v = x / 127.0;

	return (g * v + beyond(d, g, v)) * 127 / (double)r->class.tech->lsb;
}

/* What rounding can make of it: half an LSB of each matrix and half a code of each power, and 1e-4 of tables. */
static double rounding(const struct rig *r, const struct deck *d, double g)
{
	double t[2], lsb = (double)r->class.tech->lsb;

	terms(d, g, t);
	return 0.5 * 127 * 3 + 0.5 * (fabs(t[0]) + fabs(t[1])) / lsb + 127e-4 * (fabs(t[0]) + fabs(t[1])) / lsb + 1;
}

struct product {
	unsigned int rows, cols, first_row, first_col, mode, parts;
};

/* Codes of 12 bits of 2^@shift each around @near, NULL for 0; pairs are subtracted before conversion unless @after. */
static void multiply(struct rig *r, const struct product *p, const int8_t *in, unsigned int vectors, const double *near,
		     unsigned int shift, bool after, int32_t *out)
{
	struct nmc_isa_column column[OUTPUTS];
	struct tile_mvm m = { .in = in, .in_pitch = p->rows, .out = (uint8_t *)out, .out_pitch = p->cols * 4, .columns = column,
			      .vectors = vectors, .rows = p->rows, .cols = p->cols, .first_row = p->first_row,
			      .first_col = p->first_col, .adc_bits = 12, .mode = p->mode };
	struct tile_counts counts = { 0 };
	unsigned int i, at, n;

	for (i = 0; i < p->cols; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = (uint8_t)shift, .scale_mult = 1,
						     .offset = near ? (int32_t)-lrint(near[i]) : 0,
						     .flags = after && i % 2 ? NMC_COLUMN_PAIR_AFTER_ADC : 0 };
	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	for (at = vectors; at; at -= n) {
		n = at < p->parts ? at : p->parts;
		tile_mvm(r->tile, &m, at - n, n, &counts);
	}
}

static struct rig *opened(const struct deck *d, bool plain_c, unsigned int rows, unsigned int cols)
{
	struct rig *r = rig_open(rig_make(d, plain_c), rows, cols, 5);

	rig_spread(r);
	rig_program(r);
	return r;
}

/* Every code of one cell, in either column of its pair, among cells that carry nothing. */
static void one_cell(void **unused)
{
	static const int16_t code[] = { 26214, 13107, 3000, 17 };
	struct product p = { 12, 8, 0, 0, 0, 1 };
	struct deck d = bent("ideal");
	int32_t out[8];
	unsigned int i;
	int x;

	(void)unused;
	for (i = 0; i < 8; i++) {
		struct rig *r = rig_open(rig_make(&d, false), 12, 16, 5);
		double g = code[i / 2] * (double)r->class.tech->lsb;

		r->target[5 * 16 + 6 + i % 2] = code[i / 2];
		rig_program(r);
		for (x = -127; x <= 127; x++) {
			double near[8] = { 0 };
			int8_t in[12];

			memset(in, 64, sizeof(in));
			in[5] = (int8_t)x;
			near[3] = current(r, &d, g, x) * (i % 2 ? -1 : 1);
			multiply(r, &p, in, 1, near, 3, false, out);
			if (fabs(out[3] * 8.0) > rounding(r, &d, g) + 4.5)
				fail_msg("code %d of a cell of %g uS: %g off, bound %g", x, g, out[3] * 8.0, rounding(r, &d, g));
			assert_int_equal(out[0] | out[1] | out[2] | out[4] | out[7], 0);
		}
		rig_close(r);
	}
}

static void random_codes(int8_t *in, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		in[i] = (int8_t)((int)(i * 2654435761u >> 24) % 255 - 127);
}

/* Sums of many cells, of parts of a tile as well, of a shipped deck and of one of strong terms. */
static void column_sums(void **unused)
{
	static const struct product part[] = {
		{ ROWS, OUTPUTS, 0, 0, NMC_MVM_NO_READ_NOISE, 1 }, { 41, 9, 3, 68, NMC_MVM_NO_READ_NOISE, 1 },
	};
	static int8_t in[ROWS];
	unsigned int k, i, j, row;

	(void)unused;
	random_codes(in, ROWS);
	for (k = 0; k < 4; k++) {
		const struct product *p = &part[k / 2];
		struct deck d = k % 2 ? bent("ideal") : rig_deck("rram-milo");
		struct rig *r = opened(&d, false, ROWS, COLS);
		double near[OUTPUTS] = { 0 }, bound[OUTPUTS] = { 0 }, bend = 0;
		int32_t out[OUTPUTS];

		for (i = 0; i < p->cols; i++) {
			for (row = 0; row < p->rows; row++) {
				for (j = 0; j < 2; j++) {
					unsigned int cell = (row + p->first_row) * COLS + 2 * (i + p->first_col) + j;
					double g = (double)r->g[cell];

					near[i] += current(r, &d, g, in[row]) * (j ? -1 : 1);
					bound[i] += rounding(r, &d, g);
					bend += fabs(beyond(&d, g, in[row] / 127.0)) * 127 / (double)r->class.tech->lsb;
				}
			}
		}
		multiply(r, p, in, 1, near, 9, false, out);
		for (i = 0; i < p->cols; i++)
			if (fabs(out[i] * 512.0) > bound[i] + 257 || abs(out[i]) == 2047)
				fail_msg("product %u, output %u: %g off, bound %g", k, i, out[i] * 512.0, bound[i]);
		assert_true(bend / p->cols > 4 * bound[0]);
		rig_close(r);
	}
}

/* Bit by bit a cell has one voltage, and with it one conductance: I / V. */
static void bit_serial(void **unused)
{
	struct product p = { 12, 8, 0, 0, 0, 1 };
	struct deck d = bent("ideal");
	struct rig *r;
	int32_t out[8];
	double chord;
	int x;

	(void)unused;
	d.iv.bit_serial = true;
	r = rig_open(rig_make(&d, false), 12, 16, 5);
	r->target[5 * 16 + 6] = 20000;
	rig_program(r);
	chord = current(r, &d, 20000 * (double)r->class.tech->lsb, 127) / 127;
	for (x = -127; x <= 127; x++) {
		double near[8] = { 0 };
		int8_t in[12] = { 0 };

		in[5] = (int8_t)x;
		near[3] = rint(chord) * x;
		multiply(r, &p, in, 1, near, 0, false, out);
		assert_int_equal(out[3], 0);
	}
	assert_null(r->tile->matrix.bent[0]);
	assert_true(chord < 0.95 * 20000);
	rig_close(r);
}

/* A cell behind a resistor at the foot of its column, solved in double: the bend is right to first order. */
static void behind_wires(void **unused)
{
	struct product p = { 12, 8, 0, 0, 0, 1 };
	struct deck d = bent("ideal");
	unsigned int serial;
	int32_t out[8];
	int x, i;

	(void)unused;
	d.wires.col_end_ohm = 0.1f * 1e6f / d.gmax;
	for (serial = 0; serial < 2; serial++) {
		struct rig *r;

		d.iv.bit_serial = serial;
		r = rig_open(rig_make(&d, false), 12, 16, 5);
		r->target[5 * 16 + 6] = 20000;
		rig_program(r);
		for (x = -127; x <= 127; x += serial ? 254 : 1) {
			double lsb = (double)r->class.tech->lsb, g = 20000 * lsb, v = x / 127.0, mohm = (double)d.wires.col_end_ohm * 1e-6;
			double seen = v, near[8] = { 0 }, ohmic = g / (1 + mohm * g) * x / lsb;
			int8_t in[12] = { 0 };

			for (i = 0; i < 60; i++)	/* what the cell has of the voltage */
				seen = (v - mohm * beyond(&d, g, seen)) / (1 + mohm * g);
			near[3] = (g * seen + beyond(&d, g, seen)) * 127 / lsb;
			in[5] = (int8_t)x;
			multiply(r, &p, in, 1, near, 8, false, out);
			if (fabs(out[3] * 256.0) > 0.06 * fabs(near[3] - ohmic) + 129 + rounding(r, &d, g))
				fail_msg("code %d: %g off of %g, a bend of %g", x, out[3] * 256.0, near[3], near[3] - ohmic);
			assert_true(abs(x) < 127 || fabs(near[3] - ohmic) > 100000);
		}
		rig_close(r);
	}
}

/* What cells carry beyond g V comes on top of what is drawn for each cell, with the very draws of straight cells. */
static void noise_of_each_cell(void **unused)
{
	struct product p = { ROWS, OUTPUTS, 0, 0, NMC_MVM_CELL_NOISE, 1 }, straight = p;
	struct deck d = bent("rram"), line = d;
	static int32_t with[OUTPUTS], without[OUTPUTS];
	static int8_t in[ROWS];
	struct rig *r, *q;
	unsigned int i, row, k;

	(void)unused;
	line.iv.nl2.given = line.iv.nl3.given = false;
	random_codes(in, ROWS);
	r = opened(&d, false, ROWS, COLS);
	q = opened(&line, false, ROWS, COLS);
	multiply(q, &straight, in, 1, NULL, 14, false, without);
	multiply(r, &p, in, 1, NULL, 14, false, with);
	for (i = 0; i < OUTPUTS; i++) {
		double sum = 0;

		for (row = 0; row < ROWS; row++) {
			for (k = 0; k < 2; k++) {
				size_t at = ((size_t)(row / 2) * COLS + 2 * i + k) * 2 + (row & 1);
				double v = in[row] / 127.0;

				sum += (r->tile->matrix.bent[0][at] * rint(127 * v * fabs(v)) +
					r->tile->matrix.bent[1][at] * rint(127 * v * v * v)) * (k ? -1 : 1);
			}
		}
		if (fabs(without[i] + sum / 16384 - with[i]) > 1)
			fail_msg("output %u: %d, not %g", i, with[i], without[i] + sum / 16384);
		assert_true(fabs(sum) > 16384);
	}
	rig_close(r);
	rig_close(q);
}

/* Open cells carry nothing, whatever the curve is at no conductance; those that end outside gmin .. gmax have room. */
static void at_the_ends(void **unused)
{
	struct deck d = rig_deck("rram-milo");
	const struct cell_tech *tech;
	struct rig *r;
	unsigned int i, k;

	(void)unused;
	d.defects.dead = 1;
	r = opened(&d, false, ROWS, COLS);
	assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, 0), 0);
	for (k = 0; k < CELL_BENDS; k++)
		for (i = 0; i < r->cells; i++)
			assert_int_equal(r->tile->matrix.bent[k][i], 0);
	rig_close(r);
	/* Below gmin, 22 % of gmax, in proportion */
	tech = rig_make(&d, false);
	for (i = 0; i <= 728; i++)
		assert_true(fabsf(tech->bend->at[0][i] - tech->bend->at[0][728] * (float)i / 728) < 0.1f);
	assert_true(tech->bend->at[0][728] < -800);
	/* 1e38 of either sign between the places where a deck is looked at */
	d.iv.nl2.power = 1e38;
	d.iv.nl3.power = -1e38;
	d.iv.nl2.of = d.iv.nl3.of = DECK_OF_G;
	tech = rig_make(&d, false);
	for (i = 0; i < CELL_TABLE; i++) {
		double g = 8 * i, v;

		for (v = 0; v <= 1; v += 0.125) {
			double chord = g + (double)tech->bend->at[0][i] * v + (double)tech->bend->at[1][i] * v * v;

			assert_true(chord > -1 && chord < 32770 && fabsf(tech->bend->at[0][i]) < 16384);
		}
	}
}

/* Builds give the same bits, a batch those of its vectors, and pairs those of columns that are subtracted. */
static void same_bits(void **unused)
{
	const struct product_ops *ops[RIG_BUILDS];
	static const unsigned int parts[] = { 1, 5, 24, VECTORS };
	static int32_t want[VECTORS * OUTPUTS], got[VECTORS * OUTPUTS], singles[VECTORS * OUTPUTS];
	static int8_t in[VECTORS * ROWS];
	struct deck d = bent("rram");
	unsigned int i, k, build, builds = rig_builds(ops);

	(void)unused;
	d.defects.stuck_high = 0.02f;
	random_codes(in, sizeof(in));
	for (build = 0; build < builds; build++) {
		for (i = 0; i < 4; i++) {
			struct rig *r = opened(&d, !build, ROWS, COLS);
			struct product p = { ROWS, OUTPUTS, 0, 0, 0, parts[i] };

			r->class.product = ops[build];
			multiply(r, &p, in, VECTORS, NULL, 13, false, got);
			if (!build && !i)
				memcpy(want, got, sizeof(want));
			assert_memory_equal(got, want, sizeof(want));
			rig_close(r);
			r = opened(&d, !build, ROWS, COLS);
			multiply(r, &p, in, VECTORS, NULL, 13, true, singles);
			for (k = 0; k < VECTORS * OUTPUTS; k += 2)
				assert_int_equal(singles[k], want[k]);
			rig_close(r);
		}
	}
}

/* A share of a batch on a thread of its own, again and again, to meet the others. */
struct share {
	const struct tile *tile;
	const struct tile_mvm *m;
	const int32_t *want;
	unsigned int first, n, wrong;
	pthread_t thread;
};

static void *run_share(void *arg)
{
	struct tile_counts counts = { 0 };
	struct share *s = arg;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		tile_mvm(s->tile, s->m, s->first, s->n, &counts);
		s->wrong += !!memcmp(s->m->out + s->first * s->m->out_pitch, s->want + s->first * OUTPUTS, s->n * s->m->out_pitch);
	}
	return NULL;
}

/* Threads that share a product give what one gives. */
static void threads(void **unused)
{
	static int32_t want[VECTORS * OUTPUTS], got[VECTORS * OUTPUTS];
	static int8_t in[VECTORS * ROWS];
	struct product p = { ROWS, OUTPUTS, 0, 0, 0, VECTORS };
	struct nmc_isa_column column[OUTPUTS];
	struct tile_mvm m = { .in = in, .in_pitch = ROWS, .out = (uint8_t *)got, .out_pitch = OUTPUTS * 4, .columns = column,
			      .vectors = VECTORS, .rows = ROWS, .cols = OUTPUTS, .adc_bits = 12 };
	struct deck d = bent("rram");
	struct rig *r = opened(&d, false, ROWS, COLS), *q = opened(&d, false, ROWS, COLS);
	struct share share[4];
	unsigned int i;

	(void)unused;
	random_codes(in, sizeof(in));
	multiply(r, &p, in, VECTORS, NULL, 13, false, want);
	for (i = 0; i < OUTPUTS; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 13, .scale_mult = 1 };
	assert_int_equal(tile_mvm_begin(q->tile, &m), 0);
	for (i = 0; i < 4; i++) {
		share[i] = (struct share){ q->tile, &m, want, i * VECTORS / 4, (i + 1) * VECTORS / 4 - i * VECTORS / 4, 0, 0 };
		assert_int_equal(pthread_create(&share[i].thread, NULL, run_share, &share[i]), 0);
	}
	for (i = 0; i < 4; i++)
		pthread_join(share[i].thread, NULL);
	for (i = 0; i < 4; i++)
		assert_int_equal(share[i].wrong, 0);
	rig_close(r);
	rig_close(q);
}

/* Memory is counted, and a deck without a bend has none of it. */
static void memory(void **unused)
{
	struct product p = { ROWS, OUTPUTS, 0, 0, 0, 1 };
	struct deck line = rig_deck("rram"), d = bent("rram");
	int32_t out[OUTPUTS];
	int8_t in[ROWS] = { 0 };
	unsigned int after;

	(void)unused;
	for (after = 0; after < 2; after++) {
		struct rig *r = opened(&line, false, ROWS, COLS), *q = opened(&d, false, ROWS, COLS);
		size_t cells = r->cells;

		multiply(r, &p, in, 1, NULL, 13, after, out);
		multiply(q, &p, in, 1, NULL, 13, after, out);
		assert_true(!r->tile->matrix.bent[0] && !r->tile->matrix.bent[1]);
		assert_in_range(tile_bytes(r->tile), 0, 16 * cells);
		assert_in_range(tile_bytes(q->tile) - tile_bytes(r->tile), cells * (after ? 4 : 2), cells * (after ? 4 : 2) + 512);
		rig_close(r);
		rig_close(q);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_cell),
		cmocka_unit_test(column_sums),
		cmocka_unit_test(bit_serial),
		cmocka_unit_test(behind_wires),
		cmocka_unit_test(noise_of_each_cell),
		cmocka_unit_test(at_the_ends),
		cmocka_unit_test(same_bits),
		cmocka_unit_test(threads),
		cmocka_unit_test(memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
