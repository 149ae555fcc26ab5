use std::ffi::CStr;

use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::observer::ATTRIBUTES;
use crate::operations::getacl::{ACCESS_ACL, DEFAULT_ACL};
use crate::xattr_unsafe::{removexattr, setxattr};

/// ACLPROC3_SETACL: ACLs as the kernel has them in extended attributes. An empty one is removed; what is None stays.
pub struct Setacl {
    pub object: UntrustedHandle,
    pub access: Option<Vec<u8>>,
    pub default: Option<Vec<u8>>,
}

impl Operation for Setacl {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, Access::Mutate)?;
        // What others report as from before must not be from before this.
        let _change = opened.object.changes.begin();
        opened.stat()?;
        let done = self.set(call, &opened);
        call.changed(&opened, ATTRIBUTES, &done);
        output.answer.object = opened.attributes_if_any();
        done
    }
}

impl Setacl {
    fn set(&self, call: &Call<'_>, opened: &Opened) -> Result<()> {
        let default = if opened.object.is_directory() {
            self.default.as_deref()
        } else {
            // Asked first, so that nothing is done by half; the kernel calls it the same.
            match self.default.as_deref() {
                Some(default) if !default.is_empty() => return Err(Errno::ACCES),
                _ => None,
            }
        };
        if let Some(access) = &self.access {
            set(opened, ACCESS_ACL, access)?;
        }
        if let Some(default) = default {
            set(opened, DEFAULT_ACL, default)?;
        }
        opened.sync_metadata(call)
    }
}

fn set(opened: &Opened, name: &CStr, acl: &[u8]) -> Result<()> {
    let _guard = opened.act()?;
    if !acl.is_empty() {
        return setxattr(opened.fd(), name, acl);
    }
    match removexattr(opened.fd(), name) {
        Err(Errno(libc::ENODATA)) => Ok(()),
        done => done,
    }
}
