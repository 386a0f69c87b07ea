// SPDX-License-Identifier: MIT
/*
 * Registers and doorbells. Called by the socket thread: it sets wishes and wakes others, it never waits for them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/pcie/regs.h"

static uint64_t read_register(struct endpoint *e, uint64_t at)
{
	switch (at) {
	case NMC_REG_MAGIC:
		return NMC_MAGIC;
	case NMC_REG_VERSION:
		return NMC_VERSION_MAJOR << 16 | NMC_VERSION_MINOR;
	case NMC_REG_CAP:
		return NMC_CAP_SOFTWARE | NMC_CAP_PAGE_LIST;
	case NMC_REG_SERIAL:
		return e->identify.serial;
	case NMC_REG_QUEUES:
		return e->identify.queues;
	case NMC_REG_ENTRIES:
		return e->host.entries;
	case NMC_REG_ENGINES:
		return e->identify.engines;
	case NMC_REG_DOORBELLS:
		return NMC_DOORBELL_BASE;
	case NMC_REG_CTRL:
		return e->ctrl;
	case NMC_REG_STATUS:
		return e->status;
	case NMC_REG_HEARTBEAT:
		return e->heartbeat;
	case NMC_REG_EPOCH:
		return e->epoch;
	case NMC_REG_HOST_TIME:
		return e->host_time;
	case NMC_REG_ADMIN_SQ:
		return e->wanted.sq;
	case NMC_REG_ADMIN_CQ:
		return e->wanted.cq;
	case NMC_REG_ADMIN_SHADOW:
		return e->wanted.shadow;
	case NMC_REG_ADMIN_ENTRIES:
		return e->wanted.entries;
	case NMC_REG_INT_CAUSE:
		return irq_cause(&e->host.irq);
	case NMC_REG_INT_MASK:
		return irq_mask(&e->host.irq);
	default:
		return 0;
	}
}

static bool register_is_wide(uint64_t at)
{
	switch (at) {
	case NMC_REG_CAP:
	case NMC_REG_SERIAL:
	case NMC_REG_HEARTBEAT:
	case NMC_REG_EPOCH:
	case NMC_REG_HOST_TIME:
	case NMC_REG_ADMIN_SQ:
	case NMC_REG_ADMIN_CQ:
	case NMC_REG_ADMIN_SHADOW:
	case NMC_REG_INT_CAUSE:
	case NMC_REG_INT_MASK:
		return true;
	default:
		return false;
	}
}

/* The register that holds the byte at @offset, and the byte's place in it. */
static uint64_t register_at(uint64_t offset, unsigned int *byte)
{
	uint64_t wide = offset & ~7ull;

	if (register_is_wide(wide)) {
		*byte = offset & 7;
		return wide;
	}
	*byte = offset & 3;
	return offset & ~3ull;
}

void endpoint_read(struct endpoint *e, uint64_t offset, void *buf, unsigned int bytes)
{
	uint8_t *to = buf;
	unsigned int i;

	pthread_mutex_lock(&e->lock);
	if (offset == NMC_REG_HEARTBEAT || offset == NMC_REG_STATUS)
		e->log.heartbeat_reads++;
	else
		e->log.mmio_reads++;
	for (i = 0; i < bytes; i++) {
		unsigned int byte;
		uint64_t value, at = register_at(offset + i, &byte);

		value = e->fault == CARD_FAULT_ALL_ONES ? UINT64_MAX : read_register(e, at);
		to[i] = (uint8_t)(value >> 8 * byte);
	}
	pthread_mutex_unlock(&e->lock);
}

static void write_ctrl(struct endpoint *e, uint32_t value)
{
	bool enable = value & NMC_CTRL_ENABLE;

	e->ctrl = value & NMC_CTRL_ENABLE;
	e->enable_wanted = enable;
	if (!enable) {
		dma_gate(&e->host.dma, false);
		e->reset_wanted = true;
	}
	pthread_cond_signal(&e->wake);
}

/* Part of a register that can be written while the card is disabled. */
static void merge(struct endpoint *e, uint64_t *reg, uint64_t value, uint64_t mask)
{
	if (!e->ctrl)
		*reg = (*reg & ~mask) | (value & mask);
}

/* @mask has ones where the host wrote. */
static void write_register(struct endpoint *e, uint64_t at, uint64_t value, uint64_t mask)
{
	uint64_t entries = e->wanted.entries;

	switch (at) {
	case NMC_REG_CTRL:
		if (mask & NMC_CTRL_ENABLE)
			write_ctrl(e, (uint32_t)value);
		break;
	case NMC_REG_EPOCH:
		merge(e, &e->epoch, value, mask);
		break;
	case NMC_REG_HOST_TIME:
		merge(e, &e->host_time, value, mask);
		break;
	case NMC_REG_ADMIN_SQ:
		merge(e, &e->wanted.sq, value, mask);
		break;
	case NMC_REG_ADMIN_CQ:
		merge(e, &e->wanted.cq, value, mask);
		break;
	case NMC_REG_ADMIN_SHADOW:
		merge(e, &e->wanted.shadow, value, mask);
		break;
	case NMC_REG_ADMIN_ENTRIES:
		merge(e, &entries, value, mask);
		e->wanted.entries = (uint32_t)entries;
		break;
	case NMC_REG_INT_CAUSE:
		irq_clear(&e->host.irq, value & mask);
		break;
	case NMC_REG_INT_MASK:
		irq_set_mask(&e->host.irq, (irq_mask(&e->host.irq) & ~mask) | (value & mask));
		break;
	default:
		break;
	}
}

static void write_doorbell(struct endpoint *e, uint64_t offset)
{
	unsigned int queue = (unsigned int)((offset - NMC_DOORBELL_BASE) / NMC_DOORBELL_PAGE);

	if (e->fault == CARD_FAULT_ALL_ONES || (offset - NMC_DOORBELL_BASE) % NMC_DOORBELL_PAGE != NMC_DOORBELL_SQ)
		return;
	if (queue) {
		queue_doorbell(e->engines, queue);
		return;
	}
	e->log.doorbells++;
	e->doorbell = true;
	pthread_cond_signal(&e->wake);
}

void endpoint_write(struct endpoint *e, uint64_t offset, const void *buf, unsigned int bytes)
{
	unsigned int i = 0;

	pthread_mutex_lock(&e->lock);
	e->log.mmio_writes++;
	if (offset >= NMC_DOORBELL_BASE) {
		write_doorbell(e, offset);
		i = bytes;
	}
	while (i < bytes) {
		uint64_t value = 0, mask = 0, at;
		unsigned int byte;

		at = register_at(offset + i, &byte);
		do {
			value |= (uint64_t)((const uint8_t *)buf)[i] << 8 * byte;
			mask |= 0xffull << 8 * byte;
			i++;
			byte++;
		} while (i < bytes && byte < (register_is_wide(at) ? 8u : 4u));
		if (e->fault != CARD_FAULT_ALL_ONES)
			write_register(e, at, value, mask);
	}
	pthread_mutex_unlock(&e->lock);
}

void endpoint_reset(struct endpoint *e)
{
	pci_config_reset(&e->config);
	dma_master(&e->host.dma, false);
	irq_reset(&e->host.irq);
	pthread_mutex_lock(&e->lock);
	dma_gate(&e->host.dma, false);
	e->ctrl = 0;
	e->status = 0;
	e->enable_wanted = false;
	e->reset_wanted = true;
	e->epoch = 0;
	e->host_time = 0;
	memset(&e->wanted, 0, sizeof(e->wanted));
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
}

void endpoint_inject(struct endpoint *e, enum card_fault fault)
{
	pthread_mutex_lock(&e->lock);
	e->fault = fault;
	pthread_cond_signal(&e->wake);
	pthread_mutex_unlock(&e->lock);
	queue_hang(e->engines, fault == CARD_FAULT_HANG_QUEUES || fault == CARD_FAULT_ALL_ONES);
	queue_corrupt(e->engines, fault == CARD_FAULT_CORRUPT_COMPLETION);
}

bool endpoint_log(struct endpoint *e, unsigned int queue, struct nmc_queue_log *log)
{
	if (queue)
		return queue_log(e->engines, queue, log);
	pthread_mutex_lock(&e->lock);
	*log = e->log;
	pthread_mutex_unlock(&e->lock);
	return true;
}

static void run_job(void *ctx, unsigned int queue, const struct nmc_sqe_job *sqe, const int *stop, uint64_t *progress,
		    struct nmc_cqe *cqe)
{
	struct endpoint *e = ctx;
	const struct card_dma dma = { .read = dma_read, .write = dma_write, .ctx = &e->host.dma };

	mgmt_job(e->mgmt, queue, sqe, &dma, stop, progress, cqe);
}

/* What breaks because the host took the card down is no error. */
static void queue_broken(void *ctx, unsigned int queue, unsigned int status)
{
	struct endpoint *e = ctx;
	bool running;

	pthread_mutex_lock(&e->lock);
	running = e->enable_wanted && !e->reset_wanted;
	pthread_mutex_unlock(&e->lock);
	if (running)
		mgmt_queue_broken(e->mgmt, queue, status);
}

int endpoint_create(struct card *card, const struct card_server_options *options, struct endpoint **endpoint)
{
	struct endpoint *e = calloc(1, sizeof(*e));
	const struct engine_hooks hooks = { .job = run_job, .broken = queue_broken, .ctx = e };
	int ret;

	if (!e)
		return -ENOMEM;
	e->card = card;
	e->mgmt = card_mgmt(card);
	mgmt_identify(e->mgmt, &e->identify);
	dma_init(&e->host.dma);
	irq_init(&e->host.irq, options->irq);
	e->host.entries = options->entries ? options->entries : NMC_MAX_ENTRIES;
	pci_config_init(&e->config, options->irq, e->identify.serial);
	pthread_mutex_init(&e->lock, NULL);
	e->log.generation = 1;
	e->engines = engines_create(&e->host, e->identify.queues, e->identify.engines, &hooks);
	ret = e->engines ? admin_start(e) : -ENOMEM;
	if (!ret) {
		*endpoint = e;
		return 0;
	}
	engines_destroy(e->engines);
	irq_destroy(&e->host.irq);
	dma_destroy(&e->host.dma);
	free(e);
	return ret;
}

void endpoint_destroy(struct endpoint *e)
{
	dma_gate(&e->host.dma, false);
	admin_stop(e);
	engines_destroy(e->engines);
	irq_destroy(&e->host.irq);
	dma_destroy(&e->host.dma);
	pthread_mutex_destroy(&e->lock);
	free(e);
}
