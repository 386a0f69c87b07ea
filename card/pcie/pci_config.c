// SPDX-License-Identifier: MIT
/*
 * Configuration space. Offsets and bits are those of <linux/pci_regs.h>.
 */
#include <linux/pci_regs.h>
#include <string.h>
#include "card/pcie/pci_config.h"

#define CAP_PM		0x40
#define CAP_IRQ		0x50
#define CAP_EXPRESS	0x70
#define CAP_AER		0x100
#define CAP_SERIAL	0x150

static void put(struct pci_config *c, unsigned int at, uint64_t value, unsigned int bytes)
{
	memcpy(c->bytes + at, &value, bytes);
}

static void allow(struct pci_config *c, unsigned int at, uint64_t mask, unsigned int bytes)
{
	memcpy(c->writable + at, &mask, bytes);
}

static void init_header(struct pci_config *c)
{
	put(c, PCI_VENDOR_ID, NMC_PCI_VENDOR, 2);
	put(c, PCI_DEVICE_ID, NMC_PCI_DEVICE, 2);
	allow(c, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
	      PCI_COMMAND_INTX_DISABLE, 2);
	put(c, PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	put(c, PCI_CLASS_REVISION, NMC_PCI_CLASS << 8 | 1, 4);
	put(c, PCI_SUBSYSTEM_VENDOR_ID, NMC_PCI_VENDOR, 2);
	put(c, PCI_SUBSYSTEM_ID, NMC_PCI_DEVICE, 2);
	put(c, PCI_CAPABILITY_LIST, CAP_PM, 1);
	allow(c, PCI_CACHE_LINE_SIZE, 0xff, 1);
	allow(c, PCI_INTERRUPT_LINE, 0xff, 1);
}

/* A 64-bit memory BAR; the bits below its size read zero, which is how the host finds the size. */
static void init_bar(struct pci_config *c, unsigned int bar, uint64_t bytes)
{
	unsigned int at = PCI_BASE_ADDRESS_0 + 4 * bar;

	put(c, at, PCI_BASE_ADDRESS_MEM_TYPE_64, 4);
	allow(c, at, ~(bytes - 1), 8);
}

static void init_pm(struct pci_config *c)
{
	put(c, CAP_PM, PCI_CAP_ID_PM | CAP_IRQ << 8, 2);
	put(c, CAP_PM + PCI_PM_PMC, 3, 2);
	put(c, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, 2);
	allow(c, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK, 2);
}

static void init_irq(struct pci_config *c, enum card_irq irq)
{
	if (irq == CARD_IRQ_MSIX) {
		put(c, CAP_IRQ, PCI_CAP_ID_MSIX | CAP_EXPRESS << 8, 2);
		put(c, CAP_IRQ + PCI_MSIX_FLAGS, NMC_VECTORS - 1, 2);
		allow(c, CAP_IRQ + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
		put(c, CAP_IRQ + PCI_MSIX_TABLE, NMC_MSIX_TABLE | NMC_BAR_MSIX, 4);
		put(c, CAP_IRQ + PCI_MSIX_PBA, NMC_MSIX_PBA | NMC_BAR_MSIX, 4);
	} else if (irq == CARD_IRQ_MSI) {
		put(c, CAP_IRQ, PCI_CAP_ID_MSI | CAP_EXPRESS << 8, 2);
		put(c, CAP_IRQ + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT, 2);
		allow(c, CAP_IRQ + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE, 2);
		allow(c, CAP_IRQ + PCI_MSI_ADDRESS_LO, 0xfffffffc, 4);
		allow(c, CAP_IRQ + PCI_MSI_ADDRESS_HI, 0xffffffff, 4);
		allow(c, CAP_IRQ + PCI_MSI_DATA_64, 0xffff, 2);
	} else {
		put(c, CAP_PM + 1, CAP_EXPRESS, 1);
		put(c, PCI_INTERRUPT_PIN, 1, 1);
	}
}

static void init_express(struct pci_config *c)
{
	c->express = CAP_EXPRESS;
	put(c, CAP_EXPRESS, PCI_CAP_ID_EXP, 2);
	put(c, CAP_EXPRESS + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4, 2);
	put(c, CAP_EXPRESS + PCI_EXP_DEVCAP, PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER | 1, 4);
	allow(c, CAP_EXPRESS + PCI_EXP_DEVCTL, 0x7fff, 2);
	put(c, CAP_EXPRESS + PCI_EXP_LNKCAP, PCI_EXP_LNKCAP_SLS_16_0GB | 8 << 4, 4);
	put(c, CAP_EXPRESS + PCI_EXP_LNKSTA, PCI_EXP_LNKSTA_CLS_16_0GB | 8 << 4, 2);
}

static void init_extended(struct pci_config *c, uint64_t serial)
{
	put(c, CAP_AER, PCI_EXT_CAP_ID_ERR | 2 << 16 | (uint32_t)CAP_SERIAL << 20, 4);
	allow(c, CAP_AER + PCI_ERR_UNCOR_MASK, 0xffffffff, 4);
	allow(c, CAP_AER + PCI_ERR_UNCOR_SEVER, 0xffffffff, 4);
	allow(c, CAP_AER + PCI_ERR_COR_MASK, 0xffffffff, 4);
	put(c, CAP_SERIAL, PCI_EXT_CAP_ID_DSN | 1 << 16, 4);
	put(c, CAP_SERIAL + 4, serial, 8);
}

void pci_config_init(struct pci_config *c, enum card_irq irq, uint64_t serial)
{
	memset(c, 0, sizeof(*c));
	init_header(c);
	init_bar(c, NMC_BAR_REGS, NMC_BAR_REGS_BYTES);
	init_bar(c, NMC_BAR_MSIX, NMC_BAR_MSIX_BYTES);
	init_pm(c);
	init_irq(c, irq);
	init_express(c);
	init_extended(c, serial);
}

void pci_config_reset(struct pci_config *c)
{
	unsigned int i;

	for (i = PCI_COMMAND; i < PCI_CONFIG_BYTES; i++)
		c->bytes[i] &= ~c->writable[i];
}

void pci_config_read(const struct pci_config *c, unsigned int offset, void *buf, unsigned int bytes)
{
	memcpy(buf, c->bytes + offset, bytes);
}

bool pci_config_write(struct pci_config *c, unsigned int offset, const void *buf, unsigned int bytes)
{
	unsigned int high = c->express + PCI_EXP_DEVCTL + 1, i;
	bool reset = offset <= high && high < offset + bytes &&
		     ((const uint8_t *)buf)[high - offset] & PCI_EXP_DEVCTL_BCR_FLR >> 8;

	for (i = 0; i < bytes; i++) {
		uint8_t *b = &c->bytes[offset + i], mask = c->writable[offset + i];

		*b = (*b & ~mask) | (((const uint8_t *)buf)[i] & mask);
	}
	return reset;
}

bool pci_config_master(const struct pci_config *c)
{
	return c->bytes[PCI_COMMAND] & PCI_COMMAND_MASTER;
}
