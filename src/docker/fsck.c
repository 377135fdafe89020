#include "docker/fsck.h"

JSON_TYPE(fsck_problem, F_STR(struct fsck_problem, kind, "Kind", 0), F_STR(struct fsck_problem, object, "Object", 0),
	  F_STR(struct fsck_problem, problem, "Problem", 0), F_STR(struct fsck_problem, images, "Images", 0),
	  F_STR(struct fsck_problem, repair, "Repair", 0), F_BOOL(struct fsck_problem, repaired, "Repaired", 0));

JSON_TYPE(fsck_report, F_I64(struct fsck_report, layers, "Layers", 0), F_I64(struct fsck_report, blobs, "Blobs", 0),
	  F_I64(struct fsck_report, images, "Images", 0), F_I64(struct fsck_report, bytes, "Bytes", 0),
	  F_LIST(struct fsck_report, problems, "Problems", 0, fsck_problem));
