// SPDX-License-Identifier: MIT
/*
 * The list of cell technologies, and the two that are perfect: integer memory and ideal conductances.
 */
#include <string.h>
#include "card/cell/cell.h"
#include "hw/nmc_regs.h"

static const struct cell_variable weight_state[] = {
	{ "weight", "", 2 },
};

static const struct cell_variable conductance_state[] = {
	{ "conductance", "gmax * 1.25 / 32767", 2 },
};

const struct cell_tech cell_digital = {
	.name = "digital",
	.technology = NMC_TECH_DIGITAL,
	.flags = NMC_CLASS_NONVOLATILE,
	.state = weight_state,
	.states = 1,
	.step_ns = 10,
};

const struct cell_tech cell_ideal = {
	.name = "ideal",
	.technology = NMC_TECH_IDEAL,
	.flags = NMC_CLASS_CONVERTERS | NMC_CLASS_DIFFERENTIAL | NMC_CLASS_NONVOLATILE,
	.gmax = 40.0f,
	.state = conductance_state,
	.states = 1,
	.step_ns = 1100,
};

static const struct cell_tech *best_rram(bool plain_c)
{
#if defined(__x86_64__)
	__builtin_cpu_init();
	if (!plain_c && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
	    __builtin_cpu_supports("avx512vl"))
		return &cell_rram_avx512;
	if (!plain_c && __builtin_cpu_supports("avx2"))
		return &cell_rram_avx2;
#endif
	return &cell_rram;
}

const struct cell_tech *cell_find(const char *name, size_t length, bool plain_c)
{
	const struct cell_tech *const all[] = { best_rram(plain_c), &cell_ideal, &cell_digital };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (strlen(all[i]->name) == length && !memcmp(all[i]->name, name, length))
			return all[i];
	return NULL;
}
