/*
 * Link counts, hard links and removal: what counts, what is the same file, what a removed file is to those who have it
 * open (POSIX.1-2017, link and unlink). Errors by kind of path are in paths.c.
 */
#include "../sandbox.h"

CASE(posix, links) {
  make_file("file", 0640, "text");
  gives("link", link("file", "second"), 0);
  is("both-count", (long long)look("file").st_nlink, 2);
  is("one-file", look("file").st_ino == look("second").st_ino, 1);
  is_text("one-text", text_of("second"), "text");
  MUST(chmod("second", 0600));
  is_mode("one-mode", mode_of("file"), 0600);
  gives("unlink-the-first", unlink("file"), 0);
  is("one-is-left", (long long)look("second").st_nlink, 1);
  is_text("with-its-text", text_of("second"), "text");
  gives("onto-itself", link("second", "second"), EEXIST);
  MUST(symlink("second", "symlink"));
  gives("to-a-symlink", link("symlink", "hard-symlink"), 0);
  is("is-one-to-the-symlink-itself", look("hard-symlink").st_ino == look("symlink").st_ino, 1);
  gives("following", linkat(AT_FDCWD, "symlink", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW), 0);
  is("is-one-to-the-file", look("followed").st_ino == look("second").st_ino, 1);
  make_fifo("fifo");
  gives("to-a-fifo", link("fifo", "fifo-too"), 0);
  is("fifo-links", (long long)look("fifo").st_nlink, 2);
  make_directory("d", 0755);
  gives("into-a-directory", link("second", "d/third"), 0);
  is("links-everywhere", (long long)look("second").st_nlink, 3);
  for (int at = 0; at < 20; at++) MUST(link("second", named("d/%d", at)));
  is("many", (long long)look("second").st_nlink, 23);
  gives("no-such-flag", linkat(AT_FDCWD, "second", AT_FDCWD, "x", 0x8000), EINVAL);
}

CASE(posix, unlinked) {
  make_file("file", 0640, "text");
  int fd = (int)MUST(open("file", O_RDWR));
  gives("unlink", unlink("file"), 0);
  is("links-of-the-open-file", (long long)look_fd(fd).st_nlink, 0);
  gives("again", unlink("file"), ENOENT);
  is("still-readable", read(fd, (char[10]){0}, 10), 4);
  gives("its-directory-can-go", (make_directory("d", 0755), close(open("d/file", O_CREAT | O_RDWR, 0600)),
                                unlink("d/file"), rmdir("d")), 0);
  make_directory("e", 0755);
  int held = (int)MUST(open("e/file", O_CREAT | O_RDWR, 0600));
  MUST(unlink("e/file"));
  gives("its-directory-while-open", rmdir("e"), 0);
  close(held);
  gives("its-directory-after-close", exists("e") ? rmdir("e") : 0, 0);
}

CASE(posix, directory_links) {
  make_directory("d", 0755);
  is("empty", (long long)look("d").st_nlink, 2);
  make_directory("d/one", 0755);
  make_directory("d/two", 0755);
  is("two-children", (long long)look("d").st_nlink, 4);
  make_file("d/file", 0644, "");
  is("a-file-counts-not", (long long)look("d").st_nlink, 4);
  MUST(rename("d/one", "moved"));
  is("one-moved-away", (long long)look("d").st_nlink, 3);
  MUST(rmdir("d/two"));
  is("one-removed", (long long)look("d").st_nlink, 2);
  MUST(rename("moved", "d/back"));
  is("one-moved-in", (long long)look("d").st_nlink, 3);
}
