// SPDX-License-Identifier: MIT
/*
 * Readouts: what single tiles answer to calibration vectors.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/compile/reference.h"
#include "libnmc/error.h"
#include "libnmc/run/emit.h"
#include "libnmc/run/probe.h"
#include "libnmc/run/runner.h"

int probe_check(const struct nmc_plan *p)
{
	if (!p->class.converters)
		return fail(-EINVAL, "class %s has no converters whose ranges could follow its cells", p->class.name);
	return runner_check_programmed(p->runner);
}

int probe_open(struct nmc_plan *p, struct probe *b)
{
	unsigned int i, inputs = 0;
	int ret;

	for (i = 0; i < p->network->layers; i++)
		inputs = p->network->layer[i].inputs > inputs ? p->network->layer[i].inputs : inputs;
	ret = nmc_buffer_create(p->device, p->class.outputs * sizeof(struct nmc_isa_column), &b->columns);
	if (!ret)
		ret = nmc_buffer_create(p->device, (size_t)p->probes * inputs, &b->in);
	if (!ret)
		ret = nmc_buffer_create(p->device, (size_t)p->probes * p->class.outputs * 4, &b->out);
	return ret;
}

void probe_close(struct probe *b)
{
	nmc_buffer_destroy(b->columns);
	nmc_buffer_destroy(b->in);
	nmc_buffer_destroy(b->out);
}

static int read_card(struct nmc_plan *p, const struct block *b, struct probe *probe, const struct nmc_isa_column *ranges)
{
	struct nmc_slot_ref slots[PROBE_SLOTS] = { { probe->columns, false }, { probe->in, false }, { probe->out, true } };
	struct nmc_isa_column *columns = nmc_buffer_data(probe->columns);
	struct nmc_stream *stream = NULL;
	unsigned int c;
	int ret;

	for (c = 0; c < b->cols; c++) {
		columns[c] = ranges[c];
		columns[c].scale_mult = (uint16_t)b->sign[c];
		columns[c].scale_shift = 0;
	}
	memcpy(nmc_buffer_data(probe->in), p->stage[b->layer].probe,
	       (size_t)p->probes * p->network->layer[b->layer].inputs);
	ret = emit_probe(p, b, &stream);
	if (!ret)
		ret = runner_job(p, stream, slots, PROBE_SLOTS);
	nmc_stream_destroy(stream);
	return ret;
}

int probe_read(struct nmc_plan *p, struct block *b, struct probe *probe, enum probe_what what)
{
	if (what != PROBE_IDEAL)
		return read_card(p, b, probe, what == PROBE_NOW ? b->columns : b->base);
	reference_readout(p, b, nmc_buffer_data(probe->out));
	return 0;
}
