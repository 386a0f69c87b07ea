/* SPDX-License-Identifier: MIT */
/*
 * The card's tiles as the rest of core sees them: found by physical number, made when first used, with the
 * measurements that the firmware asks for.
 */
#ifndef NMC_CARD_TILES_H
#define NMC_CARD_TILES_H

#include "card/core/machine.h"

/* Describes a class to the host, without free and retired. */
void tiles_describe(const struct card_class *c, struct nmc_tile_class *out);

/* The class of a physical tile. */
const struct card_class *tiles_class(const struct card *card, uint32_t physical);

/* The cells of a physical tile, made if need be; NULL if memory lacks. The caller holds the lock of its set. */
struct tile *tiles_open(struct card *card, uint32_t physical);

/* Erases a tile that belongs to no set; false if it failed verification. */
bool tiles_erase(struct card *card, uint32_t physical);

/* Frees all cells. */
void tiles_free(struct card *card);

#endif
