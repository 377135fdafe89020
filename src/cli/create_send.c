#include "cli/create_options.h"

#include "base/text.h"
#include "cli/pull.h"
#include "docker/reference.h"

#include <stdio.h>
#include <string.h>

static const char *create_path(struct cli *cli, const struct create_options *options)
{
	auto_buf path = BUF_INIT(64 << 10);
	buf_text(&path, "/containers/create");
	if (options->name) {
		buf_text(&path, "?name=");
		path_escape(&path, options->name);
	}
	if (!text_empty(options->platform)) {
		buf_text(&path, options->name ? "&platform=" : "?platform=");
		path_escape(&path, options->platform);
	}
	return arena_strdup(&cli->arena, buf_str(&path));
}

/* Docker pulls on standard error, and names the tag that it adds. */
static int image_bring(struct cli *cli, const struct create_options *options, const char *image, struct err *err)
{
	const char *slash = strrchr(image, '/');
	bool named = strchr(slash ? slash : image, ':') || strchr(image, '@');
	const struct pull_request pull = {.reference = arena_printf(&cli->arena, "%s%s", image, named ? "" : ":latest"),
					  .platform = options->platform,
					  .quiet = options->quiet,
					  .out = stderr};
	return pull_image(cli, &pull, err);
}

static void missing_tell(const char *image)
{
	struct reference reference;
	struct err ignored;
	char text[REFERENCE_TEXT_MAX];
	if (reference_parse(image, &reference, &ignored) < 0)
		return;
	reference_set_default_tag(&reference);
	reference_familiar(&reference, text);
	fprintf(stderr, "Unable to find image '%s' locally\n", text);
}

int create_send(struct cli *cli, const struct create_options *options, const struct container_create *request,
		struct container_created *out_created, struct err *err)
{
	auto_buf body = BUF_INIT(CLIENT_BODY_MAX);
	const char *image = request->config.image, *when = options->pull ? options->pull : "missing";
	json_encode(&body, &table_container_create, request);
	int rc = buf_check(&body, "the request", err);
	if (rc == 0 && text_equal(when, "always"))
		rc = image_bring(cli, options, image, err);
	if (rc < 0)
		return rc;
	const struct client_request call = {
	    .method = "POST", .path = create_path(cli, options), .json = buf_str(&body)};
	rc = client_struct(&cli->client, &call, &table_container_created, out_created, err);
	bool missing = rc == -ENOENT && (strstr(err->msg, "No such image") || strstr(err->msg, "specified platform"));
	if (!missing || !text_equal(when, "missing"))
		return rc;
	missing_tell(image);
	rc = image_bring(cli, options, image, err);
	return rc < 0 ? rc : client_struct(&cli->client, &call, &table_container_created, out_created, err);
}
