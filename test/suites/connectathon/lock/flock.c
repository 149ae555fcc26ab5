/*
 * flock: shared and exclusive, upgrades, per open file instead of per process (a duplicate and a child share it, a second
 * open does not), released by the last close. NFS clients send it as a lock of the whole file.
 */
#include <sys/file.h>

#include "../../sandbox.h"

CASE(lock, flock) {
  make_file("file", 0644, "");
  int one = (int)MUST(open("file", O_RDWR)), other = (int)MUST(open("file", O_RDWR));
  gives("exclusive", flock(one, LOCK_EX | LOCK_NB), 0);
  gives("not-twice", flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
  gives("nor-shared", flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
  gives("again-by-its-owner", flock(one, LOCK_EX | LOCK_NB), 0);
  gives("downgrade", flock(one, LOCK_SH | LOCK_NB), 0);
  gives("shared-by-both", flock(other, LOCK_SH | LOCK_NB), 0);
  gives("no-upgrade-while-shared", flock(one, LOCK_EX | LOCK_NB), EWOULDBLOCK);
  gives("unlock", flock(other, LOCK_UN), 0);
  gives("upgrade-when-alone", flock(one, LOCK_EX | LOCK_NB), 0);
  int copy = (int)MUST(dup(one));
  close(one);
  gives("a-duplicate-keeps-it", flock(other, LOCK_SH | LOCK_NB), EWOULDBLOCK);
  close(copy);
  gives("the-last-close-releases", flock(other, LOCK_EX | LOCK_NB), 0);
  gives("nothing-asked", flock(other, 0), EINVAL);
  close(other);
}

CASE(lock, flock_of_processes) {
  make_file("file", 0644, "");
  int fd = (int)MUST(open("file", O_RDWR));
  MUST(flock(fd, LOCK_EX));
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) {
    int own = open("file", O_RDWR);
    if (flock(own, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) _exit(1);
    /* The inherited descriptor is the same open file. */
    _exit(flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : 2);
  }
  is("a-child-has-what-it-inherits", ended(child), 0);
  child = (pid_t)MUST(fork());
  if (child == 0) {
    int own = open("file", O_RDWR);
    _exit(flock(own, LOCK_EX) == 0 ? 0 : 1);
  }
  usleep(100000);
  is("another-process-waits", waitpid(child, NULL, WNOHANG), 0);
  gives("unlock", flock(fd, LOCK_UN), 0);
  is("and-gets-it", ended(child), 0);
  gives("its-end-releases", flock(fd, LOCK_EX | LOCK_NB), 0);
}
