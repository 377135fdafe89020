#include "cli/commands.h"

#include "base/text.h"
#include "cli/download.h"

struct save_options {
	const char *output;
	char **platform;
};

static const struct option_row save_rows[] = {
    O_STRING(struct save_options, output, "output", 'o', "string", "Write to a file, instead of STDOUT"),
    O_LIST(struct save_options, platform, "platform", 0, "strings",
	   "Save only the given platform(s). Formatted as a comma-separated list of \"os[/arch[/variant]]\" (e.g., "
	   "\"linux/amd64,linux/arm64/v8\")"),
    O_END,
};

static int save_run(struct cli *cli)
{
	const struct save_options *options = cli->options;
	auto_buf path = BUF_INIT(4 << 20);
	struct err err;
	buf_text(&path, "/images/get");
	for (size_t i = 0; i < cli->arg_count; i++) {
		buf_text(&path, i == 0 ? "?names=" : "&names=");
		path_escape(&path, cli->args[i]);
	}
	for (char **list = options->platform; list && *list; list++) {
		auto_strv char **words = strv_split(*list, ',');
		for (char **word = words; *word; word++) {
			buf_text(&path, "&platform=");
			path_escape(&path, *word);
		}
	}
	return download(cli, buf_str(&path), options->output, &err) < 0 ? cli_failed(&err) : 0;
}

const struct command command_save = {
    .path = "image save",
    .shortcut = "save",
    .usage = "IMAGE [IMAGE...]",
    .summary = "Save one or more images to a tar archive (streamed to STDOUT by default)",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .options = save_rows,
    .options_size = sizeof(struct save_options),
    .run = save_run,
};
