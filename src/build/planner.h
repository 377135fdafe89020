/*
 * The planner's own state. Used by plan_make.c, plan_stage.c, plan_run.c and plan_copy.c alone.
 */
#pragma once

#include "build/expand.h"
#include "build/lint.h"
#include "build/plan.h"

struct plan_arg {
	char *name, *value; /* value NULL: declared without one */
};
struct plan_args {
	struct plan_arg *items;
	size_t count;
};

enum stage_mark { STAGE_NEW, STAGE_OPEN, STAGE_DONE };

/* A stage as the Dockerfile has it. */
struct stage_source {
	const struct instruction *from;
	struct instruction **items;
	size_t count;
	char *name; /* lower case; "" */
	char *base; /* expanded */
	char *platform;
	enum stage_mark mark;
	int64_t index; /* in the plan, once it is done */
};

struct planner {
	struct arena *arena;
	const struct dockerfile *file;
	const struct build_request *request;
	const struct plan_world *world;
	struct build_plan plan;
	size_t base_room, stage_room;
	struct plan_args globals;
	struct stage_source *stages;
	size_t stage_count;
	const struct stage_source *target;
	struct lint lint;
	struct oci_image *base_images; /* beside plan.bases */
	size_t environments;	       /* bytes of all commands' */
};

/* A stage while its instructions are taken up. */
struct stage_state {
	struct planner *planner;
	struct stage_source *source;
	struct build_stage *stage;
	struct oci_image_run *run; /* of stage->image */
	struct plan_args args;
	size_t step_room, history_room;
	bool cmd_set;
	bool no_cache;
	const struct instruction *current;
	int64_t shown, shown_total; /* steps that progress counts */
	size_t env_room, volume_room, port_room;
};

/* --- plan_make.c --- */

int planner_error(const struct instruction *instruction, struct err *err); /* puts the place before the text */
int planner_base(struct planner *planner, const char *reference, const char *platform, int64_t *out_index,
		 struct err *err) must_check;
/* A word of --from: stage, named context or image. self: the stage that asks. */
int planner_root(struct planner *planner, const struct stage_source *self, const char *name,
		 struct build_root *out_root, struct err *err) must_check;
int planner_visit(struct planner *planner, struct stage_source *source, struct err *err) must_check;
const struct build_named *planner_named(const struct planner *planner, const char *name);
const char *planner_request_arg(const struct planner *planner, const char *name, bool *out_given);
const char *args_get(const struct plan_args *args, const char *name);
void args_put(struct arena *arena, struct plan_args *args, const char *name, const char *value);

/* --- plan_stage.c --- */

int stage_take(struct stage_state *state, const struct instruction *instruction, struct err *err) must_check;
int stage_expand(struct stage_state *state, const char *text, char **out_text, struct err *err) must_check;
/* The text of a heredoc: quotes are part of it. */
int stage_expand_text(struct stage_state *state, const char *text, char **out_text, struct err *err) must_check;
int stage_expand_list(struct stage_state *state, char *const *words, char ***out_words, struct err *err) must_check;
/* history: the text for it, NULL: no entry. */
struct build_step *stage_step(struct stage_state *state, const char *kind, const char *history);
const char *stage_env(const struct stage_state *state, const char *name);
void stage_env_put(struct stage_state *state, const char *name, const char *value);
char **stage_shell(const struct stage_state *state); /* ["/bin/sh", "-c"] */
void step_define(struct stage_state *state, struct build_step *step);

/* --- plan_run.c, plan_copy.c --- */

int stage_run(struct stage_state *state, const struct instruction *instruction, struct err *err) must_check;
int stage_copy(struct stage_state *state, const struct instruction *instruction, struct err *err) must_check;
