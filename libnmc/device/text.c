// SPDX-License-Identifier: MIT
/*
 * Statuses and fault causes of the card in words.
 */
#include <stdio.h>
#include "hw/nmc_regs.h"
#include "libnmc/device/device.h"

#define STATUSES(X) \
	X(NMC_STATUS_OK, "success") \
	X(NMC_STATUS_OPCODE, "the card does not know this command") \
	X(NMC_STATUS_FIELD, "a field of the command has a value that is not allowed") \
	X(NMC_STATUS_NOT_FOUND, "no such object on the card") \
	X(NMC_STATUS_EXISTS, "the object exists already") \
	X(NMC_STATUS_BUSY, "the object is in use") \
	X(NMC_STATUS_NO_TILES, "too few tiles of the class are free") \
	X(NMC_STATUS_NO_SPACE, "a table of the card is full") \
	X(NMC_STATUS_DMA, "host memory did not answer") \
	X(NMC_STATUS_FAULT, "the job faulted") \
	X(NMC_STATUS_ABORTED, "stopped by the host") \
	X(NMC_STATUS_INTERNAL, "the card failed")

#define CAUSES(X) \
	X(NMC_FAULT_NONE, "no fault") \
	X(NMC_FAULT_HEADER, "the stream's header is malformed") \
	X(NMC_FAULT_VERSION, "the stream's version is not supported") \
	X(NMC_FAULT_OPCODE, "unknown opcode") \
	X(NMC_FAULT_GROUP_UNSUPPORTED, "the card lacks this instruction group") \
	X(NMC_FAULT_GROUP_UNDECLARED, "the header does not list this instruction group") \
	X(NMC_FAULT_RESERVED, "a reserved field or unknown flag is not zero") \
	X(NMC_FAULT_OPERAND, "an operand is out of range") \
	X(NMC_FAULT_OVERFLOW, "a size or address overflows") \
	X(NMC_FAULT_ALIGN, "an operand is not aligned") \
	X(NMC_FAULT_SRAM, "outside the job's SRAM window") \
	X(NMC_FAULT_SLOT_INDEX, "no such slot") \
	X(NMC_FAULT_SLOT_BOUNDS, "outside the slot") \
	X(NMC_FAULT_SLOT_ACCESS, "the slot does not allow this access") \
	X(NMC_FAULT_SET_INDEX, "no such tile set") \
	X(NMC_FAULT_SET_STALE, "the tile set was released meanwhile") \
	X(NMC_FAULT_TILE_INDEX, "no such tile in the set") \
	X(NMC_FAULT_TILE_BOUNDS, "outside the tile") \
	X(NMC_FAULT_TILE_STATE, "the tile's state does not allow this") \
	X(NMC_FAULT_LOOP, "a loop is too deep, empty or crosses its enclosing body") \
	X(NMC_FAULT_LIMIT, "too many instructions executed, or too many partial writes of one tile") \
	X(NMC_FAULT_NO_END, "ran past the last instruction") \
	X(NMC_FAULT_DMA, "host memory did not answer") \
	X(NMC_FAULT_ABORTED, "stopped by the host") \
	X(NMC_FAULT_TILE_FAILED, "the tile does not answer: it has failed")

#define CASE(name, text) case name: return text;

const char *status_text(unsigned int status)
{
	switch (status) {
	STATUSES(CASE)
	default:
		return "unknown status";
	}
}

const char *cause_text(unsigned int cause)
{
	switch (cause) {
	CAUSES(CASE)
	default:
		return "unknown cause";
	}
}

void describe_error(char *text, size_t bytes, unsigned int queue, unsigned int status, const struct device_result *fault)
{
	char where[32] = "in-process";

	if (queue != 0xffff)
		snprintf(where, sizeof(where), "queue %u", queue);
	if (status != NMC_STATUS_FAULT)
		snprintf(text, bytes, "%s: %s", where, status_text(status));
	else if (fault->insn == NMC_FAULT_NO_INSN)
		snprintf(text, bytes, "%s: %s (object %u, offset %llu)", where, cause_text(fault->cause), fault->object,
			 (unsigned long long)fault->offset);
	else
		snprintf(text, bytes, "%s: instruction %u: %s (object %u, offset %llu)", where, fault->insn,
			 cause_text(fault->cause), fault->object, (unsigned long long)fault->offset);
}
