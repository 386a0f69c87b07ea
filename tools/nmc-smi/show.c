// SPDX-License-Identifier: MIT
/*
 * What nmc-smi shows a person: list, table, everything.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include "nmc-smi/smi.h"

#define LINE "+-----------------------------------------------------------------------------+\n"

/* One row of a table, cut or filled to its width. */
static void row(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void row(const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("| %-75.75s |\n", text);
}

uint32_t smi_free(const struct smi_card *c)
{
	return c->health.tiles_by_status[NMC_TILE_STATUS_FREE];
}

void show_list(const struct smi *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		const struct smi_card *c = &s->card[i];

		if (*c->error)
			printf("Card %u: %s: %s\n", c->index, c->uri, c->error);
		else
			printf("Card %u: %s (%s%s%s, serial %016llx)\n", c->index, c->info.name, c->uri,
			       *c->info.pci ? ", " : "", c->info.pci, (unsigned long long)c->info.serial);
	}
}

static void temperature(const struct smi_card *c, char *text, size_t bytes)
{
	if (isnan(c->health.temperature_c))
		snprintf(text, bytes, "N/A");
	else
		snprintf(text, bytes, "%.0fC", (double)c->health.temperature_c);
}

static void table_card(const struct smi_card *c)
{
	unsigned long long seconds;
	char temp[16], tiles[32];
	unsigned int i;

	if (*c->error) {
		row("%3u  %s", c->index, c->uri);
		row("     %s", c->error);
		fputs(LINE, stdout);
		return;
	}
	temperature(c, temp, sizeof(temp));
	snprintf(tiles, sizeof(tiles), "%u / %u", c->info.tiles - smi_free(c), c->info.tiles);
	row("%3u  %-24.24s %-13.13s %5s %12s %12.6f", c->index, c->info.name, *c->info.pci ? c->info.pci : c->uri, temp,
	    tiles, c->health.energy_j);
	seconds = c->health.uptime_ms / 1000;
	row("     firmware %-15.15s up %llu d %02llu:%02llu:%02llu", c->info.firmware, seconds / 86400,
	    seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
	row("     jobs %-19llu faults %-11llu errors %llu", (unsigned long long)c->health.jobs,
	    (unsigned long long)c->health.faults, (unsigned long long)c->health.errors);
	for (i = 0; i < c->classes; i++)
		row("     class %-12.12s %4u used %4u free %4u retired   %u x %u cells", c->class[i].name,
		    c->class[i].tiles - c->class[i].free - c->class[i].retired, c->class[i].free, c->class[i].retired,
		    c->class[i].rows, c->class[i].cols);
	fputs(LINE, stdout);
}

static void table_processes(const struct smi *s)
{
	unsigned int i, shown = 0;
	int k;

	fputs("\n" LINE, stdout);
	row("Processes");
	row("%4s %8s  %-24s %6s %10s %13s", "Card", "PID", "Name", "Tiles", "Jobs", "Memory");
	fputs(LINE, stdout);
	for (i = 0; i < s->count; i++) {
		const struct smi_card *c = &s->card[i];

		for (k = 0; k < c->clients && k < SMI_MAX_CLIENTS; k++, shown++)
			row("%4u %8d  %-24.24s %6u %10llu %9.1f MiB", c->index, c->client[k].pid, c->client[k].name,
			    c->client[k].tiles, (unsigned long long)c->client[k].jobs,
			    (double)c->client[k].memory_bytes / 1048576.0);
		if (c->hidden_tiles) {
			row("%4u %8s  %-24s %6u", c->index, "", "not visible", c->hidden_tiles);
			shown++;
		}
	}
	if (!shown)
		row("No process uses a card.");
	fputs(LINE, stdout);
}

void show_table(const struct smi *s)
{
	time_t now = time(NULL);
	char when[64];
	unsigned int i;

	strftime(when, sizeof(when), "%a %b %e %H:%M:%S %Y", localtime(&now));
	printf("%s\n" LINE, when);
	row("nmc-smi %-16s driver: %-24.24s cards: %u", nmc_version(),
	    s->count && !*s->card[0].error ? s->card[0].info.driver : "N/A", s->count);
	fputs(LINE, stdout);
	row("Card Name                     Bus            Temp   Tiles used   Modelled J");
	fputs(LINE, stdout);
	for (i = 0; i < s->count; i++)
		table_card(&s->card[i]);
	table_processes(s);
}

static void full_card(const struct smi_card *c)
{
	const struct nmc_health *h = &c->health;
	char temp[16];
	unsigned int i;

	printf("Card %u\n", c->index);
	printf("    URI                     : %s\n", c->uri);
	if (*c->error) {
		printf("    Error                   : %s\n", c->error);
		return;
	}
	temperature(c, temp, sizeof(temp));
	printf("    Name                    : %s\n", c->info.name);
	printf("    Serial                  : %016llx\n", (unsigned long long)c->info.serial);
	printf("    PCI address             : %s\n", *c->info.pci ? c->info.pci : "N/A");
	printf("    Firmware                : %s\n", c->info.firmware);
	printf("    Driver                  : %s\n", c->info.driver);
	printf("    Command stream          : %u.%u\n", c->info.isa_version >> 16, c->info.isa_version & 0xffff);
	printf("    Software card           : %s\n", c->info.software ? "yes" : "no");
	printf("    Engines                 : %u\n", c->info.engines);
	printf("    I/O queues              : %u\n", c->info.queues);
	printf("    Interrupt vectors       : %u\n", c->info.vectors);
	printf("    SRAM of a job           : %u bytes\n", c->info.sram_bytes);
	printf("    Temperature             : %s\n", temp);
	printf("    Uptime (wall)           : %.3f s\n", (double)h->uptime_ms * 1e-3);
	printf("    Busy (wall)             : %.6f s\n", (double)h->wall_busy_ns * 1e-9);
	printf("    Busy (modelled)         : %.6f s\n", (double)h->modelled_busy_ns * 1e-9);
	printf("    Energy (modelled)       : %.9f J\n", h->energy_j);
	printf("    Jobs                    : %llu\n", (unsigned long long)h->jobs);
	printf("    Faults                  : %llu\n", (unsigned long long)h->faults);
	printf("    Multiply-accumulates    : %llu\n", (unsigned long long)h->macs);
	printf("    Conversions             : %llu\n", (unsigned long long)h->conversions);
	printf("    Conversions clipped     : %llu\n", (unsigned long long)h->clips);
	printf("    Programming pulses      : %llu\n", (unsigned long long)h->pulses);
	printf("    Errors logged           : %llu\n", (unsigned long long)h->errors);
	printf("    Tiles\n");
	for (i = 0; i < NMC_TILE_STATUSES; i++)
		printf("        %-20s: %u\n", nmc_tile_status_name(i), h->tiles_by_status[i]);
	for (i = 0; i < c->classes; i++) {
		const struct nmc_class_info *k = &c->class[i];

		printf("    Class %s\n", k->name);
		printf("        Tiles               : %u (%u free, %u retired)\n", k->tiles, k->free, k->retired);
		printf("        Cells               : %u x %u, %u outputs\n", k->rows, k->cols, k->outputs);
		if (k->converters)
			printf("        Converters          : %u-bit rows, %u- to %u-bit columns\n", k->dac_bits,
			       k->adc_bits_min, k->adc_bits_max);
		if (k->converters)
			printf("        Conductance         : %g to %g uS\n", (double)k->gmin_us, (double)k->gmax_us);
	}
}

void show_full(const struct smi *s)
{
	unsigned int i;

	for (i = 0; i < s->count; i++)
		full_card(&s->card[i]);
}
