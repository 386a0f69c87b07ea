// SPDX-License-Identifier: MIT
/*
 * Saving and loading a card, and taking its power away: cells and clocks with the firmware's directory.
 */
#include <errno.h>
#include <stdio.h>
#include "card/core/state.h"
#include "card/pcie/mgmt_priv.h"

static int complain(char *error, size_t bytes, int err, const char *path, const char *why)
{
	if (bytes)
		snprintf(error, bytes, "%s: %s", path, why);
	return err;
}

/* The directory as bytes; the caller frees them. */
static int directory_of(const struct mgmt *m, struct store *s)
{
	s->room = fw_state_bytes(m->fw);
	s->data = calloc(1, s->room);
	if (!s->data)
		return -ENOMEM;
	s->used = fw_state_save(m->fw, s->data);
	return 0;
}

static void beat_on(void *ctx)
{
	struct mgmt *m = ctx;

	if (m->attached)
		mgmt_waiting(m);
}

int card_save(struct card *card, const char *path, char *error, size_t error_bytes)
{
	struct mgmt *m = card->mgmt;
	struct store directory = { 0 };
	struct state_out o;
	int ret = state_create(&o, path);

	if (ret)
		return complain(error, error_bytes, ret, path, ret == -EINVAL ? "not a regular file" : strerror(-ret));
	mgmt_pause(m);
	ret = directory_of(m, &directory);
	if (!ret)
		ret = state_write(card, &o, &directory, beat_on, m);
	mgmt_resume(m);
	free(directory.data);
	if (ret)
		state_abandon(&o);
	else
		ret = state_commit(&o);
	return ret ? complain(error, error_bytes, ret, path, strerror(-ret)) : 0;
}

/* The commit of a load: nothing can fail any more. */
static void take_over(struct mgmt *m, struct state *st)
{
	state_swap(m->card, st);
	fw_state_load(m->fw, st->directory);
	m->erases = 0;
	state_time(m->card, st);
}

int card_load(struct card *card, const char *path, char *error, size_t error_bytes)
{
	struct mgmt *m = card->mgmt;
	struct state *st;
	int ret = state_read(card, path, &st, error, error_bytes);

	if (ret)
		return ret;
	mgmt_pause(m);
	if (!fw_state_valid(m->fw, st->directory, st->directory_bytes))
		ret = complain(error, error_bytes, -EBADMSG, path, "the state is damaged");
	else if (fw_state_busy(m->fw, !m->attached || m->host))
		ret = complain(error, error_bytes, -EBUSY, path, "the card is in use: contexts or tile sets are open");
	else
		take_over(m, st);
	mgmt_resume(m);
	state_free(st);
	return ret;
}

int card_power_loss(struct card *card, const char *path, char *error, size_t error_bytes)
{
	__atomic_store_n(&card->cut, 1, __ATOMIC_RELAXED);
	return path ? card_save(card, path, error, error_bytes) : 0;
}
