/* SPDX-License-Identifier: MIT */
/*
 * A command stream being written, and its copy for the card.
 */
#ifndef NMC_STREAM_H
#define NMC_STREAM_H

#include "isa/nmc_isa.h"
#include "libnmc/device/device.h"

/**
 * struct nmc_stream - a command stream
 * @sram_bytes: its window
 * @groups: instruction groups it uses
 * @slots: slots it names
 * @sets: tile sets it names
 * @count: instructions
 * @room: room in @insn
 * @insn: instructions
 * @upload: copy that the card reads; NULL until submitted, dropped when the stream changes
 */
struct nmc_stream {
	uint32_t sram_bytes;
	uint32_t groups;
	uint32_t slots;
	uint32_t sets;
	uint32_t count;
	uint32_t room;
	uint8_t (*insn)[NMC_ISA_INSN_BYTES];
	struct nmc_buffer *upload;
};

/* Tag of the instructions that follow: returned in fault records. Set in the instruction by the caller. */
int stream_append(struct nmc_stream *s, const void *insn);

/* Text of a failed job: status, cause, and the name that @tag stands for; returns the errno. */
int job_outcome(const struct device_result *r, const char *(*name_of)(void *context, uint32_t tag), void *context);

/* As nmc_job_wait(), with the whole result. */
int job_result(struct nmc_context *context, uint64_t job, int64_t timeout_ns, struct device_result *r);

/* NMC_MVM_* flags that leave the causes of @mask (enum nmc_cause) out of a product. */
uint32_t cause_flags(uint32_t mask);

#endif
