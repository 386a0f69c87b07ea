// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers. A buffer is pinned and mapped when it is made, so that a submission maps nothing. Its
 * page list is built once, in memory that the card reads. When the device is unbound the mappings
 * go, while buffers that user space still has open or mapped stay ordinary memory.
 */
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <drm/drm_prime.h>
#include <drm/drm_utils.h>
#include "nmc_compat.h"
#include "nmc_drv.h"
#include "nmc_gem.h"

#define NMC_BO_BYTES_MAX	BIT_ULL(32)

/* Every run must be made of whole 4 KiB pages, the last one apart; counts them. */
static int nmc_gem_count(struct sg_table *sgt, size_t size, u32 *pages)
{
	struct scatterlist *sg;
	u64 bytes = 0;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (!IS_ALIGNED(sg_dma_address(sg), NMC_PAGE_BYTES) ||
		    !IS_ALIGNED(bytes, NMC_PAGE_BYTES))
			return -EINVAL;
		bytes += sg_dma_len(sg);
	}
	*pages = DIV_ROUND_UP_ULL(bytes, NMC_PAGE_BYTES);
	return bytes < size ? -EINVAL : 0;
}

static void nmc_gem_fill(struct sg_table *sgt, __le64 *list)
{
	struct scatterlist *sg;
	unsigned int off;
	int i;

	for_each_sgtable_dma_sg(sgt, sg, i)
		for (off = 0; off < sg_dma_len(sg); off += NMC_PAGE_BYTES)
			*list++ = cpu_to_le64(sg_dma_address(sg) + off);
}

/* Makes the buffer known to the card's way of looking at memory. */
static int nmc_gem_map(struct nmc_device *nmc, struct nmc_bo *bo, struct sg_table *sgt)
{
	u32 pages;
	int err = nmc_gem_count(sgt, bo->base.base.size, &pages);

	if (err)
		return err;
	if (sgt->nents == 1) {
		bo->addr = sg_dma_address(sgt->sgl);
	} else {
		bo->list = dma_alloc_coherent(nmc->drm.dev, pages * sizeof(*bo->list), &bo->addr,
					      GFP_KERNEL | __GFP_NOWARN);
		if (!bo->list)
			return -ENOMEM;
		nmc_gem_fill(sgt, bo->list);
		bo->pages = pages;
	}
	bo->mapped = true;
	mutex_lock(&nmc->bos_lock);
	list_add_tail(&bo->link, &nmc->bos);
	mutex_unlock(&nmc->bos_lock);
	return 0;
}

/* Forgets the page list; the reservation is held, or nobody else knows the buffer. */
static void nmc_gem_unmap(struct nmc_device *nmc, struct nmc_bo *bo)
{
	if (bo->list)
		dma_free_coherent(nmc->drm.dev, bo->pages * sizeof(*bo->list), bo->list, bo->addr);
	bo->list = NULL;
	bo->pages = 0;
	bo->mapped = false;
}

/* Takes the DMA mapping itself away; what the helpers would do when the buffer is freed. */
static void nmc_gem_detach(struct nmc_device *nmc, struct nmc_bo *bo)
{
	struct drm_gem_shmem_object *shmem = &bo->base;
	struct drm_gem_object *obj = &shmem->base;
	struct sg_table *sgt;

	dma_resv_lock(obj->resv, NULL);
	nmc_gem_unmap(nmc, bo);
	sgt = shmem->sgt;
	shmem->sgt = NULL;
	if (sgt && obj->import_attach) {
		dma_buf_unmap_attachment(obj->import_attach, sgt, DMA_BIDIRECTIONAL);
	} else if (sgt) {
		dma_unmap_sgtable(nmc->drm.dev, sgt, DMA_BIDIRECTIONAL, 0);
		sg_free_table(sgt);
		kfree(sgt);
		nmc_shmem_put_pages(shmem);
	}
	dma_resv_unlock(obj->resv);
}

static void nmc_gem_free(struct drm_gem_object *obj)
{
	struct nmc_device *nmc = to_nmc(obj->dev);
	struct nmc_bo *bo = to_nmc_bo(obj);

	/* It leaves the list when nothing of it is mapped any more: an unbind waits for that. */
	nmc_gem_detach(nmc, bo);
	mutex_lock(&nmc->bos_lock);
	list_del_init(&bo->link);
	mutex_unlock(&nmc->bos_lock);
	wake_up_all(&nmc->bos_gone);
	drm_gem_shmem_free(&bo->base);
}

static enum drm_gem_object_status nmc_gem_status(struct drm_gem_object *obj)
{
	return DRM_GEM_OBJECT_RESIDENT;
}

static const struct drm_gem_object_funcs nmc_gem_funcs = {
	.free = nmc_gem_free,
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.status = nmc_gem_status,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

struct drm_gem_object *nmc_gem_create_object(struct drm_device *drm, size_t size)
{
	struct nmc_bo *bo = kzalloc(sizeof(*bo), GFP_KERNEL);

	if (!bo)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&bo->link);
	bo->base.base.funcs = &nmc_gem_funcs;
	return &bo->base.base;
}

struct drm_gem_object *nmc_gem_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = ERR_PTR(-ENODEV);
	int idx;

	if (!drm_dev_enter(drm, &idx))
		return obj;
	if (!nmc_is_lost(to_nmc(drm)))
		obj = drm_gem_prime_import(drm, dma_buf);
	drm_dev_exit(idx);
	return obj;
}

struct drm_gem_object *nmc_gem_import(struct drm_device *drm, struct dma_buf_attachment *attach,
				      struct sg_table *sgt)
{
	struct drm_gem_object *obj;
	struct nmc_bo *bo;
	int err;

	obj = drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
	if (IS_ERR(obj))
		return obj;
	bo = to_nmc_bo(obj);
	err = nmc_gem_map(to_nmc(drm), bo, sgt);
	if (!err)
		return obj;
	/* The caller unmaps the attachment: the object must not. */
	bo->base.sgt = NULL;
	drm_gem_object_put(obj);
	return ERR_PTR(err);
}

/* The next mapped buffer that is not being freed, referenced and off the list. */
static struct nmc_bo *nmc_gem_take(struct nmc_device *nmc)
{
	struct nmc_bo *bo, *found = NULL;

	mutex_lock(&nmc->bos_lock);
	list_for_each_entry(bo, &nmc->bos, link) {
		if (!kref_get_unless_zero(&bo->base.base.refcount))
			continue;
		list_del_init(&bo->link);
		found = bo;
		break;
	}
	mutex_unlock(&nmc->bos_lock);
	return found;
}

static bool nmc_gem_none(struct nmc_device *nmc)
{
	bool none;

	mutex_lock(&nmc->bos_lock);
	none = list_empty(&nmc->bos);
	mutex_unlock(&nmc->bos_lock);
	return none;
}

void nmc_gem_unmap_all(struct nmc_device *nmc)
{
	struct nmc_bo *bo;

	while ((bo = nmc_gem_take(nmc))) {
		nmc_gem_detach(nmc, bo);
		drm_gem_object_put(&bo->base.base);
	}
	/* Those that somebody else is freeing just now. */
	wait_event(nmc->bos_gone, nmc_gem_none(nmc));
}

static int nmc_gem_create(struct nmc_device *nmc, struct drm_file *file,
			  struct drm_nmc_bo_create *args)
{
	struct drm_gem_shmem_object *shmem =
		drm_gem_shmem_create(&nmc->drm, PAGE_ALIGN(args->size));
	struct sg_table *sgt;
	int err;

	if (IS_ERR(shmem))
		return PTR_ERR(shmem);
	sgt = drm_gem_shmem_get_pages_sgt(shmem);
	err = IS_ERR(sgt) ? PTR_ERR(sgt) : nmc_gem_map(nmc, to_nmc_bo(&shmem->base), sgt);
	if (!err)
		err = drm_gem_handle_create(file, &shmem->base, &args->handle);
	if (!err) {
		args->size = shmem->base.size;
		args->offset = drm_vma_node_offset_addr(&shmem->base.vma_node);
	}
	drm_gem_object_put(&shmem->base);
	return err;
}

int nmc_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_bo_create *args = data;
	int err, idx;

	if (args->flags || args->handle || args->offset || !args->size ||
	    args->size > NMC_BO_BYTES_MAX)
		return -EINVAL;
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;
	err = nmc_gem_create(to_nmc(drm), file, args);
	drm_dev_exit(idx);
	return err;
}

int nmc_ioctl_bo_info(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_bo_info *args = data;
	struct drm_gem_object *obj;

	if (args->flags || args->size || args->offset)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	args->size = obj->size;
	args->offset = obj->import_attach ? 0 : drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);
	return 0;
}

int nmc_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file)
{
	struct drm_nmc_bo_wait *args = data;
	unsigned long timeout = drm_timeout_abs_to_jiffies(args->timeout_ns);
	struct drm_gem_object *obj;
	long left;

	if (args->flags)
		return -EINVAL;
	obj = drm_gem_object_lookup(file, args->handle);
	if (!obj)
		return -ENOENT;
	left = dma_resv_wait_timeout(obj->resv, dma_resv_usage_rw(true), true, timeout);
	drm_gem_object_put(obj);
	if (left)
		return min(left, 0L);
	return args->timeout_ns ? -ETIMEDOUT : -EBUSY;
}
