//! Whoever wants to know which handles clients have, and what changes: the side channel, which tells its clients.
//!
//! Nothing is lost between a look at an object and the news that it changed. An operation says that its caller knows a handle
//! (`Call::gives`), then looks at the object; a change happens, then is reported (`Call::changed`), and only then is
//! its caller answered. The observer has a full fence between the two steps of each: either whoever looks sees the change, or
//! whoever changes finds the handle known.

use std::any::Any;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::sync::{Arc, OnceLock};

use crate::call::{Call, Opened};
use crate::caller::Door;
use crate::errno::{Errno, Result};
use crate::handle::WireHandle;

/// What changed of an object. The numbers are those of the side channel's notices.
pub const DATA: u16 = 1;
pub const ATTRIBUTES: u16 = 2;
/// Entries of a directory came or went.
pub const DIRECTORY: u16 = 4;
/// The object lost a name.
pub const NAME_REMOVED: u16 = 8;

/// Who knows a handle. One per handle, shared by the observer's table and the open object: what is known already is found
/// known without a look at the table.
#[derive(Debug, Default)]
pub struct Known {
    /// A bit per session.
    pub sessions: AtomicU64,
    /// When somebody was last given it in an answer, by the observer's clock.
    pub given_at: AtomicU32,
    pub fileid: u64,
    pub fsid: u64,
}

pub type KnownSlot = OnceLock<Arc<Known>>;

/// How a client comes to be known to know a handle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    Shown,
    Given,
}

/// An object, as those know it who hear of its changes.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    pub wire: &'a WireHandle,
    pub fileid: u64,
    pub fsid: u64,
    /// Of an open object.
    pub known: Option<&'a KnownSlot>,
}

/// Called on the threads that serve, in the middle of operations: it never waits.
pub trait Observer: Send + Sync + Any {
    /// A client has shown this handle, or is about to be given it by an answer; called before the attributes are looked at
    /// that go with it. True if that matters to anybody: what was looked at before has to be looked at again.
    fn knows(&self, client: IpAddr, subject: &Subject<'_>, how: How) -> bool;

    /// After the change, before the call that made it is answered.
    fn changed(&self, by: IpAddr, door: Door, subject: &Subject<'_>, what: u16);

    /// Goes up as others listen; 0 as long as nobody ever did.
    fn era(&self) -> u64;

    /// This client is about to get an answer of that era or later: older, perhaps, than what its sessions that began since then
    /// were told.
    fn overtaken(&self, client: IpAddr, since: u64);

    /// What was told under the exports before may not be told under those of now.
    fn exports_replaced(&self);
}

/// With these, one system call that does all or nothing has done nothing.
const REFUSALS: [Errno; 12] = [
    Errno::ACCES,
    Errno::PERM,
    Errno::ROFS,
    Errno::NOENT,
    Errno::EXIST,
    Errno::NOTDIR,
    Errno::ISDIR,
    Errno::NOTEMPTY,
    Errno::INVAL,
    Errno::NAMETOOLONG,
    Errno::XDEV,
    Errno::STALE,
];

impl Opened {
    fn subject(&self) -> Subject<'_> {
        let object = &self.object;
        Subject {
            wire: &object.wire,
            fileid: object.fileid,
            fsid: object.fsid,
            known: Some(&object.known),
        }
    }
}

impl Call<'_> {
    /// The caller has the handle of this object. To be called before the object is looked at.
    pub(crate) fn is_shown(&self, opened: &Opened) {
        self.is_known(opened, &opened.subject(), How::Shown);
    }

    /// The answer will give the caller the handle of this object: to be called before the attributes are looked at that it
    /// has. True if what was looked at before has to be looked at again.
    pub fn gives(&self, opened: &Opened) -> bool {
        self.is_known(opened, &opened.subject(), How::Given)
    }

    /// As `gives`, of an object of `of`'s export.
    pub fn gives_of(&self, of: &Opened, subject: &Subject<'_>) -> bool {
        self.is_known(of, subject, How::Given)
    }

    fn is_known(&self, of: &Opened, subject: &Subject<'_>, how: How) -> bool {
        self.engine.observer().is_some_and(|observer| {
            of.export.side_channel && observer.knows(self.caller.identity.address, subject, how)
        })
    }

    /// Reports what a step of the call has done to an object, also if it failed, unless it was refused as a whole.
    pub fn changed<T>(&self, opened: &Opened, what: u16, done: &Result<T>) {
        self.changed_of(opened, || Some(opened.subject()), what, done);
    }

    /// As `changed`, of an object of `of`'s export that need not be open.
    pub fn changed_of<'s, T>(
        &self,
        of: &Opened,
        subject: impl FnOnce() -> Option<Subject<'s>>,
        what: u16,
        done: &Result<T>,
    ) {
        let Some(observer) = self.engine.observer() else {
            return;
        };
        let refused = done.as_ref().is_err_and(|errno| REFUSALS.contains(errno));
        if refused || !of.export.side_channel {
            return;
        }
        if let Some(subject) = subject() {
            let caller = &self.caller.identity;
            observer.changed(caller.address, caller.door, &subject, what);
        }
    }
}
