// SPDX-License-Identifier: MIT
/*
 * Writing command streams, submitting them, waiting for them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "hw/nmc_regs.h"
#include "libnmc/error.h"
#include "libnmc/run/stream.h"
#include "libnmc/sized.h"

int nmc_stream_create(uint32_t sram_bytes, struct nmc_stream **stream)
{
	*stream = calloc(1, sizeof(**stream));
	if (!*stream)
		return fail_memory();
	(*stream)->sram_bytes = sram_bytes;
	return 0;
}

void nmc_stream_destroy(struct nmc_stream *stream)
{
	if (!stream)
		return;
	nmc_buffer_destroy(stream->upload);
	free(stream->insn);
	free(stream);
}

int stream_append(struct nmc_stream *s, const void *insn)
{
	const struct nmc_isa_common *c = insn;

	if (s->count + 1 >= NMC_ISA_MAX_INSNS)
		return fail(-E2BIG, "a stream has at most %u instructions", NMC_ISA_MAX_INSNS);
	if (s->count == s->room) {
		uint32_t room = s->room ? 2 * s->room : 64;
		void *more = realloc(s->insn, (size_t)room * sizeof(*s->insn));

		if (!more)
			return fail_memory();
		s->insn = more;
		s->room = room;
	}
	memcpy(s->insn[s->count++], insn, NMC_ISA_INSN_BYTES);
	if (NMC_ISA_OP_GROUP(c->opcode) < 32)
		s->groups |= 1u << NMC_ISA_OP_GROUP(c->opcode);
	nmc_buffer_destroy(s->upload);
	s->upload = NULL;
	return 0;
}

int nmc_stream_raw(struct nmc_stream *stream, const void *instruction)
{
	stream->slots = NMC_MAX_SLOTS;
	stream->sets = NMC_MAX_SETS;
	return stream_append(stream, instruction);
}

int nmc_stream_loop(struct nmc_stream *stream, uint32_t count, uint32_t body)
{
	struct nmc_isa_control c = { .c.opcode = NMC_OP_LOOP, .count = count, .body = body };

	return stream_append(stream, &c);
}

static struct nmc_isa_sram sram_of(struct nmc_operand o)
{
	return (struct nmc_isa_sram){ .addr = o.addr, .pitch = o.pitch, .stride = (uint32_t)o.stride };
}

static int stream_move(struct nmc_stream *s, unsigned int opcode, unsigned int slot, uint64_t offset, uint64_t pitch,
		       uint32_t rows, uint32_t row_bytes, struct nmc_operand sram)
{
	struct nmc_isa_move m = { .c.opcode = (uint16_t)opcode, .slot = (uint16_t)slot, .sram = sram_of(sram),
				  .slot_offset = offset, .slot_pitch = pitch, .rows = rows, .row_bytes = row_bytes };

	if (slot >= NMC_MAX_SLOTS - 1)
		return fail(-EINVAL, "slot %u: a stream has slots 0 to %u", slot, NMC_MAX_SLOTS - 2);
	s->slots = s->slots > slot + 1 ? s->slots : slot + 1;
	return stream_append(s, &m);
}

int nmc_stream_load(struct nmc_stream *stream, unsigned int slot, uint64_t offset, uint64_t pitch, uint32_t rows,
		    uint32_t row_bytes, struct nmc_operand sram)
{
	return stream_move(stream, NMC_OP_LOAD, slot, offset, pitch, rows, row_bytes, sram);
}

int nmc_stream_store(struct nmc_stream *stream, unsigned int slot, uint64_t offset, uint64_t pitch, uint32_t rows,
		     uint32_t row_bytes, struct nmc_operand sram)
{
	return stream_move(stream, NMC_OP_STORE, slot, offset, pitch, rows, row_bytes, sram);
}

/* Fields of the instruction are narrower than the caller's. */
static int check_16(const char *what, uint32_t value)
{
	return value > UINT16_MAX ? fail(-EINVAL, "%s %u does not fit the instruction", what, value) : 0;
}

int nmc_stream_idle(struct nmc_stream *stream, uint32_t set, uint64_t ns)
{
	struct nmc_isa_control c = { .c.opcode = NMC_OP_IDLE, .set = (uint16_t)set, .time = ns };

	if (check_16("set", set))
		return -EINVAL;
	stream->sets = stream->sets > set + 1 ? stream->sets : set + 1;
	return stream_append(stream, &c);
}

static uint16_t mvm_flags(const struct nmc_mvm *mvm)
{
	return (uint16_t)(cause_flags(mvm->leave_out) | (mvm->accumulate ? NMC_MVM_ACCUMULATE : 0) |
			  (mvm->no_read_noise ? NMC_MVM_NO_READ_NOISE : 0) | (mvm->cell_noise ? NMC_MVM_CELL_NOISE : 0));
}

int nmc_stream_mvm(struct nmc_stream *stream, const struct nmc_mvm *mvm)
{
	struct nmc_isa_mvm m = {
		.c.opcode = mvm->backward ? NMC_OP_MVM_T : NMC_OP_MVM,
		.c.flags = mvm_flags(mvm),
		.set = (uint16_t)mvm->set,
		.tile = mvm->tile,
		.in = sram_of(mvm->in),
		.out = sram_of(mvm->out),
		.columns = mvm->columns,
		.vectors = mvm->vectors,
		.first_row = (uint16_t)mvm->first_row,
		.rows = (uint16_t)mvm->rows,
		.first_col = (uint16_t)mvm->first_output,
		.cols = (uint16_t)mvm->outputs,
		.adc_bits = (uint8_t)mvm->adc_bits,
	};

	if (check_16("set", mvm->set) || check_16("first row", mvm->first_row) || check_16("rows", mvm->rows) ||
	    check_16("first output", mvm->first_output) || check_16("outputs", mvm->outputs) ||
	    (mvm->adc_bits > UINT8_MAX && fail(-EINVAL, "%u ADC bits", mvm->adc_bits)))
		return -EINVAL;
	stream->sets = stream->sets > mvm->set + 1 ? stream->sets : mvm->set + 1;
	return stream_append(stream, &m);
}

static int add_write(struct nmc_stream *stream, struct nmc_isa_program *p, uint32_t set, uint32_t rows, uint32_t cols)
{
	if (check_16("set", set) || check_16("rows", rows) || check_16("columns", cols))
		return -EINVAL;
	p->set = (uint16_t)set;
	p->rows = (uint16_t)rows;
	p->cols = (uint16_t)cols;
	stream->sets = stream->sets > set + 1 ? stream->sets : set + 1;
	return stream_append(stream, p);
}

int nmc_stream_program(struct nmc_stream *stream, uint32_t set, uint32_t tile, struct nmc_operand data, uint32_t report,
		       uint32_t rows, uint32_t cols)
{
	struct nmc_isa_program p = {
		.c.opcode = NMC_OP_PROGRAM,
		.tile = tile,
		.data = sram_of(data),
		.report = report,
	};

	return add_write(stream, &p, set, rows, cols);
}

int nmc_stream_erase(struct nmc_stream *stream, uint32_t set, uint32_t tile, uint32_t report, uint32_t rows, uint32_t cols)
{
	struct nmc_isa_program p = { .c.opcode = NMC_OP_ERASE, .tile = tile, .report = report };

	return add_write(stream, &p, set, rows, cols);
}

static uint16_t at_most(uint32_t wanted, unsigned int most)
{
	return (uint16_t)(wanted < most ? wanted : most);
}

/* Header, instructions and END in a buffer of the device; a copy that a job may still read is left to it. */
static int upload(struct nmc_stream *s, const struct nmc_context *context, unsigned int slots)
{
	struct nmc_device *device = context->device;
	struct nmc_isa_control end = { .c.opcode = NMC_OP_END };
	size_t bytes = (size_t)(s->count + 2) * NMC_ISA_INSN_BYTES;
	struct nmc_isa_header head = {
		.magic = NMC_ISA_MAGIC,
		.major = NMC_ISA_MAJOR,
		.minor = context->minor,
		.insns = s->count + 1,
		.groups = s->groups | 1u << NMC_GROUP_CONTROL,
		.sram_bytes = s->sram_bytes,
		.slots = at_most(s->slots, slots),
		.sets = at_most(s->sets, context->sets),
	};
	uint8_t *to;
	int ret;

	if (s->upload && s->upload->device == device && !memcmp(nmc_buffer_data(s->upload), &head, sizeof(head)))
		return 0;
	nmc_buffer_destroy(s->upload);
	ret = nmc_buffer_create(device, bytes, &s->upload);
	if (ret)
		return ret;
	to = nmc_buffer_data(s->upload);
	memcpy(to, &head, sizeof(head));
	if (s->count)
		memcpy(to + sizeof(head), s->insn, (size_t)s->count * NMC_ISA_INSN_BYTES);
	memcpy(to + bytes - sizeof(end), &end, sizeof(end));
	return 0;
}

int nmc_job_submit(struct nmc_context *context, struct nmc_stream *stream, const struct nmc_slot_ref *slots,
		   unsigned int count, uint64_t *job)
{
	struct device *reach = context->device->reach;
	struct device_slot list[DEVICE_MAX_SLOTS];
	struct device_job d = { .slots = list, .count = count + 1, .stream_slot = count };
	unsigned int i;
	int ret;

	if (count >= DEVICE_MAX_SLOTS)
		return fail(-E2BIG, "a job has at most %u buffers, not %u", DEVICE_MAX_SLOTS - 1, count);
	ret = upload(stream, context, count);
	if (ret)
		return ret;
	for (i = 0; i < count; i++)
		list[i] = (struct device_slot){ slots[i].buffer->handle, slots[i].buffer->bytes, slots[i].write };
	list[count] = (struct device_slot){ stream->upload->handle, stream->upload->bytes, false };
	d.stream_bytes = stream->upload->bytes;
	return reach->ops->submit(reach, context->context, &d, job);
}

int job_outcome(const struct device_result *r, const char *(*name_of)(void *context, uint32_t tag), void *context)
{
	const char *name = name_of && r->tag ? name_of(context, r->tag) : NULL;

	if (!r->status)
		return 0;
	if (r->status == NMC_STATUS_ABORTED)
		return fail(-ECANCELED, "the job was stopped");
	if (r->status != NMC_STATUS_FAULT)
		return fail(-EIO, "the job failed: %s", status_text(r->status));
	if (r->insn == NMC_FAULT_NO_INSN)
		return fail(-EIO, "the job was refused: %s (object %u, offset %llu)", cause_text(r->cause), r->object,
			    (unsigned long long)r->offset);
	return fail(-EIO, "%s%sinstruction %u, iteration %llu: %s (object %u, offset %llu)", name ? name : "",
		    name ? ": " : "", r->insn, (unsigned long long)r->iteration, cause_text(r->cause), r->object,
		    (unsigned long long)r->offset);
}

int job_result(struct nmc_context *context, uint64_t job, int64_t timeout_ns, struct device_result *r)
{
	struct device *reach = context->device->reach;

	return reach->ops->wait(reach, context->context, job, timeout_ns, r);
}

int nmc_job_wait(struct nmc_context *context, uint64_t job, int64_t timeout_ns, struct nmc_job_report *report)
{
	struct device_result r;
	int ret = job_result(context, job, timeout_ns, &r);

	if (ret)
		return ret;
	if (report) {
		struct nmc_job_report full = { sizeof(full), r.status, r.cause, r.insn, r.modelled_ns, r.energy_fj };

		ret = give(report, &full, sizeof(full), "struct nmc_job_report");
		if (ret)
			return ret;
	}
	return job_outcome(&r, NULL, NULL);
}
