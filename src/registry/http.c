#include "registry/http.h"

#include "base/file.h"
#include "base/text.h"
#include "registry/curl.h"
#include "registry/resolve.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

enum { CA_MAX = 8 << 20, CONNECT_S = 30, BUFFER_SIZE = 512 << 10, UPLOAD_SIZE = 2 << 20, FIELDS_SIZE_MAX = 64 << 10 };

struct http {
	const struct curl_calls *curl;
	CURLM *multi;
	struct arena arena;
	struct http_settings settings;
	struct buf ca; /* the system's */
	struct resolver resolver;
	struct http_transfer *running;
};

/* --- open --- */

static int ca_read(struct http *http, struct err *err)
{
	static const char *const places[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
					     "/etc/ssl/cert.pem"};
	const char *own = getenv("SSL_CERT_FILE");
	if (own)
		return file_read(AT_FDCWD, own, &http->ca, err);
	for (size_t i = 0; i < array_size(places); i++) {
		struct err missing;
		if (file_read(AT_FDCWD, places[i], &http->ca, &missing) == 0)
			return 0;
	}
	return 0; /* then only hosts with certificates of their own are trusted */
}

int http_open(const struct http_settings *settings, struct http **out_http, struct err *err)
{
	const struct curl_calls *curl;
	int rc = curl_load(&curl, err);
	if (rc < 0)
		return rc;
	struct http *http = x_alloc(sizeof *http);
	http->curl = curl;
	http->settings = *settings;
	http->ca = (struct buf)BUF_INIT(CA_MAX);
	http->multi = curl->curl_multi_init();
	if (!http->multi)
		BUG("no memory for libcurl");
	rc = ca_read(http, err);
	if (rc < 0) {
		http_close(http);
		return rc;
	}
	*out_http = http;
	return 0;
}

void http_close(struct http *http)
{
	if (!http)
		return;
	while (http->running)
		http_transfer_done(http->running);
	http->curl->curl_multi_cleanup(http->multi);
	resolver_done(&http->resolver);
	buf_done(&http->ca);
	arena_done(&http->arena);
	free(http);
}

/* --- addresses --- */

static char *url_part(struct http *http, struct arena *arena, CURLU *url, CURLUPart part, unsigned flags)
{
	char *text = NULL, *kept;
	if (http->curl->curl_url_get(url, part, &text, flags) != CURLUE_OK)
		return NULL;
	kept = arena_strdup(arena, text);
	http->curl->curl_free(text);
	return kept;
}

int http_url_resolve(struct http *http, struct arena *arena, const char *base, const char *text,
		     struct http_url *out_url, struct err *err)
{
	CURLU *url = http->curl->curl_url();
	if (!url)
		BUG("no memory for libcurl");
	bool good = !base || http->curl->curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK;
	good = good && http->curl->curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;
	struct http_url made = {0};
	if (good) {
		made.scheme = url_part(http, arena, url, CURLUPART_SCHEME, 0);
		made.host = url_part(http, arena, url, CURLUPART_HOST, 0);
		made.port = url_part(http, arena, url, CURLUPART_PORT, CURLU_DEFAULT_PORT);
		good = !url_part(http, arena, url, CURLUPART_USER, 0) &&
		       !url_part(http, arena, url, CURLUPART_PASSWORD, 0) &&
		       http->curl->curl_url_set(url, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK;
		made.text = url_part(http, arena, url, CURLUPART_URL, 0);
	}
	http->curl->curl_url_cleanup(url);
	if (!good || !made.text || text_empty(made.host) || !made.port ||
	    (!text_equal(made.scheme, "https") && !text_equal(made.scheme, "http")))
		return err_set(err, EINVAL, "\"%.200s\" is not a URL of http or https", text);
	size_t length = strlen(made.host);
	if (made.host[0] == '[' && length > 2)
		made.host = arena_strndup(arena, made.host + 1, length - 2);
	*out_url = made;
	return 0;
}

int http_url_parse(struct http *http, struct arena *arena, const char *text, struct http_url *out_url, struct err *err)
{
	return http_url_resolve(http, arena, NULL, text, out_url, err);
}

bool http_url_same_host(const struct http_url *a, const struct http_url *b)
{
	return text_equal(a->scheme, b->scheme) && strcasecmp(a->host, b->host) == 0 && text_equal(a->port, b->port);
}

void http_escape(struct buf *out, const char *text)
{
	for (; *text; text++) {
		char c = *text;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.~:/", c))
			buf_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

char *http_url_add(struct arena *arena, const char *url, const char *name, const char *value)
{
	auto_buf text = BUF_INIT(256 << 10);
	buf_printf(&text, "%s%s%s=", url, strchr(url, '?') ? "&" : "?", name);
	http_escape(&text, value);
	return arena_strdup(arena, buf_str(&text));
}

bool http_is_loopback(const char *host)
{
	return resolver_is_loopback(host);
}

static const char *proxy_of(const struct http *http, const struct http_url *url)
{
	const char *proxy = text_equal(url->scheme, "https") ? http->settings.https_proxy : http->settings.http_proxy;
	if (text_empty(proxy) || resolver_is_loopback(url->host) ||
	    no_proxy_fits(http->settings.no_proxy, url->host, url->port))
		return NULL;
	return proxy;
}

int http_resolve(struct http *http, const struct http_url *url, bool local, struct err *err)
{
	const char *proxy = proxy_of(http, url);
	if (!proxy)
		return resolver_look(&http->resolver, url->host, url->port, local, err);
	struct http_url other;
	auto_free char *whole = strstr(proxy, "://") ? x_strdup(proxy) : x_printf("http://%s", proxy);
	const char *at = strchr(whole, '@'), *after = strstr(whole, "://") + 3;
	auto_free char *plain = x_printf("http://%s", at ? at + 1 : after);
	int rc = http_url_parse(http, &http->arena, plain, &other, err);
	if (rc == 0)
		rc = resolver_look(&http->resolver, other.host, other.port, true, err);
	return rc < 0 ? err_wrap(err, "proxy") : 0;
}

/* --- the answer --- */

static bool is_success(unsigned status)
{
	return status >= 200 && status < 300;
}

static size_t field_received(char *data, size_t size, size_t count, void *cookie)
{
	struct http_transfer *transfer = cookie;
	size_t length = size * count;
	const char *colon = memchr(data, ':', length);
	if (length > 5 && memcmp(data, "HTTP/", 5) == 0) { /* behind a 100 the real head begins */
		transfer->field_count = 0;
		return length;
	}
	if (!colon || transfer->field_count == array_size(transfer->answer_fields))
		return length;
	if (transfer->arena.total > FIELDS_SIZE_MAX) {
		transfer->rc = err_set(&transfer->err, E2BIG, "the head of the answer is larger than 64 KiB");
		transfer->refused = true;
		return 0;
	}
	struct http_field *field = &transfer->answer_fields[transfer->field_count++];
	const char *value = colon + 1, *end = data + length;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' '))
		end--;
	field->name = arena_strndup(&transfer->arena, data, (size_t)(colon - data));
	field->value = arena_strndup(&transfer->arena, value, (size_t)(end - value));
	return length;
}

const char *http_answer_field(const struct http_transfer *transfer, const char *name)
{
	for (size_t i = 0; i < transfer->field_count; i++)
		if (strcasecmp(transfer->answer_fields[i].name, name) == 0)
			return transfer->answer_fields[i].value;
	return NULL;
}

static void status_read(struct http_transfer *transfer)
{
	long status = 0;
	if (transfer->http->curl->curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
		transfer->status = (unsigned)status;
}

static size_t data_received(char *data, size_t size, size_t count, void *cookie)
{
	struct http_transfer *transfer = cookie;
	size_t length = size * count;
	int rc = 0;
	status_read(transfer);
	bool taken = transfer->data && is_success(transfer->status);
	if (!transfer->headed && taken && transfer->head)
		rc = transfer->head(transfer, &transfer->err);
	transfer->headed = true;
	if (rc == 0 && taken) {
		rc = transfer->data(transfer, data, length, &transfer->err);
	} else if (rc == 0) {
		buf_append(&transfer->answer, data, length);
		/* Of what is only shown the beginning is enough. */
		if (transfer->answer.overflow && is_success(transfer->status))
			rc =
			    err_set(&transfer->err, E2BIG, "the answer is larger than %zu bytes", transfer->answer.max);
	}
	if (rc == 0)
		return length;
	transfer->rc = rc;
	transfer->refused = true;
	return 0;
}

/* --- the request --- */

static size_t body_send(char *data, size_t size, size_t count, void *cookie)
{
	struct http_transfer *transfer = cookie;
	uint64_t left = transfer->body_size - transfer->sent, room = size * count;
	size_t here = (size_t)(left < room ? left : room);
	if (transfer->body) {
		memcpy(data, (const char *)transfer->body + transfer->sent, here);
	} else if (here > 0) {
		ssize_t got = pread(transfer->body_fd, data, here, (off_t)(transfer->body_offset + transfer->sent));
		if (got <= 0)
			return CURL_READFUNC_ABORT;
		here = (size_t)got;
	}
	transfer->sent += here;
	return here;
}

static int body_rewind(void *cookie, curl_off_t offset, int origin)
{
	struct http_transfer *transfer = cookie;
	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	transfer->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static void blob_set(struct http_transfer *transfer, CURLoption option, const char *text)
{
	struct curl_blob blob = {.data = (void *)(uintptr_t)text, .len = strlen(text), .flags = CURL_BLOB_COPY};
	(void)transfer->http->curl->curl_easy_setopt(transfer->easy, option, &blob);
}

static void tls_set(struct http_transfer *transfer)
{
	struct http *http = transfer->http;
	__typeof__(http->curl->curl_easy_setopt) set = http->curl->curl_easy_setopt;
	const struct http_tls *tls = transfer->tls;
	(void)set(transfer->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	(void)set(transfer->easy, CURLOPT_SSL_VERIFYPEER, (long)tls->verify);
	(void)set(transfer->easy, CURLOPT_SSL_VERIFYHOST, tls->verify ? 2L : 0L);
	(void)set(transfer->easy, CURLOPT_CAPATH, NULL);
	if (tls->verify) {
		auto_buf all = BUF_INIT(2 * CA_MAX);
		buf_text(&all, buf_str(&http->ca));
		buf_text(&all, tls->ca ? tls->ca : "");
		if (all.len > 0)
			blob_set(transfer, CURLOPT_CAINFO_BLOB, all.data);
	}
	if (tls->cert && tls->key) {
		blob_set(transfer, CURLOPT_SSLCERT_BLOB, tls->cert);
		blob_set(transfer, CURLOPT_SSLKEY_BLOB, tls->key);
	}
}

/* Method and body. libcurl would send a body with GET's manners unless it is told otherwise. */
static void method_set(struct http_transfer *transfer)
{
	__typeof__(transfer->http->curl->curl_easy_setopt) set = transfer->http->curl->curl_easy_setopt;
	CURL *easy = transfer->easy;
	if (text_equal(transfer->method, "HEAD")) {
		(void)set(easy, CURLOPT_NOBODY, 1L);
		return;
	}
	if (text_equal(transfer->method, "GET"))
		return;
	if (text_equal(transfer->method, "DELETE")) {
		(void)set(easy, CURLOPT_CUSTOMREQUEST, "DELETE");
		return;
	}
	/* On a connection that was closed meanwhile libcurl would send it all again, behind what has arrived already.
	 */
	(void)set(easy, CURLOPT_FRESH_CONNECT,
		  (long)(transfer->body_fd >= 0 && !transfer->body && transfer->body_size > 0));
	(void)set(easy, CURLOPT_UPLOAD, 1L);
	(void)set(easy, CURLOPT_CUSTOMREQUEST, transfer->method);
	(void)set(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->body_size);
	(void)set(easy, CURLOPT_READFUNCTION, body_send);
	(void)set(easy, CURLOPT_READDATA, transfer);
	(void)set(easy, CURLOPT_SEEKFUNCTION, body_rewind);
	(void)set(easy, CURLOPT_SEEKDATA, transfer);
	(void)set(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)(transfer->body_size > BUFFER_SIZE ? UPLOAD_SIZE : 64 << 10));
}

static void options_set(struct http_transfer *transfer)
{
	struct http *http = transfer->http;
	__typeof__(http->curl->curl_easy_setopt) set = http->curl->curl_easy_setopt;
	CURL *easy = transfer->easy;
	const char *proxy = proxy_of(http, transfer->url);
	(void)set(easy, CURLOPT_URL, transfer->url->text);
	(void)set(easy, CURLOPT_PATH_AS_IS, 1L);
	(void)set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	(void)set(easy, CURLOPT_NOSIGNAL, 1L);
	(void)set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	(void)set(easy, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	(void)set(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)set(easy, CURLOPT_LOW_SPEED_TIME, (long)(http->settings.stall_s * (transfer->slow_answer ? 4 : 1)));
	(void)set(easy, CURLOPT_BUFFERSIZE, (long)BUFFER_SIZE);
	(void)set(easy, CURLOPT_ERRORBUFFER, transfer->message);
	(void)set(easy, CURLOPT_PRIVATE, transfer);
	(void)set(easy, CURLOPT_USERAGENT, http->settings.user_agent);
	(void)set(easy, CURLOPT_PROXY, proxy ? proxy : "");
	(void)set(easy, CURLOPT_NOPROXY, "");
	(void)set(easy, CURLOPT_RESOLVE, transfer->hosts);
	(void)set(easy, CURLOPT_HTTPHEADER, transfer->list);
	(void)set(easy, CURLOPT_HEADERFUNCTION, field_received);
	(void)set(easy, CURLOPT_HEADERDATA, transfer);
	(void)set(easy, CURLOPT_WRITEFUNCTION, data_received);
	(void)set(easy, CURLOPT_WRITEDATA, transfer);
}

int http_start(struct http *http, struct http_transfer *transfer, struct err *err)
{
	const struct curl_calls *curl = http->curl;
	transfer->http = http;
	transfer->done = transfer->refused = transfer->headed = false;
	transfer->rc = 0;
	transfer->status = 0;
	transfer->sent = 0;
	transfer->field_count = 0;
	transfer->message[0] = 0;
	buf_reset(&transfer->answer);
	if (!transfer->answer.max)
		transfer->answer.max = 64 << 10;
	transfer->easy = curl->curl_easy_init();
	if (!transfer->easy)
		BUG("no memory for libcurl");
	struct curl_slist *list = curl->curl_slist_append(NULL, "Expect:");
	for (char *const *field = transfer->fields; field && *field; field++)
		list = curl->curl_slist_append(list, *field);
	transfer->list = list;
	struct curl_slist *hosts = NULL;
	for (const struct resolved *at = http->resolver.first; at; at = at->next)
		hosts = curl->curl_slist_append(hosts, at->pin);
	transfer->hosts = hosts;
	options_set(transfer);
	method_set(transfer);
	tls_set(transfer);
	transfer->next = http->running;
	http->running = transfer;
	if (curl->curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK) {
		http_transfer_done(transfer);
		return err_set(err, EIO, "cannot start a transfer to %s", transfer->url->host);
	}
	return 0;
}

static void easy_end(struct http_transfer *transfer)
{
	const struct curl_calls *curl = transfer->http->curl;
	if (!transfer->easy)
		return;
	(void)curl->curl_multi_remove_handle(transfer->http->multi, transfer->easy);
	curl->curl_easy_cleanup(transfer->easy);
	curl->curl_slist_free_all(transfer->list);
	curl->curl_slist_free_all(transfer->hosts);
	transfer->easy = transfer->list = transfer->hosts = NULL;
	struct http_transfer **link = &transfer->http->running;
	while (*link != transfer)
		link = &(*link)->next;
	*link = transfer->next;
}

void http_transfer_done(struct http_transfer *transfer)
{
	if (transfer->easy)
		easy_end(transfer);
	arena_done(&transfer->arena);
	buf_done(&transfer->answer);
	transfer->field_count = 0;
}

/* --- the end --- */

/* What libcurl says, as an errno value: what may pass with time, and what will not. */
static const struct {
	CURLcode code;
	int error;
} rows[] = {
    {CURLE_COULDNT_CONNECT, ECONNREFUSED},
    {CURLE_OPERATION_TIMEDOUT, ETIMEDOUT},
    {CURLE_PEER_FAILED_VERIFICATION, EKEYREJECTED},
    {CURLE_SSL_CONNECT_ERROR, EPROTONOSUPPORT},
    {CURLE_SSL_CERTPROBLEM, EKEYREJECTED},
    {CURLE_COULDNT_RESOLVE_HOST, EHOSTUNREACH},
    {CURLE_PARTIAL_FILE, ECONNRESET},
    {CURLE_RECV_ERROR, ECONNRESET},
    {CURLE_SEND_ERROR, ECONNRESET},
    {CURLE_GOT_NOTHING, ECONNRESET},
    {CURLE_HTTP2, ECONNRESET},
    {CURLE_HTTP2_STREAM, ECONNRESET},
    {CURLE_UNSUPPORTED_PROTOCOL, EPROTO},
    {CURLE_WEIRD_SERVER_REPLY, EPROTO},
};

/* A host that wants a client's certificate says so after the handshake, and ends the connection: what arrives first is
 * chance. */
static const char *cut_hint(const struct http_transfer *transfer, int error)
{
	bool cut = error == ECONNRESET || strstr(transfer->message, "getpeername()");
	bool asked = text_equal(transfer->url->scheme, "https") && transfer->tls && !transfer->tls->cert;
	return cut && asked && !transfer->status ? " (the host may want a client's certificate)" : "";
}

static void transfer_ended(struct http_transfer *transfer, CURLcode code)
{
	const struct http_url *url = transfer->url;
	int error = EIO;
	status_read(transfer);
	easy_end(transfer);
	transfer->done = true;
	if (transfer->refused || code == CURLE_OK) {
		if (transfer->refused)
			transfer->rc = err_wrap(&transfer->err, "%s:%s", url->host, url->port);
		return;
	}
	for (size_t i = 0; i < array_size(rows); i++)
		error = rows[i].code == code ? rows[i].error : error;
	/* A server without TLS where TLS was spoken: Docker's words. */
	bool plain =
	    strstr(transfer->message, "wrong version number") || strstr(transfer->message, "packet length too long");
	if (plain && code == CURLE_SSL_CONNECT_ERROR)
		snprintf(transfer->message, sizeof transfer->message,
			 "http: server gave HTTP response to HTTPS client");
	const char *why = *transfer->message ? transfer->message : transfer->http->curl->curl_easy_strerror(code);
	if (error == ETIMEDOUT && transfer->status)
		why = "the answer stalled";
	transfer->rc = err_set(&transfer->err, error, "%s \"%s\": %s%s", transfer->method, url->text, why,
			       cut_hint(transfer, error));
}

int http_step(struct http *http, const int *fds, size_t fd_count, int timeout_ms, struct err *err)
{
	struct curl_waitfd wait[16] = {0};
	int running, left;
	if (fd_count > array_size(wait))
		BUG("%zu descriptors to wait for", fd_count);
	for (size_t i = 0; i < fd_count; i++)
		wait[i] = (struct curl_waitfd){.fd = fds[i], .events = CURL_WAIT_POLLIN};
	CURLMcode code = http->curl->curl_multi_perform(http->multi, &running);
	bool ended = false;
	for (const CURLMsg *message; (message = http->curl->curl_multi_info_read(http->multi, &left));) {
		void *transfer = NULL;
		CURLcode result = message->data.result;
		if (message->msg != CURLMSG_DONE ||
		    http->curl->curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) != CURLE_OK ||
		    !transfer)
			continue;
		transfer_ended(transfer, result);
		ended = true;
	}
	if (code == CURLM_OK && !ended)
		code = http->curl->curl_multi_poll(http->multi, wait, (unsigned)fd_count, timeout_ms, NULL);
	return code == CURLM_OK ? 0 : err_set(err, EIO, "libcurl: error %d", (int)code);
}

int http_wait(struct http *http, struct http_transfer *transfer, struct err *err)
{
	while (!transfer->done) {
		int rc = http_step(http, NULL, 0, 1000, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
