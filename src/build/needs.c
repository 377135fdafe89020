#include "build/needs.h"

#include "base/text.h"
#include "docker/ignore.h"

#include <string.h>
#include <strings.h>

struct reading {
	struct arena *arena;
	struct build_needs *needs;
	size_t room, base_count;
};

static void path_add(struct reading *reading, const char *word)
{
	struct build_needs *needs = reading->needs;
	if (strpbrk(word, "$\\\"'")) {
		needs->all = true;
		return;
	}
	char *clean = path_clean(reading->arena, arena_printf(reading->arena, "/%s", word));
	char *path = clean + 1;
	/* Up to the directory in front of the first wildcard. */
	size_t plain = strcspn(path, "*?[");
	if (path[plain]) {
		path[plain] = 0;
		char *slash = strrchr(path, '/');
		*(slash ? slash : path) = 0;
	}
	if (!*path) {
		needs->all = true;
		return;
	}
	if (needs->count == reading->room) {
		reading->room = reading->room ? 2 * reading->room : 32;
		char **more = arena_array(reading->arena, char *, reading->room);
		if (needs->count > 0)
			memcpy(more, needs->paths, needs->count * sizeof *more);
		needs->paths = more;
	}
	needs->paths[needs->count++] = path;
}

static bool is_elsewhere(const char *word)
{
	return text_after(word, "http://") || text_after(word, "https://") || text_after(word, "git@") ||
	       text_after(word, "git://") || text_after(word, "ssh://") || strstr(word, "<<");
}

static void mount_read(struct reading *reading, const char *text)
{
	bool bind = true, from = false;
	char *source = (char *)".";
	auto_strv char **fields = strv_split(text, ',');
	if (strchr(text, '"') || strchr(text, '$')) {
		reading->needs->all = true;
		return;
	}
	for (char **field = fields; *field; field++) {
		const char *value;
		if ((value = text_after(*field, "type=")))
			bind = text_equal(value, "bind");
		else if (text_after(*field, "from="))
			from = true;
		else if ((value = text_after(*field, "source=")) || (value = text_after(*field, "src=")))
			source = arena_strdup(reading->arena, value);
	}
	if (bind && !from)
		path_add(reading, source);
}

static void instruction_take(struct reading *reading, const struct instruction *instruction)
{
	switch (instruction->kind) {
	case INSTRUCTION_ONBUILD:
		return; /* for others */
	case INSTRUCTION_RUN:
		for (size_t i = 0; i < instruction->flag_count; i++) {
			if (text_equal(instruction->flags[i].name, "mount") && instruction->flags[i].value)
				mount_read(reading, instruction->flags[i].value);
		}
		return;
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		if (instruction_flag_value(instruction, "from"))
			return;
		for (char **word = instruction->words; word[0] && word[1]; word++) {
			if (!is_elsewhere(*word))
				path_add(reading, *word);
		}
		return;
	case INSTRUCTION_FROM:
		if (strchr(instruction->words[0], '$'))
			reading->needs->all = true;
		else if (!text_equal(instruction->words[0], "scratch"))
			reading->needs->bases[reading->base_count++] = instruction->words[0];
		return;
	default:
		return;
	}
}

void needs_read(struct arena *arena, const struct dockerfile *file, struct build_needs *out_needs)
{
	struct reading reading = {.arena = arena, .needs = out_needs};
	*out_needs = (struct build_needs){.bases = arena_array(arena, char *, file->count + 1)};
	for (size_t i = 0; i < file->count; i++)
		instruction_take(&reading, file->items[i]);
	/* Names of stages are no images. */
	size_t kept = 0;
	for (size_t i = 0; i < reading.base_count; i++) {
		bool stage = false;
		for (size_t k = 0; k < file->count; k++) {
			const struct instruction *at = file->items[k];
			stage = stage || (at->kind == INSTRUCTION_FROM && at->words[1] &&
					  strcasecmp(at->words[2], out_needs->bases[i]) == 0);
		}
		if (!stage)
			out_needs->bases[kept++] = out_needs->bases[i];
	}
	out_needs->bases[kept] = NULL;
}

static bool is_below(const char *path, const char *directory)
{
	const char *rest = text_after(path, directory);
	return rest && (!*rest || *rest == '/');
}

bool needs_has(const struct build_needs *needs, const char *path)
{
	if (needs->all)
		return true;
	for (size_t i = 0; i < needs->count; i++) {
		if (is_below(path, needs->paths[i]) || is_below(needs->paths[i], path))
			return true;
	}
	return false;
}
