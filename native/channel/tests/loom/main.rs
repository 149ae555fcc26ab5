//! Ring and grant table in every interleaving and with every reordering that the memory model allows, each with controls:
//! take a mechanism away, and the model finds what it is there for.

mod grants;
mod memory;
mod ring;
