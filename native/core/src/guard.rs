//! The gate that every call passes: wire handle and caller in, an authorized object and the credentials to serve it
//! with out.

use std::sync::Arc;

use crate::caller::{CallerId, Callers};
use crate::errno::{Errno, Result};
use crate::export_policy::{Access, Authorization, ExportPolicy};
use crate::handle::{ExportId, FilesystemKey, Handle, HandleCodec, Object, WireHandle};

/// One per server; cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Guard {
    pub codec: HandleCodec,
    pub policy: Arc<ExportPolicy>,
    pub callers: Arc<Callers>,
}

impl Guard {
    /// EBADHANDLE for a handle that this server did not make, then the answers of ExportPolicy::authorize;
    /// STALE_CALLER if the caller must be interned again.
    pub fn open<'a>(
        &self,
        wire: &'a [u8],
        caller: CallerId,
        access: Access,
    ) -> Result<(Handle<'a>, Authorization)> {
        let handle = self.codec.open(wire)?;
        let caller = self.callers.get(caller)?;
        let authorization = self.policy.authorize(&caller, handle.export, access)?;
        Ok((handle, authorization))
    }

    /// For MOUNT, which has a path instead of a handle. ENOENT if nothing of that path is exported.
    pub fn enter(&self, export_path: &std::path::Path, caller: CallerId) -> Result<Authorization> {
        let caller = self.callers.get(caller)?;
        let id = self.policy.current().by_path(export_path).ok_or(Errno::NOENT)?.id;
        self.policy.authorize(&caller, id, Access::Read)
    }

    /// Seals the handle of a Vfs that knows nothing of exports: 1 to FOREIGN_BYTES_MAX bytes.
    pub fn seal_foreign(&self, export: ExportId, inner: &[u8]) -> Result<WireHandle> {
        let object = Object::Foreign(inner);
        self.codec.seal(&Handle {
            export,
            filesystem: FilesystemKey::FOREIGN,
            object,
        })
    }

    /// As `open`, for handles that `seal_foreign` made.
    pub fn open_foreign<'a>(
        &self,
        wire: &'a [u8],
        caller: CallerId,
        access: Access,
    ) -> Result<(&'a [u8], Authorization)> {
        match self.open(wire, caller, access)? {
            (
                Handle {
                    object: Object::Foreign(inner),
                    ..
                },
                authorization,
            ) => Ok((inner, authorization)),
            _ => Err(Errno::BADHANDLE),
        }
    }
}
