/* SPDX-License-Identifier: MIT */
/*
 * What a plan keeps between runs: parameters and buffers on the card's side of memory, and streams.
 */
#ifndef NMC_RUNNER_H
#define NMC_RUNNER_H

#include <pthread.h>
#include "libnmc/compile/plan.h"

#define RUNNER_JOB_VECTORS	2048u	/* vectors a job, whatever the batch: jobs are where conductances age */
#define RUNNER_LANES		2	/* jobs in flight: one runs while the next is prepared */

/**
 * struct lane - buffers of one job in flight
 * @in: int8 codes
 * @out: int32 results, then the counters of the job
 * @job: its id
 * @first: first vector
 * @vectors: vectors of the job, 0 if idle
 */
struct lane {
	struct nmc_buffer *in;
	struct nmc_buffer *out;
	uint64_t job;
	size_t first;
	uint32_t vectors;
};

/**
 * struct runner - see above
 * @params: parameter area
 * @stream: stream for @stream_vectors vectors
 * @stream_vectors: vectors that @stream stands for
 * @lane: jobs in flight
 * @lock: protects what follows
 * @turn: signalled when @serving moves
 * @next: ticket of the next run or programming
 * @serving: ticket of the one in progress: they follow one another in the order of their tickets
 * @programmed: the tiles hold the network
 */
struct runner {
	struct nmc_buffer *params;
	struct nmc_stream *stream;
	uint32_t stream_vectors;
	struct lane lane[RUNNER_LANES];
	pthread_mutex_t lock;
	pthread_cond_t turn;
	uint64_t next;
	uint64_t serving;
	bool programmed;
};

int runner_create(struct nmc_plan *p, struct runner **runner);
void runner_destroy(struct runner *r);

/**
 * struct work - vectors to run, and how far it is
 * @in: input vectors
 * @count: how many
 * @raw: integers go here, unless NULL
 * @values: values go here, unless NULL
 * @used: what it used so far
 * @done: vectors done, which other threads look at
 * @cancel: set by another thread: no job is started any more
 */
struct work {
	const float *in;
	size_t count;
	int32_t *raw;
	float *values;
	struct nmc_run_report used;
	size_t done;
	bool cancel;
};

/* A place in the order of runs and programmings. */
uint64_t runner_ticket(struct runner *r);

/* The same for a run. Return: 0 or -EINVAL (not programmed). */
int runner_enter(struct runner *r, uint64_t *ticket);

/* Waits for the turn of @ticket; ends the turn. */
void runner_begin(struct runner *r, uint64_t ticket);
void runner_end(struct runner *r);

/* In one's turn: 0, or -EINVAL if the tiles do not hold the network; the next run emits its stream anew. */
int runner_check_programmed(struct runner *r);
void runner_forget_stream(struct runner *r);

/* Says in one's turn whether the tiles hold the network. */
void runner_set_programmed(struct runner *r, bool programmed);

/* Does @w when it is the turn of @ticket. -ECANCELED if it was cancelled before its last job was started. */
int runner_run(struct nmc_plan *p, uint64_t ticket, struct work *w, struct nmc_run_report *report);

/* In one's turn: does the job of one stream and waits for it; an error names the layer. */
int runner_job(struct nmc_plan *p, struct nmc_stream *stream, const struct nmc_slot_ref *slots, unsigned int count);

/* In one's turn: lets @ns nanoseconds pass for the plan's tiles. */
int runner_age(struct nmc_plan *p, uint64_t ns);

/* Name of the layer that an instruction's tag stands for, for job_outcome(). */
const char *layer_of_tag(void *plan, uint32_t tag);

/* Wall time, nanoseconds. */
uint64_t wall_ns(void);

#endif
