#include "registry/manifest.h"

#include "base/text.h"
#include "docker/platform.h"

#include <string.h>
#include <strings.h>

#define LAYER_SIZE_MAX (1ULL << 42) /* 4 TiB */

static const struct {
	const char *type;
	enum manifest_kind kind;
} kinds[] = {
    {OCI_MEDIA_INDEX, MANIFEST_INDEX},
    {DOCKER_MEDIA_LIST, MANIFEST_INDEX},
    {OCI_MEDIA_MANIFEST, MANIFEST_IMAGE},
    {DOCKER_MEDIA_MANIFEST, MANIFEST_IMAGE},
};

static bool kind_of(const char *type, enum manifest_kind *out_kind)
{
	for (size_t i = 0; i < array_size(kinds); i++) {
		if (text_equal(kinds[i].type, type)) {
			*out_kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

/* "type/subtype; charset=utf-8" without the parameters; "" for what says nothing. */
static char *type_clean(struct arena *arena, const char *content_type)
{
	char *type =
	    arena_strndup(arena, content_type ? content_type : "", content_type ? strcspn(content_type, "; \t") : 0);
	for (char *at = type; *at; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
	bool nothing = text_equal(type, "application/json") || text_equal(type, "text/plain") ||
		       text_equal(type, "application/octet-stream");
	return nothing ? arena_strdup(arena, "") : type;
}

static int bad(struct err *err, const char *why)
{
	return err_set(err, EBADMSG, "invalid manifest: %s", why);
}

static int descriptor_check(const struct oci_descriptor *descriptor, uint64_t max, const char *what, size_t number,
			    struct err *err)
{
	struct digest digest;
	struct err inner;
	if (digest_parse(descriptor->digest ? descriptor->digest : "", &digest, &inner) < 0)
		return err_set(err, EBADMSG, "invalid manifest: %s %zu: %s", what, number, inner.msg);
	if (descriptor->size > max)
		return err_set(err, EBADMSG, "invalid manifest: %s %zu: %llu bytes are more than the largest (%llu)",
			       what, number, (unsigned long long)descriptor->size, (unsigned long long)max);
	return 0;
}

static int image_check(const struct oci_manifest *image, struct err *err)
{
	if (image->manifests)
		return bad(err, "it is an index and an image at once");
	int rc = descriptor_check(&image->config, MANIFEST_MAX, "config", 0, err);
	if (rc == 0 && image->layers.count > MANIFEST_LAYERS_MAX)
		rc = bad(err, "more than 512 layers");
	for (size_t i = 0; rc == 0 && i < image->layers.count; i++)
		rc = descriptor_check(&image->layers.items[i], LAYER_SIZE_MAX, "layer", i, err);
	return rc;
}

static int index_check(const struct oci_index *index, struct err *err)
{
	if (index->config || index->layers)
		return bad(err, "it is an index and an image at once");
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < index->manifests.count; i++)
		rc = descriptor_check(&index->manifests.items[i], MANIFEST_MAX, "entry", i, err);
	return rc;
}

/* What the document itself says and what came with it, put together. */
static int kind_decide(struct arena *arena, const struct json *value, const char *content_type,
		       struct manifest *manifest, struct err *err)
{
	const struct json *member = json_get(value, "mediaType");
	const char *inside = member && member->kind == JSON_STRING ? member->text : "";
	const char *outside = type_clean(arena, content_type);
	const struct json *version = json_get(value, "schemaVersion");
	int64_t number = 0;
	bool schema1 =
	    strstr(outside, "distribution.manifest.v1+") || strstr(inside, "distribution.manifest.v1+") ||
	    json_get(value, "fsLayers") ||
	    (version && version->kind == JSON_NUMBER && json_number_i64(version, &number) == 0 && number == 1);
	if (schema1)
		return err_set(err, EOPNOTSUPP,
			       "schema 1 manifests are not supported: push the image again with a newer Docker");
	if (*inside && *outside && !text_equal(inside, outside))
		return err_set(err, EBADMSG, "invalid manifest: its mediaType is %.100s, but it came as %.100s", inside,
			       outside);
	const char *type = *inside ? inside : outside;
	bool index = json_get(value, "manifests"), image = json_get(value, "config") || json_get(value, "layers");
	if (index && image)
		return bad(err, "it is an index and an image at once");
	if (!*type && (index || image))
		type = index ? OCI_MEDIA_INDEX : OCI_MEDIA_MANIFEST;
	if (!kind_of(type, &manifest->kind))
		return err_set(err, EBADMSG, "unsupported manifest media type and no default available: %.100s", type);
	manifest->media_type = arena_strdup(arena, type);
	return 0;
}

int manifest_parse(struct arena *arena, const void *text, size_t size, const char *content_type,
		   struct manifest *out_manifest, struct err *err)
{
	const struct json *value;
	struct manifest manifest = {0};
	struct err inner;
	if (size > MANIFEST_MAX)
		return bad(err, "more than 4 MiB");
	if (json_parse(arena, text, size, "manifest", &value, &inner) < 0)
		return bad(err, inner.msg);
	if (value->kind != JSON_OBJECT)
		return bad(err, "not an object");
	int rc = kind_decide(arena, value, content_type, &manifest, err);
	if (rc < 0)
		return rc;
	bool index = manifest.kind == MANIFEST_INDEX;
	rc = json_decode(arena, index ? &table_oci_index : &table_oci_manifest, value, 0,
			 index ? (void *)&manifest.index : (void *)&manifest.image, &inner);
	if (rc < 0)
		return bad(err, inner.msg);
	rc = index ? index_check(&manifest.index, err) : image_check(&manifest.image, err);
	if (rc == 0)
		*out_manifest = manifest;
	return rc;
}

enum layer_rule manifest_layer_rule(const char *media_type)
{
	const char *rest = text_after(media_type, "application/vnd.docker.image.rootfs.");
	if (rest && text_after(rest, "foreign."))
		return LAYER_FOREIGN;
	if (rest)
		return text_after(rest, "diff.tar") ? LAYER_NORMAL : LAYER_UNKNOWN;
	rest = text_after(media_type, "application/vnd.oci.image.layer.");
	if (rest && text_after(rest, "nondistributable."))
		return LAYER_FOREIGN;
	return rest && text_after(rest, "v1.tar") ? LAYER_NORMAL : LAYER_UNKNOWN;
}

static bool is_attestation(const struct oci_descriptor *entry)
{
	const char *kind = json_map_get(&entry->annotations, "vnd.docker.reference.type");
	const struct oci_platform *platform = entry->platform;
	return (kind && text_equal(kind, "attestation-manifest")) ||
	       (platform && text_equal(platform->os ? platform->os : "", "unknown"));
}

/* How well an entry fits; 0: not at all. */
static int fitness(const struct oci_descriptor *entry, const struct oci_platform *wanted)
{
	const struct oci_platform *have = entry->platform;
	if (is_attestation(entry))
		return 0;
	if (!have)
		return 1; /* it does not say: better than nothing */
	if (platform_fits(wanted, have->os, have->architecture, have->variant))
		return 100 - (text_empty(wanted->variant) && !text_empty(have->variant) ? 1 : 0);
	/* An older arm runs on a newer one, and plain amd64 on its later levels. */
	struct oci_platform any = *wanted;
	any.variant = NULL;
	if (text_empty(wanted->variant) || wanted->variant[0] != 'v' || !wanted->variant[1] || wanted->variant[2] ||
	    !platform_fits(&any, have->os, have->architecture, NULL))
		return 0;
	bool amd64 = text_equal(wanted->architecture ? wanted->architecture : "", "amd64");
	char level = text_empty(have->variant) ? (amd64 ? '1' : '7') : have->variant[1];
	return level && level <= wanted->variant[1] ? 50 - (wanted->variant[1] - level) : 0;
}

int manifest_choose(const struct oci_index *index, const struct oci_platform *wanted,
		    const struct oci_descriptor **out_entry, struct err *err)
{
	const struct oci_descriptor *best = NULL;
	auto_arena arena = {0};
	int best_fitness = 0;
	for (size_t i = 0; i < index->manifests.count; i++) {
		const struct oci_descriptor *entry = &index->manifests.items[i];
		int here = fitness(entry, wanted);
		if (here > best_fitness) {
			best = entry;
			best_fitness = here;
		}
	}
	if (!best)
		return err_set(err, ENOENT, "no matching manifest for %s in the manifest list entries",
			       platform_text(&arena, wanted->os, wanted->architecture ? wanted->architecture : "any",
					     wanted->variant));
	*out_entry = best;
	return 0;
}
