//! Pages of a file that the server lends, for JavaScript.

use std::sync::Arc;

use fsva_agent::error::ClientError;
use fsva_agent::file::File;
use fsva_agent::mapping::Mapping;
use napi::bindgen_prelude::{ArrayBuffer, Function};
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi::{Env, Result};
use napi_derive::napi;

use crate::agent::client_failure;
use crate::agent_memory_unsafe as memory;

#[napi]
pub struct NativeMapping {
    mapping: Option<Mapping>,
    /// While it is open, a server that was started anew can say whether the pages are still the file's.
    file: Option<Arc<File>>,
}

#[napi]
impl NativeMapping {
    pub(crate) fn new(mapping: Mapping, file: Arc<File>) -> NativeMapping {
        NativeMapping {
            mapping: Some(mapping),
            file: Some(file),
        }
    }

    /// The memory itself, in pieces. To be asked for once.
    #[napi]
    pub fn buffers<'env>(&self, env: &'env Env) -> Result<Vec<ArrayBuffer<'env>>> {
        let mapping = self.mapping()?;
        (0..mapping.segments().len())
            .map(|segment| memory::mapped(env, mapping, segment))
            .collect()
    }

    #[napi(getter)]
    pub fn bytes(&self) -> Result<f64> {
        Ok(self.mapping()?.bytes() as f64)
    }

    #[napi]
    pub fn is_valid(&self) -> bool {
        self.mapping.as_ref().is_some_and(Mapping::is_valid)
    }

    /// Called once, when the server says that the bytes are not the file's any more.
    #[napi]
    pub fn on_invalid(&self, callback: Function<'_, (), ()>) -> Result<()> {
        let callback = callback
            .build_threadsafe_function::<()>()
            .callee_handled::<false>()
            .weak::<true>()
            .build()?;
        self.mapping()?.on_invalid(move || {
            callback.call((), ThreadsafeFunctionCallMode::NonBlocking);
        });
        Ok(())
    }

    /// The pages are the server's again when JavaScript cannot reach the memory any more.
    #[napi]
    pub fn unmap(&mut self) {
        self.mapping = None;
        self.file = None;
    }

    fn mapping(&self) -> Result<&Mapping> {
        self.mapping
            .as_ref()
            .ok_or_else(|| client_failure(&ClientError::Invalid("it was unmapped")))
    }
}
