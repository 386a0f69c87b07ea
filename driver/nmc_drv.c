// SPDX-License-Identifier: GPL-2.0-only
/*
 * nmc.ko: probe, remove, open files and the table of ioctls.
 */
#include <linux/compat.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <drm/drm_accel.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include "nmc_compat.h"
#include "nmc_context.h"
#include "nmc_event.h"
#include "nmc_fdinfo.h"
#include "nmc_gem.h"
#include "nmc_heartbeat.h"
#include "nmc_hw.h"
#include "nmc_irq.h"
#include "nmc_job.h"
#include "nmc_query.h"
#include "nmc_queue.h"
#include "nmc_recover.h"

struct workqueue_struct *nmc_wq;

static void nmc_file_free(struct kref *ref)
{
	kfree(container_of(ref, struct nmc_file, ref));
}

void nmc_file_put(struct nmc_file *file)
{
	kref_put(&file->ref, nmc_file_free);
}

static int nmc_open(struct drm_device *drm, struct drm_file *file)
{
	struct nmc_file *nf;
	int err;

	if (nmc_is_lost(to_nmc(drm)))
		return -ENODEV;
	nf = kzalloc(sizeof(*nf), GFP_KERNEL);
	if (!nf)
		return -ENOMEM;
	kref_init(&nf->ref);
	xa_init_flags(&nf->contexts, XA_FLAGS_ALLOC1);
	xa_init_flags(&nf->sets, XA_FLAGS_ALLOC1);
	file->driver_priv = nf;
	err = nmc_event_open(drm, file);
	if (err)
		nmc_file_put(nf);
	return err;
}

static void nmc_postclose(struct drm_device *drm, struct drm_file *file)
{
	struct nmc_file *nf = file->driver_priv;

	nmc_event_close(drm, file);
	nmc_context_close_all(nf);
	nmc_tileset_close_all(nf);
	nmc_file_put(nf);
}

/* A file that was not on the list yet when the loss was told gets its event here. */
static int nmc_file_open(struct inode *inode, struct file *filp)
{
	int err = accel_open(inode, filp);
	struct nmc_device *nmc;

	if (err)
		return err;
	nmc = to_nmc(((struct drm_file *)filp->private_data)->minor->dev);
	if (test_bit(NMC_DEV_HALTED, &nmc->flags))
		nmc_event_lost(nmc);
	return 0;
}

/*
 * Core ioctls that are not meant for render clients assume a master, which an accel file does not
 * have (GET_MAGIC and GET_UNIQUE dereference it). A lost device answers nothing of ours any more,
 * while core's syncobj calls still tell what became of the jobs.
 */
static int nmc_ioctl_allowed(struct file *filp, unsigned int cmd)
{
	struct drm_file *file = filp->private_data;
	unsigned int nr = DRM_IOCTL_NR(cmd);
	unsigned int flags;

	if (drm_ioctl_flags(nr, &flags))
		return flags & DRM_RENDER_ALLOW ? 0 : -EACCES;
	return nmc_is_lost(to_nmc(file->minor->dev)) ? -ENODEV : 0;
}

static long nmc_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	int err = nmc_ioctl_allowed(filp, cmd);

	return err ?: drm_ioctl(filp, cmd, arg);
}

#ifdef CONFIG_COMPAT
static long nmc_compat_ioctl(struct file *filp, unsigned int cmd, unsigned long arg)
{
	int err = nmc_ioctl_allowed(filp, cmd);

	return err ?: drm_compat_ioctl(filp, cmd, arg);
}
#else
#define nmc_compat_ioctl NULL
#endif

static const struct file_operations nmc_fops = {
	.owner = THIS_MODULE,
	.open = nmc_file_open,
	.release = drm_release,
	.unlocked_ioctl = nmc_ioctl,
	.compat_ioctl = nmc_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

static const struct drm_ioctl_desc nmc_ioctls[] = {
	DRM_IOCTL_DEF_DRV(NMC_DEV_QUERY, nmc_ioctl_dev_query, 0),
	DRM_IOCTL_DEF_DRV(NMC_BO_CREATE, nmc_ioctl_bo_create, 0),
	DRM_IOCTL_DEF_DRV(NMC_BO_INFO, nmc_ioctl_bo_info, 0),
	DRM_IOCTL_DEF_DRV(NMC_BO_WAIT, nmc_ioctl_bo_wait, 0),
	DRM_IOCTL_DEF_DRV(NMC_TILESET_CREATE, nmc_ioctl_tileset_create, 0),
	DRM_IOCTL_DEF_DRV(NMC_TILESET_OPEN, nmc_ioctl_tileset_open, 0),
	DRM_IOCTL_DEF_DRV(NMC_TILESET_CLOSE, nmc_ioctl_tileset_close, 0),
	DRM_IOCTL_DEF_DRV(NMC_TILESET_INFO, nmc_ioctl_tileset_info, 0),
	DRM_IOCTL_DEF_DRV(NMC_CONTEXT_CREATE, nmc_ioctl_context_create, 0),
	DRM_IOCTL_DEF_DRV(NMC_CONTEXT_DESTROY, nmc_ioctl_context_destroy, 0),
	DRM_IOCTL_DEF_DRV(NMC_SUBMIT, nmc_ioctl_submit, 0),
	DRM_IOCTL_DEF_DRV(NMC_JOB_RESULT, nmc_ioctl_job_result, 0),
	DRM_IOCTL_DEF_DRV(NMC_EVENT_SUBSCRIBE, nmc_ioctl_event_subscribe, 0),
};

static const struct drm_driver nmc_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE,
	.open = nmc_open,
	.postclose = nmc_postclose,
	.gem_create_object = nmc_gem_create_object,
	.gem_prime_import = nmc_gem_prime_import,
	.gem_prime_import_sg_table = nmc_gem_import,
	.show_fdinfo = nmc_show_fdinfo,
	.ioctls = nmc_ioctls,
	.num_ioctls = ARRAY_SIZE(nmc_ioctls),
	.fops = &nmc_fops,
	.name = NMC_ACCEL_NAME,
	.desc = "Neuromorphic card",
#ifdef NMC_HAVE_DRIVER_DATE
	.date = "0",
#endif
	.major = 1,
	.minor = 0,
};

static void nmc_reset_wq_destroy(struct drm_device *drm, void *data)
{
	destroy_workqueue(data);
}

static int nmc_device_init(struct nmc_device *nmc, struct pci_dev *pdev)
{
	nmc->pdev = pdev;
	nmc->epoch = nmc_boot_epoch();
	mutex_init(&nmc->reset_lock);
	mutex_init(&nmc->contexts_lock);
	mutex_init(&nmc->sets_lock);
	mutex_init(&nmc->bos_lock);
	INIT_LIST_HEAD(&nmc->sets);
	INIT_LIST_HEAD(&nmc->bos);
	init_waitqueue_head(&nmc->bos_gone);
	xa_init_flags(&nmc->contexts, XA_FLAGS_ALLOC1);
	INIT_WORK(&nmc->lost_work, nmc_lost_work);
	INIT_WORK(&nmc->event_work, nmc_event_work);
	INIT_DELAYED_WORK(&nmc->beat_work, nmc_heartbeat_work);
	disable_delayed_work(&nmc->beat_work);
	nmc->reset_wq = alloc_ordered_workqueue("nmc-reset", WQ_MEM_RECLAIM);
	if (!nmc->reset_wq)
		return -ENOMEM;
	return drmm_add_action_or_reset(&nmc->drm, nmc_reset_wq_destroy, nmc->reset_wq);
}

/* A recovery that waits for the card's answer would hold the halt up, and the card may be gone. */
static void nmc_gone(struct nmc_device *nmc)
{
	set_bit(NMC_DEV_LOST, &nmc->flags);
	nmc_admin_stop(nmc);
	nmc_halt(nmc);
}

/* Halts the card and frees what must not outlive the driver: rings, vectors, mappings. */
static void nmc_teardown(struct nmc_device *nmc)
{
	nmc_heartbeat_stop(nmc);
	nmc_gone(nmc);
	cancel_work_sync(&nmc->lost_work);
	nmc_irq_fini(nmc);
	cancel_work_sync(&nmc->event_work);
	nmc_gem_unmap_all(nmc);
	nmc_queues_fini(nmc);
	nmc_admin_fini(nmc);
}

static int nmc_start(struct nmc_device *nmc)
{
	int err = nmc_irq_queues(nmc);

	if (!err)
		err = nmc_bring_up(nmc);
	if (err)
		return err;
	err = nmc_query_identify(nmc);
	if (!err)
		err = nmc_tileset_sweep(nmc);
	if (!err) {
		nmc_heartbeat_start(nmc);
		err = drm_dev_register(&nmc->drm, 0);
	}
	/* A loss has been told of already. */
	if (err && !nmc_is_lost(nmc))
		dev_err(&nmc->pdev->dev, "card cannot be identified or registered: %d\n", err);
	return err;
}

/* The line for failures that have no better one. */
static int nmc_unusable(struct pci_dev *pdev, int err)
{
	dev_err(&pdev->dev, "card cannot be used: %d\n", err);
	return err;
}

static int nmc_setup(struct nmc_device *nmc)
{
	int err = nmc_hw_init(nmc);

	if (err)
		return err;
	err = nmc_admin_init(nmc);
	if (err)
		return nmc_unusable(nmc->pdev, err);
	err = nmc_irq_init(nmc);
	if (err)
		goto err_admin;
	err = nmc_queues_init(nmc);
	if (err) {
		nmc_unusable(nmc->pdev, err);
		goto err_irq;
	}
	err = nmc_start(nmc);
	if (err)
		nmc_teardown(nmc);
	return err;

err_irq:
	nmc_irq_fini(nmc);
err_admin:
	nmc_admin_fini(nmc);
	return err;
}

static int nmc_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nmc_device *nmc;
	int err;

	nmc = devm_drm_dev_alloc(&pdev->dev, &nmc_driver, struct nmc_device, drm);
	if (IS_ERR(nmc))
		return nmc_unusable(pdev, PTR_ERR(nmc));
	pci_set_drvdata(pdev, nmc);
	err = nmc_device_init(nmc, pdev);
	if (!err)
		err = pcim_enable_device(pdev);
	if (err)
		return nmc_unusable(pdev, err);
	err = nmc_setup(nmc);
	if (err)
		return err;
	dev_info(&pdev->dev, "%s, %u tiles, %u queues, firmware %s, accel%d\n", nmc->id.name,
		 le32_to_cpu(nmc->id.tiles), nmc->queues->count, nmc->id.firmware,
		 nmc->drm.accel->index);
	return 0;
}

static void nmc_remove(struct pci_dev *pdev)
{
	struct nmc_device *nmc = pci_get_drvdata(pdev);

	drm_dev_unplug(&nmc->drm);
	nmc_teardown(nmc);
}

static void nmc_shutdown(struct pci_dev *pdev)
{
	struct nmc_device *nmc = pci_get_drvdata(pdev);

	nmc_heartbeat_stop(nmc);
	nmc_gone(nmc);
}

static const struct pci_device_id nmc_ids[] = {
	{ PCI_DEVICE(NMC_PCI_VENDOR, NMC_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, nmc_ids);

static struct pci_driver nmc_pci_driver = {
	.name = NMC_ACCEL_NAME,
	.id_table = nmc_ids,
	.probe = nmc_probe,
	.remove = nmc_remove,
	.shutdown = nmc_shutdown,
	.err_handler = &nmc_error_handlers,
	.driver.pm = pm_sleep_ptr(&nmc_pm_ops),
};

static int __init nmc_init(void)
{
	int err;

	nmc_wq = alloc_workqueue("nmc", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	if (!nmc_wq)
		return -ENOMEM;
	err = pci_register_driver(&nmc_pci_driver);
	if (err)
		destroy_workqueue(nmc_wq);
	return err;
}

/* Waits for releases and fence callbacks whose last act was to let go of the module. */
static void __exit nmc_exit(void)
{
	pci_unregister_driver(&nmc_pci_driver);
	destroy_workqueue(nmc_wq);
	rcu_barrier();
}

module_init(nmc_init);
module_exit(nmc_exit);

MODULE_DESCRIPTION("NMC neuromorphic card");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS(NMC_NS_DMA_BUF);
