/* SPDX-License-Identifier: MIT */
/*
 * Parts of nmc-smi: what is known of each card, and the ways to show it.
 */
#ifndef NMC_SMI_H
#define NMC_SMI_H

#include <stdbool.h>
#include <stdint.h>
#include "nmc.h"

enum { EXIT_USAGE = 2, EXIT_DEVICE = 4 };

#define SMI_MAX_CARDS	32
#define SMI_MAX_CLASSES	8
#define SMI_MAX_CLIENTS	64

/**
 * struct smi_card - one card, asked once
 * @index: number in the list
 * @error: why it could not be asked, empty if it could
 */
struct smi_card {
	unsigned int index;
	char uri[128];
	char error[1024];
	struct nmc_device_info info;
	struct nmc_health health;
	unsigned int classes;
	struct nmc_class_info class[SMI_MAX_CLASSES];
	int clients;
	struct nmc_client_info client[SMI_MAX_CLIENTS];
	uint32_t hidden_tiles;
};

/**
 * struct smi - all cards
 */
struct smi {
	unsigned int count;
	struct smi_card card[SMI_MAX_CARDS];
};

void show_list(const struct smi *s);
void show_table(const struct smi *s);
void show_full(const struct smi *s);
void show_json(const struct smi *s);

/*
 * CSV of comma separated @fields; @format is csv[,noheader][,nounits]; @again leaves the header out.
 * 0, or -1 after a message.
 */
int show_query(const struct smi *s, const char *fields, const char *format, bool again);
/* The same without a card: are @fields and @format known? */
int check_query(const char *fields, const char *format);
void show_fields(void);

/* Tiles of a card that are free, and tiles in all classes. */
uint32_t smi_free(const struct smi_card *c);

#endif
