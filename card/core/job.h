/* SPDX-License-Identifier: MIT */
/*
 * One job in execution: its own copy of table and stream, its SRAM window, slots, sets, loops, time and fault
 * record. Job states are kept by the card and used again, so that a job allocates nothing on its way.
 */
#ifndef NMC_CARD_JOB_H
#define NMC_CARD_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include "card/core/machine.h"
#include "card/core/cost.h"

#define JOB_SRAM_BYTES	(4u << 20)

/**
 * struct job_slot - one host buffer of a job
 * @addr: host address of the buffer or of its page list
 * @offset: where the slot begins within the buffer
 * @length: bytes
 * @pages: entries of the list, 0 for a contiguous buffer
 * @flags: NMC_SLOT_*
 * @listed: the list has been fetched
 * @capacity: entries @list has room for
 * @list: the card's copy of the list; kept from job to job
 */
struct job_slot {
	uint64_t addr;
	uint64_t offset;
	uint64_t length;
	uint32_t pages;
	uint32_t flags;
	bool listed;
	uint32_t capacity;
	uint64_t *list;
};

/**
 * struct job_loop - one open LOOP
 * @first: first instruction of the body
 * @end: instruction after the body
 * @count: iterations in all
 * @iteration: the present one
 */
struct job_loop {
	uint32_t first;
	uint32_t end;
	uint32_t count;
	uint32_t iteration;
};

/**
 * struct job - one job in execution
 * @card: the card
 * @dma: host memory
 * @stop: the host's wish to end the job, or NULL
 * @progress: advanced for the host, or NULL
 * @vector: build of the vector unit
 * @sram: window, %JOB_SRAM_BYTES allocated
 * @sram_bytes: bytes of it that this job may use
 * @stream: the card's copy of header and instructions
 * @stream_capacity: bytes @stream has room for
 * @insns: instructions in the stream
 * @groups: groups the stream declared
 * @pc: instruction in execution
 * @steps: instructions executed
 * @loops: open loops
 * @depth: how many
 * @slot: slots
 * @slots: how many the stream may name
 * @table_slots: how many the job table has
 * @set: tile sets
 * @sets: how many the stream may name
 * @table_sets: how many the job table has
 * @refs: how the job table names the sets
 * @context: context slot
 * @elapsed: modelled duration so far
 * @used: counters so far
 * @fault: why it stopped
 * @ended: END was reached
 * @failed: the card itself failed: no memory for cells
 * @next: list of unused job states
 */
struct job {
	struct card *card;
	const struct card_dma *dma;
	const int *stop;
	uint64_t *progress;
	const struct vector_ops *vector;
	uint8_t *sram;
	uint32_t sram_bytes;
	uint8_t *stream;
	size_t stream_capacity;
	uint32_t insns;
	uint32_t groups;
	uint16_t minor;
	uint32_t pc;
	uint64_t steps;
	struct job_loop loops[NMC_ISA_LOOP_DEPTH];
	unsigned int depth;
	struct job_slot slot[NMC_MAX_SLOTS];
	unsigned int slots;
	unsigned int table_slots;
	struct card_set *set[NMC_MAX_SETS];
	unsigned int sets;
	unsigned int table_sets;
	struct nmc_set_ref refs[NMC_MAX_SETS];
	struct card_context *context;
	struct clock elapsed;
	struct nmc_isa_counters used;
	struct nmc_isa_fault fault;
	bool ended;
	bool failed;
	struct job *next;
};

/* Functions that return int answer 0, or -1 after they have filled in the job's fault record. */

/* Refuses the present instruction; returns -1 so that callers can return it. */
int job_fault(struct job *j, enum nmc_isa_cause cause, uint32_t object, uint64_t offset);

/* The card itself cannot go on; returns -1. */
int job_failure(struct job *j);

/* The host asked the job to end. */
bool job_stopped(const struct job *j);

/* Tells the host that the job moves. */
void job_progress(struct job *j, uint64_t steps);

/* Adds the cost of an operation to the job and lets its sets age by the duration. */
void job_cost(struct job *j, enum cost c, uint64_t units);
void job_spend(struct job *j, struct clock duration, uint64_t energy_fj);

/* The same of an operation on cells of a set, whose scrub has its budget from it. */
void job_spend_array(struct job *j, unsigned int set, struct clock duration, uint64_t energy_fj);

/* Carries out one job in the caller's thread; arguments as card_job(). Logs nothing. */
void job_run(struct card *card, const struct nmc_sqe_job *sqe, const struct card_dma *dma, const int *stop,
	     uint64_t *progress, struct nmc_cqe *cqe);

/* The job was stopped while it waited for its tile sets: it did nothing and can be run again. */
static inline bool job_not_started(const struct nmc_cqe *cqe)
{
	return cqe->status == NMC_STATUS_ABORTED && !cqe->fault.cause;
}

/* Job states of a card. */
struct job *job_take(struct card *card);
void job_give(struct job *j);
void job_free_all(struct card *card);

/* Fetches and checks the job table into the job, then the stream into its memory. */
int job_fetch_table(struct job *j, const struct nmc_sqe_job *sqe);
int job_fetch_stream(struct job *j, const struct nmc_sqe_job *sqe);

/* Checks the stream's header and opens the SRAM window; then executes until END, a fault or a stop. */
int job_header(struct job *j);
int job_execute(struct job *j);

/**
 * struct rows - checked operand in SRAM
 * @first: first row
 * @addr: its address in the window
 * @pitch: bytes from row to row
 * @bytes: bytes a row
 * @count: rows
 */
struct rows {
	uint8_t *first;
	uint64_t addr;
	uint64_t pitch;
	uint64_t bytes;
	uint64_t count;
};

/*
 * Finds where operand @o lies in this iteration and checks that @count rows of @bytes lie in the window at
 * @align. Rows of a destination must not overlap one another.
 */
int job_source(struct job *j, const struct nmc_isa_sram *o, uint64_t count, uint64_t bytes, unsigned int align,
	       struct rows *r);
int job_destination(struct job *j, const struct nmc_isa_sram *o, uint64_t count, uint64_t bytes, unsigned int align,
		    struct rows *r);

/* A plain region of SRAM at @addr, no loop stride. */
int job_region(struct job *j, uint32_t addr, uint64_t bytes, unsigned int align, struct rows *r);

/* No byte of one belongs to the other. */
bool rows_apart(const struct rows *a, const struct rows *b);

/* value + stride * iteration of the innermost loop. */
int job_stride(struct job *j, uint64_t value, int64_t stride, uint64_t *at);

/* All @count bytes at @field are zero. */
int job_reserved(struct job *j, const void *field, size_t count);

/* Moves bytes between a slot and card memory; the range has been checked with job_slot_range(). */
int job_slot_range(struct job *j, unsigned int slot, uint64_t offset, uint64_t bytes, uint32_t access);
int job_slot_read(struct job *j, unsigned int slot, uint64_t offset, void *buf, size_t bytes);
int job_slot_write(struct job *j, unsigned int slot, uint64_t offset, const void *buf, size_t bytes);

/* Instructions, by group; @insn is the card's copy. */
int insn_control(struct job *j, const struct nmc_isa_control *c);
int insn_move(struct job *j, const struct nmc_isa_move *m);
int insn_fill(struct job *j, const struct nmc_isa_fill *f);
int insn_vector(struct job *j, const struct nmc_isa_vector *v);
int insn_mvm(struct job *j, const struct nmc_isa_mvm *m);
int insn_program(struct job *j, const struct nmc_isa_program *p);

#endif
