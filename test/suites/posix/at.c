/*
 * The *at calls: names relative to a descriptor, descriptors that are none or no directories, absolute paths, flags;
 * a directory that is moved or removed while it is held (POSIX.1-2017, openat and its kin).
 */
#include <sys/syscall.h>

#include "../sandbox.h"

static long open_at(int fd, const char *path) {
  int opened = openat(fd, path, O_RDONLY);
  return opened < 0 ? opened : close(opened);
}
static long creat_at(int fd, const char *path) {
  int opened = openat(fd, path, O_CREAT | O_WRONLY, 0644);
  return opened < 0 ? opened : close(opened);
}
static long stat_at(int fd, const char *path) { return fstatat(fd, path, &(struct stat){0}, AT_SYMLINK_NOFOLLOW); }
static long chmod_at(int fd, const char *path) { return fchmodat(fd, path, 0600, 0); }
static long chown_at(int fd, const char *path) { return fchownat(fd, path, 0, 0, 0); }
static long utimens_at(int fd, const char *path) { return utimensat(fd, path, NULL, 0); }
static long access_at(int fd, const char *path) { return faccessat(fd, path, F_OK, 0); }
static long mkdir_at(int fd, const char *path) { return mkdirat(fd, path, 0755); }
static long mkfifo_at(int fd, const char *path) { return mkfifoat(fd, path, 0644); }
static long symlink_at(int fd, const char *path) { return symlinkat("x", fd, path); }
static long readlink_at(int fd, const char *path) { return readlinkat(fd, path, (char[9]){0}, 9) < 0 ? -1 : 0; }
static long link_at(int fd, const char *path) { return linkat(fd, path, AT_FDCWD, "linked", 0); }
static long rename_at(int fd, const char *path) { return renameat(fd, path, AT_FDCWD, "renamed"); }
static long unlink_at(int fd, const char *path) { return unlinkat(fd, path, 0); }

/* Each works on d/`name` by a descriptor of d; those marked make it. */
static const struct {
  const char *name;
  long (*run)(int fd, const char *path);
  const char *object;
} calls[] = {
    {"openat", open_at, "file"},       {"openat-creat", creat_at, "new"},   {"fstatat", stat_at, "file"},
    {"fchmodat", chmod_at, "file"},    {"fchownat", chown_at, "file"},      {"utimensat", utimens_at, "file"},
    {"faccessat", access_at, "file"},  {"mkdirat", mkdir_at, "sub"},        {"mkfifoat", mkfifo_at, "fifo"},
    {"symlinkat", symlink_at, "link"}, {"readlinkat", readlink_at, "link"}, {"linkat", link_at, "file"},
    {"renameat", rename_at, "file"},   {"unlinkat", unlink_at, "new"},
};

CASE(posix, at) {
  char absolute[PATH_MAX];
  make_directory("d", 0755);
  make_file("file", 0644, "");
  int directory = (int)MUST(open("d", O_RDONLY | O_DIRECTORY)), file = (int)MUST(open("file", O_RDONLY));
  for (size_t at = 0; at < sizeof calls / sizeof *calls; at++) {
    const char *name = calls[at].name, *object = calls[at].object;
    if (strcmp(object, "file") == 0) make_file("d/file", 0644, "");
    MUST(getcwd(absolute, sizeof absolute - 50) == NULL ? -1 : 0);
    sprintf(absolute + strlen(absolute), "/missing/%s", object);
    gives(named("%s-bad-descriptor", name), calls[at].run(999, object), EBADF);
    gives(named("%s-descriptor-of-a-file", name), calls[at].run(file, object), ENOTDIR);
    gives(named("%s-absolute-path-needs-none", name), calls[at].run(999, absolute), ENOENT);
    gives(named("%s-works", name), calls[at].run(directory, object), 0);
  }
}

CASE(posix, at_flags) {
  make_directory("d", 0755);
  make_file("file", 0644, "text");
  MUST(symlink("file", "link"));
  int directory = (int)MUST(open("d", O_RDONLY | O_DIRECTORY));
  struct stat status;
  gives("unlinkat-removedir", unlinkat(AT_FDCWD, "file", AT_REMOVEDIR), ENOTDIR);
  gives("unlinkat-of-a-directory", unlinkat(AT_FDCWD, "d", 0), EISDIR);
  gives("unlinkat-flags", unlinkat(AT_FDCWD, "file", 0x4000), EINVAL);
  gives("fstatat-follows", fstatat(AT_FDCWD, "link", &status, 0), 0);
  is("a-file", S_ISREG(status.st_mode), 1);
  gives("fstatat-nofollow", fstatat(AT_FDCWD, "link", &status, AT_SYMLINK_NOFOLLOW), 0);
  is("a-symlink", S_ISLNK(status.st_mode), 1);
  gives("fstatat-empty-path", fstatat(directory, "", &status, AT_EMPTY_PATH), 0);
  is("the-directory", S_ISDIR(status.st_mode), 1);
  gives("fstatat-empty-path-unasked", fstatat(directory, "", &status, 0), ENOENT);
  gives("fstatat-flags", fstatat(AT_FDCWD, "file", &status, 0x4000000), EINVAL);
  int file = (int)MUST(open("file", O_RDWR));
  gives("linkat-empty-path", linkat(file, "", AT_FDCWD, "again", AT_EMPTY_PATH), 0);
  is("which-counts", (long long)look("file").st_nlink, 2);
  MUST(rename("d", "moved"));
  opens("in-a-moved-directory", openat(directory, "in-it", O_CREAT | O_WRONLY, 0600), 0);
  is("is-where-it-moved", exists("moved/in-it"), 1);
  gives("up-from-it", faccessat(directory, "../file", F_OK, 0), 0);
  MUST(unlinkat(directory, "in-it", 0));
  MUST(rmdir("moved"));
  opens("in-a-removed-directory", openat(directory, "x", O_CREAT | O_WRONLY, 0600), ENOENT);
  gives("mkdirat-there", mkdirat(directory, "x", 0700), ENOENT);
  gives("stat-of-it", fstat(directory, &status), 0);
  gives("up-from-there", faccessat(directory, "..", F_OK, 0), 0);
}
