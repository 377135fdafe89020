/* RUN: the command line, its environment, its mounts. */
#include "base/text.h"
#include "build/mount_option.h"
#include "build/planner.h"
#include "docker/ignore.h"

#include <string.h>
#include <strings.h>

static const char *const proxy_names[] = {"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY",
					  "ftp_proxy",	"NO_PROXY",   "no_proxy",    "ALL_PROXY",   "all_proxy"};

static bool is_proxy(const char *name)
{
	for (size_t i = 0; i < array_size(proxy_names); i++) {
		if (text_equal(proxy_names[i], name))
			return true;
	}
	return false;
}

static int environment_check(struct planner *planner, char *const *env, struct err *err)
{
	size_t size = 0;
	for (; *env; env++)
		size += strlen(*env) + 1;
	planner->environments += size;
	if (size > PLAN_ENVIRONMENT_MAX)
		return err_set(err, E2BIG, "its variables take more than %d MiB", PLAN_ENVIRONMENT_MAX >> 20);
	if (planner->environments > PLAN_ENVIRONMENTS_MAX)
		return err_set(err, E2BIG, "the variables of all commands together take more than %d MiB",
			       PLAN_ENVIRONMENTS_MAX >> 20);
	return 0;
}

/* ENV, then what ARG declares and ENV does not have. */
static char **environment(struct stage_state *state)
{
	struct arena *arena = state->planner->arena;
	size_t count = strv_count(state->run->env);
	char **env = arena_array(arena, char *, count + state->args.count + 1);
	for (size_t i = 0; i < count; i++)
		env[i] = state->run->env[i];
	for (size_t i = 0; i < state->args.count; i++) {
		const struct plan_arg *arg = &state->args.items[i];
		if (arg->value && !stage_env(state, arg->name))
			env[count++] = arena_printf(arena, "%s=%s", arg->name, arg->value);
	}
	env[count] = NULL;
	return env;
}

/* Proxies of the request that nobody declared: for the command, but no part of what it is. */
static char **proxies(struct stage_state *state)
{
	const struct build_request *request = state->planner->request;
	char **list = NULL;
	size_t count = 0;
	for (size_t i = 0; i < request->args.count; i++) {
		const struct json_pair_item *arg = &request->args.items[i];
		if (!is_proxy(arg->key) || !arg->value || args_get(&state->args, arg->key) ||
		    stage_env(state, arg->key))
			continue;
		if (!list)
			list = arena_array(state->planner->arena, char *, request->args.count + 1);
		list[count++] = arena_printf(state->planner->arena, "%s=%s", arg->key, arg->value);
	}
	return list;
}

static char *absolute(struct stage_state *state, const char *path)
{
	struct arena *arena = state->planner->arena;
	const char *now = text_empty(state->run->working_dir) ? "/" : state->run->working_dir;
	return path_clean(arena, path[0] == '/' ? path : arena_printf(arena, "%s/%s", now, path));
}

static int mount_content(struct stage_state *state, struct build_mount *mount, struct err *err)
{
	const struct planner *planner = state->planner;
	const char *source = text_empty(mount->source) ? "/" : mount->source;
	char *clean = path_clean(planner->arena, arena_printf(planner->arena, "/%s", source));
	char *sources[] = {clean[1] ? clean + 1 : (char *)".", NULL};
	return planner->world->content(planner->world->cookie, planner->arena, mount->from->number, sources, NULL,
				       false, &mount->content, err);
}

static int mount_add(struct stage_state *state, struct build_run *run, const struct instruction_flag *flag,
		     struct err *err)
{
	struct build_mount *mount = &run->mounts.items[run->mounts.count];
	char *text, *from = NULL;
	int rc = stage_expand(state, flag->value ? flag->value : "", &text, err);
	if (rc == 0)
		rc = mount_option_parse(state->planner->arena, text, mount, &from, err);
	if (rc < 0)
		return rc;
	if (mount->target)
		mount->target = absolute(state, mount->target);
	bool bind = text_equal(mount->type, "bind");
	if (bind && text_equal(mount->target, "/"))
		return err_set(err, EINVAL, "invalid mount target \"/\"");
	if (from || bind) {
		mount->from = arena_new(state->planner->arena, struct build_root);
		*mount->from = (struct build_root){(char *)"context", 0};
		if (from)
			rc = planner_root(state->planner, state->source, from, mount->from, err);
	}
	if (rc == 0 && bind && text_equal(mount->from->kind, "context"))
		rc = mount_content(state, mount, err);
	run->mounts.count += rc == 0;
	return rc;
}

static int flags_take(struct stage_state *state, const struct instruction *instruction, struct build_run *run,
		      struct err *err)
{
	const char *network = instruction_flag_value(instruction, "network");
	const char *security = instruction_flag_value(instruction, "security");
	const char *asked = state->planner->request->network;
	run->network = (char *)(text_empty(asked) ? "default" : asked);
	if (network) {
		if (!text_equal(network, "default") && !text_equal(network, "none") && !text_equal(network, "host"))
			return err_set(err, EINVAL, "unsupported network mode \"%s\" (default, none or host)", network);
		/* The request may open the host's network to a build, a Dockerfile may not. */
		if (text_equal(network, "host") && !text_equal(run->network, "host"))
			return err_set(err, EINVAL,
				       "granting entitlement network.host is not allowed: use --network host of the "
				       "build");
		if (!text_equal(network, "default"))
			run->network = (char *)network;
	}
	if (security && !text_equal(security, "sandbox"))
		return text_equal(security, "insecure")
			   ? err_set(err, EINVAL, "granting entitlement security.insecure is not allowed")
			   : err_set(err, EINVAL, "security \"%s\" is not valid (sandbox or insecure)", security);
	if (instruction_flag_value(instruction, "device"))
		return err_set(err, EINVAL, "granting entitlement device is not allowed");
	run->mounts.items = arena_array(state->planner->arena, struct build_mount, instruction->flag_count + 1);
	for (size_t i = 0; i < instruction->flag_count; i++) {
		if (!text_equal(instruction->flags[i].name, "mount"))
			continue;
		int rc = mount_add(state, run, &instruction->flags[i], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* The text for the shell, with the heredocs behind it; or a script of its own. */
static void command_take(struct stage_state *state, const struct instruction *instruction, struct build_run *run)
{
	struct arena *arena = state->planner->arena;
	if (instruction->is_json) {
		run->argv = instruction->words;
		return;
	}
	auto_buf text = BUF_INIT(2 * DOCKERFILE_SIZE_MAX);
	const struct heredoc *first = instruction->heredocs;
	bool alone = instruction->heredoc_count == 1 && !strpbrk(instruction->words[0], " \t\n");
	if (alone && text_after(first->content, "#!")) {
		run->scripts.items = arena_new(arena, struct build_file);
		run->scripts.items[0] = (struct build_file){first->name, first->content};
		run->scripts.count = 1;
		run->argv = arena_array(arena, char *, 2);
		run->argv[0] = arena_printf(arena, "/dev/pipes/%s", first->name);
		return;
	}
	if (alone) {
		buf_text(&text, first->content);
	} else {
		buf_text(&text, instruction->words[0]);
		for (size_t i = 0; i < instruction->heredoc_count; i++)
			buf_printf(&text, "\n%s%s", instruction->heredocs[i].content, instruction->heredocs[i].name);
	}
	char **shell = stage_shell(state);
	size_t count = strv_count(shell);
	run->argv = arena_array(arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		run->argv[i] = shell[i];
	run->argv[count] = arena_strndup(arena, buf_str(&text), text.len);
}

/* BuildKit's: "RUN |1 A=b /bin/sh -c make". */
static char *history_text(struct stage_state *state, const struct build_run *run)
{
	auto_buf text = BUF_INIT(8 << 20);
	size_t count = 0;
	for (size_t i = 0; i < state->args.count; i++)
		count += state->args.items[i].value != NULL;
	buf_text(&text, "RUN");
	if (count > 0)
		buf_printf(&text, " |%zu", count);
	for (size_t i = 0; i < state->args.count; i++) {
		if (state->args.items[i].value)
			buf_printf(&text, " %s=%s", state->args.items[i].name, state->args.items[i].value);
	}
	for (char *const *word = run->argv; *word; word++)
		buf_printf(&text, " %s", *word);
	return arena_strndup(state->planner->arena, buf_str(&text), text.len);
}

int stage_run(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	struct build_run *run = arena_new(state->planner->arena, struct build_run);
	bool given;
	const char *hostname = planner_request_arg(state->planner, "BUILDKIT_SANDBOX_HOSTNAME", &given);
	run->hostname = (char *)(given && !text_empty(hostname) ? hostname : "buildkitsandbox");
	run->env = environment(state);
	run->user = (char *)(state->run->user ? state->run->user : "");
	run->directory = text_empty(state->run->working_dir) ? (char *)"/" : state->run->working_dir;
	run->hosts = state->planner->request->hosts;
	int rc = environment_check(state->planner, run->env, err);
	if (rc == 0)
		rc = flags_take(state, instruction, run, err);
	if (rc < 0)
		return rc;
	command_take(state, instruction, run);
	if (!run->argv[0])
		return err_set(err, EINVAL, "RUN requires a command");
	struct build_step *step = stage_step(state, "run", history_text(state, run));
	step->run = run;
	step->proxies = proxies(state);
	step_define(state, step);
	return 0;
}
