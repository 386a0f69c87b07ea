// SPDX-License-Identifier: MIT
/*
 * The work that a tile does, counted and not timed: a snapshot serves all products until something changes, and an age is one
 * evaluation of each cell however long it is.
 */
#include "tests/unit/physics_rig.h"

#define ROWS	48
#define COLS	32

static void multiply(struct rig *r, unsigned int mode)
{
	static int8_t in[3][ROWS] = { { 1 } };
	static int32_t out[3][COLS / 2];
	struct nmc_isa_column column[COLS / 2] = { { .adc_mult = 1, .adc_shift = 12, .scale_mult = 1 } };
	struct tile_mvm m = { .in = in[0], .in_pitch = ROWS, .out = (uint8_t *)out, .out_pitch = sizeof(out[0]), .columns = column,
			      .vectors = 3, .rows = ROWS, .cols = COLS / 2, .adc_bits = 8, .mode = mode };
	struct tile_counts counts = { 0 };

	assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
	tile_mvm(r->tile, &m, 0, 3, &counts);
}

/* Wires solved and cells aged for @products products after what came before. */
static void costs(struct rig *r, unsigned int products, unsigned int mode, unsigned int solves)
{
	uint64_t solved = r->tile->solves, aged = r->tile->aged;

	while (products--)
		multiply(r, mode);
	assert_int_equal(r->tile->solves - solved, solves);
	/* Cells of a row that several writes share are aged together, some of them for each write. */
	assert_in_range(r->tile->aged - aged, solves * r->cells, solves * r->cells * r->tile->write_count);
}

static void one_solve(void **unused)
{
	struct deck deck = rig_deck("rram");
	unsigned int i;
	struct rig *r;

	(void)unused;
	deck.wires.row_ohm = 1;
	deck.wires.col_ohm = 1;
	r = rig_open(rig_make(&deck, false), ROWS, COLS, 7);
	rig_spread(r);
	rig_program(r);
	assert_int_equal(r->tile->solves, 0);
	costs(r, 100, 0, 1);
	tile_sample(r->tile, r->now);
	tile_temperature(r->tile, r->tile->kelvin);
	costs(r, 100, 0, 0);
	costs(r, 100, NMC_MVM_NO_SPREAD, 1);
	costs(r, 1, 0, 1);
	for (i = 1; i <= 1000; i++)	/* ages that nobody looks at */
		rig_age(r, i * DAY);
	costs(r, 100, 0, 1);
	rig_program(r);
	costs(r, 100, 0, 1);
	tile_temperature(r->tile, 310);
	costs(r, 100, 0, 1);
	rig_close(r);
}

/* Of every technology, from the write on and from a second on. */
static void ten_years_are_a_second(void **unused)
{
	static const uint64_t age[] = { SECOND, 10 * YEAR };
	const char *name;
	unsigned int i, k;

	(void)unused;
	for (i = 0; (name = deck_shipped(i, NULL)); i++) {
		uint64_t aged[2];

		for (k = 0; k < 2; k++) {
			struct rig *r = rig_open(rig_tech(name, false), ROWS, COLS, 7);

			rig_fill(r, NMC_CONDUCTANCE_MAX);
			rig_program(r);
			tile_sample(r->tile, r->now);
			rig_age(r, age[k]);
			multiply(r, 0);
			aged[k] = r->tile->aged;
			rig_close(r);
		}
		assert_int_equal(aged[0], aged[1]);
		assert_int_equal(aged[0], rig_tech(name, false)->exact ? 0 : ROWS * COLS);
	}
	assert_true(i > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_solve),
		cmocka_unit_test(ten_years_are_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
