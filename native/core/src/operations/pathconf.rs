use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.20. `numbers` of the answer: linkmax, name_max, case_insensitive.
pub struct Pathconf {
    pub object: UntrustedHandle,
}

impl Operation for Pathconf {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, Access::Read)?;
        output.answer.object = opened.attributes()?;
        let name_max = u64::try_from(sys::statfs(opened.fd())?.f_namelen).unwrap_or(255);
        let (linkmax, case_insensitive) = match opened.object.filesystem.type_name.as_str() {
            "ext4" => (65_000, false),
            "ext2" | "ext3" => (32_000, false),
            "xfs" => (0x7fff_ffff, false),
            "btrfs" => (65_535, false),
            "vfat" | "msdos" => (1, true),
            _ => (0x7fff_ffff, false),
        };
        output.answer.numbers = [linkmax, name_max, u64::from(case_insensitive), 0, 0, 0];
        Ok(())
    }
}
