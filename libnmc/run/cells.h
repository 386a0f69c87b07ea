/* SPDX-License-Identifier: MIT */
/*
 * Cells of single blocks: reading them, writing some of them. Called in the caller's turn (runner_begin()).
 */
#ifndef NMC_CELLS_H
#define NMC_CELLS_H

#include "libnmc/compile/plan.h"
#include "libnmc/run/emit.h"

#define CELLS_READS	4	/* reads that a look at a cell averages */

/* Conductance codes of a block's cells, the mean of %CELLS_READS reads: b->rows x physical columns. */
int cells_read(struct nmc_plan *p, const struct block *b, float *mean);

/* Programs @n regions of a block to its targets; what it took is added to @sum, see program_add(). */
int cells_write(struct nmc_plan *p, struct block *b, const struct region *region, unsigned int n,
		struct nmc_program_report *sum, double *square);

/* The same for all cells of a block. */
int cells_write_all(struct nmc_plan *p, struct block *b, struct nmc_program_report *sum, double *square);

/* Writes of a tile that the card can remember apart; a block was written as a whole, which leaves at most half of them. */
unsigned int cells_most_writes(const struct nmc_plan *p);
void cells_rewritten(const struct nmc_plan *p, struct block *b);

/*
 * Makes the pairs of part @part want what is missing of their weights after the parts before, as read. Targets follow.
 * Does nothing where parts do not make up for one another.
 */
int devices_correct(struct nmc_plan *p, unsigned int part);

/* Adds the card's report of one region to @sum, its squared error to @square; completes means when all are added. */
void program_add(struct nmc_program_report *sum, const struct nmc_isa_report *r, double *square);
void program_complete(struct nmc_program_report *sum, double square, uint64_t start);

/* A pass over a block begins, the first one of a call or another; the card's report of one region of it. */
void written_begin(const struct nmc_plan *p, struct block *b);
void written_add(struct block *b, const struct nmc_isa_report *r);

#endif
