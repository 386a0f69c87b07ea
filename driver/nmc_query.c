// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries. Each type is a function that answers one item into a buffer and says whether it exists;
 * counting, sizes and user memory are common to all.
 */
#include <linux/nospec.h>
#include <linux/uaccess.h>
#include "nmc_context.h"
#include "nmc_query.h"
#include "nmc_queue.h"

#define NMC_QUERY_MOST		4096
#define NMC_QUERY_BYTES		4096	/* of an item as the caller knows it */

/**
 * struct nmc_query - one type of query
 * @bytes: size of an item
 * @get: answers item @index; -ENOENT past the last one
 */
struct nmc_query {
	u32 bytes;
	int (*get)(struct nmc_device *nmc, struct nmc_file *file, u32 index, void *item);
};

void nmc_fault_to_user(struct drm_nmc_fault *to, const struct nmc_isa_fault *from)
{
	to->cause = le32_to_cpu(from->cause);
	to->insn = le32_to_cpu(from->insn);
	to->iteration = le64_to_cpu(from->iteration);
	to->object = le32_to_cpu(from->object);
	to->tag = le32_to_cpu(from->tag);
	to->offset = le64_to_cpu(from->offset);
}

static int nmc_query_exec(struct nmc_device *nmc, struct nmc_admin_cmd *cmd, void *out,
			  size_t bytes)
{
	cmd->out = out;
	cmd->out_bytes = bytes;
	return nmc_admin_exec(nmc, cmd);
}

static int nmc_query_log(struct nmc_device *nmc, enum nmc_log page, u32 index, void *out,
			 size_t bytes)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_GET_LOG);
	int err;

	cmd.sqe.index = cpu_to_le32(page);
	cmd.sqe.offset = cpu_to_le64(index);
	err = nmc_query_exec(nmc, &cmd, out, bytes);
	return err ?: (index < cmd.result ? 0 : -ENOENT);
}

int nmc_query_identify(struct nmc_device *nmc)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_IDENTIFY);
	int err = nmc_query_exec(nmc, &cmd, &nmc->id, sizeof(nmc->id));

	nmc->id.name[sizeof(nmc->id.name) - 1] = '\0';
	nmc->id.firmware[sizeof(nmc->id.firmware) - 1] = '\0';
	return err;
}

int nmc_query_error_count(struct nmc_device *nmc, u64 *count)
{
	struct nmc_health_log log;
	int err = nmc_query_log(nmc, NMC_LOG_HEALTH, 0, &log, sizeof(log));

	*count = err ? 0 : le64_to_cpu(log.errors);
	return err;
}

static void nmc_query_pci(struct nmc_device *nmc, struct drm_nmc_device *out)
{
	struct pci_dev *pdev = nmc->pdev;

	out->numa_node = dev_to_node(&pdev->dev);
	out->vectors = nmc->vectors;
	out->pci_domain = pci_domain_nr(pdev->bus);
	out->pci_bus = pdev->bus->number;
	out->pci_device = PCI_SLOT(pdev->devfn);
	out->pci_function = PCI_FUNC(pdev->devfn);
}

static int nmc_query_device(struct nmc_device *nmc, struct nmc_file *file, u32 index, void *item)
{
	const struct nmc_identify *id = &nmc->id;
	struct drm_nmc_device *out = item;

	if (index)
		return -ENOENT;
	out->serial = le64_to_cpu(id->serial);
	out->epoch = nmc->epoch;
	out->hw_version = le32_to_cpu(id->hw_version);
	out->isa_version = le32_to_cpu(id->isa_version);
	out->groups = le32_to_cpu(id->groups);
	out->sram_bytes = le32_to_cpu(id->sram_bytes);
	out->tiles = le32_to_cpu(id->tiles);
	out->classes = le32_to_cpu(id->classes);
	out->queues = nmc->queues->count;
	out->engines = le32_to_cpu(id->engines);
	out->max_slots = min_t(u32, le32_to_cpu(id->max_slots), NMC_MAX_SLOTS);
	out->max_sets = min_t(u32, le32_to_cpu(id->max_sets), NMC_MAX_SETS);
	out->max_stream = (NMC_ISA_MAX_INSNS + 1) * NMC_ISA_INSN_BYTES;
	out->flags = nmc->cap & NMC_CAP_SOFTWARE ? DRM_NMC_DEVICE_SOFTWARE : 0;
	out->seed = le64_to_cpu(id->seed);
	memcpy(out->name, id->name, sizeof(out->name));
	memcpy(out->firmware, id->firmware, sizeof(out->firmware));
	nmc_query_pci(nmc, out);
	return 0;
}

static int nmc_query_class(struct nmc_device *nmc, struct nmc_file *file, u32 index, void *item)
{
	struct nmc_admin_cmd cmd = NMC_ADMIN_CMD(NMC_ADMIN_CLASS);
	struct drm_nmc_class *out = item;
	struct nmc_tile_class in;
	int err;

	if (index >= le32_to_cpu(nmc->id.classes))
		return -ENOENT;
	cmd.sqe.index = cpu_to_le32(index);
	err = nmc_query_exec(nmc, &cmd, &in, sizeof(in));
	if (err)
		return err;
	strscpy(out->name, in.name, sizeof(out->name));
	out->technology = le32_to_cpu(in.technology);
	out->neuron = le32_to_cpu(in.neuron);
	out->flags = le32_to_cpu(in.flags);
	out->tiles = le32_to_cpu(in.tiles);
	out->free = le32_to_cpu(in.free);
	out->retired = le32_to_cpu(in.retired);
	out->rows = le16_to_cpu(in.rows);
	out->cols = le16_to_cpu(in.cols);
	out->outputs = le16_to_cpu(in.outputs);
	out->dac_bits = in.dac_bits;
	out->adc_bits_min = in.adc_bits_min;
	out->adc_bits_max = in.adc_bits_max;
	out->gmin_ns = le32_to_cpu(in.gmin_ns);
	out->gmax_ns = le32_to_cpu(in.gmax_ns);
	out->target_low_ns = le32_to_cpu(in.target_low_ns);
	out->target_high_ns = le32_to_cpu(in.target_high_ns);
	out->deck = le64_to_cpu(in.deck);
	out->endurance = le64_to_cpu(in.endurance);
	return 0;
}

static int nmc_query_health(struct nmc_device *nmc, struct nmc_file *file, u32 index, void *item)
{
	struct drm_nmc_health *out = item;
	struct nmc_health_log in;
	unsigned int i;
	int err;

	err = index ? -ENOENT : nmc_query_log(nmc, NMC_LOG_HEALTH, 0, &in, sizeof(in));
	if (err)
		return err;
	out->uptime_ms = le64_to_cpu(in.uptime_ms);
	out->energy_fj = le64_to_cpu(in.energy_fj);
	out->modelled_busy_ns = le64_to_cpu(in.modelled_busy_ns);
	out->wall_busy_ns = le64_to_cpu(in.wall_busy_ns);
	out->jobs = le64_to_cpu(in.jobs);
	out->faults = le64_to_cpu(in.faults);
	out->macs = le64_to_cpu(in.macs);
	out->conversions = le64_to_cpu(in.conversions);
	out->clips = le64_to_cpu(in.clips);
	out->pulses = le64_to_cpu(in.pulses);
	out->errors = le64_to_cpu(in.errors);
	out->interrupts = atomic64_read(&nmc->interrupts);
	for (i = 0; i < ARRAY_SIZE(out->tiles_by_state); i++)
		out->tiles_by_state[i] = le32_to_cpu(in.tiles_by_state[i]);
	out->temperature_mc = (s32)le32_to_cpu(in.temperature_mc);
	out->array_ns = le64_to_cpu(in.array_ns);
	out->scrub_ns = le64_to_cpu(in.scrub_ns);
	out->scrub_rows = le64_to_cpu(in.scrub_rows);
	out->deviation_limit_ppm = le32_to_cpu(in.deviation_limit_ppm);
	out->scrub_ppm = le32_to_cpu(in.scrub_ppm);
	out->wear_limit_ppm = le32_to_cpu(in.wear_limit_ppm);
	return 0;
}

static int nmc_query_tile(struct nmc_device *nmc, struct nmc_file *file, u32 index, void *item)
{
	struct drm_nmc_tile *out = item;
	struct nmc_tile_log in;
	int err;

	err = nmc_query_log(nmc, NMC_LOG_TILES, index, &in, sizeof(in));
	if (err)
		return err;
	out->tile = le32_to_cpu(in.tile);
	out->state = le32_to_cpu(in.state);
	out->class_id = le32_to_cpu(in.class);
	out->handle = in.set ? nmc_tileset_find_handle(file, le32_to_cpu(in.set)) : 0;
	out->mine = !!out->handle;
	out->programmed_ns = le64_to_cpu(in.programmed_ns);
	out->pulses = le64_to_cpu(in.pulses);
	out->products = le64_to_cpu(in.products);
	out->cells = le32_to_cpu(in.cells);
	out->converged = le32_to_cpu(in.converged);
	out->residual_rms = le32_to_cpu(in.residual_rms);
	out->deviation_ppm = le32_to_cpu(in.deviation_ppm);
	out->mean_pulses_q8 = le32_to_cpu(in.mean_pulses_q8);
	out->pulses_max = le32_to_cpu(in.pulses_max);
	out->scrubbed_ns = le64_to_cpu(in.scrubbed_ns);
	out->wear_max = le64_to_cpu(in.wear_max);
	out->wear_mean_q8 = le64_to_cpu(in.wear_mean_q8);
	out->deviation_max_ppm = le32_to_cpu(in.deviation_max_ppm);
	out->drift_ppm = (s32)le32_to_cpu(in.drift_ppm);
	out->defects = le32_to_cpu(in.defects);
	out->scrubbed_cells = le32_to_cpu(in.scrubbed_cells);
	return 0;
}

static int nmc_query_queue(struct nmc_device *nmc, struct nmc_file *file, u32 index, void *item)
{
	struct drm_nmc_queue *out = item;
	struct nmc_queue_log in;
	int err;

	if (index > nmc->queues->count)
		return -ENOENT;
	err = nmc_query_log(nmc, NMC_LOG_QUEUES, index, &in, sizeof(in));
	if (err)
		return err;
	out->generation = le64_to_cpu(in.generation);
	out->jobs = le64_to_cpu(in.jobs);
	out->doorbells = le64_to_cpu(in.doorbells);
	out->interrupts = le64_to_cpu(in.interrupts);
	out->host_interrupts = atomic64_read(index ? &nmc->queues->queue[index - 1].interrupts :
					     &nmc->admin.interrupts);
	out->wall_busy_ns = le64_to_cpu(in.wall_busy_ns);
	out->modelled_busy_ns = le64_to_cpu(in.modelled_busy_ns);
	out->mmio_reads = le64_to_cpu(in.mmio_reads);
	out->mmio_writes = le64_to_cpu(in.mmio_writes);
	out->heartbeat_reads = le64_to_cpu(in.heartbeat_reads);
	return 0;
}

static int nmc_query_error(struct nmc_device *nmc, struct nmc_file *file, u32 index, void *item)
{
	struct drm_nmc_error *out = item;
	struct nmc_error_log in;
	int err;

	err = nmc_query_log(nmc, NMC_LOG_ERRORS, index, &in, sizeof(in));
	if (err)
		return err;
	out->sequence = le64_to_cpu(in.sequence);
	out->wall_ms = le64_to_cpu(in.wall_ms);
	out->queue = le16_to_cpu(in.queue);
	out->status = le16_to_cpu(in.status);
	if (nmc_context_owns_error(file, &in) || capable(CAP_SYS_ADMIN))
		nmc_fault_to_user(&out->fault, &in.fault);
	return 0;
}

static const struct nmc_query nmc_queries[] = {
	[DRM_NMC_QUERY_DEVICE] = { sizeof(struct drm_nmc_device), nmc_query_device },
	[DRM_NMC_QUERY_CLASS] = { sizeof(struct drm_nmc_class), nmc_query_class },
	[DRM_NMC_QUERY_HEALTH] = { sizeof(struct drm_nmc_health), nmc_query_health },
	[DRM_NMC_QUERY_TILE] = { sizeof(struct drm_nmc_tile), nmc_query_tile },
	[DRM_NMC_QUERY_QUEUE] = { sizeof(struct drm_nmc_queue), nmc_query_queue },
	[DRM_NMC_QUERY_ERROR] = { sizeof(struct drm_nmc_error), nmc_query_error },
};

union nmc_query_item {
	struct drm_nmc_device device;
	struct drm_nmc_class tile_class;
	struct drm_nmc_health health;
	struct drm_nmc_tile tile;
	struct drm_nmc_queue queue;
	struct drm_nmc_error error;
};

static int nmc_query_put(const struct nmc_query *query, const struct drm_nmc_dev_query *args, u32 i,
			 const void *item)
{
	u64 address = args->pointer + (u64)i * args->size;
	u32 bytes = min(args->size, query->bytes);

	if (copy_to_user(u64_to_user_ptr(address), item, bytes) ||
	    clear_user(u64_to_user_ptr(address + bytes), args->size - bytes))
		return -EFAULT;
	return 0;
}

/* Answers up to @args->count items; @count is how many there were. */
static int nmc_query_items(struct nmc_device *nmc, struct nmc_file *file,
			   const struct nmc_query *query, const struct drm_nmc_dev_query *args,
			   u32 *count)
{
	union nmc_query_item item;
	u32 i, index;
	int err;

	for (i = 0; i < args->count && !check_add_overflow(args->index, i, &index); i++) {
		memset(&item, 0, sizeof(item));
		err = query->get(nmc, file, index, &item);
		if (err == -ENOENT)
			break;
		if (!err)
			err = nmc_query_put(query, args, i, &item);
		if (!err && fatal_signal_pending(current))
			err = -EINTR;
		if (err)
			return err;
		cond_resched();
	}
	*count = i;
	return 0;
}

int nmc_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_dev_query *args = data;
	const struct nmc_query *query;
	u32 count = 0;
	int idx, err;

	if (args->type >= ARRAY_SIZE(nmc_queries))
		return -ENOENT;
	query = &nmc_queries[array_index_nospec(args->type, ARRAY_SIZE(nmc_queries))];
	if (args->pointer) {
		if (!args->count || args->count > NMC_QUERY_MOST || !args->size)
			return -EINVAL;
		/* What is beyond an item is cleared, which must not last. */
		if (args->size > NMC_QUERY_BYTES)
			return -E2BIG;
		if (!drm_dev_enter(drm, &idx))
			return -ENODEV;
		err = nmc_query_items(to_nmc(drm), file->driver_priv, query, args, &count);
		drm_dev_exit(idx);
		if (err)
			return err;
		args->count = count;
	}
	args->size = query->bytes;
	return 0;
}
