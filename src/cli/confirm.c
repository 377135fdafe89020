#include "cli/confirm.h"

#include <stdio.h>
#include <string.h>

bool confirm(const char *warning)
{
	char answer[16];
	printf("%s\nAre you sure you want to continue? [y/N] ", warning);
	fflush(stdout);
	if (!fgets(answer, sizeof answer, stdin))
		return false;
	answer[strcspn(answer, "\r\n")] = 0;
	return (answer[0] == 'y' || answer[0] == 'Y') && answer[1] == 0;
}
