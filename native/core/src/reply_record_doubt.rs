//! Whether an operation happened whose process died on it: by looking at what it would have changed.
//!
//! Done once, before a new server takes its first call: until then nobody but programs of this machine can have changed
//! anything. docs/reply-cache.md has the cases and what is decided where nothing can be known.

use std::collections::HashSet;
use std::os::fd::AsFd;
use std::sync::Arc;

use crate::attributes::change_time;
use crate::call::{Opened, UntrustedHandle};
use crate::engine::Engine;
use crate::errno::{Errno, Result};
use crate::handle::Handle;
use crate::name::Name;
use crate::reply_record::ReplyRecord;
use crate::reply_record_evidence::{Entry, Evidence};
use crate::syscalls_unsafe as sys;

/// Decides every call in doubt whose file system can be asked; the number of those that happened.
pub fn resolve(engine: &Arc<Engine>, record: &ReplyRecord) -> usize {
    let mut claimed = HashSet::new();
    record.decide(|past| {
        let claim = claim_of(&past.evidence);
        let happened = if past.happened() {
            Some(true)
        } else if claimed.contains(&claim) {
            // Two calls cannot both have made, or removed, the same thing.
            Some(false)
        } else {
            look(engine, &past.evidence)
        };
        if happened == Some(true) {
            claimed.insert(claim);
        }
        happened
    })
}

/// What only one call can have done.
#[derive(PartialEq, Eq, Hash)]
enum Claim {
    Made(UntrustedHandle, Name),
    Taken(UntrustedHandle, Name, UntrustedHandle),
    Set(UntrustedHandle),
}

fn claim_of(evidence: &Evidence) -> Claim {
    match evidence {
        Evidence::Removal { entry, victim } => Claim::Taken(entry.directory, entry.name.clone(), *victim),
        Evidence::Rename { from, moved, .. } => Claim::Taken(from.directory, from.name.clone(), *moved),
        Evidence::Link { entry, .. } | Evidence::Creation { entry, .. } => {
            Claim::Made(entry.directory, entry.name.clone())
        }
        Evidence::Guard { object, .. } => Claim::Set(*object),
    }
}

/// None if that cannot be told: the file system is not there, or does not answer.
pub(crate) fn look(engine: &Arc<Engine>, evidence: &Evidence) -> Option<bool> {
    happened(engine, evidence).ok()
}

fn happened(engine: &Arc<Engine>, evidence: &Evidence) -> Result<bool> {
    match evidence {
        // Gone, or another's by now: nobody else was to remove it.
        Evidence::Removal { entry, victim } => Ok(!is_at(engine, entry, victim)?),
        // Had the operation not happened, it would still be where it was.
        Evidence::Rename { from, moved, .. } => Ok(!is_at(engine, from, moved)?),
        Evidence::Link { entry, object } => is_at(engine, entry, object),
        Evidence::Creation {
            entry,
            format,
            uid,
            since_seconds,
            since_nanoseconds,
        } => {
            let Some(found) = find(engine, entry)? else {
                return Ok(false);
            };
            let since = (*since_seconds, *since_nanoseconds);
            let same_format = u32::from(found.stat.stx_mode) & libc::S_IFMT == *format;
            // Where nobody is served with rights of his own, everything is the server's.
            let same_owner = !engine.privileged() || found.stat.stx_uid == *uid;
            Ok(same_format && same_owner && is_since(&found.stat, since))
        }
        Evidence::Guard { object, ctime } => {
            let handle = engine.guard.codec.open(object.as_bytes())?;
            let filesystem = engine
                .volume(handle.export)?
                .filesystems
                .by_key(handle.filesystem)?;
            let stat = sys::statx(filesystem.open(handle.object)?.as_fd())?;
            Ok(change_time(&stat) != *ctime)
        }
    }
}

struct Found {
    /// None for the root of another file system, which no operation could have put there.
    handle: Option<UntrustedHandle>,
    stat: libc::statx,
}

fn is_at(engine: &Arc<Engine>, entry: &Entry, object: &UntrustedHandle) -> Result<bool> {
    let found = find(engine, entry)?;
    Ok(found.is_some_and(|found| found.handle == Some(*object)))
}

/// What has the name now; None if nothing does.
fn find(engine: &Arc<Engine>, entry: &Entry) -> Result<Option<Found>> {
    let directory = engine.guard.codec.open(entry.directory.as_bytes())?;
    let filesystem = engine
        .volume(directory.export)?
        .filesystems
        .by_key(directory.filesystem)?;
    let opened = match filesystem.open(directory.object) {
        // Nothing has a name in a directory that is gone.
        Err(Errno::STALE) => return Ok(None),
        other => other?,
    };
    let flags = libc::O_PATH | libc::O_NOFOLLOW;
    let fd = match sys::openat(opened.as_fd(), entry.name.as_c_str(), flags, 0) {
        Err(Errno::NOENT) => return Ok(None),
        other => other?,
    };
    let stat = sys::statx_with_birth(fd.as_fd())?;
    if stat.stx_mnt_id != filesystem.mount_id {
        return Ok(Some(Found { handle: None, stat }));
    }
    let name = filesystem.name_of(fd.as_fd(), Some((directory.object, entry.name.as_bytes())))?;
    let handle = engine.guard.codec.seal(&Handle {
        object: name.object(),
        ..directory
    })?;
    Ok(Some(Found {
        handle: Some(UntrustedHandle::new(handle.as_bytes())?),
        stat,
    }))
}

/// Born then or later; where the file system knows no birth, changed.
fn is_since(stat: &libc::statx, (seconds, nanoseconds): (i64, u32)) -> bool {
    let time = if stat.stx_mask & libc::STATX_BTIME != 0 {
        stat.stx_btime
    } else {
        stat.stx_ctime
    };
    // Some file systems keep no fractions.
    time.tv_sec > seconds || time.tv_sec == seconds && (time.tv_nsec >= nanoseconds || time.tv_nsec == 0)
}

/// For CREATE, MKDIR, SYMLINK and MKNOD; None if the name is taken already, or nobody can tell.
pub(crate) fn creation(directory: &Opened, name: &Name, format: u32) -> Option<Evidence> {
    if sys::statx_at(directory.fd(), name.as_c_str()).err() != Some(Errno::NOENT) {
        return None;
    }
    let (since_seconds, since_nanoseconds) = sys::coarse_time();
    Some(Evidence::Creation {
        entry: entry(directory, name)?,
        format,
        uid: directory.credentials.uid,
        since_seconds,
        since_nanoseconds,
    })
}

pub(crate) fn entry(directory: &Opened, name: &Name) -> Option<Entry> {
    Some(Entry {
        directory: UntrustedHandle::new(directory.object.wire.as_bytes()).ok()?,
        name: name.clone(),
    })
}
