//! Memory of the side channel as JavaScript sees it: the mapping itself, never a copy.

use fsva_agent::lent_buffer::LentBuffer;
use fsva_agent::mapping::Mapping;
use fsva_channel::region_unsafe::Memory;
use napi::bindgen_prelude::ArrayBuffer;
use napi::{Env, Result};

use crate::core::failure;

/// The buffer, which stays lent as long as JavaScript can reach its memory.
pub fn lent<'env>(env: &'env Env, buffer: &LentBuffer) -> Result<ArrayBuffer<'env>> {
    let (memory, at) = buffer.data();
    external(env, memory, at, buffer.bytes(), buffer.clone())
}

/// One piece of a mapping, which stays claimed as long as JavaScript can reach any of them.
pub fn mapped<'env>(env: &'env Env, mapping: &Mapping, segment: usize) -> Result<ArrayBuffer<'env>> {
    let found = mapping.segments().get(segment).copied();
    let found = found.ok_or_else(|| failure("there is no such piece"))?;
    external(env, mapping.memory(), found.at, found.bytes, mapping.clone())
}

fn external<'env, Owner: 'static>(
    env: &'env Env,
    memory: &Memory,
    at: usize,
    bytes: usize,
    owner: Owner,
) -> Result<ArrayBuffer<'env>> {
    let start = memory.pointer(at, bytes);
    // SAFETY: within the mapping, which is there as long as the owner, that the finalizer drops. Whoever else writes there
    // races with JavaScript alone, whose engine makes no assumptions about bytes.
    let buffer = unsafe { ArrayBuffer::from_external(env, start, bytes, owner, |_, owner| drop(owner))? };
    // Some runtimes copy.
    if std::ptr::eq(buffer.as_ptr(), start) {
        Ok(buffer)
    } else {
        Err(failure("this JavaScript runtime allows no external memory"))
    }
}
