// SPDX-License-Identifier: MIT
/*
 * The management side: who may call the firmware when, and what each door adds. The firmware runs under one
 * lock; failures of jobs reach it through a ring of their own, so that a job never waits for a command that
 * waits for that job.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "card/pcie/mgmt_priv.h"

#define SETTLE_MS	2000	/* longest that an endpoint's command waits for erases */

struct mgmt *mgmt_create(struct card *card)
{
	struct mgmt *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->card = card;
	m->hal.m = m;
	m->fw = calloc(1, fw_bytes());
	m->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutex_init(&m->failure_lock, NULL);
	if (!m->fw || m->event_fd < 0) {
		mgmt_destroy(m);
		return NULL;
	}
	fw_init(m->fw, &m->hal);
	return m;
}

void mgmt_destroy(struct mgmt *m)
{
	if (!m)
		return;
	if (m->event_fd >= 0)
		close(m->event_fd);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->failure_lock);
	free(m->fw);
	free(m);
}

/* Without an endpoint events belong to the in-process door; the oldest give way when nobody takes them. */
static void collect_events(struct mgmt *m)
{
	struct nmc_event_record event;
	uint64_t one = 1;
	bool any = false;

	while (!m->attached && fw_event(m->fw, &event)) {
		m->events[m->event_tail++ % MGMT_RING] = event;
		if (m->event_tail - m->event_head > MGMT_RING)
			m->event_head++;
		any = true;
	}
	if (any && write(m->event_fd, &one, sizeof(one)) < 0)
		return;		/* the counter is full, hence already readable */
}

/* Hands the failures that job threads left to the firmware. */
static void drain_failures(struct mgmt *m)
{
	struct mgmt_failure f;
	bool any;

	do {
		pthread_mutex_lock(&m->failure_lock);
		any = m->failure_head != m->failure_tail;
		if (any)
			f = m->failures[m->failure_head++ % MGMT_RING];
		pthread_mutex_unlock(&m->failure_lock);
		if (any)
			fw_job_failed(m->fw, f.queue, f.context, &f.cqe);
	} while (any);
}

/* One turn of the firmware; true if erases are under way. */
static bool turn(struct mgmt *m)
{
	drain_failures(m);
	m->turn_end_ns = wall_now() + MGMT_POLL_MS * 1000000ull;
	fw_poll(m->fw);
	collect_events(m);
	return m->erases;
}

/* Turns until no tile is being erased, so that what a command finds free does not depend on wall time. */
static void settle(struct mgmt *m, uint64_t bound_ms)
{
	uint64_t end = wall_now() + bound_ms * 1000000ull;

	while (turn(m) && (!bound_ms || wall_now() < end))
		;
}

int mgmt_attach(struct mgmt *m, const struct mgmt_door *door)
{
	int ret = -EBUSY;

	pthread_mutex_lock(&m->lock);
	if (!m->attached) {
		pthread_mutex_lock(&m->failure_lock);
		m->door = *door;
		m->dma = &m->door.dma;
		m->attached = true;
		pthread_mutex_unlock(&m->failure_lock);
		ret = 0;
	}
	pthread_mutex_unlock(&m->lock);
	return ret;
}

void mgmt_detach(struct mgmt *m)
{
	pthread_mutex_lock(&m->lock);
	fw_host_disable(m->fw);
	m->host = false;
	drain_failures(m);
	pthread_mutex_lock(&m->failure_lock);
	m->attached = false;
	m->dma = NULL;
	pthread_mutex_unlock(&m->failure_lock);
	pthread_mutex_unlock(&m->lock);
}

void mgmt_identify(struct mgmt *m, struct nmc_identify *identify)
{
	memset(identify, 0, sizeof(*identify));
	hal_identify(&m->hal, identify);
}

bool mgmt_admin(struct mgmt *m, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	bool answered;

	pthread_mutex_lock(&m->lock);
	if (sqe->opcode == NMC_ADMIN_TILESET_CREATE || sqe->opcode == NMC_ADMIN_CLASS)
		settle(m, SETTLE_MS);
	drain_failures(m);
	answered = fw_admin(m->fw, sqe, cqe);
	pthread_mutex_unlock(&m->lock);
	return answered;
}

bool mgmt_poll(struct mgmt *m)
{
	bool more;

	pthread_mutex_lock(&m->lock);
	more = turn(m);
	pthread_mutex_unlock(&m->lock);
	return more;
}

void mgmt_waiting(struct mgmt *m)
{
	m->waited_beats++;
	m->door.heartbeat(m->door.ctx, m->beat + m->waited_beats);
}

static void beat_on(void *ctx)
{
	struct mgmt *m = ctx;

	if (m->attached)
		mgmt_waiting(m);
}

void mgmt_pause(struct mgmt *m)
{
	pthread_mutex_lock(&m->lock);
	machine_pause(m->card, beat_on, m);
}

void mgmt_resume(struct mgmt *m)
{
	machine_resume(m->card);
	pthread_mutex_unlock(&m->lock);
}

void mgmt_host_enable(struct mgmt *m, uint64_t epoch, uint64_t host_time_ns)
{
	pthread_mutex_lock(&m->lock);
	fw_host_enable(m->fw, epoch, host_time_ns);
	m->host = true;
	pthread_mutex_unlock(&m->lock);
}

void mgmt_host_disable(struct mgmt *m)
{
	pthread_mutex_lock(&m->lock);
	fw_host_disable(m->fw);
	m->host = false;
	pthread_mutex_unlock(&m->lock);
}

static void leave_failure(struct mgmt *m, const struct mgmt_failure *f)
{
	pthread_mutex_lock(&m->failure_lock);
	if (m->failure_tail - m->failure_head < MGMT_RING)
		m->failures[m->failure_tail++ % MGMT_RING] = *f;
	if (m->attached)
		m->door.wake(m->door.ctx);
	pthread_mutex_unlock(&m->failure_lock);
}

void mgmt_job(struct mgmt *m, unsigned int queue, const struct nmc_sqe_job *sqe, const struct card_dma *dma,
	      const int *stop, uint64_t *progress, struct nmc_cqe *cqe)
{
	job_run(m->card, sqe, dma, stop, progress, cqe);
	if (cqe->status != NMC_STATUS_OK && !job_not_started(cqe))
		leave_failure(m, &(struct mgmt_failure){ .queue = queue, .context = sqe->context, .cqe = *cqe });
}

void mgmt_queue_broken(struct mgmt *m, unsigned int queue, unsigned int status)
{
	leave_failure(m, &(struct mgmt_failure){ .queue = queue, .cqe.status = (uint16_t)status });
}

/* A turn that erases nothing: the firmware learns what the scrub found. An endpoint has turns of its own. */
static void look_at_scrub(struct mgmt *m)
{
	m->turn_end_ns = 0;
	fw_poll(m->fw);
}

void card_job(struct card *card, const struct nmc_sqe_job *sqe, const struct card_dma *dma, const int *stop,
	      uint64_t *progress, struct nmc_cqe *cqe)
{
	struct mgmt *m = card->mgmt;

	job_run(card, sqe, dma, stop, progress, cqe);
	if (cqe->status == NMC_STATUS_OK && !__atomic_load_n(&card->any_scrubbed, __ATOMIC_RELAXED))
		return;
	pthread_mutex_lock(&m->lock);
	drain_failures(m);
	if (cqe->status != NMC_STATUS_OK)
		fw_job_failed(m->fw, MGMT_QUEUE_NONE, sqe->context, cqe);
	else if (!m->attached)
		look_at_scrub(m);
	collect_events(m);
	pthread_mutex_unlock(&m->lock);
}

static bool needs_queues(unsigned int opcode)
{
	return opcode == NMC_ADMIN_EVENT ||
	       (opcode >= NMC_ADMIN_QUEUE_CREATE && opcode <= NMC_ADMIN_QUEUE_START);
}

void card_admin(struct card *card, const struct nmc_sqe *sqe, const struct card_dma *dma, struct nmc_cqe *cqe)
{
	struct mgmt *m = card->mgmt;
	const struct card_dma *before;

	if (needs_queues(sqe->opcode)) {
		memset(cqe, 0, sizeof(*cqe));
		cqe->cookie = sqe->cookie;
		cqe->status = NMC_STATUS_OPCODE;
		return;
	}
	pthread_mutex_lock(&m->lock);
	before = m->dma;
	if (!m->attached)
		settle(m, 0);
	m->dma = dma;
	fw_admin(m->fw, sqe, cqe);
	m->dma = before;
	collect_events(m);
	pthread_mutex_unlock(&m->lock);
}

int card_event(struct card *card, struct nmc_event_record *event)
{
	struct mgmt *m = card->mgmt;
	uint64_t count;
	int ret = -EAGAIN;

	pthread_mutex_lock(&m->lock);
	if (m->event_head != m->event_tail) {
		*event = m->events[m->event_head++ % MGMT_RING];
		ret = 0;
	}
	if (m->event_head == m->event_tail && read(m->event_fd, &count, sizeof(count)) < 0)
		errno = 0;	/* nothing was signalled */
	pthread_mutex_unlock(&m->lock);
	return ret;
}

int card_event_fd(struct card *card)
{
	return card->mgmt->event_fd;
}

struct mgmt *card_mgmt(struct card *card)
{
	return card->mgmt;
}
