/*
 * What every job of this folder begins with: the request read, libcurl loaded, certificates and what looking up names
 * needs read, and then the confinement. Used by the job_*.c files.
 */
#pragma once

#include "registry/client.h"
#include "registry/job.h"
#include "registry/manifest.h"

struct registry_session {
	struct arena arena;
	struct registry_request request;
	struct reference reference; /* of the request, when it has one */
	struct http *http;
	struct registry registry;
	struct endpoints endpoints;
	const char *scope;
};

/* Reads the request; the reference too, unless it is empty. */
int session_open(struct registry_session *session, struct err *err) must_check;
/* Endpoints of the reference's registry, then confinement. push: no mirrors, and a scope with push. */
int session_confine(struct registry_session *session, bool push, struct err *err) must_check;
void session_close(struct registry_session *session);

/*
 * GET (or HEAD) of a document at the first endpoint that has it; rest is "manifests/latest". fallback: an endpoint that
 * does not answer well is passed over for the next. The caller ends the call with call_end.
 */
int session_get(struct registry_session *session, const char *method, const char *rest, const char *accept,
		struct call *call, const struct endpoint **out_endpoint, struct err *err) must_check;

/* Whether another endpoint of the same host is no use after this call: it was answered, or the name is not known. */
bool endpoint_settled(const struct call *call, int rc);

/* The manifest behind a tag or digest, verified: its exact bytes stay in the call. Docker's errors. */
struct fetched {
	struct call call;
	const struct endpoint *endpoint;
	struct digest digest;
	struct manifest manifest;
};
int session_manifest(struct registry_session *session, const char *reference, struct fetched *out_fetched,
		     struct err *err) must_check;
void fetched_done(struct fetched *fetched);

/* Docker's words for an error of pull: "pull access denied ...", "manifest for ... not found". */
int session_pull_error(const struct registry_session *session, const char *tag, const struct call *call,
		       struct err *err);

/* A blob into memory, verified. */
int session_blob(struct registry_session *session, const struct endpoint *endpoint,
		 const struct oci_descriptor *descriptor, struct buf *out, struct err *err) must_check;
