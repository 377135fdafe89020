#include "runtime_cli/host_mount.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

uint64_t host_mount_at(const char *path)
{
	auto_fd int fd = open(path, O_PATH | O_CLOEXEC);
	auto_free char *about = x_printf("/proc/self/fdinfo/%d", fd);
	auto_buf text = BUF_INIT(4096);
	struct err ignored;
	uint64_t number;
	if (fd < 0 || file_read(AT_FDCWD, about, &text, &ignored) < 0)
		return 0;
	const char *at = strstr(buf_str(&text), "mnt_id:");
	if (!at)
		return 0;
	at += strlen("mnt_id:");
	at += strspn(at, "\t ");
	auto_free char *digits = x_strndup(at, strcspn(at, "\n"));
	return number_parse_u64(digits, UINT64_MAX, "mount", &number, &ignored) < 0 ? 0 : number;
}

void host_mount_remove(const char *path, uint64_t before)
{
	enum { ROUNDS = 16 };
	for (int round = 0; before && round < ROUNDS; round++) {
		uint64_t now = host_mount_at(path);
		if (now == 0 || now == before || umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
			return;
	}
}
