/* SPDX-License-Identifier: MIT */
/*
 * Injected faults of a card. inject_add() and inject_clear() are called between jobs, see machine_pause().
 */
#ifndef NMC_CARD_INJECT_H
#define NMC_CARD_INJECT_H

#include "card/core/machine.h"

/* Whether the card can have the fault: 0, or -EINVAL with the reason. */
int inject_check(const struct card *card, const struct card_device_fault *f, char *error, size_t bytes);

/* Adds a checked fault: 0, or -ENOSPC with the reason. */
int inject_add(struct card *card, const struct card_device_fault *f, char *error, size_t bytes);

void inject_clear(struct card *card);

#endif
