/*
 * Files that are removed, replaced or moved while somebody has them open: reads and writes go on, the names are free at
 * once, and the space comes back when the last one closes. An NFSv3 client does this by renaming the file to
 * .nfsXXXX (RFC 1813 has no open), so such names may be there meanwhile and must be gone afterwards.
 */
#include <sys/statvfs.h>

#include "../../sandbox.h"

static int hidden_names(void) {
  int count = 0;
  DIR *directory = opendir(".");
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) count += strncmp(entry->d_name, ".nfs", 4) == 0;
  closedir(directory);
  return count;
}

CASE(special, open_unlinked) {
  char text[20] = "";
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0600));
  MUST(write_text(fd, "before"));
  gives("unlink", unlink("file"), 0);
  holds("name-is-gone", !exists("file"));
  is("write", write_text(fd, " after"), 6);
  is("read", pread(fd, text, sizeof text, 0), 12);
  is_text("content", text, "before after");
  is("size", look_fd(fd).st_size, 12);
  gives("truncate", ftruncate(fd, 3), 0);
  is("size-truncated", look_fd(fd).st_size, 3);
  gives("chmod", fchmod(fd, 0640), 0);
  opens("name-is-free", open("file", O_CREAT | O_EXCL | O_WRONLY, 0600), 0);
  is("another-file-of-that-name", look("file").st_size, 0);
  gives("close", close(fd), 0);
  is("no-hidden-name-left", hidden_names(), 0);
}

CASE(special, open_unlinked_twice) {
  int one = (int)MUST(open("file", O_CREAT | O_RDWR, 0600));
  int other = (int)MUST(open("file", O_RDONLY));
  MUST(write_text(one, "shared"));
  MUST(unlink("file"));
  close(one);
  char text[10] = "";
  is("the-other-still-reads", read(other, text, sizeof text), 6);
  is_text("content", text, "shared");
  close(other);
  is("no-hidden-name-left", hidden_names(), 0);
}

CASE(special, open_renamed) {
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0600));
  make_directory("elsewhere", 0755);
  make_file("target", 0600, "target");
  int target = (int)MUST(open("target", O_RDONLY));
  MUST(write_text(fd, "one"));
  gives("into-a-directory", rename("file", "elsewhere/file"), 0);
  MUST(write_text(fd, " two"));
  is_text("written-through-the-old-descriptor", text_of("elsewhere/file"), "one two");
  gives("over-an-open-file", rename("elsewhere/file", "target"), 0);
  char text[10] = "";
  is("which-still-reads", read(target, text, sizeof text), 6);
  is_text("its-own-text", text, "target");
  is_text("the-name-has-the-new-text", text_of("target"), "one two");
  gives("a-directory-with-an-open-file", rename("elsewhere", "away"), 0);
  close(fd);
  close(target);
  is("no-hidden-name-left", hidden_names(), 0);
}

CASE(special, space_comes_back) {
  struct statvfs before, full, after;
  enum { size = 4 << 20 };
  char *bytes = calloc(1, size);
  memset(bytes, 'x', size);
  int root = (int)MUST(open(".", O_RDONLY));
  MUST(statvfs(".", &before));
  int fd = (int)MUST(open("file", O_CREAT | O_RDWR, 0600));
  is("write", write(fd, bytes, size), size);
  gives("fsync", fsync(fd), 0);
  MUST(statvfs(".", &full));
  unsigned long long unit = before.f_frsize;
  holds("space-is-taken", before.f_bfree * unit >= full.f_bfree * unit + size / 2);
  MUST(unlink("file"));
  close(fd);
  /* Some file systems free in the background. */
  for (int wait = 0; wait < 400; wait++) {
    syncfs(root);
    MUST(statvfs(".", &after));
    if (after.f_bfree * unit >= full.f_bfree * unit + size / 2) break;
    usleep(25000);
  }
  holds("space-is-free", after.f_bfree * unit >= full.f_bfree * unit + size / 2);
}
