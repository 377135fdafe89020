/*
 * The profile of AppArmor's that containers have when they ask for no other. It is compiled by apparmor_parser (package
 * apparmor), once after each start of the machine: the kernel keeps it.
 */
#pragma once

#include "base/error.h"

#define APPARMOR_DEFAULT "docker-default" /* the name that Docker's users look for */

/* Whether the kernel has AppArmor and it is on. */
bool apparmor_is_enabled(void);

/* Loads the default profile where it is not there yet. -ENOENT names the package. */
int apparmor_default_load(struct err *err) must_check;
