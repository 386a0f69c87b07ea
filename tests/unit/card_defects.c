// SPDX-License-Identifier: MIT
/*
 * Broken, worn, disturbed and hot cells. Statistical bounds are five standard errors unless said.
 */
#include "tests/unit/physics_rig.h"
#include "card/cell/normal.h"
#include "card/cell/wear.h"

#define SIDE	256
#define CELLS	(SIDE * SIDE)

static unsigned int count(const struct rig *r, enum cell_defect what)
{
	unsigned int i, n = 0;

	for (i = 0; i < r->tile->defect_count; i++)
		n += (r->tile->defects[i] & ((1 << TILE_DEFECT_BITS) - 1)) == what;
	return n;
}

static void check_share(unsigned int n, double p, unsigned int of)
{
	assert_true(fabs(n - p * of) < 5 * sqrt(p * (1 - p) * of) + 1);
}

/* Broken cells hold what they hold. */
static void check_held(struct rig *r)
{
	unsigned int i;

	tile_oracle(r->tile, r->g, r->want);
	for (i = 0; i < r->tile->defect_count; i++) {
		enum cell_defect what = r->tile->defects[i] & ((1 << TILE_DEFECT_BITS) - 1);
		float g = r->g[r->tile->defects[i] >> TILE_DEFECT_BITS];

		assert_true(what == CELL_STUCK_LOW ? fabs(g - 9) < 1e-3 : what == CELL_STUCK_HIGH ? fabs(g - 88.2) < 1e-3 : g == 0);
	}
}

static void rates_and_hold(void **unused)
{
	struct deck deck = rig_deck("rram-cmo");
	struct rig *r;

	(void)unused;
	deck.defects = (struct deck_defects){ .stuck_low = 0.03f, .stuck_high = 0.01f, .dead = 0.002f };
	r = rig_open(rig_make(&deck, false), SIDE, SIDE, 77);
	check_share(count(r, CELL_STUCK_LOW), 0.03, CELLS);
	check_share(count(r, CELL_STUCK_HIGH), 0.01, CELLS);
	check_share(count(r, CELL_DEAD), 0.002, CELLS);
	check_held(r);
	rig_spread(r);
	rig_program(r);
	check_held(r);
	rig_age(r, YEAR);
	check_held(r);
	assert_int_equal(tile_erase(r->tile, &r->whole, r->now, &r->report, &r->cost), 0);
	check_held(r);
	rig_program(r);
	rig_age(r, 0);
	check_held(r);
	rig_close(r);
}

static void all_broken(void **unused)
{
	struct deck deck = rig_deck("rram-cmo");
	struct rig *r;

	(void)unused;
	deck.defects = (struct deck_defects){ .dead = 1 };
	r = rig_open(rig_make(&deck, false), 64, 64, 77);
	assert_int_equal(count(r, CELL_DEAD), 64 * 64);
	rig_program(r);
	check_held(r);
	assert_int_equal(r->report.given_up, 64 * 64);
	rig_close(r);
}

/* Given up are the broken cells whose value is outside their band, and no others. */
static void reports_with_broken_cells(void **unused)
{
	struct deck deck = rig_deck("rram");
	unsigned int i, outside = 0;
	struct rig *r;

	(void)unused;
	deck.program.verify_noise = 0;
	deck.defects = (struct deck_defects){ .stuck_low = 0.05f, .stuck_high = 0.05f, .dead = 0.01f };
	r = rig_open(rig_make(&deck, false), SIDE, SIDE, 5);
	rig_spread(r);
	rig_program(r);
	for (i = 0; i < r->tile->defect_count; i++) {
		uint32_t cell = r->tile->defects[i] >> TILE_DEFECT_BITS;
		double want = r->want[cell], upper = want < 1 ? .3 + .7 * want : 1;

		outside += r->g[cell] < want - 1 || r->g[cell] > want + upper;
	}
	assert_int_equal(r->report.given_up, outside);
	assert_int_equal(r->report.converged + r->report.given_up, CELLS);
	assert_int_equal(r->report.pulses_max, 250);
	rig_close(r);
}

#define ROW_CELL	3000	/* of the first cell of a row below */

/**
 * struct row - a row whose even cells are broken, near and far from their band, and whose odd ones are sound
 * @p: to be programmed
 */
struct row {
	struct cell_program p;
	int16_t target[CELL_LANES];
	float g[CELL_LANES];
	uint8_t wear[CELL_LANES];
	uint8_t defect[CELL_LANES];
	uint8_t pulsed[CELL_LANES];
	int32_t net[CELL_LANES];
};

/* Target of cell @i; band of all, microsiemens. */
static float row_band(const struct cell_tech *tech, unsigned int i, struct row *r)
{
	const struct deck *d = &tech->deck;

	r->target[i] = cell_target(tech, (int16_t)((i % 3 ? 0.3 : 0.6) * NMC_CONDUCTANCE_MAX));
	return d->levels > 1 ? 0.49f * (d->gmax - d->gmin) / (float)(d->levels - 1) : (float)r->p.band * tech->lsb;
}

static struct row *make_row(const struct cell_tech *tech)
{
	static const float away[] = { 0.5f, 2, 4, 6, 7.9f, 8.1f, 20, 1000 };
	const struct deck *d = &tech->deck;
	struct row *r = calloc(1, sizeof(*r));
	unsigned int i;

	assert_non_null(r);
	r->p = (struct cell_program){
		.tech = tech, .n = CELL_LANES, .cell = ROW_CELL, .target = r->target, .band = 600, .g = r->g, .wear = r->wear,
		.defect = r->defect, .pulsed = r->pulsed, .net = r->net, .device = philox_stream(1, 2, PURPOSE_DEVICE, 0),
		.pulse = philox_stream(1, 2, PURPOSE_PULSE, 7), .write = philox_stream(1, 2, PURPOSE_WRITE, 7),
		.count = philox_stream(1, 2, PURPOSE_WEAR, 7),
	};
	for (i = 0; i < CELL_LANES; i++) {
		float band = row_band(tech, i, r), target = (float)r->target[i] * tech->lsb, far = away[i / 4 % 8] * d->program.verify_noise;
		float g = i & 2 ? target - band - far : target + band + far;

		r->defect[i] = i & 1 ? CELL_SOUND : CELL_WORN;
		r->wear[i] = i % 5 ? 0 : 250;
		r->g[i] = i & 1 ? d->gmin : i / 32 % 2 ? (i & 2 ? 0.0f : d->gmax) : g < 0.0f ? 0.0f : g;
	}
	return r;
}

/*
 * A broken cell read after each pulse of its ladder, to the limit or until a read lies in its band. @longest: of each round
 * of pulses, over all cells.
 */
static void pulse_broken(const struct row *r, unsigned int i, struct cell_report *want, float *longest)
{
	const struct deck *d = &r->p.tech->deck;
	const bool single = d->pulse.model == DECK_FILAMENT || d->pulse.model == DECK_SWITCHING;
	const float target = (float)r->target[i] * r->p.tech->lsb, band = row_band(r->p.tech, i, (struct row *)r), g = r->g[i];
	const float low = d->levels > 1 && target <= d->gmin * 1.001f ? -band : target - band, high = d->levels > 1 && target >= d->gmax * 0.999f ? 2 * d->gmax : target + band;
	const bool up = g <= high;
	const struct deck_polarity *side = up ? &d->pulse.up : &d->pulse.down;
	float grow = 1.0f, read = g, energy = 0.0f;
	unsigned int step = 0, pulses = 0, round = 0;

	*want = (struct cell_report){ 0 };
	while ((read < low || read > high) && pulses < d->program.max_pulses) {
		unsigned int left = d->program.max_pulses - pulses, many = single ? 1 : grow < (float)left ? (unsigned int)grow : left;
		float volt = side->volt + side->volt_step * (float)step, ns = (float)many * side->width_ns;
		uint32_t word[4];

		philox_draw(&r->p.pulse, (ROW_CELL + i) | round / 4 << PHILOX_DRAW_SHIFT, word);
		read = g + d->program.verify_noise * normal_16(word[round % 4] >> 16);
		energy += volt * volt * g * ns;
		want->time_ns += (uint64_t)(ns + d->cost.verify_ns);
		pulses += many;
		longest[round] = fmaxf(longest[round], ns);
		round++;
		grow = step + 1 < d->pulse.ladder ? grow * side->growth : grow;
		step += step + 1 < d->pulse.ladder;
	}
	want->energy_fj = (uint64_t)energy;
	want->isa.cells = 1;
	want->isa.converged = read >= low && read <= high;
	want->isa.given_up = !want->isa.converged;
	want->isa.pulses = pulses;
	want->isa.pulses_max = pulses;
	want->isa.reads = pulses + 1;
	*(up ? &want->isa.set_pulses : &want->isa.reset_pulses) = pulses;
	want->error_sq = (uint64_t)pow(lrintf(fabsf(read - target) * r->p.tech->per_lsb), 2);
}

static void add_report(struct cell_report *sum, const struct cell_report *r)
{
	unsigned int i;

	sum->energy_fj += r->energy_fj;
	sum->error_sq += r->error_sq;
	sum->isa.cells += r->isa.cells;
	sum->isa.converged += r->isa.converged;
	sum->isa.given_up += r->isa.given_up;
	sum->isa.pulses += r->isa.pulses;
	sum->isa.reads += r->isa.reads;
	sum->isa.set_pulses += r->isa.set_pulses;
	sum->isa.reset_pulses += r->isa.reset_pulses;
	sum->isa.pulses_max = r->isa.pulses_max > sum->isa.pulses_max ? r->isa.pulses_max : sum->isa.pulses_max;
	for (i = 0; i < NMC_REPORT_BINS; i++) {
		sum->isa.pulse_hist[i] += r->isa.pulse_hist[i];
		sum->isa.error_hist[i] += r->isa.error_hist[i];
	}
}

/* One technology and build. */
static void check_row(const struct cell_tech *tech)
{
	struct row *row = make_row(tech), *one = make_row(tech), *begin = make_row(tech);
	struct cell_report sum = { 0 }, all = { 0 }, broken = { 0 };
	unsigned int rounds = tech->deck.program.max_pulses, i;
	float *longest = calloc(rounds, sizeof(*longest));
	uint16_t even[CELL_LANES / 2];
	uint64_t ns = 0;

	assert_non_null(longest);
	for (i = 0; i < CELL_LANES; i++) {
		const uint16_t index = (uint16_t)i;
		struct cell_report got = { 0 }, want;

		one->p.n = 1;
		one->p.index = &index;
		tech->kernels->program(&one->p, &got);
		add_report(&sum, &got);
		if (i & 1)
			continue;
		even[i / 2] = index;
		pulse_broken(begin, i, &want, longest);
		memcpy(want.isa.pulse_hist, got.isa.pulse_hist, sizeof(want.isa.pulse_hist));
		memcpy(want.isa.error_hist, got.isa.error_hist, sizeof(want.isa.error_hist));
		if (memcmp(&want, &got, sizeof(want)))
			fail_msg("%s, cell %u: %llu pulses, %lu ns, %lu fJ, error %lu; want %llu, %lu, %lu, %lu", tech->deck.name, i,
				 (unsigned long long)got.isa.pulses, got.time_ns, got.energy_fj, got.error_sq,
				 (unsigned long long)want.isa.pulses, want.time_ns, want.energy_fj, want.error_sq);
		assert_true(one->g[i] == begin->g[i] && one->pulsed[i] == (want.isa.pulses > 0));
		assert_int_equal(one->net[i], (int)want.isa.set_pulses - (int)want.isa.reset_pulses);
	}
	tech->kernels->program(&row->p, &all);
	sum.time_ns = all.time_ns;
	assert_memory_equal(&all, &sum, sizeof(sum));
	assert_memory_equal(row->g, one->g, sizeof(row->g));
	assert_memory_equal(row->wear, one->wear, sizeof(row->wear));
	assert_memory_equal(row->defect, one->defect, sizeof(row->defect));
	assert_memory_equal(row->pulsed, one->pulsed, sizeof(row->pulsed));
	assert_memory_equal(row->net, one->net, sizeof(row->net));
	/* The broken ones together: each round lasts as long as its longest train */
	begin->p.n = CELL_LANES / 2;
	begin->p.index = even;
	tech->kernels->program(&begin->p, &broken);
	for (i = 0; i < rounds && longest[i] > 0; i++)
		ns += (uint64_t)(longest[i] + tech->deck.cost.verify_ns);
	assert_int_equal(broken.time_ns, ns);
	assert_true(all.time_ns >= ns);
	free(longest);
	free(row);
	free(one);
	free(begin);
}

/*
 * Broken cells in every technology give what reading them after each pulse gives, bit for bit, and no cell depends on which
 * others are programmed with it.
 */
static void broken_cells_pulse_by_pulse(void **unused)
{
	const char *name;
	unsigned int i;

	(void)unused;
	for (i = 0; (name = deck_shipped(i, NULL)); i++) {
		if (rig_tech(name, false)->exact)
			continue;
		check_row(rig_tech(name, false));
		check_row(rig_tech(name, true));
	}
}

/* A deck whose cells have gone through @wear pulses before they are programmed to the top. */
static struct rig *worn(const struct deck *deck, uint8_t code)
{
	struct rig *r = rig_open(rig_make(deck, false), 128, 128, 3);

	memset(r->tile->wear, code, r->cells);
	rig_fill(r, NMC_CONDUCTANCE_MAX);
	rig_program(r);
	return r;
}

static struct deck endurance(void)
{
	struct deck deck = rig_deck("idealised");

	deck.gmin = 5;
	deck.pulse.device = 0;
	deck.pulse.cycle = 0;
	deck.pulse.up.bound_device = 0;
	deck.pulse.down.bound_device = 0;
	deck.endurance = (struct deck_endurance){ .pulses = 1000, .sigma = 0.5f, .slope = 0.25f, .dead_at = 0 };
	return deck;
}

/* Lifetimes are lognormal; beyond, the upper end falls to gmin + (gmax - gmin) (pulses / N)^-slope. */
static void window_of_worn_cells(void **unused)
{
	struct deck deck = endurance();
	uint8_t code = wear_add(0, 60000, 0xffffffff);
	struct rig *r = worn(&deck, code);
	double seen = (double)wear_pulses(code);
	unsigned int i;

	(void)unused;
	/* 60000 pulses are beyond the lifetime of all: ln 60 is 8.2 spreads */
	assert_true(seen > 50000);
	for (i = 0; i < r->cells; i++)
		r->g[i] = (float)log(seen * pow((r->g[i] - 5) / 35.0, 4));
	assert_true(fabs(rig_mean(r->g, r->cells) - log(1000)) < 5 * .5 / 128 + 1e-3);
	assert_true(ks_normal(r->g, r->cells, log(1000), .5) < ks_bound(r->cells) + 1e-3);
	rig_close(r);
}

/* Cells whose window is below dead_at are stuck where they are, for ever, an erase included; pulses beyond the median. */
static void death(void **unused)
{
	struct deck deck = endurance();
	uint8_t code = wear_add(0, 16384, 0);
	struct rig *r;
	uint32_t *cell;
	float *held;
	unsigned int i, n;

	(void)unused;
	deck.endurance.dead_at = 0.5f;
	/* window = (16384 / N)^-1/4 < 1/2: N < 1024 */
	r = worn(&deck, code);
	assert_int_equal(wear_pulses(code), 16384);
	n = r->tile->defect_count;
	check_share(n, normal_below(log(1.024) / .5), r->cells);
	assert_int_equal(count(r, CELL_WORN), n);
	assert_true(r->report.given_up >= n);
	held = malloc(r->cells * sizeof(*held));
	memcpy(held, r->g, r->cells * sizeof(*held));
	cell = malloc(n * sizeof(*cell));
	for (i = 0; i < n; i++) {
		cell[i] = r->tile->defects[i] >> TILE_DEFECT_BITS;
		assert_true(held[cell[i]] < 0.1f);	/* as erased */
	}
	assert_int_equal(tile_erase(r->tile, &r->whole, r->now, &r->report, &r->cost), 0);
	rig_fill(r, 12000);
	rig_program(r);
	rig_age(r, YEAR);
	for (i = 0; i < n; i++)
		assert_true(r->g[cell[i]] == held[cell[i]]);
	free(cell);
	free(held);
	rig_close(r);
}

/* A worn cell of a technology with write noise and relaxation stays to the bit, whatever is done to its neighbours. */
static void worn_cells_stay(void **unused)
{
	struct deck deck = rig_deck("reram-es");
	struct rig *r;
	float held;

	(void)unused;
	deck.wires.passive = true;
	deck.wires.half_select = 0.001f;
	r = rig_open(rig_make(&deck, false), 16, 16, 3);
	rig_fill(r, 12000);
	rig_program(r);
	tile_add_defect(r->tile, 35, CELL_WORN);
	tile_oracle(r->tile, r->g, NULL);
	held = r->g[35];
	rig_fill(r, 20000);
	rig_program(r);
	rig_age(r, DAY);
	assert_true(fabs(r->g[35] - held) < 1e-4);
	assert_int_equal(tile_erase(r->tile, &r->whole, r->now, &r->report, &r->cost), 0);
	rig_program(r);
	assert_true(fabs(r->g[35] - held) < 1e-4);
	rig_close(r);
}

static const int16_t column_target[8] = { 20000, 3000, 9000, 25000, 26000, 14000, 22000, 17000 };

/* Column 4 of rows 8 .. 15 is programmed; what the cells of the column are then, with and without half selection. */
static struct rig *one_column(const struct deck *deck, unsigned int rows)
{
	struct rig *r = rig_open(rig_make(deck, false), 32, 16, 3);
	struct tile_region column = { .first_row = 8, .rows = rows, .first_col = 4, .cols = 1 };

	assert_int_equal(tile_program(r->tile, &column, column_target, 2, 0, 0, &r->now, &r->report, &r->cost), 0);
	tile_oracle(r->tile, r->g, NULL);
	return r;
}

static double ratio(const struct rig *a, const struct rig *b, unsigned int row, unsigned int col)
{
	float x = a->g[row * 16 + col], y = b->g[row * 16 + col];

	return x == y ? 0 : log(x / (double)y);
}

/* Its broken cells climb up alone. */
static struct row *row_to_follow(const struct cell_tech *tech)
{
	struct row *r = make_row(tech);
	unsigned int i;

	for (i = 0; i < CELL_LANES; i++)
		if (r->g[i] * tech->per_lsb > (float)r->target[i])
			r->defect[i] = CELL_SOUND;
	memset(r->wear, 0, sizeof(r->wear));
	return r;
}

/*
 * Pulses of a row after the last of each cell, against the same row given up after each pulse: what a cell gets of one more
 * pulse says what it gets in that round. Broken cells climb to the limit and count.
 */
static void rounds_of_a_row(void **unused)
{
	const struct cell_tech *tech = rig_tech("rram", false);
	unsigned int limit = tech->deck.program.max_pulses, k, i, moved = 0;
	static int32_t net[2][CELL_LANES], seen[CELL_LANES], after[CELL_LANES];
	struct cell_report report = { 0 };
	struct row *last = row_to_follow(tech);
	int32_t total = 0;

	(void)unused;
	last->p.after = after;
	tech->kernels->program(&last->p, &report);
	for (k = 1; k <= limit; k++) {
		struct row *r = row_to_follow(tech);
		bool up = false, down = false;

		r->p.max_pulses = k;
		tech->kernels->program(&r->p, &report);
		memcpy(net[k & 1], r->net, sizeof(r->net));
		for (i = 0; i < CELL_LANES; i++) {
			up |= net[k & 1][i] > net[~k & 1][i];
			down |= net[k & 1][i] < net[~k & 1][i];
		}
		total += up - down;
		for (i = 0; i < CELL_LANES; i++)
			seen[i] = net[k & 1][i] != net[~k & 1][i] ? total : seen[i];
		free(r);
	}
	assert_int_equal(last->p.row, total);
	for (i = 0; i < CELL_LANES; i++) {
		assert_int_equal(after[i], total - seen[i]);
		moved += after[i] != 0;
	}
	assert_true(moved > CELL_LANES / 8);
	free(last);
}

/* The same of a row of which some cells have nothing to do, and with trains of pulses. */
static void rounds_of_trains(void **unused)
{
	struct deck deck = rig_deck("rram");
	int32_t net[3], after[3], want;
	float g[3] = { 10, 10, 25 };
	int16_t target[3] = { 0 };
	uint8_t wear[3] = { 0 }, defect[3] = { 0 };
	struct cell_report report = { 0 };
	struct cell_program p = { .n = 3, .target = target, .g = g, .wear = wear, .defect = defect, .net = net, .after = after };

	(void)unused;
	deck.spreads = 0;
	deck.pulse = (struct deck_pulse){ .model = DECK_CONSTANT, .ladder = 8, .weight_min = 0, .weight_max = 1, .weight_step = 0.001f };
	deck.pulse.up = (struct deck_polarity){ .volt = 2, .growth = 2, .width_ns = 10 };
	deck.pulse.down = deck.pulse.up;
	deck.program.verify_noise = 0;
	deck.program.band = 0.3f;
	p.tech = rig_make(&deck, false);
	/* From 10 uS by 1, 2, 4 .. steps: one cell is where it should be, one climbs, one falls longer */
	target[0] = (int16_t)lrintf(10 / p.tech->lsb);
	target[1] = (int16_t)lrintf((10 + 7 * 0.001f * (deck.gmax - deck.gmin)) / p.tech->lsb);
	target[2] = (int16_t)lrintf((25 - 63 * 0.001f * (deck.gmax - deck.gmin)) / p.tech->lsb);
	deck.program.band = 0.001f;
	p.band = 3;
	p.tech->kernels->program(&p, &report);
	want = net[1] + net[2];
	assert_int_equal(net[0], 0);
	assert_int_equal(net[1], 7);
	assert_int_equal(net[2], -63);
	assert_int_equal(p.row, want);
	assert_int_equal(after[0], want);
	assert_int_equal(after[1], -63 + 7);	/* trains of 8, 16 and 32 came after its own of 1, 2 and 4 */
	assert_int_equal(after[2], 0);
}

/* What the cells of a row felt that are not in column 4, all the same. */
static double beside(const struct rig *a, const struct rig *b, unsigned int row)
{
	double felt = NAN;
	unsigned int col;

	for (col = 0; col < 16; col++) {
		if (col == 4 || b->g[row * 16 + col] < 0.1f)
			continue;
		felt = isnan(felt) ? ratio(a, b, row, col) : felt;
		assert_true(fabs(ratio(a, b, row, col) - felt) < 1e-5);
	}
	return felt;
}

/* g e^(half_select (SET - RESET)): of all pulses in rows beside the region, of later ones in its own. */
static void half_select(void **unused)
{
	struct deck deck = rig_deck("rram"), passive;
	struct rig *quiet, *loud, *first, *active;
	double net, own, along = 0;
	unsigned int row;

	(void)unused;
	deck.spreads = 0;
	passive = deck;
	passive.wires.passive = true;
	passive.wires.half_select = 0.002f;
	quiet = one_column(&deck, 8);
	loud = one_column(&passive, 8);
	first = one_column(&deck, 1);
	net = (double)loud->report.set_pulses - (double)loud->report.reset_pulses;
	own = (double)first->report.set_pulses - (double)first->report.reset_pulses;
	assert_true(net != own && net != 0 && own != 0);
	for (row = 0; row < 32; row++) {
		along += beside(loud, quiet, row);
		if (row < 8 || row > 15)
			assert_true(beside(loud, quiet, row) == 0 && fabs(ratio(loud, quiet, row, 4) - .002 * net) < 1e-5);
	}
	assert_true(fabs(ratio(loud, quiet, 8, 4) - .002 * (net - own)) < 1e-5);
	/* Along the rows, in which this column alone was pulsed */
	assert_true(fabs(along - .002 * net) < 1e-5);
	assert_true(fabs(beside(loud, quiet, 8) - .002 * own) < 1e-5);
	passive.wires.passive = false;
	active = one_column(&passive, 8);
	assert_memory_equal(active->g, quiet->g, active->cells * sizeof(*active->g));
	rig_close(quiet);
	rig_close(loud);
	rig_close(first);
	rig_close(active);
}

/*
 * A cell feels the rows above it before it is verified: wherever the region ends its last row lies in its band. There, what the
 * later rows of a larger region do is all that moves it.
 */
static void half_select_before_a_verify(void **unused)
{
	struct deck deck = rig_deck("rram");
	struct rig *whole, *part;
	unsigned int rows;
	double net;

	(void)unused;
	deck.spreads = 0;
	deck.wires.passive = true;
	deck.wires.half_select = 0.02f;
	whole = one_column(&deck, 8);
	net = (double)whole->report.set_pulses - (double)whole->report.reset_pulses;
	for (rows = 1; rows <= 8; rows++) {
		unsigned int row = 7 + rows, cell = row * 16 + 4;
		double own, off;

		part = one_column(&deck, rows);
		own = (double)part->report.set_pulses - (double)part->report.reset_pulses;
		off = part->g[cell] - column_target[rows - 1] * (double)part->class.tech->lsb;
		assert_true(fabs(off) < deck.program.band + 4 * deck.program.verify_noise);
		assert_true(fabs(ratio(whole, part, row, 4) - .02 * (net - own)) < 1e-5);
		rig_close(part);
	}
	rig_close(whole);
}

/* Cells that need no pulse themselves feel those of other rows in their columns, above and below. */
static void half_select_of_cells_in_their_band(void **unused)
{
	struct tile_region columns = { .first_row = 8, .rows = 8, .first_col = 4, .cols = 3 };
	int16_t target[8][3];
	struct deck deck = rig_deck("rram");
	unsigned int row, col, at, tries;
	float before[32 * 16];
	struct rig *r;
	double net;

	(void)unused;
	deck.spreads = 0;
	deck.wires.passive = true;
	deck.wires.half_select = 0.0001f;
	r = rig_open(rig_make(&deck, false), 32, 16, 3);
	for (row = 0; row < 8; row++)
		for (col = 0; col < 3; col++)
			target[row][col] = column_target[(row + 3 * col) % 8];
	for (tries = 0; !tries || (r->report.pulses && tries < 10); tries++)
		assert_int_equal(tile_program(r->tile, &columns, target, 6, 0, 0, &r->now, &r->report, &r->cost), 0);
	/* One cell at a time has to move, so that the report is of its column */
	for (col = 0; col < 3; col++) {
		tile_oracle(r->tile, r->g, NULL);
		memcpy(before, r->g, sizeof(before));
		target[4][col] = target[4][col] > 10000 ? 3000 : 25000;
		assert_int_equal(tile_program(r->tile, &columns, target, 6, 0, 0, &r->now, &r->report, &r->cost), 0);
		tile_oracle(r->tile, r->g, NULL);
		net = (double)r->report.set_pulses - (double)r->report.reset_pulses;
		assert_true(r->report.pulses_max == r->report.pulses && net != 0);
		for (at = 0; at < 32 * 16; at++) {
			double felt = at % 16 == 4 + col ? .0001 * net : 0;

			if (at / 16 != 12 && before[at] > 0.1f)
				assert_true(fabs(log(r->g[at] / (double)before[at]) - felt) < 1e-6);
		}
	}
	rig_close(r);
}

/* An erase counts as RESET pulses, on columns and along rows. */
static void half_select_of_an_erase(void **unused)
{
	struct tile_region region = { .first_row = 4, .rows = 6, .first_col = 3, .cols = 5 };
	struct deck deck = rig_deck("rram"), passive;
	struct rig *r[2];
	unsigned int i, row, col;

	(void)unused;
	deck.spreads = 0;
	passive = deck;
	passive.wires.passive = true;
	passive.wires.half_select = 0.002f;
	for (i = 0; i < 2; i++) {
		r[i] = rig_open(rig_make(&deck, false), 32, 16, 3);
		rig_spread(r[i]);
		rig_program(r[i]);
		r[i]->class.tech = rig_make(i ? &passive : &deck, false);
		assert_int_equal(tile_erase(r[i]->tile, &region, r[i]->now, &r[i]->report, &r[i]->cost), 0);
		tile_oracle(r[i]->tile, r[i]->g, NULL);
	}
	assert_int_equal(r[1]->report.pulses, 30);	/* one a cell */
	for (row = 0; row < 32; row++)
		for (col = 0; col < 16; col++) {
			bool along = row >= 4 && row < 10, across = col >= 3 && col < 8;
			double want = along && across ? -(9.0 - row) : along ? -1 : across ? -6 : 0;

			if (r[0]->g[row * 16 + col] > 0)
				assert_true(fabs(ratio(r[1], r[0], row, col) - .002 * want) < 1e-5);
		}
	rig_close(r[0]);
	rig_close(r[1]);
}

static void temperature(void **unused)
{
	struct deck deck = rig_deck("pcm");
	static float cold[64 * 64];
	unsigned int i;
	struct rig *r;

	(void)unused;
	deck.thermal.coefficient = -0.003f;
	r = rig_open(rig_make(&deck, false), 64, 64, 5);
	rig_spread(r);
	rig_program(r);
	memcpy(cold, r->g, sizeof(cold));
	tile_temperature(r->tile, 340);
	tile_oracle(r->tile, r->g, NULL);
	for (i = 0; i < r->cells; i++)
		assert_true(fabs(r->g[i] - cold[i] * .88) < 1e-5 * cold[i] + 1e-9);
	/* Far beyond what the coefficient is good for a conductance is zero, not negative */
	tile_temperature(r->tile, 1000);
	tile_oracle(r->tile, r->g, NULL);
	for (i = 0; i < r->cells; i++)
		assert_true(r->g[i] == 0.0f);
	/* Heat changes what is read, not what is there */
	tile_temperature(r->tile, 300);
	tile_oracle(r->tile, r->g, NULL);
	assert_memory_equal(r->g, cold, sizeof(cold));
	rig_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_and_hold),
		cmocka_unit_test(all_broken),
		cmocka_unit_test(reports_with_broken_cells),
		cmocka_unit_test(broken_cells_pulse_by_pulse),
		cmocka_unit_test(window_of_worn_cells),
		cmocka_unit_test(death),
		cmocka_unit_test(worn_cells_stay),
		cmocka_unit_test(rounds_of_a_row),
		cmocka_unit_test(rounds_of_trains),
		cmocka_unit_test(half_select),
		cmocka_unit_test(half_select_before_a_verify),
		cmocka_unit_test(half_select_of_cells_in_their_band),
		cmocka_unit_test(half_select_of_an_erase),
		cmocka_unit_test(temperature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
