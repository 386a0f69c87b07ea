// SPDX-License-Identifier: MIT
/*
 * Memory: the largest card takes none for its cells until they are used, and then at most 16 bytes a cell with every
 * cache filled.
 */
#include <errno.h>
#include "core_rig.h"
#include "card/tile/tile.h"

#define TILES	4096
#define SIDE	256

static struct card *largest_card(void)
{
	struct card_options options = { .classes = "rram", .tiles = TILES, .rows = SIDE, .cols = SIDE, .threads = 1 };
	struct card *card;
	char error[128] = "";

	assert_int_equal(card_create(&options, &card, error, sizeof(error)), 0);
	return card;
}

static void tiles_take_memory_when_used(void **state)
{
	static struct rig r;
	static float g[SIDE * SIDE];
	struct nmc_set_ref set;
	uint64_t cells;

	(void)state;
	r.card = largest_card();
	assert_int_equal(card_memory(r.card, &cells), 0);
	assert_int_equal(cells, 0);
	set = rig_tileset(&r, 0, TILES);
	assert_int_equal(card_memory(r.card, &cells), 0);
	assert_int_equal(card_oracle(r.card, set.set, TILES - 1, g, NULL), 0);
	assert_int_equal(card_oracle(r.card, set.set, TILES, g, NULL), -ENOENT);
	card_destroy(r.card);
}

/* Sixteen bands of rows written one by one and a product that converts pairs both ways: everything a tile keeps. */
static void sixteen_bytes_a_cell(void **state)
{
	static const unsigned int shape[][2] = { { SIDE, SIDE }, { 384, 512 }, { 128, 128 }, { 64, 128 } };
	static int16_t target[384 * 512];
	static int32_t out[256];
	static int8_t in[384];
	struct nmc_isa_column columns[256] = { 0 };
	size_t i;

	(void)state;
	columns[0].flags = NMC_COLUMN_PAIR_AFTER_ADC;
	for (i = 0; i < sizeof(shape) / sizeof(*shape); i++) {
		struct tile_region band = { .rows = shape[i][0] / 16, .cols = shape[i][1] };
		struct tile_mvm m = { .in = in, .out = (uint8_t *)out, .columns = columns, .vectors = 1,
				      .rows = shape[i][0], .cols = shape[i][1] / 2, .adc_bits = 8, .read_noise = true };
		size_t cells = (size_t)shape[i][0] * shape[i][1], bytes;
		struct nmc_isa_report report;
		struct tile_class class;
		struct clock end = { 0 };
		struct tile_cost cost;
		struct tile *t;

		tile_class_init(&class, cell_find("rram", 4, false), (uint16_t)shape[i][0], (uint16_t)shape[i][1], false);
		t = tile_create(&class, 1, 0);
		assert_non_null(t);
		for (; band.first_row < shape[i][0]; band.first_row += band.rows)
			assert_int_equal(tile_program(t, &band, target, band.cols * 2ul, 0, 0, &end, &report, &cost), 0);
		bytes = tile_bytes(t);
		assert_int_equal(tile_mvm_begin(t, &m), 0);
		assert_true(tile_bytes(t) > bytes);
		assert_true(tile_bytes(t) <= 16 * cells);
		tile_destroy(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tiles_take_memory_when_used),
		cmocka_unit_test(sixteen_bytes_a_cell),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
