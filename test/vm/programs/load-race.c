/*
 * Races another client for names: fsva-load-race DIRECTORY NAME STOP
 *
 * DIRECTORY has tokens/0, tokens/1, ... and the empty directories created and claimed. In round N each of these has one
 * winner among all who race, and tells the others that they were too late: creating created/N exclusively, mkdir
 * created/N.d, link to created/N.l (EEXIST), and renaming tokens/N to claimed/N.NAME (ENOENT). Until STOP exists or there
 * is no round left. Prints "rounds COUNT" and a hexadecimal digit per round: the sum of 1, 2, 4 and 8 for what it won.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/stat.h>

#include "load.h"

enum { ROUNDS_MAX = 1 << 20, PACE_US = 40000 };

static char digits[ROUNDS_MAX + 1];

/* Whether it was won; everything but winning and being too late is an error. */
static int won(const char *operation, const char *path, long result, int too_late) {
  if (result < 0 && errno == too_late) return 0;
  expect(operation, path, result, 0);
  return 1;
}

static int create(const char *path, const char *name) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (!won("exclusive create", path, fd, EEXIST)) return 0;
  size_t length = strlen(name);
  if (write(fd, name, length) != (ssize_t)length) expect("write", path, -1, 0);
  expect("close", path, close(fd), 0);
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  const char *name = argv[2], *stop = argv[3];
  char own[64], path[64], to[128];
  expect("chdir", argv[1], chdir(argv[1]), 0);
  snprintf(own, sizeof own, "own.%s", name);
  create(own, name);
  int round = 0;
  for (; round < ROUNDS_MAX && !is_over(stop); round++) {
    int wins = 0;
    snprintf(path, sizeof path, "created/%d", round);
    if (create(path, name)) wins |= 1;
    snprintf(path, sizeof path, "created/%d.d", round);
    if (won("mkdir", path, mkdir(path, 0755), EEXIST)) wins |= 2;
    snprintf(path, sizeof path, "created/%d.l", round);
    if (won("link", path, link(own, path), EEXIST)) wins |= 4;
    snprintf(path, sizeof path, "tokens/%d", round);
    snprintf(to, sizeof to, "claimed/%d.%s", round, name);
    if (won("rename", path, rename(path, to), ENOENT)) wins |= 8;
    digits[round] = "0123456789abcdef"[wins];
    /* Whoever is behind catches up. */
    if (wins == 15) usleep(PACE_US);
  }
  printf("rounds %d\n%s\n", round, digits);
  return 0;
}
