use crate::call::{Call, DEFER, Output, UntrustedHandle};
use crate::directory::{self, Budget};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::listing::Listing;

/// READDIR and READDIRPLUS, RFC 1813, sections 3.3.16 and 3.3.17. The bytes are the whole READDIR3resok or
/// READDIRPLUS3resok, `count` is their number.
pub struct Readdir {
    pub directory: UntrustedHandle,
    /// Position after an entry, or 0.
    pub cookie: u64,
    pub budget: Budget,
    /// With attributes and handles.
    pub plus: bool,
}

impl Operation for Readdir {
    /// Where files are memory, and as much as takes no longer than others may wait.
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let directory = call.open(&self.directory, Access::Read)?;
        if call.inline && !directory::may_be_inline(&directory) {
            return Err(DEFER);
        }
        let stat = directory.stat()?;
        output.answer.directory = directory.attributes_of(&stat);
        if !directory.object.is_directory() {
            return Err(Errno::NOTDIR);
        }
        directory.permit(&stat, libc::R_OK)?;
        let mut listing = Listing::begin(std::mem::take(output.bytes));
        let end = directory::list(
            call,
            &directory,
            &stat,
            self.cookie,
            self.budget,
            self.plus,
            &mut listing,
        )?;
        // Reading marks the access time. What changed the directory meanwhile must not show: a client that keeps the
        // listing goes by the times that came with it.
        let after = directory.attributes_if_any();
        let before = &mut output.answer.directory;
        if (after.mtime, after.ctime) == (before.mtime, before.ctime) {
            *before = after;
        }
        *output.bytes = listing.end(before, end);
        output.answer.count = output.bytes.len() as u32;
        Ok(())
    }
}
