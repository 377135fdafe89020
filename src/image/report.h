/*
 * A job's report: one JSON object per line on descriptor 3 (image/job.h).
 */
#pragma once

#include "image/job.h"

enum { REPORT_FD = 3 };

void report_progress(const char *id, const char *status, uint64_t current, uint64_t total);
void report_answer(const char *json); /* what is given back in front of the output */
void report_result(const struct image_job_result *result);
/* Returns the exit status of a job that failed. */
int report_error(const struct err *err);
