//! The only Node-API code of the project: types across the boundary, nothing decided here.

// Test builds leave out the registration with Node, which is the only use of some functions.
#![cfg_attr(test, allow(dead_code))]

mod acceptor;
mod acls;
mod agent;
mod agent_completions;
mod agent_figures;
mod agent_file;
mod agent_lent;
mod agent_local;
mod agent_mapping;
mod agent_memory_unsafe;
mod allocator_unsafe;
mod arguments;
mod core;
mod ending;
mod file_lock;
mod groups;
mod guard;
mod layout;
mod local_agent;
mod local_memory_unsafe;
mod locks;
mod loop_watch_unsafe;
mod reply_record;
mod reply_waiters;
mod session;
mod session_changes;
mod session_queries;
mod shared_cores;
mod side_channel_figures;
mod side_channel_server;
mod side_channel_sessions;
mod sockets;
