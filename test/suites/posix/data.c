/*
 * read, write and their kin at the edges: ends of files, nothing to transfer, holes, positions, vectors, bad arguments,
 * the file size limit (POSIX.1-2017, read, write, lseek; Linux's SEEK_DATA and SEEK_HOLE, copy_file_range, fallocate).
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/uio.h>

#include "../sandbox.h"

/* Volatile: the compiler refuses what is wrong on purpose. */
static void *volatile bad_address = (void *)1;
static volatile int too_many_parts = IOV_MAX + 1;

CASE(posix, read) {
  char text[20] = "";
  make_file("file", 0644, "0123456789");
  int fd = (int)MUST(open("file", O_RDONLY)), directory = (int)MUST(open(".", O_RDONLY));
  is("less-than-asked-at-the-end", read(fd, text, sizeof text), 10);
  is("at-the-end", read(fd, text, 1), 0);
  is("position-at-the-end", lseek(fd, 0, SEEK_CUR), 10);
  is("nothing", read(fd, text, 0), 0);
  is("pread", pread(fd, text, 3, 4), 3);
  holds("pread-content", memcmp(text, "456", 3) == 0);
  is("pread-leaves-the-position", lseek(fd, 0, SEEK_CUR), 10);
  is("pread-across-the-end", pread(fd, text, 10, 8), 2);
  is("pread-beyond-the-end", pread(fd, text, 10, 1000), 0);
  is("pread-far-beyond", pread(fd, text, 10, 0x7fffffffffff0000LL), 0);
  gives("pread-negative", pread(fd, text, 1, -1), EINVAL);
  gives("directory", read(directory, text, 1), EISDIR);
  gives("bad-buffer", pread(fd, bad_address, 1, 0), EFAULT);
  char first[3], second[5];
  struct iovec parts[2] = {{first, 3}, {second, 5}};
  is("readv", (lseek(fd, 1, SEEK_SET), readv(fd, parts, 2)), 8);
  holds("readv-content", memcmp(first, "123", 3) == 0 && memcmp(second, "45678", 5) == 0);
  is("preadv", preadv(fd, parts, 2, 5), 5);
  gives("readv-too-many", readv(fd, parts, too_many_parts), EINVAL);
  is("readv-none", readv(fd, parts, 0), 0);
  int copy = dup(fd);
  lseek(fd, 4, SEEK_SET);
  is("a-duplicate-shares-the-position", lseek(copy, 0, SEEK_CUR), 4);
  int other = open("file", O_RDONLY);
  is("another-open-does-not", lseek(other, 0, SEEK_CUR), 0);
}

CASE(posix, write) {
  char text[20] = "";
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0644));
  is("nothing", write(fd, text, 0), 0);
  is("leaves-it-empty", look("file").st_size, 0);
  is("write", write_text(fd, "0123456789"), 10);
  is("position", lseek(fd, 0, SEEK_CUR), 10);
  is("pwrite", pwrite(fd, "ab", 2, 3), 2);
  is("pwrite-leaves-the-position", lseek(fd, 0, SEEK_CUR), 10);
  is_text("content", text_of("file"), "012ab56789");
  is("beyond-the-end", pwrite(fd, "z", 1, 15), 1);
  is("makes-it-longer", look_fd(fd).st_size, 16);
  is("read-the-gap", pread(fd, text, 6, 10), 6);
  holds("zeros-in-the-gap", memcmp(text, "\0\0\0\0\0z", 6) == 0);
  gives("pwrite-negative", pwrite(fd, "x", 1, -1), EINVAL);
  gives("bad-buffer", write(fd, bad_address, 1), EFAULT);
  struct iovec parts[2] = {{"one", 3}, {"three", 5}};
  is("writev", (lseek(fd, 0, SEEK_SET), writev(fd, parts, 2)), 8);
  holds("writev-content", strncmp(text_of("file"), "onethree", 8) == 0);
  is("pwritev", pwritev(fd, parts, 2, 8), 8);
  gives("writev-too-many", writev(fd, parts, too_many_parts), EINVAL);
  gives("at-the-largest-offset", pwrite(fd, "x", 1, 0x7ffffffffffffffeLL), EFBIG);
  is("size-after-all", look_fd(fd).st_size, 16);
  MUST(symlink("file", "link"));
  int through = open("link", O_WRONLY);
  is("through-a-link", write_text(through, "LINK"), 4);
  holds("arrives-in-the-file", strncmp(text_of("file"), "LINK", 4) == 0);
}

CASE(posix, seek) {
  make_file("file", 0644, "0123456789");
  int fd = (int)MUST(open("file", O_RDWR));
  is("set", lseek(fd, 4, SEEK_SET), 4);
  is("current", lseek(fd, 3, SEEK_CUR), 7);
  is("backwards", lseek(fd, -2, SEEK_CUR), 5);
  is("end", lseek(fd, 0, SEEK_END), 10);
  is("before-the-end", lseek(fd, -4, SEEK_END), 6);
  is("beyond-the-end", lseek(fd, 100, SEEK_END), 110);
  is("which-changes-no-size", look_fd(fd).st_size, 10);
  gives("before-the-start", lseek(fd, -1, SEEK_SET), EINVAL);
  gives("before-the-start-from-the-end", lseek(fd, -11, SEEK_END), EINVAL);
  is("a-failure-leaves-the-position", lseek(fd, 0, SEEK_CUR), 110);
  gives("no-such-whence", lseek(fd, 0, 77), EINVAL);
  int ends[2];
  MUST(pipe(ends));
  gives("of-a-pipe", lseek(ends[0], 0, SEEK_SET), ESPIPE);
  is("end-after-growth", (MUST(pwrite(fd, "x", 1, 20)), lseek(fd, 0, SEEK_END)), 21);
}

CASE(posix, seek_data) {
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0644));
  static char bytes[65536];
  memset(bytes, 'x', sizeof bytes);
  MUST(pwrite(fd, bytes, sizeof bytes, 0));
  MUST(fsync(fd));
  is("data-in-a-full-file", lseek(fd, 100, SEEK_DATA), 100);
  is("hole-in-a-full-file", lseek(fd, 100, SEEK_HOLE), 65536);
  gives("data-at-the-end", lseek(fd, 65536, SEEK_DATA), ENXIO);
  gives("hole-at-the-end", lseek(fd, 65536, SEEK_HOLE), ENXIO);
  gives("data-beyond", lseek(fd, 100000, SEEK_DATA), ENXIO);
  MUST(ftruncate(fd, 0));
  MUST(pwrite(fd, bytes, sizeof bytes, 1 << 20));
  MUST(fsync(fd));
  is("data-after-a-hole", lseek(fd, 0, SEEK_DATA), 1 << 20);
  is("a-hole-at-the-start", lseek(fd, 0, SEEK_HOLE), 0);
}

static void limit_size(rlim_t bytes) { MUST(setrlimit(RLIMIT_FSIZE, &(struct rlimit){bytes, RLIM_INFINITY})); }

/* The limit is lifted before its outcome is printed: standard output may be a file. */
#define LIMITED(call)          \
  ({                           \
    limit_size(100);           \
    long long result_ = (call); \
    int number_ = errno;       \
    limit_size(RLIM_INFINITY); \
    errno = number_;           \
    result_;                   \
  })

CASE(posix, size_limit) {
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0644));
  static char bytes[200];
  signal(SIGXFSZ, SIG_IGN);
  is("write-up-to-it", LIMITED(write(fd, bytes, sizeof bytes)), 100);
  gives("write-beyond", LIMITED(write(fd, bytes, 1)), EFBIG);
  gives("truncate-beyond", LIMITED(ftruncate(fd, 101)), EFBIG);
  gives("truncate-below", LIMITED(ftruncate(fd, 10)), 0);
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) {
    signal(SIGXFSZ, SIG_DFL);
    limit_size(100);
    _exit(pwrite(fd, bytes, 1, 100) == 1 ? 0 : 1);
  }
  is("a-signal-for-who-does-not-ignore-it", ended(child), 128 + SIGXFSZ);
}

CASE(posix, copy) {
  make_file("from", 0644, "0123456789");
  int from = (int)MUST(open("from", O_RDONLY)), to = (int)MUST(open("to", O_CREAT | O_RDWR, 0644));
  off_t offset = 2;
  is("sendfile", sendfile(to, from, &offset, 5), 5);
  is_text("sendfile-content", text_of("to"), "23456");
  is("sendfile-offset", offset, 7);
  off_t start = 1, end = 10;
  is("copy-file-range", copy_file_range(from, &start, to, &end, 4, 0), 4);
  is("copy-file-range-size", look("to").st_size, 14);
  char text[4];
  MUST(pread(to, text, 4, 10));
  holds("copy-file-range-content", memcmp(text, "1234", 4) == 0);
  start = 1000;
  is("copy-file-range-at-the-end", copy_file_range(from, &start, to, &end, 4, 0), 0);
  gives("copy-file-range-flags", copy_file_range(from, NULL, to, NULL, 4, 1), EINVAL);
  gives("copy-file-range-to-a-reader", copy_file_range(to, NULL, from, NULL, 4, 0), EBADF);
  int directory = (int)MUST(open(".", O_RDONLY));
  gives("copy-file-range-of-a-directory", copy_file_range(directory, NULL, to, NULL, 4, 0), EISDIR);
}

CASE(posix, allocate) {
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0644));
  int result = fallocate(fd, 0, 0, 100000);
  gives("fallocate", result, 0);
  is("posix-fallocate", posix_fallocate(fd, 0, 100000), 0);
  is("its-size", look_fd(fd).st_size, 100000);
  MUST(pwrite(fd, "text", 4, 8192));
  gives("punch-hole", fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 8192, 4096), 0);
  gives("keep-size", fallocate(fd, FALLOC_FL_KEEP_SIZE, 100000, 100000), 0);
  gives("negative", fallocate(fd, 0, -1, 10), EINVAL);
  gives("no-length", fallocate(fd, 0, 0, 0), EINVAL);
  is("advice", posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL), 0);
  is("wrong-advice", posix_fadvise(fd, 0, 0, 77), EINVAL);
  gives("sync-file-range", sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE), 0);
  gives("readahead", readahead(fd, 0, 4096), 0);
}
