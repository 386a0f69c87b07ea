/* SPDX-License-Identifier: MIT */
/*
 * What a pulse does to a device: the response models of decks. Documentation/physics-cells.rst has the equations.
 */
#ifndef NMC_CARD_RESPONSE_H
#define NMC_CARD_RESPONSE_H

#include "card/cell/deck.h"
#include "card/cell/lane.h"
#include "card/cell/pack.h"

#define STEEPEST	1e9f	/* most that a model multiplies a step by, which stays a number */
#define PULL_MOST	1e30f	/* most of 1 by a bound, of which no weight makes anything but a number */

/**
 * struct response - constants of a deck on the way to the lanes
 * @per_top: filament: 1 / 1.25 gmax
 * @gmin: of the deck, microsiemens
 * @weight: weight a microsiemens
 * @weight_min: weight at gmin
 * @z_factor: exponential: weight to z, times log2 e
 * @exp_b: what is added, likewise
 * @step: mean step, microsiemens
 */
struct response {
	float per_top;
	float gmin;
	float weight;
	float weight_min;
	float z_factor;
	float exp_b;
	float step;
};

/**
 * struct side - one direction of a response on the way to the lanes
 * @volt: of the first pulse
 * @volt_step: by which the next ones are higher
 * @width: of a pulse, nanoseconds
 * @growth: of the trains of its ladder
 * @pull: 1 by the weight that the steps get shorter towards, 0 if there is none
 * @amplitude: exponential
 */
struct side {
	float volt;
	float volt_step;
	float width;
	float growth;
	float pull;
	float amplitude;
};

static inline struct side side_of(const struct deck_polarity *p, float bound)
{
	return (struct side){ .volt = p->volt, .volt_step = p->volt_step, .width = p->width_ns, .growth = p->growth,
			      .amplitude = p->amplitude,
			      .pull = bound == 0.0f ? 0.0f : clamp(1.0f / bound, -PULL_MOST, PULL_MOST) };
}

/* Of both directions, RESET and SET, the value in the one that @up says. */
#define SIDE(up, side, value)	pack_choose(up, pack_all((side)[1].value), pack_all((side)[0].value))

/* Mean change by one pulse at conductance @g, microsiemens, as it counts in its direction: up where the mask @up is all ones. */
PACK_INLINE pack_float mean_step(const struct response *r, enum deck_response model, const struct side side[2], pack_int up,
				 pack_float g, pack_float scale, pack_float gamma)
{
	const pack_float most = pack_all(STEEPEST), w = r->weight_min + (g - r->gmin) * r->weight;
	pack_float z;

	switch (model) {
	case DECK_FILAMENT:
		return scale * pack_choose(up, 1.0f - g * r->per_top, g / (g + 1.0f));
	case DECK_LINEAR:
		z = 1.0f - pack_size(gamma) * w * SIDE(up, side, pull);
		return scale * pack_clamp(z, -most, most);
	case DECK_SOFT_BOUNDS:
		z = 1.0f - w * SIDE(up, side, pull);
		return scale * pack_clamp(z, -most, most);
	case DECK_EXPONENTIAL:
		z = pack_signed(up, gamma) * (r->z_factor * w + r->exp_b);
		z = 1.0f - SIDE(up, side, amplitude) * pack_exp2(pack_clamp(z, pack_all(-126.0f), pack_all(127.0f)));
		return scale * pack_clamp(z, pack_all(0.0f), most);
	default:
		return scale;
	}
}

#endif
