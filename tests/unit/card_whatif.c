// SPDX-License-Identifier: MIT
/*
 * What a product leaves out: each flag equals a card without that one thing, bit for bit, with everything else in place,
 * and later products do not know that it was asked.
 */
#include "tests/unit/physics_rig.h"

#define ROWS	96
#define COLS	64
#define VECTORS	16
#define OUTPUTS	(COLS / 2)

/* Everything at once. */
static struct deck rich(const char *name)
{
	struct deck deck = rig_deck(name);

	deck.defects.stuck_low = 0.02f;
	deck.defects.stuck_high = 0.02f;
	deck.defects.dead = 0.02f;
	deck.wires.row_ohm = 2;
	deck.wires.col_ohm = 2;
	deck.wires.row_end_ohm = 20;
	deck.wires.col_end_ohm = 20;
	deck.converters.offset = 0.01f;
	deck.converters.gain = 0.05f;
	deck.converters.inl = 0.01f;
	deck.thermal.coefficient = 0.002f;
	deck.iv.bit_serial = false;
	deck.iv.nl2 = (struct deck_curve){ .given = true, .per = 1, .scale = 1, .min = -3e38, .max = 3e38, .above = 3e38,
					   .poly = { 0, -0.3 * (double)(deck.gmax / deck.iv.read_volt) } };
	return deck;
}

/* Programmed twice, with an age between, at 330 K. */
static struct rig *lived(const struct deck *deck)
{
	struct rig *r = rig_open(rig_make(deck, false), ROWS, COLS, 12);

	rig_spread(r);
	rig_program(r);
	rig_age(r, HOUR);
	r->target[17] = 20000;
	rig_program(r);
	tile_temperature(r->tile, 330);
	rig_age(r, 30 * DAY);
	return r;
}

/* Two products, the first with @first and the second with @second; both columns of some pairs are converted. */
static void multiply(struct rig *r, unsigned int first, unsigned int second, int32_t out[2][VECTORS][OUTPUTS])
{
	static int8_t in[VECTORS][ROWS];
	struct nmc_isa_column column[OUTPUTS];
	unsigned int i, k, mode[2] = { first, second };

	for (i = 0; i < sizeof(in); i++)
		in[i / ROWS][i % ROWS] = (int8_t)((int)(i * 2654435761u >> 24) % 255 - 127);
	for (i = 0; i < OUTPUTS; i++)
		column[i] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 13, .scale_mult = 1,
						     .flags = i % 4 ? 0 : NMC_COLUMN_PAIR_AFTER_ADC };
	for (k = 0; k < 2; k++) {
		struct tile_mvm m = { .in = in[0], .in_pitch = ROWS, .out = (uint8_t *)out[k], .out_pitch = OUTPUTS * 4,
				      .columns = column, .vectors = VECTORS, .rows = ROWS, .cols = OUTPUTS, .adc_bits = 12,
				      .mode = mode[k] };
		struct tile_counts counts = { 0 };

		assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
		tile_mvm(r->tile, &m, 0, VECTORS, &counts);
	}
}

/* Products of @full with @flag are those of @lacking, which differ from those without the flag; the flag leaves no trace. */
static void check(struct rig *full, struct rig *twin, struct rig *lacking, unsigned int flag)
{
	static int32_t with[2][VECTORS][OUTPUTS], without[2][VECTORS][OUTPUTS], want[2][VECTORS][OUTPUTS];

	multiply(full, flag, 0, with);
	multiply(twin, 0, 0, without);
	multiply(lacking, 0, 0, want);
	assert_memory_equal(with[0], want[0], sizeof(want[0]));
	assert_memory_not_equal(with[0], without[0], sizeof(with[0]));
	assert_memory_equal(with[1], without[1], sizeof(with[1]));
	rig_close(full);
	rig_close(twin);
	rig_close(lacking);
}

/* The same with a deck that lacks the thing. */
static void check_deck(const struct deck *deck, const struct deck *lacking, unsigned int flag)
{
	check(lived(deck), lived(deck), lived(lacking), flag);
}

static const char *const names[] = { "rram", "pcm", "rram-cmo", "ecram" };

static void no_wires(void **unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < 4; i++) {
		struct deck deck = rich(names[i]), lacking = deck;

		lacking.wires = (struct deck_wires){ 0 };
		check_deck(&deck, &lacking, NMC_MVM_NO_WIRES);
	}
}

static void no_defects(void **unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < 4; i++) {
		struct deck deck = rich(names[i]), lacking = deck;

		lacking.defects = (struct deck_defects){ 0 };
		check_deck(&deck, &lacking, NMC_MVM_NO_DEFECTS);
	}
}

/* Of cells as they left the factory and as erased, too. */
static void no_defects_when_erased(void **unused)
{
	struct deck deck = rich("rram"), lacking = deck;
	struct rig *r[3];
	unsigned int i, erase;

	(void)unused;
	lacking.defects = (struct deck_defects){ 0 };
	for (erase = 0; erase < 2; erase++) {
		for (i = 0; i < 3; i++) {
			r[i] = rig_open(rig_make(i < 2 ? &deck : &lacking, false), ROWS, COLS, 12);
			if (erase) {
				rig_spread(r[i]);
				rig_program(r[i]);
				assert_int_equal(tile_erase(r[i]->tile, &r[i]->whole, r[i]->now, &r[i]->report, &r[i]->cost), 0);
			}
		}
		check(r[0], r[1], r[2], NMC_MVM_NO_DEFECTS);
	}
}

static void no_converter_error(void **unused)
{
	struct deck deck = rich("rram"), lacking = deck;

	(void)unused;
	lacking.converters = (struct deck_converters){ 0 };
	check_deck(&deck, &lacking, NMC_MVM_NO_CONVERTER_ERROR);
}

/* Inputs of several amplitudes and of one. */
static void no_iv(void **unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < 8; i++) {
		struct deck deck = rich(names[i / 2]), lacking;

		deck.iv.bit_serial = i % 2;
		lacking = deck;
		lacking.iv.nl2 = (struct deck_curve){ 0 };
		check_deck(&deck, &lacking, NMC_MVM_NO_IV);
	}
}

static void no_temperature(void **unused)
{
	struct deck deck = rich("pcm"), lacking = deck;

	(void)unused;
	lacking.thermal.coefficient = 0;
	check_deck(&deck, &lacking, NMC_MVM_NO_TEMPERATURE);
}

static void no_read_noise(void **unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < 4; i++) {
		struct deck deck = rich(names[i]), lacking = deck;

		lacking.read = (struct deck_read){ 0 };
		check_deck(&deck, &lacking, NMC_MVM_NO_READ_NOISE);
	}
}

static void no_ageing(void **unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < 4; i++) {
		struct deck deck = rich(names[i]);
		struct rig *fresh = lived(&deck);

		fresh->written = (struct clock){ 0 };	/* some cells keep the first of both writes: neither has an age then */
		rig_age(fresh, 0);
		check(lived(&deck), lived(&deck), fresh, NMC_MVM_NO_AGEING);
	}
}

/* What products see of a row, in uS. */
static void row_of(const struct rig *r, unsigned int row, unsigned int mode, float *g)
{
	struct tile_scratch scratch = { .ages = 0 };
	unsigned int i;

	tile_row(r->tile, row, mode, &scratch, g);
	for (i = 0; i < COLS; i++)
		g[i] *= r->class.tech->lsb;
}

/*
 * Targets as they were asked for, at every age where nothing else moves; drift, shift and leakage stay, each cell's own
 * exponent with them. Defects stay as well.
 */
static void no_spread(void **unused)
{
	static const char *const deck_name[] = { "rram", "pcm", "sonos", "capacitor", "fefet" };
	unsigned int i, row, k;

	(void)unused;
	for (k = 0; k < 5; k++) {
		struct deck deck = rig_deck(deck_name[k]);
		struct rig *r = rig_open(rig_make(&deck, false), ROWS, COLS, 12);

		rig_spread(r);
		rig_program(r);
		rig_age(r, 100 * SECOND);
		for (row = 0; row < ROWS; row++) {
			float exact[COLS], seen[COLS], fresh[COLS];

			row_of(r, row, NMC_MVM_NO_SPREAD, exact);
			row_of(r, row, 0, seen);
			row_of(r, row, NMC_MVM_NO_AGEING, fresh);
			for (i = 0; i < COLS; i++) {
				double target = r->tile->target[row * COLS + i] * (double)r->class.tech->lsb, want = target;

				if (k == 1)
					want *= fresh[i] > 0 ? seen[i] / (double)fresh[i] : exact[i] / target;
				if (k == 2)
					want = fabs(target - .003 * target * log(100));
				if (k == 3)
					want = 11;
				if (k != 1 || (fresh[i] > 0.01f && target > 0))
					assert_true(fabs(exact[i] - want) < 1e-3 * deck.gmax + 2e-3 * want);
			}
		}
		rig_close(r);
	}
}

static void no_spread_keeps_defects(void **unused)
{
	struct deck deck = rig_deck("rram");
	struct rig *r;
	float g[COLS];

	(void)unused;
	deck.defects.stuck_high = 1;
	r = rig_open(rig_make(&deck, false), ROWS, COLS, 12);
	rig_program(r);
	row_of(r, 3, NMC_MVM_NO_SPREAD, g);
	assert_true(fabs(g[5] - 40) < 1e-3);
	row_of(r, 3, NMC_MVM_NO_SPREAD | NMC_MVM_NO_DEFECTS, g);
	assert_true(g[5] == 0.0f);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_wires),
		cmocka_unit_test(no_defects),
		cmocka_unit_test(no_defects_when_erased),
		cmocka_unit_test(no_converter_error),
		cmocka_unit_test(no_iv),
		cmocka_unit_test(no_temperature),
		cmocka_unit_test(no_read_noise),
		cmocka_unit_test(no_ageing),
		cmocka_unit_test(no_spread),
		cmocka_unit_test(no_spread_keeps_defects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
