/*
 * Unpacked layers: layers/HEX/diff is the directory tree of the layer whose uncompressed tar has the SHA-256 HEX (its
 * diff id), with whiteouts in overlay's form. Read-only once published; shared by all images and containers above it.
 *
 * A layer is unpacked into a directory of staging/ (DIR/diff) by a job and renamed here by the engine. Which layers are
 * in use is known to the record of images (image/store.h) and containers, not here.
 */
#pragma once

#include "base/hash.h"

enum { LAYER_PATH = 80 };

/* "layers/HEX/diff", below the data directory. */
void layers_path(const struct digest *diff_id, char out_path[LAYER_PATH]);

bool layers_have(int data, const struct digest *diff_id);

/* Renames `name` of the staging directory dir to layers/HEX; when the layer is there already, `name` goes to trash. */
int layers_publish(int data, int dir, const char *name, const struct digest *diff_id, struct err *err) must_check;

/* Into the trash. A missing one is fine. */
int layers_remove(int data, const struct digest *diff_id, struct err *err) must_check;
