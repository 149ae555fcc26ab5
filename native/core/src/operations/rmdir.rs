use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;
use crate::name::Name;
use crate::operations::remove::remove_from;

/// RFC 1813, section 3.3.13.
pub struct Rmdir {
    pub directory: UntrustedHandle,
    pub name: Name,
}

impl Operation for Rmdir {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        remove_from(call, output, &self.directory, &self.name, libc::AT_REMOVEDIR)
    }
}
