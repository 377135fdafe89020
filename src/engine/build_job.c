/* The tables of the jobs of builds. */
#include "engine/build_job.h"

#include "image/report.h"

JSON_TYPE(build_base_question, F_STR(struct build_base_question, reference, "reference", JSON_REQUIRED),
	  F_STR(struct build_base_question, platform, "platform", JSON_OMIT));

JSON_TYPE(build_plan_answer, F_POINTER(struct build_plan_answer, base, "base", JSON_OMIT, build_base_question),
	  F_POINTER(struct build_plan_answer, plan, "plan", JSON_OMIT, build_plan));

JSON_TYPE(build_base_reply, F_STR(struct build_base_reply, error, "error", JSON_OMIT),
	  F_I64(struct build_base_reply, code, "code", JSON_OMIT),
	  F_OBJECT(struct build_base_reply, base, "base", 0, build_base),
	  F_OBJECT(struct build_base_reply, image, "image", 0, oci_image));

JSON_TYPE(build_plan_request, F_OBJECT(struct build_plan_request, build, "build", 0, build_request),
	  F_I64(struct build_plan_request, contexts, "contexts", 0));

JSON_TYPE(build_step_request, F_STR(struct build_step_request, kind, "kind", JSON_REQUIRED),
	  F_STRV(struct build_step_request, lower, "lower", 0),
	  F_STRV(struct build_step_request, from, "from", JSON_OMIT),
	  F_STR(struct build_step_request, context, "context", JSON_OMIT),
	  F_STRV(struct build_step_request, hidden, "hidden", JSON_OMIT),
	  F_POINTER(struct build_step_request, copy, "copy", JSON_OMIT, build_copy),
	  F_STR(struct build_step_request, directory, "directory", JSON_OMIT),
	  F_STR(struct build_step_request, user, "user", JSON_OMIT),
	  F_STRV(struct build_step_request, fetched, "fetched", JSON_OMIT),
	  F_STRV(struct build_step_request, stubs, "stubs", JSON_OMIT),
	  F_I64(struct build_step_request, epoch, "epoch", 0), F_BOOL(struct build_step_request, fixed, "fixed", 0));

JSON_TYPE(build_fetch_request, F_STRV(struct build_fetch_request, urls, "urls", 0),
	  F_STR(struct build_fetch_request, checksum, "checksum", JSON_OMIT));

JSON_TYPE(build_fetched, F_STR(struct build_fetched, name, "name", JSON_REQUIRED),
	  F_STR(struct build_fetched, digest, "digest", JSON_REQUIRED));

JSON_TYPE(build_fetch_answer, F_LIST(struct build_fetch_answer, files, "files", 0, build_fetched));

JSON_TYPE(build_step_answer, F_BOOL(struct build_step_answer, empty, "empty", 0),
	  F_I64(struct build_step_answer, epoch, "epoch", 0));

void answer_report(const struct json_table *table, const void *structure)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	json_encode(&text, table, structure);
	report_answer(text.overflow ? "null" : buf_str(&text));
}
