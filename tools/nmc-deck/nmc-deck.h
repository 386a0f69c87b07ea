/* SPDX-License-Identifier: MIT */
/*
 * Parts of nmc-deck.
 */
#ifndef NMC_DECK_H
#define NMC_DECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "nmc.h"

enum { EXIT_USAGE = 2, EXIT_INPUT = 3 };

#define DAY	86400.0
#define YEAR	(365.25 * DAY)
#define MAX_AGES 64

/**
 * struct tool - options of a run and its operands
 * @output: file to write, NULL or "-" for standard output
 * @force: replace it
 * @json: for programs
 * @seed: of the rig
 * @cells: cells a level, 0 for the command's own
 * @targets: levels of a sample or table
 * @ages: their ages, seconds
 * @age_count: how many
 * @name: of the deck to be made
 * @like: deck that gives what is not measured
 * @title: of the deck to be made, or NULL
 * @source: likewise
 * @degree: of the polynomials of the spread
 * @operands: what stands after the command
 * @count: how many
 */
struct tool {
	const char *output;
	bool force;
	bool json;
	uint64_t seed;
	unsigned int cells;
	unsigned int targets;
	double ages[MAX_AGES];
	unsigned int age_count;
	const char *name;
	const char *like;
	const char *title;
	const char *source;
	unsigned int degree;
	char **operands;
	unsigned int count;
};

/* Says "nmc-deck: ..." on standard error and returns @status. */
int tool_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Each command returns the exit status. */
int run_list(const struct tool *t);
int run_show(const struct tool *t);
int run_keys(const struct tool *t);
int run_check(const struct tool *t);
int run_plot(const struct tool *t);
int run_metrics(const struct tool *t);
int run_sample(const struct tool *t);
int run_table(const struct tool *t);
int run_fit(const struct tool *t);

/* Reads the one deck that a command is about; 0 or the exit status. */
int one_deck(const struct tool *t, struct nmc_deck **deck, struct nmc_deck_info *info);

/* ---- output ---- */

/**
 * struct output - a file that appears when it is complete, or standard output
 * @f: to write to
 * @path: its name to be, NULL for standard output
 * @partial: its name until then
 */
struct output {
	FILE *f;
	const char *path;
	char partial[4096];
};

/* 0, or the exit status after a message; a file that exists is refused without --force. */
int output_open(const struct tool *t, struct output *o);
/* Gives the file its name if @status is 0; returns @status or that of what went wrong. */
int output_close(const struct tool *t, struct output *o, int status);

/* ---- looking at a deck ---- */

/**
 * struct moments - of some conductances
 * @mean: microsiemens
 * @sd: standard deviation
 * @rms: RMS deviation from the target
 */
struct moments {
	double mean;
	double sd;
	double rms;
};

struct moments moments_of(const float *g, size_t n, double target);

/* Target @i of @n, evenly spaced from the lowest to the highest that cells are asked for. */
float target_of(const struct nmc_deck_info *info, unsigned int i, unsigned int n);

/**
 * struct stairs - an update staircase that goes as far as the cells do
 * @s: its pulses
 * @cells: devices
 * @g: (1 + 2 points) x cells
 * @mean: mean at each point
 * @sd: its spread from device to device
 * @set_pulses: SET pulses that go so far; the staircase has up to 63 more
 * @reset_pulses: RESET pulses back
 */
struct stairs {
	struct nmc_deck_staircase s;
	unsigned int cells;
	float *g;
	double *mean;
	double *sd;
	double set_pulses;
	double reset_pulses;
};

/* Takes the pulses that make 95 % of what 16384 pulses make. 0, or a negative errno; to be given to stairs_free(). */
int stairs_make(const struct nmc_deck *deck, const struct nmc_deck_info *info, uint64_t seed, unsigned int cells,
		struct stairs *st);
void stairs_free(struct stairs *st);

#endif
