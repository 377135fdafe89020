/* system fsck */
#include "cli/commands.h"

#include "base/text.h"
#include "docker/fsck.h"
#include "docker/size.h"

struct fsck_options {
	bool repair;
};

static const struct option_row fsck_rows[] = {
    O_BOOL(struct fsck_options, repair, "repair", 0, "Repair what can be made again from what is intact"),
    O_END,
};

static void problem_print(const struct fsck_problem *problem)
{
	bool images = !text_empty(problem->images), repair = !text_empty(problem->repair);
	print("%s %s%s%s: %s\n", problem->kind, problem->object, images ? " of " : "", images ? problem->images : "",
	      problem->problem);
	if (repair)
		print("    %s%s\n", problem->repaired ? "repaired: " : "", problem->repair);
}

static int fsck_run(struct cli *cli)
{
	const struct fsck_options *options = cli->options;
	struct fsck_report report = {0};
	struct err err;
	char size[SIZE_TEXT];
	size_t left = 0;
	const struct client_request request = {.method = "POST",
					       .path = options->repair ? "/system/fsck?repair=1" : "/system/fsck"};
	if (client_struct(&cli->client, &request, &table_fsck_report, &report, &err) < 0)
		return cli_failed(&err);
	for (size_t i = 0; i < report.problems.count; i++) {
		problem_print(&report.problems.items[i]);
		left += !report.problems.items[i].repaired;
	}
	size_decimal(report.bytes, 4, size);
	print("%lld images, %lld layers, %lld blobs, %s read: ", (long long)report.images, (long long)report.layers,
	      (long long)report.blobs, size);
	if (report.problems.count == 0)
		print("nothing is damaged\n");
	else
		print("%zu damaged, %zu repaired\n", report.problems.count, report.problems.count - left);
	return left > 0 ? EXIT_FAILED : 0;
}

const struct command command_fsck = {
    .path = "system fsck",
    .usage = "",
    .summary = "Check the store of images: every digest, every reference, the record",
    .args_min = 0,
    .args_max = 0,
    .options = fsck_rows,
    .options_size = sizeof(struct fsck_options),
    .run = fsck_run,
};
