// SPDX-License-Identifier: MIT
/*
 * Published figures through a tile: spread of programmed cells, drift exponents, decay, 1/f noise. Bounds are five
 * standard errors of the statistic, plus an allowance that is stated; all figures are in uS and seconds.
 */
#include "tests/unit/physics_rig.h"

#define SIDE	256
#define CELLS	(SIDE * SIDE)

static struct rig *programmed(const char *name, double g, uint64_t seed)
{
	const struct cell_tech *tech = rig_tech(name, false);
	struct rig *r = rig_open(tech, SIDE, SIDE, seed);

	rig_fill(r, g * tech->per_lsb);
	rig_program(r);
	return r;
}

/* RMS of max(0, sigma z): what a target of zero can have. */
static double half(double sigma)
{
	return sigma * M_SQRT1_2;
}

/*
 * An RMS over n cells has a standard error of sigma / sqrt(2 n): five are 1.4 %. Allowed beyond: 2.5 %, as the residual of
 * verify is subtracted as one figure for many targets; 6 % at zero, where its mean counts as well.
 */
static void check_spread(const char *name, double g, double want)
{
	struct rig *r = programmed(name, g, 17);

	rig_age(r, 0);
	if (fabs(rig_rms_error(r) / want - 1) >= (g > 0 ? 0.039 : 0.074))
		fail_msg("%s at %g uS: %g, not %g", name, g, rig_rms_error(r), want);
	rig_close(r);
}

static double poly(double r, double a, double b, double c, double d)
{
	return a + r * (b + r * (c + r * d));
}

static void sigma_prog(void **unused)
{
	static const double pcm[][2] = { { 1, .3402 }, { 2.5, .4482 }, { 5, .6096 }, { 10, .8618 }, { 15, 1.0202 },
					 { 20, 1.0847 }, { 25, 1.0554 } };
	static const double milo[][2] = { { 50, 4.327 }, { 100, 3.872 }, { 225, 2.733 } };
	static const double sonos[][2] = { { 1, .0859 }, { 4, .1783 }, { 8, .1968 }, { 16, .1988 } };
	size_t i;

	(void)unused;
	check_spread("pcm", 0, half(.2635));
	for (i = 0; i < 7; i++)
		check_spread("pcm", pcm[i][0], pcm[i][1]);
	for (i = 0; i < 3; i++)
		check_spread("rram-milo", milo[i][0], milo[i][1]);
	for (i = 0; i < 4; i++)
		check_spread("sonos", sonos[i][0], sonos[i][1]);
	for (i = 1; i <= 5; i += 2) {
		double x = i / 5.0;

		check_spread("hermes1", x * 10.35, poly(x, .15781817, 2.32443916, -2.16310839, .68841818));
		check_spread("hermes2", x * 20.7, poly(x, .16603222, 4.71806468, -8.48101252, 4.68961419));
	}
}

/* CMO on five grid points of ln t: shift and spread of the relaxation beyond what verify left. */
static void cmo_with_time(void **unused)
{
	static const double age[] = { 1, 3600, 86400, 3e7 };
	struct rig *r = programmed("rram-cmo", 40, 3);
	static float left[CELLS], moved[CELLS];
	size_t i, k;

	(void)unused;
	for (k = 0; k < CELLS; k++)
		left[k] = r->tile->g[k];
	for (i = 0; i < 4; i++) {
		double sigma = .04201 * log(age[i]) + .41183;

		rig_age(r, (uint64_t)(age[i] * 1e9));
		for (k = 0; k < CELLS; k++)
			moved[k] = r->g[k] - left[k];
		assert_true(fabs(rig_mean(moved, CELLS) + .089 * log(age[i])) < 5 * sigma / 256 + 1e-3);
		/* The source's slope of sigma, .04201 a unit of ln t up to ten years */
		assert_true(fabs(sqrt(rig_var(moved, CELLS)) / sigma - 1) < 5 / sqrt(2.0 * CELLS) + 0.002);
	}
	rig_close(r);
}

/* SONOS: spread of the published days; the mean falls by 0.3 % a unit of ln t, our fit. */
static void sonos_with_time(void **unused)
{
	static const double day[][3] = { { 1, .2559102, 1.8685544 }, { 2, .2872753, 1.9356834 }, { 5, .3457909, 2.0734309 } };
	struct rig *r = programmed("sonos", 8, 3);
	double start;
	size_t i;

	(void)unused;
	rig_age(r, 0);
	start = rig_mean(r->g, CELLS);
	for (i = 0; i < 3; i++) {
		double want = day[i][1] * (1 - exp(-8 / day[i][2]));

		rig_age(r, (uint64_t)(day[i][0] * 1.001 * 86400e9));
		assert_true(fabs(sqrt(rig_var(r->g, CELLS)) / want - 1) < 0.034);
		assert_true(fabs(rig_mean(r->g, CELLS) - start + .003 * 8 * log(day[i][0] * 86400)) < 5 * want / 256 + .003);
	}
	rig_close(r);
}

/*
 * nu of each cell from two ages: ln(g1 / g2) / ln((t2 + t0) / (t1 + t0)). Allowed beyond five standard errors: 2e-4, of the
 * age grid (0.1 % of t), of the table of targets and of the exponent's last bit.
 */
static void check_nu(const char *name, double g, double t0, double mean, double sigma)
{
	struct rig *r = programmed(name, g, 23);
	double log_t = log((1e6 + t0) / (10 + t0)), sum = 0, square = 0, folded, spread, a = mean / sigma;
	static float before[CELLS];
	unsigned int i, n = 0;

	rig_age(r, 10 * SECOND);
	memcpy(before, r->g, sizeof(before));
	rig_age(r, 1000000 * SECOND);
	for (i = 0; i < CELLS; i++) {
		double nu;

		if (before[i] <= 0.0f)
			continue;
		nu = log(before[i] / r->g[i]) / log_t;
		sum += nu;
		square += nu * nu;
		n++;
	}
	assert_true(n > CELLS / 3);
	sum /= n;
	square = sqrt(square / n - sum * sum);
	/* |mean + sigma z| */
	folded = sigma * sqrt(2 / M_PI) * exp(-a * a / 2) + mean * erf(a / M_SQRT2);
	spread = sqrt(mean * mean + sigma * sigma - folded * folded);
	if (fabs(sum - folded) >= 5 * spread / sqrt(n) + 2e-4 || fabs(square - spread) >= 5 * spread / sqrt(2.0 * n) + 2e-4)
		fail_msg("%s at %g uS: nu %g +- %g, not %g +- %g", name, g, sum, square, folded, spread);
	rig_close(r);
}

static void drift_exponents(void **unused)
{
	static const double pcm[][3] = { { 0, .1, .045 }, { 1, .0743, .0343 }, { 2.5, .0601, .0229 }, { 5, .0493, .0142 },
					 { 10, .049, .008 }, { 25, .049, .008 } };
	size_t i;

	(void)unused;
	for (i = 0; i < 6; i++)
		check_nu("pcm", pcm[i][0], 20, pcm[i][1], pcm[i][2]);
	check_nu("hermes1", 5.175, 200, .0736 - .0126 * .5 - .0436 * .25, .0124);
	check_nu("hermes2", 10.35, 300, .0736 - .0126 * .5 - .0436 * .25, .0091);
}

/* The decay table, of cells without spreads; 1e-4 of the age grid: 0.1 % of t times nu. */
static void decay(void **unused)
{
	static const double age[] = { 0, 25, 3600, 86400, 30 * 86400.0, 365 * 86400.0 };
	static const double golden[2][6] = { { 1, .961, .7751, .6635, .5617, .4969 }, { 1, .9221, .5946, .433, .3081, .24 } };
	static const double nu[2] = { .049, .1 };
	unsigned int i, k;

	(void)unused;
	for (k = 0; k < 2; k++) {
		struct deck deck = rig_deck("pcm");
		struct rig *r;

		deck.drift.nu_mean = (struct deck_curve){ .given = true, .per = 1, .scale = 1, .poly = { nu[k] },
							  .min = -1, .max = 1, .above = 1e9 };
		deck.drift.nu_sigma.given = false;
		deck.spreads = 0;
		r = rig_open(rig_make(&deck, false), 1, 64, 1);
		rig_fill(r, 20000);
		rig_program(r);
		for (i = 0; i < 6; i++) {
			rig_age(r, (uint64_t)(age[i] * 1e9));
			/* golden values have four decimals */
			assert_true(fabs(r->g[7] / r->tile->g[7] - golden[k][i]) < 1.6e-4);
		}
		rig_close(r);
	}
}

/* sqrt(ln((t + t0 + t_read) / (2 t_read))) is the root of the sum of both parts' squares; four decimals, age grid 2e-4. */
static void pink_with_age(void **unused)
{
	static const double golden[][2] = { { 0, 4.1838 }, { 25, 4.2796 }, { 3600, 4.7648 }, { 86400, 5.0868 },
					    { 30 * 86400.0, 5.4108 }, { 365 * 86400.0, 5.6370 } };
	const struct cell_tech *tech = rig_tech("pcm", false);
	uint32_t decade;
	size_t i;

	(void)unused;
	for (i = 0; i < 6; i++) {
		struct cell_read r = cell_read_at(tech, cell_age_grid((uint64_t)(golden[i][0] * 1e9)), &decade);

		assert_true(fabs(hypot(r.slow, r.fast) - golden[i][1]) < 3e-4);
		/* Slower than 1 s is frozen: sqrt(ln(1 s / 500 ns)) is drawn at each read */
		assert_true(fabs(r.fast - sqrt(log(2e6))) < 1e-4);
		assert_int_equal(decade, (uint32_t)log10(1 + golden[i][0] * 0.9999));
	}
}

/* Q by conductance, of targets: 1/f noise of cells that hold their target exactly. */
static void pink_by_target(void **unused)
{
	static const double golden[][2] = { { 0, .2 }, { 1, .0713 }, { 2.5, .0393 }, { 5, .0251 }, { 10, .016 }, { 15, .0123 },
					    { 20, .0102 }, { 25, .0088 } };
	const struct cell_tech *tech = rig_tech("pcm", false);
	size_t i;

	(void)unused;
	for (i = 0; i < 8; i++) {
		int16_t target = (int16_t)lrint(golden[i][0] * tech->per_lsb);
		float g = 10000, var;

		tech->kernels->variance(tech, 1, 1.0f, &target, &g, &var);
		/* four decimals; 0.5 % as tables have steps of 8 LSB */
		assert_true(fabs(sqrt(var) / 10000 - golden[i][1]) < 5e-5 + 0.005 * golden[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sigma_prog),
		cmocka_unit_test(cmo_with_time),
		cmocka_unit_test(sonos_with_time),
		cmocka_unit_test(drift_exponents),
		cmocka_unit_test(decay),
		cmocka_unit_test(pink_with_age),
		cmocka_unit_test(pink_by_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
