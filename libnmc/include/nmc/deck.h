/* SPDX-License-Identifier: MIT */
/*
 * Part of nmc.h, which is what programs include: decks.
 */
#ifndef NMC_PUBLIC_DECK_H
#define NMC_PUBLIC_DECK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nmc_deck;

/* ---- decks: cell technologies as a user writes them down, and what they do ---- */

/**
 * nmc_deck_load() - reads a deck
 * @name: name of a shipped deck, or path of a deck file, which has a '/' or '.'
 * @deck: out: to be given to nmc_deck_destroy()
 *
 * A deck never changes; threads may share it.
 *
 * Return: 0, -EINVAL (a bad deck; the error text is "FILE:LINE: KEY: reason"), -E2BIG (longer than 64 KiB), -ENOENT (the
 *	text lists the shipped decks), the errno of reading the file, -ENOMEM.
 */
int nmc_deck_load(const char *name, struct nmc_deck **deck);
/* The same from memory; @file stands for it in texts. */
int nmc_deck_parse(const void *text, size_t bytes, const char *file, struct nmc_deck **deck);
/* NULL is allowed. */
void nmc_deck_destroy(struct nmc_deck *deck);

/* Name of shipped deck @index, from 0; NULL past the last. */
const char *nmc_deck_shipped(unsigned int index);
/* Text of the shipped deck called @name, to be copied and edited; NULL if there is none. */
const char *nmc_deck_text(const char *name);

/**
 * struct nmc_deck_key - a key that decks may have
 * @size: sizeof(struct nmc_deck_key)
 * @required: every deck has it
 * @path: sections and key with dots between; "spread[]." begins those of an entry of that list
 * @kind: "number", "integer", "word", "flag", "text" or "curve"
 * @unit: unit of the figures below, empty for pure numbers
 * @units: all units that are accepted
 * @choices: words that are accepted; the first holds without the key, if it is not @required
 * @models: pulse models that it is for; empty for all
 * @needed: pulse models that need it
 * @meaning: one line
 * @low: lowest value; fewest bytes of a text; of a curve, its lowest value anywhere between gmin and gmax
 * @high: highest
 * @standard: value of a number without the key, if it is not @required
 */
struct nmc_deck_key {
	uint32_t size;
	uint32_t required;
	char path[48];
	char kind[16];
	char unit[16];
	char units[64];
	char choices[128];
	char models[128];
	char needed[128];
	char meaning[192];
	double low;
	double high;
	double standard;
};
#define NMC_DECK_KEY_INIT { .size = sizeof(struct nmc_deck_key) }

/* Key number @index of the format; -ENOENT past the last. */
int nmc_deck_key(unsigned int index, struct nmc_deck_key *key);

/**
 * nmc_deck_value() - what stands behind a key, as a deck states it: "1.5 uS", "{ of: r, poly: [0.1, 0.2] }"
 * @deck: deck
 * @path: key, or "spread" for the whole list
 * @text: out
 * @bytes: its size; 4096 are enough
 *
 * Return: 0, -ENOENT where the deck means the same without the key, -EINVAL (no such key), -ENOSPC (@bytes).
 */
int nmc_deck_value(const struct nmc_deck *deck, const char *path, char *text, size_t bytes);

/**
 * struct nmc_deck_info - a deck at a glance
 * @size: sizeof(struct nmc_deck_info)
 * @levels: stable levels, 0 for analog
 * @name: name of the tile class
 * @title: one line
 * @source: where the figures come from
 * @technology: kind of cell
 * @response: pulse model
 * @ageing: "still", "relaxes" (the spread grows) or "drifts" (a power law)
 * @leaks: loses its state: volatile
 * @max_pulses: pulses after which verify gives a cell up
 * @gmin_us: lowest conductance, microsiemens
 * @gmax_us: highest
 * @set_volt: first SET pulse, volt
 * @reset_volt: first RESET pulse, volt
 * @set_ns: length of a SET pulse, nanoseconds
 * @reset_ns: of a RESET pulse
 * @read_volt: amplitude of a full-scale input
 * @endurance: median lifetime in pulses, 0 for ever
 * @activation_ev: activation energy of drift and relaxation, electronvolt, 0 for none
 * @drift_t0_s: t0 of the power law, seconds
 * @target_low_us: lowest conductance that cells are asked for, microsiemens
 * @target_high_us: highest
 */
struct nmc_deck_info {
	uint32_t size;
	uint32_t levels;
	char name[32];
	char title[256];
	char source[256];
	char technology[16];
	char response[16];
	char ageing[16];
	uint32_t leaks;
	uint32_t max_pulses;
	float gmin_us;
	float gmax_us;
	float set_volt;
	float reset_volt;
	float set_ns;
	float reset_ns;
	float read_volt;
	float endurance;
	float activation_ev;
	float drift_t0_s;
	float target_low_us;
	float target_high_us;
};
#define NMC_DECK_INFO_INIT { .size = sizeof(struct nmc_deck_info) }

/**
 * nmc_deck_info() - what a deck says, at a glance
 * @deck: the deck
 * @info: begin with NMC_DECK_INFO_INIT; filled in
 *
 * Return: 0, -EINVAL (@info without its size).
 */
int nmc_deck_info(const struct nmc_deck *deck, struct nmc_deck_info *info);

/**
 * struct nmc_deck_rig - cells to look at a deck with; they go through the code that a card runs
 * @size: sizeof(struct nmc_deck_rig)
 * @cells: how many, 1 to 65536
 * @seed: seed of all randomness: same seed, same bits
 * @tile: number of the tile that they are on; other tiles have other cells
 * @noisy: see them through noisy reads instead of as they are
 * @sound: none is broken, whatever shares of them the deck states
 * @reserved: zero
 */
struct nmc_deck_rig {
	uint32_t size;
	uint32_t cells;
	uint64_t seed;
	uint32_t tile;
	uint32_t noisy;
	uint32_t sound;
	uint32_t reserved;
};
#define NMC_DECK_RIG_INIT { .size = sizeof(struct nmc_deck_rig), .cells = 1024 }

/**
 * struct nmc_deck_report - what programming the rig took
 * @size: sizeof(struct nmc_deck_report)
 * @target_us: what the cells could be asked for, microsiemens
 * @converged: share of them
 * @mean_pulses: pulses a cell
 * @max_pulses: most pulses on a cell
 * @residual_us: RMS deviation from @target_us at verify, microsiemens
 * @row_ns: modelled time of a row of 256 cells, nanoseconds
 * @cell_fj: modelled energy of a cell, pulses and reads, femtojoule
 */
struct nmc_deck_report {
	uint32_t size;
	float target_us;
	float converged;
	float mean_pulses;
	uint32_t max_pulses;
	float residual_us;
	double row_ns;
	double cell_fj;
};
#define NMC_DECK_REPORT_INIT { .size = sizeof(struct nmc_deck_report) }

/**
 * nmc_deck_program() - programs erased cells to one target and lets them age, at the deck's reference temperature
 * @deck: deck
 * @rig: cells; whole rows of 256 are programmed, and counted in @report
 * @target_us: microsiemens, 0 to gmax
 * @age_s: seconds after the last pulse, ascending, at most 3e9
 * @ages: how many, may be 0
 * @g_us: out: @ages x @rig->cells conductances in microsiemens
 * @report: NULL or filled in
 *
 * Return: 0, -EINVAL (out of range), -ENOMEM.
 */
int nmc_deck_program(const struct nmc_deck *deck, const struct nmc_deck_rig *rig, float target_us, const double *age_s,
		     unsigned int ages, float *g_us, struct nmc_deck_report *report);

/**
 * struct nmc_deck_staircase - equal pulses without verify: the first of the ladder
 * @size: sizeof(struct nmc_deck_staircase)
 * @points: points in each direction
 * @set: SET pulses a point; @points x @set at most 16384
 * @reset: RESET pulses a point, likewise
 * @start_us: conductance before them
 * @reserved: zero
 * @set_fj: out: mean energy of a SET pulse, femtojoule
 * @reset_fj: out: of a RESET pulse
 */
struct nmc_deck_staircase {
	uint32_t size;
	uint32_t points;
	uint32_t set;
	uint32_t reset;
	float start_us;
	uint32_t reserved;
	double set_fj;
	double reset_fj;
};
#define NMC_DECK_STAIRCASE_INIT { .size = sizeof(struct nmc_deck_staircase), .points = 64, .set = 1, .reset = 1 }

/**
 * nmc_deck_pulses() - SET pulses, then RESET pulses, on new cells
 * @deck: deck
 * @rig: cells; @noisy and @sound are not looked at
 * @staircase: which pulses
 * @g_us: out: (1 + 2 @points) x @rig->cells conductances: at the start, after each point of SET, after each of RESET
 *
 * Return: 0, -EINVAL (out of range), -ENOTSUP (cells that take their target exactly know no pulses), -ENOMEM.
 */
int nmc_deck_pulses(const struct nmc_deck *deck, const struct nmc_deck_rig *rig,
		    struct nmc_deck_staircase *staircase, float *g_us);

/* Standard deviation in microsiemens of a read of a cell programmed to @g_us and still there after @age_s, all noise. */
float nmc_deck_read_noise(const struct nmc_deck *deck, float g_us, double age_s);

/* Current in microampere of a cell of @g_us at @volt, at least 0. */
double nmc_deck_current(const struct nmc_deck *deck, float g_us, double volt);

#ifdef __cplusplus
}
#endif

#endif
