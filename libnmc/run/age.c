// SPDX-License-Identifier: MIT
/*
 * Ageing of a plan's tiles, and what its products leave out.
 */
#include <errno.h>
#include "libnmc/error.h"
#include "libnmc/run/emit.h"
#include "libnmc/run/runner.h"

int runner_age(struct nmc_plan *p, uint64_t ns)
{
	struct nmc_stream *stream = NULL;
	int ret = emit_age(ns, &stream);

	if (!ret)
		ret = runner_job(p, stream, NULL, 0);
	nmc_stream_destroy(stream);
	return ret;
}

int nmc_plan_age(struct nmc_plan *plan, uint64_t ns)
{
	int ret;

	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = runner_age(plan, ns);
	runner_end(plan->runner);
	return ret;
}

int nmc_plan_leave_out(struct nmc_plan *plan, unsigned int mask)
{
	if (mask >> NMC_CAUSES)
		return fail(-EINVAL, "0x%x has bits that are no cause of a loss", mask);
	if (mask & ~NMC_CAUSE_READ_NOISE && !plan->class.what_if)
		return fail(-ENOTSUP, "class %s cannot leave out anything but read noise; the software card's classes can",
			    plan->class.name);
	if (mask & NMC_CAUSE_IV && !plan->context->minor)
		return fail(-ENOTSUP, "the card is too old to leave out the bend of I-V curves");
	runner_begin(plan->runner, runner_ticket(plan->runner));
	plan->leave_out = cause_flags(mask);
	runner_forget_stream(plan->runner);
	runner_end(plan->runner);
	return 0;
}
