/*
 * truncate and ftruncate: sizes, what stays and what is zero, times, set-id bits, permissions (POSIX.1-2017).
 */
#include "../sandbox.h"

CASE(posix, truncate) {
  char text[10];
  make_file("file", 0644, "0123456789");
  gives("shorter", truncate("file", 4), 0);
  is_text("keeps-the-start", text_of("file"), "0123");
  gives("longer", truncate("file", 8), 0);
  int fd = (int)MUST(open("file", O_RDWR));
  is("its-size", look("file").st_size, 8);
  is("read", read(fd, text, sizeof text), 8);
  holds("zeros-and-nothing-old", memcmp(text, "0123\0\0\0\0", 8) == 0);
  gives("ftruncate", ftruncate(fd, 2), 0);
  is("seen-by-name", look("file").st_size, 2);
  is("position-stays", lseek(fd, 0, SEEK_CUR), 8);
  MUST(write_text(fd, "x"));
  is("a-write-there-makes-a-hole", look("file").st_size, 9);
  gives("same-size", truncate("file", 9), 0);
  gives("negative", truncate("file", -1), EINVAL);
  gives("ftruncate-negative", ftruncate(fd, -1), EINVAL);
  gives("beyond-what-files-may-be", truncate("file", 0x7fffffffffffffffLL), EFBIG);
  is("size-after-that", look("file").st_size, 9);
  int directory = (int)MUST(open(".", O_RDONLY));
  gives("ftruncate-of-a-directory", ftruncate(directory, 0), EINVAL);
  MUST(unlink("file"));
  gives("unlinked", ftruncate(fd, 100), 0);
  is("its-new-size", look_fd(fd).st_size, 100);
}

CASE(posix, truncate_permissions) {
  MUST(chmod(".", 0777));
  make_file("theirs", 0644, "text");
  make_file("open-to-all", 0666, "text");
  as_alice();
  gives("no-write-permission", truncate("theirs", 0), EACCES);
  is("changes-nothing", look("theirs").st_size, 4);
  gives("write-permission", truncate("open-to-all", 0), 0);
  make_file("own", 0400, "text");
  gives("own-read-only", truncate("own", 0), EACCES);
  MUST(chmod("own", 0200));
  gives("own-write-only", truncate("own", 0), 0);
}
