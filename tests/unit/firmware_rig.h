/* SPDX-License-Identifier: MIT */
/*
 * A platform for the firmware made for tests: two classes of eight tiles, host memory that is this process's, erases
 * that end when the test says so, and hands that can be told to refuse.
 */
#ifndef NMC_TEST_FIRMWARE_RIG_H
#define NMC_TEST_FIRMWARE_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "firmware/hal.h"

#define RIG_TILES	16
#define BAD_ADDR	0x1000	/* host memory that does not answer */

struct hal {
	struct fw *fw;
	uint64_t beat;
	uint64_t now_ms;
	enum hal_erase erase[RIG_TILES];	/* what a poll will answer */
	bool erasing[RIG_TILES];
	bool incomplete[RIG_TILES];
	uint32_t deviation_ppm[RIG_TILES];
	bool scrubbed[RIG_TILES];
	uint64_t wear_max[RIG_TILES];
	uint32_t scrub_ppm;
	uint32_t map[NMC_MAX_TILESETS + 1][RIG_TILES];
	uint32_t mapped[NMC_MAX_TILESETS + 1];	/* tiles, 0 if not mapped */
	uint32_t generation[NMC_MAX_TILESETS + 1];
	bool held;				/* a job holds everything */
	unsigned int contexts;
	struct nmc_cqe late;			/* last late answer */
	unsigned int late_count;
	unsigned int alarms;			/* changes of health told */
	unsigned int queue_calls;
};

int hal_dma_read(struct hal *hal, uint64_t addr, void *buf, size_t bytes)
{
	(void)hal;
	if (addr <= BAD_ADDR)
		return -1;
	memcpy(buf, (const void *)(uintptr_t)addr, bytes);
	return 0;
}

int hal_dma_write(struct hal *hal, uint64_t addr, const void *buf, size_t bytes)
{
	(void)hal;
	if (addr <= BAD_ADDR)
		return -1;
	memcpy((void *)(uintptr_t)addr, buf, bytes);
	return 0;
}

void hal_admin_complete(struct hal *hal, const struct nmc_cqe *cqe)
{
	hal->late = *cqe;
	hal->late_count++;
}

void hal_health_changed(struct hal *hal)
{
	hal->alarms++;
}

uint64_t hal_uptime_ms(struct hal *hal)
{
	return hal->now_ms;
}

void hal_heartbeat(struct hal *hal, uint64_t beat)
{
	hal->beat = beat;
}

void hal_identify(struct hal *hal, struct nmc_identify *id)
{
	(void)hal;
	id->serial = 77;
	id->tiles = RIG_TILES;
	id->classes = 2;
	id->queues = 4;
}

unsigned int hal_classes(struct hal *hal)
{
	(void)hal;
	return 2;
}

void hal_class(struct hal *hal, unsigned int index, struct nmc_tile_class *c, uint32_t *first_tile)
{
	(void)hal;
	strcpy(c->name, index ? "second" : "first");
	c->tiles = RIG_TILES / 2;
	c->endurance = index ? 0 : 5000000;
	*first_tile = index * RIG_TILES / 2;
}

void hal_set_map(struct hal *hal, uint32_t set, uint32_t generation, const uint32_t *tiles, uint32_t count)
{
	memcpy(hal->map[set], tiles, count * sizeof(*tiles));
	hal->mapped[set] = count;
	hal->generation[set] = generation;
}

bool hal_set_unmap(struct hal *hal, uint32_t set)
{
	if (!hal->held)
		hal->mapped[set] = 0;
	return !hal->held;
}

void hal_set_time(struct hal *hal, uint32_t set, uint64_t *ns, uint32_t *frac)
{
	(void)hal;
	*ns = 1000 * set;
	*frac = 5;
}

void hal_context_map(struct hal *hal, uint32_t context, const struct nmc_set_ref *sets, uint32_t count)
{
	(void)context;
	(void)sets;
	(void)count;
	hal->contexts++;
}

bool hal_context_unmap(struct hal *hal, uint32_t context)
{
	(void)context;
	if (!hal->held)
		hal->contexts--;
	return !hal->held;
}

void hal_erase_start(struct hal *hal, uint32_t tile)
{
	hal->erasing[tile] = true;
}

enum hal_erase hal_erase_poll(struct hal *hal, uint32_t tile)
{
	assert_true(hal->erasing[tile]);
	hal->erasing[tile] = hal->erase[tile] == HAL_ERASE_BUSY;
	return hal->erase[tile];
}

void hal_tile_log(struct hal *hal, uint32_t tile, struct nmc_tile_log *log)
{
	log->deviation_ppm = hal->deviation_ppm[tile];
	log->wear_max = hal->wear_max[tile];
	log->products = 100 + tile;
}

void hal_scrub(struct hal *hal, uint32_t ppm)
{
	hal->scrub_ppm = ppm;
}

bool hal_scrubbed(struct hal *hal, uint32_t *tile)
{
	for (*tile = 0; *tile < RIG_TILES; (*tile)++) {
		if (hal->scrubbed[*tile]) {
			hal->scrubbed[*tile] = false;
			return true;
		}
	}
	return false;
}

bool hal_tile_incomplete(struct hal *hal, uint32_t tile)
{
	return hal->incomplete[tile];
}

void hal_health(struct hal *hal, struct nmc_health_log *log)
{
	(void)hal;
	log->jobs = 42;
}

bool hal_queue_log(struct hal *hal, unsigned int queue, struct nmc_queue_log *log)
{
	(void)hal;
	log->jobs = queue;
	return queue < 2;
}

unsigned int hal_queue_create(struct hal *hal, unsigned int queue, const struct nmc_queue_config *config)
{
	(void)config;
	hal->queue_calls++;
	return queue == 4 ? NMC_STATUS_EXISTS : NMC_STATUS_OK;
}

unsigned int hal_queue_delete(struct hal *hal, unsigned int queue)
{
	(void)queue;
	hal->queue_calls++;
	return NMC_STATUS_OK;
}

unsigned int hal_queue_stop(struct hal *hal, unsigned int queue, bool drain, struct nmc_stop_report *report)
{
	hal->queue_calls++;
	report->head = queue;
	report->tail = drain;
	return NMC_STATUS_OK;
}

unsigned int hal_queue_start(struct hal *hal, unsigned int queue)
{
	(void)queue;
	hal->queue_calls++;
	return NMC_STATUS_OK;
}

static inline struct hal *rig_make(void)
{
	struct hal *hal = calloc(1, sizeof(*hal));
	unsigned int i;

	assert_non_null(hal);
	hal->fw = calloc(1, fw_bytes());
	assert_non_null(hal->fw);
	for (i = 0; i < RIG_TILES; i++) {
		hal->erase[i] = HAL_ERASE_DONE;
		hal->deviation_ppm[i] = UINT32_MAX;
	}
	fw_init(hal->fw, hal);
	return hal;
}

static inline void rig_free(struct hal *hal)
{
	free(hal->fw);
	free(hal);
}

static inline unsigned int rig_admin(struct hal *hal, struct nmc_sqe sqe, uint64_t *result)
{
	struct nmc_cqe cqe;

	sqe.cookie = 0x1234;
	assert_true(fw_admin(hal->fw, &sqe, &cqe));
	assert_int_equal(cqe.cookie, 0x1234);
	if (result)
		*result = cqe.result;
	return cqe.status;
}

/* A command with data. */
static inline unsigned int rig_data(struct hal *hal, unsigned int opcode, uint32_t id, void *data, uint32_t bytes,
				    uint64_t *result)
{
	return rig_admin(hal, (struct nmc_sqe){ .opcode = opcode, .id = id, .addr = (uintptr_t)data, .bytes = bytes },
			 result);
}

static inline unsigned int rig_create(struct hal *hal, struct nmc_tileset_config config, uint64_t *result)
{
	return rig_data(hal, NMC_ADMIN_TILESET_CREATE, 0, &config, sizeof(config), result);
}

static inline unsigned int rig_release(struct hal *hal, uint32_t set, uint64_t erase)
{
	return rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = set, .value = erase }, NULL);
}

static inline struct nmc_tile_class rig_class(struct hal *hal, uint32_t index)
{
	struct nmc_tile_class c;

	assert_int_equal(rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_CLASS, .index = index,
							  .addr = (uintptr_t)&c, .bytes = sizeof(c) }, NULL), 0);
	return c;
}

static inline unsigned int rig_log(struct hal *hal, uint32_t page, uint64_t offset, void *data, uint32_t bytes,
				   uint64_t *result)
{
	return rig_admin(hal, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .index = page, .offset = offset,
						.addr = (uintptr_t)data, .bytes = bytes }, result);
}

static inline unsigned int rig_tile_state(struct hal *hal, uint32_t tile)
{
	struct nmc_tile_log log;

	assert_int_equal(rig_log(hal, NMC_LOG_TILES, tile, &log, sizeof(log), NULL), NMC_STATUS_OK);
	return log.state;
}

#endif
