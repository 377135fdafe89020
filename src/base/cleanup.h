/*
 * Ownership by scope: a variable declared with auto_* is released when it leaves its scope.
 *
 * The closers accept the empty value (NULL, -1) and keep errno, so that an error path can still read it.
 * take() and take_fd() hand a value over to the caller and leave the variable empty.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free(void *pointer)
{
	int saved = errno;
	free(*(void **)pointer);
	errno = saved;
}

static inline void cleanup_fd(const int *fd)
{
	if (*fd >= 0) {
		int saved = errno;
		close(*fd);
		errno = saved;
	}
}

static inline void cleanup_dir(DIR **dir)
{
	if (*dir) {
		int saved = errno;
		closedir(*dir);
		errno = saved;
	}
}

static inline void cleanup_file(FILE **file)
{
	if (*file) {
		int saved = errno;
		fclose(*file);
		errno = saved;
	}
}

#define auto_free __attribute__((cleanup(cleanup_free)))
#define auto_fd __attribute__((cleanup(cleanup_fd)))
#define auto_dir __attribute__((cleanup(cleanup_dir)))
#define auto_file __attribute__((cleanup(cleanup_file)))

#define take(pointer)                                \
	({                                           \
		__typeof__(pointer) taken = pointer; \
		pointer = NULL;                      \
		taken;                               \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#define must_check __attribute__((warn_unused_result))
#define printf_like(text, first) __attribute__((__format__(__printf__, text, first)))
#define array_size(array) (sizeof(array) / sizeof((array)[0]))
