#include "path-calls.h"

#include <sys/statvfs.h>
#include <sys/sysmacros.h>

static long closed(int fd) { return fd < 0 ? fd : close(fd); }
static long opened(const char *path, int flags) { return closed(open(path, flags | O_NONBLOCK, 0644)); }
static long open_for_reading(const char *path) { return opened(path, O_RDONLY); }
static long open_for_writing(const char *path) { return opened(path, O_WRONLY); }
static long open_creating(const char *path) { return opened(path, O_WRONLY | O_CREAT); }
static long open_exclusively(const char *path) { return opened(path, O_RDWR | O_CREAT | O_EXCL); }
static long open_truncating(const char *path) { return opened(path, O_RDWR | O_TRUNC); }
static long open_directory(const char *path) { return opened(path, O_RDONLY | O_DIRECTORY); }
static long open_nofollow(const char *path) { return opened(path, O_RDONLY | O_NOFOLLOW); }
static long call_stat(const char *path) {
  struct stat status;
  return stat(path, &status);
}
static long call_lstat(const char *path) {
  struct stat status;
  return lstat(path, &status);
}
static long call_access(const char *path) { return access(path, F_OK); }
static long call_readlink(const char *path) {
  char text[100];
  return readlink(path, text, sizeof text) == -1 ? -1 : 0;
}
static long call_truncate(const char *path) { return truncate(path, 3); }
static long call_chmod(const char *path) { return chmod(path, 0755); }
static long call_chown(const char *path) { return chown(path, 0, 0); }
static long call_lchown(const char *path) { return lchown(path, 0, 0); }
static long call_utimens(const char *path) { return utimensat(AT_FDCWD, path, NULL, 0); }
static long call_utimens_nofollow(const char *path) { return utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW); }
static long call_mkdir(const char *path) { return mkdir(path, 0755); }
static long call_rmdir(const char *path) { return rmdir(path); }
static long call_unlink(const char *path) { return unlink(path); }
static long link_from(const char *path) { return link(path, "new"); }
static long link_to(const char *path) { return link("source", path); }
static long symlink_to(const char *path) { return symlink("target", path); }
static long rename_from(const char *path) {
  long result = rename(path, "new");
  if (result == 0) MUST(rename("new", path));
  return result;
}
static long rename_file_to(const char *path) { return rename("source", path); }
static long rename_directory_to(const char *path) { return rename("source-directory", path); }
static long call_mkfifo(const char *path) { return mkfifo(path, 0644); }
static long call_mknod(const char *path) { return mknod(path, S_IFCHR | 0644, makedev(1, 3)); }
static long call_opendir(const char *path) {
  DIR *directory = opendir(path);
  return directory == NULL ? -1 : closedir(directory);
}
static long call_statvfs(const char *path) {
  struct statvfs space;
  return statvfs(path, &space);
}
static long call_chdir(const char *path) {
  int here = (int)MUST(open(".", O_RDONLY | O_DIRECTORY));
  long result = chdir(path);
  int number = errno;
  MUST(fchdir(here));
  close(here);
  errno = number;
  return result;
}

const struct path_call path_calls[] = {
    {"open-read", open_for_reading, ""},
    {"open-write", open_for_writing, "*=EISDIR file=success link-to-file=success below-link=success fifo=ENXIO"},
    {"open-creat", open_creating,
     "*=EISDIR file=success missing=success dangling=success link-to-file=success below-link=success "
     "fifo=ENXIO file-and-slash=EISDIR missing-and-slash=EISDIR link-to-file-and-slash=EISDIR "
     "dangling-and-slash=EISDIR fifo-and-slash=EISDIR"},
    {"open-excl", open_exclusively,
     "*=EEXIST missing=success dangling=EEXIST loop=EEXIST file-and-slash=EISDIR "
     "directory-and-slash=EISDIR missing-and-slash=EISDIR link-to-file-and-slash=EISDIR "
     "link-to-directory-and-slash=EISDIR dangling-and-slash=EISDIR fifo-and-slash=EISDIR"},
    {"open-trunc", open_truncating, "*=EISDIR file=success link-to-file=success below-link=success fifo=success"},
    {"open-directory", open_directory, "file=ENOTDIR link-to-file=ENOTDIR below-link=ENOTDIR fifo=ENOTDIR"},
    {"open-nofollow", open_nofollow, "dangling=ELOOP link-to-file=ELOOP link-to-directory=ELOOP"},
    {"stat", call_stat, ""},
    {"lstat", call_lstat, "dangling=success loop=success"},
    {"access", call_access, ""},
    {"readlink", call_readlink,
     "*=EINVAL dangling=success loop=success link-to-file=success link-to-directory=success"},
    {"truncate", call_truncate, "*=EISDIR file=success link-to-file=success below-link=success fifo=EINVAL"},
    {"chmod", call_chmod, ""},
    {"chown", call_chown, ""},
    {"lchown", call_lchown, "dangling=success loop=success"},
    {"utimensat", call_utimens, ""},
    {"utimensat-nofollow", call_utimens_nofollow, "dangling=success loop=success"},
    {"mkdir", call_mkdir,
     "*=EEXIST missing=success dangling=EEXIST loop=EEXIST file-and-slash=EEXIST "
     "missing-and-slash=success link-to-file-and-slash=EEXIST dangling-and-slash=EEXIST "
     "fifo-and-slash=EEXIST"},
    {"rmdir", call_rmdir,
     "*=ENOTDIR directory=ENOTEMPTY empty-directory=success dangling=ENOTDIR loop=ENOTDIR "
     "directory-and-slash=success dangling-and-slash=ENOTDIR directory-and-dot=EINVAL "
     "directory-and-dot-dot=ENOTEMPTY"},
    {"unlink", call_unlink,
     "*=EISDIR file=success dangling=success loop=success link-to-file=success link-to-directory=success "
     "below-link=success fifo=success link-to-directory-and-slash=ENOTDIR dangling-and-slash=ENOTDIR"},
    {"link-from", link_from,
     "*=EPERM file=success dangling=success loop=success link-to-file=success link-to-directory=success "
     "below-link=success fifo=success"},
    {"link-to", link_to,
     "*=EEXIST missing=success dangling=EEXIST loop=EEXIST file-and-slash=EEXIST "
     "link-to-file-and-slash=EEXIST dangling-and-slash=EEXIST fifo-and-slash=EEXIST"},
    {"symlink-to", symlink_to,
     "*=EEXIST missing=success dangling=EEXIST loop=EEXIST file-and-slash=EEXIST "
     "link-to-file-and-slash=EEXIST dangling-and-slash=EEXIST fifo-and-slash=EEXIST"},
    {"rename-from", rename_from,
     "dangling=success loop=success link-to-directory-and-slash=ENOTDIR dangling-and-slash=ENOTDIR "
     "directory-and-dot=EBUSY directory-and-dot-dot=EBUSY"},
    {"rename-file-to", rename_file_to,
     "directory=EISDIR empty-directory=EISDIR missing=success dangling=success loop=success "
     "directory-and-slash=ENOTDIR missing-and-slash=ENOTDIR link-to-directory-and-slash=ENOTDIR "
     "dangling-and-slash=ENOTDIR directory-and-dot=EBUSY directory-and-dot-dot=EBUSY"},
    {"rename-directory-to", rename_directory_to,
     "*=ENOTDIR directory=ENOTEMPTY empty-directory=success missing=success dangling=ENOTDIR "
     "loop=ENOTDIR directory-and-slash=success missing-and-slash=success dangling-and-slash=ENOTDIR "
     "directory-and-dot=EBUSY directory-and-dot-dot=EBUSY"},
    {"mkfifo", call_mkfifo,
     "*=EEXIST missing=success dangling=EEXIST loop=EEXIST file-and-slash=EEXIST "
     "link-to-file-and-slash=EEXIST dangling-and-slash=EEXIST fifo-and-slash=EEXIST"},
    {"mknod", call_mknod,
     "*=EEXIST missing=success dangling=EEXIST loop=EEXIST file-and-slash=EEXIST "
     "link-to-file-and-slash=EEXIST dangling-and-slash=EEXIST fifo-and-slash=EEXIST"},
    {"opendir", call_opendir, "file=ENOTDIR link-to-file=ENOTDIR below-link=ENOTDIR fifo=ENOTDIR"},
    {"statvfs", call_statvfs, ""},
    {"chdir", call_chdir, "file=ENOTDIR link-to-file=ENOTDIR below-link=ENOTDIR fifo=ENOTDIR"},
    {NULL, NULL, NULL},
};
