/*
 * tugd job build-fetch: the remote sources of ADD. Confined as the jobs of registries are: the network, no capability,
 * a staging directory. Redirects are followed, ten at most, never from https to http; no credential is sent.
 */
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "engine/build_job.h"
#include "image/report.h"
#include "registry/http.h"
#include "security/confine.h"
#include "storage/content.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { STAGING_FD = 4, REQUEST_FD = 5, FILE_MAX = 512 << 10, REDIRECTS_MAX = 10, STALL_S = 60 };

struct fetch {
	struct arena arena;
	struct build_fetch_request request;
	struct http *http;
	struct content_writer writer;
	bool writing;
};

static int names_confine(struct err *err)
{
	static const char services[] = "hosts: files dns\n";
	auto_buf resolv = BUF_INIT(FILE_MAX), hosts = BUF_INIT(FILE_MAX);
	struct err missing;
	if (file_read(AT_FDCWD, "/etc/resolv.conf", &resolv, &missing) < 0)
		buf_reset(&resolv);
	if (file_read(AT_FDCWD, "/etc/hosts", &hosts, &missing) < 0)
		buf_reset(&hosts);
	const struct confine_file files[] = {{"/etc/resolv.conf", buf_str(&resolv), resolv.len},
					     {"/etc/hosts", buf_str(&hosts), hosts.len},
					     {"/etc/nsswitch.conf", services, sizeof services - 1}};
	const struct confine_spec spec = {.dirs = {{.fd = STAGING_FD, .writable = true}},
					  .dir_count = 1,
					  .network = true,
					  .files = files,
					  .file_count = array_size(files)};
	return confine_enter(&spec, err);
}

/* --- one file --- */

static int data_take(struct http_transfer *transfer, const void *data, size_t size, struct err *err)
{
	struct fetch *fetch = transfer->cookie;
	return content_write(&fetch->writer, data, size, err);
}

/* Last-Modified as seconds, 0: not said. */
static int64_t modified(const struct http_transfer *transfer)
{
	const char *text = http_answer_field(transfer, "Last-Modified");
	struct tm parts = {0};
	if (!text || !strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts))
		return 0;
	time_t seconds = timegm(&parts);
	return seconds > 0 ? (int64_t)seconds : 0;
}

/* "https://host/a/file.tar?x" is file.tar. */
static char *name_of(struct fetch *fetch, const char *url, struct err *err)
{
	char *path = arena_strndup(&fetch->arena, url, strcspn(url, "?#"));
	const char *host = strstr(path, "://");
	char *slash = strrchr(host ? host + 3 : path, '/');
	if (!slash || !slash[1] || text_equal(slash + 1, "..") || text_equal(slash + 1, ".")) {
		err_set(err, EINVAL, "cannot determine filename for source %s", url);
		return NULL;
	}
	return slash + 1;
}

static int transfer_run(struct fetch *fetch, const struct http_url *url, struct http_transfer *transfer,
			struct err *err)
{
	static const struct http_tls tls = {.verify = true};
	int rc = http_resolve(fetch->http, url, true, err);
	if (rc < 0)
		return rc;
	*transfer = (struct http_transfer){.method = "GET",
					   .url = url,
					   .tls = &tls,
					   .data = data_take,
					   .cookie = fetch,
					   .body_fd = -1,
					   .answer = BUF_INIT(64 << 10)};
	rc = http_start(fetch->http, transfer, err);
	if (rc == 0)
		rc = http_wait(fetch->http, transfer, err);
	if (rc == 0 && transfer->rc < 0) {
		*err = transfer->err;
		rc = transfer->rc;
	}
	return rc;
}

static int url_get(struct fetch *fetch, const char *text, int64_t *out_time, struct err *err)
{
	struct http_url url, next;
	int rc = http_url_parse(fetch->http, &fetch->arena, text, &url, err);
	for (unsigned hop = 0; rc == 0; hop++) {
		struct http_transfer transfer;
		rc = transfer_run(fetch, &url, &transfer, err);
		const char *location = rc == 0 ? http_answer_field(&transfer, "Location") : NULL;
		bool moved = rc == 0 && transfer.status >= 300 && transfer.status < 400 && location;
		if (moved)
			rc = http_url_resolve(fetch->http, &fetch->arena, url.text, location, &next, err);
		unsigned status = rc == 0 ? transfer.status : 0;
		if (rc == 0 && status == 200)
			*out_time = modified(&transfer);
		http_transfer_done(&transfer);
		if (rc < 0 || status == 200)
			return rc;
		if (!moved)
			return err_set(err, EIO, "invalid response status %u", status);
		if (hop == REDIRECTS_MAX)
			return err_set(err, ELOOP, "more than %d redirects", REDIRECTS_MAX);
		if (text_equal(url.scheme, "https") && !text_equal(next.scheme, "https"))
			return err_set(err, EACCES, "a redirect from https to http");
		url = next;
	}
	return rc;
}

static int file_fetch(struct fetch *fetch, const char *url, struct build_fetched *out, struct err *err)
{
	struct digest expected, found;
	int64_t time = 0;
	char *name = name_of(fetch, url, err);
	if (!name)
		return -err->code;
	auto_free char *place = x_printf("fetched/%s", name);
	bool check = !text_empty(fetch->request.checksum);
	int rc = check ? digest_parse(fetch->request.checksum, &expected, err) : 0;
	if (rc == 0)
		rc = content_begin(STAGING_FD, place, CONTENT_SIZE_ANY, &fetch->writer, err);
	if (rc < 0)
		return rc;
	rc = url_get(fetch, url, &time, err);
	if (rc < 0) {
		content_abort(&fetch->writer);
		return err_wrap(err, "ADD %.300s", url);
	}
	rc = content_finish(&fetch->writer, NULL, &found, err);
	if (rc == 0 && check && !text_equal(found.text, expected.text))
		rc = err_set(err, EBADMSG, "ADD %.300s: digest mismatch %s: %s", url, found.text, expected.text);
	const struct timespec times[2] = {{.tv_sec = time}, {.tv_sec = time}};
	/* Docker's: root's alone, and as old as the server says. */
	if (rc == 0 && (fchmodat(STAGING_FD, place, 0600, 0) < 0 || utimensat(STAGING_FD, place, times, 0) < 0))
		rc = err_sys(err, "ADD %.300s", url);
	*out = (struct build_fetched){.name = arena_strdup(&fetch->arena, name),
				      .digest = arena_strdup(&fetch->arena, found.text)};
	return rc;
}

static int fetch_run(struct fetch *fetch, struct err *err)
{
	auto_buf text = BUF_INIT(JSON_SIZE_MAX);
	struct build_fetch_answer answer = {0};
	const struct http_settings settings = {.user_agent = "tug/" TUG_VERSION, .stall_s = STALL_S};
	int rc = file_read_fd(REQUEST_FD, "the request", &text, err);
	if (rc == 0)
		rc = json_load(&fetch->arena, &table_build_fetch_request, buf_str(&text), text.len, "the request", 0,
			       &fetch->request, err);
	if (rc == 0)
		rc = http_open(&settings, &fetch->http, err);
	/* The directory is made before: nothing is ours any more inside. */
	if (rc == 0 && mkdirat(STAGING_FD, "fetched", 0777) < 0)
		rc = err_sys(err, "make a directory");
	if (rc == 0)
		rc = names_confine(err);
	if (rc < 0)
		return rc;
	size_t count = strv_count(fetch->request.urls);
	answer.files.items = arena_array(&fetch->arena, struct build_fetched, count + 1);
	for (; rc == 0 && answer.files.count < count; answer.files.count += rc == 0)
		rc = file_fetch(fetch, fetch->request.urls[answer.files.count], &answer.files.items[answer.files.count],
				err);
	if (rc < 0)
		return rc;
	answer_report(&table_build_fetch_answer, &answer);
	report_result(&(struct image_job_result){0});
	return 0;
}

int build_job_fetch_main(int argc, char **argv)
{
	static struct fetch fetch;
	struct err err;
	(void)argc, (void)argv;
	return fetch_run(&fetch, &err) < 0 ? report_error(&err) : 0;
}
