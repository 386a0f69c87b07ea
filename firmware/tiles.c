// SPDX-License-Identifier: MIT
/*
 * Physical tiles: who owns them, their states, asynchronous erase with verification and retirement.
 */
#include "firmware/fw.h"

/* The lowest free tiles first, so that the same commands always lead to the same tiles. */
bool fw_tiles_take(struct fw *fw, unsigned int class, unsigned int count, unsigned int set, bool persistent)
{
	struct fw_class *c = &fw->classes[class];
	uint32_t t;

	if (c->free < count)
		return false;
	c->free -= count;
	for (t = c->first; count; t++) {
		struct fw_tile *tile = &fw->tiles[t];

		if (tile->state != NMC_TILE_FREE)
			continue;
		tile->state = persistent ? NMC_TILE_PERSISTENT : NMC_TILE_OWNED;
		tile->set = set;
		count--;
	}
	return true;
}

uint32_t fw_tiles_list(struct fw *fw, unsigned int set)
{
	const struct fw_class *c = &fw->classes[fw->sets[set].class];
	uint32_t t, n = 0;

	for (t = c->first; t < c->first + c->tiles; t++) {
		if (fw->tiles[t].set == set)
			fw->list[n++] = t;
	}
	return n;
}

uint32_t fw_tiles_incomplete(struct fw *fw, unsigned int set)
{
	const struct fw_class *c = &fw->classes[fw->sets[set].class];
	uint32_t t, n = 0;

	for (t = c->first; t < c->first + c->tiles; t++)
		n += fw->tiles[t].set == set && hal_tile_incomplete(fw->hal, t);
	return n;
}

void fw_tiles_erase(struct fw *fw, unsigned int set)
{
	const struct fw_class *c = &fw->classes[fw->sets[set].class];
	uint32_t t;

	for (t = c->first; t < c->first + c->tiles; t++) {
		struct fw_tile *tile = &fw->tiles[t];

		if (tile->set != set)
			continue;
		tile->state = NMC_TILE_ERASING;
		tile->erase = FW_ERASE_WAITING;
		tile->set = FW_NO_SET;
		fw->watched[t / 8] &= ~(1u << t % 8);
		fw->erasing++;
	}
}

unsigned int fw_tile_state(struct fw *fw, uint32_t tile)
{
	unsigned int state = fw->tiles[tile].state;

	if ((state == NMC_TILE_OWNED || state == NMC_TILE_PERSISTENT) && hal_tile_incomplete(fw->hal, tile))
		return NMC_TILE_INCOMPLETE;
	return state;
}

static void end_erase(struct fw *fw, uint32_t t, bool clean)
{
	struct fw_tile *tile = &fw->tiles[t];
	struct fw_class *c = &fw->classes[tile->class];

	fw->erasing--;
	if (clean) {
		tile->state = NMC_TILE_FREE;
		c->free++;
		return;
	}
	tile->state = NMC_TILE_RETIRED;
	c->retired++;
	fw_event_add(fw, NMC_EVENT_TILE_RETIRED, t, 0);
}

static void poll_erase(struct fw *fw, uint32_t t)
{
	struct fw_tile *tile = &fw->tiles[t];
	enum hal_erase state;

	if (tile->erase == FW_ERASE_WAITING) {
		hal_erase_start(fw->hal, t);
		tile->erase = FW_ERASE_STARTED;
		return;
	}
	state = hal_erase_poll(fw->hal, t);
	if (state != HAL_ERASE_BUSY)
		end_erase(fw, t, state == HAL_ERASE_DONE);
}

/* True for the first look at a tile that is @over a threshold; @told has one bit a tile. */
static bool is_news(uint8_t *told, uint32_t t, bool over)
{
	uint8_t bit = 1u << t % 8;
	bool news = over && !(told[t / 8] & bit);

	if (over)
		told[t / 8] |= bit;
	else
		told[t / 8] &= ~bit;
	return news;
}

/* A tile is reported once until it is written again or back below the threshold. */
static void look_at_deviation(struct fw *fw, uint32_t t, const struct nmc_tile_log *log)
{
	bool over = log->deviation_ppm != UINT32_MAX && log->deviation_ppm > fw->features[NMC_FEATURE_DEVIATION_PPM];

	if (fw->tiles[t].set != FW_NO_SET && is_news(fw->watched, t, over))
		fw_event_add(fw, NMC_EVENT_TILE_DEVIATION, t, log->deviation_ppm);
}

/*
 * Wear stays: a tile is reported once, whoever owns it, and again with another threshold. What would push out another event waits
 * for a later look.
 */
static void look_at_wear(struct fw *fw, uint32_t t, const struct nmc_tile_log *log)
{
	uint64_t endurance = fw->classes[fw->tiles[t].class].endurance, ppm = fw->features[NMC_FEATURE_WEAR_PPM];
	bool over = endurance && ppm && log->wear_max > endurance / 1000000 * ppm + endurance % 1000000 * ppm / 1000000;

	if (fw->event_tail - fw->event_head < FW_EVENTS && is_news(fw->worn, t, over))
		fw_event_add(fw, NMC_EVENT_TILE_WEAR, t, log->wear_max);
}

static void look_at(struct fw *fw, uint32_t t)
{
	struct nmc_tile_log log = { .deviation_ppm = UINT32_MAX };

	if (t >= fw->tile_count)
		return;
	hal_tile_log(fw->hal, t, &log);
	look_at_deviation(fw, t, &log);
	look_at_wear(fw, t, &log);
}

void fw_tiles_watch(struct fw *fw)
{
	uint32_t t;

	for (t = 0; t < fw->tile_count; t++)
		look_at(fw, t);
}

void fw_tiles_poll(struct fw *fw)
{
	uint32_t t, n;

	for (t = 0; fw->erasing && t < fw->tile_count; t++) {
		if (fw->tiles[t].state == NMC_TILE_ERASING)
			poll_erase(fw, t);
	}
	for (n = 0; n < fw->tile_count && hal_scrubbed(fw->hal, &t); n++)
		look_at(fw, t);
}
