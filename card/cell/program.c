// SPDX-License-Identifier: MIT
/*
 * Program-and-verify of one row: every cell gets pulses of a ladder until a verify read lies in its band. Built for
 * several instruction sets with NMC_CELL_PROGRAM naming the function; every build gives the same bits.
 * Documentation/physics-cells.rst has the equations.
 */
#include "card/cell/program_race.h"

#define HOPELESS	8.0f	/* verify noise that no read comes near */

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

/* Writes @n lanes, those that @which names, into the row. */
static void lanes_close(const struct lanes *l, const uint32_t *which, unsigned int n, const struct cell_program *p, struct row_end *e)
{
	unsigned int k;

	for (k = 0; k < n; k++) {
		const uint32_t i = which[k], at = l->at[i];

		p->g[at] = l->shown[i];
		if (p->after)
			p->after[at] = l->seen[i];
		e->read[at] = l->read[i];
		e->energy[at] = l->energy[i];
		e->pulses[at] = l->pulses[i];
		e->net[at] = l->net[i];
	}
}

/* A bit a lane of the pack from lane @i on that is one of the lanes. */
static uint32_t within(const struct lanes *l, unsigned int i)
{
	return l->n - i < PACK ? (1u << (l->n - i)) - 1 : (uint32_t)((1ull << PACK) - 1);
}

/* Keeps the busy lanes, in order, once enough others are among them: to move lanes costs an eighth of what they cost. */
static void lanes_sift(struct lanes *l, const struct cell_program *p, struct row_end *e)
{
	unsigned int i, end, busy = lanes_busy(l), closed = 0;
	uint32_t which[LANES], lane[LANES];

	if (busy && (l->n - busy < l->n / 8 + 1 || (busy - 1) / PACK == (l->n - 1) / PACK))
		return;
	for (i = 0; i < LANES; i++)
		lane[i] = i;
	for (i = 0; i < l->n; i += PACK) {
		const uint32_t idle = pack_bits(~pack_load_int(l->busy + i)) & within(l, i);

		pack_put(which + closed, lane + i, pack_order_of(idle));
		closed += (unsigned int)__builtin_popcount(idle);
	}
	lanes_close(l, which, closed, p, e);
	lanes_keep(l, l->busy);
	end = lanes_end(l);
	for (i = 0; i < end; i++)
		l->busy[i] = -(i < l->n);
}

/* Duration of a round: rows go in parallel, so that of the longest train, @lanes that of the lanes, and a verify read. */
static uint64_t step_time(float lanes, const struct climb climb[2], const struct deck *d)
{
	float most = at_least(at_least(lanes, climb[0].time), climb[1].time);

	return most > 0.0f ? (uint64_t)(most + d->cost.verify_ns) : 0;
}

/* Takes hopeless cells out of the lanes; the others stay, in order. */
static void hopeless_open(struct hopeless *h, struct climb climb[2], struct lanes *l, const struct deck *d)
{
	const float far = HOPELESS * d->program.verify_noise;
	int32_t keep[LANES] = { 0 };
	unsigned int i;

	h->n = 0;
	for (i = 0; i < 2; i++)
		climb[i] = (struct climb){ .grow = 1.0f };
	for (i = 0; i < l->n; i++) {
		bool up = l->g[i] <= l->high[i];

		keep[i] = -(l->sound[i] || l->g[i] < 0.0f || (l->g[i] >= l->low[i] - far && l->g[i] <= l->high[i] + far));
		if (keep[i])
			continue;
		h->at[h->n] = l->at[i];
		h->g[h->n] = l->g[i];
		h->energy[h->n] = 0.0f;
		h->up[h->n++] = up;
		climb[up].cells++;
	}
	if (h->n)
		lanes_keep(l, keep);
}

/* The next pulse of a ladder, or train of pulses, as lanes_pulse() and lanes_turn() have it; false beyond the last. */
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
 * @climbed: pulses of each ladder of hopeless cells before this round
 * @seen: @net after the last pulse of each ladder
 * @net: SET less RESET pulses of the row so far
 */
struct line {
	int32_t climbed[2];
	int32_t seen[2];
	int32_t net;
};

static void line_before(struct line *r, const struct climb climb[2])
{
	r->climbed[0] = climb[0].pulses;
	r->climbed[1] = climb[1].pulses;
}

/* A round of the row: its longest train of SET pulses, then that of RESET pulses. */
static void line_after(struct line *r, struct lanes *l, unsigned int k, const struct climb climb[2])
{
	int32_t most[2] = { climb[0].pulses - r->climbed[0], climb[1].pulses - r->climbed[1] };
	unsigned int i;

	for (i = 0; i < l->n; i++) {
		int32_t many = l->many[k][i];

		most[0] = -many > most[0] ? -many : most[0];
		most[1] = many > most[1] ? many : most[1];
	}
	r->net += most[1] - most[0];
	for (i = 0; i < 2; i++)
		r->seen[i] = climb[i].pulses != r->climbed[i] ? r->net : r->seen[i];
	for (i = 0; i < l->n; i++)
		l->seen[i] = l->many[k][i] ? r->net : l->seen[i];
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

/* Writes hopeless cells into the row, with the read after their last pulse. Takes the lanes, of which none is left, for its draws. */
static void hopeless_close(const struct hopeless *h, const struct climb climb[2], const struct line *line, struct lanes *l,
			   const struct cell_program *p, struct row_end *e)
{
	unsigned int i, up;

	for (i = 0; i < h->n; i++)
		l->at[i] = h->at[i];
	l->n = h->n;
	for (up = 0; up < 2; up++) {
		const uint32_t last = climb[up].rounds - 1;
		const float *z = l->z[2 * (last % ROUNDS) + 1];

		if (!climb[up].cells)
			continue;
		draw(l, &p->pulse, p->cell, last / ROUNDS, l->z[0]);
		for (i = 0; i < h->n; i++) {
			const uint32_t at = h->at[i];

			if (h->up[i] != up)
				continue;
			p->g[at] = h->g[i];
			if (p->after)
				p->after[at] = line->seen[up];
			e->read[at] = h->g[i] + p->tech->deck.program.verify_noise * z[i];
			e->energy[at] = h->energy[i];
			e->pulses[at] = climb[up].pulses;
			e->net[at] = up ? climb[up].pulses : -climb[up].pulses;
		}
	}
}

void NMC_CELL_PROGRAM(struct cell_program *p, struct cell_report *report);

void NMC_CELL_PROGRAM(struct cell_program *p, struct cell_report *report)
{
	const struct deck *d = &p->tech->deck;
	struct line line = { .net = 0 };
	struct climb climb[2];
	uint32_t number = 0;
	struct hopeless h;
	struct lanes l;
	struct row_end e;
	struct race c;
	unsigned int k;

	race_open(&c, p);
	l.next_write = 0;
	if (c.written <= 0.0f)
		memset(l.write, 0, ROUNDS * sizeof(l.write[0]));
	row_begin(&e, p);
	lanes_open(&l, &e, p);
	hopeless_open(&h, climb, &l, d);
	lanes_begin(&l);
	lanes_sift(&l, p, &e);
	while (l.n) {
		draw(&l, &p->pulse, p->cell, number, l.z[0]);
		if (c.written > 0.0f && !l.next_write)
			draw(&l, &p->write, p->cell, number * ROUNDS / NORMAL_WORDS, l.write[0]);
		number++;
		for (k = 0; k < ROUNDS; k++) {
			line_before(&line, climb);
			hopeless_pulse(&h, climb, d, c.limit);
			report->time_ns += step_time(race_all(&l, &c, d->pulse.model, k), climb, d);
			if (p->after)
				line_after(&line, &l, k, climb);
		}
		if (c.written > 0.0f)
			l.next_write = (l.next_write + ROUNDS) % NORMAL_WORDS;
		lanes_sift(&l, p, &e);
	}
	line_before(&line, climb);
	while (hopeless_pulse(&h, climb, d, c.limit)) {
		report->time_ns += step_time(0.0f, climb, d);
		line_after(&line, &l, 0, climb);
		line_before(&line, climb);
	}
	hopeless_close(&h, climb, &line, &l, p, &e);
	row_report(&e, p, l.chance, report);
	if (p->after)
		line_close(&line, p);
}
