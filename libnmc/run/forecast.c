// SPDX-License-Identifier: MIT
/*
 * Predictions. A technology's law gives, for the targets of a tile, the mean squared deviation at the age of a measurement and
 * at another one; the latter is scaled by what was measured over what the law says of the former. The error of that ratio follows
 * from the same moments, and from what is allowed for the law itself.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include "libnmc/error.h"
#include "libnmc/run/health.h"

#define NINETY		1.645		/* standard deviations of a 90 % interval */
#define LAW_ERROR	0.01		/* of the law, relative to the square; the card's own cells follow it closer */
#define GUESS_ERROR	0.04		/* the same where the targets are guessed */
#define HORIZON_S	(500.0 * 365.0 * 86400.0)
#define SOONEST_S	1.0
#define STEP		1.5		/* of the search for a crossing */
#define VIEWS		2		/* guesses of what a tile holds */

/**
 * struct measured - what a prediction starts from; squares in conductance LSB
 * @law: how cells age
 * @celsius: at this temperature
 * @age_ns: age of the measurement
 * @cells: cells by target, any unit
 * @square: mean square measured, of sound cells
 * @read: reads of cells that it is made of
 * @sound: cells of the tile that age
 * @broken_square: sum of squares of those that do not
 * @all: cells of the tile
 * @error: allowed for the law
 */
struct measured {
	struct law *law;
	double celsius;
	uint64_t age_ns;
	double cells[LAW_BINS];
	double square;
	double read;
	double sound;
	double broken_square;
	double all;
	double error;
};

/**
 * struct mean - the law for a whole tile, a cell
 * @now: mean square at the age of the measurement, as reads see it
 * @then: at the other age
 * @now_var: variance of one cell's product of two reads
 * @then_var: variance of one cell's square
 * @covar: of both
 * @apart: variance of what cells of different targets have for @now
 */
struct mean {
	double now;
	double then;
	double now_var;
	double then_var;
	double covar;
	double apart;
};

static struct mean mean_of(const struct measured *m, const struct law_bin *bins)
{
	struct mean sum = { 0 };
	double all = 0.0;
	unsigned int i;

	for (i = 0; i < LAW_BINS; i++) {
		double n = m->cells[i], seen = bins[i].now + bins[i].slow, read = bins[i].read;

		all += n;
		sum.now += n * seen;
		sum.then += n * bins[i].then;
		sum.now_var += n * (bins[i].now_var + 4.0 * bins[i].now * bins[i].slow + 2.0 * bins[i].slow * bins[i].slow +
				    2.0 * seen * read + read * read);
		sum.apart += n * seen * seen;
		sum.then_var += n * bins[i].then_var;
		sum.covar += n * bins[i].covar;
	}
	all = all > 0.0 ? all : 1.0;
	return (struct mean){
		.now = sum.now / all, .then = sum.then / all, .now_var = sum.now_var / all, .then_var = sum.then_var / all,
		.covar = sum.covar / all, .apart = sum.apart / all - sum.now / all * (sum.now / all),
	};
}

/* Mean square of sound cells and its standard error. */
static void extrapolate(const struct measured *m, const struct law_bin *bins, double *square, double *error)
{
	struct mean x = mean_of(m, bins);
	double ratio = x.now > 0.0 ? x.then / x.now : 1.0, scale = x.now > 0.0 ? m->square / x.now : 1.0;
	double own = x.then_var - 2.0 * ratio * x.covar + ratio * ratio * x.now_var;
	double sample = m->read < m->sound ? ratio * ratio * (x.now_var + x.apart) * (1.0 / m->read - 1.0 / m->sound) : 0.0;
	double allowed = m->error * m->square * ratio;

	*square = m->square * ratio;
	*error = sqrt(((own > 0.0 ? own : 0.0) / m->sound + sample) * scale * scale + allowed * allowed);
}

static double root(double square, const struct measured *m)
{
	square = (square * m->sound + m->broken_square) / m->all;
	return square > 0.0 ? sqrt(square) / NMC_CONDUCTANCE_MAX : 0.0;
}

/* By the law @bins of the ages of the measurement and @age_ns. */
static struct nmc_prediction predict(const struct measured *m, const struct law_bin *bins, uint64_t age_ns)
{
	double square, error;

	extrapolate(m, bins, &square, &error);
	return (struct nmc_prediction){
		.age_ns = age_ns,
		.deviation = root(square, m),
		.low = root(square - NINETY * error, m),
		.high = root(square + NINETY * error, m),
	};
}

static void law_at(const struct measured *m, uint64_t age_ns, struct law_bin *bins)
{
	law_bins(m->law, m->celsius, m->age_ns, age_ns, bins);
}

/* Age at which a curve passes the threshold between two points of it, linear in ln t; once passed it stays so. */
static void pass(double *at, double threshold, double from, double to, double before_s, double after_s)
{
	double part;

	if (!isinf(*at) || to < threshold)
		return;
	part = to > from && from < threshold ? (threshold - from) / (to - from) : 0.0;
	*at = before_s > 0.0 ? before_s * pow(after_s / before_s, part) : 0.0;
}

/* Along a logarithmic axis up to the horizon, for each of @n views of the same tile. */
static int cross(const struct measured *m, unsigned int n, double threshold, struct nmc_crossing *c)
{
	struct law_bin *bins = calloc(LAW_BINS, sizeof(*bins));
	struct nmc_prediction last[VIEWS] = { 0 }, now;
	double before = 0.0, s;
	unsigned int k;

	if (!bins)
		return fail_memory();
	for (k = 0; k < n; k++)
		c[k] = (struct nmc_crossing){ INFINITY, INFINITY, INFINITY };
	for (s = SOONEST_S; s <= HORIZON_S; before = s, s *= STEP) {
		law_at(m, (uint64_t)(s * 1e9), bins);
		for (k = 0; k < n; k++) {
			now = predict(&m[k], bins, (uint64_t)(s * 1e9));
			pass(&c[k].seconds, threshold, last[k].deviation, now.deviation, before, s);
			pass(&c[k].earliest, threshold, last[k].high, now.high, before, s);
			pass(&c[k].latest, threshold, last[k].low, now.low, before, s);
			last[k] = now;
		}
	}
	free(bins);
	return 0;
}

/* What the last full read of tile @tile of a plan says. */
static int measured_by_plan(struct nmc_plan *p, unsigned int tile, struct measured *m)
{
	const struct health *h;
	unsigned int i, b;

	for (b = 0; b < p->blocks && p->block[b].tile != tile; b++)
		;
	if (b == p->blocks)
		return fail(-ENOENT, "there is no tile %u, the plan has %u", tile, p->tiles);
	if (!p->class.converters)
		return fail(-ENOTSUP, "class %s holds integers, which do not age", p->class.name);
	if (!p->health)
		return fail(-EINVAL, "the plan's tiles have not been measured; call nmc_health_scrub_now()");
	h = &p->health[b];
	*m = (struct measured){ .age_ns = h->age_ns, .error = LAW_ERROR };
	for (i = 0; i < LAW_BINS; i++)
		m->cells[i] = h->cells[i];
	m->sound = m->read = h->sound ? (double)h->sound : 1.0;
	m->all = h->sound + h->broken ? (double)(h->sound + h->broken) : 1.0;
	m->square = h->square > 0.0 ? h->square / m->sound : 0.0;
	m->broken_square = h->broken_square;
	return health_law(p->device, &p->class, &m->law, &m->celsius);
}

/* Half of all cells at the lowest conductance, the others spread evenly, or most of them low. */
static void guess_targets(struct measured *m, bool small)
{
	unsigned int i;

	for (i = 0; i < LAW_BINS; i++)
		m->cells[i] = small ? exp(-(double)i / (0.1 * LAW_BINS)) / (0.1 * LAW_BINS) : 1.0 / LAW_BINS;
	m->cells[0] += 1.0;
}

/* What the background scrub says of a physical tile. */
static int measured_by_scrub(struct nmc_device *device, const struct nmc_tile_info *t, struct measured *m)
{
	struct nmc_class_info class = NMC_CLASS_INFO_INIT;
	double deviation = (double)t->deviation * NMC_CONDUCTANCE_MAX;
	int ret = nmc_device_class(device, t->class_index, &class);

	if (ret)
		return ret;
	if (!class.converters)
		return fail(-ENOTSUP, "class %s holds integers, which do not age", class.name);
	if (isnan(t->deviation) || !t->scrubbed_cells || t->scrubbed_ns < t->programmed_ns)
		return fail(-EINVAL, "the scrub has not measured tile %u yet", t->tile);
	*m = (struct measured){
		.age_ns = t->scrubbed_ns - t->programmed_ns,
		.square = deviation * deviation,
		.read = t->scrubbed_cells,
		.error = GUESS_ERROR,
	};
	m->sound = m->all = t->cells ? t->cells : (double)class.rows * class.cols;
	return health_law(device, &class, &m->law, &m->celsius);
}

/* Predictions for each of @n views of the same tile, those of view k from @out[k] on. */
static int predict_all(const struct measured *m, unsigned int n, const uint64_t *ages_ns, unsigned int count,
		       struct nmc_prediction *const *out)
{
	struct law_bin *bins = calloc(LAW_BINS, sizeof(*bins));
	unsigned int i, k;

	if (!bins)
		return fail_memory();
	for (i = 0; i < count; i++) {
		law_at(m, ages_ns[i], bins);
		for (k = 0; k < n; k++)
			out[k][i] = predict(&m[k], bins, ages_ns[i]);
	}
	free(bins);
	return 0;
}

int nmc_health_predict(struct nmc_plan *plan, unsigned int tile, const uint64_t *ages_ns, unsigned int count,
		       struct nmc_prediction *out)
{
	struct measured m;
	int ret = measured_by_plan(plan, tile, &m);

	if (!ret)
		ret = predict_all(&m, 1, ages_ns, count, &out);
	return ret;
}

int nmc_health_crossing(struct nmc_plan *plan, unsigned int tile, double threshold, struct nmc_crossing *out)
{
	struct measured m;
	int ret = measured_by_plan(plan, tile, &m);

	if (!ret)
		ret = cross(&m, 1, threshold, out);
	return ret;
}

/* One prediction of two: the mean, and an interval that holds both. */
static struct nmc_prediction join(struct nmc_prediction a, struct nmc_prediction b)
{
	return (struct nmc_prediction){
		.age_ns = a.age_ns,
		.deviation = 0.5 * (a.deviation + b.deviation),
		.low = fmin(a.low, b.low),
		.high = fmax(a.high, b.high),
	};
}

/* The two guesses of what a stranger's tile holds. */
static int views_by_scrub(struct nmc_device *device, const struct nmc_tile_info *tile, struct measured *m)
{
	int ret = measured_by_scrub(device, tile, &m[0]);

	if (ret)
		return ret;
	m[1] = m[0];
	guess_targets(&m[0], false);
	guess_targets(&m[1], true);
	return 0;
}

int nmc_health_forecast(struct nmc_device *device, const struct nmc_tile_info *tile, const uint64_t *ages_ns, unsigned int count,
			struct nmc_prediction *out)
{
	struct nmc_prediction *other = calloc((size_t)count + 1, sizeof(*other)), *const both[VIEWS] = { out, other };
	struct measured m[VIEWS];
	unsigned int i;
	int ret = other ? views_by_scrub(device, tile, m) : fail_memory();

	if (!ret)
		ret = predict_all(m, VIEWS, ages_ns, count, both);
	for (i = 0; !ret && i < count; i++)
		out[i] = join(out[i], other[i]);
	free(other);
	return ret;
}

int nmc_health_forecast_crossing(struct nmc_device *device, const struct nmc_tile_info *tile, double threshold,
				 struct nmc_crossing *out)
{
	struct nmc_crossing c[VIEWS] = { 0 };
	struct measured m[VIEWS];
	int ret = views_by_scrub(device, tile, m);

	if (!ret)
		ret = cross(m, VIEWS, threshold, c);
	if (ret)
		return ret;
	out->seconds = isinf(c[0].seconds) || isinf(c[1].seconds) ? fmin(c[0].seconds, c[1].seconds) :
								    sqrt(c[0].seconds * c[1].seconds);
	out->earliest = fmin(c[0].earliest, c[1].earliest);
	out->latest = fmax(c[0].latest, c[1].latest);
	return 0;
}
