// SPDX-License-Identifier: MIT
/*
 * Answer of a cell to one pulse, or one train: staircases of each model against its formula, spreads, bounds, odds of
 * switching, limits of the ladder. Statistical bounds are five standard errors.
 */
#include "card/cell/normal.h"
#include "tests/unit/physics_rig.h"

#define N	512

struct row {
	float g[N];
	uint8_t wear[N];
	uint8_t defect[N];
	int32_t net[N];
	struct cell_report report;
};

/* Weights of -1 .. 1 on 10 .. 30 uS, steps of 0.1 uS, no spreads. */
static struct deck plain_deck(enum deck_response model)
{
	struct deck d = { .gmin = 10, .gmax = 30 };

	d.program = (struct deck_program){ .band = 0.01f, .zero_band = 1, .max_reversals = 1000, .max_pulses = 65535 };
	d.pulse = (struct deck_pulse){ .model = model, .ladder = 1, .weight_min = -1, .weight_max = 1, .weight_step = 0.01f };
	d.pulse.up = (struct deck_polarity){ .volt = 2, .growth = 1, .width_ns = 10 };
	d.pulse.down = d.pulse.up;
	d.thermal.reference_k = 300;
	return d;
}

/* @pulses pulses on @N cells at @g, up or down. */
static void pulse(const struct cell_tech *tech, struct row *r, float g, bool up, unsigned int pulses, uint64_t event)
{
	int16_t target[N];
	unsigned int i;
	struct cell_program p = {
		.tech = tech, .n = N, .target = target, .max_pulses = pulses, .g = r->g, .wear = r->wear,
		.defect = r->defect, .net = r->net,
		.device = philox_stream(5, 1, PURPOSE_DEVICE, 0), .pulse = philox_stream(5, 1, PURPOSE_PULSE, event),
		.write = philox_stream(5, 1, PURPOSE_WRITE, event), .count = philox_stream(5, 1, PURPOSE_WEAR, event),
	};

	memset(r, 0, sizeof(*r));
	for (i = 0; i < N; i++) {
		r->g[i] = g;
		target[i] = up ? 32767 : 0;
	}
	tech->kernels->program(&p, &r->report);
}

/* What one pulse changes the conductance of a cell without spreads by; all cells alike. */
static double step(const struct deck *d, float g, bool up)
{
	struct cell_tech *tech = cell_tech_make(d, false);
	struct row r;
	unsigned int i;

	pulse(tech, &r, g, up, 1, 7);
	for (i = 1; i < N; i++)
		assert_true(r.g[i] == r.g[0]);
	assert_int_equal(r.report.isa.pulses, N);
	assert_int_equal(up ? r.report.isa.set_pulses : r.report.isa.reset_pulses, N);
	assert_int_equal(r.net[3], up ? 1 : -1);
	assert_true(fabs((double)r.report.energy_fj / N - 4 * floor(g * 10)) <= 4);
	cell_tech_close(tech);
	return (double)r.g[0] - g;
}

#define NEAR(x, y)	assert_true(fabs((x) - (y)) < 1e-5)

static double weight(double g)
{
	return (g - 20) / 10;
}

static void constant_steps(void **unused)
{
	struct deck d = plain_deck(DECK_CONSTANT);
	float g;

	(void)unused;
	for (g = 11; g < 29.5f; g += 3) {
		NEAR(step(&d, g, true), .1);
		NEAR(step(&d, g, false), -.1);
	}
	NEAR(step(&d, 29.95f, true), .05);
	NEAR(step(&d, 10.03f, false), -.03);
	/* scale_up = |min(u, 0) + 1| dw, scale_down = |-max(u, 0) + 1| dw */
	d.pulse.up_down = 0.3f;
	NEAR(step(&d, 20, true), .1);
	NEAR(step(&d, 20, false), -.07);
	d.pulse.up_down = -0.3f;
	NEAR(step(&d, 20, true), .07);
	NEAR(step(&d, 20, false), -.1);
}

static void linear_steps(void **unused)
{
	struct deck d = plain_deck(DECK_LINEAR);
	float g;

	(void)unused;
	d.pulse.weight_max = 1;
	d.pulse.up.gamma = 0.4f;
	d.pulse.down.gamma = -0.7f;
	for (g = 11; g < 29.5f; g += 3) {
		/* w += slope w + scale with slope = -|gamma| scale / bound, down with the bound below zero */
		NEAR(step(&d, g, true), .1 * (1 - .4 * weight(g)));
		NEAR(step(&d, g, false), -.1 * (1 + .7 * weight(g)));
	}
	d.pulse.weight_min = -0.5f;
	d.pulse.weight_max = 1.5f;
	NEAR(step(&d, 22, true), .1 * (1 - .4 * .7 / 1.5));
	NEAR(step(&d, 22, false), -.1 * (1 + .7 * .7 / .5));
}

static void soft_bound_steps(void **unused)
{
	struct deck d = plain_deck(DECK_SOFT_BOUNDS);
	float g;
	double su, sd, w;

	(void)unused;
	d.pulse.weight_min = -0.75f;
	d.pulse.weight_max = 1.25f;
	for (g = 11; g < 29.5f; g += 3) {
		w = -.75 + (g - 10) / 10;
		NEAR(step(&d, g, true), .1 * (1 - w / 1.25));
		NEAR(step(&d, g, false), -.1 * (1 + w / .75));
	}
	/* Symmetry point (su - sd) / (su / w_max - sd / w_min): up and down cancel there, and only there */
	d.pulse.up_down = 0.2f;
	su = .01;
	sd = .008;
	w = (su - sd) / (su / 1.25 + sd / .75);
	g = (float)(10 + (w + .75) * 10);
	NEAR(step(&d, g, true), -step(&d, g, false));
	assert_true(step(&d, g - 2, true) > -step(&d, g - 2, false) + .01);
	assert_true(step(&d, g + 2, true) < -step(&d, g + 2, false) - .01);
}

static void exponential_steps(void **unused)
{
	struct deck d = plain_deck(DECK_EXPONENTIAL);
	float g;

	(void)unused;
	d.pulse.exp_a = -0.5f;
	d.pulse.exp_b = -0.25f;
	d.pulse.up.gamma = 2;
	d.pulse.down.gamma = 3;
	d.pulse.up.amplitude = 0.9f;
	d.pulse.down.amplitude = -0.08f;
	for (g = 11; g < 29.5f; g += 3) {
		/* z = 2 a w / (w_max - w_min) + b, e^(gamma z) up and e^(-gamma z) down */
		double z = 2 * -.5 * weight(g) / 2 - .25;

		NEAR(step(&d, g, true), .1 * fmax(0, 1 - .9 * exp(2 * z)));
		NEAR(step(&d, g, false), -.1 * fmax(0, 1 + .08 * exp(-3 * z)));
	}
}

/* A step to the end of the range, with and without a spread of it. */
static void to_the_end(struct deck *d, bool up)
{
	unsigned int i, spread;
	struct row r;

	for (spread = 0; spread < 2; spread++) {
		d->pulse.cycle = spread ? 0.1f : 0.0f;
		pulse(rig_make(d, false), &r, 20, up, 1, 1);
		for (i = 0; i < N; i++)
			assert_true(r.g[i] == (up ? 30 : 10));
		assert_int_equal(r.report.isa.cells, N);
		assert_int_equal(r.report.isa.pulses, N);
	}
}

/* Models beyond what a float holds: an exponential, and a bound so near to 0 that weights are out of all proportion to it. */
static void steep_models(void **unused)
{
	const enum deck_response bounded[] = { DECK_LINEAR, DECK_SOFT_BOUNDS };
	const float bound[] = { 1e-36f, 1e-39f };
	struct deck d = plain_deck(DECK_EXPONENTIAL);
	unsigned int i;

	(void)unused;
	d.pulse.exp_b = 2;
	d.pulse.up.gamma = 100;
	d.pulse.down.gamma = -100;
	d.pulse.up.amplitude = -1000;
	d.pulse.down.amplitude = -1000;
	to_the_end(&d, true);
	to_the_end(&d, false);
	for (i = 0; i < 4; i++) {
		d = plain_deck(bounded[i % 2]);
		d.pulse.up.gamma = 1;
		d.pulse.weight_min = -1000;
		d.pulse.weight_max = bound[i / 2];
		to_the_end(&d, true);
	}
	/* Without a slope the bound counts nothing, however near to 0 */
	d = plain_deck(DECK_LINEAR);
	d.pulse.weight_max = 1e-39f;
	NEAR(step(&d, 20, true), .2);
}

static void filament_steps(void **unused)
{
	struct deck d = plain_deck(DECK_FILAMENT);
	struct row r;
	double g = 12;
	int n;

	(void)unused;
	d.pulse.up.step = 0.5f;
	d.pulse.down.step = 0.25f;
	NEAR(step(&d, 20, true), .5 * (1 - 20 / 37.5));
	NEAR(step(&d, 20, false), -.25 * 20 / 21);
	/* Each step of the ladder answers growth times as much, and the last one repeats */
	d.pulse.up.growth = 1.5f;
	d.pulse.ladder = 3;
	pulse(rig_make(&d, false), &r, 12, true, 5, 1);
	for (n = 0; n < 5; n++)
		g += .5 * pow(1.5, n < 2 ? n : 2) * (1 - g / 37.5);
	assert_true(fabs(r.g[100] - g) < 1e-4);
}

/* Step n of a weight model is a train of growth^n pulses, cut short at the limit. */
static void trains(void **unused)
{
	struct deck d = plain_deck(DECK_CONSTANT);
	struct row r;

	(void)unused;
	d.pulse.up.growth = 3;
	d.pulse.ladder = 3;
	pulse(rig_make(&d, false), &r, 12, true, 1 + 3 + 9 + 9, 1);
	assert_true(fabs(r.g[9] - 14.2) < 1e-4);
	/* Trains of one pulse of 10 ns, of three and of nine, with no time for verify here */
	assert_int_equal(r.report.time_ns, 220);
	pulse(rig_make(&d, false), &r, 12, true, 6, 1);
	assert_int_equal(r.report.isa.pulses_max, 6);
	assert_true(fabs(r.g[9] - 12.6) < 1e-4);
}

/* The steepest ladder that a deck may have stays finite, from the bottom as well. */
static void steep_ladders(void **unused)
{
	static const enum deck_response model[] = { DECK_FILAMENT, DECK_CONSTANT, DECK_LINEAR, DECK_SOFT_BOUNDS,
						    DECK_EXPONENTIAL };
	unsigned int k, i, up;

	(void)unused;
	for (k = 0; k < 5; k++) {
		struct deck d = plain_deck(model[k]);
		struct row r;

		d.gmin = 0;
		d.pulse.ladder = 32;
		d.pulse.up.growth = 100;
		d.pulse.down.growth = 100;
		d.pulse.up.step = 0.5f;
		d.pulse.down.step = 0.5f;
		d.pulse.cycle = 1;
		d.pulse.device = 1;
		d.pulse.up.bound_device = 1;
		d.pulse.down.bound_device = 1;
		d.pulse.up.volt = 30;
		d.program.verify_noise = 1;
		for (up = 0; up < 2; up++) {
			pulse(rig_make(&d, false), &r, 15, up, 65535, 1);
			assert_true(r.report.isa.pulses_max <= 65535);
			for (i = 0; i < N; i++)
				assert_true(r.g[i] >= 0 && r.g[i] <= 37.5f && abs(r.net[i]) <= 65535);
		}
	}
}

/* Changes of one pulse (or train) of @events programmings of @N cells. */
static float *changes(const struct deck *d, float g, bool up, unsigned int pulses, unsigned int events)
{
	const struct cell_tech *tech = rig_make(d, false);
	float *x = malloc(sizeof(*x) * N * events);
	unsigned int k, i;
	struct row r;

	assert_non_null(x);
	for (k = 0; k < events; k++) {
		pulse(tech, &r, g, up, pulses, k);
		for (i = 0; i < N; i++)
			x[k * N + i] = r.g[i] - g;
	}
	return x;
}

static void check_law(float *x, unsigned int n, double mean, double sigma)
{
	assert_true(fabs(rig_mean(x, n) - mean) < 5 * sigma / sqrt(n) + 1e-5);
	assert_true(fabs(rig_var(x, n) / (sigma * sigma) - 1) < 5 * sqrt(2.0 / n) + 1e-3);
	assert_true(ks_normal(x, n, mean, sigma) < ks_bound(n));
	free(x);
}

static void spreads(void **unused)
{
	enum { EVENTS = 64 };
	struct deck d = plain_deck(DECK_CONSTANT);
	float *x, *y;

	(void)unused;
	/* Pulse to pulse: a fraction of the step made; of the mean device's with cycle_additive */
	d.pulse.cycle = 0.5f;
	d.pulse.up_down = 0.5f;
	check_law(changes(&d, 20, false, 1, EVENTS), N * EVENTS, -.05, .025);
	d.pulse.cycle_additive = true;
	check_law(changes(&d, 20, false, 1, EVENTS), N * EVENTS, -.05, .05);
	/* A train of 16 after one of 1: 17 steps' mean, and variance of as many */
	d.pulse.up.growth = 16;
	d.pulse.ladder = 2;
	check_law(changes(&d, 20, true, 17, EVENTS), N * EVENTS, 1.7, .05 * sqrt(17));
	/* Write noise is drawn apart from the step */
	d = plain_deck(DECK_CONSTANT);
	d.pulse.cycle = 1;
	d.pulse.write_noise = 2;
	check_law(changes(&d, 20, true, 1, EVENTS), N * EVENTS, .1, .1 * sqrt(5));
	/* Device to device: fixed, so that two programmings agree */
	d = plain_deck(DECK_CONSTANT);
	d.pulse.device = 0.2f;
	d.pulse.up_down_device = 0.1f;
	x = changes(&d, 20, true, 1, 1);
	y = changes(&d, 20, true, 1, 1);
	assert_memory_equal(x, y, N * sizeof(*x));
	free(y);
	check_law(x, N, .1, .1 * sqrt(.05));
}

/* Bounds of each side differ from device to device about weight 0. */
static void bounds(void **unused)
{
	struct deck d = plain_deck(DECK_CONSTANT);

	(void)unused;
	d.pulse.ladder = 12;
	d.pulse.up.growth = 2;
	d.pulse.down.growth = 2;
	d.pulse.up.bound_device = 0.1f;
	d.pulse.down.bound_device = 0.05f;
	check_law(changes(&d, 20, true, 5000, 1), N, 10, 1);
	check_law(changes(&d, 20, false, 5000, 1), N, -10, .5);
}

/* Odds of a pulse to switch, 1 / (1 + e^-((V - V0) / dV)), within five standard errors of a binomial. */
static void switching(void **unused)
{
	static const float volt[] = { 0.3f, 0.45f, 0.5f, 0.53f, 0.6f, 0.7f };
	enum { EVENTS = 64 };
	unsigned int k, i, up;
	struct deck below;
	struct row r;

	(void)unused;
	for (k = 0; k < 6; k++) {
		for (up = 0; up < 2; up++) {
			struct deck d = plain_deck(DECK_SWITCHING);
			double p = 1 / (1 + exp(-(volt[k] - .5) / .03)), switched = 0;
			float *x;

			d.levels = 2;
			d.pulse.switch_volt = 0.5f;
			d.pulse.switch_width = 0.03f;
			d.pulse.up.volt = up ? volt[k] : 0;
			d.pulse.down.volt = up ? 0 : volt[k];
			/* Half way is outside the band of both states */
			x = changes(&d, up ? 10 : 30, up, 1, EVENTS);
			for (i = 0; i < N * EVENTS; i++) {
				assert_true(x[i] == 0 || fabs(x[i] - (up ? 20 : -20)) < 1e-4);
				switched += x[i] != 0;
			}
			assert_true(fabs(switched / (N * EVENTS) - p) < 5 * sqrt(p * (1 - p) / (N * EVENTS)) + 3e-5);
			free(x);
		}
	}
	/* A cell that does not switch stays what it is, below zero too, where drift can bring it */
	below = plain_deck(DECK_SWITCHING);
	below.levels = 2;
	below.pulse.switch_volt = 0.5f;
	below.pulse.switch_width = 0.03f;
	below.pulse.up.volt = 0;
	pulse(rig_make(&below, false), &r, -5, true, 3, 1);
	for (i = 0; i < N; i++)
		assert_true(r.g[i] == -5);
}

/* A band narrower than a float can tell from its middle has room for what is there already, and no error of it. */
static void narrow_band(void **unused)
{
	struct deck d = plain_deck(DECK_CONSTANT);
	const struct cell_tech *tech;
	struct cell_report report = { 0 };
	int16_t target = 16384;
	uint8_t wear = 0, defect = 0;
	float g;

	(void)unused;
	d.program.band = 1e-12f;
	tech = rig_make(&d, false);
	g = (float)target * tech->lsb;
	tech->kernels->program(&(struct cell_program){ .tech = tech, .n = 1, .target = &target, .g = &g, .wear = &wear,
						       .defect = &defect }, &report);
	assert_int_equal(report.isa.converged, 1);
	assert_int_equal(report.isa.error_hist[0], 1);
}

/* A state file may say that a worn cell holds less than nothing: pulses on it cost no energy, rather than give some back. */
static void energy_of_nothing(void **unused)
{
	const struct deck d = plain_deck(DECK_CONSTANT);
	const struct cell_tech *tech = rig_make(&d, false);
	struct cell_report report = { 0 };
	uint8_t wear = 0, defect = CELL_WORN;
	int16_t target = 16384;
	float g = -16 * 30;

	(void)unused;
	tech->kernels->program(&(struct cell_program){ .tech = tech, .n = 1, .target = &target, .g = &g, .wear = &wear,
						       .defect = &defect }, &report);
	assert_true(report.isa.pulses > 0);
	assert_int_equal(report.energy_fj, 0);
}

/*
 * Deviates do not come again within 65535 pulses: cells that one verify read in 1.3e-5 accepts, that is
 * 1 - e^-0.87 = 58 % of them, five standard errors 11 %; draws that repeat after 16384 pulses would make it 20 %.
 */
static void no_draw_repeats(void **unused)
{
	struct deck d = plain_deck(DECK_CONSTANT);
	struct row r;
	double share, p;

	(void)unused;
	d.pulse.weight_step = 1e-9f;
	d.program.verify_noise = 1;
	d.program.max_reversals = 0;
	/* The band of 37.5 uS begins at 24.2: only a deviate of 4.2 reaches it from 20 */
	d.program.band = 37.5f - 24.2f;
	pulse(rig_make(&d, false), &r, 20, true, 65535, 1);
	p = 1 - normal_below(4.2);
	share = 1 - exp(-p * 65535);
	assert_true(fabs((double)r.report.isa.converged / N - share) < 5 * sqrt(share * (1 - share) / N) + 0.03);
}

/* Deviate of write noise of pulse @k of cell @cell, as numerics.rst has it: eight pulses a counter. */
static float write_deviate(unsigned int cell, unsigned int k)
{
	struct philox_stream s = philox_stream(5, 1, PURPOSE_WRITE, 3);
	uint32_t word[4];

	philox_draw(&s, cell | (k / 8) << PHILOX_DRAW_SHIFT, word);
	return normal_16(word[k % 8 / 2] >> k % 2 * 16 & 0xffff);
}

/* Cells that leave after 1 to 42 pulses hold the write noise of their last one, whoever left before them. */
static void write_noise_by_pulse(void **unused)
{
	const struct cell_kernels *all[RIG_BUILDS];
	unsigned int builds = rig_cell_builds(all), b, i, most = 0;
	struct deck d = plain_deck(DECK_CONSTANT);
	const struct cell_tech *tech;
	int16_t target[N];

	(void)unused;
	d.program.band = 0.2f;
	d.pulse.write_noise = 0.2f;
	tech = rig_make(&d, false);
	for (i = 0; i < N; i++)
		target[i] = (int16_t)lrint((10.3 + i * 37 % N * 4.0 / N) * (double)tech->per_lsb);
	for (b = 0; b < builds; b++) {
		struct row r = { 0 };
		struct cell_program p = {
			.tech = tech, .n = N, .cell = 40, .target = target, .g = r.g, .wear = r.wear, .defect = r.defect,
			.net = r.net, .pulse = philox_stream(5, 1, PURPOSE_PULSE, 3), .write = philox_stream(5, 1, PURPOSE_WRITE, 3),
		};

		for (i = 0; i < N; i++)
			r.g[i] = 10;
		all[b]->program(&p, &r.report);
		assert_int_equal(r.report.isa.converged, N);
		for (i = 0; i < N; i++) {
			unsigned int k = (unsigned int)r.net[i];

			most = k > most ? k : most;
			assert_in_range(k, 1, 42);
			assert_true(fabs((double)r.g[i] - (10 + 0.1 * k + 0.02 * (double)write_deviate(40 + i, k - 1))) < 2e-4);
		}
	}
	assert_true(most > 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(constant_steps),
		cmocka_unit_test(linear_steps),
		cmocka_unit_test(soft_bound_steps),
		cmocka_unit_test(exponential_steps),
		cmocka_unit_test(steep_models),
		cmocka_unit_test(filament_steps),
		cmocka_unit_test(trains),
		cmocka_unit_test(steep_ladders),
		cmocka_unit_test(spreads),
		cmocka_unit_test(bounds),
		cmocka_unit_test(switching),
		cmocka_unit_test(narrow_band),
		cmocka_unit_test(energy_of_nothing),
		cmocka_unit_test(no_draw_repeats),
		cmocka_unit_test(write_noise_by_pulse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
