use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.19. `numbers` of the answer: maxfilesize, seconds and nanoseconds of time_delta.
pub struct Fsinfo {
    pub object: UntrustedHandle,
}

impl Operation for Fsinfo {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, Access::Read)?;
        output.answer.object = opened.attributes()?;
        let block_bytes = u64::try_from(sys::statfs(opened.fd())?.f_bsize).unwrap_or(4096);
        let (maxfilesize, seconds, nseconds) = match opened.object.filesystem.type_name.as_str() {
            // Block numbers in a file have 32 bits; the last one is not used.
            "ext4" => (u64::from(u32::MAX) * block_bytes, 0, 1),
            "vfat" | "msdos" => (u64::from(u32::MAX), 2, 0),
            _ => (i64::MAX as u64, 0, 1),
        };
        output.answer.numbers = [maxfilesize, seconds, nseconds, 0, 0, 0];
        Ok(())
    }
}
