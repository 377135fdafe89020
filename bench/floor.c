/*
 * What the kernel alone needs for a container: the system calls of `tug-runtime run` on a plain bundle, with nothing
 * read, checked, recorded or undone. The difference to tug-runtime is what we add.
 *
 *   bench_floor ROOTFS PROGRAM
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <net/if.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int umount2(const char *target, int flags);

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP)
enum { STACK_SIZE = 64 << 10, FAILED = 125, DETACH = 2 };

static char **arguments;
static char stack[STACK_SIZE];

static void must(int failed)
{
	if (failed)
		_exit(FAILED);
}

static void loopback_up(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0);
}

static void devices_make(void)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} rows[] = {{"dev/null", 1, 3},	  {"dev/zero", 1, 5},	 {"dev/full", 1, 7},
		    {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		must(mknod(rows[i].name, S_IFCHR | 0666, makedev(rows[i].major, rows[i].minor)) < 0);
}

static void mask(const char *name)
{
	struct stat info;
	if (stat(name, &info) == 0)
		must((S_ISDIR(info.st_mode) ? mount("tmpfs", name, "tmpfs", MS_RDONLY, "nr_blocks=1,nr_inodes=1")
					    : mount("/dev/null", name, NULL, MS_BIND, NULL)) < 0);
}

static void readonly(const char *name)
{
	must(mount(name, name, NULL, MS_BIND | MS_REC, NULL) < 0);
	must(mount(NULL, name, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) < 0);
}

static int container(void *unused)
{
	static char *const none[] = {NULL};
	const char *root = arguments[1];
	(void)unused;
	loopback_up();
	must(sethostname("floor", 5) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0);
	must(mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(root) < 0);
	must(mount("proc", "proc", "proc", 0, NULL) < 0 || mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755") < 0);
	must(mkdir("dev/pts", 0755) < 0 || mkdir("dev/shm", 0755) < 0 || mkdir("dev/mqueue", 0755) < 0);
	must(mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666") < 0);
	must(mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=65536k") < 0);
	must(mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NODEV, NULL) < 0);
	must(mount("sysfs", "sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV, NULL) < 0);
	devices_make();
	readonly("proc/sys");
	readonly("proc/irq");
	readonly("proc/fs");
	readonly("proc/bus");
	mask("proc/kcore");
	mask("proc/keys");
	mask("proc/timer_list");
	mask("proc/acpi");
	mask("proc/scsi");
	mask("sys/firmware");
	must(syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", DETACH) < 0 || chdir("/") < 0);
	execve(arguments[2], arguments + 2, none);
	_exit(FAILED);
}

int main(int argc, char **argv)
{
	int status;
	if (argc < 3) {
		fprintf(stderr, "usage: bench_floor ROOTFS PROGRAM [ARG...]\n");
		return 2;
	}
	arguments = argv;
	int pid = clone(container, stack + sizeof stack, NAMESPACES | CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return FAILED;
	return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}
