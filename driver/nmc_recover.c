// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery: loss, stuck queues, function reset, system sleep. Programming cells is not idempotent,
 * so a job that the card began is never given to it again; those that it did not begin are, after
 * the same host epoch has found its tile sets as they were.
 */
#include <linux/delay.h>
#include <linux/dma-fence.h>
#include <linux/kobject.h>
#include "nmc_context.h"
#include "nmc_drv.h"
#include "nmc_event.h"
#include "nmc_heartbeat.h"
#include "nmc_hw.h"
#include "nmc_queue.h"
#include "nmc_recover.h"

#define NMC_PAUSE_TIME	(5 * HZ)	/* grace of jobs in execution before a pause */

void nmc_lost(struct nmc_device *nmc, const char *reason, ...)
{
	struct va_format text = { .fmt = reason };
	va_list args;

	if (test_and_set_bit(NMC_DEV_LOST, &nmc->flags))
		return;
	/* Said here and not in the work, which a probe that fails may cancel. */
	va_start(args, reason);
	text.va = &args;
	dev_err(&nmc->pdev->dev, "device lost: %pV\n", &text);
	va_end(args);
	/* A recovery that waits for the card's answer would hold the work up. */
	nmc_admin_stop(nmc);
	queue_work(nmc->reset_wq, &nmc->lost_work);
}

/* The event that DRM core would send, which it cannot for a device without a primary node. */
static void nmc_wedged_event(struct nmc_device *nmc)
{
	char *env[2] = { "WEDGED=rebind", NULL };

	if (nmc->drm.registered)
		kobject_uevent_env(&nmc->drm.accel->kdev->kobj, KOBJ_CHANGE, env);
}

void nmc_lost_work(struct work_struct *work)
{
	struct nmc_device *nmc = container_of(work, struct nmc_device, lost_work);

	nmc_halt(nmc);
	nmc_wedged_event(nmc);
}

void nmc_halt(struct nmc_device *nmc)
{
	bool signalling = dma_fence_begin_signalling();
	bool first;
	unsigned int i;

	mutex_lock(&nmc->reset_lock);
	first = !test_and_set_bit(NMC_DEV_HALTED, &nmc->flags);
	if (first) {
		nmc_admin_stop(nmc);
		nmc_hw_disable(nmc);
		pci_clear_master(nmc->pdev);
		for (i = 0; i < nmc->queues->count; i++)
			nmc_queue_halt(&nmc->queues->queue[i]);
	}
	mutex_unlock(&nmc->reset_lock);
	dma_fence_end_signalling(signalling);
	if (first) {
		nmc_contexts_wake(nmc);
		nmc_event_lost(nmc);
	}
}

void nmc_recover_queue(struct nmc_queue *queue, const struct nmc_job *stuck)
{
	struct nmc_device *nmc = queue->nmc;
	bool signalling = dma_fence_begin_signalling();
	int err;

	mutex_lock(&nmc->reset_lock);
	if (nmc_is_lost(nmc) || !nmc_queue_overdue(queue))
		goto out;
	if (nmc_queue_hangs(queue)) {
		nmc_lost(nmc, "card takes no jobs");
		goto out;
	}
	err = nmc_queue_stop(queue, stuck);
	if (!err)
		err = nmc_queue_start(queue);
	if (err)
		nmc_lost(nmc, "a stuck queue cannot be restarted");
out:
	mutex_unlock(&nmc->reset_lock);
	dma_fence_end_signalling(signalling);
}

int nmc_bring_up(struct nmc_device *nmc)
{
	int err = nmc_admin_start(nmc);

	if (!err)
		err = nmc_contexts_restore(nmc);
	if (!err)
		err = nmc_queues_create(nmc);
	if (!err)
		nmc_admin_event(nmc);
	return err;
}

static void nmc_drain(struct nmc_device *nmc)
{
	unsigned long end = jiffies + NMC_PAUSE_TIME;
	unsigned int i;

	for (i = 0; i < nmc->queues->count; i++)
		nmc_queue_pause(&nmc->queues->queue[i]);
	for (i = 0; i < nmc->queues->count; i++)
		while (!nmc_queue_idle(&nmc->queues->queue[i]) && !nmc_is_lost(nmc) &&
		       time_before(jiffies, end))
			usleep_range(1000, 2000);
}

/* The card is left disabled, what it shall do later is kept. */
static void nmc_pause(struct nmc_device *nmc)
{
	unsigned int i;
	int err = 0;

	nmc_heartbeat_stop(nmc);
	nmc_admin_pause(nmc);
	nmc_contexts_suspend(nmc);
	mutex_lock(&nmc->reset_lock);
	if (!nmc_is_lost(nmc)) {
		nmc_drain(nmc);
		for (i = 0; i < nmc->queues->count && !err; i++)
			err = nmc_queue_stop(&nmc->queues->queue[i], NULL);
		nmc_admin_stop(nmc);
		if (!err)
			err = nmc_hw_disable(nmc);
		pci_clear_master(nmc->pdev);
	}
	mutex_unlock(&nmc->reset_lock);
	/* It asks for the next event, which the start will do. */
	flush_work(&nmc->event_work);
	if (err)
		nmc_lost(nmc, "card cannot be stopped");
}

static int nmc_resume(struct nmc_device *nmc)
{
	int err = 0;

	mutex_lock(&nmc->reset_lock);
	if (!nmc_is_lost(nmc))
		err = nmc_bring_up(nmc);
	mutex_unlock(&nmc->reset_lock);
	if (!err)
		nmc_heartbeat_start(nmc);
	nmc_admin_resume(nmc);
	return err;
}

static void nmc_reset_prepare(struct pci_dev *pdev)
{
	nmc_pause(pci_get_drvdata(pdev));
}

static void nmc_reset_done(struct pci_dev *pdev)
{
	struct nmc_device *nmc = pci_get_drvdata(pdev);

	if (!nmc_resume(nmc) && !nmc_is_lost(nmc))
		dev_info(&pdev->dev, "function was reset\n");
}

/* A channel that is gone takes the card with it; less is left to the port's own recovery. */
static pci_ers_result_t nmc_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct nmc_device *nmc = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	nmc_lost(nmc, "PCI channel failed");
	return PCI_ERS_RESULT_DISCONNECT;
}

const struct pci_error_handlers nmc_error_handlers = {
	.error_detected = nmc_error_detected,
	.reset_prepare = nmc_reset_prepare,
	.reset_done = nmc_reset_done,
};

static int nmc_pm_suspend(struct device *dev)
{
	nmc_pause(dev_get_drvdata(dev));
	return 0;
}

static int nmc_pm_resume(struct device *dev)
{
	return nmc_resume(dev_get_drvdata(dev));
}

const struct dev_pm_ops nmc_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(nmc_pm_suspend, nmc_pm_resume)
};
