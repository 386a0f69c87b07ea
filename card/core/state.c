// SPDX-License-Identifier: MIT
/*
 * Sections of a card's state: what is in them, and whether what comes back can be.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "card/core/inject.h"
#include "card/core/state.h"
#include "card/core/tiles.h"
#include "card/tile/state.h"

#define RATE_MOST	(1ull << 40)	/* as in time.c */

/**
 * struct trouble - where the reason of a failure goes
 * @path: the file
 * @text: the caller's buffer
 * @bytes: its size
 */
struct trouble {
	const char *path;
	char *text;
	size_t bytes;
};

static int refuse(const struct trouble *r, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(const struct trouble *r, int err, const char *format, ...)
{
	va_list args;
	int n;

	if (!r->bytes)
		return err;
	n = snprintf(r->text, r->bytes, "%s: ", r->path);
	va_start(args, format);
	if (n >= 0 && (size_t)n < r->bytes)
		vsnprintf(r->text + n, r->bytes - (size_t)n, format, args);
	va_end(args);
	return err;
}

uint64_t state_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Cells of another deck would not be what they were. */
static uint32_t fingerprint(const struct cell_tech *tech)
{
	const struct deck *d = &tech->deck;
	const float numbers[] = { d->gmin, d->gmax, (float)d->levels, d->erased_mean, d->erased_sigma };
	const struct cell_tables *t = tech->tables;
	const float targets[] = { d->target_low, d->target_high };
	uint32_t crc = state_crc(0, numbers, sizeof(numbers));

	if (d->target_low > 0.0f || d->target_high > 0.0f)
		crc = state_crc(crc, targets, sizeof(targets));
	if (d->converters.single)
		crc = state_crc(crc, &d->converters.single, sizeof(d->converters.single));
	if (!t)
		return crc;
	crc = state_crc(crc, t->spread, d->spreads * sizeof(t->spread[0]));
	return state_crc(crc, t->residual, sizeof(*t) - offsetof(struct cell_tables, residual));
}

static int put_card(struct card *card, struct state_out *o, struct store *s)
{
	const struct card_options *c = &card->options;
	unsigned int i;

	store_u64(s, c->seed);
	store_u32(s, c->tiles);
	store_u32(s, c->rows);
	store_u32(s, c->cols);
	store_u32(s, card->class_count);
	for (i = 0; i < card->class_count; i++) {
		const struct card_class *class = &card->classes[i];

		store_bytes(s, class->described.name, sizeof(class->described.name));
		store_u32(s, class->described.technology);
		store_u32(s, fingerprint(class->kind.tech));
	}
	store_float(s, card_kelvin(card));
	store_u64(s, state_now());
	return state_put(o, STATE_CARD, 0, s);
}

static void put_clock(struct store *s, struct clock c)
{
	store_u64(s, c.ns);
	store_u32(s, c.frac);
}

static int put_sets(struct card *card, struct state_out *o, struct store *s)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		struct card_set *set = &card->sets[i];

		if (!set->generation)
			continue;
		if (card->options.wall_clock)
			set_age_by_wall(card, set);
		store_u32(s, set->id);
		put_clock(s, set->time);
		put_clock(s, set->aged);
		put_clock(s, set->changed);
		put_clock(s, set->felt);
		store_u64(s, set->rate);
		store_float(s, set->kelvin);
	}
	return state_put(o, STATE_SETS, 0, s);
}

static int put_logs(struct card *card, struct state_out *o, struct store *s)
{
	uint32_t i;

	store_u32(s, sizeof(struct nmc_tile_log));
	store_u32(s, card->tile_count);
	for (i = 0; i < card->tile_count; i++) {
		const struct card_tile *t = &card->tiles[i];

		store_u32(s, __atomic_load_n(&t->incomplete, __ATOMIC_RELAXED));
		store_u64(s, __atomic_load_n(&t->products, __ATOMIC_RELAXED));
		store_bytes(s, &t->log, sizeof(t->log));
	}
	return state_put(o, STATE_LOGS, 0, s);
}

static int put_faults(struct card *card, struct state_out *o, struct store *s)
{
	unsigned int i;

	store_u32(s, card->faults.count);
	for (i = 0; i < card->faults.count; i++) {
		const struct card_device_fault *f = &card->injected[i];

		store_u32(s, f->kind);
		store_u32(s, f->tile);
		store_u32(s, f->row);
		store_u32(s, f->col);
		store_double(s, f->share);
		store_u64(s, f->seed);
		store_float(s, f->factor);
		store_float(s, f->offset);
		store_u32(s, (uint32_t)f->code);
	}
	return state_put(o, STATE_FAULTS, 0, s);
}

int state_write(struct card *card, struct state_out *o, const struct store *directory, void (*waiting)(void *ctx), void *ctx)
{
	int (*const sections[])(struct card *card, struct state_out *o, struct store *s) = { put_sets, put_logs, put_faults };
	struct store s = { 0 };
	unsigned int i;
	uint32_t t;
	int ret = put_card(card, o, &s);

	if (!ret)
		ret = state_put(o, STATE_DIRECTORY, 0, directory);
	for (i = 0; !ret && i < sizeof(sections) / sizeof(*sections); i++) {
		s.used = 0;
		ret = sections[i](card, o, &s);
	}
	for (t = 0; !ret && t < card->tile_count; t++) {
		if (!card->tiles[t].tile)
			continue;
		s.used = 0;
		tile_save(card->tiles[t].tile, &s);
		ret = state_put(o, STATE_TILE, t, &s);
		waiting(ctx);
	}
	free(s.data);
	return ret;
}

/* The card that the file is of. */
static int get_card(const struct card *card, struct fetch *f, struct state *st, const struct trouble *r)
{
	const struct card_options *c = &card->options;
	uint64_t seed = fetch_u64(f);
	uint32_t tiles = fetch_u32(f), rows = fetch_u32(f), cols = fetch_u32(f), classes = fetch_u32(f), i;

	if (f->bad)
		return -EBADMSG;
	if (seed != c->seed)
		return refuse(r, -EINVAL, "state of a card with seed %llu, not %llu", (unsigned long long)seed,
			      (unsigned long long)c->seed);
	if (tiles != c->tiles || rows != c->rows || cols != c->cols || classes != card->class_count)
		return refuse(r, -EINVAL, "state of a card with %u classes of %u tiles of %u x %u, not %u of %u of %u x %u", classes,
			      tiles, rows, cols, card->class_count, c->tiles, c->rows, c->cols);
	for (i = 0; i < classes; i++) {
		const struct card_class *class = &card->classes[i];
		char name[sizeof(class->described.name)];
		uint32_t technology, print;

		fetch_bytes(f, name, sizeof(name));
		technology = fetch_u32(f);
		print = fetch_u32(f);
		if (f->bad)
			return -EBADMSG;
		if (memcmp(name, class->described.name, sizeof(name)) || technology != class->described.technology)
			return refuse(r, -EINVAL, "class %u is %.*s in the state, not %.*s", i, (int)sizeof(name), name,
				      (int)sizeof(name), (const char *)class->described.name);
		if (print != fingerprint(class->kind.tech))
			return refuse(r, -EINVAL, "class %u: the deck of %.*s has changed", i, (int)sizeof(name), name);
	}
	st->kelvin = fetch_float(f);
	st->saved_ns = fetch_u64(f);
	return fetch_end(f) && st->kelvin >= 200.0f && st->kelvin <= 500.0f ? 0 : -EBADMSG;
}

static int get_directory(const struct card *card, struct fetch *f, struct state *st, const struct trouble *r)
{
	(void)card;
	(void)r;
	st->directory_bytes = f->left;
	st->directory = malloc(f->left + 1);
	if (!st->directory)
		return -ENOMEM;
	fetch_bytes(f, st->directory, f->left);
	return 0;
}

static struct clock get_clock(struct fetch *f)
{
	uint64_t ns = fetch_u64(f);

	return (struct clock){ .ns = ns, .frac = fetch_u32(f) };
}

static bool after(struct clock a, struct clock b)
{
	return a.ns > b.ns || (a.ns == b.ns && a.frac > b.frac);
}

static int get_sets(const struct card *card, struct fetch *f, struct state *st, const struct trouble *r)
{
	(void)card;
	(void)r;
	while (f->left) {
		uint32_t id = fetch_u32(f);
		struct state_set *s;

		if (id < 1 || id > NMC_MAX_TILESETS || st->sets[id - 1].given)
			return -EBADMSG;
		s = &st->sets[id - 1];
		s->given = true;
		s->time = get_clock(f);
		s->aged = get_clock(f);
		s->changed = get_clock(f);
		s->felt = get_clock(f);
		s->rate = fetch_u64(f);
		s->kelvin = fetch_float(f);
		if (f->bad || after(s->aged, s->time) || after(s->changed, s->aged) || s->rate < 1 || s->rate > RATE_MOST ||
		    !(s->kelvin == 0.0f || (s->kelvin >= 200.0f && s->kelvin <= 500.0f)))
			return -EBADMSG;
	}
	return 0;
}

/* Logs of an older firmware are shorter. */
static int get_logs(const struct card *card, struct fetch *f, struct state *st, const struct trouble *r)
{
	uint32_t bytes = fetch_u32(f), count = fetch_u32(f), i;

	(void)r;
	if (f->bad || bytes > sizeof(struct nmc_tile_log) || count != card->tile_count)
		return -EBADMSG;
	for (i = 0; i < count; i++) {
		uint32_t incomplete = fetch_u32(f);

		st->logs[i].incomplete = incomplete;
		st->logs[i].products = fetch_u64(f);
		fetch_bytes(f, &st->logs[i].log, bytes);
		if (f->bad || incomplete > 1)
			return -EBADMSG;
	}
	return fetch_end(f) ? 0 : -EBADMSG;
}

static int get_faults(const struct card *card, struct fetch *f, struct state *st, const struct trouble *r)
{
	uint32_t count = fetch_u32(f), i;
	char why[1];

	(void)r;
	if (f->bad || count > CARD_FAULTS)
		return -EBADMSG;
	for (i = 0; i < count; i++) {
		struct card_device_fault *to = &st->faults[i];
		uint32_t kind = fetch_u32(f);

		to->kind = (enum card_device_kind)kind;
		to->tile = fetch_u32(f);
		to->row = fetch_u32(f);
		to->col = fetch_u32(f);
		to->share = fetch_double(f);
		to->seed = fetch_u64(f);
		to->factor = fetch_float(f);
		to->offset = fetch_float(f);
		to->code = (int32_t)fetch_u32(f);
		if (f->bad || inject_check(card, to, why, 0))
			return -EBADMSG;
	}
	st->fault_count = count;
	return fetch_end(f) ? 0 : -EBADMSG;
}

static int get_tile(const struct card *card, struct state_in *in, struct state *st)
{
	uint32_t t = in->index;

	if (t >= card->tile_count || st->tiles[t])
		return -EBADMSG;
	return tile_load(&tiles_class(card, t)->kind, card->options.seed, t, &in->payload, &st->tiles[t]);
}

static int get_sections(const struct card *card, struct state_in *in, struct state *st, const struct trouble *r)
{
	int (*const sections[])(const struct card *card, struct fetch *f, struct state *st, const struct trouble *r) = {
		[STATE_CARD] = get_card, [STATE_DIRECTORY] = get_directory, [STATE_SETS] = get_sets, [STATE_LOGS] = get_logs,
		[STATE_FAULTS] = get_faults,
	};
	uint32_t kind, count = 0;
	int ret = 0;

	for (kind = STATE_CARD; !ret && kind <= STATE_FAULTS; kind++, count++) {
		ret = state_next(in);
		if (!ret && (in->kind != kind || in->index))
			ret = -EBADMSG;
		if (!ret)
			ret = sections[kind](card, &in->payload, st, r);
	}
	for (; !ret; count++) {
		ret = state_next(in);
		if (ret || in->kind != STATE_TILE)
			break;
		ret = get_tile(card, in, st);
	}
	if (!ret && (in->kind != STATE_END || in->index != count || in->payload.left || in->left))
		ret = -EBADMSG;
	return ret;
}

static struct state *make_state(const struct card *card)
{
	struct state *st = calloc(1, sizeof(*st));

	if (!st)
		return NULL;
	st->tile_count = card->tile_count;
	st->logs = calloc(card->tile_count, sizeof(*st->logs));
	st->tiles = calloc(card->tile_count, sizeof(*st->tiles));
	if (st->logs && st->tiles)
		return st;
	state_free(st);
	return NULL;
}

static const char *reason(int err)
{
	switch (err) {
	case -EPROTO:
		return "not the state of a card";
	case -EPROTONOSUPPORT:
		return "state of another version of the software";
	case -EBADMSG:
		return "the state is damaged";
	default:
		return strerror(-err);
	}
}

int state_read(const struct card *card, const char *path, struct state **state, char *error, size_t error_bytes)
{
	const struct trouble r = { path, error, error_bytes };
	struct state *st = make_state(card);
	struct state_in in;
	int ret = st ? state_open(&in, path) : -ENOMEM;

	if (!ret) {
		ret = get_sections(card, &in, st, &r);
		state_close(&in);
	}
	if (!ret) {
		*state = st;
		return 0;
	}
	state_free(st);
	return ret == -EINVAL ? ret : refuse(&r, ret, "%s", reason(ret));
}

void state_swap(struct card *card, struct state *st)
{
	char why[1];
	uint32_t i;

	inject_clear(card);
	pthread_mutex_lock(&card->tile_lock);
	for (i = 0; i < card->tile_count; i++) {
		struct card_tile *t = &card->tiles[i];
		struct tile *before = t->tile;

		t->tile = st->tiles[i];
		st->tiles[i] = before;
		t->log = st->logs[i].log;
		t->scrub = (struct tile_sums){ 0 };
		tiles_forget_deviation(t);
		__atomic_store_n(&t->incomplete, st->logs[i].incomplete, __ATOMIC_RELAXED);
		__atomic_store_n(&t->products, st->logs[i].products, __ATOMIC_RELAXED);
		__atomic_store_n(&t->bytes, t->tile ? tile_bytes(t->tile) : 0, __ATOMIC_RELAXED);
		if (t->tile)
			tiles_fit(card, t->tile);
	}
	pthread_mutex_unlock(&card->tile_lock);
	for (i = 0; i < st->fault_count; i++)
		inject_add(card, &st->faults[i], why, 0);
	card_temperature(card, st->kelvin);
}

void state_time(struct card *card, const struct state *st)
{
	uint64_t now = state_now(), off = now > st->saved_ns ? now - st->saved_ns : 0;
	unsigned int i;

	pthread_mutex_lock(&card->map_lock);
	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		struct card_set *s = &card->sets[i];
		const struct state_set *from = &st->sets[i];

		if (!s->generation || !from->given)
			continue;
		s->time = from->time;
		s->aged = from->aged;
		s->changed = from->changed;
		s->felt = from->felt;
		s->rate = from->rate;
		s->kelvin = from->kelvin;
		s->wall_ns = wall_now();
		if (card->options.wall_clock)
			clock_add(&s->time, (struct clock){ .ns = off });
	}
	pthread_mutex_unlock(&card->map_lock);
}

void state_free(struct state *st)
{
	uint32_t i;

	if (!st)
		return;
	for (i = 0; st->tiles && i < st->tile_count; i++)
		tile_destroy(st->tiles[i]);
	free(st->tiles);
	free(st->logs);
	free(st->directory);
	free(st);
}
