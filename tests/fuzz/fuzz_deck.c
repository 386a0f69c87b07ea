// SPDX-License-Identifier: MIT
/*
 * Fuzz target: any bytes as a deck. It is refused with a text, or everything in it is finite, in range and
 * consistent.
 */
#include <stdlib.h>
#include <string.h>
#include "card/cell/deck.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_curve(const struct deck *d, const struct deck_curve *c, float low)
{
	int i;

	for (i = 0; i <= 64; i++) {
		float value = deck_curve_at(c, d->gmin + (d->gmax - d->gmin) * ((float)i / 64.0f), d->gmax);

		CHECK(__builtin_isfinite(value) && value >= low);
	}
	CHECK(!__builtin_isnan(deck_curve_at(c, 0.0f, d->gmax)));
	CHECK(!__builtin_isnan(deck_curve_at(c, 1.25f * d->gmax, d->gmax)));
}

static void check_deck(const struct deck *d)
{
	uint32_t i;

	CHECK(d->version == 1 && *d->name && memchr(d->name, 0, sizeof(d->name)));
	CHECK(memchr(d->title, 0, sizeof(d->title)) && memchr(d->source, 0, sizeof(d->source)));
	CHECK(d->gmin >= 0.0f && d->gmin < d->gmax && d->gmax <= 1e6f);
	CHECK(d->spreads <= DECK_SPREADS && d->pulse.ladder <= 32 && d->pulse.model <= DECK_SWITCHING);
	for (i = 0; i < d->spreads; i++) {
		CHECK(d->spread[i].at_s > (i ? d->spread[i - 1].at_s : 0.0f));
		check_curve(d, &d->spread[i].sigma, 0.0f);
	}
	check_curve(d, &d->program.residual, 0.0f);
	check_curve(d, &d->drift.nu_mean, -1.0f);
	check_curve(d, &d->drift.nu_sigma, 0.0f);
	check_curve(d, &d->drift.shift, -1e6f);
	check_curve(d, &d->read.white, 0.0f);
	check_curve(d, &d->read.pink, 0.0f);
	check_curve(d, &d->iv.nl2, -1e9f);
	check_curve(d, &d->iv.nl3, -1e9f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[512] = "", *exact = malloc(size ? size : 1);
	struct deck deck;
	int ret;

	if (!exact)
		return 0;
	memcpy(exact, data, size);
	ret = deck_parse(exact, size, "fuzz", &deck, error, sizeof(error));
	free(exact);
	CHECK(ret <= 0);
	if (ret)
		CHECK(!strncmp(error, "fuzz:", 5) && error[5]);
	else
		check_deck(&deck);
	return 0;
}
