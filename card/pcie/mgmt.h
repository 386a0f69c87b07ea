/* SPDX-License-Identifier: MIT */
/*
 * The management processor's side of the software card: owns the firmware's state, runs it under one
 * lock and answers what firmware/hal.h asks, for the in-process door and for the PCIe endpoint alike.
 * The endpoint plugs its queues, registers and host memory in with mgmt_attach().
 */
#ifndef NMC_CARD_MGMT_H
#define NMC_CARD_MGMT_H

#include "card/card.h"

struct mgmt;

#define MGMT_QUEUE_NONE		0xffffu	/* job of the in-process door */
#define MGMT_POLL_MS		20	/* an attached endpoint calls mgmt_poll() at least this often */

/**
 * struct mgmt_door - what an endpoint offers to the firmware
 * @ctx: first argument of each hook
 * @dma: host memory, for the data of admin commands and of late answers; copied at mgmt_attach()
 * @queue_create: makes an I/O queue; answers enum nmc_status. @config is little-endian as the host wrote it, with its
 *	reserved fields checked; range, alignment and vector checks are the hook's
 * @queue_delete: stops and deletes an I/O queue; answers enum nmc_status
 * @queue_stop: stops an I/O queue and fills the report; no DMA for it after the return. While it waits for a job
 *	it calls mgmt_waiting() at least every %MGMT_POLL_MS. Answers enum nmc_status
 * @queue_start: resumes a stopped queue; answers enum nmc_status
 * @queue_log: counters of a queue, 0 is the admin queue; false if it does not exist
 * @admin_complete: posts the completion of an admin command that stayed outstanding; may be called inside
 *	mgmt_admin() for another command, and inside mgmt_poll()
 * @heartbeat: new value of the heartbeat register
 * @health: health changed: an event was added; only while the host has enabled the card
 * @wake: something waits for mgmt_poll(); called from job threads, must not block
 *
 * All hooks but @wake and @heartbeat are called with the management lock held, from within the endpoint's own calls
 * of mgmt_admin(), mgmt_poll() and mgmt_host_*(): they must not call back into mgmt, mgmt_waiting() apart.
 * @heartbeat, @health and @queue_log may also be called by a thread of the in-process door.
 */
struct mgmt_door {
	void *ctx;
	struct card_dma dma;
	unsigned int (*queue_create)(void *ctx, unsigned int queue, const struct nmc_queue_config *config);
	unsigned int (*queue_delete)(void *ctx, unsigned int queue);
	unsigned int (*queue_stop)(void *ctx, unsigned int queue, bool drain, struct nmc_stop_report *report);
	unsigned int (*queue_start)(void *ctx, unsigned int queue);
	bool (*queue_log)(void *ctx, unsigned int queue, struct nmc_queue_log *log);
	void (*admin_complete)(void *ctx, const struct nmc_cqe *cqe);
	void (*heartbeat)(void *ctx, uint64_t beat);
	void (*health)(void *ctx);
	void (*wake)(void *ctx);
};

/**
 * card_mgmt() - the management side of a card; belongs to the card
 * @card: the card
 */
struct mgmt *card_mgmt(struct card *card);

/**
 * mgmt_create() - starts the firmware of a card; for card.c
 * @card: the card, its classes and tiles known
 *
 * Return: the management side, to be given to mgmt_destroy(), or NULL if memory lacks.
 */
struct mgmt *mgmt_create(struct card *card);

/**
 * mgmt_destroy() - ends it; no call on it may be in progress
 * @m: the management side or NULL
 */
void mgmt_destroy(struct mgmt *m);

/**
 * mgmt_attach() - connects an endpoint; one at a time
 * @m: the management side
 * @door: hooks, copied
 *
 * Return: 0, -EBUSY if another endpoint is connected. Thread-safe.
 */
int mgmt_attach(struct mgmt *m, const struct mgmt_door *door);

/**
 * mgmt_detach() - disconnects the endpoint; no hook is called after the return
 * @m: the management side
 *
 * The endpoint's queues must have ended. Acts as mgmt_host_disable() first. Thread-safe.
 */
void mgmt_detach(struct mgmt *m);

/**
 * mgmt_identify() - identity of the card, for the endpoint's registers: serial, queues, engines
 * @m: the management side
 * @identify: out, little-endian
 */
void mgmt_identify(struct mgmt *m, struct nmc_identify *identify);

/**
 * mgmt_admin() - carries out one admin command of the endpoint
 * @m: the management side
 * @sqe: descriptor, a copy in card memory
 * @cqe: out: completion without sq_head and phase
 *
 * Blocks while tiles are erased for a command that needs them, and while a queue drains.
 * Return: true if @cqe is filled, false if the command stays outstanding (NMC_ADMIN_EVENT) and is
 * answered through the admin_complete hook. Thread-safe; commands are carried out one at a time.
 */
bool mgmt_admin(struct mgmt *m, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);

/**
 * mgmt_poll() - one turn of background work: heartbeat, erases, error log, pending events
 * @m: the management side
 *
 * Return: true if more work waits and the caller should call again at once. Thread-safe.
 */
bool mgmt_poll(struct mgmt *m);

/**
 * mgmt_waiting() - keeps the heartbeat going while a queue_stop hook waits; called by that hook only
 * @m: the management side
 */
void mgmt_waiting(struct mgmt *m);

/**
 * mgmt_host_enable() - the host set NMC_CTRL_ENABLE
 * @m: the management side
 * @epoch: NMC_REG_EPOCH
 * @host_time_ns: NMC_REG_HOST_TIME
 */
void mgmt_host_enable(struct mgmt *m, uint64_t epoch, uint64_t host_time_ns);

/**
 * mgmt_host_disable() - the host cleared NMC_CTRL_ENABLE or reset the function
 * @m: the management side
 *
 * The endpoint has ended its queues and their jobs before: no job may be executing. An outstanding
 * NMC_ADMIN_EVENT is forgotten, not answered.
 */
void mgmt_host_disable(struct mgmt *m);

/**
 * mgmt_job() - carries out one job of an endpoint's queue in the caller's thread and logs its failure
 * @m: the management side
 * @queue: I/O queue
 * @sqe: descriptor, a copy in card memory
 * @dma: how the table and the slots are reached
 * @stop: as card_job()
 * @progress: as card_job()
 * @cqe: out: completion without phase and sq_head
 *
 * As card_job() otherwise. Takes no management lock. Thread-safe.
 */
void mgmt_job(struct mgmt *m, unsigned int queue, const struct nmc_sqe_job *sqe, const struct card_dma *dma,
	      const int *stop, uint64_t *progress, struct nmc_cqe *cqe);

/**
 * mgmt_queue_broken() - logs that an I/O queue ended because its rings are unusable
 * @m: the management side
 * @queue: I/O queue
 * @status: enum nmc_status
 *
 * Takes no management lock. Thread-safe.
 */
void mgmt_queue_broken(struct mgmt *m, unsigned int queue, unsigned int status);

#endif
