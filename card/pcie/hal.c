// SPDX-License-Identifier: MIT
/*
 * What the software card answers to firmware/hal.h. Called with the management lock held.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "card/core/tiles.h"
#include "card/pcie/mgmt_priv.h"

int hal_dma_read(struct hal *hal, uint64_t addr, void *buf, size_t bytes)
{
	const struct card_dma *dma = hal->m->dma;

	return dma && !dma->read(dma->ctx, addr, buf, bytes) ? 0 : -1;
}

int hal_dma_write(struct hal *hal, uint64_t addr, const void *buf, size_t bytes)
{
	const struct card_dma *dma = hal->m->dma;

	return dma && !dma->write(dma->ctx, addr, buf, bytes) ? 0 : -1;
}

void hal_admin_complete(struct hal *hal, const struct nmc_cqe *cqe)
{
	if (hal->m->attached)
		hal->m->door.admin_complete(hal->m->door.ctx, cqe);
}

/* A host that has not enabled the card did not ask for interrupts. */
void hal_health_changed(struct hal *hal)
{
	if (hal->m->attached && hal->m->host)
		hal->m->door.health(hal->m->door.ctx);
}

uint64_t hal_uptime_ms(struct hal *hal)
{
	return (wall_now() - hal->m->card->start_ns) / 1000000;
}

void hal_heartbeat(struct hal *hal, uint64_t beat)
{
	struct mgmt *m = hal->m;

	m->beat = beat;
	if (m->attached)
		m->door.heartbeat(m->door.ctx, beat + m->waited_beats);
}

void hal_identify(struct hal *hal, struct nmc_identify *id)
{
	const struct card *card = hal->m->card;

	id->serial = card->options.serial;
	id->hw_version = NMC_VERSION_MAJOR << 16 | NMC_VERSION_MINOR;
	id->isa_version = NMC_ISA_MAJOR << 16 | NMC_ISA_MINOR;
	id->groups = CARD_GROUPS;
	id->sram_bytes = JOB_SRAM_BYTES;
	id->tiles = card->tile_count;
	id->classes = card->class_count;
	id->queues = card->options.queues;
	id->engines = card->options.engines;
	id->max_slots = NMC_MAX_SLOTS;
	id->max_sets = NMC_MAX_SETS;
	id->seed = card->options.seed;
	snprintf(id->name, sizeof(id->name), "NMC software card");
}

unsigned int hal_classes(struct hal *hal)
{
	return hal->m->card->class_count;
}

void hal_class(struct hal *hal, unsigned int index, struct nmc_tile_class *tile_class, uint32_t *first_tile)
{
	const struct card_class *c = &hal->m->card->classes[index];

	*tile_class = c->described;
	*first_tile = c->first;
}

void hal_set_map(struct hal *hal, uint32_t set, uint32_t generation, const uint32_t *tiles, uint32_t count)
{
	set_map(hal->m->card, set, generation, tiles, count);
}

bool hal_set_unmap(struct hal *hal, uint32_t set)
{
	return set_unmap(hal->m->card, set);
}

void hal_set_time(struct hal *hal, uint32_t set, uint64_t *ns, uint32_t *frac)
{
	struct clock now = set_time(hal->m->card, set);

	*ns = now.ns;
	*frac = now.frac;
}

void hal_context_map(struct hal *hal, uint32_t context, const struct nmc_set_ref *sets, uint32_t count)
{
	context_map(hal->m->card, context, sets, count);
}

bool hal_context_unmap(struct hal *hal, uint32_t context)
{
	return context_unmap(hal->m->card, context);
}

void hal_erase_start(struct hal *hal, uint32_t tile)
{
	(void)tile;
	hal->m->erases++;
}

/* Erases while the turn lasts; the tiles that are left, and one for which the machine lacks memory, stay busy until the next. */
enum hal_erase hal_erase_poll(struct hal *hal, uint32_t tile)
{
	struct mgmt *m = hal->m;
	int ret;

	if (wall_now() > m->turn_end_ns)
		return HAL_ERASE_BUSY;
	ret = tiles_erase(m->card, tile);
	if (ret == -ENOMEM)
		return HAL_ERASE_BUSY;
	m->erases--;
	return ret ? HAL_ERASE_FAILED : HAL_ERASE_DONE;
}

void hal_tile_log(struct hal *hal, uint32_t tile, struct nmc_tile_log *log)
{
	struct card *card = hal->m->card;
	struct card_tile *t = &card->tiles[tile];

	pthread_mutex_lock(&card->tile_lock);
	*log = t->log;
	pthread_mutex_unlock(&card->tile_lock);
	log->products = __atomic_load_n(&t->products, __ATOMIC_RELAXED);
}

void hal_scrub(struct hal *hal, uint32_t ppm)
{
	__atomic_store_n(&hal->m->card->scrub_ppm, ppm, __ATOMIC_RELAXED);
}

bool hal_scrubbed(struct hal *hal, uint32_t *tile)
{
	return tiles_next_scrubbed(hal->m->card, tile);
}

bool hal_tile_incomplete(struct hal *hal, uint32_t tile)
{
	return __atomic_load_n(&hal->m->card->tiles[tile].incomplete, __ATOMIC_RELAXED);
}

static uint64_t total(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void hal_health(struct hal *hal, struct nmc_health_log *log)
{
	const struct card_totals *t = &hal->m->card->totals;

	log->temperature_mc = (uint32_t)(int32_t)((card_kelvin(hal->m->card) - 273.15f) * 1000.0f);
	log->energy_fj = total(&t->energy_fj);
	log->modelled_busy_ns = total(&t->modelled_ns);
	log->wall_busy_ns = total(&t->wall_ns);
	log->jobs = total(&t->jobs);
	log->faults = total(&t->faults);
	log->macs = total(&t->macs);
	log->conversions = total(&t->conversions);
	log->clips = total(&t->clips);
	log->pulses = total(&t->pulses);
	log->array_ns = total(&t->array_ns);
	log->scrub_ns = total(&t->scrub_ns);
	log->scrub_rows = total(&t->scrub_rows);
}

bool hal_queue_log(struct hal *hal, unsigned int queue, struct nmc_queue_log *log)
{
	return hal->m->attached && hal->m->door.queue_log(hal->m->door.ctx, queue, log);
}

unsigned int hal_queue_create(struct hal *hal, unsigned int queue, const struct nmc_queue_config *config)
{
	return hal->m->door.queue_create(hal->m->door.ctx, queue, config);
}

unsigned int hal_queue_delete(struct hal *hal, unsigned int queue)
{
	return hal->m->door.queue_delete(hal->m->door.ctx, queue);
}

unsigned int hal_queue_stop(struct hal *hal, unsigned int queue, bool drain, struct nmc_stop_report *report)
{
	return hal->m->door.queue_stop(hal->m->door.ctx, queue, drain, report);
}

unsigned int hal_queue_start(struct hal *hal, unsigned int queue)
{
	return hal->m->door.queue_start(hal->m->door.ctx, queue);
}
