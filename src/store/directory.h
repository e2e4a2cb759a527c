/*
 * The state directory: made when it is missing, looked at before it is trusted, and written so that what was
 * made is still there after a power loss.
 *
 * One thread at a time. Errors name the path and the system's reason: ORD_INTERNAL.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "base/error.h"

#define ORD_DIRECTORY_MAX 4000 /* bytes of the directory's path */
#define ORD_FILE_NAME_MAX 100

struct ord_directory {
    char path[ORD_DIRECTORY_MAX];
    int fd;
    const char *unsafe; /* why its file system is not one to trust, such as "tmpfs is lost at …"; NULL: it is */
};

/*
 * Makes the directory and what leads to it, for the owner alone, and opens it.
 *
 * ORD_UNAVAILABLE: its file system does not keep what it is given (tmpfs, overlay, network), and
 * `accept_unsafe` is not set.
 */
enum ord_code ord_directory_open(const char *path, bool accept_unsafe, struct ord_directory *ret_directory,
                                 struct ord_error *error);

void ord_directory_close(struct ord_directory *directory);

/* Opens a file for reading and writing, made for the owner alone if it is not there. */
enum ord_code ord_directory_file(const struct ord_directory *directory, const char *name, int *ret_fd,
                                 struct ord_error *error);

/* Makes the names in the directory durable. */
enum ord_code ord_directory_sync(const struct ord_directory *directory, struct ord_error *error);

/* Whether there is such a name. */
enum ord_code ord_directory_has(const struct ord_directory *directory, const char *name, bool *ret_has,
                                struct ord_error *error);

/* Puts a whole file with that text there, durably. */
enum ord_code ord_directory_write(const struct ord_directory *directory, const char *name, const char *text,
                                  struct ord_error *error);

/* Renames durably; what had the new name before is gone. */
enum ord_code ord_directory_rename(const struct ord_directory *directory, const char *from, const char *to,
                                   struct ord_error *error);

/* Removes a name if it is there. */
enum ord_code ord_directory_remove(const struct ord_directory *directory, const char *name,
                                   struct ord_error *error);

/* Whether `name` still stands for the open file `fd`: nobody removed or replaced it. */
bool ord_directory_still(const struct ord_directory *directory, const char *name, int fd);

/* Why a file system with that magic number (statfs) is not one to trust, or NULL. Static. */
const char *ord_unsafe_file_system(long magic);
