// SPDX-License-Identifier: MIT
/*
 * Decks as seen from outside card/: reading them, and looking at what they describe on a rig of cells. What the rig
 * shows comes from tiles and kernels as they are in a card.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "card/card.h"
#include "card/tile/tile.h"
#include "hw/nmc_regs.h"

#define COLS	256	/* columns of the rig's tile */

struct card_deck {
	struct cell_tech *tech;
	char technology[16];
	char response[16];
};

static int make(const struct deck *from, struct card_deck **out, char *error, size_t error_bytes)
{
	struct card_deck *deck = calloc(1, sizeof(*deck));

	if (deck)
		deck->tech = cell_tech_make(from, false);
	if (!deck || !deck->tech) {
		free(deck);
		snprintf(error, error_bytes, "out of memory");
		return -ENOMEM;
	}
	deck_write(&deck->tech->deck, "technology", deck->technology, sizeof(deck->technology));
	deck_write(&deck->tech->deck, "pulse.model", deck->response, sizeof(deck->response));
	*out = deck;
	return 0;
}

int card_deck_load(const char *name, struct card_deck **out, char *error, size_t error_bytes)
{
	struct deck deck;
	int ret = deck_load(name, &deck, error, error_bytes);

	return ret ? ret : make(&deck, out, error, error_bytes);
}

int card_deck_parse(const char *text, size_t bytes, const char *file, struct card_deck **out, char *error,
		    size_t error_bytes)
{
	struct deck deck;
	int ret = deck_parse(text, bytes, file, &deck, error, error_bytes);

	return ret ? ret : make(&deck, out, error, error_bytes);
}

void card_deck_destroy(struct card_deck *deck)
{
	if (!deck)
		return;
	cell_tech_close(deck->tech);
	free(deck);
}

const char *card_deck_shipped(unsigned int index, const char **text)
{
	return deck_shipped(index, text);
}

/* Words of "pulse.model" by number, with commas between. */
static void models_of(uint32_t mask, char *text, size_t bytes)
{
	struct deck_key model = { .path = "" };
	const char *word = model.choices;
	unsigned int i;
	size_t n = 0;

	for (i = 0; strcmp(model.path, "pulse.model"); i++)
		deck_key(i, &model);
	*text = '\0';
	for (i = 0; *word && n < bytes; i++) {
		size_t length = strcspn(word, ",");

		if (mask >> i & 1)
			n += (size_t)snprintf(text + n, bytes - n, "%s%.*s", n ? ", " : "", (int)length, word);
		word += length + strspn(word + length, ", ");
	}
}

bool card_deck_key(unsigned int index, struct card_deck_key *key)
{
	static const char *const kinds[] = { "number", "integer", "word", "flag", "text", "curve" };
	struct deck_key k;

	if (!deck_key(index, &k))
		return false;
	*key = (struct card_deck_key){
		.path = k.path, .kind = kinds[k.kind], .unit = k.unit, .meaning = k.meaning,
		.low = k.low, .high = k.high, .standard = k.standard, .required = k.required,
	};
	strcpy(key->units, k.units);
	strcpy(key->choices, k.choices);
	models_of(k.models, key->models, sizeof(key->models));
	models_of(k.needed, key->needed, sizeof(key->needed));
	return true;
}

int card_deck_value(const struct card_deck *deck, const char *path, char *text, size_t bytes)
{
	return deck_write(&deck->tech->deck, path, text, bytes);
}

void card_deck_info(const struct card_deck *deck, struct card_deck_info *info)
{
	static const char *const ageing[] = { "still", "relaxes", "drifts" };
	const struct deck *d = &deck->tech->deck;

	*info = (struct card_deck_info){
		.name = d->name, .title = d->title, .source = d->source, .technology = deck->technology,
		.response = deck->response, .ageing = ageing[deck->tech->ageing], .leaks = d->drift.decay_s > 0.0f,
		.levels = d->levels, .max_pulses = d->program.max_pulses, .gmin = d->gmin, .gmax = d->gmax,
		.target_low = deck->tech->low, .target_high = deck->tech->high,
		.set_volt = d->pulse.up.volt, .reset_volt = d->pulse.down.volt, .set_ns = d->pulse.up.width_ns,
		.reset_ns = d->pulse.down.width_ns, .read_volt = d->iv.read_volt, .endurance = d->endurance.pulses,
		.activation_ev = d->thermal.activation_ev, .drift_t0_s = d->drift.t0_s,
	};
}

/* What a cell can be asked for that is nearest to @g. */
static int16_t nearest_code(const struct cell_tech *tech, float g)
{
	float code = g * tech->per_lsb + 0.5f;

	return cell_target(tech, code > 0.0f ? code < NMC_CONDUCTANCE_MAX ? (int16_t)code : NMC_CONDUCTANCE_MAX : 0);
}

static bool rig_fits(const struct card_rig *rig)
{
	return rig->cells && rig->cells <= CARD_RIG_CELLS;
}

static bool ages_fit(const double *age_s, unsigned int ages)
{
	unsigned int i;

	for (i = 0; i < ages; i++)
		if (!(age_s[i] >= (i ? age_s[i - 1] : 0.0) && age_s[i] <= CARD_RIG_AGE))
			return false;
	return true;
}

static void report_of(const struct cell_tech *tech, int16_t code, const struct nmc_isa_report *isa,
		      struct card_rig_report *report)
{
	*report = (struct card_rig_report){
		.target = (float)code * tech->lsb,
		.converged = (float)isa->converged / (float)isa->cells,
		.mean_pulses = (float)isa->pulses / (float)isa->cells,
		.max_pulses = isa->pulses_max,
		.residual = (float)isa->residual_rms * tech->deck.gmax / 1048576.0f,
		.row_ns = (double)isa->time_ns * COLS / isa->cells,
		.cell_fj = (double)isa->energy_fj / isa->cells,
	};
}

/* What the cells show; whole rows in @all, which is the tile's. */
static void look(struct tile *t, const struct cell_tech *tech, const struct card_rig *rig, unsigned int rows, float *all,
		 int16_t *codes, float *g)
{
	const struct tile_region region = { .rows = rows, .cols = COLS };
	struct tile_cost cost;
	unsigned int i;

	if (!rig->noisy) {
		tile_oracle(t, all, NULL);
		memcpy(g, all, rig->cells * sizeof(*g));
		return;
	}
	tile_read(t, &region, codes, COLS * sizeof(*codes), &cost);
	for (i = 0; i < rig->cells; i++)
		g[i] = (float)codes[i] * tech->lsb;
}

static int program(struct tile *t, const struct cell_tech *tech, const struct card_rig *rig, float target,
		   const double *age_s, unsigned int ages, float *g, struct card_rig_report *report)
{
	unsigned int rows = (rig->cells + COLS - 1) / COLS, i;
	const struct tile_region region = { .rows = rows, .cols = COLS };
	int16_t code = nearest_code(tech, target);
	int16_t *codes = malloc((size_t)rows * COLS * sizeof(*codes));
	float *all = malloc((size_t)rows * COLS * sizeof(*all));
	struct clock end = { 0 }, written = { 0 };
	struct nmc_isa_report isa;
	struct tile_cost cost;
	int ret = codes && all ? 0 : -ENOMEM;

	for (i = 0; !ret && i < rows * COLS; i++)
		codes[i] = code;
	if (!ret)
		ret = tile_program(t, &region, codes, COLS * sizeof(*codes), 0, 0, &end, &isa, &cost);
	if (!ret) {
		report_of(tech, code, &isa, report);
		clock_add(&written, cost.time);
	}
	for (i = 0; !ret && i < ages; i++) {
		struct clock now = written;

		clock_add(&now, (struct clock){ .ns = (uint64_t)(age_s[i] * 1e9) });
		tile_sample(t, now);
		look(t, tech, rig, rows, all, codes, g + (size_t)i * rig->cells);
	}
	free(codes);
	free(all);
	return ret;
}

int card_deck_program(const struct card_deck *deck, const struct card_rig *rig, float target, const double *age_s,
		      unsigned int ages, float *g, struct card_rig_report *report)
{
	struct tile_class *class;
	struct cell_tech *tech;
	struct tile *t = NULL;
	int ret = -ENOMEM;

	if (!rig_fits(rig) || !ages_fit(age_s, ages) || !(target >= 0.0f && target <= deck->tech->deck.gmax * 1.001f))
		return -EINVAL;
	class = malloc(sizeof(*class));
	tech = malloc(sizeof(*tech));
	if (class && tech) {
		*tech = *deck->tech;
		if (rig->sound)
			tech->deck.defects = (struct deck_defects){ 0 };
		tile_class_init(class, tech, (uint16_t)((rig->cells + COLS - 1) / COLS), COLS, false);
		t = tile_create(class, rig->seed, rig->tile);
	}
	if (t)
		ret = program(t, tech, rig, target, age_s, ages, g, report);
	tile_destroy(t);
	free(tech);
	free(class);
	return ret;
}

/*
 * Pulses without verify: the card's program-and-verify with targets that cannot be reached, one below and one above
 * all that a cell can have, and a ladder of one step. Its pulses are a function of cell and number, so that n pulses
 * are the first n of any more.
 */
static void without_verify(const struct cell_tech *from, struct cell_tech *to)
{
	*to = *from;
	to->lsb = 4.0f * from->lsb;
	to->per_lsb = 1.0f / to->lsb;
	to->deck.levels = 0;
	to->deck.pulse.ladder = 1;
	to->deck.program.band_relative = 0.0f;
	to->deck.program.zero_band = 1.0f;
	to->deck.program.verify_noise = 0.0f;
	to->deck.program.max_pulses = CARD_RIG_PULSES;
}

/**
 * struct flight - cells side by side on the staircase
 * @tech: see without_verify()
 * @rig: all cells
 * @first: first of these
 * @n: how many
 */
struct flight {
	const struct cell_tech *tech;
	const struct card_rig *rig;
	unsigned int first;
	unsigned int n;
};

/* @count pulses in one direction from conductances @from; those after go to @to. */
static void climb(const struct flight *f, bool up, unsigned int count, const float *from, float *to,
		  struct cell_report *report)
{
	uint8_t wear[CELL_LANES] = { 0 }, defect[CELL_LANES] = { 0 };
	int16_t target[CELL_LANES];
	struct cell_program p = {
		.tech = f->tech, .n = f->n, .cell = f->first, .target = target, .band = 1, .max_pulses = count,
		.device = philox_stream(f->rig->seed, f->rig->tile, PURPOSE_DEVICE, 0),
		.pulse = philox_stream(f->rig->seed, f->rig->tile, PURPOSE_PULSE, up ? 1 : 2),
		.g = to, .wear = wear, .defect = defect,
	};
	unsigned int i;

	for (i = 0; i < f->n; i++)
		target[i] = up ? 32767 : -32767;
	memcpy(to, from, f->n * sizeof(*to));
	f->tech->kernels->program(&p, report);
}

static void fly(const struct flight *f, struct card_staircase *s, float *g, struct cell_report sum[2])
{
	unsigned int i, up;

	for (i = 0; i < f->n; i++)
		g[f->first + i] = s->start;
	for (up = 2; up-- > 0;) {
		const float *from = g + (up ? 0 : (size_t)s->points * f->rig->cells) + f->first;
		struct cell_report report;

		for (i = 1; i <= s->points; i++) {
			size_t point = up ? i : s->points + i;

			report = (struct cell_report){ 0 };
			climb(f, up, i * (up ? s->set : s->reset), from, g + point * f->rig->cells + f->first, &report);
		}
		sum[up].energy_fj += report.energy_fj;
		sum[up].isa.pulses += report.isa.pulses;
	}
}

static bool pulses_fit(unsigned int points, unsigned int stride)
{
	return points && stride && points <= CARD_RIG_PULSES && stride <= CARD_RIG_PULSES / points;
}

int card_deck_pulses(const struct card_deck *deck, const struct card_rig *rig, struct card_staircase *s, float *g)
{
	struct cell_report sum[2] = { 0 };
	struct cell_tech *tech;
	struct flight f = { .rig = rig };

	if (deck->tech->exact)
		return -ENOTSUP;
	if (!rig_fits(rig) || !pulses_fit(s->points, s->set) || !pulses_fit(s->points, s->reset) ||
	    !(s->start >= 0.0f && s->start <= 1.25f * deck->tech->deck.gmax))
		return -EINVAL;
	tech = malloc(sizeof(*tech));
	if (!tech)
		return -ENOMEM;
	without_verify(deck->tech, tech);
	f.tech = tech;
	for (; f.first < rig->cells; f.first += f.n) {
		f.n = rig->cells - f.first < CELL_LANES ? rig->cells - f.first : CELL_LANES;
		fly(&f, s, g, sum);
	}
	s->set_fj = sum[1].isa.pulses ? (double)sum[1].energy_fj / sum[1].isa.pulses : 0.0;
	s->reset_fj = sum[0].isa.pulses ? (double)sum[0].energy_fj / sum[0].isa.pulses : 0.0;
	free(tech);
	return 0;
}

float card_deck_noise(const struct card_deck *deck, float g, double age_s)
{
	const struct cell_tech *tech = deck->tech;
	uint32_t decade;
	struct cell_read r;
	float lsb, var;
	int16_t code;

	if (tech->exact || !(g >= 0.0f && g <= 1.25f * tech->deck.gmax) || !(age_s >= 0.0 && age_s <= CARD_RIG_AGE))
		return 0.0f;
	code = nearest_code(tech, g);
	lsb = g * tech->per_lsb;
	r = cell_read_at(tech, cell_age_grid((uint64_t)(age_s * 1e9)), &decade);
	tech->kernels->variance(tech, 1, __builtin_sqrtf(r.slow * r.slow + r.fast * r.fast), &code, &lsb, &var);
	return __builtin_sqrtf(var) * tech->lsb;
}

double card_deck_current(const struct card_deck *deck, float g, double volt)
{
	const struct deck *d = &deck->tech->deck;

	return volt * ((double)g + volt * ((double)deck_curve_at(&d->iv.nl2, g, d->gmax) +
					   volt * (double)deck_curve_at(&d->iv.nl3, g, d->gmax)));
}
