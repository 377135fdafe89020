#include "build/lint.h"

#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *const rules[] = {
    "StageNameCasing",
    "FromAsCasing",
    "NoEmptyContinuation",
    "ConsistentInstructionCasing",
    "DuplicateStageName",
    "ReservedStageName",
    "JSONArgsRecommended",
    "MaintainerDeprecated",
    "UndefinedArgInFrom",
    "WorkdirRelativePath",
    "UndefinedVar",
    "MultipleInstructionsDisallowed",
    "LegacyKeyValueFormat",
    "InvalidBaseImagePlatform",
    "RedundantTargetPlatform",
    "SecretsUsedInArgOrEnv",
    "InvalidDefaultArgInFrom",
    "FromPlatformFlagConstDisallowed",
    "CopyIgnoredFile",
    "InvalidDefinitionDescription",
    "ExposeProtoCasing",
    "ExposeInvalidFormat",
};

/* "StageNameCasing" is stage-name-casing in the address of its page. */
static char *rule_url(struct arena *arena, const char *rule)
{
	char text[96];
	size_t size = 0;
	for (const char *c = rule; *c && size < sizeof text - 2; c++) {
		bool next_lower = c[1] && islower((unsigned char)c[1]);
		if (isupper((unsigned char)*c) && c > rule && (islower((unsigned char)c[-1]) || next_lower))
			text[size++] = '-';
		text[size++] = (char)tolower((unsigned char)*c);
	}
	text[size] = 0;
	return arena_printf(arena, "https://docs.docker.com/go/dockerfile/rule/%s/", text);
}

static int option_read(struct lint *lint, const char *key, char *value, struct err *err)
{
	if (strcasecmp(key, "error") == 0) {
		lint->error = strcasecmp(value, "true") == 0 || text_equal(value, "1");
		return 0;
	}
	auto_strv char **names = strv_split(value, ',');
	size_t count = strv_count(names);
	char **list = arena_array(lint->arena, char *, count + 1);
	for (size_t i = 0; i < count; i++)
		list[i] = arena_strdup(lint->arena, names[i] + strspn(names[i], " "));
	if (strcasecmp(key, "skip") == 0) {
		lint->skipped = list;
		lint->skip_all = strcasecmp(value, "all") == 0;
		return 0;
	}
	if (strcasecmp(key, "experimental") == 0) {
		lint->experimental = list;
		return 0;
	}
	return err_set(err, EINVAL, "invalid check option \"%s\" (skip, error or experimental)", key);
}

int lint_begin(struct lint *lint, struct arena *arena, const char *config, struct err *err)
{
	*lint = (struct lint){.arena = arena};
	if (text_empty(config))
		return 0;
	auto_strv char **options = strv_split(config, ';');
	for (char **option = options; *option; option++) {
		char *text = *option + strspn(*option, " "), *equals = strchr(text, '=');
		if (!*text)
			continue;
		if (!equals)
			return err_set(err, EINVAL, "invalid check option \"%s\": no value", text);
		*equals = 0;
		int rc = option_read(lint, text, equals + 1, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static bool rule_named(char *const *list, const char *rule)
{
	for (; list && *list; list++) {
		if (strcasecmp(*list, rule) == 0)
			return true;
	}
	return false;
}

static void warn_at(struct lint *lint, const char *rule, int64_t line, const char *text, const char *message)
{
	bool experimental = text_equal(rule, "InvalidDefinitionDescription");
	if (lint->skip_all || rule_named(lint->skipped, rule) || lint->warnings.count == LINT_MAX ||
	    (experimental && !rule_named(lint->experimental, rule) && !rule_named(lint->experimental, "all")))
		return;
	for (size_t i = 0; i < lint->warnings.count; i++) {
		const struct build_warning *at = &lint->warnings.items[i];
		if (at->line == line && text_equal(at->message, message))
			return;
	}
	if (lint->warnings.count == lint->room) {
		lint->room = lint->room ? 2 * lint->room : 16;
		struct build_warning *more = arena_array(lint->arena, struct build_warning, lint->room);
		if (lint->warnings.count > 0)
			memcpy(more, lint->warnings.items, lint->warnings.count * sizeof *more);
		lint->warnings.items = more;
	}
	lint->warnings.items[lint->warnings.count++] =
	    (struct build_warning){.rule = (char *)rule,
				   .message = arena_strdup(lint->arena, message),
				   .url = rule_url(lint->arena, rule),
				   .line = line,
				   .text = text ? arena_strndup(lint->arena, text, strcspn(text, "\n")) : NULL};
}

void lint_warn(struct lint *lint, const char *rule, const struct instruction *instruction, const char *format, ...)
{
	char message[600];
	bool known = false;
	va_list args;
	for (size_t i = 0; i < array_size(rules); i++)
		known = known || text_equal(rules[i], rule);
	if (!known)
		BUG("no rule %s", rule);
	va_start(args, format);
	vsnprintf(message, sizeof message, format, args);
	va_end(args);
	warn_at(lint, rule, instruction->first_line, instruction->text, message);
}

/* --- what the text alone shows --- */

static bool all_case(const char *word, int (*is)(int c))
{
	for (; *word; word++) {
		if (isalpha((unsigned char)*word) && !is((unsigned char)*word))
			return false;
	}
	return true;
}

static void casing(struct lint *lint, const struct dockerfile *file)
{
	size_t upper = 0, lower = 0;
	for (size_t i = 0; i < file->count; i++) {
		upper += all_case(file->items[i]->keyword, isupper);
		lower += all_case(file->items[i]->keyword, islower);
	}
	bool to_lower = lower > upper;
	for (size_t i = 0; i < file->count; i++) {
		const struct instruction *at = file->items[i];
		if (!all_case(at->keyword, to_lower ? islower : isupper))
			lint_warn(lint, "ConsistentInstructionCasing", at,
				  "Command '%s' should match the case of the command majority (%s)", at->keyword,
				  to_lower ? "lowercase" : "uppercase");
	}
}

static void stage_names(struct lint *lint, const struct dockerfile *file)
{
	static const char *const reserved[] = {"context", "scratch"};
	for (size_t i = 0; i < file->count; i++) {
		const struct instruction *at = file->items[i];
		if (at->kind != INSTRUCTION_FROM || !at->words[1])
			continue;
		if (all_case(at->keyword, isupper) != all_case(at->words[1], isupper))
			lint_warn(lint, "FromAsCasing", at, "'%s' and '%s' keywords' casing do not match", at->words[1],
				  at->keyword);
		if (!all_case(at->words[2], islower))
			lint_warn(lint, "StageNameCasing", at, "Stage name '%s' should be lowercase", at->words[2]);
		for (size_t k = 0; k < array_size(reserved); k++) {
			if (strcasecmp(at->words[2], reserved[k]) == 0)
				lint_warn(lint, "ReservedStageName", at,
					  "Stage name should not use the same name as reserved stage \"%s\"",
					  reserved[k]);
		}
		for (size_t k = 0; k < i; k++) {
			const struct instruction *before = file->items[k];
			if (before->kind == INSTRUCTION_FROM && before->words[1] &&
			    strcasecmp(before->words[2], at->words[2]) == 0) {
				lint_warn(lint, "DuplicateStageName", at,
					  "Duplicate stage name \"%s\", stage names should be unique", at->words[2]);
				break;
			}
		}
	}
}

static void once_per_stage(struct lint *lint, const struct dockerfile *file)
{
	static const enum instruction_kind kinds[] = {INSTRUCTION_CMD, INSTRUCTION_ENTRYPOINT, INSTRUCTION_HEALTHCHECK};
	for (size_t k = 0; k < array_size(kinds); k++) {
		const struct instruction *before = NULL;
		for (size_t i = 0; i < file->count; i++) {
			const struct instruction *at = file->items[i];
			if (at->kind == INSTRUCTION_FROM)
				before = NULL;
			if (at->kind != kinds[k])
				continue;
			if (before)
				lint_warn(lint, "MultipleInstructionsDisallowed", before,
					  "Multiple %s instructions should not be used in the same stage because only "
					  "the last one will be used",
					  at->name);
			before = at;
		}
	}
}

static void forms(struct lint *lint, const struct dockerfile *file)
{
	bool shell_set = false;
	for (size_t i = 0; i < file->count; i++) {
		const struct instruction *at = file->items[i];
		switch (at->kind) {
		case INSTRUCTION_FROM:
			shell_set = false;
			break;
		case INSTRUCTION_SHELL:
			shell_set = true;
			break;
		case INSTRUCTION_MAINTAINER:
			lint_warn(lint, "MaintainerDeprecated", at,
				  "Maintainer instruction is deprecated in favor of using label");
			break;
		case INSTRUCTION_CMD:
		case INSTRUCTION_ENTRYPOINT:
			if (!at->is_json && at->words[0][0] && !shell_set)
				lint_warn(lint, "JSONArgsRecommended", at,
					  "JSON arguments recommended for %s to prevent unintended behavior related to "
					  "OS signals",
					  at->name);
			break;
		case INSTRUCTION_ENV:
		case INSTRUCTION_LABEL:
			if (at->legacy_pair)
				lint_warn(lint, "LegacyKeyValueFormat", at,
					  "\"%s key=value\" should be used instead of legacy \"%s key value\" format",
					  at->name, at->name);
			break;
		default:
			break;
		}
	}
}

/* Names that are likely secrets; those that say they are public are not. */
static bool secret_name(const char *name)
{
	static const char *const words[] = {"apikey",	"auth",	 "credential", "credentials", "key",
					    "password", "pword", "passwd",     "secret",      "token"};
	auto_free char *lower = x_strdup(name);
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	if (strstr(lower, "public"))
		return false;
	auto_strv char **parts = strv_split(lower, '_');
	for (char **part = parts; *part; part++) {
		for (size_t i = 0; i < array_size(words); i++) {
			if (text_equal(*part, words[i]))
				return true;
		}
	}
	return false;
}

static void secrets(struct lint *lint, const struct dockerfile *file)
{
	for (size_t i = 0; i < file->count; i++) {
		const struct instruction *at = file->items[i];
		if (at->kind != INSTRUCTION_ARG && at->kind != INSTRUCTION_ENV)
			continue;
		for (size_t k = 0; k < at->pair_count; k++) {
			if (secret_name(at->pairs[k].key))
				lint_warn(lint, "SecretsUsedInArgOrEnv", at,
					  "Do not use ARG or ENV instructions for sensitive data (%s \"%s\")", at->name,
					  at->pairs[k].key);
		}
	}
}

void lint_dockerfile(struct lint *lint, const struct dockerfile *file)
{
	casing(lint, file);
	stage_names(lint, file);
	once_per_stage(lint, file);
	forms(lint, file);
	secrets(lint, file);
	for (size_t i = 0; i < file->empty_continuation_count; i++)
		warn_at(lint, "NoEmptyContinuation", file->empty_continuations[i], NULL, "Empty continuation line");
}
