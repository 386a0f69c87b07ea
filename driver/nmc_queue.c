// SPDX-License-Identifier: GPL-2.0-only
/*
 * I/O queues. The path of a job writes memory, and a doorbell when the card asked for one; it reads
 * no register. Fences are signalled under the queue's lock, so that they signal in order.
 */
#include <linux/dma-mapping.h>
#include <linux/moduleparam.h>
#include <drm/drm_managed.h>
#include "nmc_drv.h"
#include "nmc_job.h"
#include "nmc_queue.h"
#include "nmc_recover.h"

static unsigned int job_timeout_ms = 10000;
module_param(job_timeout_ms, uint, 0444);
MODULE_PARM_DESC(job_timeout_ms,
		 "milliseconds without progress after which a job is stopped (default 10000)");

static void nmc_queues_release(struct kref *ref)
{
	kfree(container_of(ref, struct nmc_queues, ref));
}

void nmc_queues_put(struct nmc_queues *queues)
{
	kref_put(&queues->ref, nmc_queues_release);
}

/* Ends the schedulers with the DRM device: no file, no context and no job is left then. */
static void nmc_queues_drmm(struct drm_device *drm, void *data)
{
	struct nmc_queues *queues = data;
	unsigned int i;

	for (i = 0; i < queues->count; i++)
		if (queues->queue[i].sched.ready)
			drm_sched_fini(&queues->queue[i].sched);
	nmc_queues_put(queues);
}

static unsigned int nmc_queues_wanted(struct nmc_device *nmc)
{
	unsigned int wanted = min_t(unsigned int, nmc->hw_queues, num_online_cpus());

	return nmc->shared_vector ? wanted : min(wanted, nmc->vectors - NMC_VECTOR_IO);
}

static int nmc_queue_alloc(struct nmc_queue *queue)
{
	struct nmc_device *nmc = queue->nmc;
	u32 entries = min_t(u32, NMC_QUEUE_ENTRIES, nmc->hw_entries);
	void __iomem *bell =
		nmc->regs + nmc->doorbells + queue->id * NMC_DOORBELL_PAGE + NMC_DOORBELL_SQ;
	int err = nmc_ring_init(&queue->ring, &nmc->pdev->dev, entries, bell);

	if (err)
		return err;
	queue->jobs = kcalloc(entries, sizeof(*queue->jobs), GFP_KERNEL);
	queue->tables = dma_alloc_coherent(&nmc->pdev->dev, entries * NMC_TABLE_BYTES,
					   &queue->tables_dma, GFP_KERNEL);
	return queue->jobs && queue->tables ? 0 : -ENOMEM;
}

static int nmc_queue_init(struct nmc_device *nmc, struct nmc_queue *queue, unsigned int index)
{
	struct nmc_sched_config config = {
		.ops = &nmc_job_sched_ops,
		.timeout_wq = nmc->reset_wq,
		.timeout = msecs_to_jiffies(job_timeout_ms),
		.name = "nmc",
		.dev = &nmc->pdev->dev,
	};
	int err;

	queue->nmc = nmc;
	queue->id = index + 1;
	queue->vector = NMC_VECTOR_IO + index;
	queue->cpu = cpumask_local_spread(index, dev_to_node(&nmc->pdev->dev));
	queue->list = &queue->sched;
	queue->moved = jiffies;
	queue->fence_context = dma_fence_context_alloc(1);
	spin_lock_init(&queue->lock);
	INIT_LIST_HEAD(&queue->replay);
	INIT_LIST_HEAD(&queue->held);
	err = nmc_queue_alloc(queue);
	if (err)
		return err;
	queue->state = NMC_QUEUE_PAUSED;
	config.credits = queue->ring.entries;
	return nmc_sched_init(&queue->sched, &config);
}

struct nmc_queue *nmc_queue_pick(struct nmc_device *nmc)
{
	struct nmc_queues *queues = nmc->queues;
	unsigned int i, home = queues->home[raw_smp_processor_id()];
	struct nmc_queue *best = &queues->queue[home];
	int load, least = atomic_read(&best->load);

	for (i = 1; i < queues->count && least; i++) {
		struct nmc_queue *queue = &queues->queue[(home + i) % queues->count];

		load = atomic_read(&queue->load);
		if (load < least) {
			least = load;
			best = queue;
		}
	}
	return best;
}

/* The queues in turn, as their interrupts were spread; processors beyond them share. */
static int nmc_queues_home(struct nmc_device *nmc, struct nmc_queues *queues)
{
	unsigned int i, cpu;

	queues->home = drmm_kcalloc(&nmc->drm, nr_cpu_ids, sizeof(*queues->home), GFP_KERNEL);
	if (!queues->home)
		return -ENOMEM;
	for (i = 0; i < nr_cpu_ids; i++)
		queues->home[i] = i % queues->count;
	for (i = 0; i < num_online_cpus(); i++) {
		cpu = cpumask_local_spread(i, dev_to_node(&nmc->pdev->dev));
		if (cpu < nr_cpu_ids)
			queues->home[cpu] = i % queues->count;
	}
	return 0;
}

int nmc_queues_init(struct nmc_device *nmc)
{
	unsigned int count = nmc_queues_wanted(nmc);
	struct nmc_queues *queues = kzalloc(struct_size(queues, queue, count), GFP_KERNEL);
	unsigned int i;
	int err;

	BUILD_BUG_ON(sizeof(struct nmc_job_table) + NMC_MAX_SETS * sizeof(struct nmc_set_ref) +
		     NMC_MAX_SLOTS * sizeof(struct nmc_slot) > NMC_TABLE_BYTES);
	if (!queues)
		return -ENOMEM;
	kref_init(&queues->ref);
	queues->count = count;
	err = drmm_add_action_or_reset(&nmc->drm, nmc_queues_drmm, queues);
	if (err)
		return err;
	nmc->queues = queues;
	for (i = 0; i < count && !err; i++)
		err = nmc_queue_init(nmc, &queues->queue[i], i);
	if (!err)
		err = nmc_queues_home(nmc, queues);
	if (err)
		nmc_queues_fini(nmc);
	return err;
}

void nmc_queues_fini(struct nmc_device *nmc)
{
	unsigned int i;

	for (i = 0; i < nmc->queues->count; i++) {
		struct nmc_queue *queue = &nmc->queues->queue[i];

		if (queue->tables)
			dma_free_coherent(&nmc->pdev->dev, queue->ring.entries * NMC_TABLE_BYTES,
					  queue->tables, queue->tables_dma);
		queue->tables = NULL;
		kfree(queue->jobs);
		queue->jobs = NULL;
		nmc_ring_fini(&queue->ring);
	}
}

/* Writes a job's table and descriptor; the entry of the ring names the table and is the cookie. */
static void nmc_queue_put(struct nmc_queue *queue, struct nmc_job *job)
{
	u32 index = queue->ring.tail & (queue->ring.entries - 1);

	memcpy(queue->tables + index * NMC_TABLE_BYTES, job->table, job->table_bytes);
	job->sqe.cookie = cpu_to_le32(queue->ring.tail);
	job->sqe.table = cpu_to_le64(queue->tables_dma + index * NMC_TABLE_BYTES);
	WARN_ON_ONCE(queue->jobs[index]);
	queue->jobs[index] = job;
	job->ctx->on_ring++;
	nmc_ring_push(&queue->ring, &job->sqe);
}

/* The job of an entry leaves the ring, if there is one. */
static struct nmc_job *nmc_queue_take(struct nmc_queue *queue, u32 n)
{
	u32 index = n & (queue->ring.entries - 1);
	struct nmc_job *job = queue->jobs[index];

	queue->jobs[index] = NULL;
	if (job)
		job->ctx->on_ring--;
	return job;
}

/*
 * Fences of a context signal in order: a buffer's reservation knows the last of them alone. A job
 * that is cancelled before it went to the card waits for those that the card has.
 */
static void nmc_queue_release(struct nmc_queue *queue)
{
	struct nmc_job *job, *next;

	list_for_each_entry_safe(job, next, &queue->held, replay) {
		if (job->ctx->on_ring)
			continue;
		list_del(&job->replay);
		nmc_job_cancel(job, -ECANCELED);
	}
}

/* Ends a job of a dead context, at once or in its turn. */
static void nmc_queue_drop(struct nmc_queue *queue, struct nmc_job *job)
{
	list_add_tail(&job->replay, &queue->held);
	nmc_queue_release(queue);
}

/* The card works on the queue. */
static void nmc_queue_moved(struct nmc_queue *queue)
{
	queue->moved = jiffies;
	queue->restarts = 0;
}

/* Does it? The progress word tells. Caller holds the lock. */
static void nmc_queue_look(struct nmc_queue *queue)
{
	u64 progress = le64_to_cpu(READ_ONCE(queue->ring.shadow->progress));

	if (progress != queue->progress)
		nmc_queue_moved(queue);
	queue->progress = progress;
}

/* Wall time since the last completion, shared by the jobs that ended together. */
static void nmc_queue_account(struct nmc_queue *queue, struct nmc_job **jobs, unsigned int count)
{
	u64 now = ktime_get_ns();
	unsigned int i;

	if (!count)
		return;
	for (i = 0; i < count; i++)
		nmc_job_account(jobs[i], div_u64(now - queue->busy_since, count));
	queue->busy_since = now;
}

static struct nmc_job *nmc_queue_match(struct nmc_queue *queue, u32 cookie)
{
	struct nmc_job *job = queue->jobs[cookie & (queue->ring.entries - 1)];

	if (!job || le32_to_cpu(job->sqe.cookie) != cookie)
		return NULL;
	return nmc_queue_take(queue, cookie);
}

/*
 * A completion of nobody stands where that of a job was to come: the job would never end. Nothing
 * is put where it stands, and those after it end with it, in order.
 */
static void nmc_queue_garbage(struct nmc_queue *queue, u32 cookie)
{
	queue->state = NMC_QUEUE_BROKEN;
	nmc_lost(queue->nmc, "card completed a job that it did not have: 0x%x of queue %u", cookie,
		 queue->id);
}

#define NMC_REAP_BATCH	16

static unsigned int nmc_queue_reap_batch(struct nmc_queue *queue)
{
	struct nmc_job *jobs[NMC_REAP_BATCH];
	struct nmc_cqe cqe[NMC_REAP_BATCH];
	unsigned int count = 0, i;

	while (count < NMC_REAP_BATCH && queue->state != NMC_QUEUE_BROKEN &&
	       nmc_ring_pop(&queue->ring, &cqe[count])) {
		u32 cookie = le32_to_cpu(cqe[count].cookie);

		jobs[count] = nmc_queue_match(queue, cookie);
		if (jobs[count])
			count++;
		else
			nmc_queue_garbage(queue, cookie);
	}
	if (count)
		nmc_queue_moved(queue);
	nmc_queue_account(queue, jobs, count);
	for (i = 0; i < count; i++)
		nmc_job_complete(jobs[i], &cqe[i]);
	nmc_queue_release(queue);
	return count;
}

static u32 nmc_queue_expected(struct nmc_queue *queue)
{
	return atomic_read(&queue->expected);
}

static void nmc_queue_reap(struct nmc_queue *queue)
{
	do {
		while (nmc_queue_reap_batch(queue) == NMC_REAP_BATCH)
			;
	} while (queue->state != NMC_QUEUE_BROKEN &&
		 nmc_ring_arm(&queue->ring, nmc_queue_expected(queue)));
}

bool nmc_queue_submit(struct nmc_queue *queue, struct nmc_job *job)
{
	enum nmc_queue_state state;
	unsigned long flags;
	u32 old;

	spin_lock_irqsave(&queue->lock, flags);
	state = queue->state;
	if (state == NMC_QUEUE_PAUSED || state == NMC_QUEUE_BROKEN) {
		list_add_tail(&job->replay, &queue->replay);
	} else if (state == NMC_QUEUE_RUNNING && nmc_context_is_dead(job->ctx)) {
		nmc_queue_drop(queue, job);
	} else if (state == NMC_QUEUE_RUNNING) {
		old = queue->ring.tail;
		if (!nmc_ring_pending(&queue->ring))
			queue->busy_since = ktime_get_ns();
		nmc_queue_put(queue, job);
		if (nmc_ring_publish(&queue->ring, old, nmc_queue_expected(queue)))
			nmc_queue_reap(queue);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
	return state != NMC_QUEUE_HALTED;
}

void nmc_queue_poll(struct nmc_queue *queue)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (queue->state != NMC_QUEUE_HALTED) {
		nmc_queue_reap(queue);
		nmc_queue_look(queue);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
}

static bool nmc_queue_still(struct nmc_queue *queue)
{
	return time_after_eq(jiffies, queue->moved + queue->sched.timeout);
}

/* The job that the card works on had all the time that it gets. Caller holds the lock. */
static bool nmc_queue_late(struct nmc_queue *queue)
{
	struct nmc_job *job = queue->jobs[queue->ring.head & (queue->ring.entries - 1)];
	u64 since = ktime_get_ns() - queue->busy_since;

	if (job && nmc_context_dead_for(job->ctx, queue->sched.timeout))
		return true;
	return nmc_queue_still(queue) && since >= jiffies64_to_nsecs(queue->sched.timeout);
}

bool nmc_queue_overdue(struct nmc_queue *queue)
{
	unsigned long flags;
	bool overdue;

	nmc_queue_poll(queue);
	spin_lock_irqsave(&queue->lock, flags);
	overdue = queue->state == NMC_QUEUE_RUNNING && nmc_ring_pending(&queue->ring) &&
		  nmc_queue_late(queue);
	spin_unlock_irqrestore(&queue->lock, flags);
	return overdue;
}

static int nmc_queue_card_stop(struct nmc_queue *queue, struct nmc_stop_report *report)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_QUEUE_STOP);

	cmd.sqe.id = cpu_to_le32(queue->id);
	cmd.out = report;
	cmd.out_bytes = sizeof(*report);
	return nmc_admin_exec_now(queue->nmc, &cmd);
}

/*
 * Ends what the card began. The states are indexed by count modulo the entries, as the jobs are;
 * what the report does not cover was not seen by the card. A job that moved since it was found
 * stuck is not.
 */
static void nmc_queue_sort(struct nmc_queue *queue, const struct nmc_stop_report *report,
			   const struct nmc_job *stuck)
{
	u32 mask = queue->ring.entries - 1;
	u32 head = le32_to_cpu(report->head);
	u32 tail = le32_to_cpu(report->tail);
	u64 progress = queue->progress;
	u32 n;

	nmc_queue_look(queue);
	if (queue->progress != progress)
		stuck = NULL;
	for (n = head; n != tail && n - head <= mask; n++) {
		struct nmc_job *job = queue->jobs[n & mask];

		if (!job || report->state[n & mask] == NMC_DESC_NOT_STARTED)
			continue;
		nmc_queue_take(queue, n);
		nmc_job_fail(job, job == stuck && !nmc_context_is_dead(job->ctx) ? -ETIME :
									   -ECANCELED);
		nmc_queue_moved(queue);
	}
}

/* Empties the ring. Its jobs go before those that wait for them, and those that came in a pause. */
static void nmc_queue_keep(struct nmc_queue *queue)
{
	u32 end = queue->ring.tail;
	LIST_HEAD(kept);
	u32 n;

	nmc_ring_reset(&queue->ring);
	for (n = end - queue->ring.entries; n != end; n++) {
		struct nmc_job *job = nmc_queue_take(queue, n);

		if (job)
			list_add_tail(&job->replay, &kept);
	}
	list_splice_tail_init(&queue->held, &kept);
	list_splice(&kept, &queue->replay);
	queue->progress = 0;
}

void nmc_queue_pause(struct nmc_queue *queue)
{
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (queue->state == NMC_QUEUE_RUNNING)
		queue->state = NMC_QUEUE_PAUSED;
	spin_unlock_irqrestore(&queue->lock, flags);
}

int nmc_queue_stop(struct nmc_queue *queue, const struct nmc_job *stuck)
{
	struct nmc_stop_report *report = &queue->nmc->stop_report;
	unsigned long flags;
	int err;

	lockdep_assert_held(&queue->nmc->reset_lock);
	nmc_queue_pause(queue);
	err = nmc_queue_card_stop(queue, report);
	if (!err) {
		spin_lock_irqsave(&queue->lock, flags);
		nmc_queue_reap(queue);
		nmc_queue_sort(queue, report, stuck);
		nmc_queue_keep(queue);
		spin_unlock_irqrestore(&queue->lock, flags);
	}
	return err;
}

static void nmc_queue_run(struct nmc_queue *queue)
{
	struct nmc_job *job, *next;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	queue->state = NMC_QUEUE_RUNNING;
	queue->busy_since = ktime_get_ns();
	list_for_each_entry_safe(job, next, &queue->replay, replay) {
		list_del(&job->replay);
		if (nmc_context_is_dead(job->ctx))
			nmc_queue_drop(queue, job);
		else
			nmc_queue_put(queue, job);
	}
	if (nmc_ring_pending(&queue->ring) &&
	    nmc_ring_publish(&queue->ring, 0, nmc_queue_expected(queue)))
		nmc_queue_reap(queue);
	spin_unlock_irqrestore(&queue->lock, flags);
}

int nmc_queue_start(struct nmc_queue *queue)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_QUEUE_START);
	unsigned long flags;
	int err;

	cmd.sqe.id = cpu_to_le32(queue->id);
	err = nmc_admin_exec_now(queue->nmc, &cmd);
	if (err)
		return err;
	spin_lock_irqsave(&queue->lock, flags);
	queue->restarts++;
	spin_unlock_irqrestore(&queue->lock, flags);
	nmc_queue_run(queue);
	return 0;
}

static int nmc_queue_create(struct nmc_queue *queue)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_QUEUE_CREATE);
	struct nmc_queue_config config = {
		.sq = cpu_to_le64(nmc_ring_sq(&queue->ring)),
		.cq = cpu_to_le64(nmc_ring_cq(&queue->ring)),
		.shadow = cpu_to_le64(nmc_ring_shadow(&queue->ring)),
		.entries = cpu_to_le32(queue->ring.entries),
		.vector = cpu_to_le32(queue->vector),
		.coalesce_ns = cpu_to_le64(NMC_COALESCE_NS),
	};
	int err;

	cmd.sqe.id = cpu_to_le32(queue->id);
	cmd.in = &config;
	cmd.in_bytes = sizeof(config);
	err = nmc_admin_exec_now(queue->nmc, &cmd);
	if (!err)
		nmc_queue_run(queue);
	else
		nmc_lost(queue->nmc, "queue %u cannot be created: %d", queue->id, err);
	return err;
}

int nmc_queues_create(struct nmc_device *nmc)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nmc->queues->count && !err; i++)
		err = nmc_queue_create(&nmc->queues->queue[i]);
	return err;
}

void nmc_queue_halt(struct nmc_queue *queue)
{
	struct nmc_job *job, *next;
	unsigned long flags;

	spin_lock_irqsave(&queue->lock, flags);
	if (queue->state != NMC_QUEUE_HALTED) {
		nmc_queue_reap(queue);
		nmc_queue_keep(queue);
	}
	queue->state = NMC_QUEUE_HALTED;
	list_for_each_entry_safe(job, next, &queue->replay, replay) {
		list_del(&job->replay);
		nmc_job_cancel(job, -ENODEV);
	}
	spin_unlock_irqrestore(&queue->lock, flags);
}

bool nmc_queue_hangs(struct nmc_queue *queue)
{
	struct nmc_queues *queues = queue->nmc->queues;
	unsigned int i;

	if (queue->restarts < NMC_QUEUE_RESTARTS)
		return false;
	for (i = 0; i < queues->count; i++) {
		nmc_queue_poll(&queues->queue[i]);
		if (!nmc_queue_still(&queues->queue[i]))
			return false;
	}
	return true;
}

bool nmc_queue_idle(struct nmc_queue *queue)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&queue->lock, flags);
	idle = !nmc_ring_pending(&queue->ring);
	spin_unlock_irqrestore(&queue->lock, flags);
	return idle;
}
