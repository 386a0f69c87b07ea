/* SPDX-License-Identifier: MIT */
/*
 * State of the management side, shared by its doors (mgmt.c) and by what it answers the firmware (hal.c).
 */
#ifndef NMC_CARD_MGMT_PRIV_H
#define NMC_CARD_MGMT_PRIV_H

#include <pthread.h>
#include "card/core/job.h"
#include "card/pcie/mgmt.h"
#include "firmware/hal.h"

#define MGMT_RING	256	/* failures and events that wait, each; power of two */

/* The platform as the firmware sees it. */
struct hal {
	struct mgmt *m;
};

/**
 * struct mgmt_failure - a job's failure on its way to the error log
 * @queue: I/O queue
 * @context: context id
 * @cqe: completion
 */
struct mgmt_failure {
	unsigned int queue;
	uint32_t context;
	struct nmc_cqe cqe;
};

/**
 * struct mgmt - the management side of a card
 * @card: the card
 * @hal: platform
 * @fw: firmware
 * @lock: protects @fw and everything here but the failures
 * @attached: an endpoint is connected; written under both locks
 * @host: the endpoint's host has enabled the card
 * @door: its hooks
 * @dma: host memory for the command in execution and for late answers
 * @beat: last heartbeat of the firmware
 * @waited_beats: beats added while a queue stop waited
 * @erases: tiles being erased
 * @turn_end_ns: wall time at which this turn of background work should end
 * @failure_lock: protects the failures
 * @failures: ring of failures
 * @failure_head: free-running
 * @failure_tail: free-running
 * @event_fd: readable while events wait for the in-process door
 * @events: ring of events
 * @event_head: free-running
 * @event_tail: free-running
 */
struct mgmt {
	struct card *card;
	struct hal hal;
	struct fw *fw;
	pthread_mutex_t lock;
	bool attached;
	bool host;
	struct mgmt_door door;
	const struct card_dma *dma;
	uint64_t beat;
	uint64_t waited_beats;
	unsigned int erases;
	uint64_t turn_end_ns;
	pthread_mutex_t failure_lock;
	struct mgmt_failure failures[MGMT_RING];
	unsigned int failure_head;
	unsigned int failure_tail;
	int event_fd;
	struct nmc_event_record events[MGMT_RING];
	unsigned int event_head;
	unsigned int event_tail;
};

/* Between jobs and commands: nothing of the card changes until mgmt_resume(). The heartbeat goes on while jobs end. */
void mgmt_pause(struct mgmt *m);
void mgmt_resume(struct mgmt *m);

#endif
