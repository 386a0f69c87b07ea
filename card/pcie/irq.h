/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of the endpoint: causes, masks, and the descriptors through which the client takes them.
 */
#ifndef NMC_PCIE_IRQ_H
#define NMC_PCIE_IRQ_H

#include <pthread.h>
#include <stdbool.h>
#include "card/card.h"

/* Interrupt types of the protocol, which are those of VFIO. */
enum irq_index { IRQ_INTX, IRQ_MSI, IRQ_MSIX, IRQ_ERR, IRQ_REQ, IRQ_INDEXES };

/**
 * struct irq - interrupts
 * @lock: protects everything; held for a few instructions and one write to an eventfd
 * @kind: what the endpoint offers
 * @fd: eventfd of each vector, -1 if none
 * @cause: NMC_REG_INT_CAUSE
 * @mask: NMC_REG_INT_MASK
 * @line_masked: INTx waits for an unmask
 */
struct irq {
	pthread_mutex_t lock;
	enum card_irq kind;
	int fd[NMC_VECTORS];
	uint64_t cause;
	uint64_t mask;
	bool line_masked;
};

void irq_init(struct irq *q, enum card_irq kind);
void irq_destroy(struct irq *q);

/* Vectors of an interrupt type. */
unsigned int irq_count(const struct irq *q, unsigned int index);

/*
 * A vector can be signalled through @fd: it is an eventfd, made non-blocking here. A pipe could end the process, and
 * what blocks would hold all vectors.
 */
bool irq_usable(int fd);

/* SET_IRQS: takes over @fds (-1 for none) from @start on; all = forget every vector. */
void irq_assign(struct irq *q, unsigned int start, const int *fds, unsigned int count);
void irq_disable(struct irq *q);
void irq_line_mask(struct irq *q, bool masked);

/* Signals a vector. */
void irq_raise(struct irq *q, unsigned int vector);

/* Registers NMC_REG_INT_CAUSE and NMC_REG_INT_MASK. */
uint64_t irq_cause(struct irq *q);
void irq_clear(struct irq *q, uint64_t cause);
uint64_t irq_mask(struct irq *q);
void irq_set_mask(struct irq *q, uint64_t mask);

/* Causes and masks as after power-on; the client's descriptors stay. */
void irq_reset(struct irq *q);

#endif
