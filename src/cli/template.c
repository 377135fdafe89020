#include "cli/template.h"

#include "base/text.h"
#include "cli/template_value.h"

#include <string.h>

/*
 * A template is a list of nodes. An action holds its words, scanned once; evaluation walks them. What stands in
 * parentheses is a word that holds a pipeline.
 */
enum word_kind { WORD_FIELD, WORD_VARIABLE, WORD_VALUE, WORD_FUNCTION, WORD_PIPELINE };

struct word {
	enum word_kind kind;
	const char *name; /* of a function or variable ("$", "$x") */
	const struct json *value;
	const char **fields; /* behind it: .A.B; "" alone is the dot */
	size_t field_count;
	struct pipeline *pipeline;
	struct word *next;
};
struct step { /* word word word, between the bars of a pipeline */
	struct word *words;
	struct step *next;
};
struct pipeline {
	const char *set[2]; /* variables that it sets: $i, $v := */
	size_t set_count;
	struct step *steps;
};

enum node_kind { NODE_TEXT, NODE_ACTION, NODE_IF, NODE_WITH, NODE_RANGE };

struct node {
	enum node_kind kind;
	const char *text;
	struct pipeline *pipeline;
	struct node *body, *otherwise;
	struct node *next;
};

struct template
{
	struct node *nodes;
};

/* --- scanning --- */

struct parser {
	struct arena *arena;
	const char *at;	 /* in the text, or in an action */
	const char *end; /* of the action */
	unsigned line, depth;
	bool trim; /* white space in front of the next text goes */
	struct err *err;
};

static int parse_error(struct parser *p, const char *what)
{
	return err_set(p->err, EINVAL, "template parsing error: template: :%u: %s", p->line, what);
}

static void spaces_skip(struct parser *p)
{
	while (p->at < p->end && strchr(" \t\r\n", *p->at))
		p->at++;
}

static size_t name_size(const char *at, const char *end)
{
	const char *start = at;
	while (at < end &&
	       ((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '_'))
		at++;
	return (size_t)(at - start);
}

static int fields_parse(struct parser *p, struct word *word)
{
	enum { FIELDS_MAX = 32 };
	const char *fields[FIELDS_MAX];
	while (p->at < p->end && *p->at == '.') {
		size_t size = name_size(p->at + 1, p->end);
		if (size == 0)
			return parse_error(p, "unexpected <.> in operand");
		if (word->field_count == FIELDS_MAX)
			return parse_error(p, "too many fields");
		fields[word->field_count++] = arena_strndup(p->arena, p->at + 1, size);
		p->at += 1 + size;
	}
	if (word->field_count == 0)
		return 0;
	word->fields = arena_array(p->arena, const char *, word->field_count);
	memcpy(word->fields, fields, word->field_count * sizeof *fields);
	return 0;
}

/* "..." with Go's usual escapes, or `...`. */
static int string_parse(struct parser *p, struct word *word)
{
	auto_buf text = BUF_INIT(64 << 10);
	char quote = *p->at++;
	for (; p->at < p->end && *p->at != quote; p->at++) {
		char c = *p->at;
		if (quote == '"' && c == '\\' && p->at + 1 < p->end) {
			c = *++p->at;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		buf_char(&text, c);
	}
	if (p->at >= p->end)
		return parse_error(p, "unterminated quoted string");
	p->at++;
	word->kind = WORD_VALUE;
	word->value = value_string(p->arena, buf_str(&text));
	return 0;
}

static int number_parse_word(struct parser *p, struct word *word)
{
	struct err cause;
	int64_t number;
	size_t size = 1 + name_size(p->at + 1, p->end);
	auto_free char *text = x_strndup(p->at, size);
	if (number_parse(text, INT64_MIN, INT64_MAX, "number", &number, &cause) < 0)
		return parse_error(p, "bad number syntax");
	p->at += size;
	word->kind = WORD_VALUE;
	word->value = value_number(p->arena, number);
	return 0;
}

static int pipeline_parse(struct parser *p, bool nested, struct pipeline **out_pipeline);

static int name_parse(struct parser *p, struct word *word)
{
	size_t size = name_size(p->at, p->end);
	if (size == 0)
		return parse_error(p, "unexpected character in command");
	const char *name = arena_strndup(p->arena, p->at, size);
	p->at += size;
	word->kind = WORD_VALUE;
	if (text_equal(name, "true") || text_equal(name, "false"))
		word->value = value_bool(p->arena, text_equal(name, "true"));
	else if (text_equal(name, "nil"))
		word->value = &value_null;
	else if (value_is_function(name)) {
		word->kind = WORD_FUNCTION;
		word->name = name;
	} else {
		auto_free char *what = x_printf("function \"%s\" not defined", name);
		return parse_error(p, what);
	}
	return 0;
}

static int word_parse(struct parser *p, struct word **out_word)
{
	struct word *word = arena_new(p->arena, struct word);
	int rc = 0;
	char c = *p->at;
	if (c == '.') {
		word->kind = WORD_FIELD;
		if (p->at + 1 < p->end && name_size(p->at + 1, p->end) > 0)
			rc = fields_parse(p, word);
		else
			p->at++;
	} else if (c == '$') {
		size_t size = 1 + name_size(p->at + 1, p->end);
		word->kind = WORD_VARIABLE;
		word->name = arena_strndup(p->arena, p->at, size);
		p->at += size;
		rc = fields_parse(p, word);
	} else if (c == '"' || c == '`') {
		rc = string_parse(p, word);
	} else if ((c >= '0' && c <= '9') || c == '-') {
		rc = number_parse_word(p, word);
	} else if (c == '(') {
		p->at++;
		word->kind = WORD_PIPELINE;
		rc = pipeline_parse(p, true, &word->pipeline);
		if (rc == 0)
			rc = fields_parse(p, word);
	} else {
		rc = name_parse(p, word);
	}
	*out_word = word;
	return rc;
}

/* "$v :=" or "$i, $v :=" in front of a pipeline. */
static void sets_parse(struct parser *p, struct pipeline *pipeline)
{
	const char *at = p->at, *names[2];
	size_t count = 0;
	while (count < 2 && at < p->end && *at == '$') {
		size_t size = 1 + name_size(at + 1, p->end);
		names[count++] = arena_strndup(p->arena, at, size);
		at += size;
		while (at < p->end && *at == ' ')
			at++;
		if (at < p->end && *at == ',')
			at++;
		while (at < p->end && *at == ' ')
			at++;
	}
	if (count == 0 || p->end - at < 2 || strncmp(at, ":=", 2) != 0)
		return;
	p->at = at + 2;
	pipeline->set_count = count;
	memcpy(pipeline->set, names, count * sizeof *names);
}

static int pipeline_parse(struct parser *p, bool nested, struct pipeline **out_pipeline)
{
	struct pipeline *pipeline = arena_new(p->arena, struct pipeline);
	struct step **next_step = &pipeline->steps, *step = NULL;
	struct word **next_word = NULL;
	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return parse_error(p, "nested too deeply");
	spaces_skip(p);
	sets_parse(p, pipeline);
	for (spaces_skip(p); p->at < p->end && *p->at != ')'; spaces_skip(p)) {
		if (*p->at == '|') {
			if (!step)
				return parse_error(p, "missing value for command");
			step = NULL;
			p->at++;
			continue;
		}
		if (!step) {
			step = *next_step = arena_new(p->arena, struct step);
			next_step = &step->next;
			next_word = &step->words;
		}
		int rc = word_parse(p, next_word);
		if (rc < 0)
			return rc;
		next_word = &(*next_word)->next;
	}
	if (!step)
		return parse_error(p, "missing value for command");
	if (nested != (p->at < p->end))
		return parse_error(p, nested ? "unclosed left paren" : "unexpected right paren");
	p->at += nested;
	p->depth--;
	*out_pipeline = pipeline;
	return 0;
}

/* --- nodes --- */

enum list_end { LIST_EOF, LIST_END, LIST_ELSE };

static int list_parse(struct parser *p, struct node **out_nodes, enum list_end *out_end, bool *out_else_if);

/* The word at the front of the action, if it is this keyword. */
static bool keyword_take(struct parser *p, const char *word)
{
	size_t size = strlen(word);
	if ((size_t)(p->end - p->at) < size || strncmp(p->at, word, size) != 0 || name_size(p->at, p->end) != size)
		return false;
	p->at += size;
	spaces_skip(p);
	return true;
}

/* Finds the next action: text before it in out_text, the action between at and end. False at the end of the text. */
static int action_find(struct parser *p, const char **out_text, bool *out_found, const char **out_behind)
{
	const char *open = strstr(p->at, "{{");
	size_t size = open ? (size_t)(open - p->at) : strlen(p->at);
	const char *start = p->at;
	if (p->trim) {
		while (size > 0 && strchr(" \t\r\n", *start)) {
			start++;
			size--;
		}
	}
	p->trim = false;
	*out_found = open != NULL;
	if (!open) {
		*out_text = arena_strndup(p->arena, start, size);
		return 0;
	}
	for (const char *c = p->at; c < open; c++)
		p->line += *c == '\n';
	const char *inside = open + 2;
	if (inside[0] == '-' && inside[1] && strchr(" \t\r\n", inside[1])) {
		inside++;
		while (size > 0 && strchr(" \t\r\n", start[size - 1]))
			size--;
	}
	*out_text = arena_strndup(p->arena, start, size);
	/* "}}" inside of quotes ends nothing. */
	const char *c = inside;
	for (char quote = 0; *c && (quote || strncmp(c, "}}", 2) != 0); c++) {
		if (quote && *c == '\\' && quote == '"' && c[1])
			c++;
		else if (quote ? *c == quote : (*c == '"' || *c == '`'))
			quote = quote ? 0 : *c;
	}
	if (!*c)
		return parse_error(p, "unclosed action");
	p->at = inside;
	p->end = c;
	*out_behind = c + 2;
	if (p->end - p->at >= 2 && p->end[-1] == '-' && strchr(" \t\r\n", p->end[-2])) {
		p->end--;
		p->trim = true;
	}
	return 0;
}

static int block_parse(struct parser *p, struct node *node, const char *behind)
{
	enum list_end end;
	bool else_if = false;
	int rc = pipeline_parse(p, false, &node->pipeline);
	if (rc < 0)
		return rc;
	p->at = behind;
	if (++p->depth > TEMPLATE_DEPTH_MAX)
		return parse_error(p, "nested too deeply");
	rc = list_parse(p, &node->body, &end, &else_if);
	if (rc == 0 && end == LIST_ELSE && else_if) {
		/* {{else if x}} is an if inside of the else that ends with it. */
		node->otherwise = arena_new(p->arena, struct node);
		node->otherwise->kind = NODE_IF;
		const char *rest = p->end + 2 + (p->trim ? 1 : 0);
		rc = block_parse(p, node->otherwise, rest);
		p->depth--;
		return rc;
	}
	if (rc == 0 && end == LIST_ELSE)
		rc = list_parse(p, &node->otherwise, &end, &else_if);
	if (rc == 0 && end != LIST_END)
		return parse_error(p, end == LIST_EOF ? "unexpected EOF" : "unexpected {{else}}");
	p->depth--;
	return rc;
}

static int action_parse(struct parser *p, struct node *node, const char *behind)
{
	int rc;
	if (keyword_take(p, "if"))
		node->kind = NODE_IF;
	else if (keyword_take(p, "with"))
		node->kind = NODE_WITH;
	else if (keyword_take(p, "range"))
		node->kind = NODE_RANGE;
	else {
		node->kind = NODE_ACTION;
		rc = pipeline_parse(p, false, &node->pipeline);
		p->at = behind;
		return rc;
	}
	return block_parse(p, node, behind);
}

/* Nodes up to {{end}}, {{else}} or the end of the text. After an {{else if}} the parser stands at its condition. */
static int list_parse(struct parser *p, struct node **out_nodes, enum list_end *out_end, bool *out_else_if)
{
	struct node **next = out_nodes;
	for (;;) {
		const char *text, *behind = NULL;
		bool found;
		int rc = action_find(p, &text, &found, &behind);
		if (rc < 0)
			return rc;
		if (*text) {
			*next = arena_new(p->arena, struct node);
			(*next)->text = text;
			next = &(*next)->next;
		}
		*out_end = LIST_EOF;
		if (!found)
			return 0;
		spaces_skip(p);
		if (p->end - p->at >= 2 && strncmp(p->at, "/*", 2) == 0) {
			p->at = behind;
			continue;
		}
		if (keyword_take(p, "end")) {
			p->at = behind;
			*out_end = LIST_END;
			return 0;
		}
		if (keyword_take(p, "else")) {
			*out_end = LIST_ELSE;
			*out_else_if = keyword_take(p, "if");
			if (!*out_else_if)
				p->at = behind;
			return 0;
		}
		*next = arena_new(p->arena, struct node);
		rc = action_parse(p, *next, behind);
		if (rc < 0)
			return rc;
		next = &(*next)->next;
	}
}

int template_parse(struct arena *arena, const char *text, const struct template **out_template, struct err *err)
{
	struct template *template = arena_new(arena, struct template);
	struct parser p = {.arena = arena, .at = text, .line = 1, .err = err};
	enum list_end end;
	bool else_if = false;
	int rc = list_parse(&p, &template->nodes, &end, &else_if);
	if (rc == 0 && end != LIST_EOF)
		rc = parse_error(&p, end == LIST_END ? "unexpected {{end}}" : "unexpected {{else}}");
	if (rc == 0)
		*out_template = template;
	return rc;
}

/* --- running --- */

struct variable {
	const char *name;
	const struct json *value;
	const struct variable *outer;
};

struct runner {
	struct arena *arena;
	struct buf *out;
	struct err *err;
};

static int pipeline_eval(struct runner *r, const struct pipeline *pipeline, const struct json *dot,
			 const struct variable *variables, const struct json **out_value);

static int word_eval(struct runner *r, const struct word *word, const struct json *dot,
		     const struct variable *variables, const struct json **out_value)
{
	const struct json *value = dot;
	int rc = 0;
	if (word->kind == WORD_VALUE)
		value = word->value;
	else if (word->kind == WORD_PIPELINE)
		rc = pipeline_eval(r, word->pipeline, dot, variables, &value);
	else if (word->kind == WORD_FUNCTION)
		rc = value_call(r->arena, word->name, NULL, 0, &value, r->err);
	else if (word->kind == WORD_VARIABLE) {
		while (variables && !text_equal(variables->name, word->name))
			variables = variables->outer;
		if (!variables)
			return err_set(r->err, EINVAL, "undefined variable \"%s\"", word->name);
		value = variables->value;
	}
	for (size_t i = 0; rc == 0 && i < word->field_count; i++) {
		rc = value_field(value, word->fields[i], &value, r->err);
		if (rc < 0)
			err_wrap(r->err, "template: :1: executing \"\" at <.%s>", word->fields[i]);
	}
	if (rc == 0)
		*out_value = value;
	return rc;
}

/* .Label "key" of a list's row: its labels lie in a member that no template can name. */
static int label_eval(struct runner *r, const struct json *dot, const struct json *key, const struct json **out_value)
{
	const struct json *labels = json_get(dot, " labels");
	const struct json *value = labels && key->kind == JSON_STRING ? json_get(labels, key->text) : NULL;
	*out_value = value ? value : value_string(r->arena, "");
	return 0;
}

static int step_eval(struct runner *r, const struct step *step, const struct json *dot,
		     const struct variable *variables, const struct json *piped, const struct json **out_value)
{
	enum { ARGS_MAX = 16 };
	const struct json *args[ARGS_MAX];
	size_t count = 0;
	const struct word *first = step->words;
	for (const struct word *word = first->next; word; word = word->next) {
		if (count == ARGS_MAX - 1)
			return err_set(r->err, E2BIG, "too many arguments");
		int rc = word_eval(r, word, dot, variables, &args[count++]);
		if (rc < 0)
			return rc;
	}
	if (piped)
		args[count++] = piped;
	if (first->kind == WORD_FUNCTION)
		return value_call(r->arena, first->name, args, count, out_value, r->err);
	if (first->kind == WORD_FIELD && count == 1 && first->field_count == 1 && text_equal(first->fields[0], "Label"))
		return label_eval(r, dot, args[0], out_value);
	if (count > 0)
		return err_set(r->err, EINVAL, "can't give argument to non-function");
	return word_eval(r, first, dot, variables, out_value);
}

static int pipeline_eval(struct runner *r, const struct pipeline *pipeline, const struct json *dot,
			 const struct variable *variables, const struct json **out_value)
{
	const struct json *value = NULL;
	for (const struct step *step = pipeline->steps; step; step = step->next) {
		int rc = step_eval(r, step, dot, variables, value, &value);
		if (rc < 0)
			return rc;
	}
	*out_value = value;
	return 0;
}

static int nodes_run(struct runner *r, const struct node *nodes, const struct json *dot,
		     const struct variable *variables);

static int range_run(struct runner *r, const struct node *node, const struct json *list, const struct json *dot,
		     const struct variable *variables)
{
	const struct pipeline *pipeline = node->pipeline;
	if (list->kind != JSON_ARRAY && list->kind != JSON_OBJECT && list->kind != JSON_NULL)
		return err_set(r->err, EINVAL, "range can't iterate over this value");
	if (list->count == 0)
		return nodes_run(r, node->otherwise, dot, variables);
	for (size_t i = 0; i < list->count; i++) {
		struct variable index = {.outer = variables}, item = {.outer = &index, .value = list->items[i]};
		index.value = list->kind == JSON_OBJECT ? value_string(r->arena, list->keys[i])
							: value_number(r->arena, (int64_t)i);
		index.name = pipeline->set_count == 2 ? pipeline->set[0] : "";
		item.name = pipeline->set_count > 0 ? pipeline->set[pipeline->set_count - 1] : "";
		int rc = nodes_run(r, node->body, list->items[i], &item);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int node_run(struct runner *r, const struct node *node, const struct json *dot, const struct variable *variables)
{
	const struct json *value;
	if (node->kind == NODE_TEXT) {
		buf_text(r->out, node->text);
		return 0;
	}
	int rc = pipeline_eval(r, node->pipeline, dot, variables, &value);
	if (rc < 0)
		return rc;
	struct variable set = {node->pipeline->set_count == 1 ? node->pipeline->set[0] : "", value, variables};
	switch (node->kind) {
	case NODE_IF:
		return nodes_run(r, value_true(value) ? node->body : node->otherwise, dot, &set);
	case NODE_WITH:
		return value_true(value) ? nodes_run(r, node->body, value, &set)
					 : nodes_run(r, node->otherwise, dot, &set);
	case NODE_RANGE:
		return range_run(r, node, value, dot, variables);
	case NODE_ACTION:
		value_print(r->out, value);
		return 0;
	case NODE_TEXT:
	default:
		return 0;
	}
}

static int nodes_run(struct runner *r, const struct node *nodes, const struct json *dot,
		     const struct variable *variables)
{
	/* A variable that an action sets holds for the nodes behind it: each such action opens a scope of its own. */
	for (const struct node *node = nodes; node; node = node->next) {
		if (node->kind == NODE_ACTION && node->pipeline->set_count == 1) {
			struct variable set = {node->pipeline->set[0], NULL, variables};
			int rc = pipeline_eval(r, node->pipeline, dot, variables, &set.value);
			return rc < 0 ? rc : nodes_run(r, node->next, dot, &set);
		}
		int rc = node_run(r, node, dot, variables);
		if (rc < 0)
			return rc;
	}
	return 0;
}

int template_run(const struct template *template, struct arena *arena, const struct json *data, struct buf *out,
		 struct err *err)
{
	struct runner runner = {arena, out, err};
	const struct variable root = {"$", data, NULL};
	int rc = nodes_run(&runner, template->nodes, data, &root);
	return rc < 0 ? rc : buf_check(out, "the output of the template", err);
}
