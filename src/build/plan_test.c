#include "build/plan.h"

#include "base/buffer.h"
#include "base/text.h"
#include "unit/test.h"

static int fake_base(void *cookie, struct arena *arena, const char *reference, const char *platform,
		     struct build_base *out_base, struct oci_image *out_image, struct err *err)
{
	(void)cookie, (void)platform;
	if (text_equal(reference, "missing"))
		return err_set(err, ENOENT, "No such image: missing");
	out_base->id = arena_strdup(arena, "sha256:1");
	struct oci_image_run *run = arena_new(arena, struct oci_image_run);
	run->env = arena_array(arena, char *, 3);
	run->env[0] = (char *)"PATH=/bin";
	run->env[1] = (char *)"BASE=b";
	run->cmd = arena_array(arena, char *, 2);
	run->cmd[0] = (char *)"sh";
	if (text_equal(reference, "trigger")) {
		run->on_build = arena_array(arena, char *, 3);
		run->on_build[0] = (char *)"COPY x /y";
		run->on_build[1] = (char *)"ENV T=1";
	}
	*out_image = (struct oci_image){.os = (char *)"linux", .architecture = (char *)"amd64", .config = run};
	return 0;
}

static int fake_content(void *cookie, struct arena *arena, int64_t context, char *const *sources, char *const *excludes,
			bool parents, char **out_digest, struct err *err)
{
	(void)cookie, (void)excludes, (void)parents;
	if (text_equal(sources[0], "gone"))
		return err_set(err, ENOENT, "\"/gone\": not found");
	*out_digest = arena_printf(arena, "%lld:%s", (long long)context, sources[0]);
	return 0;
}

static const struct plan_world world = {.base = fake_base, .content = fake_content};

static int plan_of(struct arena *arena, const char *text, const struct build_request *request, struct build_plan *plan,
		   struct err *err)
{
	struct dockerfile file;
	int rc = dockerfile_parse(arena, "Dockerfile", text, strlen(text), &file, err);
	return rc < 0 ? rc : plan_make(arena, &file, request, &world, plan, err);
}

static struct build_plan good(struct arena *arena, const char *text, const struct build_request *request)
{
	struct build_plan plan;
	struct err err;
	if (plan_of(arena, text, request ? request : &(struct build_request){0}, &plan, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return plan;
}

static const struct build_step *step_of(const struct build_plan *plan, size_t stage, size_t step)
{
	CHECK(stage < plan->stages.count && step < plan->stages.items[stage].steps.count);
	return &plan->stages.items[stage].steps.items[step];
}

static void check_fault(const char *text, const char *message)
{
	auto_arena arena = {0};
	struct build_plan plan;
	struct err err;
	if (plan_of(&arena, text, &(struct build_request){0}, &plan, &err) == 0)
		test_fail(__FILE__, __LINE__, "accepted: %s", text);
	CHECK_CONTAINS(err.msg, message);
}

TEST(only_needed_stages_and_those_in_front_first)
{
	auto_arena arena = {0};
	struct build_plan plan = good(&arena,
				      "FROM a AS one\nRUN 1\nFROM a AS unused\nRUN 2\nFROM one AS two\nRUN 3\n"
				      "FROM scratch\nCOPY --from=two /x /y\nCOPY --from=0 /x /z\nRUN "
				      "--mount=type=bind,from=late,target=/l true\nFROM a AS late\nRUN 5\n",
				      &(struct build_request){.target = (char *)"3"});
	CHECK_INT(plan.stages.count, 4);
	CHECK_STR(plan.stages.items[0].name, "one");
	CHECK_STR(plan.stages.items[1].name, "two");
	CHECK_STR(plan.stages.items[1].from.kind, "stage");
	CHECK_STR(plan.stages.items[2].name, "late");
	CHECK_INT(plan.target, 3);
	CHECK_STR(step_of(&plan, 3, 1)->copy->from.kind, "stage");
	CHECK_INT(step_of(&plan, 3, 1)->copy->from.number, 1);
	CHECK_STR(step_of(&plan, 1, 1)->label, "[two 2/2] RUN 3");
}

TEST(variables_have_their_scopes)
{
	auto_arena arena = {0};
	struct json_pair_item args[] = {{(char *)"V", (char *)"given"}, {(char *)"HTTP_PROXY", (char *)"p"}};
	struct build_request request = {.args = {args, 2}};
	struct build_plan plan =
	    good(&arena,
		 "ARG BASE=a\nARG V=def\nFROM $BASE\nRUN 0\nARG V\nARG W=w-$V\nENV E=$W-$BASE E2=$E\n"
		 "ENV W=env\nRUN 1\nCOPY $V/f /d/$W/\nLABEL l=\"$E\"\nEXPOSE 80 $V2 443/udp\n",
		 &request);
	CHECK_INT(plan.stages.count, 1);
	CHECK_INT(strv_count(step_of(&plan, 0, 1)->run->env), 2);
	CHECK_STR(step_of(&plan, 0, 1)->proxies[0], "HTTP_PROXY=p");
	const struct build_step *run = step_of(&plan, 0, 6);
	CHECK_STR(run->kind, "run");
	CHECK_STR(run->run->env[2], "E=w-given-b");
	CHECK_STR(run->run->env[3], "E2=");
	CHECK_STR(run->run->env[4], "W=env");
	CHECK_STR(run->run->env[5], "V=given");
	CHECK(!run->run->env[6]);
	CHECK_STR(step_of(&plan, 0, 7)->copy->sources[0], "given/f");
	CHECK_STR(step_of(&plan, 0, 7)->copy->destination, "/d/env/");
	const struct oci_image *image = &plan.stages.items[0].image;
	CHECK_STR(json_map_get(&image->config->labels, "l"), "w-given-b");
	CHECK_INT(image->config->exposed_ports.count, 2);
	CHECK_STR(image->history.items[5].created_by, "RUN |2 V=given W=w-given /bin/sh -c 1");
}

TEST(configuration)
{
	auto_arena arena = {0};
	struct build_plan plan =
	    good(&arena,
		 "FROM a\nWORKDIR /x\nWORKDIR y/../z\nUSER u:g\nVOLUME [\"/v\"]\nSTOPSIGNAL SIGQUIT\n"
		 "SHELL [\"/bin/bash\",\"-c\"]\nCMD echo hi\nENTRYPOINT [\"e\"]\nHEALTHCHECK --interval=5s "
		 "--retries=2 CMD curl x\nONBUILD RUN y\nMAINTAINER me\n",
		 NULL);
	const struct oci_image *image = &plan.stages.items[0].image;
	CHECK_STR(image->config->working_dir, "/x/z");
	CHECK_STR(image->config->user, "u:g");
	CHECK_STR(image->config->cmd[0], "/bin/bash");
	CHECK_STR(image->config->entrypoint[0], "e");
	CHECK_STR(image->config->healthcheck->test[0], "CMD-SHELL");
	CHECK_INT(image->config->healthcheck->interval, 5000000000LL);
	CHECK_STR(image->config->on_build[0], "RUN y");
	CHECK_STR(image->author, "me");
	/* The base's CMD goes with an entry point of one's own. */
	plan = good(&arena, "FROM a\nENTRYPOINT [\"e\"]\n", NULL);
	CHECK(!plan.stages.items[0].image.config->cmd);
}

TEST(triggers_of_the_base_come_first)
{
	auto_arena arena = {0};
	struct build_plan plan = good(&arena, "FROM trigger AS t\nRUN z\nFROM t\nRUN q\n", NULL);
	CHECK_STR(step_of(&plan, 0, 1)->copy->sources[0], "x");
	CHECK_STR(step_of(&plan, 0, 3)->text, "RUN z");
	CHECK(!plan.stages.items[0].image.config->on_build);
	CHECK_INT(plan.stages.items[1].steps.count, 2);
}

TEST(mounts)
{
	auto_arena arena = {0};
	struct build_plan plan =
	    good(&arena,
		 "FROM a\nWORKDIR /w\nARG ID=i\nRUN --mount=type=cache,id=$ID,target=c,sharing=locked,uid=5 "
		 "--mount=type=secret,id=s,env=TOKEN --mount=target=/src,src=sub,rw "
		 "--mount=type=tmpfs,dst=/t,size=1m --mount=type=ssh --network=none x\n",
		 NULL);
	const struct build_run *run = step_of(&plan, 0, 3)->run;
	CHECK_INT(run->mounts.count, 5);
	CHECK_STR(run->mounts.items[0].target, "/w/c");
	CHECK_STR(run->mounts.items[0].id, "i");
	CHECK_INT(run->mounts.items[0].mode, 0755);
	CHECK(!run->mounts.items[1].target);
	CHECK(!run->mounts.items[2].read_only);
	CHECK_STR(run->mounts.items[2].content, "0:sub");
	CHECK_INT(run->mounts.items[3].size, 1 << 20);
	CHECK_STR(run->network, "none");
}

TEST(heredocs_are_commands_scripts_and_files)
{
	auto_arena arena = {0};
	struct build_plan plan =
	    good(&arena,
		 "FROM a\nARG A=1\nRUN <<E\nx $A\nE\nRUN <<E\n#!/bin/py\ny\nE\nRUN cat <<E >f\nz\nE\n"
		 "COPY <<one <<\"two\" /d/\na $A \"q\"\none\nb $A\ntwo\n",
		 NULL);
	CHECK_STR(step_of(&plan, 0, 2)->run->argv[2], "x $A\n");
	CHECK_STR(step_of(&plan, 0, 3)->run->argv[0], "/dev/pipes/E");
	CHECK_STR(step_of(&plan, 0, 3)->run->scripts.items[0].content, "#!/bin/py\ny\n");
	CHECK_STR(step_of(&plan, 0, 4)->run->argv[2], "cat <<E >f\nz\nE");
	const struct build_copy *copy = step_of(&plan, 0, 5)->copy;
	CHECK_INT(copy->files.count, 2);
	CHECK_STR(copy->files.items[0].content, "a 1 \"q\"\n");
	CHECK_STR(copy->files.items[1].content, "b $A\n");
}

TEST(definitions_follow_what_decides_the_result)
{
	auto_arena arena = {0};
	struct build_plan a = good(&arena, "FROM a AS x\nRUN y\nFROM a AS y\nRUN y\n", NULL);
	struct build_plan b = good(&arena, "FROM a\nLABEL a=b\nRUN y\nENV a=b\nRUN y\n", NULL);
	CHECK_STR(step_of(&a, 0, 1)->definition, step_of(&b, 0, 2)->definition);
	CHECK(!text_equal(step_of(&b, 0, 2)->definition, step_of(&b, 0, 4)->definition));
}

TEST(named_contexts_stand_before_stages_and_images)
{
	auto_arena arena = {0};
	struct build_named named[] = {{(char *)"a", 1, NULL, NULL}, {(char *)"img", -1, (char *)"other", NULL}};
	struct build_request request = {.named = {named, 2}};
	struct build_plan plan = good(&arena, "FROM img\nCOPY --from=a f /f\n", &request);
	CHECK_STR(plan.bases.items[0].reference, "other");
	CHECK_STR(step_of(&plan, 0, 1)->copy->content, "1:f");
}

TEST(faults)
{
	check_fault("RUN x\nFROM a",
		    "Dockerfile:1:1: dockerfile parse error on line 1: no build stage in current context");
	check_fault("FROM missing", "Dockerfile:1:1: FROM: No such image: missing");
	check_fault("FROM a\nRUN --security=insecure x", "granting entitlement security.insecure is not allowed");
	check_fault("FROM a\nRUN --security=unknown x", "security \"unknown\" is not valid");
	check_fault("FROM a\nRUN --network=host x", "network.host is not allowed");
	check_fault("FROM a\nRUN --mount=type=bnd,target=/x x", "unsupported mount type \"bnd\" (did you mean bind?)");
	check_fault("FROM a\nRUN --mount=type=cache,target=/x,shring=locked x", "(did you mean sharing?)");
	check_fault("FROM a\nRUN --mount=type=cache x", "target is required");
	check_fault("FROM a\nCOPY gone /x", "Dockerfile:2:1: COPY: \"/gone\": not found");
	check_fault("FROM a\nCOPY --chmod=9 x /x", "invalid chmod parameter: '9'");
	check_fault("FROM a\nCOPY a b c", "the destination must be a directory and end with a /");
	check_fault("FROM a AS 1x", "invalid name for build stage: \"1x\"");
	check_fault("FROM a\nARG X=${Y:?told}\n", "Y: told");
	check_fault("FROM ${NONE}", "should not be blank");
	check_fault("FROM a AS x\nCOPY --from=x y z", "circular dependency detected on stage: x");
	check_fault("FROM a AS x\nCOPY --from=y y z\nFROM a AS y\nCOPY --from=x y z\n", "circular dependency");
}

/* B-10 */
TEST(stages_and_variables_are_bounded)
{
	auto_buf text = BUF_INIT(4 << 20);
	for (int i = 0; i < 1001; i++)
		buf_text(&text, "FROM a\n");
	check_fault(text.data, "more than 1000 stages");
	buf_reset(&text);
	buf_text(&text, "FROM a\nENV A=aaaaaaaaaa\n");
	for (int i = 0; i < 40; i++)
		buf_text(&text, "ENV A=$A$A$A$A\n");
	check_fault(text.data, "is larger than");
	/* Many large variables, and many commands that get them. */
	buf_reset(&text);
	buf_text(&text, "FROM a\nENV A=aaaaaaaaaa\n");
	for (int i = 0; i < 15; i++)
		buf_text(&text, "ENV A=$A$A\n");
	size_t start = text.len;
	for (int i = 0; i < 3000; i++)
		buf_printf(&text, "ENV B%d=$A\n", i);
	check_fault(text.data, "takes more than 256 MiB");
	text.len = start;
	for (int i = 0; i < 10; i++)
		buf_printf(&text, "ENV B%d=$A\n", i);
	buf_text(&text, "RUN x\n");
	check_fault(text.data, "Dockerfile:28:1: RUN: its variables take more than 2 MiB");
	text.len = start;
	for (int i = 0; i < 30; i++)
		buf_printf(&text, "RUN x\n");
	check_fault(text.data, "the variables of all commands together take more than 7 MiB");
	/* A trigger in a trigger in a trigger. */
	buf_reset(&text);
	buf_text(&text, "FROM a\n");
	for (int i = 0; i < 100000; i++)
		buf_text(&text, "ONBUILD \\\n");
	buf_text(&text, "RUN x\n");
	check_fault(text.data, "Chaining ONBUILD");
	/* A chain of stages, as deep as it may be. */
	buf_reset(&text);
	buf_text(&text, "FROM a AS s0\n");
	for (int i = 1; i < 1000; i++)
		buf_printf(&text, "FROM s%d AS s%d\n", i - 1, i);
	auto_arena arena = {0};
	CHECK_INT(good(&arena, text.data, NULL).stages.count, 1000);
}

TEST(a_plan_survives_its_way_to_the_engine)
{
	auto_arena arena = {0};
	auto_buf first = BUF_INIT(1 << 20), second = BUF_INIT(1 << 20);
	struct build_plan plan = good(&arena,
				      "FROM a AS b\nRUN --mount=type=cache,target=/c x\nCOPY <<E /e\nE\nFROM b\nADD "
				      "--checksum=1234567 https://h/r.git#v:/d /x/\n",
				      NULL),
			  again = {0};
	struct err err;
	json_encode(&first, &table_build_plan, &plan);
	CHECK_OK(json_load(&arena, &table_build_plan, first.data, first.len, "plan", 0, &again, &err));
	json_encode(&second, &table_build_plan, &again);
	CHECK_STR(second.data, first.data);
}

TEST(checks)
{
	static const struct {
		const char *text, *rule;
		int64_t line;
	} rows[] = {
	    {"FROM a as b\nRUN x", "FromAsCasing", 1},
	    {"FROM a AS Big", "StageNameCasing", 1},
	    {"FROM a AS b\nFROM a AS b", "DuplicateStageName", 2},
	    {"FROM a AS scratch", "ReservedStageName", 1},
	    {"FROM a\nRUN x\nrun y", "ConsistentInstructionCasing", 3},
	    {"FROM a\nRUN x \\\n\n y", "NoEmptyContinuation", 4},
	    {"FROM a\nCMD echo", "JSONArgsRecommended", 2},
	    {"FROM a\nMAINTAINER x", "MaintainerDeprecated", 2},
	    {"FROM a$X", "UndefinedArgInFrom", 1},
	    {"FROM a\nWORKDIR x", "WorkdirRelativePath", 2},
	    {"FROM a\nCOPY $X /y", "UndefinedVar", 2},
	    {"FROM a\nCMD [\"a\"]\nCMD [\"b\"]", "MultipleInstructionsDisallowed", 2},
	    {"FROM a\nENV a b", "LegacyKeyValueFormat", 2},
	    {"FROM --platform=linux/amd64 a", "FromPlatformFlagConstDisallowed", 1},
	    {"FROM --platform=$TARGETPLATFORM a", "RedundantTargetPlatform", 1},
	    {"FROM a\nARG DB_PASSWORD", "SecretsUsedInArgOrEnv", 2},
	    {"FROM a\nEXPOSE 80/TCP", "ExposeProtoCasing", 2},
	    {"FROM a\nEXPOSE 127.0.0.1:80:80", "ExposeInvalidFormat", 2},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		struct build_plan plan = good(&arena, rows[i].text, NULL);
		bool found = false;
		for (size_t k = 0; k < plan.warnings.count; k++)
			found = found || (text_equal(plan.warnings.items[k].rule, rows[i].rule) &&
					  plan.warnings.items[k].line == rows[i].line);
		if (!found)
			test_fail(__FILE__, __LINE__, "%s: not found in %s", rows[i].rule, rows[i].text);
	}
	auto_arena arena = {0};
	CHECK_INT(good(&arena, "# check=skip=all\nFROM a as b\nCMD x\n", NULL).warnings.count, 0);
	CHECK_INT(
	    good(&arena, "# check=skip=FromAsCasing,JSONArgsRecommended\nFROM a as b\nCMD x\n", NULL).warnings.count,
	    0);
	CHECK(good(&arena, "# check=error=true\nFROM a as b\n", NULL).check_failed);
	CHECK_INT(good(&arena, "FROM a AS b\nRUN x\nCOPY a /b\n", NULL).warnings.count, 0);
}
