// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers: the BAR and the identity are checked before anything else is believed; enable and
 * disable follow the order of Documentation/card/registers.rst.
 */
#include <linux/fs.h>
#include <linux/iopoll.h>
#include <linux/uuid.h>
#include "nmc_hw.h"
#include "nmc_recover.h"

#define NMC_POLL_US		1000
#define NMC_DISABLE_US		(5 * USEC_PER_SEC)
#define NMC_ENABLE_US		(10 * USEC_PER_SEC)

static int nmc_hw_fail(struct nmc_device *nmc, int err, const char *why, u64 value)
{
	dev_err(&nmc->pdev->dev, "%s (0x%llx)\n", why, value);
	return err;
}

static int nmc_hw_map(struct nmc_device *nmc)
{
	struct pci_dev *pdev = nmc->pdev;
	resource_size_t bytes = pci_resource_len(pdev, NMC_BAR_REGS);

	if (!(pci_resource_flags(pdev, NMC_BAR_REGS) & IORESOURCE_MEM))
		return nmc_hw_fail(nmc, -ENODEV, "BAR 0 is not memory", bytes);
	if (bytes < NMC_BAR_REGS_BYTES)
		return nmc_hw_fail(nmc, -ENODEV, "BAR 0 is too small", bytes);
	nmc->regs = pcim_iomap_region(pdev, NMC_BAR_REGS, "nmc");
	if (IS_ERR(nmc->regs))
		return nmc_hw_fail(nmc, PTR_ERR(nmc->regs), "BAR 0 cannot be mapped", bytes);
	return 0;
}

static int nmc_hw_identity(struct nmc_device *nmc)
{
	u32 magic = nmc_read32(nmc, NMC_REG_MAGIC);

	if (magic == NMC_GONE32)
		return nmc_hw_fail(nmc, -ENODEV, "card does not answer", magic);
	if (magic != NMC_MAGIC)
		return nmc_hw_fail(nmc, -ENODEV, "not an NMC card: magic", magic);
	nmc->version = nmc_read32(nmc, NMC_REG_VERSION);
	if (nmc->version >> 16 != NMC_VERSION_MAJOR)
		return nmc_hw_fail(nmc, -ENODEV, "register layout not supported", nmc->version);
	nmc->cap = nmc_read64(nmc, NMC_REG_CAP);
	if (!(nmc->cap & NMC_CAP_PAGE_LIST))
		return nmc_hw_fail(nmc, -ENODEV, "card has no page lists: capabilities", nmc->cap);
	return 0;
}

static int nmc_hw_limits(struct nmc_device *nmc)
{
	u64 bytes = pci_resource_len(nmc->pdev, NMC_BAR_REGS);

	nmc->hw_queues = nmc_read32(nmc, NMC_REG_QUEUES);
	nmc->hw_entries = nmc_read32(nmc, NMC_REG_ENTRIES);
	nmc->doorbells = nmc_read32(nmc, NMC_REG_DOORBELLS);
	if (!nmc->hw_queues || nmc->hw_queues > NMC_MAX_QUEUES)
		return nmc_hw_fail(nmc, -ENODEV, "impossible number of queues", nmc->hw_queues);
	if (nmc->hw_entries < 2 || nmc->hw_entries > NMC_MAX_ENTRIES ||
	    !is_power_of_2(nmc->hw_entries))
		return nmc_hw_fail(nmc, -ENODEV, "impossible ring size", nmc->hw_entries);
	if (nmc->doorbells < NMC_DOORBELL_PAGE || nmc->doorbells % NMC_DOORBELL_PAGE ||
	    nmc->doorbells + (nmc->hw_queues + 1ull) * NMC_DOORBELL_PAGE > bytes)
		return nmc_hw_fail(nmc, -ENODEV, "doorbells outside BAR 0", nmc->doorbells);
	return 0;
}

int nmc_hw_init(struct nmc_device *nmc)
{
	int err = nmc_hw_map(nmc);

	if (!err)
		err = nmc_hw_identity(nmc);
	if (!err)
		err = nmc_hw_limits(nmc);
	if (err)
		return err;
	err = dma_set_mask_and_coherent(&nmc->pdev->dev, DMA_BIT_MASK(64));
	if (err)
		return nmc_hw_fail(nmc, err, "no 64-bit DMA", 0);
	dma_set_max_seg_size(&nmc->pdev->dev, UINT_MAX);
	return 0;
}

static int nmc_hw_lost(struct nmc_device *nmc, int err, const char *why, u64 value)
{
	nmc_lost(nmc, "%s (0x%llx)", why, value);
	return err;
}

static void nmc_hw_configure(struct nmc_device *nmc, const struct nmc_ring *ring)
{
	nmc_write64(nmc, NMC_REG_EPOCH, nmc->epoch);
	nmc_write64(nmc, NMC_REG_HOST_TIME, ktime_get_real_ns());
	nmc_write64(nmc, NMC_REG_ADMIN_SQ, nmc_ring_sq(ring));
	nmc_write64(nmc, NMC_REG_ADMIN_CQ, nmc_ring_cq(ring));
	nmc_write64(nmc, NMC_REG_ADMIN_SHADOW, nmc_ring_shadow(ring));
	nmc_write32(nmc, NMC_REG_ADMIN_ENTRIES, ring->entries);
	nmc_write64(nmc, NMC_REG_INT_CAUSE, NMC_GONE64);
	nmc_write64(nmc, NMC_REG_INT_MASK, 0);
}

int nmc_hw_enable(struct nmc_device *nmc, const struct nmc_ring *ring)
{
	int err = nmc_hw_disable(nmc);
	u32 status;

	if (err)
		return nmc_hw_lost(nmc, err, "card does not stop", nmc_read32(nmc, NMC_REG_STATUS));
	/* What a former driver may have left running has ended: DMA from here on is ours. */
	pci_set_master(nmc->pdev);
	nmc_hw_configure(nmc, ring);
	nmc_write32(nmc, NMC_REG_CTRL, NMC_CTRL_ENABLE);
	err = read_poll_timeout(nmc_read32, status,
				status & (NMC_STAT_READY | NMC_STAT_FATAL | NMC_STAT_BAD_CONFIG),
				NMC_POLL_US, NMC_ENABLE_US, false, nmc, NMC_REG_STATUS);
	if (status == NMC_GONE32)
		return nmc_hw_lost(nmc, -ENODEV, "card went away", status);
	if (err || !(status & NMC_STAT_READY))
		return nmc_hw_lost(nmc, err ?: -EIO, "firmware does not start: status", status);
	return 0;
}

int nmc_hw_disable(struct nmc_device *nmc)
{
	u32 status;
	int err;

	nmc_write32(nmc, NMC_REG_CTRL, 0);
	err = read_poll_timeout(nmc_read32, status,
				!(status & NMC_STAT_READY) || status == NMC_GONE32, NMC_POLL_US,
				NMC_DISABLE_US, false, nmc, NMC_REG_STATUS);
	return status == NMC_GONE32 ? -ENODEV : err;
}

/* The kernel's boot id is what identifies a boot; it is not exported otherwise. */
static int nmc_boot_id(uuid_t *uuid)
{
	struct file *file = filp_open("/proc/sys/kernel/random/boot_id", O_RDONLY, 0);
	char text[UUID_STRING_LEN + 1] = "";
	loff_t pos = 0;
	ssize_t got;

	if (IS_ERR(file))
		return PTR_ERR(file);
	got = kernel_read(file, text, UUID_STRING_LEN, &pos);
	filp_close(file, NULL);
	if (got != UUID_STRING_LEN)
		return -EIO;
	return uuid_parse(text, uuid);
}

u64 nmc_boot_epoch(void)
{
	u64 half[2];
	uuid_t uuid;

	if (nmc_boot_id(&uuid))
		generate_random_uuid(uuid.b);
	memcpy(half, uuid.b, sizeof(half));
	return (half[0] ^ half[1]) ?: 1;
}
