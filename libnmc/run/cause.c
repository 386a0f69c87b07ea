// SPDX-License-Identifier: MIT
/*
 * Causes of a loss: their names, and the flags of a product that leave them out.
 */
#include "isa/nmc_isa.h"
#include "libnmc/include/nmc.h"
#include "libnmc/run/stream.h"

static const struct {
	const char *name;
	uint32_t flag;
} causes[NMC_CAUSES] = {
	{ "read noise", NMC_MVM_NO_READ_NOISE },
	{ "wires", NMC_MVM_NO_WIRES },
	{ "spread", NMC_MVM_NO_SPREAD },
	{ "ageing", NMC_MVM_NO_AGEING },
	{ "defects", NMC_MVM_NO_DEFECTS },
	{ "temperature", NMC_MVM_NO_TEMPERATURE },
	{ "converters", NMC_MVM_NO_CONVERTER_ERROR },
	{ "I-V curve", NMC_MVM_NO_IV },
};

const char *nmc_cause_name(unsigned int cause)
{
	unsigned int i;

	for (i = 0; i < NMC_CAUSES; i++)
		if (cause == 1u << i)
			return causes[i].name;
	return NULL;
}

uint32_t cause_flags(uint32_t mask)
{
	uint32_t flags = 0;
	unsigned int i;

	for (i = 0; i < NMC_CAUSES; i++)
		flags |= mask & 1u << i ? causes[i].flag : 0;
	return flags;
}
