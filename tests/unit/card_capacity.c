// SPDX-License-Identifier: MIT
/*
 * Memory: the largest card takes none for its cells until they are used, and then at most 16 bytes a cell with every
 * cache filled and every write remembered. What the card says of itself is held against the process and the allocator.
 */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include "core_rig.h"
#include "tech_rig.h"
#include "card/tile/tile.h"

#define TILES	4096
#define SIDE	256
#define EMPTY_BYTES	(8u << 20)	/* most that the largest card takes without a cell: 2 KiB a tile */
#define SLACK_BYTES	8192		/* the allocator rounds up to pages, and has free chunks that it counts as used */

static struct card *largest_card(void)
{
	struct card_options options = { .classes = "rram", .tiles = TILES, .rows = SIDE, .cols = SIDE, .threads = 1 };
	struct card *card;
	char error[128] = "";

	assert_int_equal(card_create(&options, &card, error, sizeof(error)), 0);
	return card;
}

/* Memory of the process, bytes. */
static size_t resident(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	unsigned long kib = 0;
	char line[128];

	while (fgets(line, sizeof(line), f) && sscanf(line, "VmRSS: %lu", &kib) != 1)
		;
	fclose(f);
	assert_true(kib);
	return kib << 10;
}

/* In use according to the allocator. */
static size_t allocated(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* A sanitizer has an allocator of its own, that does not tell and that keeps more. */
static bool allocator_tells(void)
{
	size_t before = allocated(), after;
	void *volatile some = malloc(1 << 20);

	after = allocated();
	free(some);
	return after >= before + (1 << 20);
}

static void tiles_take_memory_when_used(void **state)
{
	static struct rig r;
	static float g[SIDE * SIDE];
	struct nmc_set_ref set;
	size_t before = resident();
	uint64_t cells;

	(void)state;
	r.card = largest_card();
	assert_int_equal(card_memory(r.card, &cells), 0);
	assert_int_equal(cells, 0);
	set = rig_tileset(&r, 0, TILES);
	assert_int_equal(card_memory(r.card, &cells), 0);
	if (allocator_tells())
		assert_in_range(resident() - before, 0, EMPTY_BYTES);
	assert_int_equal(card_oracle(r.card, set.set, TILES - 1, g, NULL), 0);
	assert_in_range(card_memory(r.card, &cells), 8 * SIDE * SIDE, 16 * SIDE * SIDE);
	assert_int_equal(cells, SIDE * SIDE);
	assert_int_equal(card_oracle(r.card, set.set, TILES, g, NULL), -ENOENT);
	card_destroy(r.card);
}

/* Everything a tile keeps: products that convert pairs both ways and as many partial writes as it remembers apart. */
static size_t fill_tile(unsigned int rows, unsigned int cols)
{
	static int16_t target[2];
	static int32_t out[256];
	static int8_t in[384];
	struct nmc_isa_column columns[256] = { [0].flags = NMC_COLUMN_PAIR_AFTER_ADC };
	struct tile_mvm m = { .in = in, .out = (uint8_t *)out, .columns = columns, .vectors = 1, .rows = rows,
			      .cols = cols / 2, .adc_bits = 8 };
	struct tile_counts counts = { 0 };
	struct nmc_isa_report report;
	struct tile_class class;
	struct tile_cost cost;
	struct clock end = { 0 };
	unsigned int cell = 0;
	size_t before, bytes;
	struct tile *t;
	int ret = 0;

	tile_class_init(&class, rig_tech("rram", false), (uint16_t)rows, (uint16_t)cols, false);
	before = allocated();
	t = tile_create(&class, 1, 0);
	assert_non_null(t);
	assert_int_equal(tile_mvm_begin(t, &m), 0);
	tile_mvm(t, &m, 0, 1, &counts);
	while (!ret && cell < rows * cols) {
		struct tile_region one = { cell / cols, 1, cell % cols, 2 };

		ret = tile_program(t, &one, target, 4, 0, 1, &end, &report, &cost);
		cell += 2;
	}
	assert_true(!ret || ret == -ENOSPC);
	bytes = tile_bytes(t);
	if (allocator_tells())
		assert_in_range(allocated() - before + SLACK_BYTES, bytes, bytes + 2 * SLACK_BYTES);
	tile_destroy(t);
	return bytes;
}

/* Widths on both sides of whole blocks of the kernels, where padding would cost most, and odd rows. */
static void sixteen_bytes_a_cell(void **state)
{
	static const unsigned int shape[][2] = {
		{ SIDE, SIDE }, { 384, 512 }, { 128, 128 }, { 64, 64 }, { 64, 128 }, { 384, 130 }, { 256, 66 }, { 65, 66 },
		{ 64, 130 }, { 383, 258 }, { 384, 64 }, { 64, 512 }, { 128, 194 }, { 67, 386 },
	};
	static const unsigned int small[][2] = { { 12, 12 }, { 16, 8 }, { 4, 4 }, { 63, 62 }, { 4, 512 }, { 384, 4 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(shape) / sizeof(*shape); i++)
		assert_in_range(fill_tile(shape[i][0], shape[i][1]), 0, 16ul * shape[i][0] * shape[i][1]);
	for (i = 0; i < sizeof(small) / sizeof(*small); i++)
		assert_in_range(fill_tile(small[i][0], small[i][1]), 0, 16ul * small[i][0] * small[i][1] + 6144);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_take_memory_when_used),
		cmocka_unit_test(sixteen_bytes_a_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
