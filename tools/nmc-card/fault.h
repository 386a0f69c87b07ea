/* SPDX-License-Identifier: MIT */
/*
 * Faults of cells, columns and tiles as words.
 */
#ifndef NMC_FAULT_H
#define NMC_FAULT_H

#include "card/card.h"

/* @words is cut up. 0, -ENOENT if the first word is no fault of cells, columns or tiles, -EINVAL with a text. */
int fault_parse(char *words, struct card_device_fault *f, char *error, size_t bytes);

/* The words that stand for a fault. */
void fault_text(const struct card_device_fault *f, char *text, size_t bytes);

#endif
