// SPDX-License-Identifier: MIT
/*
 * Single columns and references: a result is what its column carries less what its reference carries, with the noise that
 * both have in the same product, whichever build, mode and order. Conductances and inputs are small, spread is left out and
 * the converters are as fine as they get, so that codes are sums.
 */
#include "tests/unit/physics_rig.h"

enum { ROWS = 5, COLS = 64, VECTORS = 40 };

static uint32_t state = 1;

static uint32_t next_random(uint32_t limit)
{
	state = state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(state >> 1) * limit >> 31);
}

static struct deck single(const char *name)
{
	struct deck deck = rig_deck(name);

	deck.converters.single = 1;
	return deck;
}

static struct rig *programmed(const struct cell_tech *tech, const struct product_ops *build)
{
	struct rig *r = rig_open(tech, ROWS, COLS, 7);
	unsigned int i;

	r->class.product = build;
	for (i = 0; i < r->cells; i++)
		r->target[i] = (int16_t)(i * 37 % 300);
	rig_program(r);
	rig_age(r, HOUR);
	return r;
}

static void product(struct rig *r, const int8_t *in, const struct nmc_isa_column *columns, unsigned int cols,
		    unsigned int mode, int32_t out[VECTORS][COLS])
{
	struct tile_mvm m = { .in = in, .in_pitch = 3, .out = (uint8_t *)out, .out_pitch = 4 * COLS, .columns = columns,
			      .vectors = VECTORS, .first_row = 1, .rows = 3, .cols = cols, .adc_bits = 12, .mode = mode };
	struct tile_counts counts = { 0 };

	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 1, &counts);
	tile_mvm(r->tile, &m, 1, VECTORS - 1, &counts);
	assert_int_equal(counts.clips, 0);
}

static const struct nmc_isa_column plain = { .adc_mult = 1, .scale_mult = 1 };

/* Sources are distinct; references are anything else. Returns how many results. */
static unsigned int random_results(struct nmc_isa_column *c)
{
	unsigned int n = 1 + next_random(COLS), first = next_random(COLS), i;

	for (i = 0; i < n; i++) {
		c[i] = plain;
		c[i].flags = NMC_COLUMN_SOURCE;
		c[i].source = (uint16_t)((first + i * 5) % COLS);
		if (!next_random(4))
			continue;
		c[i].flags |= NMC_COLUMN_REFERENCE;
		c[i].reference = (uint16_t)((c[i].source + 1 + next_random(COLS - 1)) % COLS);
	}
	return n;
}

/* The same product of the same tile without and with references. */
static void subtracts_once(const struct cell_tech *tech, const struct product_ops *build, unsigned int mode)
{
	struct rig *alone = programmed(tech, build), *referred = programmed(tech, build);
	struct nmc_isa_column each[COLS], c[COLS];
	int32_t sum[VECTORS][COLS], got[VECTORS][COLS];
	unsigned int i, v, n = random_results(c);
	int8_t in[3 * VECTORS];

	for (i = 0; i < sizeof(in); i++)
		in[i] = (int8_t)((int)next_random(3) - 1);
	for (i = 0; i < COLS; i++)
		each[i] = plain;
	product(alone, in, each, COLS, mode, sum);
	product(referred, in, c, n, mode, got);
	for (v = 0; v < VECTORS; v++)
		for (i = 0; i < n; i++) {
			int32_t other = c[i].flags & NMC_COLUMN_REFERENCE ? sum[v][c[i].reference] : 0;

			assert_int_equal(got[v][i], sum[v][c[i].source] - other);
		}
	if (tech->flags & NMC_CLASS_READ_NOISE && !(mode & NMC_MVM_NO_READ_NOISE)) {
		product(alone, in, each, COLS, mode, got);
		assert_memory_not_equal(got, sum, sizeof(sum));
	}
	rig_close(alone);
	rig_close(referred);
}

static void subtracts(void **unused)
{
	static const unsigned int modes[] = { NMC_MVM_NO_SPREAD, NMC_MVM_NO_SPREAD | NMC_MVM_CELL_NOISE,
					      NMC_MVM_NO_READ_NOISE | NMC_MVM_NO_SPREAD };
	struct deck deck[] = { single("ideal"), single("rram"), single("rram") };
	const struct product_ops *all[RIG_BUILDS];
	unsigned int d, build, i, times, count = rig_builds(all);

	(void)unused;
	deck[2].wires = (struct deck_wires){ .row_ohm = 3, .col_ohm = 5, .row_end_ohm = 40, .col_end_ohm = 70,
					     .driven = DECK_FIRST, .read = DECK_LAST };
	for (d = 0; d < 3; d++)
		for (build = 0; build < count; build++) {
			const struct cell_tech *tech = rig_make(&deck[d], !build);

			for (i = 0; i < 3; i++)
				for (times = 0; times < 8; times++)
					subtracts_once(tech, all[build], modes[i]);
		}
}

/* The largest sums of opposite signs with the largest noise: what does not fit into 32 bits is limited, not wrapped. */
static void limits(void **unused)
{
	enum { TALL = 384, N = 64 };
	struct nmc_isa_column column = { .adc_mult = 1, .adc_shift = 20, .scale_mult = 1, .flags = NMC_COLUMN_REFERENCE, .reference = 1 };
	struct deck deck = single("rram");
	static int8_t in[N * TALL];
	int32_t out[N];
	struct tile_mvm m = { .in = in, .in_pitch = TALL, .out = (uint8_t *)out, .out_pitch = 4, .columns = &column,
			      .vectors = N, .rows = TALL, .cols = 1, .adc_bits = 12 };
	const struct product_ops *all[RIG_BUILDS];
	unsigned int build, i, count = rig_builds(all), most;

	(void)unused;
	for (i = 0; i < sizeof(in); i++)
		in[i] = i & 1 ? -127 : 127;
	for (build = 0; build < count; build++) {
		struct rig *r = rig_open(rig_make(&deck, !build), TALL, 4, 1);
		struct tile_counts counts = { 0 };
		struct tile_matrix *w = &r->tile->matrix;

		r->class.product = all[build];
		assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
		for (i = 0; i < TALL * 4; i++)
			w->g[i] = i % 8 == 0 || i % 8 == 3 ? 32767 : 0;
		w->unit = 1e20f;
		tile_mvm(r->tile, &m, 0, N, &counts);
		for (most = 0, i = 0; i < N; i++) {
			assert_in_range(out[i], 500, 2047);
			most += out[i] == 2047;
		}
		assert_in_range(most, N / 8, N / 2);
		rig_close(r);
	}
}

/* Backwards as many single columns as there are carry all that 32 bits hold, without their noise. */
static void limits_backwards(void **unused)
{
	enum { WIDE = 512, N = 64 };
	struct nmc_isa_column column = { .adc_mult = 1, .adc_shift = 20, .scale_mult = 1 };
	struct deck deck = single("rram");
	static int8_t in[WIDE];
	int32_t out[N];
	struct tile_mvm m = { .in = in, .out = (uint8_t *)out, .out_pitch = 4, .columns = &column, .vectors = N, .rows = 1,
			      .cols = WIDE, .adc_bits = 12, .back = true };
	const struct product_ops *all[RIG_BUILDS];
	unsigned int build, i, count = rig_builds(all);

	(void)unused;
	memset(in, 127, sizeof(in));
	for (build = 0; build < count; build++) {
		struct rig *r = rig_open(rig_make(&deck, !build), 4, WIDE, 1);
		struct tile_counts counts = { 0 };

		r->class.product = all[build];
		assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
		for (i = 0; i < 4 * WIDE; i++)
			r->tile->matrix.g[i] = 32767;
		r->tile->matrix.unit = 1e20f;
		tile_mvm(r->tile, &m, 0, N, &counts);
		for (i = 0; i < N; i++)
			assert_in_range(out[i], 1500, 2047);
		rig_close(r);
	}
}

/* A column of which others are subtracted and that is no result carries current as well: once. */
static void costs(void **unused)
{
	struct deck deck = single("rram");
	struct rig *r = rig_open(rig_make(&deck, false), ROWS, COLS, 7);
	struct nmc_isa_column c[4] = { plain, plain, plain, plain };
	struct tile_mvm m = { .columns = c, .vectors = 1, .rows = ROWS, .cols = 4 };

	(void)unused;
	assert_int_equal(r->class.outputs, COLS);
	assert_int_equal(tile_mvm_columns(&r->class, &m), 4);
	c[0].flags = c[1].flags = c[2].flags = NMC_COLUMN_REFERENCE;
	c[0].reference = c[1].reference = 9;
	c[2].reference = 3;
	assert_int_equal(tile_mvm_columns(&r->class, &m), 5);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(subtracts),
		cmocka_unit_test(limits),
		cmocka_unit_test(limits_backwards),
		cmocka_unit_test(costs),
	};

	return cmocka_run_group_tests_name("card_reference", tests, NULL, NULL);
}
