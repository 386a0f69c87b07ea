/* SPDX-License-Identifier: MIT */
/*
 * A plan: a network as integers, cut into blocks that each sit on a tile of their own.
 *
 * Numbers of one layer, with x the int8 codes of its inputs (one code is @in_scale), d the conductance difference of a
 * pair in LSB (integer weight for integer classes), and D the largest value of d:
 *
 *	y_j = in_scale * w_j / D * sum_i d_ij x_i + b_j,	w_j = max_i |W_ij|
 *
 * Of a pair one cell has the lowest conductance of the technology, the other one |d| more. A weight scheme with several parts
 * has a d for each, on tiles of its own, and adds up sums times the scale of each part.
 *
 * Analog classes convert each block's sum with a range of its own; the digital scale brings all blocks and outputs of
 * a layer to one unit @out_scale. Integer classes leave the unit of each output, in_scale * w_j / D.
 */
#ifndef NMC_PLAN_H
#define NMC_PLAN_H

#include "isa/nmc_isa.h"
#include "libnmc/device/device.h"
#include "libnmc/net/net.h"

#define CODE_MAX	127
#define WEIGHT_MAX	127	/* integer classes */
#define PARTS_MAX	8	/* of a weight */
#define PASSES_MAX	16	/* of a programming */
#define PASS_WAIT_NS	1000000000ull

/**
 * struct written - what programming says of a block
 * @call: which of the plan's calls wrote it last, 0: none did
 * @sum: reports of that call: what its passes took, and what the last of them left
 * @square: squared residuals of the last pass
 * @error_hist: its cells by error
 */
struct written {
	uint64_t call;
	struct nmc_program_report sum;
	double square;
	uint64_t error_hist[NMC_REPORT_BINS];
};

/**
 * struct block - part of a layer's matrix on one tile
 * @layer: layer
 * @part: part of its weights
 * @tile: virtual tile
 * @first_in: first input
 * @rows: inputs
 * @first_out: first output
 * @cols: outputs
 * @span: physical outputs of the tile that it takes, from the first on: its own, unused ones between and before them, and with
 *	a shared reference that, the last one
 * @place: physical output of each output
 * @wanted: d of each pair, rows x outputs: that of the plan, or what makes up for other parts
 * @held: d as read, where other parts know of it and make up for it; NULL: @wanted
 * @target: what its cells are to hold, rows x physical columns
 * @stuck: what broken cells hold, -1 for those that are sound; NULL before nmc_plan_repair()
 * @sign: -1 for outputs whose pair is exchanged, else 1
 * @writes: most writes of its cells that the card can remember apart
 * @columns: conversion of each output; NULL for integer classes
 * @planned: the same as compiled: what perfect cells and converters need
 * @base: the same as calibrated: what compensation starts from
 * @baseline: sum of the sizes of each output's codes over the layer's probes; NULL before one was taken
 * @programmed_ns: card time of the set when its programming had ended
 * @kept: its tile held it already
 * @written: report of its last programming
 * @columns_at: address of @columns in the parameter area
 */
struct block {
	unsigned int layer;
	unsigned int part;
	unsigned int tile;
	unsigned int first_in;
	unsigned int rows;
	unsigned int first_out;
	unsigned int cols;
	unsigned int span;
	uint16_t *place;
	int16_t *wanted;
	int16_t *held;
	int16_t *target;
	int16_t *stuck;
	int8_t *sign;
	unsigned int writes;
	struct nmc_isa_column *columns;
	struct nmc_isa_column *planned;
	struct nmc_isa_column *base;
	uint64_t *baseline;
	uint64_t programmed_ns;
	bool kept;
	struct written written;
	uint32_t columns_at;
};

/**
 * struct stage - a layer as integers
 * @in_scale: value of one input code
 * @weight: d, parts x outputs x inputs
 * @weight_max: w_j
 * @out_scale: value of one unit of output j
 * @bias: bias in units of the output
 * @requant: to the codes of the next layer, or to the table's input
 * @per_output: @requant has one entry an output, else one
 * @lo: lower clip of the requantisation
 * @table: activation as a table of codes, or NULL
 * @probe: input codes of some calibration vectors, for readouts
 * @first_block: first of its blocks
 * @blocks: how many
 * @bias_at: address in the parameter area
 * @requant_at: address in the parameter area
 * @table_at: address in the parameter area
 */
struct stage {
	float in_scale;
	int16_t *weight;
	float *weight_max;
	double *out_scale;
	int32_t *bias;
	struct nmc_isa_requant *requant;
	bool per_output;
	int lo;
	int8_t *table;
	int8_t *probe;
	unsigned int first_block;
	unsigned int blocks;
	uint32_t bias_at;
	uint32_t requant_at;
	uint32_t table_at;
};

struct nmc_plan {
	struct nmc_device *device;
	struct nmc_network *network;
	struct nmc_class_info class;
	enum nmc_scheme scheme;
	unsigned int parts;	/* of every weight */
	double part_scale[PARTS_MAX];
	unsigned int slice_bits;
	bool shared;		/* parts carry equal shares */
	unsigned int adc_bits;
	bool movable;		/* outputs can change their columns */
	unsigned int tiles;
	unsigned int spares;	/* tiles kept in reserve */
	unsigned int *spare;	/* virtual tiles of those that are left */
	unsigned int spares_left;
	struct stage *stage;
	struct block *block;
	unsigned int blocks;
	unsigned int passes;	/* of nmc_plan_program() */
	uint64_t pass_wait_ns;
	uint64_t pulses;	/* of the last nmc_plan_program() */
	uint64_t calls;		/* of functions that program */
	char persist[32];	/* name of a network that stays on its tiles, else empty */
	bool found;		/* it was there: its tiles are written only where they are incomplete */
	unsigned int probes;	/* vectors in each &stage.probe */
	uint32_t leave_out;	/* NMC_MVM_* flags of every product */
	uint32_t batch;
	uint32_t params;	/* bytes of the parameter area */
	uint32_t sram;		/* bytes of the window when running @batch vectors */
	struct nmc_tileset *set;
	struct nmc_context *context;
	struct runner *runner;
	struct health *health;	/* of each block, NULL before the first full read */
};

/* A plan without tiles yet: nmc_plan_create() does the rest. */
int plan_compile(struct nmc_device *device, const struct nmc_network *network, const struct nmc_plan_options *options,
		 struct nmc_plan **plan);

/* Frees what plan_compile() made. */
void plan_free(struct nmc_plan *p);

/* Conductance code of @us. */
static inline int conductance_code(const struct nmc_plan *p, float us)
{
	double code = p->class.converters ? (double)us / (double)p->class.gmax_us * NMC_CONDUCTANCE_MAX : 0.0;

	return (int)(code + 0.5);
}

/* Codes of the lowest and the highest conductance that cells are asked for. */
static inline int conductance_min(const struct nmc_plan *p)
{
	return conductance_code(p, p->class.target_low_us);
}

static inline int conductance_max(const struct nmc_plan *p)
{
	return conductance_code(p, p->class.target_high_us);
}

/* Physical columns of a block. */
static inline unsigned int block_width(const struct nmc_plan *p, const struct block *b)
{
	return b->span * (p->class.differential ? 2 : 1);
}

/* Where the pair at row @r of output @c is among a block's cells, on a class of pairs. */
static inline size_t block_pair(const struct block *b, unsigned int r, unsigned int c)
{
	return ((size_t)r * b->span + b->place[c]) * 2;
}

static inline size_t block_cells(const struct nmc_plan *p, const struct block *b)
{
	return (size_t)b->rows * block_width(p, b);
}

/* Largest |d|. */
static inline double weight_full(const struct nmc_plan *p)
{
	return p->class.converters ? conductance_max(p) - conductance_min(p) : WEIGHT_MAX;
}

/* Weights are relative to one column of the tile: a class whose converters read single columns. */
static inline bool plan_refers(const struct nmc_plan *p)
{
	return p->class.converters && !p->class.differential;
}

/* Outputs that a tile has room for. */
static inline unsigned int plan_outputs(const struct nmc_plan *p)
{
	return p->class.outputs - plan_refers(p);
}

/* Half of the range: the reference of an offset lies there, and weights to both sides. */
static inline int offset_half(const struct nmc_plan *p)
{
	return (conductance_max(p) - conductance_min(p)) / 2;
}

/* d of the pairs that stand for output @j in part @part of a layer, one an input. */
static inline int16_t *plan_weights(const struct nmc_plan *p, unsigned int layer, unsigned int part, unsigned int j)
{
	const struct layer *l = &p->network->layer[layer];

	return p->stage[layer].weight + ((size_t)part * l->outputs + j) * l->inputs;
}

/* Chooses scheme and parts of weights; d of part @part of weight @w, -1 to 1. */
int plan_scheme(struct nmc_plan *p, const struct nmc_plan_options *o);
int plan_part(const struct nmc_plan *p, unsigned int part, double w);

/* Cuts every layer into blocks of at most the tile's rows and outputs, evenly. -ENOSPC if too few tiles are free. */
int plan_place(struct nmc_plan *p);

/* Turns the network into integers, with ranges from @count input vectors at @samples. */
int plan_quantise(struct nmc_plan *p, const float *samples, size_t count);

/* What the cells of every block are to hold, and columns to start from. */
int plan_targets(struct nmc_plan *p);

/*
 * Targets of the two cells of one pair, @stuck[0] and @stuck[1] being what they hold for good, or -1: a sound cell makes up
 * for a broken one as far as it can. Return: what is left of the difference from @d.
 */
int plan_pair(const struct nmc_plan *p, int d, const int16_t *stuck, int16_t *target);

/* Wanted difference of the pair at row @r of output @c of a block, in the sense of its columns. */
static inline int plan_difference(const struct block *b, unsigned int r, unsigned int c)
{
	return b->sign[c] * b->wanted[(size_t)r * b->cols + c];
}

/* Every output of a block in its own column: @place and @span. */
int plan_place_outputs(const struct nmc_plan *p, struct block *b);

/* Sets the targets of a block's outputs to what is wanted, around broken cells that are known. Returns whether any changed. */
bool plan_retarget(const struct nmc_plan *p, struct block *b);

/* Addresses of parameters and batch buffers in SRAM. -ENOSPC if not even one vector fits. */
int plan_layout(struct nmc_plan *p, uint32_t wanted_batch, uint32_t sram_bytes);

/* factor = mult / 2^shift with mult as large as @mult_max allows and shift at most @shift_max; returns mult. */
int plan_fixed(double factor, double mult_max, unsigned int shift_max, unsigned int *shift);

/* Codes of one input vector. */
void plan_codes(const struct nmc_plan *p, const float *in, int8_t *codes);

/* Integers of the last layer to the values an application sees. */
void plan_values(const struct nmc_plan *p, const int32_t *raw, float *out);

/* SRAM addresses that the run stream uses, for @batch vectors. */
struct layout {
	uint32_t codes[2];	/* int8 activations, ping-pong */
	uint32_t codes_pitch;
	uint32_t sums;		/* int32 */
	uint32_t sums_pitch;
	uint32_t bytes;
};
void plan_buffers(const struct nmc_plan *p, uint32_t batch, struct layout *l);

/* Parameter area as the card loads it. */
void plan_params(const struct nmc_plan *p, uint8_t *area);

#endif
