/* SPDX-License-Identifier: MIT */
/*
 * Part of nmc.h, which is what programs include: cells that change.
 */
#ifndef NMC_PUBLIC_AGEING_H
#define NMC_PUBLIC_AGEING_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nmc_plan;

/* ---- cells that change: age, compensation, causes of a loss ---- */

/**
 * nmc_plan_age() - lets card time pass for the plan's tiles
 * @plan: the plan
 * @ns: nanoseconds of card time
 *
 * Conductances relax and drift accordingly; it takes no longer for ten years than for a second. Runs and ageings of a plan
 * follow one another in the order in which they were started.
 *
 * Return: 0, -EIO, -ENODEV.
 */
int nmc_plan_age(struct nmc_plan *plan, uint64_t ns);

/**
 * enum nmc_baseline - what compensation compares with
 * @NMC_BASELINE_CARD: readouts of the tiles as they are now, noise included
 * @NMC_BASELINE_IDEAL: readouts that perfect cells would give, computed here
 */
enum nmc_baseline {
	NMC_BASELINE_CARD	= 0,
	NMC_BASELINE_IDEAL	= 1,
};

/**
 * nmc_plan_baseline() - takes the readouts that later compensation compares with
 * @plan: a programmed plan on a class with converters
 * @baseline: enum nmc_baseline
 *
 * A readout is the mean size of an output's codes over up to 64 calibration vectors of nmc_plan_create(), at its converter's
 * range as planned, or as nmc_plan_calibrate() set it.
 *
 * Return: 0, -EINVAL (not programmed, or no converters), -EIO, -ENODEV, -ENOMEM.
 */
int nmc_plan_baseline(struct nmc_plan *plan, enum nmc_baseline baseline);

/**
 * enum nmc_compensation - how converter ranges follow conductances that have drifted
 * @NMC_COMPENSATE_NONE: ranges as planned
 * @NMC_COMPENSATE_GLOBAL: one factor a tile, baseline over now of the mean readout (Joshi et al., Nat. Commun. 11, 2473)
 * @NMC_COMPENSATE_COLUMN: the same with a factor an output
 */
enum nmc_compensation {
	NMC_COMPENSATE_NONE	= 0,
	NMC_COMPENSATE_GLOBAL	= 1,
	NMC_COMPENSATE_COLUMN	= 2,
};

/**
 * struct nmc_compensation_report - factors on converter ranges
 * @size: sizeof(struct nmc_compensation_report)
 * @outputs: outputs that have a factor of their own (or share their tile's)
 * @factor_min: smallest
 * @factor_mean: mean
 * @factor_max: largest; factors are limited to 1/16 and 16
 */
struct nmc_compensation_report {
	uint32_t size;
	uint32_t outputs;
	double factor_min;
	double factor_mean;
	double factor_max;
};
#define NMC_COMPENSATION_REPORT_INIT { .size = sizeof(struct nmc_compensation_report) }

/**
 * nmc_plan_compensate() - reads the tiles out and sets converter ranges for the runs that follow
 * @plan: a plan with a baseline (none is needed for %NMC_COMPENSATE_NONE)
 * @how: enum nmc_compensation
 * @report: NULL or filled in
 *
 * Return: as nmc_plan_baseline(), -EINVAL also without a baseline.
 */
int nmc_plan_compensate(struct nmc_plan *plan, enum nmc_compensation how, struct nmc_compensation_report *report);

/**
 * enum nmc_cause - what makes products differ from those of perfect cells, bits of a mask
 * @NMC_CAUSE_READ_NOISE: noise of a read
 * @NMC_CAUSE_WIRES: resistance of wires
 * @NMC_CAUSE_SPREAD: deviation left by programming, relaxation included
 * @NMC_CAUSE_AGEING: drift, relaxation and leakage since programming
 * @NMC_CAUSE_DEFECTS: broken cells
 * @NMC_CAUSE_TEMPERATURE: temperature coefficient
 * @NMC_CAUSE_CONVERTERS: offset, gain error and INL of converters
 * @NMC_CAUSE_IV: current of cells that is not proportional to voltage
 */
enum nmc_cause {
	NMC_CAUSE_READ_NOISE	= 1 << 0,
	NMC_CAUSE_WIRES		= 1 << 1,
	NMC_CAUSE_SPREAD	= 1 << 2,
	NMC_CAUSE_AGEING	= 1 << 3,
	NMC_CAUSE_DEFECTS	= 1 << 4,
	NMC_CAUSE_TEMPERATURE	= 1 << 5,
	NMC_CAUSE_CONVERTERS	= 1 << 6,
	NMC_CAUSE_IV		= 1 << 7,
};
#define NMC_CAUSES 8

/* "read noise", "wires", ... of one bit; NULL for other values. */
const char *nmc_cause_name(unsigned int cause);

/**
 * nmc_plan_leave_out() - leaves causes out of the products of later runs and readouts, to see their share of a loss
 * @plan: the plan
 * @causes: bits of enum nmc_cause, 0 for none
 *
 * All but read noise need a class that can (the software card's).
 *
 * Return: 0, -EINVAL, -ENOTSUP.
 */
int nmc_plan_leave_out(struct nmc_plan *plan, unsigned int causes);

/**
 * struct nmc_signal - signal and noise of a layer
 * @size: sizeof(struct nmc_signal)
 * @reserved: zero
 * @name: of the layer, cut to fit
 * @snr_db: codes of perfect cells over what the tiles' codes deviate from them, decibel; INFINITY if they do not
 * @clip_share: codes at either end of their converter, 0..1
 */
struct nmc_signal {
	uint32_t size;
	uint32_t reserved;
	char name[64];
	double snr_db;
	double clip_share;
};
#define NMC_SIGNAL_INIT { .size = sizeof(struct nmc_signal) }

/**
 * nmc_plan_signal() - reads a layer's tiles out and compares them with perfect cells
 * @plan: a programmed plan on a class with converters
 * @layer: from 0
 * @signal: filled in
 *
 * Up to 64 calibration vectors are the input; the tiles answer at the ranges in use, compensation included.
 *
 * Return: 0, -ENOENT, -EINVAL (not programmed, or no converters), -EIO, -ENODEV, -ENOMEM.
 */
int nmc_plan_signal(struct nmc_plan *plan, unsigned int layer, struct nmc_signal *signal);

#ifdef __cplusplus
}
#endif

#endif
