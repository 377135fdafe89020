#include "daemon/listen.h"
#include "base/fd.h"
#include "base/path.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { BACKLOG = 1024, INHERITED_FIRST = 3, GROUP_BUFFER = 64 << 10 };

/* With its parents; absolute. Our own configuration names it: the host's root is the root. */
static int directory_make(const char *path, mode_t mode, int *out_fd, struct err *err)
{
	auto_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? err_sys(err, "open /") : path_make_dirs(root, path, PATH_IN_ROOT, mode, out_fd, err);
}

static int unix_address(const char *path, struct sockaddr_un *out_address, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(err, ENAMETOOLONG, "%s: a socket's path has at most %zu bytes", path,
			       sizeof address.sun_path - 1);
	strcpy(address.sun_path, path);
	*out_address = address;
	return 0;
}

/* A socket file that nobody serves any more is removed. */
static int clear_stale(const struct sockaddr_un *address, struct err *err)
{
	struct stat status;
	if (lstat(address->sun_path, &status) < 0)
		return errno == ENOENT ? 0 : err_sys(err, "%s", address->sun_path);
	if (!S_ISSOCK(status.st_mode))
		return err_set(err, EEXIST,
			       "%s is there and is not a socket: move it away, or listen elsewhere with -H",
			       address->sun_path);
	auto_fd int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return err_sys(err, "socket");
	if (connect(probe, (const struct sockaddr *)address, sizeof *address) == 0)
		return err_set(err, EADDRINUSE, "%s: another engine listens there", address->sun_path);
	if (errno != ECONNREFUSED)
		return err_sys(err, "%s", address->sun_path);
	if (unlink(address->sun_path) < 0)
		return err_sys(err, "remove %s", address->sun_path);
	return 0;
}

static int find_group(const char *name, gid_t *out_group, struct err *err)
{
	const char *wanted = *name ? name : "tug";
	auto_free char *buffer = x_alloc(GROUP_BUFFER);
	struct group group, *found = NULL;
	int r = getgrnam_r(wanted, &group, buffer, GROUP_BUFFER, &found);
	if (found)
		*out_group = found->gr_gid;
	else if (*name)
		return err_set(err, r ? r : ENOENT, "group %s: not found", wanted);
	else
		*out_group = 0;
	return 0;
}

static int listen_unix(const char *path, const char *group_name, int *out_fd, struct err *err)
{
	struct sockaddr_un address;
	gid_t group = 0;
	if (unix_address(path, &address, err) < 0 || find_group(group_name, &group, err) < 0)
		return -err->code;
	const char *slash = strrchr(path, '/');
	if (slash > path) {
		auto_free char *folder = x_strndup(path, (size_t)(slash - path));
		auto_fd int made = -1;
		if (directory_make(folder, 0755, &made, err) < 0)
			return err_wrap(err, "%s", path);
	}
	if (clear_stale(&address, err) < 0)
		return -err->code;
	auto_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_sys(err, "socket");
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)&address, sizeof address);
	int bind_error = errno;
	umask(mask);
	errno = bind_error;
	if (r < 0)
		return err_sys(err, "bind %s", path);
	if (lchown(path, 0, group) < 0 || chmod(path, 0660) < 0 || listen(fd, BACKLOG) < 0) {
		err_sys(err, "%s", path);
		unlink(path);
		return -err->code;
	}
	*out_fd = take_fd(&fd);
	return 0;
}

static int listen_tcp(const char *text, int *out_fd, struct err *err)
{
	const char *colon = strrchr(text, ':');
	if (!colon)
		return err_set(err, EINVAL, "tcp://%s: ADDRESS:PORT is wanted", text);
	auto_free char *address = x_strndup(text, (size_t)(colon - text));
	size_t length = strlen(address);
	char *host = address;
	if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
		host[length - 1] = 0;
		host++;
	}
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *found = NULL;
	/* Without a name there is no resolver to wait for. */
	hints.ai_flags |= strcmp(host, "localhost") == 0 ? 0 : AI_NUMERICHOST;
	int r = getaddrinfo(*host ? host : NULL, colon + 1, &hints, &found);
	if (r != 0)
		return err_set(err, EINVAL, "tcp://%s: %s", text, gai_strerror(r));
	auto_fd int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
	    bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0) {
		err_sys(err, "listen on tcp://%s", text);
		freeaddrinfo(found);
		return -err->code;
	}
	freeaddrinfo(found);
	*out_fd = take_fd(&fd);
	return 0;
}

int listen_on(const char *host, const char *group, int *out_fd, struct err *err)
{
	const char *path = text_after(host, "unix://"), *address = text_after(host, "tcp://");
	if (path)
		return listen_unix(path, group, out_fd, err);
	if (address)
		return listen_tcp(address, out_fd, err);
	return err_set(err, EINVAL, "%s: neither unix:///PATH nor tcp://ADDRESS:PORT", host);
}

void listen_remove(const char *host)
{
	const char *path = text_after(host, "unix://");
	if (path)
		unlink(path);
}

int listen_inherited(int *out_fds, size_t room, size_t *out_count, struct err *err)
{
	const char *pid = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
	int64_t value, count;
	struct err ignored;
	if (!pid || !count_text || number_parse(pid, 1, INT32_MAX, "LISTEN_PID", &value, &ignored) < 0 ||
	    value != getpid() || number_parse(count_text, 1, (int64_t)room, "LISTEN_FDS", &count, &ignored) < 0)
		return err_set(err, ENOENT, "fd://: systemd handed over no socket: is tugd.socket enabled?");
	for (int64_t i = 0; i < count; i++) {
		int fd = INHERITED_FIRST + (int)i;
		if (fd_set_cloexec(fd, true, err) < 0 || fd_set_nonblock(fd, true, err) < 0)
			return err_wrap(err, "fd://: descriptor %d", fd);
		out_fds[i] = fd;
	}
	*out_count = (size_t)count;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return 0;
}

int lock_directory(const char *directory, int *out_lock, struct err *err)
{
	auto_fd int folder = -1;
	if (directory_make(directory, 0700, &folder, err) < 0)
		return -err->code;
	auto_fd int lock = openat(folder, "engine.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock < 0)
		return err_sys(err, "%s/engine.lock", directory);
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, "lock %s/engine.lock", directory);
		char owner[24] = "";
		ssize_t size = pread(lock, owner, sizeof owner - 1, 0);
		owner[size > 0 ? strspn(owner, "0123456789") : 0] = 0;
		return err_set(err, EBUSY,
			       "%s belongs to an engine that runs%s%s: end that one, or choose other directories "
			       "with --data-root and --exec-root",
			       directory, *owner ? ", process " : "", owner);
	}
	auto_free char *own = x_printf("%d\n", getpid());
	if (ftruncate(lock, 0) < 0 || pwrite(lock, own, strlen(own), 0) < 0)
		return err_sys(err, "write %s/engine.lock", directory);
	*out_lock = take_fd(&lock);
	return 0;
}

void notify_systemd(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (!path || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof address.sun_path)
		return;
	strcpy(address.sun_path, path);
	if (address.sun_path[0] == '@')
		address.sun_path[0] = 0;
	auto_fd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
}
