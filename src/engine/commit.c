#include "engine/commit.h"

#include "base/log.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "docker/reference.h"
#include "engine/engine_state.h"
#include "engine/job.h"
#include "image/change.h"
#include "image/job.h"
#include "runtime/cgroup_process.h"
#include "storage/content.h"

#include <fcntl.h>
#include <string.h>

enum { CONFIG_MAX = 4 << 20 };

/* The digest of an archive without entries: no layer is made of it. */
#define EMPTY_LAYER "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef"

/* What is to be known when the layer is there; in the job's arena. */
struct context {
	char *container, *cgroup; /* cgroup: to be let go; NULL: it was not stopped */
	char *repository, *tag, *comment;
	char *config;			     /* of the new image, without the new layer, as JSON */
	char *created, *author, *created_by; /* of its history */
};

/* --- the configuration --- */

static struct oci_set_member *members_of(struct arena *arena, const struct set_member *members, size_t count)
{
	struct oci_set_member *copy = arena_array(arena, struct oci_set_member, count + 1);
	for (size_t i = 0; i < count; i++)
		copy[i].key = members[i].key;
	return copy;
}

static struct oci_healthcheck *health_of(struct arena *arena, const struct health_config *health)
{
	if (!health || !health->test || !health->test[0])
		return NULL;
	struct oci_healthcheck *copy = arena_new(arena, struct oci_healthcheck);
	*copy = (struct oci_healthcheck){
	    .test = health->test,
	    .interval = health->interval_ns,
	    .timeout = health->timeout_ns,
	    .start_period = health->start_period_ns,
	    .start_interval = health->start_interval_ns,
	    .retries = health->retries,
	};
	return copy;
}

static struct oci_image_run *run_of(struct arena *arena, const struct container_config *config)
{
	struct oci_image_run *run = arena_new(arena, struct oci_image_run);
	*run = (struct oci_image_run){
	    .user = config->user,
	    .env = config->env,
	    .entrypoint = config->entrypoint,
	    .cmd = config->cmd,
	    .working_dir = config->working_dir,
	    .labels = config->labels,
	    .stop_signal = config->stop_signal,
	    .healthcheck = health_of(arena, config->healthcheck),
	    .on_build = config->on_build,
	    .shell = config->shell,
	};
	run->exposed_ports.items = members_of(arena, config->exposed_ports.items, config->exposed_ports.count);
	run->exposed_ports.count = config->exposed_ports.count;
	run->volumes.items = members_of(arena, config->volumes.items, config->volumes.count);
	run->volumes.count = config->volumes.count;
	return run;
}

/* What the request says of its own counts; the rest is the container's. */
static void run_overlay(struct arena *arena, struct oci_image_run *run, const struct container_config *own)
{
	const struct oci_image_run *asked = own ? run_of(arena, own) : NULL;
	if (!asked)
		return;
	char **texts[] = {&run->user, &run->working_dir, &run->stop_signal};
	char *const values[] = {asked->user, asked->working_dir, asked->stop_signal};
	for (size_t i = 0; i < array_size(texts); i++)
		if (!text_empty(values[i]))
			*texts[i] = values[i];
	if (asked->env && asked->env[0])
		run->env = asked->env;
	if (asked->cmd && asked->cmd[0])
		run->cmd = asked->cmd;
	if (asked->entrypoint && asked->entrypoint[0])
		run->entrypoint = asked->entrypoint;
	if (asked->labels.count > 0)
		run->labels = asked->labels;
	if (asked->exposed_ports.count > 0)
		memcpy(&run->exposed_ports, &asked->exposed_ports, sizeof run->exposed_ports);
	if (asked->volumes.count > 0)
		memcpy(&run->volumes, &asked->volumes, sizeof run->volumes);
	if (asked->healthcheck)
		run->healthcheck = asked->healthcheck;
	if (asked->on_build && asked->on_build[0])
		run->on_build = asked->on_build;
	if (asked->shell && asked->shell[0])
		run->shell = asked->shell;
}

/* The words of the command that ran, as Docker writes them into the history. */
static char *command_text(struct arena *arena, char *const *words)
{
	auto_buf text = BUF_INIT(CONFIG_MAX);
	for (char *const *word = words; word && *word; word++)
		buf_printf(&text, "%s%s", word == words ? "" : " ", *word);
	return arena_strdup(arena, buf_str(&text));
}

/* Everything about the new image but its layer; all memory in the arena. */
static int config_make(const struct container *container, const struct engine_commit *commit, struct arena *arena,
		       struct context *context, struct err *err)
{
	auto_buf text = BUF_INIT(CONFIG_MAX);
	struct oci_image config = {0};
	struct digest base;
	char now[TIME_TEXT];
	int rc = digest_parse(container->document.image_id, &base, err);
	if (rc == 0)
		rc = image_config(container->engine->images, arena, &base, &config, err);
	if (rc < 0)
		return rc;
	config.config = run_of(arena, &container->document.config);
	run_overlay(arena, config.config, commit->config);
	for (char *const *change = commit->changes; rc == 0 && change && *change; change++)
		rc = change_apply(arena, *change, config.config, err);
	if (rc < 0)
		return rc;
	time_rfc3339_short(time_wall_ns(), now);
	config.created = now;
	config.author = (char *)(text_empty(commit->author) ? NULL : commit->author);
	config.comment = (char *)(text_empty(commit->comment) ? NULL : commit->comment);
	config.parent = NULL;
	json_encode(&text, &table_oci_image, &config);
	context->config = arena_strdup(arena, buf_str(&text));
	context->created = arena_strdup(arena, now);
	context->author = config.author;
	context->created_by = command_text(arena, container->document.config.cmd);
	return buf_check(&text, "the image's configuration", err);
}

/* --- the end --- */

static void let_go(struct context *context)
{
	struct err err;
	if (context->cgroup && cgroup_thaw(context->cgroup, &err) < 0)
		log_error(LOG_LEVEL_WARN, &err, "cannot let a container run on after its commit", "container",
			  context->container, NULL);
	context->cgroup = NULL;
}

static void history_add(struct arena *arena, struct oci_image *config, const struct oci_history *history)
{
	size_t count = config->history.count;
	struct oci_history *items = arena_array(arena, struct oci_history, count + 1);
	if (count > 0)
		memcpy(items, config->history.items, count * sizeof *items);
	items[count] = *history;
	config->history.items = items;
	config->history.count = count + 1;
}

static void layer_add(struct arena *arena, struct oci_image *config, char *diff_id)
{
	size_t count = strv_count(config->rootfs.diff_ids);
	char **layers = arena_array(arena, char *, count + 2);
	if (count > 0)
		memcpy(layers, config->rootfs.diff_ids, count * sizeof *layers);
	layers[count] = diff_id;
	config->rootfs.diff_ids = layers;
}

static void commit_tell(struct engine_job *job, const struct context *context, const char *id)
{
	struct err gone;
	struct container *container;
	job_tell(job, &(struct progress){.status = (char *)id});
	if (container_find(job->engine, context->container, &container, &gone) == 0)
		container_event(container, "commit", "comment", context->comment, "imageID", id, "imageRef",
				context->repository ? context->repository : "", NULL);
}

/* The configuration with the layer and its line of history; the layer is taken out of the result when it is empty. */
static int config_finish(struct engine_job *job, struct image_job_result *result, struct oci_image *config,
			 struct err *err)
{
	const struct context *context = job->context;
	int rc = json_load(&job->arena, &table_oci_image, context->config, strlen(context->config), "configuration", 0,
			   config, err);
	if (rc < 0)
		return rc;
	const struct oci_history history = {
	    .created = context->created,
	    .author = context->author,
	    .created_by = context->created_by,
	    .comment = *context->comment ? context->comment : NULL,
	    .empty_layer = text_equal(result->layers.items[0].diff_id, EMPTY_LAYER),
	};
	if (history.empty_layer)
		result->layers.count = 0;
	else
		layer_add(&job->arena, config, result->layers.items[0].diff_id);
	history_add(&job->arena, config, &history);
	return 0;
}

static int commit_finish(struct engine_job *job, struct err *err)
{
	const struct context *context = job->context;
	struct image_store *images = job->engine->images;
	auto_buf text = BUF_INIT(CONFIG_MAX);
	struct oci_image config = {0};
	struct digest id;
	if (!job->result || job->result->layers.count != 1)
		return err_set(err, EPROTO, "the job made no layer");
	struct image_job_result result = *job->result;
	int rc = config_finish(job, &result, &config, err);
	if (rc < 0)
		return rc;
	json_encode(&text, &table_oci_image, &config);
	rc = buf_check(&text, "the image's configuration", err);
	if (rc == 0)
		rc = content_stage(job->staging_fd, "config", text.data, text.len, &id, err);
	if (rc < 0)
		return rc;
	char *none[] = {NULL};
	struct image_job_image image = {.id = id.text, .names = none, .layers = config.rootfs.diff_ids};
	struct image_job_blob blob = {.digest = id.text, .name = (char *)"config"};
	result.images.items = &image;
	result.blobs.items = &blob;
	result.images.count = result.blobs.count = 1;
	rc = image_store_put(images, job->staging_fd, &result, err);
	if (rc == 0 && context->repository)
		rc = image_tag_id(images, &id, context->repository, context->tag, err);
	if (rc == 0)
		commit_tell(job, context, id.text);
	return rc;
}

static void commit_over(struct engine_job *job)
{
	let_go(job->context);
}

/* --- start --- */

static int name_check_all(const struct engine_commit *commit, struct err *err)
{
	struct reference reference;
	if (text_empty(commit->repository))
		return 0;
	int rc = reference_parse(commit->repository, &reference, err);
	return rc < 0 || text_empty(commit->tag) ? rc : reference_check_tag(commit->tag, err);
}

/* The upper directory; one that never ran gets an empty one. */
static int upper_open(struct container *container, int *out_fd, struct err *err)
{
	auto_arena arena = {0};
	auto_free char *path = x_printf("containers/%s/upper", container->id);
	struct digest image;
	char **lower;
	auto_fd int made = -1;
	int rc = path_open(container->engine->data, path, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, out_fd, err);
	if (rc != -ENOENT)
		return rc;
	rc = digest_parse(container->document.image_id, &image, err);
	if (rc == 0)
		rc = image_lower_dirs(container->engine->images, &arena, &image, &lower, err);
	if (rc == 0)
		rc = data_make_container(container->engine->data, container->id, lower[0], &made, err);
	return rc < 0 ? rc
		      : path_open(container->engine->data, path, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, out_fd, err);
}

/* *out_cgroup, for the caller, when it stands still because of us. */
static int hold(const struct container *container, bool pause, char **out_cgroup, struct err *err)
{
	*out_cgroup = NULL;
	if (!pause || container->state != STATE_RUNNING)
		return 0;
	auto_free char *cgroup = container_cgroup(container);
	int rc = cgroup_freeze(cgroup, err);
	if (rc == 0)
		*out_cgroup = take(cgroup);
	return rc;
}

static char *text_copy(struct arena *arena, const char *text)
{
	return text && *text ? arena_strdup(arena, text) : NULL;
}

int engine_commit(struct engine *engine, const struct engine_commit *commit, struct engine_job_sink *sink,
		  struct engine_job **out_job, struct err *err)
{
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)"layer", NULL};
	struct container *container;
	struct engine_job *job;
	struct context context = {0};
	auto_arena arena = {0};
	auto_fd int upper = -1;
	auto_free char *cgroup = NULL;
	int rc = container_find(engine, commit->container ? commit->container : "", &container, err);
	if (rc == 0)
		rc = name_check_all(commit, err);
	if (rc == 0)
		rc = config_make(container, commit, &arena, &context, err);
	if (rc == 0)
		rc = upper_open(container, &upper, err);
	if (rc == 0)
		rc = hold(container, commit->pause, &cgroup, err);
	if (rc < 0)
		return rc;
	const struct job_request request = {
	    .argv = argv, .fds = &upper, .fd_count = 1, .staging = true, .finish = commit_finish, .over = commit_over};
	context.cgroup = cgroup;
	context.container = container->id;
	rc = job_begin(engine, &request, sink, &job, err);
	if (rc < 0) {
		let_go(&context);
		return rc;
	}
	/* The job keeps what was made for it. */
	struct context *kept = arena_new(&job->arena, struct context);
	*kept = (struct context){
	    .container = arena_strdup(&job->arena, container->id),
	    .cgroup = text_copy(&job->arena, cgroup),
	    .repository = text_copy(&job->arena, commit->repository),
	    .tag = text_copy(&job->arena, commit->tag),
	    .comment = arena_strdup(&job->arena, commit->comment ? commit->comment : ""),
	    .config = arena_strdup(&job->arena, context.config),
	    .created = arena_strdup(&job->arena, context.created),
	    .author = text_copy(&job->arena, context.author),
	    .created_by = arena_strdup(&job->arena, context.created_by),
	};
	job->context = kept;
	*out_job = job;
	return 0;
}
