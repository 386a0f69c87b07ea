/* SPDX-License-Identifier: MIT */
/*
 * Part of nmc.h, which is what programs include: cells that are broken or out of band, converters that are off.
 */
#ifndef NMC_PUBLIC_CELLS_H
#define NMC_PUBLIC_CELLS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nmc_plan;

/* ---- repair, refresh, calibration of a plan's tiles ---- */

/**
 * struct nmc_repair_report - broken cells, and what could be done about them
 * @size: sizeof(struct nmc_repair_report)
 * @passes: times that tiles were programmed anew, the most of any tile
 * @cells: cells that hold weights
 * @broken: of these farther from their target than a fifth of the range, and not moved by programming: stuck, dead or worn;
 *	also those of a technology that has no such level
 * @compensated: of these in pairs that hold their weight all the same, to 2 % of the range
 * @uncompensated: of these in pairs that cannot
 * @exchanged: outputs (of one tile each) whose two columns have changed places
 * @spares_used: tiles of the reserve that hold parts of the network now, in place of others
 * @error_before: RMS of (difference of the pair - weight) / range, as found
 * @error_after: the same afterwards
 * @pulses: pulses spent
 * @modelled_ns: modelled duration with settle time, card time
 * @energy_j: modelled energy, joule
 * @moved: outputs (of one tile each) that are in another column than planned
 * @reserved: zero
 */
struct nmc_repair_report {
	uint32_t size;
	uint32_t passes;
	uint64_t cells;
	uint64_t broken;
	uint64_t compensated;
	uint64_t uncompensated;
	uint32_t exchanged;
	uint32_t spares_used;
	double error_before;
	double error_after;
	uint64_t pulses;
	uint64_t modelled_ns;
	double energy_j;
	uint32_t moved;
	uint32_t reserved;
};
#define NMC_REPAIR_REPORT_INIT { .size = sizeof(struct nmc_repair_report) }

/**
 * nmc_plan_repair() - finds broken cells and places the weights around them
 * @plan: a programmed plan on a class of pairs
 * @report: NULL or filled in
 *
 * Reads every cell and learns which do not hold what they were programmed to. The sound cell of such a pair gets the target
 * that makes up for the broken one. The outputs of a tile go to those of its columns, unused ones included, where their weights
 * fit best, as they are or with both columns of the pair exchanged. What has changed is programmed anew. Tiles with cells astray
 * are programmed up to six times: first once more as they are, because broken is only what does not move, then high and low to
 * find what the targets before had hidden, then as placed. Where broken cells then leave more error
 * than all others of a tile, the spares of nmc_plan_options.spares are tried in its place, and the best is kept. What was
 * learnt stays with the plan, for nmc_plan_program() too. A baseline taken before no longer fits.
 *
 * Return: 0, -EINVAL (not programmed, or no pairs), -EIO, -ENODEV, -ENOMEM.
 */
int nmc_plan_repair(struct nmc_plan *plan, struct nmc_repair_report *report);

/**
 * struct nmc_refresh_report - cells that had left their band
 * @size: sizeof(struct nmc_refresh_report)
 * @tiles: tiles that had such cells
 * @whole: of these programmed as a whole
 * @regions: regions programmed
 * @cells: cells read
 * @out: of these out of band, those that nmc_plan_repair() knows to be broken apart
 * @written: cells in the regions programmed
 * @left: out of band afterwards
 * @pulses: pulses spent
 * @full_pulses: pulses that the last nmc_plan_program() spent, for comparison
 * @deviation_before: RMS (conductance - target) / gmax of sound cells as read, read noise averaged four times
 * @deviation_after: the same afterwards
 * @modelled_ns: modelled duration with settle time, card time
 * @energy_j: modelled energy, joule
 */
struct nmc_refresh_report {
	uint32_t size;
	uint32_t tiles;
	uint32_t whole;
	uint32_t regions;
	uint64_t cells;
	uint64_t out;
	uint64_t written;
	uint64_t left;
	uint64_t pulses;
	uint64_t full_pulses;
	double deviation_before;
	double deviation_after;
	uint64_t modelled_ns;
	double energy_j;
};
#define NMC_REFRESH_REPORT_INIT { .size = sizeof(struct nmc_refresh_report) }

/**
 * nmc_plan_refresh() - programs cells anew that have left their band
 * @plan: a programmed plan on a class with converters
 * @band: how far a cell may be from its target, share of the range of targets, above 0 and at most 1; 0.1 is a start
 * @report: NULL or filled in
 *
 * Reads every cell four times and programs those whose mean is out of band, in runs of neighbours, so that the others keep
 * their age. Where a tile has more runs than a card remembers apart (one for 48 cells) runs are joined; where more than a
 * quarter of its cells is out it is programmed as a whole. Cells that come with them begin to age anew, and get pulses only
 * if they are outside the technology's own, narrower band. Every region ends with the technology's settle time.
 *
 * Compensation in use stays: call nmc_plan_compensate() again, or with %NMC_COMPENSATE_NONE. For a full reprogramming
 * call nmc_plan_program().
 *
 * Return: 0, -EINVAL (not programmed, no converters, not a band), -EIO, -ENODEV, -ENOMEM.
 */
int nmc_plan_refresh(struct nmc_plan *plan, double band, struct nmc_refresh_report *report);

/**
 * struct nmc_calibration_report - what calibration found and left
 * @size: sizeof(struct nmc_calibration_report)
 * @outputs: outputs calibrated, each of one tile
 * @offset: RMS of the offsets taken out, share of full scale
 * @gain: RMS of the relative gain errors taken out
 * @error_before: RMS of (code - code of perfect cells) as planned, share of full scale
 * @error_after: the same as calibrated
 */
struct nmc_calibration_report {
	uint32_t size;
	uint32_t outputs;
	double offset;
	double gain;
	double error_before;
	double error_after;
};
#define NMC_CALIBRATION_REPORT_INIT { .size = sizeof(struct nmc_calibration_report) }

/**
 * nmc_plan_calibrate() - takes offset and gain errors of every output out of its conversion
 * @plan: a programmed plan on a class with converters
 * @report: NULL or filled in
 *
 * Reads the tiles out with up to 64 calibration vectors of nmc_plan_create() and fits each output's codes with a straight
 * line over those that perfect cells and converters would give; analog offset and range of the output follow. Errors of
 * converters go, and with them what the output's cells are off on the mean; non-linearity stays. Starts from the ranges
 * as planned, whatever was calibrated or compensated before.
 *
 * What it sets is what nmc_plan_compensate() starts from, and what %NMC_COMPENSATE_NONE returns to; a baseline taken before
 * is dropped. So: program, repair, calibrate, baseline, and later compensate. Calibrating aged tiles takes their drift out as
 * %NMC_COMPENSATE_COLUMN with %NMC_BASELINE_IDEAL does, offsets included. After nmc_plan_program() or nmc_plan_repair() the
 * converters' part still holds, the cells' part does not: calibrate again.
 *
 * Return: 0, -EINVAL (not programmed, or no converters), -EIO, -ENODEV, -ENOMEM.
 */
int nmc_plan_calibrate(struct nmc_plan *plan, struct nmc_calibration_report *report);

#ifdef __cplusplus
}
#endif

#endif
