#include "registry/download.h"

#include "base/fd.h"
#include "base/text.h"
#include "base/time.h"
#include "registry/challenge.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { STATE_EVERY = 32 << 20, REHASH_PIECE = 1 << 20 };
#define LOCK_PAUSE_NS 20000000LL

static void fail(struct download *download, const struct err *err)
{
	download->err = *err;
	download->rc = -err->code;
	download->state = DOWNLOAD_DONE;
}

/* --- the state of the hash --- */

static void state_name(const struct download *download, const char *suffix, char out_name[96])
{
	snprintf(out_name, 96, "%s%s", digest_hex(&download->digest), suffix);
}

/* Best effort: without it the file is read again. Not synced: it carries a sum, and the digest decides in the end. */
static void state_save(struct download *download)
{
	uint8_t state[HASH_STATE];
	char name[96], other[96];
	state_name(download, ".state", name);
	state_name(download, ".state.new", other);
	hash_save(download->hash, state);
	auto_fd int fd = openat(download->dir, other, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fd_write_full(fd, state, sizeof state) < 0 ||
	    renameat(download->dir, other, download->dir, name) < 0)
		(void)unlinkat(download->dir, other, 0);
	download->saved = download->written;
}

static void state_load(struct download *download, uint64_t size)
{
	uint8_t state[HASH_STATE];
	char name[96];
	struct err ignored;
	state_name(download, ".state", name);
	auto_fd int fd = openat(download->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fd_read_full(fd, state, sizeof state) != sizeof state ||
	    hash_restore(download->hash, state, &ignored) < 0)
		return;
	if (hash_total(download->hash) > size) { /* of a file that was longer once */
		hash_free(download->hash);
		download->hash = hash_new();
	}
}

/* From the saved state to the end of what is there. */
static int rehash(struct download *download, uint64_t size, struct err *err)
{
	auto_free char *piece = x_alloc(REHASH_PIECE);
	uint64_t at = hash_total(download->hash);
	while (at < size) {
		uint64_t left = size - at;
		ssize_t got = pread(download->fd, piece, left < REHASH_PIECE ? left : REHASH_PIECE, (off_t)at);
		if (got < 0)
			return err_sys(err, "read what is there of %s", download->digest.text);
		if (got == 0)
			break;
		hash_update(download->hash, piece, (size_t)got);
		at += (uint64_t)got;
	}
	download->written = download->resumed = at;
	return 0;
}

/* --- the file --- */

static int start_over(struct download *download, struct err *err)
{
	char name[96];
	state_name(download, ".state", name);
	(void)unlinkat(download->dir, name, 0);
	hash_free(download->hash);
	download->hash = hash_new();
	download->written = download->resumed = download->saved = 0;
	download->clean = true;
	download->restarts++;
	return ftruncate(download->fd, 0) < 0 ? err_sys(err, "truncate a download") : 0;
}

/* 1: opened and locked; 0: another job has it. */
static int file_lock(struct download *download, struct err *err)
{
	struct stat mine, there;
	const char *name = digest_hex(&download->digest);
	if (download->fd < 0)
		download->fd = openat(download->dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (download->fd < 0)
		return err_sys(err, "create a download");
	if (flock(download->fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK || errno == EINTR)
			return 0;
		return err_sys(err, "lock a download");
	}
	/* The file that we wait for may have become a blob of the store, or have gone. */
	if (fstat(download->fd, &mine) < 0)
		return err_sys(err, "read a download");
	if (fstatat(download->dir, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == mine.st_ino)
		return 1;
	if ((uint64_t)mine.st_size == download->size && mine.st_nlink > 0)
		return 1;
	cleanup_fd(&download->fd);
	download->fd = -1;
	return 0;
}

static int file_begin(struct download *download, struct err *err)
{
	struct stat info;
	if (fstat(download->fd, &info) < 0)
		return err_sys(err, "read a download");
	download->hash = hash_new();
	uint64_t size = (uint64_t)info.st_size;
	if (size > download->size)
		return start_over(download, err);
	if (size == 0) {
		download->clean = true;
		return 0;
	}
	state_load(download, size);
	int rc = rehash(download, size, err);
	download->saved = download->written;
	return rc;
}

/* --- the transfer --- */

static int take_head(struct call *call, struct err *err)
{
	struct download *download = call->cookie;
	const struct http_transfer *transfer = &call->transfer;
	const char *length = http_answer_field(transfer, "Content-Length");
	uint64_t first = 0, last, total = download->size, announced;
	struct err ignored;
	if (transfer->status == 206) {
		const char *range = http_answer_field(transfer, "Content-Range");
		int rc = content_range_parse(range ? range : "", &first, &last, &total, err);
		if (rc < 0)
			return rc;
		if (first != download->written)
			return err_set(err, EPROTO, "asked for bytes from %llu on, the answer begins at %llu",
				       (unsigned long long)download->written, (unsigned long long)first);
	} else if (length && number_parse_u64(length, INT64_MAX, "length", &announced, &ignored) == 0) {
		total = announced;
	}
	if (total != download->size)
		return err_set(err, EBADMSG, "%s: the registry has %llu bytes of it, the manifest says %llu",
			       download->digest.text, (unsigned long long)total, (unsigned long long)download->size);
	/* A registry without ranges: what is there already is passed over. */
	download->skip = transfer->status == 206 ? 0 : download->written;
	return 0;
}

static int take_data(struct call *call, const void *data, size_t size, struct err *err)
{
	struct download *download = call->cookie;
	if (download->skip > 0) {
		size_t here = download->skip < size ? (size_t)download->skip : size;
		download->skip -= here;
		data = (const char *)data + here;
		size -= here;
	}
	if (size > download->size - download->written)
		return err_set(err, EBADMSG, "%s: more than the %llu bytes that the manifest says",
			       download->digest.text, (unsigned long long)download->size);
	for (size_t done = 0; done < size;) {
		ssize_t put =
		    pwrite(download->fd, (const char *)data + done, size - done, (off_t)(download->written + done));
		if (put < 0)
			return err_sys(err, "write a download");
		done += (size_t)put;
	}
	hash_update(download->hash, data, size);
	download->written += size;
	download->moved = true;
	if (download->written - download->saved >= STATE_EVERY)
		state_save(download);
	return 0;
}

static void before_attempt(struct call *call)
{
	struct download *download = call->cookie;
	if (download->written > download->saved)
		state_save(download);
	if (download->written > 0) {
		download->range =
		    arena_printf(&download->arena, "Range: bytes=%llu-", (unsigned long long)download->written);
		call->fields[1] = download->range;
	} else {
		call->fields[1] = NULL;
	}
}

static void transfer_start(struct download *download)
{
	auto_free char *rest = x_printf("blobs/%s", download->digest.text);
	struct call *call = &download->call;
	*call = (struct call){.endpoint = download->endpoint,
			      .method = "GET",
			      .url = call_url(&download->arena, download->endpoint, download->name, rest),
			      .scope = download->scope,
			      .fields = {"Accept-Encoding: identity"},
			      .data = take_data,
			      .head = take_head,
			      .before = before_attempt,
			      .moved = &download->moved,
			      .cookie = download};
	download->active = true;
	download->progress = download->written;
	call_start(download->registry, call);
}

/* --- the end --- */

static void verify(struct download *download)
{
	struct digest real;
	struct err err;
	char name[96];
	digest_final(download->hash, &real);
	state_name(download, ".state", name);
	(void)unlinkat(download->dir, name, 0);
	if (text_equal(real.text, download->digest.text)) {
		download->state = DOWNLOAD_DONE;
		return;
	}
	/* What an earlier job left may be damaged (power was cut): once more, from the beginning. */
	if (!download->clean) {
		if (start_over(download, &err) < 0)
			fail(download, &err);
		else
			transfer_start(download);
		return;
	}
	err_set(&err, EBADMSG, "filesystem layer verification failed for digest %s: %s sent %s", download->digest.text,
		download->endpoint->base.host, real.text);
	fail(download, &err);
}

static void transfer_ended(struct download *download)
{
	struct err err;
	struct call *call = &download->call;
	int rc = call_check(call, &err);
	bool beyond = call_answered(call, 416);
	call_end(call);
	download->active = false;
	if (rc == 0 && download->written < download->size)
		rc = err_set(&err, ECONNRESET, "%s: %s ended it after %llu of %llu bytes", download->digest.text,
			     download->endpoint->base.host, (unsigned long long)download->written,
			     (unsigned long long)download->size);
	/* An answer without a length that ended early is a cut like another, as long as each brings something. */
	if (rc == -ECONNRESET && download->progress < download->written && download->written < download->size) {
		transfer_start(download);
		return;
	}
	if (beyond && download->written > 0 && !download->clean) {
		rc = start_over(download, &err);
		if (rc == 0) {
			transfer_start(download);
			return;
		}
	}
	if (rc < 0)
		fail(download, &err);
	else
		verify(download);
}

void download_start(struct download *download)
{
	download->fd = -1;
	download->state = DOWNLOAD_WAITING;
	download->lock_wait_ns = 0;
}

static void begin(struct download *download)
{
	struct err err;
	int64_t now = time_monotonic_ns();
	if (now < download->lock_wait_ns)
		return;
	int rc = file_lock(download, &err);
	if (rc == 0) {
		download->lock_wait_ns = now + LOCK_PAUSE_NS;
		return;
	}
	download->state = DOWNLOAD_RUNNING;
	if (rc > 0)
		rc = file_begin(download, &err);
	if (rc < 0)
		fail(download, &err);
	else if (download->written == download->size)
		verify(download);
	else
		transfer_start(download);
}

void download_step(struct download *download)
{
	if (download->state == DOWNLOAD_WAITING)
		begin(download);
	if (download->state == DOWNLOAD_RUNNING && download->active && download->call.state == CALL_DONE)
		transfer_ended(download);
}

void download_done(struct download *download)
{
	if (download->active)
		call_end(&download->call);
	download->active = false;
	if (download->hash && download->state == DOWNLOAD_RUNNING && download->written > download->saved)
		state_save(download);
	hash_free(download->hash);
	download->hash = NULL;
	cleanup_fd(&download->fd);
	download->fd = -1;
	arena_done(&download->arena);
}

void download_discard(struct download *download)
{
	char name[96];
	state_name(download, ".state", name);
	(void)unlinkat(download->dir, name, 0);
	(void)unlinkat(download->dir, digest_hex(&download->digest), 0);
	download->written = download->saved = 0;
	download_done(download);
}
