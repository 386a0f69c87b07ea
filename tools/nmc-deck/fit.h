/* SPDX-License-Identifier: MIT */
/*
 * A deck made of measurements: figures of the readings, curves through them, and the deck's text.
 */
#ifndef NMC_FIT_H
#define NMC_FIT_H

#include "nmc-deck/csv.h"
#include "nmc-deck/nmc-deck.h"

#define FIT_TERMS	6	/* coefficients of a curve */
#define FIT_LEVELS	1024	/* targets */
#define FIT_TIMES	64	/* times that are told apart */
#define FIT_SPREADS	8	/* times that a deck states */

/**
 * struct fit_curve - of r = g / gmax: clip(sum of poly[k] r^k + ln ln r, min, max)
 * @terms: coefficients in @poly
 * @poly: lowest power first
 * @ln: of the logarithm
 * @min: lower clip
 * @max: upper clip
 * @error: RMS distance from what it was laid through, each in its own standard error
 */
struct fit_curve {
	unsigned int terms;
	double poly[FIT_TERMS];
	double ln;
	double min;
	double max;
	double error;
};

/**
 * struct fit_point - something to lay a curve through
 * @r: where
 * @y: value
 * @error: its standard error
 */
struct fit_point {
	double r;
	double y;
	double error;
};

double fit_value(const struct fit_curve *c, double r);

/* Weighted least squares: a polynomial of @degree, less where there are few points. */
void fit_polynomial(const struct fit_point *p, unsigned int n, unsigned int degree, struct fit_curve *c);

/* A parabola, or a plateau with a straight line in ln r below it, whichever is nearer. */
void fit_parabola_or_log(const struct fit_point *p, unsigned int n, struct fit_curve *c);

/**
 * struct fit_cell - what one level shows at one time
 * @n: readings
 * @mean: microsiemens
 * @rms: RMS deviation from the target
 */
struct fit_cell {
	unsigned int n;
	double mean;
	double rms;
};

/**
 * struct fit - all that is known of the measurements
 * @like: deck that gives the rest
 * @like_info: the same at a glance
 * @csv: readings by target, cell and time
 * @levels: targets
 * @target: the targets, ascending
 * @first: first reading of each target; one more than there are targets
 * @times: times after the verify read
 * @at: the times
 * @seen: level by level what is seen at each time
 * @verify: level by level what the verify reads show
 * @gmin: lowest target
 * @gmax: highest target
 * @drifts: the technology drifts
 * @nu_known: drift could be measured
 * @shift_known: the shift with ln t could be measured
 * @shift: the shift
 * @t0: t0 of the drift, seconds
 * @t0_known: it was measured
 * @spreads: curves of the spread
 * @spread_at: their times
 * @spread: the curves
 * @nu: mean drift exponent
 * @nu_sigma: its spread
 * @band: half band that the verify reads speak of, 0 unknown
 * @residual: what verify leaves on the model: a line up to the band, another beyond
 */
struct fit {
	struct nmc_deck *like;
	struct nmc_deck_info like_info;
	struct csv csv;
	unsigned int levels;
	float target[FIT_LEVELS];
	size_t first[FIT_LEVELS + 1];
	unsigned int times;
	double at[FIT_TIMES];
	struct fit_cell (*seen)[FIT_TIMES];
	struct fit_cell verify[FIT_LEVELS];
	double gmin;
	double gmax;
	bool drifts;
	bool nu_known;
	bool shift_known;
	struct fit_curve shift;
	double t0;
	bool t0_known;
	unsigned int spreads;
	double spread_at[FIT_SPREADS];
	struct fit_curve spread[FIT_SPREADS];
	struct fit_curve nu;
	struct fit_curve nu_sigma;
	double band;
	double residual[4];
	bool residual_known;
};

/* Number of the time that a reading belongs to, -1 for a verify read. */
int fit_time(const struct fit *f, double time_s);

/* fit_data.c: puts readings in order and takes their figures; 0 or an exit status. */
int fit_sort(struct fit *f);
/* The figures as curves; 0 or an exit status. */
int fit_measure(const struct tool *t, struct fit *f);

/* fit_deck.c: text of the deck, to be given to free(); NULL without memory. */
char *fit_text(const struct tool *t, const struct fit *f);

#endif
