// SPDX-License-Identifier: MIT
/*
 * Full reads: every cell of a plan twice. The product of a cell's two deviations is on average its squared deviation: noise of
 * the one read knows nothing of noise of the other.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/error.h"
#include "libnmc/run/health.h"
#include "libnmc/run/runner.h"
#include "libnmc/run/stream.h"

#define READS		2
#define FAR_SIGMA	8.0				/* no cell ages so far from what the law says of its kind */
#define FAR_LSB		(0.05 * NMC_CONDUCTANCE_MAX)	/* nor is one closer called broken */

/**
 * struct reading - what the full read of a block works with
 * @values: both reads, one after the other
 * @bins: the law at the block's age; NULL where none is known
 */
struct reading {
	struct nmc_buffer *values;
	struct law_bin *bins;
};

void health_free(struct nmc_plan *p)
{
	free(p->health);
	p->health = NULL;
}

int health_law(struct nmc_device *device, const struct nmc_class_info *class, struct law **law, double *celsius)
{
	struct nmc_health health = NMC_HEALTH_INIT;
	int ret = nmc_device_health(device, &health);

	*law = NULL;
	if (ret)
		return ret;
	*celsius = isnan(health.temperature_c) ? 26.85 : (double)health.temperature_c;
	return device_law(device, class, law);
}

static int emit_reads(const struct nmc_plan *p, const struct block *b, struct nmc_stream **stream)
{
	uint32_t cols = block_width(p, b), bytes = b->rows * cols * 2, i;
	struct nmc_isa_program read = {
		.c = { .opcode = NMC_OP_READ, .tag = b->layer + 1 }, .tile = b->tile, .data = { .pitch = cols * 2 },
		.rows = (uint16_t)b->rows, .cols = (uint16_t)cols,
	};
	int ret = nmc_stream_create((READS * bytes + 63) / 64 * 64, stream);

	if (ret)
		return ret;
	(*stream)->sets = 1;
	for (i = 0; !ret && i < READS; i++) {
		read.data.addr = i * bytes;
		ret = stream_append(*stream, &read);
	}
	if (!ret)
		ret = nmc_stream_store(*stream, 0, 0, bytes, READS, bytes, (struct nmc_operand){ .pitch = bytes });
	return ret;
}

static int read_block(struct nmc_plan *p, const struct block *b, struct nmc_buffer *values)
{
	struct nmc_slot_ref slot = { values, true };
	struct nmc_stream *stream = NULL;
	int ret = emit_reads(p, b, &stream);

	if (!ret)
		ret = runner_job(p, stream, &slot, 1);
	nmc_stream_destroy(stream);
	return ret;
}

static bool is_broken(const struct law_bin *bin, double off)
{
	double sane = bin->now + bin->slow + bin->read;

	return fabs(off) > FAR_LSB && off * off > FAR_SIGMA * FAR_SIGMA * sane;
}

static void add_cells(const struct nmc_plan *p, const struct block *b, const struct reading *r, struct health *h)
{
	size_t n = block_cells(p, b), i;
	const int16_t *one = nmc_buffer_data(r->values), *two = one + n;

	for (i = 0; i < n; i++) {
		double x = one[i] - b->target[i], y = two[i] - b->target[i], off = 0.5 * (x + y);
		unsigned int at = p->class.converters ? (unsigned int)b->target[i] / LAW_BIN : 0;

		h->most = fabs(off) > h->most ? fabs(off) : h->most;
		if (r->bins && p->class.converters && is_broken(&r->bins[at], off)) {
			h->broken++;
			h->broken_square += x * y;
			continue;
		}
		h->sound++;
		h->cells[at]++;
		h->square += x * y;
	}
}

static int measure(struct nmc_plan *p, struct law *law, double celsius, uint64_t now, struct reading *r)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; !ret && i < p->blocks; i++) {
		const struct block *b = &p->block[i];
		struct health *h = &p->health[i];

		*h = (struct health){ .age_ns = now > b->programmed_ns ? now - b->programmed_ns : 0 };
		if (law)
			law_bins(law, celsius, h->age_ns, h->age_ns, r->bins);
		ret = read_block(p, b, r->values);
		if (!ret)
			add_cells(p, b, r, h);
	}
	return ret;
}

static int scrub(struct nmc_plan *p)
{
	size_t cells = (size_t)p->class.rows * p->class.cols;
	struct reading r = { 0 };
	struct law *law = NULL;
	double celsius = 0.0;
	uint64_t now = 0;
	int ret = nmc_buffer_create(p->device, READS * cells * sizeof(int16_t), &r.values);

	if (!ret && !p->health)
		p->health = calloc(p->blocks, sizeof(*p->health));
	if (!ret && !p->health)
		ret = fail_memory();
	/* Without a law the deviation is measured all the same; broken cells are then not told apart. */
	if (!ret)
		ret = health_law(p->device, &p->class, &law, &celsius);
	ret = ret == -ENOTSUP ? 0 : ret;
	if (law) {
		r.bins = calloc(LAW_BINS, sizeof(*r.bins));
		ret = r.bins ? 0 : fail_memory();
	}
	if (!ret)
		ret = p->device->reach->ops->set_time(p->device->reach, p->set->set, &now);
	if (!ret)
		ret = measure(p, law, celsius, now, &r);
	if (ret)
		health_free(p);
	nmc_buffer_destroy(r.values);
	free(r.bins);
	return ret;
}

int nmc_health_scrub_now(struct nmc_plan *plan)
{
	int ret;

	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = runner_check_programmed(plan->runner);
	if (!ret)
		ret = scrub(plan);
	runner_end(plan->runner);
	return ret;
}

int nmc_health_tiles(struct nmc_plan *plan, struct nmc_tile_health *tiles, unsigned int count)
{
	double full = plan->class.converters ? (double)NMC_CONDUCTANCE_MAX : (double)WEIGHT_MAX;
	unsigned int i;

	for (i = 0; i < plan->blocks && i < count; i++) {
		const struct health *h = plan->health ? &plan->health[i] : NULL;
		double square = h ? h->square + h->broken_square : 0.0;

		tiles[i] = (struct nmc_tile_health){
			.tile = plan->block[i].tile, .layer = plan->block[i].layer,
			.deviation = NAN, .deviation_max = NAN,
		};
		if (!h)
			continue;
		tiles[i].age_ns = h->age_ns;
		tiles[i].cells = h->sound + h->broken;
		tiles[i].broken = h->broken;
		tiles[i].deviation = sqrt(square > 0.0 ? square / (double)tiles[i].cells : 0.0) / full;
		tiles[i].deviation_max = h->most / full;
	}
	return (int)plan->blocks;
}
