/* What each instruction does to a stage: its image's configuration, its variables, its steps. */
#include "base/hash.h"
#include "base/text.h"
#include "build/planner.h"
#include "docker/duration.h"
#include "docker/ignore.h"
#include "docker/port_spec.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* --- variables --- */

const char *stage_env(const struct stage_state *state, const char *name)
{
	size_t size = strlen(name);
	for (char *const *item = state->run->env; item && *item; item++) {
		if (strncmp(*item, name, size) == 0 && (*item)[size] == '=')
			return *item + size + 1;
	}
	return NULL;
}

void stage_env_put(struct stage_state *state, const char *name, const char *value)
{
	struct arena *arena = state->planner->arena;
	size_t count = strv_count(state->run->env), size = strlen(name), at = 0;
	char **env = arena_array(arena, char *, count + 2);
	for (; at < count; at++)
		env[at] = state->run->env[at];
	for (at = 0; at < count; at++) {
		if (strncmp(env[at], name, size) == 0 && env[at][size] == '=')
			break;
	}
	env[at] = arena_printf(arena, "%s=%s", name, value);
	state->run->env = env;
}

static const char *variable_get(void *cookie, const char *name)
{
	const struct stage_state *state = cookie;
	const char *value = stage_env(state, name);
	return value ? value : args_get(&state->args, name);
}

static void variable_missing(void *cookie, const char *name)
{
	static const char *const usual[] = {"PATH", "HOME", "HOSTNAME", "TERM"};
	struct stage_state *state = cookie;
	for (size_t i = 0; i < array_size(usual); i++) {
		if (text_equal(usual[i], name))
			return;
	}
	for (size_t i = 0; i < state->args.count; i++) {
		if (text_equal(state->args.items[i].name, name))
			return; /* declared, without a value */
	}
	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return; /* of a shell: $0, $? */
	lint_warn(&state->planner->lint, "UndefinedVar", state->current, "Usage of undefined variable '$%s'", name);
}

static int memory_check(const struct stage_state *state, struct err *err)
{
	return state->planner->arena->total > PLAN_MEMORY_MAX
		   ? err_set(err, E2BIG, "what the instructions expand to takes more than %d MiB",
			     PLAN_MEMORY_MAX >> 20)
		   : 0;
}

static int expand(struct stage_state *state, const struct expand_scope *scope, const char *text, char **out_text,
		  struct err *err)
{
	int rc = memory_check(state, err);
	return rc < 0 ? rc : expand_word(state->planner->arena, scope, text, out_text, err);
}

int stage_expand(struct stage_state *state, const char *text, char **out_text, struct err *err)
{
	const struct expand_scope scope = {
	    .get = variable_get, .missing = variable_missing, .cookie = state, .escape = state->planner->file->escape};
	return expand(state, &scope, text, out_text, err);
}

int stage_expand_text(struct stage_state *state, const char *text, char **out_text, struct err *err)
{
	const struct expand_scope scope = {.get = variable_get,
					   .missing = variable_missing,
					   .cookie = state,
					   .escape = state->planner->file->escape,
					   .keep_quotes = true};
	return expand(state, &scope, text, out_text, err);
}

int stage_expand_list(struct stage_state *state, char *const *words, char ***out_words, struct err *err)
{
	size_t count = strv_count(words);
	char **list = arena_array(state->planner->arena, char *, count + 1);
	for (size_t i = 0; i < count; i++) {
		int rc = stage_expand(state, words[i], &list[i], err);
		if (rc < 0)
			return rc;
	}
	*out_words = list;
	return 0;
}

/* --- steps and history --- */

static void history_add(struct stage_state *state, const char *created_by, bool empty)
{
	struct oci_image *image = &state->stage->image;
	if (image->history.count >= state->history_room) {
		size_t room = image->history.count + 32;
		struct oci_history *more = arena_array(state->planner->arena, struct oci_history, room);
		if (image->history.count > 0)
			memcpy(more, image->history.items, image->history.count * sizeof *more);
		image->history.items = more;
		state->history_room = room;
	}
	image->history.items[image->history.count++] =
	    (struct oci_history){.created_by = arena_strdup(state->planner->arena, created_by),
				 .comment = (char *)"buildkit.dockerfile.v0",
				 .empty_layer = empty};
}

/* Control characters and line ends become spaces: one line, and nothing that a terminal obeys. */
static char *one_line(struct arena *arena, const char *text)
{
	char *line = arena_strdup(arena, text);
	for (char *c = line; *c; c++)
		*c = (unsigned char)*c < ' ' || *c == 127 ? ' ' : *c;
	return line;
}

struct build_step *stage_step(struct stage_state *state, const char *kind, const char *history)
{
	struct build_stage *stage = state->stage;
	if (stage->steps.count == state->step_room) {
		state->step_room = state->step_room ? 2 * state->step_room : 16;
		struct build_step *more = arena_array(state->planner->arena, struct build_step, state->step_room);
		if (stage->steps.count > 0)
			memcpy(more, stage->steps.items, stage->steps.count * sizeof *more);
		stage->steps.items = more;
	}
	struct build_step *step = &stage->steps.items[stage->steps.count++];
	*step = (struct build_step){.kind = (char *)kind,
				    .text = one_line(state->planner->arena, state->current->text),
				    .first_line = state->current->first_line,
				    .last_line = state->current->last_line,
				    .history = -1,
				    .no_cache = state->no_cache};
	step->label = step->text;
	if (history) {
		step->history = (int64_t)stage->image.history.count;
		history_add(state, history, text_equal(kind, "config"));
	}
	return step;
}

/* The digest of what is to be done; which roots it works on is added where they are known. */
void step_define(struct stage_state *state, struct build_step *step)
{
	auto_buf text = BUF_INIT(64 << 20);
	struct digest digest;
	buf_printf(&text, "tug.1 %s\n", step->kind);
	if (step->run) {
		struct build_run run = *step->run;
		struct build_mount *mounts =
		    arena_array(state->planner->arena, struct build_mount, run.mounts.count + 1);
		for (size_t i = 0; i < run.mounts.count; i++) {
			mounts[i] = run.mounts.items[i];
			if (mounts[i].from) {
				struct build_root *root = arena_new(state->planner->arena, struct build_root);
				root->kind = mounts[i].from->kind;
				mounts[i].from = root;
			}
		}
		run.mounts.items = mounts;
		json_encode(&text, &table_build_run, &run);
	}
	if (step->copy) {
		struct build_copy copy = *step->copy;
		copy.from.number = 0;
		json_encode(&text, &table_build_copy, &copy);
	}
	if (step->directory)
		json_encode_string(&text, step->directory);
	if (step->user)
		json_encode_string(&text, step->user);
	digest_of(buf_str(&text), text.len, &digest);
	step->definition = arena_strdup(state->planner->arena, digest_hex(&digest));
}

/* --- configuration --- */

char **stage_shell(const struct stage_state *state)
{
	static char *usual[] = {(char *)"/bin/sh", (char *)"-c", NULL};
	return state->run->shell && state->run->shell[0] ? state->run->shell : usual;
}

static char *quoted_list(struct arena *arena, char *const *words)
{
	auto_buf text = BUF_INIT(4 << 20);
	buf_char(&text, '[');
	for (char *const *word = words; word && *word; word++) {
		buf_text(&text, word == words ? "" : " ");
		json_encode_string(&text, *word);
	}
	buf_char(&text, ']');
	return arena_strndup(arena, buf_str(&text), text.len);
}

static char **command_of(struct stage_state *state, const struct instruction *instruction)
{
	if (instruction->is_json)
		return instruction->words;
	char **shell = stage_shell(state);
	size_t count = strv_count(shell);
	char **argv = arena_array(state->planner->arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		argv[i] = shell[i];
	argv[count] = instruction->words[0];
	return argv;
}

static int take_command(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	(void)err;
	bool empty = !instruction->is_json && !instruction->words[0][0];
	char **argv = empty ? NULL : command_of(state, instruction);
	if (instruction->kind == INSTRUCTION_CMD) {
		state->run->cmd = argv;
		state->cmd_set = true;
	} else {
		state->run->entrypoint = argv;
		if (!state->cmd_set)
			state->run->cmd = NULL; /* the base's was meant for another entry point */
	}
	auto_free char *history = x_printf("%s %s", instruction->name, quoted_list(state->planner->arena, argv));
	stage_step(state, "config", history);
	return 0;
}

static int take_env(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	size_t count = instruction->pair_count;
	char **keys = arena_array(state->planner->arena, char *, count + 1);
	char **values = arena_array(state->planner->arena, char *, count + 1);
	auto_buf history = BUF_INIT(4 << 20);
	buf_text(&history, "ENV");
	/* All of one instruction see what was before it. */
	for (size_t i = 0; i < count; i++) {
		int rc = stage_expand(state, instruction->pairs[i].key, &keys[i], err);
		if (rc == 0)
			rc = stage_expand(state, instruction->pairs[i].value, &values[i], err);
		if (rc < 0)
			return rc;
		if (!*keys[i])
			return err_set(err, EINVAL, "ENV names can not be blank");
		buf_printf(&history, " %s=%s", keys[i], values[i]);
	}
	for (size_t i = 0; i < count; i++)
		stage_env_put(state, keys[i], values[i]);
	stage_step(state, "config", buf_str(&history));
	return 0;
}

static void label_put(struct stage_state *state, char *key, char *value)
{
	struct json_map *labels = &state->run->labels;
	struct json_pair *pairs = arena_array(state->planner->arena, struct json_pair, labels->count + 2);
	size_t count = 0;
	for (size_t i = 0; i < labels->count; i++) {
		if (!text_equal(labels->items[i].key, key))
			pairs[count++] = labels->items[i];
	}
	pairs[count++] = (struct json_pair){key, value};
	*labels = (struct json_map){pairs, count};
}

static int take_label(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	auto_buf history = BUF_INIT(4 << 20);
	buf_text(&history, "LABEL");
	for (size_t i = 0; i < instruction->pair_count; i++) {
		char *key, *value;
		int rc = stage_expand(state, instruction->pairs[i].key, &key, err);
		if (rc == 0)
			rc = stage_expand(state, instruction->pairs[i].value, &value, err);
		if (rc < 0)
			return rc;
		label_put(state, key, value);
		buf_printf(&history, " %s=%s", key, value);
	}
	stage_step(state, "config", buf_str(&history));
	return 0;
}

static int take_arg(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	struct planner *planner = state->planner;
	auto_buf history = BUF_INIT(4 << 20);
	buf_text(&history, "ARG");
	for (size_t i = 0; i < instruction->pair_count; i++) {
		const struct json_pair *pair = &instruction->pairs[i];
		char *value = NULL;
		bool given;
		const char *own = planner_request_arg(planner, pair->key, &given);
		int rc = pair->value ? stage_expand(state, pair->value, &value, err) : 0;
		if (rc < 0)
			return rc;
		if (given)
			args_put(planner->arena, &state->args, pair->key, own);
		else
			args_put(planner->arena, &state->args, pair->key,
				 value ? value : args_get(&planner->globals, pair->key));
		buf_printf(&history, " %s%s%s", pair->key, value || given ? "=" : "",
			   given   ? (own ? own : "")
			   : value ? value
				   : "");
	}
	stage_step(state, "config", buf_str(&history));
	return 0;
}

static void member_put(struct stage_state *state, struct oci_set_member **items, size_t *count, const char *key)
{
	struct arena *arena = state->planner->arena;
	for (size_t i = 0; i < *count; i++) {
		if (text_equal((*items)[i].key, key))
			return;
	}
	struct oci_set_member *more = arena_array(arena, struct oci_set_member, *count + 1);
	if (*count > 0)
		memcpy(more, *items, *count * sizeof *more);
	more[(*count)++].key = arena_strdup(arena, key);
	*items = more;
}

static int port_put(struct stage_state *state, char *text, struct err *err)
{
	uint16_t first, last;
	enum port_protocol protocol;
	char *colon = strrchr(text, ':'), *slash = strchr(text, '/');
	if (colon) {
		lint_warn(&state->planner->lint, "ExposeInvalidFormat", state->current,
			  "EXPOSE instruction should not define an IP address or host-port mapping, found '%s'", text);
		text = colon + 1;
		slash = strchr(text, '/');
	}
	for (const char *c = slash; c && *c; c++) {
		if (isupper((unsigned char)*c)) {
			lint_warn(&state->planner->lint, "ExposeProtoCasing", state->current,
				  "Defined protocol '%s' in EXPOSE instruction should be lowercase", text);
			break;
		}
	}
	int rc = port_expose_parse(text, &first, &last, &protocol, err);
	for (unsigned port = first; rc == 0 && port <= last; port++) {
		char key[24];
		snprintf(key, sizeof key, "%u/%s", port, port_protocol_name(protocol));
		member_put(state, &state->run->exposed_ports.items, &state->run->exposed_ports.count, key);
	}
	return rc;
}

static int take_expose(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	const struct expand_scope scope = {
	    .get = variable_get, .missing = variable_missing, .cookie = state, .escape = state->planner->file->escape};
	auto_buf history = BUF_INIT(1 << 20);
	buf_text(&history, "EXPOSE [");
	bool first = true;
	for (char *const *word = instruction->words; *word; word++) {
		char **ports;
		int rc = expand_words(state->planner->arena, &scope, *word, &ports, err);
		for (; rc == 0 && *ports; ports++) {
			buf_printf(&history, "%s%s%s", first ? "" : " ", *ports, strchr(*ports, '/') ? "" : "/tcp");
			first = false;
			rc = port_put(state, *ports, err);
		}
		if (rc < 0)
			return rc;
	}
	buf_char(&history, ']');
	stage_step(state, "config", buf_str(&history));
	return 0;
}

static int take_volume(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	char **paths;
	int rc = stage_expand_list(state, instruction->words, &paths, err);
	if (rc < 0)
		return rc;
	for (char **path = paths; *path; path++) {
		if (!**path)
			return err_set(err, EINVAL, "VOLUME specified can not be an empty string");
		member_put(state, &state->run->volumes.items, &state->run->volumes.count, *path);
	}
	auto_free char *history = x_printf("VOLUME %s", quoted_list(state->planner->arena, paths));
	stage_step(state, "config", history);
	return 0;
}

static int take_user(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	char *text;
	int rc = stage_expand(state, instruction->words[0], &text, err);
	if (rc < 0)
		return rc;
	state->run->user = text;
	auto_free char *history = x_printf("USER %s", text);
	stage_step(state, "config", history);
	return 0;
}

static int take_workdir(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	struct arena *arena = state->planner->arena;
	char *text;
	int rc = stage_expand(state, instruction->words[0], &text, err);
	if (rc < 0)
		return rc;
	if (!*text)
		return err_set(err, EINVAL, "WORKDIR requires exactly one argument");
	const char *now = text_empty(state->run->working_dir) ? "/" : state->run->working_dir;
	if (text[0] != '/' && text_empty(state->run->working_dir))
		lint_warn(&state->planner->lint, "WorkdirRelativePath", instruction,
			  "Relative workdir \"%s\" can have unexpected results if the base image changes", text);
	state->run->working_dir = path_clean(arena, text[0] == '/' ? text : arena_printf(arena, "%s/%s", now, text));
	auto_free char *history = x_printf("WORKDIR %s", state->run->working_dir);
	struct build_step *step = stage_step(state, "workdir", history);
	step->directory = state->run->working_dir;
	step->user = text_empty(state->run->user) ? NULL : state->run->user;
	step_define(state, step);
	return 0;
}

static int take_stop_signal(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	char *text;
	int rc = stage_expand(state, instruction->words[0], &text, err);
	if (rc < 0)
		return rc;
	for (const char *c = text; *c; c++) {
		if (!isalnum((unsigned char)*c) && *c != '+' && *c != '-')
			return err_set(err, EINVAL, "invalid signal: %s", text);
	}
	state->run->stop_signal = text;
	auto_free char *history = x_printf("STOPSIGNAL %s", text);
	stage_step(state, "config", history);
	return 0;
}

static int duration_flag(const struct instruction *instruction, const char *name, int64_t *out_ns, struct err *err)
{
	enum { LEAST_NS = 1000000 };
	const char *value = instruction_flag_value(instruction, name);
	if (text_empty(value))
		return 0;
	int rc = duration_parse(value, out_ns, err);
	if (rc < 0)
		return rc;
	if (*out_ns < 0 || (*out_ns > 0 && *out_ns < LEAST_NS))
		return err_set(err, EINVAL, "interval \"%s\" cannot be less than 1ms", name);
	return 0;
}

static int take_health(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	struct arena *arena = state->planner->arena;
	struct oci_healthcheck *check = arena_new(arena, struct oci_healthcheck);
	const char *retries = instruction_flag_value(instruction, "retries");
	int rc = duration_flag(instruction, "interval", &check->interval, err);
	if (rc == 0)
		rc = duration_flag(instruction, "timeout", &check->timeout, err);
	if (rc == 0)
		rc = duration_flag(instruction, "start-period", &check->start_period, err);
	if (rc == 0)
		rc = duration_flag(instruction, "start-interval", &check->start_interval, err);
	if (rc == 0 && !text_empty(retries))
		rc = number_parse(retries, 0, INT32_MAX, "--retries", &check->retries, err);
	if (rc < 0)
		return rc;
	size_t count = instruction->words ? strv_count(instruction->words) : 0;
	check->test = arena_array(arena, char *, count + 3);
	if (text_equal(instruction->check_kind, "NONE")) {
		check->test[0] = (char *)"NONE";
	} else {
		check->test[0] = (char *)(instruction->is_json ? "CMD" : "CMD-SHELL");
		for (size_t i = 0; i < count; i++)
			check->test[i + 1] = instruction->words[i];
	}
	state->run->healthcheck = check;
	stage_step(state, "config", instruction->text);
	return 0;
}

static int take_trigger(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	(void)err;
	size_t count = strv_count(state->run->on_build);
	char **list = arena_array(state->planner->arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		list[i] = state->run->on_build[i];
	list[count] = arena_strdup(state->planner->arena, instruction->args);
	state->run->on_build = list;
	stage_step(state, "config", instruction->text);
	return 0;
}

static int take_shell(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	(void)err;
	state->run->shell = instruction->words;
	auto_free char *history = x_printf("SHELL %s", quoted_list(state->planner->arena, instruction->words));
	stage_step(state, "config", history);
	return 0;
}

static int take_maintainer(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	(void)err;
	state->stage->image.author = instruction->words[0];
	stage_step(state, "config", instruction->text);
	return 0;
}

int stage_take(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	static const struct {
		enum instruction_kind kind;
		int (*apply)(struct stage_state *state, const struct instruction *instruction, struct err *err);
	} rows[] = {
	    {INSTRUCTION_ADD, stage_copy},	    {INSTRUCTION_ARG, take_arg},
	    {INSTRUCTION_CMD, take_command},	    {INSTRUCTION_COPY, stage_copy},
	    {INSTRUCTION_ENTRYPOINT, take_command}, {INSTRUCTION_ENV, take_env},
	    {INSTRUCTION_EXPOSE, take_expose},	    {INSTRUCTION_HEALTHCHECK, take_health},
	    {INSTRUCTION_LABEL, take_label},	    {INSTRUCTION_MAINTAINER, take_maintainer},
	    {INSTRUCTION_ONBUILD, take_trigger},    {INSTRUCTION_RUN, stage_run},
	    {INSTRUCTION_SHELL, take_shell},	    {INSTRUCTION_STOPSIGNAL, take_stop_signal},
	    {INSTRUCTION_USER, take_user},	    {INSTRUCTION_VOLUME, take_volume},
	    {INSTRUCTION_WORKDIR, take_workdir},
	};
	state->current = instruction;
	for (size_t i = 0; i < array_size(rows); i++) {
		if (rows[i].kind != instruction->kind)
			continue;
		int rc = memory_check(state, err);
		if (rc == 0)
			rc = rows[i].apply(state, instruction, err);
		return rc < 0 ? planner_error(instruction, err) : 0;
	}
	BUG("instruction %s in a stage", instruction->name);
}
