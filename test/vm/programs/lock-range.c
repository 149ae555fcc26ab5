/*
 * fcntl locks from scripts: fsva-lock-range FILE COMMAND OFFSET LENGTH [SECONDS]
 *
 * COMMAND: read or write (try), read-wait or write-wait, test. Prints what came of it (granted, denied, deadlock, or the
 * errno's text; free or "held TYPE START LENGTH PID" for test) at once, then holds the lock for SECONDS, or until its
 * standard input ends if they are "stdin".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 5) return 2;
  const char *command = argv[2];
  int fd = open(argv[1], O_RDWR | O_CREAT, 0666);
  if (fd < 0) {
    printf("%s\n", strerror(errno));
    return 1;
  }
  struct flock lock = {
      .l_type = strncmp(command, "read", 4) == 0 ? F_RDLCK : F_WRLCK,
      .l_whence = SEEK_SET,
      .l_start = atoll(argv[3]),
      .l_len = atoll(argv[4]),
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
  int wait = strstr(command, "-wait") != NULL;
  if (fcntl(fd, wait ? F_SETLKW : F_SETLK, &lock) != 0) {
    int denied = errno == EAGAIN || errno == EACCES;
    printf("%s\n", denied ? "denied" : errno == EDEADLK ? "deadlock" : strerror(errno));
    return 1;
  }
  printf("granted\n");
  fflush(stdout);
  if (argc > 5 && strcmp(argv[5], "stdin") == 0) {
    char byte;
    while (read(0, &byte, 1) > 0) continue;
  } else if (argc > 5) {
    sleep(atoi(argv[5]));
  }
  return 0;
}
