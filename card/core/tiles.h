/* SPDX-License-Identifier: MIT */
/*
 * The card's tiles as the rest of the card sees them: found by physical number, made when first used, with the
 * measurements that the firmware asks for.
 */
#ifndef NMC_CARD_TILES_H
#define NMC_CARD_TILES_H

#include "card/core/machine.h"

/* Describes the next class, of the technology @name (see cell_tech_open()), its tiles following those that exist. */
int tiles_describe(struct card *card, struct card_class *class, const char *name, char *error, size_t error_bytes);

/* Every tile as it leaves the factory. */
void tiles_init(struct card *card);

/* The class of a physical tile. */
const struct card_class *tiles_class(const struct card *card, uint32_t physical);

/* The cells of a physical tile, made if need be; NULL if memory lacks. The caller holds the lock of its set. */
struct tile *tiles_open(struct card *card, uint32_t physical);

/* Makes a tile one of the card's. */
void tiles_fit(struct card *card, struct tile *tile);

/* An injected fault keeps the tile from answering. */
bool tiles_failed(const struct card *card, uint32_t physical);

/* Injected faults changed: every tile has to look at them again. */
void tiles_faults_changed(struct card *card);

/* Marks a tile whose programming began or ended; returns how it was marked before. */
bool tiles_incomplete(struct card *card, uint32_t physical, bool incomplete);

/* What an operation on @region did to a tile, for the log; @programmed: and when, NULL unless it was a programming. */
void tiles_record(struct card *card, uint32_t physical, const struct tile_region *region,
		  const struct nmc_isa_report *report, const struct clock *programmed);

/* Vectors were multiplied. */
void tiles_multiplied(struct card *card, uint32_t physical, uint64_t vectors);

/* What the scrub found out about a tile, at card time @now of its set. */
void tiles_scrubbed(struct card *card, uint32_t physical, uint64_t now_ns);

/* What the scrub measured is unknown again; under &card.tile_lock. */
void tiles_forget_deviation(struct card_tile *t);

/* Gives each tile with news from the scrub once; false when there is none. */
bool tiles_next_scrubbed(struct card *card, uint32_t *physical);

/* Erases a tile that belongs to no set. 0, -ENOMEM with the tile as it was, or -EIO if it failed verification. */
int tiles_erase(struct card *card, uint32_t physical);

/* Frees all cells. */
void tiles_free(struct card *card);

#endif
