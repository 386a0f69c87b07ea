/* SPDX-License-Identifier: MIT */
/*
 * A state file as sections: written beside its place and put there whole, read with every length and checksum looked at
 * before anything else. Documentation/card-state.rst has the layout.
 */
#ifndef NMC_CARD_STATE_FILE_H
#define NMC_CARD_STATE_FILE_H

#include "card/tile/store.h"

#define STATE_VERSION		1
#define STATE_SECTION_BYTES	(16u << 20)	/* of the largest section */

/**
 * enum state_kind - kinds of sections, in the order in which they stand
 * @STATE_CARD: what card it is, temperature, when it was saved
 * @STATE_DIRECTORY: the firmware's directory
 * @STATE_SETS: times of tile sets
 * @STATE_LOGS: logs of the tiles
 * @STATE_FAULTS: injected faults
 * @STATE_TILE: cells of the tile @index; one section each
 * @STATE_END: nothing; @index is the number of sections before
 */
enum state_kind {
	STATE_CARD	= 1,
	STATE_DIRECTORY	= 2,
	STATE_SETS	= 3,
	STATE_LOGS	= 4,
	STATE_FAULTS	= 5,
	STATE_TILE	= 6,
	STATE_END	= 7,
};

/**
 * struct state_out - a file that is being written
 * @fd: it
 * @sections: so far
 * @path: where it will be
 * @temporary: where it is
 */
struct state_out {
	int fd;
	uint32_t sections;
	char path[4096];
	char temporary[4096 + 8];
};

/*
 * Writing: each returns 0 or a negative errno, and after a failure of any of them the file is given up. state_commit() makes
 * it last and takes the place of the file before in one step; state_abandon() removes it.
 */
int state_create(struct state_out *o, const char *path);
int state_put(struct state_out *o, enum state_kind kind, uint32_t index, const struct store *payload);
int state_commit(struct state_out *o);
void state_abandon(struct state_out *o);

/**
 * struct state_in - a file that is being read
 * @fd: it
 * @left: bytes that have not been read
 * @kind: of the present section
 * @index: of the present section
 * @payload: the rest of the present section, 8-byte aligned at its beginning
 * @room: allocated for it
 * @buffer: it
 */
struct state_in {
	int fd;
	uint64_t left;
	uint32_t kind;
	uint32_t index;
	struct fetch payload;
	size_t room;
	uint8_t *buffer;
};

/* Reading: 0, -EBADMSG (damaged), -EPROTO (no state file), -EPROTONOSUPPORT (another version), or another negative errno. */
int state_open(struct state_in *in, const char *path);
int state_next(struct state_in *in);
void state_close(struct state_in *in);

/* CRC-32C of @bytes, after those whose sum is @crc; 0 to begin with. */
uint32_t state_crc(uint32_t crc, const void *data, size_t bytes);

#endif
