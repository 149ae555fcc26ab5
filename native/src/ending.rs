//! The end of the process, announced by JavaScript's main thread before it ends the others.

use std::sync::OnceLock;

use napi_derive::napi;

static EXIT_CODE: OnceLock<i32> = OnceLock::new();

/// The process ends next, with this code: its threads end with it, not by themselves.
#[napi]
pub fn process_ends(code: i32) {
    // Whoever says so again ends it as it was ending.
    let _ = EXIT_CODE.set(code);
}

/// None as long as the process goes on.
pub fn exit_code() -> Option<i32> {
    EXIT_CODE.get().copied()
}
