#include "base/text.h"
#include "runtime/init.h"
#include "runtime_cli/context.h"

int main(int argc, char **argv)
{
	/* Executed by ourselves, where no smaller tug-init is built in. */
	if (argc > 0 && text_equal(argv[0], INIT_NAME))
		return init_main(argc, argv);
	return runtime_main(argc, argv);
}
