// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events. The final DEVICE_LOST of each file is allocated and its room reserved at open: it cannot
 * be dropped. Everything about a file's events is under drm_device.event_lock.
 */
#include <linux/slab.h>
#include "nmc_drv.h"
#include "nmc_event.h"

#define NMC_EVENTS_KNOWN \
	(BIT_ULL(NMC_EVENT_ERROR) | BIT_ULL(NMC_EVENT_TILE_RETIRED) | \
	 BIT_ULL(NMC_EVENT_TILE_DEVIATION) | BIT_ULL(NMC_EVENT_TILE_WEAR) | \
	 BIT_ULL(NMC_EVENT_DEVICE_LOST))

static struct nmc_pending_event *nmc_event_alloc(void)
{
	struct nmc_pending_event *e = kzalloc(sizeof(*e), GFP_KERNEL);

	if (e) {
		e->event.base.type = DRM_NMC_EVENT;
		e->event.base.length = sizeof(e->event);
	}
	return e;
}

static void nmc_event_send(struct drm_device *drm, struct nmc_file *nf, struct nmc_pending_event *e)
{
	e->event.sequence = ++nf->event_sequence;
	e->event.dropped = nf->event_dropped;
	e->event.time_ns = ktime_get_ns();
	drm_send_event_locked(drm, &e->base);
}

int nmc_event_open(struct drm_device *drm, struct drm_file *file)
{
	struct nmc_file *nf = file->driver_priv;
	struct nmc_pending_event *e = nmc_event_alloc();
	int err;

	if (!e)
		return -ENOMEM;
	e->event.type = NMC_EVENT_DEVICE_LOST;
	err = drm_event_reserve_init(drm, file, &e->base, &e->event.base);
	if (err) {
		kfree(e);
		return err;
	}
	nf->event_space = file->event_space;
	nf->lost_event = e;
	return 0;
}

void nmc_event_close(struct drm_device *drm, struct drm_file *file)
{
	struct nmc_file *nf = file->driver_priv;

	if (nf->lost_event)
		drm_event_cancel_free(drm, &nf->lost_event->base);
}

void nmc_event_lost(struct nmc_device *nmc)
{
	struct drm_device *drm = &nmc->drm;
	struct drm_file *file;

	mutex_lock(&drm->filelist_mutex);
	list_for_each_entry(file, &drm->filelist, lhead) {
		struct nmc_file *nf = file->driver_priv;

		spin_lock_irq(&drm->event_lock);
		if (nf->lost_event)
			nmc_event_send(drm, nf, nf->lost_event);
		nf->lost_event = NULL;
		spin_unlock_irq(&drm->event_lock);
	}
	mutex_unlock(&drm->filelist_mutex);
}

/* Gives a file one event, or counts it as dropped. Nothing follows DEVICE_LOST. */
static void nmc_event_give(struct drm_device *drm, struct drm_file *file,
			   const struct nmc_event_record *record)
{
	struct nmc_file *nf = file->driver_priv;
	struct nmc_pending_event *e = nmc_event_alloc();
	u32 type = le32_to_cpu(record->type);
	int unread;

	spin_lock_irq(&drm->event_lock);
	unread = (nf->event_space - file->event_space) / (int)sizeof(e->event);
	if (!nf->lost_event || !(nf->event_mask & BIT_ULL(type))) {
		kfree(e);
	} else if (!e || unread >= NMC_EVENTS_UNREAD ||
		   drm_event_reserve_init_locked(drm, file, &e->base, &e->event.base)) {
		nf->event_sequence++;
		nf->event_dropped++;
		kfree(e);
	} else {
		e->event.type = type;
		e->event.object = le32_to_cpu(record->object);
		e->event.value = le64_to_cpu(record->value);
		nmc_event_send(drm, nf, e);
	}
	spin_unlock_irq(&drm->event_lock);
}

void nmc_event_work(struct work_struct *work)
{
	struct nmc_device *nmc = container_of(work, struct nmc_device, event_work);
	struct nmc_event_record record;
	struct drm_file *file;

	if (!nmc_admin_event_take(nmc, &record))
		return;
	if (le32_to_cpu(record.type) < NMC_EVENT_DEVICE_LOST) {
		mutex_lock(&nmc->drm.filelist_mutex);
		list_for_each_entry(file, &nmc->drm.filelist, lhead)
			nmc_event_give(&nmc->drm, file, &record);
		mutex_unlock(&nmc->drm.filelist_mutex);
	}
	nmc_admin_event(nmc);
}

int nmc_ioctl_event_subscribe(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_event_subscribe *args = data;
	struct nmc_file *nf = file->driver_priv;

	if (args->flags || args->pad || args->mask & ~NMC_EVENTS_KNOWN)
		return -EINVAL;
	spin_lock_irq(&drm->event_lock);
	nf->event_mask = args->mask;
	spin_unlock_irq(&drm->event_lock);
	return 0;
}
