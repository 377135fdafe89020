#include "monitor/sealed.h"

#include "runtime/plan_wire.h"

#include <sys/mman.h>
#include <sys/stat.h>

int sealed_map(int fd, const void **out_data, size_t *out_size, struct err *err)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return err_sys(err, "the plan");
	if (status.st_size <= 0 || status.st_size > PLAN_SIZE_MAX)
		return err_set(err, EPROTO, "the plan has %lld bytes", (long long)status.st_size);
	void *data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return err_sys(err, "the plan");
	*out_data = data;
	*out_size = (size_t)status.st_size;
	return 0;
}
