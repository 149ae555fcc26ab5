use std::os::fd::{AsFd, OwnedFd};

use crate::answer::Time;
use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::name::Name;
use crate::object::DataAccess;
use crate::observer::{ATTRIBUTES, DATA};
use crate::operations::new_object::{Made, create_in, open_new, settable, sync_new};
use crate::operations::set_attributes::{SetAttributes, SetTime, apply_without_size, set_size};
use crate::reply_record_doubt::creation;
use crate::syscalls_unsafe as sys;

/// createhow3 of RFC 1813, section 3.3.8.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    Unchecked(SetAttributes),
    Guarded(SetAttributes),
    Exclusive([u8; 8]),
}

/// RFC 1813, section 3.3.8.
pub struct Create {
    pub directory: UntrustedHandle,
    pub name: Name,
    pub how: How,
}

/// Between "it exists" and opening it somebody may remove it, any number of times; at some point we give up.
const ATTEMPTS_MAX: usize = 8;

impl Operation for Create {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        create_in(call, output, &self.directory, &self.name, |directory| {
            if call.happened_before() {
                let path = open_new(directory, &self.name)?;
                let made = call.adopt(directory, &self.name, path)?;
                let stat = made.stat()?;
                return self.set_up(call, directory, made, &stat);
            }
            for _ in 0..ATTEMPTS_MAX {
                match self.make(call, directory) {
                    Ok(fd) => return self.initialize(call, directory, fd),
                    Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno),
                }
                match self.use_existing(call, directory) {
                    Err(Errno::NOENT | Errno::STALE) => {}
                    other => return other.map(Made::from),
                }
            }
            Err(Errno::JUKEBOX)
        })
    }
}

impl Create {
    fn make(&self, call: &Call<'_>, directory: &Opened) -> Result<OwnedFd> {
        let mode = match &self.how {
            How::Unchecked(attributes) | How::Guarded(attributes) => attributes.mode.unwrap_or(0) & 0o7777,
            // The client sets the mode with its next call; until then the file is its owner's only.
            How::Exclusive(_) => 0,
        };
        let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_NOFOLLOW;
        let mut made = Err(Errno::EXIST);
        let evidence = || creation(directory, &self.name, libc::S_IFREG);
        call.once(directory, evidence, || {
            let _guard = directory.act()?;
            made = Ok(sys::openat(directory.fd(), self.name.as_c_str(), flags, mode)?);
            Ok(())
        })?;
        made
    }

    fn initialize(&self, call: &Call<'_>, directory: &Opened, fd: OwnedFd) -> Result<Made> {
        let stat = sys::statx_with_birth(fd.as_fd())?;
        let created = call.descriptor(fd);
        let made = call.adopt_with(directory, &self.name, created.clone(), &stat)?;
        // Opened as it was created: later its mode may not allow that any more.
        made.object.keep_created(created);
        self.set_up(call, directory, made, &stat)
    }

    /// What a new file gets after it was made. Others may have found it already.
    fn set_up(&self, call: &Call<'_>, directory: &Opened, made: Opened, stat: &libc::statx) -> Result<Made> {
        let set = self.set_attributes(&made, stat);
        call.changed(&made, DATA | ATTRIBUTES, &Ok(()));
        let as_made = set?.then_some(*stat);
        sync_new(call, directory, &made)?;
        Ok(Made {
            opened: made,
            stat: as_made,
        })
    }

    /// Whether there was nothing to set. `stat` is from when it was made.
    fn set_attributes(&self, made: &Opened, stat: &libc::statx) -> Result<bool> {
        let changes = match &self.how {
            How::Unchecked(attributes) | How::Guarded(attributes) => {
                let size = attributes.size.filter(|size| *size > 0);
                if let Some(size) = size {
                    set_size(made, stat, size)?;
                }
                let changes = settable(made, stat, attributes);
                if changes == SetAttributes::default() {
                    return Ok(size.is_none());
                }
                changes
            }
            How::Exclusive(verifier) => {
                let (atime, mtime) = verifier_times(*verifier);
                SetAttributes {
                    atime: SetTime::Explicit(atime),
                    mtime: SetTime::Explicit(mtime),
                    ..SetAttributes::default()
                }
            }
        };
        let _guard = made.act()?;
        apply_without_size(made.fd(), &changes)?;
        Ok(false)
    }

    fn use_existing(&self, call: &Call<'_>, directory: &Opened) -> Result<Opened> {
        if let How::Guarded(_) = self.how {
            return Err(Errno::EXIST);
        }
        let fd = {
            let _guard = directory.act()?;
            sys::openat(
                directory.fd(),
                self.name.as_c_str(),
                libc::O_PATH | libc::O_NOFOLLOW,
                0,
            )?
        };
        let existing = call.adopt(directory, &self.name, fd)?;
        if !existing.object.is_regular() {
            return Err(Errno::EXIST);
        }
        let stat = existing.stat()?;
        match &self.how {
            // As open(O_CREAT | O_TRUNC): the other attributes are for a new file.
            How::Unchecked(attributes) => {
                if let Some(size) = attributes.size {
                    // Cutting off may free much, and opening waits for whoever has a lease.
                    let is_open = existing.object.opened(DataAccess::Write).is_some();
                    if call.inline && (stat.stx_size > 0 || !is_open) {
                        return Err(DEFER);
                    }
                    let cut = set_size(&existing, &stat, size);
                    call.changed(&existing, DATA | ATTRIBUTES, &cut);
                    cut?;
                    existing.sync_metadata(call)?;
                }
                Ok(existing)
            }
            How::Exclusive(verifier) if made_with(&stat, *verifier) => {
                // The first attempt may not have got as far as this.
                sync_new(call, directory, &existing)?;
                Ok(existing)
            }
            _ => Err(Errno::EXIST),
        }
    }
}

/// Where the verifier of an exclusive CREATE is kept until the client sets the attributes: 31 bits each in the
/// seconds of atime and mtime, which every file system keeps, one bit each in the nanoseconds.
fn verifier_times(verifier: [u8; 8]) -> (Time, Time) {
    let part = |word: [u8; 4]| {
        let word = u32::from_be_bytes(word);
        Time {
            seconds: word & 0x7fff_ffff,
            nseconds: (word >> 31) * 500_000_000,
        }
    };
    let [a, b, c, d, e, f, g, h] = verifier;
    (part([a, b, c, d]), part([e, f, g, h]))
}

fn made_with(stat: &libc::statx, verifier: [u8; 8]) -> bool {
    let same = |stored: &libc::statx_timestamp, expected: Time| {
        // A file system with times in seconds keeps 62 of the 64 bits.
        stored.tv_sec == i64::from(expected.seconds) && [expected.nseconds, 0].contains(&stored.tv_nsec)
    };
    let (atime, mtime) = verifier_times(verifier);
    stat.stx_size == 0 && same(&stat.stx_atime, atime) && same(&stat.stx_mtime, mtime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_the_verifier_is_stored() {
        let zero = verifier_times([0; 8]);
        for bit in 0..64 {
            let times = verifier_times((1u64 << bit).to_be_bytes());
            assert_ne!(times, zero, "bit {bit}");
            assert!(times.0.seconds <= i32::MAX as u32 && times.1.seconds <= i32::MAX as u32);
        }
    }
}
