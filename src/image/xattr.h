/*
 * The extended attributes that an archive may bring. Used by unpack.c and extract.c.
 *
 * security.capability, user.* and POSIX ACLs are set; trusted.* and user.overlay.*, which an overlay would read, are an
 * error; others are left out.
 */
#pragma once

#include "image/tar.h"

int xattrs_set(int fd, const struct tar_entry *entry, struct err *err) must_check;

/* Of links, devices and fifos: the kernel allows none that we would take; forbidden ones are still an error. */
int xattrs_check(const struct tar_entry *entry, struct err *err) must_check;
