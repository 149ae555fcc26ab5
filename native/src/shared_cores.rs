//! Cores that several JavaScript threads of this process use: one opens it, the others join by a number that they are
//! sent.

use std::sync::{Arc, Mutex, Weak};

use fsva_core::engine::Engine;
use napi::Result;
use napi_derive::napi;

use crate::core::{NativeCore, failure};

/// By number. Engines that are gone leave their numbers behind: a process has few of them in its life.
static SHARED: Mutex<Vec<Weak<Engine>>> = Mutex::new(Vec::new());

#[napi]
impl NativeCore {
    /// What `join` on another thread of this process is to be given. It does not keep the core open.
    #[napi]
    pub fn share(&self) -> Result<u32> {
        let engine = self.engine()?;
        let mut shared = SHARED.lock().unwrap();
        let known = shared
            .iter()
            .position(|entry| std::ptr::eq(entry.as_ptr(), Arc::as_ptr(engine)));
        let number = known.unwrap_or_else(|| {
            shared.push(Arc::downgrade(engine));
            shared.len() - 1
        });
        Ok(number as u32)
    }

    /// The core that was shared under this number: the same engine, until both are closed. Throws if it is gone.
    #[napi(factory)]
    pub fn join(number: u32) -> Result<NativeCore> {
        let shared = SHARED.lock().unwrap();
        let engine = shared.get(number as usize).and_then(Weak::upgrade);
        engine
            .map(NativeCore::of)
            .ok_or_else(|| failure("no core is shared under this number"))
    }
}
