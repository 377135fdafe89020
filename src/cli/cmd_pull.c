/* pull and push. */
#include "cli/commands.h"

#include "base/text.h"
#include "cli/credentials.h"
#include "cli/progress.h"
#include "cli/pull.h"
#include "docker/reference.h"

#include <string.h>

static int stream_show(struct cli *cli, const struct client_request *request, struct progress_view *view,
		       struct err *err)
{
	struct client_stream stream;
	int rc = client_open(&cli->client, request, &stream, err);
	if (rc < 0)
		return rc;
	rc = progress_show(view, &stream, err);
	client_stream_done(&stream);
	return rc;
}

int pull_image(struct cli *cli, const struct pull_request *pull, struct err *err)
{
	struct reference reference;
	struct progress_view view = {.arena = &cli->arena, .out = pull->out, .quiet = pull->quiet};
	struct client_request request = {.method = "POST"};
	char name[REFERENCE_TEXT_MAX];
	auto_buf path = BUF_INIT(64 << 10);
	const char *platform = text_empty(pull->platform) ? getenv("DOCKER_DEFAULT_PLATFORM") : pull->platform;
	int rc = reference_parse(pull->reference, &reference, err);
	if (rc == 0)
		rc = credentials_header(&cli->arena, pull->reference, &request.registry_auth, err);
	if (rc < 0)
		return rc;
	reference_familiar_name(&reference, name);
	buf_text(&path, "/images/create?fromImage=");
	path_escape(&path, name);
	if (*reference.tag || *reference.digest) {
		buf_text(&path, "&tag=");
		path_escape(&path, *reference.digest ? reference.digest : reference.tag);
	}
	if (!text_empty(platform)) {
		buf_text(&path, "&platform=");
		path_escape(&path, platform);
	}
	request.path = buf_str(&path);
	return stream_show(cli, &request, &view, err);
}

/* --- pull --- */

struct pull_options {
	bool all_tags, quiet;
	const char *platform;
	bool content_trust;
};

static const struct option_row pull_rows[] = {
    O_BOOL(struct pull_options, all_tags, "all-tags", 'a', "Download all tagged images in the repository"),
    O_BOOL(struct pull_options, content_trust, "disable-content-trust", 0, "Skip image verification (deprecated)"),
    O_STRING(struct pull_options, platform, "platform", 0, "string",
	     "Set platform if server is multi-platform capable"),
    O_BOOL(struct pull_options, quiet, "quiet", 'q', "Suppress verbose output"),
    O_END,
};

static int pull_run(struct cli *cli)
{
	const struct pull_options *options = cli->options;
	struct reference reference;
	struct err err;
	char full[REFERENCE_TEXT_MAX];
	if (reference_parse(cli->args[0], &reference, &err) < 0)
		return cli_failed(&err);
	bool bare = !*reference.tag && !*reference.digest;
	if (options->all_tags && !bare) {
		fprintf(stderr, "tag can't be used with --all-tags/-a\n");
		return EXIT_FAILED;
	}
	if (!options->all_tags && bare) {
		reference_set_default_tag(&reference);
		if (!options->quiet)
			print("Using default tag: %s\n", reference.tag);
		fflush(stdout);
	}
	reference_full(&reference, full);
	const struct pull_request pull = {
	    .reference = full, .platform = options->platform, .quiet = options->quiet, .out = stdout};
	if (pull_image(cli, &pull, &err) < 0)
		return cli_failed(&err);
	print("%s\n", full);
	return 0;
}

const struct command command_pull = {
    .path = "image pull",
    .shortcut = "pull",
    .usage = "NAME[:TAG|@DIGEST]",
    .summary = "Download an image from a registry",
    .args_min = 1,
    .args_max = 1,
    .options = pull_rows,
    .options_size = sizeof(struct pull_options),
    .run = pull_run,
};

/* --- push --- */

struct push_options {
	bool all_tags, quiet;
	const char *platform;
	bool content_trust;
};

static const struct option_row push_rows[] = {
    O_BOOL(struct push_options, all_tags, "all-tags", 'a', "Push all tags of an image to the repository"),
    O_BOOL(struct push_options, content_trust, "disable-content-trust", 0, "Skip image signing (deprecated)"),
    O_STRING(struct push_options, platform, "platform", 0, "string",
	     "Push a platform-specific manifest as a single-platform image to the registry"),
    O_BOOL(struct push_options, quiet, "quiet", 'q', "Suppress verbose output"),
    O_END,
};

static int push_run(struct cli *cli)
{
	const struct push_options *options = cli->options;
	struct reference reference;
	struct progress_view view = {.arena = &cli->arena, .out = stdout, .quiet = options->quiet};
	struct client_request request = {.method = "POST"};
	char name[REFERENCE_TEXT_MAX], full[REFERENCE_TEXT_MAX];
	auto_buf path = BUF_INIT(64 << 10);
	struct err err;
	if (reference_parse(cli->args[0], &reference, &err) < 0)
		return cli_failed(&err);
	if (options->all_tags && (*reference.tag || *reference.digest)) {
		fprintf(stderr, "tag can't be used with --all-tags/-a\n");
		return EXIT_FAILED;
	}
	if (*reference.digest) {
		fprintf(stderr, "cannot push a digest reference\n");
		return EXIT_FAILED;
	}
	if (!options->all_tags && !*reference.tag) {
		reference_set_default_tag(&reference);
		if (!options->quiet)
			print("Using default tag: %s\n", reference.tag);
		fflush(stdout);
	}
	reference_familiar_name(&reference, name);
	reference_full(&reference, full);
	buf_text(&path, cli_path(cli, "/images/%s/push?tag=", name));
	path_escape(&path, options->all_tags ? "" : reference.tag);
	if (!text_empty(options->platform)) {
		buf_text(&path, "&platform=");
		path_escape(&path, options->platform);
	}
	request.path = buf_str(&path);
	if (credentials_header(&cli->arena, cli->args[0], &request.registry_auth, &err) < 0 ||
	    stream_show(cli, &request, &view, &err) < 0)
		return cli_failed(&err);
	if (options->quiet)
		print("%s\n", full);
	return 0;
}

const struct command command_push = {
    .path = "image push",
    .shortcut = "push",
    .usage = "NAME[:TAG]",
    .summary = "Upload an image to a registry",
    .args_min = 1,
    .args_max = 1,
    .options = push_rows,
    .options_size = sizeof(struct push_options),
    .run = push_run,
};
