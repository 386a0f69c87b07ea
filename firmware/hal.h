/* SPDX-License-Identifier: MIT */
/*
 * What the management firmware asks of its platform: on silicon a handful of memory-mapped blocks, on the
 * software card functions of card/pcie/. The firmware has no other dependency: no heap, no libc beyond
 * memcpy and friends, all state in struct fw.
 */
#ifndef NMC_FIRMWARE_HAL_H
#define NMC_FIRMWARE_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hw/nmc_regs.h"

struct hal;
struct fw;

/* ---- firmware entry points, called by the platform ---- */

/* Bytes of struct fw; the platform provides the memory (static on the management CPU). */
size_t fw_bytes(void);

/* Starts the firmware: finds classes and tiles through the hal, all tiles FREE. */
void fw_init(struct fw *fw, struct hal *hal);

/* A host enabled the card with this epoch: volatile tile sets of another epoch are erased, contexts are forgotten. */
void fw_host_enable(struct fw *fw, uint64_t epoch, uint64_t host_time_ns);

/* The host disabled the card or was reset: contexts and queues are gone. Tile sets stay. */
void fw_host_disable(struct fw *fw);

/*
 * Carries out one admin command. Fills @cqe (status, result). Returns false when the command stays
 * outstanding (NMC_ADMIN_EVENT) and is answered later through hal_admin_complete().
 */
bool fw_admin(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);

/* One turn of background work: heartbeat, erases, pending events. Called at least every 50 ms of wall time. */
void fw_poll(struct fw *fw);

/* A job ended: error log, counters. Called by the platform after each job that did not end with OK. */
void fw_job_failed(struct fw *fw, unsigned int queue, uint32_t context, const struct nmc_cqe *cqe);

/* Takes the oldest event for a door without an admin queue; false if none. */
bool fw_event(struct fw *fw, struct nmc_event_record *event);

/*
 * The directory as it outlives the power. fw_state_save() writes at most fw_state_bytes() bytes, to 8-byte aligned memory, and
 * returns how many; what it wrote is loaded only if fw_state_valid() and, with the same alignment, while nobody uses the card:
 * fw_state_busy() answers for contexts and, where there is a @host that may know them, for attached sets.
 */
size_t fw_state_bytes(const struct fw *fw);
size_t fw_state_save(const struct fw *fw, void *to);
bool fw_state_valid(const struct fw *fw, const void *from, size_t bytes);
bool fw_state_busy(const struct fw *fw, bool host);
void fw_state_load(struct fw *fw, const void *from);

/* ---- platform services, called by the firmware ---- */

/* Host memory; 0 or -1 if it did not answer. */
int hal_dma_read(struct hal *hal, uint64_t addr, void *buf, size_t bytes);
int hal_dma_write(struct hal *hal, uint64_t addr, const void *buf, size_t bytes);

/* Answers an outstanding admin command (its cookie is in @cqe). */
void hal_admin_complete(struct hal *hal, const struct nmc_cqe *cqe);

/* Health changed, an event says how: the interrupt of health and errors, for a host that listens to it. */
void hal_health_changed(struct hal *hal);

/* Wall time since power-on, milliseconds. */
uint64_t hal_uptime_ms(struct hal *hal);

/* The heartbeat register. */
void hal_heartbeat(struct hal *hal, uint64_t beat);

/* What is soldered on: identity (without firmware's text), classes (without free and retired), first tile of a class. */
void hal_identify(struct hal *hal, struct nmc_identify *identify);
unsigned int hal_classes(struct hal *hal);
void hal_class(struct hal *hal, unsigned int index, struct nmc_tile_class *tile_class, uint32_t *first_tile);

/*
 * Translation tables of the sequencer. hal_set_map() installs virtual -> physical for (set, generation);
 * hal_set_unmap() returns false while a job holds the set. hal_context_map() lists the sets a context may name
 * (count 0 is an empty context); hal_context_unmap() returns false while a job of it executes.
 */
void hal_set_map(struct hal *hal, uint32_t set, uint32_t generation, const uint32_t *tiles, uint32_t count);
bool hal_set_unmap(struct hal *hal, uint32_t set);
void hal_set_time(struct hal *hal, uint32_t set, uint64_t *ns, uint32_t *frac);
void hal_context_map(struct hal *hal, uint32_t context, const struct nmc_set_ref *sets, uint32_t count);
bool hal_context_unmap(struct hal *hal, uint32_t context);

/* Erase of one physical tile: start, then poll. */
enum hal_erase { HAL_ERASE_BUSY, HAL_ERASE_DONE, HAL_ERASE_FAILED };
void hal_erase_start(struct hal *hal, uint32_t tile);
enum hal_erase hal_erase_poll(struct hal *hal, uint32_t tile);

/* Measurements: fields that the hardware knows; the firmware fills in the rest. */
void hal_tile_log(struct hal *hal, uint32_t tile, struct nmc_tile_log *log);
bool hal_tile_incomplete(struct hal *hal, uint32_t tile);

/*
 * The scrub engine: reads reference rows of tile sets in use between their jobs, for at most @ppm parts per million of the
 * modelled time that their arrays spend in jobs; 0 stops it. Off at power-on. hal_scrubbed() gives the tiles one by one
 * whose measured deviation may have changed since they were given last; false when there is none.
 */
void hal_scrub(struct hal *hal, uint32_t ppm);
bool hal_scrubbed(struct hal *hal, uint32_t *tile);
void hal_health(struct hal *hal, struct nmc_health_log *log);
bool hal_queue_log(struct hal *hal, unsigned int queue, struct nmc_queue_log *log);

/* I/O queues; the answers are enum nmc_status. A door without queues answers NMC_STATUS_OPCODE. */
unsigned int hal_queue_create(struct hal *hal, unsigned int queue, const struct nmc_queue_config *config);
unsigned int hal_queue_delete(struct hal *hal, unsigned int queue);
unsigned int hal_queue_stop(struct hal *hal, unsigned int queue, bool drain, struct nmc_stop_report *report);
unsigned int hal_queue_start(struct hal *hal, unsigned int queue);

#endif
