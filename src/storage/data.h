/*
 * The engine's data directory: its folders, made and opened once.
 *
 *     blobs/sha256   layers   containers   volumes   staging   trash
 *
 * All are 0700 and owned by the engine, which is the only process that renames into blobs and layers. Everything below
 * works relative to the descriptor that data_open gives. On one file system: publishing is a rename.
 */
#pragma once

#include "base/error.h"

/* Makes DATA (absolute) and its folders where they are missing, and opens it O_RDONLY | O_DIRECTORY. */
int data_open(const char *path, int *out_dir, struct err *err) must_check;

enum { STAGING_NAME = 33 };

/* A new empty directory below staging/ for one job; the caller owns the descriptor and gives the name to data_unstage.
 */
int data_stage(int data, char out_name[STAGING_NAME], int *out_dir, struct err *err) must_check;

/* What is left of it goes to trash/. A missing one is fine. */
int data_unstage(int data, const char *name, struct err *err) must_check;

/*
 * containers/ID with upper/ and work/, as an overlay needs them; upper gets owner and mode of top_layer (its path below
 * data, NULL for an image without layers), because the root of an overlay shows those of its upper directory. The
 * descriptor is of containers/ID. An ID is 64 hex digits. -EEXIST.
 */
int data_make_container(int data, const char *id, const char *top_layer, int *out_dir, struct err *err) must_check;

/* containers/ID goes to trash/. A missing one is fine. */
int data_remove_container(int data, const char *id, struct err *err) must_check;
