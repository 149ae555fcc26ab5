use std::os::fd::AsFd;

use crate::attributes::wcc_attributes;
use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle};
use crate::closing::Evicted;
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::filesystem::ObjectName;
use crate::name::Name;
use crate::object::Descriptor;
use crate::observer::{ATTRIBUTES, NAME_REMOVED, Subject};
use crate::reply_record_doubt::entry;
use crate::reply_record_evidence::Evidence;
use crate::syscalls_unsafe as sys;

/// Freeing more than this takes long enough for others to notice.
const INLINE_FREED_MAX: u64 = 1 << 20;

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

    fn inline_in_memory(&self) -> bool {
        true
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
    let change = directory.object.changes.begin();
    output.answer.before = wcc_attributes(&directory.stat()?);
    let removed = remove_entry(call, &directory, name, flags);
    output.answer.directory = directory.attributes_if_any();
    output.answer.before = change.before(output.answer.before);
    removed
}

fn remove_entry(call: &Call<'_>, directory: &Opened, name: &Name, flags: i32) -> Result<()> {
    if !directory.object.is_directory() {
        return Err(Errno::NOTDIR);
    }
    if name.is_special() {
        return Err(Errno::INVAL);
    }
    // What has the name after that is somebody else's.
    let victim = if call.happened_before() {
        None
    } else {
        Victim::find(call, directory, name)
    };
    let evidence = || {
        Some(Evidence::Removal {
            entry: entry(directory, name)?,
            victim: victim.as_ref()?.handle(call, directory)?,
        })
    };
    if let Some(victim) = &victim {
        victim.require_time(call)?;
        victim.let_go(call, directory);
    }
    let removed = call.once(directory, evidence, || {
        let _guard = directory.act()?;
        sys::unlinkat(directory.fd(), name.as_c_str(), flags)
    });
    if let Some(victim) = &victim {
        victim.report(call, directory, &removed);
    }
    removed?;
    if let Some(victim) = victim {
        drop(victim.gone(call, directory, name));
    }
    directory.sync_metadata(call)
}

/// What is about to lose a name. Held open so that it can be told afterwards whether that was the last one.
pub(super) struct Victim {
    fd: Descriptor,
    is_last_link: bool,
    fileid: u64,
    bytes: u64,
    pub name: Option<ObjectName>,
}

impl Victim {
    /// With the server's rights: only to clean up, the removal itself is the caller's.
    pub fn find(call: &Call<'_>, directory: &Opened, name: &Name) -> Option<Victim> {
        let moment = call.engine.objects.moment();
        // Nothing waits there: it may be looked at without being opened.
        if directory.object.filesystem.traits.memory {
            let stat = sys::statx_at_with_birth(directory.fd(), name.as_c_str()).ok()?;
            if stat.stx_mnt_id != directory.object.filesystem.mount_id {
                return None;
            }
            if let Some(found) = call.already_open(directory, &stat, moment) {
                return Some(Victim::new(
                    found.object.path_descriptor(),
                    &stat,
                    Some(found.object.name),
                ));
            }
        }
        let flags = libc::O_PATH | libc::O_NOFOLLOW;
        // Not into what is mounted there, which may hang: a mount point is not removed.
        let fd = sys::openat2(directory.fd(), name.as_c_str(), flags, sys::RESOLVE_NO_XDEV).ok()?;
        let stat = sys::statx(fd.as_fd()).ok()?;
        let place = Some((directory.object.name.object(), name.as_bytes()));
        let object = directory.object.filesystem.name_of(fd.as_fd(), place).ok();
        Some(Victim::new(call.descriptor(fd), &stat, object))
    }

    fn new(fd: Descriptor, stat: &libc::statx, name: Option<ObjectName>) -> Victim {
        let is_directory = u32::from(stat.stx_mode) & libc::S_IFMT == libc::S_IFDIR;
        Victim {
            fd,
            is_last_link: is_directory || stat.stx_nlink <= 1,
            fileid: stat.stx_ino,
            bytes: stat.stx_blocks * 512,
            name,
        }
    }

    /// DEFER if this thread must not wait until its space is free.
    pub fn require_time(&self, call: &Call<'_>) -> Result<()> {
        if call.inline && self.bytes > INLINE_FREED_MAX {
            return Err(DEFER);
        }
        Ok(())
    }

    /// None if it is of another file system than its directory.
    pub fn handle(&self, call: &Call<'_>, directory: &Opened) -> Option<UntrustedHandle> {
        let wire = call.wire_handle(&directory.object, self.name.as_ref()?).ok()?;
        UntrustedHandle::new(wire.as_bytes()).ok()
    }

    /// It lost a name, or was moved, as far as `done` says so.
    pub fn report(&self, call: &Call<'_>, directory: &Opened, done: &Result<()>) {
        let parent = &directory.object;
        let wire = || call.wire_handle(parent, self.name.as_ref()?).ok();
        let mut sealed = None;
        call.changed_of(
            directory,
            || {
                let name = self.name.as_ref()?;
                let wire = sealed.insert(wire()?);
                Some(Subject {
                    wire,
                    fileid: self.fileid,
                    fsid: parent.filesystem.fsid(name.object(), self.fd.as_fd()),
                    known: None,
                })
            },
            ATTRIBUTES | NAME_REMOVED,
            done,
        );
    }

    /// Before it loses `name`. FUSE daemons rename what is open instead of removing it (.fuse_hidden...), so that the
    /// directory it is in cannot be removed, and another name of it counts one link too many: what the cache has open is closed first.
    pub fn let_go(&self, call: &Call<'_>, directory: &Opened) {
        let parent = &directory.object;
        if parent.filesystem.uses_table()
            && let Some(object) = &self.name
            && let Ok(wire) = call.wire_handle(parent, object)
        {
            call.engine.objects.evict(wire.as_bytes()).close(call.engine);
        }
    }

    /// After it has lost `name`: makes its handle stale if that was the last one, and closes it in the cache so that
    /// its space is free.
    pub fn gone(self, call: &Call<'_>, directory: &Opened, name: &Name) -> Leftover {
        let Some(object) = self.name else {
            return Leftover::nothing_but(self.fd);
        };
        // A file system that knows its files by name (FUSE) has nothing to say of a file without.
        let links_left = match sys::statx(self.fd.as_fd()) {
            Ok(stat) => stat.stx_nlink > 0,
            Err(_) => !self.is_last_link,
        };
        let parent = &directory.object;
        let filesystem = &parent.filesystem;
        filesystem.removed(parent.name.object(), name.as_bytes(), Some(object), links_left);
        if (!links_left || filesystem.uses_table())
            && let Ok(wire) = call.wire_handle(parent, &object)
        {
            let evicted = call.engine.objects.evict(wire.as_bytes());
            if !links_left {
                return Leftover(self.fd, Some(evicted));
            }
            call.engine.retire(evicted);
        }
        Leftover::nothing_but(self.fd)
    }
}

/// What is open of what has no name any more. Its space is free once this is dropped, on this thread as unlink(2) would do it: whoever
/// hears that it is removed may use it. There is nothing to sync of what nobody can open. On the event loop it takes no
/// longer than `require_time` lets pass.
#[must_use = "freeing may take long: not while others wait for a lock"]
pub(super) struct Leftover(
    #[expect(dead_code, reason = "to be dropped")] Descriptor,
    #[expect(dead_code, reason = "to be dropped")] Option<Evicted>,
);

impl Leftover {
    fn nothing_but(fd: Descriptor) -> Leftover {
        Leftover(fd, None)
    }
}
