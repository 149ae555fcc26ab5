//! Whose rights a thread acts with on the file system.
//!
//! File system credentials are per thread in Linux, but libc's setgroups and friends change every thread of the
//! process: the raw system calls are used. A thread takes a caller's credentials with a guard and gives them
//! back when the guard goes; it never returns to JavaScript in between.

use std::sync::OnceLock;

use crate::caller::Credentials;
use crate::errno::{Errno, Result};

/// What the process may do, found out once.
#[derive(Debug)]
pub struct Server {
    /// Root with the capabilities needed to act as others and to open files by handle.
    pub privileged: bool,
    own: Credentials,
}

const CAP_CHOWN: u32 = 0;
const CAP_DAC_OVERRIDE: u32 = 1;
const CAP_DAC_READ_SEARCH: u32 = 2;
const CAP_SETGID: u32 = 6;
const CAP_SETUID: u32 = 7;
const CAP_SYS_RESOURCE: u32 = 24;
const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;

pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        // SAFETY: no memory involved.
        let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
        let needed = [
            CAP_CHOWN,
            CAP_DAC_OVERRIDE,
            CAP_DAC_READ_SEARCH,
            CAP_SETGID,
            CAP_SETUID,
        ];
        // A user namespace may have a root who must not touch groups: asked by setting what is set already.
        let privileged = uid == 0
            && set_groups(&own_groups()).is_ok()
            && capabilities().is_ok_and(|[effective, ..]| {
                needed.iter().all(|capability| effective & (1 << capability) != 0)
            });
        Server {
            privileged,
            own: Credentials {
                uid,
                gid,
                gids: own_groups(),
            },
        }
    })
}

/// As whom the file system sees a call with these credentials.
pub fn acting_uid(credentials: &Credentials) -> u32 {
    let server = server();
    if server.privileged {
        credentials.uid
    } else {
        server.own.uid
    }
}

fn own_groups() -> Box<[u32]> {
    // SAFETY: with a size of 0 nothing is written.
    let count = unsafe { libc::getgroups(0, std::ptr::null_mut()) };
    let mut groups = vec![0; usize::try_from(count).unwrap_or(0)];
    // SAFETY: groups has room for the number given.
    let filled = unsafe { libc::getgroups(groups.len() as i32, groups.as_mut_ptr()) };
    groups.truncate(usize::try_from(filled).unwrap_or(0));
    groups.into_boxed_slice()
}

#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

/// The calling thread's effective, permitted and inheritable capabilities.
fn capabilities() -> Result<[u64; 3]> {
    let mut header = CapabilityHeader {
        version: LINUX_CAPABILITY_VERSION_3,
        pid: 0,
    };
    let mut data = [0u32; 6];
    // SAFETY: version 3 fills two structs of three u32 each.
    Errno::check(unsafe { libc::syscall(libc::SYS_capget, &mut header, data.as_mut_ptr()) })?;
    Ok([0, 1, 2].map(|set| u64::from(data[set]) | u64::from(data[set + 3]) << 32))
}

/// The calling thread's, without touching it (proc_pid_status(5)).
pub fn umask() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/thread-self/status").ok()?;
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(umask.trim(), 8).ok()
}

/// Takes CAP_SYS_RESOURCE from the calling thread, for good. With it the file system would let every caller
/// into ext4's reserved blocks and past quotas, whatever the file system user id is.
pub fn drop_resource_capability() -> Result<()> {
    let [effective, permitted, inheritable] = capabilities()?;
    let keep = !(1u64 << CAP_SYS_RESOURCE);
    if (effective | permitted | inheritable) & !keep == 0 {
        return Ok(());
    }
    let sets = [effective & keep, permitted & keep, inheritable & keep];
    let mut header = CapabilityHeader {
        version: LINUX_CAPABILITY_VERSION_3,
        pid: 0,
    };
    let mut data = [0u32; 6];
    for (set, bits) in sets.iter().enumerate() {
        data[set] = *bits as u32;
        data[set + 3] = (*bits >> 32) as u32;
    }
    // SAFETY: version 3 reads two structs of three u32 each.
    Errno::check(unsafe { libc::syscall(libc::SYS_capset, &mut header, data.as_mut_ptr()) }).map(drop)
}

fn set_groups(groups: &[u32]) -> Result<()> {
    // SAFETY: groups is valid for the number given.
    Errno::check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) }).map(drop)
}

/// setfsgid and setfsuid report no errors: ask (with an impossible id) whether it worked.
fn set_filesystem_id(number: libc::c_long, id: u32) -> Result<()> {
    // SAFETY: no memory involved.
    let now = unsafe {
        libc::syscall(number, id);
        libc::syscall(number, u32::MAX)
    };
    if now as u32 == id {
        Ok(())
    } else {
        Err(Errno::PERM)
    }
}

/// While it lives, the thread has a caller's rights. Each step it took is undone in reverse order.
#[must_use]
pub struct CredentialsGuard {
    groups: bool,
    gid: bool,
    uid: bool,
}

impl CredentialsGuard {
    /// Does nothing in an unprivileged server, where everybody is the server's own user.
    pub fn assume(credentials: &Credentials) -> Result<CredentialsGuard> {
        let mut guard = CredentialsGuard {
            groups: false,
            gid: false,
            uid: false,
        };
        let server = server();
        if !server.privileged || credentials == &server.own {
            return Ok(guard);
        }
        if credentials.uid == u32::MAX || credentials.gid == u32::MAX {
            return Err(Errno::ACCES);
        }
        // The groups and the gid first: as another user we may no longer change them. Root needs no groups.
        if credentials.gids != server.own.gids && credentials.uid != server.own.uid {
            set_groups(&credentials.gids)?;
            guard.groups = true;
        }
        if credentials.gid != server.own.gid {
            guard.gid = true;
            set_filesystem_id(libc::SYS_setfsgid, credentials.gid)?;
        }
        if credentials.uid != server.own.uid {
            guard.uid = true;
            set_filesystem_id(libc::SYS_setfsuid, credentials.uid)?;
        }
        Ok(guard)
    }
}

impl Drop for CredentialsGuard {
    fn drop(&mut self) {
        let own = &server().own;
        let restored = (!self.uid || set_filesystem_id(libc::SYS_setfsuid, own.uid).is_ok())
            && (!self.gid || set_filesystem_id(libc::SYS_setfsgid, own.gid).is_ok())
            && (!self.groups || set_groups(&own.gids).is_ok());
        if !restored {
            // Going on would serve one caller with another one's rights.
            std::process::abort();
        }
    }
}
