#include "build/select.h"

#include "base/path.h"
#include "base/text.h"
#include "docker/glob.h"
#include "docker/ignore.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const struct select *select;
	struct arena *arena;
	const struct glob **excludes;
	size_t exclude_count, seen;
	char **kept; /* parents that were visited already */
	size_t kept_count, kept_room;
};

static bool excluded(const struct walk *walk, const char *path)
{
	for (size_t i = 0; i < walk->exclude_count; i++) {
		if (glob_match(walk->excludes[i], path, strlen(path)))
			return true;
	}
	return false;
}

static int tell(struct walk *walk, const struct select_entry *entry, struct err *err)
{
	if (++walk->seen > SELECT_ENTRIES_MAX)
		return err_set(err, E2BIG, "more than %d files", SELECT_ENTRIES_MAX);
	return walk->select->visit(walk->select->cookie, entry, err);
}

/* --- names of a directory, sorted --- */

static int name_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(int dir, char ***out_names, struct err *err)
{
	char **names = NULL;
	size_t count = 0, room = 0;
	struct dirent *entry;
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_dir DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		cleanup_fd(&copy);
		return err_sys(err, "read a directory");
	}
	while ((entry = readdir(stream))) {
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
			continue;
		if (count + 1 >= room)
			names = x_realloc(names, (room = room ? 2 * room : 32) * sizeof *names);
		names[count++] = x_strdup(entry->d_name);
	}
	if (!names)
		names = x_alloc(sizeof *names);
	names[count] = NULL;
	qsort(names, count, sizeof *names, name_compare);
	*out_names = names;
	return 0;
}

/* --- a directory and all below it --- */

struct place { /* names grow and shrink with the walk */
	char source[PATH_MAX], target[PATH_MAX], below[PATH_MAX];
};

static int name_add(char *path, const char *name, struct err *err)
{
	size_t size = strlen(path), more = strlen(name);
	if (size + more + 2 > PATH_MAX)
		return err_set(err, ENAMETOOLONG, "%.200s...: the path is too long", path);
	snprintf(path + size, PATH_MAX - size, "%s%s", size > 0 ? "/" : "", name);
	return 0;
}

static int tree_walk(struct walk *walk, int dir, struct place *place, unsigned depth, struct err *err);

static int child_walk(struct walk *walk, int dir, const char *name, struct place *place, unsigned depth,
		      struct err *err)
{
	struct select_entry entry = {.target = place->target, .source = place->source, .dir = dir, .name = name};
	if (excluded(walk, place->below))
		return 0;
	if (fstatat(dir, name, &entry.info, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(err, "%s", place->source);
	int rc = tell(walk, &entry, err);
	if (rc < 0 || !S_ISDIR(entry.info.st_mode))
		return rc;
	auto_fd int child = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (child < 0)
		return err_sys(err, "%s", place->source);
	return tree_walk(walk, child, place, depth + 1, err);
}

static int tree_walk(struct walk *walk, int dir, struct place *place, unsigned depth, struct err *err)
{
	auto_strv char **names = NULL;
	size_t source = strlen(place->source), target = strlen(place->target), below = strlen(place->below);
	if (depth > SELECT_DEPTH_MAX)
		return err_set(err, ELOOP, "%.200s...: more than %d directories deep", place->source, SELECT_DEPTH_MAX);
	int rc = names_read(dir, &names, err);
	for (char **name = names; rc == 0 && *name; name++) {
		rc = name_add(place->source, *name, err);
		if (rc == 0)
			rc = name_add(place->target, *name, err);
		if (rc == 0)
			rc = name_add(place->below, *name, err);
		if (rc == 0)
			rc = child_walk(walk, dir, *name, place, depth, err);
		place->source[source] = place->target[target] = place->below[below] = 0;
	}
	return rc;
}

/* --- one source --- */

/* Directories above it that are kept. */
static int parents_tell(struct walk *walk, const char *source, const char *target, struct err *err)
{
	size_t skip = strlen(source) - strlen(target);
	for (const char *slash = strchr(target, '/'); slash; slash = strchr(slash + 1, '/')) {
		char *name = arena_strndup(walk->arena, source, skip + (size_t)(slash - target));
		bool known = false;
		for (size_t i = 0; i < walk->kept_count && !known; i++)
			known = text_equal(walk->kept[i], name);
		if (known)
			continue;
		if (walk->kept_count == walk->kept_room) {
			walk->kept_room = walk->kept_room ? 2 * walk->kept_room : 16;
			char **more = arena_array(walk->arena, char *, walk->kept_room);
			if (walk->kept_count > 0)
				memcpy(more, walk->kept, walk->kept_count * sizeof *more);
			walk->kept = more;
		}
		walk->kept[walk->kept_count++] = name;
		auto_fd int dir = -1;
		int rc = path_open(walk->select->root, name, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, &dir, err);
		if (rc < 0)
			return rc;
		struct select_entry entry = {
		    .target = name + skip, .source = name, .parent = true, .dir = dir, .name = "."};
		if (fstat(dir, &entry.info) < 0)
			return err_sys(err, "%s", name);
		rc = tell(walk, &entry, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int directory_walk(struct walk *walk, const char *source, const char *target, int dir, struct err *err)
{
	struct place *place = x_alloc(sizeof *place);
	struct select_entry entry = {.target = target, .source = source, .dir = dir, .name = "."};
	int rc = fstat(dir, &entry.info) < 0 ? err_sys(err, "%s", source) : tell(walk, &entry, err);
	if (!text_equal(source, "."))
		snprintf(place->source, sizeof place->source, "%s", source);
	snprintf(place->target, sizeof place->target, "%s", target);
	if (rc == 0)
		rc = tree_walk(walk, dir, place, 0, err);
	free(place);
	return rc;
}

/* A link that a source itself is stands for what it leads to, inside the root. */
static int leaf_tell(struct walk *walk, const char *source, const char *target, bool single, struct err *err)
{
	auto_fd int leaf = -1;
	int rc = path_open(walk->select->root, source, PATH_IN_ROOT, O_PATH, 0, &leaf, err);
	if (rc < 0)
		return rc;
	struct select_entry entry = {.target = target, .source = source, .single = single, .dir = leaf, .name = ""};
	if (fstat(leaf, &entry.info) < 0)
		return err_sys(err, "%s", source);
	return tell(walk, &entry, err);
}

static int source_walk(struct walk *walk, const char *source, size_t kept_from, struct err *err)
{
	auto_fd int dir = -1;
	const char *leaf = path_last(source);
	bool parents = walk->select->parents;
	const char *target = parents ? source + kept_from : leaf;
	struct err missing;
	if (parents && text_equal(target, "."))
		target = "";
	int rc = path_open(walk->select->root, source, PATH_IN_ROOT, O_RDONLY | O_DIRECTORY, 0, &dir, &missing);
	if (rc < 0 && rc != -ENOTDIR)
		return rc == -ENOENT ? err_set(err, ENOENT, "\"/%s\": not found", source)
				     : err_set(err, -rc, "\"/%s\": %s", source, missing.msg);
	if (rc < 0 && excluded(walk, leaf))
		return 0;
	bool is_dir = rc == 0;
	rc = parents ? parents_tell(walk, source, target, err) : 0;
	if (rc < 0)
		return rc;
	return is_dir ? directory_walk(walk, source, parents ? target : "", dir, err)
		      : leaf_tell(walk, source, target, !parents, err);
}

/* --- patterns --- */

/* Every component of a pattern is matched in the directories that fitted so far; ** takes any number of them. */
static int pattern_walk(struct walk *walk, int dir, char *path, const char *rest, size_t kept_from, unsigned depth,
			struct err *err)
{
	auto_strv char **names = NULL;
	size_t size = strcspn(rest, "/"), before = strlen(path);
	char *part = arena_strndup(walk->arena, rest, size);
	const char *next = rest[size] ? rest + size + 1 : NULL;
	const struct glob *glob;
	bool deep = walk->select->parents && text_equal(part, "**");
	if (depth > SELECT_DEPTH_MAX)
		return err_set(err, ELOOP, "more than %d directories deep", SELECT_DEPTH_MAX);
	int rc = glob_compile(walk->arena, part, GLOB_PLAIN, &glob, err);
	if (rc == 0)
		rc = names_read(dir, &names, err);
	if (rc == 0 && deep && next)
		rc = pattern_walk(walk, dir, path, next, kept_from, depth + 1, err);
	for (char **name = names; rc == 0 && *name; name++) {
		if (!deep && !glob_match(glob, *name, strlen(*name)))
			continue;
		rc = name_add(path, *name, err);
		if (rc < 0)
			break;
		struct err not_dir;
		auto_fd int child = -1;
		/* ** does not go through links: it would never end. */
		int opened = !next && !deep ? -ENOTDIR
					    : path_open(walk->select->root, path, deep ? PATH_NO_LINKS : PATH_IN_ROOT,
							O_RDONLY | O_DIRECTORY, 0, &child, &not_dir);
		if (!next)
			rc = source_walk(walk, path, kept_from, err);
		else if (opened == 0)
			rc = pattern_walk(walk, child, path, deep ? rest : next, kept_from, depth + 1, err);
		path[before] = 0;
	}
	return rc;
}

static int source_select(struct walk *walk, const char *source, struct err *err)
{
	char path[PATH_MAX] = "";
	const char *mark = strstr(source, "/./");
	char *plain = arena_strdup(walk->arena, source);
	size_t kept_from = 0;
	if (mark) { /* "a/./b": only b is kept */
		kept_from = (size_t)(mark - source) + 1;
		memmove(plain + kept_from, mark + 3, strlen(mark + 3) + 1);
		if (text_after(source, "././")) {
			plain = arena_strdup(walk->arena, mark + 3);
			kept_from = 0;
		}
	}
	if (kept_from == 2 && plain[0] == '.' && plain[1] == '/') {
		plain += 2;
		kept_from = 0;
	}
	if (!glob_is_pattern(plain))
		return source_walk(walk, plain, kept_from, err);
	auto_fd int top = openat(walk->select->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return err_sys(err, "open the root of a copy");
	return pattern_walk(walk, top, path, plain, kept_from, 0, err);
}

int select_walk(const struct select *select, struct err *err)
{
	auto_arena arena = {0};
	struct walk walk = {.select = select, .arena = &arena};
	size_t count = strv_count(select->excludes);
	walk.excludes = arena_array(&arena, const struct glob *, count + 1);
	for (; walk.exclude_count < count; walk.exclude_count++) {
		char *clean = path_clean(&arena, select->excludes[walk.exclude_count]);
		int rc = glob_compile(&arena, clean[0] == '/' && clean[1] ? clean + 1 : clean, GLOB_DEEP,
				      &walk.excludes[walk.exclude_count], err);
		if (rc < 0)
			return err_wrap(err, "exclude %s", clean);
	}
	for (char *const *source = select->sources; source && *source; source++) {
		int rc = source_select(&walk, *source, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
