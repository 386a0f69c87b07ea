// SPDX-License-Identifier: MIT
/*
 * Start, the host's coming and going, and the turn of background work.
 */
#include "firmware/fw.h"

size_t fw_bytes(void)
{
	return sizeof(struct fw);
}

static void find_tiles(struct fw *fw, unsigned int class)
{
	struct fw_class *c = &fw->classes[class];
	struct nmc_tile_class described;
	uint32_t t;

	FW_ZERO(&described, sizeof(described));
	hal_class(fw->hal, class, &described, &c->first);
	c->tiles = described.tiles;
	c->endurance = described.endurance;
	if (c->first > FW_TILES)
		c->first = FW_TILES;
	if (c->tiles > FW_TILES - c->first)
		c->tiles = FW_TILES - c->first;
	c->free = c->tiles;
	for (t = c->first; t < c->first + c->tiles; t++)
		fw->tiles[t] = (struct fw_tile){ .state = NMC_TILE_FREE, .class = class, .set = FW_NO_SET };
	if (c->first + c->tiles > fw->tile_count)
		fw->tile_count = c->first + c->tiles;
}

void fw_init(struct fw *fw, struct hal *hal)
{
	struct nmc_identify id;
	unsigned int i;

	FW_ZERO(fw, sizeof(*fw));
	FW_ZERO(&id, sizeof(id));
	fw->hal = hal;
	hal_identify(hal, &id);
	fw->queues = id.queues < NMC_MAX_QUEUES ? id.queues : NMC_MAX_QUEUES;
	fw->features[NMC_FEATURE_DEVIATION_PPM] = FW_DEVIATION_PPM;
	fw->features[NMC_FEATURE_SCRUB_PPM] = FW_SCRUB_PPM;
	fw->features[NMC_FEATURE_WEAR_PPM] = FW_WEAR_PPM;
	hal_scrub(hal, FW_SCRUB_PPM);
	fw->class_count = hal_classes(hal);
	if (fw->class_count > FW_CLASSES)
		fw->class_count = FW_CLASSES;
	for (i = 0; i < fw->class_count; i++)
		find_tiles(fw, i);
}

void fw_host_enable(struct fw *fw, uint64_t epoch, uint64_t host_time_ns)
{
	(void)host_time_ns;	/* nothing on this card ages while it has no power */
	fw_host_disable(fw);
	fw->epoch = epoch;
	fw_sets_host_enable(fw);
}

void fw_host_disable(struct fw *fw)
{
	fw->listening = false;
	fw_contexts_forget(fw);
}

void fw_poll(struct fw *fw)
{
	hal_heartbeat(fw->hal, ++fw->beat);
	fw_contexts_poll(fw);
	fw_sets_poll(fw);
	fw_tiles_poll(fw);
	fw_event_poll(fw);
}
