#include "registry/curl.h"

#include <dlfcn.h>
#include <string.h>

int curl_load(const struct curl_calls **out_calls, struct err *err)
{
	static struct curl_calls calls;
	static bool loaded;
	if (!loaded) {
		void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
		if (!library)
			return err_set(err, ENOENT, "cannot load libcurl: install libcurl4 (%.200s)", dlerror());
#define CURL_FIND(name)                                                                                \
	do {                                                                                           \
		void *symbol = dlsym(library, #name);                                                  \
		if (!symbol)                                                                           \
			return err_set(err, ENOSYS, "libcurl is too old: it has no %s", #name);        \
		memcpy(&calls.name, &symbol, sizeof symbol); /* ISO C has no cast from data to code */ \
	} while (0);
		CURL_CALLS(CURL_FIND)
#undef CURL_FIND
		if (calls.curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
			return err_set(err, EIO, "cannot initialise libcurl");
		loaded = true;
	}
	*out_calls = &calls;
	return 0;
}
