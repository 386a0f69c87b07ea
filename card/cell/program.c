// SPDX-License-Identifier: MIT
/*
 * Program-and-verify of one row: every cell gets pulses of a ladder until a verify read lies in its band. Built for
 * several instruction sets with NMC_CELL_PROGRAM naming the function; every build gives the same bits.
 * Documentation/physics-cells.rst has the equations.
 */
#include <string.h>
#include "card/cell/cell.h"
#include "card/cell/lane.h"
#include "card/cell/normal.h"
#include "card/cell/response.h"
#include "card/cell/wear.h"

#define ROUNDS	(NORMAL_WORDS / 2)	/* pulses that one Philox counter serves: response and verify read of each */
#define STEPS	32			/* longest ladder */
#define GROWN	1e9f			/* most that a ladder grows to */
#define DRAWS	12			/* bits of a draw's number above PHILOX_DRAW_SHIFT; what is beyond goes below it */
#define CELL_BITS 18			/* of the number of a cell */
#define HOPELESS	8.0f		/* verify noise that no read comes near: deviates end at 4.4 */

_Static_assert(NMC_ISA_MAX_ROWS * CELL_LANES <= 1 << CELL_BITS, "the number of a cell and that of a draw meet");
_Static_assert(65536 / ROUNDS <= 1 << (DRAWS + PHILOX_DRAW_SHIFT - CELL_BITS), "more pulses than draws");

/* Cells of the row that still need pulses, side by side; see struct deck_pulse for what the constants mean. */
struct lanes {
	unsigned int n;
	uint32_t cell[CELL_LANES];
	uint32_t at[CELL_LANES];	/* index in the row */
	float g[CELL_LANES];		/* state */
	float shown[CELL_LANES];	/* what write noise makes of it */
	float read[CELL_LANES];
	float target[CELL_LANES];
	float low[CELL_LANES];
	float high[CELL_LANES];
	float bottom[CELL_LANES];	/* bounds of the device, microsiemens */
	float top[CELL_LANES];
	float up[CELL_LANES];		/* response of the device to its first pulse */
	float down[CELL_LANES];
	float gamma_up[CELL_LANES];
	float gamma_down[CELL_LANES];
	float grow[CELL_LANES];		/* growth^step */
	float energy[CELL_LANES];	/* femtojoule */
	float time[CELL_LANES];		/* of the last pulse, nanoseconds */
	int32_t direction[CELL_LANES];	/* +1 SET, -1 RESET */
	int32_t step[CELL_LANES];
	int32_t reversals[CELL_LANES];
	int32_t pulses[CELL_LANES];
	int32_t sets[CELL_LANES];
	int32_t seen[CELL_LANES];	/* SET less RESET pulses of the row up to the last of the cell */
	int32_t busy[CELL_LANES];	/* neither accepted nor given up */
	int32_t sound[CELL_LANES];	/* not broken */
	float z[NORMAL_WORDS][CELL_LANES + NORMAL_LANES];
	float write[NORMAL_WORDS][CELL_LANES + NORMAL_LANES];	/* deviates of write noise */
	uint32_t chance[CELL_LANES];	/* of counting pulses, by index in the row */
};

/*
 * Broken cells so far from their band that no read ever lies in it: they climb their ladder to its end and get pulses up to
 * the limit, and all that climb the same one do so alike.
 */
struct hopeless {
	unsigned int n;
	uint32_t at[CELL_LANES];
	float g[CELL_LANES];
	float energy[CELL_LANES];
	bool up[CELL_LANES];
};

/* One ladder as those cells climb it. */
struct climb {
	unsigned int cells;
	float grow;
	float volt_sq;		/* of the last pulse */
	float time;		/* of the last pulse, nanoseconds */
	int32_t step;
	int32_t pulses;
	uint32_t rounds;
};

static void draw(const struct lanes *l, const struct philox_stream *s, uint32_t number, float *z)
{
	uint32_t which = number << PHILOX_DRAW_SHIFT | number >> DRAWS << CELL_BITS;
	unsigned int i;

	for (i = 0; i < l->n; i += NORMAL_LANES)
		normal_draw(s, l->cell + i, which, NORMAL_WORDS, z + i, CELL_LANES + NORMAL_LANES);
}

/* Microsiemens a unit of weight, 0 where the model has no weights. */
static inline float per_weight(const struct deck *d)
{
	float range = d->pulse.weight_max - d->pulse.weight_min;

	return range > 0.0f ? (d->gmax - d->gmin) / range : 0.0f;
}

/* What manufacture gave to each device of a filament. Uses the deviates of PURPOSE_DEVICE in l->z. */
static void filament_constants(struct lanes *l, const struct deck *d)
{
	const float device = d->pulse.device, up = d->pulse.up.step, down = d->pulse.down.step, top = 1.25f * d->gmax;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		float gain = at_least(1.0f + device * l->z[0][i], 0.3f);

		l->up[i] = up * gain;
		l->down[i] = down * gain;
		l->bottom[i] = 0.0f;
		l->top[i] = top;
		l->gamma_up[i] = 0.0f;
		l->gamma_down[i] = 0.0f;
	}
}

/* The same of models with weights. */
static void weight_constants(struct lanes *l, const struct deck *d)
{
	const struct deck_pulse p = d->pulse;
	const float middle = p.weight_max > 0.0f && p.weight_min < 0.0f ? 0.0f : p.weight_min, weight = per_weight(d);
	const float gmin = d->gmin, gmax = d->gmax, zero = gmin + (middle - p.weight_min) * weight;
	const float u = p.up_down, more = u < 0.0f ? u : 0.0f, less = u > 0.0f ? -u : 0.0f;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		float gain = at_least(1.0f + p.device * l->z[0][i], 0.0f), r = p.up_down_device * l->z[1][i];
		float above = at_least(1.0f + p.up.bound_device * l->z[2][i], 0.0f);
		float below = at_least(1.0f + p.down.bound_device * l->z[3][i], 0.0f);

		l->up[i] = __builtin_fabsf(more + gain + r) * p.weight_step * weight;
		l->down[i] = __builtin_fabsf(less + gain - r) * p.weight_step * weight;
		l->bottom[i] = at_least(zero - (zero - gmin) * below, 0.0f);
		l->top[i] = clamp(zero + (gmax - zero) * above, 0.0f, 1.25f * gmax);
		l->gamma_up[i] = p.up.gamma + p.up.gamma_device * l->z[4][i];
		l->gamma_down[i] = p.down.gamma + p.down.gamma_device * l->z[5][i];
	}
}

/* Two states: where they are differs from device to device. */
static void switching_constants(struct lanes *l, const struct deck *d)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		l->bottom[i] = at_least(d->gmin * (1.0f + d->pulse.device * l->z[0][i]), 0.0f);
		l->top[i] = clamp(d->gmax * (1.0f + d->pulse.device * l->z[1][i]), 0.0f, 1.25f * d->gmax);
	}
}

/* Wear narrows the window of a device past its lifetime from above. Uses deviate 7 of PURPOSE_DEVICE. */
static void wear_out(struct lanes *l, const struct cell_program *p)
{
	const struct deck_endurance *e = &p->tech->deck.endurance;
	const float pulses = e->pulses, sigma = e->sigma, gmin = p->tech->deck.gmin;
	float life[CELL_LANES];
	unsigned int i;

	if (pulses <= 0.0f)
		return;
	for (i = 0; i < l->n; i++)
		life[i] = pulses * exp_poly(sigma * l->z[7][i]);
	for (i = 0; i < l->n; i++) {
		float seen = (float)wear_pulses(p->wear[l->at[i]]), window;

		if (seen <= life[i] || p->defect[l->at[i]])
			continue;
		window = exp_poly(-e->slope * log_poly(seen / life[i]));
		l->top[i] = at_least(gmin + (l->top[i] - gmin) * window, l->bottom[i]);
		if (window < e->dead_at)
			p->defect[l->at[i]] = CELL_WORN;
	}
}

/* Chances in counting the pulses of the cells up to the last that is written. */
static void draw_chances(struct lanes *l, const struct cell_program *p)
{
	const struct philox_stream s = p->count;
	const uint32_t cell = p->cell;
	unsigned int i, end = 0;

	for (i = 0; i < l->n; i++)
		end = l->at[i] >= end ? l->at[i] + 1 : end;
	for (i = 0; i < end; i++) {
		uint32_t r[4];

		philox_draw(&s, cell + i, r);
		l->chance[i] = r[0];
	}
}

/* Targets and bands of all lanes. */
static void set_bands(struct lanes *l, const struct cell_program *p)
{
	const struct deck *d = &p->tech->deck;
	const bool levels = d->levels > 1;
	const float lsb = p->tech->lsb, zero = d->program.zero_band, gmin = d->gmin * 1.001f, gmax = d->gmax * 0.999f;
	const float apart = levels ? 0.49f * (d->gmax - d->gmin) / (float)(d->levels - 1) : 0.0f;
	const float given = p->band ? (float)p->band * lsb : d->program.band;
	const float relative = p->band || levels ? 0.0f : d->program.band_relative, least = levels ? apart : given;
	unsigned int i;

	for (i = 0; i < l->n; i++)
		l->target[i] = (float)p->target[l->at[i]] * lsb;
	for (i = 0; i < l->n; i++) {
		float target = l->target[i], band = least + relative * target;
		float part = target < band ? zero + (1.0f - zero) * target / band : 1.0f;

		l->low[i] = target - band;
		l->high[i] = target + band * part;
	}
	for (i = 0; levels && i < l->n; i++) {
		l->high[i] = l->target[i] >= gmax ? 2.0f * d->gmax : l->target[i] + apart;
		l->low[i] = l->target[i] <= gmin ? -apart : l->low[i];
	}
}

static void lanes_begin(struct lanes *l)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		l->shown[i] = l->g[i];
		l->read[i] = l->g[i];
		l->direction[i] = l->g[i] > l->high[i] ? -1 : 1;
		l->step[i] = 0;
		l->grow[i] = 1.0f;
		l->energy[i] = 0.0f;
		l->time[i] = 0.0f;
		l->reversals[i] = 0;
		l->pulses[i] = 0;
		l->sets[i] = 0;
		l->seen[i] = 0;
		l->busy[i] = (l->g[i] < l->low[i]) | (l->g[i] > l->high[i]);
	}
}

static void lanes_open(struct lanes *l, const struct cell_program *p)
{
	const struct deck *d = &p->tech->deck;
	unsigned int i;

	l->n = p->n;
	for (i = 0; i < p->n; i++)
		l->at[i] = p->index ? p->index[i] : i;
	for (i = 0; i < p->n; i++) {
		l->cell[i] = p->cell + l->at[i];
		l->g[i] = p->g[l->at[i]];
	}
	set_bands(l, p);
	lanes_begin(l);
	draw_chances(l, p);
	/* Counters that nothing is made of, but they are drawn with the others */
	for (i = p->n; i % NORMAL_LANES; i++)
		l->cell[i] = 0;
	draw(l, &p->device, 0, l->z[0]);
	if (d->pulse.model == DECK_FILAMENT)
		filament_constants(l, d);
	else
		weight_constants(l, d);
	if (d->pulse.model == DECK_SWITCHING)
		switching_constants(l, d);
	wear_out(l, p);
	for (i = 0; i < p->n; i++) {
		l->sound[i] = !p->defect[l->at[i]];
		if (l->sound[i])
			continue;
		l->up[i] = 0.0f;
		l->down[i] = 0.0f;
		l->bottom[i] = l->g[i];
		l->top[i] = l->g[i];
	}
}

/* One pulse, or one train of pulses, and a verify read on every busy lane; round @k of the deviates. */
static inline __attribute__((always_inline)) void pulse_all(struct lanes *l, const struct response *constants,
							    const struct deck *d, enum deck_response model, int32_t limit,
							    unsigned int k)
{
	const struct deck_pulse *p = &d->pulse;
	const struct response r = *constants;
	const struct side side[2] = { side_of(&p->down, p->weight_min), side_of(&p->up, p->weight_max) };
	const bool filament = model == DECK_FILAMENT;
	const float noise = d->program.verify_noise, written = p->write_noise * r.step, cycle = p->cycle;
	const int32_t additive = -(int32_t)p->cycle_additive;
	const float *write = written > 0.0f ? l->write[k] : l->z[2 * k];	/* the latter counts nothing */
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		int32_t up = -(l->direction[i] > 0), busy = -l->busy[i];
		float g = l->g[i], xi = l->z[2 * k][i], eta = l->z[2 * k + 1][i];
		float mean = mean_step(&r, model, side, up, g, choose(up, l->up[i], l->down[i]),
				       choose(up, l->gamma_up[i], l->gamma_down[i]));
		float left = (float)(limit - l->pulses[i]), train = l->grow[i] < left ? l->grow[i] : left;
		float many = filament ? 1.0f : choose(busy, (float)(int32_t)train, 1.0f);
		float volt = choose(up, side[1].volt, side[0].volt) +
			     choose(up, side[1].volt_step, side[0].volt_step) * (float)l->step[i];
		float change = mean * many + choose(additive, r.step, mean) * cycle * __builtin_sqrtf(many) * xi;
		float part = 1.0f + cycle * xi, next;

		change = filament ? mean * l->grow[i] * at_least(part, 0.1f) : change;
		next = clamp(choose(up, g + change, g - change), l->bottom[i], l->top[i]);
		l->time[i] = choose(busy, many * choose(up, side[1].width, side[0].width), 0.0f);
		l->energy[i] += volt * volt * g * l->time[i];
		l->g[i] = choose(busy, next, g);
		l->pulses[i] += (int32_t)many & busy;
		l->sets[i] += (int32_t)many & busy & up;
		next = at_least(next + choose(-l->sound[i], written * write[i], 0.0f), 0.0f);
		l->shown[i] = choose(busy, next, l->shown[i]);
		l->read[i] = choose(busy, next + noise * eta, l->read[i]);
	}
}

/* A pulse switches or does not: its odds by the step of the ladder are in @limit, as a deviate to be exceeded. */
static void switch_all(struct lanes *l, const struct deck *d, const float limit[2][STEPS], unsigned int k)
{
	const struct deck_pulse *p = &d->pulse;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		bool up = l->direction[i] > 0;
		const struct deck_polarity *side = up ? &p->up : &p->down;
		float volt = side->volt + side->volt_step * (float)l->step[i];

		l->time[i] = 0.0f;
		if (!l->busy[i])
			continue;
		l->time[i] = side->width_ns;
		l->energy[i] += volt * volt * l->g[i] * side->width_ns;
		if (l->z[2 * k][i] > limit[up][l->step[i]])
			l->g[i] = up ? l->top[i] : l->bottom[i];
		l->pulses[i]++;
		l->sets[i] += up;
		l->shown[i] = l->g[i];
		l->read[i] = l->g[i] + d->program.verify_noise * l->z[2 * k + 1][i];
	}
}

/* Where each lane goes next: the same ladder one step up, the other ladder from its start, or nowhere. */
static void turn_all(struct lanes *l, const struct deck *d, int32_t max_pulses)
{
	const int32_t last = (int32_t)d->pulse.ladder - 1, limit = (int32_t)d->program.max_reversals;
	const float up = d->pulse.up.growth, down = d->pulse.down.growth;
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		int32_t direction = l->direction[i], busy = l->busy[i];
		int32_t turn = busy & (direction > 0 ? l->read[i] > l->high[i] : l->read[i] < l->low[i]);
		int32_t in = (l->read[i] >= l->low[i]) & (l->read[i] <= l->high[i]);
		int32_t climb = busy & (l->step[i] < last);
		float grown;

		l->reversals[i] += turn;
		l->direction[i] = (direction ^ -turn) + turn;
		grown = choose(-climb, at_most(l->grow[i] * (direction > 0 ? up : down), GROWN), l->grow[i]);
		l->grow[i] = choose(-turn, 1.0f, grown);
		l->step[i] = (l->step[i] + climb) & (turn - 1);
		l->busy[i] = busy & !in & (l->reversals[i] <= limit) & (l->pulses[i] < max_pulses);
	}
}

/* Takes a lane out of the race and writes it into the report. */
static void lane_close(const struct lanes *l, unsigned int i, const struct cell_program *p, struct cell_report *report)
{
	struct nmc_isa_report *isa = &report->isa;
	float above = l->high[i] - l->target[i], below = l->target[i] - l->low[i];
	float error = __builtin_fabsf(l->read[i] - l->target[i]);
	bool converged = l->read[i] >= l->low[i] && l->read[i] <= l->high[i];
	uint32_t pulses = (uint32_t)l->pulses[i];
	int32_t lsb = (int32_t)round_half_evenf(error * p->tech->per_lsb);
	int32_t bin = (int32_t)clamp(4.0f * error / (above > below ? above : below), 0.0f, (float)NMC_REPORT_BINS);

	p->g[l->at[i]] = l->shown[i];
	p->wear[l->at[i]] = wear_add(p->wear[l->at[i]], pulses, l->chance[l->at[i]]);
	if (p->pulsed)
		p->pulsed[l->at[i]] = pulses > 0;
	if (p->net)
		p->net[l->at[i]] = 2 * l->sets[i] - l->pulses[i];
	if (p->after)
		p->after[l->at[i]] = l->seen[i];
	isa->cells++;
	isa->converged += converged;
	isa->given_up += !converged;
	isa->pulses += pulses;
	isa->reads += pulses + 1;
	isa->set_pulses += (uint32_t)l->sets[i];
	isa->reset_pulses += pulses - (uint32_t)l->sets[i];
	isa->pulses_max = pulses > isa->pulses_max ? pulses : isa->pulses_max;
	isa->pulse_hist[pulses / 2 < NMC_REPORT_BINS ? pulses / 2 : NMC_REPORT_BINS - 1]++;
	isa->error_hist[bin < NMC_REPORT_BINS ? bin : NMC_REPORT_BINS - 1]++;
	report->error_sq += (uint64_t)((int64_t)lsb * lsb);
	report->energy_fj += (uint64_t)at_most(l->energy[i], 1e15f);
}

#define LANE_FIELDS(X) \
	X(cell) X(at) X(g) X(shown) X(read) X(target) X(low) X(high) X(bottom) X(top) X(up) X(down) X(gamma_up) \
	X(gamma_down) X(grow) X(energy) X(direction) X(step) X(reversals) X(pulses) X(sets) X(seen) X(busy) X(sound)

#if defined(__AVX512F__)
#define PACK	16
#elif defined(__AVX2__)
#define PACK	8
#else
#define PACK	1
#endif

/**
 * struct moves - lanes to keep, by packs of lanes
 * @from: where the lanes of a pack come from: within it, the first @count ones matter
 * @count: lanes kept
 */
struct moves {
	uint32_t from[CELL_LANES];
	uint32_t count[CELL_LANES / PACK];
};

/* Moves kept lanes together. What is written beyond them in a pack was read before, and the next pack writes over it. */
static inline __attribute__((always_inline)) unsigned int field_keep(void *field, unsigned int packs, const struct moves *m)
{
	uint32_t *x = field, *to = x;
	unsigned int k;

	for (k = 0; k < packs; k++) {
#if defined(__AVX512F__)
		_mm512_storeu_si512(to, _mm512_permutexvar_epi32(_mm512_loadu_si512(m->from + k * PACK),
								 _mm512_loadu_si512(x + k * PACK)));
#elif defined(__AVX2__)
		_mm256_storeu_ps((float *)to, normal_look_up((const float *)x + k * PACK,
							     _mm256_loadu_si256((const __m256i *)(m->from + k * PACK))));
#else
		memmove(to, x + k, sizeof(*to));
#endif
		to += m->count[k];
	}
	return (unsigned int)(to - x);
}

/* Keeps the lanes that @keep says, in order. */
static void lanes_keep(struct lanes *l, const int32_t *keep)
{
	unsigned int packs = (l->n + PACK - 1) / PACK, k, i, kept = 0;
	struct moves m = { 0 };	/* lanes beyond the kept ones are drawn with the others */

	for (k = 0; k < packs; k++) {
		uint32_t *from = m.from + k * PACK, n = 0;

		for (i = 0; i < PACK; i++) {
			from[n] = i;
			n += k * PACK + i < l->n && keep[k * PACK + i];
		}
		m.count[k] = n;
	}
#define X(field) kept = field_keep(l->field, packs, &m);
	LANE_FIELDS(X)
#undef X
	l->n = kept;
}

/* Keeps the busy lanes, in order. */
static void lanes_sift(struct lanes *l, const struct cell_program *p, struct cell_report *report)
{
	unsigned int i, closed = 0;

	for (i = 0; i < l->n; i++) {
		if (l->busy[i])
			continue;
		lane_close(l, i, p, report);
		closed++;
	}
	if (closed)
		lanes_keep(l, l->busy);
}

/* Duration of the last pulse: rows go in parallel, so that of the longest train, and a verify read. */
static uint64_t step_time(const struct lanes *l, const struct climb climb[2], const struct deck *d)
{
	int32_t most = 0;	/* bits of floats that are not negative, which are in order as integers too */
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		int32_t time = (int32_t)float_bits(l->time[i]);

		most = time > most ? time : most;
	}
	for (i = 0; i < 2; i++)
		most = (int32_t)float_bits(climb[i].time) > most ? (int32_t)float_bits(climb[i].time) : most;
	return most ? (uint64_t)(bits_float((uint32_t)most) + d->cost.verify_ns) : 0;
}

/* Takes hopeless cells out of the lanes; the others stay, in order. */
static void hopeless_open(struct hopeless *h, struct climb climb[2], struct lanes *l, const struct deck *d)
{
	const float far = HOPELESS * d->program.verify_noise;
	int32_t keep[CELL_LANES];
	unsigned int i;

	h->n = 0;
	for (i = 0; i < 2; i++)
		climb[i] = (struct climb){ .grow = 1.0f };
	for (i = 0; i < l->n; i++) {
		keep[i] = l->sound[i] || l->g[i] < 0.0f || (l->g[i] >= l->low[i] - far && l->g[i] <= l->high[i] + far);
		if (keep[i])
			continue;
		h->at[h->n] = l->at[i];
		h->g[h->n] = l->g[i];
		h->energy[h->n] = 0.0f;
		h->up[h->n++] = l->direction[i] > 0;
		climb[l->direction[i] > 0].cells++;
	}
	if (h->n)
		lanes_keep(l, keep);
}

/* The next pulse of a ladder, or train of pulses, as pulse_all(), switch_all() and turn_all() have it; false beyond the last. */
static bool climb_on(struct climb *c, const struct deck *d, bool up, int32_t limit)
{
	const struct deck_polarity *side = up ? &d->pulse.up : &d->pulse.down;
	const bool single = d->pulse.model == DECK_FILAMENT || d->pulse.model == DECK_SWITCHING;
	float left = (float)(limit - c->pulses), train = c->grow < left ? c->grow : left;
	float many = single ? 1.0f : (float)(int32_t)train, volt = side->volt + side->volt_step * (float)c->step;

	c->time = 0.0f;
	if (!c->cells || c->pulses >= limit)
		return false;
	c->time = many * side->width_ns;
	c->volt_sq = volt * volt;
	c->pulses += (int32_t)many;
	c->rounds++;
	if (c->step < (int32_t)d->pulse.ladder - 1) {
		c->step++;
		c->grow = at_most(c->grow * side->growth, GROWN);
	}
	return true;
}

/* A pulse for all hopeless cells; false once they have had all. */
static bool hopeless_pulse(struct hopeless *h, struct climb climb[2], const struct deck *d, int32_t limit)
{
	bool down = climb_on(&climb[0], d, false, limit), up = climb_on(&climb[1], d, true, limit);
	unsigned int i;

	for (i = 0; i < h->n; i++)
		h->energy[i] += climb[h->up[i]].volt_sq * h->g[i] * climb[h->up[i]].time;
	return up || down;
}

/**
 * struct line - pulses of the row, followed where half-selected cells feel them
 * @before: pulses of each lane before this round
 * @climbed: pulses of each ladder of hopeless cells before it
 * @seen: @net after the last pulse of each ladder
 * @net: SET less RESET pulses of the row so far
 */
struct line {
	int32_t before[CELL_LANES];
	int32_t climbed[2];
	int32_t seen[2];
	int32_t net;
};

static void line_before(struct line *r, const struct lanes *l, const struct climb climb[2])
{
	memcpy(r->before, l->pulses, l->n * sizeof(*r->before));
	r->climbed[0] = climb[0].pulses;
	r->climbed[1] = climb[1].pulses;
}

/* A round of the row: its longest train of SET pulses, then that of RESET pulses. */
static void line_after(struct line *r, struct lanes *l, const struct climb climb[2])
{
	int32_t most[2] = { climb[0].pulses - r->climbed[0], climb[1].pulses - r->climbed[1] };
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		bool up = l->direction[i] > 0;
		int32_t many = l->pulses[i] - r->before[i];

		most[up] = many > most[up] ? many : most[up];
	}
	r->net += most[1] - most[0];
	for (i = 0; i < 2; i++)
		r->seen[i] = climb[i].pulses != r->climbed[i] ? r->net : r->seen[i];
	for (i = 0; i < l->n; i++)
		l->seen[i] = l->pulses[i] != r->before[i] ? r->net : l->seen[i];
}

/* What each cell has not seen of the row's pulses. */
static void line_close(const struct line *r, struct cell_program *p)
{
	unsigned int i;

	for (i = 0; i < p->n; i++) {
		unsigned int at = p->index ? p->index[i] : i;

		p->after[at] = r->net - p->after[at];
	}
	p->row = r->net;
}

/* Closes hopeless cells as lanes, of which none is left, with the read after their last pulse. */
static void hopeless_close(const struct hopeless *h, const struct climb climb[2], const struct line *line, struct lanes *l,
			   const struct cell_program *p, struct cell_report *report)
{
	unsigned int i, up;

	for (i = 0; i < h->n; i++) {
		l->at[i] = h->at[i];
		l->cell[i] = p->cell + h->at[i];
		l->shown[i] = h->g[i];
		l->pulses[i] = climb[h->up[i]].pulses;
		l->sets[i] = h->up[i] ? l->pulses[i] : 0;
		l->seen[i] = line->seen[h->up[i]];
		l->energy[i] = h->energy[i];
	}
	l->n = h->n;
	set_bands(l, p);
	for (up = 0; up < 2; up++) {
		uint32_t last = climb[up].rounds - 1;

		if (!climb[up].cells)
			continue;
		draw(l, &p->pulse, last / ROUNDS, l->z[0]);
		for (i = 0; i < h->n; i++)
			if (h->up[i] == up)
				l->read[i] = h->g[i] + p->tech->deck.program.verify_noise * l->z[2 * (last % ROUNDS) + 1][i];
	}
	for (i = 0; i < h->n; i++)
		lane_close(l, i, p, report);
}

static void round_all(struct lanes *l, const struct response *r, const struct deck *d, int32_t limit, unsigned int k)
{
	switch (d->pulse.model) {
	case DECK_FILAMENT:
		pulse_all(l, r, d, DECK_FILAMENT, limit, k);
		break;
	case DECK_LINEAR:
		pulse_all(l, r, d, DECK_LINEAR, limit, k);
		break;
	case DECK_SOFT_BOUNDS:
		pulse_all(l, r, d, DECK_SOFT_BOUNDS, limit, k);
		break;
	case DECK_EXPONENTIAL:
		pulse_all(l, r, d, DECK_EXPONENTIAL, limit, k);
		break;
	default:
		pulse_all(l, r, d, DECK_CONSTANT, limit, k);
		break;
	}
}

/* 1 / (1 + e^-((V - V0) / dV)) as the deviate that a draw must exceed: gauss() of the odds against. */
static void switch_limits(const struct deck_pulse *p, float limit[2][STEPS])
{
	unsigned int up, k;

	for (up = 0; up < 2; up++) {
		const struct deck_polarity *side = up ? &p->up : &p->down;

		for (k = 0; k < STEPS; k++) {
			float over = (side->volt + side->volt_step * (float)k - p->switch_volt) / p->switch_width;
			float against = 1.0f / (1.0f + exp_poly(clamp(over, -80.0f, 80.0f)));

			limit[up][k] = gauss((uint32_t)clamp(against * 4294967296.0f, 0.0f, 4294967040.0f));
		}
	}
}

void NMC_CELL_PROGRAM(struct cell_program *p, struct cell_report *report);

void NMC_CELL_PROGRAM(struct cell_program *p, struct cell_report *report)
{
	const struct deck *d = &p->tech->deck;
	int32_t limit = p->max_pulses && p->max_pulses < d->program.max_pulses ? (int32_t)p->max_pulses :
										 (int32_t)d->program.max_pulses;
	float unit = per_weight(d), per_unit = unit > 0.0f ? 1.0f / unit : 0.0f;
	struct response r = {
		.gmax = d->gmax, .gmin = d->gmin, .exp_b = d->pulse.exp_b,
		.weight = per_unit, .weight_min = d->pulse.weight_min,
		.z_factor = 2.0f * d->pulse.exp_a * unit / (d->gmax - d->gmin),
		.step = d->pulse.weight_step * unit,
	};
	struct climb climb[2];
	struct line line = { .net = 0 };
	float odds[2][STEPS];
	uint32_t number = 0;
	struct hopeless h;
	struct lanes l;
	unsigned int k;

	if (d->pulse.model == DECK_SWITCHING)
		switch_limits(&d->pulse, odds);
	lanes_open(&l, p);
	lanes_sift(&l, p, report);
	hopeless_open(&h, climb, &l, d);
	while (l.n) {
		draw(&l, &p->pulse, number, l.z[0]);
		if (d->pulse.write_noise > 0.0f)
			draw(&l, &p->write, number, l.write[0]);
		number++;
		for (k = 0; k < ROUNDS; k++) {
			if (p->after)
				line_before(&line, &l, climb);
			if (d->pulse.model == DECK_SWITCHING)
				switch_all(&l, d, odds, k);
			else
				round_all(&l, &r, d, limit, k);
			hopeless_pulse(&h, climb, d, limit);
			report->time_ns += step_time(&l, climb, d);
			if (p->after)
				line_after(&line, &l, climb);
			turn_all(&l, d, limit);
		}
		lanes_sift(&l, p, report);
	}
	line_before(&line, &l, climb);
	while (hopeless_pulse(&h, climb, d, limit)) {
		report->time_ns += step_time(&l, climb, d);
		line_after(&line, &l, climb);
		line_before(&line, &l, climb);
	}
	hopeless_close(&h, climb, &line, &l, p, report);
	if (p->after)
		line_close(&line, p);
}
