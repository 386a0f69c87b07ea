/* SPDX-License-Identifier: MIT */
/*
 * Configuration space of the endpoint: header, BARs, power management, PCI Express with function level reset, MSI-X or
 * MSI, advanced error reporting.
 */
#ifndef NMC_PCI_CONFIG_H
#define NMC_PCI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include "card/card.h"

#define PCI_CONFIG_BYTES 4096

/**
 * struct pci_config - configuration space
 * @bytes: its contents
 * @writable: bits that the host may change
 * @express: offset of the PCI Express capability
 */
struct pci_config {
	uint8_t bytes[PCI_CONFIG_BYTES];
	uint8_t writable[PCI_CONFIG_BYTES];
	unsigned int express;
};

void pci_config_init(struct pci_config *c, enum card_irq irq, uint64_t serial);

/* Back to the values after power-on, as a function level reset does. */
void pci_config_reset(struct pci_config *c);

void pci_config_read(const struct pci_config *c, unsigned int offset, void *buf, unsigned int bytes);

/* Returns true if the write asks for a function level reset. */
bool pci_config_write(struct pci_config *c, unsigned int offset, const void *buf, unsigned int bytes);

/* The host lets the function use the bus. */
bool pci_config_master(const struct pci_config *c);

#endif
