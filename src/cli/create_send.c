#include "cli/create_options.h"

#include "base/text.h"

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

int create_send(struct cli *cli, const struct create_options *options, const struct container_create *request,
		struct container_created *out_created, struct err *err)
{
	auto_buf body = BUF_INIT(CLIENT_BODY_MAX);
	json_encode(&body, &table_container_create, request);
	int rc = buf_check(&body, "the request", err);
	if (rc < 0)
		return rc;
	const struct client_request call = {
	    .method = "POST", .path = create_path(cli, options), .json = buf_str(&body)};
	rc = client_struct(&cli->client, &call, &table_container_created, out_created, err);
	if (rc == -ENOENT && strstr(err->msg, "No such image")) {
		const char *image = request->config.image;
		const char *slash = strrchr(image, '/');
		bool named = strchr(slash ? slash : image, ':') || strchr(image, '@');
		fprintf(stderr, "Unable to find image '%s%s' locally\n", image, named ? "" : ":latest");
		return err_set(
		    err, ENOENT,
		    "%s%s is not here, and registries are not there yet: bring it by `tug load` or `tug import`", image,
		    named ? "" : ":latest");
	}
	return rc;
}
