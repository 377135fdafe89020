#include "runtime/init.h"

int main(int argc, char **argv)
{
	return init_main(argc, argv);
}
