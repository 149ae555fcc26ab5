/*
 * Mapped files: shared and private, what the other sides see, the end of the file, permissions
 * (POSIX.1-2017, mmap; one client, where they are as coherent as on a local file system).
 */
#include <signal.h>
#include <sys/mman.h>

#include "../sandbox.h"

enum { page = 4096 };

static char *map(int fd, int protection, int flags) { return mmap(NULL, 2 * page, protection, flags, fd, 0); }

CASE(posix, mapping) {
  static char bytes[page + 100];
  memset(bytes, 'x', sizeof bytes);
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0644));
  MUST(write(fd, bytes, sizeof bytes));
  char *shared = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED), *private = map(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  holds("shared", shared != MAP_FAILED);
  holds("private", private != MAP_FAILED);
  is("content", shared[page + 99], 'x');
  is("zeros-behind-the-end", shared[page + 100], 0);
  shared[10] = 's';
  MUST(pread(fd, bytes, 20, 0));
  is("a-store-is-read", bytes[10], 's');
  MUST(pwrite(fd, "w", 1, 11));
  is("a-write-is-loaded", shared[11], 'w');
  private[12] = 'p';
  MUST(pread(fd, bytes, 20, 0));
  is("a-private-store-is-not", bytes[12], 'x');
  gives("msync", msync(shared, page, MS_SYNC), 0);
  gives("msync-async", msync(shared, page, MS_ASYNC), 0);
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) _exit((shared[13] = 'c', private[14] = 'c', 0));
  ended(child);
  is("a-child-shares", shared[13], 'c');
  is("but-what-is-private", private[14], 'x');
  shared[page + 200] = 'b';
  MUST(msync(shared, 2 * page, MS_SYNC));
  is("nothing-is-stored-behind-the-end", look("file").st_size, page + 100);
  close(fd);
  shared[15] = 'l';
  gives("unmap", munmap(shared, 2 * page), 0);
  fd = (int)MUST(open("file", O_RDONLY));
  MUST(pread(fd, bytes, 20, 0));
  is("a-store-after-close-arrives", bytes[15], 'l');
}

CASE(posix, mapping_errors) {
  make_file("file", 0644, "text");
  int reading = (int)MUST(open("file", O_RDONLY)), writing = (int)MUST(open("file", O_WRONLY));
  int both = (int)MUST(open("file", O_RDWR)), directory = (int)MUST(open(".", O_RDONLY));
#define MAPS(fd, protection, flags) (map(fd, protection, flags) == MAP_FAILED ? -1 : 0)
  gives("shared-store-to-a-reader", MAPS(reading, PROT_READ | PROT_WRITE, MAP_SHARED), EACCES);
  gives("private-store-to-a-reader", MAPS(reading, PROT_READ | PROT_WRITE, MAP_PRIVATE), 0);
  gives("of-a-writer", MAPS(writing, PROT_WRITE, MAP_SHARED), EACCES);
  gives("of-a-directory", MAPS(directory, PROT_READ, MAP_SHARED), ENODEV);
  gives("neither-shared-nor-private", MAPS(both, PROT_READ, 0), EINVAL);
  gives("of-no-descriptor", MAPS(999, PROT_READ, MAP_SHARED), EBADF);
  gives("executable", MAPS(both, PROT_READ | PROT_EXEC, MAP_PRIVATE), 0);
  gives("no-length", mmap(NULL, 0, PROT_READ, MAP_SHARED, both, 0) == MAP_FAILED ? -1 : 0, EINVAL);
  gives("offset-within-a-page", mmap(NULL, page, PROT_READ, MAP_SHARED, both, 1) == MAP_FAILED ? -1 : 0, EINVAL);
}

CASE(posix, mapping_changes) {
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0644));
  MUST(ftruncate(fd, 2 * page));
  volatile char *shared = map(fd, PROT_READ | PROT_WRITE, MAP_SHARED);
  shared[page] = 'x';
  MUST(ftruncate(fd, page));
  pid_t child = (pid_t)MUST(fork());
  if (child == 0) _exit(shared[page]);
  is("cut-off", ended(child), 128 + SIGBUS);
  MUST(ftruncate(fd, 2 * page));
  is("grown-again-is-zero", shared[page], 0);
  MUST(unlink("file"));
  shared[0] = 'u';
  is("a-store-after-unlink", (MUST(pread(fd, (char *)&(char[1]){0}, 1, 0)), shared[0]), 'u');
  close(fd);
  is("still-mapped-after-close", shared[0], 'u');
}
