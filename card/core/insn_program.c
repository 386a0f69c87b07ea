// SPDX-License-Identifier: MIT
/*
 * PROGRAM, READ and ERASE of a region of one tile. A programming marks its tile incomplete until it has ended; what is
 * refused leaves the mark as it was, an ERASE of the whole tile takes it away.
 */
#include <errno.h>
#include <string.h>
#include "card/core/job.h"
#include "card/core/tiles.h"

/**
 * struct program_work - a checked instruction
 * @p: the instruction
 * @physical: physical tile
 * @class: its class
 * @data: targets or results
 * @report: where the report goes
 * @tile: cells
 * @region: the same as card/tile takes it
 */
struct program_work {
	const struct nmc_isa_program *p;
	uint32_t physical;
	const struct card_class *class;
	struct rows data;
	struct rows report;
	struct tile *tile;
	struct tile_region region;
};

static int check_fields(struct job *j, const struct nmc_isa_program *p)
{
	bool program = p->c.opcode == NMC_OP_PROGRAM, erase = p->c.opcode == NMC_OP_ERASE;

	if (p->c.flags || p->reserved0)
		return job_fault(j, NMC_FAULT_RESERVED, 0, p->c.flags);
	if (job_reserved(j, p->reserved, sizeof(p->reserved)))
		return -1;
	if (!program && (p->band || p->max_pulses))
		return job_fault(j, NMC_FAULT_RESERVED, 0, p->band);
	if (erase && job_reserved(j, &p->data, sizeof(p->data)))
		return -1;
	if (!program && !erase && p->report)
		return job_fault(j, NMC_FAULT_RESERVED, 0, p->report);
	return 0;
}

static int check_region(struct job *j, struct program_work *w)
{
	const struct nmc_isa_program *p = w->p;
	const struct nmc_tile_class *class;

	if (job_find_tile(j, p->set, p->tile, &w->physical))
		return -1;
	w->class = tiles_class(j->card, w->physical);
	class = &w->class->described;
	if (!p->rows || !p->cols)
		return job_fault(j, NMC_FAULT_OPERAND, p->tile, 0);
	if (p->first_row + p->rows > class->rows)
		return job_fault(j, NMC_FAULT_TILE_BOUNDS, p->tile, p->first_row + p->rows);
	if (p->first_col + p->cols > class->cols)
		return job_fault(j, NMC_FAULT_TILE_BOUNDS, p->tile, p->first_col + p->cols);
	return 0;
}

static int check_targets(struct job *j, const struct program_work *w)
{
	uint64_t row, i;

	for (row = 0; row < w->data.count; row++) {
		const int16_t *target = (const int16_t *)(w->data.first + row * w->data.pitch);
		uint8_t bad = 0;

		for (i = 0; i < w->p->cols; i++)
			bad |= !tile_target_valid(&w->class->kind, target[i]);
		if (bad)
			return job_fault(j, NMC_FAULT_OPERAND, w->p->tile, w->data.addr + row * w->data.pitch);
	}
	return 0;
}

static int check_data(struct job *j, struct program_work *w)
{
	const struct nmc_isa_program *p = w->p;
	uint64_t bytes = 2ull * p->cols;

	switch (p->c.opcode) {
	case NMC_OP_PROGRAM:
		return job_source(j, &p->data, p->rows, bytes, 2, &w->data) || check_targets(j, w) ? -1 : 0;
	case NMC_OP_READ:
		return job_destination(j, &p->data, p->rows, bytes, 2, &w->data);
	default:
		return 0;
	}
}

static int check_program(struct job *j, struct program_work *w)
{
	const struct nmc_isa_program *p = w->p;

	if (check_fields(j, p) || check_region(j, w) || check_data(j, w))
		return -1;
	if (p->c.opcode != NMC_OP_READ && job_region(j, p->report, sizeof(struct nmc_isa_report), 8, &w->report))
		return -1;
	return tiles_failed(j->card, w->physical) ? job_fault(j, NMC_FAULT_TILE_FAILED, p->tile, w->physical) : 0;
}

static void do_read(struct job *j, struct program_work *w)
{
	struct tile_cost cost;

	tile_read(w->tile, &w->region, w->data.first, w->data.pitch, &cost);
	job_spend_array(j, w->p->set, cost.time, cost.energy_fj);
}

/* The tile cannot take one more write: it remembers too many apart, or memory lacks. */
static int refused(struct job *j, const struct nmc_isa_program *p, int error)
{
	return error == -ENOSPC ? job_fault(j, NMC_FAULT_LIMIT, p->tile, 0) : job_failure(j);
}

static int do_program(struct job *j, struct program_work *w, struct nmc_isa_report *report, struct tile_cost *cost)
{
	const struct nmc_isa_program *p = w->p;
	struct clock now = job_set_time(j, p->set), felt = set_felt_at(j->set[p->set], now);
	bool before = tiles_incomplete(j->card, w->physical, true);
	int ret;

	ret = tile_program(w->tile, &w->region, w->data.first, w->data.pitch, p->band, p->max_pulses, &felt, report, cost);
	if (ret == -EINTR) {
		tiles_record(j->card, w->physical, &w->region, report, NULL);
		return job_fault(j, NMC_FAULT_ABORTED, p->tile, w->physical);
	}
	if (ret) {
		tiles_incomplete(j->card, w->physical, before);
		return refused(j, p, ret);
	}
	tiles_incomplete(j->card, w->physical, false);
	clock_add(&now, cost->time);
	clock_add(&now, (struct clock){ .ns = report->settle_ns });
	tiles_record(j->card, w->physical, &w->region, report, &now);
	return 0;
}

static int do_erase(struct job *j, struct program_work *w, struct nmc_isa_report *report, struct tile_cost *cost)
{
	struct card_set *s = j->set[w->p->set];
	int ret = tile_erase(w->tile, &w->region, set_felt_at(s, job_set_time(j, w->p->set)), report, cost);

	if (ret)
		return refused(j, w->p, ret);
	if (w->p->rows == w->class->described.rows && w->p->cols == w->class->described.cols)
		tiles_incomplete(j->card, w->physical, false);
	tiles_record(j->card, w->physical, &w->region, report, NULL);
	return 0;
}

int insn_program(struct job *j, const struct nmc_isa_program *p)
{
	struct program_work w = { .p = p, .region = { p->first_row, p->rows, p->first_col, p->cols } };
	struct nmc_isa_report report = { 0 };
	struct tile_cost cost = { 0 };

	if (check_program(j, &w))
		return -1;
	w.tile = set_tile(j->card, j->set[p->set], w.physical);
	if (!w.tile)
		return job_failure(j);
	if (p->c.opcode == NMC_OP_READ) {
		do_read(j, &w);
		return 0;
	}
	if (p->c.opcode == NMC_OP_PROGRAM ? do_program(j, &w, &report, &cost) : do_erase(j, &w, &report, &cost))
		return -1;
	j->used.pulses += report.pulses;
	job_spend_array(j, p->set, cost.time, cost.energy_fj);
	job_set_idle(j, p->set, (struct clock){ .ns = report.settle_ns });
	memcpy(w.report.first, &report, sizeof(report));
	return 0;
}
