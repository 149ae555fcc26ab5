/*
 * open: what its flags do (POSIX.1-2017, open; Linux's O_PATH, O_TMPFILE, O_DIRECT and O_NOATIME), the mode of what it
 * creates, and what a descriptor may do afterwards.
 */
#include "../sandbox.h"

CASE(posix, open_modes) {
  static const mode_t masks[] = {0, 022, 027, 077, 0777}, asked[] = {0, 0400, 0644, 0666, 0777};
  for (size_t mask = 0; mask < 5; mask++) {
    umask(masks[mask]);
    for (size_t at = 0; at < 5; at++) {
      int fd = open("file", O_CREAT | O_EXCL | O_RDWR, asked[at]);
      is_mode(named("open-%04o-umask-%04o", asked[at], masks[mask]), look_fd(fd).st_mode & 07777, asked[at] & ~masks[mask]);
      close(fd);
      unlink("file");
    }
    mkdir("d", 0777);
    is_mode(named("mkdir-0777-umask-%04o", masks[mask]), mode_of("d"), 0777 & ~masks[mask]);
    rmdir("d");
    mkfifo("fifo", 0666);
    is_mode(named("mkfifo-0666-umask-%04o", masks[mask]), mode_of("fifo"), 0666 & ~masks[mask]);
    unlink("fifo");
  }
  umask(0);
  close(open("file", O_CREAT | O_RDWR, 06755));
  is_mode("open-06755", mode_of("file"), 06755);
  close(open("file", O_CREAT | O_RDWR, 0600));
  is_mode("open-of-what-exists-leaves-the-mode", mode_of("file"), 06755);
  MUST(mkdir("d", 01777));
  is_mode("mkdir-01777", mode_of("d"), 01777);
}

CASE(posix, open_flags) {
  char text[20] = "";
  make_file("file", 0644, "0123456789");
  int fd = (int)MUST(open("file", O_WRONLY | O_APPEND));
  is("append-ignores-the-position", lseek(fd, 2, SEEK_SET), 2);
  MUST(write_text(fd, "ab"));
  is_text("append", text_of("file"), "0123456789ab");
  is("append-moves-the-position", lseek(fd, 0, SEEK_CUR), 12);
  MUST(pwrite(fd, "cd", 2, 0));
  is_text("append-and-pwrite", text_of("file"), "0123456789abcd");
  MUST(fcntl(fd, F_SETFL, 0));
  MUST(pwrite(fd, "XY", 2, 0));
  is_text("append-taken-away", text_of("file"), "XY23456789abcd");
  int other = (int)MUST(open("file", O_WRONLY | O_APPEND));
  MUST(fcntl(fd, F_SETFL, O_APPEND));
  for (int at = 0; at < 3; at++) MUST(write_text(at % 2 ? other : fd, named("%d", at)));
  is_text("append-by-two", text_of("file"), "XY23456789abcd012");
  close(fd);
  close(other);
  opens("read-and-trunc", open("file", O_RDONLY | O_TRUNC), 0);
  is("which-truncates", look("file").st_size, 0);
  make_file("file", 0644, "text");
  opens("creat-of-what-exists", open("file", O_CREAT | O_RDWR, 0600), 0);
  is("keeps-the-size", look("file").st_size, 4);
  opens("creat-call", creat("file", 0600), 0);
  is("which-truncates-too", look("file").st_size, 0);
  opens("trunc-of-a-fifo", (make_fifo("fifo"), open("fifo", O_RDWR | O_TRUNC)), 0);
  opens("excl-without-creat", open("file", O_RDONLY | O_EXCL), 0);
  opens("nofollow-of-a-file", open("file", O_RDONLY | O_NOFOLLOW), 0);
  opens("cloexec", open("file", O_RDONLY | O_CLOEXEC), 0);
  fd = open("file", O_RDWR | O_SYNC);
  is("sync-write", write_text(fd, "sync"), 4);
  close(fd);
  fd = open("file", O_RDWR | O_DSYNC | O_APPEND);
  is("dsync-write", write_text(fd, "dsync"), 5);
  close(fd);
  is_text("both-arrived", text_of("file"), "syncdsync");
  fd = open("file", O_PATH);
  gives("path-only", fd, 0);
  gives("path-only-read", read(fd, text, 1), EBADF);
  gives("path-only-write", write(fd, text, 1), EBADF);
  gives("path-only-fchmod", fchmod(fd, 0600), EBADF);
  is("path-only-fstat", look_fd(fd).st_size, 9);
  close(fd);
  symlink("file", "link");
  fd = open("link", O_PATH | O_NOFOLLOW);
  is("path-only-of-a-link", S_ISLNK(look_fd(fd).st_mode), 1);
  is("its-readlinkat", readlinkat(fd, "", text, sizeof text), 4);
  close(fd);
}

CASE(posix, open_access) {
  char byte = 0;
  make_file("file", 0644, "text");
  int reading = (int)MUST(open("file", O_RDONLY)), writing = (int)MUST(open("file", O_WRONLY));
  gives("write-to-a-reader", write(reading, &byte, 1), EBADF);
  gives("read-from-a-writer", read(writing, &byte, 1), EBADF);
  gives("pwrite-to-a-reader", pwrite(reading, &byte, 1, 0), EBADF);
  gives("pread-from-a-writer", pread(writing, &byte, 1, 0), EBADF);
  gives("ftruncate-of-a-reader", ftruncate(reading, 0), EINVAL);
  gives("fallocate-of-a-reader", fallocate(reading, 0, 0, 10), EBADF);
  gives("fchmod-of-a-reader", fchmod(reading, 0600), 0);
  gives("fchown-of-a-reader", fchown(reading, alice, alice), 0);
  gives("futimens-of-a-reader", futimens(reading, NULL), 0);
  gives("fsync-of-a-reader", fsync(reading), 0);
  gives("fdatasync-of-a-writer", fdatasync(writing), 0);
  is("flags-of-a-reader", fcntl(reading, F_GETFL) & O_ACCMODE, O_RDONLY);
  is("flags-of-a-writer", fcntl(writing, F_GETFL) & O_ACCMODE, O_WRONLY);
  close(reading);
  gives("read-closed", read(reading, &byte, 1), EBADF);
  gives("write-closed", write(reading, &byte, 1), EBADF);
  gives("fstat-closed", fstat(reading, &(struct stat){0}), EBADF);
  gives("fsync-closed", fsync(reading), EBADF);
  gives("ftruncate-closed", ftruncate(reading, 0), EBADF);
  gives("fchmod-closed", fchmod(reading, 0), EBADF);
  gives("lseek-closed", lseek(reading, 0, SEEK_SET), EBADF);
  gives("close-closed", close(reading), EBADF);
}

CASE(posix, open_without_name) {
  int fd = open(".", O_TMPFILE | O_RDWR, 0600);
  gives("tmpfile", fd, 0);
  if (fd < 0) return;
  is("links", (long long)look_fd(fd).st_nlink, 0);
  is("write", write_text(fd, "text"), 4);
  gives("link", linkat(AT_FDCWD, named("/proc/self/fd/%d", fd), AT_FDCWD, "file", AT_SYMLINK_FOLLOW), 0);
  is_text("has-its-text", text_of("file"), "text");
  close(fd);
}

CASE(posix, open_direct) {
  static char bytes[8192] __attribute__((aligned(4096)));
  memset(bytes, 'd', sizeof bytes);
  int fd = open("file", O_CREAT | O_RDWR | O_DIRECT, 0600);
  gives("open", fd, 0);
  if (fd < 0) return;
  is("aligned-write", write(fd, bytes, 8192), 8192);
  memset(bytes, 0, sizeof bytes);
  is("aligned-read", pread(fd, bytes, 4096, 4096), 4096);
  is("content", bytes[4095], 'd');
  is("read-at-the-end", pread(fd, bytes, 4096, 8192), 0);
  gives("write-at-offset-7", pwrite(fd, bytes, 4096, 7), EINVAL);
  close(fd);
}

CASE(posix, open_noatime) {
  MUST(chmod(".", 0777));
  make_file("file", 0644, "text");
  opens("root", open("file", O_RDONLY | O_NOATIME), 0);
  as_alice();
  opens("not-the-owner", open("file", O_RDONLY | O_NOATIME), EPERM);
  close((int)MUST(open("own", O_CREAT | O_RDWR, 0600)));
  opens("the-owner", open("own", O_RDONLY | O_NOATIME), 0);
}
