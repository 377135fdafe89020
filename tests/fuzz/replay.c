/*
 * Runs a fuzz target over the files of a corpus folder, as an ordinary test (TAP).
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	if (!file)
		return -1;
	enum { SIZE_MAX_ = 4 << 20 };
	uint8_t *data = malloc(SIZE_MAX_);
	size_t size = data ? fread(data, 1, SIZE_MAX_, file) : 0;
	fclose(file);
	/* An exact block, so that a read past the end is caught. */
	uint8_t *exact = realloc(data, size ? size : 1);
	LLVMFuzzerTestOneInput(exact ? exact : data, size);
	free(exact ? exact : data);
	return 0;
}

int main(int argc, char **argv)
{
	int number = 0;
	DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
	if (!dir) {
		printf("not ok 1 corpus %s\n1..1\n", argc == 2 ? argv[1] : "not named");
		return 1;
	}
	struct dirent *entry;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay_file(argv[1], entry->d_name) < 0) {
			printf("not ok 1 %s\n1..1\n", entry->d_name);
			return 1;
		}
		number++;
	}
	closedir(dir);
	printf("%s 1 corpus of %d inputs\n1..1\n", number ? "ok" : "not ok", number);
	return number ? 0 : 1;
}
