// SPDX-License-Identifier: MIT
/*
 * The sequencer: fetches a stream once, checks its header and carries out its instructions in order. Each
 * instruction is checked completely before it has any effect; the first violation ends this job alone.
 */
#include <stdlib.h>
#include <string.h>
#include "card/core/job.h"
#include "card/core/scrub.h"

#define MAX_STREAM	((size_t)NMC_ISA_INSN_BYTES * (NMC_ISA_MAX_INSNS + 1))

_Static_assert(sizeof(struct nmc_isa_header) == NMC_ISA_INSN_BYTES, "header");
_Static_assert(sizeof(struct nmc_isa_control) == NMC_ISA_INSN_BYTES, "control");
_Static_assert(sizeof(struct nmc_isa_move) == NMC_ISA_INSN_BYTES, "move");
_Static_assert(sizeof(struct nmc_isa_fill) == NMC_ISA_INSN_BYTES, "fill");
_Static_assert(sizeof(struct nmc_isa_mvm) == NMC_ISA_INSN_BYTES, "mvm");
_Static_assert(sizeof(struct nmc_isa_vector) == NMC_ISA_INSN_BYTES, "vector");
_Static_assert(sizeof(struct nmc_isa_program) == NMC_ISA_INSN_BYTES, "program");

bool job_stopped(const struct job *j)
{
	return (j->stop && __atomic_load_n(j->stop, __ATOMIC_RELAXED)) || __atomic_load_n(&j->card->cut, __ATOMIC_RELAXED);
}

void job_progress(struct job *j, uint64_t steps)
{
	if (j->progress)
		__atomic_fetch_add(j->progress, steps, __ATOMIC_RELAXED);
}

void job_spend(struct job *j, struct clock duration, uint64_t energy_fj)
{
	clock_add(&j->elapsed, duration);
	j->used.energy_fj += energy_fj;
}

void job_spend_array(struct job *j, unsigned int set, struct clock duration, uint64_t energy_fj)
{
	job_spend(j, duration, energy_fj);
	scrub_allow(j->card, &j->set[set]->scrub, duration.ns);
}

void job_cost(struct job *j, enum cost c, uint64_t units)
{
	job_spend(j, cost_time(c, units), cost_energy(c, units));
}

int job_fetch_stream(struct job *j, const struct nmc_sqe_job *sqe)
{
	size_t bytes = sqe->stream_bytes;
	uint8_t *stream;

	if (bytes < 2 * NMC_ISA_INSN_BYTES || bytes > MAX_STREAM || bytes % NMC_ISA_INSN_BYTES)
		return job_fault(j, NMC_FAULT_HEADER, sqe->stream_slot, bytes);
	if (sqe->stream_offset % NMC_ISA_INSN_BYTES)
		return job_fault(j, NMC_FAULT_ALIGN, sqe->stream_slot, sqe->stream_offset);
	j->slots = j->table_slots;
	if (job_slot_range(j, sqe->stream_slot, sqe->stream_offset, bytes, NMC_SLOT_READ))
		return -1;
	if (bytes > j->stream_capacity) {
		stream = realloc(j->stream, bytes);
		if (!stream)
			return job_failure(j);
		j->stream = stream;
		j->stream_capacity = bytes;
	}
	j->insns = bytes / NMC_ISA_INSN_BYTES - 1;
	return job_slot_read(j, sqe->stream_slot, sqe->stream_offset, j->stream, bytes);
}

int job_header(struct job *j)
{
	const struct nmc_isa_header *h = (const void *)j->stream;

	if (h->magic != NMC_ISA_MAGIC)
		return job_fault(j, NMC_FAULT_HEADER, 0, h->magic);
	if (h->major != NMC_ISA_MAJOR || h->minor > NMC_ISA_MINOR)
		return job_fault(j, NMC_FAULT_VERSION, 0, (uint32_t)h->major << 16 | h->minor);
	if (h->flags || job_reserved(j, h->reserved, sizeof(h->reserved)))
		return job_fault(j, NMC_FAULT_RESERVED, 0, h->flags);
	if (!h->insns || h->insns > j->insns)
		return job_fault(j, NMC_FAULT_HEADER, 0, h->insns);
	if (h->groups & ~CARD_GROUPS)
		return job_fault(j, NMC_FAULT_GROUP_UNSUPPORTED, __builtin_ctz(h->groups & ~CARD_GROUPS), h->groups);
	if (h->sram_bytes > JOB_SRAM_BYTES)
		return job_fault(j, NMC_FAULT_SRAM, 0, h->sram_bytes);
	if (h->slots > j->table_slots)
		return job_fault(j, NMC_FAULT_SLOT_INDEX, h->slots, h->slots);
	if (h->sets > j->table_sets)
		return job_fault(j, NMC_FAULT_SET_INDEX, h->sets, h->sets);
	j->insns = h->insns;
	j->groups = h->groups;
	j->minor = h->minor;
	j->slots = h->slots;
	j->sets = h->sets;
	j->sram_bytes = h->sram_bytes;
	memset(j->sram, 0, j->sram_bytes);
	return 0;
}

/* The checks of the group have passed: an opcode that is not here does not exist. */
static int dispatch(struct job *j, const void *insn, unsigned int opcode)
{
	switch (opcode) {
	case NMC_OP_NOP ... NMC_OP_IDLE_UNTIL:
		return insn_control(j, insn);
	case NMC_OP_LOAD:
	case NMC_OP_STORE:
		return insn_move(j, insn);
	case NMC_OP_FILL:
		return insn_fill(j, insn);
	case NMC_OP_COPY:
	case NMC_OP_ADD ... NMC_OP_ARGMAX:
		return insn_vector(j, insn);
	case NMC_OP_MVM:
	case NMC_OP_MVM_T:
		return insn_mvm(j, insn);
	case NMC_OP_PROGRAM ... NMC_OP_ERASE:
		return insn_program(j, insn);
	default:
		return job_fault(j, NMC_FAULT_OPCODE, 0, opcode);
	}
}

/* The card's copy of the present instruction, if there is one. */
static const struct nmc_isa_common *fetch(struct job *j)
{
	const struct nmc_isa_common *c = (const void *)(j->stream + (size_t)NMC_ISA_INSN_BYTES * (j->pc + 1));

	if (j->pc >= j->insns)
		return NULL;
	j->fault.tag = c->tag;
	return c;
}

static int execute_one(struct job *j, const struct nmc_isa_common *c)
{
	unsigned int group = NMC_ISA_OP_GROUP(c->opcode);

	if (group >= 32 || !(CARD_GROUPS & 1u << group))
		return job_fault(j, NMC_FAULT_GROUP_UNSUPPORTED, 0, c->opcode);
	if (!(j->groups & 1u << group))
		return job_fault(j, NMC_FAULT_GROUP_UNDECLARED, 0, c->opcode);
	j->used.insns++;
	job_cost(j, COST_INSN, 0);
	return dispatch(j, c, c->opcode);
}

/* The next instruction: after the last of a body comes the first again, until the count is reached. */
static void advance(struct job *j)
{
	j->pc++;
	while (j->depth) {
		struct job_loop *loop = &j->loops[j->depth - 1];

		if (j->pc != loop->end)
			return;
		if (++loop->iteration < loop->count) {
			j->pc = loop->first;
			return;
		}
		j->depth--;
	}
}

int job_execute(struct job *j)
{
	const struct nmc_isa_common *c;

	j->fault.insn = 0;
	while ((c = fetch(j))) {
		if (job_stopped(j))
			return job_fault(j, NMC_FAULT_ABORTED, 0, j->steps);
		if (j->steps++ >= j->card->max_steps)
			return job_fault(j, NMC_FAULT_LIMIT, 0, j->card->max_steps);
		if (execute_one(j, c))
			return -1;
		job_progress(j, 1);
		if (j->ended)
			return 0;
		advance(j);
	}
	j->fault.tag = 0;
	return job_fault(j, NMC_FAULT_NO_END, 0, j->pc);
}
