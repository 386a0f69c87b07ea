/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The admin queue: commands to the firmware, one call each, with a time-out; and the one command
 * that stays outstanding to report events.
 */
#ifndef NMC_ADMIN_H
#define NMC_ADMIN_H

#include <linux/completion.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "nmc_ring.h"

struct nmc_device;

#define NMC_ADMIN_SLOTS		8	/* commands in flight; the last is for events */
#define NMC_ADMIN_DATA		8192	/* bytes of command data a slot; holds a stop report */
#define NMC_ADMIN_EVENT_SLOT	(NMC_ADMIN_SLOTS - 1)

/**
 * struct nmc_admin_slot - one command in flight
 * @done: the completion came, or never will
 * @cqe: the completion
 * @cookie: cookie expected, zero if none is in flight
 * @sequence: makes cookies unique
 */
struct nmc_admin_slot {
	struct completion done;
	struct nmc_cqe cqe;
	u32 cookie;
	u32 sequence;
};

/**
 * struct nmc_admin - the admin queue
 * @ring: rings
 * @data: command data, %NMC_ADMIN_DATA a slot, coherent
 * @data_dma: its DMA address
 * @lock: @ring, @slots, @used, @running
 * @slots: commands in flight
 * @commands: of these may be in flight, with the event command no more than the ring holds
 * @used: slots taken
 * @running: the card takes commands
 * @slot_free: a slot was given back
 * @gate: held for reading by every command, for writing by a pause
 * @paused: the device is suspended or being reset; commands wait
 * @resumed: @paused ended
 * @interrupts: interrupts handled
 */
struct nmc_admin {
	struct nmc_ring ring;
	void *data;
	dma_addr_t data_dma;
	spinlock_t lock; /* ring, slots, used, running */
	struct nmc_admin_slot slots[NMC_ADMIN_SLOTS];
	unsigned int commands;
	unsigned long used;
	bool running;
	wait_queue_head_t slot_free;
	struct rw_semaphore gate;
	bool paused;
	wait_queue_head_t resumed;
	atomic64_t interrupts;
};

/**
 * struct nmc_admin_cmd - one command
 * @sqe: descriptor; cookie, addr and bytes are filled in here
 * @in: data for the card, or NULL
 * @in_bytes: its length
 * @out: where the card's answer goes, or NULL
 * @out_bytes: its length; @in and @out share a buffer of the greater length
 * @result: out: result of the completion
 * @status: out: enum nmc_status of the completion
 */
struct nmc_admin_cmd {
	struct nmc_sqe sqe;
	const void *in;
	size_t in_bytes;
	void *out;
	size_t out_bytes;
	u64 result;
	u16 status;
};

#define NMC_ADMIN_CMD(op) { .sqe = { .opcode = cpu_to_le16(op) } }

/**
 * nmc_admin_init() - allocates the admin queue
 * @nmc: the device, its registers mapped
 *
 * Return: 0 or -ENOMEM.
 */
int nmc_admin_init(struct nmc_device *nmc);

/**
 * nmc_admin_fini() - frees the admin queue; the card is disabled
 * @nmc: the device
 */
void nmc_admin_fini(struct nmc_device *nmc);

/**
 * nmc_admin_start() - enables the card with an empty admin ring
 * @nmc: the device
 *
 * Return: 0 or a negative errno, with one line in the log.
 */
int nmc_admin_start(struct nmc_device *nmc);

/**
 * nmc_admin_stop() - takes no further command; those in flight end with -ENODEV; any context
 * @nmc: the device
 */
void nmc_admin_stop(struct nmc_device *nmc);

/**
 * nmc_admin_pause() - waits for the commands in flight and lets later ones wait
 * @nmc: the device
 */
void nmc_admin_pause(struct nmc_device *nmc);

/**
 * nmc_admin_resume() - ends a pause
 * @nmc: the device
 */
void nmc_admin_resume(struct nmc_device *nmc);

/**
 * nmc_admin_exec() - carries one command out and waits for its answer
 * @nmc: the device
 * @cmd: the command
 *
 * A command that is not answered in time means that the firmware is gone: the device is declared
 * lost.
 * Return: 0 or a negative errno made of the status. May sleep. Thread-safe.
 */
int nmc_admin_exec(struct nmc_device *nmc, struct nmc_admin_cmd *cmd);

/**
 * nmc_admin_exec_now() - as nmc_admin_exec(), also during a pause; for those who made it
 * @nmc: the device
 * @cmd: the command
 *
 * Return: as nmc_admin_exec().
 */
int nmc_admin_exec_now(struct nmc_device *nmc, struct nmc_admin_cmd *cmd);

/**
 * nmc_admin_event() - posts the event command, whose answer schedules the device's event work
 * @nmc: the device
 */
void nmc_admin_event(struct nmc_device *nmc);

/**
 * nmc_admin_event_take() - the answer of the event command
 * @nmc: the device
 * @record: out
 *
 * Return: true if there was one.
 */
bool nmc_admin_event_take(struct nmc_device *nmc, struct nmc_event_record *record);

/**
 * nmc_admin_irq() - consumes completions; interrupt context
 * @nmc: the device
 */
void nmc_admin_irq(struct nmc_device *nmc);

#endif
