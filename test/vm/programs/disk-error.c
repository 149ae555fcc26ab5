/*
 * disk-error MOUNT DIRECTORY POISON: writes on a disk that refuses blocks with POISON in them, DIRECTORY being on the
 * NFS mount MOUNT, which has write=eager: the client sends what is written at once, and commits it when it has to. A line each: how data was to be made stable, and the errno that this gave.
 *
 * The file "other" has good data, which was sent to the server before the first error and is synced after the last
 * one. "resent" is the number of WRITE calls that this took: more than 0 if the server had said that it may have lost it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* More than one WRITE may carry, or the client asks for a stable one. */
enum { file_bytes = 65536, good_bytes = 5 << 19 };
static char poisoned[file_bytes] __attribute__((aligned(4096))), good[good_bytes];

static void die(const char *what) { perror(what); exit(1); }

/* WRITE calls of a mount, as the kernel counts them. */
static long writes_of(const char *mount) {
    FILE *statistics = fopen("/proc/self/mountstats", "r");
    if (statistics == NULL) die("mountstats");
    char line[4096], wanted[256];
    snprintf(wanted, sizeof wanted, " mounted on %s with ", mount);
    long writes = -1;
    for (int found = 0; fgets(line, sizeof line, statistics) != NULL;) {
        if (strstr(line, " mounted on ")) found = strstr(line, wanted) != NULL;
        if (found) sscanf(line, " WRITE: %ld", &writes);
    }
    fclose(statistics);
    return writes;
}

static void try_poison(const char *way, int flags) {
    int fd = open(way, O_CREAT | O_WRONLY | flags, 0644);
    if (fd < 0) die(way);
    int failed = write(fd, poisoned, file_bytes) != file_bytes;
    if (!failed && !strcmp(way, "fsync")) failed = fsync(fd) != 0;
    if (!failed && !strcmp(way, "fdatasync")) failed = fdatasync(fd) != 0;
    if (!failed && !strcmp(way, "close")) failed = close(fd) != 0, fd = -1;
    printf("%s %d\n", way, failed ? errno : 0);
    if (fd >= 0) close(fd);
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: disk-error MOUNT DIRECTORY POISON\n"), 2;
    if (chdir(argv[2])) die(argv[2]);
    memset(good, 'g', good_bytes);
    size_t length = strlen(argv[3]);
    for (size_t i = 0; i < file_bytes; i++) poisoned[i] = argv[3][i % length];

    int other = open("other", O_CREAT | O_WRONLY, 0644);
    if (other < 0 || write(other, good, good_bytes) != good_bytes) die("other");
    if (sync_file_range(other, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE)) die("sync_file_range");
    try_poison("fsync", 0);
    try_poison("fdatasync", 0);
    try_poison("osync", O_SYNC);
    try_poison("odirect", O_DIRECT);
    try_poison("close", 0);
    long before = writes_of(argv[1]);
    printf("other %d\n", fsync(other) ? errno : 0);
    printf("resent %ld\n", writes_of(argv[1]) - before);
    return 0;
}
