#include "cli/cli.h"

#include "base/nearest.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/help.h"
#include "cli/plugin.h"
#include "cli/start_engine.h"

#include <signal.h>
#include <string.h>

#define SOCKET_DEFAULT "unix:///run/tug/tug.sock"

struct global_options {
	const char *host;
	bool version;
	bool debug;
	const char *log_level;
};

const struct option_row global_rows[] = {
    O_STRING(struct global_options, host, "host", 'H', "string",
	     "The engine's socket (unix:///PATH or tcp://HOST:PORT)"),
    O_BOOL(struct global_options, version, "version", 'v', "Print version information and quit"),
    O_BOOL(struct global_options, debug, "debug", 'D', "Accepted for Docker's sake"),
    O_STRING(struct global_options, log_level, "log-level", 'l', "string", "Accepted for Docker's sake"),
    O_ABSENT("config", "string", ""),
    {.name = "context", .letter = 'c', .type = OPTION_ABSENT, .help = ""},
    O_ABSENT_BOOL("tls", ""),
    O_ABSENT("tlscacert", "string", ""),
    O_ABSENT("tlscert", "string", ""),
    O_ABSENT("tlskey", "string", ""),
    O_ABSENT_BOOL("tlsverify", ""),
    O_END,
};

/* --- what commands share --- */

void print(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vfprintf(stdout, format, args);
	va_end(args);
}

enum { SAY_MAX = 1 << 20 };

void cli_say(const char *prefix, const char *text)
{
	auto_buf shown = BUF_INIT(4 * SAY_MAX);
	buf_printable(&shown, text, "\n\t");
	fflush(stdout);
	fprintf(stderr, "%s%s\n", prefix, buf_str(&shown));
}

void cli_complain(const struct err *err)
{
	cli_say("tug: ", err->msg);
}

int cli_failed(const struct err *err)
{
	cli_say("", err->msg);
	return EXIT_FAILED;
}

/* Docker's rule: what the program could not be started for is in the words of the message. */
static int status_of_message(const char *message)
{
	static const struct {
		const char *words;
		int status;
	} rows[] = {
	    {"executable file not found", EXIT_NOT_FOUND}, {"no such file or directory", EXIT_NOT_FOUND},
	    {"not a directory", EXIT_NOT_FOUND},	   {"permission denied", EXIT_NOT_RUNNABLE},
	    {"is a directory", EXIT_NOT_RUNNABLE},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		if (strcasestr(message, rows[i].words))
			return rows[i].status;
	}
	return EXIT_USAGE;
}

int cli_run_failed(struct cli *cli, const struct err *err)
{
	cli_complain(err);
	fprintf(stderr, "\nRun 'tug %s --help' for more information\n", cli->called);
	/* Only what the engine says about starting a program; not, say, that our socket is missing. */
	return text_after(err->msg, "Error response from daemon:") ? status_of_message(err->msg) : EXIT_USAGE;
}

int cli_each(struct cli *cli, int (*one)(struct cli *cli, const char *name, struct err *err))
{
	int status = 0;
	for (size_t i = 0; i < cli->arg_count; i++) {
		struct err err;
		if (one(cli, cli->args[i], &err) < 0)
			status = cli_failed(&err);
		else
			print("%s\n", cli->args[i]);
	}
	return status;
}

const char *cli_path(struct cli *cli, const char *pattern, const char *name)
{
	auto_buf escaped = BUF_INIT(64 << 10), path = BUF_INIT(128 << 10);
	const char *hole = strstr(pattern, "%s");
	path_escape(&escaped, name);
	buf_append(&path, pattern, (size_t)(hole - pattern));
	buf_text(&path, buf_str(&escaped));
	buf_text(&path, hole + 2);
	return arena_strdup(&cli->arena, buf_str(&path));
}

/* --- finding the command --- */

/* The last word of a path. */
static const char *path_leaf(const char *path)
{
	const char *space = strrchr(path, ' ');
	return space ? space + 1 : path;
}

static const struct command *command_find(char *const *words, size_t *out_used)
{
	for (const struct command *const *at = commands; *at; at++) {
		const struct command *command = *at;
		if ((command->shortcut && text_equal(words[0], command->shortcut)) ||
		    text_equal(words[0], command->path)) {
			*out_used = 1;
			return command;
		}
		const char *leaf = path_leaf(command->path);
		size_t group = (size_t)(leaf - command->path);
		if (group == 0 || !words[1] || strlen(words[0]) != group - 1 ||
		    strncmp(words[0], command->path, group - 1) != 0)
			continue;
		bool by_shortcut = command->shortcut && text_equal(words[1], command->shortcut);
		if (text_equal(words[1], leaf) || (command->alias && text_equal(words[1], command->alias)) ||
		    (by_shortcut && text_equal(command->shortcut, "ps"))) {
			*out_used = 2;
			return command;
		}
	}
	return NULL;
}

/* Whether Docker has the command that these words call, and we do not yet. */
static const char *absent_find(char *const *words)
{
	for (const char *const *path = commands_absent; *path; path++) {
		const char *rest = text_after(*path, words[0]);
		if (rest && (*rest == 0 || (*rest == ' ' && words[1] && text_equal(rest + 1, words[1]))))
			return *path;
	}
	return NULL;
}

/* "\n\nDid you mean this? tug images", or "": of the words of the first place, or of a group. */
static const char *meant(struct arena *arena, const char *group, const char *word)
{
	const char *names[HELP_COMMANDS_MAX];
	/* Of a short word two letters are nearly all. */
	const char *best = word_nearest(word, names, help_names(group, names), strlen(word) < 4 ? 2 : 3);
	return best ? arena_printf(arena, "\n\nDid you mean this?  tug %s%s%s", group ? group : "", group ? " " : "",
				   best)
		    : "";
}

/* A group alone, help, or a word that is nothing. */
static int no_command(char *const *words)
{
	auto_arena arena = {0};
	if (!words[0]) {
		help_all(stdout);
		return 0;
	}
	bool group = help_has_group(words[0]);
	if (group && (!words[1] || text_equal(words[1], "--help") || text_equal(words[1], "-h"))) {
		help_group(words[0], stdout);
		return 0;
	}
	const char *absent = absent_find(words);
	if (absent)
		fprintf(stderr, "tug: %s: known to Docker, not there yet\n", absent);
	else if (group)
		fprintf(stderr,
			"tug: unknown command: tug %s %s%s\n\nUsage:  tug %s COMMAND\n\nRun 'tug %s --help' for more "
			"information\n",
			words[0], words[1], meant(&arena, words[0], words[1]), words[0], words[0]);
	else
		fprintf(stderr, "tug: unknown command: tug %s%s\n\nRun 'tug --help' for more information\n", words[0],
			meant(&arena, NULL, words[0]));
	return EXIT_FAILED;
}

/* A command of a plugin: becomes it. 0: there is none. */
static int plugin_try(struct cli *cli, char **argv, char *const *words)
{
	const char *refused, *path = plugin_find(&cli->arena, words[0], &refused);
	struct err err;
	if (!path && !refused)
		return 0;
	if (!path) {
		err_set(&err, EPERM,
			"%s is not run: it and its folder must be root's or yours, and nobody else's to write",
			refused);
	} else {
		auto_fd int fd = -1;
		/* A plugin does not know how to start an engine. Its own words tell where that fails. */
		if (cli->client.start && client_connect(&cli->client, &fd, &err) < 0)
			cli_complain(&err);
		if (plugin_run(path, argv, cli->client.endpoint.text, &err) == 0)
			return 0;
	}
	cli_complain(&err);
	return EXIT_FAILED;
}

static int help_of(char *const *words)
{
	size_t used;
	const struct command *command = words[0] ? command_find(words, &used) : NULL;
	if (!command)
		return no_command(words);
	help_command(command, used == 2 ? command->path : words[0], stdout);
	return 0;
}

/* --- running it --- */

static int usage_failed(const struct cli *cli, const char *word, const char *message, int status)
{
	fprintf(stderr, "%s\n\n", message);
	help_usage(cli->command, cli->called, stderr);
	fprintf(stderr, "\n%s 'tug %s --help' for more information\n", word, cli->called);
	return status;
}

/* Docker's sentences about the number of arguments. */
static int arity_check(const struct cli *cli)
{
	const struct command *command = cli->command;
	int count = (int)cli->arg_count, min = command->args_min, max = command->args_max;
	if (count >= min && (max == ARGS_ANY || count <= max))
		return 0;
	auto_free char *message = NULL;
	const char *plural = (max == ARGS_ANY ? min : max) == 1 ? "" : "s";
	if (max == ARGS_ANY)
		message = x_printf("tug: 'tug %s' requires at least %d argument%s", cli->called, min, plural);
	else if (max == 0)
		message = x_printf("tug: 'tug %s' accepts no arguments", cli->called);
	else if (min == max)
		message = x_printf("tug: 'tug %s' requires %d argument%s", cli->called, max, plural);
	else if (min == 0)
		message = x_printf("tug: 'tug %s' requires at most %d argument%s", cli->called, max, plural);
	else
		message =
		    x_printf("tug: 'tug %s' requires at least %d and at most %d arguments", cli->called, min, max);
	return usage_failed(cli, max == ARGS_ANY ? "See" : "Run", message, EXIT_FAILED);
}

/* -H, then TUG_HOST, then DOCKER_HOST, then the default, where an engine may be started. */
static int host_choose(struct cli *cli, const char *host, struct err *err)
{
	const char *text = host;
	if (text_empty(text))
		text = getenv("TUG_HOST");
	if (text_empty(text))
		text = getenv("DOCKER_HOST");
	struct endpoint endpoint;
	int rc = endpoint_parse(text_empty(text) ? SOCKET_DEFAULT : text, &endpoint, err);
	if (rc < 0)
		return rc;
	client_init(&cli->client, &endpoint);
	if (text_empty(text))
		cli->client.start = start_engine;
	return 0;
}

static int command_run(struct cli *cli, char *const *args)
{
	static _Alignas(max_align_t) char options[OPTIONS_SIZE_MAX];
	const struct command *command = cli->command;
	struct err err;
	bool help = false;
	if (command->options_size > sizeof options)
		BUG("the options of %s take %zu bytes", command->path, command->options_size);
	if (command->defaults)
		memcpy(options, command->defaults, command->options_size);
	cli->options = options;
	cli->args = arena_array(&cli->arena, char *, strv_count(args) + 1);
	int status = 0;
	if (options_parse(command->options, options, args, !command->options_first, cli->args, &help, &err) < 0) {
		if (err.code == EOPNOTSUPP) {
			fprintf(stderr, "tug %s: %s\n", cli->called, err.msg);
			status = EXIT_USAGE;
		} else {
			status = usage_failed(cli, "Run", err.msg, EXIT_USAGE);
		}
	} else if (help) {
		help_command(command, cli->called, stdout);
	} else {
		cli->arg_count = strv_count(cli->args);
		status = arity_check(cli);
		if (status == 0)
			status = command->run(cli);
	}
	options_done(command->options, options);
	return status;
}

int cli_main(int argc, char **argv)
{
	struct global_options global = {0};
	struct cli cli = {0};
	struct err err;
	bool help = false;
	size_t used = 0;
	signal(SIGPIPE, SIG_IGN); /* writes report it */
	auto_free char **words = x_alloc((size_t)(argc + 1) * sizeof *words);
	if (options_parse(global_rows, &global, argc > 0 ? argv + 1 : argv, false, words, &help, &err) < 0) {
		if (err.code == EOPNOTSUPP)
			cli_complain(&err);
		else
			fprintf(
			    stderr,
			    "%s\n\nUsage:  tug [OPTIONS] COMMAND [ARG...]\n\nRun 'tug --help' for more information\n",
			    err.msg);
		return EXIT_USAGE;
	}
	if (global.version) {
		print("tug version %s\n", TUG_VERSION);
		return 0;
	}
	if (words[0] && text_equal(words[0], "help"))
		return help_of(words + 1);
	if (help || !words[0]) {
		help_all(stdout);
		return 0;
	}
	if (host_choose(&cli, global.host, &err) < 0) {
		cli_complain(&err);
		return EXIT_USAGE;
	}
	cli.command = command_find(words, &used);
	int status;
	if (cli.command) {
		cli.called = used == 2 ? cli.command->path : words[0];
		status = command_run(&cli, words + used);
	} else {
		status = plugin_try(&cli, argv, words);
		if (status == 0)
			status = no_command(words);
	}
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == 0)
		status = EXIT_FAILED;
	client_done(&cli.client);
	arena_done(&cli.arena);
	return status;
}
