// SPDX-License-Identifier: GPL-2.0-only
/*
 * Heartbeat. The firmware advances a register ten times a second; the driver reads it once a
 * second. All-ones means that nobody answers on the bus.
 */
#include "nmc_drv.h"
#include "nmc_heartbeat.h"
#include "nmc_hw.h"
#include "nmc_queue.h"
#include "nmc_recover.h"

#define NMC_BEAT_PERIOD		HZ
#define NMC_BEAT_DEAD		(5 * HZ)	/* without a new heartbeat: the firmware is dead */

static const char *nmc_heartbeat_check(struct nmc_device *nmc)
{
	u64 beat = nmc_read64(nmc, NMC_REG_HEARTBEAT);
	u32 status = nmc_read32(nmc, NMC_REG_STATUS);

	if (beat == NMC_GONE64 || status == NMC_GONE32)
		return "card does not answer";
	if (status & NMC_STAT_FATAL)
		return "card reports a fatal error";
	if (!(status & NMC_STAT_READY))
		return "card was reset behind the driver's back";
	if (beat != nmc->beat)
		nmc->beat_seen = jiffies;
	nmc->beat = beat;
	return time_before(jiffies, nmc->beat_seen + NMC_BEAT_DEAD) ? NULL : "firmware stopped";
}

/*
 * An interrupt that was lost costs a second, not a time-out. The scheduler puts a time-out off
 * with each job that comes behind a stuck one; here it is not put off.
 */
static void nmc_heartbeat_poll(struct nmc_device *nmc)
{
	unsigned int i;

	nmc_admin_irq(nmc);
	for (i = 0; i < nmc->queues->count; i++)
		if (nmc_queue_overdue(&nmc->queues->queue[i]))
			drm_sched_fault(&nmc->queues->queue[i].sched);
}

void nmc_heartbeat_work(struct work_struct *work)
{
	struct nmc_device *nmc = container_of(to_delayed_work(work), struct nmc_device, beat_work);
	const char *dead;

	if (nmc_is_lost(nmc))
		return;
	dead = nmc_heartbeat_check(nmc);
	if (dead) {
		nmc_lost(nmc, "%s", dead);
		return;
	}
	nmc_heartbeat_poll(nmc);
	queue_delayed_work(nmc_wq, &nmc->beat_work, NMC_BEAT_PERIOD);
}

void nmc_heartbeat_start(struct nmc_device *nmc)
{
	nmc->beat_seen = jiffies;
	enable_delayed_work(&nmc->beat_work);
	queue_delayed_work(nmc_wq, &nmc->beat_work, NMC_BEAT_PERIOD);
}

void nmc_heartbeat_stop(struct nmc_device *nmc)
{
	disable_delayed_work_sync(&nmc->beat_work);
}

void nmc_heartbeat_look(struct nmc_device *nmc)
{
	mod_delayed_work(nmc_wq, &nmc->beat_work, 0);
}
