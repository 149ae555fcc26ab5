//! What an operation has to know of a file before it begins: whether the caller may, and how the file looks.

use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE};
use fsva_core::answer::Answer;
use fsva_core::call::{Call, Output, UntrustedHandle};
use fsva_core::engine::Operation;
use fsva_core::errno::{Errno, Result};
use fsva_core::export_policy::Access;

/// Whether the caller may use the object so, and its attributes.
pub struct Inspect {
    pub object: UntrustedHandle,
    pub access: u32,
    /// EINVAL or EISDIR for what has no data.
    pub data: bool,
}

impl Operation for Inspect {
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let writes = self.access & ACCESS_WRITE != 0;
        let access = if writes { Access::Mutate } else { Access::Read };
        let opened = call.open(&self.object, access)?;
        let object = &opened.object;
        if self.data && !object.is_regular() {
            return Err(if object.is_directory() {
                Errno::ISDIR
            } else {
                Errno::INVAL
            });
        }
        let stat = opened.stat()?;
        if self.access & ACCESS_READ != 0 {
            opened.permit_data(&stat, &[libc::R_OK, libc::X_OK])?;
        }
        if writes {
            opened.permit_data(&stat, &[libc::W_OK])?;
        }
        output.answer.object = opened.attributes_of(&stat);
        let local = object.filesystem.traits.inline && !opened.export.mapped_stores;
        output.answer.numbers[0] = u64::from(local);
        Ok(())
    }
}

/// Whether every change of the file shows in its attributes, by this machine's clock.
pub fn is_local(inspected: &Answer) -> bool {
    inspected.numbers[0] == 1
}
