/* COPY and ADD: what is copied from where to where, and how. */
#include "base/text.h"
#include "build/planner.h"
#include "docker/ignore.h"

#include <string.h>
#include <strings.h>

static bool is_url(const char *word)
{
	return text_after(word, "http://") || text_after(word, "https://");
}

/* https://host/x.git, git@host:x, git://, ssh://, with #ref:directory behind it. */
static bool is_repository(const char *word)
{
	size_t size = strcspn(word, "#?");
	if (text_after(word, "git://") || text_after(word, "ssh://") || text_after(word, "git@"))
		return true;
	return is_url(word) && size > 4 && strncmp(word + size - 4, ".git", 4) == 0;
}

/* Within a root: what ".." would lead out of it stays at its top. */
static char *source_clean(struct arena *arena, const char *word)
{
	char *clean = path_clean(arena, arena_printf(arena, "/%s", word));
	bool marked = strstr(word, "/./") != NULL; /* --parents keeps what follows the mark */
	if (marked) {
		const char *mark = strstr(word, "/./");
		char *before = path_clean(arena, arena_printf(arena, "/%.*s", (int)(mark - word), word));
		char *after = path_clean(arena, arena_printf(arena, "/%s", mark + 3));
		return arena_printf(arena, "%s/.%s", before[1] ? before + 1 : ".", after);
	}
	return clean[1] ? clean + 1 : arena_strdup(arena, ".");
}

static int heredoc_take(struct stage_state *state, const struct instruction *instruction, const char *word,
			struct build_copy *copy, bool *out_is, struct err *err)
{
	*out_is = false;
	const char *at = strstr(word, "<<");
	if (!at || strspn(word, "0123456789") != (size_t)(at - word))
		return 0;
	for (size_t i = 0; i < instruction->heredoc_count; i++) {
		const struct heredoc *heredoc = &instruction->heredocs[i];
		const char *name = at + 2 + (at[2] == '-');
		size_t quote = *name == '"' || *name == '\'';
		if (strncmp(name + quote, heredoc->name, strlen(heredoc->name)) != 0 ||
		    strlen(name) != strlen(heredoc->name) + 2 * quote)
			continue;
		char *content = heredoc->content;
		int rc = heredoc->expand ? stage_expand_text(state, content, &content, err) : 0;
		copy->files.items[copy->files.count++] = (struct build_file){heredoc->name, content};
		*out_is = true;
		return rc;
	}
	return 0;
}

static int source_take(struct stage_state *state, const struct instruction *instruction, const char *word,
		       struct build_copy *copy, size_t *counts, struct err *err)
{
	struct arena *arena = state->planner->arena;
	bool heredoc;
	char *text;
	int rc = heredoc_take(state, instruction, word, copy, &heredoc, err);
	if (rc < 0 || heredoc)
		return rc;
	rc = stage_expand(state, word, &text, err);
	if (rc < 0)
		return rc;
	if (copy->add && is_repository(text)) {
		copy->repositories[counts[1]++] = text;
		return 0;
	}
	if (copy->add && is_url(text)) {
		copy->urls[counts[2]++] = text;
		return 0;
	}
	copy->sources[counts[0]++] = source_clean(arena, text);
	return 0;
}

static int words_take(struct stage_state *state, const struct instruction *instruction, struct build_copy *copy,
		      struct err *err)
{
	struct arena *arena = state->planner->arena;
	size_t count = strv_count(instruction->words), counts[3] = {0};
	copy->sources = arena_array(arena, char *, count + 1);
	copy->repositories = arena_array(arena, char *, count + 1);
	copy->urls = arena_array(arena, char *, count + 1);
	copy->files.items = arena_array(arena, struct build_file, count + 1);
	for (size_t i = 0; i + 1 < count; i++) {
		int rc = source_take(state, instruction, instruction->words[i], copy, counts, err);
		if (rc < 0)
			return rc;
	}
	char *destination;
	int rc = stage_expand(state, instruction->words[count - 1], &destination, err);
	if (rc < 0)
		return rc;
	size_t size = strlen(destination);
	bool folder =
	    size == 0 || destination[size - 1] == '/' || text_equal(destination, ".") || text_ends(destination, "/.");
	const char *now = text_empty(state->run->working_dir) ? "/" : state->run->working_dir;
	char *clean =
	    path_clean(arena, destination[0] == '/' ? destination : arena_printf(arena, "%s/%s", now, destination));
	copy->destination = folder && clean[1] ? arena_printf(arena, "%s/", clean) : clean;
	size_t sources = count - 1;
	if (sources > 1 && !folder)
		return err_set(err, EINVAL,
			       "When using %s with more than one source file, the destination must be a directory and "
			       "end with a /",
			       instruction->name);
	return 0;
}

static int mode_check(const char *mode, struct err *err)
{
	if (!*mode)
		return err_set(err, EINVAL, "invalid chmod parameter: ''. it should be octal or symbolic");
	if (strspn(mode, "01234567") == strlen(mode) && strlen(mode) <= 5)
		return 0;
	if (strspn(mode, "ugoa=+-rwxXst,") == strlen(mode) && strpbrk(mode, "=+-"))
		return 0;
	return err_set(err, EINVAL,
		       "invalid chmod parameter: '%s'. it should be octal string and between 0 and 07777, or symbolic "
		       "as u=rwX,go=rX",
		       mode);
}

static int flag_expand(struct stage_state *state, const struct instruction *instruction, const char *name,
		       char **out_value, struct err *err)
{
	const char *value = instruction_flag_value(instruction, name);
	return value ? stage_expand(state, value, out_value, err) : 0;
}

static int flags_take(struct stage_state *state, const struct instruction *instruction, struct build_copy *copy,
		      struct err *err)
{
	const char *from = instruction_flag_value(instruction, "from");
	size_t count = 0;
	copy->unpack_said = instruction_flag_value(instruction, "unpack") != NULL;
	int rc = flag_expand(state, instruction, "chown", &copy->owner, err);
	if (rc == 0)
		rc = flag_expand(state, instruction, "chmod", &copy->mode, err);
	if (rc == 0 && copy->mode)
		rc = mode_check(copy->mode, err);
	if (rc == 0)
		rc = flag_expand(state, instruction, "checksum", &copy->checksum, err);
	if (rc == 0)
		rc = instruction_flag_bool(instruction, "link", false, &copy->link, err);
	if (rc == 0)
		rc = instruction_flag_bool(instruction, "parents", false, &copy->parents, err);
	if (rc == 0)
		rc = instruction_flag_bool(instruction, "unpack", false, &copy->unpack, err);
	if (rc == 0)
		rc = instruction_flag_bool(instruction, "keep-git-dir", false, &copy->keep_git, err);
	copy->excludes = arena_array(state->planner->arena, char *, instruction->flag_count + 1);
	for (size_t i = 0; rc == 0 && i < instruction->flag_count; i++) {
		if (text_equal(instruction->flags[i].name, "exclude") && !text_empty(instruction->flags[i].value))
			rc = stage_expand(state, instruction->flags[i].value, &copy->excludes[count++], err);
	}
	copy->from = (struct build_root){(char *)"context", 0};
	if (rc == 0 && from) {
		if (!*from)
			return err_set(err, EINVAL, "from requires a name");
		rc = planner_root(state->planner, state->source, from, &copy->from, err);
	}
	return rc;
}

static int checksum_check(const struct build_copy *copy, struct err *err)
{
	if (!copy->checksum)
		return 0;
	size_t remote = strv_count(copy->urls) + strv_count(copy->repositories);
	if (remote != 1 || copy->sources[0] || copy->files.count > 0)
		return err_set(err, EINVAL, "checksum can't be specified for multiple sources or for local ones");
	const char *hex = text_after(copy->checksum, "sha256:");
	if (copy->urls[0] && (!hex || strlen(hex) != 64 || strspn(hex, "0123456789abcdef") != 64))
		return err_set(err, EINVAL, "invalid checksum \"%s\": it should be sha256:HEX", copy->checksum);
	if (copy->repositories[0] && (strlen(copy->checksum) < 7 || strlen(copy->checksum) > 64 ||
				      strspn(copy->checksum, "0123456789abcdef") != strlen(copy->checksum)))
		return err_set(err, EINVAL, "invalid checksum \"%s\": it should be a commit", copy->checksum);
	return 0;
}

int stage_copy(struct stage_state *state, const struct instruction *instruction, struct err *err)
{
	struct planner *planner = state->planner;
	struct build_copy *copy = arena_new(planner->arena, struct build_copy);
	copy->add = instruction->kind == INSTRUCTION_ADD;
	int rc = flags_take(state, instruction, copy, err);
	if (rc == 0)
		rc = words_take(state, instruction, copy, err);
	if (rc == 0)
		rc = checksum_check(copy, err);
	if (rc == 0 && copy->sources[0] && text_equal(copy->from.kind, "context"))
		rc = planner->world->content(planner->world->cookie, planner->arena, copy->from.number, copy->sources,
					     copy->excludes, copy->parents, &copy->content, err);
	if (rc < 0)
		return rc;
	auto_buf history = BUF_INIT(1 << 20);
	buf_text(&history, instruction->name);
	if (copy->owner)
		buf_printf(&history, " --chown=%s", copy->owner);
	if (copy->mode)
		buf_printf(&history, " --chmod=%s", copy->mode);
	for (char *const *word = instruction->words; *word; word++)
		buf_printf(&history, " %s", word[1] ? *word : copy->destination);
	struct build_step *step = stage_step(state, "copy", buf_str(&history));
	step->copy = copy;
	step_define(state, step);
	return 0;
}
