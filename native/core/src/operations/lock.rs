//! LOCK and TEST of the network lock manager protocol, version 4 (X/Open XNFS, chapter 14). UNLOCK needs neither
//! permission nor an open file: Engine::start_unlock.

use crate::answer::Answer;
use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::lock_ranges::LockRange;
use crate::lock_table::{Attempt, Holder, LockRequest};
use crate::object::Descriptor;
use crate::operations::read::require_regular;

/// Owner bytes at most: a name, an address and what the protocol calls oh.
pub const OWNER_BYTES_MAX: usize = 4096;

/// Takes the lock, or only says what would be in the way. EAGAIN: `flags` of the answer is 1 if the lock in the way
/// is exclusive, `numbers` its offset, its length and its process, the bytes its owner if that is one of ours.
/// Otherwise `count` is the number of ranges that the owner holds in the file.
pub struct Lock {
    pub file: UntrustedHandle,
    pub owner: Vec<u8>,
    pub range: LockRange,
    pub exclusive: bool,
    pub test: bool,
}

impl Operation for Lock {
    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.file)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let changes = self.exclusive && !self.test;
        let access = if changes { Access::Mutate } else { Access::Read };
        let opened = call.open(&self.file, access)?;
        let stat = opened.stat()?;
        require_regular(&opened)?;
        // As for the other kinds of access the client has checked how the file was opened.
        opened.permit_data(&stat, &[libc::R_OK, libc::W_OK])?;
        let request = LockRequest {
            wire: &opened.object.wire,
            export: opened.object.export,
            owner: &self.owner,
            range: self.range,
            exclusive: self.exclusive,
            flock: has_flock(&opened.object.filesystem.type_name),
        };
        let locks = &call.engine.locks;
        if self.test {
            return match locks.test(&request, || self.descriptor(call, &opened))? {
                None => Ok(()),
                Some(holder) => Err(report(&holder, output)),
            };
        }
        match locks.lock(&request, || self.descriptor(call, &opened))? {
            Attempt::Granted(held) => {
                output.answer.count = held as u32;
                Ok(())
            }
            Attempt::Conflict(holder) => Err(report(&holder, output)),
        }
    }
}

impl Lock {
    /// An exclusive lock takes a descriptor for writing; a shared one may become exclusive later.
    fn descriptor(&self, call: &Call<'_>, opened: &Opened) -> Result<Descriptor> {
        let reopen = |flags| {
            let open = || opened.object.reopen(flags, &opened.credentials);
            call.engine.with_spare_descriptors(open)
        };
        let fd = match reopen(libc::O_RDWR) {
            // Read-only file systems, running programs, immutable files.
            Err(Errno::ROFS | Errno::ACCES | Errno::PERM | Errno::TXTBSY) if !self.exclusive || self.test => {
                reopen(libc::O_RDONLY)
            }
            other => other,
        }?;
        Ok(Descriptor::new(fd, &call.engine.objects.descriptors))
    }
}

fn report(holder: &Holder, output: &mut Output<'_>) -> Errno {
    let Answer { flags, numbers, .. } = output.answer;
    *flags = u32::from(holder.exclusive);
    numbers[0] = holder.range.first;
    numbers[1] = holder.range.length();
    numbers[2] = holder.pid.into();
    output.bytes.extend_from_slice(&holder.owner);
    Errno::AGAIN
}

/// NFS and SMB clients turn flock() into a lock of the whole file, which one descriptor cannot hold twice.
fn has_flock(type_name: &str) -> bool {
    !matches!(type_name, "nfs" | "nfs4" | "cifs" | "smb3" | "9p" | "ceph")
}
