//! Memory lent to the server, for JavaScript.

use fsva_agent::error::ClientError;
use fsva_agent::lent_buffer::LentBuffer;
use napi::bindgen_prelude::ArrayBuffer;
use napi::{Env, Result};
use napi_derive::napi;

use crate::agent::client_failure;
use crate::agent_memory_unsafe as memory;

#[napi]
pub struct NativeLentBuffer {
    buffer: Option<LentBuffer>,
}

#[napi]
impl NativeLentBuffer {
    pub(crate) fn new(buffer: LentBuffer) -> NativeLentBuffer {
        NativeLentBuffer { buffer: Some(buffer) }
    }

    /// The memory itself. To be asked for once.
    #[napi]
    pub fn data<'env>(&self, env: &'env Env) -> Result<ArrayBuffer<'env>> {
        memory::lent(env, &self.buffer()?)
    }

    /// It can't be used for calls any more; free when JavaScript cannot reach the memory, and nothing under way uses it.
    #[napi]
    pub fn end(&mut self) {
        self.buffer = None;
    }

    pub(crate) fn buffer(&self) -> Result<LentBuffer> {
        self.buffer
            .clone()
            .ok_or_else(|| client_failure(&ClientError::Invalid("the buffer was ended")))
    }
}
