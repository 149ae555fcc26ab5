/*
 * Looks when a lock is not there that ought to be: fsva-lock-gap FILE
 *
 * FILE is one of fsva-load-lock's: while it names an owner, that one has an fcntl lock of its first byte. Runs where the
 * file system is, looks every millisecond without taking anything, and prints "gap MILLISECONDS" at the end of each time in
 * which any program could have had the lock. Ends with its standard input.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int is_free(int fd) {
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}

static int is_owned(int fd) {
  char text[5] = "";
  return pread(fd, text, 4, 0) == 4 && strcmp(text, "free") != 0;
}

static long long now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000LL + time.tv_nsec / 1000;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  int fd = open(argv[1], O_RDWR);
  if (fd < 0) return 1;
  struct pollfd input = {.fd = 0, .events = POLLIN};
  long long since = 0;
  while (poll(&input, 1, 1) == 0) {
    /* Locked and written to in between: it is not free any more at the second look. */
    int is_gap = is_free(fd) && is_owned(fd) && is_free(fd);
    if (is_gap && since == 0) since = now_us();
    if (!is_gap && since != 0) {
      printf("gap %.1f\n", (now_us() - since) / 1000.0);
      fflush(stdout);
      since = 0;
    }
  }
  return 0;
}
