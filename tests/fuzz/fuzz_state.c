// SPDX-License-Identifier: MIT
/*
 * Fuzz target: any bytes as a state file. The card refuses them and stays what it is, or takes them and is a card that can be
 * looked at, aged and saved again. A first byte of 0 means that the rest is the file; otherwise what follows changes bytes
 * of a good one, three a change (offset, value), with the checksums made right again.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "card/card.h"
#include "card/core/state_file.h"

#define CHECK(condition) do { if (!(condition)) abort(); } while (0)
#define SETS	3
#define CELLS	16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *base;
static size_t base_bytes;

static struct card *make_card(void)
{
	const struct card_options options = { .classes = "pcm,rram,digital", .tiles = 2, .rows = 4, .cols = 4, .threads = 1,
					      .plain_c = true };
	char error[128];
	struct card *card;

	CHECK(!card_create(&options, &card, error, sizeof(error)));
	return card;
}

static int memory_file(const uint8_t *data, size_t size, char path[32])
{
	int fd = memfd_create("state", MFD_CLOEXEC);

	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static void make_base(void)
{
	char error[256], path[] = "/tmp/fuzz_state.XXXXXX";
	struct card *card = make_card();
	int fd = mkstemp(path);
	uint32_t i;

	CHECK(fd >= 0);
	for (i = 0; i < SETS; i++) {
		struct nmc_tileset_config c = { .class = i, .tiles = 1, .flags = NMC_TILESET_PERSISTENT, .uuid = { 1, (uint8_t)i } };
		struct nmc_sqe sqe = { .opcode = NMC_ADMIN_TILESET_CREATE, .addr = (uintptr_t)&c, .bytes = sizeof(c) };
		struct nmc_cqe cqe;

		card_admin(card, &sqe, &card_dma_process, &cqe);
		CHECK(!cqe.status && !card_oracle(card, (uint32_t)cqe.result, 0, NULL, NULL));
	}
	CHECK(!card_inject(card, &(struct card_device_fault){ .kind = CARD_DEVICE_DEAD, .row = 1, .col = 1 }, error, sizeof(error)));
	CHECK(!card_save(card, path, error, sizeof(error)));
	card_destroy(card);
	close(fd);
	fd = open(path, O_RDONLY);
	base_bytes = (size_t)lseek(fd, 0, SEEK_END);
	base = malloc(base_bytes);
	CHECK(base && pread(fd, base, base_bytes, 0) == (ssize_t)base_bytes);
	close(fd);
	unlink(path);
}

/* The checksums of all sections that can be found. */
static void make_right(uint8_t *file, size_t bytes)
{
	size_t at = 16;
	uint64_t length;
	uint32_t crc = state_crc(0, file, 12);

	memcpy(file + 12, &crc, 4);
	while (at + 24 <= bytes) {
		memcpy(&length, file + at + 8, 8);
		if (length > bytes - at - 24)
			length = bytes - at - 24;
		crc = state_crc(0, file + at + 24, length);
		memcpy(file + at + 16, &crc, 4);
		crc = state_crc(0, file + at, 20);
		memcpy(file + at + 20, &crc, 4);
		at += 24 + length;
	}
}

/* Whatever was taken can be used. */
static void use(struct card *card)
{
	struct nmc_event_record event;
	struct card_set_status s;
	struct card_status status;
	float g[CELLS], target[CELLS];
	char error[256];
	uint32_t i;

	card_status(card, &status);
	CHECK(status.used <= status.tiles);
	card_temperature(card, 350.0f);
	card_age(card, 1000000000);
	for (i = 1; i <= NMC_MAX_TILESETS; i++)
		if (!card_set_status(card, i, &s))
			CHECK(!card_oracle(card, i, s.tiles - 1, g, target));
	while (!card_event(card, &event))
		;
	CHECK(card_save(card, "/dev/null", error, sizeof(error)));
}

static void try(const uint8_t *data, size_t size)
{
	struct card *card = make_card();
	char path[32], error[256] = "";
	int fd = memory_file(data, size, path);

	if (card_load(card, path, error, sizeof(error)))
		CHECK(*error);
	use(card);
	card_destroy(card);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *file;
	size_t i;

	if (!size)
		return 0;
	if (!base)
		make_base();
	if (!*data) {
		try(data + 1, size - 1);
		return 0;
	}
	file = malloc(base_bytes);
	CHECK(file);
	memcpy(file, base, base_bytes);
	for (i = 1; i + 3 <= size; i += 3)
		file[(data[i] | data[i + 1] << 8) % base_bytes] = data[i + 2];
	make_right(file, base_bytes);
	try(file, base_bytes);
	free(file);
	return 0;
}
