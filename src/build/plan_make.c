/* Stages: which there are, which are needed, in which order, and what they start from. */
#include "base/nearest.h"
#include "base/text.h"
#include "base/time.h"
#include "build/planner.h"
#include "docker/reference.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#if defined(__x86_64__)
#define HOST_ARCHITECTURE "amd64"
#else
#define HOST_ARCHITECTURE "arm64"
#endif

int planner_error(const struct instruction *instruction, struct err *err)
{
	const char *rest = text_after(err->msg, instruction->origin);
	if (rest && rest[0] == ':' && isdigit((unsigned char)rest[1]))
		return -err->code; /* it says where already */
	return err_wrap(err, "%s:%u:1: %s", instruction->origin, instruction->first_line, instruction->name);
}

/* --- arguments --- */

const char *args_get(const struct plan_args *args, const char *name)
{
	for (size_t i = args->count; i-- > 0;) {
		if (text_equal(args->items[i].name, name))
			return args->items[i].value;
	}
	return NULL;
}

void args_put(struct arena *arena, struct plan_args *args, const char *name, const char *value)
{
	char *copy = value ? arena_strdup(arena, value) : NULL;
	for (size_t i = 0; i < args->count; i++) {
		if (text_equal(args->items[i].name, name)) {
			args->items[i].value = copy;
			return;
		}
	}
	if (!args->items)
		args->items = arena_array(arena, struct plan_arg, PLAN_ARGS_MAX);
	if (args->count < PLAN_ARGS_MAX)
		args->items[args->count++] = (struct plan_arg){arena_strdup(arena, name), copy};
}

const char *planner_request_arg(const struct planner *planner, const char *name, bool *out_given)
{
	*out_given = false;
	for (size_t i = planner->request->args.count; i-- > 0;) {
		if (!text_equal(planner->request->args.items[i].key, name))
			continue;
		*out_given = true;
		return planner->request->args.items[i].value;
	}
	return NULL;
}

static void platform_split(struct planner *planner, const char *prefix, const char *platform)
{
	char name[64], *copy = arena_strdup(planner->arena, platform);
	char *architecture = strchr(copy, '/'), *variant = NULL;
	if (architecture) {
		*architecture++ = 0;
		variant = strchr(architecture, '/');
		if (variant)
			*variant++ = 0;
	}
	const struct {
		const char *suffix, *value;
	} rows[] = {{"PLATFORM", platform},
		    {"OS", copy},
		    {"OSVERSION", ""},
		    {"ARCH", architecture ? architecture : ""},
		    {"VARIANT", variant ? variant : ""}};
	for (size_t i = 0; i < array_size(rows); i++) {
		snprintf(name, sizeof name, "%s%s", prefix, rows[i].suffix);
		args_put(planner->arena, &planner->globals, name, rows[i].value);
	}
}

static const char *global_get(void *cookie, const char *name)
{
	const struct planner *planner = cookie;
	return args_get(&planner->globals, name);
}

struct from_names {
	struct planner *planner;
	const struct instruction *instruction;
};

static const char *from_get(void *cookie, const char *name)
{
	return global_get(((struct from_names *)cookie)->planner, name);
}

static void from_missing(void *cookie, const char *name)
{
	const struct from_names *names = cookie;
	lint_warn(&names->planner->lint, "UndefinedArgInFrom", names->instruction, "FROM argument '%s' is not declared",
		  name);
}

static int globals_take(struct planner *planner, const struct instruction *instruction, struct err *err)
{
	const struct expand_scope scope = {.get = global_get, .cookie = planner, .escape = planner->file->escape};
	for (size_t i = 0; i < instruction->pair_count; i++) {
		const struct json_pair *pair = &instruction->pairs[i];
		char *value = NULL;
		bool given;
		const char *own = planner_request_arg(planner, pair->key, &given);
		int rc = pair->value && !given ? expand_word(planner->arena, &scope, pair->value, &value, err) : 0;
		if (rc < 0)
			return planner_error(instruction, err);
		if (given || value || !args_get(&planner->globals, pair->key))
			args_put(planner->arena, &planner->globals, pair->key, given ? own : value);
	}
	return 0;
}

/* --- stages as they are written --- */

static int stage_name_check(const struct instruction *from, const char *name, struct err *err)
{
	bool good = islower((unsigned char)name[0]);
	for (const char *c = name; *c && good; c++)
		good = islower((unsigned char)*c) || isdigit((unsigned char)*c) || strchr("-_.", *c);
	if (!good)
		return instruction_error(
		    from, 0, err,
		    "invalid name for build stage: \"%s\", name can't start with a number or contain "
		    "symbols",
		    from->words[2]);
	return 0;
}

static int stage_read(struct planner *planner, const struct instruction *from, struct err *err)
{
	struct stage_source *source = &planner->stages[planner->stage_count];
	struct from_names names = {planner, from};
	const struct expand_scope scope = {
	    .get = from_get, .missing = from_missing, .cookie = &names, .escape = planner->file->escape};
	const char *platform = instruction_flag_value(from, "platform");
	*source = (struct stage_source){.from = from, .name = (char *)"", .index = -1};
	if (from->words[1]) {
		source->name = arena_strdup(planner->arena, from->words[2]);
		for (char *c = source->name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		int rc = stage_name_check(from, source->name, err);
		if (rc < 0)
			return rc;
	}
	int rc = expand_word(planner->arena, &scope, from->words[0], &source->base, err);
	if (rc == 0 && platform) {
		if (!strchr(platform, '$'))
			lint_warn(&planner->lint, "FromPlatformFlagConstDisallowed", from,
				  "FROM --platform flag should not use constant value \"%s\"", platform);
		else if (text_equal(platform, "$TARGETPLATFORM") || text_equal(platform, "${TARGETPLATFORM}"))
			lint_warn(
			    &planner->lint, "RedundantTargetPlatform", from,
			    "Setting platform to predefined %s in FROM is redundant as this is the default behavior",
			    platform);
		rc = expand_word(planner->arena, &scope, platform, &source->platform, err);
	}
	if (rc < 0)
		return planner_error(from, err);
	if (!*source->base)
		return instruction_error(from, 0, err, "base name (%s) should not be blank", from->words[0]);
	planner->stage_count++;
	return 0;
}

static int stages_read(struct planner *planner, struct err *err)
{
	const struct dockerfile *file = planner->file;
	planner->stages = arena_array(planner->arena, struct stage_source, PLAN_STAGES_MAX);
	for (size_t i = 0; i < file->count; i++) {
		struct instruction *at = file->items[i];
		int rc = 0;
		if (at->kind == INSTRUCTION_FROM) {
			if (planner->stage_count == PLAN_STAGES_MAX)
				return instruction_error(at, 0, err, "more than %d stages", PLAN_STAGES_MAX);
			rc = stage_read(planner, at, err);
			if (rc == 0)
				planner->stages[planner->stage_count - 1].items = &file->items[i + 1];
		} else if (planner->stage_count > 0) {
			planner->stages[planner->stage_count - 1].count++;
		} else if (at->kind == INSTRUCTION_ARG) {
			rc = globals_take(planner, at, err);
		} else {
			return instruction_error(at, 0, err, "no build stage in current context: %s before FROM",
						 at->name);
		}
		if (rc < 0)
			return rc;
	}
	if (planner->stage_count == 0)
		return err_set(err, EINVAL, "%s: no build stage: there is no FROM", file->name);
	return 0;
}

/* by name, or by number among the first `before`; NULL. */
static struct stage_source *stage_find(struct planner *planner, const char *name, size_t before)
{
	if (text_is_digits(name) && strlen(name) < 6) {
		size_t number = 0;
		for (const char *c = name; *c; c++)
			number = number * 10 + (size_t)(*c - '0');
		return number < before ? &planner->stages[number] : NULL;
	}
	for (size_t i = before; i-- > 0;) {
		if (*planner->stages[i].name && strcasecmp(planner->stages[i].name, name) == 0)
			return &planner->stages[i];
	}
	return NULL;
}

static int target_find(struct planner *planner, struct err *err)
{
	const char *target = planner->request->target;
	planner->target = text_empty(target) ? &planner->stages[planner->stage_count - 1]
					     : stage_find(planner, target, planner->stage_count);
	if (planner->target)
		return 0;
	const char *names[64];
	size_t count = 0;
	for (size_t i = 0; i < planner->stage_count && count < array_size(names); i++) {
		if (*planner->stages[i].name)
			names[count++] = planner->stages[i].name;
	}
	const char *near = word_nearest(target, names, count, NEAREST_FAR);
	return near ? err_set(err, EINVAL, "target stage \"%s\" could not be found (did you mean %s?)", target, near)
		    : err_set(err, EINVAL, "target stage \"%s\" could not be found", target);
}

/* --- where files come from --- */

const struct build_named *planner_named(const struct planner *planner, const char *name)
{
	for (size_t i = 0; i < planner->request->named.count; i++) {
		if (strcasecmp(planner->request->named.items[i].name, name) == 0)
			return &planner->request->named.items[i];
	}
	return NULL;
}

int planner_base(struct planner *planner, const char *reference, const char *platform, int64_t *out_index,
		 struct err *err)
{
	struct build_plan *plan = &planner->plan;
	for (size_t i = 0; i < plan->bases.count; i++) {
		if (text_equal(plan->bases.items[i].reference, reference)) {
			*out_index = (int64_t)i;
			return 0;
		}
	}
	if (plan->bases.count == PLAN_STAGES_MAX)
		return err_set(err, E2BIG, "more than %d images", PLAN_STAGES_MAX);
	if (!plan->bases.items) {
		plan->bases.items = arena_array(planner->arena, struct build_base, PLAN_STAGES_MAX);
		planner->base_images = arena_array(planner->arena, struct oci_image, PLAN_STAGES_MAX);
	}
	size_t at = plan->bases.count;
	int rc = planner->world->base(planner->world->cookie, planner->arena, reference, platform,
				      &plan->bases.items[at], &planner->base_images[at], err);
	if (rc < 0)
		return rc;
	plan->bases.items[at].reference = arena_strdup(planner->arena, reference);
	plan->bases.count++;
	*out_index = (int64_t)at;
	return 0;
}

static int root_of_stage(struct planner *planner, struct stage_source *source, struct build_root *out_root,
			 struct err *err)
{
	int rc = planner_visit(planner, source, err);
	if (rc == 0)
		*out_root = (struct build_root){(char *)"stage", source->index};
	return rc;
}

/* A named context stands before a stage or an image of that name. */
static int root_of_named(struct planner *planner, const struct build_named *named, struct build_root *out_root,
			 struct err *err)
{
	if (!text_empty(named->stage)) {
		struct stage_source *stage = stage_find(planner, named->stage, planner->stage_count);
		if (!stage)
			return err_set(err, EINVAL, "context %s: target stage \"%s\" could not be found", named->name,
				       named->stage);
		return root_of_stage(planner, stage, out_root, err);
	}
	if (!text_empty(named->image)) {
		out_root->kind = (char *)"base";
		return planner_base(planner, named->image, NULL, &out_root->number, err);
	}
	*out_root = (struct build_root){(char *)"context", named->context};
	return 0;
}

int planner_root(struct planner *planner, const struct stage_source *self, const char *name,
		 struct build_root *out_root, struct err *err)
{
	const struct build_named *named = planner_named(planner, name);
	if (named)
		return root_of_named(planner, named, out_root, err);
	struct stage_source *stage = stage_find(planner, name, planner->stage_count);
	if (stage)
		return root_of_stage(planner, stage, out_root, err);
	if (text_is_digits(name))
		return err_set(err, EINVAL, "invalid stage index %s: there are %zu stages", name, planner->stage_count);
	out_root->kind = (char *)"base";
	return planner_base(planner, name, self->platform, &out_root->number, err);
}

/* --- a stage --- */

static char *default_path = (char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static void scratch_image(struct planner *planner, struct oci_image *image)
{
	*image = (struct oci_image){
	    .os = arena_strdup(planner->arena, args_get(&planner->globals, "TARGETOS")),
	    .architecture = arena_strdup(planner->arena, args_get(&planner->globals, "TARGETARCH")),
	    .variant = arena_strdup(planner->arena, args_get(&planner->globals, "TARGETVARIANT")),
	    .config = arena_new(planner->arena, struct oci_image_run),
	};
	if (!*image->variant)
		image->variant = NULL;
	image->config->env = arena_array(planner->arena, char *, 2);
	image->config->env[0] = default_path;
	image->config->working_dir = (char *)"/";
}

/* A copy whose lists can be replaced without touching the original. */
static void image_inherit(struct planner *planner, const struct oci_image *base, struct oci_image *out_image)
{
	*out_image = *base;
	struct oci_image_run *run = arena_new(planner->arena, struct oci_image_run);
	if (base->config)
		*run = *base->config;
	out_image->config = run;
	out_image->docker_version = out_image->parent = out_image->comment = NULL;
	out_image->created = NULL;
}

/* Docker's: whatever the image says, there is a PATH. */
static void path_ensure(struct planner *planner, struct oci_image_run *run)
{
	size_t count = strv_count(run->env);
	for (size_t i = 0; i < count; i++) {
		if (text_after(run->env[i], "PATH="))
			return;
	}
	char **env = arena_array(planner->arena, char *, count + 2);
	for (size_t i = 0; i < count; i++)
		env[i] = run->env[i];
	env[count] = default_path;
	run->env = env;
}

/* What a stage starts from, and its image's configuration. */
static int stage_base(struct planner *planner, struct stage_source *source, struct build_stage *stage, struct err *err)
{
	struct stage_source *parent = stage_find(planner, source->base, (size_t)(source - planner->stages));
	const struct build_named *named = planner_named(planner, source->base);
	if (text_is_digits(source->base))
		parent = NULL; /* FROM takes names only */
	int rc = 0;
	if (named)
		rc = root_of_named(planner, named, &stage->from, err);
	else if (parent)
		rc = root_of_stage(planner, parent, &stage->from, err);
	else if (text_equal(source->base, "scratch"))
		stage->from.kind = (char *)"scratch";
	else {
		struct reference reference;
		rc = reference_parse(source->base, &reference, err);
		stage->from.kind = (char *)"base";
		if (rc < 0)
			rc = err_wrap(err, "failed to parse stage name \"%s\"", source->base);
		else
			rc = planner_base(planner, source->base, source->platform, &stage->from.number, err);
	}
	if (rc < 0)
		return planner_error(source->from, err);
	if (text_equal(stage->from.kind, "stage"))
		image_inherit(planner, &planner->plan.stages.items[stage->from.number].image, &stage->image);
	else if (text_equal(stage->from.kind, "base"))
		image_inherit(planner, &planner->base_images[stage->from.number], &stage->image);
	else
		scratch_image(planner, &stage->image);
	path_ensure(planner, stage->image.config);
	return 0;
}

static bool stage_uncached(const struct planner *planner, const struct stage_source *source)
{
	char number[16];
	snprintf(number, sizeof number, "%zu", (size_t)(source - planner->stages));
	if (planner->request->no_cache)
		return true;
	for (char *const *name = planner->request->no_cache_stages; name && *name; name++) {
		if (strcasecmp(*name, source->name) == 0 || text_equal(*name, number))
			return true;
	}
	return false;
}

static void labels_set(struct stage_state *state)
{
	static const char *const shown[] = {"from", "run", "copy", "workdir"};
	const char *name = state->source->name;
	char number[24] = "";
	if (!*name && state->planner->stage_count > 1)
		snprintf(number, sizeof number, "stage-%zu", (size_t)(state->source - state->planner->stages));
	const char *title = *name ? name : number;
	for (size_t i = 0; i < state->stage->steps.count; i++) {
		struct build_step *step = &state->stage->steps.items[i];
		bool counted = false;
		for (size_t k = 0; k < array_size(shown); k++)
			counted = counted || text_equal(shown[k], step->kind);
		if (!counted)
			continue;
		step->number = ++state->shown;
	}
	for (size_t i = 0; i < state->stage->steps.count; i++) {
		struct build_step *step = &state->stage->steps.items[i];
		if (step->number == 0)
			continue;
		step->total = state->shown;
		step->label =
		    arena_printf(state->planner->arena, "[%s%s%*lld/%lld] %s", title, *title ? " " : "",
				 state->shown > 9 ? 2 : 1, (long long)step->number, (long long)step->total, step->text);
	}
}

static int triggers_take(struct stage_state *state, struct err *err)
{
	struct planner *planner = state->planner;
	char **triggers = state->run->on_build;
	state->run->on_build = NULL;
	for (; triggers && *triggers; triggers++) {
		struct instruction *instruction;
		int rc = instruction_parse(planner->arena,
					   arena_printf(planner->arena, "ONBUILD of %s", state->source->base),
					   *triggers, &instruction, err);
		if (rc == 0 && (instruction->kind == INSTRUCTION_FROM || instruction->kind == INSTRUCTION_ONBUILD ||
				instruction->kind == INSTRUCTION_MAINTAINER))
			rc = err_set(err, EINVAL, "%s: %s isn't allowed as an ONBUILD trigger", state->source->base,
				     instruction->name);
		if (rc == 0) {
			instruction->first_line = instruction->last_line = state->source->from->first_line;
			rc = stage_take(state, instruction, err);
		}
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int stage_make(struct planner *planner, struct stage_source *source, struct build_stage *stage, struct err *err)
{
	struct stage_state state = {.planner = planner, .source = source, .stage = stage};
	int rc = stage_base(planner, source, stage, err);
	if (rc < 0)
		return rc;
	state.run = stage->image.config;
	state.no_cache = stage_uncached(planner, source);
	state.current = source->from;
	stage->name = source->name;
	stage->number = source - planner->stages;
	stage_step(&state, "from", NULL);
	/* A trigger came with the image; a stage's own are for others. */
	if (text_equal(stage->from.kind, "base"))
		rc = triggers_take(&state, err);
	else
		state.run->on_build = NULL;
	for (size_t i = 0; rc == 0 && i < source->count; i++)
		rc = stage_take(&state, source->items[i], err);
	if (rc == 0)
		labels_set(&state);
	return rc;
}

int planner_visit(struct planner *planner, struct stage_source *source, struct err *err)
{
	if (source->mark == STAGE_DONE)
		return 0;
	if (source->mark == STAGE_OPEN)
		return *source->name
			   ? instruction_error(source->from, 0, err, "circular dependency detected on stage: %s",
					       source->name)
			   : instruction_error(source->from, 0, err, "circular dependency detected on stage: %zu",
					       (size_t)(source - planner->stages));
	source->mark = STAGE_OPEN;
	struct build_stage stage = {0};
	int rc = stage_make(planner, source, &stage, err);
	if (rc < 0)
		return rc;
	struct build_plan *plan = &planner->plan;
	if (!plan->stages.items)
		plan->stages.items = arena_array(planner->arena, struct build_stage, PLAN_STAGES_MAX);
	source->index = (int64_t)plan->stages.count;
	for (size_t i = 0; i < stage.steps.count; i++)
		stage.steps.items[i].stage = source->index;
	plan->classic_total += (int64_t)source->count + 1;
	plan->stages.items[plan->stages.count++] = stage;
	source->mark = STAGE_DONE;
	return 0;
}

static void labels_add(struct planner *planner, struct oci_image_run *run)
{
	const struct json_map *labels = &planner->request->labels;
	struct json_pair *pairs = arena_array(planner->arena, struct json_pair, run->labels.count + labels->count + 1);
	size_t count = 0;
	for (size_t i = 0; i < run->labels.count; i++) {
		if (!json_map_get(labels, run->labels.items[i].key))
			pairs[count++] = run->labels.items[i];
	}
	for (size_t i = 0; i < labels->count; i++)
		pairs[count++] = labels->items[i];
	run->labels = (struct json_map){pairs, count};
}

int plan_make(struct arena *arena, const struct dockerfile *file, const struct build_request *request,
	      const struct plan_world *world, struct build_plan *out_plan, struct err *err)
{
	struct planner planner = {.arena = arena, .file = file, .request = request, .world = world};
	bool given;
	const char *check = planner_request_arg(&planner, "BUILDKIT_DOCKERFILE_CHECK", &given);
	int rc = lint_begin(&planner.lint, arena, given ? check : file->check, err);
	if (rc < 0)
		return rc;
	const char *host = "linux/" HOST_ARCHITECTURE;
	platform_split(&planner, "BUILD", host);
	platform_split(&planner, "TARGET", text_empty(request->platform) ? host : request->platform);
	args_put(arena, &planner.globals, "TARGETSTAGE", text_empty(request->target) ? "default" : request->target);
	lint_dockerfile(&planner.lint, file);
	rc = stages_read(&planner, err);
	if (rc == 0)
		rc = target_find(&planner, err);
	if (rc == 0)
		rc = planner_visit(&planner, (struct stage_source *)planner.target, err);
	if (rc < 0)
		return rc;
	planner.plan.target = planner.target->index;
	labels_add(&planner, planner.plan.stages.items[planner.plan.target].image.config);
	planner.plan.warnings.items = planner.lint.warnings.items;
	planner.plan.warnings.count = planner.lint.warnings.count;
	planner.plan.check_failed = planner.lint.error && planner.lint.warnings.count > 0;
	planner.plan.dockerfile_name = (char *)file->name;
	*out_plan = planner.plan;
	return 0;
}
