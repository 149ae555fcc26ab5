//! An engine that serves one directory, and its operations as a test wants to call them.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::scratch::{Scratch, isolated, run};
use fsva_core::answer::{Answer, Attributes};
use fsva_core::call::{Output, UntrustedHandle};
use fsva_core::caller::{CallerId, CallerIdentity, Door, Flavor};
use fsva_core::directory::Budget;
use fsva_core::engine::{Engine, Operation, Reply, Started};
use fsva_core::errno::{Errno, Result};
use fsva_core::export_policy::{ExportDefinition, Squash};
use fsva_core::foreign_buffer_unsafe::{ForeignBuffer, ForeignBytes};
use fsva_core::name::Name;
use fsva_core::operations::create::{Create, How};
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::mkdir::Mkdir;
use fsva_core::operations::read::{EVENT_LOOP_BYTES_MAX, Read};
use fsva_core::operations::readdir::Readdir;
use fsva_core::operations::remove::Remove;
use fsva_core::operations::resolve::Resolve;
use fsva_core::operations::set_attributes::SetAttributes;
use fsva_core::operations::setattr::Setattr;
use fsva_core::operations::write::{Stable, Write};

pub const ROOT: u32 = 0;
pub const ALICE: u32 = 1001;
pub const BOB: u32 = 1002;

pub type Wire = Vec<u8>;

/// Runs the test on an ext4 of its own whose root everybody may write to.
pub fn on_ext4(test_name: &str, test: impl FnOnce(&Scratch, &Served)) {
    isolated(test_name, || {
        let scratch = Scratch::new();
        scratch.mount_image("ext4", "image", "mnt");
        fs::set_permissions(scratch.path("mnt"), fs::Permissions::from_mode(0o777)).unwrap();
        let served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
        test(&scratch, &served);
    });
}

/// As `on_ext4`, on a tmpfs whose reads leave no mark, by a process that masks no modes, as the daemon.
pub fn on_tmpfs(test_name: &str, test: impl FnOnce(&Path, &Served)) {
    isolated(test_name, || {
        let scratch = Scratch::new();
        let mount = scratch.directory("mnt");
        let options = "size=16m,mode=0777,noatime";
        run("mount", &["-t", "tmpfs", "-o", options, "none", &mount]);
        // SAFETY: no memory involved.
        unsafe { libc::umask(0) };
        let served = Served::new(&scratch.path("state"), &scratch.path("mnt"));
        test(&scratch.path("mnt"), &served);
    });
}

/// Longer than what a decision about permissions needs to be remembered.
pub fn settle() {
    std::thread::sleep(Duration::from_millis(100));
}

pub fn handle(wire: &[u8]) -> UntrustedHandle {
    UntrustedHandle::new(wire).unwrap()
}

pub fn name(text: &str) -> Name {
    Name::new(text.as_bytes()).unwrap()
}

pub fn handle_of(answer: &Answer) -> Wire {
    answer.handle[..answer.handle_length as usize].to_vec()
}

pub fn with_mode(mode: u32) -> SetAttributes {
    SetAttributes {
        mode: Some(mode),
        ..SetAttributes::default()
    }
}

/// Callers are who they say they are, and need no privileged port.
pub fn definition(path: &Path) -> ExportDefinition {
    ExportDefinition {
        path: path.to_owned(),
        fsid: None,
        read_only: false,
        squash: Squash::None,
        anonuid: 65534,
        anongid: 65534,
        secure: false,
        sync: false,
        side_channel: true,
        mapped_stores: true,
        clients: vec!["*".into()],
    }
}

pub struct Served {
    pub engine: Arc<Engine>,
    pub root: Wire,
}

impl Served {
    pub fn new(state: &Path, export: &Path) -> Served {
        let engine = Engine::open(state).unwrap();
        engine.load_exports(vec![definition(export)]).unwrap();
        let mut served = Served {
            engine,
            root: Vec::new(),
        };
        served.root = served.resolve(export, "").unwrap();
        served
    }

    pub fn caller(&self, uid: u32) -> CallerId {
        self.engine.guard.callers.intern(CallerIdentity {
            address: "192.0.2.1".parse().unwrap(),
            privileged_port: false,
            door: Door::Nfs,
            flavor: Flavor::Sys,
            uid,
            gid: uid,
            gids: Box::default(),
        })
    }

    /// Does it as a pool does, on this thread.
    pub fn run(&self, uid: u32, operation: &impl Operation) -> Result<Reply> {
        let caller = self.engine.guard.callers.get(self.caller(uid)).unwrap();
        let reply = self.engine.run(&caller, operation);
        match reply.answer.status {
            0 => Ok(reply),
            status => Err(Errno(status as i32)),
        }
    }

    /// Does it as the event loop does. None if it went to the pool; it is done then, too.
    pub fn inline(&self, uid: u32, operation: impl Operation) -> Option<Answer> {
        self.inline_bytes(uid, operation).map(|(answer, _)| answer)
    }

    /// As `inline`, with what has no fixed length.
    pub fn inline_bytes(&self, uid: u32, operation: impl Operation) -> Option<(Answer, Vec<u8>)> {
        let mut answer = Answer::default();
        let mut bytes = Vec::new();
        let (sender, receiver) = mpsc::channel();
        let mut output = Output {
            answer: &mut answer,
            bytes: &mut bytes,
        };
        let finish = move |reply| sender.send(reply).unwrap();
        match self
            .engine
            .start(self.caller(uid), operation, &mut output, finish)
        {
            Started::Done => Some((answer, bytes)),
            Started::Pending => {
                receiver.recv_timeout(Duration::from_secs(60)).unwrap();
                None
            }
        }
    }

    pub fn resolve(&self, export: &Path, path: &str) -> Result<Wire> {
        let operation = Resolve {
            export_path: export.to_owned(),
            path: path.into(),
        };
        self.run(ROOT, &operation).map(|reply| handle_of(&reply.answer))
    }

    pub fn lookup(&self, uid: u32, directory: &[u8], text: &str) -> Result<Wire> {
        let operation = Lookup {
            directory: handle(directory),
            name: name(text),
        };
        self.run(uid, &operation).map(|reply| handle_of(&reply.answer))
    }

    pub fn getattr(&self, wire: &[u8]) -> Result<Attributes> {
        self.run(ROOT, &Getattr { object: handle(wire) })
            .map(|reply| reply.answer.object)
    }

    pub fn create(&self, uid: u32, directory: &[u8], text: &str, mode: u32) -> Result<Wire> {
        self.create_as(uid, directory, text, How::Guarded(with_mode(mode)))
    }

    pub fn create_as(&self, uid: u32, directory: &[u8], text: &str, how: How) -> Result<Wire> {
        let operation = Create {
            directory: handle(directory),
            name: name(text),
            how,
        };
        self.run(uid, &operation).map(|reply| handle_of(&reply.answer))
    }

    pub fn mkdir(&self, uid: u32, directory: &[u8], text: &str, mode: u32) -> Result<Wire> {
        let attributes = with_mode(mode);
        let operation = Mkdir {
            directory: handle(directory),
            name: name(text),
            attributes,
        };
        self.run(uid, &operation).map(|reply| handle_of(&reply.answer))
    }

    pub fn setattr(&self, uid: u32, wire: &[u8], changes: SetAttributes) -> Result<()> {
        self.run(
            uid,
            &Setattr {
                object: handle(wire),
                changes,
                guard: None,
            },
        )
        .map(drop)
    }

    pub fn remove(&self, uid: u32, directory: &[u8], text: &str) -> Result<()> {
        self.run(
            uid,
            &Remove {
                directory: handle(directory),
                name: name(text),
            },
        )
        .map(drop)
    }

    pub fn write(&self, uid: u32, wire: &[u8], offset: u64, data: &[u8], stable: Stable) -> Result<Answer> {
        // SAFETY: data outlives the operation, which is done when run returns.
        let data = unsafe { ForeignBytes::new(data.as_ptr(), data.len()) };
        self.run(
            uid,
            &Write {
                file: handle(wire),
                offset,
                data,
                stable,
            },
        )
        .map(|reply| reply.answer)
    }

    pub fn read(&self, uid: u32, wire: &[u8], offset: u64, count: usize) -> Result<Vec<u8>> {
        let mut buffer = vec![0; count];
        let reply = self.run(uid, &reading(wire, offset, &mut buffer))?;
        buffer.truncate(reply.answer.count as usize);
        Ok(buffer)
    }

    /// Names and cookies of one reply, and whether it was the last.
    pub fn readdir(&self, uid: u32, wire: &[u8], cookie: u64, bytes: usize) -> Result<Page> {
        let budget = Budget {
            dircount: bytes,
            maxcount: bytes,
        };
        let operation = Readdir {
            directory: handle(wire),
            cookie,
            budget,
            plus: false,
        };
        let reply = self.run(uid, &operation)?;
        assert_eq!(reply.answer.count as usize, reply.bytes.len());
        let (_, end) = reply.bytes.split_at(reply.bytes.len() - 4);
        let entries = listed(&reply.bytes, false)
            .into_iter()
            .map(|entry| (entry.name, entry.cookie));
        Ok(Page {
            entries: entries.collect(),
            end: end == [0, 0, 0, 1],
        })
    }

    /// All of a small directory, as READDIRPLUS gives it.
    pub fn readdirplus(&self, uid: u32, wire: &[u8]) -> Result<Vec<ListedEntry>> {
        let reply = self.run(uid, &listing_plus(wire, 128 << 10))?;
        Ok(listed(&reply.bytes, true))
    }

    /// One of the root's entries.
    pub fn entry(&self, name: &str) -> ListedEntry {
        let entries = self.readdirplus(ROOT, &self.root).unwrap();
        entries.into_iter().find(|entry| entry.name == name).unwrap()
    }
}

pub fn listing_plus(wire: &[u8], bytes: usize) -> Readdir {
    Readdir {
        directory: handle(wire),
        cookie: 0,
        budget: Budget {
            dircount: bytes,
            maxcount: bytes,
        },
        plus: true,
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedEntry {
    pub name: String,
    pub cookie: u64,
    pub fileid: u64,
    /// fattr3.
    pub attributes: Option<Vec<u8>>,
    pub handle: Option<Wire>,
}

/// Words of fattr3.
pub const MODE: usize = 1;
pub const LINKS: usize = 2;
pub const SIZE_LOW: usize = 6;

impl ListedEntry {
    pub fn attribute(&self, word: usize) -> u32 {
        let bytes = &self.attributes.as_ref().unwrap()[word * 4..][..4];
        u32::from_be_bytes(bytes.try_into().unwrap())
    }
}

/// The entries of READDIR3resok or READDIRPLUS3resok (RFC 1813).
pub fn listed(mut xdr: &[u8], plus: bool) -> Vec<ListedEntry> {
    const HEAD_BYTES: usize = 4 + 84 + 8;
    fn take<'a>(xdr: &mut &'a [u8], length: usize) -> &'a [u8] {
        let (taken, rest) = xdr.split_at(length);
        *xdr = rest;
        taken
    }
    let word = |xdr: &mut &[u8]| u32::from_be_bytes(take(xdr, 4).try_into().unwrap()) as usize;
    let long = |xdr: &mut &[u8]| u64::from_be_bytes(take(xdr, 8).try_into().unwrap());
    let opaque = |xdr: &mut &[u8]| {
        let length = word(xdr);
        take(xdr, length.next_multiple_of(4))[..length].to_vec()
    };
    take(&mut xdr, HEAD_BYTES);
    let mut entries = Vec::new();
    while word(&mut xdr) == 1 {
        let fileid = long(&mut xdr);
        let name = String::from_utf8(opaque(&mut xdr)).unwrap();
        let cookie = long(&mut xdr);
        let mut is_told = || plus && word(&mut xdr) == 1;
        let attributes = is_told().then(|| take(&mut xdr, 84).to_vec());
        let mut is_told = || plus && word(&mut xdr) == 1;
        let handle = is_told().then(|| opaque(&mut xdr));
        entries.push(ListedEntry {
            name,
            cookie,
            fileid,
            attributes,
            handle,
        });
    }
    assert_eq!(xdr.len(), 4, "eof is the last");
    entries
}

pub struct Page {
    pub entries: Vec<(String, u64)>,
    pub end: bool,
}

/// The buffer has to stay where it is until the operation is done.
pub fn reading(wire: &[u8], offset: u64, buffer: &mut [u8]) -> Read {
    // SAFETY: the tests wait for the operation before they touch the buffer again.
    let buffer = unsafe { ForeignBuffer::new(buffer.as_mut_ptr(), buffer.len()) };
    Read {
        file: handle(wire),
        offset,
        buffer,
        inline_max: EVENT_LOOP_BYTES_MAX,
    }
}
