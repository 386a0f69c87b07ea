// SPDX-License-Identifier: MIT
/*
 * Time: the state of cells is a function of their age alone, leakage against its formula, the order of what time does.
 */
#include "tests/unit/physics_rig.h"

static const char *const drifting[] = { "pcm", "hermes1", "hermes2", "sonos", "rram-cmo", "capacitor", "ecram", "fefet" };

#define DECKS	(sizeof(drifting) / sizeof(*drifting))

static struct rig *spread(const char *name)
{
	struct rig *r = rig_open(rig_tech(name, false), 32, 64, 21);

	rig_spread(r);
	rig_program(r);
	return r;
}

/* What a product sees of every cell, noise of cells included. */
static void look(struct rig *r, int16_t *code)
{
	assert_int_equal(tile_snapshot(r->tile, TILE_SINGLES, 0), 0);
	memcpy(code, r->tile->matrix.g, r->tile->matrix.bytes);
}

/* Many steps are one, there is no way back in time that leaves a trace, and ten years are a look like any other. */
static void age_is_all_that_counts(void **unused)
{
	static int16_t a[32 * 64], b[32 * 64], young[32 * 64];
	unsigned int k, i;

	(void)unused;
	for (k = 0; k < DECKS; k++) {
		struct rig *steps = spread(drifting[k]), *jump = spread(drifting[k]);

		rig_age(steps, 5 * SECOND);
		look(steps, young);
		for (i = 0; i < 50; i++)
			rig_age(steps, 10 * SECOND + i * 73 * HOUR);
		rig_age(steps, 10 * YEAR);
		rig_age(jump, 10 * YEAR);
		assert_memory_equal(steps->g, jump->g, jump->cells * sizeof(*jump->g));
		look(steps, a);
		look(jump, b);
		assert_memory_equal(a, b, sizeof(a));
		rig_age(jump, 5 * SECOND);
		look(jump, b);
		assert_memory_equal(young, b, sizeof(b));
		rig_close(steps);
		rig_close(jump);
	}
}

/* Programming in the middle of a life starts from what the cells have come to: the same by any way there. */
static void rewriting_after_a_while(void **unused)
{
	unsigned int k;

	(void)unused;
	for (k = 0; k < DECKS; k++) {
		struct rig *steps = spread(drifting[k]), *jump = spread(drifting[k]);

		rig_age(steps, HOUR);
		rig_age(steps, DAY);
		rig_age(steps, 3 * DAY);
		rig_age(jump, 3 * DAY);
		steps->target[9] = jump->target[9] = 12345;
		rig_program(steps);
		rig_program(jump);
		assert_memory_equal(&steps->report, &jump->report, sizeof(jump->report));
		rig_age(steps, YEAR);
		rig_age(jump, YEAR);
		assert_memory_equal(steps->g, jump->g, jump->cells * sizeof(*jump->g));
		rig_close(steps);
		rig_close(jump);
	}
}

/* The end of time is an age as well. */
static void no_age_is_too_old(void **unused)
{
	unsigned int k, i;

	(void)unused;
	for (k = 0; k < DECKS; k++) {
		struct rig *r = spread(drifting[k]);

		tile_sample(r->tile, (struct clock){ .ns = UINT64_MAX });
		tile_oracle(r->tile, r->g, NULL);
		for (i = 0; i < r->cells; i++)
			assert_true(isfinite(r->g[i]));
		tile_sample(r->tile, (struct clock){ 0 });
		tile_oracle(r->tile, r->g, NULL);
		for (i = 0; i < r->cells; i++)
			assert_true(isfinite(r->g[i]));
		rig_close(r);
	}
}

/*
 * Leakage: to + (g - to) e^(-t / tau); tau, fixed for a device, is recovered from each cell. It is 1 s with a spread of 30 %
 * cut at 5 %; of 1 / tau the grid of ages leaves 0.1 %.
 */
static void leakage(void **unused)
{
	enum { N = 128 * 128 };
	static float tau[N], again[N];
	const struct cell_tech *tech = rig_tech("capacitor", false);
	struct rig *r = rig_open(tech, 128, 128, 2);
	unsigned int i, pass;

	(void)unused;
	for (pass = 0; pass < 2; pass++) {
		rig_fill(r, (pass ? 18 : 5) * tech->per_lsb);
		rig_program(r);
		rig_age(r, SECOND / 2);
		for (i = 0; i < N; i++)
			again[i] = (float)(.5 / log((r->tile->g[i] - 11.0) / (r->g[i] - 11.0)));
		if (pass) {
			for (i = 0; i < N; i++)
				assert_true(fabs(again[i] / tau[i] - 1) < 0.01);
			break;
		}
		memcpy(tau, again, sizeof(tau));
	}
	assert_true(fabs(rig_mean(again, N) - 1) < 5 * .3 / 128 + .003);
	assert_true(ks_normal(again, N, 1, .3) < ks_bound(N) + 0.003);
	/* A thousand time constants later all is lost */
	rig_age(r, 1000 * SECOND);
	for (i = 0; i < N; i++)
		assert_true(fabs(r->g[i] - 11) < 1e-3);
	rig_close(r);
}

/* Shift, then drift, then leakage, each by its formula, of one deck that has all three. */
static void order(void **unused)
{
	struct deck deck = rig_deck("pcm");
	struct deck_curve flat = { .given = true, .per = 1, .scale = 1, .min = -1e9, .max = 1e9, .above = 1e9 };
	struct rig *r;
	double t = 1e4, want;
	unsigned int i;

	(void)unused;
	deck.spreads = 0;
	deck.drift.nu_mean = flat;
	deck.drift.nu_mean.poly[0] = .05;
	deck.drift.nu_sigma.given = false;
	deck.drift.shift = flat;
	deck.drift.shift.poly[0] = -.1;
	deck.drift.decay_s = 2e4;
	deck.drift.decay_to = 3;
	r = rig_open(rig_make(&deck, false), 1, 64, 21);
	rig_spread(r);
	rig_program(r);
	rig_age(r, (uint64_t)(t * 1e9));
	for (i = 0; i < r->cells; i++) {
		want = (r->tile->g[i] - .1 * log(t)) * pow((t + 20) / 20, -.05);
		want = 3 + (want - 3) * exp(-.5);
		assert_true(fabs(r->g[i] - want) < 5e-4 * want + 5e-4);
	}
	rig_close(r);
}

/* The exponent is drawn anew at each write, the same for all looks at it; a cell that needs no pulse is not written. */
static void exponents_are_of_a_write(void **unused)
{
	struct rig *r = spread("pcm");
	const uint64_t event = r->tile->writes[0].event;
	int16_t first[32 * 64];
	unsigned int i, same = 0, kept = 0;

	(void)unused;
	memcpy(first, r->tile->frozen, sizeof(first));
	rig_age(r, YEAR);
	assert_memory_equal(first, r->tile->frozen, sizeof(first));
	rig_program(r);
	for (i = 0; i < r->cells; i++) {
		bool older = r->tile->writes[r->tile->write[i]].event == event;

		assert_true(!older || first[i] == r->tile->frozen[i]);
		kept += older;
		same += !older && first[i] == r->tile->frozen[i];
	}
	assert_true(kept < r->cells / 5 && same < (r->cells - kept) / 50);
	rig_close(r);
}

/* nu is |mean + sigma z|: with a mean of zero cells still only fall, by half a normal law. */
static void exponents_are_folded(void **unused)
{
	enum { N = 128 * 128 };
	struct deck deck = rig_deck("pcm");
	struct rig *r;
	double sum = 0;
	unsigned int i;

	(void)unused;
	deck.drift.nu_mean = (struct deck_curve){ .given = true, .per = 1, .scale = 1, .min = -1, .max = 1, .above = 1e9 };
	deck.drift.nu_sigma = deck.drift.nu_mean;
	deck.drift.nu_sigma.poly[0] = .05;
	r = rig_open(rig_make(&deck, false), 128, 128, 21);
	rig_program(r);
	for (i = 0; i < N; i++) {
		assert_true(r->tile->frozen[i] >= 0);
		sum += r->tile->frozen[i] / (double)CELL_EXPONENT / N;
	}
	assert_true(fabs(sum - .05 * sqrt(2 / M_PI)) < 5 * .05 * .603 / sqrt(N));
	rig_close(r);
}

/* What a product sees of one cell of a row, LSB. */
static int code_of(float g)
{
	return (int)lrintf(fminf(fmaxf(g, 0.0f), 32767.0f));
}

/*
 * A snapshot without noise is the rounded difference of each pair's cells as they age one by one, by row pairs. 54 columns
 * are whole blocks of the kernels and some more, the fifth row has none beside it, some cells are beyond both ends.
 */
static void check_snapshot(const struct cell_tech *tech)
{
	enum { ROWS = 5, COLS = 54 };
	struct rig *r = rig_open(tech, ROWS, COLS, 5);
	static const uint64_t ages[] = { SECOND, HOUR, 30 * DAY, 10 * YEAR };
	struct philox_stream device = philox_stream(5, 3, PURPOSE_DEVICE, 0);
	unsigned int i, row, col, k;
	float g[ROWS + 1][COLS] = { { 0 } };

	rig_spread(r);
	rig_program(r);
	for (i = 0; i < r->cells; i += 7)
		r->tile->g[i] = i % 2 ? -3.0f : 2.0f * tech->deck.gmax;
	for (k = 0; k < sizeof(ages) / sizeof(*ages); k++) {
		rig_age(r, ages[k]);
		assert_int_equal(tile_snapshot(r->tile, TILE_PAIRS, NMC_MVM_NO_READ_NOISE | NMC_MVM_NO_WIRES), 0);
		for (i = 0; i < r->cells; i++) {
			const struct tile_write *w = &r->tile->writes[r->tile->write[i]];
			struct cell_age age;

			cell_age_at(tech, w->age, &age);
			cell_kernels_plain.age(tech, &age, &device, i, 1, r->tile->target + i, r->tile->g + i,
					       r->tile->frozen ? r->tile->frozen + i : NULL, &g[i / COLS][i % COLS]);
		}
		for (row = 0; row <= ROWS; row++)
			for (col = 0; col < COLS / 2; col++)
				assert_int_equal(r->tile->matrix.g[((row / 2) * (COLS / 2) + col) * 2 + row % 2],
						 (int16_t)(code_of(g[row][2 * col]) - code_of(g[row][2 * col + 1])));
	}
	rig_close(r);
}

static void snapshots(void **unused)
{
	const char *name;
	unsigned int i;

	(void)unused;
	for (i = 0; (name = deck_shipped(i, NULL)); i++) {
		struct deck deck = rig_deck(name);

		deck.defects = (struct deck_defects){ 0 };
		if (rig_tech(name, false)->exact)
			continue;
		check_snapshot(rig_make(&deck, false));
		check_snapshot(rig_make(&deck, true));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshots),
		cmocka_unit_test(age_is_all_that_counts),
		cmocka_unit_test(rewriting_after_a_while),
		cmocka_unit_test(no_age_is_too_old),
		cmocka_unit_test(leakage),
		cmocka_unit_test(order),
		cmocka_unit_test(exponents_are_of_a_write),
		cmocka_unit_test(exponents_are_folded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
