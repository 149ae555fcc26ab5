use crate::call::{Call, DEFER, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.18. `numbers` of the answer: tbytes, fbytes, abytes, tfiles, ffiles, afiles.
pub struct Fsstat {
    pub object: UntrustedHandle,
}

impl Operation for Fsstat {
    /// Where files are memory, it is a sum of counters.
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, Access::Read)?;
        if call.inline && !opened.object.filesystem.traits.memory {
            return Err(DEFER);
        }
        output.answer.object = opened.attributes()?;
        let stat = sys::statfs(opened.fd())?;
        let unit = u64::try_from(if stat.f_frsize > 0 {
            stat.f_frsize
        } else {
            stat.f_bsize
        })
        .unwrap_or(1);
        // Clients compute with signed numbers.
        let bytes = |blocks: u64| blocks.saturating_mul(unit).min(i64::MAX as u64);
        let files = |count: u64| count.min(i64::MAX as u64);
        output.answer.numbers = [
            bytes(stat.f_blocks),
            bytes(stat.f_bfree),
            bytes(stat.f_bavail),
            files(stat.f_files),
            files(stat.f_ffree),
            files(stat.f_ffree),
        ];
        Ok(())
    }
}
