// SPDX-License-Identifier: MIT
/*
 * Time and temperature of tile sets. A set has its card time; its cells feel that time faster where it is warmer than the
 * deck's reference (Arrhenius). Felt time is a function of card time since the last change of temperature, so that
 * advancing twice gives what advancing once gives.
 */
#include "card/cell/gauss.h"
#include "card/core/tiles.h"

#define RATE_SHIFT	20			/* rates count in 2^-20 */
#define RATE_ONE	(1ull << RATE_SHIFT)
#define RATE_MOST	(1ull << 40)
#define BOLTZMANN	8.617333e-5f		/* eV / K */

/* e^(E / k (1/T0 - 1/T)): how much faster things go at @kelvin. */
static uint64_t rate_at(const struct deck_thermal *t, float kelvin)
{
	float rate;

	if (t->activation_ev <= 0.0f || kelvin == t->reference_k)
		return RATE_ONE;
	rate = exp_poly(t->activation_ev / BOLTZMANN * (1.0f / t->reference_k - 1.0f / kelvin)) * (float)RATE_ONE;
	return rate < 1.0f ? 1 : rate > (float)RATE_MOST ? RATE_MOST : (uint64_t)rate;
}

static struct clock scaled(struct clock t, uint64_t rate)
{
	unsigned __int128 whole = (unsigned __int128)t.ns * rate;
	uint64_t part = (uint64_t)(((unsigned __int128)t.frac * rate) >> RATE_SHIFT);
	struct clock out = { .ns = UINT64_MAX, .frac = UINT32_MAX };

	if (whole >> (64 + RATE_SHIFT))
		return out;
	out = (struct clock){ .ns = (uint64_t)(whole >> RATE_SHIFT),
			      .frac = (uint32_t)(whole & (RATE_ONE - 1)) << (32 - RATE_SHIFT) };
	clock_add(&out, (struct clock){ .ns = part >> 32, .frac = (uint32_t)part });
	return out;
}

uint64_t time_felt(const struct deck_thermal *t, float kelvin, uint64_t ns)
{
	return scaled((struct clock){ .ns = ns }, rate_at(t, kelvin)).ns;
}

static struct clock since(struct clock now, struct clock then)
{
	struct clock d = { .ns = now.ns - then.ns, .frac = now.frac - then.frac };

	d.ns -= now.frac < then.frac;
	return d;
}

struct clock set_felt_at(const struct card_set *s, struct clock now)
{
	struct clock felt = s->felt;

	clock_add(&felt, scaled(since(now, s->changed), s->rate));
	return felt;
}

void set_warm(struct card *card, struct card_set *s, float kelvin)
{
	if (s->kelvin == kelvin || !s->count)
		return;
	s->felt = set_felt_at(s, s->aged);
	s->changed = s->aged;
	s->kelvin = kelvin;
	s->rate = rate_at(&tiles_class(card, s->tiles[0])->kind.tech->deck.thermal, kelvin);
}

void set_start_time(struct card_set *s)
{
	s->time = s->aged = s->changed = s->felt = (struct clock){ 0 };
	s->kelvin = 0.0f;
	s->rate = RATE_ONE;
	s->scrub = (struct set_scrub){ 0 };
}

struct tile *set_tile(struct card *card, struct card_set *s, uint32_t physical)
{
	struct tile *t = tiles_open(card, physical);

	if (!t)
		return NULL;
	tile_temperature(t, s->kelvin);
	tile_sample(t, set_felt_at(s, s->aged));
	return t;
}

void card_temperature(struct card *card, float kelvin)
{
	__atomic_store(&card->kelvin, &kelvin, __ATOMIC_RELAXED);
}

float card_kelvin(struct card *card)
{
	float kelvin;

	__atomic_load(&card->kelvin, &kelvin, __ATOMIC_RELAXED);
	return kelvin;
}

void card_age(struct card *card, uint64_t ns)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		struct card_set *s = &card->sets[i];

		pthread_mutex_lock(&s->lock);
		pthread_mutex_lock(&card->map_lock);
		if (s->generation) {
			set_warm(card, s, card_kelvin(card));
			clock_add(&s->time, (struct clock){ .ns = ns });
			s->aged = s->time;
		}
		pthread_mutex_unlock(&card->map_lock);
		pthread_mutex_unlock(&s->lock);
	}
}
