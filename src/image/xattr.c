#include "image/xattr.h"

#include "base/text.h"

#include <sys/xattr.h>

/* Whether an attribute from an archive may be set; what overlay reads must not come from outside. */
static int xattr_wanted(const struct tar_entry *entry, const char *name, bool *out_wanted, struct err *err)
{
	if (text_after(name, "trusted.") || text_after(name, "user.overlay."))
		return err_set(err, EBADMSG, "bad archive: %.256s: the attribute %.64s may not come from an archive",
			       entry->name, name);
	*out_wanted = text_after(name, "user.") || text_equal(name, "security.capability") ||
		      text_equal(name, "system.posix_acl_access") || text_equal(name, "system.posix_acl_default");
	return 0;
}

int xattrs_set(int fd, const struct tar_entry *entry, struct err *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		const struct tar_xattr *xattr = &entry->xattrs[i];
		bool wanted;
		int result = xattr_wanted(entry, xattr->name, &wanted, err);
		if (result < 0)
			return result;
		if (!wanted || fsetxattr(fd, xattr->name, xattr->value, xattr->size, 0) == 0)
			continue;
		/* cp for a user who is not root */
		if (errno == EPERM && geteuid() != 0)
			continue;
		/* A file system without user attributes loses nothing that a program relies on. */
		if (errno != EOPNOTSUPP || !text_after(xattr->name, "user."))
			return err_sys(err, "%.256s: set the attribute %.64s", entry->name, xattr->name);
	}
	return 0;
}

int xattrs_check(const struct tar_entry *entry, struct err *err)
{
	for (size_t i = 0; i < entry->xattr_count; i++) {
		bool wanted;
		int result = xattr_wanted(entry, entry->xattrs[i].name, &wanted, err);
		if (result < 0)
			return result;
	}
	return 0;
}
