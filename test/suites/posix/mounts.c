/*
 * Mounts in the way: EROFS through a read-only bind mount, EXDEV across one, EBUSY for what is a mount point. In a mount
 * namespace of the case's own.
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "../sandbox.h"

CASE(posix, mounts) {
  MUST(unshare(CLONE_NEWNS));
  MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  make_directory("d", 0755);
  make_directory("ro", 0755);
  make_file("d/file", 0666, "text");
  make_file("outside", 0644, "");
  MUST(mount("d", "ro", NULL, MS_BIND, NULL));
  MUST(mount(NULL, "ro", NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL));
  opens("open-for-reading", open("ro/file", O_RDONLY), 0);
  opens("open-for-writing", open("ro/file", O_WRONLY), EROFS);
  opens("create", open("ro/new", O_CREAT | O_WRONLY, 0600), EROFS);
  opens("open-truncating", open("ro/file", O_RDONLY | O_TRUNC), EROFS);
  opens("create-what-exists", open("ro/file", O_CREAT | O_RDONLY, 0600), 0);
  gives("mkdir", mkdir("ro/new", 0700), EROFS);
  gives("mkdir-what-exists", mkdir("ro/file", 0700), EEXIST);
  gives("unlink", unlink("ro/file"), EROFS);
  gives("rmdir", rmdir("ro/missing"), EROFS);
  gives("rename", rename("ro/file", "ro/other"), EROFS);
  gives("link", link("ro/file", "ro/other"), EROFS);
  gives("symlink", symlink("x", "ro/other"), EROFS);
  gives("mkfifo", mkfifo("ro/other", 0600), EROFS);
  gives("chmod", chmod("ro/file", 0600), EROFS);
  gives("chown", chown("ro/file", 0, 0), EROFS);
  gives("truncate", truncate("ro/file", 0), EROFS);
  gives("utimensat", utimensat(AT_FDCWD, "ro/file", NULL, 0), EROFS);
  gives("access-for-writing", access("ro/file", W_OK), EROFS);
  gives("access-for-reading", access("ro/file", R_OK), 0);
  gives("link-across-is-read-only-first", link("outside", "ro/across"), EROFS);
  gives("rename-across", rename("outside", "ro/across"), EXDEV);
  gives("rename-out", rename("ro/file", "across"), EXDEV);
  gives("rmdir-of-a-mount-point", rmdir("ro"), EBUSY);
  gives("rename-of-a-mount-point", rename("ro", "elsewhere"), EBUSY);
  gives("rename-onto-a-mount-point", rename("d", "ro"), EBUSY);
  MUST(umount("ro"));
  gives("rmdir-afterwards", rmdir("ro"), 0);
}
