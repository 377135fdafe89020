/* container prune, image prune, volume prune, system prune */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/confirm.h"
#include "cli/prune.h"

struct prune_options {
	bool all, force, volumes;
	char **filter;
};

static int one_run(struct cli *cli, const struct prune_kind *kind, const char *warning, const char *more)
{
	const struct prune_options *options = cli->options;
	int64_t reclaimed = 0;
	struct err err;
	if (!options->force && !confirm(warning))
		return 0;
	if (prune_run(cli, kind, options->filter, more, &reclaimed, &err) < 0)
		return cli_failed(&err);
	prune_total(reclaimed);
	return 0;
}

/* --- container prune --- */

static const struct option_row container_rows[] = {
    O_LIST(struct prune_options, filter, "filter", 0, "filter", "Provide filter values (e.g. \"until=<timestamp>\")"),
    O_BOOL(struct prune_options, force, "force", 'f', "Do not prompt for confirmation"),
    O_END,
};

static int container_run(struct cli *cli)
{
	return one_run(cli, &prune_containers, "WARNING! This will remove all stopped containers.", NULL);
}

const struct command command_container_prune = {
    .path = "container prune",
    .usage = "",
    .summary = "Remove all stopped containers",
    .args_min = 0,
    .args_max = 0,
    .options = container_rows,
    .options_size = sizeof(struct prune_options),
    .run = container_run,
};

/* --- volume prune --- */

static const struct option_row volume_rows[] = {
    O_BOOL(struct prune_options, all, "all", 'a', "Remove all unused volumes, not just anonymous ones"),
    O_LIST(struct prune_options, filter, "filter", 0, "filter", "Provide filter values (e.g. \"label=<label>\")"),
    O_BOOL(struct prune_options, force, "force", 'f', "Do not prompt for confirmation"),
    O_END,
};

static int volume_run(struct cli *cli)
{
	const struct prune_options *options = cli->options;
	return one_run(cli, &prune_volumes,
		       options->all
			   ? "WARNING! This will remove all local volumes not used by at least one container."
			   : "WARNING! This will remove anonymous local volumes not used by at least one container.",
		       options->all ? "all=1" : NULL);
}

const struct command command_volume_prune = {
    .path = "volume prune",
    .usage = "",
    .summary = "Remove unused local volumes",
    .args_min = 0,
    .args_max = 0,
    .options = volume_rows,
    .options_size = sizeof(struct prune_options),
    .run = volume_run,
};

/* --- image prune --- */

static const struct option_row image_rows[] = {
    O_BOOL(struct prune_options, all, "all", 'a', "Remove all unused images, not just dangling ones"),
    O_LIST(struct prune_options, filter, "filter", 0, "filter", "Provide filter values (e.g. \"until=<timestamp>\")"),
    O_BOOL(struct prune_options, force, "force", 'f', "Do not prompt for confirmation"),
    O_END,
};

static int image_run(struct cli *cli)
{
	const struct prune_options *options = cli->options;
	return one_run(cli, &prune_images,
		       options->all
			   ? "WARNING! This will remove all images without at least one container associated to them."
			   : "WARNING! This will remove all dangling images.",
		       options->all ? "dangling=false" : "dangling=true");
}

const struct command command_image_prune = {
    .path = "image prune",
    .usage = "",
    .summary = "Remove unused images",
    .args_min = 0,
    .args_max = 0,
    .options = image_rows,
    .options_size = sizeof(struct prune_options),
    .run = image_run,
};

/* --- system prune --- */

static const struct option_row system_rows[] = {
    O_BOOL(struct prune_options, all, "all", 'a', "Remove all unused images not just dangling ones"),
    O_LIST(struct prune_options, filter, "filter", 0, "filter", "Provide filter values (e.g. \"label=<key>=<value>\")"),
    O_BOOL(struct prune_options, force, "force", 'f', "Do not prompt for confirmation"),
    O_BOOL(struct prune_options, volumes, "volumes", 0, "Prune anonymous volumes"),
    O_END,
};

static bool has_until(char *const *filters)
{
	for (; filters && *filters; filters++) {
		if (text_after(*filters, "until="))
			return true;
	}
	return false;
}

static bool system_confirm(const struct prune_options *options)
{
	auto_buf text = BUF_INIT(64 << 10);
	buf_text(&text, "WARNING! This will remove:\n  - all stopped containers\n"
			"  - all networks not used by at least one container\n");
	if (options->volumes)
		buf_text(&text, "  - all anonymous volumes not used by at least one container\n");
	buf_text(&text, options->all ? "  - all images without at least one container associated to them\n"
				     : "  - all dangling images\n");
	buf_text(&text, options->all ? "  - all build cache\n" : "  - unused build cache\n");
	if (options->filter && options->filter[0])
		buf_text(&text, "\n  Items to be pruned will be filtered with:\n");
	for (char **filter = options->filter; filter && *filter; filter++)
		buf_printf(&text, "  - %s\n", *filter);
	return confirm(buf_str(&text));
}

static int system_run(struct cli *cli)
{
	const struct prune_options *options = cli->options;
	/* Volumes know no age: until is not theirs. */
	const struct {
		const struct prune_kind *kind;
		bool wanted;
		const char *more;
	} rows[] = {
	    {&prune_containers, true, NULL},
	    {&prune_networks, true, NULL},
	    {&prune_volumes, options->volumes, NULL},
	    {&prune_images, true, options->all ? "dangling=0" : NULL},
	    {&prune_builds, true, NULL},
	};
	int64_t reclaimed = 0;
	int status = 0;
	if (options->volumes && has_until(options->filter)) {
		fputs("ERROR: The \"until\" filter is not supported with \"--volumes\"\n", stderr);
		return EXIT_FAILED;
	}
	if (!options->force && !system_confirm(options))
		return 0;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct err err;
		int rc =
		    rows[i].wanted ? prune_run(cli, rows[i].kind, options->filter, rows[i].more, &reclaimed, &err) : 0;
		/* A kind that the engine does not know yet holds the others up as little as it would hide. */
		if (rc < 0) {
			cli_failed(&err);
			status = rc == -EOPNOTSUPP ? status : EXIT_FAILED;
		}
	}
	prune_total(reclaimed);
	return status;
}

const struct command command_system_prune = {
    .path = "system prune",
    .usage = "",
    .summary = "Remove unused data",
    .args_min = 0,
    .args_max = 0,
    .options = system_rows,
    .options_size = sizeof(struct prune_options),
    .run = system_run,
};
