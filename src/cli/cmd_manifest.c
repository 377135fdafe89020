/*
 * manifest inspect, create, annotate, push, rm. Lists under construction are kept where Docker's client keeps them:
 * below manifests/ of its directory, one folder for a list, one file for each manifest in it.
 */
#include "cli/commands.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/config_file.h"
#include "cli/credentials.h"
#include "docker/reference.h"
#include "docker/registry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { MANIFEST_FILE_MAX = 16 << 20, MANIFESTS_MAX = 256 };

struct manifest_options {
	bool amend, insecure, verbose, purge;
	const char *arch, *os, *os_version, *variant;
	char **os_features;
};

/* --- the registry --- */

static int manifest_get(struct cli *cli, const char *reference, bool insecure, struct registry_manifest *out_manifest,
			struct err *err)
{
	struct client_request request = {.method = "GET"};
	int rc = credentials_header(&cli->arena, reference, &request.registry_auth, err);
	request.path =
	    arena_printf(&cli->arena, "%s?insecure=%d", cli_path(cli, "/registry/%s/manifest", reference), insecure);
	if (rc == 0)
		rc = client_struct(&cli->client, &request, &table_registry_manifest, out_manifest, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "no such manifest: %s", reference);
	return rc;
}

static int raw_print(const struct registry_manifest *manifest, struct err *err)
{
	auto_buf text = BUF_INIT(MANIFEST_FILE_MAX), shown = BUF_INIT(MANIFEST_FILE_MAX);
	auto_arena arena = {0};
	const struct json *value;
	int rc = base64_decode(&text, manifest->raw ? manifest->raw : "", err);
	if (rc == 0)
		rc = json_parse(&arena, buf_str(&text), text.len, "manifest", &value, err);
	if (rc < 0)
		return rc;
	json_indent(&shown, value, 8);
	print("%s\n", buf_str(&shown));
	return 0;
}

/* What --verbose shows of one manifest. */
static int entry_value(struct cli *cli, const struct registry_manifest *manifest, struct buf *out, struct err *err)
{
	auto_buf text = BUF_INIT(MANIFEST_FILE_MAX);
	bool docker = text_equal(manifest->descriptor.media_type, DOCKER_MEDIA_MANIFEST);
	int rc = base64_decode(&text, manifest->raw ? manifest->raw : "", err);
	if (rc < 0)
		return rc;
	(void)cli;
	buf_text(out, "{\"Ref\":");
	json_encode_string(out, manifest->reference);
	buf_text(out, ",\"Descriptor\":{\"mediaType\":");
	json_encode_string(out, manifest->descriptor.media_type);
	buf_printf(out, ",\"digest\":\"%s\",\"size\":%lld", manifest->descriptor.digest,
		   (long long)manifest->descriptor.size);
	if (manifest->platform) {
		buf_text(out, ",\"platform\":");
		json_encode(out, &table_oci_platform, manifest->platform);
	}
	auto_buf raw = BUF_INIT(2 * MANIFEST_FILE_MAX);
	base64_encode(&raw, buf_str(&text), text.len, false);
	buf_printf(out, "},\"Raw\":\"%s\",\"%s\":%s}", buf_str(&raw), docker ? "SchemaV2Manifest" : "OCIManifest",
		   buf_str(&text));
	return 0;
}

static int verbose_print(struct cli *cli, const struct registry_manifest *manifest, struct err *err)
{
	auto_buf text = BUF_INIT(4 * MANIFEST_FILE_MAX), shown = BUF_INIT(8 * MANIFEST_FILE_MAX);
	const struct json *value;
	bool list = manifest->manifests.count > 0;
	int rc = list ? 0 : entry_value(cli, manifest, &text, err);
	buf_text(&text, list ? "[" : "");
	for (size_t i = 0; rc == 0 && i < manifest->manifests.count; i++) {
		buf_text(&text, i ? "," : "");
		rc = entry_value(cli, &manifest->manifests.items[i], &text, err);
	}
	buf_text(&text, list ? "]" : "");
	if (rc == 0)
		rc = json_parse(&cli->arena, buf_str(&text), text.len, "manifests", &value, err);
	if (rc < 0)
		return rc;
	json_indent(&shown, value, 8);
	print("%s\n", buf_str(&shown));
	return 0;
}

/* --- lists that are kept here --- */

/* "docker.io/library/a:1" as the name of a folder: Docker's way. */
static char *folder_name(struct cli *cli, const char *reference, struct err *err)
{
	struct reference parsed;
	char full[REFERENCE_TEXT_MAX];
	if (reference_parse(reference, &parsed, err) < 0)
		return NULL;
	reference_set_default_tag(&parsed);
	reference_full(&parsed, full);
	auto_buf name = BUF_INIT(4 * REFERENCE_TEXT_MAX);
	for (const char *at = full; *at; at++) {
		if (*at == '/')
			buf_char(&name, '_');
		else
			buf_char(&name, *at == ':' || *at == '@' ? '-' : *at);
	}
	return arena_strdup(&cli->arena, buf_str(&name));
}

static int lists_open(struct cli *cli, bool make, int *out_fd, struct err *err)
{
	const char *dir;
	int rc = config_dir(&cli->arena, &dir, err);
	if (rc < 0)
		return rc;
	const char *path = arena_printf(&cli->arena, "%s/manifests", dir);
	if (make && ((mkdir(dir, 0700) < 0 && errno != EEXIST) || (mkdir(path, 0755) < 0 && errno != EEXIST)))
		return err_sys(err, "make %s", path);
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	*out_fd = fd;
	return 0;
}

static int list_open(struct cli *cli, const char *list, bool make, int *out_fd, struct err *err)
{
	auto_fd int lists = -1;
	const char *name = folder_name(cli, list, err);
	int rc = name ? lists_open(cli, make, &lists, err) : -err->code;
	if (rc < 0)
		return rc;
	if (make && mkdirat(lists, name, 0755) < 0 && errno != EEXIST)
		return err_sys(err, "make the list %s", list);
	int fd = openat(lists, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "open the list %s", list);
	*out_fd = fd;
	return 0;
}

static int entry_write(struct cli *cli, int list, const char *reference, const struct registry_manifest *manifest,
		       struct err *err)
{
	auto_buf text = BUF_INIT(MANIFEST_FILE_MAX);
	const char *name = folder_name(cli, reference, err);
	if (!name)
		return -err->code;
	json_encode(&text, &table_registry_manifest, manifest);
	return file_replace(list, name, buf_str(&text), text.len, 0644, err);
}

static int entry_read(struct cli *cli, int list, const char *name, struct registry_manifest *out_manifest,
		      struct err *err)
{
	auto_buf text = BUF_INIT(MANIFEST_FILE_MAX);
	int rc = file_read(list, name, &text, err);
	return rc < 0 ? rc
		      : json_load(&cli->arena, &table_registry_manifest, buf_str(&text), text.len, name, 0,
				  out_manifest, err);
}

static int names_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int entries_read(struct cli *cli, int list, struct registry_manifest **out_items, size_t *out_count,
			struct err *err)
{
	char *names[MANIFESTS_MAX];
	size_t count = 0;
	int fd = openat(list, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc = 0;
	auto_dir DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	if (!dir)
		return err_sys(err, "read the list");
	while ((entry = readdir(dir)) && count < MANIFESTS_MAX)
		if (entry->d_name[0] != '.')
			names[count++] = arena_strdup(&cli->arena, entry->d_name);
	qsort(names, count, sizeof *names, names_compare);
	struct registry_manifest *items = arena_array(&cli->arena, struct registry_manifest, count + 1);
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = entry_read(cli, list, names[i], &items[i], err);
	*out_items = items;
	*out_count = count;
	return rc;
}

/* The list as it is pushed: OCI's when all of its manifests are. */
static void list_print(struct buf *out, const struct registry_manifest *items, size_t count, const char **out_type)
{
	bool oci = count > 0;
	for (size_t i = 0; i < count; i++)
		oci = oci && text_equal(items[i].descriptor.media_type, OCI_MEDIA_MANIFEST);
	*out_type = oci ? OCI_MEDIA_INDEX : DOCKER_MEDIA_LIST;
	buf_printf(out, "{\n   \"schemaVersion\": 2,\n   \"mediaType\": \"%s\",\n   \"manifests\": [", *out_type);
	for (size_t i = 0; i < count; i++) {
		const struct distribution_descriptor *descriptor = &items[i].descriptor;
		buf_printf(out,
			   "%s\n      {\n         \"mediaType\": \"%s\",\n         \"size\": %lld,\n         "
			   "\"digest\": \"%s\"",
			   i ? "," : "", descriptor->media_type, (long long)descriptor->size, descriptor->digest);
		if (items[i].platform) {
			buf_text(out, ",\n         \"platform\": ");
			json_encode(out, &table_oci_platform, items[i].platform);
		}
		buf_text(out, "\n      }");
	}
	buf_text(out, "\n   ]\n}");
}

/* --- inspect --- */

static const struct option_row inspect_rows[] = {
    O_BOOL(struct manifest_options, insecure, "insecure", 0, "Allow communication with an insecure registry"),
    O_BOOL(struct manifest_options, verbose, "verbose", 'v', "Output additional info including layers and platform"),
    O_END,
};

static int inspect_do(struct cli *cli, struct err *err)
{
	const struct manifest_options *options = cli->options;
	struct registry_manifest manifest = {0};
	struct err missing;
	auto_fd int list = -1;
	bool in_list = cli->arg_count > 1;
	const char *name = cli->args[in_list ? 1 : 0];
	int rc;
	/* A list under construction is shown as it would be pushed. */
	if (list_open(cli, cli->args[0], false, &list, &missing) == 0) {
		if (in_list) {
			const char *file = folder_name(cli, name, err);
			rc = file ? entry_read(cli, list, file, &manifest, err) : -err->code;
		} else {
			rc = entries_read(cli, list, &manifest.manifests.items, &manifest.manifests.count, err);
			auto_buf text = BUF_INIT(MANIFEST_FILE_MAX), raw = BUF_INIT(2 * MANIFEST_FILE_MAX);
			const char *type;
			list_print(&text, manifest.manifests.items, manifest.manifests.count, &type);
			base64_encode(&raw, buf_str(&text), text.len, false);
			manifest.raw = arena_strdup(&cli->arena, buf_str(&raw));
		}
	} else {
		rc = manifest_get(cli, name, options->insecure, &manifest, err);
	}
	if (rc < 0)
		return rc;
	return options->verbose ? verbose_print(cli, &manifest, err) : raw_print(&manifest, err);
}

static int run(struct cli *cli, int (*what)(struct cli *cli, struct err *err))
{
	struct err err;
	return what(cli, &err) < 0 ? cli_failed(&err) : 0;
}

static int inspect_run(struct cli *cli)
{
	return run(cli, inspect_do);
}

const struct command command_manifest_inspect = {
    .path = "manifest inspect",
    .usage = "[MANIFEST_LIST] MANIFEST",
    .summary = "Display an image manifest, or manifest list",
    .args_min = 1,
    .args_max = 2,
    .options = inspect_rows,
    .options_size = sizeof(struct manifest_options),
    .run = inspect_run,
};

/* --- create --- */

static const struct option_row create_list_rows[] = {
    O_BOOL(struct manifest_options, amend, "amend", 'a', "Amend an existing manifest list"),
    O_BOOL(struct manifest_options, insecure, "insecure", 0, "Allow communication with an insecure registry"),
    O_END,
};

static int create_do(struct cli *cli, struct err *err)
{
	const struct manifest_options *options = cli->options;
	struct reference reference;
	struct err missing;
	auto_fd int list = -1;
	char full[REFERENCE_TEXT_MAX];
	if (list_open(cli, cli->args[0], false, &list, &missing) == 0 && !options->amend)
		return err_set(err, EEXIST, "refusing to amend an existing manifest list with no --amend flag");
	/* All of them are looked at before the list comes to be. */
	struct registry_manifest *items = arena_array(&cli->arena, struct registry_manifest, cli->arg_count);
	int rc = reference_parse(cli->args[0], &reference, err);
	for (size_t i = 1; rc == 0 && i < cli->arg_count; i++) {
		rc = manifest_get(cli, cli->args[i], options->insecure, &items[i], err);
		if (rc == 0 && items[i].manifests.count > 0)
			rc = err_set(err, EINVAL, "%s is a manifest list", cli->args[i]);
	}
	if (rc == 0 && list < 0)
		rc = list_open(cli, cli->args[0], true, &list, err);
	for (size_t i = 1; rc == 0 && i < cli->arg_count; i++)
		rc = entry_write(cli, list, cli->args[i], &items[i], err);
	if (rc < 0)
		return rc;
	reference_set_default_tag(&reference);
	reference_full(&reference, full);
	print("Created manifest list %s\n", full);
	return 0;
}

static int create_list_run(struct cli *cli)
{
	return run(cli, create_do);
}

const struct command command_manifest_create = {
    .path = "manifest create",
    .usage = "MANIFEST_LIST MANIFEST [MANIFEST...]",
    .summary = "Create a local manifest list for annotating and pushing to a registry",
    .args_min = 2,
    .args_max = ARGS_ANY,
    .options = create_list_rows,
    .options_size = sizeof(struct manifest_options),
    .run = create_list_run,
};

/* --- annotate --- */

static const struct option_row annotate_rows[] = {
    O_STRING(struct manifest_options, arch, "arch", 0, "string", "Set architecture"),
    O_STRING(struct manifest_options, os, "os", 0, "string", "Set operating system"),
    O_LIST(struct manifest_options, os_features, "os-features", 0, "strings", "Set operating system feature"),
    O_STRING(struct manifest_options, os_version, "os-version", 0, "string", "Set operating system version"),
    O_STRING(struct manifest_options, variant, "variant", 0, "string", "Set architecture variant"),
    O_END,
};

static int annotate_do(struct cli *cli, struct err *err)
{
	const struct manifest_options *options = cli->options;
	struct registry_manifest manifest = {0};
	auto_fd int list = -1;
	const char *file = folder_name(cli, cli->args[1], err);
	int rc = file ? list_open(cli, cli->args[0], false, &list, err) : -err->code;
	if (rc == 0)
		rc = entry_read(cli, list, file, &manifest, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "manifest for image %s does not exist in %s", cli->args[1], cli->args[0]);
	if (rc < 0)
		return rc;
	if (!manifest.platform)
		manifest.platform = arena_new(&cli->arena, struct oci_platform);
	struct oci_platform *platform = manifest.platform;
	const struct {
		const char *value;
		char **member;
	} rows[] = {{options->arch, &platform->architecture},
		    {options->os, &platform->os},
		    {options->os_version, &platform->os_version},
		    {options->variant, &platform->variant}};
	for (size_t i = 0; i < array_size(rows); i++)
		if (!text_empty(rows[i].value))
			*rows[i].member = (char *)(uintptr_t)rows[i].value;
	if (options->os_features && options->os_features[0])
		platform->os_features = options->os_features;
	return entry_write(cli, list, cli->args[1], &manifest, err);
}

static int annotate_run(struct cli *cli)
{
	return run(cli, annotate_do);
}

const struct command command_manifest_annotate = {
    .path = "manifest annotate",
    .usage = "MANIFEST_LIST MANIFEST",
    .summary = "Add additional information to a local image manifest",
    .args_min = 2,
    .args_max = 2,
    .options = annotate_rows,
    .options_size = sizeof(struct manifest_options),
    .run = annotate_run,
};

/* --- push, rm --- */

static const struct option_row push_list_rows[] = {
    O_BOOL(struct manifest_options, insecure, "insecure", 0, "Allow push to an insecure registry"),
    O_BOOL(struct manifest_options, purge, "purge", 'p', "Remove the local manifest list after push"),
    O_END,
};

static int list_remove(struct cli *cli, const char *list, struct err *err)
{
	auto_fd int lists = -1, found = -1;
	const char *name = folder_name(cli, list, err);
	int rc = name ? lists_open(cli, false, &lists, err) : -err->code;
	if (rc == 0)
		rc = list_open(cli, list, false, &found, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "No such manifest: %s", list);
	return rc < 0 ? rc : path_remove_tree(lists, name, err);
}

static int push_do(struct cli *cli, struct err *err)
{
	const struct manifest_options *options = cli->options;
	struct client_request request = {.method = "PUT"};
	struct registry_manifest *items;
	size_t count;
	auto_fd int list = -1;
	auto_buf text = BUF_INIT(MANIFEST_FILE_MAX), raw = BUF_INIT(2 * MANIFEST_FILE_MAX),
		 body = BUF_INIT(4 * MANIFEST_FILE_MAX);
	const char *type;
	const struct json *answer;
	int rc = list_open(cli, cli->args[0], false, &list, err);
	if (rc == -ENOENT)
		return err_set(err, ENOENT, "manifest list %s does not exist", cli->args[0]);
	if (rc == 0)
		rc = entries_read(cli, list, &items, &count, err);
	if (rc == 0)
		rc = credentials_header(&cli->arena, cli->args[0], &request.registry_auth, err);
	if (rc < 0)
		return rc;
	list_print(&text, items, count, &type);
	base64_encode(&raw, buf_str(&text), text.len, false);
	struct registry_list_put put = {.raw = raw.data, .media_type = (char *)(uintptr_t)type};
	put.references = arena_array(&cli->arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		put.references[i] = items[i].reference;
	json_encode(&body, &table_registry_list_put, &put);
	request.json = buf_str(&body);
	request.path = arena_printf(&cli->arena, "%s?insecure=%d", cli_path(cli, "/registry/%s/manifest", cli->args[0]),
				    options->insecure);
	rc = client_json(&cli->client, &request, &answer, err);
	if (rc < 0)
		return rc;
	const struct json *digest = json_get(answer, "Digest");
	print("%s\n", digest && digest->kind == JSON_STRING ? digest->text : "");
	return options->purge ? list_remove(cli, cli->args[0], err) : 0;
}

static int push_list_run(struct cli *cli)
{
	return run(cli, push_do);
}

const struct command command_manifest_push = {
    .path = "manifest push",
    .usage = "MANIFEST_LIST",
    .summary = "Push a manifest list to a repository",
    .args_min = 1,
    .args_max = 1,
    .options = push_list_rows,
    .options_size = sizeof(struct manifest_options),
    .run = push_list_run,
};

static int rm_run(struct cli *cli)
{
	int status = 0;
	for (size_t i = 0; i < cli->arg_count; i++) {
		struct err err;
		if (list_remove(cli, cli->args[i], &err) < 0)
			status = cli_failed(&err);
	}
	return status;
}

const struct command command_manifest_rm = {
    .path = "manifest rm",
    .usage = "MANIFEST_LIST [MANIFEST_LIST...]",
    .summary = "Delete one or more manifest lists from local storage",
    .args_min = 1,
    .args_max = ARGS_ANY,
    .run = rm_run,
};
