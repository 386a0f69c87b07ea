// SPDX-License-Identifier: MIT
/*
 * Every shipped deck: reaches its targets, leaves what it says, gives the same bits from every build, stays finite.
 */
#include "tests/unit/physics_rig.h"

#define ROWS	64
#define COLS	64

/* Targets spread evenly over those that a deck allows, and the least share of them that is reached. */
static const struct { const char *name; double share; } decks[] = {
	{ "rram", .999 }, { "rram-milo", .999 }, { "rram-cmo", .999 }, { "pcm", .999 }, { "hermes1", .999 }, { "hermes2", .999 },
	{ "sonos", .999 }, { "fefet", .999 }, { "mtj", .999 }, { "ecram", .995 }, { "ecram-mo", .995 }, { "capacitor", .995 },
	{ "reram-es", .99 }, { "reram-sb", .99 }, { "idealised", .98 },
};

#define DECKS	(sizeof(decks) / sizeof(*decks))

static void even_targets(struct rig *r)
{
	const struct cell_tech *tech = r->class.tech;
	unsigned int i;

	for (i = 0; i < r->cells; i++) {
		double part = (i * 2654435761u >> 8) / 16777216.0;

		r->target[i] = (int16_t)lrint((tech->low + (tech->high - tech->low) * part) * tech->per_lsb);
	}
}

static void all_are_here(void **unused)
{
	unsigned int i, k, n = 0;
	const char *name;

	(void)unused;
	for (i = 0; (name = deck_shipped(i, NULL)); i++) {
		for (k = 0; k < DECKS && strcmp(name, decks[k].name); k++)
			;
		n += k < DECKS;
		assert_true(k < DECKS || rig_tech(name, false)->exact);
	}
	assert_int_equal(n, DECKS);
}

/* What verify leaves: within the band; the deck's residual, where it states one, is that of its cells. */
static void targets_are_reached(void **unused)
{
	unsigned int k, i;

	(void)unused;
	for (k = 0; k < DECKS; k++) {
		struct deck deck = rig_deck(decks[k].name);
		double left = 0, stated = 0, g;
		unsigned int n = 0;
		struct rig *r;

		deck.spreads = 0;
		deck.drift.decay_s = 0;
		r = rig_open(rig_make(&deck, false), 128, 128, 2);
		even_targets(r);
		rig_program(r);
		rig_age(r, 0);
		if (r->report.converged < decks[k].share * r->cells)
			fail_msg("%s: %g of the cells converged", decks[k].name, (double)r->report.converged / r->cells);
		assert_true(r->report.pulses_max <= deck.program.max_pulses);
		for (i = 0; i < r->cells; i++) {
			g = fabs(r->g[i] - (double)r->want[i]);
			/* Cells that were reached, away from the ends of the range */
			if (deck.levels || r->want[i] < deck.gmin + (deck.gmax - deck.gmin) * .2 || r->want[i] > deck.gmax * .8 ||
			    g > (deck.program.band + deck.program.band_relative * r->want[i]) * 1.2)
				continue;
			n++;
			left += g * g;
			stated += pow(deck_curve_at(&deck.program.residual, r->want[i], deck.gmax), 2);
		}
		if (deck.program.residual.given && n && fabs(sqrt(left / stated) - 1) > 0.15)
			fail_msg("%s: %g uS left, %g stated", decks[k].name, sqrt(left / n), sqrt(stated / n));
		rig_close(r);
	}
}

/* Nearly all cells reach both ends: an idle cell of a pair is at the lower, the largest weight of an output at the upper. */
static void ends_are_reached(void **unused)
{
	unsigned int k, end;

	(void)unused;
	for (k = 0; k < DECKS; k++)
		for (end = 0; end < 2; end++) {
			struct rig *r = rig_open(rig_tech(decks[k].name, false), 128, 128, 3);
			const struct cell_tech *tech = r->class.tech;

			rig_fill(r, end ? NMC_CONDUCTANCE_MAX : 0);
			rig_program(r);
			rig_age(r, 0);
			assert_float_equal(r->want[0], end ? tech->high : tech->low, 2 * tech->lsb);
			if (r->report.converged < .97 * r->cells)
				fail_msg("%s: %g of the cells converged at %g uS", decks[k].name,
					 (double)r->report.converged / r->cells, (double)r->want[0]);
			rig_close(r);
		}
}

/* What a life gives: conductances at four ages, wear, a read, products with both kinds of noise. */
struct life {
	float g[4][ROWS * COLS];
	uint8_t wear[ROWS * COLS];
	int16_t read[ROWS * COLS];
	int32_t out[2][8][COLS / 2];
	struct nmc_isa_report report[2];
};

static struct life *live(const char *name, const struct cell_kernels *cells, const struct product_ops *product)
{
	static const uint64_t age[4] = { 0, SECOND, 10 * DAY, 100 * YEAR };
	struct cell_tech tech = *rig_tech(name, cells == &cell_kernels_plain);
	struct rig *r = rig_open(&tech, ROWS, COLS, 31);
	struct tile_region part = { 5, 40, 11, 37 };
	struct nmc_isa_column column[COLS / 2];
	struct life *l = calloc(1, sizeof(*l));
	int8_t in[8][ROWS];
	unsigned int k;

	tech.kernels = cells;
	r->class.product = product;
	even_targets(r);
	rig_program(r);
	l->report[0] = r->report;
	rig_age(r, HOUR);
	assert_int_equal(tile_program(r->tile, &part, r->target, 37 * 2, 0, 0, &r->now, &l->report[1], &r->cost), 0);
	for (k = 0; k < sizeof(in); k++)
		in[k / ROWS][k % ROWS] = (int8_t)((int)(k * 2654435761u >> 24) % 255 - 127);
	for (k = 0; k < COLS / 2; k++)
		column[k] = (struct nmc_isa_column){ .adc_mult = 1, .adc_shift = 12, .scale_mult = 1 };
	for (k = 0; k < 4; k++) {
		rig_age(r, age[k] + (k ? 2 * HOUR : 0));
		memcpy(l->g[k], r->g, sizeof(l->g[k]));
	}
	rig_age(r, DAY);
	memcpy(l->wear, r->tile->wear, sizeof(l->wear));
	tile_read(r->tile, &r->whole, l->read, COLS * 2, &r->cost);
	for (k = 0; k < 2; k++) {
		struct tile_mvm m = { .in = in[0], .in_pitch = ROWS, .out = (uint8_t *)l->out[k], .out_pitch = COLS * 2,
				      .columns = column, .vectors = 8, .rows = ROWS, .cols = COLS / 2, .adc_bits = 12,
				      .mode = k ? NMC_MVM_CELL_NOISE : 0 };
		struct tile_counts counts = { 0 };

		assert_int_equal(tile_mvm_begin(r->tile, &m), 0);
		tile_mvm(r->tile, &m, 0, 8, &counts);
	}
	rig_close(r);
	return l;
}

static void builds_agree(void **unused)
{
	const struct cell_kernels *cells[RIG_BUILDS];
	const struct product_ops *products[RIG_BUILDS];
	unsigned int builds = rig_cell_builds(cells), k, i, a;

	(void)unused;
	assert_int_equal(rig_builds(products), builds);
	for (k = 0; k < DECKS; k++) {
		struct life *plain = live(decks[k].name, cells[0], products[0]);

		for (a = 0; a < 4; a++)
			for (i = 0; i < ROWS * COLS; i++)
				assert_true(isfinite(plain->g[a][i]));
		for (i = 1; i < builds; i++) {
			struct life *other = live(decks[k].name, cells[i], products[i]);

			assert_memory_equal(other, plain, sizeof(*plain));
			free(other);
		}
		free(plain);
	}
}

/* Wherever a deck's curves go outside gmin .. gmax, tables are finite and not negative, and a class can be made. */
static void wild_curves(void **unused)
{
	struct deck deck = rig_deck("rram-milo");
	struct rig *r;
	unsigned int i;

	(void)unused;
	/* 1 uS at gmin, 1e38 at nothing */
	deck.read.white = (struct deck_curve){ .given = true, .per = 1, .scale = 1, .of = DECK_OF_G, .power = 1.5625e10,
					       .exponent = -6, .min = -3e38, .max = 3e38, .above = 3e38 };
	deck.read.pink = deck.read.white;
	deck.spread[0].sigma = deck.read.white;
	deck.erased_mean = 0;
	r = rig_open(rig_make(&deck, false), 8, 8, 1);
	assert_true(isfinite(r->class.var_unit));
	assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, 0), 0);
	rig_program(r);
	for (i = 0; i < r->cells; i++)
		assert_true(isfinite(r->g[i]));
	rig_close(r);
}

/* A switching deck may state what it is documented to have: a spread of its two conductances, fixed at manufacture. */
static void junctions_differ(void **unused)
{
	char error[256] = "";
	struct deck deck;
	struct rig *r;

	(void)unused;
	if (deck_load("mtj", &deck, error, sizeof(error)))
		fail_msg("%s", error);
	assert_true(deck.pulse.device == 0.03f);
	deck.spreads = 0;
	r = rig_open(rig_make(&deck, false), 64, 64, 2);
	rig_fill(r, NMC_CONDUCTANCE_MAX);
	rig_program(r);
	assert_true(fabs(rig_mean(r->g, r->cells) - 200) < 5 * 6 / 64.0 + 1e-2);
	assert_true(fabs(sqrt(rig_var(r->g, r->cells)) / 6 - 1) < 0.06);
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_are_here),
		cmocka_unit_test(targets_are_reached),
		cmocka_unit_test(ends_are_reached),
		cmocka_unit_test(builds_agree),
		cmocka_unit_test(wild_curves),
		cmocka_unit_test(junctions_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
