//! The shared region's layout, defined here only: Rust uses these types' offsets, TypeScript constants are generated
//! from `LAYOUT` (`native/channel-layout.ts`), and every offset is asserted when this is compiled.
//!
//! Everything is little-endian. What changes while both sides run is a 64-bit word that is stored and loaded atomically;
//! these structs are never laid over shared memory, they only say where its words are.

use std::mem::offset_of;

const _: () = assert!(cfg!(target_endian = "little"), "the region is little-endian");

/// "FSVACHAN". Stored last by whoever makes a region: with it the rest of the header is there.
pub const MAGIC: u64 = u64::from_le_bytes(*b"FSVACHAN");
/// Versions of this layout and protocol that this code speaks.
pub const VERSION_MIN: u64 = 1;
pub const VERSION_MAX: u64 = 1;
/// What different processors write lies this far apart: two cache lines, because prefetchers fetch pairs.
pub const LINE_BYTES: usize = 128;
pub const HEADER_BYTES: usize = 4096;
pub const SMALL_PAGE_BYTES: usize = 4096;
pub const LARGE_PAGE_BYTES: usize = 2 << 20;

/// What one side says of itself; only that side writes it.
#[repr(C)]
pub struct SideBlock {
    /// A `SideState`.
    pub state: u64,
    /// Counts this side's beginnings; never 0 once it has begun.
    pub epoch: u64,
    /// The epoch with which this side's process began. What an earlier process asked and claimed is void.
    pub process_epoch: u64,
    /// The peer's epoch for which this side has emptied its rings; 0: none.
    pub peer_epoch: u64,
    /// The peer's process that this side's grants and answers are about; 0: none.
    pub peer_process: u64,
    /// Counted up for as long as this side lives.
    pub heartbeat: u64,
    pub version_min: u64,
    pub version_max: u64,
}

/// Numbers of things that one side owns.
#[repr(C)]
pub struct OwnerHeader {
    pub grants: u64,
    pub small_pages: u64,
    pub large_pages: u64,
    /// Where they are, in bytes from the start of the region.
    pub grant_table: u64,
    pub small_pool: u64,
    pub large_pool: u64,
}

/// The first page. Constant after creation, except for the two side blocks.
#[repr(C)]
pub struct Header {
    pub magic: u64,
    /// A random number other than 0: another one is another region, even at the same place.
    pub instance: u64,
    pub region_bytes: u64,
    /// Versions that whoever made the region speaks.
    pub version_min: u64,
    pub version_max: u64,
    /// Slots of each control ring, and of each hint ring.
    pub control_slots: u64,
    pub hint_slots: u64,
    /// Entries of the response cache, and how many requests may be unanswered.
    pub responses: u64,
    /// Offsets of the rings, client to server and back.
    pub control_to_server: u64,
    pub control_to_client: u64,
    pub hints_to_server: u64,
    pub hints_to_client: u64,
    pub response_cache: u64,
    pub reserved: [u64; 3],
    pub client_owned: OwnerHeader,
    pub server_owned: OwnerHeader,
    pub padding_0: [u64; 2 * LINE_BYTES / 8 - 28],
    pub client: SideBlock,
    pub padding_1: [u64; LINE_BYTES / 8 - 8],
    pub server: SideBlock,
    pub padding_2: [u64; (HEADER_BYTES - 3 * LINE_BYTES) / 8 - 8],
}

/// In front of a ring's slots. Indices count slots since the epoch began and are never reduced.
#[repr(C)]
pub struct RingHeader {
    /// Slots written; only the producer stores it.
    pub producer: u64,
    /// Everything ever offered, dropped or not (hint rings); only the producer stores it.
    pub offered: u64,
    pub padding_0: [u64; LINE_BYTES / 8 - 2],
    /// Slots read; only the consumer stores it.
    pub consumer: u64,
    pub padding_1: [u64; LINE_BYTES / 8 - 1],
    /// The producer index at which the sleeping consumer wants to be woken; only the consumer stores it.
    pub event: u64,
    pub padding_2: [u64; LINE_BYTES / 8 - 1],
}

pub const GRANTS_PER_SLOT: usize = 4;

/// A request or an answer.
#[repr(C)]
pub struct ControlSlot {
    pub op: u16,
    pub flags: u16,
    /// Bytes of data.
    pub length: u32,
    /// An answer has its request's.
    pub request_id: u64,
    /// The low half of the sender's epoch.
    pub epoch: u32,
    /// The low half of the slot's index.
    pub sequence: u32,
    /// A file that the session knows by a number.
    pub handle_index: u32,
    /// Of an answer: 0 or an errno number.
    pub status: u32,
    pub offset: u64,
    /// 0: no grant.
    pub grant_generations: [u32; GRANTS_PER_SLOT],
    pub grant_indices: [u16; GRANTS_PER_SLOT],
}

/// Something that the receiver is better off knowing and does not need.
#[repr(C)]
pub struct HintSlot {
    /// Counts what was offered, so that a gap shows.
    pub sequence: u64,
    pub op: u16,
    pub flags: u16,
    pub handle_index: u32,
    pub object: u64,
    pub argument: u64,
}

/// A message about memory lent. Its owner's private table is what counts.
#[repr(C)]
pub struct GrantEntry {
    /// Generation in the high half, a `GrantState` in the low byte. Owner and grantee exchange it.
    pub control: u64,
    /// First page (of 4 KiB, counted from the start of the region) in the low half, bytes in the high half.
    pub place: u64,
    /// Access in the low half (1: the grantee may write), the owner's number for it in the high half.
    pub meaning: u64,
    /// The last revoked generation that the grantee has let go of; only the grantee stores it.
    pub acknowledged: u64,
}

/// What was answered to a request, or that it was begun, or that it happened.
#[repr(C)]
pub struct CachedResponse {
    /// Request id times 4 plus a `ResponseState`; stored last.
    pub tag: u64,
    /// The process epoch of the client that asked.
    pub client_process: u64,
    pub padding: [u64; 6],
    pub answer: ControlSlot,
}

macro_rules! layout {
    ($($name:literal = $value:expr => $expected:literal,)*) => {
        $(const _: () = assert!($value == $expected, $name);)*
        /// Every offset and size that others rely on, in bytes.
        pub const LAYOUT: &[(&str, usize)] = &[$(($name, $expected)),*];
    };
}

layout! {
    "headerBytes" = size_of::<Header>() => 4096,
    "header.magic" = offset_of!(Header, magic) => 0,
    "header.instance" = offset_of!(Header, instance) => 8,
    "header.regionBytes" = offset_of!(Header, region_bytes) => 16,
    "header.versionMin" = offset_of!(Header, version_min) => 24,
    "header.versionMax" = offset_of!(Header, version_max) => 32,
    "header.controlSlots" = offset_of!(Header, control_slots) => 40,
    "header.hintSlots" = offset_of!(Header, hint_slots) => 48,
    "header.responses" = offset_of!(Header, responses) => 56,
    "header.controlToServer" = offset_of!(Header, control_to_server) => 64,
    "header.controlToClient" = offset_of!(Header, control_to_client) => 72,
    "header.hintsToServer" = offset_of!(Header, hints_to_server) => 80,
    "header.hintsToClient" = offset_of!(Header, hints_to_client) => 88,
    "header.responseCache" = offset_of!(Header, response_cache) => 96,
    "header.clientOwned" = offset_of!(Header, client_owned) => 128,
    "header.serverOwned" = offset_of!(Header, server_owned) => 176,
    "header.client" = offset_of!(Header, client) => 256,
    "header.server" = offset_of!(Header, server) => 384,
    "owner.grants" = offset_of!(OwnerHeader, grants) => 0,
    "owner.smallPages" = offset_of!(OwnerHeader, small_pages) => 8,
    "owner.largePages" = offset_of!(OwnerHeader, large_pages) => 16,
    "owner.grantTable" = offset_of!(OwnerHeader, grant_table) => 24,
    "owner.smallPool" = offset_of!(OwnerHeader, small_pool) => 32,
    "owner.largePool" = offset_of!(OwnerHeader, large_pool) => 40,
    "side.state" = offset_of!(SideBlock, state) => 0,
    "side.epoch" = offset_of!(SideBlock, epoch) => 8,
    "side.processEpoch" = offset_of!(SideBlock, process_epoch) => 16,
    "side.peerEpoch" = offset_of!(SideBlock, peer_epoch) => 24,
    "side.peerProcess" = offset_of!(SideBlock, peer_process) => 32,
    "side.heartbeat" = offset_of!(SideBlock, heartbeat) => 40,
    "side.versionMin" = offset_of!(SideBlock, version_min) => 48,
    "side.versionMax" = offset_of!(SideBlock, version_max) => 56,
    "ringHeaderBytes" = size_of::<RingHeader>() => 384,
    "ring.producer" = offset_of!(RingHeader, producer) => 0,
    "ring.offered" = offset_of!(RingHeader, offered) => 8,
    "ring.consumer" = offset_of!(RingHeader, consumer) => 128,
    "ring.event" = offset_of!(RingHeader, event) => 256,
    "controlSlotBytes" = size_of::<ControlSlot>() => 64,
    "control.op" = offset_of!(ControlSlot, op) => 0,
    "control.flags" = offset_of!(ControlSlot, flags) => 2,
    "control.length" = offset_of!(ControlSlot, length) => 4,
    "control.requestId" = offset_of!(ControlSlot, request_id) => 8,
    "control.epoch" = offset_of!(ControlSlot, epoch) => 16,
    "control.sequence" = offset_of!(ControlSlot, sequence) => 20,
    "control.handleIndex" = offset_of!(ControlSlot, handle_index) => 24,
    "control.status" = offset_of!(ControlSlot, status) => 28,
    "control.offset" = offset_of!(ControlSlot, offset) => 32,
    "control.grantGenerations" = offset_of!(ControlSlot, grant_generations) => 40,
    "control.grantIndices" = offset_of!(ControlSlot, grant_indices) => 56,
    "hintSlotBytes" = size_of::<HintSlot>() => 32,
    "hint.sequence" = offset_of!(HintSlot, sequence) => 0,
    "hint.op" = offset_of!(HintSlot, op) => 8,
    "hint.flags" = offset_of!(HintSlot, flags) => 10,
    "hint.handleIndex" = offset_of!(HintSlot, handle_index) => 12,
    "hint.object" = offset_of!(HintSlot, object) => 16,
    "hint.argument" = offset_of!(HintSlot, argument) => 24,
    "grantEntryBytes" = size_of::<GrantEntry>() => 32,
    "grant.control" = offset_of!(GrantEntry, control) => 0,
    "grant.place" = offset_of!(GrantEntry, place) => 8,
    "grant.meaning" = offset_of!(GrantEntry, meaning) => 16,
    "grant.acknowledged" = offset_of!(GrantEntry, acknowledged) => 24,
    "cachedResponseBytes" = size_of::<CachedResponse>() => 128,
    "cachedResponse.tag" = offset_of!(CachedResponse, tag) => 0,
    "cachedResponse.clientProcess" = offset_of!(CachedResponse, client_process) => 8,
    "cachedResponse.answer" = offset_of!(CachedResponse, answer) => 64,
    "smallPageBytes" = SMALL_PAGE_BYTES => 4096,
    "largePageBytes" = LARGE_PAGE_BYTES => 2097152,
}
