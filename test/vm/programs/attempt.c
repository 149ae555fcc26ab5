/*
 * attempt OPERATION ARGUMENTS: does one thing to a file system and says how it ended: "ok", or the name of the errno,
 * after the step that failed where there are several. Ends with 0 in both cases, so that a test compares words.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Aligned, as O_DIRECT wants it. */
static char buffer[1 << 20] __attribute__((aligned(4096)));

static int say(const char *step, int result) {
    const char *name = result < 0 ? strerrorname_np(errno) : "ok";
    if (result >= 0) step = "";
    printf("%s%s%s\n", step, *step ? " " : "", name ? name : strerror(errno));
    return 0;
}

/* Writes that many bytes, then fsync and close, each of which may be what reports a write that failed. */
static int write_all(const char *path, int flags, long long offset, long long bytes) {
    int fd = open(path, O_WRONLY | flags, 0644);
    if (fd < 0) return say("open", fd);
    while (bytes > 0) {
        ssize_t done = pwrite(fd, buffer, bytes < (long long)sizeof buffer ? (size_t)bytes : sizeof buffer, offset);
        if (done < 0) return say("write", -1);
        offset += done;
        bytes -= done;
    }
    if (fsync(fd)) return say("fsync", -1);
    return say("close", close(fd));
}

/* Opens the file, makes GO.open, waits for GO and then goes on with what it has open. */
static int held(const char *path, const char *go) {
    char marker[4096];
    int fd = open(path, O_RDWR);
    if (fd < 0) return say("open", fd);
    snprintf(marker, sizeof marker, "%s.open", go);
    close(open(marker, O_CREAT | O_WRONLY, 0600));
    while (access(go, F_OK)) usleep(50000);
    struct stat status;
    if (fstat(fd, &status)) return say("fstat", -1);
    return say("read", (int)read(fd, buffer, 4096));
}

static int list(const char *path) {
    DIR *directory = opendir(path);
    if (!directory) return say("open", -1);
    errno = 0;
    while (readdir(directory)) errno = 0;
    return say("", errno ? -1 : 0);
}

static int execute(const char *path) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl(path, path, (char *)NULL);
        _exit(errno);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0) return say("fork", -1);
    errno = WEXITSTATUS(status);
    return say("", errno ? -1 : 0);
}

static int opened(const char *path, int flags) {
    int fd = open(path, flags, 0644);
    return say("", fd);
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: attempt OPERATION PATH [ARGUMENT ...]\n"), 2;
    const char *what = argv[1], *path = argv[2], *more = argc > 3 ? argv[3] : "0";
    struct stat status;
    umask(0);
    if (!strcmp(what, "create")) return opened(path, O_CREAT | O_EXCL | O_WRONLY);
    if (!strcmp(what, "open")) return opened(path, O_RDONLY);
    if (!strcmp(what, "open-append")) return opened(path, O_WRONLY | O_APPEND);
    if (!strcmp(what, "open-write")) return opened(path, O_WRONLY);
    if (!strcmp(what, "open-truncate")) return opened(path, O_WRONLY | O_TRUNC);
    if (!strcmp(what, "write")) return write_all(path, O_CREAT, 0, atoll(more));
    if (!strcmp(what, "write-at")) return write_all(path, O_CREAT, atoll(more), 4096);
    if (!strcmp(what, "write-direct")) return write_all(path, O_CREAT | O_DIRECT, 0, atoll(more));
    if (!strcmp(what, "write-sync")) return write_all(path, O_CREAT | O_SYNC, 0, atoll(more));
    if (!strcmp(what, "append")) return write_all(path, O_APPEND, 0, atoll(more));
    if (!strcmp(what, "held")) return held(path, more);
    if (!strcmp(what, "list")) return list(path);
    if (!strcmp(what, "execute")) return execute(path);
    if (!strcmp(what, "truncate")) return say("", truncate(path, atoll(more)));
    if (!strcmp(what, "mkdir")) return say("", mkdir(path, 0755));
    if (!strcmp(what, "rmdir")) return say("", rmdir(path));
    if (!strcmp(what, "unlink")) return say("", unlink(path));
    if (!strcmp(what, "rename")) return say("", rename(path, more));
    if (!strcmp(what, "link")) return say("", linkat(AT_FDCWD, path, AT_FDCWD, more, 0));
    if (!strcmp(what, "symlink")) return say("", symlink(more, path));
    if (!strcmp(what, "mkfifo")) return say("", mknod(path, S_IFIFO | 0644, 0));
    if (!strcmp(what, "mknod")) return say("", mknod(path, S_IFCHR | 0644, 0x103));
    if (!strcmp(what, "chmod")) return say("", chmod(path, strtoul(more, NULL, 8)));
    if (!strcmp(what, "chown")) return say("", lchown(path, (uid_t)atol(more), (gid_t)-1));
    if (!strcmp(what, "touch")) return say("", utimensat(AT_FDCWD, path, NULL, 0));
    if (!strcmp(what, "stat")) return say("", stat(path, &status));
    if (!strcmp(what, "readlink")) return say("", (int)readlink(path, buffer, sizeof buffer));
    if (!strcmp(what, "read")) {
        int fd = open(path, O_RDONLY);
        return fd < 0 ? say("open", fd) : say("read", (int)read(fd, buffer, sizeof buffer));
    }
    if (!strcmp(what, "name-max")) return printf("%ld\n", pathconf(path, _PC_NAME_MAX)), 0;
    return fprintf(stderr, "attempt: no operation %s\n", what), 2;
}
