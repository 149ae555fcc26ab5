/*
 * Who may do what, asked of the file system and not of access alone: each class of user (owner, group, supplementary
 * group, others, root) against each permission bit of files and directories; the first class that fits decides, even if
 * it allows less (POSIX.1-2017, 4.5). Sticky directories; access and faccessat with real and effective users.
 */
#include <sys/syscall.h>

#include "../sandbox.h"

/* Files belong to alice and the group `team`. */
static const struct {
  const char *name;
  uid_t uid;
  gid_t gid, group;
  int shift; /* which bits decide */
} people[] = {{"owner", alice, alice, alice, 6},
              {"owner-in-the-group", alice, team, team, 6},
              {"group", bob, team, bob, 3},
              {"supplementary-group", bob, bob, team, 3},
              {"other", bob, bob, crew, 0}};
enum { people_count = 5 };

static void make_theirs(const char *path, int is_directory) {
  if (is_directory)
    make_directory(path, 0777);
  else
    make_file(path, 0777, "#!/bin/sh\n");
  MUST(chown(path, alice, team));
}

/* As root again, with errno as it was. */
static long long and_back(long long result) {
  int number = errno;
  as_root();
  errno = number;
  return result;
}

static void be(int who) { as_user(people[who].uid, people[who].gid, people[who].group); }

CASE(posix, file_permissions) {
  static const char *const letters = "xwr";
  make_theirs("file", 0);
  for (int who = 0; who < people_count; who++) {
    for (int bit = 0; bit < 3; bit++) {
      for (int allowed = 0; allowed < 2; allowed++) {
        mode_t only = (mode_t)(1 << bit) << people[who].shift;
        MUST(chmod("file", allowed ? only : 0777 & ~only));
        const char *name = named("%s-%c-%s", people[who].name, letters[bit], allowed ? "alone" : "missing");
        be(who);
        if (bit == 0)
          gives(name, and_back(access("file", X_OK)), allowed ? 0 : EACCES);
        else
          opens(name, (int)and_back(open("file", bit == 1 ? O_WRONLY : O_RDONLY)), allowed ? 0 : EACCES);
      }
    }
  }
  MUST(chmod("file", 0));
  opens("root-reads-anything", open("file", O_RDONLY), 0);
  opens("root-writes-anything", open("file", O_WRONLY), 0);
  gives("root-executes-only-with-some-x", access("file", X_OK), EACCES);
}

CASE(posix, directory_permissions) {
  make_theirs("d", 1);
  make_file("d/file", 0666, "");
  for (int who = 0; who < people_count; who++) {
    int shift = people[who].shift;
    const char *name = people[who].name;
    MUST(chmod("d", 4u << shift));
    be(who);
    opens(named("%s-r-lists", name), (int)and_back(open("d", O_RDONLY | O_DIRECTORY)), 0);
    be(who);
    gives(named("%s-r-searches-not", name), and_back(access("d/file", F_OK)), EACCES);
    MUST(chmod("d", 1u << shift));
    be(who);
    opens(named("%s-x-lists-not", name), (int)and_back(open("d", O_RDONLY | O_DIRECTORY)), EACCES);
    be(who);
    opens(named("%s-x-searches", name), (int)and_back(open("d/file", O_RDWR)), 0);
    be(who);
    opens(named("%s-x-creates-not", name), (int)and_back(open("d/new", O_CREAT | O_WRONLY, 0600)), EACCES);
    be(who);
    gives(named("%s-x-removes-not", name), and_back(unlink("d/file")), EACCES);
    MUST(chmod("d", 2u << shift));
    be(who);
    opens(named("%s-w-creates-not", name), (int)and_back(open("d/new", O_CREAT | O_WRONLY, 0600)), EACCES);
    MUST(chmod("d", 3u << shift));
    be(who);
    opens(named("%s-wx-creates", name), (int)and_back(open("d/new", O_CREAT | O_WRONLY, 0600)), 0);
    be(who);
    gives(named("%s-wx-removes", name), and_back(unlink("d/new")), 0);
    be(who);
    gives(named("%s-wx-makes-directories", name), and_back(mkdir("d/sub", 0700)), 0);
    be(who);
    gives(named("%s-wx-removes-directories", name), and_back(rmdir("d/sub")), 0);
    be(who);
    gives(named("%s-wx-renames", name), and_back(rename("d/file", "d/file2") | rename("d/file2", "d/file")), 0);
  }
}

CASE(posix, sticky) {
  make_directory("d", 01777);
  MUST(chown("d", alice, alice));
  as_bob();
  make_file("d/of-bob", 0666, "");
  make_directory("d/dir-of-bob", 0777);
  as_root();
  make_file("d/of-root", 0666, "");
  as_user(1003, 1003, 1003);
  gives("stranger-unlinks", unlink("d/of-bob"), EPERM);
  gives("stranger-removes-a-directory", rmdir("d/dir-of-bob"), EPERM);
  gives("stranger-renames", rename("d/of-bob", "d/x"), EPERM);
  make_file("d/of-stranger", 0666, "");
  gives("stranger-replaces", rename("d/of-stranger", "d/of-bob"), EPERM);
  opens("stranger-creates", open("d/new", O_CREAT | O_WRONLY, 0600), 0);
  opens("stranger-writes", open("d/of-bob", O_WRONLY), 0);
  gives("stranger-removes-what-is-his", unlink("d/new"), 0);
  as_bob();
  gives("owner-renames", rename("d/of-bob", "d/renamed"), 0);
  gives("owner-unlinks", unlink("d/renamed"), 0);
  gives("owner-unlinks-others", unlink("d/of-root"), EPERM);
  as_alice();
  gives("owner-of-the-directory-unlinks", unlink("d/of-root"), 0);
  gives("owner-of-the-directory-removes-directories", rmdir("d/dir-of-bob"), 0);
  as_root();
  gives("root-unlinks", unlink("d/of-stranger"), 0);
}

CASE(posix, access) {
  make_theirs("file", 0);
  MUST(chmod("file", 0640));
  as_alice();
  gives("owner-reads", access("file", R_OK), 0);
  gives("owner-reads-and-writes", access("file", R_OK | W_OK), 0);
  gives("owner-executes-not", access("file", X_OK), EACCES);
  gives("owner-all", access("file", R_OK | W_OK | X_OK), EACCES);
  gives("no-such-mode", access("file", 8), EINVAL);
  as_bob();
  gives("other-exists", access("file", F_OK), 0);
  gives("other-reads-not", access("file", R_OK), EACCES);
  as_root();
  gives("root-reads", access("file", R_OK | W_OK), 0);
  MUST(setresuid(bob, 0, 0));
  gives("by-the-real-user", faccessat(AT_FDCWD, "file", R_OK, 0), EACCES);
  gives("by-the-effective-user", (int)syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK, AT_EACCESS), 0);
}
