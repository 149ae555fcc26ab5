//! Locks as calls of numbers and bytes: see session.rs for how they are answered.

use fsva_core::call::UntrustedHandle;
use fsva_core::errno::Errno;
use fsva_core::lock_ranges::LockRange;
use fsva_core::operations::lock::{Lock, OWNER_BYTES_MAX};
use fsva_core::operations::unlock::Unlock;
use napi_derive::napi;

use crate::arguments::Unsigned64;
use crate::session::{Fallible, NativeSession, PENDING};

#[napi]
impl NativeSession {
    /// `test`: take nothing, only say what is in the way. `length` 0 is to the end of the file.
    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn lock(
        &mut self,
        caller: f64,
        ticket: u32,
        file: &[u8],
        owner: &[u8],
        offset: Unsigned64,
        length: Unsigned64,
        exclusive: bool,
        test: bool,
    ) -> i32 {
        let operation = arguments(file, owner, offset.0, length.0).map(|(file, range)| Lock {
            file,
            owner: owner.to_vec(),
            range,
            exclusive,
            test,
        });
        self.start(caller, ticket, operation)
    }

    /// Always answered later, if the arguments are good.
    #[napi]
    pub fn unlock(
        &mut self,
        ticket: u32,
        file: &[u8],
        owner: &[u8],
        offset: Unsigned64,
        length: Unsigned64,
    ) -> i32 {
        let unlock = match arguments(file, owner, offset.0, length.0) {
            Ok((file, range)) => Unlock {
                file,
                owner: owner.to_vec(),
                range,
            },
            Err(errno) => return self.refuse(errno),
        };
        let Some((engine, finish)) = self.begin(ticket) else {
            return self.refuse(Errno::JUKEBOX);
        };
        unlock.start(&engine, finish);
        PENDING
    }
}

fn arguments(file: &[u8], owner: &[u8], offset: u64, length: u64) -> Fallible<(UntrustedHandle, LockRange)> {
    if owner.len() > OWNER_BYTES_MAX {
        return Err(Errno::INVAL);
    }
    let range = LockRange::new(offset, length).ok_or(Errno::FBIG)?;
    Ok((UntrustedHandle::new(file)?, range))
}
