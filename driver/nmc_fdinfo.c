// SPDX-License-Identifier: GPL-2.0-only
/*
 * fdinfo. Engine time is wall time: from a job's turn on its queue to its completion.
 */
#include <drm/drm_print.h>
#include "nmc_drv.h"
#include "nmc_fdinfo.h"
#include "nmc_tileset.h"

void nmc_show_fdinfo(struct drm_printer *p, struct drm_file *file)
{
	struct nmc_device *nmc = to_nmc(file->minor->dev);
	struct nmc_file *nf = file->driver_priv;

	drm_printf(p, "drm-engine-compute:\t%lld ns\n", atomic64_read(&nf->busy_ns));
	drm_printf(p, "drm-engine-capacity-compute:\t%u\n", le32_to_cpu(nmc->id.engines));
	drm_show_memory_stats(p, file);
	drm_printf(p, "nmc-tiles:\t%llu\n", nmc_tileset_tiles(nf));
	drm_printf(p, "nmc-jobs:\t%lld\n", atomic64_read(&nf->jobs));
}
