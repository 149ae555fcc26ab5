/*
 * Symbolic links: any text up to 4,095 bytes, how many may be followed, where relative ones start, small buffers
 * (POSIX.1-2017, symlink and readlink; 4.13). Errors by kind of path are in paths.c.
 */
#include "../sandbox.h"

CASE(posix, symlinks) {
  static const int lengths[] = {1, 59, 60, 255, 256, 1023, 1024, 4000, 4095};
  static char text[PATH_MAX + 1], target[PATH_MAX + 2];
  for (size_t at = 0; at < sizeof lengths / sizeof *lengths; at++) {
    memset(target, 't', (size_t)lengths[at]);
    target[lengths[at]] = '\0';
    gives(named("make-of-%d-bytes", lengths[at]), symlink(target, "link"), 0);
    is(named("read-of-%d-bytes", lengths[at]), readlink("link", text, sizeof text), lengths[at]);
    is(named("size-of-%d-bytes", lengths[at]), look("link").st_size, lengths[at]);
    holds(named("text-of-%d-bytes", lengths[at]), memcmp(text, target, (size_t)lengths[at]) == 0);
    MUST(unlink("link"));
  }
  memset(target, 't', 4096);
  target[4096] = '\0';
  gives("of-4096-bytes", symlink(target, "link"), ENAMETOOLONG);
  gives("of-nothing", symlink("", "link"), ENOENT);
  MUST(symlink("to the \xff\x01 moon", "link"));
  is("any-bytes", readlink("link", text, sizeof text), 14);
  is("a-small-buffer-gets-the-start", readlink("link", text, 4), 4);
  holds("which-is", memcmp(text, "to t", 4) == 0);
  gives("no-buffer", readlink("link", text, 0), EINVAL);
  is_mode("mode", mode_of("link"), 0777);
}

CASE(posix, symlinks_followed) {
  make_directory("d", 0755);
  make_directory("d/e", 0755);
  make_file("d/file", 0644, "text");
  MUST(symlink("../file", "d/e/up"));
  is_text("relative-to-where-it-is", text_of("d/e/up"), "text");
  MUST(symlink("e/up", "d/twice"));
  is_text("two-steps", text_of("d/twice"), "text");
  MUST(symlink("d/e/..", "above"));
  is_text("dot-dot-in-the-middle", text_of("above/file"), "text");
  MUST(symlink(".", "here"));
  is_text("in-the-middle-of-a-path", text_of("here/here/d/file"), "text");
  char path[PATH_MAX];
  MUST(getcwd(path, sizeof path - 20) == NULL ? -1 : 0);
  strcat(path, "/d/file");
  MUST(symlink(path, "absolute"));
  is_text("absolute", text_of("absolute"), "text");
  MUST(symlink("d/file", "link-0"));
  for (int at = 1; at <= 41; at++) MUST(symlink(named("link-%d", at - 1), named("link-%d", at)));
  gives("forty", access("link-39", F_OK), 0);
  gives("forty-one", access("link-40", F_OK), ELOOP);
  MUST(symlink("nowhere", "dangling"));
  opens("creating-through-a-dangling-one", open("dangling", O_CREAT | O_WRONLY, 0644), 0);
  is("makes-the-target", exists("nowhere"), 1);
  MUST(symlink("missing/nowhere", "far"));
  opens("whose-directory-is-missing", open("far", O_CREAT | O_WRONLY, 0644), ENOENT);
}
