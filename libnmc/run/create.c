// SPDX-License-Identifier: MIT
/*
 * Beginning and end of plans: what was compiled gets tiles, a context, and what it keeps between runs.
 */
#include "libnmc/run/health.h"
#include "libnmc/run/persist.h"
#include "libnmc/run/runner.h"

static int take_tiles(struct nmc_plan *p)
{
	int ret = *p->persist ? persist_take(p) :
		  nmc_tileset_create(p->device, p->class.index, p->tiles + p->spares, &p->set);

	return ret ? ret : nmc_context_create(p->device, &p->set, 1, &p->context);
}

int nmc_plan_create(struct nmc_device *device, const struct nmc_network *network, const struct nmc_plan_options *options,
		    struct nmc_plan **plan)
{
	int ret = plan_compile(device, network, options, plan);

	if (ret)
		return ret;
	ret = take_tiles(*plan);
	if (!ret)
		ret = runner_create(*plan, &(*plan)->runner);
	if (ret) {
		nmc_plan_destroy(*plan);
		*plan = NULL;
	}
	return ret;
}

static void end(struct nmc_plan *plan, void (*give_up)(struct nmc_tileset *set))
{
	if (!plan)
		return;
	health_free(plan);
	runner_destroy(plan->runner);
	nmc_context_destroy(plan->context);
	give_up(plan->set);
	plan_free(plan);
}

void nmc_plan_destroy(struct nmc_plan *plan)
{
	end(plan, nmc_tileset_destroy);
}

void nmc_plan_forget(struct nmc_plan *plan)
{
	end(plan, nmc_tileset_erase);
}
