/* SPDX-License-Identifier: MIT */
/*
 * Part of nmc.h, which is what programs include: how the card and its tiles are.
 */
#ifndef NMC_PUBLIC_HEALTH_H
#define NMC_PUBLIC_HEALTH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct nmc_device;
struct nmc_plan;

/* ---- tiles: the card and its physical tiles as the firmware knows them ---- */

/**
 * struct nmc_health - the card as a whole; counters run freely from power-on
 * @size: sizeof(struct nmc_health)
 * @temperature_c: die temperature, degree Celsius; NAN if there is no sensor
 * @uptime_ms: wall time since the firmware started
 * @energy_j: modelled energy of all jobs, joule
 * @modelled_busy_ns: modelled busy time, card time
 * @wall_busy_ns: busy time, wall time
 * @jobs: jobs completed
 * @faults: of these faulted
 * @macs: physical multiply-accumulates
 * @conversions: ADC conversions
 * @clips: of these clipped
 * @pulses: programming pulses
 * @errors: entries ever written to the error log
 * @tiles_by_status: tiles in each enum nmc_tile_status; those from %NMC_TILE_STATUSES on zero
 * @array_ns: modelled time of the arrays in jobs, card time
 * @scrub_ns: modelled time of the background scrub, card time; not part of @array_ns
 * @scrub_rows: rows that the scrub read, twice each
 * @deviation_limit: deviation at which a tile is reported (%NMC_EVENT_KIND_TILE_DEVIATION), fraction of gmax
 * @scrub_share: share of @array_ns that the scrub may take, 0 if it is off
 * @wear_limit: pulses of the most worn cell at which a tile is reported (%NMC_EVENT_KIND_TILE_WEAR), fraction of the class's endurance;
 *	0 never
 * @reserved: zero
 */
struct nmc_health {
	uint32_t size;
	float temperature_c;
	uint64_t uptime_ms;
	double energy_j;
	uint64_t modelled_busy_ns;
	uint64_t wall_busy_ns;
	uint64_t jobs;
	uint64_t faults;
	uint64_t macs;
	uint64_t conversions;
	uint64_t clips;
	uint64_t pulses;
	uint64_t errors;
	uint32_t tiles_by_status[8];
	uint64_t array_ns;
	uint64_t scrub_ns;
	uint64_t scrub_rows;
	float deviation_limit;
	float scrub_share;
	float wear_limit;
	uint32_t reserved;
};
#define NMC_HEALTH_INIT { .size = sizeof(struct nmc_health) }

/**
 * nmc_device_health() - the card's counters, temperature and energy
 * @device: the device
 * @health: begin with NMC_HEALTH_INIT; filled in
 *
 * Counts since the card was made or powered up, of all its users. Reads no tile.
 *
 * Return: 0, -EINVAL (@health without its size), -EIO, -ENODEV.
 */
int nmc_device_health(struct nmc_device *device, struct nmc_health *health);

/**
 * struct nmc_tile_info - one physical tile
 * @tile: number
 * @status: enum nmc_tile_status
 * @class_index: tile class
 * @mine: the tile set of this device handle that owns it, by a number of its own; 0 if none does. Tiles of a set are numbered as
 *	their physical tiles ascend
 * @programmed_ns: card time when last programmed, 0 never
 * @pulses: pulses since manufacture
 * @products: vectors multiplied
 * @cells: cells programmed last
 * @converged: of these converged
 * @pulses_max: most pulses on one cell in the last programming
 * @mean_pulses: mean pulses a cell of the last programming
 * @residual: RMS (conductance - target) / gmax at the last verify
 * @deviation: RMS deviation from target / gmax by the background scrub, without noise of a read; NAN if not measured
 * @deviation_max: largest deviation that it saw / gmax, NAN if not measured
 * @drift: drift exponent nu of g ~ t^-nu, NAN if not measured or the cells do not drift
 * @defects: cells known to be broken
 * @scrubbed_cells: reads of cells that @deviation is made of: its relative error is about sqrt(1.25 / n)
 * @scrubbed_ns: card time of the last scrub, 0 never
 * @wear_max: pulses since manufacture of the cell that has seen most
 * @wear_mean: mean pulses a cell since manufacture
 */
struct nmc_tile_info {
	uint32_t tile;
	uint32_t status;
	uint32_t class_index;
	uint32_t mine;
	uint64_t programmed_ns;
	uint64_t pulses;
	uint64_t products;
	uint32_t cells;
	uint32_t converged;
	uint32_t pulses_max;
	float mean_pulses;
	float residual;
	float deviation;
	float deviation_max;
	float drift;
	uint32_t defects;
	uint32_t scrubbed_cells;
	uint64_t scrubbed_ns;
	uint64_t wear_max;
	double wear_mean;
};

/* Physical tiles from @first on; returns how many were filled in, 0 past the last, or a negative errno. */
int nmc_device_tiles(struct nmc_device *device, unsigned int first, struct nmc_tile_info *tiles, unsigned int count);

/* ---- health: how far cells are from their targets, and how far they will be ---- */

/**
 * struct nmc_tile_health - what a full read found out about one tile of a plan
 * @tile: tile of the plan; from &nmc_plan_info.tiles on it was a spare
 * @layer: its layer
 * @age_ns: card time since it was programmed
 * @cells: cells read
 * @broken: of these so far from their targets that they cannot have aged so
 * @deviation: RMS (conductance - target) / gmax of all, without noise of a read; NAN if not measured
 * @deviation_max: largest deviation of the mean of both reads
 */
struct nmc_tile_health {
	uint32_t tile;
	uint32_t layer;
	uint64_t age_ns;
	uint64_t cells;
	uint64_t broken;
	double deviation;
	double deviation_max;
};

/**
 * nmc_health_scrub_now() - reads every cell of a plan twice and compares it with its target
 * @plan: a programmed plan
 *
 * Takes about 0.2 us of card time a row. Counts as reads, as any READ does: noise of what follows is drawn anew, conductances stay
 * as they are. A tile of which cells were refreshed is as old as its last programming as a whole.
 *
 * Return: 0, -EINVAL (not programmed), -EIO, -ENODEV, -ENOMEM.
 */
int nmc_health_scrub_now(struct nmc_plan *plan);

/* Health of the plan's tiles as nmc_health_scrub_now() found it, at most @count; returns how many tiles there are. */
int nmc_health_tiles(struct nmc_plan *plan, struct nmc_tile_health *tiles, unsigned int count);

/**
 * struct nmc_prediction - a tile at an age
 * @age_ns: card time since its programming
 * @deviation: RMS (true conductance - target) / gmax, without noise of a read
 * @low: lower end of the interval that it lies in with 90 %
 * @high: upper end
 */
struct nmc_prediction {
	uint64_t age_ns;
	double deviation;
	double low;
	double high;
};

/**
 * struct nmc_crossing - age at which a tile's deviation passes a threshold; INFINITY: never, that is within 500 years
 * @seconds: expected, card time since its programming
 * @earliest: lower end of the interval that it lies in with 90 %
 * @latest: upper end
 */
struct nmc_crossing {
	double seconds;
	double earliest;
	double latest;
};

/**
 * nmc_health_predict() - deviation of a tile at other ages, from what the last full read found
 * @plan: a plan after nmc_health_scrub_now()
 * @tile: tile of the plan
 * @ages_ns: @count ages since its programming
 * @count: how many
 * @out: @count predictions
 *
 * The law is that of the class's technology (a shipped deck of that name, or the deck of the card in this process), at the
 * present temperature and for the tile's own targets, scaled by what was measured.
 *
 * Return: 0, -ENOENT (no such tile), -EINVAL (not measured, or programmed since), -ENOTSUP (no law is known for the class), -ENOMEM.
 */
int nmc_health_predict(struct nmc_plan *plan, unsigned int tile, const uint64_t *ages_ns, unsigned int count,
		       struct nmc_prediction *out);

/* Age at which the tile's deviation passes @threshold, a fraction of gmax. Errors as nmc_health_predict(). */
int nmc_health_crossing(struct nmc_plan *plan, unsigned int tile, double threshold, struct nmc_crossing *out);

/**
 * nmc_health_forecast() - the same from the background scrub, for any tile of a card
 * @device: the device
 * @tile: what nmc_device_tiles() said of it
 * @ages_ns: @count ages since its programming
 * @count: how many
 * @out: @count predictions
 *
 * Its targets are not known: intervals allow for networks with small and with large weights.
 *
 * Return: 0, -EINVAL (not measured), -ENOTSUP (no law is known for the class), -ENOMEM.
 */
int nmc_health_forecast(struct nmc_device *device, const struct nmc_tile_info *tile, const uint64_t *ages_ns, unsigned int count,
			struct nmc_prediction *out);
/* Age at which that tile's deviation passes @threshold, a fraction of gmax. Errors as nmc_health_forecast(). */
int nmc_health_forecast_crossing(struct nmc_device *device, const struct nmc_tile_info *tile, double threshold,
				 struct nmc_crossing *out);

#ifdef __cplusplus
}
#endif

#endif
