// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts. With a vector a queue no register is read. With one vector for all, the cause
 * register is read and cleared first and the queues are looked at after, so that nothing is missed;
 * a message that finds no cause belongs to one that was seen a moment before.
 */
#include <linux/interrupt.h>
#include "nmc_drv.h"
#include "nmc_heartbeat.h"
#include "nmc_hw.h"
#include "nmc_irq.h"
#include "nmc_queue.h"

static irqreturn_t nmc_irq_health(int irq, void *data)
{
	struct nmc_device *nmc = data;

	atomic64_inc(&nmc->interrupts);
	nmc_heartbeat_look(nmc);
	return IRQ_HANDLED;
}

static irqreturn_t nmc_irq_admin(int irq, void *data)
{
	struct nmc_device *nmc = data;

	atomic64_inc(&nmc->interrupts);
	atomic64_inc(&nmc->admin.interrupts);
	nmc_admin_irq(nmc);
	return IRQ_HANDLED;
}

static irqreturn_t nmc_irq_queue(int irq, void *data)
{
	struct nmc_queue *queue = data;

	atomic64_inc(&queue->nmc->interrupts);
	atomic64_inc(&queue->interrupts);
	nmc_queue_poll(queue);
	return IRQ_HANDLED;
}

static void nmc_irq_causes(struct nmc_device *nmc, u64 cause)
{
	struct nmc_queues *queues = READ_ONCE(nmc->queues);
	unsigned int i;

	if (cause & BIT_ULL(NMC_VECTOR_HEALTH))
		nmc_heartbeat_look(nmc);
	if (cause & BIT_ULL(NMC_VECTOR_ADMIN)) {
		atomic64_inc(&nmc->admin.interrupts);
		nmc_admin_irq(nmc);
	}
	for (i = 0; queues && i < queues->count; i++) {
		if (cause & BIT_ULL(queues->queue[i].vector)) {
			atomic64_inc(&queues->queue[i].interrupts);
			nmc_queue_poll(&queues->queue[i]);
		}
	}
}

static irqreturn_t nmc_irq_shared(int irq, void *data)
{
	struct nmc_device *nmc = data;
	u64 cause = nmc_read64(nmc, NMC_REG_INT_CAUSE);
	irqreturn_t ret = nmc->pdev->msi_enabled ? IRQ_HANDLED : IRQ_NONE;
	u64 next;

	while (cause && cause != NMC_GONE64) {
		nmc_write64(nmc, NMC_REG_INT_CAUSE, cause);
		/* The read pushes the write: what is raised from now on is not cleared by it. */
		next = nmc_read64(nmc, NMC_REG_INT_CAUSE);
		atomic64_inc(&nmc->interrupts);
		nmc_irq_causes(nmc, cause);
		cause = next;
		ret = IRQ_HANDLED;
	}
	return ret;
}

static int nmc_irq_alloc(struct nmc_device *nmc)
{
	unsigned int most = NMC_VECTOR_IO + min_t(unsigned int, nmc->hw_queues, num_online_cpus());
	int got;

	got = pci_alloc_irq_vectors(nmc->pdev, NMC_VECTOR_IO + 1, most, PCI_IRQ_MSIX);
	if (got < 0) {
		got = pci_alloc_irq_vectors(nmc->pdev, 1, 1, PCI_IRQ_MSI | PCI_IRQ_INTX);
		nmc->shared_vector = true;
	}
	if (got < 0)
		dev_err(&nmc->pdev->dev, "no interrupt available: %d\n", got);
	else
		nmc->vectors = got;
	return min(got, 0);
}

static int nmc_irq_request(struct nmc_device *nmc)
{
	struct pci_dev *pdev = nmc->pdev;
	const char *name = pci_name(pdev);
	int err;

	if (nmc->shared_vector)
		return pci_request_irq(pdev, 0, nmc_irq_shared, NULL, nmc, "%s", name);
	err = pci_request_irq(pdev, NMC_VECTOR_HEALTH, nmc_irq_health, NULL, nmc, "%s-health",
			      name);
	if (err)
		return err;
	err = pci_request_irq(pdev, NMC_VECTOR_ADMIN, nmc_irq_admin, NULL, nmc, "%s-admin", name);
	if (err)
		pci_free_irq(pdev, NMC_VECTOR_HEALTH, nmc);
	return err;
}

int nmc_irq_init(struct nmc_device *nmc)
{
	struct pci_dev *pdev = nmc->pdev;
	int err = nmc_irq_alloc(nmc);

	if (err)
		return err;
	err = nmc_irq_request(nmc);
	if (err) {
		dev_err(&pdev->dev, "interrupt cannot be requested: %d\n", err);
		pci_free_irq_vectors(pdev);
	}
	return err;
}

/*
 * A hint and no managed interrupt: any processor may submit to any queue, so that the interrupt of
 * a processor that goes offline must move and not end.
 */
static void nmc_irq_hint(struct nmc_queue *queue, bool set)
{
	struct pci_dev *pdev = queue->nmc->pdev;

	irq_set_affinity_and_hint(pci_irq_vector(pdev, queue->vector),
				  set ? cpumask_of(queue->cpu) : NULL);
}

int nmc_irq_queues(struct nmc_device *nmc)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < nmc->queues->count && !nmc->shared_vector && !err; i++) {
		struct nmc_queue *queue = &nmc->queues->queue[i];

		err = pci_request_irq(nmc->pdev, queue->vector, nmc_irq_queue, NULL, queue,
				      "%s-q%u", pci_name(nmc->pdev), queue->id);
		queue->irq_requested = !err;
		if (!err)
			nmc_irq_hint(queue, true);
	}
	if (err)
		dev_err(&nmc->pdev->dev, "interrupt of queue %u cannot be requested: %d\n", i, err);
	return err;
}

static void nmc_irq_free_queues(struct nmc_device *nmc)
{
	unsigned int i;

	for (i = 0; nmc->queues && i < nmc->queues->count; i++) {
		struct nmc_queue *queue = &nmc->queues->queue[i];

		if (!queue->irq_requested)
			continue;
		nmc_irq_hint(queue, false);
		pci_free_irq(nmc->pdev, queue->vector, queue);
		queue->irq_requested = false;
	}
}

void nmc_irq_fini(struct nmc_device *nmc)
{
	nmc_irq_free_queues(nmc);
	pci_free_irq(nmc->pdev, 0, nmc);
	if (!nmc->shared_vector)
		pci_free_irq(nmc->pdev, NMC_VECTOR_ADMIN, nmc);
	pci_free_irq_vectors(nmc->pdev);
}
