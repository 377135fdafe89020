#include "runtime_cli/program.h"

#include "base/fd.h"
#include "runtime/init.h"

#include <fcntl.h>

#ifdef TUG_INIT_PROGRAM
__asm__(".section .rodata\n"
	".global tug_init_start, tug_init_end\n"
	".balign 16\n"
	"tug_init_start:\n"
	".incbin \"" TUG_INIT_PROGRAM "\"\n"
	"tug_init_end:\n"
	".previous\n");
extern const char tug_init_start[], tug_init_end[];

int program_seal(int *out_fd, struct err *err)
{
	return fd_sealed(INIT_NAME, tug_init_start, (size_t)(tug_init_end - tug_init_start), out_fd, err);
}
#else
int program_seal(int *out_fd, struct err *err)
{
	auto_fd int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	return self < 0 ? err_sys(err, "open our own program") : init_seal(self, INIT_NAME, out_fd, err);
}
#endif
