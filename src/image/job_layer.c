/* tugd job layer: an overlay's upper directory becomes a layer. */
#include "image/layer.h"
#include "image/report.h"
#include "security/confine.h"

enum { STAGING_FD = 4, UPPER_FD = 5 };

int image_job_layer_main(int argc, char **argv)
{
	struct layer_result made;
	struct err err;
	(void)argc, (void)argv;
	int rc = confine_enter(&(struct confine_spec){.dirs = {{STAGING_FD, true}, {UPPER_FD, false}}, .dir_count = 2},
			       &err);
	if (rc == 0)
		rc = layer_make(&(struct layer_request){.upper = UPPER_FD, .staging = STAGING_FD, .name = "layer"},
				&made, &err);
	if (rc < 0)
		return report_error(&err);
	struct image_job_layer layer = {made.layer.diff_id.text, (char *)"layer", made.layer.size, made.layer.opaque};
	report_result(&(struct image_job_result){.layers = {&layer, 1}});
	return 0;
}
