#include "sandbox.h"

#include <ftw.h>
#include <grp.h>
#include <time.h>

void as_user(uid_t uid, gid_t gid, gid_t group) {
  as_root();
  MUST(setgroups(1, &group));
  MUST(setresgid(gid, gid, gid));
  /* The saved uid leads back. */
  MUST(setresuid(uid, uid, 0));
}

void as_alice(void) { as_user(alice, alice, team); }
void as_bob(void) { as_user(bob, bob, crew); }

void as_root(void) {
  MUST(setresuid(0, 0, 0));
  MUST(setresgid(0, 0, 0));
  MUST(setgroups(0, NULL));
}

void make_file(const char *path, mode_t mode, const char *text) {
  int fd = (int)MUST(open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600));
  MUST(write(fd, text, strlen(text)));
  MUST(fchmod(fd, mode));
  MUST(close(fd));
}

void make_directory(const char *path, mode_t mode) {
  MUST(mkdir(path, 0700));
  MUST(chmod(path, mode));
}

void make_fifo(const char *path) { MUST(mkfifo(path, 0644)); }

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at) {
  (void)status, (void)kind, (void)at;
  remove(path);
  return 0;
}

void remove_tree(const char *path) {
  if (exists(path)) nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int exists(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0;
}

struct stat look(const char *path) {
  struct stat status;
  MUST(lstat(path, &status));
  return status;
}

struct stat look_fd(int fd) {
  struct stat status;
  MUST(fstat(fd, &status));
  return status;
}

mode_t mode_of(const char *path) { return look(path).st_mode & 07777; }

const char *text_of(const char *path) {
  static char text[4096];
  int fd = open(path, O_RDONLY);
  if (fd < 0) return errno_name(errno);
  ssize_t length = read(fd, text, sizeof text - 1);
  text[length < 0 ? 0 : length] = '\0';
  close(fd);
  return text;
}

ssize_t write_text(int fd, const char *text) { return write(fd, text, strlen(text)); }

void tick(void) { usleep(12000); }

int compare_times(struct timespec a, struct timespec b) {
  if (a.tv_sec != b.tv_sec) return a.tv_sec < b.tv_sec ? -1 : 1;
  return a.tv_nsec == b.tv_nsec ? 0 : a.tv_nsec < b.tv_nsec ? -1 : 1;
}

const char *long_path(int length) {
  static char path[PATH_MAX * 2];
  for (int at = 0; at < length; at++) path[at] = at % 256 == 255 ? '/' : 'l';
  path[length] = '\0';
  return path;
}
