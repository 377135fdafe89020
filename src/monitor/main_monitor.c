#include "monitor/monitor.h"

#include <stdio.h>
#include <sys/prctl.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "tug-monitor: tugd starts it, one for each container\n");
		return 2;
	}
	/* Executed from memory, it would be called by a number. */
	(void)prctl(PR_SET_NAME, "tug-monitor", 0, 0, 0);
	return monitor_main(argv[1]);
}
