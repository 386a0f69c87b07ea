// SPDX-License-Identifier: MIT
/*
 * Admin commands: what each one names, the checks common to all, and those that need no file of their own.
 */
#include "firmware/fw.h"

enum field {
	FIELD_DATA	= 1 << 0,	/* addr and bytes */
	FIELD_INDEX	= 1 << 1,
	FIELD_ID	= 1 << 2,
	FIELD_COUNT	= 1 << 3,
	FIELD_VALUE	= 1 << 4,
	FIELD_OFFSET	= 1 << 5,
};

/**
 * struct command - one admin command
 * @opcode: enum nmc_opcode
 * @fields: fields that it names; the others must be zero
 * @bytes: least length of its data
 * @run: carries it out; answers enum nmc_status
 */
struct command {
	uint16_t opcode;
	uint16_t fields;
	uint32_t bytes;
	unsigned int (*run)(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe);
};

unsigned int fw_fetch(struct fw *fw, const struct nmc_sqe *sqe, void *data, uint32_t bytes)
{
	if (sqe->bytes < bytes)
		return NMC_STATUS_NO_SPACE;
	return hal_dma_read(fw->hal, sqe->addr, data, bytes) ? NMC_STATUS_DMA : NMC_STATUS_OK;
}

unsigned int fw_answer(struct fw *fw, const struct nmc_sqe *sqe, const void *data, uint32_t bytes)
{
	if (sqe->bytes < bytes)
		return NMC_STATUS_NO_SPACE;
	return hal_dma_write(fw->hal, sqe->addr, data, bytes) ? NMC_STATUS_DMA : NMC_STATUS_OK;
}

static unsigned int identify(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct nmc_identify id;

	(void)cqe;
	FW_ZERO(&id, sizeof(id));
	hal_identify(fw->hal, &id);
	FW_COPY(id.firmware, FW_VERSION, sizeof(FW_VERSION));
	return fw_answer(fw, sqe, &id, sizeof(id));
}

static unsigned int describe_class(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct nmc_tile_class c;
	uint32_t first;

	cqe->result = fw->class_count;
	if (sqe->index >= fw->class_count)
		return NMC_STATUS_NOT_FOUND;
	FW_ZERO(&c, sizeof(c));
	hal_class(fw->hal, sqe->index, &c, &first);
	c.free = fw->classes[sqe->index].free;
	c.retired = fw->classes[sqe->index].retired;
	return fw_answer(fw, sqe, &c, sizeof(c));
}

static unsigned int get_feature(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	if (!sqe->index || sqe->index >= sizeof(fw->features) / sizeof(fw->features[0]))
		return NMC_STATUS_NOT_FOUND;
	cqe->result = fw->features[sqe->index];
	return NMC_STATUS_OK;
}

static unsigned int set_feature(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	(void)cqe;
	switch (sqe->index) {
	case NMC_FEATURE_DEVIATION_PPM:
		if (!sqe->value || sqe->value > 1000000)
			return NMC_STATUS_FIELD;
		break;
	case NMC_FEATURE_WEAR_PPM:
		if (sqe->value > 1000000)
			return NMC_STATUS_FIELD;
		break;
	case NMC_FEATURE_POWER_MODE:
		if (sqe->value)
			return NMC_STATUS_FIELD;
		break;
	case NMC_FEATURE_SCRUB_PPM:
		if (sqe->value > FW_SCRUB_PPM)
			return NMC_STATUS_FIELD;
		hal_scrub(fw->hal, sqe->value);
		break;
	default:
		return NMC_STATUS_NOT_FOUND;
	}
	if (sqe->index == NMC_FEATURE_WEAR_PPM && fw->features[sqe->index] != sqe->value)
		FW_ZERO(fw->worn, sizeof(fw->worn));
	fw->features[sqe->index] = sqe->value;
	if (sqe->index == NMC_FEATURE_DEVIATION_PPM || sqe->index == NMC_FEATURE_WEAR_PPM)
		fw_tiles_watch(fw);
	return NMC_STATUS_OK;
}

static unsigned int check_queue(struct fw *fw, uint32_t id)
{
	return id >= 1 && id <= fw->queues ? NMC_STATUS_OK : NMC_STATUS_NOT_FOUND;
}

static unsigned int queue_create(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct nmc_queue_config config;
	unsigned int status = check_queue(fw, sqe->id);

	(void)cqe;
	if (!status)
		status = fw_fetch(fw, sqe, &config, sizeof(config));
	if (status)
		return status;
	if (config.reserved[0] || config.reserved[1] || config.reserved[2])
		return NMC_STATUS_FIELD;
	return hal_queue_create(fw->hal, sqe->id, &config);
}

static unsigned int queue_delete(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	unsigned int status = check_queue(fw, sqe->id);

	(void)cqe;
	return status ? status : hal_queue_delete(fw->hal, sqe->id);
}

static unsigned int queue_stop(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	unsigned int status = check_queue(fw, sqe->id);

	(void)cqe;
	if (sqe->value > NMC_STOP_DRAIN)
		return NMC_STATUS_FIELD;
	FW_ZERO(&fw->report, sizeof(fw->report));
	if (!status)
		status = hal_queue_stop(fw->hal, sqe->id, sqe->value == NMC_STOP_DRAIN, &fw->report);
	return status ? status : fw_answer(fw, sqe, &fw->report, sizeof(fw->report));
}

static unsigned int queue_start(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	unsigned int status = check_queue(fw, sqe->id);

	(void)cqe;
	return status ? status : hal_queue_start(fw->hal, sqe->id);
}

static const struct command commands[] = {
	{ NMC_ADMIN_IDENTIFY, FIELD_DATA, sizeof(struct nmc_identify), identify },
	{ NMC_ADMIN_CLASS, FIELD_DATA | FIELD_INDEX, sizeof(struct nmc_tile_class), describe_class },
	{ NMC_ADMIN_GET_FEATURE, FIELD_INDEX, 0, get_feature },
	{ NMC_ADMIN_SET_FEATURE, FIELD_INDEX | FIELD_VALUE, 0, set_feature },
	{ NMC_ADMIN_GET_LOG, FIELD_DATA | FIELD_INDEX | FIELD_OFFSET, 0, fw_get_log },
	{ NMC_ADMIN_QUEUE_CREATE, FIELD_DATA | FIELD_ID, sizeof(struct nmc_queue_config), queue_create },
	{ NMC_ADMIN_QUEUE_DELETE, FIELD_ID, 0, queue_delete },
	{ NMC_ADMIN_QUEUE_STOP, FIELD_DATA | FIELD_ID | FIELD_VALUE, sizeof(struct nmc_stop_report), queue_stop },
	{ NMC_ADMIN_QUEUE_START, FIELD_ID, 0, queue_start },
	{ NMC_ADMIN_CONTEXT_CREATE, FIELD_DATA | FIELD_ID | FIELD_COUNT, 0, fw_context_create },
	{ NMC_ADMIN_CONTEXT_DESTROY, FIELD_ID, 0, fw_context_destroy },
	{ NMC_ADMIN_TILESET_CREATE, FIELD_DATA, sizeof(struct nmc_tileset_config), fw_tileset_create },
	{ NMC_ADMIN_TILESET_RELEASE, FIELD_ID | FIELD_VALUE, 0, fw_tileset_release },
	{ NMC_ADMIN_TILESET_OPEN, FIELD_DATA, sizeof(struct nmc_tileset_config), fw_tileset_open },
	{ NMC_ADMIN_TILESET_INFO, FIELD_DATA | FIELD_ID, sizeof(struct nmc_tileset_info), fw_tileset_info },
};

static unsigned int check_fields(const struct nmc_sqe *sqe, unsigned int fields, uint32_t bytes)
{
	uint64_t end;

	if (sqe->flags || sqe->reserved[0] || sqe->reserved[1])
		return NMC_STATUS_FIELD;
	if ((!(fields & FIELD_DATA) && (sqe->addr || sqe->bytes)) || (!(fields & FIELD_INDEX) && sqe->index) ||
	    (!(fields & FIELD_ID) && sqe->id) || (!(fields & FIELD_COUNT) && sqe->count) ||
	    (!(fields & FIELD_VALUE) && sqe->value) || (!(fields & FIELD_OFFSET) && sqe->offset))
		return NMC_STATUS_FIELD;
	if (sqe->addr % 8 || __builtin_add_overflow(sqe->addr, sqe->bytes, &end))
		return NMC_STATUS_FIELD;
	return sqe->bytes < bytes ? NMC_STATUS_NO_SPACE : NMC_STATUS_OK;
}

/* One listener at most; its command stays outstanding until there is an event. */
static bool listen(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	cqe->status = check_fields(sqe, FIELD_DATA, sizeof(struct nmc_event_record));
	if (!cqe->status && fw->listening)
		cqe->status = NMC_STATUS_BUSY;
	if (cqe->status)
		return true;
	FW_COPY(&fw->listener, sqe, sizeof(*sqe));
	fw->listening = true;
	return false;
}

bool fw_admin(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	unsigned int i;

	FW_ZERO(cqe, sizeof(*cqe));
	cqe->cookie = sqe->cookie;
	if (sqe->opcode == NMC_ADMIN_EVENT)
		return listen(fw, sqe, cqe);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const struct command *c = &commands[i];

		if (c->opcode != sqe->opcode)
			continue;
		cqe->status = check_fields(sqe, c->fields, c->bytes);
		if (!cqe->status)
			cqe->status = c->run(fw, sqe, cqe);
		return true;
	}
	cqe->status = NMC_STATUS_OPCODE;
	return true;
}
