// SPDX-License-Identifier: MIT
/*
 * Decks, the table of keys: what each is, in which units, from where to where, what holds without it, and where it
 * is stored. Reading, error texts and documentation follow this table.
 */
#include <string.h>
#include "card/cell/deck_read.h"
#include "hw/nmc_regs.h"

static const struct unit pure_units[] = { { "", 1.0, 0.0 }, { 0 } };
static const struct unit share_units[] = { { "", 1.0, 0.0 }, { "%", 0.01, 0.0 }, { 0 } };
static const struct unit siemens_units[] = {
	{ "nS", 1e-3, 0.0 }, { "uS", 1.0, 0.0 }, { "mS", 1e3, 0.0 }, { "S", 1e6, 0.0 }, { 0 },
};
static const struct unit second_units[] = {
	{ "ns", 1e-9, 0.0 }, { "us", 1e-6, 0.0 }, { "ms", 1e-3, 0.0 },	 { "s", 1.0, 0.0 },	   { "min", 60.0, 0.0 },
	{ "h", 3600.0, 0.0 }, { "d", 86400.0, 0.0 }, { "y", 31557600.0, 0.0 }, { 0 },
};
static const struct unit nanosecond_units[] = {
	{ "ns", 1.0, 0.0 }, { "us", 1e3, 0.0 }, { "ms", 1e6, 0.0 }, { "s", 1e9, 0.0 }, { 0 },
};
static const struct unit volt_units[] = { { "mV", 1e-3, 0.0 }, { "V", 1.0, 0.0 }, { 0 } };
static const struct unit ohm_units[] = { { "Ohm", 1.0, 0.0 }, { "kOhm", 1e3, 0.0 }, { "MOhm", 1e6, 0.0 }, { 0 } };
static const struct unit femtojoule_units[] = {
	{ "fJ", 1.0, 0.0 }, { "pJ", 1e3, 0.0 }, { "nJ", 1e6, 0.0 }, { 0 },
};
static const struct unit electronvolt_units[] = { { "meV", 1e-3, 0.0 }, { "eV", 1.0, 0.0 }, { 0 } };
static const struct unit kelvin_units[] = { { "K", 1.0, 0.0 }, { "C", 1.0, 273.15 }, { 0 } };
static const struct unit per_kelvin_units[] = { { "1/K", 1.0, 0.0 }, { "%/K", 0.01, 0.0 }, { 0 } };
static const struct unit nl2_units[] = {
	{ "nA/V2", 1e-3, 0.0 }, { "uA/V2", 1.0, 0.0 }, { "mA/V2", 1e3, 0.0 }, { "A/V2", 1e6, 0.0 }, { 0 },
};
static const struct unit nl3_units[] = {
	{ "nA/V3", 1e-3, 0.0 }, { "uA/V3", 1.0, 0.0 }, { "mA/V3", 1e3, 0.0 }, { "A/V3", 1e6, 0.0 }, { 0 },
};

const struct dimension deck_pure = { "", "", pure_units };
const struct dimension deck_siemens = { "conductance", "uS", siemens_units };
static const struct dimension share = { "", "", share_units };
static const struct dimension second = { "time", "s", second_units };
static const struct dimension nanosecond = { "pulse length", "ns", nanosecond_units };
static const struct dimension volt = { "voltage", "V", volt_units };
static const struct dimension ohm = { "resistance", "Ohm", ohm_units };
static const struct dimension femtojoule = { "energy", "fJ", femtojoule_units };
static const struct dimension electronvolt = { "activation energy", "eV", electronvolt_units };
static const struct dimension kelvin = { "temperature", "K", kelvin_units };
static const struct dimension per_kelvin = { "temperature coefficient", "1/K", per_kelvin_units };
static const struct dimension nl2 = { "second-order conductance", "uA/V2", nl2_units };
static const struct dimension nl3 = { "third-order conductance", "uA/V3", nl3_units };

static const struct choice technologies[] = {
	{ "ideal", NMC_TECH_IDEAL }, { "rram", NMC_TECH_RRAM },	  { "pcm", NMC_TECH_PCM },
	{ "fefet", NMC_TECH_FEFET }, { "ecram", NMC_TECH_ECRAM }, { "mtj", NMC_TECH_MTJ },
	{ "flash", NMC_TECH_FLASH }, { "capacitor", NMC_TECH_CAPACITOR }, { 0 },
};

const struct choice deck_models[] = {
	{ "exact", DECK_EXACT }, { "filament", DECK_FILAMENT }, { "constant", DECK_CONSTANT },
	{ "linear", DECK_LINEAR }, { "soft-bounds", DECK_SOFT_BOUNDS }, { "exponential", DECK_EXPONENTIAL },
	{ "switching", DECK_SWITCHING }, { 0 },
};

/* The usual array is the default */
static const struct choice driven_ends[] = { { "first", DECK_FIRST }, { "last", DECK_LAST }, { "both", DECK_BOTH }, { 0 } };
static const struct choice read_ends[] = { { "last", DECK_LAST }, { "first", DECK_FIRST }, { "both", DECK_BOTH }, { 0 } };
static const struct choice converted[] = { { "pairs", 0 }, { "single", 1 }, { 0 } };

/* Pulse models */
#define F	(1u << DECK_FILAMENT)
#define C	(1u << DECK_CONSTANT)
#define L	(1u << DECK_LINEAR)
#define S	(1u << DECK_SOFT_BOUNDS)
#define E	(1u << DECK_EXPONENTIAL)
#define W	(1u << DECK_SWITCHING)
#define WEIGHT	(C | L | S | E)
#define PULSED	(F | WEIGHT | W)

#define FIELD(field)	offsetof(struct deck, field), sizeof(((struct deck *)0)->field)
#define TEXT(path, field, most, meaning) \
	{ path, DECK_STRING, &deck_pure, NULL, FIELD(field), 1, most, 0, true, 0, 0, meaning }
#define MUST(path, field, dimension, low, high, meaning) \
	{ path, DECK_NUMBER, &dimension, NULL, FIELD(field), low, high, 0, true, 0, 0, meaning }
#define NUMBER(path, field, dimension, low, high, standard, models, needed, meaning) \
	{ path, DECK_NUMBER, &dimension, NULL, FIELD(field), low, high, standard, false, models, needed, meaning }
#define COUNT(path, field, low, high, standard, required, models, meaning) \
	{ path, DECK_INTEGER, &deck_pure, NULL, FIELD(field), low, high, standard, required, models, 0, meaning }
#define WORD(path, field, choice, meaning) \
	{ path, DECK_CHOICE, &deck_pure, choice, FIELD(field), 0, 0, 0, true, 0, 0, meaning }
#define CHOICE(path, field, choice, meaning) \
	{ path, DECK_CHOICE, &deck_pure, choice, FIELD(field), 0, 0, 0, false, 0, 0, meaning }
#define FLAG(path, field, models, meaning) \
	{ path, DECK_BOOL, &deck_pure, NULL, FIELD(field), 0, 1, 0, false, models, 0, meaning }
#define CURVE(path, field, dimension, low, high, models, meaning) \
	{ path, DECK_CURVE, &dimension, NULL, FIELD(field), low, high, 0, false, models, 0, meaning }

/* One direction of pulses */
#define POLARITY(path, f, word) \
	NUMBER(path ".volt", f.volt, volt, 0, 30, 0, PULSED, PULSED, "amplitude of the first " word " pulse of a ladder"), \
	NUMBER(path ".volt_step", f.volt_step, volt, 0, 10, 0, PULSED, 0, "amplitude added each step of the ladder"), \
	NUMBER(path ".growth", f.growth, deck_pure, 1, 100, 1, F | WEIGHT, 0, \
	       "factor of the response each step of the ladder; weight models: of the number of pulses in a train"), \
	NUMBER(path ".width", f.width_ns, nanosecond, 0.01, 1e9, 0, PULSED, PULSED, "length of a " word " pulse"), \
	NUMBER(path ".step", f.step, deck_siemens, 1e-9, 1e6, 0, F, F, "response of a mean cell to the first pulse"), \
	NUMBER(path ".gamma", f.gamma, deck_pure, -100, 100, 0, L | E, L | E, "linear: slope; exponential: exponent"), \
	NUMBER(path ".gamma_device", f.gamma_device, deck_pure, 0, 10, 0, L, 0, "spread of gamma from device to device"), \
	NUMBER(path ".amplitude", f.amplitude, deck_pure, -1000, 1000, 0, E, E, "A of the exponential"), \
	NUMBER(path ".bound_device", f.bound_device, share, 0, 1, 0, WEIGHT, 0, \
	       "spread of this side's weight bound from device to device, relative")

const struct key deck_keys[] = {
	COUNT("deck", version, 1, 1, 0, true, 0, "version of the format; the first key"),
	TEXT("name", name, DECK_NAME - 1, "name of the tile class: lower-case letters, digits, hyphens"),
	TEXT("title", title, DECK_TEXT - 1, "one line for people"),
	TEXT("source", source, DECK_TEXT - 1, "where the figures come from"),
	WORD("technology", technology, technologies, "kind of cell"),
	NUMBER("gmin", gmin, deck_siemens, 0, 1e6, 0, 0, 0, "lowest conductance that can be programmed"),
	MUST("gmax", gmax, deck_siemens, 1e-3, 1e6, "highest conductance that can be programmed"),
	NUMBER("target.low", target_low, deck_siemens, 0, 1e6, 0, 0, 0, "lowest conductance that cells are asked for; 0: gmin"),
	NUMBER("target.high", target_high, deck_siemens, 0, 1e6, 0, 0, 0, "highest conductance that cells are asked for; 0: gmax"),
	COUNT("levels", levels, 0, 65536, 0, false, 0, "stable levels, evenly spaced from gmin to gmax; 0: analog"),
	NUMBER("erased.mean", erased_mean, deck_siemens, 0, 1e6, 0, 0, 0, "mean conductance after an erase"),
	NUMBER("erased.sigma", erased_sigma, deck_siemens, 0, 1e6, 0, 0, 0, "its spread, cut at two sigma"),

	NUMBER("program.band", program.band, deck_siemens, 0, 1e6, 0, PULSED, PULSED, "half band that verify accepts"),
	NUMBER("program.band_relative", program.band_relative, share, 0, 1, 0, PULSED, 0,
	       "added to the half band, times the target"),
	NUMBER("program.zero_band", program.zero_band, share, 0.01, 1, 1, PULSED, 0,
	       "upper half band at a target of zero as a part of the half band, rising to all of it at one band"),
	NUMBER("program.verify_noise", program.verify_noise, deck_siemens, 0, 1e6, 0, PULSED, 0,
	       "standard deviation of a verify read"),
	COUNT("program.max_reversals", program.max_reversals, 0, 1000, 30, false, PULSED,
	      "changes of direction after which a cell is given up"),
	COUNT("program.max_pulses", program.max_pulses, 1, 65535, 250, false, PULSED,
	      "pulses after which a cell is given up"),
	NUMBER("program.settle", program.settle_s, second, 0, 86400, 1, PULSED, 0, "time that passes after programming"),
	CURVE("program.residual", program.residual, deck_siemens, 0, 1e6, PULSED,
	      "RMS deviation that verify leaves, of the target; taken off the spread. Without: the spread adds to it"),

	WORD("pulse.model", pulse.model, deck_models, "answer to a pulse"),
	COUNT("pulse.ladder", pulse.ladder, 1, 32, 1, false, PULSED, "steps of the ladder; the last one repeats"),
	NUMBER("pulse.device", pulse.device, share, 0, 2, 0, PULSED, 0,
	       "spread of the response from device to device, relative; switching: of the two conductances"),
	NUMBER("pulse.cycle", pulse.cycle, share, 0, 100, 0, F | WEIGHT, 0,
	       "spread of the response from pulse to pulse, relative to one step"),
	FLAG("pulse.cycle_additive", pulse.cycle_additive, WEIGHT, "cycle is relative to weight_step, not to the step made"),
	NUMBER("pulse.write_noise", pulse.write_noise, deck_pure, 0, 1000, 0, WEIGHT, 0,
	       "spread of what is read about the state that pulses move, in weight_steps, drawn at each write"),
	NUMBER("pulse.weight_min", pulse.weight_min, deck_pure, -1000, 1000, 0, WEIGHT, WEIGHT, "weight at gmin"),
	NUMBER("pulse.weight_max", pulse.weight_max, deck_pure, -1000, 1000, 0, WEIGHT, WEIGHT, "weight at gmax"),
	NUMBER("pulse.weight_step", pulse.weight_step, deck_pure, 1e-9, 1000, 0, WEIGHT, WEIGHT,
	       "change of the weight by a pulse on a mean device"),
	NUMBER("pulse.up_down", pulse.up_down, deck_pure, -1, 1, 0, WEIGHT, 0, "asymmetry of up and down pulses"),
	NUMBER("pulse.up_down_device", pulse.up_down_device, deck_pure, 0, 1, 0, WEIGHT, 0,
	       "spread of up_down from device to device"),
	NUMBER("pulse.exp_a", pulse.exp_a, deck_pure, -100, 100, 0, E, E, "a of the exponential"),
	NUMBER("pulse.exp_b", pulse.exp_b, deck_pure, -100, 100, 0, E, 0, "b of the exponential"),
	NUMBER("pulse.switch_volt", pulse.switch_volt, volt, 0, 30, 0, W, W, "voltage at which half of the pulses switch"),
	NUMBER("pulse.switch_width", pulse.switch_width, volt, 1e-6, 30, 0, W, W, "width of the transition"),
	POLARITY("pulse.up", pulse.up, "SET"),
	POLARITY("pulse.down", pulse.down, "RESET"),

	NUMBER("drift.t0", drift.t0_s, second, 1e-9, 1e9, 1, 0, 0, "time at which drift begins to count"),
	CURVE("drift.nu", drift.nu_mean, deck_pure, -1, 1, 0, "mean drift exponent, of the target"),
	CURVE("drift.nu_sigma", drift.nu_sigma, deck_pure, 0, 1, 0, "its spread from cell to cell and write to write"),
	CURVE("drift.shift", drift.shift, deck_siemens, -1e6, 1e6, 0, "shift for each unit of ln(t / 1 s), of the target"),
	NUMBER("drift.decay", drift.decay_s, second, 0, 1e12, 0, 0, 0, "time constant of leakage; 0: none"),
	NUMBER("drift.decay_device", drift.decay_device, share, 0, 1, 0, 0, 0,
	       "spread of decay from device to device, relative"),
	NUMBER("drift.decay_to", drift.decay_to, deck_siemens, 0, 1e6, 0, 0, 0, "conductance at which leakage ends"),

	CURVE("read.white", read.white, deck_siemens, 0, 1e6, 0, "standard deviation of the white part of a read"),
	CURVE("read.pink", read.pink, deck_siemens, 0, 1e6, 0, "Q of the 1/f part, of the target, absolute"),
	CURVE("read.pink_relative", read.pink, share, 0, 10, 0,
	      "Q of the 1/f part, of the target, relative to the present conductance"),
	NUMBER("read.t0", read.pink_t0_s, second, 0, 1e9, 0, 0, 0, "t0 of the 1/f part"),
	NUMBER("read.time", read.pink_read_s, second, 1e-9, 1, 1e-6, 0, 0, "t_read of the 1/f part"),

	NUMBER("defects.stuck_low", defects.stuck_low, share, 0, 1, 0, 0, 0, "share of cells stuck at gmin"),
	NUMBER("defects.stuck_high", defects.stuck_high, share, 0, 1, 0, 0, 0, "share of cells stuck at gmax"),
	NUMBER("defects.dead", defects.dead, share, 0, 1, 0, 0, 0, "share of cells without current"),

	NUMBER("endurance.pulses", endurance.pulses, deck_pure, 0, 1e18, 0, PULSED, 0,
	       "median lifetime in pulses; 0: for ever"),
	NUMBER("endurance.sigma", endurance.sigma, deck_pure, 0, 5, 0, PULSED, 0, "spread of the logarithm of the lifetime"),
	NUMBER("endurance.slope", endurance.slope, deck_pure, 0.001, 10, 1, PULSED, 0,
	       "window = (pulses / lifetime)^-slope beyond the lifetime"),
	NUMBER("endurance.dead_at", endurance.dead_at, share, 0, 1, 0, PULSED, 0,
	       "window below which a cell stays where it is"),

	NUMBER("thermal.activation", thermal.activation_ev, electronvolt, 0, 10, 0, 0, 0,
	       "activation energy of relaxation and drift; 0: no influence"),
	NUMBER("thermal.reference", thermal.reference_k, kelvin, 100, 600, 300, 0, 0,
	       "temperature at which the deck's times hold"),
	NUMBER("thermal.coefficient", thermal.coefficient, per_kelvin, -0.1, 0.1, 0, 0, 0,
	       "relative change of conductance above the reference"),

	CURVE("iv.nl2", iv.nl2, nl2, -1e9, 1e9, 0, "second-order part of the current"),
	CURVE("iv.nl3", iv.nl3, nl3, -1e9, 1e9, 0, "third-order part of the current"),
	NUMBER("iv.read_volt", iv.read_volt, volt, 1e-3, 5, 0.2, 0, 0, "amplitude of a full-scale input"),
	FLAG("iv.bit_serial", iv.bit_serial, 0, "inputs come bit by bit at one amplitude, so that products stay linear"),

	NUMBER("wires.row", wires.row_ohm, ohm, 0, 1e6, 0, 0, 0, "row segment between neighbouring cells"),
	NUMBER("wires.column", wires.col_ohm, ohm, 0, 1e6, 0, 0, 0, "column segment between neighbouring cells"),
	NUMBER("wires.row_end", wires.row_end_ohm, ohm, 0, 1e6, 0, 0, 0, "between driver and nearest cell, at each driven end"),
	NUMBER("wires.column_end", wires.col_end_ohm, ohm, 0, 1e6, 0, 0, 0, "between nearest cell and ground, at each read end"),
	CHOICE("wires.driven", wires.driven, driven_ends, "ends of rows that are driven; the first is at column 0"),
	CHOICE("wires.read", wires.read, read_ends, "ends of columns that are read; the first is at row 0"),
	FLAG("wires.passive", wires.passive, 0, "no selector: half-selected cells are disturbed"),
	NUMBER("wires.half_select", wires.half_select, share, 0, 1, 0, 0, 0,
	       "relative shift of a half-selected cell towards the pulse's direction, a pulse"),

	CHOICE("converters.columns", converters.single, converted, "what a converter reads: the difference of a pair, or one column"),
	NUMBER("converters.offset", converters.offset, share, 0, 1, 0, 0, 0, "spread of the offset, of full scale"),
	NUMBER("converters.gain", converters.gain, share, 0, 1, 0, 0, 0, "spread of the relative gain error"),
	NUMBER("converters.inl", converters.inl, share, 0, 1, 0, 0, 0, "largest non-linearity, of full scale"),

	NUMBER("cost.verify", cost.verify_ns, nanosecond, 0, 1e9, 100, 0, 0, "verify read of a row"),
	NUMBER("cost.read", cost.read_cell_fj, femtojoule, 0, 1e9, 25, 0, 0, "read of a cell, its converter included"),
	NUMBER("cost.erase_time", cost.erase_row_ns, nanosecond, 0, 1e12, 10000, 0, 0, "erase of a row with its verify"),
	NUMBER("cost.erase_energy", cost.erase_cell_fj, femtojoule, 0, 1e12, 200000, 0, 0, "erase of a cell"),
	{ 0 },
};

#undef FIELD
#define FIELD(field)	offsetof(struct deck_spread, field), sizeof(((struct deck_spread *)0)->field)

const struct key deck_spread_keys[] = {
	MUST("spread[].at", at_s, second, 1e-9, 1e12, "time after the write; entries ascend"),
	{ "spread[].sigma", DECK_CURVE, &deck_siemens, NULL, FIELD(sigma), 0, 1e6, 0, true, 0, 0,
	  "RMS deviation from the target at that time, of the target" },
	{ 0 },
};

_Static_assert(sizeof(deck_keys) / sizeof(*deck_keys) <= KEYS, "KEYS is too small");

