// SPDX-License-Identifier: MIT
/*
 * Contexts: which tile sets the jobs of one open file may name.
 */
#include "firmware/fw.h"

static struct fw_context *find(struct fw *fw, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_CONTEXTS; i++) {
		if (fw->contexts[i].id == id)
			return &fw->contexts[i];
	}
	return NULL;
}

/* Index of an attached set of this generation; -1 if there is none. */
static int find_set(struct fw *fw, const struct nmc_set_ref *ref)
{
	const struct fw_set *s;

	if (!ref->set || ref->set > NMC_MAX_TILESETS)
		return -1;
	s = &fw->sets[ref->set - 1];
	return s->state == FW_SET_ATTACHED && s->generation == ref->generation ? (int)ref->set - 1 : -1;
}

static unsigned int resolve(struct fw *fw, const struct nmc_set_ref *refs, uint32_t count, uint16_t *sets)
{
	uint32_t i, k;
	int index;

	for (i = 0; i < count; i++) {
		index = find_set(fw, &refs[i]);
		if (index < 0)
			return NMC_STATUS_NOT_FOUND;
		for (k = 0; k < i; k++) {
			if (sets[k] == index)
				return NMC_STATUS_FIELD;
		}
		sets[i] = index;
	}
	return NMC_STATUS_OK;
}

unsigned int fw_context_create(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct nmc_set_ref refs[NMC_MAX_SETS];
	uint16_t sets[NMC_MAX_SETS];
	uint32_t i, count = sqe->count;
	unsigned int status = NMC_STATUS_OK;
	struct fw_context *c;

	(void)cqe;
	if (!sqe->id || count > NMC_MAX_SETS || (!count && (sqe->addr || sqe->bytes)))
		return NMC_STATUS_FIELD;
	c = find(fw, sqe->id);
	if (c)
		return c->dying ? NMC_STATUS_BUSY : NMC_STATUS_EXISTS;
	c = find(fw, 0);
	if (!c)
		return NMC_STATUS_NO_SPACE;
	if (count)
		status = fw_fetch(fw, sqe, refs, count * sizeof(refs[0]));
	if (!status)
		status = resolve(fw, refs, count, sets);
	if (status)
		return status;
	c->id = sqe->id;
	c->count = count;
	for (i = 0; i < count; i++) {
		c->sets[i] = sets[i];
		fw->sets[sets[i]].contexts++;
	}
	hal_context_map(fw->hal, c->id, refs, count);
	return NMC_STATUS_OK;
}

static void drop_sets(struct fw *fw, struct fw_context *c)
{
	uint32_t i;

	for (i = 0; i < c->count; i++)
		fw->sets[c->sets[i]].contexts--;
	c->count = 0;
}

unsigned int fw_context_destroy(struct fw *fw, const struct nmc_sqe *sqe, struct nmc_cqe *cqe)
{
	struct fw_context *c = sqe->id ? find(fw, sqe->id) : NULL;

	(void)cqe;
	if (!c || c->dying)
		return NMC_STATUS_NOT_FOUND;
	if (!hal_context_unmap(fw->hal, c->id))
		return NMC_STATUS_BUSY;
	drop_sets(fw, c);
	c->id = 0;
	return NMC_STATUS_OK;
}

void fw_contexts_forget(struct fw *fw)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_CONTEXTS; i++) {
		struct fw_context *c = &fw->contexts[i];

		if (!c->id)
			continue;
		drop_sets(fw, c);
		c->dying = true;
	}
	fw_contexts_poll(fw);
}

void fw_contexts_poll(struct fw *fw)
{
	unsigned int i;

	for (i = 0; i < NMC_MAX_CONTEXTS; i++) {
		struct fw_context *c = &fw->contexts[i];

		if (c->dying && hal_context_unmap(fw->hal, c->id)) {
			c->dying = false;
			c->id = 0;
		}
	}
}
