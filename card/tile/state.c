// SPDX-License-Identifier: MIT
/*
 * A tile's cells on their way to a state file and back. What comes back is checked before anybody uses it: no index leads
 * out of its array, no number is not one. Documentation/card-state.rst has the layout.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "card/tile/state.h"
#include "card/tile/tile_priv.h"

#define LAST_EVENT	(1ull << 56)

static void put_clock(struct store *s, struct clock c)
{
	store_u64(s, c.ns);
	store_u32(s, c.frac);
}

static struct clock get_clock(struct fetch *f)
{
	uint64_t ns = fetch_u64(f);

	return (struct clock){ .ns = ns, .frac = fetch_u32(f) };
}

void tile_save(const struct tile *t, struct store *s)
{
	size_t cells = tile_cells(t);
	unsigned int i;

	store_u64(s, t->event);
	put_clock(s, t->now);
	store_float(s, t->kelvin);
	store_u32(s, t->write_count);
	store_u32(s, t->defect_count);
	for (i = 0; i < t->write_count; i++) {
		store_u64(s, t->writes[i].event);
		store_u64(s, t->writes[i].at_ns);
		store_u32(s, t->writes[i].ages);
	}
	if (t->defect_count)
		store_bytes(s, t->defects, t->defect_count * sizeof(*t->defects));
	store_bytes(s, t->target, cells * sizeof(*t->target));
	if (!t->g)
		return;
	store_bytes(s, t->g, cells * sizeof(*t->g));
	if (t->frozen)
		store_bytes(s, t->frozen, cells * sizeof(*t->frozen));
	store_bytes(s, t->write, cells * sizeof(*t->write));
	store_bytes(s, t->wear, cells * sizeof(*t->wear));
}

/* The arrays of the writes and the defects, with room for what the file has. */
static int make_lists(struct tile *t, uint32_t writes, uint32_t defects)
{
	free(t->writes);
	free(t->defects);
	t->write_count = t->write_room = writes;
	t->defect_count = t->defect_room = defects;
	t->writes = writes ? calloc(writes, sizeof(*t->writes)) : NULL;
	t->defects = defects ? calloc(defects, sizeof(*t->defects)) : NULL;
	return (writes && !t->writes) || (defects && !t->defects) ? -ENOMEM : 0;
}

static int get_lists(struct tile *t, struct fetch *f)
{
	uint32_t writes = fetch_u32(f), defects = fetch_u32(f), i;
	bool cells = t->g;
	int ret;

	if (f->bad || (cells ? !writes || writes > tile_max_writes(t) || defects > tile_cells(t) : writes || defects))
		return -EBADMSG;
	ret = make_lists(t, writes, defects);
	for (i = 0; !ret && i < writes; i++) {
		struct tile_write *w = &t->writes[i];
		uint32_t ages;

		w->event = fetch_u64(f);
		w->at_ns = fetch_u64(f);
		ages = fetch_u32(f);
		w->ages = ages;
		if (w->event >= LAST_EVENT || ages > 1)
			ret = -EBADMSG;
	}
	if (!ret)
		fetch_bytes(f, t->defects, defects * sizeof(*t->defects));
	return ret;
}

static bool defects_valid(const struct tile *t)
{
	unsigned int i;

	for (i = 0; i < t->defect_count; i++) {
		uint32_t kind = t->defects[i] & ((1 << TILE_DEFECT_BITS) - 1), cell = t->defects[i] >> TILE_DEFECT_BITS;

		if (kind < CELL_STUCK_LOW || kind > CELL_WORN || cell >= tile_cells(t) ||
		    (i && cell <= t->defects[i - 1] >> TILE_DEFECT_BITS))
			return false;
	}
	return true;
}

static bool cells_valid(const struct tile *t)
{
	const float most = 16.0f * t->class->tech->deck.gmax;
	bool drifts = t->class->tech->ageing == CELL_DRIFTS;
	size_t c;

	for (c = 0; c < tile_cells(t); c++) {
		if (!tile_target_valid(t->class, t->target[c]))
			return false;
		if (!t->g)
			continue;
		if (!(t->g[c] >= -most && t->g[c] <= most) || t->write[c] >= t->write_count ||
		    (drifts && t->frozen[c] < 0))
			return false;
	}
	return true;
}

static int load(struct tile *t, struct fetch *f)
{
	size_t cells = tile_cells(t);
	struct clock now;
	float kelvin;
	int ret;

	t->event = fetch_u64(f);
	now = get_clock(f);
	kelvin = fetch_float(f);
	ret = get_lists(t, f);
	if (ret)
		return ret;
	fetch_bytes(f, t->target, cells * sizeof(*t->target));
	if (t->g)
		fetch_bytes(f, t->g, cells * sizeof(*t->g));
	if (t->frozen)
		fetch_bytes(f, t->frozen, cells * sizeof(*t->frozen));
	if (t->g) {
		fetch_bytes(f, t->write, cells * sizeof(*t->write));
		fetch_bytes(f, t->wear, cells * sizeof(*t->wear));
	}
	if (!fetch_end(f) || !t->event || t->event >= LAST_EVENT || !(kelvin >= 0.0f && kelvin <= 1000.0f) ||
	    !defects_valid(t) || !cells_valid(t))
		return -EBADMSG;
	t->kelvin = kelvin;
	tile_sample(t, now);
	return 0;
}

int tile_load(const struct tile_class *class, uint64_t seed, uint32_t physical, struct fetch *f, struct tile **out)
{
	struct tile *t = tile_create(class, seed, physical);
	int ret = t ? load(t, f) : -ENOMEM;

	if (ret) {
		tile_destroy(t);
		return ret;
	}
	*out = t;
	return 0;
}
