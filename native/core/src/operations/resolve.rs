use std::ffi::CString;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::handle::Handle;
use crate::syscalls_unsafe as sys;

/// MOUNT's way in: a directory inside an export, by path and with the server's own rights. Symbolic links are
/// followed as long as they stay beneath the export's root.
pub struct Resolve {
    pub export_path: PathBuf,
    pub path: Vec<u8>,
}

impl Operation for Resolve {
    fn handle(&self) -> Option<&UntrustedHandle> {
        None
    }

    fn export_path(&self) -> Option<&Path> {
        Some(&self.export_path)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let root = root(call, &self.export_path)?;
        let first = self
            .path
            .iter()
            .position(|byte| *byte != b'/')
            .unwrap_or(self.path.len());
        let path = &self.path[first..];
        let found = if path.is_empty() {
            root
        } else {
            beneath(call, &root, path)?
        };
        call.gives(&found);
        output.answer.object = found.attributes()?;
        output.answer.set_handle(&found.object.wire);
        Ok(())
    }
}

fn root(call: &Call<'_>, export_path: &Path) -> Result<Opened> {
    let policy = &call.engine.guard.policy;
    let export = policy.current().by_path(export_path).ok_or(Errno::NOENT)?.id;
    let authorization = policy.authorize(call.caller, export, Access::Read)?;
    let filesystem = call.engine.volume(export)?.filesystems.root();
    let name = filesystem.root()?;
    let handle = Handle {
        export,
        filesystem: filesystem.key,
        object: name.object(),
    };
    let wire = UntrustedHandle::new(call.engine.guard.codec.seal(&handle)?.as_bytes())?;
    debug_assert_eq!(authorization.export.id, export);
    call.open(&wire, Access::Read)
}

fn beneath(call: &Call<'_>, root: &Opened, path: &[u8]) -> Result<Opened> {
    let path = CString::new(path).map_err(|_| Errno::INVAL)?;
    let resolve = sys::RESOLVE_BENEATH | sys::RESOLVE_NO_MAGICLINKS;
    let fd = match sys::openat2(root.fd(), &path, libc::O_PATH | libc::O_DIRECTORY, resolve) {
        // What leads out of the export does not exist for a client.
        Err(Errno::XDEV) => return Err(Errno::NOENT),
        // Renamed under way.
        Err(Errno::AGAIN) => return Err(Errno::JUKEBOX),
        other => other?,
    };
    let stat = sys::statx(fd.as_fd())?;
    let volume = call.engine.volume(root.object.export)?;
    let filesystem = volume.filesystems.by_mount_id(stat.stx_mnt_id)?;
    let name = filesystem.name_of(fd.as_fd(), None)?;
    call.adopt_named(root, filesystem, name, call.descriptor(fd), &stat)
}
