/* SPDX-License-Identifier: MIT */
/*
 * The endpoint as a whole: registers, doorbells, the management thread with the admin queue, and what the socket
 * thread may ask of them. Nothing here makes the socket thread wait.
 */
#ifndef NMC_PCIE_REGS_H
#define NMC_PCIE_REGS_H

#include <pthread.h>
#include "card/pcie/mgmt.h"
#include "card/pcie/pci_config.h"
#include "card/pcie/queue.h"

/**
 * struct endpoint - a card behind PCIe
 * @card: the card
 * @mgmt: its management side
 * @host: guest memory and interrupts
 * @engines: I/O queues
 * @config: configuration space; socket thread only
 * @identify: identity
 * @thread: management thread
 * @lock: protects what follows
 * @wake: something for the management thread to do
 * @enable_wanted: host wrote CTRL.ENABLE
 * @reset_wanted: function reset or disconnection not yet carried out
 * @doorbell: admin doorbell was rung
 * @event: mgmt asked to be polled
 * @end: the thread ends
 * @status: NMC_REG_STATUS
 * @ctrl: NMC_REG_CTRL
 * @heartbeat: NMC_REG_HEARTBEAT
 * @epoch: NMC_REG_EPOCH
 * @host_time: NMC_REG_HOST_TIME
 * @wanted: admin ring as the registers have it
 * @log: counters of queue 0 and of the card
 * @fault: fault shown
 * @admin: admin ring at work; management thread only
 */
struct endpoint {
	struct card *card;
	struct mgmt *mgmt;
	struct ring_host host;
	struct engines *engines;
	struct pci_config config;
	struct nmc_identify identify;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool enable_wanted;
	bool reset_wanted;
	bool doorbell;
	bool event;
	bool end;
	uint32_t status;
	uint32_t ctrl;
	uint64_t heartbeat;
	uint64_t epoch;
	uint64_t host_time;
	struct ring wanted;
	struct nmc_queue_log log;
	enum card_fault fault;
	struct ring admin;
};

/* 0 or a negative errno. */
int endpoint_create(struct card *card, const struct card_server_options *options, struct endpoint **endpoint);
void endpoint_destroy(struct endpoint *e);

/* BAR0. The range lies within the BAR. */
void endpoint_read(struct endpoint *e, uint64_t offset, void *buf, unsigned int bytes);
void endpoint_write(struct endpoint *e, uint64_t offset, const void *buf, unsigned int bytes);

/* Function reset: DMA stops at once, the rest follows in the management thread. */
void endpoint_reset(struct endpoint *e);

void endpoint_inject(struct endpoint *e, enum card_fault fault);
bool endpoint_log(struct endpoint *e, unsigned int queue, struct nmc_queue_log *log);

/* The management thread and the hooks it gives to mgmt. */
int admin_start(struct endpoint *e);
void admin_stop(struct endpoint *e);

#endif
