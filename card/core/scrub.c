// SPDX-License-Identifier: MIT
/*
 * Background scrub: budget, turn of tiles and rows, sums and what they say.
 */
#include "card/cell/gauss.h"
#include "card/core/scrub.h"
#include "card/core/tiles.h"

#define ROWS_A_JOB	8			/* of each set */
#define ROWS_TRIED	8			/* of a tile, until one has programmed cells */
#define FS_A_ROW	(TILE_SCRUB_NS * 1000000ull)
#define FS_MOST		1000000000000ull	/* credit does not grow beyond a millisecond */
#define SAME_AGE	100			/* sums mix ages that are so near on the grid: a tenth in ln t */
#define CELLS_MOST	(1u << 20)		/* then the past counts half */
#define CELLS_LEAST	64			/* that a deviation is told of */
#define DRIFT_LEAST	1.0f			/* span in ln t that an exponent is told of */
#define PPM_A_LSB	((double)CELL_LSB * 1e6)

void scrub_allow(struct card *card, struct set_scrub *s, uint64_t ns)
{
	uint64_t ppm = __atomic_load_n(&card->scrub_ppm, __ATOMIC_RELAXED), most = FS_MOST - s->credit;
	uint64_t more = ppm && ns > most / ppm ? most : ns * ppm;

	s->credit += more;
	__atomic_fetch_add(&card->totals.array_ns, ns, __ATOMIC_RELAXED);
}

void scrub_forget(struct tile_sums *s)
{
	*s = (struct tile_sums){ .events = s->events, .row = s->row };
}

/* The present sums end; the first ones after a programming stay as what drift is measured against. */
static void begin_sums(struct tile_sums *s, const struct tile_scrub *r)
{
	if (s->first <= 0.0f && s->sum > 0.0 && s->target > 0.0) {
		s->first = (float)(s->sum / s->target);
		s->first_decay = s->decay;
	}
	s->age = r->age;
	s->cells = 0;
	s->square = s->sum = s->target = 0.0;
	s->most = 0.0f;
	s->decay = r->decay;
}

static void add_row(struct tile_sums *s, const struct tile_scrub *r)
{
	int apart = r->age - s->age;

	if (apart > SAME_AGE || apart < -SAME_AGE)
		begin_sums(s, r);
	if (!s->cells) {
		s->age = r->age;
		s->decay = r->decay;
	}
	if (s->cells >= CELLS_MOST) {
		s->cells /= 2;
		s->square *= 0.5;
		s->sum *= 0.5;
		s->target *= 0.5;
	}
	s->cells += r->cells;
	s->square += r->square;
	s->sum += r->sum;
	s->target += r->target;
	s->most = r->most > s->most ? r->most : s->most;
}

static uint32_t ppm_of(double lsb)
{
	double ppm = lsb * PPM_A_LSB;

	return ppm > 4e9 ? 4000000000u : (uint32_t)(ppm + 0.5);
}

static uint32_t drift_of(const struct tile_sums *s)
{
	/* A tile that had no turn when it was young began at its targets: that is what verify is for. */
	float first = s->first > 0.0f ? s->first : 1.0f, span = s->decay - s->first_decay, ratio;

	if (!s->drifts || span < DRIFT_LEAST || s->sum <= 0.0 || s->target <= 0.0)
		return NMC_DRIFT_UNKNOWN;
	ratio = (float)(s->sum / s->target) / first;
	return (uint32_t)(int32_t)round_half_even(-1e6 * (double)(log_poly(ratio) / span));
}

bool scrub_report(const struct tile_sums *s, struct nmc_tile_log *log)
{
	if (s->cells < CELLS_LEAST)
		return false;
	log->scrubbed_cells = s->cells;
	log->deviation_ppm = ppm_of(s->square > 0.0 ? __builtin_sqrt(s->square / s->cells) : 0.0);
	log->deviation_max_ppm = ppm_of((double)s->most);
	log->drift_ppm = drift_of(s);
	return true;
}

static unsigned int common_divisor(unsigned int a, unsigned int b)
{
	while (b) {
		unsigned int rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* Rows far apart follow one another, near the golden section, and all have had their turn before one comes again. */
static unsigned int row_of(unsigned int turn, unsigned int rows)
{
	unsigned int step = rows * 618 / 1000 + 1;

	while (common_divisor(step, rows) != 1)
		step++;
	return (unsigned int)((uint64_t)turn * step % rows);
}

/* Reads the next row that has programmed cells; false if there is none among the next few. */
static bool scrub_tile(struct card *card, struct card_set *s, uint32_t physical)
{
	struct card_tile *t = &card->tiles[physical];
	const struct tile_class *kind = &tiles_class(card, physical)->kind;
	struct tile *cells = set_tile(card, s, physical);
	struct tile_scrub row = { 0 };
	unsigned int tried;

	for (tried = 0; cells && tried < ROWS_TRIED && !row.cells; tried++)
		tile_scrub(cells, row_of(t->scrub.row++ % kind->rows, kind->rows), t->scrub.events++, &row);
	if (!row.cells)
		return false;
	t->scrub.drifts = kind->tech->ageing == CELL_DRIFTS;
	add_row(&t->scrub, &row);
	tiles_scrubbed(card, physical, s->time.ns);
	return true;
}

/* A tile with conductances whose programming has ended. */
static bool has_references(const struct card *card, uint32_t physical)
{
	const struct card_tile *t = &card->tiles[physical];

	return t->tile && t->log.programmed_ns && !tiles_failed(card, physical) &&
	       !__atomic_load_n(&t->incomplete, __ATOMIC_RELAXED) &&
	       tiles_class(card, physical)->kind.tech->flags & NMC_CLASS_CONVERTERS;
}

/* One turn: one row of the next tile that has any. */
static bool scrub_turn(struct card *card, struct card_set *s)
{
	uint32_t i;

	for (i = 0; i < s->count; i++) {
		uint32_t physical = s->tiles[s->scrub.tile++ % s->count];

		if (has_references(card, physical) && scrub_tile(card, s, physical))
			return true;
	}
	return false;
}

void scrub_set(struct card *card, struct card_set *s)
{
	unsigned int n;

	if (!__atomic_load_n(&card->scrub_ppm, __ATOMIC_RELAXED)) {
		s->scrub.credit = 0;
		return;
	}
	for (n = 0; n < ROWS_A_JOB && s->scrub.credit >= FS_A_ROW; n++) {
		if (!scrub_turn(card, s))
			return;
		s->scrub.credit -= FS_A_ROW;
		__atomic_fetch_add(&card->totals.scrub_ns, TILE_SCRUB_NS, __ATOMIC_RELAXED);
		__atomic_fetch_add(&card->totals.scrub_rows, 1, __ATOMIC_RELAXED);
	}
}
