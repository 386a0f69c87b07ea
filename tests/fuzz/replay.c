// SPDX-License-Identifier: MIT
/*
 * Stands in for libFuzzer where the compiler has none: runs a fuzz target on every file named, and on every file of
 * every directory named.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int runs;

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (!f || fseek(f, 0, SEEK_END) || (size = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
		perror(path);
		return 1;
	}
	data = malloc(size ? size : 1);
	if (!data || fread(data, 1, size, f) != (size_t)size) {
		perror(path);
		return 1;
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	runs++;
	return 0;
}

static int run_directory(const char *path)
{
	struct dirent *entry;
	DIR *d = opendir(path);
	char file[4096];
	int bad = 0;

	if (!d) {
		perror(path);
		return 1;
	}
	while ((entry = readdir(d))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		bad |= run_file(file);
	}
	closedir(d);
	return bad;
}

int main(int argc, char **argv)
{
	struct stat st;
	int i, bad = 0;

	for (i = 1; i < argc; i++) {
		if (stat(argv[i], &st)) {
			perror(argv[i]);
			return 1;
		}
		bad |= S_ISDIR(st.st_mode) ? run_directory(argv[i]) : run_file(argv[i]);
	}
	printf("%u inputs\n", runs);
	return bad || !runs;
}
