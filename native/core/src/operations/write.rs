use crate::attributes::wcc_attributes;
use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::foreign_buffer_unsafe::ForeignBytes;
use crate::object::DataAccess;
use crate::observer::{ATTRIBUTES, DATA};
use crate::operations::read::require_regular;
use crate::syscalls_unsafe as sys;

/// stable_how of RFC 1813, section 3.3.7.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Stable {
    Unstable = 0,
    DataSync = 1,
    FileSync = 2,
}

/// More is copied by the threads of the export: other clients' calls wait for the event loop.
const INLINE_BYTES_MAX: usize = 256 << 10;

/// RFC 1813, section 3.3.7. `count` of the answer is the number of bytes, `flags` what it is committed to.
pub struct Write {
    pub file: UntrustedHandle,
    pub offset: u64,
    pub data: ForeignBytes,
    pub stable: Stable,
}

impl Operation for Write {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.file)
    }

    fn inline_in_memory(&self) -> bool {
        self.data.len() <= INLINE_BYTES_MAX
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.file, Access::Mutate)?;
        let change = opened.object.changes.begin();
        let stat = opened.stat()?;
        output.answer.before = wcc_attributes(&stat);
        let written = self.write(call, &opened, &stat);
        call.changed(&opened, DATA | ATTRIBUTES, &written);
        output.answer.object = opened.attributes_if_any();
        output.answer.before = change.before(output.answer.before);
        output.answer.count = written? as u32;
        output.answer.flags = self.stable as u32;
        output.answer.verifier = call.engine.verifier.get();
        Ok(())
    }
}

impl Write {
    fn write(&self, call: &Call<'_>, opened: &Opened, stat: &libc::statx) -> Result<usize> {
        require_regular(opened)?;
        opened.permit_data(stat, &[libc::W_OK])?;
        if self.offset > i64::MAX as u64 - self.data.len() as u64 {
            return Err(Errno::FBIG);
        }
        let file = match opened.object.opened(DataAccess::Write) {
            Some(file) => file,
            // Opening waits for whoever has a lease.
            None if call.inline => return Err(DEFER),
            None => opened.object.open(DataAccess::Write, &opened.credentials)?,
        };
        let flags = match self.stable {
            Stable::Unstable => 0,
            Stable::DataSync => libc::RWF_DSYNC,
            Stable::FileSync => libc::RWF_SYNC,
        };
        if self.stable == Stable::Unstable {
            opened.object.mark_unstable();
        }
        // With the caller's rights: quotas, reserved blocks and the set-id bits depend on who writes.
        let _guard = opened.act()?;
        let mut done = 0;
        while done < self.data.len() {
            match sys::pwrite(file, &self.data, done, self.offset + done as u64, flags) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(Errno::INTR) => {}
                Err(errno) => {
                    if errno == Errno::IO {
                        call.engine.verifier.data_may_be_lost();
                    }
                    // The client sends the rest again and hears the error then.
                    return if done == 0 { Err(errno) } else { Ok(done) };
                }
            }
        }
        Ok(done)
    }
}
