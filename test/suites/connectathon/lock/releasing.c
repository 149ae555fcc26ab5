/*
 * When locks end: at any close of the file by their process (also of another descriptor), at its exit, when it is
 * killed; not when a child ends, which does not inherit them. And that locks do not hinder writes of who has none.
 */
#include <signal.h>

#include "peer.h"

CASE(lock, releasing) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  is_text("theirs", ask(&peer, 'w', 0, 10), "success");
  gives("not-ours", lock_range(fd, F_WRLCK, 0, 10), EAGAIN);
  is("advisory-only", pwrite(fd, "0123456789", 10, 0), 10);
  is_text("they-close-another-descriptor", ask(&peer, 'c', 0, 0), "success");
  gives("which-released-it", lock_range(fd, F_WRLCK, 0, 10), 0);
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) _exit(lock_range(fd, F_WRLCK, 0, 10) == 0 ? 0 : errno);
  is("a-child-does-not-inherit", ended(child), EAGAIN);
  is_text("still-ours-after-its-end", ask(&peer, 'w', 0, 10), "EAGAIN");
  child = (pid_t)MUST(fork());
  if (child == 0) {
    close(fd);
    _exit(0);
  }
  ended(child);
  is_text("a-child-that-closes-releases-nothing", ask(&peer, 'w', 0, 10), "EAGAIN");
  MUST(lock_range(fd, F_UNLCK, 0, 0));
  is_text("they-lock-again", ask(&peer, 'w', 0, 10), "success");
  tell(&peer, 'x', 0, 0);
  waitpid(peer.pid, NULL, 0);
  gives("an-exit-releases", lock_range(fd, F_WRLCK, 0, 10), 0);
  MUST(lock_range(fd, F_UNLCK, 0, 0));
  struct peer doomed = start_peer("file");
  is_text("another-locks", ask(&doomed, 'w', 0, 10), "success");
  kill(doomed.pid, SIGKILL);
  waitpid(doomed.pid, NULL, 0);
  gives("a-kill-releases", lock_range(fd, F_WRLCK, 0, 10), 0);
  gives("close", close(fd), 0);
}

CASE(lock, removed_file) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  MUST(unlink("file"));
  gives("lock-of-a-removed-file", lock_range(fd, F_WRLCK, 0, 10), 0);
  is_text("conflicts-still", ask(&peer, 'w', 0, 10), "EAGAIN");
  gives("unlock", lock_range(fd, F_UNLCK, 0, 10), 0);
  is_text("and-then-not", ask(&peer, 'w', 0, 10), "success");
  close(fd);
  stop_peer(&peer);
}
