use crate::call::{Call, DEFER, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::syscalls_unsafe as sys;

/// Bytes of a target at most: PATH_MAX of Linux.
pub const TARGET_BYTES_MAX: usize = libc::PATH_MAX as usize;

/// RFC 1813, section 3.3.5. Anybody who has the handle may read the link, as in Linux. The bytes are the target, `count` is
/// their number.
pub struct Readlink {
    pub symlink: UntrustedHandle,
}

impl Operation for Readlink {
    /// Where files are memory; elsewhere the target may have to come from a disk.
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.symlink)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.symlink, Access::Read)?;
        if call.inline && !opened.object.filesystem.traits.memory {
            return Err(DEFER);
        }
        output.answer.object = opened.attributes()?;
        if opened.object.format != libc::S_IFLNK {
            return Err(Errno::INVAL);
        }
        *output.bytes = sys::readlink(opened.fd())?;
        output.answer.count = output.bytes.len() as u32;
        Ok(())
    }
}
