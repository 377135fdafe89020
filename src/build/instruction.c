/* One logical line becomes an instruction: keyword, flags, arguments in their form. */
#include "build/instruction.h"

#include "base/nearest.h"
#include "base/text.h"
#include "build/instruction_rules.h"
#include "build/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

int instruction_error(const struct instruction *instruction, size_t offset, struct err *err, const char *format, ...)
{
	char text[900];
	unsigned line = instruction->first_line, column = 1;
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	for (size_t i = 0; i < instruction->origin_count && instruction->origins[i].offset <= offset; i++) {
		line = instruction->origins[i].line;
		column = instruction->origins[i].column + (unsigned)(offset - instruction->origins[i].offset);
	}
	return err_set(err, EINVAL, "%s:%u:%u: dockerfile parse error on line %u: %s", instruction->origin, line,
		       column, line, text);
}

/* --- flags --- */

/* One word of a flag: quotes and escapes are taken away, as the shell would. */
static char *flag_word(struct arena *arena, const char **at, char escape)
{
	char *word = arena_alloc(arena, strlen(*at) + 1), quote = 0;
	size_t size = 0;
	for (; **at && (quote || !isspace((unsigned char)**at)); ++*at) {
		char c = **at;
		if (c == escape && quote != '\'' && (*at)[1]) {
			word[size++] = *++*at;
		} else if (quote && c == quote) {
			quote = 0;
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else {
			word[size++] = c;
		}
	}
	word[size] = 0;
	return word;
}

static int flag_check(const struct instruction *instruction, const struct instruction_rule *rule, const char *name,
		      size_t offset, struct err *err)
{
	size_t count = 0;
	for (; count < INSTRUCTION_FLAGS_MAX && rule->flags[count]; count++) {
		if (text_equal(rule->flags[count], name))
			return 0;
	}
	const char *near = word_nearest(name, rule->flags, count, NEAREST_FAR);
	if (near)
		return instruction_error(instruction, offset, err, "unknown flag: --%s (did you mean --%s?)", name,
					 near);
	return instruction_error(instruction, offset, err, "unknown flag: --%s", name);
}

static int flags_read(struct arena *arena, struct instruction *instruction, const struct instruction_rule *rule,
		      char escape, struct err *err)
{
	enum { FLAGS_MAX = 256 };
	const char *at = instruction->args;
	if (at[0] == '-' && at[1] == '-')
		instruction->flags = arena_array(arena, struct instruction_flag, FLAGS_MAX);
	while (at[0] == '-' && at[1] == '-') {
		size_t offset = (size_t)(at - instruction->text);
		char *word = flag_word(arena, &at, escape);
		while (isspace((unsigned char)*at))
			at++;
		if (text_equal(word, "--"))
			break;
		char *name = word + 2, *equals = strchr(name, '=');
		if (equals)
			*equals++ = 0;
		int rc = flag_check(instruction, rule, name, offset, err);
		if (rc < 0)
			return rc;
		bool repeats = text_equal(name, "mount") || text_equal(name, "exclude") || text_equal(name, "device");
		if (!repeats && instruction_flag_value(instruction, name))
			return instruction_error(instruction, offset, err, "duplicate flag specified: --%s", name);
		if (instruction->flag_count == FLAGS_MAX)
			return instruction_error(instruction, offset, err, "more than %d flags", FLAGS_MAX);
		instruction->flags[instruction->flag_count++] =
		    (struct instruction_flag){.name = name, .value = equals, .offset = offset};
	}
	instruction->args = at;
	return 0;
}

const char *instruction_flag_value(const struct instruction *instruction, const char *name)
{
	for (size_t i = instruction->flag_count; i-- > 0;) {
		if (text_equal(instruction->flags[i].name, name))
			return instruction->flags[i].value ? instruction->flags[i].value : "";
	}
	return NULL;
}

int instruction_flag_bool(const struct instruction *instruction, const char *name, bool fallback, bool *out_value,
			  struct err *err)
{
	const char *value = instruction_flag_value(instruction, name);
	if (!value) {
		*out_value = fallback;
		return 0;
	}
	if (!*value || strcasecmp(value, "true") == 0 || text_equal(value, "1")) {
		*out_value = true;
		return 0;
	}
	if (strcasecmp(value, "false") != 0 && !text_equal(value, "0"))
		return instruction_error(instruction, 0, err, "expecting boolean value for flag %s, not: %s", name,
					 value);
	*out_value = false;
	return 0;
}

/* --- forms --- */

static size_t args_offset(const struct instruction *instruction)
{
	return (size_t)(instruction->args - instruction->text);
}

static int pairs_read(struct arena *arena, struct instruction *instruction, char escape, struct err *err)
{
	char **words = words_split_quoted(arena, instruction->args, escape);
	size_t count = strv_count(words);
	instruction->pairs = arena_array(arena, struct json_pair, count + 1);
	if (!strchr(words[0], '=')) { /* "ENV name a value": the rest of the line is the value */
		const char *rest = instruction->args + strcspn(instruction->args, " \t");
		rest += strspn(rest, " \t");
		if (!*rest)
			return instruction_error(instruction, args_offset(instruction), err,
						 "%s must have two arguments", instruction->name);
		instruction->legacy_pair = true;
		instruction->pairs[instruction->pair_count++] = (struct json_pair){words[0], arena_strdup(arena, rest)};
		return 0;
	}
	for (size_t i = 0; i < count; i++) {
		char *equals = strchr(words[i], '=');
		if (!equals)
			return instruction_error(
			    instruction, args_offset(instruction), err,
			    "Syntax error - can't find = in \"%s\". Must be of the form: name=value", words[i]);
		*equals = 0;
		if (equals == words[i])
			return instruction_error(instruction, args_offset(instruction), err,
						 "%s names can not be blank", instruction->name);
		instruction->pairs[instruction->pair_count++] = (struct json_pair){words[i], equals + 1};
	}
	return 0;
}

static int arguments_read(struct arena *arena, struct instruction *instruction, char escape, struct err *err)
{
	char **words = words_split_quoted(arena, instruction->args, escape);
	size_t count = strv_count(words);
	instruction->pairs = arena_array(arena, struct json_pair, count + 1);
	for (size_t i = 0; i < count; i++) {
		char *equals = strchr(words[i], '=');
		if (equals)
			*equals = 0;
		if (!words[i][0])
			return instruction_error(instruction, args_offset(instruction), err,
						 "ARG names can not be blank");
		instruction->pairs[instruction->pair_count++] =
		    (struct json_pair){words[i], equals ? equals + 1 : NULL};
	}
	return 0;
}

static void one_word(struct arena *arena, struct instruction *instruction, const char *text)
{
	instruction->words = arena_array(arena, char *, 2);
	instruction->words[0] = arena_strdup(arena, text);
}

static void command_read(struct arena *arena, struct instruction *instruction, const char *text)
{
	instruction->is_json = words_json(arena, text, &instruction->words);
	if (!instruction->is_json)
		one_word(arena, instruction, text);
}

static int health_read(struct arena *arena, struct instruction *instruction, struct err *err)
{
	size_t size = strcspn(instruction->args, " \t");
	const char *rest = instruction->args + size + strspn(instruction->args + size, " \t");
	char *kind = arena_strndup(arena, instruction->args, size);
	for (char *c = kind; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	instruction->check_kind = kind;
	if (text_equal(kind, "NONE")) {
		if (*rest)
			return instruction_error(instruction, args_offset(instruction), err,
						 "HEALTHCHECK NONE takes no arguments");
		return 0;
	}
	if (!text_equal(kind, "CMD"))
		return instruction_error(instruction, args_offset(instruction), err,
					 "unknown type \"%s\" in HEALTHCHECK (try CMD)", kind);
	command_read(arena, instruction, rest);
	if (!*rest || (instruction->is_json && !instruction->words[0]))
		return instruction_error(instruction, args_offset(instruction), err,
					 "missing command after HEALTHCHECK CMD");
	return 0;
}

static int trigger_read(struct arena *arena, struct instruction *instruction, char escape, struct err *err)
{
	size_t shift = args_offset(instruction);
	struct instruction *trigger = arena_new(arena, struct instruction);
	*trigger = (struct instruction){.origin = instruction->origin,
					.text = arena_strdup(arena, instruction->args),
					.first_line = instruction->first_line,
					.last_line = instruction->last_line};
	/* Its places are those of what it stands in. */
	trigger->origins = arena_array(arena, struct text_origin, instruction->origin_count + 1);
	for (size_t i = 0; i < instruction->origin_count; i++) {
		struct text_origin origin = instruction->origins[i];
		bool inside = origin.offset > shift;
		origin.column += inside ? 0 : (unsigned)(shift - origin.offset);
		origin.offset = inside ? origin.offset - shift : 0;
		trigger->origins[trigger->origin_count++] = origin;
	}
	int rc = instruction_begin(arena, trigger, err);
	if (rc < 0)
		return rc;
	if (trigger->kind == INSTRUCTION_ONBUILD)
		return instruction_error(instruction, shift, err,
					 "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
	if (trigger->kind == INSTRUCTION_FROM || trigger->kind == INSTRUCTION_MAINTAINER)
		return instruction_error(instruction, shift, err, "%s isn't allowed as an ONBUILD trigger",
					 trigger->name);
	instruction->trigger = trigger;
	return instruction_complete(arena, trigger, escape, err);
}

static int words_check(const struct instruction *instruction, struct err *err)
{
	size_t offset = args_offset(instruction), count = strv_count(instruction->words);
	switch (instruction->kind) {
	case INSTRUCTION_FROM:
		if (count == 1 || (count == 3 && strcasecmp(instruction->words[1], "AS") == 0))
			return 0;
		return instruction_error(instruction, offset, err,
					 "FROM requires either one or three arguments, as in: FROM IMAGE [AS NAME]");
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		if (count > 1)
			return 0;
		return instruction_error(
		    instruction, offset, err,
		    "%s requires at least two arguments, but only %zu provided. Destination could not be determined",
		    instruction->name, count);
	case INSTRUCTION_SHELL:
		if (count > 0)
			return 0;
		return instruction_error(instruction, offset, err, "SHELL requires at least one argument");
	case INSTRUCTION_VOLUME:
		for (size_t i = 0; i < count; i++) {
			if (!instruction->words[i][strspn(instruction->words[i], " \t")])
				return instruction_error(instruction, offset, err,
							 "VOLUME specified can not be an empty string");
		}
		return count > 0 ? 0
				 : instruction_error(instruction, offset, err, "VOLUME requires at least one argument");
	default:
		return 0;
	}
}

static int form_read(struct arena *arena, struct instruction *instruction, const struct instruction_rule *rule,
		     char escape, struct err *err)
{
	const char *args = instruction->args;
	bool empty_command = rule->form == FORM_COMMAND && rule->kind != INSTRUCTION_RUN;
	if (!*args && !empty_command)
		return instruction_error(instruction, strlen(instruction->text), err,
					 rule->form == FORM_TEXT ? "%s requires exactly one argument"
								 : "%s requires at least one argument",
					 rule->name);
	switch (rule->form) {
	case FORM_TEXT:
		one_word(arena, instruction, args);
		return 0;
	case FORM_WORDS:
		instruction->words = words_split(arena, args);
		break;
	case FORM_COMMAND:
		command_read(arena, instruction, args);
		break;
	case FORM_LIST:
		instruction->is_json = words_json(arena, args, &instruction->words);
		if (!instruction->is_json)
			instruction->words = words_split_quoted(arena, args, escape);
		break;
	case FORM_JSON:
		instruction->is_json = words_json(arena, args, &instruction->words);
		if (!instruction->is_json)
			return instruction_error(instruction, args_offset(instruction), err,
						 "%s requires the arguments to be in JSON form", rule->name);
		break;
	case FORM_PAIRS:
		return pairs_read(arena, instruction, escape, err);
	case FORM_ARGUMENTS:
		return arguments_read(arena, instruction, escape, err);
	case FORM_HEALTH:
		return health_read(arena, instruction, err);
	case FORM_TRIGGER:
		return trigger_read(arena, instruction, escape, err);
	}
	return words_check(instruction, err);
}

static int unknown_instruction(const struct instruction *instruction, struct err *err)
{
	const char *names[32];
	char upper[32];
	for (size_t i = 0; i < instruction_rule_count; i++)
		names[i] = instruction_rules[i].name;
	snprintf(upper, sizeof upper, "%s", instruction->keyword);
	for (char *c = upper; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	const char *near = word_nearest(upper, names, instruction_rule_count, NEAREST_FAR);
	if (near)
		return instruction_error(instruction, 0, err, "unknown instruction: %s (did you mean %s?)",
					 instruction->keyword, near);
	return instruction_error(instruction, 0, err, "unknown instruction: %s", instruction->keyword);
}

int instruction_begin(struct arena *arena, struct instruction *instruction, struct err *err)
{
	size_t size = 0;
	while (instruction->text[size] && !isspace((unsigned char)instruction->text[size]))
		size++;
	instruction->keyword = arena_strndup(arena, instruction->text, size);
	const struct instruction_rule *rule = instruction_rule_find(instruction->keyword);
	if (!rule)
		return unknown_instruction(instruction, err);
	instruction->kind = rule->kind;
	instruction->name = rule->name;
	instruction->args = instruction->text + size;
	while (isspace((unsigned char)*instruction->args))
		instruction->args++;
	return 0;
}

int instruction_complete(struct arena *arena, struct instruction *instruction, char escape, struct err *err)
{
	const struct instruction_rule *rule = instruction_rule_find(instruction->name);
	int rc = flags_read(arena, instruction, rule, escape, err);
	return rc < 0 ? rc : form_read(arena, instruction, rule, escape, err);
}

int instruction_read(struct arena *arena, const char *origin, char *text, char escape,
		     struct instruction **out_instruction, struct err *err)
{
	struct instruction *instruction = arena_new(arena, struct instruction);
	instruction->text = text;
	instruction->origin = origin;
	instruction->first_line = instruction->last_line = 1;
	int rc = instruction_begin(arena, instruction, err);
	if (rc == 0)
		rc = instruction_complete(arena, instruction, escape, err);
	if (rc == 0)
		*out_instruction = instruction;
	return rc;
}

int instruction_parse(struct arena *arena, const char *origin, const char *text, struct instruction **out_instruction,
		      struct err *err)
{
	return instruction_read(arena, origin, arena_strdup(arena, text), '\\', out_instruction, err);
}
