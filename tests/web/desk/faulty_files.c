/* A file layer that fails: the n-th write, sync or rename below a folder, and where it is told so
 * all after it. Preloaded into a process; the tests set n through fail_at(). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char below[4096];
static long left = -1, seen = 0;
static int with = 0, for_good = 0;

void fail_at(const char *folder, long n, int number, int from_then_on) {
    snprintf(below, sizeof below, "%s", folder);
    left = n;
    seen = 0;
    with = number;
    for_good = from_then_on;
}

long calls_seen(void) { return seen; }

static int fails(const char *path) {
    if (!below[0] || strncmp(path, below, strlen(below)) != 0) return 0;
    seen++;
    if (left < 0 || seen < left || (seen > left && !for_good)) return 0;
    errno = with;
    return 1;
}

static int file_fails(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(path);
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int file, const void *from, size_t count) {
    REAL(write);
    return file_fails(file) ? -1 : real(file, from, count);
}
ssize_t pwrite(int file, const void *from, size_t count, off_t at) {
    REAL(pwrite);
    return file_fails(file) ? -1 : real(file, from, count, at);
}
ssize_t pwrite64(int file, const void *from, size_t count, off64_t at) {
    REAL(pwrite64);
    return file_fails(file) ? -1 : real(file, from, count, at);
}
int fsync(int file) {
    REAL(fsync);
    return file_fails(file) ? -1 : real(file);
}
int fdatasync(int file) {
    REAL(fdatasync);
    return file_fails(file) ? -1 : real(file);
}
int rename(const char *from, const char *to) {
    REAL(rename);
    return fails(from) ? -1 : real(from, to);
}
