//! Who is at the other end of a connection, as the kernel knows it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The process that connected, with the rights it had then. Nothing of it is read from /proc, where another process may
/// have its number by now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    pub uid: u32,
    pub gid: u32,
    /// Without `gid`.
    pub gids: Vec<u32>,
}

/// NGROUPS_MAX: a process cannot be in more.
const GROUPS_MAX: usize = 65_536;

pub fn peer_of(socket: BorrowedFd<'_>) -> io::Result<Peer> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: 0,
        gid: 0,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: credentials is a local of the length given.
    let returned = unsafe {
        let into = (&raw mut credentials).cast();
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            into,
            &raw mut length,
        )
    };
    if returned != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Peer {
        uid: credentials.uid,
        gid: credentials.gid,
        gids: groups_of(socket)?,
    })
}

fn groups_of(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups = vec![0u32; 64];
    loop {
        let mut length = size_of_val(groups.as_slice()) as libc::socklen_t;
        // SAFETY: groups is valid for writing, of the length given.
        let returned = unsafe {
            let into = groups.as_mut_ptr().cast();
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                into,
                &raw mut length,
            )
        };
        if returned == 0 {
            groups.truncate(length as usize / size_of::<u32>());
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ERANGE) || groups.len() >= GROUPS_MAX {
            return Err(error);
        }
        groups.resize(groups.len() * 4, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_socket_of_our_own_is_ours() {
        let (one, _other) = UnixStream::pair().unwrap();
        let peer = peer_of(one.as_fd()).unwrap();
        // SAFETY: no memory involved; a count of zero asks how many groups there are.
        let (uid, gid, groups) = unsafe {
            (
                libc::geteuid(),
                libc::getegid(),
                libc::getgroups(0, std::ptr::null_mut()),
            )
        };
        assert_eq!((peer.uid, peer.gid), (uid, gid));
        assert_eq!(peer.gids.len(), groups as usize);
    }
}
