/* SPDX-License-Identifier: MIT */
/*
 * What the cells of a row are to reach, what they were left with, and the report of both. Part of program.c, which is built
 * for several instruction sets.
 */
#ifndef NMC_CARD_PROGRAM_REPORT_H
#define NMC_CARD_PROGRAM_REPORT_H

#include "card/cell/cell.h"
#include "card/cell/lane.h"
#include "card/cell/wear.h"

#define ERROR_MOST	2e9f	/* codes, which is still a number of 32 bits */
#define ENERGY_MOST	1e15f	/* femtojoule of a cell */
#define NARROWEST	1e-30f	/* half band that an error is compared with, microsiemens */

/**
 * struct row_end - cells of a row, those that are programmed side by side
 * @target: microsiemens
 * @low: of the band
 * @high: likewise
 * @read: the last verify read. This and what follows lies by place in the row, until row_report()
 * @energy: of pulses, femtojoule
 * @pulses: all of them
 * @net: SET less RESET pulses
 */
struct row_end {
	float target[CELL_LANES];
	float low[CELL_LANES];
	float high[CELL_LANES];
	float read[CELL_LANES];
	float energy[CELL_LANES];
	int32_t pulses[CELL_LANES];
	int32_t net[CELL_LANES];
};

static void row_begin(struct row_end *e, const struct cell_program *p)
{
	const struct deck *d = &p->tech->deck;
	const bool levels = d->levels > 1;
	const float zero = d->program.zero_band, gmin = d->gmin * 1.001f, gmax = d->gmax * 0.999f, lsb = p->tech->lsb;
	const float apart = levels ? 0.49f * (d->gmax - d->gmin) / (float)(d->levels - 1) : 0.0f;
	const float given = p->band ? (float)p->band * lsb : d->program.band;
	const float relative = p->band || levels ? 0.0f : d->program.band_relative, least = levels ? apart : given;
	int16_t code[CELL_LANES];
	unsigned int i;

	for (i = 0; i < p->n; i++)
		code[i] = p->target[p->index ? p->index[i] : i];
	for (i = 0; i < p->n; i++) {
		float target = (float)code[i] * lsb, band = least + relative * target;
		float part = target < band ? zero + (1.0f - zero) * target / band : 1.0f;

		e->target[i] = target;
		e->low[i] = target - band;
		e->high[i] = target + band * part;
	}
	for (i = 0; levels && i < p->n; i++) {
		e->high[i] = e->target[i] >= gmax ? 2.0f * d->gmax : e->target[i] + apart;
		e->low[i] = e->target[i] <= gmin ? -apart : e->low[i];
	}
}

/* Brings the cells that were programmed side by side. */
static void row_gather(struct row_end *e, const struct cell_program *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		const unsigned int at = p->index[i];

		e->read[i] = e->read[at];
		e->energy[i] = e->energy[at];
		e->pulses[i] = e->pulses[at];
		e->net[i] = e->net[at];
	}
}

/* How far the last reads are from their targets. */
static void row_errors(const struct row_end *e, const struct cell_program *p, struct cell_report *report)
{
	int32_t lsb[CELL_LANES], bin[CELL_LANES], converged = 0;
	const float per_lsb = p->tech->per_lsb;
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		float error = __builtin_fabsf(e->read[i] - e->target[i]);
		float band = at_least(at_least(e->high[i] - e->target[i], e->target[i] - e->low[i]), NARROWEST);

		lsb[i] = (int32_t)round_half_evenf(at_most(error * per_lsb, ERROR_MOST));
		bin[i] = (int32_t)at_most(4.0f * error / band, (float)(NMC_REPORT_BINS - 1));
		converged += (e->read[i] >= e->low[i]) & (e->read[i] <= e->high[i]);
	}
	for (i = 0; i < p->n; i++)
		report->error_sq += (uint64_t)((int64_t)lsb[i] * lsb[i]);
	for (i = 0; i < p->n; i++)
		report->isa.error_hist[bin[i]]++;
	report->isa.converged += (uint32_t)converged;
	report->isa.given_up += p->n - (uint32_t)converged;
}

/* Pulses, their energy, and what they wear; @chance lies by place in the row. */
static void row_pulses(const struct row_end *e, const struct cell_program *p, const uint32_t *chance, struct cell_report *report)
{
	struct nmc_isa_report *isa = &report->isa;
	uint32_t pulses = 0, most = isa->pulses_max;
	uint64_t energy_fj = 0;
	int32_t net = 0;
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		const uint32_t own = (uint32_t)e->pulses[i];

		pulses += own;
		net += e->net[i];
		most = own > most ? own : most;
	}
	for (i = 0; i < p->n; i++) {
		const unsigned int at = p->index ? p->index[i] : i;
		const uint32_t own = (uint32_t)e->pulses[i];

		energy_fj += (uint64_t)(int64_t)clamp(e->energy[i], 0.0f, ENERGY_MOST);
		isa->pulse_hist[own / 2 < NMC_REPORT_BINS ? own / 2 : NMC_REPORT_BINS - 1]++;
		p->wear[at] = wear_add(p->wear[at], own, chance[at]);
		if (p->pulsed)
			p->pulsed[at] = own > 0;
		if (p->net)
			p->net[at] = e->net[i];
	}
	isa->pulses += pulses;
	isa->reads += pulses + p->n;
	isa->set_pulses += (pulses + (uint32_t)net) / 2;
	isa->reset_pulses += (pulses - (uint32_t)net) / 2;
	isa->pulses_max = most;
	report->energy_fj += energy_fj;
}

static void row_report(struct row_end *e, const struct cell_program *p, const uint32_t *chance, struct cell_report *report)
{
	if (p->index)
		row_gather(e, p);
	row_errors(e, p, report);
	row_pulses(e, p, chance, report);
	report->isa.cells += p->n;
}

#endif
