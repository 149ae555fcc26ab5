//! The only Node-API code of the project: types across the boundary, nothing decided here.

mod acceptor;
mod arguments;
mod core;
mod guard;
mod layout;
mod session;
