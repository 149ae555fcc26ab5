/*
 * Waiting for a lock: the waiter gets it when it is released (by unlock, by close, by exit), readers together; a signal
 * ends the waiting with EINTR; a circle of two is told EDEADLK by a local file system.
 */
#include <signal.h>

#include "peer.h"

static void on_signal(int number) { (void)number; }

CASE(lock, waiting) {
  struct peer one = start_peer("file"), other = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  MUST(lock_range(fd, F_WRLCK, 0, 10));
  tell(&one, 'W', 5, 10);
  is("waits", has_answered(&one, 100), 0);
  gives("released", lock_range(fd, F_UNLCK, 0, 10), 0);
  is_text("gets-it", answer_of(&one), "success");
  gives("it-has-it", lock_range(fd, F_WRLCK, 14, 1), EAGAIN);
  is_text("it-lets-go", ask(&one, 'u', 0, 0), "success");
  MUST(lock_range(fd, F_WRLCK, 0, 10));
  tell(&one, 'R', 0, 5);
  tell(&other, 'R', 3, 5);
  is("a-reader-waits", has_answered(&one, 100), 0);
  is("another-waits", has_answered(&other, 0), 0);
  close(fd);
  is_text("the-reader-gets-it", answer_of(&one), "success");
  is_text("so-does-the-other", answer_of(&other), "success");
  stop_peer(&one);
  fd = (int)MUST(open("file", O_RDWR));
  gives("after-a-kill-the-rest", lock_range(fd, F_WRLCK, 0, 3), 0);
  stop_peer(&other);
  gives("after-both", lock_range(fd, F_WRLCK, 0, 10), 0);
}

CASE(lock, interrupted) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  is_text("theirs", ask(&peer, 'w', 0, 10), "success");
  struct sigaction action = {.sa_handler = on_signal};
  MUST(sigaction(SIGALRM, &action, NULL));
  alarm(1);
  gives("a-signal-ends-the-waiting", wait_for_range(fd, F_WRLCK, 0, 10), EINTR);
  is_text("theirs-still", ask(&peer, 'r', 0, 10), "success");
  gives("nothing-was-taken-meanwhile", lock_range(fd, F_WRLCK, 0, 10), EAGAIN);
  is_text("they-unlock", ask(&peer, 'u', 0, 10), "success");
  gives("and-nothing-is-in-the-way", lock_range(fd, F_WRLCK, 0, 10), 0);
  is_text("until-we-have-it", ask(&peer, 'w', 0, 10), "EAGAIN");
  stop_peer(&peer);
}

CASE(lock, circle) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  MUST(lock_range(fd, F_WRLCK, 0, 1));
  is_text("theirs", ask(&peer, 'w', 1, 1), "success");
  tell(&peer, 'W', 0, 1);
  is("they-wait-for-ours", has_answered(&peer, 100), 0);
  struct sigaction action = {.sa_handler = on_signal};
  MUST(sigaction(SIGALRM, &action, NULL));
  alarm(1);
  gives("we-wait-for-theirs", wait_for_range(fd, F_WRLCK, 1, 1), EDEADLK);
  MUST(lock_range(fd, F_UNLCK, 0, 1));
  is_text("they-get-it", answer_of(&peer), "success");
  stop_peer(&peer);
}
