//! Making a region, and attaching to one that the other side made.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::mem::offset_of;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;

use crate::geometry::{Geometry, GeometryError, Owned, RegionMap};
use crate::layout::{HEADER_BYTES, Header, LARGE_PAGE_BYTES, MAGIC, OwnerHeader, VERSION_MAX, VERSION_MIN};
use crate::memfd_unsafe::{self, Backing};
use crate::region_unsafe::Memory;
use crate::words::Words;

#[derive(Debug)]
pub enum RegionError {
    Io(io::Error),
    /// No region, or one that is being made: try again later.
    NotReady,
    /// Speaks only versions from `min` to `max`.
    Version {
        min: u64,
        max: u64,
    },
    Geometry(GeometryError),
    /// The header's offsets are not those that its numbers give.
    Offsets,
    /// The region says it has more bytes than the memory.
    Small {
        wanted: usize,
        available: usize,
    },
    /// The file could be truncated by its owner.
    Unsealed,
    /// Not a multiple of 2 MiB.
    Alignment,
}

impl fmt::Display for RegionError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegionError::Io(error) => error.fmt(to),
            RegionError::NotReady => to.write_str("there is no region yet"),
            RegionError::Version { min, max } => {
                write!(
                    to,
                    "the region speaks versions {min} to {max}, we {VERSION_MIN} to {VERSION_MAX}"
                )
            }
            RegionError::Geometry(_) | RegionError::Offsets => to.write_str("the region's header is damaged"),
            RegionError::Small { wanted, available } => {
                write!(to, "the region has {wanted} bytes, its memory {available}")
            }
            RegionError::Unsealed => to.write_str("the memory file is not sealed against shrinking"),
            RegionError::Alignment => to.write_str("offset and size must be multiples of 2 MiB"),
        }
    }
}

impl std::error::Error for RegionError {}

impl From<io::Error> for RegionError {
    fn from(error: io::Error) -> RegionError {
        RegionError::Io(error)
    }
}

/// A region, mapped, and where everything in it is.
#[derive(Clone, Debug)]
pub struct Region {
    pub memory: Memory,
    pub map: RegionMap,
    /// Which region this is; another number in its header later means that it was taken from under us.
    pub instance: u64,
}

impl Region {
    /// A new region in a memory file, which is to be sent to the other side.
    pub fn create(geometry: &Geometry) -> Result<(Region, OwnedFd), RegionError> {
        let map = geometry.map().map_err(RegionError::Geometry)?;
        let file = memfd_unsafe::create(map.bytes as u64)?;
        let memory = Memory::map(std::os::fd::AsFd::as_fd(&file), 0, map.bytes)?;
        Ok((Region::format(memory, map)?, file))
    }

    /// A new region in memory that is there already: `bytes` of a device from `offset` on, both multiples of 2 MiB.
    /// Whatever was there is lost.
    pub fn create_in(
        geometry: &Geometry,
        file: BorrowedFd<'_>,
        offset: u64,
        bytes: usize,
    ) -> Result<Region, RegionError> {
        Region::make(geometry, map_file(file, offset, bytes)?)
    }

    /// A new region in memory that the caller has mapped. Whatever was there is lost.
    pub fn make(geometry: &Geometry, memory: Memory) -> Result<Region, RegionError> {
        let map = geometry.map().map_err(RegionError::Geometry)?;
        if map.bytes > memory.bytes() {
            return Err(RegionError::Small {
                wanted: map.bytes,
                available: memory.bytes(),
            });
        }
        Region::format(memory, map)
    }

    /// The region that the other side, or an earlier process of this side, made there.
    pub fn attach(file: BorrowedFd<'_>, offset: u64, bytes: usize) -> Result<Region, RegionError> {
        Region::open(map_file(file, offset, bytes)?)
    }

    /// Every number of the header is read once, checked, and from then on taken from the copy.
    pub fn open(memory: Memory) -> Result<Region, RegionError> {
        if memory.bytes() < HEADER_BYTES || memory.load(offset_of!(Header, magic), Ordering::Acquire) != MAGIC
        {
            return Err(RegionError::NotReady);
        }
        let word = |at: usize| memory.load(at, Ordering::Relaxed);
        let instance = word(offset_of!(Header, instance));
        if instance == 0 {
            return Err(RegionError::NotReady);
        }
        let (min, max) = (
            word(offset_of!(Header, version_min)),
            word(offset_of!(Header, version_max)),
        );
        if min > max || min > VERSION_MAX || max < VERSION_MIN {
            return Err(RegionError::Version { min, max });
        }
        let owned = |at: usize| Owned {
            grants: word(at + offset_of!(OwnerHeader, grants)),
            small_pages: word(at + offset_of!(OwnerHeader, small_pages)),
            large_pages: word(at + offset_of!(OwnerHeader, large_pages)),
        };
        let geometry = Geometry {
            control_slots: word(offset_of!(Header, control_slots)),
            hint_slots: word(offset_of!(Header, hint_slots)),
            responses: word(offset_of!(Header, responses)),
            client: owned(offset_of!(Header, client_owned)),
            server: owned(offset_of!(Header, server_owned)),
        };
        let map = geometry.map().map_err(RegionError::Geometry)?;
        if map.header_words().iter().any(|(at, value)| word(*at) != *value) {
            return Err(RegionError::Offsets);
        }
        if map.bytes > memory.bytes() {
            return Err(RegionError::Small {
                wanted: map.bytes,
                available: memory.bytes(),
            });
        }
        Ok(Region {
            memory,
            map,
            instance,
        })
    }

    /// Whether the region is still the one that was mapped, and not zeroed or made anew.
    pub fn is_intact(&self) -> bool {
        self.memory.load(offset_of!(Header, magic), Ordering::Acquire) == MAGIC
            && self.memory.load(offset_of!(Header, instance), Ordering::Relaxed) == self.instance
    }

    fn format(memory: Memory, map: RegionMap) -> Result<Region, RegionError> {
        let instance = random_instance()?;
        // Whoever still uses the old region sees that it is gone before anything else changes.
        memory.store(offset_of!(Header, magic), 0, Ordering::Relaxed);
        memory.fence();
        for at in (8..map.client.small.start()).step_by(8) {
            memory.store(at, 0, Ordering::Relaxed);
        }
        for (at, value) in map.header_words() {
            memory.store(at, value, Ordering::Relaxed);
        }
        memory.store(offset_of!(Header, version_min), VERSION_MIN, Ordering::Relaxed);
        memory.store(offset_of!(Header, version_max), VERSION_MAX, Ordering::Relaxed);
        memory.store(offset_of!(Header, instance), instance, Ordering::Relaxed);
        memory.store(offset_of!(Header, magic), MAGIC, Ordering::Release);
        Ok(Region {
            memory,
            map,
            instance,
        })
    }
}

fn map_file(file: BorrowedFd<'_>, offset: u64, bytes: usize) -> Result<Memory, RegionError> {
    let unit = LARGE_PAGE_BYTES as u64;
    if bytes == 0 || !offset.is_multiple_of(unit) || !bytes.is_multiple_of(LARGE_PAGE_BYTES) {
        return Err(RegionError::Alignment);
    }
    match memfd_unsafe::backing(file)? {
        Backing::Unsealed => return Err(RegionError::Unsealed),
        Backing::Device => {}
        Backing::Sealed(size) => {
            let available = size.saturating_sub(offset);
            if bytes as u64 > available {
                return Err(RegionError::Small {
                    wanted: bytes,
                    available: available as usize,
                });
            }
        }
    }
    Ok(Memory::map(file, offset, bytes)?)
}

fn random_instance() -> io::Result<u64> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes) | 1)
}
