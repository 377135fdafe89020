#include "runtime/layer_stack.h"

#include "base/buffer.h"

#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Not by sys/mount.h: it and linux/mount.h do not go together everywhere. */
int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

static int option(int context, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, value, 0);
}

/* Layer by layer, so that their number is not bounded by a page. kernel 6.7: lowerdir+ */
static int mount_one_by_one(const struct layer_stack *overlay, const char *target, struct err *err)
{
	auto_fd int context = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);
	int rc = context < 0 ? -1 : 0;
	for (char *const *layer = overlay->lower; rc == 0 && *layer; layer++)
		rc = option(context, "lowerdir+", *layer);
	if (rc < 0)
		return err_set(err, E2BIG, "the image has too many layers for the kernel's mount call");
	if (overlay->upper &&
	    (option(context, "upperdir", overlay->upper) < 0 || option(context, "workdir", overlay->work) < 0))
		return err_sys(err, "mount the root file system");
	if (overlay->lose_on_crash)
		(void)syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "volatile", NULL, 0);
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_sys(err, "mount the root file system");
	auto_fd int made = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);
	if (made < 0 || syscall(SYS_move_mount, made, "", -100, target, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return err_sys(err, "mount the root file system");
	return 0;
}

static int mount_at_once(const struct buf *data, size_t plain, const char *target, struct err *err)
{
	if (mount("overlay", target, "overlay", 0, data->data) == 0)
		return 0;
	if (errno == EINVAL && plain < data->len) { /* kernel 5.10: overlay volatile */
		data->data[plain] = 0;
		if (mount("overlay", target, "overlay", 0, data->data) == 0)
			return 0;
	}
	return err_sys(err, "mount the root file system");
}

int layer_stack_mount(const struct layer_stack *overlay, const char *target, struct err *err)
{
	enum { OPTIONS_PAGE = 4095 };
	auto_buf data = BUF_INIT(64 << 10);
	char *const *lower = overlay->lower;
	bool none = !lower || !lower[0];
	if (none || (!overlay->upper && !lower[1])) {
		const char *only = none ? overlay->upper : lower[0];
		/* An image without layers: what is written is all there is. */
		if (mount(only, target, NULL, MS_BIND, NULL) < 0)
			return err_sys(err, "bind %s", only);
		return 0;
	}
	buf_text(&data, "lowerdir=");
	for (char *const *layer = lower; *layer; layer++)
		buf_printf(&data, "%s%s", layer == lower ? "" : ":", *layer);
	if (overlay->upper)
		buf_printf(&data, ",upperdir=%s,workdir=%s", overlay->upper, overlay->work);
	size_t plain = data.len;
	if (overlay->lose_on_crash)
		buf_text(&data, ",volatile");
	if (data.overflow || data.len > OPTIONS_PAGE)
		return mount_one_by_one(overlay, target, err);
	return mount_at_once(&data, plain, target, err);
}
