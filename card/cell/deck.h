/* SPDX-License-Identifier: MIT */
/*
 * A deck: everything that tells one cell technology from another, as a user writes it down from his measurements.
 * This is the deck as read from a file, checked but not evaluated; card/cell/tech.h makes tables of it.
 * Conductances are in microsiemens, r is a conductance as a fraction of gmax, times are in seconds unless the name
 * says otherwise.
 */
#ifndef NMC_CARD_DECK_H
#define NMC_CARD_DECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECK_NAME	32	/* bytes of a name, its NUL included */
#define DECK_TEXT	256	/* bytes of title and source */
#define DECK_POLY	6	/* coefficients of a curve's polynomial */
#define DECK_SPREADS	8	/* times at which a deck states its spread */
#define DECK_BYTES	65536	/* longest deck file */

/**
 * enum deck_variable - what a curve is a function of
 * @DECK_OF_R: conductance as a fraction of gmax
 * @DECK_OF_G: conductance in units of struct deck_curve.per
 * @DECK_OF_LOG10_G: decimal logarithm of the same; the conductance is taken at no less than 1e-6 uS
 */
enum deck_variable {
	DECK_OF_R,
	DECK_OF_G,
	DECK_OF_LOG10_G,
};

/**
 * struct deck_curve - a function of conductance: clip(poly + ln + power + saturation, @min, @max); see
 * deck_curve_at()
 * @given: the deck states it; all else is zero otherwise
 * @of: its variable x; ln and power take it at no less than 1e-6
 * @per: microsiemens per unit of x; 1 for DECK_OF_R
 * @poly: sum of poly[k] x^k
 * @ln: times ln x
 * @power: times x^@exponent
 * @exponent: of @power
 * @saturation: times 1 - e^(-x / @scale)
 * @scale: of @saturation, above zero
 * @min: lower clip, -FLT_MAX without
 * @max: upper clip, FLT_MAX without
 * @above: from this x on the value is the polynomial @upper alone, not clipped; FLT_MAX without
 * @upper: sum of upper[k] x^k
 */
struct deck_curve {
	bool given;
	enum deck_variable of;
	double per;
	double poly[DECK_POLY];
	double ln;
	double power;
	double exponent;
	double saturation;
	double scale;
	double min;
	double max;
	double above;
	double upper[DECK_POLY];
};

/**
 * enum deck_response - how a cell answers a programming pulse; w is the weight that conductance maps to linearly
 * @DECK_EXACT: a cell takes its target at once and exactly; nothing else of struct deck_pulse and
 *	deck_program counts
 * @DECK_FILAMENT: SET += step (1 - g / (1.25 gmax)), RESET -= step g / (g + 1 uS); steps in microsiemens
 * @DECK_CONSTANT: w +- scale
 * @DECK_LINEAR: w += scale - |gamma + gamma_device xi| scale w / bound
 * @DECK_SOFT_BOUNDS: up scale (1 - w / w_max), down scale (1 - w / w_min)
 * @DECK_EXPONENTIAL: scale max(1 - A e^(gamma z), 0), z = 2 a w / (w_max - w_min) + b; gamma is negated for down
 * @DECK_SWITCHING: two states; a pulse of voltage V switches with probability 1 / (1 + e^(-(V -
 *	switch_volt) / switch_width))
 */
enum deck_response {
	DECK_EXACT,
	DECK_FILAMENT,
	DECK_CONSTANT,
	DECK_LINEAR,
	DECK_SOFT_BOUNDS,
	DECK_EXPONENTIAL,
	DECK_SWITCHING,
};

/**
 * struct deck_polarity - SET (up) or RESET (down) pulses
 * @volt: amplitude of the ladder's first pulse, volt
 * @volt_step: amplitude added each step of the ladder, volt
 * @growth: factor of the response each step of the ladder, at least 1. Filament: by the voltage. Weight
 *	models: the number of equal pulses in a train, so that a train of growth^n pulses is the n-th step
 * @width_ns: length of one pulse, nanoseconds
 * @step: filament: microsiemens of the first pulse on a mean cell
 * @gamma: linear: slope; exponential: exponent
 * @gamma_device: linear: spread of @gamma from device to device
 * @amplitude: exponential: A
 * @bound_device: spread of this side's weight bound from device to device, a fraction
 */
struct deck_polarity {
	float volt;
	float volt_step;
	float growth;
	float width_ns;
	float step;
	float gamma;
	float gamma_device;
	float amplitude;
	float bound_device;
};

/**
 * struct deck_pulse - response to pulses
 * @model: enum deck_response
 * @ladder: steps of the ladder, 1..32; the last one repeats
 * @up: SET
 * @down: RESET
 * @device: spread of the response from device to device, a fraction; switching: of both conductances
 * @cycle: spread of the response from pulse to pulse, a fraction of one step
 * @cycle_additive: @cycle is a fraction of the mean device's step (weight_step), not of the step that is made
 * @write_noise: weight models: what is read differs from the state that pulses move by this many
 *	weight_steps, one normal draw a write
 * @weight_min: weight at gmin
 * @weight_max: weight at gmax
 * @weight_step: dw_min, change of the weight by one pulse on a mean device
 * @up_down: asymmetry: scale_up = |min(u, 0) + gain + r| dw_min, scale_down = |-max(u, 0) + gain - r| dw_min
 * @up_down_device: spread of r
 * @exp_a: exponential: a
 * @exp_b: exponential: b
 * @switch_volt: switching: voltage of even odds, volt
 * @switch_width: switching: width of the transition, volt
 */
struct deck_pulse {
	enum deck_response model;
	uint32_t ladder;
	struct deck_polarity up;
	struct deck_polarity down;
	float device;
	float cycle;
	bool cycle_additive;
	float write_noise;
	float weight_min;
	float weight_max;
	float weight_step;
	float up_down;
	float up_down_device;
	float exp_a;
	float exp_b;
	float switch_volt;
	float switch_width;
};

/**
 * struct deck_program - program-and-verify
 * @band: acceptance half band, microsiemens
 * @band_relative: added to it for each microsiemens of the target: half band = band + band_relative target
 * @zero_band: upper acceptance of a zero target, as a fraction of the half band; rises to 1 at a target of
 *	one band
 * @verify_noise: standard deviation of a verify read, microsiemens
 * @max_reversals: changes of polarity after which a cell is given up
 * @max_pulses: pulses after which a cell is given up, at most 65535
 * @settle_s: time that passes at the end of PROGRAM
 * @residual: RMS deviation that the verify loop itself leaves, microsiemens; its square is subtracted from
 *	that of the spread, which is the final one. Not given: the spread comes on top of what verify leaves
 */
struct deck_program {
	float band;
	float band_relative;
	float zero_band;
	float verify_noise;
	uint32_t max_reversals;
	uint32_t max_pulses;
	float settle_s;
	struct deck_curve residual;
};

/**
 * struct deck_spread - RMS deviation from the target at a time after the write
 * @at_s: time
 * @sigma: microsiemens, a function of the target
 */
struct deck_spread {
	float at_s;
	struct deck_curve sigma;
};

/**
 * struct deck_drift - systematic change with time: g(t) = (g + shift ln(t / 1 s)) ((t + t0) / t0)^-nu, then, with
 * decay_s, decay_to + (g(t) - decay_to) e^(-t / decay_s)
 * @given: the technology drifts
 * @t0_s: time at which drift begins to count
 * @nu_mean: drift exponent, a function of the target; nu = |mean + sigma xi|, one xi a cell and write
 * @nu_sigma: its spread
 * @shift: shift, microsiemens per unit of ln(t / 1 s) (t at least 1 s), a function of the target
 * @decay_s: time constant of leakage, 0 = does not leak
 * @decay_device: its spread from device to device, a fraction
 * @decay_to: conductance that leakage ends at
 */
struct deck_drift {
	bool given;
	float t0_s;
	struct deck_curve nu_mean;
	struct deck_curve nu_sigma;
	struct deck_curve shift;
	float decay_s;
	float decay_device;
	float decay_to;
};

/**
 * struct deck_read - noise of a read; white and 1/f parts are independent
 * @white: standard deviation of the white part, microsiemens, a function of the present conductance
 * @pink: Q of the 1/f part, sigma = Q(target) sqrt(ln((t + t0 + t_read) / (2 t_read))), times the present
 *	conductance if @pink_relative, else microsiemens
 * @pink_relative: see @pink
 * @pink_t0_s: t0
 * @pink_read_s: t_read
 */
struct deck_read {
	struct deck_curve white;
	struct deck_curve pink;
	bool pink_relative;
	float pink_t0_s;
	float pink_read_s;
};

/**
 * struct deck_defects - cells that left the factory broken, shares of all cells
 * @stuck_low: stuck at gmin
 * @stuck_high: stuck at gmax
 * @dead: open, no current
 */
struct deck_defects {
	float stuck_low;
	float stuck_high;
	float dead;
};

/**
 * struct deck_endurance - wear; a cell of lognormal lifetime N keeps its window up to N pulses, then loses it
 * @pulses: median lifetime in programming pulses, 0 = does not wear
 * @sigma: spread of ln N
 * @slope: window = (pulses / N)^-slope beyond N
 * @dead_at: the cell is stuck where it is once its window is below this fraction
 */
struct deck_endurance {
	float pulses;
	float sigma;
	float slope;
	float dead_at;
};

/**
 * struct deck_thermal - temperature
 * @activation_ev: activation energy of relaxation and drift, electronvolt; 0 = time runs the same at any
 *	temperature
 * @reference_k: temperature at which the deck's times hold, kelvin
 * @coefficient: relative change of conductance per kelvin above the reference
 */
struct deck_thermal {
	float activation_ev;
	float reference_k;
	float coefficient;
};

/**
 * struct deck_iv - current I = g V + nl2(g) V^2 + nl3(g) V^3, microampere at volt; see @bit_serial
 * @nl2: second-order coefficient, microampere per V^2
 * @nl3: third-order coefficient, microampere per V^3
 * @read_volt: amplitude of a full-scale input, volt
 * @bit_serial: inputs are applied bit by bit at one amplitude: a cell counts with its I / V there, and products stay linear
 */
struct deck_iv {
	struct deck_curve nl2;
	struct deck_curve nl3;
	float read_volt;
	bool bit_serial;
};

/* At which ends lines have a terminal; as enum wire_ends. */
enum deck_ends {
	DECK_FIRST = 1,
	DECK_LAST = 2,
	DECK_BOTH = 3,
};

/**
 * struct deck_wires - the resistive network of a tile
 * @row_ohm: segment of a row line between neighbouring cells, ohm
 * @col_ohm: segment of a column line
 * @row_end_ohm: between driver and nearest cell, at each driven end
 * @col_end_ohm: between nearest cell and ground, at each read end
 * @driven: ends of rows with a driver, enum deck_ends; the first is at column 0
 * @read: ends of columns that are read, enum deck_ends; the first is at row 0
 * @passive: no selector: half-selected cells are disturbed
 * @half_select: relative shift of a half-selected cell towards the pulse's direction, a pulse
 */
struct deck_wires {
	float row_ohm;
	float col_ohm;
	float row_end_ohm;
	float col_end_ohm;
	uint32_t driven;
	uint32_t read;
	bool passive;
	float half_select;
};

/**
 * struct deck_converters - what the column converters read, and their imperfections, fixed at manufacture
 * @single: single columns, less a reference where a product says so; not pairs
 * @offset: standard deviation of the offset, fraction of full scale
 * @gain: standard deviation of the relative gain error
 * @inl: largest integral non-linearity, fraction of full scale
 */
struct deck_converters {
	uint32_t single;
	float offset;
	float gain;
	float inl;
};

/**
 * struct deck_cost - durations and energies that do not follow from pulses
 * @verify_ns: one verify read of a row
 * @read_cell_fj: one read of a cell, converter included
 * @erase_row_ns: erase of a row with its verify read
 * @erase_cell_fj: erase of a cell
 */
struct deck_cost {
	float verify_ns;
	float read_cell_fj;
	float erase_row_ns;
	float erase_cell_fj;
};

/**
 * struct deck - a cell technology
 * @version: of the format: 1
 * @name: class name: lower-case letters, digits and hyphens
 * @title: one line for people
 * @source: where the figures come from
 * @technology: enum nmc_technology
 * @gmin: lowest conductance that can be programmed
 * @gmax: highest
 * @target_low: lowest that cells are asked for; 0: @gmin
 * @target_high: highest; 0: @gmax
 * @levels: stable levels of conductance, evenly spaced; 0 = analog
 * @erased_mean: mean conductance after an erase
 * @erased_sigma: its spread, cut at two sigma
 * @program: program-and-verify
 * @pulse: response to pulses
 * @spreads: entries of @spread; 0 = the verify residual alone
 * @spread: by ascending time; interpolated in ln t, never falling, constant after the last
 * @drift: systematic change with time
 * @read: read noise
 * @defects: broken cells
 * @endurance: wear
 * @thermal: temperature
 * @iv: current against voltage
 * @wires: parasitic resistance
 * @converters: column converters
 * @cost: durations and energies
 */
struct deck {
	uint32_t version;
	char name[DECK_NAME];
	char title[DECK_TEXT];
	char source[DECK_TEXT];
	uint32_t technology;
	float gmin;
	float gmax;
	float target_low;
	float target_high;
	uint32_t levels;
	float erased_mean;
	float erased_sigma;
	struct deck_program program;
	struct deck_pulse pulse;
	uint32_t spreads;
	struct deck_spread spread[DECK_SPREADS];
	struct deck_drift drift;
	struct deck_read read;
	struct deck_defects defects;
	struct deck_endurance endurance;
	struct deck_thermal thermal;
	struct deck_iv iv;
	struct deck_wires wires;
	struct deck_converters converters;
	struct deck_cost cost;
};

/**
 * deck_curve_at() - value of a curve, the same bits on every machine
 * @curve: curve
 * @g: conductance, microsiemens
 * @gmax: gmax of the deck
 *
 * Return: the value in the unit of the deck's field, 0 for a curve that is not given.
 */
float deck_curve_at(const struct deck_curve *curve, float g, float gmax);

/**
 * deck_iv_fit() - how much of the bend of an I-V curve there is room for
 * @g: conductance, in any unit
 * @gmax: gmax of the deck, in the same
 * @nl2: nl2(g) V at the read voltage V
 * @nl3: nl3(g) V^2
 *
 * Return: the largest part, 0..1, of @nl2 and @nl3 with which I / V is 0..1.25 gmax up to V, and neither beyond half of
 * that: a cell is no source, and 384 of them do not exceed int32.
 */
double deck_iv_fit(double g, double gmax, double nl2, double nl3);

/**
 * enum deck_kind - what stands behind a key
 * @DECK_NUMBER: a number with its unit
 * @DECK_INTEGER: an integer
 * @DECK_CHOICE: one of some words
 * @DECK_BOOL: true or false
 * @DECK_STRING: text
 * @DECK_CURVE: a number with its unit, or a mapping that describes a function of conductance
 */
enum deck_kind {
	DECK_NUMBER,
	DECK_INTEGER,
	DECK_CHOICE,
	DECK_BOOL,
	DECK_STRING,
	DECK_CURVE,
};

/**
 * struct deck_key - a key that a deck may have
 * @path: sections and key with dots between; "spread[]." begins those of one entry of that list
 * @kind: what stands behind it
 * @dimension: what is measured ("conductance"), empty for a pure number
 * @unit: unit of @low, @high and @standard, empty for a pure number
 * @units: all units that are accepted, with commas between
 * @choices: DECK_CHOICE: its words, with commas between; the first holds without the key, if it is not @required
 * @low: lowest value; shortest text; for a curve, of its value anywhere between gmin and gmax
 * @high: highest value; most bytes of a text
 * @standard: value without the key, if it is not @required
 * @required: the key must be there
 * @models: pulse models that it is for, bit numbers are enum deck_response; 0 = all
 * @needed: pulse models that need it
 * @meaning: one line
 */
struct deck_key {
	const char *path;
	enum deck_kind kind;
	const char *dimension;
	const char *unit;
	char units[64];
	char choices[128];
	double low;
	double high;
	double standard;
	bool required;
	uint32_t models;
	uint32_t needed;
	const char *meaning;
};

/**
 * deck_key() - describes a key
 * @index: from 0
 * @key: out
 *
 * Return: true, false past the last key.
 */
bool deck_key(unsigned int index, struct deck_key *key);

/**
 * deck_parse() - reads a deck
 * @text: the deck
 * @bytes: its length, at most %DECK_BYTES
 * @file: name that stands for it in the error text
 * @deck: out
 * @error: filled on failure with "FILE:LINE: KEY: reason"
 * @error_bytes: its size
 *
 * Return: 0, -EINVAL (a bad deck), -E2BIG (too long), -ENOMEM. Nothing of @deck counts after a failure.
 */
int deck_parse(const char *text, size_t bytes, const char *file, struct deck *deck, char *error, size_t error_bytes);

/**
 * deck_load() - reads a deck that is shipped with the card, by name, or from a file, by a path that contains a '/'
 * or '.'
 * @name: name or path
 * @deck: out
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Return: as deck_parse(), or -ENOENT (the text lists the shipped decks), or the errno of reading the file.
 */
int deck_load(const char *name, struct deck *deck, char *error, size_t error_bytes);

/**
 * deck_shipped() - name of shipped deck number @index, NULL past the last
 * @index: from 0
 * @text: out: its text; may be NULL
 */
const char *deck_shipped(unsigned int index, const char **text);

/**
 * deck_digest() - 64 bits that tell decks apart by what they state, not by name, title or source
 * @deck: deck
 * Return: FNV-1a of all keys and values as deck_write() gives them; 0 if there is no memory for it
 */
uint64_t deck_digest(const struct deck *deck);

/**
 * deck_write() - what stands behind a key, as a deck would state it; reading it gives the same value
 * @deck: deck
 * @path: key as in struct deck_key, or "spread" for the whole list
 * @text: out: the value, its unit included, on one line
 * @bytes: its size; 4096 are enough
 *
 * Return: 0, -ENOENT where the deck says the same without the key, -EINVAL (no such key), -ENOSPC, -ENOMEM.
 */
int deck_write(const struct deck *deck, const char *path, char *text, size_t bytes);

#endif
