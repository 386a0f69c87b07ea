// SPDX-License-Identifier: MIT
/*
 * I/O queues and engines. An engine takes one job at a time from the queues in turn. A queue that ran dry is looked at
 * every tenth of a millisecond for a while before its doorbell is asked for, because a doorbell costs the host far more
 * than a look costs the card. Looks more often than that take the processor from the guest that is to fill the queue.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include "card/pcie/queue.h"

#define LINGER_NS	2000000u	/* after its last job a queue is looked at this long without a doorbell */
#define LOOK_NS		100000u	/* how often */
#define WAIT_MS		2		/* how often queue_stop() calls back */

/**
 * struct queue - one I/O queue
 * @ring: its rings; worked on by the engine that holds @busy
 * @state: life
 * @busy: an engine works on it
 * @awake: looked at without a doorbell; atomic, as the doorbell does not wait for the engine that holds @busy
 * @stop: ends the job in execution
 * @executing: the descriptor before @ring.head is with the card; meanwhile the rings belong to who holds the lock
 * @cookie: of the job in execution
 * @progress: of the job in execution
 * @told: progress that the host knows
 * @last_ns: wall time of its last job or doorbell; atomic for the same reason
 * @log: counters
 */
struct queue {
	struct ring ring;
	enum queue_state state;
	bool busy;
	bool awake;
	int stop;
	bool executing;
	uint64_t cookie;
	uint64_t progress;
	uint64_t told;
	uint64_t last_ns;
	struct nmc_queue_log log;
};

struct engines {
	struct ring_host *host;
	struct engine_hooks hooks;
	unsigned int queues;
	unsigned int threads;
	pthread_t *thread;
	pthread_mutex_t lock;
	pthread_cond_t work;	/* something to do for an engine */
	pthread_cond_t idle;	/* a queue is no longer busy */
	unsigned int turn;
	bool looking;		/* one engine looks for all */
	bool hang;
	uint32_t damage;	/* to the cookie of the next completion */
	bool end;
	uint64_t generation;
	struct queue queue[NMC_MAX_QUEUES + 1];
};

/*
 * The end of a job. One that was ended by a stop stays STARTED: the stop's report speaks for it, not a completion. One
 * that was stopped while it waited for its tile sets has no fault and did nothing: it goes back.
 */
static int finish(struct engines *e, struct queue *q, struct nmc_cqe *cqe)
{
	if (cqe->status != NMC_STATUS_ABORTED) {
		cqe->cookie ^= __atomic_exchange_n(&e->damage, 0, __ATOMIC_RELAXED);
		return ring_complete(e->host, &q->ring, cqe, false);
	}
	if (!cqe->fault.cause)
		q->ring.head--;
	return 0;
}

static int execute(struct engines *e, unsigned int number, struct queue *q)
{
	struct nmc_sqe_job sqe;
	struct nmc_cqe cqe;
	uint64_t begin, end;
	int raised = ring_fetch(e->host, &q->ring, &sqe);

	if (raised < 0)
		return raised;
	begin = queue_now();
	__atomic_store_n(&q->cookie, sqe.job, __ATOMIC_RELAXED);
	__atomic_store_n(&q->executing, true, __ATOMIC_RELEASE);
	e->hooks.job(e->hooks.ctx, number, &sqe, &q->stop, &q->progress, &cqe);
	end = queue_now();
	__atomic_store_n(&q->last_ns, end, __ATOMIC_RELAXED);
	/* Counted before the host can see the completion: it may look at once */
	pthread_mutex_lock(&e->lock);
	__atomic_store_n(&q->executing, false, __ATOMIC_RELEASE);
	q->log.jobs += cqe.status != NMC_STATUS_ABORTED;
	q->log.wall_busy_ns += end - begin;
	q->log.modelled_busy_ns += cqe.status == NMC_STATUS_OK ? cqe.result : 0;
	pthread_mutex_unlock(&e->lock);
	cqe.cookie = sqe.cookie;
	raised = finish(e, q, &cqe);
	pthread_mutex_lock(&e->lock);
	q->log.interrupts += raised > 0;
	pthread_mutex_unlock(&e->lock);
	return raised;
}

/* The host broke the ring: it is stopped where it stands. True unless the queue was about to end anyway. */
static bool give_up(struct queue *q)
{
	bool running = q->state == QUEUE_RUNNING && !__atomic_load_n(&q->stop, __ATOMIC_ACQUIRE);

	q->state = QUEUE_STOPPED;
	q->awake = false;
	return running;
}

/* So long without a job or doorbell that it may fall asleep. */
static bool lingered(const struct queue *q, uint64_t now)
{
	return now - __atomic_load_n(&q->last_ns, __ATOMIC_RELAXED) >= LINGER_NS;
}

/* Works on a queue that this engine holds: one job, or falling asleep. Called without the lock. */
static void turn_of(struct engines *e, unsigned int number, struct queue *q)
{
	int more = ring_poll(e->host, &q->ring);
	bool broken = false;
	uint64_t now;

	if (more > 0) {
		int raised = execute(e, number, q);

		more = raised < 0 ? raised : 1;
	}
	now = queue_now();
	if (!more && lingered(q, now)) {
		/* Asleep before the host can see that a doorbell is wanted, or the doorbell might be lost. */
		__atomic_store_n(&q->awake, false, __ATOMIC_SEQ_CST);
		more = ring_sleep(e->host, &q->ring);
		if (more)
			__atomic_store_n(&q->awake, true, __ATOMIC_SEQ_CST);
	}
	pthread_mutex_lock(&e->lock);
	if (ring_flush(e->host, &q->ring, now))
		q->log.interrupts++;
	if (more < 0)
		broken = give_up(q);
	q->busy = false;
	pthread_cond_broadcast(&e->idle);
	pthread_mutex_unlock(&e->lock);
	if (broken)
		e->hooks.broken(e->hooks.ctx, number, (unsigned int)-more);
}

static bool wants_turn(const struct queue *q)
{
	return q->state == QUEUE_RUNNING && !q->busy && !q->stop &&
	       (q->awake || q->ring.signalled != q->ring.done);
}

/* The next queue in turn; whether it has a job is seen when it is looked at. */
static unsigned int next_queue(struct engines *e)
{
	unsigned int i;

	for (i = 0; !e->hang && i < e->queues; i++) {
		unsigned int n = (e->turn + i) % e->queues + 1;

		if (wants_turn(&e->queue[n])) {
			e->turn = n;
			return n;
		}
	}
	return 0;
}

/* Has the queue something to do now? A look costs a read of host memory. */
static bool has_work(struct engines *e, struct queue *q)
{
	uint64_t now = queue_now();

	return ring_poll(e->host, &q->ring) || (__atomic_load_n(&q->awake, __ATOMIC_RELAXED) && lingered(q, now)) ||
	       (q->ring.signalled != q->ring.done && now - q->ring.unsignalled_ns >= q->ring.coalesce_ns);
}

/* Queues that want a look. Called with the lock held. */
static unsigned int count_awake(const struct engines *e)
{
	unsigned int i, n = 0;

	for (i = 1; !e->hang && i <= e->queues; i++)
		n += wants_turn(&e->queue[i]);
	return n;
}

/* Gives every awake queue one look; true if one had work. */
static bool round_of(struct engines *e)
{
	unsigned int first = 0;
	bool worked = false, others;

	for (;;) {
		unsigned int n;
		struct queue *q;

		pthread_mutex_lock(&e->lock);
		n = e->end ? 0 : next_queue(e);
		if (!n || n == first) {
			pthread_mutex_unlock(&e->lock);
			return worked;
		}
		first = first ? first : n;
		q = &e->queue[n];
		q->busy = true;
		others = count_awake(e) > 0;
		pthread_mutex_unlock(&e->lock);
		if (has_work(e, q)) {
			worked = true;
			first = 0;
			if (others)
				pthread_cond_signal(&e->work);
			turn_of(e, n, q);
			continue;
		}
		pthread_mutex_lock(&e->lock);
		q->busy = false;
		pthread_cond_broadcast(&e->idle);
		pthread_mutex_unlock(&e->lock);
	}
}

static void *engine_thread(void *arg)
{
	struct engines *e = arg;
	const struct timespec look = { .tv_nsec = LOOK_NS };

	prctl(PR_SET_TIMERSLACK, 1);
	prctl(PR_SET_NAME, "nmc-engine");
	pthread_mutex_lock(&e->lock);
	while (!e->end) {
		bool looker = count_awake(e) && !e->looking;

		if (looker)
			e->looking = true;
		else
			pthread_cond_wait(&e->work, &e->lock);
		pthread_mutex_unlock(&e->lock);
		if (looker)
			nanosleep(&look, NULL);
		pthread_mutex_lock(&e->lock);
		e->looking = e->looking && !looker;
		pthread_mutex_unlock(&e->lock);
		while (round_of(e))
			;
		pthread_mutex_lock(&e->lock);
	}
	pthread_mutex_unlock(&e->lock);
	return NULL;
}

struct engines *engines_create(struct ring_host *host, unsigned int queues, unsigned int threads,
			       const struct engine_hooks *hooks)
{
	struct engines *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->host = host;
	e->hooks = *hooks;
	e->queues = queues;
	pthread_mutex_init(&e->lock, NULL);
	pthread_cond_init(&e->work, NULL);
	pthread_cond_init(&e->idle, NULL);
	e->thread = calloc(threads, sizeof(*e->thread));
	while (e->thread && e->threads < threads && !pthread_create(&e->thread[e->threads], NULL, engine_thread, e))
		e->threads++;
	if (e->threads)
		return e;
	engines_destroy(e);
	return NULL;
}

void engines_destroy(struct engines *e)
{
	unsigned int i;

	if (!e)
		return;
	pthread_mutex_lock(&e->lock);
	e->end = true;
	pthread_cond_broadcast(&e->work);
	pthread_mutex_unlock(&e->lock);
	for (i = 0; i < e->threads; i++)
		pthread_join(e->thread[i], NULL);
	free(e->thread);
	pthread_mutex_destroy(&e->lock);
	pthread_cond_destroy(&e->work);
	pthread_cond_destroy(&e->idle);
	free(e);
}

unsigned int queue_create(struct engines *e, unsigned int queue, const struct nmc_queue_config *config)
{
	struct ring ring = { .sq = config->sq, .cq = config->cq, .shadow = config->shadow, .entries = config->entries,
			     .vector = config->vector, .coalesce_ns = config->coalesce_ns };
	struct queue *q;
	unsigned int status = NMC_STATUS_EXISTS;

	if (!queue || queue > e->queues || !ring_valid(e->host, &ring))
		return NMC_STATUS_FIELD;
	q = &e->queue[queue];
	pthread_mutex_lock(&e->lock);
	if (q->state == QUEUE_ABSENT) {
		memset(q, 0, sizeof(*q));
		q->ring = ring;
		q->log.generation = ++e->generation;
		q->state = QUEUE_RUNNING;
		q->awake = true;
		q->last_ns = queue_now();
		pthread_cond_broadcast(&e->work);
		status = NMC_STATUS_OK;
	}
	pthread_mutex_unlock(&e->lock);
	return status;
}

/* Waits until no engine works on the queue. Called with the lock held. */
static void wait_idle(struct engines *e, struct queue *q, void (*waiting)(void *ctx), void *ctx)
{
	while (q->busy) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WAIT_MS * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		pthread_cond_timedwait(&e->idle, &e->lock, &until);
		if (waiting && q->busy) {
			pthread_mutex_unlock(&e->lock);
			waiting(ctx);
			pthread_mutex_lock(&e->lock);
		}
	}
}

/* What was fetched and not completed had started; the rest of what was seen had not. */
static void fill_report(const struct queue *q, struct nmc_stop_report *report)
{
	const struct ring *r = &q->ring;

	memset(report, 0, sizeof(*report));
	report->head = r->done;
	report->tail = r->tail;
	if (r->head != r->done)
		report->state[r->done & (r->entries - 1)] = NMC_DESC_STARTED;
}

unsigned int queue_stop(struct engines *e, unsigned int queue, bool drain, struct nmc_stop_report *report,
			void (*waiting)(void *ctx), void *ctx)
{
	struct queue *q = &e->queue[queue <= NMC_MAX_QUEUES ? queue : 0];
	unsigned int status = NMC_STATUS_NOT_FOUND;

	if (!queue || queue > e->queues)
		return status;
	pthread_mutex_lock(&e->lock);
	if (q->state != QUEUE_ABSENT) {
		q->state = QUEUE_STOPPED;
		if (!drain)
			__atomic_store_n(&q->stop, 1, __ATOMIC_RELEASE);
		wait_idle(e, q, waiting, ctx);
		q->awake = false;
		fill_report(q, report);
		status = NMC_STATUS_OK;
	}
	pthread_mutex_unlock(&e->lock);
	return status;
}

unsigned int queue_start(struct engines *e, unsigned int queue)
{
	struct queue *q = &e->queue[queue <= NMC_MAX_QUEUES ? queue : 0];
	unsigned int status = NMC_STATUS_NOT_FOUND;

	if (!queue || queue > e->queues)
		return status;
	pthread_mutex_lock(&e->lock);
	if (q->state == QUEUE_STOPPED) {
		q->ring.head = q->ring.tail = q->ring.done = q->ring.signalled = 0;
		q->stop = 0;
		q->state = QUEUE_RUNNING;
		q->awake = true;
		q->last_ns = queue_now();
		pthread_cond_broadcast(&e->work);
		status = NMC_STATUS_OK;
	} else if (q->state == QUEUE_RUNNING) {
		status = NMC_STATUS_BUSY;
	}
	pthread_mutex_unlock(&e->lock);
	return status;
}

unsigned int queue_delete(struct engines *e, unsigned int queue, void (*waiting)(void *ctx), void *ctx)
{
	struct nmc_stop_report report;
	unsigned int status = queue_stop(e, queue, false, &report, waiting, ctx);

	if (status == NMC_STATUS_OK) {
		pthread_mutex_lock(&e->lock);
		e->queue[queue].state = QUEUE_ABSENT;
		pthread_mutex_unlock(&e->lock);
	}
	return status;
}

void queue_delete_all(struct engines *e, void (*waiting)(void *ctx), void *ctx)
{
	unsigned int i;

	pthread_mutex_lock(&e->lock);
	for (i = 1; i <= e->queues; i++)
		__atomic_store_n(&e->queue[i].stop, 1, __ATOMIC_RELEASE);
	pthread_mutex_unlock(&e->lock);
	for (i = 1; i <= e->queues; i++)
		queue_delete(e, i, waiting, ctx);
}

void queue_doorbell(struct engines *e, unsigned int queue)
{
	struct queue *q = &e->queue[queue];

	if (!queue || queue > e->queues)
		return;
	pthread_mutex_lock(&e->lock);
	q->log.doorbells++;
	__atomic_store_n(&q->awake, true, __ATOMIC_SEQ_CST);
	__atomic_store_n(&q->last_ns, queue_now(), __ATOMIC_RELAXED);
	pthread_cond_signal(&e->work);
	pthread_mutex_unlock(&e->lock);
}

void queue_hang(struct engines *e, bool hang)
{
	pthread_mutex_lock(&e->lock);
	e->hang = hang;
	pthread_cond_broadcast(&e->work);
	pthread_mutex_unlock(&e->lock);
}

void queue_corrupt(struct engines *e, bool corrupt)
{
	__atomic_store_n(&e->damage, corrupt ? 1u << 31 : 0, __ATOMIC_RELAXED);
}

/*
 * Owed interrupts do not wait for an engine: all may be busy, one perhaps with a job of this very queue. False if the
 * queue does not run.
 */
static bool flush(struct engines *e, struct queue *q)
{
	bool running;

	pthread_mutex_lock(&e->lock);
	running = q->state == QUEUE_RUNNING;
	if (running && (!q->busy || __atomic_load_n(&q->executing, __ATOMIC_ACQUIRE)) &&
	    ring_flush(e->host, &q->ring, queue_now()))
		q->log.interrupts++;
	pthread_mutex_unlock(&e->lock);
	return running;
}

static void tell_progress(struct engines *e, struct queue *q)
{
	uint64_t progress = __atomic_load_n(&q->progress, __ATOMIC_RELAXED);
	uint64_t job = __atomic_load_n(&q->cookie, __ATOMIC_RELAXED);

	if (progress == q->told || !__atomic_load_n(&q->executing, __ATOMIC_ACQUIRE))
		return;
	q->told = progress;
	dma_write(&e->host->dma, q->ring.shadow + offsetof(struct nmc_shadow, job), &job, sizeof(job));
	dma_write(&e->host->dma, q->ring.shadow + offsetof(struct nmc_shadow, progress), &progress, sizeof(progress));
}

void queue_progress(struct engines *e)
{
	unsigned int i;

	for (i = 1; i <= e->queues; i++) {
		struct queue *q = &e->queue[i];

		if (flush(e, q))
			tell_progress(e, q);
	}
}

bool queue_log(struct engines *e, unsigned int queue, struct nmc_queue_log *log)
{
	bool known;

	pthread_mutex_lock(&e->lock);
	known = queue && queue <= e->queues && e->queue[queue].log.generation;
	if (known)
		*log = e->queue[queue].log;
	pthread_mutex_unlock(&e->lock);
	return known;
}
