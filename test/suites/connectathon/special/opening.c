/*
 * Opening: exclusive creation (of many processes one wins), writing through a descriptor whose file forbids it by now,
 * a file created read-only and written (git does this), non-blocking opens, truncation on open, reopening what somebody
 * else has open.
 */
#include "../../sandbox.h"

CASE(special, exclusive) {
  enum { processes = 4, names = 8 };
  pid_t children[processes];
  for (int number = 0; number < processes; number++) {
    children[number] = (pid_t)MUST(fork());
    if (children[number] != 0) continue;
    int won = 0;
    for (int name = 0; name < names; name++) won += open(named("name-%d", name), O_CREAT | O_EXCL | O_WRONLY, 0400) >= 0;
    _exit(won);
  }
  int won = 0;
  for (int number = 0; number < processes; number++) won += ended(children[number]);
  is("each-name-was-won-once", won, names);
  is_mode("mode-as-asked", mode_of("name-0"), 0400);
  opens("again", open("name-0", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
  opens("without-excl", open("name-0", O_CREAT | O_RDWR, 0600), 0);
}

CASE(special, modes) {
  MUST(chmod(".", 0777));
  as_alice();
  int fd = open("read-only", O_CREAT | O_RDWR, 0444);
  gives("created-0444-for-writing", fd, 0);
  is("and-written", write_text(fd, "text"), 4);
  gives("and-synced", fsync(fd), 0);
  gives("and-closed", close(fd), 0);
  is_text("and-read", text_of("read-only"), "text");
  opens("not-opened-for-writing-again", open("read-only", O_WRONLY), EACCES);
  opens("nor-truncated", open("read-only", O_RDONLY | O_TRUNC), EACCES);
  fd = open("write-only", O_CREAT | O_RDWR, 0222);
  gives("created-0222-for-reading", fd, 0);
  MUST(write_text(fd, "text"));
  char text[10] = "";
  is("and-read-back", pread(fd, text, sizeof text, 0), 4);
  close(fd);
  opens("not-opened-for-reading-again", open("write-only", O_RDONLY), EACCES);
  opens("opened-for-writing-only", open("write-only", O_WRONLY), 0);
  opens("nor-both", open("write-only", O_RDWR), EACCES);
  fd = (int)MUST(open("changing", O_CREAT | O_RDWR, 0600));
  MUST(write_text(fd, "before"));
  MUST(chmod("changing", 0));
  is("written-after-chmod-0", write_text(fd, " after"), 6);
  is("read-after-chmod-0", pread(fd, text, 6, 0), 6);
  gives("closed-after-chmod-0", close(fd), 0);
  MUST(chmod("changing", 0600));
  is_text("all-of-it-arrived", text_of("changing"), "before after");
}

CASE(special, opening) {
  make_file("file", 0644, "some text");
  int reader = (int)MUST(open("file", O_RDONLY | O_NONBLOCK));
  char text[20] = "";
  is("nonblocking-read", read(reader, text, 4), 4);
  opens("truncated-by-another", open("file", O_WRONLY | O_TRUNC | O_NONBLOCK), 0);
  is("the-reader-sees-the-end", read(reader, text, 4), 0);
  int writer = (int)MUST(open("file", O_WRONLY));
  MUST(write_text(writer, "fresh text"));
  is("the-reader-sees-what-is-written", pread(reader, text, 5, 0), 5);
  is_text("as-it-is", text, "fresh");
  close(writer);
  opens("through-proc", open(named("/proc/self/fd/%d", reader), O_RDWR), 0);
  close(reader);
  make_fifo("fifo");
  opens("fifo-without-reader", open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
  opens("fifo-for-reading", open("fifo", O_RDONLY | O_NONBLOCK), 0);
}
