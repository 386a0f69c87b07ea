// SPDX-License-Identifier: MIT
/*
 * Making a card from its options, and ending it.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "card/core/job.h"
#include "card/core/pool.h"
#include "card/core/tiles.h"
#include "card/core/vector.h"
#include "card/pcie/mgmt.h"

#define MAX_THREADS	256
#define MAX_ENGINES	64

/**
 * struct complaint - where the reason of a failure goes
 * @text: the caller's buffer
 * @bytes: its size
 */
struct complaint {
	char *text;
	size_t bytes;
};

static int refuse(struct complaint *c, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(struct complaint *c, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (c->bytes)
		vsnprintf(c->text, c->bytes, format, args);
	va_end(args);
	return err;
}

/* A serial number that tells cards of different seeds apart. */
static uint64_t serial_of(uint64_t seed)
{
	uint64_t x = seed + 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (x ^ x >> 31) | 1;
}

static void fill_defaults(struct card_options *o)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (!o->classes)
		o->classes = "rram,ideal,digital";
	o->tiles = o->tiles ? o->tiles : 64;
	o->rows = o->rows ? o->rows : 256;
	o->cols = o->cols ? o->cols : 256;
	if (!o->threads)
		o->threads = cpus < 1 ? 1 : cpus > MAX_THREADS ? MAX_THREADS : cpus;
	o->engines = o->engines ? o->engines : 2;
	o->queues = o->queues ? o->queues : 8;
	o->serial = o->serial ? o->serial : serial_of(o->seed);
}

static int check_options(const struct card_options *o, struct complaint *c)
{
	if (o->tiles > CARD_MAX_TILES)
		return refuse(c, -EINVAL, "tiles=%u: a class has 1 to %u tiles", o->tiles, CARD_MAX_TILES);
	if (o->rows < 4 || o->rows > NMC_ISA_MAX_ROWS)
		return refuse(c, -EINVAL, "rows=%u: a tile has 4 to %u rows", o->rows, NMC_ISA_MAX_ROWS);
	if (o->cols < 4 || o->cols > 512 || o->cols % 2)
		return refuse(c, -EINVAL, "cols=%u: a tile has 4 to 512 columns, an even number", o->cols);
	if (o->threads > MAX_THREADS)
		return refuse(c, -EINVAL, "threads=%u: at most %u", o->threads, MAX_THREADS);
	if (o->engines > MAX_ENGINES)
		return refuse(c, -EINVAL, "engines=%u: at most %u", o->engines, MAX_ENGINES);
	if (o->queues > NMC_MAX_QUEUES)
		return refuse(c, -EINVAL, "queues=%u: at most %u", o->queues, NMC_MAX_QUEUES);
	return 0;
}

static int add_class(struct card *card, const char *text, size_t length, struct complaint *c)
{
	struct card_class *class = &card->classes[card->class_count];
	char name[PATH_MAX], why[PATH_MAX + 256] = "no memory";
	int ret;

	if (card->class_count == CARD_MAX_CLASSES)
		return refuse(c, -EINVAL, "classes: at most %u", CARD_MAX_CLASSES);
	if (length >= sizeof(name))
		return refuse(c, -EINVAL, "classes: a name or path of %zu bytes is too long", length);
	memcpy(name, text, length);
	name[length] = 0;
	ret = tiles_describe(card, class, name, why, sizeof(why));
	if (ret)
		return refuse(c, ret == -ENOMEM ? ret : -EINVAL, "classes: %s", why);
	card->tile_count += class->count;
	card->class_count++;
	if (card->tile_count > CARD_MAX_TILES)
		return refuse(c, -EINVAL, "classes: %u tiles in all, at most %u", card->tile_count, CARD_MAX_TILES);
	return 0;
}

static int add_classes(struct card *card, struct complaint *c)
{
	const char *name = card->options.classes;
	int ret;

	for (;;) {
		size_t length = strcspn(name, ",");

		ret = add_class(card, name, length, c);
		if (ret || !name[length])
			return ret;
		name += length + 1;
	}
}

static void init_locks(struct card *card)
{
	unsigned int i;

	pthread_mutex_init(&card->tile_lock, NULL);
	pthread_mutex_init(&card->map_lock, NULL);
	pthread_mutex_init(&card->job_lock, NULL);
	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		pthread_mutex_init(&card->sets[i].lock, NULL);
		card->sets[i].id = i + 1;
	}
}

static int build(struct card *card, struct complaint *c)
{
	int ret = check_options(&card->options, c);

	if (!ret)
		ret = add_classes(card, c);
	card->options.classes = NULL;	/* the caller's text */
	if (ret)
		return ret;
	card->tiles = calloc(card->tile_count, sizeof(*card->tiles));
	card->pool = pool_create(card->options.threads);
	if (!card->tiles || !card->pool)
		return refuse(c, -ENOMEM, "no memory or threads for a card of %u tiles", card->tile_count);
	card->vector = vector_select(card->options.plain_c);
	card->max_steps = NMC_ISA_MAX_STEPS;
	card->kelvin = CARD_KELVIN;
	card->start_ns = wall_now();
	tiles_init(card);
	card->mgmt = mgmt_create(card);
	return card->mgmt ? 0 : refuse(c, -ENOMEM, "no memory for the management firmware");
}

int card_create(const struct card_options *options, struct card **out, char *error, size_t error_bytes)
{
	struct complaint c = { error, error_bytes };
	struct card *card = calloc(1, sizeof(*card));
	int ret;

	if (!card)
		return refuse(&c, -ENOMEM, "no memory for a card");
	card->options = *options;
	fill_defaults(&card->options);
	init_locks(card);
	ret = build(card, &c);
	if (ret) {
		card_destroy(card);
		return ret;
	}
	*out = card;
	return 0;
}

void card_destroy(struct card *card)
{
	unsigned int i;

	if (!card)
		return;
	mgmt_destroy(card->mgmt);
	job_free_all(card);
	tiles_free(card);
	for (i = 0; i < card->class_count; i++)
		cell_tech_close(card->classes[i].tech);
	pool_destroy(card->pool);
	for (i = 0; i < NMC_MAX_TILESETS; i++) {
		pthread_mutex_destroy(&card->sets[i].lock);
		free(card->sets[i].tiles);
	}
	pthread_mutex_destroy(&card->tile_lock);
	pthread_mutex_destroy(&card->map_lock);
	pthread_mutex_destroy(&card->job_lock);
	free(card->tiles);
	free(card);
}
