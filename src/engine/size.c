#include "engine/size.h"

#include "base/path.h"
#include "base/text.h"
#include "engine/engine_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 256 };

/* Bytes of the regular files below dir, which it takes over. What vanishes meanwhile does not count. */
static int64_t tree_size(int dir, unsigned depth)
{
	int64_t total = 0;
	auto_dir DIR *list = fdopendir(dir);
	if (!list) {
		close(dir);
		return 0;
	}
	const struct dirent *entry;
	while ((entry = readdir(list))) {
		struct stat info;
		if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, "..") ||
		    fstatat(dirfd(list), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (S_ISREG(info.st_mode)) {
			total += info.st_size;
		} else if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX) {
			int child = openat(dirfd(list), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (child >= 0)
				total += tree_size(child, depth + 1);
		}
	}
	return total;
}

int size_of(const struct container *container, struct arena *arena, int64_t **out_rw, int64_t **out_root,
	    struct err *err)
{
	struct digest id;
	struct image image;
	char path[128];
	int upper;
	int64_t rw = 0;
	struct err missing;
	snprintf(path, sizeof path, "containers/%s/upper", container->id);
	/* A container that never ran has none. */
	if (path_open(container->engine->data, path, PATH_NO_LINKS, O_RDONLY | O_DIRECTORY, 0, &upper, &missing) == 0)
		rw = tree_size(upper, 0);
	int rc = digest_parse(container->document.image_id, &id, err);
	if (rc == 0)
		rc = image_find_id(container->engine->images, arena, &id, &image, err);
	if (rc < 0)
		return rc;
	*out_rw = arena_new(arena, int64_t);
	*out_root = arena_new(arena, int64_t);
	**out_rw = rw;
	**out_root = rw + (int64_t)image.size;
	return 0;
}
