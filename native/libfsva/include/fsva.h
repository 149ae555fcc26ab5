/*
 * libfsva: files of an fsva mount over the side channel, through the agent of this machine (fsva-client agent).
 *
 * A program opens a file as always, below the mount point, and gives the descriptor to fsva_open: what the kernel checked
 * when it opened the file is what may be done with it here. Reads and writes then go past the kernel's NFS client, over
 * memory that the agent shares with the server. libfsva(3) is the manual.
 *
 * Functions answer -1 (those that answer a pointer: NULL) and set errno if they fail. All may be used from several threads
 * at once, fsva_close and fsva_disconnect excepted. A connection is of one process: not for both sides of a fork.
 */
#ifndef FSVA_H
#define FSVA_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fsva_connection fsva_connection;
typedef struct fsva_file fsva_file;

/* For fsva_connect: what the agent does not do (there is none, it is lost, it does not serve this file) is done with the
 * kernel's descriptor, as pread(2), pwrite(2), fstat(2) and fsync(2) do it. */
#define FSVA_FALLBACK 1u

struct fsva_time {
	int64_t seconds; /* since 1970 */
	uint32_t nanoseconds;
	uint32_t reserved;
};

struct fsva_stat {
	uint64_t size;	 /* bytes */
	uint64_t used;	 /* bytes of storage */
	uint64_t fsid;	 /* the server's number of the file system; without the agent the kernel's st_dev */
	uint64_t fileid; /* as st_ino */
	uint32_t mode;	 /* as st_mode: type and permissions */
	uint32_t nlink;
	uint32_t uid;
	uint32_t gid;
	struct fsva_time atime;
	struct fsva_time mtime;
	struct fsva_time ctime;
};

/* Connects to the agent that listens at `socket`; NULL: to whichever agent of this machine has the files that are opened.
 * ENOTCONN: there is no agent. EUSERS: too many programs, or too many of this user, are connected. EPROTO: that is no agent
 * of this version. EINVAL: unknown flags. With FSVA_FALLBACK only EINVAL and ENOMEM are left. */
fsva_connection *fsva_connect(const char *socket, unsigned int flags);

/* Ends it, once the last of its files is closed. */
void fsva_disconnect(fsva_connection *connection);

/* Opens the file of a descriptor, for what the descriptor was opened for. The descriptor stays yours; you may close it.
 * What it was told by write(2) before is seen; what is mapped and changed needs msync(2) first.
 * EXDEV: in no file system of an agent. EISDIR; EOPNOTSUPP: no regular file, or opened with O_APPEND.
 * EBADF: no descriptor, or one opened with O_PATH. EMFILE: too many files on this connection. ESTALE: the file is gone.
 * EACCES: the server refuses, to the user that connected. With FSVA_FALLBACK only EBADF and ENOMEM are left. */
fsva_file *fsva_open(fsva_connection *connection, int descriptor);

/* Closes it. Does not sync. */
int fsva_close(fsva_file *file);

/* 1: the agent serves this file; 0: the kernel does. */
int fsva_is_direct(const fsva_file *file);

/* As pread(2), but less than `count` only at the end of the file, or before an error that the next call tells. */
ssize_t fsva_read(fsva_file *file, void *buffer, size_t count, int64_t offset);

/* As pwrite(2), but less than `count` only before an error that the next call tells. Safe after fsva_fsync.
 * ENOSPC, EDQUOT, EFBIG, EIO and others are the server's. */
ssize_t fsva_write(fsva_file *file, const void *buffer, size_t count, int64_t offset);

int fsva_getattr(fsva_file *file, struct fsva_stat *status);

/* 0: what was written is on stable storage. ECONNRESET: the server or the agent was started anew, and what was written
 * since the last fsva_fsync may be lost: write it again. */
int fsva_fsync(fsva_file *file);

/* A read-only copy of a part of the file, as it is now, in pages of this process; `length` bytes from `*address` on.
 * Answers how many of them are the file's: behind its end are zeros. It is a copy and stays one: nothing is shared with the
 * server, and later changes are not seen. */
ssize_t fsva_map(fsva_file *file, int64_t offset, size_t length, const void **address);

/* Ends it; `length` as given to fsva_map. */
int fsva_unmap(const void *address, size_t length);

/* What an errno number means here, in words that are never freed; for others as strerror(3). */
const char *fsva_strerror(int number);

#ifdef __cplusplus
}
#endif

#endif
