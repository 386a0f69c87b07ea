// SPDX-License-Identifier: MIT
/*
 * Filamentary HfOx RRAM after Wan et al., Nature 608, 504 (2022): program-and-verify with a row-parallel ladder
 * of SET and RESET pulses, relaxation to the published spread, read noise. Built for several instruction sets with
 * NMC_CELL naming the technology it defines; every build gives the same bits.
 *
 * From the source: the final spread sigma(r, t) with r = g/gmax at 1 s, 1 d and 2 d; ladder start and step, acceptance
 * of 1 uS, at most 30 reversals, about 8.5 pulses a cell. Our own choices, stated in Documentation/physics-rram.rst:
 * the pulse response, the erased state, acceptance near zero, reflection at zero, read noise.
 */
#include <string.h>
#include "card/cell/cell.h"
#include "card/cell/gauss.h"
#include "hw/nmc_regs.h"

#define GMAX		40.0f
#define LSB		(GMAX * CELL_LSB)	/* uS */
#define LADDER		16			/* voltage steps of a ladder; the last one repeats */
#define SET_VOLT	1.2f
#define RESET_VOLT	1.5f
#define STEP_VOLT	0.1f
#define BAND		1.0f			/* uS */
#define MAX_REVERSALS	30
#define MAX_PULSES	250
#define SET_RESPONSE	2.4f			/* uS, first pulse of the ladder on a mean cell of no conductance */
#define RESET_RESPONSE	0.08f			/* uS, first pulse of the ladder on a mean cell of high conductance */
#define RESPONSE_CYCLE	0.30f			/* spread from pulse to pulse */
#define RESPONSE_DEVICE	0.20f			/* spread from device to device */
#define VERIFY_SIGMA	0.02f			/* uS, noise of a verify read */
#define ERASED_MAX	4.1f			/* uS: where erased cells end, and five VERIFY_SIGMA */
#define ZERO_BAND	0.30f			/* upper acceptance of a zero target, in bands */

/* e^(0.38 n): response against voltage, one decade in 0.6 V. */
static const float ladder_gain[LADDER] = {
	1.0f, 1.4622846f, 2.1382762f, 3.1267684f, 4.5722252f, 6.6858944f, 9.7766804f, 14.296289f,
	20.905243f, 30.569415f, 44.701184f, 65.365853f, 95.583480f, 139.77025f, 204.38388f, 298.86740f,
};

/* Cells of one row that still need pulses, side by side. */
struct lanes {
	unsigned int n;
	uint32_t cell[CELL_LANES];
	uint32_t at[CELL_LANES];	/* index in the row */
	float g[CELL_LANES];
	float target[CELL_LANES];
	float low[CELL_LANES];
	float high[CELL_LANES];
	float gain[CELL_LANES];
	float read[CELL_LANES];
	float energy[CELL_LANES];
	int32_t direction[CELL_LANES];	/* +1 SET, -1 RESET */
	int32_t step[CELL_LANES];
	int32_t reversals[CELL_LANES];
	int32_t pulses[CELL_LANES];
	int32_t sets[CELL_LANES];
};

static inline float at_least(float x, float low)
{
	return x < low ? low : x;
}

static void rram_erased(const struct philox_stream *s, uint32_t cell, unsigned int n, float *g)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t r[4];
		float z;

		philox_draw(s, cell + i, r);
		z = gauss(r[0]);
		z = z < -2.0f ? -2.0f : z > 2.0f ? 2.0f : z;
		g[i] = 2.0f + z;
	}
}

/* One pulse on every lane, then a verify read; @draw numbers the pulse within the row's programming. */
static void pulse_all(struct lanes *l, const struct philox_stream *s, uint32_t draw)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		uint32_t r[4];
		float response, g = l->g[i];
		float up = SET_RESPONSE * (1.0f - g * (1.0f / (1.25f * GMAX)));
		float down = RESET_RESPONSE * (g / (g + 1.0f));
		float volt = (l->direction[i] > 0 ? SET_VOLT : RESET_VOLT) + STEP_VOLT * (float)l->step[i];

		philox_draw(s, l->cell[i] | draw << PHILOX_DRAW_SHIFT, r);
		response = (l->direction[i] > 0 ? up : down) * l->gain[i] * ladder_gain[l->step[i]] *
			   at_least(1.0f + RESPONSE_CYCLE * gauss(r[0]), 0.1f);
		l->energy[i] = volt * volt * g * 1000.0f;
		g = l->direction[i] > 0 ? g + response : g - response;
		g = g < 0.0f ? 0.0f : g > 1.25f * GMAX ? 1.25f * GMAX : g;
		l->g[i] = g;
		l->read[i] = g + VERIFY_SIGMA * gauss(r[1]);
	}
}

/* Where each lane goes next: the same ladder one step up, or the other ladder from its start. */
static void turn_all(struct lanes *l)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		int32_t direction = l->direction[i];
		int32_t turn = direction > 0 ? l->read[i] > l->high[i] : l->read[i] < l->low[i];
		int32_t step = l->step[i] + 1;

		l->pulses[i]++;
		l->sets[i] += direction > 0;
		l->reversals[i] += turn;
		l->direction[i] = turn ? -direction : direction;
		l->step[i] = turn ? 0 : step < LADDER ? step : LADDER - 1;
	}
}

static void device_gain(struct lanes *l, const struct philox_stream *device)
{
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		uint32_t r[4];

		philox_draw(device, l->cell[i], r);
		l->gain[i] = at_least(1.0f + RESPONSE_DEVICE * gauss(r[0]), 0.3f);
	}
}

static void lanes_open(struct lanes *l, const struct cell_program *p)
{
	float band = p->band ? (float)p->band * LSB : BAND;
	unsigned int i;

	l->n = p->n;
	for (i = 0; i < p->n; i++) {
		float target = (float)p->target[i] * LSB;
		float part = target < band ? ZERO_BAND + (1.0f - ZERO_BAND) * target / band : 1.0f;

		l->cell[i] = p->cell + i;
		l->at[i] = i;
		l->g[i] = p->g[i];
		l->target[i] = target;
		l->low[i] = target - band;
		l->high[i] = target + band * part;
		l->read[i] = p->g[i];
		l->direction[i] = p->g[i] > l->high[i] ? -1 : 1;
		l->step[i] = 0;
		l->reversals[i] = 0;
		l->pulses[i] = 0;
		l->sets[i] = 0;
	}
	device_gain(l, &p->device);
}

/* Takes a lane out of the race and writes it into the report. */
static void lane_close(const struct lanes *l, unsigned int i, const struct cell_program *p, bool converged,
		       struct cell_report *report)
{
	struct nmc_isa_report *isa = &report->isa;
	float band = l->high[i] - l->target[i] > l->target[i] - l->low[i] ? l->high[i] - l->target[i] :
									     l->target[i] - l->low[i];
	float error = l->read[i] > l->target[i] ? l->read[i] - l->target[i] : l->target[i] - l->read[i];
	uint32_t pulses = (uint32_t)l->pulses[i];
	int32_t lsb = (int32_t)round_half_evenf(error * (1.0f / LSB));
	int32_t bin = (int32_t)(4.0f * error / band);

	p->g[l->at[i]] = l->g[i];
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
}

static void lane_move(struct lanes *l, unsigned int to, unsigned int from)
{
	l->cell[to] = l->cell[from];
	l->at[to] = l->at[from];
	l->g[to] = l->g[from];
	l->target[to] = l->target[from];
	l->low[to] = l->low[from];
	l->high[to] = l->high[from];
	l->gain[to] = l->gain[from];
	l->read[to] = l->read[from];
	l->direction[to] = l->direction[from];
	l->step[to] = l->step[from];
	l->reversals[to] = l->reversals[from];
	l->pulses[to] = l->pulses[from];
	l->sets[to] = l->sets[from];
}

/* Keeps the lanes that are neither accepted nor given up, in order. */
static void lanes_sift(struct lanes *l, const struct cell_program *p, int max_pulses, struct cell_report *report)
{
	unsigned int i, kept = 0;

	for (i = 0; i < l->n; i++) {
		bool accepted = l->read[i] >= l->low[i] && l->read[i] <= l->high[i];

		if (accepted || l->reversals[i] > MAX_REVERSALS || l->pulses[i] >= max_pulses) {
			lane_close(l, i, p, accepted, report);
			continue;
		}
		if (kept != i)
			lane_move(l, kept, i);
		kept++;
	}
	l->n = kept;
}

static uint64_t energy_all(const struct lanes *l)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < l->n; i++)
		sum += (uint32_t)(int32_t)l->energy[i];
	return sum;
}

static void rram_program(const struct cell_program *p, struct cell_report *report)
{
	int max_pulses = p->max_pulses && p->max_pulses < MAX_PULSES ? (int)p->max_pulses : MAX_PULSES;
	uint32_t draw = 0;
	struct lanes l;

	lanes_open(&l, p);
	lanes_sift(&l, p, max_pulses, report);
	while (l.n) {
		pulse_all(&l, &p->pulse, draw++);
		report->energy_fj += energy_all(&l);
		turn_all(&l);
		lanes_sift(&l, p, max_pulses, report);
	}
	report->steps += draw;
}

/* Wan's spread at 1 s, 1 d and 2 d: fourth-order polynomials of r = g/gmax, microsiemens. */
static inline float spread_1s(float r)
{
	return 0.348f + r * (16.030f + r * (-43.853f + r * (45.393f + r * -16.815f)));
}

static inline float spread_1d(float r)
{
	return 0.701f + r * (22.086f + r * (-50.773f + r * (47.095f + r * -16.458f)));
}

static inline float spread_2d(float r)
{
	return 0.782f + r * (20.274f + r * (-43.507f + r * (37.062f + r * -11.934f)));
}

#define LOG_1D	11.366743f	/* ln of a day in seconds */
#define LOG_2D	12.059890f

/* RMS deviation that the verify loop itself leaves, microsiemens; measured on this ladder. */
static inline float residual(float target)
{
	return target < BAND ? 0.155f + (0.72f - 0.155f) * target * (1.0f / BAND) : 0.635f;
}

/*
 * Spread of the relaxation alone: sigma_Wan(r, t)^2 less what the verify loop left, interpolated in ln t, never
 * falling with time, constant after two days.
 */
static inline float relaxation(float target, float log_age)
{
	float r = target * (1.0f / GMAX);
	float day = log_age * (1.0f / LOG_1D);
	float next = (log_age - LOG_1D) * (1.0f / (LOG_2D - LOG_1D));
	float a = spread_1s(r);
	float b = at_least(spread_1d(r), a);
	float c = at_least(spread_2d(r), b);
	float early = a + (b - a) * day;
	float late = b + (c - b) * next;
	float spread = log_age < LOG_1D ? early : late;
	float left = residual(target);

	return __builtin_sqrtf(at_least(spread * spread - left * left, 0.0f));
}

static void rram_advance(const struct philox_stream *s, uint32_t cell, unsigned int n, const int16_t *target,
			 const float *g, int log_age_milli, float *out)
{
	float log_age = (float)log_age_milli * 0.001f;
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint32_t r[4];
		float relaxed;

		philox_draw(s, cell + i, r);
		relaxed = g[i] + relaxation((float)target[i] * LSB, log_age) * gauss(r[0]);
		relaxed = relaxed < 0.0f ? -relaxed : relaxed;
		out[i] = relaxed * (1.0f / LSB);
	}
}

/* Half a percent of the conductance and 0.05 uS, in LSB. */
static float rram_read_sigma(float g)
{
	return 0.005f * g + 0.05f / LSB;
}

static const struct cell_variable rram_state[] = {
	{ "target", "gmax * 1.25 / 32767", 2 },
	{ "conductance", "uS", 4 },
	{ "write", "", 2 },
};

const struct cell_tech NMC_CELL = {
	.name = "rram",
	.technology = NMC_TECH_RRAM,
	.flags = NMC_CLASS_CONVERTERS | NMC_CLASS_DIFFERENTIAL | NMC_CLASS_READ_NOISE | NMC_CLASS_NONVOLATILE,
	.gmax = GMAX,
	.state = rram_state,
	.states = 3,
	.step_ns = 1100,
	.settle_ns = 1000000000,
	.erased = rram_erased,
	.erased_max = ERASED_MAX,
	.program = rram_program,
	.advance = rram_advance,
	.age_limit_milli = 12059,
	.read_sigma = rram_read_sigma,
};
