// SPDX-License-Identifier: MIT
/*
 * What cells do between writes: erased state, what a write leaves behind, relaxation, drift, leakage, noise of a read.
 * Built for several instruction sets with NMC_CELL naming the table of kernels; every build gives the same bits.
 * Documentation/physics-cells.rst has the equations and their order.
 */
#include "card/cell/cell.h"
#include "card/cell/lane.h"
#include "card/cell/normal.h"
#include "card/cell/pack.h"

_Static_assert(INT16_MAX >> CELL_TABLE_SHIFT == 0xfff, "an index has twelve bits");

#define ROOM	(CELL_LANES + 2 * NORMAL_BLOCK)

/* Draws of PURPOSE_RELAX and of PURPOSE_DEVICE by cell. */
enum { DRAW_FROZEN, DRAW_NOISE };
enum { DRAW_LEAK = 1 };

static inline unsigned int entry(int16_t code)
{
	return (unsigned int)code >> CELL_TABLE_SHIFT;
}

static void cell_erased(const struct cell_tech *tech, const struct philox_stream *s, uint32_t cell, unsigned int n,
			uint32_t draw, float *g)
{
	const float mean = tech->deck.erased_mean, sigma = tech->deck.erased_sigma, top = 1.25f * tech->deck.gmax;
	float room[ROOM];
	const float *z = normal_cells(s, cell, n, draw, room);
	unsigned int i;

	for (i = 0; i < n; i++)
		g[i] = clamp(mean + sigma * clamp(z[i], -2.0f, 2.0f), 0.0f, top);
}

/* Programming noise that time does not change is part of the state once and for all. */
static void add_noise(const struct cell_tech *tech, const float *z, unsigned int n, const int16_t *target, float *g)
{
	const struct cell_tables *t = tech->tables;
	const float lsb = tech->lsb, top = 1.25f * tech->deck.gmax;
	unsigned int i;

	for (i = 0; i < n; i++) {
		unsigned int at = entry(target[i]);
		float rest = t->spread[0][at] * t->spread[0][at] - t->residual[at] * t->residual[at];

		g[i] = clamp(g[i] + __builtin_sqrtf(rest < 0.0f ? 0.0f : rest) * lsb * z[i], 0.0f, top);
	}
}

static void cell_settle(const struct cell_tech *tech, const struct philox_stream *s, uint32_t cell, unsigned int n,
			const int16_t *target, float *g, int16_t *frozen)
{
	const struct cell_tables *t = tech->tables;
	float room[ROOM];
	const float *z;
	unsigned int i;

	if (tech->deck.spreads && tech->ageing != CELL_RELAXES)
		add_noise(tech, normal_cells(s, cell, n, DRAW_NOISE, room), n, target, g);
	if (tech->ageing == CELL_STILL)
		return;
	z = normal_cells(s, cell, n, DRAW_FROZEN, room);
	if (tech->ageing == CELL_RELAXES) {
		for (i = 0; i < n; i++)
			frozen[i] = (int16_t)round_half_evenf(z[i] * CELL_FROZEN);
		return;
	}
	for (i = 0; i < n; i++) {
		float nu = t->nu_mean[entry(target[i])] + t->nu_sigma[entry(target[i])] * z[i];

		nu = round_half_evenf((nu < 0.0f ? -nu : nu) * CELL_EXPONENT);
		frozen[i] = (int16_t)(nu > 32767.0f ? 32767.0f : nu);
	}
}

static void cell_relaxation(const float *restrict early, const float *restrict late, float part,
			    const float *restrict residual, float *restrict sigma)
{
	unsigned int i;

	for (i = 0; i < CELL_TARGETS; i++) {
		float spread = early[i] + (late[i] - early[i]) * part;
		float rest = spread * spread - residual[i] * residual[i];

		sigma[i] = __builtin_sqrtf(rest < 0.0f ? 0.0f : rest);
	}
}

/* As written, in LSB, with the shift that all cells of a target share. */
static void start(const struct cell_tech *tech, const struct cell_age *age, unsigned int n, const int16_t *restrict target,
		  const float *restrict g, float *restrict out)
{
	const float per_lsb = tech->per_lsb, log_s = age->log_s;
	const float *shift = tech->tables->shift;
	unsigned int i;

	for (i = 0; i < n; i++)
		out[i] = g[i] * per_lsb;
	if (!tech->deck.drift.shift.given)
		return;
	for (i = 0; i < n; i++)
		out[i] += shift[entry(target[i])] * log_s;
}

/*
 * What a table has for each of a pack of targets, none of which is negative or above gmax. Indices come from a word of
 * four, by shifts: taken out of a register of them, as compilers do, they cost more than all the rest.
 */
PACK_INLINE pack_float entries(const float *table, const int16_t *target)
{
	uint64_t word[PACK / 4];

	memcpy(word, target, sizeof(word));
#define FOUR(x) table[(x) >> CELL_TABLE_SHIFT & 0xfff], table[(x) >> (16 + CELL_TABLE_SHIFT) & 0xfff], \
		table[(x) >> (32 + CELL_TABLE_SHIFT) & 0xfff], table[(x) >> (48 + CELL_TABLE_SHIFT)]
#if PACK == 16
	return (pack_float){ FOUR(word[0]), FOUR(word[1]), FOUR(word[2]), FOUR(word[3]) };
#elif PACK == 8
	return (pack_float){ FOUR(word[0]), FOUR(word[1]) };
#else
	return (pack_float){ FOUR(word[0]) };
#endif
#undef FOUR
}

/* These two begin with @g times @unit LSB. */
static void relax(const struct cell_age *age, unsigned int n, const int16_t *restrict target, const float *restrict g,
		  float unit, const int16_t *restrict frozen, float *restrict out)
{
	unsigned int i;

	for (i = 0; i + PACK <= n; i += PACK) {
		pack_float deviate = pack_number(pack_load_short(frozen + i)) * (1.0f / CELL_FROZEN);

		pack_store(out + i, pack_size(pack_load(g + i) * unit + entries(age->sigma, target + i) * deviate));
	}
	for (; i < n; i++)
		out[i] = __builtin_fabsf(g[i] * unit + age->sigma[entry(target[i])] * ((float)frozen[i] * (1.0f / CELL_FROZEN)));
}

/* Exponents are below 1, t0 at least 1 ns and ages below 2^64 ns: powers of 2 from -65 to 0. */
static void drift(const struct cell_age *age, unsigned int n, const float *restrict g, float unit,
		  const int16_t *restrict frozen, float *restrict out)
{
	const float decay = age->decay * (-LOG2_E / CELL_EXPONENT);
	unsigned int i;

	for (i = 0; i + PACK <= n; i += PACK)
		pack_store(out + i, pack_load(g + i) * unit * pack_exp2(pack_number(pack_load_short(frozen + i)) * decay));
	for (; i < n; i++)
		out[i] = g[i] * unit * exp2_inside((float)frozen[i] * decay);
}

static void leak(const struct cell_tech *tech, const struct cell_age *age, const struct philox_stream *device, uint32_t cell,
		 unsigned int n, float *out)
{
	const float to = tech->deck.drift.decay_to * tech->per_lsb, spread = tech->deck.drift.decay_device;
	float room[ROOM];
	const float *z = normal_cells(device, cell, n, DRAW_LEAK, room);
	unsigned int i;

	for (i = 0; i < n; i++) {
		float slow = 1.0f + spread * z[i];

		out[i] = to + (out[i] - to) * exp_poly(-age->leak / (slow < 0.05f ? 0.05f : slow));
	}
}

static void cell_age(const struct cell_tech *tech, const struct cell_age *age, const struct philox_stream *device,
		     uint32_t cell, unsigned int n, const int16_t *target, const float *g, const int16_t *frozen, float *out)
{
	bool apart = tech->deck.drift.shift.given || tech->ageing == CELL_STILL;
	float shifted[CELL_LANES], unit = apart ? 1.0f : tech->per_lsb;
	const float *from = apart ? shifted : g;

	if (apart)
		start(tech, age, n, target, g, tech->ageing == CELL_STILL ? out : shifted);
	if (tech->ageing == CELL_RELAXES)
		relax(age, n, target, from, unit, frozen, out);
	else if (tech->ageing == CELL_DRIFTS)
		drift(age, n, from, unit, frozen, out);
	if (age->leak > 0.0f)
		leak(tech, age, device, cell, n, out);
}

static void cell_flicker(const struct cell_tech *tech, const struct philox_stream *s, uint32_t cell, unsigned int n,
			 uint32_t draw, float slow, const int16_t *target, float *g)
{
	const float *q = tech->tables->pink;
	float room[ROOM];
	const float *z = normal_cells(s, cell, n, draw, room);
	bool relative = tech->deck.read.pink_relative;
	unsigned int i;

	for (i = 0; i < n; i++) {
		float unit = relative ? g[i] : 1.0f;
		float x = g[i] + unit * (q[entry(target[i])] * slow) * z[i];

		g[i] = x < 0.0f ? 0.0f : x;
	}
}

static void cell_variance(const struct cell_tech *tech, unsigned int n, float fast, const int16_t *target, const float *g,
			  float *var)
{
	const struct cell_tables *t = tech->tables;
	bool relative = tech->deck.read.pink_relative;
	unsigned int i;

	for (i = 0; i < n; i++) {
		float white = t->white[(unsigned int)(int)clamp(g[i], 0.0f, 32767.0f) >> CELL_TABLE_SHIFT];
		float pink = t->pink[entry(target[i])] * fast * (relative ? g[i] : 1.0f);

		var[i] = white * white + pink * pink;
	}
}

static unsigned int cell_pick(unsigned int n, const uint16_t *restrict write, uint16_t mine, const float *restrict value,
			      float *restrict out)
{
	unsigned int i, count = 0;

	for (i = 0; i < n; i++) {
		uint32_t taken = write[i] == mine;

		out[i] = taken ? value[i] : out[i];
		count += taken;
	}
	return count;
}

void NMC_CELL_PROGRAM(struct cell_program *p, struct cell_report *report);

const struct cell_kernels NMC_CELL = {
	.erased = cell_erased,
	.program = NMC_CELL_PROGRAM,
	.settle = cell_settle,
	.relaxation = cell_relaxation,
	.age = cell_age,
	.flicker = cell_flicker,
	.variance = cell_variance,
	.pick = cell_pick,
};
