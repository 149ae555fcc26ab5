/* Extended attributes, ACLs by their names, inode flags, leases, handles: what a file system may lack, and how it says so. */
#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "../sandbox.h"

CASE(posix, extended_attributes) {
  char text[100] = "";
  make_file("file", 0644, "");
  gives("set-user", setxattr("file", "user.name", "value", 5, 0), 0);
  is("get-user", getxattr("file", "user.name", text, sizeof text), 5);
  is("get-user-size", getxattr("file", "user.name", NULL, 0), 5);
  gives("set-user-again-create", setxattr("file", "user.name", "x", 1, XATTR_CREATE), EEXIST);
  gives("get-missing", getxattr("file", "user.missing", text, sizeof text), ENODATA);
  gives("remove-user", removexattr("file", "user.name"), 0);
  gives("remove-missing", removexattr("file", "user.name"), ENODATA);
  is("list-nothing", listxattr("file", text, sizeof text), 0);
  gives("no-such-class", setxattr("file", "nonsense.name", "x", 1, 0), EOPNOTSUPP);
  gives("get-acl-missing", getxattr("file", "system.posix_acl_access", text, sizeof text), ENODATA);
  gives("of-nothing", getxattr("missing", "user.name", text, sizeof text), ENOENT);
}

CASE(posix, local_matters) {
  char handle_space[sizeof(struct file_handle) + MAX_HANDLE_SZ];
  struct file_handle *handle = (struct file_handle *)handle_space;
  int flags = 0, mount_id, watcher = (int)MUST(inotify_init());
  make_file("file", 0644, "");
  int fd = (int)MUST(open("file", O_RDWR));
  gives("inode-flags", ioctl(fd, FS_IOC_GETFLAGS, &flags), 0);
  gives("lease", fcntl(fd, F_SETLEASE, F_WRLCK), 0);
  handle->handle_bytes = MAX_HANDLE_SZ;
  gives("handle", name_to_handle_at(AT_FDCWD, "file", handle, &mount_id, 0), 0);
  gives("watch", inotify_add_watch(watcher, "file", IN_MODIFY), 0);
  MUST(write_text(fd, "x"));
  char events[256];
  holds("sees-a-local-write", read(watcher, events, sizeof events) > 0);
}
