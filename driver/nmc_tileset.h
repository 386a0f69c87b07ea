/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tile sets: who owns tiles, and under which policy a persistent set is opened again.
 */
#ifndef NMC_TILESET_H
#define NMC_TILESET_H

#include <linux/kref.h>
#include <linux/list.h>
#include "nmc_drv.h"

/**
 * struct nmc_tileset - a tile set that somebody has open or a context uses
 * @ref: handles and contexts
 * @nmc: the device
 * @link: in nmc_device.sets
 * @id: id on the card
 * @generation: its generation
 * @config: as the card knows it
 * @shared: every opener asked to share
 * @erase: erase when the last reference goes, although persistent
 */
struct nmc_tileset {
	struct kref ref;
	struct nmc_device *nmc;
	struct list_head link;
	u32 id;
	u32 generation;
	struct nmc_tileset_config config;
	bool shared;
	bool erase;
};

/**
 * nmc_tileset_get() - the tile set of a handle
 * @file: the open file
 * @handle: the handle
 *
 * Return: the set, referenced, or NULL.
 */
struct nmc_tileset *nmc_tileset_get(struct nmc_file *file, u32 handle);

/**
 * nmc_tileset_put() - gives a reference back; the last one releases the set on the card
 * @set: the set
 *
 * May sleep.
 */
void nmc_tileset_put(struct nmc_tileset *set);

/**
 * nmc_tileset_find_handle() - which of a file's sets is set number @id of the card
 * @file: the open file
 * @id: id on the card
 *
 * Return: its handle, 0 if none.
 */
u32 nmc_tileset_find_handle(struct nmc_file *file, u32 id);

/**
 * nmc_tileset_tiles() - tiles in all sets of a file
 * @file: the open file
 */
u64 nmc_tileset_tiles(struct nmc_file *file);

/**
 * nmc_tileset_close_all() - closes all handles of a file
 * @file: the open file, going away
 */
void nmc_tileset_close_all(struct nmc_file *file);

/**
 * nmc_tileset_sweep() - releases volatile sets that a former driver of this boot left on the card
 * @nmc: the device, no file open yet
 *
 * Return: 0 or a negative errno.
 */
int nmc_tileset_sweep(struct nmc_device *nmc);

/**
 * nmc_ioctl_tileset_create() - TILESET_CREATE
 * @drm: DRM device
 * @data: struct drm_nmc_tileset_create
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_tileset_create(struct drm_device *drm, void *data, struct drm_file *file);

/**
 * nmc_ioctl_tileset_open() - TILESET_OPEN
 * @drm: DRM device
 * @data: struct drm_nmc_tileset_open
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_tileset_open(struct drm_device *drm, void *data, struct drm_file *file);

/**
 * nmc_ioctl_tileset_close() - TILESET_CLOSE
 * @drm: DRM device
 * @data: struct drm_nmc_tileset_close
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_tileset_close(struct drm_device *drm, void *data, struct drm_file *file);

/**
 * nmc_ioctl_tileset_info() - TILESET_INFO
 * @drm: DRM device
 * @data: struct drm_nmc_tileset_info
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_tileset_info(struct drm_device *drm, void *data, struct drm_file *file);

#endif
