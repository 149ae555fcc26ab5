/*
 * chmod and chown: bits, set-id bits and who clears them, who may change what (POSIX.1-2017, chmod and chown; Linux clears
 * set-id bits on chown by anybody and on writes by others than root).
 */
#include "../sandbox.h"

CASE(posix, chmod) {
  static const mode_t modes[] = {0, 0001, 0010, 0100, 0222, 0444, 0640, 0777, 01777, 02755, 04755, 06711, 07777, 07000};
  make_file("file", 0644, "");
  make_directory("d", 0755);
  for (size_t at = 0; at < sizeof modes / sizeof *modes; at++) {
    MUST(chmod("file", modes[at]));
    is_mode(named("file-%04o", modes[at]), mode_of("file"), modes[at]);
    MUST(chmod("d", modes[at]));
    is_mode(named("directory-%04o", modes[at]), mode_of("d"), modes[at]);
  }
  MUST(symlink("file", "link"));
  gives("through-a-symlink", chmod("link", 0600), 0);
  is_mode("changes-the-file", mode_of("file"), 0600);
  is_mode("not-the-symlink", mode_of("link"), 0777);
  int fd = (int)MUST(open("file", O_RDONLY));
  gives("by-descriptor", fchmod(fd, 0604), 0);
  is_mode("seen-by-name", mode_of("file"), 0604);
  MUST(unlink("file"));
  gives("of-an-unlinked-file", fchmod(fd, 0640), 0);
  is_mode("which-has-it", look_fd(fd).st_mode & 07777, 0640);
}

CASE(posix, chmod_permissions) {
  MUST(chmod(".", 0777));
  make_file("theirs", 0666, "");
  as_alice();
  make_file("own", 0600, "");
  make_directory("own-directory", 0755);
  gives("own", chmod("own", 0644), 0);
  gives("theirs", chmod("theirs", 0600), EPERM);
  gives("own-set-uid", chmod("own", 04755), 0);
  is_mode("is-set-uid", mode_of("own"), 04755);
  gives("own-set-gid", chmod("own", 02755), 0);
  is_mode("is-set-gid", mode_of("own"), 02755);
  gives("sticky-directory", chmod("own-directory", 01777), 0);
  is_mode("is-sticky", mode_of("own-directory"), 01777);
  as_root();
  MUST(chown("own", alice, crew));
  as_alice();
  gives("set-gid-of-a-foreign-group", chmod("own", 02755), 0);
  is_mode("is-cleared", mode_of("own"), 0755);
  as_bob();
  gives("by-another", chmod("own", 0777), EPERM);
}

CASE(posix, chown) {
  make_file("file", 0644, "");
  gives("owner-and-group", chown("file", alice, team), 0);
  is("owner", look("file").st_uid, alice);
  is("group", look("file").st_gid, team);
  gives("owner-only", chown("file", bob, (gid_t)-1), 0);
  is("group-stays", look("file").st_gid, team);
  gives("group-only", chown("file", (uid_t)-1, crew), 0);
  is("owner-stays", look("file").st_uid, bob);
  MUST(symlink("file", "link"));
  gives("of-the-symlink", lchown("link", alice, alice), 0);
  is("which-has-it", look("link").st_uid, alice);
  is("its-target-has-not", look("file").st_uid, bob);
  gives("large-number", chown("file", 4000000000u, 4000000001u), 0);
  is("is-kept", look("file").st_uid, 4000000000u);
}

CASE(posix, chown_permissions) {
  MUST(chmod(".", 0777));
  make_file("theirs", 0666, "");
  as_alice();
  make_file("own", 0644, "");
  gives("to-another", chown("own", bob, (gid_t)-1), EPERM);
  gives("to-oneself", chown("own", alice, (gid_t)-1), 0);
  gives("to-an-own-group", chown("own", (uid_t)-1, team), 0);
  is("which-it-has", look("own").st_gid, team);
  gives("to-a-foreign-group", chown("own", (uid_t)-1, crew), EPERM);
  gives("theirs", chown("theirs", alice, alice), EPERM);
  gives("theirs-to-nobody-new", chown("theirs", (uid_t)-1, (gid_t)-1), 0);
}

CASE(posix, set_id_bits) {
  MUST(chmod(".", 0777));
  make_file("file", 06777, "text");
  MUST(chown("file", alice, alice));
  is_mode("chown-clears", mode_of("file"), 0777);
  MUST(chmod("file", 06777));
  MUST(chown("file", (uid_t)-1, (gid_t)-1));
  is_mode("chown-to-the-same-clears", mode_of("file"), 0777);
  MUST(chmod("file", 06777));
  as_bob();
  int fd = (int)MUST(open("file", O_WRONLY));
  MUST(write_text(fd, "x"));
  close(fd);
  as_root();
  is_mode("a-write-by-another-clears", mode_of("file"), 0777);
  MUST(chmod("file", 06777));
  as_bob();
  MUST(truncate("file", 1));
  as_root();
  is_mode("a-truncation-by-another-clears", mode_of("file"), 0777);
  MUST(chmod("file", 06777));
  as_bob();
  close((int)MUST(open("file", O_WRONLY | O_TRUNC)));
  as_root();
  is_mode("opening-with-truncation-clears", mode_of("file"), 0777);
  MUST(chmod("file", 06777));
  as_bob();
  close((int)MUST(open("file", O_WRONLY)));
  as_root();
  is_mode("opening-clears-nothing", mode_of("file"), 06777);
  as_alice();
  fd = (int)MUST(open("file", O_WRONLY));
  MUST(write_text(fd, "x"));
  close(fd);
  is_mode("a-write-by-the-owner-clears", mode_of("file"), 0777);
  MUST(chmod("file", 06777));
  MUST(chown("file", alice, team));
  is_mode("a-change-of-group-clears", mode_of("file"), 0777);
  as_root();
  MUST(chmod("file", 06777));
  fd = (int)MUST(open("file", O_WRONLY));
  MUST(write_text(fd, "y"));
  close(fd);
  is_mode("a-write-by-root-clears-nothing", mode_of("file"), 06777);
  make_directory("d", 02775);
  MUST(chown("d", alice, team));
  is_mode("chown-of-a-directory-clears-nothing", mode_of("d"), 02775);
}
