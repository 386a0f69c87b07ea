/* SPDX-License-Identifier: MIT */
/*
 * Background scrub: at the end of a job rows of its tile sets are read, within a budget that grows with the time that the
 * arrays spent in jobs. It moves no clock and takes no draw of any other purpose: results do not depend on it.
 */
#ifndef NMC_CARD_SCRUB_H
#define NMC_CARD_SCRUB_H

#include "card/core/machine.h"

/* The arrays of a set whose lock is held worked for @ns. */
void scrub_allow(struct card *card, struct set_scrub *s, uint64_t ns);

/* The set, whose lock is held, is at the end of a job: reads some rows if the budget allows. */
void scrub_set(struct card *card, struct card_set *s);

/* What was read is no longer true. */
void scrub_forget(struct tile_sums *s);

/* Fills in what the log says of the deviation; false if too little has been read: then it stays what it was. */
bool scrub_report(const struct tile_sums *s, struct nmc_tile_log *log);

#endif
