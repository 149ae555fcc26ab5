/*
 * utimensat and futimens: exact times, now, omitted ones, who may (POSIX.1-2017, futimens), and how far times reach.
 */
#include "../sandbox.h"

static int set(const char *path, long seconds, long nanoseconds) {
  struct timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};
  return utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

CASE(posix, utimens) {
  make_file("file", 0644, "");
  gives("set", set("file", 1000000000, 999999999), 0);
  struct stat before = look("file");
  is("nanoseconds", before.st_mtim.tv_nsec, 999999999);
  is("seconds", before.st_mtim.tv_sec, 1000000000);
  gives("omit-mtime", utimensat(AT_FDCWD, "file", (struct timespec[2]){{7, 7}, {0, UTIME_OMIT}}, 0), 0);
  is("atime-set", look("file").st_atim.tv_sec, 7);
  is("mtime-kept", compare_times(look("file").st_mtim, before.st_mtim), 0);
  gives("omit-atime", utimensat(AT_FDCWD, "file", (struct timespec[2]){{0, UTIME_OMIT}, {8, 8}}, 0), 0);
  is("mtime-set", look("file").st_mtim.tv_sec, 8);
  is("atime-kept", look("file").st_atim.tv_sec, 7);
  gives("now-and-omit", utimensat(AT_FDCWD, "file", (struct timespec[2]){{0, UTIME_NOW}, {0, UTIME_OMIT}}, 0), 0);
  holds("atime-now", look("file").st_atim.tv_sec > 1000000000);
  is("mtime-still", look("file").st_mtim.tv_sec, 8);
  gives("now-and-set", utimensat(AT_FDCWD, "file", (struct timespec[2]){{9, 0}, {0, UTIME_NOW}}, 0), 0);
  is("atime-then", look("file").st_atim.tv_sec, 9);
  holds("mtime-now", look("file").st_mtim.tv_sec > 1000000000);
  gives("both-now", utimensat(AT_FDCWD, "file", NULL, 0), 0);
  is("are-one-time", compare_times(look("file").st_atim, look("file").st_mtim), 0);
  tick();
  make_file("later", 0644, "");
  is("by-the-clock-of-new-files", compare_times(look("file").st_mtim, look("later").st_mtim), -1);
  gives("nanoseconds-too-many", set("file", 1, 1000000000), EINVAL);
  gives("nanoseconds-negative", set("file", 1, -1), EINVAL);
  int fd = (int)MUST(open("file", O_RDONLY));
  gives("futimens", futimens(fd, (struct timespec[2]){{11, 1}, {12, 2}}), 0);
  is("futimens-seen-by-name", look("file").st_mtim.tv_sec, 12);
  MUST(symlink("file", "link"));
  gives("of-the-symlink", set("link", 5, 5), 0);
  is("which-has-it", look("link").st_mtim.tv_sec, 5);
  is("its-target-has-not", look("file").st_mtim.tv_sec, 12);
  gives("no-such-flag", utimensat(AT_FDCWD, "file", NULL, 0x8000), EINVAL);
  make_directory("d", 0755);
  gives("directory", set("d", 100, 100), 0);
  is("directory-has-it", look("d").st_mtim.tv_nsec, 100);
}

CASE(posix, utimens_range) {
  static const long long seconds[] = {0, 1, 0x7fffffff, 0x80000000LL, 0xffffffffLL};
  make_file("file", 0644, "");
  for (size_t at = 0; at < 5; at++) {
    gives(named("set-%lld", seconds[at]), set("file", seconds[at], 1), 0);
    is(named("is-%lld", seconds[at]), look("file").st_mtim.tv_sec, seconds[at]);
  }
  set("file", 0x100000000LL, 0);
  is("after-2106", look("file").st_mtim.tv_sec, 0x100000000LL);
  set("file", -1, 0);
  is("before-1970", look("file").st_mtim.tv_sec, -1);
}

CASE(posix, utimens_permissions) {
  MUST(chmod(".", 0777));
  make_file("theirs", 0644, "");
  make_file("writable", 0666, "");
  as_alice();
  make_file("own", 0400, "");
  struct timespec both_now[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}}, one_now[2] = {{0, UTIME_NOW}, {5, 0}};
  struct timespec omit_one[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  gives("set-own", set("own", 5, 5), 0);
  gives("now-own-read-only", utimensat(AT_FDCWD, "own", NULL, 0), 0);
  gives("set-theirs", set("theirs", 5, 5), EPERM);
  gives("now-theirs", utimensat(AT_FDCWD, "theirs", NULL, 0), EACCES);
  gives("set-writable", set("writable", 5, 5), EPERM);
  gives("now-writable", utimensat(AT_FDCWD, "writable", NULL, 0), 0);
  gives("both-now-writable", utimensat(AT_FDCWD, "writable", both_now, 0), 0);
  gives("one-now-writable", utimensat(AT_FDCWD, "writable", one_now, 0), EPERM);
  gives("omit-one-writable", utimensat(AT_FDCWD, "writable", omit_one, 0), EPERM);
  as_root();
  gives("set-by-root", set("own", 6, 6), 0);
}
