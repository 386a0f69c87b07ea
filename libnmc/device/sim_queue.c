// SPDX-License-Identifier: MIT
/*
 * Jobs of the in-process door: each context has a thread that carries its jobs out in order, and remembers the
 * results of the last 256.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "libnmc/device/sim.h"
#include "libnmc/error.h"

#define DEPTH	64	/* jobs in flight */
#define RESULTS	256

/* What the card fetches, and what it answers. */
struct sim_job {
	struct {
		struct nmc_job_table head;
		uint8_t rest[NMC_MAX_SETS * sizeof(struct nmc_set_ref) + NMC_MAX_SLOTS * sizeof(struct nmc_slot)];
	} table __attribute__((aligned(64)));
	struct nmc_sqe_job sqe;
	struct sim_buffer *held[NMC_MAX_SLOTS];
	unsigned int held_count;
};

struct sim_context {
	struct sim *sim;
	uint32_t id;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t done;
	struct nmc_set_ref sets[NMC_MAX_SETS];
	unsigned int set_count;
	struct sim_job jobs[DEPTH];
	struct nmc_cqe results[RESULTS];
	uint64_t submitted;
	uint64_t finished;
	int stop;
};

static void release_buffers(struct sim_job *job)
{
	while (job->held_count)
		sim_buffer_put(job->held[--job->held_count]);
}

static void *context_thread(void *arg)
{
	struct sim_context *c = arg;

	pthread_mutex_lock(&c->lock);
	for (;;) {
		struct sim_job *job = &c->jobs[c->finished % DEPTH];
		struct nmc_cqe cqe;

		while (c->finished == c->submitted && !c->stop)
			pthread_cond_wait(&c->work, &c->lock);
		if (c->stop)
			break;
		pthread_mutex_unlock(&c->lock);
		card_job(c->sim->card, &job->sqe, &card_dma_process, &c->stop, NULL, &cqe);
		release_buffers(job);
		pthread_mutex_lock(&c->lock);
		c->results[++c->finished % RESULTS] = cqe;
		pthread_cond_broadcast(&c->done);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void context_init(struct sim_context *c)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&c->lock, NULL);
	pthread_cond_init(&c->work, NULL);
	pthread_cond_init(&c->done, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

static void context_free(struct sim_context *c)
{
	pthread_mutex_destroy(&c->lock);
	pthread_cond_destroy(&c->work);
	pthread_cond_destroy(&c->done);
	free(c);
}

/* Takes a free context id, which the host chooses. */
static int context_name(struct sim *s, struct sim_context *c)
{
	uint32_t id;

	pthread_mutex_lock(&s->lock);
	for (id = 1; id < SIM_CONTEXTS && s->context[id]; id++)
		;
	if (id < SIM_CONTEXTS) {
		s->context[id] = c;
		c->id = id;
	}
	pthread_mutex_unlock(&s->lock);
	return id < SIM_CONTEXTS ? 0 : fail(-ENOSPC, "the card has no context left; at most %u", NMC_MAX_CONTEXTS);
}

static void context_forget(struct sim *s, uint32_t id)
{
	pthread_mutex_lock(&s->lock);
	s->context[id] = NULL;
	pthread_mutex_unlock(&s->lock);
}

static int context_attach(struct sim_context *c)
{
	struct nmc_sqe sqe = { .opcode = NMC_ADMIN_CONTEXT_CREATE, .id = c->id, .count = c->set_count,
			       .addr = c->set_count ? (uintptr_t)c->sets : 0,
			       .bytes = c->set_count * sizeof(*c->sets) };
	struct nmc_cqe cqe;

	card_admin(c->sim->card, &sqe, &card_dma_process, &cqe);
	return cqe.status ? fail(-EINVAL, "context: %s", status_text(cqe.status)) : 0;
}

int sim_context_create(struct device *d, const uint32_t *sets, unsigned int count, uint32_t *context)
{
	struct sim *s = (struct sim *)d;
	struct sim_context *c;
	unsigned int i;
	int ret;

	if (count > NMC_MAX_SETS)
		return fail(-EINVAL, "a context has at most %u tile sets, not %u", NMC_MAX_SETS, count);
	c = aligned_alloc(64, (sizeof(*c) + 63) / 64 * 64);
	if (!c)
		return fail_memory();
	memset(c, 0, sizeof(*c));
	c->sim = s;
	c->set_count = count;
	for (i = 0; i < count; i++)
		c->sets[i] = (struct nmc_set_ref){ .set = sets[i], .generation = s->generation[sets[i] % SIM_SETS] };
	context_init(c);
	ret = context_name(s, c);
	if (!ret)
		ret = context_attach(c);
	if (!ret && pthread_create(&c->thread, NULL, context_thread, c))
		ret = fail(-EAGAIN, "cannot start a thread for the context");
	if (ret) {
		if (c->id)
			context_forget(s, c->id);
		context_free(c);
		return ret;
	}
	*context = c->id;
	return 0;
}

void sim_context_destroy(struct device *d, uint32_t context)
{
	struct sim *s = (struct sim *)d;
	struct sim_context *c = s->context[context];
	struct nmc_sqe sqe = { .opcode = NMC_ADMIN_CONTEXT_DESTROY, .id = context };
	struct nmc_cqe cqe;

	pthread_mutex_lock(&c->lock);
	__atomic_store_n(&c->stop, 1, __ATOMIC_RELEASE);
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	while (c->finished != c->submitted)
		release_buffers(&c->jobs[c->finished++ % DEPTH]);
	card_admin(s->card, &sqe, &card_dma_process, &cqe);
	context_forget(s, context);
	context_free(c);
}

static void fill_job(const struct sim_context *c, struct sim_job *j, const struct device_job *job, uint64_t id)
{
	struct nmc_set_ref *set = (void *)j->table.rest;
	struct nmc_slot *slot = (void *)(set + c->set_count);
	uint32_t bytes = (uint32_t)(sizeof(j->table.head) + c->set_count * sizeof(*set) + job->count * sizeof(*slot));
	unsigned int i;

	j->table.head = (struct nmc_job_table){ .bytes = bytes, .sets = (uint16_t)c->set_count,
						.slots = (uint16_t)job->count };
	memcpy(set, c->sets, c->set_count * sizeof(*set));
	for (i = 0; i < job->count; i++) {
		struct sim_buffer *b = (void *)(uintptr_t)job->slots[i].handle;
		struct nmc_slot s = { .addr = (uintptr_t)b->data, .length = job->slots[i].bytes,
				      .flags = NMC_SLOT_READ | (job->slots[i].write ? NMC_SLOT_WRITE : 0) };

		__atomic_add_fetch(&b->refs, 1, __ATOMIC_RELAXED);
		j->held[i] = b;
		memcpy(slot + i, &s, sizeof(s));
	}
	j->held_count = job->count;
	j->sqe = (struct nmc_sqe_job){ .opcode = NMC_QUEUE_JOB, .cookie = (uint32_t)id, .table = (uintptr_t)&j->table,
				       .table_bytes = bytes, .context = c->id, .stream_bytes = (uint32_t)job->stream_bytes,
				       .stream_slot = (uint16_t)job->stream_slot, .job = id };
}

int sim_submit(struct device *d, uint32_t context, const struct device_job *job, uint64_t *id)
{
	struct sim_context *c = ((struct sim *)d)->context[context];

	pthread_mutex_lock(&c->lock);
	while (c->submitted - c->finished == DEPTH)
		pthread_cond_wait(&c->done, &c->lock);
	fill_job(c, &c->jobs[c->submitted % DEPTH], job, c->submitted + 1);
	*id = ++c->submitted;
	pthread_cond_signal(&c->work);
	pthread_mutex_unlock(&c->lock);
	return 0;
}

static void result_of(const struct nmc_cqe *cqe, struct device_result *r)
{
	*r = (struct device_result){
		.status = cqe->status,
		.cause = cqe->fault.cause,
		.insn = cqe->fault.insn,
		.tag = cqe->fault.tag,
		.object = cqe->fault.object,
		.offset = cqe->fault.offset,
		.iteration = cqe->fault.iteration,
		.modelled_ns = cqe->result,
		.energy_fj = cqe->energy_fj,
	};
}

int sim_wait(struct device *d, uint32_t context, uint64_t id, int64_t timeout_ns, struct device_result *result)
{
	struct sim_context *c = ((struct sim *)d)->context[context];
	int64_t end = deadline_of(timeout_ns);
	struct timespec until = { .tv_sec = end / 1000000000, .tv_nsec = end % 1000000000 };
	int ret = 0;

	pthread_mutex_lock(&c->lock);
	if (!id || id > c->submitted || c->finished >= id + RESULTS)
		ret = fail(-ENOENT, "job %llu is unknown or forgotten", (unsigned long long)id);
	while (!ret && c->finished < id)
		if (pthread_cond_timedwait(&c->done, &c->lock, &until) == ETIMEDOUT && c->finished < id)
			ret = fail(-ETIMEDOUT, "job %llu has not ended", (unsigned long long)id);
	if (!ret)
		result_of(&c->results[id % RESULTS], result);
	pthread_mutex_unlock(&c->lock);
	return ret;
}
