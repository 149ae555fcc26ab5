use crate::call::{Call, Output, UntrustedHandle};
use crate::directory::{self, Budget};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;

/// READDIR and READDIRPLUS, RFC 1813, sections 3.3.16 and 3.3.17. `count` of the answer is the number of entries
/// (EntryHeader and name each) in the bytes, `flags` 1 at the end of the directory.
pub struct Readdir {
    pub directory: UntrustedHandle,
    /// Position after an entry, or 0.
    pub cookie: u64,
    pub budget: Budget,
    /// With attributes and handles.
    pub plus: bool,
}

impl Operation for Readdir {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let directory = call.open(&self.directory, Access::Read)?;
        let stat = directory.stat()?;
        output.answer.directory = directory.attributes_of(&stat);
        if !directory.object.is_directory() {
            return Err(Errno::NOTDIR);
        }
        directory.permit(&stat, libc::R_OK)?;
        let listing = directory::list(call, &directory, self.cookie, self.budget, self.plus)?;
        // Reading marks the access time. What changed the directory meanwhile must not show: a client that keeps the
        // listing goes by the times that came with it.
        let after = directory.attributes_if_any();
        let before = &mut output.answer.directory;
        if (after.mtime, after.ctime) == (before.mtime, before.ctime) {
            *before = after;
        }
        output.answer.count = listing.count;
        output.answer.flags = u32::from(listing.end);
        *output.bytes = listing.bytes;
        Ok(())
    }
}
