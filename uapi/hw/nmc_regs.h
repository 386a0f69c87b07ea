/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * Host and card: registers, rings, descriptors, completions, job tables, admin commands and log pages.
 *
 * All fields are little-endian and naturally aligned. Reserved fields must be zero in what the host writes;
 * the card rejects a descriptor or table otherwise, ignores reserved register bits and reads unknown
 * registers as zero. All-ones from magic, status, heartbeat or cause mean that the card is gone.
 */
#ifndef NMC_REGS_H
#define NMC_REGS_H

#include <linux/types.h>
#include "../isa/nmc_isa.h"

/* Identity: QEMU's experimental range until an id is assigned. The one definition in the tree. */
#define NMC_PCI_VENDOR		0x1af4
#define NMC_PCI_DEVICE		0x10f0
#define NMC_PCI_CLASS		0x120000	/* processing accelerator */

/* Base address registers, both 64-bit memory */
#define NMC_BAR_REGS		0
#define NMC_BAR_REGS_BYTES	0x40000
#define NMC_BAR_MSIX		2
#define NMC_BAR_MSIX_BYTES	0x1000
#define NMC_MSIX_TABLE		0x000
#define NMC_MSIX_PBA		0x800
#define NMC_VECTORS		34		/* health and errors, admin queue, 32 I/O queues */
#define NMC_VECTOR_HEALTH	0
#define NMC_VECTOR_ADMIN	1
#define NMC_VECTOR_IO		2		/* I/O queue q (1..32) uses vector q + 1 unless told otherwise */

/* BAR0: identity and capability, read-only */
#define NMC_REG_MAGIC		0x0000		/* u32 NMC_MAGIC */
#define NMC_REG_VERSION		0x0004		/* u32 register layout: major << 16 | minor */
#define NMC_REG_CAP		0x0008		/* u64 NMC_CAP_* */
#define NMC_REG_SERIAL		0x0010		/* u64 */
#define NMC_REG_QUEUES		0x0018		/* u32 I/O queues, 1..32 */
#define NMC_REG_ENTRIES		0x001c		/* u32 most entries of a ring, power of two */
#define NMC_REG_ENGINES		0x0020		/* u32 jobs that can run at once */
#define NMC_REG_DOORBELLS	0x0024		/* u32 offset of doorbell page 0 in BAR0 */
#define NMC_MAGIC		0x31434d4e	/* "NMC1" */
#define NMC_VERSION_MAJOR	1
#define NMC_VERSION_MINOR	0
#define NMC_CAP_SOFTWARE	(1ull << 0)	/* the card is software */
#define NMC_CAP_PAGE_LIST	(1ull << 1)	/* slots by page list */

/* BAR0: control and status */
#define NMC_REG_CTRL		0x0100		/* u32 NMC_CTRL_*; reset value 0 */
#define NMC_REG_STATUS		0x0104		/* u32 NMC_STAT_*, read-only */
#define NMC_REG_HEARTBEAT	0x0108		/* u64 advanced by firmware at least every 100 ms of wall time, read-only */
#define NMC_REG_EPOCH		0x0110		/* u64 host epoch: random a boot; written before enable */
#define NMC_REG_HOST_TIME	0x0118		/* u64 host wall time, ns since 1970; written before enable */
#define NMC_CTRL_ENABLE		(1u << 0)	/* 0 -> 1: start the admin queue; 1 -> 0: stop every queue, no further DMA */
#define NMC_STAT_READY	(1u << 0)	/* admin queue runs; clear again once a disable has been carried out */
#define NMC_STAT_FATAL	(1u << 1)	/* firmware or hardware failed; disable and enable to recover */
#define NMC_STAT_BAD_CONFIG	(1u << 2)	/* admin ring registers refused at enable */

/* BAR0: admin ring, written while disabled, reset value 0 */
#define NMC_REG_ADMIN_SQ	0x0120		/* u64 DMA address of the submission ring, page aligned */
#define NMC_REG_ADMIN_CQ	0x0128		/* u64 DMA address of the completion ring, page aligned */
#define NMC_REG_ADMIN_SHADOW	0x0130		/* u64 DMA address of struct nmc_shadow, 64-byte aligned */
#define NMC_REG_ADMIN_ENTRIES	0x0138		/* u32 entries of both rings, power of two, 2..NMC_REG_ENTRIES */

/* BAR0: interrupt cause for one shared vector; bit v is vector v */
#define NMC_REG_INT_CAUSE	0x0140		/* u64 causes pending; write 1 to clear */
#define NMC_REG_INT_MASK	0x0148		/* u64 1 = masked; reset value 0; applies to all kinds of interrupts */

/* 0x0180-0x01ff: mailbox and firmware load, free until firmware is an image */

/* Doorbells: one 4 KiB page a queue, page 0 is the admin queue */
#define NMC_DOORBELL_BASE	0x10000
#define NMC_DOORBELL_PAGE	0x1000
#define NMC_DOORBELL_SQ		0x0		/* u32 write: the submission tail moved past the event index */

#define NMC_MAX_QUEUES		32
#define NMC_MAX_ENTRIES		4096
#define NMC_MAX_SLOTS		64		/* slots a job */
#define NMC_MAX_SETS		16		/* tile sets a context */
#define NMC_MAX_SET_TILES	4096		/* tiles a tile set */
#define NMC_MAX_CONTEXTS	256
#define NMC_MAX_TILESETS	1024
#define NMC_PAGE_BYTES		4096

/**
 * struct nmc_shadow - host memory shared by a queue's two sides
 * @sq_tail: host: free-running count of descriptors written
 * @cq_event: host: free-running completion count at which an interrupt is wanted: the card signals when
 *	it writes completion number @cq_event (the first is number 1) or passes it, or when the coalescing
 *	time ends with completions not yet signalled
 * @reserved0: zero
 * @sq_event: card: doorbell wanted when @sq_tail moves past this count
 * @cq_tail: card: free-running count of completions written
 * @progress: card: advances while a job executes or waits for its tile sets, tells slow from stuck
 * @job: card: job id (&nmc_sqe_job.job) of the job in execution, valid while @progress advances
 * @reserved1: zero
 *
 * Indices into the rings are the counts modulo the number of entries. Order: the host writes descriptors,
 * then @sq_tail, a full barrier, then reads @sq_event; it rings the doorbell when
 * (u32)(tail_new - @sq_event - 1) < (u32)(tail_new - tail_old). The card writes @sq_event, then reads @sq_tail
 * by a non-posted read before it sleeps. On the other side the host writes @cq_event, a full barrier, then looks
 * at the phase bit once more before it sleeps; the card writes the completion, then @cq_tail, a full barrier, then
 * reads @cq_event.
 */
struct nmc_shadow {
	__le32 sq_tail;
	__le32 cq_event;
	__le32 reserved0[14];
	__le32 sq_event;
	__le32 cq_tail;
	__le64 progress;
	__le64 job;
	__le32 reserved1[10];
};

/**
 * enum nmc_opcode - descriptor opcodes; the admin queue takes those below 0x8000, an I/O queue those above
 * @NMC_ADMIN_IDENTIFY: struct nmc_identify to @addr
 * @NMC_ADMIN_CLASS: struct nmc_tile_class number @index to @addr; @result is the number of classes
 * @NMC_ADMIN_GET_FEATURE: @result = value of feature @index
 * @NMC_ADMIN_SET_FEATURE: feature @index = @value
 * @NMC_ADMIN_GET_LOG: log page @index (enum nmc_log), first item @offset, to @addr; @result = items that exist
 * @NMC_ADMIN_EVENT: answered with a struct nmc_event_record at @addr when there is one; one outstanding at most
 * @NMC_ADMIN_QUEUE_CREATE: creates I/O queue @id from struct nmc_queue_config at @addr
 * @NMC_ADMIN_QUEUE_DELETE: stops and deletes I/O queue @id
 * @NMC_ADMIN_QUEUE_STOP: stops I/O queue @id; struct nmc_stop_report to @addr; no DMA for it after the answer.
 *	A job in execution is ended at the next instruction (STARTED) unless @value is %NMC_STOP_DRAIN, which lets it end (DONE)
 * @NMC_ADMIN_QUEUE_START: resumes a stopped queue: the NOT_STARTED descriptors are forgotten, counts start at zero
 * @NMC_ADMIN_CONTEXT_CREATE: creates context @id; @count u32 pairs (set id, generation) at @addr are attached
 * @NMC_ADMIN_CONTEXT_DESTROY: destroys context @id; %NMC_STATUS_BUSY while a job of it executes
 * @NMC_ADMIN_TILESET_CREATE: struct nmc_tileset_config at @addr; @result = set id | generation << 32
 * @NMC_ADMIN_TILESET_RELEASE: detaches and, unless persistent and @value is 0, erases asynchronously; set @id.
 *	%NMC_STATUS_BUSY while a job executes on it or a context names it
 * @NMC_ADMIN_TILESET_OPEN: finds a persistent set by the uuid in struct nmc_tileset_config at @addr, which is
 *	filled in; @result = set id | new generation << 32
 * @NMC_ADMIN_TILESET_INFO: struct nmc_tileset_info of set @id to @addr
 * @NMC_QUEUE_JOB: struct nmc_sqe_job
 */
enum nmc_opcode {
	NMC_ADMIN_IDENTIFY		= 0x0001,
	NMC_ADMIN_CLASS			= 0x0002,
	NMC_ADMIN_GET_FEATURE		= 0x0003,
	NMC_ADMIN_SET_FEATURE		= 0x0004,
	NMC_ADMIN_GET_LOG		= 0x0005,
	NMC_ADMIN_EVENT			= 0x0006,
	NMC_ADMIN_QUEUE_CREATE		= 0x0010,
	NMC_ADMIN_QUEUE_DELETE		= 0x0011,
	NMC_ADMIN_QUEUE_STOP		= 0x0012,
	NMC_ADMIN_QUEUE_START		= 0x0013,
	NMC_ADMIN_CONTEXT_CREATE	= 0x0020,
	NMC_ADMIN_CONTEXT_DESTROY	= 0x0021,
	NMC_ADMIN_TILESET_CREATE	= 0x0030,
	NMC_ADMIN_TILESET_RELEASE	= 0x0031,
	NMC_ADMIN_TILESET_OPEN		= 0x0032,
	NMC_ADMIN_TILESET_INFO		= 0x0033,
	NMC_QUEUE_JOB			= 0x8001,
};

#define NMC_STOP_DRAIN	1		/* QUEUE_STOP lets the job in execution end */

/**
 * struct nmc_sqe - submission descriptor, admin form
 * @opcode: enum nmc_opcode
 * @flags: must be zero
 * @cookie: returned in the completion
 * @addr: DMA address of the command's data, 8-byte aligned, contiguous
 * @bytes: length of that data; the card never touches more
 * @index: as the command says
 * @id: as the command says
 * @count: as the command says
 * @value: as the command says
 * @offset: as the command says
 * @reserved: must be zero; as are fields that the command does not name
 */
struct nmc_sqe {
	__le16 opcode;
	__le16 flags;
	__le32 cookie;
	__le64 addr;
	__le32 bytes;
	__le32 index;
	__le32 id;
	__le32 count;
	__le64 value;
	__le64 offset;
	__le64 reserved[2];
};

/**
 * struct nmc_sqe_job - submission descriptor of a job
 * @opcode: %NMC_QUEUE_JOB
 * @flags: must be zero
 * @cookie: returned in the completion
 * @table: DMA address of the job table (struct nmc_job_table), 64-byte aligned
 * @table_bytes: its length
 * @context: context id
 * @stream_offset: byte offset of the stream within its slot, 64-byte aligned
 * @stream_bytes: length of the stream, a multiple of 64
 * @stream_slot: slot that holds the stream
 * @reserved0: must be zero
 * @job: job id of the context, for the shadow's progress word
 * @reserved: must be zero
 */
struct nmc_sqe_job {
	__le16 opcode;
	__le16 flags;
	__le32 cookie;
	__le64 table;
	__le32 table_bytes;
	__le32 context;
	__le64 stream_offset;
	__le32 stream_bytes;
	__le16 stream_slot;
	__le16 reserved0;
	__le64 job;
	__le64 reserved[2];
};

/**
 * enum nmc_status - outcome of a descriptor
 * @NMC_STATUS_OK: done
 * @NMC_STATUS_OPCODE: unknown opcode for this queue
 * @NMC_STATUS_FIELD: a field has a value that the command does not allow, or a reserved field is not zero
 * @NMC_STATUS_NOT_FOUND: no such object
 * @NMC_STATUS_EXISTS: the object exists already
 * @NMC_STATUS_BUSY: the object is in use
 * @NMC_STATUS_NO_TILES: fewer tiles of the class are free than asked for; @result = number free
 * @NMC_STATUS_NO_SPACE: a table of the card is full, or the buffer is too small
 * @NMC_STATUS_DMA: host memory did not answer
 * @NMC_STATUS_FAULT: the job faulted; the fault record says why
 * @NMC_STATUS_ABORTED: stopped by the host; @NMC_FAULT_ABORTED if it had started
 * @NMC_STATUS_INTERNAL: the card failed
 */
enum nmc_status {
	NMC_STATUS_OK		= 0,
	NMC_STATUS_OPCODE	= 1,
	NMC_STATUS_FIELD	= 2,
	NMC_STATUS_NOT_FOUND	= 3,
	NMC_STATUS_EXISTS	= 4,
	NMC_STATUS_BUSY		= 5,
	NMC_STATUS_NO_TILES	= 6,
	NMC_STATUS_NO_SPACE	= 7,
	NMC_STATUS_DMA		= 8,
	NMC_STATUS_FAULT	= 9,
	NMC_STATUS_ABORTED	= 10,
	NMC_STATUS_INTERNAL	= 11,
};

/**
 * struct nmc_cqe - completion entry
 * @cookie: of the descriptor
 * @sq_head: descriptors fetched so far, free-running: ring space up to here is free again
 * @result: admin: result; job: modelled duration, nanoseconds of card time
 * @energy_fj: job: modelled energy, femtojoule
 * @fault: job: fault record, @fault.cause zero if none
 * @status: enum nmc_status
 * @reserved: zero
 * @phase: bit 0 is the phase, written last: 1 on the first pass through the ring, then inverted every pass
 */
struct nmc_cqe {
	__le32 cookie;
	__le32 sq_head;
	__le64 result;
	__le64 energy_fj;
	struct nmc_isa_fault fault;
	__le16 status;
	__le16 reserved;
	__le32 phase;
};

#define NMC_CQE_PHASE	(1u << 0)	/* of &nmc_cqe.phase: 1 on the first pass through the ring */

/**
 * struct nmc_job_table - what a job may touch: this header, then @sets struct nmc_set_ref, then @slots struct nmc_slot
 * @bytes: length of the table
 * @sets: attached tile sets, at most %NMC_MAX_SETS; all must belong to the context
 * @slots: slots, 1 to %NMC_MAX_SLOTS
 * @reserved: must be zero
 *
 * Built by the kernel, immutable from submission to completion.
 */
struct nmc_job_table {
	__le32 bytes;
	__le16 sets;
	__le16 slots;
	__le64 reserved;
};

/**
 * struct nmc_set_ref - a tile set named by its generation
 * @set: set id
 * @generation: its generation; a stale one faults
 *
 * The table virtual tile -> physical tile of (set, generation) is kept by the card's firmware, immutable
 * for the life of the generation.
 */
struct nmc_set_ref {
	__le32 set;
	__le32 generation;
};

#define NMC_SLOT_READ		(1u << 0)	/* the card may read it */
#define NMC_SLOT_WRITE		(1u << 1)	/* the card may write it */
#define NMC_SLOT_PAGE_LIST	(1u << 2)	/* @addr is a list of DMA addresses of 4 KiB pages */

/**
 * struct nmc_slot - one host buffer
 * @addr: DMA address of the buffer, or of a list of __le64 page addresses
 * @offset: byte offset at which the slot begins within the buffer
 * @length: bytes of the slot, at least 1
 * @pages: entries of the list, each 4 KiB aligned, at most 2^20; zero without %NMC_SLOT_PAGE_LIST
 * @flags: NMC_SLOT_*
 */
struct nmc_slot {
	__le64 addr;
	__le64 offset;
	__le64 length;
	__le32 pages;
	__le32 flags;
};

/**
 * struct nmc_queue_config - data of QUEUE_CREATE
 * @sq: DMA address of the submission ring, page aligned
 * @cq: DMA address of the completion ring, page aligned
 * @shadow: DMA address of struct nmc_shadow, 64-byte aligned
 * @entries: entries of both rings, power of two, 2 to %NMC_REG_ENTRIES
 * @vector: interrupt vector
 * @coalesce_ns: longest wait of an unsignalled completion, nanoseconds of wall time; zero signals each one
 * @reserved: must be zero
 */
struct nmc_queue_config {
	__le64 sq;
	__le64 cq;
	__le64 shadow;
	__le32 entries;
	__le32 vector;
	__le64 coalesce_ns;
	__le64 reserved[3];
};

#define NMC_DESC_NOT_STARTED	0		/* no effect yet: may be submitted again */
#define NMC_DESC_STARTED	1		/* ended on its way: what it did so far stays */
#define NMC_DESC_DONE		2		/* its completion is written */

/**
 * struct nmc_stop_report - state of a stopped queue's descriptors
 * @head: count of the first descriptor that is not DONE
 * @tail: count of descriptors the card had seen
 * @state: NMC_DESC_* of descriptor n at index n modulo the ring's entries, for n in [@head, @tail); those at
 *	@tail and after are NOT_STARTED, those before @head DONE with their completion written
 */
struct nmc_stop_report {
	__le32 head;
	__le32 tail;
	__u8 state[NMC_MAX_ENTRIES];
};

/**
 * struct nmc_identify - the card
 * @serial: serial number
 * @hw_version: register layout, as NMC_REG_VERSION
 * @isa_version: major << 16 | minor
 * @groups: instruction groups, bit mask of enum nmc_isa_group
 * @sram_bytes: largest SRAM window of a job
 * @tiles: tiles in all
 * @classes: tile classes
 * @queues: I/O queues
 * @engines: jobs that can run at once
 * @max_slots: slots a job
 * @max_sets: tile sets a context
 * @seed: seed of the software card's randomness, zero on silicon
 * @name: card name, NUL-terminated
 * @firmware: firmware version text, NUL-terminated
 * @reserved: zero
 */
struct nmc_identify {
	__le64 serial;
	__le32 hw_version;
	__le32 isa_version;
	__le32 groups;
	__le32 sram_bytes;
	__le32 tiles;
	__le32 classes;
	__le32 queues;
	__le32 engines;
	__le32 max_slots;
	__le32 max_sets;
	__le64 seed;
	char name[32];
	char firmware[32];
	__le64 reserved[17];
};

#define NMC_CLASS_CONVERTERS	(1u << 0)	/* DAC and ADC in the path; clear: integer weights, exact int32 out */
#define NMC_CLASS_DIFFERENTIAL	(1u << 1)	/* output j is physical column 2j minus 2j + 1 */
#define NMC_CLASS_READ_NOISE	(1u << 2)	/* reads are noisy */
#define NMC_CLASS_NONVOLATILE	(1u << 3)	/* keeps its state without power */
#define NMC_CLASS_WHAT_IF	(1u << 4)	/* products can leave out non-idealities (software card) */

/**
 * enum nmc_technology - cell technology of a tile class
 * @NMC_TECH_DIGITAL: integer memory
 * @NMC_TECH_IDEAL: perfect conductances
 * @NMC_TECH_RRAM: filamentary oxide RRAM
 * @NMC_TECH_PCM: phase-change memory
 * @NMC_TECH_FEFET: ferroelectric transistor
 * @NMC_TECH_ECRAM: ion-gated (electrochemical) transistor
 * @NMC_TECH_MTJ: magnetic tunnel junction
 * @NMC_TECH_FLASH: charge-trapping transistor, SONOS among them
 * @NMC_TECH_CAPACITOR: charge on a capacitor that gates a transistor
 *
 * Values 9 to 63 are free for diffusive, threshold and other cells.
 */
enum nmc_technology {
	NMC_TECH_DIGITAL	= 0,
	NMC_TECH_IDEAL		= 1,
	NMC_TECH_RRAM		= 2,
	NMC_TECH_PCM		= 3,
	NMC_TECH_FEFET		= 4,
	NMC_TECH_ECRAM		= 5,
	NMC_TECH_MTJ		= 6,
	NMC_TECH_FLASH		= 7,
	NMC_TECH_CAPACITOR	= 8,
};

/**
 * struct nmc_tile_class - one kind of tile
 * @name: class name, NUL-terminated
 * @technology: enum nmc_technology
 * @neuron: neuron technology, 0 = none
 * @flags: NMC_CLASS_*
 * @tiles: tiles of the class on the card
 * @free: of these free now
 * @retired: of these retired
 * @rows: physical rows
 * @cols: physical columns
 * @outputs: outputs of a product (half of @cols for a differential class)
 * @dac_bits: bits of the converters of inputs, sign included
 * @adc_bits_min: fewest bits of the converters of results, 0 without converters
 * @adc_bits_max: most bits
 * @reserved0: zero
 * @gmin_ns: lowest conductance, nanosiemens, 0 for integer weights
 * @gmax_ns: highest conductance, nanosiemens
 * @target_low_ns: lowest conductance that cells are asked for, nanosiemens
 * @target_high_ns: highest conductance that cells are asked for, nanosiemens; 0 = @gmin_ns to @gmax_ns
 * @deck: digest of the deck that the class is made of, which a host that has the deck knows it by; 0 = none
 * @endurance: pulses after which half of the cells begin to wear out, 0 = they never do or the card does not say
 * @reserved: zero
 */
struct nmc_tile_class {
	char name[32];
	__le32 technology;
	__le32 neuron;
	__le32 flags;
	__le32 tiles;
	__le32 free;
	__le32 retired;
	__le16 rows;
	__le16 cols;
	__le16 outputs;
	__u8 dac_bits;
	__u8 adc_bits_min;
	__u8 adc_bits_max;
	__u8 reserved0[7];
	__le32 gmin_ns;
	__le32 gmax_ns;
	__le32 target_low_ns;
	__le32 target_high_ns;
	__le64 deck;
	__le64 endurance;
	__le64 reserved[3];
};

/**
 * enum nmc_feature - settings, GET_FEATURE and SET_FEATURE
 * @NMC_FEATURE_DEVIATION_PPM: deviation from target at which a tile is reported, parts per million of gmax; default 50000
 * @NMC_FEATURE_POWER_MODE: 0 = normal; other values are free
 * @NMC_FEATURE_SCRUB_PPM: background scrub: share of the modelled array time of a tile set that reads of its reference rows
 *	may take, parts per million; 0 = no scrub; at most and by default 10000
 * @NMC_FEATURE_WEAR_PPM: pulses of the most worn cell at which a tile is reported, parts per million of the class's endurance;
 *	0 = never; default 100000: where lifetimes spread by half, the weakest of a tile's cells begins to wear out then
 */
enum nmc_feature {
	NMC_FEATURE_DEVIATION_PPM	= 1,
	NMC_FEATURE_POWER_MODE		= 2,
	NMC_FEATURE_SCRUB_PPM		= 3,
	NMC_FEATURE_WEAR_PPM		= 4,
};

/**
 * enum nmc_tile_state - life of a physical tile
 * @NMC_TILE_FREE: erased and verified, can be owned
 * @NMC_TILE_ERASING: released, erase not yet verified
 * @NMC_TILE_OWNED: belongs to a volatile tile set
 * @NMC_TILE_PERSISTENT: belongs to a persistent tile set
 * @NMC_TILE_INCOMPLETE: owned, a programming was started and did not end
 * @NMC_TILE_RETIRED: erase failed verification; never used again
 */
enum nmc_tile_state {
	NMC_TILE_FREE		= 0,
	NMC_TILE_ERASING	= 1,
	NMC_TILE_OWNED		= 2,
	NMC_TILE_PERSISTENT	= 3,
	NMC_TILE_INCOMPLETE	= 4,
	NMC_TILE_RETIRED	= 5,
};

#define NMC_TILESET_PERSISTENT	(1u << 0)	/* outlives its owner; found again by uuid */

/**
 * struct nmc_tileset_config - data of TILESET_CREATE and TILESET_OPEN
 * @class: index of the tile class
 * @tiles: tiles wanted, 1 to %NMC_MAX_SET_TILES
 * @flags: NMC_TILESET_*
 * @reserved0: must be zero
 * @uuid: persistent sets: unique name, not all zero; zero otherwise
 * @label: free text, NUL-padded
 * @owner: opaque to the card; the kernel keeps its policy here
 * @domain: host domain, opaque to the card
 * @reserved: must be zero
 */
struct nmc_tileset_config {
	__le32 class;
	__le32 tiles;
	__le32 flags;
	__le32 reserved0;
	__u8 uuid[16];
	char label[32];
	__u8 owner[32];
	__le64 domain;
	__le64 reserved[3];
};

/**
 * struct nmc_tileset_info - data of TILESET_INFO and of log page %NMC_LOG_TILESETS
 * @id: set id
 * @generation: generation
 * @config: as created
 * @epoch: host epoch that created or last opened it
 * @time_ns: card time of the set, nanoseconds
 * @time_frac: fraction, 2^-32 ns
 * @incomplete: tiles in state INCOMPLETE
 */
struct nmc_tileset_info {
	__le32 id;
	__le32 generation;
	struct nmc_tileset_config config;
	__le64 epoch;
	__le64 time_ns;
	__le32 time_frac;
	__le32 incomplete;
};

/**
 * enum nmc_log - log pages
 * @NMC_LOG_HEALTH: one struct nmc_health_log
 * @NMC_LOG_TILES: struct nmc_tile_log by physical tile
 * @NMC_LOG_ERRORS: struct nmc_error_log, newest first
 * @NMC_LOG_QUEUES: struct nmc_queue_log by queue, 0 is the admin queue
 * @NMC_LOG_TILESETS: struct nmc_tileset_info of each set
 */
enum nmc_log {
	NMC_LOG_HEALTH		= 1,
	NMC_LOG_TILES		= 2,
	NMC_LOG_ERRORS		= 3,
	NMC_LOG_QUEUES		= 4,
	NMC_LOG_TILESETS	= 5,
};

/**
 * struct nmc_health_log - the card as a whole
 * @uptime_ms: wall time since the firmware started, milliseconds
 * @temperature_mc: die temperature, millidegree Celsius, signed
 * @flags: reserved for throttling and power states, zero
 * @energy_fj: modelled energy of all jobs, femtojoule
 * @modelled_busy_ns: modelled busy time of all engines, nanoseconds of card time
 * @wall_busy_ns: busy time of all engines, nanoseconds of wall time
 * @jobs: jobs completed
 * @faults: of these faulted
 * @macs: physical multiply-accumulates
 * @conversions: ADC conversions
 * @clips: of these clipped
 * @pulses: programming pulses
 * @tiles_by_state: number of tiles in each enum nmc_tile_state; those beyond the last state zero
 * @errors: entries ever written to the error log
 * @array_ns: modelled time of products, programming, erases and reads in jobs: what the scrub's budget is a share of
 * @scrub_ns: modelled time of the background scrub, part of neither @array_ns nor @modelled_busy_ns
 * @scrub_rows: rows that the scrub read, twice each
 * @deviation_limit_ppm: value of %NMC_FEATURE_DEVIATION_PPM
 * @scrub_ppm: value of %NMC_FEATURE_SCRUB_PPM
 * @wear_limit_ppm: value of %NMC_FEATURE_WEAR_PPM
 * @reserved: zero
 */
struct nmc_health_log {
	__le64 uptime_ms;
	__le32 temperature_mc;
	__le32 flags;
	__le64 energy_fj;
	__le64 modelled_busy_ns;
	__le64 wall_busy_ns;
	__le64 jobs;
	__le64 faults;
	__le64 macs;
	__le64 conversions;
	__le64 clips;
	__le64 pulses;
	__le32 tiles_by_state[8];
	__le64 errors;
	__le64 array_ns;
	__le64 scrub_ns;
	__le64 scrub_rows;
	__le32 deviation_limit_ppm;
	__le32 scrub_ppm;
	__le32 wear_limit_ppm;
	__le32 reserved[3];
};

#define NMC_DRIFT_UNKNOWN	0x80000000	/* of &nmc_tile_log.drift_ppm: not measured */

/**
 * struct nmc_tile_log - one physical tile
 * @tile: physical tile
 * @state: enum nmc_tile_state
 * @class: tile class
 * @set: owning set id, 0 if none
 * @programmed_ns: card time of the set when last programmed, nanoseconds; 0 = never
 * @pulses: pulses since manufacture
 * @cells: cells programmed last
 * @converged: of these converged
 * @residual_rms: of the last programming, gmax / 2^20
 * @deviation_ppm: RMS deviation from target, parts per million of gmax; 0xffffffff = not measured
 * @mean_pulses_q8: mean pulses a cell of the last programming, 1/256
 * @pulses_max: most pulses on one cell in the last programming
 * @products: vectors multiplied
 * @scrubbed_ns: card time of the set that @deviation_ppm is as of, nanoseconds; 0 = never scrubbed
 * @wear_max: pulses since manufacture of the cell that has seen most
 * @wear_mean_q8: mean pulses a cell since manufacture, 1/256
 * @deviation_max_ppm: largest deviation that the same reads saw, parts per million of gmax; 0xffffffff = not measured
 * @drift_ppm: drift exponent nu of g ~ t^-nu, parts per million, signed; %NMC_DRIFT_UNKNOWN = not measured
 * @defects: cells known to be broken
 * @scrubbed_cells: reads of cells that @deviation_ppm is made of
 * @reserved: zero
 *
 * @deviation_ppm counts what the background scrub read since the tile was last programmed, at about its present age: of each
 * row that it reads twice the products of both deviations, so that noise of a read averages out.
 */
struct nmc_tile_log {
	__le32 tile;
	__le32 state;
	__le32 class;
	__le32 set;
	__le64 programmed_ns;
	__le64 pulses;
	__le32 cells;
	__le32 converged;
	__le32 residual_rms;
	__le32 deviation_ppm;
	__le32 mean_pulses_q8;
	__le32 pulses_max;
	__le64 products;
	__le64 scrubbed_ns;
	__le64 wear_max;
	__le64 wear_mean_q8;
	__le32 deviation_max_ppm;
	__le32 drift_ppm;
	__le32 defects;
	__le32 scrubbed_cells;
	__le64 reserved[4];
};

/**
 * struct nmc_error_log - one error
 * @sequence: number of the entry, from 1
 * @wall_ms: firmware uptime, milliseconds of wall time
 * @queue: queue, 0xffff if none
 * @status: enum nmc_status
 * @context: context, 0 if none
 * @cookie: cookie of the descriptor
 * @reserved: zero
 * @fault: fault record
 */
struct nmc_error_log {
	__le64 sequence;
	__le64 wall_ms;
	__le16 queue;
	__le16 status;
	__le32 context;
	__le32 cookie;
	__le32 reserved;
	struct nmc_isa_fault fault;
};

/**
 * struct nmc_queue_log - counters of a queue, free-running
 * @generation: changes when the queue is created
 * @jobs: descriptors completed
 * @doorbells: doorbell writes received
 * @interrupts: interrupts signalled
 * @wall_busy_ns: wall time with a job in execution
 * @modelled_busy_ns: modelled time of its jobs
 * @mmio_reads: register reads of the whole card, heartbeat and status apart (queue 0 only)
 * @mmio_writes: register writes of the whole card, doorbells included (queue 0 only)
 * @heartbeat_reads: reads of heartbeat and status (queue 0 only)
 * @reserved: zero
 */
struct nmc_queue_log {
	__le64 generation;
	__le64 jobs;
	__le64 doorbells;
	__le64 interrupts;
	__le64 wall_busy_ns;
	__le64 modelled_busy_ns;
	__le64 mmio_reads;
	__le64 mmio_writes;
	__le64 heartbeat_reads;
	__le64 reserved[7];
};

/**
 * enum nmc_event_type - asynchronous events
 * @NMC_EVENT_ERROR: an entry was added to the error log
 * @NMC_EVENT_TILE_RETIRED: a tile failed erase verification
 * @NMC_EVENT_TILE_DEVIATION: a tile's deviation passed the threshold
 * @NMC_EVENT_TILE_WEAR: a tile's most worn cell passed the threshold
 * @NMC_EVENT_DEVICE_LOST: made by the driver: the card is gone; the last event of a file
 */
enum nmc_event_type {
	NMC_EVENT_ERROR			= 1,
	NMC_EVENT_TILE_RETIRED		= 2,
	NMC_EVENT_TILE_DEVIATION	= 3,
	NMC_EVENT_TILE_WEAR		= 4,
	NMC_EVENT_DEVICE_LOST		= 63,
};

/**
 * struct nmc_event_record - answer to NMC_ADMIN_EVENT
 * @type: enum nmc_event_type
 * @object: tile, or error sequence number's low half
 * @wall_ms: firmware uptime, milliseconds
 * @value: as the type says: error sequence number, deviation in parts per million, pulses of the most worn cell
 * @reserved: zero
 */
struct nmc_event_record {
	__le32 type;
	__le32 object;
	__le64 wall_ms;
	__le64 value;
	__le64 reserved;
};

#endif
