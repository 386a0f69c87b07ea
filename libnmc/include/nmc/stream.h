/* SPDX-License-Identifier: MIT */
/*
 * Part of nmc.h, which is what programs include: buffers, tile sets, contexts and command streams.
 */
#ifndef NMC_PUBLIC_STREAM_H
#define NMC_PUBLIC_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nmc_device;
struct nmc_buffer;
struct nmc_tileset;
struct nmc_context;
struct nmc_stream;

/* ---- streams, for those who write them: the layer that plans are made of ---- */

/* A zeroed buffer that the card can reach. */
int nmc_buffer_create(struct nmc_device *device, size_t bytes, struct nmc_buffer **buffer);
/* Frees a buffer; jobs in flight that use it keep its memory until they end. NULL is allowed. */
void nmc_buffer_destroy(struct nmc_buffer *buffer);
/* Its memory, mapped for reading and writing while the buffer lives; a job's writes are there once it was waited for. */
void *nmc_buffer_data(struct nmc_buffer *buffer);
/* Its size as it was asked for. */
size_t nmc_buffer_bytes(const struct nmc_buffer *buffer);

/* @tiles tiles of class @class_index, FREE before. -ENOSPC with a text that says how many are free. */
int nmc_tileset_create(struct nmc_device *device, unsigned int class_index, unsigned int tiles, struct nmc_tileset **set);
/* Gives the tiles back, which the card erases; contexts with the set must be gone. NULL is allowed. */
void nmc_tileset_destroy(struct nmc_tileset *set);

/**
 * nmc_tileset_create_persistent() - tiles that keep what they hold when the process ends
 * @device: the device
 * @class_index: tile class
 * @tiles: tiles, FREE before
 * @uuid: unique name, 16 bytes, not all zero
 * @label: free text for people, at most 31 bytes count
 * @set: out: to be given to nmc_tileset_destroy(), which keeps the tiles, or nmc_tileset_erase()
 *
 * Return: 0, -EEXIST (open it), -ENOSPC (the text says how many are free), -EINVAL, -ENOMEM. Only its owner may open it again.
 */
int nmc_tileset_create_persistent(struct nmc_device *device, unsigned int class_index, unsigned int tiles, const uint8_t *uuid,
				  const char *label, struct nmc_tileset **set);

/* Finds a persistent set again. -ENOENT there is none of that name, -EACCES another's, -EBUSY open elsewhere. */
int nmc_tileset_open(struct nmc_device *device, const uint8_t *uuid, struct nmc_tileset **set);

/* Ends a set and erases its tiles, also one that is persistent. */
void nmc_tileset_erase(struct nmc_tileset *set);

/* Jobs of a context run in order; set i of @sets is set i of its streams. */
int nmc_context_create(struct nmc_device *device, struct nmc_tileset *const *sets, unsigned int count,
		       struct nmc_context **context);
/* Ends a context; jobs that were not waited for are cancelled or run to their end. NULL is allowed. */
void nmc_context_destroy(struct nmc_context *context);

/**
 * struct nmc_operand - an operand in SRAM
 * @addr: byte address
 * @pitch: bytes between vectors
 * @stride: bytes added in each iteration of a loop
 */
struct nmc_operand {
	uint32_t addr;
	uint32_t pitch;
	int32_t stride;
};

/* A command stream with an SRAM window of @sram_bytes; it ends with an END of its own when submitted. */
int nmc_stream_create(uint32_t sram_bytes, struct nmc_stream **stream);
/* Frees a stream; jobs that were submitted have copies. NULL is allowed. */
void nmc_stream_destroy(struct nmc_stream *stream);
/* Repeats the next @body instructions @count times. */
int nmc_stream_loop(struct nmc_stream *stream, uint32_t count, uint32_t body);
/*
 * Copies @rows rows of @row_bytes from buffer @slot of the job, at byte @offset and @pitch bytes apart, to SRAM, where they lie
 * as @sram says. -EINVAL (slot), -ENOMEM; whether it fits buffer and SRAM the card checks.
 */
int nmc_stream_load(struct nmc_stream *stream, unsigned int slot, uint64_t offset, uint64_t pitch, uint32_t rows,
		    uint32_t row_bytes, struct nmc_operand sram);
/* The same from SRAM to the buffer, which the job must be allowed to write. */
int nmc_stream_store(struct nmc_stream *stream, unsigned int slot, uint64_t offset, uint64_t pitch, uint32_t rows,
		     uint32_t row_bytes, struct nmc_operand sram);

/**
 * struct nmc_mvm - operands of a product
 * @set: attached set
 * @tile: virtual tile
 * @in: int8 codes
 * @out: int32 results
 * @columns: SRAM address of the column parameters (16 bytes a result; see the ISA reference)
 * @vectors: batch
 * @first_row: first row
 * @rows: rows
 * @first_output: first output
 * @outputs: outputs
 * @adc_bits: 4..12, 0 for integer classes
 * @accumulate: add to @out
 * @no_read_noise: leave read noise out
 * @cell_noise: draw the read noise of each cell rather than that of each result (a class with @what_if)
 * @backward: the other way: the tile's transpose, @outputs codes in and @rows results out (a card with NMC_GROUP_MVM_T)
 * @leave_out: bits of enum nmc_cause to leave out (a class with @what_if)
 */
struct nmc_mvm {
	uint32_t set;
	uint32_t tile;
	struct nmc_operand in;
	struct nmc_operand out;
	uint32_t columns;
	uint32_t vectors;
	uint32_t first_row;
	uint32_t rows;
	uint32_t first_output;
	uint32_t outputs;
	uint32_t adc_bits;
	bool accumulate;
	bool no_read_noise;
	bool cell_noise;
	bool backward;
	uint32_t leave_out;
};

/**
 * nmc_stream_mvm() - appends a product of vectors with a tile
 * @stream: the stream
 * @mvm: operands, copied: @vectors vectors of @rows int8 codes in, @outputs int32 results each out; backwards the other way
 *
 * Return: 0, -EINVAL (a number that the instruction has no room for; the text names it), -ENOMEM. What the card cannot do with
 * it, as rows that the tile has not, is the fault of the job.
 */
int nmc_stream_mvm(struct nmc_stream *stream, const struct nmc_mvm *mvm);
/* Lets card time pass for set @set: its cells age. */
int nmc_stream_idle(struct nmc_stream *stream, uint32_t set, uint64_t ns);
/* Programs @rows x @cols cells of a tile from int16 targets at @data; the report goes to SRAM at @report. */
int nmc_stream_program(struct nmc_stream *stream, uint32_t set, uint32_t tile, struct nmc_operand data, uint32_t report,
		       uint32_t rows, uint32_t cols);
/* Takes @rows x @cols cells of a tile to their lowest conductance, verified, which wears them; a report as of programming. */
int nmc_stream_erase(struct nmc_stream *stream, uint32_t set, uint32_t tile, uint32_t report, uint32_t rows, uint32_t cols);
/* Any instruction, 64 bytes as in isa/nmc_isa.h, checked by the card alone. */
int nmc_stream_raw(struct nmc_stream *stream, const void *instruction);

/**
 * struct nmc_slot_ref - a buffer of a job
 * @buffer: the buffer, whole
 * @write: the card may write it (it may always read it)
 */
struct nmc_slot_ref {
	struct nmc_buffer *buffer;
	bool write;
};

/**
 * struct nmc_job_report - outcome of a job
 * @size: sizeof(struct nmc_job_report)
 * @status: 0 or the card's status
 * @cause: fault cause, 0 none
 * @instruction: faulting instruction
 * @modelled_ns: modelled duration
 * @energy_fj: modelled energy, femtojoule
 */
struct nmc_job_report {
	uint32_t size;
	uint32_t status;
	uint32_t cause;
	uint32_t instruction;
	uint64_t modelled_ns;
	uint64_t energy_fj;
};
#define NMC_JOB_REPORT_INIT { .size = sizeof(struct nmc_job_report) }

/**
 * nmc_job_submit() - submits a stream; the library keeps a copy of it for the card
 * @context: context
 * @stream: stream; unchanged, may be submitted again (the upload is then reused)
 * @slots: buffers, slot i of the stream; must stay until the job ended
 * @count: at most 63
 * @job: out: id for nmc_job_wait()
 *
 * Jobs may be in flight together; waits when the queue is full. Several threads may submit to different contexts.
 *
 * Return: 0, -E2BIG (too many buffers), -ENODEV, -ENOMEM.
 */
int nmc_job_submit(struct nmc_context *context, struct nmc_stream *stream, const struct nmc_slot_ref *slots,
		   unsigned int count, uint64_t *job);
/* Waits for a job; 0, -ETIMEDOUT, or its failure (-EIO with the fault in words; -ENODEV). @report may be NULL. */
int nmc_job_wait(struct nmc_context *context, uint64_t job, int64_t timeout_ns, struct nmc_job_report *report);

#ifdef __cplusplus
}
#endif

#endif
