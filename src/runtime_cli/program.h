/*
 * The program that becomes the container's: tug-init, built into tug-runtime, or tug-runtime itself where there is no
 * musl to build a small one with. In sealed memory either way (runtime/init.h).
 */
#pragma once

#include "base/error.h"

int program_seal(int *out_fd, struct err *err) must_check;
