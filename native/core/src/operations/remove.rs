use crate::attributes::wcc_attributes;
use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::name::Name;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.12: of anything but a directory.
pub struct Remove {
    pub directory: UntrustedHandle,
    pub name: Name,
}

impl Operation for Remove {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        remove_from(call, output, &self.directory, &self.name, 0)
    }
}

/// REMOVE and RMDIR. `flags`: 0 or AT_REMOVEDIR.
pub(super) fn remove_from(
    call: &Call<'_>,
    output: &mut Output<'_>,
    directory: &UntrustedHandle,
    name: &Name,
    flags: i32,
) -> Result<()> {
    let directory = call.open(directory, Access::Mutate)?;
    output.answer.before = wcc_attributes(&directory.stat()?);
    let removed = remove_entry(call, &directory, name, flags);
    output.answer.directory = directory.attributes_if_any();
    removed
}

fn remove_entry(call: &Call<'_>, directory: &Opened, name: &Name, flags: i32) -> Result<()> {
    if !directory.object.is_directory() {
        return Err(Errno::NOTDIR);
    }
    if name.is_special() {
        return Err(Errno::INVAL);
    }
    let victim = Victim::find(directory, name);
    {
        let _guard = directory.act()?;
        sys::unlinkat(directory.fd(), name.as_c_str(), flags)?;
    }
    let parent = &directory.object;
    if let Some(victim) = victim {
        let object = victim.name;
        let links_left = victim.gone(call, directory).unwrap_or(true);
        parent
            .filesystem
            .removed(parent.name.object(), name.as_bytes(), object, links_left);
    }
    directory.sync_metadata(call)
}

/// What is about to lose a name. Held open so that it can be told afterwards whether that was the last one.
pub(super) struct Victim {
    fd: std::os::fd::OwnedFd,
    pub name: Option<crate::filesystem::ObjectName>,
}

impl Victim {
    /// With the server's rights: only to clean up, the removal itself is the caller's.
    pub fn find(directory: &Opened, name: &Name) -> Option<Victim> {
        use std::os::fd::AsFd;
        let flags = libc::O_PATH | libc::O_NOFOLLOW;
        let fd = sys::openat(directory.fd(), name.as_c_str(), flags, 0).ok()?;
        let parent = &directory.object;
        let same = sys::statx(fd.as_fd()).is_ok_and(|stat| stat.stx_mnt_id == parent.filesystem.mount_id);
        let place = Some((parent.name.object(), name.as_bytes()));
        let object = if same {
            parent.filesystem.name_of(fd.as_fd(), place).ok()
        } else {
            None
        };
        Some(Victim { fd, name: object })
    }

    /// Closes it in the cache if it has no name left, so that its space is free and its handle stale. Answers
    /// whether it still has one.
    pub fn gone(self, call: &Call<'_>, directory: &Opened) -> Option<bool> {
        use std::os::fd::AsFd;
        let links_left = sys::statx(self.fd.as_fd()).ok()?.stx_nlink > 0;
        if !links_left
            && let Some(name) = &self.name
            && let Ok(wire) = call.wire_handle(&directory.object, name)
        {
            call.engine.objects.remove(wire.as_bytes());
        }
        Some(links_left)
    }
}
