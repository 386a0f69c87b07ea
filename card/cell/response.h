/* SPDX-License-Identifier: MIT */
/*
 * What a pulse does to a device: the response models of decks. Documentation/physics-cells.rst has the equations.
 */
#ifndef NMC_CARD_RESPONSE_H
#define NMC_CARD_RESPONSE_H

#include "card/cell/deck.h"
#include "card/cell/lane.h"

#define STEEPEST	1e9f	/* most that a model multiplies a step by, which stays a number */

/**
 * struct response - constants of a deck on the way to the lanes
 * @gmax: of the deck, microsiemens
 * @gmin: likewise
 * @weight: weight a microsiemens
 * @weight_min: weight at gmin
 * @z_factor: exponential: weight to z
 * @exp_b: and what is added
 * @step: mean step, microsiemens
 */
struct response {
	float gmax;
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
 * @bound: weight that the steps get shorter towards, 1 if there is none
 * @bounded: all ones if there is one
 * @amplitude: exponential
 */
struct side {
	float volt;
	float volt_step;
	float width;
	float bound;
	int32_t bounded;
	float amplitude;
};

static inline struct side side_of(const struct deck_polarity *p, float bound)
{
	return (struct side){ .volt = p->volt, .volt_step = p->volt_step, .width = p->width_ns, .amplitude = p->amplitude,
			      .bound = bound == 0.0f ? 1.0f : bound, .bounded = -(bound != 0.0f) };
}

/*
 * Mean change by one pulse at conductance @g, microsiemens, always positive: up where the mask @up is all ones. Without
 * branches, which would keep compilers from taking many lanes at once.
 */
static inline __attribute__((always_inline)) float mean_step(const struct response *r, enum deck_response model,
							     const struct side side[2], int32_t up, float g, float scale,
							     float gamma)
{
	const float bound = choose(up, side[1].bound, side[0].bound), w = r->weight_min + (g - r->gmin) * r->weight;
	const int32_t bounded = (up & side[1].bounded) | (~up & side[0].bounded);
	float z;

	switch (model) {
	case DECK_FILAMENT:
		return scale * choose(up, 1.0f - g * (1.0f / (1.25f * r->gmax)), g / (g + 1.0f));
	case DECK_LINEAR:
		z = 1.0f - choose(bounded, __builtin_fabsf(gamma) * w / bound, 0.0f);
		return scale * clamp(z, -STEEPEST, STEEPEST);
	case DECK_SOFT_BOUNDS:
		z = 1.0f - choose(bounded, w / bound, 0.0f);
		return scale * clamp(z, -STEEPEST, STEEPEST);
	case DECK_EXPONENTIAL:
		z = choose(up, gamma, -gamma) * (r->z_factor * w + r->exp_b);
		z = 1.0f - choose(up, side[1].amplitude, side[0].amplitude) * exp_poly(z);
		return scale * clamp(z, 0.0f, STEEPEST);
	default:
		return scale;
	}
}

#endif
