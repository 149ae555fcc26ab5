/*
 * fcntl locks of two processes on one file, the classic sequence: what overlaps, adjoins or touches; upgrades and
 * downgrades; unlocking the middle of a range; ranges that reach the end of the file, wherever it will be; negative lengths;
 * what F_GETLK tells about somebody else's lock.
 */
#include "peer.h"

CASE(lock, ranges) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  gives("write-lock", lock_range(fd, F_WRLCK, 10, 10), 0);
  is_text("overlapping-below", ask(&peer, 'w', 5, 6), "EAGAIN");
  is_text("overlapping-above", ask(&peer, 'w', 19, 6), "EAGAIN");
  is_text("inside", ask(&peer, 'w', 12, 2), "EAGAIN");
  is_text("around", ask(&peer, 'w', 0, 100), "EAGAIN");
  is_text("same", ask(&peer, 'w', 10, 10), "EAGAIN");
  is_text("read-conflicts-with-write", ask(&peer, 'r', 10, 1), "EAGAIN");
  is_text("adjoining-below", ask(&peer, 'w', 0, 10), "success");
  is_text("adjoining-above", ask(&peer, 'w', 20, 10), "success");
  is_text("to-the-end-of-file", ask(&peer, 'w', 15, 0), "EAGAIN");
  is_text("to-the-end-above", ask(&peer, 'w', 20, 0), "success");
  gives("ours-against-theirs", lock_range(fd, F_WRLCK, 1000000, 1), EAGAIN);
  is_text("they-unlock", ask(&peer, 'u', 0, 0), "success");
  gives("then-ours", lock_range(fd, F_WRLCK, 1000000, 1), 0);
  gives("unlock-all", lock_range(fd, F_UNLCK, 0, 0), 0);
  is_text("all-is-free", ask(&peer, 'w', 0, 0), "success");
  stop_peer(&peer);
}

CASE(lock, shared) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  gives("read-lock", lock_range(fd, F_RDLCK, 0, 100), 0);
  is_text("another-read-lock", ask(&peer, 'r', 50, 100), "success");
  is_text("no-write-lock", ask(&peer, 'w', 90, 20), "EAGAIN");
  gives("no-upgrade-while-shared", lock_range(fd, F_WRLCK, 0, 100), EAGAIN);
  gives("upgrade-of-the-part-not-shared", lock_range(fd, F_WRLCK, 0, 50), 0);
  is_text("upgraded-part-conflicts", ask(&peer, 'r', 49, 1), "EAGAIN");
  gives("downgrade", lock_range(fd, F_RDLCK, 0, 50), 0);
  is_text("downgraded-part-is-shared", ask(&peer, 'r', 0, 50), "success");
  is_text("they-unlock", ask(&peer, 'u', 0, 0), "success");
  gives("upgrade-when-alone", lock_range(fd, F_WRLCK, 0, 100), 0);
  stop_peer(&peer);
}

CASE(lock, splitting) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  MUST(lock_range(fd, F_WRLCK, 0, 100));
  gives("unlock-the-middle", lock_range(fd, F_UNLCK, 40, 20), 0);
  is_text("the-middle-is-free", ask(&peer, 'w', 40, 20), "success");
  is_text("below-is-not", ask(&peer, 'w', 39, 1), "EAGAIN");
  is_text("above-is-not", ask(&peer, 'w', 60, 1), "EAGAIN");
  is_text("they-let-go", ask(&peer, 'u', 40, 20), "success");
  gives("the-gap-is-filled", lock_range(fd, F_WRLCK, 40, 20), 0);
  is_text("one-range-again", ask(&peer, 'g', 0, 0), "write 0 100");
  gives("a-read-lock-in-the-middle", lock_range(fd, F_RDLCK, 50, 1), 0);
  is_text("splits-it-in-three", ask(&peer, 'g', 0, 0), "write 0 50");
  is_text("the-middle-one", ask(&peer, 'g', 50, 1), "read 50 1");
  is_text("free-for-readers", ask(&peer, 'r', 50, 1), "success");
  gives("unlock-what-is-not-locked", lock_range(fd, F_UNLCK, 5000, 10), 0);
  stop_peer(&peer);
}

CASE(lock, end_of_file) {
  struct peer peer = start_peer("file");
  int fd = (int)MUST(open("file", O_RDWR));
  MUST(ftruncate(fd, 100));
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_END, .l_start = -10, .l_len = 0};
  gives("from-the-end", fcntl(fd, F_SETLK, &lock), 0);
  is_text("before-it-is-free", ask(&peer, 'w', 0, 90), "success");
  is_text("told-to-the-end", ask(&peer, 'g', 95, 1), "write 90 0");
  MUST(ftruncate(fd, 1000));
  is_text("also-where-the-file-grows", ask(&peer, 'w', 500, 1), "EAGAIN");
  MUST(lock_range(fd, F_UNLCK, 0, 0));
  is_text("they-unlock", ask(&peer, 'u', 0, 0), "success");
  MUST(lseek(fd, 50, SEEK_SET));
  lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_CUR, .l_start = 0, .l_len = -10};
  gives("negative-length", fcntl(fd, F_SETLK, &lock), 0);
  is_text("is-the-range-before", ask(&peer, 'g', 0, 0), "write 40 10");
  lock = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = -1, .l_len = 1};
  gives("before-the-file", fcntl(fd, F_SETLK, &lock), EINVAL);
  gives("at-the-last-offset", lock_range(fd, F_WRLCK, 0x7fffffffffffffffLL, 1), 0);
  gives("beyond-4-gib", lock_range(fd, F_WRLCK, 0x100000000LL, 5), 0);
  is_text("beyond-4-gib-conflicts", ask(&peer, 'w', 0x100000004LL, 1), "EAGAIN");
  is_text("its-neighbour-does-not", ask(&peer, 'w', 0x100000005LL, 1), "success");
  stop_peer(&peer);
}

CASE(lock, access_modes) {
  make_file("file", 0644, "text");
  int reading = (int)MUST(open("file", O_RDONLY)), writing = (int)MUST(open("file", O_WRONLY));
  gives("write-lock-by-reading-descriptor", lock_range(reading, F_WRLCK, 0, 1), EBADF);
  gives("read-lock-by-writing-descriptor", lock_range(writing, F_RDLCK, 0, 1), EBADF);
  gives("read-lock", lock_range(reading, F_RDLCK, 0, 1), 0);
  gives("write-lock-over-own-read-lock", lock_range(writing, F_WRLCK, 0, 1), 0);
  struct flock lock = {.l_type = 77, .l_whence = SEEK_SET, .l_len = 1};
  gives("no-such-kind", fcntl(writing, F_SETLK, &lock), EINVAL);
}
