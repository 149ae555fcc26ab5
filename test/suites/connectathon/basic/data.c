/*
 * Data written and read: a file of many transfer sizes, in blocks that divide nothing, checked byte for byte through
 * another descriptor and after the client's cache was dropped (POSIX_FADV_DONTNEED); rewritten in the middle; many small
 * files.
 */
#include "../../sandbox.h"

enum { block = 77777 };

static unsigned char byte_at(off_t offset, unsigned seed) {
  unsigned long long mixed = ((unsigned long long)offset + seed) * 0x9e3779b97f4a7c15u;
  return (unsigned char)(mixed >> 53);
}

static void fill(unsigned char *bytes, size_t length, off_t offset, unsigned seed) {
  for (size_t at = 0; at < length; at++) bytes[at] = byte_at(offset + (off_t)at, seed);
}

/* How many bytes of the file are not what was written. */
static long long wrong_bytes(const char *path, off_t size, off_t changed_from, off_t changed_to) {
  static unsigned char bytes[block];
  int fd = (int)MUST(open(path, O_RDONLY));
  posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  long long wrong = 0;
  off_t offset = 0;
  for (ssize_t length; (length = MUST(read(fd, bytes, sizeof bytes))) > 0; offset += length)
    for (ssize_t at = 0; at < length; at++) {
      off_t place = offset + at;
      wrong += bytes[at] != byte_at(place, place >= changed_from && place < changed_to ? 2 : 1);
    }
  close(fd);
  return wrong + llabs((long long)(size - offset));
}

CASE(basic, data) {
  static unsigned char bytes[block];
  off_t size = scaled(6000000);
  int fd = (int)MUST(open("big", O_CREAT | O_RDWR, 0644));
  for (off_t offset = 0; offset < size;) {
    size_t length = size - offset < block ? (size_t)(size - offset) : block;
    fill(bytes, length, offset, 1);
    offset += MUST(write(fd, bytes, length));
  }
  is("size-before-fsync", look("big").st_size, size);
  gives("fsync", fsync(fd), 0);
  is("size", look("big").st_size, size);
  is("read-back", wrong_bytes("big", size, 0, 0), 0);
  off_t middle = size / 2 - 12345;
  fill(bytes, block, middle, 2);
  is("rewritten-in-the-middle", pwrite(fd, bytes, block, middle), block);
  gives("close", close(fd), 0);
  is("read-back-after-that", wrong_bytes("big", size, middle, middle + block), 0);
  holds("blocks", look("big").st_blocks * 512 >= size);
  MUST(truncate("big", 0));
  is("truncated", look("big").st_size, 0);
  MUST(truncate("big", size));
  fd = (int)MUST(open("big", O_RDONLY));
  is("zeros-after-truncation", pread(fd, bytes, block, middle), block);
  int other = 0;
  for (int at = 0; at < block; at++) other += bytes[at] != 0;
  is("nothing-old-in-the-hole", other, 0);
  close(fd);
}

CASE(basic, small_files) {
  int count = scaled(40), wrong = 0;
  for (int number = 0; number < count; number++) make_file(named("small-%d", number), 0644, named("text %d", number));
  for (int number = 0; number < count; number++)
    wrong += strcmp(text_of(named("small-%d", number)), named("text %d", number)) != 0;
  is("each-has-its-text", wrong, 0);
}
