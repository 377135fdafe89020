/*
 * tug-resolver: what 127.0.0.11 is in the containers of user-defined networks. The engine starts it with descriptor 3,
 * a SOCK_SEQPACKET connection to the engine, and 4, the socket where a later engine connects. Two processes: the
 * keeper, which stays as it is, and the worker, which is confined before it reads the first packet.
 */
#include "base/fd.h"
#include "resolver/keeper.h"
#include "resolver/worker.h"
#include "security/confine.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FD_ENGINE = 3, FD_LISTENER = 4, DESCRIPTORS = 1 << 16 };

static int worker(int keeper, struct err *err)
{
	(void)prctl(PR_SET_NAME, "tug-dns", 0, 0, 0);
	int rc =
	    confine_enter(&(struct confine_spec){.network = true, .serves = true, .descriptors = DESCRIPTORS}, err);
	return rc < 0 ? rc : worker_run(FD_ENGINE, FD_LISTENER, keeper, err);
}

/* It holds nothing that the worker is to let go of. */
static int keeper(int socket, struct err *err)
{
	close(FD_ENGINE);
	close(FD_LISTENER);
	return keeper_run(socket, err);
}

int main(int argc, char **argv)
{
	int pair[2] = {-1, -1}, rc;
	struct err err;
	(void)argv;
	if (argc != 1 || fcntl(FD_ENGINE, F_GETFD) < 0 || fcntl(FD_LISTENER, F_GETFD) < 0) {
		fprintf(stderr, "tug-resolver: tugd starts it, one for all networks\n");
		return 2;
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		perror("tug-resolver: socketpair");
		return 1;
	}
	pid_t child = fork();
	if (child < 0) {
		perror("tug-resolver: fork");
		return 1;
	}
	/* The engine waits for the worker, which is the one that it started: the keeper is the child. */
	close(pair[child > 0]);
	rc = child == 0 ? keeper(pair[1], &err) : worker(pair[0], &err);
	if (rc < 0)
		fprintf(stderr, "tug-resolver: %s\n", err.msg);
	return rc < 0;
}
