// SPDX-License-Identifier: MIT
/*
 * Ageing of a plan's tiles, and what its products leave out.
 */
#include <errno.h>
#include "libnmc/error.h"
#include "libnmc/run/emit.h"
#include "libnmc/run/runner.h"

static const struct {
	const char *name;
	uint32_t flag;
} causes[NMC_CAUSES] = {
	{ "read noise", NMC_MVM_NO_READ_NOISE },
	{ "wires", NMC_MVM_NO_WIRES },
	{ "spread", NMC_MVM_NO_SPREAD },
	{ "ageing", NMC_MVM_NO_AGEING },
	{ "defects", NMC_MVM_NO_DEFECTS },
	{ "temperature", NMC_MVM_NO_TEMPERATURE },
	{ "converters", NMC_MVM_NO_CONVERTER_ERROR },
};

static int age(struct nmc_plan *p, uint64_t ns)
{
	struct nmc_stream *stream;
	struct device_result r;
	uint64_t job;
	int ret = emit_age(ns, &stream);

	if (ret)
		return ret;
	ret = nmc_job_submit(p->context, stream, NULL, 0, &job);
	if (!ret)
		ret = job_result(p->context, job, -1, &r);
	if (!ret)
		ret = job_outcome(&r, layer_of_tag, p);
	nmc_stream_destroy(stream);
	return ret;
}

int nmc_plan_age(struct nmc_plan *plan, uint64_t ns)
{
	int ret;

	runner_begin(plan->runner, runner_ticket(plan->runner));
	ret = age(plan, ns);
	runner_end(plan->runner);
	return ret;
}

const char *nmc_cause_name(unsigned int cause)
{
	unsigned int i;

	for (i = 0; i < NMC_CAUSES; i++)
		if (cause == 1u << i)
			return causes[i].name;
	return NULL;
}

int nmc_plan_leave_out(struct nmc_plan *plan, unsigned int mask)
{
	uint32_t flags = 0;
	unsigned int i;

	if (mask >> NMC_CAUSES)
		return fail(-EINVAL, "0x%x has bits that are no cause of a loss", mask);
	if (mask & ~NMC_CAUSE_READ_NOISE && !plan->class.what_if)
		return fail(-ENOTSUP, "class %s cannot leave out anything but read noise; the software card's classes can",
			    plan->class.name);
	for (i = 0; i < NMC_CAUSES; i++)
		flags |= mask & 1u << i ? causes[i].flag : 0;
	runner_begin(plan->runner, runner_ticket(plan->runner));
	plan->leave_out = flags;
	runner_forget_stream(plan->runner);
	runner_end(plan->runner);
	return 0;
}
