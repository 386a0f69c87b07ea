/* SPDX-License-Identifier: MIT */
/*
 * What a way to reach a card must offer. Above this header no line knows whether the card is behind the kernel or in
 * this process.
 */
#ifndef NMC_DEVICE_H
#define NMC_DEVICE_H

#include <pthread.h>
#include <stdbool.h>
#include "nmc.h"

#define DEVICE_MAX_SLOTS 64

struct device;
struct law;

#define LAW_BINS	103	/* targets by their conductance code / LAW_BIN */
#define LAW_BIN		256

/**
 * struct law_bin - moments of cells of one target at two ages since the write; d is true conductance less target, LSB
 * @now: mean of d^2 at the first age
 * @then: at the second
 * @now_var: variance of d^2 at the first age
 * @then_var: at the second
 * @covar: covariance of both
 * @slow: mean square of noise that reads at the first age share, LSB squared
 * @read: variance of what differs from read to read
 */
struct law_bin {
	double now;
	double then;
	double now_var;
	double then_var;
	double covar;
	double slow;
	double read;
};

/**
 * struct device_slot - one slot of a job
 * @handle: buffer
 * @bytes: its size
 * @write: the card may write it
 */
struct device_slot {
	uint64_t handle;
	size_t bytes;
	bool write;
};

/**
 * struct device_job - a job to submit
 * @slots: buffers
 * @count: how many
 * @stream_slot: which of them holds the stream
 * @stream_bytes: length of the stream
 */
struct device_job {
	const struct device_slot *slots;
	unsigned int count;
	unsigned int stream_slot;
	uint64_t stream_bytes;
};

/**
 * struct device_result - outcome of a job
 * @status: card's status, 0 success
 * @cause: fault cause
 * @insn: faulting instruction
 * @tag: its tag
 * @object: slot, set or tile of the fault
 * @offset: offending offset
 * @iteration: loop iteration
 * @modelled_ns: modelled duration
 * @energy_fj: modelled energy
 */
struct device_result {
	uint32_t status;
	uint32_t cause;
	uint32_t insn;
	uint32_t tag;
	uint32_t object;
	uint64_t offset;
	uint64_t iteration;
	uint64_t modelled_ns;
	uint64_t energy_fj;
};

#define DEVICE_UUID	16

/**
 * struct device_set - a tile set that is wanted
 * @class_index: tile class
 * @tiles: tiles
 * @uuid: name of a persistent one, else NULL
 * @label: its free text
 */
struct device_set {
	unsigned int class_index;
	unsigned int tiles;
	const uint8_t *uuid;
	const char *label;
};

/**
 * struct device_ops - a way to reach a card; every function answers 0 (or a count) or a negative errno with a text
 * @close: ends it
 * @near: lets the calling thread of the library run near the card; may be NULL
 * @info: everything but @size
 * @classes: class @index, -ENOENT past the last
 * @health: counters
 * @tiles: physical tiles from @first on
 * @queue: counters of a queue
 * @errors: error log, newest first
 * @clients: processes that use the card
 * @subscribe: event mask
 * @event_fd: readable while events wait
 * @read_event: one event or -EAGAIN
 * @buffer_create: zeroed memory at *@data known to the card as *@handle
 * @buffer_destroy: frees it
 * @set_create: tiles; on -ENOSPC *@free says how many are free
 * @set_open: a persistent set
 * @set_destroy: gives it up; with @erase also what is persistent
 * @set_time: card time of a set
 * @context_create: attaches sets
 * @context_destroy: detaches
 * @submit: queues a job
 * @law: how cells of a class age; NULL where only the class's deck can tell
 * @wait: waits for a job until @timeout_ns passed (negative: without limit); -ETIMEDOUT
 */
struct device_ops {
	void (*close)(struct device *d);
	void (*near)(struct device *d);
	int (*info)(struct device *d, struct nmc_device_info *info);
	int (*classes)(struct device *d, unsigned int index, struct nmc_class_info *info);
	int (*health)(struct device *d, struct nmc_health *health);
	int (*tiles)(struct device *d, unsigned int first, struct nmc_tile_info *tiles, unsigned int count);
	int (*queue)(struct device *d, unsigned int queue, struct nmc_queue_info *info);
	int (*errors)(struct device *d, struct nmc_error_info *errors, unsigned int count);
	int (*clients)(struct device *d, struct nmc_client_info *clients, unsigned int count, uint32_t *hidden);
	int (*subscribe)(struct device *d, uint64_t mask);
	int (*event_fd)(struct device *d);
	int (*read_event)(struct device *d, struct nmc_event *event);
	int (*buffer_create)(struct device *d, size_t bytes, uint64_t *handle, void **data);
	void (*buffer_destroy)(struct device *d, uint64_t handle, void *data, size_t bytes);
	int (*set_create)(struct device *d, const struct device_set *want, uint32_t *set, uint32_t *free);
	int (*set_open)(struct device *d, const uint8_t *uuid, uint32_t *set);
	void (*set_destroy)(struct device *d, uint32_t set, bool erase);
	int (*set_time)(struct device *d, uint32_t set, uint64_t *ns);
	int (*context_create)(struct device *d, const uint32_t *sets, unsigned int count, uint32_t *context);
	void (*context_destroy)(struct device *d, uint32_t context);
	int (*submit)(struct device *d, uint32_t context, const struct device_job *job, uint64_t *id);
	int (*wait)(struct device *d, uint32_t context, uint64_t id, int64_t timeout_ns, struct device_result *result);
	int (*law)(struct device *d, unsigned int class_index, struct law **law);
};

/* What every way to reach a card begins with. */
struct device {
	const struct device_ops *ops;
};

#define DEVICE_DECKS	16
#define DEVICE_LAWS	32	/* classes whose law can be known */

/**
 * struct nmc_device - a card that is open
 * @reach: the way to it
 * @uri: its URI
 * @refs: buffers hold one each, so that one may be given up after its device was closed
 * @lock: protects what follows
 * @deck: decks that the application has told of
 * @decks: how many
 * @law: laws by class that were asked for; they end with the device
 */
struct nmc_device {
	struct device *reach;
	char uri[128];
	unsigned int refs;
	pthread_mutex_t lock;
	char *deck[DEVICE_DECKS];
	unsigned int decks;
	struct law *law[DEVICE_LAWS];
};

/*
 * The law of a class, as long as the device is open: of the card's own cells, else by the digest of its deck of those that are
 * shipped or told; -ENOTSUP with a text.
 */
int device_law(struct nmc_device *device, const struct nmc_class_info *class, struct law **law);

void device_get(struct nmc_device *device);
void device_put(struct nmc_device *device);

struct nmc_buffer {
	struct nmc_device *device;
	uint64_t handle;
	void *data;
	size_t bytes;
};

struct nmc_tileset {
	struct nmc_device *device;
	uint32_t set;
};

struct nmc_context {
	struct nmc_device *device;
	uint32_t context;
	unsigned int sets;
	uint16_t minor;		/* of the streams it takes */
};

/* Opens /dev/accel/accel<number>. */
int accel_open(unsigned int number, struct device **device);

/* Lists kernel cards; see nmc_device_enumerate(). */
int accel_enumerate(struct nmc_device_entry *entries, unsigned int count);

/*
 * How cells of a deck age, a shipped one by name or a file; an errno with a text where there is no such. law_deck() is the
 * deck's digest. law_bins() fills in all %LAW_BINS; integer classes and perfect cells have zeros.
 */
int law_open(const char *name, struct law **law);
uint64_t law_deck(const struct law *law);
void law_close(struct law *law);
void law_bins(struct law *law, double celsius, uint64_t now_ns, uint64_t then_ns, struct law_bin *bins);

/* Opens a card in this process: the part of the URI after "sim:". */
int sim_open(const char *spec, struct device **device);

/* Conversions between the contracts and the public header, for both doors. */
struct nmc_health_log;
struct nmc_tile_log;
struct nmc_tile_class;
void describe_error(char *text, size_t bytes, unsigned int queue, unsigned int status, const struct device_result *fault);
const char *status_text(unsigned int status);
const char *cause_text(unsigned int cause);

/* Absolute CLOCK_MONOTONIC time of a relative time-out; INT64_MAX for none. */
int64_t deadline_of(int64_t timeout_ns);

#endif
