/* SPDX-License-Identifier: MIT */
/*
 * Rings in host memory and the engines that work on them.
 */
#ifndef NMC_PCIE_QUEUE_H
#define NMC_PCIE_QUEUE_H

#include <pthread.h>
#include "card/pcie/dma.h"
#include "card/pcie/irq.h"

enum queue_state { QUEUE_ABSENT, QUEUE_RUNNING, QUEUE_STOPPED };

/**
 * struct ring - one submission and completion ring pair
 * @sq: address of the descriptors
 * @cq: address of the completions
 * @shadow: address of struct nmc_shadow
 * @entries: entries of both
 * @vector: interrupt vector
 * @coalesce_ns: longest wait of an unsignalled completion
 * @head: descriptors fetched
 * @tail: descriptors seen
 * @done: completions written
 * @signalled: completions that an interrupt was raised for
 * @unsignalled_ns: wall time of the oldest completion without one
 */
struct ring {
	uint64_t sq;
	uint64_t cq;
	uint64_t shadow;
	uint32_t entries;
	uint32_t vector;
	uint64_t coalesce_ns;
	uint32_t head;
	uint32_t tail;
	uint32_t done;
	uint32_t signalled;
	uint64_t unsignalled_ns;
};

/* Shared by all rings of an endpoint. */
struct ring_host {
	struct dma dma;
	struct irq irq;
	uint32_t entries;	/* of a ring at most */
};

/* What is below answers less than zero, -enum nmc_status, if memory is gone or the host's tail makes no sense. */

/* Looks for new descriptors: 1 if there are, 0 if not. */
int ring_poll(struct ring_host *h, struct ring *r);

/* Announces that a doorbell is wanted, then looks once more; as ring_poll(). */
int ring_sleep(struct ring_host *h, struct ring *r);

/* Fetches the next descriptor into @sqe, 64 bytes. 0 if all is well. */
int ring_fetch(struct ring_host *h, struct ring *r, void *sqe);

/* Writes a completion, phase last. Returns 1 if an interrupt was raised, 0 if not. */
int ring_complete(struct ring_host *h, struct ring *r, struct nmc_cqe *cqe, bool always);

/* Raises the interrupt that coalescing still owes; true if it did. @now is wall time. */
bool ring_flush(struct ring_host *h, struct ring *r, uint64_t now);

/* Rings with these addresses and of this size can exist. */
bool ring_valid(const struct ring_host *h, const struct ring *r);

struct engines;

/**
 * struct engine_hooks - what engines ask of the endpoint, in threads of their own
 * @job: carries out one job as mgmt_job() does
 * @broken: a queue ended because its rings are unusable; @status says why
 * @ctx: first argument of both
 */
struct engine_hooks {
	void (*job)(void *ctx, unsigned int queue, const struct nmc_sqe_job *sqe, const int *stop, uint64_t *progress,
		    struct nmc_cqe *cqe);
	void (*broken)(void *ctx, unsigned int queue, unsigned int status);
	void *ctx;
};

/* Starts the engines. NULL without memory or threads. */
struct engines *engines_create(struct ring_host *host, unsigned int queues, unsigned int threads,
			       const struct engine_hooks *hooks);
void engines_destroy(struct engines *e);

/* Answers of these are enum nmc_status. queue_stop() waits for the job in execution, calling @waiting meanwhile. */
unsigned int queue_create(struct engines *e, unsigned int queue, const struct nmc_queue_config *config);
unsigned int queue_delete(struct engines *e, unsigned int queue, void (*waiting)(void *ctx), void *ctx);
unsigned int queue_stop(struct engines *e, unsigned int queue, bool drain, struct nmc_stop_report *report,
			void (*waiting)(void *ctx), void *ctx);
unsigned int queue_start(struct engines *e, unsigned int queue);

/* Ends every queue and its job; the gate of host memory should be closed before. */
void queue_delete_all(struct engines *e, void (*waiting)(void *ctx), void *ctx);

/* A doorbell was rung; never waits. */
void queue_doorbell(struct engines *e, unsigned int queue);

/* Engines fetch nothing while they hang. */
void queue_hang(struct engines *e, bool hang);

/* Completions have a wrong cookie meanwhile. */
void queue_corrupt(struct engines *e, bool corrupt);

/*
 * Copies the progress of running jobs to host memory and raises interrupts whose coalescing time has ended; called every
 * few milliseconds by the management thread.
 */
void queue_progress(struct engines *e);

/* Counters; false if the queue was never created. */
bool queue_log(struct engines *e, unsigned int queue, struct nmc_queue_log *log);

/* Monotonic wall time, nanoseconds. */
uint64_t queue_now(void);

#endif
