/* SPDX-License-Identifier: MIT */
/*
 * Health of a plan's tiles: what full reads find, and how it goes on.
 */
#ifndef NMC_HEALTH_H
#define NMC_HEALTH_H

#include "libnmc/compile/plan.h"

/**
 * struct health - one block after a full read; squares in conductance LSB
 * @age_ns: card time since its programming, 0 before the first read
 * @cells: sound cells by target, for the law's bins
 * @square: of these, products of the deviations of both reads
 * @sound: how many they are
 * @broken: cells that no ageing explains
 * @broken_square: products of their deviations
 * @most: largest deviation of the mean of both reads
 */
struct health {
	uint64_t age_ns;
	uint32_t cells[LAW_BINS];
	double square;
	uint64_t sound;
	uint64_t broken;
	double broken_square;
	double most;
};

/* Forgets what was measured. */
void health_free(struct nmc_plan *p);

/* The law of a class of a device; and the temperature of the card, degree Celsius. */
int health_law(struct nmc_device *device, const struct nmc_class_info *class, struct law **law, double *celsius);

#endif
