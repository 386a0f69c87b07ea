/* SPDX-License-Identifier: MIT */
/*
 * The integers that perfect cells give, computed on the host.
 */
#ifndef NMC_REFERENCE_H
#define NMC_REFERENCE_H

#include "libnmc/compile/plan.h"

/*
 * One layer on @count vectors of input codes: to the next layer's codes, or, for the last layer, to @raw. Return: 0 or
 * -ENOMEM.
 */
int reference_layer(const struct nmc_plan *p, unsigned int layer, const int8_t *codes, size_t count, int8_t *next,
		    int32_t *raw);

/*
 * Codes of a block's outputs for the layer's probes, as planned: @p->probes rows of b->cols. Of weights whose parts make up for
 * one another, those of the cells as the others know them.
 */
void reference_readout(const struct nmc_plan *p, const struct block *b, int32_t *out);

/* Largest magnitude of each output's exact sum in a block. */
void reference_largest(const struct nmc_plan *p, const struct block *b, const int8_t *codes, size_t count,
		       uint32_t *most);

#endif
