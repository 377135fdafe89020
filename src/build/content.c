#include "build/content.h"

#include "base/hash.h"
#include "base/path.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { READ_SIZE = 256 << 10 };

struct digest_walk {
	struct content *content;
	int root;
	struct hash *hash;
	char *piece;
};

void content_done(struct content *content)
{
	const char *name;
	void *digest;
	for (size_t at = 0; map_next(&content->files, &at, &name, &digest);)
		free(digest);
	map_done(&content->files);
}

static int file_open(const struct select_entry *entry, int root, int *out_fd, struct err *err)
{
	enum { FLAGS = O_RDONLY | O_NONBLOCK | O_NOFOLLOW };
	if (*entry->name) {
		*out_fd = openat(entry->dir, entry->name, FLAGS | O_CLOEXEC);
		return *out_fd < 0 ? err_sys(err, "%s", entry->source) : 0;
	}
	return path_open(root, entry->source, PATH_IN_ROOT, O_RDONLY | O_NONBLOCK, 0, out_fd, err);
}

static int file_digest(struct digest_walk *walk, const struct select_entry *entry, const char **out_digest,
		       struct err *err)
{
	const char *known = map_get(&walk->content->files, entry->source);
	auto_hash struct hash *hash = NULL;
	struct digest digest;
	auto_fd int fd = -1;
	if (!known && walk->content->known)
		known = walk->content->known(walk->content->cookie, &entry->info);
	if (known) {
		*out_digest = known;
		return 0;
	}
	int rc = file_open(entry, walk->root, &fd, err);
	if (rc < 0)
		return rc;
	hash = hash_new();
	for (;;) {
		ssize_t size = read(fd, walk->piece, READ_SIZE);
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return err_sys(err, "read %s", entry->source);
		if (size == 0)
			break;
		hash_update(hash, walk->piece, (size_t)size);
	}
	digest_final(hash, &digest);
	char *kept = x_strdup(digest_hex(&digest));
	map_put(&walk->content->files, entry->source, kept);
	*out_digest = kept;
	return 0;
}

static void part(struct digest_walk *walk, const char *text)
{
	hash_update(walk->hash, text, strlen(text) + 1); /* with its zero: parts do not run together */
}

static int entry_hash(void *cookie, const struct select_entry *entry, struct err *err)
{
	struct digest_walk *walk = cookie;
	char head[64], link[PATH_MAX];
	const char *digest;
	mode_t kind = entry->info.st_mode & S_IFMT;
	snprintf(head, sizeof head, "%o %o %d%d", (unsigned)kind, (unsigned)(entry->info.st_mode & 07777),
		 entry->single, entry->parent);
	part(walk, entry->target);
	part(walk, head);
	if (!S_ISDIR(kind) && entry->info.st_mtime > walk->content->newest)
		walk->content->newest = entry->info.st_mtime;
	if (S_ISREG(kind)) {
		int rc = file_digest(walk, entry, &digest, err);
		if (rc == 0)
			part(walk, digest);
		return rc;
	}
	if (S_ISLNK(kind)) {
		ssize_t size = readlinkat(entry->dir, entry->name, link, sizeof link - 1);
		if (size < 0)
			return err_sys(err, "%s", entry->source);
		link[size] = 0;
		part(walk, link);
	}
	return 0;
}

int content_digest(struct content *content, struct arena *arena, int root, char *const *sources, char *const *excludes,
		   bool parents, char **out_digest, struct err *err)
{
	auto_hash struct hash *hash = hash_new();
	auto_free char *piece = x_alloc(READ_SIZE);
	struct digest_walk walk = {.content = content, .root = root, .hash = hash, .piece = piece};
	const struct select select = {.root = root,
				      .sources = sources,
				      .excludes = excludes,
				      .parents = parents,
				      .visit = entry_hash,
				      .cookie = &walk};
	struct digest digest;
	int rc = select_walk(&select, err);
	if (rc < 0)
		return rc;
	digest_final(hash, &digest);
	*out_digest = arena_strdup(arena, digest_hex(&digest));
	return 0;
}
