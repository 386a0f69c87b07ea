// SPDX-License-Identifier: MIT
/*
 * From descriptor to completion: one job is fetched, held, executed and accounted for in the caller's thread.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "card/core/job.h"

static struct job *make_job(struct card *card)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->sram = mmap(NULL, JOB_SRAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (j->sram == MAP_FAILED) {
		free(j);
		return NULL;
	}
	j->card = card;
	return j;
}

struct job *job_take(struct card *card)
{
	struct job *j;

	pthread_mutex_lock(&card->job_lock);
	j = card->idle_jobs;
	if (j)
		card->idle_jobs = j->next;
	pthread_mutex_unlock(&card->job_lock);
	return j ? j : make_job(card);
}

void job_give(struct job *j)
{
	struct card *card = j->card;

	pthread_mutex_lock(&card->job_lock);
	j->next = card->idle_jobs;
	card->idle_jobs = j;
	pthread_mutex_unlock(&card->job_lock);
}

void job_free_all(struct card *card)
{
	struct job *j;
	unsigned int i;

	while ((j = card->idle_jobs)) {
		card->idle_jobs = j->next;
		for (i = 0; i < NMC_MAX_SLOTS; i++)
			free(j->slot[i].list);
		munmap(j->sram, JOB_SRAM_BYTES);
		free(j->stream);
		free(j);
	}
}

static void reset(struct job *j, const struct card_dma *dma, const int *stop, uint64_t *progress)
{
	j->dma = dma;
	j->stop = stop;
	j->progress = progress;
	j->vector = j->card->vector;
	j->pc = 0;
	j->steps = 0;
	j->depth = 0;
	j->slots = j->table_slots = 0;
	j->sets = j->table_sets = 0;
	j->context = NULL;
	j->elapsed = (struct clock){ 0 };
	memset(&j->used, 0, sizeof(j->used));
	memset(&j->fault, 0, sizeof(j->fault));
	j->fault.insn = NMC_FAULT_NO_INSN;
	j->ended = false;
	j->failed = false;
}

static bool descriptor_valid(const struct nmc_sqe_job *sqe)
{
	return sqe->opcode == NMC_QUEUE_JOB && !sqe->flags && !sqe->reserved0 && !sqe->reserved[0] &&
	       !sqe->reserved[1] && sqe->table % 64 == 0;
}

static unsigned int status_of(const struct job *j)
{
	if (j->failed)
		return NMC_STATUS_INTERNAL;
	if (j->fault.cause == NMC_FAULT_NONE)
		return NMC_STATUS_OK;
	return j->fault.cause == NMC_FAULT_ABORTED ? NMC_STATUS_ABORTED : NMC_STATUS_FAULT;
}

static unsigned int run(struct job *j, const struct nmc_sqe_job *sqe)
{
	unsigned int status;

	if (job_fetch_table(j, sqe))
		return NMC_STATUS_FAULT;
	status = job_hold(j, sqe->context);
	if (status)
		return status;
	if (!job_fetch_stream(j, sqe) && !job_header(j))
		job_execute(j);
	job_release(j);
	return status_of(j);
}

static void add(uint64_t *total, uint64_t n)
{
	if (n)
		__atomic_fetch_add(total, n, __ATOMIC_RELAXED);
}

static void account(struct job *j, unsigned int status, uint64_t wall_ns)
{
	struct card_totals *t = &j->card->totals;

	add(&t->jobs, status != NMC_STATUS_ABORTED);
	add(&t->faults, status == NMC_STATUS_FAULT);
	add(&t->energy_fj, j->used.energy_fj);
	add(&t->modelled_ns, j->elapsed.ns);
	add(&t->wall_ns, wall_ns);
	add(&t->macs, j->used.macs);
	add(&t->conversions, j->used.conversions);
	add(&t->clips, j->used.clips);
	add(&t->pulses, j->used.pulses);
}

void job_run(struct card *card, const struct nmc_sqe_job *sqe, const struct card_dma *dma, const int *stop,
	     uint64_t *progress, struct nmc_cqe *cqe)
{
	uint64_t start = wall_now();
	struct job *j;

	memset(cqe, 0, sizeof(*cqe));
	cqe->cookie = sqe->cookie;
	if (!descriptor_valid(sqe)) {
		cqe->status = sqe->opcode == NMC_QUEUE_JOB ? NMC_STATUS_FIELD : NMC_STATUS_OPCODE;
		return;
	}
	j = job_take(card);
	if (!j) {
		cqe->status = NMC_STATUS_INTERNAL;
		return;
	}
	reset(j, dma, stop, progress);
	cqe->status = run(j, sqe);
	cqe->result = j->elapsed.ns;
	cqe->energy_fj = j->used.energy_fj;
	if (j->fault.cause)
		cqe->fault = j->fault;
	account(j, cqe->status, wall_now() - start);
	job_give(j);
}
