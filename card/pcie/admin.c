// SPDX-License-Identifier: MIT
/*
 * The management thread: carries out enable, disable and reset, feeds the admin queue to the firmware, and gives the
 * firmware its turns.
 */
#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include "card/pcie/regs.h"

#define TURN_MS	5	/* how often progress is told and the firmware gets a turn */

static void waiting(void *ctx)
{
	mgmt_waiting(((struct endpoint *)ctx)->mgmt);
}

/* While one queue ends its job the others go on. */
static void attending(void *ctx)
{
	waiting(ctx);
	queue_progress(((struct endpoint *)ctx)->engines);
}

static unsigned int hook_queue_create(void *ctx, unsigned int queue, const struct nmc_queue_config *config)
{
	return queue_create(((struct endpoint *)ctx)->engines, queue, config);
}

static unsigned int hook_queue_delete(void *ctx, unsigned int queue)
{
	return queue_delete(((struct endpoint *)ctx)->engines, queue, attending, ctx);
}

static unsigned int hook_queue_stop(void *ctx, unsigned int queue, bool drain, struct nmc_stop_report *report)
{
	return queue_stop(((struct endpoint *)ctx)->engines, queue, drain, report, attending, ctx);
}

static unsigned int hook_queue_start(void *ctx, unsigned int queue)
{
	return queue_start(((struct endpoint *)ctx)->engines, queue);
}

static bool hook_queue_log(void *ctx, unsigned int queue, struct nmc_queue_log *log)
{
	return endpoint_log(ctx, queue, log);
}

/* A state is shown only while it is still what the host asked for. */
static bool show_status(struct endpoint *e, uint32_t status)
{
	bool current, failed;

	pthread_mutex_lock(&e->lock);
	current = e->enable_wanted && !e->reset_wanted;
	failed = current && status & ~e->status & NMC_STAT_FATAL;
	if (current)
		e->status = status;
	pthread_mutex_unlock(&e->lock);
	if (failed)
		irq_raise(&e->host.irq, NMC_VECTOR_HEALTH);
	return current;
}

static void fail(struct endpoint *e)
{
	show_status(e, NMC_STAT_READY | NMC_STAT_FATAL);
}

static bool failed(struct endpoint *e)
{
	bool fatal;

	pthread_mutex_lock(&e->lock);
	fatal = e->status & NMC_STAT_FATAL;
	pthread_mutex_unlock(&e->lock);
	return fatal;
}

/* Admin completions are few: each one is signalled at once. */
static void complete(struct endpoint *e, struct nmc_cqe *cqe)
{
	int raised = failed(e) ? 0 : ring_complete(&e->host, &e->admin, cqe, true);

	if (raised < 0)
		fail(e);
	if (raised <= 0)
		return;
	pthread_mutex_lock(&e->lock);
	e->log.jobs++;
	e->log.interrupts++;
	pthread_mutex_unlock(&e->lock);
}

static void hook_admin_complete(void *ctx, const struct nmc_cqe *cqe)
{
	struct nmc_cqe copy = *cqe;

	complete(ctx, &copy);
}

static void hook_heartbeat(void *ctx, uint64_t beat)
{
	struct endpoint *e = ctx;

	pthread_mutex_lock(&e->lock);
	e->heartbeat = beat;
	pthread_mutex_unlock(&e->lock);
}

static void hook_health(void *ctx)
{
	irq_raise(&((struct endpoint *)ctx)->host.irq, NMC_VECTOR_HEALTH);
}

static void hook_wake(void *ctx)
{
	struct endpoint *e = ctx;

	pthread_mutex_lock(&e->lock);
	e->event = true;
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
}

/* Opens the gate to host memory, unless the host has thought better of it. */
static bool open_gate(struct endpoint *e)
{
	bool current;

	pthread_mutex_lock(&e->lock);
	current = e->enable_wanted && !e->reset_wanted;
	if (current)
		dma_gate(&e->host.dma, true);
	pthread_mutex_unlock(&e->lock);
	return current;
}

/* True if the card now runs and must be disabled again some time. */
static bool enable(struct endpoint *e)
{
	uint64_t epoch, host_time;

	pthread_mutex_lock(&e->lock);
	e->admin = e->wanted;
	epoch = e->epoch;
	host_time = e->host_time;
	pthread_mutex_unlock(&e->lock);
	e->admin.vector = NMC_VECTOR_ADMIN;
	if (!ring_valid(&e->host, &e->admin)) {
		show_status(e, NMC_STAT_BAD_CONFIG);
		return false;
	}
	if (!open_gate(e))
		return false;
	mgmt_host_enable(e->mgmt, epoch, host_time);
	show_status(e, NMC_STAT_READY);
	return true;
}

static void disable(struct endpoint *e)
{
	dma_gate(&e->host.dma, false);
	queue_delete_all(e->engines, waiting, e);
	mgmt_host_disable(e->mgmt);
	pthread_mutex_lock(&e->lock);
	e->status = 0;
	pthread_mutex_unlock(&e->lock);
}

/* All admin commands that have arrived; the last look is after the doorbell was asked for. A failed card has none. */
static void serve(struct endpoint *e)
{
	while (!failed(e)) {
		struct nmc_sqe sqe;
		struct nmc_cqe cqe = { 0 };
		int more = ring_poll(&e->host, &e->admin);

		if (!more)
			more = ring_sleep(&e->host, &e->admin);
		if (more > 0)
			more = ring_fetch(&e->host, &e->admin, &sqe) ? -1 : 1;
		if (more < 0)
			fail(e);
		if (more <= 0)
			return;
		if (mgmt_admin(e->mgmt, &sqe, &cqe)) {
			cqe.cookie = sqe.cookie;
			complete(e, &cqe);
		}
	}
}

/* What the socket thread has asked for since; waits a turn if it has asked for nothing. */
static void wait_turn(struct endpoint *e)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += TURN_MS * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	if (!e->end && !e->reset_wanted && !e->doorbell && !e->event &&
	    e->enable_wanted == !!(e->status & (NMC_STAT_READY | NMC_STAT_BAD_CONFIG)))
		pthread_cond_timedwait(&e->wake, &e->lock, &until);
	e->event = false;
}

static void *admin_thread(void *arg)
{
	struct endpoint *e = arg;
	bool running = false;

	prctl(PR_SET_NAME, "nmc-mgmt");
	for (;;) {
		bool wanted, reset, fatal, hang, end;

		pthread_mutex_lock(&e->lock);
		wait_turn(e);
		wanted = e->enable_wanted;
		reset = e->reset_wanted;
		fatal = e->fault == CARD_FAULT_FATAL;
		hang = e->fault == CARD_FAULT_HANG_FIRMWARE || e->fault == CARD_FAULT_ALL_ONES;
		end = e->end;
		e->reset_wanted = false;
		e->doorbell = false;
		if (!wanted && (e->status & NMC_STAT_BAD_CONFIG))
			e->status = 0;
		pthread_mutex_unlock(&e->lock);
		if (running && (reset || end || !wanted)) {
			disable(e);
			running = false;
		}
		if (end)
			return NULL;
		if (wanted && !running)
			running = enable(e);
		if (running && fatal)
			fail(e);
		if (hang) {
			nanosleep(&(struct timespec){ .tv_nsec = TURN_MS * 1000000 }, NULL);
			continue;
		}
		if (running)
			serve(e);
		queue_progress(e->engines);
		while (mgmt_poll(e->mgmt))
			;
	}
}

int admin_start(struct endpoint *e)
{
	const struct mgmt_door door = {
		.ctx = e,
		.dma = { .read = dma_read, .write = dma_write, .ctx = &e->host.dma },
		.queue_create = hook_queue_create,
		.queue_delete = hook_queue_delete,
		.queue_stop = hook_queue_stop,
		.queue_start = hook_queue_start,
		.queue_log = hook_queue_log,
		.admin_complete = hook_admin_complete,
		.heartbeat = hook_heartbeat,
		.health = hook_health,
		.wake = hook_wake,
	};
	pthread_condattr_t monotonic;
	int ret;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&e->wake, &monotonic);
	pthread_condattr_destroy(&monotonic);
	ret = mgmt_attach(e->mgmt, &door);
	if (ret)
		return ret;
	ret = pthread_create(&e->thread, NULL, admin_thread, e);
	if (ret)
		mgmt_detach(e->mgmt);
	return -ret;
}

void admin_stop(struct endpoint *e)
{
	pthread_mutex_lock(&e->lock);
	e->end = true;
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
	pthread_join(e->thread, NULL);
	mgmt_detach(e->mgmt);
	pthread_cond_destroy(&e->wake);
}
