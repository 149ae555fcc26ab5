use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.5. Anybody who has the handle may read the link, as in Linux.
pub struct Readlink {
    pub symlink: UntrustedHandle,
}

impl Operation for Readlink {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.symlink)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.symlink, Access::Read)?;
        output.answer.object = opened.attributes()?;
        if opened.object.format != libc::S_IFLNK {
            return Err(Errno::INVAL);
        }
        *output.bytes = sys::readlink(opened.fd())?;
        Ok(())
    }
}
