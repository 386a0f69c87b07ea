/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Buffers: host memory that jobs may name, made here or imported, mapped for DMA once and for all.
 */
#ifndef NMC_GEM_H
#define NMC_GEM_H

#include <drm/drm_gem_shmem_helper.h>

struct nmc_device;

/**
 * struct nmc_bo - a buffer
 * @base: shmem object
 * @link: in nmc_device.bos while mapped
 * @addr: DMA address of the buffer, or of @list
 * @list: DMA addresses of its 4 KiB pages in coherent memory, NULL if the buffer is one run
 * @pages: entries of @list, zero without
 * @mapped: @addr is valid; changes only under the reservation
 */
struct nmc_bo {
	struct drm_gem_shmem_object base;
	struct list_head link;
	dma_addr_t addr;
	__le64 *list;
	u32 pages;
	bool mapped;
};

static inline struct nmc_bo *to_nmc_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct nmc_bo, base);
}

/**
 * nmc_gem_create_object() - allocates a buffer's structure, for the shmem helpers
 * @drm: DRM device
 * @size: bytes
 *
 * Return: the object or an error pointer.
 */
struct drm_gem_object *nmc_gem_create_object(struct drm_device *drm, size_t size);

/**
 * nmc_gem_prime_import() - makes a buffer of a dma-buf, ours or a foreign one
 * @drm: DRM device
 * @dma_buf: the dma-buf
 *
 * Nothing is mapped for a device that is being removed.
 * Return: the object or an error pointer.
 */
struct drm_gem_object *nmc_gem_prime_import(struct drm_device *drm, struct dma_buf *dma_buf);

/**
 * nmc_gem_import() - makes a buffer of a foreign dma-buf and maps it
 * @drm: DRM device
 * @attach: attachment
 * @sgt: its pages, mapped
 *
 * Return: the object or an error pointer.
 */
struct drm_gem_object *nmc_gem_import(struct drm_device *drm, struct dma_buf_attachment *attach,
				      struct sg_table *sgt);

/**
 * nmc_gem_put_shared() - gives a reference to a buffer back unless it is the last one; any context
 * @obj: the buffer
 *
 * Return: true if it was given back. The last one goes with drm_gem_object_put(), which may sleep.
 */
static inline bool nmc_gem_put_shared(struct drm_gem_object *obj)
{
	return refcount_dec_not_one(&obj->refcount.refcount);
}

/**
 * nmc_gem_unmap_all() - takes every buffer's DMA mapping away; the card is halted
 * @nmc: the device
 *
 * The buffers and what user space mapped of them live on.
 */
void nmc_gem_unmap_all(struct nmc_device *nmc);

/**
 * nmc_ioctl_bo_create() - BO_CREATE
 * @drm: DRM device
 * @data: struct drm_nmc_bo_create
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_bo_create(struct drm_device *drm, void *data, struct drm_file *file);

/**
 * nmc_ioctl_bo_info() - BO_INFO
 * @drm: DRM device
 * @data: struct drm_nmc_bo_info
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_bo_info(struct drm_device *drm, void *data, struct drm_file *file);

/**
 * nmc_ioctl_bo_wait() - BO_WAIT
 * @drm: DRM device
 * @data: struct drm_nmc_bo_wait
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_bo_wait(struct drm_device *drm, void *data, struct drm_file *file);

#endif
