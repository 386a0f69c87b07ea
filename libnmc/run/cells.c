// SPDX-License-Identifier: MIT
/*
 * Reading and writing the cells of a block, one job after another.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/cells.h"
#include "libnmc/run/health.h"
#include "libnmc/run/runner.h"

int cells_read(struct nmc_plan *p, const struct block *b, float *mean)
{
	size_t cells = block_cells(p, b), i;
	struct nmc_slot_ref slot = { .write = true };
	struct nmc_stream *stream = NULL;
	unsigned int k;
	int ret = nmc_buffer_create(p->device, cells * sizeof(int16_t), &slot.buffer);

	if (!ret)
		ret = emit_read(p, b, &stream);
	memset(mean, 0, cells * sizeof(*mean));
	for (k = 0; !ret && k < CELLS_READS; k++) {
		const int16_t *code = nmc_buffer_data(slot.buffer);

		ret = runner_job(p, stream, &slot, 1);
		for (i = 0; !ret && i < cells; i++)
			mean[i] += (float)code[i] * (1.0f / CELLS_READS);
	}
	nmc_stream_destroy(stream);
	nmc_buffer_destroy(slot.buffer);
	return ret;
}

/* As the software card does, see NMC_FAULT_LIMIT. */
#define CELLS_A_WRITE	48
#define WRITES_LEAST	64
#define WRITES_MOST	2048

unsigned int cells_most_writes(const struct nmc_plan *p)
{
	unsigned int n = p->class.rows * p->class.cols / CELLS_A_WRITE;

	return n < WRITES_LEAST ? WRITES_LEAST : n > WRITES_MOST ? WRITES_MOST : n;
}

void cells_rewritten(const struct nmc_plan *p, struct block *b)
{
	unsigned int half = cells_most_writes(p) / 2;

	b->writes = (b->writes < half ? b->writes : half) + 1;
}

static int write_some(struct nmc_plan *p, struct block *b, const struct region *region, unsigned int n,
		      const struct nmc_slot_ref *slots, struct nmc_program_report *sum, double *square)
{
	const struct nmc_isa_report *r = nmc_buffer_data(slots[PROGRAM_REPORT].buffer);
	struct nmc_stream *stream;
	unsigned int i;
	int ret = emit_program(p, b, region, n, &stream);

	if (ret)
		return ret;
	ret = runner_job(p, stream, slots, PROGRAM_SLOTS);
	for (i = 0; !ret && i < n; i++) {
		program_add(sum, &r[i], square);
		written_add(b, &r[i]);
	}
	nmc_stream_destroy(stream);
	return ret;
}

/* A block that was written as a whole is as young as that. */
static int note_written(struct nmc_plan *p, struct block *b, const struct region *region)
{
	if (region->rows != b->rows || region->cols != block_width(p, b))
		return 0;
	return p->device->reach->ops->set_time(p->device->reach, p->set->set, &b->programmed_ns);
}

int cells_write(struct nmc_plan *p, struct block *b, const struct region *region, unsigned int n,
		struct nmc_program_report *sum, double *square)
{
	size_t bytes = block_cells(p, b) * sizeof(*b->target);
	struct nmc_slot_ref slots[PROGRAM_SLOTS] = { { NULL, false }, { NULL, true } };
	unsigned int some;
	int ret = nmc_buffer_create(p->device, bytes, &slots[PROGRAM_TARGETS].buffer);

	if (!ret)
		ret = nmc_buffer_create(p->device, EMIT_REGIONS * sizeof(struct nmc_isa_report), &slots[PROGRAM_REPORT].buffer);
	if (!ret)
		memcpy(nmc_buffer_data(slots[PROGRAM_TARGETS].buffer), b->target, bytes);
	/* What full reads said is over, even if only some of the cells get written. */
	if (!ret) {
		health_free(p);
		written_begin(p, b);
	}
	for (; !ret && n; region += some, n -= some) {
		some = n < EMIT_REGIONS ? n : EMIT_REGIONS;
		ret = write_some(p, b, region, some, slots, sum, square);
		if (!ret)
			ret = note_written(p, b, region);
	}
	nmc_buffer_destroy(slots[PROGRAM_TARGETS].buffer);
	nmc_buffer_destroy(slots[PROGRAM_REPORT].buffer);
	sum->tiles += !ret;
	return ret;
}

int cells_write_all(struct nmc_plan *p, struct block *b, struct nmc_program_report *sum, double *square)
{
	struct region whole = { .rows = (uint16_t)b->rows, .cols = (uint16_t)block_width(p, b) };

	return cells_write(p, b, &whole, 1, sum, square);
}
