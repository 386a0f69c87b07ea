// SPDX-License-Identifier: MIT
/*
 * Networks that stay on their tiles. The name of the tile set is made of the network's name and of all that its cells are to
 * hold: a set that is found under it holds this network, as far as its programming came.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/cells.h"
#include "libnmc/run/persist.h"

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
	const uint8_t *at = data;

	while (bytes--)
		hash = (hash ^ *at++) * 0x100000001b3ull;
	return hash;
}

/* FNV-1a from two beginnings, in the form of a UUID of version 8 (RFC 9562). */
static void make_uuid(const struct nmc_plan *p, uint8_t *uuid)
{
	uint64_t half[2] = { 0xcbf29ce484222325ull, 0x9ae16a3b2f90404full };
	unsigned int h, i;

	for (h = 0; h < 2; h++) {
		half[h] = mix(half[h], p->persist, sizeof(p->persist));
		half[h] = mix(half[h], p->class.name, strnlen(p->class.name, sizeof(p->class.name)));
		for (i = 0; i < p->blocks; i++) {
			const struct block *b = &p->block[i];
			uint32_t shape[] = { b->tile, b->rows, block_width(p, b) };

			half[h] = mix(half[h], shape, sizeof(shape));
			half[h] = mix(half[h], b->target, block_cells(p, b) * sizeof(*b->target));
		}
	}
	memcpy(uuid, half, sizeof(half));
	uuid[6] = (uint8_t)(0x80 | (uuid[6] & 0x0f));
	uuid[8] = (uint8_t)(0x80 | (uuid[8] & 0x3f));
}

int persist_take(struct nmc_plan *p)
{
	uint8_t uuid[DEVICE_UUID];
	int ret;

	make_uuid(p, uuid);
	ret = nmc_tileset_open(p->device, uuid, &p->set);
	p->found = !ret;
	return ret == -ENOENT ? nmc_tileset_create_persistent(p->device, p->class.index, p->tiles, uuid, p->persist, &p->set) : ret;
}

/* Tiles of the set, ascending; the caller frees them. */
static int tiles_of(struct nmc_plan *p, struct nmc_tile_info **tiles)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	unsigned int mine = 0;
	int i, n, ret = nmc_device_info(p->device, &info);

	*tiles = NULL;
	if (ret)
		return ret;
	*tiles = calloc(info.tiles, sizeof(**tiles));
	n = *tiles ? nmc_device_tiles(p->device, 0, *tiles, info.tiles) : fail_memory();
	if (n < 0)
		return n;
	for (i = 0; i < n; i++)
		if ((*tiles)[i].mine == p->set->set)
			(*tiles)[mine++] = (*tiles)[i];
	return mine == p->tiles ? 0 : fail(-EPROTO, "the card shows %u tiles of a set of %u", mine, p->tiles);
}

int persist_look(struct nmc_plan *p, unsigned int *kept)
{
	struct nmc_tile_info *tiles;
	unsigned int i;
	int ret = tiles_of(p, &tiles);

	for (*kept = i = 0; !ret && i < p->blocks; i++) {
		const struct nmc_tile_info *t = &tiles[p->block[i].tile];

		/* Whether a tile has seen all of several passes is not known: they go over it again, and find most cells in their band. */
		p->block[i].kept = t->status == NMC_TILE_STATUS_PERSISTENT && t->programmed_ns && p->passes == 1;
		p->block[i].writes = cells_most_writes(p);	/* other processes may have written parts of it */
		if (!p->block[i].kept)
			continue;
		p->block[i].programmed_ns = t->programmed_ns;
		++*kept;
	}
	free(tiles);
	return ret;
}
