/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fdinfo: what an open file uses, in the keys of Documentation/gpu/drm-usage-stats.rst.
 */
#ifndef NMC_FDINFO_H
#define NMC_FDINFO_H

#include <drm/drm_file.h>

/**
 * nmc_show_fdinfo() - prints engine time, memory and tiles of an open file
 * @p: printer
 * @file: the file
 */
void nmc_show_fdinfo(struct drm_printer *p, struct drm_file *file);

#endif
