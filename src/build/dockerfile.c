#include "build/dockerfile.h"

#include "base/buffer.h"
#include "base/text.h"
#include "build/instruction.h"
#include "build/instruction_rules.h"
#include "build/words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct reader {
	struct arena *arena;
	struct dockerfile *file;
	const char *at, *end;
	unsigned line; /* of the line that was read last, from 1 */
	size_t room;
	bool directives; /* may still come */
	bool escape_seen;
	struct text_origin *origins;
	size_t origin_count, origin_room;
};

static int place_error(const struct reader *reader, unsigned column, struct err *err, const char *format, ...)
    printf_like(4, 5);
static int place_error(const struct reader *reader, unsigned column, struct err *err, const char *format, ...)
{
	char text[900];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	return err_set(err, EINVAL, "%s:%u:%u: dockerfile parse error on line %u: %s", reader->file->name, reader->line,
		       column, reader->line, text);
}

/* The next physical line without its end: 1, 0 at the end of the file. */
static int line_next(struct reader *reader, const char **out_line, size_t *out_size, struct err *err)
{
	if (reader->at >= reader->end)
		return 0;
	const char *line = reader->at;
	const char *newline = memchr(line, '\n', (size_t)(reader->end - line));
	size_t size = newline ? (size_t)(newline - line) : (size_t)(reader->end - line);
	reader->at = line + size + 1;
	reader->line++;
	if (size > DOCKERFILE_LINE_MAX)
		return place_error(reader, DOCKERFILE_LINE_MAX, err,
				   "dockerfile line greater than maximum allowed size of %d", DOCKERFILE_LINE_MAX);
	if (memchr(line, 0, size))
		return place_error(reader, 1, err, "a zero byte");
	*out_line = line;
	*out_size = size > 0 && line[size - 1] == '\r' ? size - 1 : size;
	return 1;
}

/* The bytes of an instruction travel as text, in plans, records and configurations; in comments they may be anything.
 */
static int line_check(const struct reader *reader, const char *line, size_t size, struct err *err)
{
	size_t at = text_invalid(line, size);
	return at == size
		   ? 0
		   : place_error(reader, (unsigned)at + 1, err, "the byte 0x%02x is no UTF-8", (unsigned char)line[at]);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static size_t blanks(const char *line, size_t size)
{
	size_t count = 0;
	while (count < size && is_blank(line[count]))
		count++;
	return count;
}

/* --- directives --- */

static int directive_set(struct reader *reader, const char *key, char *value, struct err *err)
{
	struct dockerfile *file = reader->file;
	char **target = strcasecmp(key, "syntax") == 0 ? &file->syntax : &file->check;
	if (strcasecmp(key, "escape") == 0) {
		if (reader->escape_seen)
			return place_error(reader, 1, err, "only one escape parser directive can be used");
		if (!text_equal(value, "\\") && !text_equal(value, "`"))
			return place_error(reader, 1, err, "invalid ESCAPE '%s'. Must be ` or \\", value);
		file->escape = value[0];
		reader->escape_seen = true;
		return 0;
	}
	if (*target)
		return place_error(reader, 1, err, "only one %s parser directive can be used",
				   target == &file->syntax ? "syntax" : "check");
	*target = value;
	return 0;
}

/* "# key=value" before anything else in the file. */
static int directive_read(struct reader *reader, const char *line, size_t size, struct err *err)
{
	size_t at = blanks(line, size);
	if (!reader->directives || at == size || line[at] != '#') {
		reader->directives = false;
		return 0;
	}
	at++;
	at += blanks(line + at, size - at);
	size_t start = at;
	while (at < size && isalnum((unsigned char)line[at]))
		at++;
	char *key = arena_strndup(reader->arena, line + start, at - start);
	at += blanks(line + at, size - at);
	bool known = strcasecmp(key, "escape") == 0 || strcasecmp(key, "syntax") == 0 || strcasecmp(key, "check") == 0;
	if (at == size || line[at] != '=' || !known) {
		reader->directives = false; /* a comment */
		return 0;
	}
	at++;
	at += blanks(line + at, size - at);
	while (size > at && is_blank(line[size - 1]))
		size--;
	int rc = line_check(reader, line, size, err);
	if (rc < 0)
		return rc;
	return directive_set(reader, key, arena_strndup(reader->arena, line + at, size - at), err);
}

/* --- logical lines --- */

/* Whether the line goes on: the escape character, not escaped itself, and blanks. Takes it away. */
static bool line_goes_on(const struct reader *reader, const char *line, size_t *size)
{
	size_t end = *size;
	while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '\t'))
		end--;
	if (end == 0 || line[end - 1] != reader->file->escape || (end > 1 && line[end - 2] == reader->file->escape))
		return false;
	*size = end - 1;
	return true;
}

static void origin_add(struct reader *reader, size_t offset, unsigned column)
{
	if (reader->origin_count == reader->origin_room) {
		size_t room = reader->origin_room ? 2 * reader->origin_room : 8;
		struct text_origin *more = arena_array(reader->arena, struct text_origin, room);
		if (reader->origin_count > 0)
			memcpy(more, reader->origins, reader->origin_count * sizeof *more);
		reader->origins = more;
		reader->origin_room = room;
	}
	reader->origins[reader->origin_count++] = (struct text_origin){offset, reader->line, column};
}

static void empty_continuation(struct reader *reader)
{
	struct dockerfile *file = reader->file;
	if (file->empty_continuation_count < 64)
		file->empty_continuations[file->empty_continuation_count++] = reader->line;
}

/* The text with the lines that continue it, in text. */
static int line_join(struct reader *reader, const char *line, size_t size, struct buf *text, struct err *err)
{
	size_t skip = blanks(line, size);
	bool more = true, empty = false;
	reader->origins = NULL;
	reader->origin_count = reader->origin_room = 0;
	for (;;) {
		int rc = line_check(reader, line, size, err);
		if (rc < 0)
			return rc;
		line += skip;
		size -= skip;
		more = line_goes_on(reader, line, &size);
		origin_add(reader, text->len, (unsigned)skip + 1);
		buf_append(text, line, size);
		if (!more)
			break;
		while ((rc = line_next(reader, &line, &size, err)) > 0) {
			size_t lead = blanks(line, size);
			if (lead < size && line[lead] != '#')
				break;
			if (lead == size)
				empty = true; /* a comment is none */
		}
		if (rc <= 0)
			return rc;
		if (empty)
			empty_continuation(reader);
		empty = false;
		skip = 0;
	}
	return buf_check(text, "an instruction", err);
}

/* --- heredocs --- */

/* `3<<-"EOT"`: a word that begins one. The name without quotes; false when it is none. */
static bool heredoc_word(struct arena *arena, const char *word, struct heredoc *heredoc, bool *out_chomp)
{
	size_t digits = strspn(word, "0123456789");
	const char *name = word + digits;
	if (digits > 6 || name[0] != '<' || name[1] != '<')
		return false;
	name += 2;
	*out_chomp = *name == '-';
	name += *out_chomp;
	if (!*name || strchr(name, '<'))
		return false;
	size_t size = strlen(name);
	bool quoted = size > 2 && (name[0] == '"' || name[0] == '\'') && name[size - 1] == name[0];
	heredoc->expand = !strpbrk(name, "\"'\\");
	heredoc->name = arena_strndup(arena, name + quoted, size - 2 * quoted);
	if (!heredoc->name[0] || strpbrk(heredoc->name, "\"'"))
		return false;
	for (size_t i = 0; i < digits; i++)
		heredoc->fd = heredoc->fd * 10 + (unsigned)(word[i] - '0');
	return true;
}

static int heredoc_content(struct reader *reader, struct heredoc *heredoc, bool chomp, struct err *err)
{
	auto_buf content = BUF_INIT(DOCKERFILE_SIZE_MAX);
	const char *line;
	size_t size;
	int rc;
	heredoc->line = reader->line + 1;
	while ((rc = line_next(reader, &line, &size, err)) > 0) {
		if ((rc = line_check(reader, line, size, err)) < 0)
			break;
		const char *raw_end = line + size;
		while (chomp && line < raw_end && *line == '\t')
			line++;
		size = (size_t)(raw_end - line);
		if (size == strlen(heredoc->name) && memcmp(line, heredoc->name, size) == 0) {
			heredoc->content = arena_strndup(reader->arena, buf_str(&content), content.len);
			return 0;
		}
		buf_append(&content, line, size);
		/* The file's own line ends stay. */
		buf_text(&content, raw_end < reader->end && raw_end[0] == '\r' ? "\r\n" : "\n");
	}
	return rc < 0 ? rc : place_error(reader, 1, err, "unterminated heredoc: %s", heredoc->name);
}

static int heredocs_read(struct reader *reader, struct instruction *instruction, struct err *err)
{
	char **words, **ignored;
	if (!instruction_rule_find(instruction->name)->heredocs || !strstr(instruction->args, "<<") ||
	    words_json(reader->arena, instruction->args, &ignored))
		return 0;
	words = words_split_quoted(reader->arena, instruction->args, reader->file->escape);
	instruction->heredocs = arena_array(reader->arena, struct heredoc, DOCKERFILE_HEREDOCS_MAX);
	for (; *words; words++) {
		struct heredoc heredoc = {0};
		bool chomp;
		if (!heredoc_word(reader->arena, *words, &heredoc, &chomp))
			continue;
		if (instruction->heredoc_count == DOCKERFILE_HEREDOCS_MAX)
			return instruction_error(instruction, 0, err, "more than %d heredocs", DOCKERFILE_HEREDOCS_MAX);
		int rc = heredoc_content(reader, &heredoc, chomp, err);
		if (rc < 0)
			return rc;
		instruction->heredocs[instruction->heredoc_count++] = heredoc;
	}
	instruction->last_line = reader->line;
	return 0;
}

/* --- the file --- */

static int instruction_add(struct reader *reader, const char *line, size_t size, struct err *err)
{
	struct dockerfile *file = reader->file;
	auto_buf text = BUF_INIT(DOCKERFILE_SIZE_MAX);
	struct instruction *instruction = arena_new(reader->arena, struct instruction);
	instruction->first_line = reader->line;
	instruction->origin = file->name;
	if (file->count == DOCKERFILE_COUNT_MAX)
		return place_error(reader, 1, err, "more than %d instructions", DOCKERFILE_COUNT_MAX);
	int rc = line_join(reader, line, size, &text, err);
	if (rc < 0)
		return rc;
	while (text.len > 0 && isspace((unsigned char)text.data[text.len - 1]))
		text.data[--text.len] = 0;
	instruction->last_line = reader->line;
	instruction->text = arena_strndup(reader->arena, buf_str(&text), text.len);
	instruction->origins = reader->origins;
	instruction->origin_count = reader->origin_count;
	if (text.len == 0)
		return 0; /* an escape character and nothing else */
	rc = instruction_begin(reader->arena, instruction, err);
	if (rc == 0)
		rc = heredocs_read(reader, instruction, err);
	if (rc == 0)
		rc = instruction_complete(reader->arena, instruction, file->escape, err);
	if (rc < 0)
		return rc;
	if (file->count == reader->room) {
		reader->room = reader->room ? 2 * reader->room : 32;
		struct instruction **more = arena_array(reader->arena, struct instruction *, reader->room);
		if (file->count > 0)
			memcpy(more, file->items, file->count * sizeof *more);
		file->items = more;
	}
	file->items[file->count++] = instruction;
	return 0;
}

int dockerfile_parse(struct arena *arena, const char *name, const char *text, size_t size,
		     struct dockerfile *out_dockerfile, struct err *err)
{
	struct dockerfile file = {.name = arena_strdup(arena, name), .escape = '\\'};
	struct reader reader = {.arena = arena, .file = &file, .at = text, .end = text + size, .directives = true};
	const char *line;
	size_t length;
	int rc;
	if (size > DOCKERFILE_SIZE_MAX)
		return err_set(err, E2BIG, "%s: larger than %d bytes", name, DOCKERFILE_SIZE_MAX);
	file.empty_continuations = arena_array(arena, unsigned, 64);
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		reader.at += 3;
	while ((rc = line_next(&reader, &line, &length, err)) > 0) {
		rc = directive_read(&reader, line, length, err);
		size_t skip = blanks(line, length);
		if (rc == 0 && skip < length && line[skip] != '#')
			rc = instruction_add(&reader, line, length, err);
		if (rc < 0)
			break;
	}
	if (rc < 0)
		return rc;
	if (file.count == 0)
		return err_set(err, EINVAL, "%s: file with no instructions", name);
	*out_dockerfile = file;
	return 0;
}
