// SPDX-License-Identifier: MIT
/*
 * Interrupts. MSI-X has a vector of its own for each cause; with MSI or INTx all causes share one.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "card/pcie/irq.h"

void irq_init(struct irq *q, enum card_irq kind)
{
	unsigned int i;

	memset(q, 0, sizeof(*q));
	pthread_mutex_init(&q->lock, NULL);
	q->kind = kind;
	for (i = 0; i < NMC_VECTORS; i++)
		q->fd[i] = -1;
}

void irq_destroy(struct irq *q)
{
	irq_disable(q);
	pthread_mutex_destroy(&q->lock);
}

unsigned int irq_count(const struct irq *q, unsigned int index)
{
	if (index == IRQ_MSIX && q->kind == CARD_IRQ_MSIX)
		return NMC_VECTORS;
	if (index == IRQ_MSI && q->kind == CARD_IRQ_MSI)
		return 1;
	if (index == IRQ_INTX && q->kind == CARD_IRQ_INTX)
		return 1;
	return 0;
}

bool irq_usable(int fd)
{
	char link[32], target[32];
	ssize_t n;
	int flags;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target));
	if (n != (ssize_t)strlen("anon_inode:[eventfd]") || memcmp(target, "anon_inode:[eventfd]", (size_t)n))
		return false;
	flags = fcntl(fd, F_GETFL);
	return flags >= 0 && !fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

void irq_assign(struct irq *q, unsigned int start, const int *fds, unsigned int count)
{
	unsigned int i;

	pthread_mutex_lock(&q->lock);
	for (i = 0; i < count; i++) {
		if (q->fd[start + i] >= 0)
			close(q->fd[start + i]);
		q->fd[start + i] = fds[i];
	}
	pthread_mutex_unlock(&q->lock);
}

void irq_disable(struct irq *q)
{
	int none[NMC_VECTORS];

	memset(none, 0xff, sizeof(none));
	irq_assign(q, 0, none, NMC_VECTORS);
}

static void fire(struct irq *q, unsigned int vector)
{
	uint64_t one = 1;

	if (q->fd[vector] >= 0 && write(q->fd[vector], &one, sizeof(one)) < 0)
		return;		/* the counter is at its limit: the client has yet to take the last one */
}

/* The shared vector fires while an unmasked cause is pending. */
static void fire_shared(struct irq *q)
{
	if (!(q->cause & ~q->mask))
		return;
	if (q->kind == CARD_IRQ_INTX) {
		if (q->line_masked)
			return;
		q->line_masked = true;
	}
	fire(q, 0);
}

void irq_raise(struct irq *q, unsigned int vector)
{
	pthread_mutex_lock(&q->lock);
	q->cause |= 1ull << vector;
	if (q->kind != CARD_IRQ_MSIX)
		fire_shared(q);
	else if (!(q->mask >> vector & 1))
		fire(q, vector);
	pthread_mutex_unlock(&q->lock);
}

void irq_line_mask(struct irq *q, bool masked)
{
	pthread_mutex_lock(&q->lock);
	q->line_masked = masked;
	if (!masked && q->kind == CARD_IRQ_INTX)
		fire_shared(q);
	pthread_mutex_unlock(&q->lock);
}

uint64_t irq_cause(struct irq *q)
{
	uint64_t cause;

	pthread_mutex_lock(&q->lock);
	cause = q->cause;
	pthread_mutex_unlock(&q->lock);
	return cause;
}

void irq_clear(struct irq *q, uint64_t cause)
{
	pthread_mutex_lock(&q->lock);
	q->cause &= ~cause;
	pthread_mutex_unlock(&q->lock);
}

uint64_t irq_mask(struct irq *q)
{
	uint64_t mask;

	pthread_mutex_lock(&q->lock);
	mask = q->mask;
	pthread_mutex_unlock(&q->lock);
	return mask;
}

/* Causes that were masked while they came are signalled when the mask goes. Bits without a vector are reserved. */
void irq_set_mask(struct irq *q, uint64_t mask)
{
	unsigned int v;
	uint64_t due;

	mask &= (1ull << NMC_VECTORS) - 1;
	pthread_mutex_lock(&q->lock);
	due = q->cause & q->mask & ~mask;
	q->mask = mask;
	if (q->kind != CARD_IRQ_MSIX)
		fire_shared(q);
	else
		for (v = 0; v < NMC_VECTORS; v++)
			if (due >> v & 1)
				fire(q, v);
	pthread_mutex_unlock(&q->lock);
}

void irq_reset(struct irq *q)
{
	pthread_mutex_lock(&q->lock);
	q->cause = 0;
	q->mask = 0;
	q->line_masked = false;
	pthread_mutex_unlock(&q->lock);
}
