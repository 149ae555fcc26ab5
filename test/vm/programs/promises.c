/*
 * Does what a file server has to keep, and writes down when it was promised.
 *
 *   promises run KIND ROOT LOG SEED STOP   works in ROOT until the file STOP exists
 *   promises dump ROOT                     prints all that is below ROOT
 *
 * KIND: names  makes, renames, removes and changes the attributes of objects
 *       mixed  writes to files, too: with fsync, O_SYNC and all the other ways to have it stable
 *       sync   the same on a mount with -o sync: a plain write is a promise
 *       stream keeps a file open, writes much of it without a promise and calls fsync now and then
 *
 * LOG, two lines per operation: "B NUMBER OPERATION ARGUMENTS" before it and "E NUMBER ERRNO" after it returned.
 * A line of the dump: path, type (f d l p), mode, uid, gid, links, bytes, mtime, inode, content. Files are written in
 * blocks, each filled with a stamp: the content is a list of STAMPxCOUNT, 0 for zeroes and ? for anything else.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { block_bytes = 4096, words = block_bytes / 4, file_blocks = 16, stream_blocks = 64, pause_us = 2000 };
enum { directories = 3, names = 8, slots = directories * names };
enum { none, file, directory, symbolic, fifo, unknown };

static int log_fd;
static unsigned number, stamp;
static uint64_t state;
static int kinds[slots], has_child[slots];

static void die(const char *what) { perror(what); exit(1); }

static unsigned any(unsigned below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % below;
}

static void begin(const char *format, ...) {
    char line[512];
    int length = snprintf(line, sizeof line, "B %u ", ++number);
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    line[length++] = '\n';
    if (write(log_fd, line, length) != length) die("log");
}

/* Answers the errno, 0 for none. */
static int end(int failed) {
    int error = failed ? errno : 0;
    char line[64];
    int length = snprintf(line, sizeof line, "E %u %d\n", number, error);
    if (write(log_fd, line, length) != length) die("log");
    return error;
}

/* `repeated`: what it gives if the same thing was done before and nobody was told. */
static void becomes(int slot, int kind, int error, int repeated) {
    if (error == 0 || error == repeated) kinds[slot] = kind;
    else kinds[slot] = unknown;
}

static const char *path_of(int slot) {
    static char paths[2][32];
    static int turn;
    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%d/%d", slot / names, slot % names);
    return paths[turn];
}

/* A slot of this kind, -1 if there is none. */
static int pick(int kind) {
    int start = any(slots);
    for (int i = 0; i < slots; i++)
        if (kinds[(start + i) % slots] == kind) return (start + i) % slots;
    return -1;
}

static int pick_object(void) {
    int start = any(slots);
    for (int i = 0; i < slots; i++) {
        int slot = (start + i) % slots;
        if (kinds[slot] != none && kinds[slot] != unknown) return slot;
    }
    return -1;
}

static void fill(uint32_t *blocks, int count) {
    for (int i = 0; i < count * words; i++) blocks[i] = stamp + (uint32_t)(i % words) * 0x9e3779b1u;
}

/* --- what is promised by name --- */

/* A directory is moved with what is in it. */
static void make_child(int slot) {
    char path[40];
    snprintf(path, sizeof path, "%s/in", path_of(slot));
    begin("create %s 600", path);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    if (end(fd < 0)) return;
    has_child[slot] = 1;
    close(fd);
}

static void make(int slot) {
    const char *path = path_of(slot);
    unsigned mode = 0600 | any(0200);
    switch (any(6)) {
    case 0:
    case 1: {
        int exclusive = any(2);
        begin("%s %s %o", exclusive ? "excl" : "create", path, mode);
        int fd = open(path, O_CREAT | O_WRONLY | (exclusive ? O_EXCL : 0), mode);
        becomes(slot, file, end(fd < 0), 0);
        if (fd >= 0) close(fd);
        return;
    }
    case 2:
        begin("mkdir %s %o", path, mode);
        becomes(slot, directory, end(mkdir(path, mode)), EEXIST);
        if (kinds[slot] == directory && any(2)) make_child(slot);
        return;
    case 3: {
        char target[32];
        snprintf(target, sizeof target, "target-%u", any(1000));
        begin("symlink %s %s", path, target);
        becomes(slot, symbolic, end(symlink(target, path)), EEXIST);
        return;
    }
    case 4:
        begin("mkfifo %s %o", path, mode);
        becomes(slot, fifo, end(mkfifo(path, mode)), EEXIST);
        return;
    default: {
        int from = pick(file);
        if (from < 0) return;
        const char *old = path_of(from);
        begin("link %s %s", old, path);
        becomes(slot, file, end(link(old, path)), EEXIST);
    }
    }
}

static void move(int from) {
    int kind = kinds[from], to = any(slots);
    /* Over nothing, or one file over another. */
    if (kinds[to] != none && (kinds[to] != file || kind != file || to == from)) return;
    const char *old = path_of(from), *new = path_of(to);
    struct stat one, other;
    /* rename(2) of two links to one file does nothing. */
    if (kinds[to] == file && !lstat(old, &one) && !lstat(new, &other) && one.st_ino == other.st_ino) return;
    begin("rename %s %s", old, new);
    int error = end(rename(old, new));
    becomes(to, kind, error, ENOENT);
    becomes(from, none, error, ENOENT);
    has_child[to] = has_child[from];
    has_child[from] = 0;
}

static void drop(int slot) {
    const char *path = path_of(slot);
    int is_directory = kinds[slot] == directory;
    if (has_child[slot]) {
        char child[40];
        snprintf(child, sizeof child, "%s/in", path);
        begin("unlink %s", child);
        becomes(slot, directory, end(unlink(child)), ENOENT);
        has_child[slot] = 0;
        return;
    }
    begin("%s %s", is_directory ? "rmdir" : "unlink", path);
    becomes(slot, none, end(is_directory ? rmdir(path) : unlink(path)), ENOENT);
}

static void change(int slot) {
    const char *path = path_of(slot);
    unsigned choice = any(4), mode = 0600 | any(0200), size = any(file_blocks + 1);
    if (choice == 0 && kinds[slot] != symbolic) {
        begin("chmod %s %o", path, mode);
        end(chmod(path, mode));
    } else if (choice == 1) {
        unsigned uid = 1000 + any(10), gid = 1000 + any(10);
        begin("chown %s %u %u", path, uid, gid);
        end(lchown(path, uid, gid));
    } else if (choice == 2) {
        struct timespec times[2] = { { 0, 0 }, { 1000000000 + any(1000000000), any(1000000000) } };
        begin("utimes %s %ld.%09ld", path, times[1].tv_sec, times[1].tv_nsec);
        end(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW));
    } else if (choice == 3 && kinds[slot] == file) {
        begin("truncate %s %u", path, size * block_bytes);
        end(truncate(path, (off_t)size * block_bytes));
    }
}

/* --- what is promised of data --- */

static void store(int slot, int on_sync_mount) {
    static const char *const ways[] = { "fsync", "fdatasync", "osync", "odsync", "direct", "close", "msync", "plain" };
    static const int flags[] = { 0, 0, O_SYNC, O_DSYNC, O_DIRECT, 0, 0, 0 };
    static uint32_t blocks[file_blocks * words] __attribute__((aligned(4096)));
    const char *path = path_of(slot);
    int way = on_sync_mount ? 7 : any(7);
    int offset = any(file_blocks), count = 1 + any(file_blocks - offset);
    struct stat stat_of;
    if (way == 6 && (stat(path, &stat_of) || stat_of.st_size < (offset + count) * block_bytes)) way = 0;
    stamp++;
    fill(blocks, count);
    begin("write %s %d %d %u %s", path, offset, count, stamp, ways[way]);
    int fd = open(path, O_RDWR | flags[way]), failed = fd < 0;
    size_t bytes = (size_t)count * block_bytes;
    off_t at = (off_t)offset * block_bytes;
    if (!failed && way == 6) {
        char *mapped = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, at);
        failed = mapped == MAP_FAILED;
        if (!failed) memcpy(mapped, blocks, bytes);
        if (!failed) failed = msync(mapped, bytes, MS_SYNC) != 0;
        if (mapped != MAP_FAILED) munmap(mapped, bytes);
    } else if (!failed) {
        failed = pwrite(fd, blocks, bytes, at) != (ssize_t)bytes;
        if (!failed && way == 0) failed = fsync(fd) != 0;
        if (!failed && way == 1) failed = fdatasync(fd) != 0;
        if (!failed && way == 5) failed = close(fd) != 0, fd = -1;
    }
    end(failed);
    if (fd >= 0) close(fd);
}

static void stream(void) {
    static int fd = -1, written, files;
    static char path[32];
    static uint32_t blocks[file_blocks * words];
    if (fd < 0) {
        written = 0;
        snprintf(path, sizeof path, "0/s%d", files++);
        begin("create %s %o", path, 0644);
        fd = open(path, O_CREAT | O_WRONLY, 0644);
        if (end(fd < 0)) return;
    }
    if (any(4) == 0 || written >= stream_blocks) {
        int data_only = any(2);
        begin("sync %s %s", path, data_only ? "fdatasync" : "fsync");
        end(data_only ? fdatasync(fd) : fsync(fd));
        if (written < stream_blocks) return;
        close(fd);
        fd = -1;
        return;
    }
    /* More at the end, or once more what is there. */
    int offset = any(3) && written > 0 ? (int)any(written) : written;
    int count = 1 + any(8);
    stamp++;
    fill(blocks, count);
    begin("append %s %d %d %u", path, offset, count, stamp);
    end(pwrite(fd, blocks, (size_t)count * block_bytes, (off_t)offset * block_bytes) < 0);
    if (offset + count > written) written = offset + count;
    /* The client writes some of it before it is asked to. */
    if (any(6) == 0) sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static void work(const char *kind) {
    unsigned choice = any(10);
    if (strcmp(kind, "stream") == 0) return stream();
    if (strcmp(kind, "names") != 0 && choice < 4) {
        int slot = pick(file);
        if (slot >= 0) return store(slot, strcmp(kind, "sync") == 0);
    }
    int free_slot = pick(none), object = pick_object();
    if (free_slot >= 0 && (choice < 7 || object < 0)) make(free_slot);
    else if (object < 0) return;
    else if (choice < 8) move(object);
    else if (choice < 9) change(object);
    else drop(object);
}

static int run(const char *kind, const char *root, const char *log, const char *seed, const char *stop) {
    log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log_fd < 0) die(log);
    if (chdir(root)) die(root);
    umask(0);
    state = strtoull(seed, NULL, 10) * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < directories; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        begin("mkdir %s 755", name);
        if (end(mkdir(name, 0755))) die(name);
    }
    while (access(stop, F_OK)) {
        work(kind);
        usleep(pause_us);
    }
    return 0;
}

/* --- the dump --- */

static void print_content(const char *path) {
    static uint32_t block[words];
    int fd = open(path, O_RDONLY | O_NOATIME);
    if (fd < 0) { printf("unreadable-%d", errno); return; }
    uint32_t last = 0;
    int repeated = 0, is_torn = 0;
    for (;;) {
        ssize_t count = read(fd, block, block_bytes);
        uint32_t value = block[0];
        int torn = count < block_bytes;
        for (int i = 1; i < words && !torn; i++)
            torn = block[i] != (value == 0 ? 0 : value + (uint32_t)i * 0x9e3779b1u);
        if (repeated > 0 && (count <= 0 || torn != is_torn || (!torn && value != last))) {
            if (is_torn) printf("?x%d,", repeated);
            else printf("%ux%d,", last, repeated);
            repeated = 0;
        }
        if (count <= 0) { if (count < 0) printf("unreadable-%d", errno); break; }
        last = value;
        is_torn = torn;
        repeated++;
    }
    printf("-");
    close(fd);
}

static void dump(const char *path) {
    DIR *entries = opendir(path);
    if (entries == NULL) { printf("%s unreadable %d\n", path, errno); return; }
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        char below[4096], target[256] = "-";
        snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
        struct stat stat_of;
        if (lstat(below, &stat_of)) { printf("%s unreadable %d\n", below, errno); continue; }
        int format = stat_of.st_mode & S_IFMT;
        char type = format == S_IFREG ? 'f' : format == S_IFDIR ? 'd' : format == S_IFLNK ? 'l' : format == S_IFIFO ? 'p' : '?';
        printf("%s %c %o %u %u %lu %ld %ld.%09ld %lu ", below, type, stat_of.st_mode & 07777, stat_of.st_uid, stat_of.st_gid,
            (unsigned long)stat_of.st_nlink, (long)stat_of.st_size, (long)stat_of.st_mtim.tv_sec, stat_of.st_mtim.tv_nsec,
            (unsigned long)stat_of.st_ino);
        if (type == 'f') print_content(below);
        else {
            if (type == 'l' && readlink(below, target, sizeof target - 1) < 0) snprintf(target, sizeof target, "unreadable");
            fputs(target, stdout);
        }
        putchar('\n');
        if (type == 'd') dump(below);
    }
    closedir(entries);
}

int main(int argc, char **argv) {
    if (argc == 7 && !strcmp(argv[1], "run")) return run(argv[2], argv[3], argv[4], argv[5], argv[6]);
    if (argc == 3 && !strcmp(argv[1], "dump")) return chdir(argv[2]) ? perror(argv[2]), 1 : (dump("."), 0);
    return fprintf(stderr, "usage: promises run KIND ROOT LOG SEED STOP | promises dump ROOT\n"), 2;
}
