/*
 * tug-manual FOLDER: writes tug.1, one page per command, and tug.bash into FOLDER. Runs while building.
 */
#include "cli/manual.h"

static int page_write(const char *folder, const char *name, void (*print_page)(FILE *out),
		      const struct command *command, struct err *err)
{
	auto_free char *path = x_printf("%s/%s", folder, name);
	FILE *out = fopen(path, "we");
	if (!out)
		return err_sys(err, "open %s", path);
	if (command)
		manual_command(command, out);
	else
		print_page(out);
	bool failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return err_set(err, EIO, "write %s", path);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err;
	if (argc != 2) {
		fprintf(stderr, "Usage: tug-manual FOLDER\n");
		return EXIT_USAGE;
	}
	int rc = page_write(argv[1], "tug.1", manual_tug, NULL, &err);
	if (rc == 0)
		rc = page_write(argv[1], "tug.bash", manual_completion, NULL, &err);
	for (const struct command *const *at = commands; *at && rc == 0; at++) {
		char name[64], file[80];
		manual_name(*at, name);
		snprintf(file, sizeof file, "%s.1", name);
		rc = page_write(argv[1], file, NULL, *at, &err);
	}
	if (rc < 0)
		fprintf(stderr, "tug-manual: %s\n", err.msg);
	return rc < 0 ? EXIT_FAILED : 0;
}
