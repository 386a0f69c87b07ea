/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR MIT */
/*
 * The command stream: what a job asks of the card.
 *
 * A stream is one 64-byte header followed by 64-byte little-endian instructions. It names slots (host
 * buffers that the kernel listed for the job), virtual tiles (index within an attached tile set) and its
 * own window of on-card SRAM, and nothing else. The kernel never parses it; the card's sequencer fetches
 * each instruction once into its own memory, checks it there and then executes it. A violation stops the
 * job alone and is answered with a struct nmc_isa_fault. Saved networks contain streams: this is ABI.
 *
 * Reserved fields and unknown flags must be zero; the card rejects the instruction otherwise.
 */
#ifndef NMC_ISA_H
#define NMC_ISA_H

#include <linux/types.h>

#define NMC_ISA_MAGIC		0x53434d4eu	/* "NMCS" */
#define NMC_ISA_MAJOR		1
#define NMC_ISA_MINOR		2
#define NMC_ISA_INSN_BYTES	64
#define NMC_ISA_MAX_INSNS	(1u << 20)	/* instructions in one stream */
#define NMC_ISA_MAX_STEPS	(1ull << 32)	/* instructions executed by one job, loops included */
#define NMC_ISA_LOOP_DEPTH	4
#define NMC_ISA_MAX_ROWS	384		/* rows in one product: the int32 sum stays exact */

/**
 * enum nmc_isa_group - instruction groups, bit numbers of &nmc_isa_header.groups and of the capability mask
 * @NMC_GROUP_CONTROL: loops, time, counters, end
 * @NMC_GROUP_DATA: movement between slots and SRAM
 * @NMC_GROUP_MVM: forward product, rows to columns
 * @NMC_GROUP_MVM_T: backward (transpose) product
 * @NMC_GROUP_VECTOR: element-wise integer operations
 * @NMC_GROUP_PROGRAM: program-and-verify, read, erase
 * @NMC_GROUP_UPDATE: rank-1 pulse updates
 * @NMC_GROUP_SPIKE: neuron banks and ticks
 * @NMC_GROUP_EVENT: address-event input and output, router
 * @NMC_GROUP_RULE: plasticity rule engine
 * @NMC_GROUP_PROBE: waveforms and sensing, instrument mode
 * @NMC_GROUP_RING: streaming jobs over ring slots
 *
 * A card lists the groups it implements in &nmc_identify.groups and refuses the others with
 * %NMC_FAULT_GROUP_UNSUPPORTED. Bits 12 to 31 are free.
 */
enum nmc_isa_group {
	NMC_GROUP_CONTROL	= 0,
	NMC_GROUP_DATA		= 1,
	NMC_GROUP_MVM		= 2,
	NMC_GROUP_MVM_T		= 3,
	NMC_GROUP_VECTOR	= 4,
	NMC_GROUP_PROGRAM	= 5,
	NMC_GROUP_UPDATE	= 6,
	NMC_GROUP_SPIKE		= 7,
	NMC_GROUP_EVENT		= 8,
	NMC_GROUP_RULE		= 9,
	NMC_GROUP_PROBE		= 10,
	NMC_GROUP_RING		= 11,
};

#define NMC_ISA_OP(group, n)	(((group) << 8) | (n))
#define NMC_ISA_OP_GROUP(op)	((op) >> 8)

/**
 * enum nmc_isa_opcode - group in the upper byte, operation in the lower
 * @NMC_OP_NOP: does nothing (struct nmc_isa_control, no operand)
 * @NMC_OP_END: ends the job with success; every stream must reach one
 * @NMC_OP_LOOP: repeats the next @body instructions @count times; bounded, at most %NMC_ISA_LOOP_DEPTH deep
 * @NMC_OP_FENCE: every earlier store is visible to the host before the next instruction starts
 * @NMC_OP_TIMESTAMP: writes the set's card time to SRAM as u64 nanoseconds and u32 fraction (2^-32 ns), u32 zero
 * @NMC_OP_COUNTERS: writes a struct nmc_isa_counters of this job so far to SRAM
 * @NMC_OP_IDLE: ages one attached tile set by @time nanoseconds; cells follow card time at IDLE, IDLE_UNTIL, PROGRAM
 *	and ERASE, so that how a run is cut into batches and jobs does not change a bit
 * @NMC_OP_IDLE_UNTIL: ages one attached tile set to card time @time; a time already passed does nothing
 * @NMC_OP_LOAD: slot to SRAM, strided (struct nmc_isa_move)
 * @NMC_OP_STORE: SRAM to slot, strided (struct nmc_isa_move)
 * @NMC_OP_FILL: fills SRAM rows with @value, a 32-bit word (struct nmc_isa_fill)
 * @NMC_OP_COPY: SRAM to SRAM, strided (struct nmc_isa_vector: @n bytes a row, @vectors rows)
 * @NMC_OP_MVM: forward product of a batch of vectors (struct nmc_isa_mvm)
 * @NMC_OP_MVM_T: backward product: columns are driven, rows are converted (struct nmc_isa_mvm)
 * @NMC_OP_ADD: dst[i] += src[i], int32, saturating (struct nmc_isa_vector)
 * @NMC_OP_BIAS: dst[i] = src[i] + bias[i], int32, saturating; bias at @aux, one for all vectors
 * @NMC_OP_RELU: dst[i] = max(src[i], 0), int32
 * @NMC_OP_REQUANT: int32 to int8: clip(half_even(src[i] * mult >> shift), lo, hi); struct nmc_isa_requant at @aux
 * @NMC_OP_LUT: int8 to int8: dst[i] = table[(u8)(src[i] + 128)]; 256 bytes at @aux
 * @NMC_OP_ARGMAX: int32 to u32: index of the largest of the @n elements, the lowest index wins; one word a vector
 * @NMC_OP_PROGRAM: program-and-verify a region of a tile to targets in SRAM (struct nmc_isa_program)
 * @NMC_OP_READ: reads a region of a tile as int16 conductances into SRAM (struct nmc_isa_program)
 * @NMC_OP_ERASE: returns a region of a tile to its lowest conductance, verified (struct nmc_isa_program)
 */
enum nmc_isa_opcode {
	NMC_OP_NOP		= NMC_ISA_OP(0, 0),
	NMC_OP_END		= NMC_ISA_OP(0, 1),
	NMC_OP_LOOP		= NMC_ISA_OP(0, 2),
	NMC_OP_FENCE		= NMC_ISA_OP(0, 3),
	NMC_OP_TIMESTAMP	= NMC_ISA_OP(0, 4),
	NMC_OP_COUNTERS		= NMC_ISA_OP(0, 5),
	NMC_OP_IDLE		= NMC_ISA_OP(0, 6),
	NMC_OP_IDLE_UNTIL	= NMC_ISA_OP(0, 7),
	NMC_OP_LOAD		= NMC_ISA_OP(1, 0),
	NMC_OP_STORE		= NMC_ISA_OP(1, 1),
	NMC_OP_FILL		= NMC_ISA_OP(1, 2),
	NMC_OP_COPY		= NMC_ISA_OP(1, 3),
	NMC_OP_MVM		= NMC_ISA_OP(2, 0),
	NMC_OP_MVM_T		= NMC_ISA_OP(3, 0),
	NMC_OP_ADD		= NMC_ISA_OP(4, 0),
	NMC_OP_BIAS		= NMC_ISA_OP(4, 1),
	NMC_OP_RELU		= NMC_ISA_OP(4, 2),
	NMC_OP_REQUANT		= NMC_ISA_OP(4, 3),
	NMC_OP_LUT		= NMC_ISA_OP(4, 4),
	NMC_OP_ARGMAX		= NMC_ISA_OP(4, 5),
	NMC_OP_PROGRAM		= NMC_ISA_OP(5, 0),
	NMC_OP_READ		= NMC_ISA_OP(5, 1),
	NMC_OP_ERASE		= NMC_ISA_OP(5, 2),
};

/**
 * struct nmc_isa_header - first 64 bytes of a stream
 * @magic: %NMC_ISA_MAGIC
 * @major: %NMC_ISA_MAJOR; another value is refused
 * @minor: at most the card's minor version
 * @insns: instructions that follow the header, 1 to %NMC_ISA_MAX_INSNS
 * @groups: bit mask of the groups the stream uses; an instruction of another group faults
 * @sram_bytes: SRAM window of the job, zeroed at start, at most &nmc_identify.sram_bytes
 * @slots: slots the stream may name, at most the job's
 * @sets: attached tile sets the stream may name, at most the job's
 * @flags: must be zero
 * @reserved: must be zero
 */
struct nmc_isa_header {
	__le32 magic;
	__le16 major;
	__le16 minor;
	__le32 insns;
	__le32 groups;
	__le32 sram_bytes;
	__le16 slots;
	__le16 sets;
	__le32 flags;
	__le32 reserved[9];
};

/**
 * struct nmc_isa_common - what every instruction begins with
 * @opcode: enum nmc_isa_opcode
 * @flags: flags of the operation
 * @tag: opaque; copied into the fault record, so that a compiler can say which layer failed
 */
struct nmc_isa_common {
	__le16 opcode;
	__le16 flags;
	__le32 tag;
};

/**
 * struct nmc_isa_sram - an operand in SRAM
 * @addr: byte address within the job's window of the first vector
 * @pitch: bytes from one vector to the next; the vectors of a destination must not overlap one another
 * @stride: signed bytes added to @addr in each iteration of the innermost enclosing LOOP
 */
struct nmc_isa_sram {
	__le32 addr;
	__le32 pitch;
	__le32 stride;
};

/**
 * struct nmc_isa_control - operands of the control group
 * @c: common part, no flags
 * @count: LOOP: iterations, at least 1
 * @body: LOOP: instructions repeated, at least 1, within the stream and within the enclosing body
 * @set: TIMESTAMP, IDLE, IDLE_UNTIL: index of the attached tile set
 * @reserved0: must be zero
 * @sram: TIMESTAMP, COUNTERS: destination in SRAM, 8-byte aligned
 * @time: IDLE: nanoseconds to pass; IDLE_UNTIL: card time in nanoseconds
 * @reserved: must be zero
 */
struct nmc_isa_control {
	struct nmc_isa_common c;
	__le32 count;
	__le32 body;
	__le16 set;
	__le16 reserved0;
	__le32 sram;
	__le64 time;
	__le64 reserved[4];
};

/**
 * struct nmc_isa_move - LOAD and STORE
 * @c: common part, no flags
 * @slot: slot index
 * @reserved0: must be zero
 * @sram: SRAM side
 * @slot_offset: byte offset of the first row within the slot
 * @slot_pitch: bytes from one row to the next within the slot; STORE: at least @row_bytes
 * @slot_stride: signed bytes added to @slot_offset in each iteration of the innermost enclosing LOOP
 * @rows: rows to move, at least 1
 * @row_bytes: bytes a row, at least 1
 * @reserved: must be zero
 */
struct nmc_isa_move {
	struct nmc_isa_common c;
	__le16 slot;
	__le16 reserved0;
	struct nmc_isa_sram sram;
	__le64 slot_offset;
	__le64 slot_pitch;
	__le64 slot_stride;
	__le32 rows;
	__le32 row_bytes;
	__le64 reserved;
};

/**
 * struct nmc_isa_fill - FILL
 * @c: common part, no flags
 * @dst: SRAM rows, 4-byte aligned
 * @words: 32-bit words a row
 * @rows: rows
 * @value: the word
 * @reserved: must be zero
 */
struct nmc_isa_fill {
	struct nmc_isa_common c;
	struct nmc_isa_sram dst;
	__le32 words;
	__le32 rows;
	__le32 value;
	__le32 reserved[8];
};

#define NMC_MVM_ACCUMULATE	(1u << 0)	/* add to the output instead of storing, saturating */
#define NMC_MVM_NO_READ_NOISE	(1u << 1)	/* leave read noise out of this product */
#define NMC_MVM_CELL_NOISE	(1u << 2)	/* draw the read noise of each cell, not that of each result */
#define NMC_MVM_NO_WIRES	(1u << 3)	/* as if wires had no resistance */
#define NMC_MVM_NO_SPREAD	(1u << 4)	/* as if every cell had been programmed to its target exactly */
#define NMC_MVM_NO_AGEING	(1u << 5)	/* as if no time had passed since programming */
#define NMC_MVM_NO_DEFECTS	(1u << 6)	/* as if every cell were sound */
#define NMC_MVM_NO_TEMPERATURE	(1u << 7)	/* as at the deck's reference temperature */
#define NMC_MVM_NO_CONVERTER_ERROR (1u << 8)	/* as if the converters of results had neither offset, gain error nor INL */
#define NMC_MVM_NO_IV		(1u << 9)	/* as if the current of a cell were proportional to its voltage; since minor version 1 */

/**
 * struct nmc_isa_mvm - MVM: out[v][j] = column j of (in[v] x tile); MVM_T: out[v][r] = row r of (tile x in[v])
 * @c: common part; flags NMC_MVM_*. Bits 2 to 9 ask what a product would be; they need %NMC_CLASS_WHAT_IF
 * @set: index of the attached tile set
 * @reserved0: must be zero
 * @tile: virtual tile within the set
 * @in: int8 DAC codes, @rows a vector (MVM_T: @cols), each -127..127
 * @out: int32, @cols a vector (MVM_T: @rows), 4-byte aligned; must overlap neither @in nor @columns
 * @columns: SRAM address of @cols (MVM_T: @rows) struct nmc_isa_column, 8-byte aligned; zero for a class without
 *	converters
 * @vectors: vectors in the batch, at least 1
 * @first_row: first physical row driven (MVM_T: converted); the other rows are held at zero
 * @rows: rows driven (MVM_T: converted), at least 1
 * @first_col: first output; an output of a class with differential pairs is two physical columns, driven by MVM_T with
 *	opposite signs
 * @cols: outputs converted (MVM_T: driven), at least 1
 * @adc_bits: 4..12; zero for a class without converters
 * @reserved: must be zero
 */
struct nmc_isa_mvm {
	struct nmc_isa_common c;
	__le16 set;
	__le16 reserved0;
	__le32 tile;
	struct nmc_isa_sram in;
	struct nmc_isa_sram out;
	__le32 columns;
	__le32 vectors;
	__le16 first_row;
	__le16 rows;
	__le16 first_col;
	__le16 cols;
	__u8 adc_bits;
	__u8 reserved[7];
};

#define NMC_COLUMN_PAIR_AFTER_ADC	(1u << 0)	/* convert both columns of the pair, then subtract */
#define NMC_COLUMN_SOURCE		(1u << 1)	/* this result is physical output @source of the tile; since minor version 1 */
#define NMC_COLUMN_REFERENCE		(1u << 2)	/* column @reference is subtracted before conversion; since minor version 2 */

/**
 * struct nmc_isa_column - conversion of one output, for MVM_T of one row, where @flags, @source and @reference are zero
 * @offset: analog offset, added to the sum before conversion, in units of one conductance LSB times one DAC code
 * @adc_mult: range multiplier
 * @adc_shift: range shift, 0..47: code = clip(half_even((sum + offset) * adc_mult / 2^adc_shift))
 * @flags: NMC_COLUMN_*
 * @scale_mult: digital scale, signed
 * @scale_shift: digital scale shift, 0..31: out = half_even(code * scale_mult / 2^scale_shift)
 * @reserved0: must be zero
 * @source: physical output with %NMC_COLUMN_SOURCE, no two of a product the same; else zero: @first_col and how many columns
 *	come before
 * @reference: physical output, another one, that is subtracted from this result with %NMC_COLUMN_REFERENCE, for a class with
 *	converters that are not for pairs: many results may share it; else zero
 */
struct nmc_isa_column {
	__le32 offset;
	__le16 adc_mult;
	__u8 adc_shift;
	__u8 flags;
	__le16 scale_mult;
	__u8 scale_shift;
	__u8 reserved0;
	__le16 source;
	__le16 reference;
};

#define NMC_VECTOR_PER_ELEMENT	(1u << 0)	/* REQUANT: one struct nmc_isa_requant an element, else one for all */

/**
 * struct nmc_isa_vector - vector unit and COPY
 * @c: common part; flags NMC_VECTOR_*
 * @src: source rows; int32 operands 4-byte aligned
 * @dst: destination rows; may be the source exactly, must not overlap it otherwise
 * @aux: SRAM address of the bias, requantisation parameters or table, 4-byte aligned, must not overlap @dst; zero
 *	where unused
 * @n: elements a row (COPY: bytes), at least 1
 * @vectors: rows, at least 1
 * @lo: REQUANT: lower clip, -127..127; zero elsewhere
 * @hi: REQUANT: upper clip, @lo..127; zero elsewhere
 * @reserved: must be zero
 */
struct nmc_isa_vector {
	struct nmc_isa_common c;
	struct nmc_isa_sram src;
	struct nmc_isa_sram dst;
	__le32 aux;
	__le32 n;
	__le32 vectors;
	__le32 lo;
	__le32 hi;
	__le32 reserved[3];
};

/**
 * struct nmc_isa_requant - requantisation of one element
 * @mult: signed multiplier
 * @shift: 0..62
 * @reserved: must be zero
 */
struct nmc_isa_requant {
	__le32 mult;
	__u8 shift;
	__u8 reserved[3];
};

/**
 * struct nmc_isa_program - PROGRAM, READ and ERASE of a region of one tile
 * @c: common part, no flags
 * @set: index of the attached tile set
 * @reserved0: must be zero
 * @tile: virtual tile within the set
 * @data: PROGRAM: int16 targets, READ: int16 results, one row of @cols a @pitch, 2-byte aligned; ERASE: zero.
 *	Conductance in LSB of 1.25 gmax / 32767 (0 to %NMC_CONDUCTANCE_MAX); integer weight -127..127 for class digital
 * @report: PROGRAM, ERASE: SRAM address for a struct nmc_isa_report, 8-byte aligned; zero for READ
 * @first_row: first physical row
 * @rows: rows, at least 1
 * @first_col: first physical column
 * @cols: physical columns, at least 1
 * @band: PROGRAM: acceptance half band in conductance LSB, zero for the technology's default
 * @max_pulses: PROGRAM: pulses a cell after which it is given up, zero for the technology's default
 * @reserved: must be zero
 */
struct nmc_isa_program {
	struct nmc_isa_common c;
	__le16 set;
	__le16 reserved0;
	__le32 tile;
	struct nmc_isa_sram data;
	__le32 report;
	__le16 first_row;
	__le16 rows;
	__le16 first_col;
	__le16 cols;
	__le16 band;
	__le16 max_pulses;
	__le32 reserved[5];
};

#define NMC_CONDUCTANCE_MAX	26214	/* gmax in LSB of 1.25 gmax / 32767, rounded half to even */
#define NMC_REPORT_BINS		16

/**
 * struct nmc_isa_report - outcome of PROGRAM or ERASE, one region of one tile
 * @cells: cells in the region
 * @converged: cells that ended inside the acceptance band
 * @given_up: cells abandoned at the pulse or reversal limit
 * @pulses_max: most pulses spent on one cell
 * @pulses: pulses spent in all
 * @set_pulses: of these SET pulses
 * @reset_pulses: of these RESET pulses
 * @reads: verify reads of a cell
 * @energy_fj: modelled energy, femtojoule
 * @time_ns: modelled duration without the settle time, nanoseconds
 * @settle_ns: settle time that passed after the last pulse, nanoseconds
 * @residual_rms: RMS of (conductance - target) at verify, in gmax / 2^20
 * @reserved0: zero
 * @pulse_hist: cells by pulses: bin b counts 2b and 2b + 1 pulses, the last bin all above
 * @error_hist: cells by |conductance - target| at verify: bin b counts [b, b + 1) quarters of the band, the last all above
 * @reserved: zero
 */
struct nmc_isa_report {
	__le32 cells;
	__le32 converged;
	__le32 given_up;
	__le32 pulses_max;
	__le64 pulses;
	__le64 set_pulses;
	__le64 reset_pulses;
	__le64 reads;
	__le64 energy_fj;
	__le64 time_ns;
	__le64 settle_ns;
	__le32 residual_rms;
	__le32 reserved0;
	__le32 pulse_hist[NMC_REPORT_BINS];
	__le32 error_hist[NMC_REPORT_BINS];
	__le64 reserved[6];
};

/**
 * struct nmc_isa_counters - what a job has used so far, written by COUNTERS
 * @insns: instructions executed
 * @macs: physical multiply-accumulates
 * @conversions: ADC conversions
 * @clips: conversions that clipped
 * @saturations: digital accumulations that saturated
 * @pulses: programming pulses
 * @time_ns: modelled duration, nanoseconds
 * @energy_fj: modelled energy, femtojoule
 */
struct nmc_isa_counters {
	__le64 insns;
	__le64 macs;
	__le64 conversions;
	__le64 clips;
	__le64 saturations;
	__le64 pulses;
	__le64 time_ns;
	__le64 energy_fj;
};

/**
 * enum nmc_isa_cause - why a job faulted
 * @NMC_FAULT_NONE: no fault
 * @NMC_FAULT_HEADER: header malformed: magic, instruction count, stream length
 * @NMC_FAULT_VERSION: ISA version not supported
 * @NMC_FAULT_OPCODE: unknown opcode
 * @NMC_FAULT_GROUP_UNSUPPORTED: the card lacks the instruction group
 * @NMC_FAULT_GROUP_UNDECLARED: the header does not list the instruction's group
 * @NMC_FAULT_RESERVED: reserved field or unknown flag not zero
 * @NMC_FAULT_OPERAND: operand out of its stated range
 * @NMC_FAULT_OVERFLOW: a size or address computation overflows
 * @NMC_FAULT_ALIGN: operand not aligned
 * @NMC_FAULT_SRAM: outside the job's SRAM window
 * @NMC_FAULT_SLOT_INDEX: slot not in the job
 * @NMC_FAULT_SLOT_BOUNDS: outside the slot
 * @NMC_FAULT_SLOT_ACCESS: slot not readable or not writable
 * @NMC_FAULT_SET_INDEX: tile set not attached to the job
 * @NMC_FAULT_SET_STALE: the tile set's generation changed
 * @NMC_FAULT_TILE_INDEX: virtual tile not in the set
 * @NMC_FAULT_TILE_BOUNDS: outside the tile's rows or columns
 * @NMC_FAULT_TILE_STATE: tile not in a state that allows the operation
 * @NMC_FAULT_LOOP: loop too deep, empty, or crossing its enclosing body
 * @NMC_FAULT_LIMIT: more than %NMC_ISA_MAX_STEPS instructions executed, or more partial writes of one tile than it can
 *	remember apart (the software card: one for 48 cells, but 64 to 2048; a programming of the whole tile
 *	leaves at most half of them, an erase one)
 * @NMC_FAULT_NO_END: ran past the last instruction
 * @NMC_FAULT_DMA: host memory did not answer
 * @NMC_FAULT_ABORTED: stopped by the host
 * @NMC_FAULT_TILE_FAILED: the tile does not answer; offset: physical tile
 */
enum nmc_isa_cause {
	NMC_FAULT_NONE			= 0,
	NMC_FAULT_HEADER		= 1,
	NMC_FAULT_VERSION		= 2,
	NMC_FAULT_OPCODE		= 3,
	NMC_FAULT_GROUP_UNSUPPORTED	= 4,
	NMC_FAULT_GROUP_UNDECLARED	= 5,
	NMC_FAULT_RESERVED		= 6,
	NMC_FAULT_OPERAND		= 7,
	NMC_FAULT_OVERFLOW		= 8,
	NMC_FAULT_ALIGN			= 9,
	NMC_FAULT_SRAM			= 10,
	NMC_FAULT_SLOT_INDEX		= 11,
	NMC_FAULT_SLOT_BOUNDS		= 12,
	NMC_FAULT_SLOT_ACCESS		= 13,
	NMC_FAULT_SET_INDEX		= 14,
	NMC_FAULT_SET_STALE		= 15,
	NMC_FAULT_TILE_INDEX		= 16,
	NMC_FAULT_TILE_BOUNDS		= 17,
	NMC_FAULT_TILE_STATE		= 18,
	NMC_FAULT_LOOP			= 19,
	NMC_FAULT_LIMIT			= 20,
	NMC_FAULT_NO_END		= 21,
	NMC_FAULT_DMA			= 22,
	NMC_FAULT_ABORTED		= 23,
	NMC_FAULT_TILE_FAILED		= 24,
};

#define NMC_FAULT_NO_INSN	0xffffffffu	/* the fault is in the header or the job table */

/**
 * struct nmc_isa_fault - where and why a job stopped
 * @cause: enum nmc_isa_cause
 * @insn: index of the instruction after the header, %NMC_FAULT_NO_INSN if none
 * @iteration: iteration of the innermost enclosing LOOP, 0 outside
 * @object: slot, set or virtual tile index, as the cause says; zero elsewhere
 * @tag: tag of the instruction
 * @offset: offending byte offset, value or address
 */
struct nmc_isa_fault {
	__le32 cause;
	__le32 insn;
	__le64 iteration;
	__le32 object;
	__le32 tag;
	__le64 offset;
};

#endif
