/*
 * Whatever a Dockerfile says is planned or refused, in bounds; the plan is the same after its way as JSON.
 */
#include "build/plan.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int base(void *cookie, struct arena *arena, const char *reference, const char *platform,
		struct build_base *out_base, struct oci_image *out_image, struct err *err)
{
	(void)cookie, (void)platform, (void)err, (void)reference;
	out_base->id = arena_strdup(arena, "sha256:1");
	*out_image = (struct oci_image){.os = (char *)"linux"};
	return 0;
}

static int content(void *cookie, struct arena *arena, int64_t context, char *const *sources, char *const *excludes,
		   bool parents, char **out_digest, struct err *err)
{
	(void)cookie, (void)context, (void)sources, (void)excludes, (void)parents, (void)err;
	*out_digest = arena_strdup(arena, "x");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(64 << 20);
	const struct plan_world world = {.base = base, .content = content};
	struct dockerfile file;
	struct build_plan plan, again = {0};
	struct err err;
	if (size > 16384 || dockerfile_parse(&arena, "Dockerfile", (const char *)data, size, &file, &err) < 0 ||
	    plan_make(&arena, &file, &(struct build_request){0}, &world, &plan, &err) < 0)
		return 0;
	json_encode(&text, &table_build_plan, &plan);
	/* What is no UTF-8 is another text afterwards, still one that is read. */
	if (text.len < JSON_SIZE_MAX &&
	    json_load(&arena, &table_build_plan, text.data, text.len, "plan", 0, &again, &err) < 0)
		BUG("%s", err.msg);
	return 0;
}
