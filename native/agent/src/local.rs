//! Files of the channel for other programs of the user VM: they copy through the agent.
//!
//! One region is one trust domain, and the agent's. Any program connects to the agent's Unix socket; the kernel says who
//! it is (SO_PEERCRED, SO_PEERGROUPS), and what it may do with a file is said by an open descriptor that it sends. The
//! agent opens that file over the channel, for that user, and does reads and writes on request. Their data goes through
//! a memory file that is made for this one connection, so that a program never sees the region or another's data.
//!
//! The socket is SOCK_SEQPACKET: one packet is one frame, and a descriptor belongs to the frame it came with. All numbers
//! are little-endian. The agent speaks first; from then on each request has one answer, in order:
//!
//! ```text
//!   agent:     hello    magic 8 | version 4 | status 4 | memory bytes 4 | bytes per transfer 4 | files 4 | 0 4
//!                       with the memory file, unless status is an errno number: then the connection ends
//!   program:   request  op 2 | flags 2 | file 4 | request id 8 | offset 8 | length 4 | place 4
//!   agent:     answer   op 2 | flags 2 | status 4 | request id 8 | length 4 | file 4 | attributes 88
//!
//!   op            request                                        answer
//!   1 open        with the descriptor                            file, attributes
//!   2 close       file
//!   3 getattr     file                                           attributes
//!   4 read        file, offset, length, place in the memory      length, flags 1: end of file
//!   5 write       file, offset, length, place in the memory      length: maybe less than asked for
//!   6 fsync       file
//! ```
//!
//! `status` is 0 or an errno number; attributes lie as `fsva_core::answer::Attributes` lays them out. A frame of another
//! size, an unknown op or a second descriptor ends the connection; numbers out of bounds are EINVAL or EBADF.
//!
//! Copies of what is read: the server's pread into memory lent to it, one from there into the connection's memory file,
//! and what the program does with it there. System calls per request: a send and a receive on each side. A write goes the
//! same way back.

pub mod channel_files;
pub mod connection;
pub mod descriptor_unsafe;
pub mod files;
pub mod frames;
pub mod listener;
pub mod mounts;
pub mod packets_unsafe;
pub mod peer_unsafe;
mod turns;
pub mod window;

/// Where programs look for an agent if they are not told otherwise: here, and at the sockets of this directory with this
/// suffix, one per mount (fsva-client/agent/agent-files.ts makes them).
pub const DEFAULT_SOCKET: &str = "/run/fsva/agent.sock";
pub const AGENTS_DIRECTORY: &str = "/run/fsva/agents";
pub const DATA_SOCKET_SUFFIX: &str = "data";
