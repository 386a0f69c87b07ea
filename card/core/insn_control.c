// SPDX-License-Identifier: MIT
/*
 * Control instructions: loops, time, counters, end.
 */
#include <string.h>
#include "card/core/job.h"

enum field {
	FIELD_LOOP	= 1 << 0,
	FIELD_SET	= 1 << 1,
	FIELD_SRAM	= 1 << 2,
	FIELD_TIME	= 1 << 3,
};

static const uint8_t fields_of[] = {
	[NMC_OP_NOP]		= 0,
	[NMC_OP_END]		= 0,
	[NMC_OP_LOOP]		= FIELD_LOOP,
	[NMC_OP_FENCE]		= 0,
	[NMC_OP_TIMESTAMP]	= FIELD_SET | FIELD_SRAM,
	[NMC_OP_COUNTERS]	= FIELD_SRAM,
	[NMC_OP_IDLE]		= FIELD_SET | FIELD_TIME,
	[NMC_OP_IDLE_UNTIL]	= FIELD_SET | FIELD_TIME,
};

static int check_fields(struct job *j, const struct nmc_isa_control *c)
{
	unsigned int fields = fields_of[c->c.opcode];

	if (c->c.flags || c->reserved0)
		return job_fault(j, NMC_FAULT_RESERVED, 0, c->c.flags);
	if (job_reserved(j, c->reserved, sizeof(c->reserved)))
		return -1;
	if ((!(fields & FIELD_LOOP) && (c->count || c->body)) || (!(fields & FIELD_SET) && c->set) ||
	    (!(fields & FIELD_SRAM) && c->sram) || (!(fields & FIELD_TIME) && c->time))
		return job_fault(j, NMC_FAULT_RESERVED, 0, c->c.opcode);
	if ((fields & FIELD_SET) && c->set >= j->sets)
		return job_fault(j, NMC_FAULT_SET_INDEX, c->set, c->set);
	return 0;
}

static int open_loop(struct job *j, const struct nmc_isa_control *c)
{
	uint64_t first = (uint64_t)j->pc + 1, end = first + c->body;
	uint64_t limit = j->depth ? j->loops[j->depth - 1].end : j->insns;

	if (!c->count || !c->body || end > limit || j->depth == NMC_ISA_LOOP_DEPTH)
		return job_fault(j, NMC_FAULT_LOOP, 0, end);
	j->loops[j->depth++] = (struct job_loop){ .first = first, .end = end, .count = c->count };
	return 0;
}

static int write_timestamp(struct job *j, const struct nmc_isa_control *c)
{
	struct clock now = job_set_time(j, c->set);
	struct { __le64 ns; __le32 frac; __le32 zero; } stamp = { now.ns, now.frac, 0 };
	struct rows to;

	if (job_region(j, c->sram, sizeof(stamp), 8, &to))
		return -1;
	memcpy(to.first, &stamp, sizeof(stamp));
	return 0;
}

static int write_counters(struct job *j, const struct nmc_isa_control *c)
{
	struct rows to;

	if (job_region(j, c->sram, sizeof(j->used), 8, &to))
		return -1;
	j->used.time_ns = j->elapsed.ns;
	memcpy(to.first, &j->used, sizeof(j->used));
	return 0;
}

static int idle_until(struct job *j, const struct nmc_isa_control *c)
{
	struct clock now = job_set_time(j, c->set), wait = { .ns = c->time };

	if (now.ns >= c->time)
		return 0;
	wait.ns -= now.ns + !!now.frac;
	wait.frac = -now.frac;
	job_set_idle(j, c->set, wait);
	return 0;
}

int insn_control(struct job *j, const struct nmc_isa_control *c)
{
	if (check_fields(j, c))
		return -1;
	switch (c->c.opcode) {
	case NMC_OP_END:
		j->ended = true;
		return 0;
	case NMC_OP_LOOP:
		return open_loop(j, c);
	case NMC_OP_FENCE:
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		return 0;
	case NMC_OP_TIMESTAMP:
		return write_timestamp(j, c);
	case NMC_OP_COUNTERS:
		return write_counters(j, c);
	case NMC_OP_IDLE:
		job_set_idle(j, c->set, (struct clock){ .ns = c->time });
		return 0;
	case NMC_OP_IDLE_UNTIL:
		return idle_until(j, c);
	default:
		return 0;
	}
}
