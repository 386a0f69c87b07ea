// SPDX-License-Identifier: MIT
/*
 * Tiles with a past for tests of nmc-smi, loaded before libnmc: a card in the tool's own process is always new. SMI_TILES says
 * how they are: ok, worn, warning, critical.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include "nmc.h"

#define DAY 86400000000000ull

static bool is(const char *state)
{
	const char *wanted = getenv("SMI_TILES");

	return wanted && !strcmp(wanted, state);
}

static struct nmc_tile_info used(unsigned int tile, unsigned int status, float deviation, uint64_t age)
{
	return (struct nmc_tile_info){
		.tile = tile, .status = status, .programmed_ns = 1000000000, .scrubbed_ns = 1000000000 + age,
		.pulses = 557056, .cells = 65536, .converged = 65000, .pulses_max = 60, .mean_pulses = 8.5f, .residual = 0.015f,
		.deviation = deviation, .deviation_max = 4 * deviation, .drift = NAN, .scrubbed_cells = 4096,
		.wear_max = 60 + 10 * tile, .wear_mean = 8.5,
	};
}

int nmc_device_tiles(struct nmc_device *device, unsigned int first, struct nmc_tile_info *tiles, unsigned int count)
{
	unsigned int i;

	(void)device;
	(void)first;
	for (i = 0; i < count; i++)
		tiles[i] = (struct nmc_tile_info){ .tile = i, .deviation = NAN, .deviation_max = NAN, .drift = NAN };
	tiles[0] = used(0, NMC_TILE_STATUS_OWNED, 0.02f, 3 * DAY);
	tiles[1] = used(1, NMC_TILE_STATUS_PERSISTENT, 0.04f, 3 * DAY);
	tiles[2] = used(2, NMC_TILE_STATUS_OWNED, NAN, 0);
	tiles[2].scrubbed_cells = 0;
	if (!is("ok") && !is("worn")) {
		tiles[3] = used(3, NMC_TILE_STATUS_INCOMPLETE, 0.01f, 3600000000000ull);
		tiles[4].status = NMC_TILE_STATUS_RETIRED;
		tiles[4].pulses = 99;
		tiles[5] = used(5, NMC_TILE_STATUS_OWNED, 0.03f, DAY);
		tiles[5].defects = 3277;
		tiles[5].drift = 0.0512f;
	}
	if (is("worn"))
		tiles[1].wear_max = 12345678;
	if (is("critical"))
		tiles[6] = used(6, NMC_TILE_STATUS_OWNED, 0.0834f, DAY);
	return (int)count;
}

int nmc_device_event_fd(struct nmc_device *device)
{
	static int fd = -1;

	(void)device;
	if (fd < 0)
		fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	return fd;
}

int nmc_device_read_event(struct nmc_device *device, struct nmc_event *event)
{
	static unsigned int turn;

	(void)device;
	if (turn % 2) {
		turn = 2;
		return -EAGAIN;
	}
	if (turn++)
		*event = (struct nmc_event){ .kind = NMC_EVENT_KIND_DEVICE_LOST, .sequence = 2 };
	else
		*event = (struct nmc_event){ .kind = NMC_EVENT_KIND_TILE_DEVIATION, .object = 6, .sequence = 1, .value = 83400 };
	return 0;
}
