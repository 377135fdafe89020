#include "security/user.h"

#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 10 << 20, LINE_LIMIT = 64 << 10, FIELDS = 7 };

/* --- reading a colon-separated file, line by line --- */

struct table {
	int fd; /* -1: no such file */
	const char *name;
	size_t taken; /* bytes read so far */
	char *room;   /* of LINE_LIMIT + 1 */
	size_t start, end;
};

static int table_open(struct arena *arena, int root, const char *name, struct table *out_table, struct err *err)
{
	struct table table = {.fd = -1, .name = name};
	int r = path_open(root, name, PATH_IN_ROOT, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, &table.fd, err);
	if (r == -ENOENT || r == -ENOTDIR) {
		*out_table = table;
		return 0;
	}
	if (r < 0)
		return err_wrap(err, "the container's %s", name);
	struct stat st;
	if (fstat(table.fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(table.fd);
		return err_set(err, EINVAL, "the container's %s is not a regular file", name);
	}
	table.room = arena_alloc(arena, LINE_LIMIT + 1);
	*out_table = table;
	return 0;
}

static void table_close(struct table *table)
{
	cleanup_fd(&table->fd);
	table->fd = -1;
}
#define auto_table __attribute__((cleanup(table_close))) struct table

/* The next line without its end, in table->room; 1, 0 at the end of the file, -errno. */
static int table_line(struct table *table, char **out_line, struct err *err)
{
	if (table->fd < 0)
		return 0;
	for (;;) {
		char *line = table->room + table->start, *newline = memchr(line, '\n', table->end - table->start);
		if (newline) {
			*newline = 0;
			table->start = (size_t)(newline - table->room) + 1;
			*out_line = line;
			return 1;
		}
		memmove(table->room, line, table->end - table->start);
		table->end -= table->start;
		table->start = 0;
		if (table->end == LINE_LIMIT)
			return err_set(err, E2BIG, "the container's %s has a line of more than %d bytes", table->name,
				       LINE_LIMIT);
		ssize_t got;
		do
			got = read(table->fd, table->room + table->end, (size_t)LINE_LIMIT - table->end);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return err_sys(err, "read the container's %s", table->name);
		if (got == 0) {
			if (table->end == 0)
				return 0;
			/* A last line without its end counts. */
			table->room[table->end] = 0;
			table->end = 0;
			*out_line = table->room;
			return 1;
		}
		table->end += (size_t)got;
		table->taken += (size_t)got;
		if (table->taken > FILE_LIMIT)
			return err_set(err, E2BIG, "the container's %s is larger than %d bytes", table->name,
				       FILE_LIMIT);
	}
}

/* Cuts a line at its colons; fields that are not there are "". A comment or an empty line is false. */
static bool fields_cut(char *line, char *fields[FIELDS])
{
	line += strspn(line, " \t");
	if (!*line || *line == '#')
		return false;
	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = line;
		char *colon = strchr(line, ':');
		if (colon)
			*colon = 0;
		line = colon ? colon + 1 : line + strlen(line);
	}
	return true;
}

/* A number of the file; a line whose number is none is passed over. */
static bool id_read(const char *text, uint32_t *out_id)
{
	struct err ignored;
	int64_t value;
	if (!text_is_digits(text) || number_parse(text, 0, USER_ID_MAX, "id", &value, &ignored) < 0)
		return false;
	*out_id = (uint32_t)value;
	return true;
}

/* --- what the user wrote --- */

struct wanted {
	const char *name; /* NULL: by number */
	uint32_t id;
};

static int wanted_read(const char *text, struct wanted *out_wanted, struct err *err)
{
	if (!text_is_digits(text)) {
		*out_wanted = (struct wanted){.name = text};
		return 0;
	}
	int64_t value;
	if (number_parse(text, 0, USER_ID_MAX, "id", &value, err) < 0)
		return err_set(err, EINVAL, "uids and gids must be in range 0-%d: %s", USER_ID_MAX, text);
	*out_wanted = (struct wanted){.id = (uint32_t)value};
	return 0;
}

/* --- /etc/passwd --- */

struct account {
	bool found;
	uint32_t uid, gid;
	const char *name, *home;
};

static int account_find(struct arena *arena, int root, const struct wanted *user, struct account *out_account,
			struct err *err)
{
	auto_table table = {.fd = -1};
	int r = table_open(arena, root, "/etc/passwd", &table, err);
	char *line, *fields[FIELDS];
	while (r == 0 && (r = table_line(&table, &line, err)) > 0) {
		r = 0;
		struct account account = {.found = true};
		if (!fields_cut(line, fields) || !id_read(fields[2], &account.uid) || !id_read(fields[3], &account.gid))
			continue;
		if (user->name ? !text_equal(fields[0], user->name) : account.uid != user->id)
			continue;
		account.name = arena_strdup(arena, fields[0]);
		account.home = arena_strdup(arena, fields[5]);
		*out_account = account;
		return 0;
	}
	if (r == 0)
		*out_account = (struct account){0};
	return r;
}

static const char *home_of(const struct account *account, uint32_t uid)
{
	if (account->found && *account->home == '/')
		return account->home;
	return uid == 0 ? "/root" : "/";
}

/* --- /etc/group --- */

struct groups {
	struct arena *arena;
	uint32_t *ids;
	size_t count, capacity;
};

static int groups_add(struct groups *groups, uint32_t id, struct err *err)
{
	for (size_t i = 0; i < groups->count; i++)
		if (groups->ids[i] == id)
			return 0;
	if (groups->count == USER_GROUPS_MAX)
		return err_set(err, E2BIG, "more than %d supplementary groups", USER_GROUPS_MAX);
	if (groups->count == groups->capacity) {
		groups->capacity = groups->capacity ? 2 * groups->capacity : 16;
		uint32_t *ids = arena_array(groups->arena, uint32_t, groups->capacity);
		if (groups->count)
			memcpy(ids, groups->ids, groups->count * sizeof *ids);
		groups->ids = ids;
	}
	groups->ids[groups->count++] = id;
	return 0;
}

static bool member_of(char *members, const char *name)
{
	for (char *member; (member = strsep(&members, ","));)
		if (text_equal(member, name))
			return true;
	return false;
}

struct search {
	const struct wanted *primary; /* NULL: no explicit group */
	const char *member;	      /* NULL: do not look for memberships */
	const struct wanted *additional;
	size_t additional_count;
	bool primary_found;
	uint32_t primary_id;
	uint32_t *additional_ids; /* of the names; the first entry in the file counts */
	bool *additional_found;
	struct groups memberships;
};

static int search_line(struct search *search, char *fields[FIELDS], uint32_t id, struct err *err)
{
	if (search->primary && !search->primary_found && search->primary->name &&
	    text_equal(fields[0], search->primary->name)) {
		search->primary_found = true;
		search->primary_id = id;
	}
	for (size_t i = 0; i < search->additional_count; i++)
		if (!search->additional_found[i] && search->additional[i].name &&
		    text_equal(fields[0], search->additional[i].name)) {
			search->additional_found[i] = true;
			search->additional_ids[i] = id;
		}
	if (search->member && member_of(fields[3], search->member))
		return groups_add(&search->memberships, id, err);
	return 0;
}

static int search_run(struct arena *arena, int root, struct search *search, struct err *err)
{
	auto_table table = {.fd = -1};
	int r = table_open(arena, root, "/etc/group", &table, err);
	char *line, *fields[FIELDS];
	while (r == 0 && (r = table_line(&table, &line, err)) > 0) {
		uint32_t id;
		r = fields_cut(line, fields) && id_read(fields[2], &id) ? search_line(search, fields, id, err) : 0;
	}
	return r;
}

/* --- the whole --- */

static int additional_read(struct arena *arena, char *const *list, struct search *search, struct err *err)
{
	size_t count = list ? strv_count(list) : 0;
	if (count > USER_GROUPS_MAX)
		return err_set(err, E2BIG, "more than %d supplementary groups", USER_GROUPS_MAX);
	struct wanted *wanted = arena_array(arena, struct wanted, count + 1);
	search->additional_ids = arena_array(arena, uint32_t, count + 1);
	search->additional_found = arena_array(arena, bool, count + 1);
	for (size_t i = 0; i < count; i++) {
		int r = wanted_read(list[i], &wanted[i], err);
		if (r < 0)
			return r;
		if (!wanted[i].name) {
			search->additional_found[i] = true;
			search->additional_ids[i] = wanted[i].id;
		}
	}
	search->additional = wanted;
	search->additional_count = count;
	return 0;
}

/* Primary, memberships, additional: each once, in this order. */
static int groups_join(struct arena *arena, const struct search *search, char *const *additional, uint32_t gid,
		       struct user_identity *user, struct err *err)
{
	struct groups all = {.arena = arena};
	int r = groups_add(&all, gid, err);
	for (size_t i = 0; r == 0 && i < search->memberships.count; i++)
		r = groups_add(&all, search->memberships.ids[i], err);
	for (size_t i = 0; r == 0 && i < search->additional_count; i++) {
		if (!search->additional_found[i])
			return err_set(err, ENOENT, "Unable to find group %s: no matching entries in group file",
				       additional[i]);
		r = groups_add(&all, search->additional_ids[i], err);
	}
	user->groups = all.ids;
	user->group_count = all.count;
	return r;
}

int user_resolve(struct arena *arena, int root, const char *text, char *const *additional,
		 struct user_identity *out_user, struct err *err)
{
	char *name = arena_strdup(arena, text ? text : ""), *group_name = strchr(name, ':');
	if (group_name)
		*group_name++ = 0;
	bool explicit = group_name && *group_name;
	struct wanted wanted, group = {0};
	int r = wanted_read(*name ? name : "0", &wanted, err);
	if (r == 0 && explicit)
		r = wanted_read(group_name, &group, err);
	struct search search = {.primary = explicit ? &group : NULL};
	if (r == 0)
		r = additional_read(arena, additional, &search, err);
	struct account account;
	if (r == 0)
		r = account_find(arena, root, &wanted, &account, err);
	if (r < 0)
		return r;
	if (wanted.name && !account.found)
		return err_set(err, ENOENT, "unable to find user %s: no matching entries in passwd file", name);

	/* Without a name to look for there is no need to read the file: the common case of root in a small image. */
	search.member = account.found && !explicit ? account.name : NULL;
	search.memberships.arena = arena;
	bool named = explicit && group.name;
	for (size_t i = 0; i < search.additional_count; i++)
		named |= search.additional[i].name != NULL;
	if (search.member || named)
		r = search_run(arena, root, &search, err);
	if (r < 0)
		return r;
	if (explicit && group.name && !search.primary_found)
		return err_set(err, ENOENT, "unable to find group %s: no matching entries in group file", group_name);

	struct user_identity user = {
	    .uid = account.found ? account.uid : wanted.id,
	    .gid = explicit && group.name ? search.primary_id
		   : explicit		  ? group.id
					  : account.gid,
	};
	user.home = home_of(&account, user.uid);
	r = groups_join(arena, &search, additional, user.gid, &user, err);
	if (r < 0)
		return r;
	*out_user = user;
	return 0;
}

const char *user_name(struct arena *arena, int root, uint32_t uid)
{
	struct err ignored;
	struct account account = {0};
	const struct wanted wanted = {.id = uid};
	if (account_find(arena, root, &wanted, &account, &ignored) < 0 || !account.found)
		return arena_printf(arena, "%u", uid);
	return account.name;
}

const char *user_home(struct arena *arena, int root, uint32_t uid)
{
	struct err ignored;
	struct account account = {0};
	const struct wanted wanted = {.id = uid};
	if (account_find(arena, root, &wanted, &account, &ignored) < 0)
		account.found = false;
	return home_of(&account, uid);
}
