// SPDX-License-Identifier: MIT
/*
 * The directory as it outlives the power: persistent sets, who owns which tile, which are retired. Sets of a host that lost
 * its power with the card are not in it: their tiles are to be erased.
 */
#include "firmware/fw.h"

#define STATE_VERSION	1

/* Beginning of a saved directory; sets and tiles follow. */
struct state_head {
	uint32_t version;
	uint32_t sets;
	uint32_t tiles;
	uint32_t reserved;
};

/* A persistent set. */
struct state_set {
	uint64_t epoch;
	uint64_t domain;
	uint32_t index;
	uint32_t generation;
	uint16_t tiles;
	uint8_t class;
	uint8_t reserved[5];
	uint8_t uuid[16];
	char label[32];
	uint8_t owner[32];
};

/* A tile by its number. */
struct state_tile {
	uint8_t state;
	uint8_t reserved;
	uint16_t set;
};

_Static_assert(sizeof(struct state_set) == 112 && sizeof(struct state_tile) == 4, "no padding");

static bool kept(const struct fw_set *s)
{
	return s->persistent && (s->state == FW_SET_ATTACHED || s->state == FW_SET_DETACHED);
}

size_t fw_state_bytes(const struct fw *fw)
{
	return sizeof(struct state_head) + NMC_MAX_TILESETS * sizeof(struct state_set) +
	       fw->tile_count * sizeof(struct state_tile);
}

static void save_set(const struct fw_set *s, uint32_t index, struct state_set *to)
{
	FW_ZERO(to, sizeof(*to));
	to->epoch = s->epoch;
	to->domain = s->domain;
	to->index = index;
	to->generation = s->generation;
	to->tiles = s->tiles;
	to->class = s->class;
	FW_COPY(to->uuid, s->uuid, sizeof(to->uuid));
	FW_COPY(to->label, s->label, sizeof(to->label));
	FW_COPY(to->owner, s->owner, sizeof(to->owner));
}

size_t fw_state_save(const struct fw *fw, void *to)
{
	struct state_head *head = to;
	struct state_set *set = (void *)(head + 1);
	struct state_tile *tile;
	uint32_t i;

	*head = (struct state_head){ .version = STATE_VERSION, .tiles = fw->tile_count };
	for (i = 0; i < NMC_MAX_TILESETS; i++)
		if (kept(&fw->sets[i]))
			save_set(&fw->sets[i], i, &set[head->sets++]);
	tile = (void *)(set + head->sets);
	for (i = 0; i < fw->tile_count; i++) {
		const struct fw_tile *t = &fw->tiles[i];
		bool lost = t->set != FW_NO_SET && !kept(&fw->sets[t->set]);

		tile[i] = (struct state_tile){ .state = lost ? NMC_TILE_ERASING : t->state, .set = lost ? FW_NO_SET : t->set };
	}
	return (size_t)((uint8_t *)(tile + fw->tile_count) - (uint8_t *)to);
}

/* Tiles of the directory @at that belong to @set and are of its class. */
static uint32_t owned(const struct fw *fw, const struct state_tile *tile, const struct state_set *set)
{
	uint32_t i, n = 0;

	for (i = 0; i < fw->tile_count; i++)
		n += tile[i].set == set->index && tile[i].state == NMC_TILE_PERSISTENT && fw->tiles[i].class == set->class;
	return n;
}

static bool sets_valid(const struct fw *fw, const struct state_head *head, const struct state_set *set,
		       const struct state_tile *tile, uint32_t *tiles)
{
	static const uint8_t none[16];
	uint32_t i, k;

	for (i = 0, *tiles = 0; i < head->sets; i++) {
		if (set[i].index >= NMC_MAX_TILESETS || (i && set[i].index <= set[i - 1].index) || !set[i].generation ||
		    set[i].class >= fw->class_count || !set[i].tiles || FW_SAME(set[i].uuid, none, sizeof(none)) ||
		    owned(fw, tile, &set[i]) != set[i].tiles)
			return false;
		for (k = 0; k < i; k++)
			if (FW_SAME(set[i].uuid, set[k].uuid, sizeof(none)))
				return false;
		*tiles += set[i].tiles;
	}
	return true;
}

bool fw_state_valid(const struct fw *fw, const void *from, size_t bytes)
{
	const struct state_head *head = from;
	const struct state_set *set = (const void *)(head + 1);
	const struct state_tile *tile;
	uint32_t i, tiles, persistent = 0;

	if (bytes < sizeof(*head) || head->version != STATE_VERSION || head->reserved || head->sets > NMC_MAX_TILESETS ||
	    head->tiles != fw->tile_count ||
	    bytes != sizeof(*head) + head->sets * sizeof(*set) + head->tiles * sizeof(*tile))
		return false;
	tile = (const void *)(set + head->sets);
	for (i = 0; i < head->tiles; i++) {
		bool is = tile[i].state == NMC_TILE_PERSISTENT;

		if (tile[i].reserved || is != (tile[i].set != FW_NO_SET) ||
		    (!is && tile[i].state != NMC_TILE_FREE && tile[i].state != NMC_TILE_ERASING &&
		     tile[i].state != NMC_TILE_RETIRED))
			return false;
		persistent += is;
	}
	return sets_valid(fw, head, set, tile, &tiles) && tiles == persistent;
}

bool fw_state_busy(const struct fw *fw, bool host)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_CONTEXTS; i++)
		if (fw->contexts[i].id)
			return true;
	for (i = 0; i < NMC_MAX_TILESETS; i++)
		if (fw->sets[i].state == FW_SET_DYING || (host && fw->sets[i].state == FW_SET_ATTACHED))
			return true;
	return false;
}

static void load_set(struct fw *fw, const struct state_set *from)
{
	struct fw_set *s = &fw->sets[from->index];

	s->state = FW_SET_DETACHED;
	s->persistent = true;
	s->epoch = from->epoch;
	s->domain = from->domain;
	s->generation = from->generation;
	s->tiles = from->tiles;
	s->class = from->class;
	FW_COPY(s->uuid, from->uuid, sizeof(s->uuid));
	FW_COPY(s->label, from->label, sizeof(s->label));
	FW_COPY(s->owner, from->owner, sizeof(s->owner));
}

static void load_tile(struct fw *fw, uint32_t i, const struct state_tile *from)
{
	struct fw_tile *t = &fw->tiles[i];
	struct fw_class *c = &fw->classes[t->class];

	t->state = from->state;
	t->set = from->set;
	t->erase = FW_ERASE_WAITING;
	c->free += t->state == NMC_TILE_FREE;
	c->retired += t->state == NMC_TILE_RETIRED;
	fw->erasing += t->state == NMC_TILE_ERASING;
}

/* What is left of the sets before is unmapped first, as no job can hold it any more. */
static void forget(struct fw *fw)
{
	uint32_t i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		if (fw->sets[i].state != FW_SET_FREE)
			hal_set_unmap(fw->hal, i + 1);
		FW_ZERO(&fw->sets[i], sizeof(fw->sets[i]));
	}
	for (i = 0; i < fw->class_count; i++) {
		fw->classes[i].free = 0;
		fw->classes[i].retired = 0;
	}
	FW_ZERO(fw->watched, sizeof(fw->watched));
	FW_ZERO(fw->worn, sizeof(fw->worn));
	fw->erasing = 0;
}

void fw_state_load(struct fw *fw, const void *from)
{
	const struct state_head *head = from;
	const struct state_set *set = (const void *)(head + 1);
	const struct state_tile *tile = (const void *)(set + head->sets);
	uint32_t i;

	forget(fw);
	for (i = 0; i < head->sets; i++)
		load_set(fw, &set[i]);
	for (i = 0; i < head->tiles; i++)
		load_tile(fw, i, &tile[i]);
	for (i = 0; i < head->sets; i++) {
		uint32_t index = set[i].index;

		hal_set_map(fw->hal, index + 1, fw->sets[index].generation, fw->list, fw_tiles_list(fw, index));
	}
}
