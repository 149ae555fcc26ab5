use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
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
        match opened.attributes() {
            Ok(attributes) => output.answer.object = attributes,
            Err(Errno::STALE) => {
                call.engine.forget(&opened.object);
                return Err(Errno::STALE);
            }
            Err(errno) => return Err(errno),
        }
        Ok(())
    }
}
