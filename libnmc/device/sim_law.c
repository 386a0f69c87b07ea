// SPDX-License-Identifier: MIT
/*
 * How cells age: the law of a deck, or of a class of a card in this process.
 */
#include <errno.h>
#include <stdlib.h>
#include "libnmc/device/sim.h"
#include "libnmc/error.h"

_Static_assert(LAW_BINS == CARD_LAW_BINS, "one set of bins");

struct law {
	struct card_law *card;
};

static int give(int error, struct card_law *card, struct law **law)
{
	if (error)
		return error;
	*law = malloc(sizeof(**law));
	if (!*law) {
		card_law_close(card);
		return fail_memory();
	}
	(*law)->card = card;
	return 0;
}

int law_open(const char *name, struct law **law)
{
	struct card_law *card = NULL;
	char error[512] = "";
	int ret = card_law_open(name, &card, error, sizeof(error));

	if (ret == -ENOMEM)
		return fail_memory();
	return ret ? fail(ret, "%s", error) : give(ret, card, law);
}

uint64_t law_deck(const struct law *law)
{
	return card_law_deck(law->card);
}

int sim_law(struct device *d, unsigned int class_index, struct law **law)
{
	struct card_law *card = NULL;
	int ret = card_law_of(((struct sim *)d)->card, class_index, &card);

	if (ret)
		return ret == -ENOMEM ? fail_memory() : fail(ret, "the card has no tile class %u", class_index);
	return give(ret, card, law);
}

void law_close(struct law *law)
{
	if (!law)
		return;
	card_law_close(law->card);
	free(law);
}

void law_bins(struct law *law, double celsius, uint64_t now_ns, uint64_t then_ns, struct law_bin *bins)
{
	struct card_law_bin all[CARD_LAW_BINS];
	unsigned int i;

	card_law_bins(law->card, (float)(celsius + 273.15), now_ns, then_ns, all);
	for (i = 0; i < LAW_BINS; i++)
		bins[i] = (struct law_bin){
			.now = all[i].now, .then = all[i].then, .now_var = all[i].now_var, .then_var = all[i].then_var,
			.covar = all[i].covar, .slow = all[i].slow, .read = all[i].read,
		};
}
