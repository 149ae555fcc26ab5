use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::name::Name;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.3.
pub struct Lookup {
    pub directory: UntrustedHandle,
    pub name: Name,
}

impl Operation for Lookup {
    const INLINE: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let directory = call.open(&self.directory, Access::Read)?;
        let found = find(call, &directory, &self.name);
        if let Err(DEFER) = found {
            return Err(DEFER);
        }
        output.answer.directory = directory.attributes_if_any();
        let found = found?;
        output.answer.object = found.attributes()?;
        output.answer.set_handle(&found.object.wire);
        Ok(())
    }
}

fn find(call: &Call<'_>, directory: &Opened, name: &Name) -> Result<Opened> {
    if !directory.object.is_directory() {
        return Err(Errno::NOTDIR);
    }
    if name.is_dot_dot() {
        return parent(call, directory);
    }
    let fd = open_entry(call, directory, name)?;
    if name.is_dot() {
        return Ok(directory.clone());
    }
    call.adopt(directory, name, fd)
}

/// The entry itself with the caller's rights: searching the directory takes execute permission.
fn open_entry(call: &Call<'_>, directory: &Opened, name: &Name) -> Result<OwnedFd> {
    let _guard = directory.act()?;
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    if !call.inline {
        return sys::openat(directory.fd(), name.as_c_str(), flags, 0);
    }
    match sys::openat2(directory.fd(), name.as_c_str(), flags, sys::RESOLVE_CACHED) {
        // EAGAIN: not in the kernel's cache. Absent names answer ENOENT from the cache, too.
        Err(Errno::AGAIN | Errno::MFILE | Errno::NFILE) => Err(DEFER),
        other => other,
    }
}

/// ".." stops at the export's root. It also stops where the directory has been moved out of the export since its
/// handle was given out: from there it would lead anywhere.
pub(crate) fn parent(call: &Call<'_>, directory: &Opened) -> Result<Opened> {
    if call.inline {
        return Err(DEFER);
    }
    let filesystems = &call.engine.volume(directory.object.export)?.filesystems;
    let root = filesystems.root();
    let dot_dot = Name::new(b"..")?;
    if directory.object.filesystem.key == root.key && directory.object.name == root.root()? {
        let dot = Name::new(b".")?;
        open_entry(call, directory, &dot)?;
        return Ok(directory.clone());
    }
    let fd = open_entry(call, directory, &dot_dot)?;
    let path = std::fs::read_link(path_of(&fd)).map_err(Errno::from)?;
    let root_fd = root.open(root.root()?.object())?;
    let root_path = std::fs::read_link(path_of(&root_fd)).map_err(Errno::from)?;
    if !path.starts_with(&root_path) {
        return Err(Errno::ACCES);
    }
    call.adopt(directory, &dot_dot, fd)
}

fn path_of(fd: &OwnedFd) -> std::path::PathBuf {
    let path = sys::DescriptorPath::new(fd.as_fd());
    std::ffi::OsStr::from_bytes(path.as_c_str().to_bytes()).into()
}
