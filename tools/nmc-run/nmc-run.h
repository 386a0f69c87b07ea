/* SPDX-License-Identifier: MIT */
/*
 * Parts of nmc-run: options, the run itself, studies of many runs, the reports.
 */
#ifndef NMC_RUN_H
#define NMC_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include "common/vectors.h"
#include "nmc.h"

enum { EXIT_USAGE = 2, EXIT_INPUT = 3, EXIT_DEVICE = 4, EXIT_FIT = 5, EXIT_INTERRUPTED = 130 };

#define RUN_AGES	32
#define RUN_HOWS	3	/* enum nmc_compensation */
#define RUN_SEEDS	64
#define RUN_LAYERS	64
#define RUN_PASSES	16

struct run_age {
	uint64_t ns;
	char name[24];
};

struct run_options {
	const char *model;
	const char *device;
	const char *class_name;
	const char *images;
	const char *labels;
	const char *input;
	const char *output;
	const char *raw_output;
	uint64_t seed;
	bool seeded;
	uint64_t limit;
	uint64_t calibrate;
	const char *calibrate_file;
	uint32_t batch;
	struct run_age age[RUN_AGES];
	unsigned int ages;
	unsigned int how[RUN_HOWS];
	unsigned int hows;
	unsigned int baseline;
	unsigned int seeds;
	bool breakdown;
	bool repair;
	uint32_t spares;
	uint32_t scheme;
	bool pairs;	/* the scheme of pairs was asked for */
	uint32_t parts;
	uint32_t slice_bits;
	float significance;
	uint32_t passes;
	uint64_t pass_wait_ns;
	bool converters;
	double refresh;
	bool study;
	const char *plot;
	const char *persist;
	bool forget;
	bool show_plan;
	bool tile_report;
	bool json;
	char **argv;
};

/**
 * struct run_state - everything a run makes
 *
 * @tiles are the plan's physical tiles as they were before programming: what they had gone through is where their
 * randomness goes on. @written are reports of the plan's tiles, those that were programmed. @accuracy by age, compensation
 * and seed, @without by the cause left out (the last: all) and seed, @signal by layer of the first card are what studies find.
 */
struct run_state {
	const struct run_options *o;
	struct vectors in;
	struct vectors samples;
	struct labels labels;
	struct nmc_network *network;
	struct nmc_device *device;
	struct nmc_device_info info;
	struct nmc_class_info class;
	struct nmc_plan *plan;
	struct nmc_plan_info plan_info;
	struct nmc_tile_info *tiles;
	unsigned int tile_count;
	struct nmc_program_report program;
	struct nmc_tile_report *written;
	unsigned int written_count;
	struct nmc_repair_report repair;
	struct nmc_calibration_report converters;
	struct nmc_refresh_report refresh;
	struct nmc_run_report run;
	struct vectors out;
	uint64_t correct;
	double accuracy[RUN_AGES][RUN_HOWS][RUN_SEEDS];
	double without[NMC_CAUSES + 1][RUN_SEEDS];
	struct nmc_signal signal[RUN_LAYERS];
};

/* Carries everything out; returns the exit status. */
int run_all(const struct run_options *o);

/* Programs cells anew that have left the band asked for, if one was. */
int run_refresh(struct run_state *s);

/* Runs all vectors to values; classifies them. */
int run_values(struct run_state *s);
void run_score(struct run_state *s);

/* The library failed: prints its text and returns @status. */
int run_library(int status);

/* Prints the report. Returns the exit status. */
int report_text(const struct run_state *s);
int report_json(const struct run_state *s);
int report_study_text(const struct run_state *s);
int report_study_json(const struct run_state *s);

/* Draws accuracy over age to the file that --plot names. Returns the exit status. */
int picture_ages(const struct run_state *s);

/* Lists on the command line; 0 or the exit status after an error was printed. */
int study_ages(struct run_options *o, const char *list);
int study_hows(struct run_options *o, const char *list);
const char *study_how(unsigned int how);

/* Studies the card that is open, number @seed. */
int study_card(struct run_state *s, unsigned int seed);

/**
 * struct study_mean - mean over seeds
 * @mean: mean
 * @half: half of its 95 % confidence interval (Student), 0 for one seed
 */
struct study_mean {
	double mean;
	double half;
};
struct study_mean study_mean(const double *x, unsigned int n);

/* A signal asked for the end. */
bool run_interrupted(void);

/* Prints "nmc-run: text" and returns @status. */
int run_fail(int status, const char *text);

#endif
