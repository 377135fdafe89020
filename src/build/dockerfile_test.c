#include "build/dockerfile.h"

#include "base/buffer.h"
#include "base/text.h"
#include "unit/test.h"

static struct dockerfile parse(struct arena *arena, const char *text)
{
	struct dockerfile file;
	struct err err;
	if (dockerfile_parse(arena, "Dockerfile", text, strlen(text), &file, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return file;
}

TEST(instructions_and_forms)
{
	auto_arena arena = {0};
	struct dockerfile file = parse(&arena, "FROM a AS b\n"
					       "run [\"x\", \"y z\"]\n"
					       "RUN [ -e /a ] && b\n"
					       "COPY --from=b --chown=1:2 --link s\\ 1 \"d\" t/\n"
					       "ENV A=1 B='x y' C=\"a b\"\n"
					       "ENV OLD the rest\n"
					       "ARG X Y=2\n"
					       "EXPOSE 80 443/udp\n"
					       "HEALTHCHECK --interval=5s CMD curl x\n"
					       "ONBUILD RUN make\n"
					       "SHELL [\"/bin/bash\", \"-c\"]\n"
					       "CMD\n");
	CHECK_INT(file.count, 12);
	CHECK_INT(file.items[0]->kind, INSTRUCTION_FROM);
	CHECK_STR(file.items[0]->words[2], "b");
	CHECK(file.items[1]->is_json);
	CHECK_STR(file.items[1]->words[1], "y z");
	CHECK_STR(file.items[1]->keyword, "run");
	CHECK(!file.items[2]->is_json);
	CHECK_STR(file.items[2]->words[0], "[ -e /a ] && b");
	CHECK_STR(instruction_flag_value(file.items[3], "from"), "b");
	CHECK_STR(instruction_flag_value(file.items[3], "link"), "");
	CHECK_STR(file.items[3]->words[0], "s\\ 1");
	CHECK_INT(file.items[4]->pair_count, 3);
	CHECK_STR(file.items[4]->pairs[1].value, "'x y'");
	CHECK(file.items[5]->legacy_pair);
	CHECK_STR(file.items[5]->pairs[0].value, "the rest");
	CHECK(!file.items[6]->pairs[0].value);
	CHECK_STR(file.items[6]->pairs[1].value, "2");
	CHECK_STR(file.items[8]->check_kind, "CMD");
	CHECK_STR(file.items[8]->words[0], "curl x");
	CHECK_INT(file.items[9]->trigger->kind, INSTRUCTION_RUN);
	CHECK_INT(file.items[11]->first_line, 12);
}

TEST(comments_and_continued_lines)
{
	auto_arena arena = {0};
	struct dockerfile file = parse(&arena, "\xef\xbb\xbf# a comment\r\n"
					       "FROM a\r\n"
					       "RUN one && \\\n"
					       "  # inside\n"
					       "  two && \\  \n"
					       "\n"
					       "  three\n"
					       "RUN a \\\\\n"
					       "# end");
	CHECK_INT(file.count, 3);
	CHECK_STR(file.items[1]->words[0], "one &&   two &&   three");
	CHECK_INT(file.items[1]->first_line, 3);
	CHECK_INT(file.items[1]->last_line, 7);
	CHECK_INT(file.empty_continuation_count, 1);
	CHECK_INT(file.empty_continuations[0], 7);
	CHECK_STR(file.items[2]->words[0], "a \\\\");
}

TEST(directives)
{
	auto_arena arena = {0};
	struct dockerfile file = parse(&arena, "# syntax=docker/dockerfile:1\n#escape=`\n# check = skip=all\n"
					       "FROM a\nRUN x `\n  y\n");
	CHECK_STR(file.syntax, "docker/dockerfile:1");
	CHECK_STR(file.check, "skip=all");
	CHECK_STR(file.items[1]->words[0], "x   y");
	file = parse(&arena, "# comment\n# escape=`\nFROM a\nRUN x\\\n y");
	CHECK_STR(file.items[1]->words[0], "x y");
}

TEST(heredocs)
{
	auto_arena arena = {0};
	struct dockerfile file = parse(&arena, "FROM a\n"
					       "RUN <<EOT bash\n"
					       "  echo $X\n"
					       "EOT\n"
					       "COPY <<-\"a\" 3<<b /d/\n"
					       "\t\tone\n"
					       "\ta\n"
					       "two\n"
					       "b\n"
					       "RUN [\"<<EOF\"]\n"
					       "RUN cat <<<word\n");
	CHECK_INT(file.count, 5);
	CHECK_INT(file.items[1]->heredoc_count, 1);
	CHECK_STR(file.items[1]->heredocs[0].content, "  echo $X\n");
	CHECK(file.items[1]->heredocs[0].expand);
	CHECK_INT(file.items[2]->heredoc_count, 2);
	CHECK_STR(file.items[2]->heredocs[0].content, "one\n");
	CHECK(!file.items[2]->heredocs[0].expand);
	CHECK_STR(file.items[2]->heredocs[1].content, "two\n");
	CHECK_INT(file.items[2]->heredocs[1].fd, 3);
	CHECK_INT(file.items[4]->heredoc_count, 0);
}

TEST(faults_name_line_column_and_a_suggestion)
{
	static const char *const rows[][2] = {
	    {"FROM a\nRUNN x", "Dockerfile:2:1: dockerfile parse error on line 2: unknown instruction: RUNN (did you "
			       "mean RUN?)"},
	    {"FROM a\nCOPY --form=b x y", "Dockerfile:2:6: dockerfile parse error on line 2: unknown flag: --form (did "
					  "you mean --from?)"},
	    {"FROM a\nCOPY --link \\\n   --chwon=1 x y", "Dockerfile:3:4: dockerfile parse error on line 3: unknown "
							 "flag: --chwon (did you mean --chown?)"},
	    {"FROM a b", "Dockerfile:1:6: dockerfile parse error on line 1: FROM requires either one or three"},
	    {"FROM a\nCOPY x", "COPY requires at least two arguments, but only 1 provided"},
	    {"FROM a\nENV x", "ENV must have two arguments"},
	    {"FROM a\nENV x=1 y", "can't find = in \"y\""},
	    {"FROM a\nRUN", "Dockerfile:2:4: dockerfile parse error on line 2: RUN requires at least one argument"},
	    {"FROM a\nRUN <<EOT\nx", "unterminated heredoc: EOT"},
	    {"FROM a\nONBUILD ONBUILD RUN x", "Chaining ONBUILD"},
	    {"FROM a\nONBUILD COPPY x y",
	     "Dockerfile:2:9: dockerfile parse error on line 2: unknown instruction: COPPY"},
	    {"FROM a\nONBUILD \\\n  COPY --form=x \\\n y z",
	     "Dockerfile:3:8: dockerfile parse error on line 3: unknown flag"},
	    {"FROM a\nONBUILD FROM x", "FROM isn't allowed as an ONBUILD trigger"},
	    {"FROM a\nSHELL sh -c", "SHELL requires the arguments to be in JSON form"},
	    {"FROM a\nHEALTHCHECK FOO x", "unknown type \"FOO\" in HEALTHCHECK (try CMD)"},
	    {"#escape=x\nFROM a", "invalid ESCAPE 'x'"},
	    {"#escape=`\n#escape=`\nFROM a", "only one escape parser directive can be used"},
	    {"# nothing\n", "file with no instructions"},
	    {"FROM a\nCOPY --from=a --from=b x y", "duplicate flag specified: --from"},
	    {"FROM a\nRUN x \xff", "Dockerfile:2:7: dockerfile parse error on line 2: the byte 0xff is no UTF-8"},
	    {"FROM a\nRUN \\\n  \xc3\xa9 \xc3", "Dockerfile:3:6: dockerfile parse error on line 3: the byte 0xc3"},
	    {"FROM a\nCOPY <<E /x\nab\xe9\nE\n", "Dockerfile:3:3: dockerfile parse error on line 3: the byte 0xe9"},
	    {"# escape=\xff\nFROM a", "Dockerfile:1:10: dockerfile parse error on line 1: the byte 0xff"},
	};
	for (size_t i = 0; i < array_size(rows); i++) {
		auto_arena arena = {0};
		struct dockerfile file;
		struct err err;
		CHECK_ERR(dockerfile_parse(&arena, "Dockerfile", rows[i][0], strlen(rows[i][0]), &file, &err), EINVAL);
		CHECK_CONTAINS(err.msg, rows[i][1]);
	}
}

TEST(comments_may_have_any_bytes)
{
	auto_arena arena = {0};
	struct dockerfile file = parse(&arena, "# caf\xe9\nFROM a\nRUN x \\\n # \xff\n y\n");
	CHECK_STR(file.items[1]->words[0], "x  y");
}

/* B-10 */
TEST(sizes_are_bounded)
{
	auto_arena arena = {0};
	auto_buf text = BUF_INIT(16 << 20);
	struct dockerfile file;
	struct err err;
	buf_text(&text, "FROM a\nRUN ");
	for (int i = 0; i < 70000; i++)
		buf_char(&text, 'x');
	CHECK_ERR(dockerfile_parse(&arena, "D", text.data, text.len, &file, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "greater than maximum allowed size");
	buf_reset(&text);
	for (int i = 0; i < 100000; i++)
		buf_text(&text, "FROM a\n");
	CHECK_ERR(dockerfile_parse(&arena, "D", text.data, text.len, &file, &err), EINVAL);
	CHECK_CONTAINS(err.msg, "more than 20000 instructions");
}
