/* SPDX-License-Identifier: MIT */
/*
 * Health of tiles: what is known of each, what will become of it, and the ways to show it.
 */
#ifndef NMC_SMI_TILES_H
#define NMC_SMI_TILES_H

#include <signal.h>
#include "nmc-smi/smi.h"

/* Ages that retention is predicted for. */
#define TILES_AGES	3
extern const uint64_t tiles_age[TILES_AGES];
extern const char *const tiles_age_name[TILES_AGES];

/* Predictions that the plot of retention draws, one a point of a logarithmic axis. */
#define TILES_POINTS	25

enum tiles_command { TILES_DRIFT, TILES_RETENTION, TILES_WEAR, TILES_HEALTH };

/**
 * enum verdict - of a card or tile, in the order of gravity; also the exit status of nmc-smi health
 */
enum verdict { VERDICT_OK, VERDICT_WARNING, VERDICT_CRITICAL, VERDICT_UNKNOWN };

/**
 * struct tile_view - a tile and its future
 * @info: what the card says
 * @in_use: it belongs to a tile set
 * @age_s: card time from its programming to the last scrub, seconds; NAN if it was not measured
 * @error: standard error of the deviation by the number of cells read
 * @predicted: the predictions mean something
 * @at: deviation at tiles_age[]
 * @passes: when it passes the threshold
 * @worn: pulses of the most worn cell over what the class endures; NAN where it endures for ever
 * @verdict: what to think of it
 */
struct tile_view {
	struct nmc_tile_info info;
	bool in_use;
	double age_s;
	double error;
	bool predicted;
	struct nmc_prediction at[TILES_AGES];
	struct nmc_crossing passes;
	double worn;
	enum verdict verdict;
};

/**
 * struct card_view - a card and its tiles
 * @card: the card as elsewhere
 * @threshold: deviation that is too much
 * @wear_limit: wear of a tile's most worn cell that is too much, over what the class endures; 0 none is
 * @tiles: how many
 * @tile: tiles, to be given to free()
 * @curve: predictions of the tile with the largest deviation, for a plot
 * @curve_tile: that tile, -1 if there is none
 * @verdict: the gravest
 */
struct card_view {
	struct smi_card *card;
	double threshold;
	double wear_limit;
	unsigned int tiles;
	struct tile_view *tile;
	struct nmc_prediction curve[TILES_POINTS];
	int curve_tile;
	enum verdict verdict;
};

/*
 * Fills in the tiles of a card that is open as @device; @threshold and @wear_limit 0 take the card's own; @future: what will become of them, too.
 * 0 or a negative errno.
 */
int tiles_collect(struct card_view *v, struct nmc_device *device, double threshold, double wear_limit, bool future);

/* "ok", "warning", ... */
const char *verdict_name(enum verdict v);

/* Seconds from the last scrub to the passing of the threshold: below zero it has passed, INFINITY never, NAN unknown. */
double tiles_left(const struct tile_view *t);

/* "23 d", "4.2 y", "never", "passed", "N/A". */
const char *tiles_span(double seconds, char *text, size_t bytes);

/* Reasons of a card's verdict, one a call from @n = 0 on; false past the last. */
bool tiles_reason(const struct card_view *v, unsigned int n, char *text, size_t bytes);

void tiles_table(const struct card_view *v, unsigned int cards, enum tiles_command command);
void tiles_json(const struct card_view *v, unsigned int cards, enum tiles_command command);

/* Draws the first card that could be asked with gnuplot. 0, or -1 after a message. */
int tiles_plot(const struct card_view *v, unsigned int cards, enum tiles_command command, const char *file);

/* Log of the cards and, with @follow, what comes until @ended. 0 or an exit status. */
int events_show(const struct smi *s, bool follow, bool json, const volatile sig_atomic_t *ended);

#endif
