/*
 * Counts in a file, each step under a lock: fsva-lock-counter FILE flock|fcntl TIMES
 *
 * What is counted twice or lost shows that two had the lock at the same time. fcntl locks the first byte alone, flock the
 * file. Stops at the first error, with its text.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static int fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

static int set(int fd, int is_flock, int kind) {
  struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  if (!is_flock) return fcntl(fd, F_SETLKW, &lock);
  return flock(fd, kind == F_UNLCK ? LOCK_UN : LOCK_EX);
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  int is_flock = strcmp(argv[2], "flock") == 0;
  int fd = open(argv[1], O_RDWR);
  if (fd < 0) return fail("open");
  for (int left = atoi(argv[3]); left > 0; left--) {
    char text[32] = "";
    if (set(fd, is_flock, F_WRLCK) != 0) return fail("lock");
    ssize_t length = pread(fd, text, sizeof text - 1, 0);
    if (length < 0) return fail("read");
    length = snprintf(text, sizeof text, "%012ld\n", atol(text) + 1);
    if (pwrite(fd, text, length, 0) != length) return fail("write");
    if (set(fd, is_flock, F_UNLCK) != 0) return fail("unlock");
  }
  printf("done\n");
  return 0;
}
