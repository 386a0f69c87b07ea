/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * I/O queues: a ring and a scheduler each. Jobs go out here, completions come back here; stop and
 * start keep what the card did not begin and end what it did.
 */
#ifndef NMC_QUEUE_H
#define NMC_QUEUE_H

#include <linux/kref.h>
#include <linux/spinlock.h>
#include "nmc_compat.h"
#include "nmc_ring.h"

struct nmc_device;
struct nmc_job;

#define NMC_QUEUE_ENTRIES	128		/* jobs on a ring */
#define NMC_QUEUE_RESTARTS	3		/* in a row: the card does not take jobs any more */
#define NMC_COALESCE_NS		4000000		/* longest wait of an unsignalled completion */
#define NMC_TABLE_BYTES		2304		/* room for the largest job table */

/**
 * enum nmc_queue_state - what becomes of a job that is submitted
 * @NMC_QUEUE_HALTED: it is refused
 * @NMC_QUEUE_BROKEN: it is kept until the queue is halted; no completion is believed any more
 * @NMC_QUEUE_PAUSED: it is kept until the queue runs again
 * @NMC_QUEUE_RUNNING: it goes to the card
 */
enum nmc_queue_state {
	NMC_QUEUE_HALTED,
	NMC_QUEUE_BROKEN,
	NMC_QUEUE_PAUSED,
	NMC_QUEUE_RUNNING,
};

/**
 * struct nmc_queue - one I/O queue
 * @nmc: the device
 * @id: queue number on the card, from 1
 * @vector: interrupt vector on the card
 * @cpu: processor that its interrupt is meant for
 * @list: the scheduler, as the only one that an entity may choose
 * @lock: all below
 * @ring: rings
 * @tables: one job table an entry, coherent
 * @tables_dma: its DMA address
 * @jobs: job of each entry, NULL if none
 * @replay: jobs kept over a stop
 * @held: jobs of dead contexts, which end when those before them on the ring have
 * @state: what becomes of a job
 * @load: jobs that go through the queue and have not ended
 * @expected: of these the ones on the ring, and those that will come without waiting for anything
 * @progress: progress word when it was last looked at
 * @moved: jiffies when the card was last seen to work on the queue
 * @restarts: restarts since then
 * @busy_since: wall time from which the job in execution is accounted, nanoseconds
 * @interrupts: interrupts handled
 * @fence_context: fence context of the card's fences
 * @fence_seqno: newest of them
 * @irq_requested: its vector has a handler
 * @sched: scheduler of the queue
 */
struct nmc_queue {
	struct nmc_device *nmc;
	unsigned int id;
	unsigned int vector;
	unsigned int cpu;
	struct drm_gpu_scheduler *list;
	spinlock_t lock; /* ring, jobs, replay, held, state */
	struct nmc_ring ring;
	void *tables;
	dma_addr_t tables_dma;
	struct nmc_job **jobs;
	struct list_head replay;
	struct list_head held;
	enum nmc_queue_state state;
	atomic_t load;
	atomic_t expected;
	u64 progress;
	unsigned long moved;
	unsigned int restarts;
	u64 busy_since;
	atomic64_t interrupts;
	u64 fence_context;
	u64 fence_seqno;
	bool irq_requested;
	struct drm_gpu_scheduler sched;
};

/**
 * struct nmc_queues - all I/O queues of a device
 * @ref: the device, and each fence: a fence may be asked for its scheduler's name after the
 *	device is gone
 * @home: queue of each processor
 * @count: queues
 * @queue: the queues
 */
struct nmc_queues {
	struct kref ref;
	unsigned int *home;
	unsigned int count;
	struct nmc_queue queue[] __counted_by(count);
};

/**
 * nmc_queues_put() - gives a reference to the queues' memory back; any context
 * @queues: the queues
 */
void nmc_queues_put(struct nmc_queues *queues);

/**
 * nmc_queues_init() - allocates the queues and their schedulers
 * @nmc: the device
 *
 * The schedulers end with the DRM device, after the last open file.
 * Return: 0 or a negative errno.
 */
int nmc_queues_init(struct nmc_device *nmc);

/* The queue of a scheduler, and so that of an armed job. */
static inline struct nmc_queue *to_nmc_queue(struct drm_gpu_scheduler *sched)
{
	return container_of(sched, struct nmc_queue, sched);
}

/**
 * nmc_queue_pick() - queue for a context that has no job under way; any context
 * @nmc: the device
 *
 * The one with the least to do and among these, if it is one, that of this processor: who waits
 * here for the job is then woken without another processor being woken first.
 *
 * Return: the queue.
 */
struct nmc_queue *nmc_queue_pick(struct nmc_device *nmc);

/**
 * nmc_queues_fini() - frees the rings; the card is disabled and the queues are halted
 * @nmc: the device
 */
void nmc_queues_fini(struct nmc_device *nmc);

/**
 * nmc_queues_create() - creates the queues on the card and puts kept jobs back on their rings
 * @nmc: the device, the card enabled
 *
 * Return: 0 or a negative errno.
 */
int nmc_queues_create(struct nmc_device *nmc);

/**
 * nmc_queue_submit() - gives a job to the card
 * @queue: the queue
 * @job: the job
 *
 * Return: false if the queue is halted; the caller then ends the job.
 */
bool nmc_queue_submit(struct nmc_queue *queue, struct nmc_job *job);

/**
 * nmc_queue_poll() - ends the jobs whose completions came, looks at the card's progress; any
 *	context
 * @queue: the queue
 */
void nmc_queue_poll(struct nmc_queue *queue);

/**
 * nmc_queue_pause() - keeps jobs that come from now on; those on the card go on
 * @queue: the queue
 */
void nmc_queue_pause(struct nmc_queue *queue);

/**
 * nmc_queue_stop() - stops a queue on the card: finished jobs are ended as they finished, a
 *	started one fails
 * @queue: the queue
 * @stuck: the job because of which it is stopped, or NULL
 *
 * The started job fails with -ETIME if it is @stuck and somebody still wants it, with -ECANCELED
 * otherwise. Jobs that were not started stay, for nmc_queue_start(); jobs that come meanwhile too.
 * Caller holds reset_lock. Return: 0 or a negative errno.
 */
int nmc_queue_stop(struct nmc_queue *queue, const struct nmc_job *stuck);

/**
 * nmc_queue_start() - resumes a stopped queue with the jobs that it kept
 * @queue: the queue
 *
 * Jobs of dead contexts end instead, with -ECANCELED.
 * Return: 0 or a negative errno.
 */
int nmc_queue_start(struct nmc_queue *queue);

/**
 * nmc_queue_halt() - ends a queue for good: every job on it fails with -ENODEV; no DMA
 *	happens any more
 * @queue: the queue
 */
void nmc_queue_halt(struct nmc_queue *queue);

/**
 * nmc_queue_overdue() - tells slow from stuck; any context
 * @queue: the queue
 *
 * Return: true if the job that the card works on shows no progress for the time-out, or has lasted
 * for as long since its context died: others wait for the engine.
 */
bool nmc_queue_overdue(struct nmc_queue *queue);

/**
 * nmc_queue_hangs() - restarts did not help, and the card works on no other queue either
 * @queue: the queue
 */
bool nmc_queue_hangs(struct nmc_queue *queue);

/**
 * nmc_queue_idle() - nothing of the queue is on the card
 * @queue: the queue
 */
bool nmc_queue_idle(struct nmc_queue *queue);

#endif
