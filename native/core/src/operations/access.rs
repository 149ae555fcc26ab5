use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy;

/// ACCESS3_* of RFC 1813, section 3.3.4.
pub const READ: u32 = 0x01;
pub const LOOKUP: u32 = 0x02;
pub const MODIFY: u32 = 0x04;
pub const EXTEND: u32 = 0x08;
pub const DELETE: u32 = 0x10;
pub const EXECUTE: u32 = 0x20;

pub struct Access {
    pub object: UntrustedHandle,
    pub wanted: u32,
}

/// What a permission bit of the file system gives on a directory, and on anything else. LOOKUP and DELETE say
/// nothing about a file.
const DIRECTORY: [(i32, u32); 3] = [
    (libc::R_OK, READ),
    (libc::X_OK, LOOKUP),
    (libc::W_OK | libc::X_OK, MODIFY | EXTEND | DELETE),
];
const OTHER: [(i32, u32); 3] = [
    (libc::R_OK, READ),
    (libc::X_OK, EXECUTE),
    (libc::W_OK, MODIFY | EXTEND),
];

impl Operation for Access {
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, export_policy::Access::Read)?;
        let stat = opened.stat()?;
        output.answer.object = opened.attributes_of(&stat);
        let rules = if opened.object.is_directory() {
            &DIRECTORY
        } else {
            &OTHER
        };
        for (mode, bits) in rules {
            let bits = bits & self.wanted;
            if bits == 0 || (mode & libc::W_OK != 0 && opened.export.read_only) {
                continue;
            }
            match opened.permit(&stat, *mode) {
                Ok(()) => output.answer.count |= bits,
                Err(Errno::ACCES | Errno::PERM | Errno::ROFS) => {}
                Err(errno) => return Err(errno),
            }
        }
        Ok(())
    }
}
