// SPDX-License-Identifier: GPL-2.0-only
/*
 * The admin queue. A slot whose command was not answered is never used again: the card may still
 * write to its buffer. That cannot leak much, because an unanswered command also ends the device.
 */
#include <linux/dma-mapping.h>
#include "nmc_drv.h"
#include "nmc_hw.h"
#include "nmc_recover.h"

#define NMC_ADMIN_ENTRIES	64
#define NMC_ADMIN_TIMEOUT	(30 * HZ)

static const int nmc_status_errno[] = {
	[NMC_STATUS_OK]		= 0,
	[NMC_STATUS_OPCODE]	= -EOPNOTSUPP,
	[NMC_STATUS_FIELD]	= -EINVAL,
	[NMC_STATUS_NOT_FOUND]	= -ENOENT,
	[NMC_STATUS_EXISTS]	= -EEXIST,
	[NMC_STATUS_BUSY]	= -EBUSY,
	[NMC_STATUS_NO_TILES]	= -ENOSPC,
	[NMC_STATUS_NO_SPACE]	= -ENOSPC,
	[NMC_STATUS_DMA]	= -EIO,
	[NMC_STATUS_FAULT]	= -EIO,
	[NMC_STATUS_ABORTED]	= -ECANCELED,
	[NMC_STATUS_INTERNAL]	= -EIO,
};

int nmc_admin_init(struct nmc_device *nmc)
{
	struct nmc_admin *admin = &nmc->admin;
	u32 entries = min_t(u32, NMC_ADMIN_ENTRIES, nmc->hw_entries);
	unsigned int i;
	int err;

	admin->commands = min_t(u32, NMC_ADMIN_EVENT_SLOT, entries - 1);
	spin_lock_init(&admin->lock);
	init_rwsem(&admin->gate);
	init_waitqueue_head(&admin->slot_free);
	init_waitqueue_head(&admin->resumed);
	for (i = 0; i < NMC_ADMIN_SLOTS; i++)
		init_completion(&admin->slots[i].done);
	err = nmc_ring_init(&admin->ring, &nmc->pdev->dev, entries, nmc->regs + nmc->doorbells);
	if (err)
		return err;
	admin->data = dma_alloc_coherent(&nmc->pdev->dev, NMC_ADMIN_SLOTS * NMC_ADMIN_DATA,
					 &admin->data_dma, GFP_KERNEL);
	if (!admin->data)
		nmc_ring_fini(&admin->ring);
	return admin->data ? 0 : -ENOMEM;
}

void nmc_admin_fini(struct nmc_device *nmc)
{
	struct nmc_admin *admin = &nmc->admin;

	dma_free_coherent(&nmc->pdev->dev, NMC_ADMIN_SLOTS * NMC_ADMIN_DATA, admin->data,
			  admin->data_dma);
	nmc_ring_fini(&admin->ring);
}

int nmc_admin_start(struct nmc_device *nmc)
{
	struct nmc_admin *admin = &nmc->admin;
	int err;

	nmc_ring_reset(&admin->ring);
	err = nmc_hw_enable(nmc, &admin->ring);
	if (err)
		return err;
	spin_lock_irq(&admin->lock);
	admin->used = 0;
	admin->running = !nmc_is_lost(nmc);
	spin_unlock_irq(&admin->lock);
	return 0;
}

void nmc_admin_stop(struct nmc_device *nmc)
{
	struct nmc_admin *admin = &nmc->admin;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&admin->lock, flags);
	admin->running = false;
	for (i = 0; i < NMC_ADMIN_SLOTS; i++)
		if (admin->slots[i].cookie && i != NMC_ADMIN_EVENT_SLOT)
			complete(&admin->slots[i].done);
	admin->slots[NMC_ADMIN_EVENT_SLOT].cookie = 0;
	spin_unlock_irqrestore(&admin->lock, flags);
	wake_up_all(&admin->slot_free);
	wake_up_all(&admin->resumed);
}

void nmc_admin_pause(struct nmc_device *nmc)
{
	down_write(&nmc->admin.gate);
	WRITE_ONCE(nmc->admin.paused, true);
	up_write(&nmc->admin.gate);
}

void nmc_admin_resume(struct nmc_device *nmc)
{
	WRITE_ONCE(nmc->admin.paused, false);
	wake_up_all(&nmc->admin.resumed);
}

static int nmc_admin_slot_get(struct nmc_admin *admin)
{
	int slot;

	spin_lock_irq(&admin->lock);
	slot = admin->running ? find_first_zero_bit(&admin->used, admin->commands) : -ENODEV;
	if (slot == admin->commands)
		slot = -EBUSY;
	else if (slot >= 0)
		__set_bit(slot, &admin->used);
	spin_unlock_irq(&admin->lock);
	return slot;
}

static void nmc_admin_slot_put(struct nmc_admin *admin, unsigned int slot)
{
	spin_lock_irq(&admin->lock);
	__clear_bit(slot, &admin->used);
	spin_unlock_irq(&admin->lock);
	wake_up(&admin->slot_free);
}

static void *nmc_admin_data(struct nmc_admin *admin, unsigned int slot)
{
	return admin->data + slot * NMC_ADMIN_DATA;
}

/* Puts the slot's command on the ring. Cookies are never zero and differ from use to use. */
static bool nmc_admin_post(struct nmc_admin *admin, unsigned int slot, struct nmc_sqe *sqe,
			   size_t bytes)
{
	struct nmc_admin_slot *s = &admin->slots[slot];
	unsigned long flags;
	u32 old;
	bool running;

	spin_lock_irqsave(&admin->lock, flags);
	running = admin->running;
	if (running) {
		s->cookie = (++s->sequence << 8) | (slot + 1);
		sqe->cookie = cpu_to_le32(s->cookie);
		sqe->addr = cpu_to_le64(bytes ? admin->data_dma + slot * NMC_ADMIN_DATA : 0);
		sqe->bytes = cpu_to_le32(bytes);
		reinit_completion(&s->done);
		old = admin->ring.tail;
		nmc_ring_push(&admin->ring, sqe);
		nmc_ring_publish(&admin->ring, old, 1);
	}
	spin_unlock_irqrestore(&admin->lock, flags);
	return running;
}

/* Ends the wait: 0 with the completion in the slot, or why there is none. */
static int nmc_admin_wait(struct nmc_device *nmc, struct nmc_admin_slot *slot, u16 opcode)
{
	struct nmc_admin *admin = &nmc->admin;
	bool answered;

	if (!wait_for_completion_timeout(&slot->done, NMC_ADMIN_TIMEOUT))
		nmc_admin_irq(nmc);
	spin_lock_irq(&admin->lock);
	answered = !slot->cookie;
	spin_unlock_irq(&admin->lock);
	if (answered)
		return 0;
	if (admin->running)
		nmc_lost(nmc, "firmware does not answer command 0x%04x", opcode);
	return -ENODEV;
}

static int nmc_admin_run(struct nmc_device *nmc, struct nmc_admin_cmd *cmd, unsigned int slot)
{
	struct nmc_admin *admin = &nmc->admin;
	struct nmc_admin_slot *s = &admin->slots[slot];
	void *data = nmc_admin_data(admin, slot);
	size_t bytes = max(cmd->in_bytes, cmd->out_bytes);
	int err;

	/* Zeros, not data of an earlier command, where a card writes less than was asked for. */
	memset(data, 0, bytes);
	if (cmd->in)
		memcpy(data, cmd->in, cmd->in_bytes);
	if (!nmc_admin_post(admin, slot, &cmd->sqe, bytes)) {
		nmc_admin_slot_put(admin, slot);
		return -ENODEV;
	}
	err = nmc_admin_wait(nmc, s, le16_to_cpu(cmd->sqe.opcode));
	if (err)
		return err;
	cmd->status = le16_to_cpu(s->cqe.status);
	cmd->result = le64_to_cpu(s->cqe.result);
	if (cmd->out)
		memcpy(cmd->out, data, cmd->out_bytes);
	nmc_admin_slot_put(admin, slot);
	return cmd->status < ARRAY_SIZE(nmc_status_errno) ? nmc_status_errno[cmd->status] : -EIO;
}

int nmc_admin_exec_now(struct nmc_device *nmc, struct nmc_admin_cmd *cmd)
{
	int slot;

	if (WARN_ON_ONCE(max(cmd->in_bytes, cmd->out_bytes) > NMC_ADMIN_DATA))
		return -EINVAL;
	wait_event(nmc->admin.slot_free, (slot = nmc_admin_slot_get(&nmc->admin)) != -EBUSY);
	return slot < 0 ? slot : nmc_admin_run(nmc, cmd, slot);
}

int nmc_admin_exec(struct nmc_device *nmc, struct nmc_admin_cmd *cmd)
{
	struct nmc_admin *admin = &nmc->admin;
	int err;

	down_read(&admin->gate);
	while (READ_ONCE(admin->paused) && !nmc_is_lost(nmc)) {
		up_read(&admin->gate);
		wait_event(admin->resumed, !READ_ONCE(admin->paused) || nmc_is_lost(nmc));
		down_read(&admin->gate);
	}
	err = nmc_admin_exec_now(nmc, cmd);
	up_read(&admin->gate);
	return err;
}

void nmc_admin_event(struct nmc_device *nmc)
{
	struct nmc_sqe sqe = { .opcode = cpu_to_le16(NMC_ADMIN_EVENT) };

	nmc_admin_post(&nmc->admin, NMC_ADMIN_EVENT_SLOT, &sqe, sizeof(struct nmc_event_record));
}

bool nmc_admin_event_take(struct nmc_device *nmc, struct nmc_event_record *record)
{
	struct nmc_admin_slot *slot = &nmc->admin.slots[NMC_ADMIN_EVENT_SLOT];

	if (!try_wait_for_completion(&slot->done) || slot->cqe.status)
		return false;
	memcpy(record, nmc_admin_data(&nmc->admin, NMC_ADMIN_EVENT_SLOT), sizeof(*record));
	return true;
}

static void nmc_admin_complete(struct nmc_device *nmc, const struct nmc_cqe *cqe)
{
	u32 cookie = le32_to_cpu(cqe->cookie);
	u32 slot = (cookie & 0xff) - 1;
	struct nmc_admin_slot *s = &nmc->admin.slots[slot];

	if (slot >= NMC_ADMIN_SLOTS || !cookie || s->cookie != cookie) {
		dev_warn_ratelimited(&nmc->pdev->dev, "admin completion with cookie 0x%x ignored\n",
				     cookie);
		return;
	}
	s->cqe = *cqe;
	s->cookie = 0;
	complete(&s->done);
	if (slot == NMC_ADMIN_EVENT_SLOT)
		queue_work(nmc_wq, &nmc->event_work);
}

void nmc_admin_irq(struct nmc_device *nmc)
{
	struct nmc_admin *admin = &nmc->admin;
	struct nmc_cqe cqe;
	unsigned long flags;

	spin_lock_irqsave(&admin->lock, flags);
	if (admin->running) {
		do {
			while (nmc_ring_pop(&admin->ring, &cqe))
				nmc_admin_complete(nmc, &cqe);
		} while (nmc_ring_arm(&admin->ring, 1));
	}
	spin_unlock_irqrestore(&admin->lock, flags);
}
