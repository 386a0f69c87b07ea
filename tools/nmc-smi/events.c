// SPDX-License-Identifier: MIT
/*
 * Events: the error log of each card, then what comes.
 */
#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "nmc-smi/tiles.h"

#define LOG_MOST	64

struct source {
	const struct smi_card *card;
	struct nmc_device *device;
	bool follows;
};

static const char *kind_name(unsigned int kind)
{
	switch (kind) {
	case NMC_EVENT_KIND_ERROR:
		return "error";
	case NMC_EVENT_KIND_TILE_RETIRED:
		return "tile-retired";
	case NMC_EVENT_KIND_TILE_DEVIATION:
		return "tile-deviation";
	case NMC_EVENT_KIND_TILE_WEAR:
		return "tile-wear";
	case NMC_EVENT_KIND_DEVICE_LOST:
		return "device-lost";
	default:
		return "unknown";
	}
}

/* One line or one object; flushed, so that a pipe sees it at once. */
static void say(const struct smi_card *c, const char *kind, const char *text, const struct nmc_event *e, bool json)
{
	char when[64] = "";
	time_t now = time(NULL);
	struct json_object *o;

	if (e)
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S%z", localtime(&now));
	if (!json) {
		printf("%s%scard %u: %s: %s\n", when, e ? " " : "", c->index, kind, text);
		fflush(stdout);
		return;
	}
	o = json_object_new_object();
	json_object_object_add(o, "time", e ? json_object_new_string(when) : NULL);
	json_object_object_add(o, "card", json_object_new_uint64(c->index));
	json_object_object_add(o, "kind", json_object_new_string(kind));
	json_object_object_add(o, "object", e ? json_object_new_uint64(e->object) : NULL);
	json_object_object_add(o, "value", e ? json_object_new_uint64(e->value) : NULL);
	json_object_object_add(o, "dropped", e ? json_object_new_uint64(e->dropped) : NULL);
	json_object_object_add(o, "text", json_object_new_string(text));
	puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
	fflush(stdout);
}

static void complain(const struct smi_card *c)
{
	fprintf(stderr, "nmc-smi: card %u: %s\n", c->index, nmc_last_error());
}

static void say_log(const struct source *s, bool json)
{
	struct nmc_error_info errors[LOG_MOST];
	char text[224];
	int n = nmc_device_errors(s->device, errors, LOG_MOST);

	if (n < 0)
		complain(s->card);
	while (n-- > 0) {
		snprintf(text, sizeof(text), "#%llu, %.3f s after the start of the firmware: %s",
			 (unsigned long long)errors[n].sequence, (double)errors[n].wall_ms * 1e-3, errors[n].text);
		say(s->card, "error", text, NULL, json);
	}
}

static void describe(struct source *s, const struct nmc_event *e, char *text, size_t bytes)
{
	struct nmc_error_info error;

	switch (e->kind) {
	case NMC_EVENT_KIND_ERROR:
		if (nmc_device_errors(s->device, &error, 1) == 1 && error.sequence == e->value)
			snprintf(text, bytes, "#%llu: %s", (unsigned long long)e->value, error.text);
		else
			snprintf(text, bytes, "#%llu", (unsigned long long)e->value);
		break;
	case NMC_EVENT_KIND_TILE_RETIRED:
		snprintf(text, bytes, "tile %u is out of use for good", e->object);
		break;
	case NMC_EVENT_KIND_TILE_DEVIATION:
		snprintf(text, bytes, "tile %u deviates by %.2f %% of gmax, more than the threshold", e->object,
			 (double)e->value * 1e-4);
		break;
	case NMC_EVENT_KIND_TILE_WEAR:
		snprintf(text, bytes, "tile %u wears out: its most worn cell has seen %llu pulses, more than the threshold", e->object,
			 (unsigned long long)e->value);
		break;
	case NMC_EVENT_KIND_DEVICE_LOST:
		snprintf(text, bytes, "the card is gone");
		break;
	default:
		snprintf(text, bytes, "object %u, value %llu", e->object, (unsigned long long)e->value);
	}
}

/* All events that wait; false when none will come any more. */
static bool take(struct source *s, bool json)
{
	struct nmc_event e;
	char text[224];
	int ret;

	while (!(ret = nmc_device_read_event(s->device, &e))) {
		describe(s, &e, text, sizeof(text));
		say(s->card, kind_name(e.kind), text, &e, json);
		if (e.kind == NMC_EVENT_KIND_DEVICE_LOST)
			return false;
	}
	if (ret == -EAGAIN || ret == -EINTR)
		return true;
	complain(s->card);
	return false;
}

/* Waits on all cards; a signal that asks for the end is let in only here. */
static void follow(struct source *s, unsigned int count, bool json, const volatile sig_atomic_t *ended)
{
	struct pollfd fds[SMI_MAX_CARDS];
	unsigned int i, left = 0;
	sigset_t ends, before;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, &before);
	for (i = 0; i < count; i++) {
		fds[i] = (struct pollfd){ .fd = s[i].follows ? nmc_device_event_fd(s[i].device) : -1, .events = POLLIN };
		left += fds[i].fd >= 0;
	}
	while (left && !*ended && !ferror(stdout)) {
		if (ppoll(fds, count, NULL, &before) < 0 && errno != EINTR)
			break;
		for (i = 0; i < count && !*ended; i++) {
			if (!fds[i].revents || take(&s[i], json))
				continue;
			fds[i].fd = -1;
			left--;
		}
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int events_show(const struct smi *smi, bool on, bool json, const volatile sig_atomic_t *ended)
{
	static const uint64_t all = 1ull << NMC_EVENT_KIND_ERROR | 1ull << NMC_EVENT_KIND_TILE_RETIRED |
				    1ull << NMC_EVENT_KIND_TILE_DEVIATION | 1ull << NMC_EVENT_KIND_TILE_WEAR |
				    1ull << NMC_EVENT_KIND_DEVICE_LOST;
	struct source s[SMI_MAX_CARDS];
	unsigned int i, count = 0, following = 0;

	for (i = 0; i < smi->count; i++) {
		struct source *one = &s[count];

		if (*smi->card[i].error)
			continue;
		one->card = &smi->card[i];
		if (nmc_device_open(one->card->uri, &one->device)) {
			complain(one->card);
			continue;
		}
		count++;
		one->follows = on && !nmc_device_subscribe(one->device, all);
		following += one->follows;
		if (on && !one->follows)
			complain(one->card);
		say_log(one, json);
	}
	if (on)
		follow(s, count, json, ended);
	for (i = 0; i < count; i++)
		nmc_device_close(s[i].device);
	return (on ? following : count) ? 0 : EXIT_DEVICE;
}
