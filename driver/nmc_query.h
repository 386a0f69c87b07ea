/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queries: what the card knows about itself, typed.
 */
#ifndef NMC_QUERY_H
#define NMC_QUERY_H

#include <drm/drm_file.h>
#include "drm/nmc_accel.h"
#include "hw/nmc_regs.h"

struct nmc_device;

/**
 * nmc_query_identify() - asks the card who it is
 * @nmc: the device
 *
 * Return: 0 or a negative errno.
 */
int nmc_query_identify(struct nmc_device *nmc);

/**
 * nmc_query_error_count() - entries ever written to the error log
 * @nmc: the device
 * @count: out
 *
 * Return: 0 or a negative errno.
 */
int nmc_query_error_count(struct nmc_device *nmc, u64 *count);

/**
 * nmc_fault_to_user() - a fault record in the host's byte order
 * @to: out
 * @from: the card's record
 */
void nmc_fault_to_user(struct drm_nmc_fault *to, const struct nmc_isa_fault *from);

/**
 * nmc_ioctl_dev_query() - DEV_QUERY
 * @drm: DRM device
 * @data: struct drm_nmc_dev_query
 * @file: the file
 *
 * Return: 0 or a negative errno.
 */
int nmc_ioctl_dev_query(struct drm_device *drm, void *data, struct drm_file *file);

#endif
