/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * User space and kernel: ioctls and events of /dev/accel/accelN.
 *
 * Reserved fields and unknown flags must be zero, EINVAL otherwise. A field appended to a structure takes effect
 * only under a new flag. Errors common to all: EFAULT (bad pointer), EINVAL (malformed), ENODEV (device lost),
 * ENOMEM, EINTR (restart).
 */
#ifndef NMC_ACCEL_H
#define NMC_ACCEL_H

#include "drm.h"

#if defined(__cplusplus)
extern "C" {
#endif

#define NMC_ACCEL_NAME		"nmc"

#define DRM_NMC_DEV_QUERY	0x00
#define DRM_NMC_BO_CREATE	0x01
#define DRM_NMC_BO_INFO		0x02
#define DRM_NMC_BO_WAIT		0x03
#define DRM_NMC_TILESET_CREATE	0x04
#define DRM_NMC_TILESET_OPEN	0x05
#define DRM_NMC_TILESET_CLOSE	0x06
#define DRM_NMC_TILESET_INFO	0x07
#define DRM_NMC_CONTEXT_CREATE	0x08
#define DRM_NMC_CONTEXT_DESTROY	0x09
#define DRM_NMC_SUBMIT		0x0a
#define DRM_NMC_JOB_RESULT	0x0b
#define DRM_NMC_EVENT_SUBSCRIBE	0x0c

/**
 * enum drm_nmc_query - what DEV_QUERY answers
 * @DRM_NMC_QUERY_DEVICE: one struct drm_nmc_device
 * @DRM_NMC_QUERY_CLASS: struct drm_nmc_class number @index
 * @DRM_NMC_QUERY_HEALTH: one struct drm_nmc_health
 * @DRM_NMC_QUERY_TILE: struct drm_nmc_tile of physical tile @index
 * @DRM_NMC_QUERY_QUEUE: struct drm_nmc_queue of queue @index; 0 is the admin queue
 * @DRM_NMC_QUERY_ERROR: struct drm_nmc_error number @index, 0 is the newest
 */
enum drm_nmc_query {
	DRM_NMC_QUERY_DEVICE	= 0,
	DRM_NMC_QUERY_CLASS	= 1,
	DRM_NMC_QUERY_HEALTH	= 2,
	DRM_NMC_QUERY_TILE	= 3,
	DRM_NMC_QUERY_QUEUE	= 4,
	DRM_NMC_QUERY_ERROR	= 5,
};

/**
 * struct drm_nmc_dev_query - DEV_QUERY: typed, size-extensible queries
 * @type: enum drm_nmc_query
 * @index: item, zero where the query has one item
 * @count: items to answer from @index on, 1 to 4096; out: items answered, 0 past the last one
 * @size: in: bytes of one item in the caller's structure; out: bytes the kernel knows. The lesser of both is
 *	copied and the rest of each item zeroed. At most 4096. With @pointer zero nothing is copied and @size is answered.
 * @pointer: user address of @count items of @size bytes
 *
 * Errors: ENOENT unknown @type, E2BIG @size above 4096.
 */
struct drm_nmc_dev_query {
	__u32 type;
	__u32 index;
	__u32 count;
	__u32 size;
	__u64 pointer;
};

/**
 * struct drm_nmc_device - DRM_NMC_QUERY_DEVICE
 * @serial: serial number
 * @epoch: host epoch of this boot
 * @hw_version: register layout, major << 16 | minor
 * @isa_version: command stream, major << 16 | minor
 * @groups: instruction groups implemented, bit mask of enum nmc_isa_group
 * @sram_bytes: largest SRAM window of a job
 * @tiles: tiles in all
 * @classes: tile classes
 * @queues: I/O queues in use
 * @engines: jobs that can run at once
 * @max_slots: buffers a job
 * @max_sets: tile sets a context
 * @max_stream: largest command stream, bytes
 * @flags: DRM_NMC_DEVICE_*
 * @seed: seed of a software card, zero on silicon
 * @numa_node: NUMA node, -1 unknown
 * @vectors: interrupt vectors in use
 * @pci_domain: PCI address
 * @pci_bus: PCI address
 * @pci_device: PCI address
 * @pci_function: PCI address
 * @pad: zero
 * @name: card name
 * @firmware: firmware version
 */
struct drm_nmc_device {
	__u64 serial;
	__u64 epoch;
	__u32 hw_version;
	__u32 isa_version;
	__u32 groups;
	__u32 sram_bytes;
	__u32 tiles;
	__u32 classes;
	__u32 queues;
	__u32 engines;
	__u32 max_slots;
	__u32 max_sets;
	__u32 max_stream;
	__u32 flags;
	__u64 seed;
	__s32 numa_node;
	__u32 vectors;
	__u32 pci_domain;
	__u8 pci_bus;
	__u8 pci_device;
	__u8 pci_function;
	__u8 pad;
	char name[32];
	char firmware[32];
};

#define DRM_NMC_DEVICE_SOFTWARE	(1u << 0)	/* the card is software */

/**
 * struct drm_nmc_class - DRM_NMC_QUERY_CLASS; fields as struct nmc_tile_class
 * @name: class name
 * @technology: enum nmc_technology
 * @neuron: neuron technology, 0 = none
 * @flags: NMC_CLASS_*
 * @tiles: tiles of the class
 * @free: of these free
 * @retired: of these retired
 * @rows: physical rows
 * @cols: physical columns
 * @outputs: outputs of a product
 * @dac_bits: row converter bits
 * @adc_bits_min: fewest column converter bits
 * @adc_bits_max: most column converter bits
 * @gmin_ns: lowest conductance, nanosiemens
 * @gmax_ns: highest conductance, nanosiemens
 * @target_low_ns: lowest conductance that cells are asked for, nanosiemens
 * @target_high_ns: highest conductance that cells are asked for, nanosiemens; 0 = @gmin_ns to @gmax_ns
 * @deck: digest of the deck that the class is made of, 0 = none
 * @endurance: pulses after which half of the cells begin to wear out, 0 = not known
 */
struct drm_nmc_class {
	char name[32];
	__u32 technology;
	__u32 neuron;
	__u32 flags;
	__u32 tiles;
	__u32 free;
	__u32 retired;
	__u32 rows;
	__u32 cols;
	__u32 outputs;
	__u32 dac_bits;
	__u32 adc_bits_min;
	__u32 adc_bits_max;
	__u32 gmin_ns;
	__u32 gmax_ns;
	__u32 target_low_ns;
	__u32 target_high_ns;
	__u64 deck;
	__u64 endurance;
};

/**
 * struct drm_nmc_health - DRM_NMC_QUERY_HEALTH; fields as struct nmc_health_log
 * @uptime_ms: wall time since the firmware started
 * @energy_fj: modelled energy of all jobs
 * @modelled_busy_ns: modelled busy time of all engines, card time
 * @wall_busy_ns: busy time of all engines, wall time
 * @jobs: jobs completed
 * @faults: of these faulted
 * @macs: physical multiply-accumulates
 * @conversions: ADC conversions
 * @clips: of these clipped
 * @pulses: programming pulses
 * @errors: entries ever written to the error log
 * @interrupts: interrupts the kernel received from the card
 * @tiles_by_state: tiles in each enum nmc_tile_state; those beyond the last state zero
 * @temperature_mc: die temperature, millidegree Celsius
 * @pad: zero
 * @array_ns: modelled time of the arrays in jobs, card time
 * @scrub_ns: modelled time of the background scrub, card time; part of neither @array_ns nor @modelled_busy_ns
 * @scrub_rows: rows that the scrub read, twice each
 * @deviation_limit_ppm: deviation at which a tile is reported, ppm of gmax
 * @scrub_ppm: share of @array_ns that the scrub may take, ppm; 0 off
 * @wear_limit_ppm: pulses of the most worn cell at which a tile is reported, ppm of the endurance; 0 never
 * @pad2: zero
 */
struct drm_nmc_health {
	__u64 uptime_ms;
	__u64 energy_fj;
	__u64 modelled_busy_ns;
	__u64 wall_busy_ns;
	__u64 jobs;
	__u64 faults;
	__u64 macs;
	__u64 conversions;
	__u64 clips;
	__u64 pulses;
	__u64 errors;
	__u64 interrupts;
	__u32 tiles_by_state[8];
	__s32 temperature_mc;
	__u32 pad;
	__u64 array_ns;
	__u64 scrub_ns;
	__u64 scrub_rows;
	__u32 deviation_limit_ppm;
	__u32 scrub_ppm;
	__u32 wear_limit_ppm;
	__u32 pad2;
};

/**
 * struct drm_nmc_tile - DRM_NMC_QUERY_TILE; fields as struct nmc_tile_log
 * @tile: physical tile
 * @state: enum nmc_tile_state
 * @class_id: tile class
 * @mine: 1 if a tile set open in this file owns it
 * @programmed_ns: card time when last programmed, 0 never
 * @pulses: pulses since manufacture
 * @products: vectors multiplied
 * @cells: cells programmed last
 * @converged: of these converged
 * @residual_rms: of the last programming, gmax / 2^20
 * @deviation_ppm: RMS deviation, ppm of gmax; 0xffffffff not measured
 * @mean_pulses_q8: mean pulses a cell of the last programming, 1/256
 * @pulses_max: most pulses on one cell
 * @scrubbed_ns: card time that @deviation_ppm is as of, 0 never scrubbed
 * @wear_max: pulses since manufacture of the cell that has seen most
 * @wear_mean_q8: mean pulses a cell since manufacture, 1/256
 * @deviation_max_ppm: largest deviation seen, ppm of gmax; 0xffffffff not measured
 * @drift_ppm: drift exponent, ppm; -0x80000000 not measured
 * @defects: cells known to be broken
 * @scrubbed_cells: reads of cells that @deviation_ppm is made of
 * @handle: the tile set of this file that owns it, 0 = none; tiles of a set are numbered as their physical tiles ascend
 * @pad: zero
 */
struct drm_nmc_tile {
	__u32 tile;
	__u32 state;
	__u32 class_id;
	__u32 mine;
	__u64 programmed_ns;
	__u64 pulses;
	__u64 products;
	__u32 cells;
	__u32 converged;
	__u32 residual_rms;
	__u32 deviation_ppm;
	__u32 mean_pulses_q8;
	__u32 pulses_max;
	__u64 scrubbed_ns;
	__u64 wear_max;
	__u64 wear_mean_q8;
	__u32 deviation_max_ppm;
	__s32 drift_ppm;
	__u32 defects;
	__u32 scrubbed_cells;
	__u32 handle;
	__u32 pad;
};

/**
 * struct drm_nmc_queue - DRM_NMC_QUERY_QUEUE; counted by the card (see struct nmc_queue_log) unless said
 * @generation: changes when the queue is created
 * @jobs: descriptors completed
 * @doorbells: doorbell writes
 * @interrupts: interrupts the card signalled
 * @host_interrupts: interrupts the kernel handled for the queue
 * @wall_busy_ns: wall time with a job in execution
 * @modelled_busy_ns: modelled time of its jobs
 * @mmio_reads: register reads of the card, heartbeat and status apart; queue 0 only
 * @mmio_writes: register writes of the card; queue 0 only
 * @heartbeat_reads: reads of heartbeat and status; queue 0 only
 */
struct drm_nmc_queue {
	__u64 generation;
	__u64 jobs;
	__u64 doorbells;
	__u64 interrupts;
	__u64 host_interrupts;
	__u64 wall_busy_ns;
	__u64 modelled_busy_ns;
	__u64 mmio_reads;
	__u64 mmio_writes;
	__u64 heartbeat_reads;
};

/**
 * struct drm_nmc_fault - where and why a job stopped; fields as struct nmc_isa_fault
 * @cause: enum nmc_isa_cause
 * @insn: instruction index, 0xffffffff if none
 * @iteration: loop iteration
 * @object: slot, set or tile index
 * @tag: tag of the instruction
 * @offset: offending offset, value or address
 */
struct drm_nmc_fault {
	__u32 cause;
	__u32 insn;
	__u64 iteration;
	__u32 object;
	__u32 tag;
	__u64 offset;
};

/**
 * struct drm_nmc_error - DRM_NMC_QUERY_ERROR; fields as struct nmc_error_log
 * @sequence: number of the entry, from 1
 * @wall_ms: firmware uptime
 * @queue: queue, 0xffff if none
 * @status: enum nmc_status
 * @fault: fault record; zero unless the caller owns the job or has CAP_SYS_ADMIN
 */
struct drm_nmc_error {
	__u64 sequence;
	__u64 wall_ms;
	__u32 queue;
	__u32 status;
	struct drm_nmc_fault fault;
};

/**
 * struct drm_nmc_bo_create - BO_CREATE: a zeroed buffer in host memory
 * @size: bytes, 1 to 2^32; out: rounded up to pages
 * @flags: must be zero
 * @handle: out: GEM handle
 * @offset: out: offset for mmap() of the device file
 *
 * PRIME export and import work in both directions.
 */
struct drm_nmc_bo_create {
	__u64 size;
	__u32 flags;
	__u32 handle;
	__u64 offset;
};

/**
 * struct drm_nmc_bo_info - BO_INFO
 * @handle: GEM handle
 * @flags: out: zero
 * @size: out: bytes
 * @offset: out: offset for mmap(); zero for an imported buffer, which is mapped through its dma-buf
 *
 * Errors: ENOENT no such handle.
 */
struct drm_nmc_bo_info {
	__u32 handle;
	__u32 flags;
	__u64 size;
	__u64 offset;
};

/**
 * struct drm_nmc_bo_wait - BO_WAIT: waits until a buffer is idle (implicit synchronisation)
 * @handle: GEM handle
 * @flags: must be zero
 * @timeout_ns: absolute CLOCK_MONOTONIC time; 0 polls
 *
 * Errors: ENOENT no such handle, ETIMEDOUT (EBUSY when polling).
 */
struct drm_nmc_bo_wait {
	__u32 handle;
	__u32 flags;
	__s64 timeout_ns;
};

#define DRM_NMC_TILESET_PERSISTENT	(1u << 0)	/* outlives the file; opened again by uuid */
#define DRM_NMC_TILESET_SHARED		(1u << 1)	/* OPEN: others may have it open at the same time, if all ask so */
#define DRM_NMC_TILESET_ERASE		(1u << 2)	/* CLOSE: erase a persistent set for good */

/**
 * struct drm_nmc_tileset_create - TILESET_CREATE
 * @class_id: index of the tile class
 * @tiles: tiles, 1 to 4096
 * @flags: DRM_NMC_TILESET_PERSISTENT
 * @handle: out: tile set handle of this file
 * @mode: persistent sets: permission bits as of a file, owner and group of the caller (0600 if zero)
 * @free: out, also on ENOSPC: tiles of the class that are free
 * @uuid: persistent sets: unique name; zero otherwise
 * @label: persistent sets: free text, NUL-padded
 *
 * Errors: ENOSPC too few free tiles, or 256 tile sets open in this file; EEXIST uuid taken.
 */
struct drm_nmc_tileset_create {
	__u32 class_id;
	__u32 tiles;
	__u32 flags;
	__u32 handle;
	__u32 mode;
	__u32 free;
	__u8 uuid[16];
	char label[32];
};

/**
 * struct drm_nmc_tileset_open - TILESET_OPEN: attaches a persistent tile set
 * @flags: DRM_NMC_TILESET_SHARED
 * @handle: out: tile set handle of this file
 * @class_id: out: tile class
 * @tiles: out: tiles
 * @uuid: its name
 *
 * Errors: ENOENT no such set, EACCES mode or foreign domain, EBUSY open elsewhere and not shared by all.
 */
struct drm_nmc_tileset_open {
	__u32 flags;
	__u32 handle;
	__u32 class_id;
	__u32 tiles;
	__u8 uuid[16];
};

/**
 * struct drm_nmc_tileset_close - TILESET_CLOSE: gives a tile set up; returns at once, the erase is asynchronous
 * @handle: tile set handle
 * @flags: DRM_NMC_TILESET_ERASE
 *
 * Contexts made with the set keep it until they are destroyed. Errors: ENOENT no such handle.
 */
struct drm_nmc_tileset_close {
	__u32 handle;
	__u32 flags;
};

/**
 * struct drm_nmc_tileset_info - TILESET_INFO
 * @handle: tile set handle
 * @id: out: id on the card
 * @generation: out: generation
 * @class_id: out: tile class
 * @tiles: out: tiles
 * @incomplete: out: tiles whose programming did not end
 * @flags: out: DRM_NMC_TILESET_PERSISTENT
 * @time_frac: out: fraction of @time_ns, 2^-32 ns
 * @time_ns: out: card time of the set, nanoseconds
 *
 * Errors: ENOENT no such handle.
 */
struct drm_nmc_tileset_info {
	__u32 handle;
	__u32 id;
	__u32 generation;
	__u32 class_id;
	__u32 tiles;
	__u32 incomplete;
	__u32 flags;
	__u32 time_frac;
	__u64 time_ns;
};

/**
 * struct drm_nmc_context_create - CONTEXT_CREATE: jobs of a context run in order on one queue
 * @flags: must be zero
 * @priority: 0 normal, 1 high (needs CAP_SYS_NICE), 2 low
 * @sets: user address of @set_count __u32 tile set handles; set i is attached set i of the streams
 * @set_count: 0 to 16
 * @set_stride: bytes from one handle to the next, at least 4
 * @handle: out: context handle of this file
 * @pad: must be zero
 *
 * Errors: ENOENT a handle is unknown, E2BIG @set_count, EPERM priority, ENOSPC no context left on the card or 64 of
 * this file.
 */
struct drm_nmc_context_create {
	__u32 flags;
	__u32 priority;
	__u64 sets;
	__u32 set_count;
	__u32 set_stride;
	__u32 handle;
	__u32 pad;
};

/**
 * struct drm_nmc_context_destroy - CONTEXT_DESTROY: jobs that the card does not have yet are cancelled (ECANCELED in
 *	their fences), those on its ring run to their end unless that takes longer than the job time-out; returns at once
 * @handle: context handle
 * @pad: must be zero
 *
 * Errors: ENOENT no such handle.
 */
struct drm_nmc_context_destroy {
	__u32 handle;
	__u32 pad;
};

#define DRM_NMC_SLOT_READ	(1u << 0)	/* the job may read the buffer */
#define DRM_NMC_SLOT_WRITE	(1u << 1)	/* the job may write it */

/**
 * struct drm_nmc_slot - one slot of a job
 * @handle: GEM handle
 * @flags: DRM_NMC_SLOT_*, at least one; write makes the job an exclusive user of the buffer
 * @offset: byte offset within the buffer
 * @size: bytes, at least 1
 */
struct drm_nmc_slot {
	__u32 handle;
	__u32 flags;
	__u64 offset;
	__u64 size;
};

/**
 * struct drm_nmc_sync - one syncobj of a job
 * @handle: syncobj handle
 * @flags: must be zero
 * @point: timeline point, 0 for a binary syncobj
 */
struct drm_nmc_sync {
	__u32 handle;
	__u32 flags;
	__u64 point;
};

/**
 * struct drm_nmc_submit - SUBMIT: one job
 * @context: context handle
 * @flags: must be zero
 * @slots: user address of @slot_count struct drm_nmc_slot
 * @in_syncs: user address of @in_count struct drm_nmc_sync waited for before the job starts
 * @out_syncs: user address of @out_count struct drm_nmc_sync signalled at its end
 * @slot_count: 1 to 64
 * @slot_stride: bytes of one slot, at least 24
 * @in_count: 0 to 64
 * @out_count: 0 to 64
 * @sync_stride: bytes of one sync, at least 16; zero if there is none
 * @stream_slot: slot that holds the command stream, readable
 * @stream_offset: byte offset of the stream within the slot, multiple of 64
 * @stream_bytes: bytes, multiple of 64
 * @job: out: job id, from 1, counting in the context
 *
 * While 1024 jobs of the context have not ended a further submission waits, interruptibly.
 *
 * A job that fails signals its fences with an error: EIO fault, ECANCELED cancelled or aborted, ENODEV device lost,
 * ETIME timed out. JOB_RESULT tells more. Errors: ENOENT unknown handle, E2BIG too many, ECANCELED context banned.
 */
struct drm_nmc_submit {
	__u32 context;
	__u32 flags;
	__u64 slots;
	__u64 in_syncs;
	__u64 out_syncs;
	__u32 slot_count;
	__u32 slot_stride;
	__u32 in_count;
	__u32 out_count;
	__u32 sync_stride;
	__u32 stream_slot;
	__u64 stream_offset;
	__u64 stream_bytes;
	__u64 job;
};

/**
 * struct drm_nmc_job_result - JOB_RESULT: outcome of one of the last 256 jobs of a context
 * @context: context handle
 * @status: out: enum nmc_status
 * @job: job id
 * @modelled_ns: out: modelled duration, card time
 * @energy_fj: out: modelled energy
 * @fault: out: fault record, @fault.cause zero if none
 * @flags: must be zero
 * @pad: must be zero
 *
 * Errors: ENOENT unknown context, or a job never submitted or forgotten; EBUSY not finished.
 */
struct drm_nmc_job_result {
	__u32 context;
	__u32 status;
	__u64 job;
	__u64 modelled_ns;
	__u64 energy_fj;
	struct drm_nmc_fault fault;
	__u32 flags;
	__u32 pad;
};

/**
 * struct drm_nmc_event_subscribe - EVENT_SUBSCRIBE: events to be read from the file
 * @mask: bit mask of enum nmc_event_type; DEVICE_LOST is always delivered
 * @flags: must be zero
 * @pad: must be zero
 *
 * The file is readable (poll) when an event waits. Each file keeps up to 64 events; later ones are counted as dropped.
 */
struct drm_nmc_event_subscribe {
	__u64 mask;
	__u32 flags;
	__u32 pad;
};

/**
 * struct drm_nmc_event - what read() delivers
 * @base: type is DRM_NMC_EVENT, length is the size of this structure
 * @type: enum nmc_event_type
 * @object: tile, or error sequence number
 * @sequence: counts the events of the file, from 1
 * @dropped: events lost before this one since the file was opened
 * @time_ns: CLOCK_MONOTONIC
 * @value: as the type says
 */
struct drm_nmc_event {
	struct drm_event base;
	__u32 type;
	__u32 object;
	__u64 sequence;
	__u64 dropped;
	__u64 time_ns;
	__u64 value;
};

#define DRM_NMC_EVENT	0x80000001u	/* drm_event.type of struct drm_nmc_event, beyond those of the DRM core */

#define DRM_IOCTL_NMC(op, type)		DRM_IOWR(DRM_COMMAND_BASE + DRM_NMC_##op, struct drm_nmc_##type)
#define DRM_IOCTL_NMC_DEV_QUERY		DRM_IOCTL_NMC(DEV_QUERY, dev_query)
#define DRM_IOCTL_NMC_BO_CREATE		DRM_IOCTL_NMC(BO_CREATE, bo_create)
#define DRM_IOCTL_NMC_BO_INFO		DRM_IOCTL_NMC(BO_INFO, bo_info)
#define DRM_IOCTL_NMC_BO_WAIT		DRM_IOCTL_NMC(BO_WAIT, bo_wait)
#define DRM_IOCTL_NMC_TILESET_CREATE	DRM_IOCTL_NMC(TILESET_CREATE, tileset_create)
#define DRM_IOCTL_NMC_TILESET_OPEN	DRM_IOCTL_NMC(TILESET_OPEN, tileset_open)
#define DRM_IOCTL_NMC_TILESET_CLOSE	DRM_IOCTL_NMC(TILESET_CLOSE, tileset_close)
#define DRM_IOCTL_NMC_TILESET_INFO	DRM_IOCTL_NMC(TILESET_INFO, tileset_info)
#define DRM_IOCTL_NMC_CONTEXT_CREATE	DRM_IOCTL_NMC(CONTEXT_CREATE, context_create)
#define DRM_IOCTL_NMC_CONTEXT_DESTROY	DRM_IOCTL_NMC(CONTEXT_DESTROY, context_destroy)
#define DRM_IOCTL_NMC_SUBMIT		DRM_IOCTL_NMC(SUBMIT, submit)
#define DRM_IOCTL_NMC_JOB_RESULT	DRM_IOCTL_NMC(JOB_RESULT, job_result)
#define DRM_IOCTL_NMC_EVENT_SUBSCRIBE	DRM_IOCTL_NMC(EVENT_SUBSCRIBE, event_subscribe)

#if defined(__cplusplus)
}
#endif

#endif
