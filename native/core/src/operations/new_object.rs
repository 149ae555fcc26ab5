//! What CREATE, MKDIR, SYMLINK and MKNOD have in common.

use std::os::fd::OwnedFd;

use crate::attributes::wcc_attributes;
use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle};
use crate::credentials::acting_uid;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::name::Name;
use crate::observer::ATTRIBUTES;
use crate::operations::set_attributes::{SetAttributes, apply_without_size};
use crate::syscalls_unsafe as sys;

/// What there is now.
pub struct Made {
    pub opened: Opened,
    /// What was said of it when it was made, if nothing has been done to it since.
    pub stat: Option<libc::statx>,
}

impl From<Opened> for Made {
    fn from(opened: Opened) -> Made {
        Made { opened, stat: None }
    }
}

/// Opens the directory, lets `make` make the object in it and reports both.
pub fn create_in(
    call: &Call<'_>,
    output: &mut Output<'_>,
    directory: &UntrustedHandle,
    name: &Name,
    make: impl FnOnce(&Opened) -> Result<Made>,
) -> Result<()> {
    let directory = call.open(directory, Access::Mutate)?;
    if call.inline && !call.engine.no_umask {
        return Err(DEFER);
    }
    let change = directory.object.changes.begin();
    output.answer.before = wcc_attributes(&directory.stat()?);
    let made = if !directory.object.is_directory() {
        Err(Errno::NOTDIR)
    } else if name.is_special() {
        Err(Errno::EXIST)
    } else {
        make(&directory)
    };
    output.answer.directory = directory.attributes_if_any();
    output.answer.before = change.before(output.answer.before);
    let attributes_of = |Made { opened, stat }: Made| {
        // A change after it was made was reported to nobody who did not know the handle yet.
        let attributes = match (call.gives(&opened), stat) {
            (false, Some(stat)) => opened.attributes_of(&stat),
            _ => opened.attributes()?,
        };
        Ok((attributes, opened))
    };
    let made = match made.and_then(attributes_of) {
        // Made, and removed by somebody before there was anything to say about it. Not the directory's handle is
        // stale, which is what the client would understand.
        Err(Errno::STALE) if directory.stat().is_ok() => return Ok(()),
        // A former process made it, and somebody has removed it since.
        Err(Errno::NOENT) if call.happened_before() => return Ok(()),
        made => made?,
    };
    output.answer.object = made.0;
    output.answer.set_handle(&made.1.object.wire);
    Ok(())
}

/// Opens what has just been made, sets what could not be given when it was, and makes it stable.
pub fn finish_new(call: &Call<'_>, directory: &Opened, name: &Name, changes: &SetAttributes) -> Result<Made> {
    let fd = open_new(directory, name).map_err(|errno| match errno {
        Errno::NOENT => Errno::STALE,
        other => other,
    })?;
    let made = call.adopt(directory, name, fd)?;
    {
        let changes = settable(&made, &made.stat()?, changes);
        let guard = made.act()?;
        let applied = apply_without_size(made.fd(), &changes);
        drop(guard);
        call.changed(&made, ATTRIBUTES, &Ok(()));
        applied?;
    }
    sync_new(call, directory, &made)?;
    Ok(made.into())
}

/// What the caller finds under the name, O_PATH.
pub fn open_new(directory: &Opened, name: &Name) -> Result<OwnedFd> {
    let _guard = directory.act()?;
    sys::openat(
        directory.fd(),
        name.as_c_str(),
        libc::O_PATH | libc::O_NOFOLLOW,
        0,
    )
}

/// A client sends the user's own ids with a new object: no reason to refuse it to a squashed root, who could
/// not give it away. As the kernel's server has it, only root sets the owner at creation.
pub fn settable(made: &Opened, stat: &libc::statx, changes: &SetAttributes) -> SetAttributes {
    let root = acting_uid(&made.credentials) == 0;
    SetAttributes {
        uid: changes.uid.filter(|uid| root && *uid != stat.stx_uid),
        gid: changes.gid.filter(|gid| root && *gid != stat.stx_gid),
        mode: missing_set_id(stat, changes.mode),
        size: None,
        ..*changes
    }
}

/// The object and its name. A second fsync costs another flush of the disk even if there is nothing left to write.
pub fn sync_new(call: &Call<'_>, directory: &Opened, made: &Opened) -> Result<()> {
    if made.object.is_regular() || made.object.is_directory() {
        made.sync_metadata(call)?;
        if made.object.filesystem.traits.ordered_metadata {
            return Ok(());
        }
    }
    directory.sync_metadata(call)
}

/// mkdir(2) leaves out the set-id bits, and some FUSE daemons the sticky bit. What else is missing has been taken away by a default ACL.
fn missing_set_id(stat: &libc::statx, wanted: Option<u32>) -> Option<u32> {
    let mode = u32::from(stat.stx_mode);
    let missing = wanted? & (libc::S_ISUID | libc::S_ISGID | libc::S_ISVTX) & !mode;
    (mode & libc::S_IFMT == libc::S_IFDIR && missing != 0).then_some((mode | missing) & 0o7777)
}
