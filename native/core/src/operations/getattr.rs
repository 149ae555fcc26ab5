use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;

/// RFC 1813, section 3.3.1.
pub struct Getattr {
    pub object: UntrustedHandle,
}

impl Operation for Getattr {
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, Access::Read)?;
        output.answer.object = opened.attributes()?;
        Ok(())
    }
}
