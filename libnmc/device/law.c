// SPDX-License-Identifier: MIT
/*
 * Which law a card's class ages by. A card tells the digest of its deck: a shipped deck of the class's name, or one that
 * the application has told of, is it only if it has the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "libnmc/device/device.h"
#include "libnmc/error.h"

/* 1 if the law of this deck is the class's, 0 if it is another's, or an errno. */
static int matches(const char *name, const struct nmc_class_info *class, struct law **law)
{
	int ret = law_open(name, law);

	if (ret)
		return ret;
	if (law_deck(*law) == class->deck)
		return 1;
	law_close(*law);
	*law = NULL;
	return 0;
}

/* The class's name is the card's word and no path. */
static int shipped(const struct nmc_class_info *class, struct law **law)
{
	int ret = strpbrk(class->name, "/.") ? 0 : matches(class->name, class, law);

	return ret == -ENOENT ? 0 : ret;
}

/* A file that has gone since is none of the class's affair while another is its deck. */
static int told(struct nmc_device *device, const struct nmc_class_info *class, struct law **law)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; ret <= 0 && i < device->decks; i++) {
		int found = matches(device->deck[i], class, law);

		ret = found ? found : ret;
	}
	return ret;
}

static int find(struct nmc_device *device, const struct nmc_class_info *class, struct law **law)
{
	const struct device_ops *ops = device->reach->ops;
	int ret;

	if (ops->law)
		return ops->law(device->reach, class->index, law);
	ret = class->deck ? shipped(class, law) : 0;
	if (!ret && class->deck)
		ret = told(device, class, law);
	if (!ret)
		return fail(-ENOTSUP, "how cells of class \"%s\" age is not known here: it is made of a deck of its own; "
			    "tell of it with nmc_device_add_deck() (nmc-smi --deck FILE)", class->name);
	return ret < 0 ? ret : 0;
}

int device_law(struct nmc_device *device, const struct nmc_class_info *class, struct law **law)
{
	int ret = 0;

	*law = NULL;
	if (class->index >= DEVICE_LAWS)
		return fail(-ENOTSUP, "class \"%s\" is number %u; laws of the first %d classes can be known", class->name, class->index,
			    DEVICE_LAWS);
	pthread_mutex_lock(&device->lock);
	if (!device->law[class->index])
		ret = find(device, class, &device->law[class->index]);
	*law = device->law[class->index];
	pthread_mutex_unlock(&device->lock);
	return ret;
}

/* One of the card's classes is made of the deck. */
static int used_by(struct nmc_device *device, uint64_t deck, const char *name)
{
	struct nmc_class_info class = NMC_CLASS_INFO_INIT;
	unsigned int i;
	int ret;

	for (i = 0; !(ret = nmc_device_class(device, i, &class)); i++)
		if (class.deck == deck)
			return 0;
	return ret == -ENOENT ? fail(ret, "%s: the card has no class that is made of this deck", name) : ret;
}

int nmc_device_add_deck(struct nmc_device *device, const char *name)
{
	struct law *law = NULL;
	char *copy;
	int ret = law_open(name, &law);

	if (!ret)
		ret = used_by(device, law_deck(law), name);
	law_close(law);
	if (ret)
		return ret;
	copy = strdup(name);
	if (!copy)
		return fail_memory();
	pthread_mutex_lock(&device->lock);
	if (device->decks < DEVICE_DECKS) {
		device->deck[device->decks++] = copy;
		copy = NULL;
	}
	pthread_mutex_unlock(&device->lock);
	if (!copy)
		return 0;
	free(copy);
	return fail(-ENOSPC, "a device takes %d decks", DEVICE_DECKS);
}
