#include "engine/registry_job.h"

#include "base/fd.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

enum { REQUEST_MAX = 64 << 20 };

void registry_request_init(const struct engine *engine, struct arena *arena, const struct auth_config *auth,
			   struct registry_request *out_request)
{
	const struct engine_config *config = &engine->config;
	struct utsname system;
	*out_request = (struct registry_request){0};
	struct registry_settings *settings = &out_request->settings;
	*settings = (struct registry_settings){.mirrors = (char **)(uintptr_t)config->registry_mirrors,
					       .insecure = (char **)(uintptr_t)config->insecure_registries,
					       .certs = (char **)(uintptr_t)config->registry_certs,
					       .http_proxy = (char *)(uintptr_t)config->http_proxy,
					       .https_proxy = (char *)(uintptr_t)config->https_proxy,
					       .no_proxy = (char *)(uintptr_t)config->no_proxy,
					       .downloads = config->downloads,
					       .uploads = config->uploads,
					       .attempts = config->download_attempts,
					       .stall_s = config->registry_timeout_s};
	const char *kernel = uname(&system) == 0 ? system.release : "unknown";
	settings->user_agent = arena_printf(arena, "tug/%s kernel/%s os/linux", TUG_VERSION, kernel);
	if (auth)
		out_request->auth = *auth;
}

static int request_seal(const struct registry_request *request, int *out_fd, struct err *err)
{
	auto_buf text = BUF_INIT(REQUEST_MAX);
	json_encode(&text, &table_registry_request, request);
	int rc = buf_check(&text, "the request", err);
	if (rc == 0)
		rc = fd_sealed("tug-registry", text.data, text.len, out_fd, err);
	if (text.data)
		explicit_bzero(text.data, text.len); /* credentials */
	return rc;
}

int registry_job_begin(struct engine *engine, const char *kind, const struct registry_request *request,
		       int (*finish)(struct engine_job *job, struct err *err), struct engine_job_sink *sink,
		       struct engine_job **out_job, struct err *err)
{
	static const char *const folders[] = {"layers", "downloads", "blobs/sha256"};
	char *const argv[] = {(char *)"tugd", (char *)"job", (char *)(uintptr_t)kind, NULL};
	int fds[REGISTRY_FDS] = {-1, -1, -1, -1}, rc = 0;
	for (size_t i = 0; rc == 0 && i < array_size(folders); i++) {
		fds[i] = openat(engine->data, folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fds[i] < 0)
			rc = err_sys(err, "open %s", folders[i]);
	}
	if (rc == 0)
		rc = request_seal(request, &fds[REGISTRY_FDS - 1], err);
	if (rc == 0) {
		const struct job_request job = {
		    .argv = argv, .fds = fds, .fd_count = REGISTRY_FDS, .staging = true, .finish = finish};
		rc = job_begin(engine, &job, sink, out_job, err);
	}
	cleanup_fds(fds, REGISTRY_FDS);
	return rc;
}
