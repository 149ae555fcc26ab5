/*
 * Takes a lock again and again: fsva-load-lock FILE fcntl|flock wait|try HOLD_MS NAME STOP
 *
 * FILE says "free COUNT" or, while somebody has the lock, that one's name instead of free. Found otherwise in the lock, two
 * have had it at a time: the lock was doubled or lost. All reading and writing goes to the server (O_DIRECT). Who does not
 * get the lock at once waits in the kernel, or tries again until it has it. Holds it for HOLD_MS to twice that and looks
 * meanwhile whether it still has it. Prints how often it had the lock, had to wait, and looked.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/file.h>

#include "load.h"

enum { RECORD_BYTES = 64, LOOK_US = 100000 };

static const char *file, *name;
static int fd, is_flock;
static char *buffer;

static int set(int kind, int wait) {
  struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
  if (!is_flock) return fcntl(fd, wait ? F_SETLKW : F_SETLK, &lock);
  return flock(fd, (kind == F_UNLCK ? LOCK_UN : LOCK_EX) | (wait ? 0 : LOCK_NB));
}

static void write_record(const char *owner, long count) {
  memset(buffer, ' ', RECORD_BYTES);
  int length = snprintf(buffer, RECORD_BYTES, "%s %ld", owner, count);
  buffer[length] = ' ';
  buffer[RECORD_BYTES - 1] = '\n';
  if (pwrite(fd, buffer, RECORD_BYTES, 0) != RECORD_BYTES) expect("write", file, -1, 0);
}

/* The count, if the record names that owner. */
static long read_record(const char *owner, const char *otherwise) {
  char found[RECORD_BYTES], text[3 * RECORD_BYTES];
  long count;
  ssize_t length = pread(fd, buffer, RECORD_BYTES, 0);
  if (length < 0) expect("read", file, -1, 0);
  buffer[length] = '\0';
  if (sscanf(buffer, "%63s %ld", found, &count) != 2) wrong("read", file, "no record");
  if (strcmp(found, owner) == 0) return count;
  snprintf(text, sizeof text, "%s: %s found the file to be %s's", otherwise, name, found);
  wrong("lock", file, text);
  return 0;
}

static int is_taken(int result) { return result < 0 && (errno == EAGAIN || errno == EACCES); }

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  file = argv[1];
  is_flock = strcmp(argv[2], "flock") == 0;
  int waits = strcmp(argv[3], "wait") == 0;
  unsigned hold_us = 1000 * atoi(argv[4]);
  name = argv[5];
  const char *stop = argv[6];
  random_state = 88172645463325252u + getpid();
  buffer = aligned_alloc(4096, 4096);
  fd = open(file, O_RDWR | O_DIRECT);
  expect("open", file, fd, 0);
  long had = 0, contended = 0, looks = 0;
  while (!is_over(stop)) {
    int result = set(F_WRLCK, 0);
    if (is_taken(result)) {
      contended++;
      if (waits) result = set(F_WRLCK, 1);
    }
    for (; is_taken(result) && !is_over(stop); result = set(F_WRLCK, 0)) usleep(LOOK_US / 2);
    if (is_taken(result)) break;
    expect("lock", file, result, 0);
    long count = read_record("free", "lock doubled");
    write_record(name, count);
    unsigned left_us = hold_us + below(hold_us + 1);
    while (left_us > 0 && !is_over(stop)) {
      unsigned pause_us = left_us < LOOK_US ? left_us : LOOK_US;
      usleep(pause_us);
      left_us -= pause_us;
      read_record(name, "lock lost");
      looks++;
    }
    if (read_record(name, "lock lost") != count) wrong("lock", file, "lock lost: the count is another");
    write_record("free", count + 1);
    expect("unlock", file, set(F_UNLCK, 0), 0);
    had++;
  }
  printf("had %ld\ncontended %ld\nlooks %ld\n", had, contended, looks);
  return 0;
}
