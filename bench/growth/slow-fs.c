/*
 * slow-fs MOUNTPOINT MILLISECONDS: a FUSE file system, straight on /dev/fuse, that answers everything so late, any number
 * of calls at a time. Its root has a file of 4 KiB of zeros under each name that is f and a number. Prints "ready".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FILE_BYTES = 4096, WAITING_MAX = 4096, WRITE_BYTES_MAX = 4096 };

/* A call that waits for its time. */
struct call {
    uint64_t unique, node, due_ms;
    uint32_t opcode, size;
    uint64_t offset;
};

static int device;
static uint64_t delay_ms;
/* All wait equally long, so that they are answered in the order in which they came. */
static struct call waiting[WAITING_MAX];
static unsigned first, count;
static char request[WRITE_BYTES_MAX + 8192] __attribute__((aligned(8)));
static const char zeros[FILE_BYTES];

static uint64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void reply(uint64_t unique, int error, const void *body, size_t length) {
    struct fuse_out_header header = {.len = (uint32_t)(sizeof header + length), .error = -error, .unique = unique};
    struct iovec parts[] = {{&header, sizeof header}, {(void *)body, length}};
    if (writev(device, parts, length == 0 ? 1 : 2) < 0 && errno != ENOENT) perror("slow-fs: reply");
}

static struct fuse_attr attributes(uint64_t id) {
    struct fuse_attr attr = {.ino = id, .nlink = 1, .blksize = 4096, .mode = S_IFREG | 0666, .size = FILE_BYTES};
    attr.mtime = attr.ctime = 1000000000;
    if (id == FUSE_ROOT_ID) attr.mode = S_IFDIR | 0777, attr.nlink = 2;
    return attr;
}

/* The node of a name; 0: there is none. */
static uint64_t node_of(const char *name) {
    unsigned number;
    char rest;
    return sscanf(name, "f%u%c", &number, &rest) == 1 ? (uint64_t)number + 2 : 0;
}

static void answer(const struct call *call) {
    struct fuse_attr_out attr = {.attr = attributes(call->node)};
    struct fuse_entry_out entry = {.nodeid = call->node, .attr = attributes(call->node)};
    struct fuse_statfs_out status = {.st = {.blocks = 1000, .bfree = 500, .bavail = 500, .files = 100, .ffree = 50, .bsize = 4096, .namelen = 255, .frsize = 4096}};
    struct fuse_open_out open = {.open_flags = call->opcode == FUSE_OPEN ? FOPEN_DIRECT_IO : 0};
    uint64_t left = call->offset < FILE_BYTES ? FILE_BYTES - call->offset : 0;
    switch (call->opcode) {
    case FUSE_LOOKUP: return call->node ? reply(call->unique, 0, &entry, sizeof entry) : reply(call->unique, ENOENT, NULL, 0);
    case FUSE_GETATTR: return reply(call->unique, 0, &attr, sizeof attr);
    case FUSE_OPEN: case FUSE_OPENDIR: return reply(call->unique, 0, &open, sizeof open);
    case FUSE_READ: return reply(call->unique, 0, zeros, call->size < left ? call->size : left);
    case FUSE_STATFS: return reply(call->unique, 0, &status, sizeof status);
    case FUSE_READDIR: case FUSE_RELEASE: case FUSE_RELEASEDIR: case FUSE_FLUSH: return reply(call->unique, 0, NULL, 0);
    default: return reply(call->unique, ENOSYS, NULL, 0);
    }
}

static void serve(const struct fuse_in_header *header, const void *body) {
    struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION, .minor = 31, .max_readahead = 65536, .max_background = 64, .congestion_threshold = 64, .max_write = WRITE_BYTES_MAX, .time_gran = 1, .flags = FUSE_PARALLEL_DIROPS};
    struct call call = {.unique = header->unique, .node = header->nodeid, .due_ms = now_ms() + delay_ms, .opcode = header->opcode};
    switch (header->opcode) {
    case FUSE_INIT: return reply(header->unique, 0, &init, sizeof init);
    case FUSE_FORGET: case FUSE_BATCH_FORGET: case FUSE_INTERRUPT: return;
    case FUSE_LOOKUP: call.node = node_of(body); break;
    case FUSE_READ:
        call.offset = ((const struct fuse_read_in *)body)->offset;
        call.size = ((const struct fuse_read_in *)body)->size;
        break;
    }
    if (count == WAITING_MAX) return reply(header->unique, ENOMEM, NULL, 0);
    waiting[(first + count++) % WAITING_MAX] = call;
}

static void answer_due(void) {
    for (; count > 0 && waiting[first].due_ms <= now_ms(); count--, first = (first + 1) % WAITING_MAX) answer(&waiting[first]);
}

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: slow-fs MOUNTPOINT MILLISECONDS\n"), 2;
    char options[128];
    delay_ms = strtoull(argv[2], NULL, 10);
    device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (device < 0) return perror("slow-fs: /dev/fuse"), 1;
    snprintf(options, sizeof options, "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions", device);
    if (mount("slow-fs", argv[1], "fuse.slow", MS_NOSUID | MS_NODEV, options)) return perror("slow-fs: mount"), 1;
    puts("ready");
    fflush(stdout);
    for (;;) {
        answer_due();
        struct pollfd ready = {.fd = device, .events = POLLIN};
        uint64_t now = now_ms();
        poll(&ready, 1, count == 0 ? -1 : waiting[first].due_ms > now ? (int)(waiting[first].due_ms - now) : 0);
        ssize_t length = read(device, request, sizeof request);
        if (length < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN)) continue;
        /* ENODEV: unmounted. */
        if (length < 0) return errno == ENODEV ? 0 : (perror("slow-fs: read"), 1);
        serve((struct fuse_in_header *)request, request + sizeof(struct fuse_in_header));
    }
}
