/*
 * Attributes set and seen: modes, owners, sizes and times of a file, of many files, and through a descriptor. What was
 * set must be what stat says at once, whatever the client has cached.
 */
#include "../../sandbox.h"

CASE(basic, attributes) {
  make_file("file", 0644, "text");
  int wrong = 0;
  for (mode_t mode = 0; mode <= 0777; mode += 7) {
    MUST(chmod("file", mode));
    wrong += mode_of("file") != mode;
  }
  is("modes", wrong, 0);
  MUST(chmod("file", 0644));
  MUST(chown("file", alice, team));
  is("owner", look("file").st_uid, alice);
  is("group", look("file").st_gid, team);
  for (off_t size = 0; size <= 1 << 20; size = size * 3 + 1) {
    MUST(truncate("file", size));
    wrong += look("file").st_size != size;
  }
  is("sizes", wrong, 0);
  struct timespec times[2] = {{1000000001, 123456789}, {1234567890, 987654321}};
  MUST(utimensat(AT_FDCWD, "file", times, 0));
  is("atime-to-the-nanosecond", compare_times(look("file").st_atim, times[0]), 0);
  is("mtime-to-the-nanosecond", compare_times(look("file").st_mtim, times[1]), 0);
  int fd = (int)MUST(open("file", O_RDWR));
  MUST(fchmod(fd, 0600));
  is_mode("by-descriptor-seen-by-name", mode_of("file"), 0600);
  MUST(chmod("file", 0640));
  is_mode("by-name-seen-by-descriptor", look_fd(fd).st_mode & 07777, 0640);
  close(fd);
}

CASE(basic, attributes_of_many) {
  int count = scaled(40);
  for (int number = 0; number < count; number++) make_file(named("file-%d", number), 0600, "");
  int wrong = 0;
  for (int round = 0; round < 2; round++) {
    for (int number = 0; number < count; number++) wrong += chmod(named("file-%d", number), round ? 0666 : 0444) != 0;
    for (int number = 0; number < count; number++)
      wrong += mode_of(named("file-%d", number)) != (round ? 0666u : 0444u);
  }
  is("modes", wrong, 0);
}
