/* SPDX-License-Identifier: MIT */
/*
 * The card's insides: classes, tiles, tile sets, contexts, counters. Only card/ sees this.
 *
 * Locks, in the order in which they may be taken: the management lock (card/pcie/mgmt.c), the locks of tile sets in
 * ascending id, map_lock, tile_lock, job_lock. A set's lock is held by the job that executes on it.
 */
#ifndef NMC_CARD_MACHINE_H
#define NMC_CARD_MACHINE_H

#include <pthread.h>
#include "card/card.h"
#include "card/tile/clock.h"
#include "card/tile/tile.h"

#define CARD_MAX_CLASSES	8
#define CARD_MAX_TILES		4096

/* Instruction groups that this card implements. */
#define CARD_GROUPS	(1u << NMC_GROUP_CONTROL | 1u << NMC_GROUP_DATA | 1u << NMC_GROUP_MVM | 1u << NMC_GROUP_MVM_T | \
			 1u << NMC_GROUP_VECTOR | 1u << NMC_GROUP_PROGRAM)

struct pool;
struct mgmt;
struct job;
struct vector_ops;

/**
 * struct card_class - a run of physical tiles of one kind
 * @tech: technology, owned
 * @kind: geometry, technology and kernels, for card/tile
 * @described: the same for the host, without free and retired
 * @first: first physical tile
 * @count: tiles
 */
struct card_class {
	struct cell_tech *tech;
	struct tile_class kind;
	struct nmc_tile_class described;
	uint32_t first;
	uint32_t count;
};

/**
 * struct tile_sums - what the scrub has read of a tile, under the lock of its set; conductances in LSB
 * @events: scrubs so far, never reset
 * @row: steps through its rows
 * @age: age on the grid when the present sums began
 * @cells: reads of cells in the present sums
 * @square: products of deviations
 * @sum: conductances
 * @target: targets
 * @most: largest deviation
 * @decay: age as drift counts it
 * @first: conductance over target in the first sums after a programming, 0 while those are the present ones
 * @first_decay: age as drift counted it then
 * @drifts: the technology drifts
 */
struct tile_sums {
	uint64_t events;
	uint32_t row;
	int age;
	uint32_t cells;
	double square;
	double sum;
	double target;
	float most;
	float decay;
	float first;
	float first_decay;
	bool drifts;
};

/**
 * struct set_scrub - scrub of a tile set, under its lock
 * @credit: what it may still spend, femtoseconds of array time
 * @tile: next virtual tile
 */
struct set_scrub {
	uint64_t credit;
	uint32_t tile;
};

/**
 * struct card_tile - a physical tile
 * @tile: its cells; NULL until first used
 * @log: measurements as of the last operation, under &card.tile_lock
 * @scrub: what the scrub has read of it
 * @incomplete: a programming was started and did not end; atomic
 * @products: vectors multiplied; atomic
 * @bytes: memory that @tile holds; atomic
 */
struct card_tile {
	struct tile *tile;
	struct nmc_tile_log log;
	struct tile_sums scrub;
	bool incomplete;
	uint64_t products;
	size_t bytes;
};

/**
 * struct card_set - a tile set as the sequencer knows it
 * @lock: held by the job that executes on it; protects @time, @aged, @wall_ns and the cells of its tiles
 * @id: set id
 * @generation: present generation, 0 if not mapped; under &card.map_lock
 * @jobs: jobs that hold it; under &card.map_lock
 * @count: tiles
 * @tiles: virtual tile -> physical tile
 * @time: card time; also written under &card.map_lock
 * @aged: card time that its cells have seen. Cells follow card time at the explicit points IDLE, PROGRAM and ERASE (and
 *	at the start of a job where the card follows the wall clock): the modelled duration of products moves the
 *	clock, but how a run is cut into batches and jobs must not change a bit of its results
 * @changed: card time of the last change of temperature
 * @felt: time as the cells felt it then
 * @rate: how fast they feel it since, 2^-20
 * @kelvin: temperature of its tiles, 0 before the first job
 * @wall_ns: wall time up to which the set has aged, where the card follows the wall clock
 * @scrub: its background scrub
 */
struct card_set {
	pthread_mutex_t lock;
	uint32_t id;
	uint32_t generation;
	unsigned int jobs;
	uint32_t count;
	uint32_t *tiles;
	struct clock time;
	struct clock aged;
	struct clock changed;
	struct clock felt;
	uint64_t rate;
	float kelvin;
	uint64_t wall_ns;
	struct set_scrub scrub;
};

/**
 * struct card_context - sets that a context's jobs may name; all under &card.map_lock
 * @id: context id, 0 if free
 * @jobs: jobs in execution
 * @count: sets
 * @sets: their names
 */
struct card_context {
	uint32_t id;
	unsigned int jobs;
	uint32_t count;
	struct nmc_set_ref sets[NMC_MAX_SETS];
};

/**
 * struct card_totals - free-running counters of all jobs; atomic
 */
struct card_totals {
	uint64_t jobs;
	uint64_t faults;
	uint64_t energy_fj;
	uint64_t modelled_ns;
	uint64_t wall_ns;
	uint64_t macs;
	uint64_t conversions;
	uint64_t clips;
	uint64_t pulses;
	uint64_t array_ns;
	uint64_t scrub_ns;
	uint64_t scrub_rows;
};

/**
 * struct card - a card in software
 * @options: as created, zeros replaced by what they stand for
 * @classes: tile classes
 * @class_count: how many
 * @tiles: physical tiles
 * @tile_count: how many
 * @tile_lock: first use of tiles and their logs
 * @map_lock: translation tables
 * @sets: by set id - 1
 * @contexts: in no order
 * @pool: host threads that share large operations
 * @vector: build of the vector unit
 * @max_steps: instructions a job may execute
 * @kelvin: temperature of the die; atomic
 * @faults: injected faults as tiles see them; changed between jobs, see machine_pause()
 * @injected: the same as they were given
 * @cut: not zero once the power is gone: jobs end where they are; atomic
 * @job_lock: list of unused job states
 * @idle_jobs: that list
 * @totals: counters
 * @scrub_ppm: budget of the background scrub, parts per million of array time; atomic
 * @scrubbed: one bit a tile: it has news from the scrub; under @tile_lock
 * @any_scrubbed: one of them is set; atomic
 * @start_ns: wall time of creation
 * @mgmt: firmware and its platform
 */
struct card {
	struct card_options options;
	struct card_class classes[CARD_MAX_CLASSES];
	unsigned int class_count;
	struct card_tile *tiles;
	uint32_t tile_count;
	pthread_mutex_t tile_lock;
	pthread_mutex_t map_lock;
	struct card_set sets[NMC_MAX_TILESETS];
	struct card_context contexts[NMC_MAX_CONTEXTS];
	struct pool *pool;
	const struct vector_ops *vector;
	uint64_t max_steps;
	float kelvin;
	struct tile_faults faults;
	struct card_device_fault injected[CARD_FAULTS];
	int cut;
	pthread_mutex_t job_lock;
	struct job *idle_jobs;
	struct card_totals totals;
	uint32_t scrub_ppm;
	uint8_t scrubbed[CARD_MAX_TILES / 8];
	bool any_scrubbed;
	uint64_t start_ns;
	struct mgmt *mgmt;
};

/* Monotonic wall time, nanoseconds. */
uint64_t wall_now(void);

/*
 * Translation tables. set_map() installs (set, generation) and keeps the set's time if it was mapped before;
 * set_unmap() and context_unmap() return false while a job holds the object. Thread-safe.
 */
void set_map(struct card *card, uint32_t set, uint32_t generation, const uint32_t *tiles, uint32_t count);
bool set_unmap(struct card *card, uint32_t set);
struct clock set_time(struct card *card, uint32_t set);
void context_map(struct card *card, uint32_t context, const struct nmc_set_ref *sets, uint32_t count);
bool context_unmap(struct card *card, uint32_t context);
struct card_set *set_find(struct card *card, uint32_t set);

/*
 * Time of a set whose lock is held: begins anew; as its cells feel card time @now; at another temperature from its aged
 * time on; a tile of it as it is at its aged time, NULL if memory lacks.
 */
void set_start_time(struct card_set *s);
struct clock set_felt_at(const struct card_set *s, struct clock now);
void set_warm(struct card *card, struct card_set *s, float kelvin);
struct tile *set_tile(struct card *card, struct card_set *s, uint32_t physical);

/*
 * Between jobs: takes every set's lock, with the management lock held by the caller, so that neither jobs nor commands change
 * a tile until machine_resume(). @waiting is called now and then while a job is waited for.
 */
void machine_pause(struct card *card, void (*waiting)(void *ctx), void *ctx);
void machine_resume(struct card *card);

/* Lets a set age up to the present wall time. */
void set_age_by_wall(struct card *card, struct card_set *s);

/* How a duration at @kelvin is felt by cells of a deck. */
struct deck_thermal;
uint64_t time_felt(const struct deck_thermal *t, float kelvin, uint64_t ns);

/* Temperature of the die, kelvin. */
float card_kelvin(struct card *card);

/*
 * A job's hold on its context and on the sets of its table. job_hold() answers enum nmc_status, and fills in the
 * fault record where that is NMC_STATUS_FAULT; it waits for the sets' locks until the job is asked to end.
 */
unsigned int job_hold(struct job *j, uint32_t context);
void job_release(struct job *j);

/* Time of a set as this job sees it now. */
struct clock job_set_time(struct job *j, unsigned int set);

/* Lets time pass for a set without cost to the job, and lets its cells see the time. */
void job_set_idle(struct job *j, unsigned int set, struct clock wait);

/* The physical tile behind a virtual one; 0, or -1 with the job's fault record. */
int job_find_tile(struct job *j, unsigned int set, uint32_t tile, uint32_t *physical);

#endif
