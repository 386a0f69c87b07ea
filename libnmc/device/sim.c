// SPDX-License-Identifier: MIT
/*
 * The in-process door: a card in software of one's own, without kernel or virtual machine. Jobs of a context run in
 * order on a thread of the context.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/card.h"
#include "libnmc/device/sim.h"
#include "libnmc/error.h"

static struct sim *sim_of(struct device *d)
{
	return (struct sim *)d;
}

static unsigned int admin(struct sim *s, struct nmc_sqe sqe, uint64_t *result)
{
	struct nmc_cqe cqe;

	card_admin(s->card, &sqe, &card_dma_process, &cqe);
	if (result)
		*result = cqe.result;
	return cqe.status;
}

static int admin_fail(const char *what, unsigned int status)
{
	return fail(status == NMC_STATUS_NOT_FOUND ? -ENOENT : status == NMC_STATUS_BUSY ? -EBUSY : -EIO, "%s: %s", what,
		    status_text(status));
}

static void sim_close(struct device *d)
{
	struct sim *s = sim_of(d);

	card_destroy(s->card);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static unsigned int identify(struct sim *s, struct nmc_identify *id)
{
	return admin(s, (struct nmc_sqe){ .opcode = NMC_ADMIN_IDENTIFY, .addr = (uintptr_t)id, .bytes = sizeof(*id) },
		     NULL);
}

static int sim_info(struct device *d, struct nmc_device_info *info)
{
	struct nmc_identify id;
	unsigned int status = identify(sim_of(d), &id);

	if (status)
		return admin_fail("identify", status);
	info->classes = id.classes;
	snprintf(info->name, sizeof(info->name), "%.31s", id.name);
	snprintf(info->firmware, sizeof(info->firmware), "%.31s", id.firmware);
	snprintf(info->driver, sizeof(info->driver), "in-process");
	info->serial = id.serial;
	info->isa_version = id.isa_version;
	info->groups = id.groups;
	info->tiles = id.tiles;
	info->engines = id.engines;
	info->queues = id.queues;
	info->sram_bytes = id.sram_bytes;
	info->numa_node = -1;
	info->software = 1;
	info->seed = id.seed;
	return 0;
}

static int sim_classes(struct device *d, unsigned int index, struct nmc_class_info *info)
{
	struct nmc_tile_class c;
	uint64_t count;
	unsigned int status = admin(sim_of(d), (struct nmc_sqe){ .opcode = NMC_ADMIN_CLASS, .addr = (uintptr_t)&c,
				    .bytes = sizeof(c), .index = index }, &count);

	if (status == NMC_STATUS_NOT_FOUND || (!status && index >= count))
		return fail(-ENOENT, "the card has no tile class %u", index);
	if (status)
		return admin_fail("tile class", status);
	info->index = index;
	snprintf(info->name, sizeof(info->name), "%.31s", c.name);
	info->rows = c.rows;
	info->cols = c.cols;
	info->outputs = c.outputs;
	info->tiles = c.tiles;
	info->free = c.free;
	info->retired = c.retired;
	info->converters = !!(c.flags & NMC_CLASS_CONVERTERS);
	info->differential = !!(c.flags & NMC_CLASS_DIFFERENTIAL);
	info->read_noise = !!(c.flags & NMC_CLASS_READ_NOISE);
	info->nonvolatile = !!(c.flags & NMC_CLASS_NONVOLATILE);
	info->what_if = !!(c.flags & NMC_CLASS_WHAT_IF);
	info->dac_bits = c.dac_bits;
	info->adc_bits_min = c.adc_bits_min;
	info->adc_bits_max = c.adc_bits_max;
	info->gmin_us = (float)c.gmin_ns * 1e-3f;
	info->gmax_us = (float)c.gmax_ns * 1e-3f;
	info->target_low_us = c.target_high_ns ? (float)c.target_low_ns * 1e-3f : info->gmin_us;
	info->target_high_us = c.target_high_ns ? (float)c.target_high_ns * 1e-3f : info->gmax_us;
	info->deck = c.deck;
	info->endurance = c.endurance;
	return 0;
}

static unsigned int get_log(struct sim *s, unsigned int page, uint64_t offset, void *data, size_t bytes, uint64_t *items)
{
	return admin(s, (struct nmc_sqe){ .opcode = NMC_ADMIN_GET_LOG, .addr = (uintptr_t)data, .bytes = (uint32_t)bytes,
		     .index = page, .offset = offset }, items);
}

static int sim_health(struct device *d, struct nmc_health *h)
{
	struct nmc_health_log log = { 0 };
	unsigned int i, status = get_log(sim_of(d), NMC_LOG_HEALTH, 0, &log, sizeof(log), NULL);

	if (status)
		return admin_fail("health log", status);
	h->temperature_c = (float)(int32_t)log.temperature_mc * 1e-3f;
	h->uptime_ms = log.uptime_ms;
	h->energy_j = (double)log.energy_fj * 1e-15;
	h->modelled_busy_ns = log.modelled_busy_ns;
	h->wall_busy_ns = log.wall_busy_ns;
	h->jobs = log.jobs;
	h->faults = log.faults;
	h->macs = log.macs;
	h->conversions = log.conversions;
	h->clips = log.clips;
	h->pulses = log.pulses;
	h->errors = log.errors;
	for (i = 0; i < NMC_TILE_STATUSES; i++)
		h->tiles_by_status[i] = log.tiles_by_state[i];
	h->array_ns = log.array_ns;
	h->scrub_ns = log.scrub_ns;
	h->scrub_rows = log.scrub_rows;
	h->deviation_limit = (float)log.deviation_limit_ppm * 1e-6f;
	h->scrub_share = (float)log.scrub_ppm * 1e-6f;
	h->wear_limit = (float)log.wear_limit_ppm * 1e-6f;
	return 0;
}

/* The card remembers the set of a persistent tile whoever has it. */
static uint32_t attached(struct sim *s, uint32_t set)
{
	uint32_t generation;

	pthread_mutex_lock(&s->lock);
	generation = s->generation[set % SIM_SETS];
	pthread_mutex_unlock(&s->lock);
	return generation ? set : 0;
}

static void tile_from_log(struct sim *s, const struct nmc_tile_log *log, struct nmc_tile_info *t)
{
	t->tile = log->tile;
	t->status = log->state;
	t->class_index = log->class;
	t->mine = attached(s, log->set);
	t->programmed_ns = log->programmed_ns;
	t->pulses = log->pulses;
	t->products = log->products;
	t->cells = log->cells;
	t->converged = log->converged;
	t->pulses_max = log->pulses_max;
	t->mean_pulses = (float)log->mean_pulses_q8 / 256.0f;
	t->residual = (float)log->residual_rms / 1048576.0f;
	t->deviation = log->deviation_ppm == UINT32_MAX ? NAN : (float)log->deviation_ppm * 1e-6f;
	t->deviation_max = log->deviation_max_ppm == UINT32_MAX ? NAN : (float)log->deviation_max_ppm * 1e-6f;
	t->drift = log->drift_ppm == NMC_DRIFT_UNKNOWN ? NAN : (float)(int32_t)log->drift_ppm * 1e-6f;
	t->defects = log->defects;
	t->scrubbed_cells = log->scrubbed_cells;
	t->scrubbed_ns = log->scrubbed_ns;
	t->wear_max = log->wear_max;
	t->wear_mean = (double)log->wear_mean_q8 / 256.0;
}

static int sim_tiles(struct device *d, unsigned int first, struct nmc_tile_info *tiles, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct nmc_tile_log log;
		uint64_t items = 0;
		unsigned int status = get_log(sim_of(d), NMC_LOG_TILES, first + i, &log, sizeof(log), &items);

		if (first + i >= items)
			break;
		if (status)
			return admin_fail("tile log", status);
		tile_from_log(sim_of(d), &log, &tiles[i]);
	}
	return (int)i;
}

static int sim_queue(struct device *d, unsigned int queue, struct nmc_queue_info *info)
{
	struct nmc_identify id;

	if (identify(sim_of(d), &id) || queue > id.queues)
		return fail(-ENOENT, "the card has no queue %u", queue);
	memset(info, 0, sizeof(*info));
	return 0;
}

static int sim_errors(struct device *d, struct nmc_error_info *errors, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct nmc_error_log log;
		struct device_result fault;
		uint64_t items = 0;
		unsigned int status = get_log(sim_of(d), NMC_LOG_ERRORS, i, &log, sizeof(log), &items);

		if (i >= items)
			break;
		if (status)
			return admin_fail("error log", status);
		fault = (struct device_result){ .cause = log.fault.cause, .insn = log.fault.insn,
						.object = log.fault.object, .offset = log.fault.offset };
		errors[i].sequence = log.sequence;
		errors[i].wall_ms = log.wall_ms;
		describe_error(errors[i].text, sizeof(errors[i].text), log.queue, log.status, &fault);
	}
	return (int)i;
}

static int sim_clients(struct device *d, struct nmc_client_info *clients, unsigned int count, uint32_t *hidden)
{
	(void)d;
	(void)clients;
	(void)count;
	if (hidden)
		*hidden = 0;
	return 0;
}

static int sim_subscribe(struct device *d, uint64_t mask)
{
	struct sim *s = sim_of(d);

	pthread_mutex_lock(&s->lock);
	s->event_mask = mask;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static int sim_event_fd(struct device *d)
{
	return card_event_fd(sim_of(d)->card);
}

/* The next event that is wanted; numbers follow the order in which the card gives them. */
static int sim_read_event(struct device *d, struct nmc_event *event)
{
	struct sim *s = sim_of(d);
	struct nmc_event_record record;
	int ret = -EAGAIN;

	pthread_mutex_lock(&s->lock);
	while (ret && !card_event(s->card, &record)) {
		if (record.type > 63 || !(s->event_mask >> record.type & 1))
			continue;
		*event = (struct nmc_event){ .kind = record.type, .object = record.object,
					     .sequence = ++s->event_sequence, .value = record.value };
		ret = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return ret;
}

static int sim_buffer_create(struct device *d, size_t bytes, uint64_t *handle, void **data)
{
	size_t padded = (bytes + 4095) / 4096 * 4096;
	struct sim_buffer *b = malloc(sizeof(*b));

	(void)d;
	if (!b)
		return fail_memory();
	b->refs = 1;
	b->data = padded < bytes ? NULL : aligned_alloc(4096, padded);
	if (!b->data) {
		free(b);
		return fail_memory();
	}
	memset(b->data, 0, padded);
	*data = b->data;
	*handle = (uintptr_t)b;
	return 0;
}

void sim_buffer_put(struct sim_buffer *b)
{
	if (__atomic_sub_fetch(&b->refs, 1, __ATOMIC_ACQ_REL))
		return;
	free(b->data);
	free(b);
}

static void sim_buffer_destroy(struct device *d, uint64_t handle, void *data, size_t bytes)
{
	(void)d;
	(void)data;
	(void)bytes;
	sim_buffer_put((struct sim_buffer *)(uintptr_t)handle);
}

/* A set has a new generation each time it is attached. */
static void set_attached(struct sim *s, uint64_t result, uint32_t *set)
{
	*set = (uint32_t)result;
	pthread_mutex_lock(&s->lock);
	s->generation[*set % SIM_SETS] = (uint32_t)(result >> 32);
	pthread_mutex_unlock(&s->lock);
}

static int sim_set_create(struct device *d, const struct device_set *want, uint32_t *set, uint32_t *free)
{
	struct nmc_tileset_config config = { .class = want->class_index, .tiles = want->tiles };
	struct sim *s = sim_of(d);
	uint64_t result;
	unsigned int status;

	if (want->uuid) {
		config.flags = NMC_TILESET_PERSISTENT;
		memcpy(config.uuid, want->uuid, sizeof(config.uuid));
		strncpy(config.label, want->label, sizeof(config.label) - 1);
	}
	status = admin(s, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_CREATE, .addr = (uintptr_t)&config,
		       .bytes = sizeof(config) }, &result);
	*free = status == NMC_STATUS_NO_TILES ? (uint32_t)result : 0;
	if (status == NMC_STATUS_NO_TILES)
		return fail(-ENOSPC, "%u tiles wanted, %u are free", want->tiles, *free);
	if (status == NMC_STATUS_EXISTS)
		return fail(-EEXIST, "a persistent tile set of that name exists");
	if (status)
		return admin_fail("tile set", status);
	set_attached(s, result, set);
	return 0;
}

static int sim_set_open(struct device *d, const uint8_t *uuid, uint32_t *set)
{
	struct nmc_tileset_config config = { 0 };
	struct sim *s = sim_of(d);
	uint64_t result;
	unsigned int status;

	memcpy(config.uuid, uuid, sizeof(config.uuid));
	status = admin(s, (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_OPEN, .addr = (uintptr_t)&config, .bytes = sizeof(config) },
		       &result);
	if (status == NMC_STATUS_NOT_FOUND)
		return fail(-ENOENT, "there is no persistent tile set of that name");
	if (status == NMC_STATUS_BUSY)
		return fail(-EBUSY, "the persistent tile set is open already");
	if (status)
		return admin_fail("persistent tile set", status);
	set_attached(s, result, set);
	return 0;
}

static void sim_set_destroy(struct device *d, uint32_t set, bool erase)
{
	struct sim *s = sim_of(d);

	pthread_mutex_lock(&s->lock);
	s->generation[set % SIM_SETS] = 0;
	pthread_mutex_unlock(&s->lock);
	admin(sim_of(d), (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_RELEASE, .id = set, .value = erase }, NULL);
}

static int sim_set_time(struct device *d, uint32_t set, uint64_t *ns)
{
	struct nmc_tileset_info info;
	unsigned int status = admin(sim_of(d), (struct nmc_sqe){ .opcode = NMC_ADMIN_TILESET_INFO, .id = set,
				    .addr = (uintptr_t)&info, .bytes = sizeof(info) }, NULL);

	if (status)
		return admin_fail("tile set", status);
	*ns = info.time_ns;
	return 0;
}

static const struct device_ops sim_ops = {
	.close = sim_close,
	.info = sim_info,
	.classes = sim_classes,
	.health = sim_health,
	.tiles = sim_tiles,
	.queue = sim_queue,
	.errors = sim_errors,
	.clients = sim_clients,
	.subscribe = sim_subscribe,
	.event_fd = sim_event_fd,
	.read_event = sim_read_event,
	.buffer_create = sim_buffer_create,
	.buffer_destroy = sim_buffer_destroy,
	.set_create = sim_set_create,
	.set_open = sim_set_open,
	.set_destroy = sim_set_destroy,
	.set_time = sim_set_time,
	.context_create = sim_context_create,
	.context_destroy = sim_context_destroy,
	.submit = sim_submit,
	.wait = sim_wait,
	.law = sim_law,
};

int sim_open(const char *spec, struct device **device)
{
	struct card_options options;
	char classes[4096], error[4352];
	struct sim *s;
	int ret = sim_parse(spec, &options, classes, sizeof(classes));

	if (ret)
		return ret;
	s = calloc(1, sizeof(*s));
	if (!s)
		return fail_memory();
	ret = card_create(&options, &s->card, error, sizeof(error));
	if (ret) {
		free(s);
		return fail(ret, "sim:%.64s%s: %s", spec, strlen(spec) > 64 ? "..." : "", error);
	}
	pthread_mutex_init(&s->lock, NULL);
	s->device.ops = &sim_ops;
	*device = &s->device;
	return 0;
}
