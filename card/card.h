/* SPDX-License-Identifier: MIT */
/*
 * The card in software, as seen from outside card/: create one, give it admin commands and jobs
 * in-process, or put it behind a vfio-user socket for a virtual machine. Both ways run the same
 * firmware and the same sequencer on the same descriptors.
 */
#ifndef NMC_CARD_H
#define NMC_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "hw/nmc_regs.h"

struct card;
struct card_server;

/**
 * struct card_options - what kind of card
 * @classes: tile classes in order of their physical tiles, with commas between: "digital", names of shipped decks ("rram",
 *	"ideal", "pcm", ...), or paths of deck files, which have a '/' or '.'; NULL for rram, ideal, digital
 * @tiles: tiles of each class, 0 for 64; 1 to 4096 in all
 * @rows: physical rows of a tile, 0 for 256; 4 to 384
 * @cols: physical columns of a tile, 0 for 256; even, 4 to 512
 * @seed: seed of all randomness
 * @threads: host threads that share the vectors of one product, 0 for the number of CPUs; never changes a bit
 * @engines: jobs that can run at once, 0 for 2
 * @queues: I/O queues, 0 for 8; 1 to 32
 * @serial: serial number, 0 for one derived from @seed
 * @plain_c: take the plain C path even where the machine has vector instructions; never changes a bit
 * @wall_clock: card time also advances with wall time; off by default, runs are then not reproducible
 */
struct card_options {
	const char *classes;
	unsigned int tiles;
	unsigned int rows;
	unsigned int cols;
	uint64_t seed;
	unsigned int threads;
	unsigned int engines;
	unsigned int queues;
	uint64_t serial;
	bool plain_c;
	bool wall_clock;
};

/**
 * struct card_dma - how the card reaches host memory
 * @read: copies @bytes from host address @addr; 0, or -EFAULT if any byte is not mapped
 * @write: copies @bytes to host address @addr; 0 or -EFAULT
 * @ctx: first argument of both
 *
 * Both may be called from several threads at once.
 */
struct card_dma {
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t bytes);
	int (*write)(void *ctx, uint64_t addr, const void *buf, size_t bytes);
	void *ctx;
};

/* Host addresses are pointers of this process: the in-process door. */
extern const struct card_dma card_dma_process;

/**
 * card_create() - makes a card
 * @options: what kind; copied
 * @card: out: the card, to be given to card_destroy()
 * @error: filled with what, where and what to do on failure
 * @error_bytes: its size
 *
 * Tiles take memory when they are first used.
 *
 * Return: 0, -EINVAL (a bad option), -ENOMEM.
 */
int card_create(const struct card_options *options, struct card **card, char *error, size_t error_bytes);

/**
 * card_destroy() - ends a card; no call on it may be in progress and its servers must be stopped
 * @card: the card or NULL
 */
void card_destroy(struct card *card);

/**
 * card_admin() - carries out one admin command in the caller's thread
 * @card: the card
 * @sqe: descriptor; queue commands and NMC_ADMIN_EVENT answer %NMC_STATUS_OPCODE here
 * @dma: how @sqe->addr is reached
 * @cqe: out: completion without phase
 *
 * Thread-safe; commands are carried out one at a time.
 */
void card_admin(struct card *card, const struct nmc_sqe *sqe, const struct card_dma *dma, struct nmc_cqe *cqe);

/**
 * card_job() - carries out one job in the caller's thread
 * @card: the card
 * @sqe: descriptor
 * @dma: how the table and the slots are reached
 * @stop: looked at between instructions; non-zero ends the job with %NMC_STATUS_ABORTED; may be NULL
 * @progress: advanced as instructions and vectors are done; may be NULL
 * @cqe: out: completion without phase and sq_head
 *
 * Thread-safe. Jobs that share a tile set exclude one another for their whole run. No DMA happens after the return.
 */
void card_job(struct card *card, const struct nmc_sqe_job *sqe, const struct card_dma *dma, const int *stop,
	      uint64_t *progress, struct nmc_cqe *cqe);

/**
 * card_event() - takes the oldest pending event of the in-process door
 * @card: the card
 * @event: out
 *
 * Return: 0, -EAGAIN if there is none. Thread-safe.
 */
int card_event(struct card *card, struct nmc_event_record *event);

/**
 * card_event_fd() - file descriptor that is readable while events wait
 * @card: the card
 *
 * Return: the descriptor, which belongs to the card.
 */
int card_event_fd(struct card *card);

/**
 * card_oracle() - true conductances of a tile: no noise, no time passes, nothing is counted
 * @card: the card
 * @set: set id
 * @tile: virtual tile
 * @g: out: rows x cols conductances in microsiemens (weights for integer classes), row-major; may be NULL
 * @target: out: their programmed targets in the same units; may be NULL
 *
 * Software card only, for tests and research. Waits for a job on the set to end.
 *
 * Return: 0, -ENOENT.
 */
int card_oracle(struct card *card, uint32_t set, uint32_t tile, float *g, float *target);

#define CARD_LAW_BINS	103	/* targets by their conductance code / 256; bin 0 stands for the lowest conductance */

struct card_law;

/**
 * struct card_law_bin - what a technology makes of cells with one target; d is true g - target in conductance LSB
 * @now: mean of d^2 at the first of two ages
 * @then: mean of d^2 at the second
 * @now_var: variance of d^2 at the first age
 * @then_var: at the second
 * @covar: covariance of both: the same cell at both ages
 * @slow: mean square of slow 1/f noise at the first age, LSB squared: reads at one age share it
 * @read: variance of what differs from read to read
 */
struct card_law_bin {
	double now;
	double then;
	double now_var;
	double then_var;
	double covar;
	double slow;
	double read;
};

/**
 * card_law_open() - how cells of a deck age
 * @name: name of a shipped deck, or a file's path that has a '/' or '.'
 * @law: out: to be given to card_law_close()
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Return: 0, -ENOENT (not shipped), -ENOMEM, or what reading the deck ends with.
 */
int card_law_open(const char *name, struct card_law **law, char *error, size_t error_bytes);

/**
 * card_law_of() - how cells of a card's tile class age
 * @card: the card; must outlive the law
 * @class: index of the class
 * @law: out: to be given to card_law_close()
 *
 * Return: 0, -ENOENT (no such class), -ENOMEM.
 */
int card_law_of(struct card *card, unsigned int class, struct card_law **law);
void card_law_close(struct card_law *law);

/* Digest of the deck, as struct nmc_tile_class has it. */
uint64_t card_law_deck(const struct card_law *law);

/**
 * card_law_bins() - moments of the deviation from the target at two ages
 * @law: the law
 * @kelvin: temperature since the write
 * @now_ns: first age since the write
 * @then_ns: second age
 * @bins: out: %CARD_LAW_BINS
 *
 * By quadrature over what a write freezes in a cell, with the tables and kernels that cells of the card age with: deterministic,
 * no cell is looked at. Defects, wires and the temperature coefficient are left out. The latest answers are kept, as tiles that
 * were programmed together are asked about at the same ages. Thread-safe.
 */
void card_law_bins(struct card_law *law, float kelvin, uint64_t now_ns, uint64_t then_ns, struct card_law_bin *bins);

#define CARD_KELVIN	300.0f	/* temperature of a new card: the reference of the shipped decks */

/**
 * card_temperature() - the die's temperature from now on; sets feel it from their next job or card_age() on
 * @card: the card
 * @kelvin: 200 to 500
 *
 * Software card only. Thread-safe.
 */
void card_temperature(struct card *card, float kelvin);

/**
 * card_age() - lets every tile set age, each at the end of the job that executes on it
 * @card: the card
 * @ns: nanoseconds of card time
 *
 * Software card only. Thread-safe. Costs the same for a second and for ten years.
 */
void card_age(struct card *card, uint64_t ns);

/**
 * enum card_device_kind - faults of cells, columns and tiles
 * @CARD_DEVICE_STUCK_LOW: cells at gmin whatever is written
 * @CARD_DEVICE_STUCK_HIGH: cells at gmax
 * @CARD_DEVICE_DEAD: open cells
 * @CARD_DEVICE_DRIFT: cells whose drift exponent is @factor times their own, plus @offset
 * @CARD_DEVICE_NOISE: cells whose read noise is @factor times their own
 * @CARD_DEVICE_COLUMN: an output whose converter always gives @code
 * @CARD_DEVICE_TILE: every operation on the tile faults with %NMC_FAULT_TILE_FAILED
 */
enum card_device_kind {
	CARD_DEVICE_STUCK_LOW,
	CARD_DEVICE_STUCK_HIGH,
	CARD_DEVICE_DEAD,
	CARD_DEVICE_DRIFT,
	CARD_DEVICE_NOISE,
	CARD_DEVICE_COLUMN,
	CARD_DEVICE_TILE,
};

#define CARD_ALL	UINT32_MAX	/* of struct card_device_fault: every tile, or a share of the cells rather than one */
#define CARD_FAULTS	256		/* faults of cells, columns and tiles that a card can have at a time */
#define CARD_MAX_FACTOR	16.0f		/* largest @factor */

/**
 * struct card_device_fault - a fault of cells, a column or a tile
 * @kind: enum card_device_kind
 * @tile: physical tile, or %CARD_ALL for every tile of a class that can have the fault
 * @row: row of the one cell that has it, %CARD_ALL for a share of the cells
 * @col: physical column of that cell; for %CARD_DEVICE_COLUMN the output
 * @share: part of the cells that have it, above 0 to 1
 * @seed: which ones: a larger share with the same seed has those of a smaller one, and more
 * @factor: of the drift exponent or the noise: 0 to %CARD_MAX_FACTOR
 * @offset: of the drift exponent: -1 to 1
 * @code: what a broken column gives, -2047 to 2047; integer classes as their result; 0 is a dead one
 *
 * Fields that the kind has no use for are ignored.
 */
struct card_device_fault {
	enum card_device_kind kind;
	uint32_t tile;
	uint32_t row;
	uint32_t col;
	double share;
	uint64_t seed;
	float factor;
	float offset;
	int32_t code;
};

/**
 * card_inject() - breaks cells, a column or a tile from the end of the jobs in execution on
 * @card: the card
 * @fault: how; may come on top of others: stuck cells are as the last fault has them, exponents add up, noises multiply
 * @error: filled with the reason of a refusal
 * @error_bytes: its size
 *
 * Software card only. Thread-safe. What lies under a fault is kept: programming reaches the cell unseen, and
 * card_inject_clear() brings back what a sound cell would hold. Products with %NMC_MVM_NO_DEFECTS leave faults of cells and
 * columns out.
 *
 * Return: 0, -EINVAL (no such cell, column or tile; out of range; no class of the tile can have it), -ENOSPC.
 */
int card_inject(struct card *card, const struct card_device_fault *fault, char *error, size_t error_bytes);

/**
 * card_inject_clear() - takes back every card_inject(); thread-safe
 * @card: the card
 */
void card_inject_clear(struct card *card);

/**
 * card_injected() - one of the faults that the card has; thread-safe
 * @card: the card
 * @index: which, from 0
 * @fault: out
 *
 * Return: 0, -ENOENT beyond the last.
 */
int card_injected(struct card *card, unsigned int index, struct card_device_fault *fault);

/**
 * card_save() - writes what outlives the power to a file, between jobs
 * @card: the card
 * @path: file; what is there is replaced in one step once the new one is safe on the disk, with ".new" after its name until
 *	then. One card a file
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Cells, wear, defects, logs of the tiles, times of the sets, temperature, injected faults, the directory of persistent tile
 * sets. Documentation/card-state.rst has the format. Thread-safe.
 *
 * Return: 0 or a negative errno; the file before is then untouched.
 */
int card_save(struct card *card, const char *path, char *error, size_t error_bytes);

/**
 * card_load() - turns the power on again: the card is as the file says
 * @card: a card of the same seed, classes and geometry
 * @path: file
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Persistent tile sets are there to be opened and as old as they were, or older by the time since where the card follows the
 * wall clock. Volatile ones are gone: their tiles are being erased. Thread-safe.
 *
 * Return: 0, -EPROTO (no state of a card), -EPROTONOSUPPORT (another version), -EBADMSG (damaged), -EINVAL (of another kind of
 * card), -EBUSY (contexts exist, or tile sets are open), or another negative errno. Nothing of the card has then changed.
 */
int card_load(struct card *card, const char *path, char *error, size_t error_bytes);

/**
 * card_power_loss() - the power goes, now
 * @card: the card; is only good for card_destroy() afterwards
 * @path: file for the cells as they were at that moment, or NULL
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Jobs end in the middle of what they do, without completion at an endpoint and with %NMC_STATUS_ABORTED in-process. A
 * tile that was being programmed is incomplete: its first rows are new, the others old.
 *
 * Return: as card_save().
 */
int card_power_loss(struct card *card, const char *path, char *error, size_t error_bytes);

/**
 * struct card_status - a card at a glance
 * @kelvin: temperature of the die
 * @tiles: physical tiles
 * @used: of these in tile sets
 * @incomplete: of these with a programming that began and did not end
 * @memory: bytes allocated for cells and their caches
 */
struct card_status {
	float kelvin;
	uint32_t tiles;
	uint32_t used;
	uint32_t incomplete;
	uint64_t memory;
};

/**
 * card_status() - a card at a glance; thread-safe
 * @card: the card
 * @status: out
 */
void card_status(struct card *card, struct card_status *status);

/**
 * struct card_set_status - a tile set at a glance
 * @tiles: tiles
 * @incomplete: of these with a programming that began and did not end
 * @time_ns: card time of the set, nanoseconds
 */
struct card_set_status {
	uint32_t tiles;
	uint32_t incomplete;
	uint64_t time_ns;
};

/**
 * card_set_status() - a tile set at a glance; thread-safe
 * @card: the card
 * @set: set id, from 1 to %NMC_MAX_TILESETS
 * @status: out
 *
 * Return: 0, -ENOENT if there is no such set.
 */
int card_set_status(struct card *card, uint32_t set, struct card_set_status *status);

/**
 * card_memory() - memory of the tiles in use
 * @card: the card
 * @cells: out: cells of the tiles in use
 *
 * Return: bytes allocated for cells and their caches.
 */
size_t card_memory(struct card *card, uint64_t *cells);

/**
 * enum card_irq - interrupts an endpoint offers
 * @CARD_IRQ_MSIX: 34 MSI-X vectors
 * @CARD_IRQ_MSI: one MSI vector (hot-unplug works under QEMU)
 * @CARD_IRQ_INTX: INTx only
 */
enum card_irq {
	CARD_IRQ_MSIX,
	CARD_IRQ_MSI,
	CARD_IRQ_INTX,
};

/**
 * card_socket_listen() - makes a socket of the file system that listens
 * @path: its path; a socket there that nobody serves any more is replaced
 *
 * Return: file descriptor, -EADDRINUSE if somebody serves it, or another negative errno.
 */
int card_socket_listen(const char *path);

/**
 * struct card_server_options - a vfio-user endpoint
 * @socket: path of the listening socket; replaced if it is a stale socket
 * @irq: interrupts to offer
 * @entries: most entries of a ring, a power of two from 2 to 4096, 0 for 4096
 */
struct card_server_options {
	const char *socket;
	enum card_irq irq;
	unsigned int entries;
};

/**
 * enum card_fault - faults an endpoint can be told to show
 * @CARD_FAULT_NONE: back to normal
 * @CARD_FAULT_ALL_ONES: every register reads all-ones, doorbells are ignored
 * @CARD_FAULT_HANG_FIRMWARE: the heartbeat stops, admin commands are not answered
 * @CARD_FAULT_HANG_QUEUES: I/O queues fetch nothing
 * @CARD_FAULT_CORRUPT_COMPLETION: the next completion of an I/O queue has a wrong cookie, those after it are right
 * @CARD_FAULT_FATAL: the status register reports a fatal failure and admin commands are not answered, until the host
 *	disables the card after the fault was taken back
 */
enum card_fault {
	CARD_FAULT_NONE,
	CARD_FAULT_ALL_ONES,
	CARD_FAULT_HANG_FIRMWARE,
	CARD_FAULT_HANG_QUEUES,
	CARD_FAULT_CORRUPT_COMPLETION,
	CARD_FAULT_FATAL,
};

/**
 * card_server_start() - puts a card behind a vfio-user socket, served by threads of its own
 * @card: the card
 * @options: the endpoint
 * @server: out: to be given to card_server_stop()
 * @error: filled on failure
 * @error_bytes: its size
 *
 * Serves one virtual machine after another.
 *
 * Return: 0 or a negative errno.
 */
int card_server_start(struct card *card, const struct card_server_options *options, struct card_server **server,
		      char *error, size_t error_bytes);

/**
 * card_server_stop() - disconnects, ends the threads and removes the socket
 * @server: the server or NULL
 */
void card_server_stop(struct card_server *server);

/**
 * card_server_inject() - shows a fault from now on; thread-safe
 * @server: the server
 * @fault: which
 */
void card_server_inject(struct card_server *server, enum card_fault fault);

/**
 * card_server_counters() - counters of a queue; thread-safe
 * @server: the server
 * @queue: 0 is the admin queue
 * @log: out
 *
 * Return: 0, -ENOENT if the queue was never created.
 */
int card_server_counters(struct card_server *server, unsigned int queue, struct nmc_queue_log *log);

struct card_deck;

/**
 * card_deck_load() - reads a deck that is shipped with the card, by name, or a deck file, by a path that has a '/' or '.'
 * @name: name or path
 * @deck: out: to be given to card_deck_destroy()
 * @error: filled on failure, for a bad deck with "FILE:LINE: KEY: reason"
 * @error_bytes: its size
 *
 * Return: 0, -EINVAL (a bad deck), -E2BIG, -ENOENT, the errno of reading the file, -ENOMEM.
 */
int card_deck_load(const char *name, struct card_deck **deck, char *error, size_t error_bytes);

/* The same from @bytes of text; @file stands for it in the error text. */
int card_deck_parse(const char *text, size_t bytes, const char *file, struct card_deck **deck, char *error,
		    size_t error_bytes);

void card_deck_destroy(struct card_deck *deck);

/* Name and text of shipped deck @index, NULL past the last; @text may be NULL. */
const char *card_deck_shipped(unsigned int index, const char **text);

/**
 * struct card_deck_key - a key of decks, as struct deck_key
 * @path: sections and key with dots between
 * @kind: "number", "integer", "word", "flag", "text" or "curve"
 * @unit: unit of the figures below, empty for pure numbers
 * @units: units that are accepted
 * @choices: words that are accepted; the first holds without the key
 * @models: pulse models that it is for, empty = all
 * @needed: pulse models that need it
 * @meaning: one line
 * @low: lowest value
 * @high: highest value
 * @standard: value without the key
 * @required: every deck needs it
 */
struct card_deck_key {
	const char *path;
	const char *kind;
	const char *unit;
	char units[64];
	char choices[128];
	char models[128];
	char needed[128];
	const char *meaning;
	double low;
	double high;
	double standard;
	bool required;
};

/* Describes key number @index; false past the last. */
bool card_deck_key(unsigned int index, struct card_deck_key *key);

/* The value of a key as a deck would state it, see deck_write(). */
int card_deck_value(const struct card_deck *deck, const char *path, char *text, size_t bytes);

/**
 * struct card_deck_info - a deck at a glance
 * @name: of the class
 * @title: one line
 * @source: where the figures come from
 * @technology: kind of cell
 * @response: pulse model
 * @ageing: "still", "relaxes" or "drifts"
 * @leaks: volatile
 * @levels: stable levels, 0 analog
 * @max_pulses: pulses after which a cell is given up
 * @gmin: microsiemens
 * @gmax: microsiemens
 * @target_low: lowest that cells are asked for, microsiemens
 * @target_high: highest
 * @set_volt: first SET pulse
 * @reset_volt: first RESET pulse
 * @set_ns: length of a SET pulse
 * @reset_ns: length of a RESET pulse
 * @read_volt: amplitude of a full-scale input
 * @endurance: median lifetime in pulses, 0 for ever
 * @activation_ev: activation energy of drift and relaxation, 0 none
 * @drift_t0_s: t0 of the power law
 */
struct card_deck_info {
	const char *name;
	const char *title;
	const char *source;
	const char *technology;
	const char *response;
	const char *ageing;
	bool leaks;
	uint32_t levels;
	uint32_t max_pulses;
	float gmin;
	float gmax;
	float target_low;
	float target_high;
	float set_volt;
	float reset_volt;
	float set_ns;
	float reset_ns;
	float read_volt;
	float endurance;
	float activation_ev;
	float drift_t0_s;
};

/* Texts of @info live as long as the deck. */
void card_deck_info(const struct card_deck *deck, struct card_deck_info *info);

#define CARD_RIG_CELLS	65536	/* most cells on a rig */
#define CARD_RIG_AGE	3e9	/* oldest that they get, seconds */
#define CARD_RIG_PULSES	16384	/* most pulses that they get in one direction */

/**
 * struct card_rig - cells to look at a deck with
 * @cells: how many, 1 to %CARD_RIG_CELLS
 * @seed: seed of all randomness
 * @tile: number of the tile that they are on: other tiles have other cells
 * @noisy: see them through noisy reads
 * @sound: without the deck's defects
 */
struct card_rig {
	unsigned int cells;
	uint64_t seed;
	uint32_t tile;
	bool noisy;
	bool sound;
};

/**
 * struct card_rig_report - what programming took
 * @target: what they could be asked for, microsiemens
 * @converged: share of the cells
 * @mean_pulses: pulses a cell
 * @max_pulses: most pulses on a cell
 * @residual: RMS deviation from @target at verify, microsiemens
 * @row_ns: modelled time of a row of 256 cells
 * @cell_fj: modelled energy of a cell, pulses and reads
 */
struct card_rig_report {
	float target;
	float converged;
	float mean_pulses;
	uint32_t max_pulses;
	float residual;
	double row_ns;
	double cell_fj;
};

/**
 * card_deck_program() - programs erased cells to one target on a tile of 256 columns and lets them age
 * @deck: deck
 * @rig: cells; whole rows are programmed
 * @target: microsiemens
 * @age_s: seconds after the last pulse, ascending, at most %CARD_RIG_AGE
 * @ages: how many
 * @g: out: @ages x cells conductances, microsiemens
 * @report: out
 *
 * Return: 0, -EINVAL (out of range), -ENOMEM.
 */
int card_deck_program(const struct card_deck *deck, const struct card_rig *rig, float target, const double *age_s,
		      unsigned int ages, float *g, struct card_rig_report *report);

/**
 * struct card_staircase - equal pulses without verify: the first of the ladder
 * @start: conductance before them, microsiemens
 * @points: points in each direction
 * @set: SET pulses a point
 * @reset: RESET pulses a point
 * @set_fj: out: mean energy of a SET pulse
 * @reset_fj: out: of a RESET pulse
 */
struct card_staircase {
	float start;
	unsigned int points;
	unsigned int set;
	unsigned int reset;
	double set_fj;
	double reset_fj;
};

/**
 * card_deck_pulses() - SET pulses, then RESET pulses, on cells that are not verified
 * @deck: deck
 * @rig: cells
 * @s: which pulses
 * @g: out: (1 + 2 @s->points) x cells conductances: before, after each point of SET, after each point of RESET
 *
 * Return: 0, -EINVAL (out of range), -ENOTSUP (cells that take their target exactly), -ENOMEM.
 */
int card_deck_pulses(const struct card_deck *deck, const struct card_rig *rig, struct card_staircase *s, float *g);

/* Standard deviation of a read of conductance @g that is also the target, at an age, slow and fast noise together; 0 out of range. */
float card_deck_noise(const struct card_deck *deck, float g, double age_s);

/* Current in microampere at @volt >= 0. */
double card_deck_current(const struct card_deck *deck, float g, double volt);

#endif
