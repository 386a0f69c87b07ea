// SPDX-License-Identifier: MIT
/*
 * Questions to the kernel door: typed queries, and the processes that use the card from their fdinfo.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>
#include "drm/nmc_accel.h"
#include "hw/nmc_regs.h"
#include "libnmc/device/accel.h"
#include "libnmc/error.h"

int accel_query(struct accel *a, uint32_t type, uint32_t index, uint32_t count, void *items, uint32_t size,
		const char *what)
{
	struct drm_nmc_dev_query q = { .type = type, .index = index, .count = count, .size = size,
				       .pointer = (uintptr_t)items };
	int ret = accel_ioctl(a, DRM_IOCTL_NMC_DEV_QUERY, &q, what);

	return ret ? ret : (int)q.count;
}

int accel_info(struct device *d, struct nmc_device_info *info)
{
	struct accel *a = accel_of(d);
	struct drm_nmc_device dev;
	int ret = accel_query(a, DRM_NMC_QUERY_DEVICE, 0, 1, &dev, sizeof(dev), "device query");
	drmVersionPtr version;

	if (ret < 0)
		return ret;
	version = drmGetVersion(a->fd);
	snprintf(info->driver, sizeof(info->driver), "nmc %d.%d", version ? version->version_major : 0,
		 version ? version->version_minor : 0);
	drmFreeVersion(version);
	info->classes = dev.classes;
	snprintf(info->name, sizeof(info->name), "%.31s", dev.name);
	snprintf(info->firmware, sizeof(info->firmware), "%.31s", dev.firmware);
	snprintf(info->pci, sizeof(info->pci), "%04x:%02x:%02x.%x", dev.pci_domain, dev.pci_bus, dev.pci_device,
		 dev.pci_function);
	info->serial = dev.serial;
	info->isa_version = dev.isa_version;
	info->groups = dev.groups;
	info->tiles = dev.tiles;
	info->engines = dev.engines;
	info->queues = dev.queues;
	info->vectors = dev.vectors;
	info->sram_bytes = dev.sram_bytes;
	info->numa_node = dev.numa_node;
	info->software = !!(dev.flags & DRM_NMC_DEVICE_SOFTWARE);
	info->seed = dev.seed;
	return 0;
}

int accel_classes(struct device *d, unsigned int index, struct nmc_class_info *info)
{
	struct drm_nmc_class c;
	int ret = accel_query(accel_of(d), DRM_NMC_QUERY_CLASS, index, 1, &c, sizeof(c), "tile class query");

	if (ret < 0)
		return ret;
	if (!ret)
		return fail(-ENOENT, "the card has no tile class %u", index);
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

int accel_health(struct device *d, struct nmc_health *h)
{
	struct drm_nmc_health q;
	int i, ret = accel_query(accel_of(d), DRM_NMC_QUERY_HEALTH, 0, 1, &q, sizeof(q), "health query");

	if (ret < 0)
		return ret;
	h->temperature_c = (float)q.temperature_mc * 1e-3f;
	h->uptime_ms = q.uptime_ms;
	h->energy_j = (double)q.energy_fj * 1e-15;
	h->modelled_busy_ns = q.modelled_busy_ns;
	h->wall_busy_ns = q.wall_busy_ns;
	h->jobs = q.jobs;
	h->faults = q.faults;
	h->macs = q.macs;
	h->conversions = q.conversions;
	h->clips = q.clips;
	h->pulses = q.pulses;
	h->errors = q.errors;
	for (i = 0; i < NMC_TILE_STATUSES; i++)
		h->tiles_by_status[i] = q.tiles_by_state[i];
	h->array_ns = q.array_ns;
	h->scrub_ns = q.scrub_ns;
	h->scrub_rows = q.scrub_rows;
	h->deviation_limit = (float)q.deviation_limit_ppm * 1e-6f;
	h->scrub_share = (float)q.scrub_ppm * 1e-6f;
	h->wear_limit = (float)q.wear_limit_ppm * 1e-6f;
	return 0;
}

/* What the kernel says of a tile; older ones say less, the rest is then zero: nothing was measured. */
static void tile_from_query(const struct drm_nmc_tile *q, struct nmc_tile_info *t)
{
	*t = (struct nmc_tile_info){
		.tile = q->tile,
		.status = q->state,
		.class_index = q->class_id,
		.mine = q->handle,
		.programmed_ns = q->programmed_ns,
		.pulses = q->pulses,
		.products = q->products,
		.cells = q->cells,
		.converged = q->converged,
		.pulses_max = q->pulses_max,
		.mean_pulses = (float)q->mean_pulses_q8 / 256.0f,
		.residual = (float)q->residual_rms / 1048576.0f,
		.deviation = q->deviation_ppm == UINT32_MAX ? NAN : (float)q->deviation_ppm * 1e-6f,
		.deviation_max = !q->scrubbed_cells || q->deviation_max_ppm == UINT32_MAX ? NAN : (float)q->deviation_max_ppm * 1e-6f,
		.drift = !q->scrubbed_cells || q->drift_ppm == INT32_MIN ? NAN : (float)q->drift_ppm * 1e-6f,
		.defects = q->defects,
		.scrubbed_cells = q->scrubbed_cells,
		.scrubbed_ns = q->scrubbed_ns,
		.wear_max = q->wear_max,
		.wear_mean = (double)q->wear_mean_q8 / 256.0,
	};
}

int accel_tiles(struct device *d, unsigned int first, struct nmc_tile_info *tiles, unsigned int count)
{
	unsigned int done = 0;

	while (done < count) {
		struct drm_nmc_tile q[64];
		int i, n = accel_query(accel_of(d), DRM_NMC_QUERY_TILE, first + done,
				       count - done < 64 ? count - done : 64, q, sizeof(q[0]), "tile query");

		if (n < 0)
			return n;
		if (!n)
			break;
		for (i = 0; i < n; i++)
			tile_from_query(&q[i], &tiles[done++]);
	}
	return (int)done;
}

int accel_queue(struct device *d, unsigned int queue, struct nmc_queue_info *info)
{
	struct drm_nmc_queue q;
	int ret = accel_query(accel_of(d), DRM_NMC_QUERY_QUEUE, queue, 1, &q, sizeof(q), "queue query");

	if (ret < 0)
		return ret;
	if (!ret)
		return fail(-ENOENT, "the card has no queue %u", queue);
	*info = (struct nmc_queue_info){
		.jobs = q.jobs,
		.doorbells = q.doorbells,
		.interrupts = q.interrupts,
		.host_interrupts = q.host_interrupts,
		.wall_busy_ns = q.wall_busy_ns,
		.modelled_busy_ns = q.modelled_busy_ns,
		.mmio_reads = q.mmio_reads,
		.mmio_writes = q.mmio_writes,
		.heartbeat_reads = q.heartbeat_reads,
	};
	return 0;
}

int accel_errors(struct device *d, struct nmc_error_info *errors, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		struct device_result fault;
		struct drm_nmc_error e;
		int n = accel_query(accel_of(d), DRM_NMC_QUERY_ERROR, i, 1, &e, sizeof(e), "error query");

		if (n < 0)
			return n;
		if (!n)
			break;
		fault = (struct device_result){ .cause = e.fault.cause, .insn = e.fault.insn, .object = e.fault.object,
						.offset = e.fault.offset };
		errors[i].sequence = e.sequence;
		errors[i].wall_ms = e.wall_ms;
		describe_error(errors[i].text, sizeof(errors[i].text), e.queue, e.status, &fault);
	}
	return (int)i;
}

/* Open files met so far, by the kernel's number: one may have many descriptors, in many processes. */
struct seen {
	uint64_t *id;
	size_t count;
};

static bool is_new(struct seen *seen, uint64_t id)
{
	uint64_t *more;
	size_t i;

	for (i = 0; i < seen->count; i++)
		if (seen->id[i] == id)
			return false;
	more = realloc(seen->id, (seen->count + 1) * sizeof(*more));
	if (!more)
		return false;
	seen->id = more;
	more[seen->count++] = id;
	return true;
}

/* One fdinfo file: true if it is an open file of this card that was not met before; adds what it says. */
static bool read_fdinfo(const char *path, const char *pci, struct seen *seen, struct nmc_client_info *c)
{
	FILE *f = fopen(path, "re");
	char line[256];
	bool driver = false, device = false;
	unsigned long long n, id = 0;
	struct nmc_client_info one = { 0 };

	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "drm-driver:", 11))
			driver = strstr(line, NMC_ACCEL_NAME) != NULL;
		else if (!strncmp(line, "drm-pdev:", 9))
			device = strstr(line, pci) != NULL;
		else if (sscanf(line, "drm-client-id: %llu", &n) == 1)
			id = n;
		else if (!strncmp(line, "drm-engine-capacity-", 20))
			continue;
		else if (sscanf(line, "drm-engine-%*[^:]: %llu ns", &n) == 1)
			one.busy_ns += n;
		else if (sscanf(line, "drm-total-memory: %llu KiB", &n) == 1)
			one.memory_bytes += strstr(line, "KiB") ? n * 1024 : strstr(line, "MiB") ? n << 20 : n;
		else if (sscanf(line, "nmc-tiles: %llu", &n) == 1)
			one.tiles += (uint32_t)n;
		else if (sscanf(line, "nmc-jobs: %llu", &n) == 1)
			one.jobs += n;
	}
	fclose(f);
	if (!driver || !device || !is_new(seen, id))
		return false;
	c->tiles += one.tiles;
	c->jobs += one.jobs;
	c->busy_ns += one.busy_ns;
	c->memory_bytes += one.memory_bytes;
	return true;
}

static bool read_process(const char *pid, const char *pci, struct seen *seen, struct nmc_client_info *c)
{
	char path[300];
	struct dirent *e;
	bool uses = false;
	FILE *f;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fdinfo", pid);
	dir = opendir(path);
	if (!dir)
		return false;
	memset(c, 0, sizeof(*c));
	while ((e = readdir(dir))) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/fdinfo/%.20s", pid, e->d_name);
		uses |= read_fdinfo(path, pci, seen, c);
	}
	closedir(dir);
	if (!uses)
		return false;
	c->pid = (int32_t)strtol(pid, NULL, 10);
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	f = fopen(path, "re");
	if (f) {
		if (fgets(c->name, sizeof(c->name), f))
			c->name[strcspn(c->name, "\n")] = 0;
		nmc_printable(c->name);
		fclose(f);
	}
	return true;
}

int accel_clients(struct device *d, struct nmc_client_info *clients, unsigned int count, uint32_t *hidden)
{
	struct nmc_device_info info = NMC_DEVICE_INFO_INIT;
	struct nmc_health health = NMC_HEALTH_INIT;
	struct nmc_client_info one;
	uint32_t held = 0, used = 0;
	struct seen seen = { 0 };
	unsigned int found = 0;
	struct dirent *e;
	DIR *proc;
	int ret = accel_info(d, &info);

	if (!ret)
		ret = accel_health(d, &health);
	if (ret)
		return ret;
	proc = opendir("/proc");
	if (!proc)
		return fail(-errno, "/proc: %s", strerror(errno));
	while ((e = readdir(proc))) {
		if (!isdigit((unsigned char)e->d_name[0]) || !read_process(e->d_name, info.pci, &seen, &one))
			continue;
		if (found < count)
			clients[found] = one;
		found++;
		held += one.tiles;
	}
	closedir(proc);
	free(seen.id);
	used = health.tiles_by_status[NMC_TILE_STATUS_OWNED] + health.tiles_by_status[NMC_TILE_STATUS_INCOMPLETE];
	if (hidden)
		*hidden = used > held ? used - held : 0;
	return (int)found;
}
