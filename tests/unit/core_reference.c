// SPDX-License-Identifier: MIT
/*
 * Classes of single columns as streams see them: every column an output, references within their bounds.
 */
#include <stdio.h>
#include <unistd.h>
#include "card/core/tiles.h"
#include "tests/unit/core_rig.h"

#define COLUMNS	4096	/* address in SRAM */

static char deck[] = "/tmp/nmc-test-XXXXXX.yaml";

static void write_deck(void)
{
	FILE *f = fdopen(mkstemps(deck, 5), "w");

	assert_non_null(f);
	fputs("deck: 1\nname: single\ntitle: perfect cells\nsource: none\ntechnology: ideal\ngmax: 40 uS\n"
	      "pulse: { model: exact }\nconverters: { columns: single }\n", f);
	assert_int_equal(fclose(f), 0);
}

/* A product of one vector with one column on set 0: the status, and the cause in the completion. */
static unsigned int multiply(struct rig *r, const struct nmc_isa_column *column, uint16_t minor)
{
	rig_begin(r);
	r->stream.head.minor = minor;
	memcpy(r->data, column, sizeof(*column));
	rig_move(r, NMC_OP_LOAD, SLOT_DATA, 0, COLUMNS, sizeof(*column));
	rig_add(r, (struct nmc_isa_mvm){ .c.opcode = NMC_OP_MVM, .in.pitch = 16, .out = { .addr = 1024, .pitch = 4 },
					 .columns = COLUMNS, .vectors = 1, .rows = 16, .cols = 1, .adc_bits = 8 });
	rig_control(r, NMC_OP_END);
	return rig_run(r);
}

static void expect_fault(struct rig *r, struct nmc_isa_column column, uint16_t minor, unsigned int cause)
{
	assert_int_equal(multiply(r, &column, minor), NMC_STATUS_FAULT);
	assert_int_equal(r->cqe.fault.cause, cause);
	assert_int_equal(r->cqe.fault.offset, COLUMNS);
}

static void references(void **unused)
{
	const struct nmc_isa_column last = { .flags = NMC_COLUMN_REFERENCE, .reference = 7 };
	char classes[64];
	struct rig *r;

	(void)unused;
	write_deck();
	snprintf(classes, sizeof(classes), "%s,ideal,digital", deck);
	r = rig_make((struct card_options){ .classes = classes, .tiles = 4, .rows = 16, .cols = 8, .threads = 1 });
	assert_int_equal(unlink(deck), 0);
	assert_int_equal(r->card->classes[0].described.outputs, 8);
	assert_int_equal(multiply(r, &last, NMC_ISA_MINOR), NMC_STATUS_OK);
	expect_fault(r, last, 0, NMC_FAULT_RESERVED);
	expect_fault(r, last, 1, NMC_FAULT_RESERVED);
	expect_fault(r, (struct nmc_isa_column){ .flags = 1 << 3 }, NMC_ISA_MINOR, NMC_FAULT_RESERVED);
	expect_fault(r, (struct nmc_isa_column){ .reference = 7 }, NMC_ISA_MINOR, NMC_FAULT_RESERVED);
	expect_fault(r, (struct nmc_isa_column){ .flags = NMC_COLUMN_PAIR_AFTER_ADC }, NMC_ISA_MINOR, NMC_FAULT_RESERVED);
	expect_fault(r, (struct nmc_isa_column){ .flags = NMC_COLUMN_REFERENCE, .reference = 8 }, NMC_ISA_MINOR,
		     NMC_FAULT_TILE_BOUNDS);
	expect_fault(r, (struct nmc_isa_column){ .flags = NMC_COLUMN_REFERENCE }, NMC_ISA_MINOR, NMC_FAULT_OPERAND);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(references),
	};

	return cmocka_run_group_tests_name("core_reference", tests, NULL, NULL);
}
