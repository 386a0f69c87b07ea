// SPDX-License-Identifier: MIT
/*
 * Injected faults reach a card between jobs and commands.
 */
#include <errno.h>
#include "card/core/inject.h"
#include "card/pcie/mgmt_priv.h"

int card_inject(struct card *card, const struct card_device_fault *fault, char *error, size_t error_bytes)
{
	int ret = inject_check(card, fault, error, error_bytes);

	if (ret)
		return ret;
	mgmt_pause(card->mgmt);
	ret = inject_add(card, fault, error, error_bytes);
	mgmt_resume(card->mgmt);
	return ret;
}

void card_inject_clear(struct card *card)
{
	mgmt_pause(card->mgmt);
	inject_clear(card);
	mgmt_resume(card->mgmt);
}

int card_injected(struct card *card, unsigned int index, struct card_device_fault *fault)
{
	struct mgmt *m = card->mgmt;
	int ret = -ENOENT;

	pthread_mutex_lock(&m->lock);
	if (index < card->faults.count) {
		*fault = card->injected[index];
		ret = 0;
	}
	pthread_mutex_unlock(&m->lock);
	return ret;
}
