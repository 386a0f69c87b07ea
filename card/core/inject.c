// SPDX-License-Identifier: MIT
/*
 * Injected faults of a card: checked, kept as rules for its tiles, listed and taken back.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "card/core/inject.h"
#include "card/core/tiles.h"

_Static_assert(CARD_FAULTS == TILE_FAULTS && CARD_ALL == TILE_FAULT_ALL, "one limit");

/**
 * struct refusal - where the reason of a refusal goes
 * @text: the caller's buffer
 * @bytes: its size
 */
struct refusal {
	char *text;
	size_t bytes;
};

static int refuse(const struct refusal *r, int err, const char *format, ...) __attribute__((format(printf, 3, 4)));

static int refuse(const struct refusal *r, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	if (r->bytes)
		vsnprintf(r->text, r->bytes, format, args);
	va_end(args);
	return err;
}

static bool finite_within(float x, float low, float high)
{
	return x >= low && x <= high;
}

/* Whether tiles of a class can have the fault. */
static bool class_can(const struct tile_class *class, const struct card_device_fault *f)
{
	const struct cell_tech *tech = class->tech;

	switch (f->kind) {
	case CARD_DEVICE_STUCK_LOW:
	case CARD_DEVICE_STUCK_HIGH:
	case CARD_DEVICE_DEAD:
		return tech->flags & NMC_CLASS_CONVERTERS;
	case CARD_DEVICE_DRIFT:
		return !tech->exact && (f->factor == 1.0f || tech->ageing == CELL_DRIFTS);
	case CARD_DEVICE_NOISE:
		return tech->flags & NMC_CLASS_READ_NOISE;
	case CARD_DEVICE_COLUMN:
		return f->col < class->outputs;
	default:
		return true;
	}
}

static const char *why_not(enum card_device_kind kind)
{
	switch (kind) {
	case CARD_DEVICE_DRIFT:
		return "cells of the class hold what they are told, or have no drift exponent to multiply (give an offset)";
	case CARD_DEVICE_NOISE:
		return "reads of the class have no noise";
	case CARD_DEVICE_COLUMN:
		return "the class has no such output";
	default:
		return "the class holds integers, not conductances";
	}
}

static int check_class(const struct card *card, const struct card_device_fault *f, const struct refusal *r)
{
	bool can = false;
	unsigned int i;

	if (f->tile != CARD_ALL && f->tile >= card->tile_count)
		return refuse(r, -EINVAL, "tile %u: the card has tiles 0 to %u", f->tile, card->tile_count - 1);
	for (i = 0; i < card->class_count; i++)
		if (f->tile == CARD_ALL || tiles_class(card, f->tile) == &card->classes[i])
			can |= class_can(&card->classes[i].kind, f);
	return can ? 0 : refuse(r, -EINVAL, "%s", why_not(f->kind));
}

static int check_cells(const struct card *card, const struct card_device_fault *f, const struct refusal *r)
{
	if (f->kind == CARD_DEVICE_COLUMN || f->kind == CARD_DEVICE_TILE)
		return 0;
	if (f->row == CARD_ALL)
		return f->share > 0.0 && f->share <= 1.0 ? 0 : refuse(r, -EINVAL, "share: above 0 and at most 1");
	if (f->row < card->options.rows && f->col < card->options.cols)
		return 0;
	return refuse(r, -EINVAL, "cell %u,%u: rows are 0 to %u, physical columns 0 to %u", f->row, f->col,
		      card->options.rows - 1, card->options.cols - 1);
}

static int check_values(const struct card_device_fault *f, const struct refusal *r)
{
	bool factor = f->kind == CARD_DEVICE_DRIFT || f->kind == CARD_DEVICE_NOISE;

	if (factor && !finite_within(f->factor, 0.0f, CARD_MAX_FACTOR))
		return refuse(r, -EINVAL, "factor: 0 to %g", (double)CARD_MAX_FACTOR);
	if (f->kind == CARD_DEVICE_DRIFT && !finite_within(f->offset, -1.0f, 1.0f))
		return refuse(r, -EINVAL, "offset: -1 to 1");
	if (f->kind == CARD_DEVICE_COLUMN && (f->code < -2047 || f->code > 2047))
		return refuse(r, -EINVAL, "code: -2047 to 2047");
	return 0;
}

static enum tile_fault_kind rule_kind(enum card_device_kind kind)
{
	switch (kind) {
	case CARD_DEVICE_DRIFT:
		return TILE_FAULT_DRIFT;
	case CARD_DEVICE_NOISE:
		return TILE_FAULT_NOISE;
	case CARD_DEVICE_COLUMN:
		return TILE_FAULT_COLUMN;
	case CARD_DEVICE_TILE:
		return TILE_FAULT_TILE;
	default:
		return TILE_FAULT_CELLS;
	}
}

static struct tile_fault rule_of(const struct card *card, const struct card_device_fault *f)
{
	struct tile_fault rule = {
		.kind = rule_kind(f->kind), .tile = f->tile, .cell = TILE_FAULT_ALL, .seed = f->seed, .factor = f->factor,
		.offset = f->offset, .code = f->code,
	};

	if (f->kind == CARD_DEVICE_COLUMN)
		rule.cell = f->col;
	else if (f->kind != CARD_DEVICE_TILE && f->row != CARD_ALL)
		rule.cell = f->row * card->options.cols + f->col;
	else
		rule.below = (uint64_t)(f->share * 4294967296.0);
	if (rule.kind == TILE_FAULT_CELLS)
		rule.defect = f->kind == CARD_DEVICE_DEAD ? CELL_DEAD :
			      f->kind == CARD_DEVICE_STUCK_LOW ? CELL_STUCK_LOW : CELL_STUCK_HIGH;
	return rule;
}

int inject_check(const struct card *card, const struct card_device_fault *f, char *error, size_t bytes)
{
	const struct refusal r = { error, bytes };
	int ret;

	if ((unsigned int)f->kind > CARD_DEVICE_TILE)
		return refuse(&r, -EINVAL, "kind %u: there is no such fault", f->kind);
	ret = check_cells(card, f, &r);
	if (!ret)
		ret = check_values(f, &r);
	if (!ret)
		ret = check_class(card, f, &r);
	return ret;
}

int inject_add(struct card *card, const struct card_device_fault *f, char *error, size_t bytes)
{
	const struct refusal r = { error, bytes };
	struct tile_faults *faults = &card->faults;

	if (faults->count == TILE_FAULTS)
		return refuse(&r, -ENOSPC, "the card has %u faults already; clear them first", TILE_FAULTS);
	card->injected[faults->count] = *f;
	faults->fault[faults->count++] = rule_of(card, f);
	tiles_faults_changed(card);
	return 0;
}

void inject_clear(struct card *card)
{
	card->faults.count = 0;
	tiles_faults_changed(card);
}
