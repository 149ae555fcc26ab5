//! Export policy and handles for a Vfs that is written in JavaScript.

use std::path::Path;

use fsva_core::caller::CallerId;
use fsva_core::errno::Errno;
use fsva_core::export_policy::{Access, Authorization};
use fsva_core::handle::ExportId;
use napi::Result;
use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

use crate::core::{NativeCore, failure};

/// Why a handle was refused: 0 or the errno of the gate, and the export's path if it has one.
#[napi(object)]
pub struct Judgement {
    pub status: u32,
    pub export_path: Option<String>,
    pub read_only: bool,
}

/// What an export allows a caller; everything but `status` is meaningless unless that is 0.
#[napi(object)]
pub struct AdmissionResult {
    pub status: u32,
    pub export_id: u32,
    pub read_only: bool,
    pub uid: u32,
    pub gid: u32,
    pub gids: Vec<u32>,
    /// The handle that the JavaScript Vfs made.
    pub inner: Option<Buffer>,
}

fn admission(result: std::result::Result<(Option<&[u8]>, Authorization), Errno>) -> AdmissionResult {
    match result {
        Ok((inner, Authorization { export, credentials })) => AdmissionResult {
            status: 0,
            export_id: export.id.0,
            read_only: export.read_only,
            uid: credentials.uid,
            gid: credentials.gid,
            gids: credentials.gids.to_vec(),
            inner: inner.map(Buffer::from),
        },
        Err(errno) => AdmissionResult {
            status: errno.0 as u32,
            export_id: 0,
            read_only: true,
            uid: 0,
            gid: 0,
            gids: Vec::new(),
            inner: None,
        },
    }
}

#[napi]
impl NativeCore {
    #[napi]
    pub fn guard_enter(&self, caller: f64, export_path: String) -> Result<AdmissionResult> {
        let entered = self
            .engine()?
            .guard
            .enter(Path::new(&export_path), CallerId::from_number(caller));
        Ok(admission(entered.map(|authorization| (None, authorization))))
    }

    #[napi]
    pub fn guard_open(&self, caller: f64, handle: &[u8]) -> Result<AdmissionResult> {
        let caller = CallerId::from_number(caller);
        let opened = self.engine()?.guard.open_foreign(handle, caller, Access::Read);
        Ok(admission(
            opened.map(|(inner, authorization)| (Some(inner), authorization)),
        ))
    }

    /// Looks at a handle as a call that reads would, without a call: for saying why one was refused.
    #[napi]
    pub fn guard_judge(&self, caller: f64, handle: &[u8]) -> Result<Judgement> {
        let guard = &self.engine()?.guard;
        let id = guard.codec.open(handle).map(|handle| handle.export);
        let table = guard.policy.current();
        let export = id.ok().and_then(|id| table.get(id));
        let status = guard.open(handle, CallerId::from_number(caller), Access::Read);
        Ok(Judgement {
            status: status.map_or_else(|errno| errno.0 as u32, |_| 0),
            export_path: export.map(|export| export.path.display().to_string()),
            read_only: export.is_some_and(|export| export.read_only),
        })
    }

    /// Throws for a handle that is empty or too long.
    #[napi]
    pub fn guard_seal(&self, export_id: u32, inner: &[u8]) -> Result<Buffer> {
        let sealed = self
            .engine()?
            .guard
            .seal_foreign(ExportId(export_id), inner)
            .map_err(failure)?;
        Ok(Buffer::from(sealed.as_bytes()))
    }
}
