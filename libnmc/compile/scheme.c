// SPDX-License-Identifier: MIT
/*
 * Weight schemes: how one weight becomes the differences of one or several pairs.
 */
#include <errno.h>
#include "libnmc/compile/plan.h"
#include "libnmc/error.h"

#define SLICES		4	/* by default */
#define SLICE_BITS	2
#define DEVICES		2
#define WEIGHT_BITS	15
#define SIGNIFICANCE	16.0f	/* at most */

/* Nearest integer, ties to even, of |x| < 2^51. */
static double nearest(double x)
{
	return (x + 0x1.8p52) - 0x1.8p52;
}

static int slices(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	unsigned int bits = o->slice_bits ? o->slice_bits : SLICE_BITS, i;
	double each = (double)((1 << (bits & 15)) - 1), all;

	p->parts = o->parts ? o->parts : SLICES;
	if (bits > 8 || p->parts > PARTS_MAX || bits * p->parts > WEIGHT_BITS)
		return fail(-EINVAL, "%u slices of %u bits: at most %d slices, 8 bits a slice and %d bits in all", p->parts, bits,
			    PARTS_MAX, WEIGHT_BITS);
	p->slice_bits = bits;
	all = (double)((1 << (bits * p->parts)) - 1);
	for (i = 0; i < p->parts; i++)
		p->part_scale[i] = each * (double)(1 << (bits * i)) / all;
	return 0;
}

static int devices(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	float significance = o->significance != 0.0f ? o->significance : 1.0f;
	unsigned int i;

	p->parts = o->parts ? o->parts : DEVICES;
	if (p->parts > PARTS_MAX)
		return fail(-EINVAL, "%u devices a weight: at most %d", p->parts, PARTS_MAX);
	if (!(significance >= 1.0f && significance <= SIGNIFICANCE))
		return fail(-EINVAL, "a significance of %g: 1 to %g", (double)significance, (double)SIGNIFICANCE);
	p->shared = !(significance > 1.0f);
	p->part_scale[0] = p->shared ? 1.0 / p->parts : 1.0;
	for (i = 1; i < p->parts; i++)
		p->part_scale[i] = p->part_scale[i - 1] / (double)significance;
	return 0;
}

int plan_scheme(struct nmc_plan *p, const struct nmc_plan_options *o)
{
	p->scheme = plan_refers(p) && !o->scheme ? NMC_SCHEME_OFFSET : (enum nmc_scheme)o->scheme;
	p->parts = 1;
	p->part_scale[0] = 1.0;
	if (o->scheme > NMC_SCHEME_DEVICES)
		return fail(-EINVAL, "%u is not a weight scheme", o->scheme);
	if (o->scheme != NMC_SCHEME_SLICES && o->scheme != NMC_SCHEME_DEVICES && o->parts > 1)
		return fail(-EINVAL, "parts belong to the schemes of slices and of devices");
	if (o->scheme && !p->class.converters)
		return fail(-EINVAL, "class %s holds integers; weight schemes are for conductances", p->class.name);
	if (p->scheme != NMC_SCHEME_OFFSET && plan_refers(p))
		return fail(-EINVAL, "class %s has single columns: its weight scheme is offset", p->class.name);
	if (o->scheme == NMC_SCHEME_SLICES)
		return slices(p, o);
	if (o->scheme == NMC_SCHEME_DEVICES)
		return devices(p, o);
	if (p->scheme == NMC_SCHEME_OFFSET)
		p->part_scale[0] = weight_full(p) / offset_half(p);
	return 0;
}

static int slice(const struct nmc_plan *p, unsigned int part, double w)
{
	unsigned int bits = p->slice_bits, most = (1u << bits) - 1;
	double whole = nearest((w < 0.0 ? -w : w) * (double)((1 << (bits * p->parts)) - 1));
	unsigned int digit = (unsigned int)whole >> (bits * part) & most;
	double d = nearest((double)digit * weight_full(p) / (double)most);

	return (int)(w < 0.0 ? -d : d);
}

int plan_part(const struct nmc_plan *p, unsigned int part, double w)
{
	switch (p->scheme) {
	case NMC_SCHEME_OFFSET:
		return (int)nearest(w * offset_half(p));
	case NMC_SCHEME_SLICES:
		return slice(p, part, w);
	case NMC_SCHEME_DEVICES:
		return part && !p->shared ? 0 : (int)nearest(w * weight_full(p));
	default:
		return (int)nearest(w * weight_full(p));
	}
}

static const char *const names[] = { "differential", "offset", "slices", "devices" };

const char *nmc_scheme_name(unsigned int scheme)
{
	return scheme < sizeof(names) / sizeof(*names) ? names[scheme] : NULL;
}
