/* SPDX-License-Identifier: MIT */
/*
 * libnmc: networks on memristive crossbar tiles.
 *
 * The shortest way: nmc_device_open(NULL) -> nmc_network_import_onnx() -> nmc_plan_create() ->
 * nmc_plan_program() -> nmc_plan_run(). Below it lie streams, buffers, tile sets and contexts for those
 * who write command streams themselves.
 *
 * Errors: functions return 0 (or a count) or a negative errno. nmc_last_error() then tells in words what
 * went wrong, where, and what to do; it belongs to the calling thread.
 *
 * Threads: every function may be called from any thread. Two threads may use one device at the same time; one
 * network, plan, run, stream or context belongs to one thread at a time unless a function says otherwise.
 * An object must outlive what was made from it: device > plan > run, device > tile set > context.
 *
 * Structures with a first member @size are filled in by the library up to the size the caller states;
 * begin with the matching NMC_*_INIT.
 */
#ifndef NMC_H
#define NMC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nmc_device;
struct nmc_network;
struct nmc_plan;
struct nmc_run;
struct nmc_buffer;
struct nmc_tileset;
struct nmc_context;
struct nmc_stream;
struct nmc_deck;

/* ---- library ---- */

/* Version text of the library, "0.1.0". */
const char *nmc_version(void);

/* Text of a negative errno as libnmc means it: nmc_strerror(-ENOSPC) is "not enough free tiles". */
const char *nmc_strerror(int error);

/* What went wrong last in this thread; never NULL; valid until the thread's next call into the library. */
const char *nmc_last_error(void);

/*
 * Puts a question mark for every byte of @text that is part of a control character or of no UTF-8 character, in place,
 * and returns it. Error texts and layer names have been through it, so that a terminal and JSON can take them; names of
 * files have not.
 */
char *nmc_printable(char *text);

/* ---- devices ---- */

/**
 * nmc_device_open() - opens a card
 * @uri: "accel:N" (/dev/accel/accelN), "sim:CLASSES?tiles=T&seed=S&threads=N&rows=R&cols=C&engines=E&simd=off" (a card in
 *	this process; CLASSES is a comma separated list of digital, names of shipped decks and paths of deck files, or empty
 *	for rram, ideal and digital), or NULL: the environment variable NMC_DEVICE if set, else the first /dev/accel node of
 *	this driver
 * @device: out: to be given to nmc_device_close()
 *
 * Where NMC_DEVICE is set it overrides NULL only.
 *
 * Return: 0, -ENODEV (none; the text says how to get one), -EACCES, -EINVAL.
 */
int nmc_device_open(const char *uri, struct nmc_device **device);

/* Closes a device; plans, buffers, tile sets and contexts made from it must be gone. NULL is allowed. */
void nmc_device_close(struct nmc_device *device);

/**
 * struct nmc_device_entry - one card that can be opened
 * @uri: for nmc_device_open()
 * @name: card name; empty if the node cannot be opened
 * @pci: PCI address, empty if none
 * @error: 0, or the negative errno that opening it gives
 */
struct nmc_device_entry {
	char uri[32];
	char name[32];
	char pci[32];
	int error;
};

/* Lists the kernel driver's cards, at most @count; returns how many there are or a negative errno. */
int nmc_device_enumerate(struct nmc_device_entry *entries, unsigned int count);

/**
 * struct nmc_device_info - what a card is
 * @size: sizeof(struct nmc_device_info)
 * @classes: tile classes
 * @name: card name
 * @firmware: firmware version
 * @driver: "nmc X.Y" of the kernel driver, or "in-process"
 * @uri: canonical uri
 * @pci: PCI address, empty in-process
 * @serial: serial number
 * @isa_version: command stream version, major << 16 | minor
 * @groups: instruction groups, bit mask
 * @tiles: tiles in all
 * @engines: jobs at once
 * @queues: I/O queues
 * @vectors: interrupt vectors in use, 0 in-process
 * @sram_bytes: SRAM window of a job at most
 * @numa_node: -1 unknown
 * @software: the card is software
 * @reserved: zero
 * @seed: its seed
 */
struct nmc_device_info {
	uint32_t size;
	uint32_t classes;
	char name[32];
	char firmware[32];
	char driver[32];
	char uri[128];
	char pci[32];
	uint64_t serial;
	uint32_t isa_version;
	uint32_t groups;
	uint32_t tiles;
	uint32_t engines;
	uint32_t queues;
	uint32_t vectors;
	uint32_t sram_bytes;
	int32_t numa_node;
	uint32_t software;
	uint32_t reserved;
	uint64_t seed;
};
#define NMC_DEVICE_INFO_INIT { .size = sizeof(struct nmc_device_info) }

/**
 * nmc_device_info() - what kind of card it is
 * @device: the device
 * @info: begin with NMC_DEVICE_INFO_INIT; filled in
 *
 * Return: 0, -EINVAL (@info without its size), -EIO, -ENODEV.
 */
int nmc_device_info(struct nmc_device *device, struct nmc_device_info *info);

/**
 * struct nmc_class_info - a tile class
 * @size: sizeof(struct nmc_class_info)
 * @index: class index
 * @name: class name
 * @rows: physical rows
 * @cols: physical columns
 * @outputs: outputs of a product
 * @tiles: tiles of the class
 * @free: of these free
 * @retired: of these retired
 * @converters: DAC and ADC in the path; 0: integer weights
 * @differential: an output is a pair of columns
 * @read_noise: reads are noisy
 * @nonvolatile: keeps its state without power
 * @what_if: products can leave out causes of a loss, see nmc_plan_leave_out()
 * @dac_bits: row converters
 * @adc_bits_min: column converters
 * @adc_bits_max: column converters
 * @gmin_us: lowest conductance, microsiemens
 * @gmax_us: highest conductance, microsiemens
 * @target_low_us: lowest conductance that cells are asked for, microsiemens
 * @target_high_us: highest
 * @reserved: zero
 * @deck: digest of the deck that the class is made of, 0 if the card does not say
 * @endurance: pulses after which half of the cells begin to wear out, 0 if they never do or the card does not say
 */
struct nmc_class_info {
	uint32_t size;
	uint32_t index;
	char name[32];
	uint32_t rows;
	uint32_t cols;
	uint32_t outputs;
	uint32_t tiles;
	uint32_t free;
	uint32_t retired;
	uint32_t converters;
	uint32_t differential;
	uint32_t read_noise;
	uint32_t nonvolatile;
	uint32_t dac_bits;
	uint32_t adc_bits_min;
	uint32_t adc_bits_max;
	float gmin_us;
	float gmax_us;
	uint32_t what_if;
	float target_low_us;
	float target_high_us;
	uint32_t reserved;
	uint64_t deck;
	uint64_t endurance;
};
#define NMC_CLASS_INFO_INIT { .size = sizeof(struct nmc_class_info) }

/* Class number @index; -ENOENT past the last. */
int nmc_device_class(struct nmc_device *device, unsigned int index, struct nmc_class_info *info);

/**
 * nmc_device_add_deck() - tells of a deck that a class of a card is made of
 * @device: the card
 * @name: name of a shipped deck, or path of a deck file (with a '/' or '.')
 *
 * A card behind the kernel names its classes and gives a digest of each one's deck; how cells of a deck that is not shipped
 * age, which predictions need, is not known without the deck. A card in this process knows its decks.
 * Return: 0; -ENOENT (no such deck, or no class of the card is made of it), -EINVAL (bad deck, the text says where), -ENOSPC
 * (more than 16), -ENOMEM. Thread-safe.
 */
int nmc_device_add_deck(struct nmc_device *device, const char *name);

/* Index of the class called @name, or -ENOENT with the list of classes in the error text. */
int nmc_device_find_class(struct nmc_device *device, const char *name);

/**
 * enum nmc_tile_status - life of a physical tile
 * @NMC_TILE_STATUS_FREE: erased, can be taken
 * @NMC_TILE_STATUS_ERASING: given up, being erased
 * @NMC_TILE_STATUS_OWNED: part of a tile set
 * @NMC_TILE_STATUS_PERSISTENT: part of a tile set that outlives its process
 * @NMC_TILE_STATUS_INCOMPLETE: part of a tile set, its programming did not end
 * @NMC_TILE_STATUS_RETIRED: its erase failed verification; never used again
 */
enum nmc_tile_status {
	NMC_TILE_STATUS_FREE		= 0,
	NMC_TILE_STATUS_ERASING		= 1,
	NMC_TILE_STATUS_OWNED		= 2,
	NMC_TILE_STATUS_PERSISTENT	= 3,
	NMC_TILE_STATUS_INCOMPLETE	= 4,
	NMC_TILE_STATUS_RETIRED		= 5,
};
#define NMC_TILE_STATUSES 6

/* "free", "erasing", ... ; "unknown" for other values. */
const char *nmc_tile_status_name(unsigned int status);

/**
 * struct nmc_queue_info - counters of a queue; 0 is the admin queue. All zero in-process.
 * @jobs: descriptors completed
 * @doorbells: doorbell writes received by the card
 * @interrupts: interrupts signalled by the card
 * @host_interrupts: interrupts handled by the kernel
 * @wall_busy_ns: wall time with a job in execution
 * @modelled_busy_ns: modelled time of its jobs
 * @mmio_reads: register reads of the whole card, heartbeat apart (queue 0)
 * @mmio_writes: register writes of the whole card (queue 0)
 * @heartbeat_reads: reads of heartbeat and status (queue 0)
 */
struct nmc_queue_info {
	uint64_t jobs;
	uint64_t doorbells;
	uint64_t interrupts;
	uint64_t host_interrupts;
	uint64_t wall_busy_ns;
	uint64_t modelled_busy_ns;
	uint64_t mmio_reads;
	uint64_t mmio_writes;
	uint64_t heartbeat_reads;
};

/* Counters of queue @queue; -ENOENT past the last. */
int nmc_device_queue(struct nmc_device *device, unsigned int queue, struct nmc_queue_info *info);

/**
 * struct nmc_error_info - one entry of the card's error log
 * @sequence: number of the entry, from 1
 * @wall_ms: firmware uptime
 * @text: in words: status, cause, instruction
 */
struct nmc_error_info {
	uint64_t sequence;
	uint64_t wall_ms;
	char text[160];
};

/* Error log, newest first; returns how many were filled in or a negative errno. */
int nmc_device_errors(struct nmc_device *device, struct nmc_error_info *errors, unsigned int count);

/**
 * struct nmc_client_info - one process that has the card open, from its fdinfo
 * @pid: process
 * @tiles: tiles held
 * @jobs: jobs completed
 * @busy_ns: wall time of its jobs on the card
 * @memory_bytes: buffers
 * @name: command name
 */
struct nmc_client_info {
	int32_t pid;
	uint32_t tiles;
	uint64_t jobs;
	uint64_t busy_ns;
	uint64_t memory_bytes;
	char name[32];
};

/**
 * nmc_device_clients() - processes that use the card, as far as this user may see
 * @device: the device
 * @clients: out
 * @count: room in @clients
 * @hidden_tiles: out: tiles held by processes that are not visible; may be NULL
 *
 * An open device that several processes share, because one inherited it, belongs to the first of them alone.
 *
 * Return: number of visible processes (may exceed @count), or a negative errno.
 */
int nmc_device_clients(struct nmc_device *device, struct nmc_client_info *clients, unsigned int count,
		       uint32_t *hidden_tiles);

/**
 * enum nmc_event_kind - asynchronous events, bit numbers of the subscription mask
 * @NMC_EVENT_KIND_ERROR: an entry was added to the error log; the value is its sequence number
 * @NMC_EVENT_KIND_TILE_RETIRED: a tile is out of use for good
 * @NMC_EVENT_KIND_TILE_DEVIATION: a tile's conductances have left their targets: the value is its RMS deviation, ppm of gmax
 * @NMC_EVENT_KIND_TILE_WEAR: cells of a tile near the end of their life: the value is the pulses that its most worn cell has seen
 * @NMC_EVENT_KIND_DEVICE_LOST: the last event of every handle: the card is gone
 */
enum nmc_event_kind {
	NMC_EVENT_KIND_ERROR		= 1,
	NMC_EVENT_KIND_TILE_RETIRED	= 2,
	NMC_EVENT_KIND_TILE_DEVIATION	= 3,
	NMC_EVENT_KIND_TILE_WEAR	= 4,
	NMC_EVENT_KIND_DEVICE_LOST	= 63,
};

/**
 * struct nmc_event - one event
 * @kind: enum nmc_event_kind
 * @object: tile or error number
 * @sequence: counts the events of this handle, from 1
 * @dropped: events lost before this one
 * @value: as the kind says
 */
struct nmc_event {
	uint32_t kind;
	uint32_t object;
	uint64_t sequence;
	uint64_t dropped;
	uint64_t value;
};

/**
 * nmc_device_subscribe() - chooses the events that nmc_device_read_event() gives
 * @device: the device
 * @mask: bit k for events of kind k of enum nmc_event_kind, 0 for none; replaces the choice before
 *
 * A new handle is subscribed to nothing. NMC_EVENT_KIND_DEVICE_LOST comes whatever is chosen.
 *
 * Return: 0, -EINVAL (a kind that the kernel does not know), -ENODEV.
 */
int nmc_device_subscribe(struct nmc_device *device, uint64_t mask);
/* Readable while events wait; belongs to the device. */
int nmc_device_event_fd(struct nmc_device *device);
/* Takes one event; -EAGAIN if none waits. */
int nmc_device_read_event(struct nmc_device *device, struct nmc_event *event);

/* ---- networks ---- */

/**
 * enum nmc_activation - what a layer does with its sums
 * @NMC_ACTIVATION_NONE: nothing
 * @NMC_ACTIVATION_RELU: negative values become 0
 * @NMC_ACTIVATION_SIGMOID: 1 / (1 + exp(-x))
 * @NMC_ACTIVATION_TANH: hyperbolic tangent
 * @NMC_ACTIVATION_SOFTMAX: of the last layer only; computed by the host
 */
enum nmc_activation {
	NMC_ACTIVATION_NONE	= 0,
	NMC_ACTIVATION_RELU	= 1,
	NMC_ACTIVATION_SIGMOID	= 2,
	NMC_ACTIVATION_TANH	= 3,
	NMC_ACTIVATION_SOFTMAX	= 4,
};

/* An empty network with @inputs inputs. */
int nmc_network_create(unsigned int inputs, struct nmc_network **network);
/* Frees a network; plans made from it have copies and stay. NULL is allowed. */
void nmc_network_destroy(struct nmc_network *network);

/**
 * nmc_network_add_dense() - appends y = activation(W x + b)
 * @network: the network
 * @name: layer name for texts; NULL for "dense<i>"
 * @outputs: outputs of the layer
 * @weights: W, @outputs x inputs, row-major; copied
 * @bias: b, @outputs values, or NULL; copied
 * @activation: enum nmc_activation
 *
 * Return: 0, -EINVAL (not finite, no outputs, softmax not last), -ENOMEM.
 */
int nmc_network_add_dense(struct nmc_network *network, const char *name, unsigned int outputs, const float *weights,
			  const float *bias, enum nmc_activation activation);

/* Reads a dense network from an ONNX file; unknown operators are refused by name and position. */
int nmc_network_import_onnx(const char *path, struct nmc_network **network);
/* The same from memory; @name stands for the file in texts. */
int nmc_network_import_onnx_memory(const void *data, size_t bytes, const char *name, struct nmc_network **network);

/* Floats that a vector into the network has. */
unsigned int nmc_network_inputs(const struct nmc_network *network);
/* Floats that a vector out of it has: the outputs of its last layer, its inputs while it has none. */
unsigned int nmc_network_outputs(const struct nmc_network *network);
/* Dense layers; each with its activation is one. */
unsigned int nmc_network_layers(const struct nmc_network *network);

/* Float reference: @count vectors of inputs() floats in, outputs() floats out. Thread-safe. */
int nmc_network_forward(const struct nmc_network *network, const float *in, size_t count, float *out);

/* ---- plans: a network quantised, placed and compiled for a device ---- */

/**
 * enum nmc_scheme - how a weight lies in cells
 * @NMC_SCHEME_DIFFERENTIAL: one pair, one of its cells at the lowest conductance
 * @NMC_SCHEME_OFFSET: one pair, one cell around the middle of the range, the other the reference in the middle: half the
 *	resolution, but only one cell is written for a weight. On a class of single columns the reference is one column of
 *	the tile for all outputs; there it is the only scheme, and taken without being asked for
 * @NMC_SCHEME_SLICES: the magnitude in slices of some bits, a pair for each on a tile of its own; sums are put together
 *	by digital scale. For cells with few levels
 * @NMC_SCHEME_DEVICES: several pairs on tiles of their own, programmed one after another so that each makes up for what
 *	those before lack; all with equal shares, or each with so much less significance
 */
enum nmc_scheme {
	NMC_SCHEME_DIFFERENTIAL	= 0,
	NMC_SCHEME_OFFSET	= 1,
	NMC_SCHEME_SLICES	= 2,
	NMC_SCHEME_DEVICES	= 3,
};

/* "differential", "offset", "slices", "devices"; NULL for other values. */
const char *nmc_scheme_name(unsigned int scheme);

/**
 * struct nmc_plan_options - how to map
 * @size: sizeof(struct nmc_plan_options)
 * @class_name: tile class; NULL for the device's first
 * @samples: @sample_count input vectors for calibration: the codes of every layer's inputs and the ranges of its converters
 *	are made for what the float network does with them, so give real ones, about 256; NULL: inputs are taken to lie in 0..1 and ranges are
 *	estimated from pseudo-random inputs
 * @sample_count: vectors in @samples
 * @adc_bits: converter resolution, 0 for 8 (or the nearest the class has)
 * @batch: vectors in one job step, 0 for the best that fits SRAM
 * @scheme: enum nmc_scheme
 * @parts: slices (0 for 4) or devices (0 for 2) of a weight, at most 8; else 0
 * @slice_bits: bits of a slice, 0 for 2, at most 8 and 15 with all slices
 * @significance: of a device over the next, 1 to 16, 0 for 1: equal shares
 * @passes: times that nmc_plan_program() goes over all cells, at most 16, 0 for 1: a later pass writes those that have left
 *	their band since, the others go on as they are, so that relaxation leaves less
 * @pass_wait_ns: card time between two passes beside the technology's settle time, 0 for 1 s
 * @spares: tiles kept in reserve, that nmc_plan_repair() may move parts of the network to
 * @fixed_columns: not zero: nmc_plan_repair() leaves every output in its column
 * @persist: name under which the network stays on its tiles when the process ends, NULL for not. A plan of the same name and
 *	the same cells finds it again, and nmc_plan_program() then writes only tiles whose programming did not end; several
 *	passes go over all of them again. Not with %NMC_SCHEME_DEVICES, whose targets depend on what was read, nor with nmc_plan_repair() and spares
 */
struct nmc_plan_options {
	uint32_t size;
	uint32_t adc_bits;
	const char *class_name;
	const float *samples;
	size_t sample_count;
	uint32_t batch;
	uint32_t scheme;
	uint32_t parts;
	uint32_t slice_bits;
	float significance;
	uint32_t passes;
	uint64_t pass_wait_ns;
	uint32_t spares;
	uint32_t fixed_columns;
	const char *persist;
};
#define NMC_PLAN_OPTIONS_INIT { .size = sizeof(struct nmc_plan_options) }

/**
 * nmc_plan_create() - quantises and places a network and takes the tiles it needs
 * @device: the device
 * @network: copied
 * @options: NULL for defaults
 * @plan: out: to be given to nmc_plan_destroy()
 *
 * Return: 0, -ENOSPC (the text says how many tiles are needed and free), -EINVAL, -ENOTSUP (weights or samples too large or
 * too small for floats; the text names the layer), -ENOENT (class), -ENOMEM.
 */
int nmc_plan_create(struct nmc_device *device, const struct nmc_network *network, const struct nmc_plan_options *options,
		    struct nmc_plan **plan);
/*
 * Frees a plan and gives its tiles back, which the card erases unless the network is to persist; its runs must be gone. NULL is
 * allowed.
 */
void nmc_plan_destroy(struct nmc_plan *plan);

/* The same; erases the tiles of a network that was to persist. */
void nmc_plan_forget(struct nmc_plan *plan);

/**
 * struct nmc_plan_info - size of a plan
 * @size: sizeof(struct nmc_plan_info)
 * @layers: layers
 * @tiles: tiles that hold the network, spares in reserve apart
 * @inputs: floats a vector in
 * @outputs: floats a vector out
 * @batch: vectors in one job step
 * @cells: physical cells programmed
 * @macs: physical multiply-accumulates a vector
 * @set_time_ns: card time of the plan's tile set, nanoseconds
 */
struct nmc_plan_info {
	uint32_t size;
	uint32_t layers;
	uint32_t tiles;
	uint32_t inputs;
	uint32_t outputs;
	uint32_t batch;
	uint64_t cells;
	uint64_t macs;
	uint64_t set_time_ns;
};
#define NMC_PLAN_INFO_INIT { .size = sizeof(struct nmc_plan_info) }

/**
 * nmc_plan_info() - size of a plan, and the age of its tiles
 * @plan: the plan, programmed or not
 * @info: begin with NMC_PLAN_INFO_INIT; filled in
 *
 * Return: 0, -EIO, -ENODEV (device lost).
 */
int nmc_plan_info(struct nmc_plan *plan, struct nmc_plan_info *info);

/* How the network lies on the tiles, for a person: a string to be given to free(); NULL without memory. */
char *nmc_plan_text(const struct nmc_plan *plan);
/* The same as JSON, as manifest.tiles of nmc-run(1): schema 1, layers, their blocks on tiles; a string to be given to free(). */
char *nmc_plan_json(const struct nmc_plan *plan);

/**
 * struct nmc_program_report - outcome of programming
 * @size: sizeof(struct nmc_program_report)
 * @tiles: tiles programmed
 * @cells: cells programmed
 * @converged: of these inside the acceptance band
 * @given_up: cells abandoned
 * @pulses: pulses in all
 * @mean_pulses: pulses a cell
 * @pulses_max: most pulses on one cell in one pass
 * @residual: RMS (conductance - target) / gmax at verify
 * @modelled_ns: modelled duration with settle time and waits, card time
 * @energy_j: modelled energy, joule
 * @wall_ns: time it took here
 * @pulse_hist: cells by pulses: bin b counts 2b and 2b + 1, the last all above
 * @kept: tiles that held the network already, see &nmc_plan_options.persist; the other members do not count them
 * @reserved: zero
 *
 * Of several passes @converged, @given_up, @residual and @pulse_hist are those of the last one.
 */
struct nmc_program_report {
	uint32_t size;
	uint32_t tiles;
	uint64_t cells;
	uint64_t converged;
	uint64_t given_up;
	uint64_t pulses;
	double mean_pulses;
	uint32_t pulses_max;
	float residual;
	uint64_t modelled_ns;
	double energy_j;
	uint64_t wall_ns;
	uint64_t pulse_hist[16];
	uint32_t kept;
	uint32_t reserved;
};
#define NMC_PROGRAM_REPORT_INIT { .size = sizeof(struct nmc_program_report) }

/* Called after each tile of each pass; a non-zero return ends the programming with -ECANCELED. Runs in the caller's thread. */
typedef int (*nmc_progress_fn)(void *context, size_t done, size_t total);

/**
 * nmc_plan_program() - writes the network's conductances, with verification
 * @plan: the plan
 * @progress: NULL or called after each tile
 * @context: first argument of @progress
 * @report: NULL or filled in
 *
 * Waits for the runs that were started before. Called again it programs cells anew, from where they are, that are not inside
 * their band. Cells that do not converge are reported, not an error.
 *
 * Return: 0, -ECANCELED, -EIO, -ENODEV.
 */
int nmc_plan_program(struct nmc_plan *plan, nmc_progress_fn progress, void *context, struct nmc_program_report *report);

/**
 * struct nmc_tile_report - outcome of the last programming of one tile of a plan
 * @size: sizeof(struct nmc_tile_report)
 * @tile: tile of the plan; from &nmc_plan_info.tiles on it was a spare
 * @layer: its layer
 * @part: slice or device of the weights, from 0
 * @first_input: first input on this tile
 * @inputs: inputs on this tile
 * @first_output: first output on this tile
 * @outputs: outputs on this tile
 * @name: of the layer, cut to fit
 * @cells: cells programmed: after nmc_plan_refresh() those of the regions that it wrote, after nmc_plan_repair() unused columns too
 * @converged: of these inside the acceptance band
 * @given_up: cells abandoned
 * @pulses: pulses in all
 * @mean_pulses: pulses a cell
 * @pulses_max: most pulses on one cell in one pass
 * @residual: RMS (conductance - target) / gmax at verify
 * @modelled_ns: modelled duration with settle time, without the waits between passes, card time
 * @energy_j: modelled energy, joule
 * @pulse_hist: cells by pulses: bin b counts 2b and 2b + 1, the last all above
 * @error_hist: cells by |conductance - target| at verify: bin b counts [b, b + 1) quarters of the acceptance band, the last all
 *	above
 *
 * Of several passes, and of several programmings in one nmc_plan_repair(), @cells, @converged, @given_up, @residual and both
 * histograms are those of the last one; the others are of all.
 */
struct nmc_tile_report {
	uint32_t size;
	uint32_t tile;
	uint32_t layer;
	uint32_t part;
	uint32_t first_input;
	uint32_t inputs;
	uint32_t first_output;
	uint32_t outputs;
	char name[64];
	uint64_t cells;
	uint64_t converged;
	uint64_t given_up;
	uint64_t pulses;
	double mean_pulses;
	uint32_t pulses_max;
	float residual;
	uint64_t modelled_ns;
	double energy_j;
	uint64_t pulse_hist[16];
	uint64_t error_hist[16];
};
#define NMC_TILE_REPORT_INIT { .size = sizeof(struct nmc_tile_report) }

/**
 * nmc_plan_tile_report() - outcome of the last programming of a tile
 * @plan: the plan
 * @tile: tile of the plan: those below &nmc_plan_info.tiles, or spares that nmc_plan_repair() moved to
 * @report: begin with NMC_TILE_REPORT_INIT; filled in
 *
 * It is that of the last call that wrote the tile: nmc_plan_program(), also one that failed at a later tile,
 * nmc_plan_repair() or nmc_plan_refresh(). After nmc_plan_program() the tiles add up to its report. Asks nothing of the card.
 *
 * Return: 0, -ENOENT (no part of the network is on such a tile), -EINVAL (@report is without its size), -ENODATA (this plan has
 * not written it: it held the network already, see &nmc_plan_options.persist, or its programming has not ended).
 */
int nmc_plan_tile_report(const struct nmc_plan *plan, unsigned int tile, struct nmc_tile_report *report);

/**
 * struct nmc_run_report - what a run used
 * @size: sizeof(struct nmc_run_report)
 * @jobs: jobs submitted
 * @vectors: input vectors
 * @modelled_ns: modelled duration, card time
 * @energy_j: modelled energy, joule
 * @wall_ns: time from start to end here
 * @macs: physical multiply-accumulates
 * @conversions: ADC conversions
 * @clips: of these clipped
 */
struct nmc_run_report {
	uint32_t size;
	uint32_t jobs;
	uint64_t vectors;
	uint64_t modelled_ns;
	double energy_j;
	uint64_t wall_ns;
	uint64_t macs;
	uint64_t conversions;
	uint64_t clips;
};
#define NMC_RUN_REPORT_INIT { .size = sizeof(struct nmc_run_report) }

/**
 * nmc_plan_run() - runs vectors through a programmed plan and waits
 * @plan: the plan
 * @in: @count vectors of @inputs floats
 * @count: vectors
 * @out: @count vectors of @outputs floats
 * @report: NULL or filled in
 *
 * Return: 0, -EINVAL (not programmed), -EIO (the text names layer and cause), -ENODEV (device lost).
 */
int nmc_plan_run(struct nmc_plan *plan, const float *in, size_t count, float *out, struct nmc_run_report *report);

/* The same with the card's integers of the last layer before scaling to float: the bits that both doors agree on. */
int nmc_plan_run_raw(struct nmc_plan *plan, const float *in, size_t count, int32_t *out, struct nmc_run_report *report);

/* Integers of nmc_plan_run_raw() to the values that nmc_plan_run() gives. */
void nmc_plan_values(const struct nmc_plan *plan, const int32_t *raw, size_t count, float *out);

/* Integer reference on the host: what nmc_plan_run_raw() gives on perfect cells, bit for bit. */
int nmc_plan_reference(const struct nmc_plan *plan, const float *in, size_t count, int32_t *out);

/**
 * nmc_run_start() - starts a run and returns
 * @plan: the plan; several runs of a plan execute in order of their start
 * @in: as nmc_plan_run(); must stay until the run ended
 * @count: vectors
 * @out: written while the run goes on, complete when it ended; must stay until then
 * @run: out: to be given to nmc_run_destroy()
 *
 * Return: 0, -EINVAL (not programmed), -EAGAIN (no thread), -ENOMEM.
 */
int nmc_run_start(struct nmc_plan *plan, const float *in, size_t count, float *out, struct nmc_run **run);
/* The same with the integers of nmc_plan_run_raw(). */
int nmc_run_start_raw(struct nmc_plan *plan, const float *in, size_t count, int32_t *out, struct nmc_run **run);
/* Readable once the run has ended, and from then on: for poll(), not to be read or closed; belongs to the run. */
int nmc_run_fd(struct nmc_run *run);
/* 0 when the run ended and @out is complete, -EAGAIN while it goes on, or its error. Never waits. */
int nmc_run_poll(struct nmc_run *run);
/* Waits at most @timeout_ns (negative: without limit); 0, -ETIMEDOUT or the run's error. */
int nmc_run_wait(struct nmc_run *run, int64_t timeout_ns, struct nmc_run_report *report);
/* Vectors done so far. */
size_t nmc_run_done(struct nmc_run *run);
/*
 * Ends a run early, from any thread: jobs in flight end, no other is started, and unless all were, the run's outcome is
 * -ECANCELED. Does not wait. A run that others of its plan keep waiting ends when its turn comes.
 */
void nmc_run_cancel(struct nmc_run *run);
/* Frees a run; one that has not ended is cancelled and waited for. NULL is allowed. */
void nmc_run_destroy(struct nmc_run *run);

#ifdef __cplusplus
}
#endif

/* Parts of this header that have a file of their own */
#include "nmc/ageing.h"
#include "nmc/cells.h"
#include "nmc/deck.h"
#include "nmc/health.h"
#include "nmc/stream.h"

#endif
