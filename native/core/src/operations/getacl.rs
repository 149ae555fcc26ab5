use std::ffi::CStr;

use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::xattr_unsafe::getxattr;

pub const ACCESS_ACL: &CStr = c"system.posix_acl_access";
pub const DEFAULT_ACL: &CStr = c"system.posix_acl_default";
/// Entries that NFS_ACL carries in one ACL.
const ENTRIES_MAX: usize = 1024;
/// As linux/posix_acl_xattr.h has it: a version of 4 bytes, then 8 bytes per entry.
pub const ACL_BYTES_MAX: usize = 4 + 8 * ENTRIES_MAX;

/// ACLPROC3_GETACL. The bytes of the answer are the access ACL, of which `count` is the length, and the default ACL, of
/// which `flags` is the length, both as the kernel has them in extended attributes. A length of 0: there is none.
pub struct Getacl {
    pub object: UntrustedHandle,
}

impl Operation for Getacl {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, Access::Read)?;
        output.answer.object = opened.attributes()?;
        let access = acl(&opened, ACCESS_ACL)?;
        let default = if opened.object.is_directory() {
            acl(&opened, DEFAULT_ACL)?
        } else {
            Vec::new()
        };
        output.answer.count = access.len() as u32;
        output.answer.flags = default.len() as u32;
        *output.bytes = access;
        output.bytes.extend_from_slice(&default);
        Ok(())
    }
}

fn acl(opened: &Opened, name: &CStr) -> Result<Vec<u8>> {
    let mut value = vec![0; ACL_BYTES_MAX];
    let _guard = opened.act()?;
    match getxattr(opened.fd(), name, &mut value) {
        Ok(length) => value.truncate(length),
        Err(Errno(libc::ENODATA)) => value.clear(),
        // XFS has room for more.
        Err(Errno(libc::ERANGE)) => return Err(Errno::OVERFLOW),
        Err(errno) => return Err(errno),
    }
    Ok(value)
}
