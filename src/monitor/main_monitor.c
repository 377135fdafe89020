#include "monitor/monitor.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "tug-monitor: tugd starts it, one for each container\n");
		return 2;
	}
	return monitor_main(argv[1]);
}
