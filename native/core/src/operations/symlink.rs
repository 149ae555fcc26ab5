use std::ffi::CString;

use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::name::Name;
use crate::operations::new_object::{create_in, finish_new};
use crate::operations::set_attributes::SetAttributes;
use crate::reply_record_doubt::creation;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.10.
pub struct Symlink {
    pub directory: UntrustedHandle,
    pub name: Name,
    pub target: CString,
    pub attributes: SetAttributes,
}

/// EINVAL for a target that no Linux link can have.
pub fn link_target(bytes: &[u8]) -> Result<CString> {
    if bytes.len() >= libc::PATH_MAX as usize {
        return Err(Errno::NAMETOOLONG);
    }
    CString::new(bytes).map_err(|_| Errno::INVAL)
}

impl Operation for Symlink {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        create_in(call, output, &self.directory, &self.name, |directory| {
            let evidence = || creation(directory, &self.name, libc::S_IFLNK);
            call.once(directory, evidence, || {
                let _guard = directory.act()?;
                sys::symlinkat(&self.target, directory.fd(), self.name.as_c_str())
            })?;
            finish_new(call, directory, &self.name, &self.attributes)
        })
    }
}
