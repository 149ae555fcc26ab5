/*
 * Holes and large offsets: data around 2 and 4 GiB and far beyond must be where it was written, with zeros between,
 * and sizes of more than 32 bits must come back whole. A file with holes takes little space.
 */
#include "../../sandbox.h"

CASE(special, large_offsets) {
  static const long long places[] = {0x7fffffffLL - 4, 0xffffffffLL - 20, 0x100000000LL, 0x1234567890LL};
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0600));
  char text[30];
  for (size_t at = 0; at < sizeof places / sizeof *places; at++) {
    snprintf(text, sizeof text, "at %llx", places[at]);
    ssize_t length = (ssize_t)strlen(text);
    is(named("write-at-%llx", places[at]), pwrite(fd, text, (size_t)length, places[at]), length);
    is(named("size-at-%llx", places[at]), look("file").st_size, places[at] + length);
  }
  MUST(fsync(fd));
  close(fd);
  fd = (int)MUST(open("file", O_RDONLY));
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  for (size_t at = 0; at < sizeof places / sizeof *places; at++) {
    char want[30];
    memset(text, 0, sizeof text);
    snprintf(want, sizeof want, "at %llx", places[at]);
    MUST(pread(fd, text, strlen(want), places[at]));
    is_text(named("read-at-%llx", places[at]), text, want);
  }
  is("hole-reads-as-zeros", pread(fd, text, 10, 0x40000000), 10);
  holds("all-zeros", memcmp(text, "\0\0\0\0\0\0\0\0\0\0", 10) == 0);
  is("seek-beyond-4-gib", lseek(fd, 0x1234567893LL, SEEK_SET), 0x1234567893LL);
  is("read-there", read(fd, text, 4), 4);
  holds("holes-take-no-space", look_fd(fd).st_blocks * 512LL < 2 << 20);
  close(fd);
  gives("truncate-above-4-gib", truncate("file", 0x1f0000001LL), 0);
  is("size-after-that", look("file").st_size, 0x1f0000001LL);
}

CASE(special, holes) {
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0600));
  char bytes[3 * 4096];
  MUST(pwrite(fd, "end", 3, 1 << 20));
  memset(bytes, 'x', sizeof bytes);
  is("read-the-hole", pread(fd, bytes, sizeof bytes, 5000), sizeof bytes);
  int other = 0;
  for (size_t at = 0; at < sizeof bytes; at++) other += bytes[at] != 0;
  is("zeros", other, 0);
  MUST(pwrite(fd, "middle", 6, 300000));
  is("across-hole-and-data", pread(fd, bytes, 20, 299990), 20);
  holds("zeros-before", memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0middle\0\0\0\0", 20) == 0);
  MUST(ftruncate(fd, 300003));
  MUST(ftruncate(fd, 300020));
  is("cut-and-grown", pread(fd, bytes, 100, 299990), 30);
  holds("cut-data-stays-cut", memcmp(bytes, "\0\0\0\0\0\0\0\0\0\0mid\0\0\0\0\0\0\0", 20) == 0);
  close(fd);
}
