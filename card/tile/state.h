/* SPDX-License-Identifier: MIT */
/*
 * A tile as bytes of a state file.
 */
#ifndef NMC_CARD_TILE_STATE_H
#define NMC_CARD_TILE_STATE_H

#include "card/tile/store.h"
#include "card/tile/tile.h"

/* Adds everything that a tile does not find out anew: cells, writes, defects, events, time. */
void tile_save(const struct tile *t, struct store *s);

/**
 * tile_load() - a tile as it was saved
 * @class: its kind
 * @seed: seed of the card
 * @physical: number of the tile
 * @f: what tile_save() wrote, and nothing more
 * @tile: out: to be given to tile_destroy()
 *
 * Return: 0, -EBADMSG (that is no tile of this kind), -ENOMEM.
 */
int tile_load(const struct tile_class *class, uint64_t seed, uint32_t physical, struct fetch *f, struct tile **tile);

#endif
