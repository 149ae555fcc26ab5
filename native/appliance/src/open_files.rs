//! The files that a client has open: by which handle, as whom, and for what.
//!
//! An open file is a name for a handle with credentials, and keeps nothing open: descriptors are the core's, which closes
//! them when they are idle. So an open file does not keep a file system busy, and one that was removed is stale as for NFS.

use std::collections::VecDeque;
use std::net::IpAddr;

use fsva_channel::protocol::OpenRequest;
use fsva_core::call::UntrustedHandle;
use fsva_core::caller::{CallerId, CallerIdentity, Callers, Door, Flavor};
use fsva_core::errno::{Errno, Result};

use crate::open_table::OpenTable;

/// Of a handle index: the slot; the rest is the slot's generation, so that a closed index does not come to mean another
/// file soon.
const SLOT_BITS: u32 = 12;
pub const OPEN_FILES_MAX: usize = 2048;
const GENERATION_MAX: u32 = (1 << (32 - SLOT_BITS)) - 1;
const _: () = assert!(OPEN_FILES_MAX <= 1 << SLOT_BITS);

/// Where a session's requests come from, as export policy sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionClient {
    pub address: IpAddr,
    /// Whether it has shown that it is root over there.
    pub privileged_port: bool,
}

pub struct OpenFile {
    pub handle: UntrustedHandle,
    /// An or of ACCESS_*.
    pub access: u32,
    identity: CallerIdentity,
    caller: CallerId,
    /// The OPEN that made it.
    request_id: u64,
}

impl OpenFile {
    /// Nobody looked yet whether the handle is one, and whether that caller may use it so.
    pub fn new(
        request: &OpenRequest,
        client: &SessionClient,
        callers: &Callers,
        request_id: u64,
    ) -> Result<OpenFile> {
        let identity = CallerIdentity {
            address: client.address,
            privileged_port: client.privileged_port,
            door: Door::SideChannel,
            flavor: Flavor::Sys,
            uid: request.uid,
            gid: request.gid,
            gids: request.gids.clone().into_boxed_slice(),
        };
        Ok(OpenFile {
            handle: UntrustedHandle::new(&request.handle)?,
            access: request.access,
            caller: callers.intern(identity.clone()),
            identity,
            request_id,
        })
    }

    pub fn caller(&self) -> CallerId {
        self.caller
    }

    /// After STALE_CALLER.
    pub fn intern_again(&mut self, callers: &Callers) -> CallerId {
        self.caller = callers.intern(self.identity.clone());
        self.caller
    }

    /// EBADF if it was not opened for this.
    pub fn allow(&self, access: u32) -> Result<()> {
        if self.access & access == access {
            Ok(())
        } else {
            Err(Errno::BADF)
        }
    }

    fn request(&self) -> OpenRequest {
        OpenRequest {
            handle: self.handle.as_bytes().to_vec(),
            access: self.access,
            uid: self.identity.uid,
            gid: self.identity.gid,
            gids: self.identity.gids.to_vec(),
        }
    }
}

struct Slot {
    generation: u32,
    file: Option<OpenFile>,
}

pub struct OpenFiles {
    slots: Vec<Slot>,
    /// First in, first out.
    free: VecDeque<u16>,
    /// What the next process of this server will find.
    table: OpenTable,
}

impl OpenFiles {
    /// Those that an earlier process left in the table: as believable as OPENs, for the client can write there, too.
    pub fn restore(table: OpenTable, client: &SessionClient, callers: &Callers) -> OpenFiles {
        let mut files = OpenFiles {
            slots: Vec::new(),
            free: VecDeque::new(),
            table,
        };
        for slot in 0..files.table.slots() {
            let found = files.table.read(slot);
            let generation = found.generation.clamp(1, GENERATION_MAX);
            let file = found
                .request
                .and_then(|request| OpenFile::new(&request, client, callers, found.request_id).ok());
            if file.is_none() {
                files.free.push_back(slot as u16);
            }
            files.slots.push(Slot { generation, file });
        }
        files
    }

    /// The client's process ended.
    pub fn clear(&mut self) {
        for slot in 0..self.slots.len() {
            if self.slots[slot].file.is_some() {
                self.remove(slot);
            }
        }
    }

    /// ENFILE if there are too many.
    pub fn open(&mut self, file: OpenFile) -> Result<u32> {
        let slot = usize::from(self.free.pop_front().ok_or(Errno::NFILE)?);
        let generation = self.slots[slot].generation;
        let request = file.request();
        self.table.write(slot, generation, file.request_id, &request);
        self.slots[slot].file = Some(file);
        Ok(index(slot, generation))
    }

    /// EBADF if it is not open.
    pub fn get(&mut self, handle_index: u32) -> Result<&mut OpenFile> {
        let slot = (handle_index & ((1 << SLOT_BITS) - 1)) as usize;
        match self.slots.get_mut(slot) {
            Some(found) if found.generation == handle_index >> SLOT_BITS => {
                found.file.as_mut().ok_or(Errno::BADF)
            }
            _ => Err(Errno::BADF),
        }
    }

    pub fn release(&mut self, handle_index: u32) -> Result<()> {
        self.get(handle_index)?;
        self.remove((handle_index & ((1 << SLOT_BITS) - 1)) as usize);
        Ok(())
    }

    /// The index that this OPEN was given, if it happened.
    pub fn opened_by(&self, request_id: u64) -> Option<u32> {
        let slot = self.slots.iter().position(|slot| {
            slot.file
                .as_ref()
                .is_some_and(|file| file.request_id == request_id)
        })?;
        Some(index(slot, self.slots[slot].generation))
    }

    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    fn remove(&mut self, slot: usize) {
        let entry = &mut self.slots[slot];
        entry.file = None;
        entry.generation = if entry.generation == GENERATION_MAX {
            1
        } else {
            entry.generation + 1
        };
        self.table.erase(slot, entry.generation);
        self.free.push_back(slot as u16);
    }
}

fn index(slot: usize, generation: u32) -> u32 {
    generation << SLOT_BITS | slot as u32
}
