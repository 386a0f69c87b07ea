// SPDX-License-Identifier: MIT
/*
 * The card's tiles: classes and their order, cells made on first use, logs, erase, and the oracle port.
 */
#include <errno.h>
#include <string.h>
#include "card/core/job.h"
#include "card/core/scrub.h"
#include "card/core/tiles.h"

int tiles_describe(struct card *card, struct card_class *class, const char *name, char *error, size_t error_bytes)
{
	const struct card_options *o = &card->options;
	struct nmc_tile_class *d = &class->described;
	const struct cell_tech *tech;
	int ret;

	ret = cell_tech_open(name, o->plain_c, &class->tech, error, error_bytes);
	if (ret)
		return ret;
	tech = class->tech;
	tile_class_init(&class->kind, tech, o->rows, o->cols, o->plain_c);
	class->first = card->tile_count;
	class->count = o->tiles;
	memcpy(d->name, tech->deck.name, sizeof(d->name));
	d->technology = tech->deck.technology;
	d->flags = tech->flags;
	d->tiles = class->count;
	d->rows = class->kind.rows;
	d->cols = class->kind.cols;
	d->outputs = class->kind.outputs;
	d->dac_bits = TILE_DAC_BITS;
	if (tech->flags & NMC_CLASS_CONVERTERS) {
		d->adc_bits_min = TILE_ADC_BITS_MIN;
		d->adc_bits_max = TILE_ADC_BITS_MAX;
	}
	d->gmin_ns = (uint32_t)(tech->deck.gmin * 1000.0f);
	d->gmax_ns = (uint32_t)(tech->deck.gmax * 1000.0f);
	d->target_low_ns = (uint32_t)(tech->low * 1000.0f);
	d->target_high_ns = (uint32_t)(tech->high * 1000.0f);
	d->deck = deck_digest(&tech->deck);
	d->endurance = (uint64_t)tech->deck.endurance.pulses;
	return 0;
}

#define FRESH_LOG { .deviation_ppm = UINT32_MAX, .deviation_max_ppm = UINT32_MAX, .drift_ppm = NMC_DRIFT_UNKNOWN }

void tiles_init(struct card *card)
{
	uint32_t t;

	for (t = 0; t < card->tile_count; t++)
		card->tiles[t].log = (struct nmc_tile_log)FRESH_LOG;
}

const struct card_class *tiles_class(const struct card *card, uint32_t physical)
{
	/* Every class has the same number of tiles. */
	return &card->classes[physical / card->options.tiles];
}

static void note_bytes(struct card_tile *t)
{
	__atomic_store_n(&t->bytes, tile_bytes(t->tile), __ATOMIC_RELAXED);
}

void tiles_fit(struct card *card, struct tile *tile)
{
	tile_set_faults(tile, &card->faults);
	tile_set_power(tile, &card->cut);
}

struct tile *tiles_open(struct card *card, uint32_t physical)
{
	struct card_tile *t = &card->tiles[physical];
	struct tile *made;

	if (t->tile)
		return t->tile;
	made = tile_create(&tiles_class(card, physical)->kind, card->options.seed, physical);
	if (made)
		tiles_fit(card, made);
	pthread_mutex_lock(&card->tile_lock);
	t->tile = made;
	pthread_mutex_unlock(&card->tile_lock);
	if (made)
		note_bytes(t);
	return made;
}

bool tiles_failed(const struct card *card, uint32_t physical)
{
	unsigned int i;

	for (i = 0; i < card->faults.count; i++) {
		const struct tile_fault *f = &card->faults.fault[i];

		if (f->kind == TILE_FAULT_TILE && (f->tile == TILE_FAULT_ALL || f->tile == physical))
			return true;
	}
	return false;
}

void tiles_faults_changed(struct card *card)
{
	uint32_t t;

	for (t = 0; t < card->tile_count; t++)
		if (card->tiles[t].tile)
			tile_set_faults(card->tiles[t].tile, &card->faults);
}

bool tiles_incomplete(struct card *card, uint32_t physical, bool incomplete)
{
	return __atomic_exchange_n(&card->tiles[physical].incomplete, incomplete, __ATOMIC_RELAXED);
}

/* Wear lasts; what was measured of the deviation does not outlive a programming or an erase. */
static void record_wear(struct card_tile *t, const struct tile_class *kind, uint64_t pulses, uint64_t wear)
{
	struct nmc_tile_log *log = &t->log;
	uint64_t cells = (uint64_t)kind->rows * kind->cols;

	log->pulses += pulses;
	log->wear_max = wear > log->wear_max ? wear : log->wear_max;
	log->wear_mean_q8 = log->pulses / cells * 256 + log->pulses % cells * 256 / cells;
	log->defects = tile_defects(t->tile);
}

void tiles_forget_deviation(struct card_tile *t)
{
	scrub_forget(&t->scrub);
	t->log.deviation_ppm = UINT32_MAX;
	t->log.deviation_max_ppm = UINT32_MAX;
	t->log.drift_ppm = NMC_DRIFT_UNKNOWN;
	t->log.scrubbed_cells = 0;
}

void tiles_record(struct card *card, uint32_t physical, const struct tile_region *region,
		  const struct nmc_isa_report *report, const struct clock *programmed)
{
	struct card_tile *t = &card->tiles[physical];
	struct nmc_tile_log *log = &t->log;
	uint64_t wear = tile_wear(t->tile, region);

	pthread_mutex_lock(&card->tile_lock);
	record_wear(t, &tiles_class(card, physical)->kind, report->pulses, wear);
	tiles_forget_deviation(t);
	card->scrubbed[physical / 8] |= 1u << physical % 8;
	if (programmed) {
		log->programmed_ns = programmed->ns;
		log->cells = report->cells;
		log->converged = report->converged;
		log->residual_rms = report->residual_rms;
		log->mean_pulses_q8 = report->cells ? (report->pulses << 8) / report->cells : 0;
		log->pulses_max = report->pulses_max;
	}
	pthread_mutex_unlock(&card->tile_lock);
	__atomic_store_n(&card->any_scrubbed, true, __ATOMIC_RELEASE);
	note_bytes(t);
}

void tiles_scrubbed(struct card *card, uint32_t physical, uint64_t now_ns)
{
	struct card_tile *t = &card->tiles[physical];
	bool news;

	pthread_mutex_lock(&card->tile_lock);
	news = scrub_report(&t->scrub, &t->log);
	if (news) {
		t->log.scrubbed_ns = now_ns;
		card->scrubbed[physical / 8] |= 1u << physical % 8;
	}
	pthread_mutex_unlock(&card->tile_lock);
	if (news)
		__atomic_store_n(&card->any_scrubbed, true, __ATOMIC_RELEASE);
}

bool tiles_next_scrubbed(struct card *card, uint32_t *physical)
{
	uint32_t i;

	if (!__atomic_load_n(&card->any_scrubbed, __ATOMIC_ACQUIRE))
		return false;
	pthread_mutex_lock(&card->tile_lock);
	for (i = 0; i < card->tile_count && !(card->scrubbed[i / 8] >> i % 8 & 1); i++)
		;
	if (i < card->tile_count)
		card->scrubbed[i / 8] &= (uint8_t)~(1u << i % 8);
	else
		__atomic_store_n(&card->any_scrubbed, false, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&card->tile_lock);
	*physical = i;
	return i < card->tile_count;
}

void tiles_multiplied(struct card *card, uint32_t physical, uint64_t vectors)
{
	struct card_tile *t = &card->tiles[physical];

	__atomic_fetch_add(&t->products, vectors, __ATOMIC_RELAXED);
	note_bytes(t);
}

/* A new owner sees no measurements of the last one, but the wear stays. */
static void forget_owner(struct card *card, struct card_tile *t)
{
	struct nmc_tile_log fresh = FRESH_LOG;

	pthread_mutex_lock(&card->tile_lock);
	fresh.pulses = t->log.pulses;
	fresh.wear_max = t->log.wear_max;
	fresh.wear_mean_q8 = t->log.wear_mean_q8;
	fresh.defects = t->log.defects;
	t->log = fresh;
	scrub_forget(&t->scrub);
	pthread_mutex_unlock(&card->tile_lock);
	__atomic_store_n(&t->incomplete, false, __ATOMIC_RELAXED);
}

int tiles_erase(struct card *card, uint32_t physical)
{
	const struct tile_class *kind = &tiles_class(card, physical)->kind;
	struct tile_region all = { .rows = kind->rows, .cols = kind->cols };
	struct card_tile *t = &card->tiles[physical];
	struct nmc_isa_report report;
	struct tile_cost cost;
	int ret;

	if (tiles_failed(card, physical))
		return -EIO;
	if (t->tile) {
		ret = tile_erase(t->tile, &all, (struct clock){ 0 }, &report, &cost);
		if (ret)
			return ret;
		tiles_record(card, physical, &all, &report, NULL);
		if (report.given_up)
			return -EIO;
	}
	forget_owner(card, t);
	return 0;
}

void tiles_free(struct card *card)
{
	uint32_t t;

	for (t = 0; card->tiles && t < card->tile_count; t++)
		tile_destroy(card->tiles[t].tile);
}

/* Holds a mapped set as a job does: it can neither be released nor used by a job meanwhile. */
static struct card_set *hold_set(struct card *card, uint32_t id, uint32_t tile)
{
	struct card_set *s = set_find(card, id);
	bool found;

	if (!s)
		return NULL;
	pthread_mutex_lock(&card->map_lock);
	found = s->generation && tile < s->count;
	s->jobs += found;
	pthread_mutex_unlock(&card->map_lock);
	if (!found)
		return NULL;
	pthread_mutex_lock(&s->lock);
	return s;
}

static void drop_set(struct card *card, struct card_set *s)
{
	pthread_mutex_unlock(&s->lock);
	pthread_mutex_lock(&card->map_lock);
	s->jobs--;
	pthread_mutex_unlock(&card->map_lock);
}

int card_oracle(struct card *card, uint32_t set, uint32_t tile, float *g, float *target)
{
	struct card_set *s = hold_set(card, set, tile);
	struct tile *cells;

	if (!s)
		return -ENOENT;
	cells = set_tile(card, s, s->tiles[tile]);
	if (cells)
		tile_oracle(cells, g, target);
	drop_set(card, s);
	return cells ? 0 : -ENOENT;
}

size_t card_memory(struct card *card, uint64_t *cells)
{
	size_t bytes = 0, one;
	uint32_t t;

	*cells = 0;
	for (t = 0; t < card->tile_count; t++) {
		const struct tile_class *kind = &tiles_class(card, t)->kind;

		one = __atomic_load_n(&card->tiles[t].bytes, __ATOMIC_RELAXED);
		bytes += one;
		if (one)
			*cells += (uint64_t)kind->rows * kind->cols;
	}
	return bytes;
}

void card_status(struct card *card, struct card_status *status)
{
	struct card_set_status set;
	uint64_t cells;
	uint32_t i;

	*status = (struct card_status){ .kelvin = card_kelvin(card), .tiles = card->tile_count };
	for (i = 1; i <= NMC_MAX_TILESETS; i++) {
		if (card_set_status(card, i, &set))
			continue;
		status->used += set.tiles;
		status->incomplete += set.incomplete;
	}
	status->memory = card_memory(card, &cells);
}

int card_set_status(struct card *card, uint32_t set, struct card_set_status *status)
{
	const struct card_set *s = set_find(card, set);
	uint32_t t;

	*status = (struct card_set_status){ 0 };
	if (!s)
		return -ENOENT;
	pthread_mutex_lock(&card->map_lock);
	if (s->generation) {
		status->tiles = s->count;
		status->time_ns = s->time.ns;
		for (t = 0; t < s->count; t++)
			status->incomplete += __atomic_load_n(&card->tiles[s->tiles[t]].incomplete, __ATOMIC_RELAXED);
	}
	pthread_mutex_unlock(&card->map_lock);
	return status->tiles ? 0 : -ENOENT;
}
