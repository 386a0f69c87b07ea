/* SPDX-License-Identifier: MIT */
/*
 * Rounds of program-and-verify: a pulse, or a train of them, for each busy lane, a verify read, and where the lane goes next.
 * Part of program.c, which is built for several instruction sets.
 */
#ifndef NMC_CARD_PROGRAM_RACE_H
#define NMC_CARD_PROGRAM_RACE_H

#include "card/cell/program_lanes.h"
#include "card/cell/response.h"

#define STEPS	32	/* longest ladder */
#define GROWN	1e9f	/* most that a ladder grows to */

/**
 * struct race - constants of all lanes
 * @r: of the response
 * @side: RESET and SET
 * @odds: of switching by side and step of the ladder, as a deviate to be exceeded
 * @noise: of a verify read, microsiemens
 * @written: of a write
 * @cycle: of the step from pulse to pulse
 * @additive: that spread is of the mean step of all
 * @last: step of the ladders
 * @reversals: most allowed
 * @limit: most pulses
 */
struct race {
	struct response r;
	struct side side[2];
	float odds[2][STEPS];
	float noise;
	float written;
	float cycle;
	bool additive;
	int32_t last;
	int32_t reversals;
	int32_t limit;
};

/* Mean change of conductance by the next pulse. */
PACK_INLINE pack_float lanes_mean(const struct lanes *l, size_t i, const struct race *c, enum deck_response model)
{
	const pack_int up = pack_load_int(l->set + i);
	pack_float scale = pack_choose(up, pack_load(l->up + i), pack_load(l->down + i));
	pack_float gamma = pack_choose(up, pack_load(l->gamma_up + i), pack_load(l->gamma_down + i));

	return mean_step(&c->r, model, c->side, up, pack_load(l->g + i), scale, gamma);
}

/* Change of conductance by @pulses pulses of one train, with the deviate @xi. */
PACK_INLINE pack_float lanes_change(const struct lanes *l, size_t i, const struct race *c, enum deck_response model,
				    pack_float mean, pack_float pulses, pack_float xi)
{
	pack_float spread;

	if (model == DECK_FILAMENT)
		return mean * pack_load(l->grow + i) * pack_at_least(1.0f + c->cycle * xi, pack_all(0.1f));
	spread = c->additive ? pack_all(c->r.step) : mean;
	return mean * pulses + spread * c->cycle * pack_root(pulses) * xi;
}

/* What a pulse makes of cells that switch or do not: those do whose deviate @xi exceeds the odds of their step. */
PACK_INLINE pack_float lanes_switch(const struct lanes *l, size_t i, const struct race *c, pack_int up, pack_float g, pack_float xi)
{
	float odds[PACK];
	unsigned int k;

	for (k = 0; k < PACK; k++)
		odds[k] = c->odds[-l->set[i + k]][l->step[i + k]];
	return pack_choose(xi > pack_load(odds), pack_choose(up, pack_load(l->top + i), pack_load(l->bottom + i)), g);
}

/*
 * One pulse, or one train of pulses, and a verify read of the busy ones of a pack of lanes from lane @i on; @written: deviates
 * of write noise. Returns the duration, nanoseconds.
 */
PACK_INLINE pack_float lanes_pulse(struct lanes *l, size_t i, const struct race *c, enum deck_response model, unsigned int k,
				   const float *written)
{
	const bool single = model == DECK_FILAMENT || model == DECK_SWITCHING;
	const pack_int up = pack_load_int(l->set + i), busy = pack_load_int(l->busy + i), done = pack_load_int(l->pulses + i);
	const pack_float g = pack_load(l->g + i), xi = pack_load(l->z[2 * k] + i), grow = pack_load(l->grow + i);
	const pack_float volt = SIDE(up, c->side, volt) + SIDE(up, c->side, volt_step) * pack_number(pack_load_int(l->step + i));
	pack_int pulses = busy & (single ? busy & 1 : pack_whole(pack_at_most(grow, pack_number(c->limit - done))));
	pack_int many = (pulses ^ ~up) - ~up;
	pack_float train = pack_number(pulses), time = train * SIDE(up, c->side, width), next, write;

	if (model == DECK_SWITCHING) {
		next = lanes_switch(l, i, c, up, g, xi);
	} else {
		next = lanes_change(l, i, c, model, pack_load(l->mean + i), train, xi);
		next = pack_clamp(g + pack_signed(up, next), pack_load(l->bottom + i), pack_load(l->top + i));
	}
	pack_store(l->energy + i, pack_load(l->energy + i) + volt * volt * g * time);
	pack_store(l->g + i, pack_choose(busy, next, g));
	pack_store_int(l->pulses + i, done + pulses);
	pack_store_int(l->net + i, pack_load_int(l->net + i) + many);
	pack_store_int(l->many[k] + i, many);
	if (model != DECK_SWITCHING) {	/* which has two states alone */
		write = (pack_float)((pack_int)(c->written * pack_load(written + i)) & pack_load_int(l->sound + i));
		next = pack_at_least(next + write, pack_all(0.0f));
	}
	pack_store(l->shown + i, pack_choose(busy, next, pack_load(l->shown + i)));
	next += c->noise * pack_load(l->z[2 * k + 1] + i);
	pack_store(l->read + i, pack_choose(busy, next, pack_load(l->read + i)));
	return time;
}

/* Where those lanes go next: the same ladder one step up, the other ladder from its start, or nowhere. */
PACK_INLINE void lanes_turn(struct lanes *l, size_t i, const struct race *c)
{
	const pack_int up = pack_load_int(l->set + i), busy = pack_load_int(l->busy + i), step = pack_load_int(l->step + i);
	const pack_float read = pack_load(l->read + i), grow = pack_load(l->grow + i);
	pack_int above = read > pack_load(l->high + i), below = read < pack_load(l->low + i);
	pack_int turn = busy & ((up & above) | (~up & below)), climb = busy & (step < c->last);
	pack_int reversals = pack_load_int(l->reversals + i) - turn;
	pack_float grown = pack_at_most(grow * SIDE(up, c->side, growth), pack_all(GROWN));

	pack_store_int(l->reversals + i, reversals);
	pack_store_int(l->set + i, up ^ turn);
	pack_store(l->grow + i, pack_choose(turn, pack_all(1.0f), pack_choose(climb, grown, grow)));
	pack_store_int(l->step + i, (step - climb) & ~turn);
	pack_store_int(l->busy + i, busy & (above | below) & (reversals <= c->reversals) &
				    (pack_load_int(l->pulses + i) < c->limit));
}

/*
 * Round @k of all lanes; returns the duration of the longest train, nanoseconds. In three loops: one with all constants and
 * steps is longer than what a processor looks ahead, so that each pack would wait for the one before.
 */
PACK_INLINE float lanes_race(struct lanes *l, const struct race *constants, enum deck_response model, unsigned int k)
{
	const struct race c = *constants;
	const float *written = l->write[l->next_write + k];
	pack_float most = pack_all(0.0f);
	float longest = 0.0f;
	size_t i;

	for (i = 0; model != DECK_SWITCHING && i < l->n; i += PACK)
		pack_store(l->mean + i, lanes_mean(l, i, &c, model));
	for (i = 0; i < l->n; i += PACK)
		most = pack_at_least(most, lanes_pulse(l, i, &c, model, k, written));
	for (i = 0; i < l->n; i += PACK)
		lanes_turn(l, i, &c);
	for (i = 0; i < PACK; i++)
		longest = at_least(longest, most[i]);
	return longest;
}

static float race_all(struct lanes *l, const struct race *c, enum deck_response model, unsigned int k)
{
	switch (model) {
	case DECK_FILAMENT:
		return lanes_race(l, c, DECK_FILAMENT, k);
	case DECK_LINEAR:
		return lanes_race(l, c, DECK_LINEAR, k);
	case DECK_SOFT_BOUNDS:
		return lanes_race(l, c, DECK_SOFT_BOUNDS, k);
	case DECK_EXPONENTIAL:
		return lanes_race(l, c, DECK_EXPONENTIAL, k);
	case DECK_SWITCHING:
		return lanes_race(l, c, DECK_SWITCHING, k);
	default:
		return lanes_race(l, c, DECK_CONSTANT, k);
	}
}

/* 1 / (1 + e^-((V - V0) / dV)) as the deviate that a draw must exceed: gauss() of the odds against. */
static void switch_odds(const struct deck_pulse *p, float odds[2][STEPS])
{
	unsigned int up, k;

	for (up = 0; up < 2; up++) {
		const struct deck_polarity *side = up ? &p->up : &p->down;

		for (k = 0; k < STEPS; k++) {
			float over = (side->volt + side->volt_step * (float)k - p->switch_volt) / p->switch_width;
			float against = 1.0f / (1.0f + exp_poly(clamp(over, -80.0f, 80.0f)));

			odds[up][k] = gauss((uint32_t)clamp(against * 4294967296.0f, 0.0f, 4294967040.0f));
		}
	}
}

static void race_open(struct race *c, const struct cell_program *p)
{
	const struct deck *d = &p->tech->deck;
	const float unit = per_weight(d);

	*c = (struct race){
		.r = {
			.per_top = 1.0f / (1.25f * d->gmax), .gmin = d->gmin, .exp_b = d->pulse.exp_b * LOG2_E,
			.weight = unit > 0.0f ? 1.0f / unit : 0.0f, .weight_min = d->pulse.weight_min,
			.z_factor = 2.0f * d->pulse.exp_a * unit / (d->gmax - d->gmin) * LOG2_E,
			.step = d->pulse.weight_step * unit,
		},
		.side = { side_of(&d->pulse.down, d->pulse.weight_min), side_of(&d->pulse.up, d->pulse.weight_max) },
		.noise = d->program.verify_noise,
		.cycle = d->pulse.cycle,
		.additive = d->pulse.cycle_additive,
		.last = (int32_t)d->pulse.ladder - 1,
		.reversals = (int32_t)d->program.max_reversals,
		.limit = (int32_t)d->program.max_pulses,
	};
	c->written = d->pulse.write_noise * c->r.step;
	if (p->max_pulses && p->max_pulses < d->program.max_pulses)
		c->limit = (int32_t)p->max_pulses;
	if (d->pulse.model == DECK_SWITCHING)
		switch_odds(&d->pulse, c->odds);
}

#endif
