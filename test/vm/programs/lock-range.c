/*
 * fcntl locks from scripts: fsva-lock-range FILE COMMAND OFFSET LENGTH [COMMAND OFFSET LENGTH]... [SECONDS | stdin]
 *
 * COMMAND: read or write (try), read-wait or write-wait, test. Prints what came of each at once (granted, denied,
 * deadlock, or the errno's text; free or "held TYPE START LENGTH PID" for test) and stops at the first that is not
 * granted. Before each but the first it waits for a byte on standard input. In the end it holds what it has for SECONDS,
 * or until its standard input ends.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int try(int fd, const char *command, long long start, long long length) {
  struct flock lock = {
      .l_type = strncmp(command, "read", 4) == 0 ? F_RDLCK : F_WRLCK,
      .l_whence = SEEK_SET,
      .l_start = start,
      .l_len = length,
  };
  if (strcmp(command, "test") == 0) {
    if (fcntl(fd, F_GETLK, &lock) != 0)
      printf("%s\n", strerror(errno));
    else if (lock.l_type == F_UNLCK)
      printf("free\n");
    else
      printf("held %s %lld %lld %d\n", lock.l_type == F_RDLCK ? "read" : "write", (long long)lock.l_start,
             (long long)lock.l_len, (int)lock.l_pid);
    return 0;
  }
  if (fcntl(fd, strstr(command, "-wait") != NULL ? F_SETLKW : F_SETLK, &lock) != 0) {
    int denied = errno == EAGAIN || errno == EACCES;
    printf("%s\n", denied ? "denied" : errno == EDEADLK ? "deadlock" : strerror(errno));
    return 1;
  }
  printf("granted\n");
  fflush(stdout);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  int fd = open(argv[1], O_RDWR | O_CREAT, 0666);
  if (fd < 0) {
    printf("%s\n", strerror(errno));
    return 1;
  }
  char byte;
  int at = 2;
  for (; at + 3 <= argc; at += 3) {
    if (at > 2 && read(0, &byte, 1) != 1) return 2;
    if (try(fd, argv[at], atoll(argv[at + 1]), atoll(argv[at + 2])) != 0) return 1;
  }
  if (at < argc && strcmp(argv[at], "stdin") == 0) {
    while (read(0, &byte, 1) > 0) continue;
  } else if (at < argc) {
    sleep(atoi(argv[at]));
  }
  return 0;
}
