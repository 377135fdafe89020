#include "daemon/job.h"

#include "base/text.h"
#include "engine/build_job.h"
#include "image/job.h"
#include "registry/job.h"
#include "storage/copy_up.h"
#include "storage/trash.h"
#include "storage/usage.h"

#include <stdio.h>
#include <unistd.h>

static const struct {
	const char *kind;
	int (*run)(int argc, char **argv);
} jobs[] = {
    {"archive", image_job_archive_main}, {"build-fetch", build_job_fetch_main},
    {"build-plan", build_job_plan_main}, {"build-step", build_job_step_main},
    {"changes", image_job_changes_main}, {"copy-up", copy_up_job_main},
    {"export", image_job_export_main},	 {"fsck", image_job_fsck_main},
    {"import", image_job_import_main},	 {"layer", image_job_layer_main},
    {"load", image_job_load_main},	 {"pull", registry_job_pull_main},
    {"push", registry_job_push_main},	 {"registry", registry_job_query_main},
    {"save", image_job_save_main},	 {"trash", trash_job_main},
    {"usage", usage_job_main},
};

int job_main(char **argv)
{
	const char *kind = argv[0] ? argv[0] : "";
	for (size_t i = 0; i < array_size(jobs); i++) {
		if (text_equal(jobs[i].kind, kind)) {
			/* What libraries do at an exit may be more than a confined process is allowed to. */
			_exit(jobs[i].run((int)strv_count(argv), argv));
		}
	}
	fprintf(stderr, "tugd: job \"%s\": unknown; the engine starts its jobs itself\n", kind);
	return 2;
}
