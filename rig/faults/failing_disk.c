/* A disk that fails: loaded before libc (LD_PRELOAD), it refuses chosen calls on files of one folder.
 *
 * Armed from inside the process by `disk_fails_at`; until then, and for files elsewhere, every call is
 * libc's own. It must never claim that something was written that was not. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* What stands behind a call of ours. */
#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

enum kind { WRITE, SYNC, TRUNCATE, READ };

static char folder[PATH_MAX];
static int armed_kind = -1, armed_error, is_lasting, is_short;
static long countdown, failures;

/* From now on the nth call of a kind on files below `path` fails with `error`; `lasting`: so do all
 * after it. `shortened`: of a write half the bytes arrive first, as on a disk that fills up. */
void disk_fails_at(const char *path, int kind, long nth, int error, int lasting, int shortened) {
    snprintf(folder, sizeof folder, "%s/", path);
    armed_kind = kind, countdown = nth, armed_error = error;
    is_lasting = lasting, is_short = shortened, failures = 0;
}

/* The disk is well again; how often it failed. */
long disk_mended(void) {
    armed_kind = -1;
    return failures;
}

static int fails(enum kind kind, int file) {
    if ((int)kind != armed_kind) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 2);
    if (length < 0) return 0;
    memcpy(path + length, "/", 2); /* so that the folder itself counts, too */
    if (strncmp(path, folder, strlen(folder)) != 0) return 0;
    countdown--;
    if (countdown > 0 || (countdown < 0 && !is_lasting)) return 0;
    failures++;
    errno = armed_error;
    return 1;
}

/* Whether half of this write arrives: the first that fails, where that was asked for. */
static int is_shortened(size_t size) {
    return is_short && failures == 1 && size > 1;
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset) {
    REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
    if (!fails(WRITE, file)) return real(file, data, size, offset);
    return is_shortened(size) ? real(file, data, size / 2, offset) : -1;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset) {
    REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
    if (!fails(WRITE, file)) return real(file, data, size, offset);
    return is_shortened(size) ? real(file, data, size / 2, offset) : -1;
}

ssize_t write(int file, const void *data, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (!fails(WRITE, file)) return real(file, data, size);
    return is_shortened(size) ? real(file, data, size / 2) : -1;
}

int fsync(int file) {
    REAL(int, "fsync", int);
    return fails(SYNC, file) ? -1 : real(file);
}

int fdatasync(int file) {
    REAL(int, "fdatasync", int);
    return fails(SYNC, file) ? -1 : real(file);
}

int ftruncate(int file, off_t size) {
    REAL(int, "ftruncate", int, off_t);
    return fails(TRUNCATE, file) ? -1 : real(file, size);
}

int ftruncate64(int file, off64_t size) {
    REAL(int, "ftruncate64", int, off64_t);
    return fails(TRUNCATE, file) ? -1 : real(file, size);
}

ssize_t pread(int file, void *data, size_t size, off_t offset) {
    REAL(ssize_t, "pread", int, void *, size_t, off_t);
    return fails(READ, file) ? -1 : real(file, data, size, offset);
}

ssize_t pread64(int file, void *data, size_t size, off64_t offset) {
    REAL(ssize_t, "pread64", int, void *, size_t, off64_t);
    return fails(READ, file) ? -1 : real(file, data, size, offset);
}

ssize_t read(int file, void *data, size_t size) {
    REAL(ssize_t, "read", int, void *, size_t);
    return fails(READ, file) ? -1 : real(file, data, size);
}
