use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;

use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle, stat_in};
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
        // From before the lookup, for the reason that READ has.
        let stat = directory.stat()?;
        output.answer.directory = directory.attributes_of(&stat);
        if !directory.object.is_directory() {
            return Err(Errno::NOTDIR);
        }
        // Searching a directory takes execute permission; what is in it may be anybody's.
        directory.permit(&stat, libc::X_OK)?;
        if self.name.is_dot() {
            output.answer.object = output.answer.directory;
            output.answer.set_handle(&directory.object.wire);
            return Ok(());
        }
        if self.name.is_dot_dot() {
            let found = parent(call, &directory)?;
            output.answer.object = found.attributes()?;
            output.answer.set_handle(&found.object.wire);
            return Ok(());
        }
        let (found, stat) = find(call, &directory, &self.name)?;
        // A change after the first look was reported to nobody who did not know the handle yet.
        output.answer.object = if call.gives(&found) {
            found.attributes_of(&stat_in(&found.object.filesystem, found.fd())?)
        } else {
            found.attributes_of(&stat)
        };
        output.answer.set_handle(&found.object.wire);
        Ok(())
    }
}

/// The object of that name, and what statx says of it.
fn find(call: &Call<'_>, directory: &Opened, name: &Name) -> Result<(Opened, libc::statx)> {
    let moment = call.engine.objects.moment();
    let filesystem = &directory.object.filesystem;
    // Nothing waits there: it may be looked at without being opened.
    if filesystem.traits.memory {
        let stat = sys::statx_at_with_birth(directory.fd(), name.as_c_str())?;
        // But in what is mounted there.
        if call.inline && stat.stx_mnt_id != filesystem.mount_id {
            return Err(DEFER);
        }
        if let Some(found) = call.already_open(directory, &stat, moment) {
            return Ok((found, stat));
        }
    }
    let fd = open_entry(call, directory, name)?;
    let stat = stat_in(filesystem, fd.as_fd())?;
    let found = match call.already_open(directory, &stat, moment) {
        Some(found) => found,
        None => call.adopt_with(directory, name, call.descriptor(fd), &stat)?,
    };
    Ok((found, stat))
}

fn open_entry(call: &Call<'_>, directory: &Opened, name: &Name) -> Result<OwnedFd> {
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    if !call.inline {
        return call.engine.with_spare_descriptors(|| {
            // A file system that decides for itself sees who asks.
            let _guard = if directory.object.filesystem.traits.inline {
                None
            } else {
                Some(directory.act()?)
            };
            sys::openat(directory.fd(), name.as_c_str(), flags, 0)
        });
    }
    let resolve = sys::RESOLVE_CACHED | sys::RESOLVE_NO_XDEV;
    match sys::openat2(directory.fd(), name.as_c_str(), flags, resolve) {
        // EAGAIN: not in the kernel's cache. Absent names answer ENOENT from the cache, too. EINVAL: Linux before 5.12. EXDEV: what
        // is mounted there may have to be waited for.
        Err(Errno::AGAIN | Errno::INVAL | Errno::XDEV | Errno::MFILE | Errno::NFILE) => Err(DEFER),
        other => other,
    }
}

/// ".." of a directory that the caller may search. It stops at the export's root. It also stops where the directory has been moved out of the export since its
/// handle was given out: from there it would lead anywhere.
pub(crate) fn parent(call: &Call<'_>, directory: &Opened) -> Result<Opened> {
    if call.inline {
        return Err(DEFER);
    }
    let filesystems = &call.engine.volume(directory.object.export)?.filesystems;
    let root = filesystems.root();
    if directory.object.filesystem.key == root.key && directory.object.name == root.root()? {
        return Ok(directory.clone());
    }
    let dot_dot = Name::new(b"..")?;
    let fd = open_entry(call, directory, &dot_dot)?;
    let path = std::fs::read_link(path_of(&fd)).map_err(Errno::from)?;
    let root_fd = root.open(root.root()?.object())?;
    let root_path = std::fs::read_link(path_of(&root_fd)).map_err(Errno::from)?;
    if !path.starts_with(&root_path) {
        return Err(Errno::ACCES);
    }
    let found = call.adopt(directory, &dot_dot, fd)?;
    call.gives(&found);
    Ok(found)
}

fn path_of(fd: &OwnedFd) -> std::path::PathBuf {
    let path = sys::DescriptorPath::new(fd.as_fd());
    std::ffi::OsStr::from_bytes(path.as_c_str().to_bytes()).into()
}
