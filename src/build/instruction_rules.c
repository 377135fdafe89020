#include "build/instruction_rules.h"

#include <strings.h>

const struct instruction_rule instruction_rules[] = {
    {"ADD",
     INSTRUCTION_ADD,
     FORM_LIST,
     true,
     {"checksum", "chmod", "chown", "exclude", "keep-git-dir", "link", "unpack"}},
    {"ARG", INSTRUCTION_ARG, FORM_ARGUMENTS, false, {0}},
    {"CMD", INSTRUCTION_CMD, FORM_COMMAND, false, {0}},
    {"COPY", INSTRUCTION_COPY, FORM_LIST, true, {"chmod", "chown", "exclude", "from", "link", "parents"}},
    {"ENTRYPOINT", INSTRUCTION_ENTRYPOINT, FORM_COMMAND, false, {0}},
    {"ENV", INSTRUCTION_ENV, FORM_PAIRS, false, {0}},
    {"EXPOSE", INSTRUCTION_EXPOSE, FORM_WORDS, false, {0}},
    {"FROM", INSTRUCTION_FROM, FORM_WORDS, false, {"platform"}},
    {"HEALTHCHECK",
     INSTRUCTION_HEALTHCHECK,
     FORM_HEALTH,
     false,
     {"interval", "retries", "start-interval", "start-period", "timeout"}},
    {"LABEL", INSTRUCTION_LABEL, FORM_PAIRS, false, {0}},
    {"MAINTAINER", INSTRUCTION_MAINTAINER, FORM_TEXT, false, {0}},
    {"ONBUILD", INSTRUCTION_ONBUILD, FORM_TRIGGER, false, {0}},
    {"RUN", INSTRUCTION_RUN, FORM_COMMAND, true, {"device", "mount", "network", "security"}},
    {"SHELL", INSTRUCTION_SHELL, FORM_JSON, false, {0}},
    {"STOPSIGNAL", INSTRUCTION_STOPSIGNAL, FORM_TEXT, false, {0}},
    {"USER", INSTRUCTION_USER, FORM_TEXT, false, {0}},
    {"VOLUME", INSTRUCTION_VOLUME, FORM_LIST, false, {0}},
    {"WORKDIR", INSTRUCTION_WORKDIR, FORM_TEXT, false, {0}},
};
const size_t instruction_rule_count = array_size(instruction_rules);

const struct instruction_rule *instruction_rule_find(const char *word)
{
	for (size_t i = 0; i < instruction_rule_count; i++) {
		if (strcasecmp(instruction_rules[i].name, word) == 0)
			return &instruction_rules[i];
	}
	return NULL;
}
