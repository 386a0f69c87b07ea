// SPDX-License-Identifier: MIT
/*
 * Decks of the card in software, for those who make one or want to see what one does.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "card/card.h"
#include "libnmc/error.h"
#include "libnmc/sized.h"
#include "nmc.h"

/* struct nmc_deck is the card's own. */
static struct card_deck *card_of(struct nmc_deck *deck)
{
	return (struct card_deck *)deck;
}

static const struct card_deck *card_of_const(const struct nmc_deck *deck)
{
	return (const struct card_deck *)deck;
}

int nmc_deck_load(const char *name, struct nmc_deck **deck)
{
	struct card_deck *made;
	char error[512];
	int ret = card_deck_load(name, &made, error, sizeof(error));

	if (ret)
		return fail(ret, "%s", error);
	*deck = (struct nmc_deck *)made;
	return 0;
}

int nmc_deck_parse(const void *text, size_t bytes, const char *file, struct nmc_deck **deck)
{
	struct card_deck *made;
	char error[512];
	int ret = card_deck_parse(text, bytes, file, &made, error, sizeof(error));

	if (ret)
		return fail(ret, "%s", error);
	*deck = (struct nmc_deck *)made;
	return 0;
}

void nmc_deck_destroy(struct nmc_deck *deck)
{
	card_deck_destroy(card_of(deck));
}

const char *nmc_deck_shipped(unsigned int index)
{
	return card_deck_shipped(index, NULL);
}

const char *nmc_deck_text(const char *name)
{
	const char *text, *shipped;
	unsigned int i;

	for (i = 0; (shipped = card_deck_shipped(i, &text)); i++)
		if (!strcmp(shipped, name))
			return text;
	fail(-ENOENT, "%.64s: no such deck is shipped", name);
	return NULL;
}

#define COPY(field) snprintf(full.field, sizeof(full.field), "%s", card.field)

int nmc_deck_key(unsigned int index, struct nmc_deck_key *key)
{
	struct nmc_deck_key full = { .size = sizeof(full) };
	struct card_deck_key card;

	if (!card_deck_key(index, &card))
		return fail(-ENOENT, "decks have no key %u", index);
	COPY(path);
	COPY(kind);
	COPY(unit);
	COPY(units);
	COPY(choices);
	COPY(models);
	COPY(needed);
	COPY(meaning);
	full.required = card.required;
	full.low = card.low;
	full.high = card.high;
	full.standard = card.standard;
	return give(key, &full, sizeof(full), "struct nmc_deck_key");
}

int nmc_deck_value(const struct nmc_deck *deck, const char *path, char *text, size_t bytes)
{
	int ret = card_deck_value(card_of_const(deck), path, text, bytes);

	switch (ret) {
	case -ENOENT:
		return fail(ret, "%.64s: the deck means the same without it", path);
	case -EINVAL:
		return fail(ret, "%.64s: no such key", path);
	case -ENOSPC:
		return fail(ret, "%.64s: %zu bytes are too few for its value", path, bytes);
	default:
		return ret ? fail_memory() : 0;
	}
}

int nmc_deck_info(const struct nmc_deck *deck, struct nmc_deck_info *info)
{
	struct nmc_deck_info full = { .size = sizeof(full) };
	struct card_deck_info card;

	card_deck_info(card_of_const(deck), &card);
	COPY(name);
	COPY(title);
	COPY(source);
	COPY(technology);
	COPY(response);
	COPY(ageing);
	full.levels = card.levels;
	full.leaks = card.leaks;
	full.max_pulses = card.max_pulses;
	full.gmin_us = card.gmin;
	full.gmax_us = card.gmax;
	full.target_low_us = card.target_low;
	full.target_high_us = card.target_high;
	full.set_volt = card.set_volt;
	full.reset_volt = card.reset_volt;
	full.set_ns = card.set_ns;
	full.reset_ns = card.reset_ns;
	full.read_volt = card.read_volt;
	full.endurance = card.endurance;
	full.activation_ev = card.activation_ev;
	full.drift_t0_s = card.drift_t0_s;
	return give(info, &full, sizeof(full), "struct nmc_deck_info");
}

static int take_rig(struct card_rig *to, const struct nmc_deck_rig *from)
{
	struct nmc_deck_rig rig = NMC_DECK_RIG_INIT;
	int ret = take(&rig, from, sizeof(rig), "struct nmc_deck_rig");

	if (ret)
		return ret;
	if (!rig.cells || rig.cells > CARD_RIG_CELLS)
		return fail(-EINVAL, "%u cells; a rig has 1 to %d", rig.cells, CARD_RIG_CELLS);
	*to = (struct card_rig){ .cells = rig.cells, .seed = rig.seed, .tile = rig.tile, .noisy = rig.noisy,
				  .sound = rig.sound };
	return 0;
}

int nmc_deck_program(const struct nmc_deck *deck, const struct nmc_deck_rig *rig, float target_us, const double *age_s,
		     unsigned int ages, float *g_us, struct nmc_deck_report *report)
{
	struct nmc_deck_report full = { .size = sizeof(full) };
	struct card_rig_report took;
	struct card_rig cells;
	int ret = take_rig(&cells, rig);

	if (ret)
		return ret;
	ret = card_deck_program(card_of_const(deck), &cells, target_us, age_s, ages, g_us, &took);
	if (ret == -EINVAL)
		return fail(ret, "a target is 0 to gmax, ages ascend up to %g s", CARD_RIG_AGE);
	if (ret || !report)
		return ret ? fail_memory() : 0;
	full.target_us = took.target;
	full.converged = took.converged;
	full.mean_pulses = took.mean_pulses;
	full.max_pulses = took.max_pulses;
	full.residual_us = took.residual;
	full.row_ns = took.row_ns;
	full.cell_fj = took.cell_fj;
	return give(report, &full, sizeof(full), "struct nmc_deck_report");
}

int nmc_deck_pulses(const struct nmc_deck *deck, const struct nmc_deck_rig *rig,
		    struct nmc_deck_staircase *staircase, float *g_us)
{
	struct nmc_deck_staircase full = NMC_DECK_STAIRCASE_INIT;
	struct card_staircase s;
	struct card_rig cells;
	int ret = take_rig(&cells, rig);

	if (!ret)
		ret = take(&full, staircase, sizeof(full), "struct nmc_deck_staircase");
	if (ret)
		return ret;
	s = (struct card_staircase){ .start = full.start_us, .points = full.points, .set = full.set, .reset = full.reset };
	ret = card_deck_pulses(card_of_const(deck), &cells, &s, g_us);
	if (ret == -ENOTSUP)
		return fail(ret, "the cells of this deck take their target exactly; they know no pulses");
	if (ret == -EINVAL)
		return fail(ret, "a staircase begins at 0 to 1.25 gmax and has 1 to %d pulses in each direction",
			    CARD_RIG_PULSES);
	if (ret)
		return fail_memory();
	full.set_fj = s.set_fj;
	full.reset_fj = s.reset_fj;
	return give(staircase, &full, sizeof(full), "struct nmc_deck_staircase");
}

float nmc_deck_read_noise(const struct nmc_deck *deck, float g_us, double age_s)
{
	return card_deck_noise(card_of_const(deck), g_us, age_s);
}

double nmc_deck_current(const struct nmc_deck *deck, float g_us, double volt)
{
	return card_deck_current(card_of_const(deck), g_us, volt);
}
