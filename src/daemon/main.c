#include "base/text.h"
#include "daemon/daemon.h"
#include "daemon/job.h"

int main(int argc, char **argv)
{
	extern char **environ;
	if (argc > 1 && text_equal(argv[1], "job"))
		return job_main(argv + 2);
	return daemon_main(argv, environ);
}
