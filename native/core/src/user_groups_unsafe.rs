//! The groups of a user as this machine's user database (nsswitch.conf(5)) has them.

use std::ffi::CStr;
use std::mem::MaybeUninit;

use crate::errno::{Errno, Result};

/// What one entry of the user database may take. No such entry is a megabyte long.
const ENTRY_BYTES_MAX: usize = 1 << 20;
/// NGROUPS_MAX: a process cannot be in more.
const GROUPS_MAX: usize = 65_536;

/// The primary and the supplementary groups; None if there is no such user. May ask servers far away, and block.
pub fn groups_of(uid: u32) -> Result<Option<Vec<u32>>> {
    let mut buffer: Vec<libc::c_char> = vec![0; 1024];
    loop {
        let mut entry = MaybeUninit::<libc::passwd>::zeroed();
        let mut found = std::ptr::null_mut();
        // SAFETY: entry and found are locals, and buffer has the length given.
        let error = unsafe {
            libc::getpwuid_r(
                uid,
                entry.as_mut_ptr(),
                buffer.as_mut_ptr(),
                buffer.len(),
                &mut found,
            )
        };
        match error {
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: it was found, so the entry is filled in and its name is a string in the buffer.
                let (name, gid) = unsafe {
                    let entry = entry.assume_init();
                    (CStr::from_ptr(entry.pw_name), entry.pw_gid)
                };
                return group_list(name, gid).map(Some);
            }
            // How some sources say that there is no such user (getpwuid(3)).
            libc::ENOENT | libc::ESRCH => return Ok(None),
            libc::EINTR => {}
            libc::ERANGE if buffer.len() < ENTRY_BYTES_MAX => buffer.resize(buffer.len() * 2, 0),
            error => return Err(Errno(error)),
        }
    }
}

fn group_list(name: &CStr, gid: u32) -> Result<Vec<u32>> {
    let mut groups = vec![0; 64];
    loop {
        let mut count = groups.len() as libc::c_int;
        // SAFETY: name is a string and groups has room for the count given.
        let returned = unsafe { libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &mut count) };
        let count = count.max(0) as usize;
        if returned >= 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        if groups.len() >= GROUPS_MAX {
            return Err(Errno::OVERFLOW);
        }
        groups.resize(count.max(groups.len() * 2).min(GROUPS_MAX), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_in_its_own_group() {
        let groups = groups_of(0).unwrap().expect("every machine has a root");
        assert!(groups.contains(&0), "{groups:?}");
    }

    #[test]
    fn somebody_unknown_has_none() {
        assert_eq!(groups_of(3_999_999_999), Ok(None));
    }
}
