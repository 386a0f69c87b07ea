// SPDX-License-Identifier: MIT
/*
 * Tile sets: the directory, persistent sets found again by uuid, and the rules of the host epoch.
 */
#include "firmware/fw.h"

static const uint8_t no_uuid[16];

/* Nothing is asked for that this firmware does not know. */
static bool understood(const struct nmc_tileset_config *c)
{
	return !(c->flags & ~NMC_TILESET_PERSISTENT) && !c->reserved0 && !c->reserved[0] && !c->reserved[1] &&
	       !c->reserved[2];
}

static unsigned int check_config(struct fw *fw, const struct nmc_tileset_config *c)
{
	bool persistent = c->flags & NMC_TILESET_PERSISTENT;

	if (!understood(c))
		return NMC_STATUS_FIELD;
	if (c->class >= fw->class_count)
		return NMC_STATUS_NOT_FOUND;
	if (!c->tiles || c->tiles > NMC_MAX_SET_TILES || persistent == FW_SAME(c->uuid, no_uuid, sizeof(no_uuid)))
		return NMC_STATUS_FIELD;
	return NMC_STATUS_OK;
}

static struct fw_set *find_uuid(struct fw *fw, const uint8_t *uuid)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		struct fw_set *s = &fw->sets[i];

		if ((s->state == FW_SET_ATTACHED || s->state == FW_SET_DETACHED) && s->persistent &&
		    FW_SAME(s->uuid, uuid, sizeof(s->uuid)))
			return s;
	}
	return NULL;
}

static struct fw_set *find_free(struct fw *fw)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		if (fw->sets[i].state == FW_SET_FREE)
			return &fw->sets[i];
	}
	return NULL;
}

/* A live set by id. */
static struct fw_set *find_id(struct fw *fw, uint32_t id)
{
	struct fw_set *s;

	if (!id || id > NMC_MAX_TILESETS)
		return NULL;
	s = &fw->sets[id - 1];
	return s->state == FW_SET_ATTACHED || s->state == FW_SET_DETACHED ? s : NULL;
}

/* Gives the set a new generation and shows it to the sequencer. */
static uint64_t attach(struct fw *fw, struct fw_set *s)
{
	uint32_t index = s - fw->sets;

	if (!++s->generation)
		s->generation = 1;
	s->state = FW_SET_ATTACHED;
	s->epoch = fw->epoch;
	hal_set_map(fw->hal, index + 1, s->generation, fw->list, fw_tiles_list(fw, index));
	return (uint64_t)s->generation << 32 | (index + 1);
}

static void fill_entry(struct fw_set *s, const struct nmc_tileset_config *c)
{
	s->domain = c->domain;
	s->tiles = c->tiles;
	s->contexts = 0;
	s->class = c->class;
	s->persistent = c->flags & NMC_TILESET_PERSISTENT;
	FW_COPY(s->uuid, c->uuid, sizeof(s->uuid));
	FW_COPY(s->label, c->label, sizeof(s->label));
	FW_COPY(s->owner, c->owner, sizeof(s->owner));
}

unsigned int fw_tileset_create(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct nmc_tileset_config config;
	unsigned int status = fw_fetch(fw, sqe, &config, sizeof(config));
	struct fw_set *s;

	if (!status)
		status = check_config(fw, &config);
	if (status)
		return status;
	if ((config.flags & NMC_TILESET_PERSISTENT) && find_uuid(fw, config.uuid))
		return NMC_STATUS_EXISTS;
	s = find_free(fw);
	if (!s)
		return NMC_STATUS_NO_SPACE;
	if (!fw_tiles_take(fw, config.class, config.tiles, s - fw->sets, config.flags & NMC_TILESET_PERSISTENT)) {
		cqe->result = fw->classes[config.class].free;
		return NMC_STATUS_NO_TILES;
	}
	fill_entry(s, &config);
	cqe->result = attach(fw, s);
	return NMC_STATUS_OK;
}

/* Erases the set's tiles and forgets it, or keeps it dying while a job holds it. */
static void destroy(struct fw *fw, struct fw_set *s)
{
	uint32_t index = s - fw->sets;

	s->state = FW_SET_DYING;
	if (!hal_set_unmap(fw->hal, index + 1))
		return;
	fw_tiles_erase(fw, index);
	s->state = FW_SET_FREE;
}

unsigned int fw_tileset_release(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct fw_set *s = find_id(fw, sqe->id);
	uint32_t index;

	(void)cqe;
	if (sqe->value > 1)
		return NMC_STATUS_FIELD;
	if (!s)
		return NMC_STATUS_NOT_FOUND;
	if (s->contexts)
		return NMC_STATUS_BUSY;
	if (s->persistent && !sqe->value) {
		s->state = FW_SET_DETACHED;
		return NMC_STATUS_OK;
	}
	index = s - fw->sets;
	if (!hal_set_unmap(fw->hal, index + 1))
		return NMC_STATUS_BUSY;
	fw_tiles_erase(fw, index);
	s->state = FW_SET_FREE;
	return NMC_STATUS_OK;
}

unsigned int fw_tileset_open(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct nmc_tileset_config c;
	struct nmc_tileset_info info;
	unsigned int status = fw_fetch(fw, sqe, &c, sizeof(c));
	struct fw_set *s;

	if (status)
		return status;
	if (!understood(&c) || FW_SAME(c.uuid, no_uuid, sizeof(no_uuid)))
		return NMC_STATUS_FIELD;
	s = find_uuid(fw, c.uuid);
	if (!s)
		return NMC_STATUS_NOT_FOUND;
	if (s->contexts)
		return NMC_STATUS_BUSY;
	fw_set_info(fw, s - fw->sets, &info);
	status = fw_answer(fw, sqe, &info.config, sizeof(info.config));
	if (!status)
		cqe->result = attach(fw, s);
	return status;
}

void fw_set_info(struct fw *fw, unsigned int index, struct nmc_tileset_info *info)
{
	const struct fw_set *s = &fw->sets[index];
	struct nmc_tileset_config *c = &info->config;
	uint64_t ns;
	uint32_t frac;

	FW_ZERO(info, sizeof(*info));
	info->id = index + 1;
	info->generation = s->generation;
	info->epoch = s->epoch;
	c->class = s->class;
	c->tiles = s->tiles;
	c->flags = s->persistent ? NMC_TILESET_PERSISTENT : 0;
	c->domain = s->domain;
	FW_COPY(c->uuid, s->uuid, sizeof(c->uuid));
	FW_COPY(c->label, s->label, sizeof(c->label));
	FW_COPY(c->owner, s->owner, sizeof(c->owner));
	hal_set_time(fw->hal, index + 1, &ns, &frac);
	info->time_ns = ns;
	info->time_frac = frac;
	info->incomplete = fw_tiles_incomplete(fw, index);
}

unsigned int fw_tileset_info(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct nmc_tileset_info info;
	struct fw_set *s = find_id(fw, sqe->id);

	(void)cqe;
	if (!s)
		return NMC_STATUS_NOT_FOUND;
	fw_set_info(fw, s - fw->sets, &info);
	return fw_answer(fw, sqe, &info, sizeof(info));
}

/* Contexts are gone: a set of another epoch has lost its owner. */
void fw_sets_host_enable(struct fw *fw)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		struct fw_set *s = &fw->sets[i];

		if (s->state != FW_SET_ATTACHED || s->epoch == fw->epoch)
			continue;
		if (s->persistent)
			s->state = FW_SET_DETACHED;
		else
			destroy(fw, s);
	}
}

void fw_sets_poll(struct fw *fw)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		if (fw->sets[i].state == FW_SET_DYING)
			destroy(fw, &fw->sets[i]);
	}
}
