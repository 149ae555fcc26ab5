/*
 * Runs scripts that the host sends through a virtio-serial port; several at once. Runs as PID 1, so it also
 * reaps orphans. A frame, both ways: type (1 byte), id, length (big-endian 32 bits each), payload.
 *
 *   host:  'R' run: uid, gid, number of groups, groups, script length (32 bits each), script, standard input
 *          'K' kill the run's session
 *   guest: 'H' hello   'O' standard output   'E' standard error
 *          'X' exit: exit code or 128 + signal (32 bits), duration in microseconds (32 bits)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { runs_max = 32, groups_max = 64, chunk_bytes = 32768, payload_bytes_max = 256 << 20 };

struct run { int used, exited; uint32_t id; pid_t pid; int out, err, status; struct timespec start, end; };
static struct run runs[runs_max];
static int port;

static void die(const char *what) { perror(what); exit(1); }

static void write_all(int fd, const void *data, size_t length) {
    const char *next = data;
    while (length > 0) {
        ssize_t count = write(fd, next, length);
        if (count < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN) { poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1); continue; }
            die("write");
        }
        next += count;
        length -= (size_t)count;
    }
}

static void read_all(int fd, void *data, size_t length) {
    char *next = data;
    while (length > 0) {
        ssize_t count = read(fd, next, length);
        if (count < 0 && errno != EINTR && errno != EAGAIN) die("read");
        /* 0: the host side is not connected (yet); there is no event for its arrival on all kernels */
        if (count <= 0) { usleep(2000); continue; }
        next += count;
        length -= (size_t)count;
    }
}

static void send_frame(char type, uint32_t id, const void *payload, uint32_t length) {
    unsigned char header[9] = { (unsigned char)type };
    uint32_t words[2] = { htonl(id), htonl(length) };
    memcpy(header + 1, words, 8);
    write_all(port, header, sizeof header);
    write_all(port, payload, length);
}

/* A descriptor at offset 0 of the given bytes that needs no name and that any user may read. */
static int memory_file(const void *data, size_t length) {
    int fd = memfd_create("fsva", 0);
    if (fd < 0) die("memfd_create");
    write_all(fd, data, length);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static uint32_t word(const unsigned char **at) {
    uint32_t value;
    memcpy(&value, *at, 4);
    *at += 4;
    return ntohl(value);
}

static void start_run(uint32_t id, const unsigned char *payload, size_t length) {
    const unsigned char *at = payload;
    uid_t uid = word(&at);
    gid_t gid = word(&at), groups[groups_max];
    uint32_t count = word(&at);
    for (uint32_t i = 0; i < count && i < groups_max; i++) groups[i] = word(&at);
    uint32_t script_length = word(&at);
    struct run *run = runs;
    while (run < runs + runs_max && run->used) run++;
    if (run == runs + runs_max) { fprintf(stderr, "fsva-agent: too many runs\n"); return; }

    int script = memory_file(at, script_length);
    int input = memory_file(at + script_length, length - (size_t)(at - payload) - script_length);
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) die("pipe");
    clock_gettime(CLOCK_MONOTONIC, &run->start);
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        setsid();
        signal(SIGPIPE, SIG_DFL);
        dup2(input, 0);
        dup2(out[1], 1);
        dup2(err[1], 2);
        fchmod(script, 0444);
        /* 9 is free: sh opens the path itself, so the descriptor need not be low. */
        dup2(script, 9);
        if (setgroups(count, groups) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid)) die("credentials");
        if (uid != 0) setenv("HOME", "/tmp", 1);
        execl("/bin/sh", "sh", "/proc/self/fd/9", (char *)0);
        die("exec /bin/sh");
    }
    close(script); close(input); close(out[1]); close(err[1]);
    *run = (struct run){ .used = 1, .id = id, .pid = pid, .out = out[0], .err = err[0], .start = run->start };
}

static void read_frame(void) {
    unsigned char header[9];
    uint32_t words[2];
    read_all(port, header, sizeof header);
    memcpy(words, header + 1, 8);
    uint32_t id = ntohl(words[0]), length = ntohl(words[1]);
    if (length > payload_bytes_max) { fprintf(stderr, "fsva-agent: frame too long\n"); exit(1); }
    unsigned char *payload = malloc(length + 1);
    read_all(port, payload, length);
    if (header[0] == 'R') start_run(id, payload, length);
    if (header[0] == 'K')
        for (struct run *run = runs; run < runs + runs_max; run++)
            if (run->used && run->id == id) kill(-run->pid, SIGKILL);
    free(payload);
}

/* Passes on what a pipe holds; closes it and answers -1 at its end. */
static int pass_on(int fd, char type, uint32_t id) {
    static char chunk[chunk_bytes];
    ssize_t count = read(fd, chunk, sizeof chunk);
    if (count > 0) { send_frame(type, id, chunk, (uint32_t)count); return fd; }
    if (count < 0 && errno == EINTR) return fd;
    close(fd);
    return -1;
}

static void reap(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (struct run *run = runs; run < runs + runs_max; run++)
            if (run->used && run->pid == pid) {
                run->exited = 1;
                run->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                clock_gettime(CLOCK_MONOTONIC, &run->end);
            }
}

static void finish_run(struct run *run) {
    int64_t us = (run->end.tv_sec - run->start.tv_sec) * 1000000LL + (run->end.tv_nsec - run->start.tv_nsec) / 1000;
    uint32_t words[2] = { htonl((uint32_t)run->status), htonl((uint32_t)us) };
    send_frame('X', run->id, words, sizeof words);
    run->used = 0;
}

static void nothing(int signal) { (void)signal; }

int main(int argc, char **argv) {
    if (argc != 2) { fprintf(stderr, "usage: fsva-agent PORT\n"); return 2; }
    port = open(argv[1], O_RDWR | O_CLOEXEC);
    if (port < 0) die(argv[1]);
    /* SIGCHLD is only let in during ppoll: no wake-up is lost between reap and poll. */
    sigset_t child, none;
    sigemptyset(&none);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    signal(SIGCHLD, nothing);
    signal(SIGPIPE, SIG_IGN);
    send_frame('H', 0, "", 0);
    for (;;) {
        struct pollfd fds[1 + 2 * runs_max] = { { .fd = port, .events = POLLIN } };
        reap();
        for (int i = 0; i < runs_max; i++) {
            struct run *run = &runs[i];
            /* A background process may keep the pipes open after the script ended: the run ends with the script. */
            if (run->used && run->exited) {
                struct pollfd rest[2] = { { .fd = run->out, .events = POLLIN }, { .fd = run->err, .events = POLLIN } };
                while (poll(rest, 2, 0) > 0 && ((rest[0].revents | rest[1].revents) & (POLLIN | POLLHUP))) {
                    if (rest[0].revents) rest[0].fd = run->out = pass_on(run->out, 'O', run->id);
                    if (rest[1].revents) rest[1].fd = run->err = pass_on(run->err, 'E', run->id);
                }
                if (run->out >= 0) close(run->out);
                if (run->err >= 0) close(run->err);
                finish_run(run);
            }
            fds[1 + 2 * i] = (struct pollfd){ .fd = run->used ? run->out : -1, .events = POLLIN };
            fds[2 + 2 * i] = (struct pollfd){ .fd = run->used ? run->err : -1, .events = POLLIN };
        }
        if (ppoll(fds, 1 + 2 * runs_max, NULL, &none) < 0) continue;
        for (int i = 0; i < runs_max; i++) {
            if (fds[1 + 2 * i].revents) runs[i].out = pass_on(runs[i].out, 'O', runs[i].id);
            if (fds[2 + 2 * i].revents) runs[i].err = pass_on(runs[i].err, 'E', runs[i].id);
        }
        if (fds[0].revents & POLLIN) read_frame();
        /* POLLHUP means that the host is not connected: wait without spinning. */
        else if (fds[0].revents) usleep(5000);
    }
}
