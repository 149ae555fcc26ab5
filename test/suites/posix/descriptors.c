/* Descriptors: fcntl's small commands, duplicates, flags that stay with the file or the descriptor, ioctls. */
#include <poll.h>
#include <sys/ioctl.h>

#include "../sandbox.h"

CASE(posix, descriptors) {
  make_file("file", 0644, "0123456789");
  int fd = (int)MUST(open("file", O_RDWR | O_APPEND));
  is("flags", fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND), O_RDWR | O_APPEND);
  gives("set-nonblocking", fcntl(fd, F_SETFL, O_NONBLOCK), 0);
  is("append-is-gone", fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK), O_NONBLOCK);
  is("not-close-on-exec", fcntl(fd, F_GETFD), 0);
  gives("set-close-on-exec", fcntl(fd, F_SETFD, FD_CLOEXEC), 0);
  int copy = fcntl(fd, F_DUPFD, 50);
  is("duplicate-from-50", copy, 50);
  is("without-close-on-exec", fcntl(copy, F_GETFD), 0);
  is("shares-the-flags", fcntl(copy, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
  lseek(copy, 5, SEEK_SET);
  is("shares-the-position", lseek(fd, 0, SEEK_CUR), 5);
  gives("duplicate-of-none", dup(999), EBADF);
  struct pollfd poller = {.fd = fd, .events = POLLIN | POLLOUT};
  is("poll", poll(&poller, 1, 0), 1);
  is("always-ready", poller.revents, POLLIN | POLLOUT);
  int left = -1;
  gives("bytes-to-read", ioctl(fd, FIONREAD, &left), 0);
  is("are", left, 5);
  gives("terminal-control", ioctl(fd, TIOCGWINSZ, &(struct winsize){0}), ENOTTY);
  is("isatty", isatty(fd), 0);
  struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
  gives("no-lock-in-the-way", fcntl(fd, F_GETLK, &lock), 0);
  is("unlocked", lock.l_type, F_UNLCK);
  gives("open-file-description-lock", fcntl(fd, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK, .l_len = 1}), 0);
  int other = (int)MUST(open("file", O_RDWR));
  gives("conflicts-with-another-open", fcntl(other, F_OFD_SETLK, &(struct flock){.l_type = F_WRLCK, .l_len = 1}), EAGAIN);
  gives("fsync-of-a-directory", fsync((int)MUST(open(".", O_RDONLY))), 0);
  gives("syncfs", syncfs(fd), 0);
}

CASE(posix, fifo) {
  char text[10] = "";
  make_fifo("fifo");
  int reader = (int)MUST(open("fifo", O_RDONLY | O_NONBLOCK));
  int writer = (int)MUST(open("fifo", O_WRONLY | O_NONBLOCK));
  gives("nothing-to-read-yet", read(reader, text, sizeof text), EAGAIN);
  is("write", write_text(writer, "through"), 7);
  is("read", read(reader, text, sizeof text), 7);
  is_text("content", text, "through");
  is("size", look("fifo").st_size, 0);
  close(writer);
  is("end-when-the-writer-closes", read(reader, text, sizeof text), 0);
  gives("seek", lseek(reader, 0, SEEK_SET), ESPIPE);
  gives("sync", fsync(reader), EINVAL);
  gives("unlink-while-open", unlink("fifo"), 0);
}
