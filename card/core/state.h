/* SPDX-License-Identifier: MIT */
/*
 * The state of a card: what outlives its power. It is written section by section, and read into memory of its own, checked,
 * before it takes the place of what the card has.
 */
#ifndef NMC_CARD_STATE_H
#define NMC_CARD_STATE_H

#include "card/core/machine.h"
#include "card/core/state_file.h"

/**
 * struct state_set - time of a tile set, as in struct card_set
 * @given: the file has it
 * @time: card time
 * @aged: card time that its cells have seen
 * @changed: card time of the last change of temperature
 * @felt: time as the cells felt it then
 * @rate: how fast they feel it since
 * @kelvin: temperature of its tiles
 */
struct state_set {
	bool given;
	struct clock time;
	struct clock aged;
	struct clock changed;
	struct clock felt;
	uint64_t rate;
	float kelvin;
};

/**
 * struct state_log - what is known of a tile beside its cells, as in struct card_tile
 * @incomplete: a programming was started and did not end
 * @products: vectors multiplied
 * @log: measurements
 */
struct state_log {
	bool incomplete;
	uint64_t products;
	struct nmc_tile_log log;
};

/**
 * struct state - a state in memory
 * @kelvin: temperature of the die
 * @saved_ns: time of day when it was saved, nanoseconds since 1970
 * @sets: times by set id - 1
 * @logs: by physical tile
 * @tiles: cells by physical tile, NULL where none were ever used
 * @tile_count: tiles of both
 * @faults: injected faults
 * @fault_count: how many
 * @directory: the firmware's directory, 8-byte aligned
 * @directory_bytes: its size
 */
struct state {
	float kelvin;
	uint64_t saved_ns;
	struct state_set sets[NMC_MAX_TILESETS];
	struct state_log *logs;
	struct tile **tiles;
	uint32_t tile_count;
	struct card_device_fault faults[CARD_FAULTS];
	unsigned int fault_count;
	void *directory;
	size_t directory_bytes;
};

/* Time of day, nanoseconds since 1970. */
uint64_t state_now(void);

/*
 * Writes all sections but the end, between jobs, see machine_pause(); @waiting is called now and then.
 * Return: 0 or a negative errno.
 */
int state_write(struct card *card, struct state_out *o, const struct store *directory, void (*waiting)(void *ctx), void *ctx);

/**
 * state_read() - a state of a card like this one
 * @card: the card; nothing of it changes
 * @path: file
 * @state: out: to be given to state_free()
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Return: 0, -EBADMSG (damaged), -EPROTO (no state), -EPROTONOSUPPORT, -EINVAL (of another card), or another negative errno.
 */
int state_read(const struct card *card, const char *path, struct state **state, char *error, size_t error_bytes);

/* Swaps cells, logs and temperature with those of the card; times of sets that are mapped follow with state_time(). */
void state_swap(struct card *card, struct state *state);
void state_time(struct card *card, const struct state *state);

void state_free(struct state *state);

#endif
