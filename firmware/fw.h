/* SPDX-License-Identifier: MIT */
/*
 * The management firmware's state and the calls between its files. Everything lives in one struct fw of about
 * 150 KiB, so that it fits the management processor's memory beside code and stack; there is no heap.
 */
#ifndef NMC_FIRMWARE_FW_H
#define NMC_FIRMWARE_FW_H

#include "firmware/hal.h"

#define FW_VERSION	"nmc-fw 1.0.0"
#define FW_CLASSES	8
#define FW_TILES	4096
#define FW_ERRORS	64	/* entries kept of the error log */
#define FW_EVENTS	64	/* events that wait */
#define FW_NO_SET	0xffff
#define FW_DEVIATION_PPM 50000	/* as the host finds it */
#define FW_SCRUB_PPM	10000	/* as the host finds it, and at most: one percent */
#define FW_WEAR_PPM	100000	/* as the host finds it */

#define FW_COPY(to, from, bytes)	__builtin_memcpy(to, from, bytes)
#define FW_ZERO(to, bytes)		__builtin_memset(to, 0, bytes)
#define FW_SAME(a, b, bytes)		(!__builtin_memcmp(a, b, bytes))

/* Contracts are little-endian, as is every processor this runs on. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian");

/**
 * struct fw_class - a run of physical tiles
 * @first: first physical tile
 * @tiles: how many
 * @free: of these FREE
 * @retired: of these RETIRED
 * @endurance: pulses that its cells endure, 0 for ever
 */
struct fw_class {
	uint32_t first;
	uint32_t tiles;
	uint32_t free;
	uint32_t retired;
	uint64_t endurance;
};

/**
 * enum fw_erase - progress of an erase
 * @FW_ERASE_WAITING: not yet given to the hardware
 * @FW_ERASE_STARTED: hardware is at it
 */
enum fw_erase {
	FW_ERASE_WAITING,
	FW_ERASE_STARTED,
};

/**
 * struct fw_tile - a physical tile; INCOMPLETE is the hardware's knowledge and not kept here
 * @state: FREE, ERASING, OWNED, PERSISTENT or RETIRED
 * @class: tile class
 * @set: index of the owning set, %FW_NO_SET if none
 * @erase: enum fw_erase while ERASING
 */
struct fw_tile {
	uint8_t state;
	uint8_t class;
	uint16_t set;
	uint8_t erase;
};

/**
 * enum fw_set_state - life of an entry of the directory
 * @FW_SET_FREE: unused
 * @FW_SET_ATTACHED: volatile, or persistent and open
 * @FW_SET_DETACHED: persistent, in nobody's use
 * @FW_SET_DYING: to be erased as soon as no job holds it
 */
enum fw_set_state {
	FW_SET_FREE,
	FW_SET_ATTACHED,
	FW_SET_DETACHED,
	FW_SET_DYING,
};

/**
 * struct fw_set - one entry of the directory; its tiles, in ascending order, are those that name it
 * @epoch: host epoch that created or last opened it
 * @domain: host domain
 * @generation: advanced whenever the entry is created or opened; never 0 in use
 * @tiles: how many
 * @contexts: contexts that name it
 * @state: enum fw_set_state
 * @class: tile class
 * @persistent: outlives its owner
 * @uuid: unique name
 * @label: free text
 * @owner: opaque
 */
struct fw_set {
	uint64_t epoch;
	uint64_t domain;
	uint32_t generation;
	uint16_t tiles;
	uint16_t contexts;
	uint8_t state;
	uint8_t class;
	bool persistent;
	uint8_t uuid[16];
	char label[32];
	uint8_t owner[32];
};

/**
 * struct fw_context - a context
 * @id: 0 if the entry is free
 * @dying: forgotten, but a job of it still executes
 * @count: sets attached
 * @sets: their indices
 */
struct fw_context {
	uint32_t id;
	bool dying;
	uint16_t count;
	uint16_t sets[NMC_MAX_SETS];
};

/**
 * struct fw - all state
 * @hal: platform
 * @beat: heartbeat
 * @epoch: of the present host
 * @features: by enum nmc_feature
 * @classes: tile classes
 * @class_count: how many
 * @tile_count: physical tiles
 * @queues: I/O queues the hardware has
 * @tiles: physical tiles
 * @sets: directory; set id is index + 1
 * @contexts: contexts
 * @errors: ring of errors; entry with sequence s at s modulo %FW_ERRORS
 * @error_count: entries ever written
 * @events: ring of events
 * @event_head: free-running count of events taken
 * @event_tail: free-running count of events added
 * @listener: outstanding NMC_ADMIN_EVENT
 * @listening: there is one
 * @erasing: tiles that are ERASING
 * @watched: one bit a tile: its deviation has been reported
 * @worn: the same of its wear
 * @list: tiles of a set on the way to the hardware
 * @report: of a queue stop on the way to the host
 */
struct fw {
	struct hal *hal;
	uint64_t beat;
	uint64_t epoch;
	uint64_t features[5];
	struct fw_class classes[FW_CLASSES];
	uint32_t class_count;
	uint32_t tile_count;
	uint32_t queues;
	struct fw_tile tiles[FW_TILES];
	struct fw_set sets[NMC_MAX_TILESETS];
	struct fw_context contexts[NMC_MAX_CONTEXTS];
	struct nmc_error_log errors[FW_ERRORS];
	uint64_t error_count;
	struct nmc_event_record events[FW_EVENTS];
	uint32_t event_head;
	uint32_t event_tail;
	struct nmc_sqe listener;
	bool listening;
	uint32_t erasing;
	uint8_t watched[FW_TILES / 8];
	uint8_t worn[FW_TILES / 8];
	union {
		uint32_t list[FW_TILES];
		struct nmc_stop_report report;
	};
};

_Static_assert(sizeof(struct fw) <= 192 * 1024, "leaves 64 KiB for code and stack");

/* Admin commands: each answers enum nmc_status and may set @cqe->result. Fields have been checked. */
unsigned int fw_tileset_create(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);
unsigned int fw_tileset_release(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);
unsigned int fw_tileset_open(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);
unsigned int fw_tileset_info(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);
unsigned int fw_context_create(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);
unsigned int fw_context_destroy(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);
unsigned int fw_get_log(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);

/* Tile sets. */
void fw_set_info(struct fw *fw, unsigned int index, struct nmc_tileset_info *info);
void fw_sets_host_enable(struct fw *fw);
void fw_sets_poll(struct fw *fw);

/* Contexts: all are forgotten, at the latest when their jobs have ended. */
void fw_contexts_forget(struct fw *fw);
void fw_contexts_poll(struct fw *fw);

/* Tiles: ownership, states and erases. */
bool fw_tiles_take(struct fw *fw, unsigned int class, unsigned int count, unsigned int set, bool persistent);
uint32_t fw_tiles_list(struct fw *fw, unsigned int set);
uint32_t fw_tiles_incomplete(struct fw *fw, unsigned int set);
void fw_tiles_erase(struct fw *fw, unsigned int set);
unsigned int fw_tile_state(struct fw *fw, uint32_t tile);
void fw_tiles_poll(struct fw *fw);

/* Looks at the deviation of every tile: the threshold has changed. */
void fw_tiles_watch(struct fw *fw);

/* Events. */
void fw_event_add(struct fw *fw, uint32_t type, uint32_t object, uint64_t value);
void fw_event_poll(struct fw *fw);

/* Data of a command: answers enum nmc_status. */
unsigned int fw_fetch(struct fw *fw, const struct nmc_sqe *sqe, void *data, uint32_t bytes);
unsigned int fw_answer(struct fw *fw, const struct nmc_sqe *sqe, const void *data, uint32_t bytes);

#endif
