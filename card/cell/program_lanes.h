/* SPDX-License-Identifier: MIT */
/*
 * Cells of a row that still need pulses, side by side: what manufacture and wear made of them, where they must get to, and
 * which of them are left. Part of program.c, which is built for several instruction sets.
 */
#ifndef NMC_CARD_PROGRAM_LANES_H
#define NMC_CARD_PROGRAM_LANES_H

#include "card/cell/cell.h"
#include "card/cell/lane.h"
#include "card/cell/normal.h"
#include "card/cell/pack.h"
#include "card/cell/program_report.h"
#include "card/cell/wear.h"

#define LANES	(CELL_LANES + NORMAL_LANES)	/* odd in lines of the cache, over all of which fields lie spread */
#define ROUNDS	(NORMAL_WORDS / 2)	/* pulses that one Philox counter serves: response and verify read of each */
#define DRAWS	12			/* bits of a draw's number above PHILOX_DRAW_SHIFT; what is beyond goes below it */
#define CELL_BITS 18			/* of the number of a cell */
#define FARTHEST	4.4f		/* more than any deviate of 16 bits is */

_Static_assert(NMC_ISA_MAX_ROWS * CELL_LANES <= 1 << CELL_BITS, "the number of a cell and that of a draw meet");
_Static_assert(65536 / ROUNDS <= 1 << (DRAWS + PHILOX_DRAW_SHIFT - CELL_BITS), "more pulses than draws");

/* Cells of the row that still need pulses, side by side; see struct deck_pulse for what the constants mean. */
struct lanes {
	unsigned int n;
	unsigned int next_write;	/* which of @write the next pulse takes */
	_Alignas(64) uint32_t at[LANES];	/* index in the row */
	float g[LANES];			/* state */
	float shown[LANES];		/* what write noise makes of it */
	float read[LANES];
	float low[LANES];
	float high[LANES];
	float bottom[LANES];		/* bounds of the device, microsiemens */
	float top[LANES];
	float up[LANES];		/* response of the device to its first pulse */
	float down[LANES];
	float gamma_up[LANES];
	float gamma_down[LANES];
	float mean[LANES];		/* change by the next pulse */
	float grow[LANES];		/* growth^step */
	float energy[LANES];		/* femtojoule */
	int32_t step[LANES];
	int32_t reversals[LANES];
	int32_t pulses[LANES];
	int32_t net[LANES];		/* SET less RESET pulses */
	int32_t seen[LANES];		/* the same of the row, up to the last of the cell */
	int32_t set[LANES];		/* masks, all ones or 0: SET is next, else RESET */
	int32_t busy[LANES];		/* neither accepted nor given up */
	int32_t sound[LANES];		/* not broken */
	int32_t many[ROUNDS][LANES];	/* pulses of each round, those of RESET negative */
	float z[NORMAL_WORDS][LANES];
	float write[NORMAL_WORDS][LANES];	/* deviates of write noise: one draw for two of pulses */
	uint32_t chance[LANES];		/* of counting pulses, by index in the row */
};

#define LANE_FIELDS(X) \
	X(at) X(g) X(low) X(high) X(bottom) X(top) X(up) X(down) X(gamma_up) X(gamma_down) X(grow) X(energy) X(step) \
	X(reversals) X(pulses) X(net) X(seen) X(set) X(sound)

/* Deviates of all lanes, of a row that begins with cell @first. */
PACK_INLINE void draw(const struct lanes *l, const struct philox_stream *s, uint32_t first, uint32_t number, float *z)
{
	uint32_t which = first + (number << PHILOX_DRAW_SHIFT | number >> DRAWS << CELL_BITS);
	unsigned int i;

	for (i = 0; i < l->n; i += NORMAL_LANES)
		normal_draw(s, l->at + i, which, z + i, LANES);
}

/* Microsiemens a unit of weight, 0 where the model has no weights. */
static inline float per_weight(const struct deck *d)
{
	float range = d->pulse.weight_max - d->pulse.weight_min;

	return range > 0.0f ? (d->gmax - d->gmin) / range : 0.0f;
}

/* What manufacture gave to each device of a filament. Uses the deviates of PURPOSE_DEVICE in l->z. */
static void filament_constants(struct lanes *l, const struct deck *d)
{
	const float device = d->pulse.device, up = d->pulse.up.step, down = d->pulse.down.step, top = 1.25f * d->gmax;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		float gain = at_least(1.0f + device * l->z[0][i], 0.3f);

		l->up[i] = up * gain;
		l->down[i] = down * gain;
		l->bottom[i] = 0.0f;
		l->top[i] = top;
		l->gamma_up[i] = 0.0f;
		l->gamma_down[i] = 0.0f;
	}
}

/* The same of models with weights. */
static void weight_constants(struct lanes *l, const struct deck *d)
{
	const struct deck_pulse p = d->pulse;
	const float middle = p.weight_max > 0.0f && p.weight_min < 0.0f ? 0.0f : p.weight_min, weight = per_weight(d);
	const float gmin = d->gmin, gmax = d->gmax, zero = gmin + (middle - p.weight_min) * weight;
	const float u = p.up_down, more = u < 0.0f ? u : 0.0f, less = u > 0.0f ? -u : 0.0f;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		float gain = at_least(1.0f + p.device * l->z[0][i], 0.0f), r = p.up_down_device * l->z[1][i];
		float above = at_least(1.0f + p.up.bound_device * l->z[2][i], 0.0f);
		float below = at_least(1.0f + p.down.bound_device * l->z[3][i], 0.0f);

		l->up[i] = __builtin_fabsf(more + gain + r) * p.weight_step * weight;
		l->down[i] = __builtin_fabsf(less + gain - r) * p.weight_step * weight;
		l->bottom[i] = at_least(zero - (zero - gmin) * below, 0.0f);
		l->top[i] = at_least(clamp(zero + (gmax - zero) * above, 0.0f, 1.25f * gmax), l->bottom[i]);
		l->gamma_up[i] = p.up.gamma + p.up.gamma_device * l->z[4][i];
		l->gamma_down[i] = p.down.gamma + p.down.gamma_device * l->z[5][i];
	}
}

/* Two states: where they are differs from device to device. */
static void switching_constants(struct lanes *l, const struct deck *d)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		l->bottom[i] = at_least(d->gmin * (1.0f + d->pulse.device * l->z[0][i]), 0.0f);
		l->top[i] = clamp(d->gmax * (1.0f + d->pulse.device * l->z[1][i]), 0.0f, 1.25f * d->gmax);
	}
}

/* Pulses that the most worn cell of the row has seen. */
static float most_worn(const struct lanes *l, const struct cell_program *p)
{
	uint8_t most = 0;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		uint8_t code = p->wear[l->at[i]];

		most = code > most ? code : most;
	}
	return (float)wear_pulses(most);
}

/* Wear narrows the window of a device past its lifetime from above. Uses deviate 7 of PURPOSE_DEVICE. */
static void wear_out(struct lanes *l, const struct cell_program *p)
{
	const struct deck_endurance *e = &p->tech->deck.endurance;
	const float pulses = e->pulses, sigma = e->sigma, gmin = p->tech->deck.gmin;
	unsigned int i;

	if (pulses <= 0.0f || most_worn(l, p) <= pulses * exp_poly(-sigma * FARTHEST))
		return;
	for (i = 0; i < l->n; i++) {
		float seen = (float)wear_pulses(p->wear[l->at[i]]), life = pulses * exp_poly(sigma * l->z[7][i]), window;

		if (seen <= life || p->defect[l->at[i]])
			continue;
		window = exp_poly(-e->slope * log_poly(seen / life));
		l->top[i] = at_least(gmin + (l->top[i] - gmin) * window, l->bottom[i]);
		if (window < e->dead_at)
			p->defect[l->at[i]] = CELL_WORN;
	}
}

/* Chances in counting the pulses of the cells up to the last that is written. */
static void draw_chances(struct lanes *l, const struct cell_program *p)
{
	const unsigned int end = l->n ? l->at[l->n - 1] + 1 : 0;
	unsigned int i;

	for (i = 0; i < end; i += NORMAL_LANES)
		normal_first(&p->count, normal_lane, p->cell + i, l->chance + i);
}

/* Where the last pack of lanes ends. Lanes beyond the last one go through the rounds with it, idle. */
static inline unsigned int lanes_end(const struct lanes *l)
{
	return (l->n + PACK - 1) / PACK * PACK;
}

static void lanes_begin(struct lanes *l)
{
	const unsigned int end = lanes_end(l);
	unsigned int i;

	for (i = 0; i < end; i++) {
		l->shown[i] = l->g[i];
		l->read[i] = l->g[i];
		l->set[i] = -(l->g[i] <= l->high[i]);
		l->step[i] = 0;
		l->grow[i] = 1.0f;
		l->energy[i] = 0.0f;
		l->reversals[i] = 0;
		l->pulses[i] = 0;
		l->net[i] = 0;
		l->seen[i] = 0;
		l->busy[i] = -((l->g[i] < l->low[i]) | (l->g[i] > l->high[i]));
	}
	for (i = l->n; i < end; i++)
		l->busy[i] = 0;
}

static void lanes_open(struct lanes *l, const struct row_end *e, const struct cell_program *p)
{
	const struct deck *d = &p->tech->deck;
	unsigned int i;

	l->n = p->n;
	for (i = 0; i < p->n; i++)
		l->at[i] = i;
	for (i = 0; p->index && i < p->n; i++)
		l->at[i] = p->index[i];
	for (i = 0; i < p->n; i++)
		l->g[i] = p->g[l->at[i]];
	for (i = p->n; i % NORMAL_LANES; i++) {
#define X(field) l->field[i] = 0;
		LANE_FIELDS(X)
#undef X
	}
	memcpy(l->low, e->low, p->n * sizeof(*l->low));
	memcpy(l->high, e->high, p->n * sizeof(*l->high));
	draw_chances(l, p);
	draw(l, &p->device, p->cell, 0, l->z[0]);
	if (d->pulse.model == DECK_FILAMENT)
		filament_constants(l, d);
	else
		weight_constants(l, d);
	if (d->pulse.model == DECK_SWITCHING)
		switching_constants(l, d);
	wear_out(l, p);
	for (i = 0; i < p->n; i++) {
		int32_t sound = -!p->defect[l->at[i]];

		l->sound[i] = sound;
		l->up[i] = choose(sound, l->up[i], 0.0f);
		l->down[i] = choose(sound, l->down[i], 0.0f);
		l->bottom[i] = choose(sound, l->bottom[i], l->g[i]);
		l->top[i] = choose(sound, l->top[i], l->g[i]);
	}
}

/*
 * Keeps the lanes of the masks @keep, in order. What is written beyond them in a pack was read before, and the next pack writes
 * over it.
 */
static void lanes_keep(struct lanes *l, const int32_t *keep)
{
	unsigned int i, k, kept = 0;

	for (i = 0; i < l->n; i += PACK) {
		const uint32_t bits = pack_bits(pack_load_int(keep + i));
		const pack_order order = pack_order_of(bits);

#define X(field) pack_put(l->field + kept, l->field + i, order);
		LANE_FIELDS(X)
#undef X
		for (k = l->next_write; k && k < NORMAL_WORDS; k++)	/* those that wait for the next rounds */
			pack_put(l->write[k] + kept, l->write[k] + i, order);
		kept += (unsigned int)__builtin_popcount(bits);
	}
	l->n = kept;
}

static unsigned int lanes_busy(const struct lanes *l)
{
	unsigned int i, busy = 0;

	for (i = 0; i < l->n; i += PACK)
		busy += (unsigned int)__builtin_popcount(pack_bits(pack_load_int(l->busy + i)));
	return busy;
}

#endif
