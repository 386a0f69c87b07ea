// SPDX-License-Identifier: MIT
/*
 * Decks, what no single key can tell: contradictions between keys, and curves that leave their range somewhere
 * between gmin and gmax.
 */
#include <stdio.h>
#include <string.h>
#include "card/cell/deck_read.h"

#define STEPS	64	/* a curve is looked at in so many steps from gmin to gmax */

/* Where @path stands, 0 if it does not. */
static unsigned int line_of(const struct reader *r, const char *path)
{
	const struct key *k;

	for (k = deck_keys; k->path; k++)
		if (!strcmp(k->path, path))
			return r->line[k - deck_keys];
	return 0;
}

/* Where @path stands, or where it would. */
static unsigned int about(const struct reader *r, const char *path)
{
	unsigned int line = line_of(r, path);

	return line ? line : deck_line(r, path);
}

#define BAD(r, path, ...) deck_bad(r, about(r, path), path, __VA_ARGS__)

static int check_curve(struct reader *r, unsigned int line, const char *path, const struct key *k,
		       const struct deck_curve *c)
{
	const struct deck *d = r->deck;
	const char *unit = k->dimension->base, *space = *unit ? " " : "";
	int i;

	for (i = 0; i <= STEPS; i++) {
		float g = d->gmin + (d->gmax - d->gmin) * ((float)i / STEPS);
		float value = deck_curve_at(c, g, d->gmax);

		if (!(value >= k->low && value <= k->high))
			return deck_bad(r, line, path, "is %.4g%s%s at %.4g uS, out of range: %.7g%s%s to %.7g%s%s",
					value, space, unit, g, k->low, space, unit, k->high, space, unit);
	}
	return 0;
}

static int check_curves(struct reader *r)
{
	char path[PATH];
	const struct key *k;
	uint32_t i;
	int ret;

	for (k = deck_keys; k->path; k++) {
		if (k->kind != DECK_CURVE || !r->line[k - deck_keys])
			continue;
		ret = check_curve(r, r->line[k - deck_keys], k->path, k,
				  (const struct deck_curve *)((const char *)r->deck + k->offset));
		if (ret)
			return ret;
	}
	for (i = 0; i < r->deck->spreads; i++) {
		snprintf(path, sizeof(path), "spread[%u].sigma", i);
		ret = check_curve(r, r->spread_line[i], path, &deck_spread_keys[1], &r->deck->spread[i].sigma);
		if (ret)
			return ret;
	}
	return 0;
}

static int check_name(struct reader *r)
{
	const char *name = r->deck->name;

	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")])
		return BAD(r, "name", "%s: lower-case letters, digits and hyphens only", deck_quote(name).text);
	return 0;
}

static int check_conductances(struct reader *r)
{
	const struct deck *d = r->deck;

	if (d->gmin >= d->gmax)
		return BAD(r, "gmin", "%g uS is not below gmax, %g uS", d->gmin, d->gmax);
	if (d->levels == 1)
		return BAD(r, "levels", "one level holds nothing; 2 or more, or 0 for analog");
	if (d->erased_mean > 1.25f * d->gmax)
		return BAD(r, "erased.mean", "%g uS is above 1.25 gmax, %g uS", d->erased_mean, 1.25 * d->gmax);
	if (d->drift.decay_to > 1.25f * d->gmax)
		return BAD(r, "drift.decay_to", "%g uS is above 1.25 gmax, %g uS", d->drift.decay_to,
			   1.25 * d->gmax);
	return 0;
}

/* Targets are a part of the range, and of a range without steps. */
static int check_targets(struct reader *r)
{
	const struct deck *d = r->deck;
	float low = d->target_low > 0.0f ? d->target_low : d->gmin, high = d->target_high > 0.0f ? d->target_high : d->gmax;
	const char *path = d->target_low > 0.0f ? "target.low" : "target.high";

	if (low == d->gmin && high == d->gmax)
		return 0;
	if (d->levels)
		return BAD(r, path, "a deck with levels is asked for all of them, from gmin to gmax");
	if (!(low >= d->gmin && low < high && high <= d->gmax))
		return BAD(r, path, "%g to %g uS is not within %g to %g uS, gmin to gmax", low, high, d->gmin, d->gmax);
	return 0;
}

static int check_pulses(struct reader *r)
{
	const struct deck *d = r->deck;
	const struct deck_pulse *p = &d->pulse;

	if (p->model != DECK_EXACT && !(d->program.band + d->program.band_relative * d->gmin > 0.0f))
		return BAD(r, "program.band", "accepts nothing at gmin; it must be above 0");
	if (line_of(r, "pulse.weight_min") && p->weight_min >= p->weight_max)
		return BAD(r, "pulse.weight_min", "%g is not below pulse.weight_max, %g", p->weight_min,
			   p->weight_max);
	if (line_of(r, "pulse.weight_min") && p->weight_step > p->weight_max - p->weight_min)
		return BAD(r, "pulse.weight_step", "%g is more than the whole range, %g", p->weight_step,
			   p->weight_max - p->weight_min);
	if ((p->model == DECK_SOFT_BOUNDS || p->model == DECK_LINEAR) &&
	    !(p->weight_min < 0.0f && p->weight_max > 0.0f))
		return BAD(r, "pulse.weight_min", "this model has bounds on both sides of 0, not %g and %g",
			   p->weight_min, p->weight_max);
	if (p->model == DECK_SWITCHING && d->levels != 2)
		return BAD(r, "levels", "pulse.model switching has two states; levels must be 2");
	return 0;
}

static int check_times(struct reader *r)
{
	const struct deck *d = r->deck;
	uint32_t i;
	char path[PATH];

	for (i = 1; i < d->spreads; i++) {
		if (d->spread[i].at_s > d->spread[i - 1].at_s)
			continue;
		snprintf(path, sizeof(path), "spread[%u].at", i);
		return deck_bad(r, r->spread_line[i], path, "%g s is not after the entry before it, %g s",
				d->spread[i].at_s, d->spread[i - 1].at_s);
	}
	if (d->drift.nu_sigma.given && !d->drift.nu_mean.given)
		return BAD(r, "drift.nu_sigma", "a spread of drift.nu, which is missing");
	if (d->drift.nu_mean.given && !line_of(r, "drift.t0"))
		return BAD(r, "drift.t0", "is missing; drift.nu needs it");
	if (line_of(r, "drift.decay_to") && d->drift.decay_s == 0.0f)
		return BAD(r, "drift.decay_to", "nothing leaks without drift.decay");
	return 0;
}

/* A cell is no source of energy, and what products count with has an end; card/cell/tech.c makes tables of the curve. */
static int check_iv(struct reader *r)
{
	const struct deck *d = r->deck;
	const char *path = d->iv.nl2.given ? "iv.nl2" : "iv.nl3";
	double volt = (double)d->iv.read_volt;
	int i;

	for (i = 0; i <= STEPS; i++) {
		float g = d->gmin + (d->gmax - d->gmin) * ((float)i / STEPS);
		double nl2 = (double)deck_curve_at(&d->iv.nl2, g, d->gmax) * volt;
		double nl3 = (double)deck_curve_at(&d->iv.nl3, g, d->gmax) * volt * volt;

		if (deck_iv_fit((double)g, (double)d->gmax, nl2, nl3) < 1.0)
			return BAD(r, path, "with %.4g uS and %.4g uS beyond %.4g uS at iv.read_volt, %g V, I / V leaves 0 to "
				   "1.25 gmax, or one of them is more than half of that", nl2, nl3, (double)g, volt);
	}
	return 0;
}

static int check_rest(struct reader *r)
{
	const struct deck *d = r->deck;
	float broken = d->defects.stuck_low + d->defects.stuck_high + d->defects.dead;

	if (line_of(r, "read.pink") && line_of(r, "read.pink_relative"))
		return BAD(r, "read.pink_relative", "read.pink says it already");
	if (d->read.pink.given && !line_of(r, "read.time"))
		return BAD(r, "read.time", "is missing; 1/f noise needs it");
	if (broken > 1.0f)
		return deck_bad(r, deck_line(r, "defects.dead"), "defects", "%g of all cells are broken", broken);
	if (d->wires.half_select > 0.0f && !d->wires.passive)
		return BAD(r, "wires.half_select",
			   "only cells without selector are half-selected; wires.passive is not true");
	return 0;
}

int deck_check(struct reader *r)
{
	struct deck *d = r->deck;
	int ret = check_name(r);

	d->drift.given = d->drift.nu_mean.given || d->drift.shift.given || d->drift.decay_s > 0.0f;
	d->read.pink_relative = line_of(r, "read.pink_relative");
	ret = ret ? ret : check_conductances(r);
	ret = ret ? ret : check_targets(r);
	ret = ret ? ret : check_pulses(r);
	ret = ret ? ret : check_times(r);
	ret = ret ? ret : check_rest(r);
	ret = ret ? ret : check_curves(r);
	return ret ? ret : check_iv(r);
}
