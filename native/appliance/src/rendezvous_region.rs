//! The memory of a new session: the one that the client still has, if it is whole, or a new one.

use std::fmt;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::linux::fs::MetadataExt;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use fsva_channel::geometry::{Geometry, Owned};
use fsva_channel::layout::{LARGE_PAGE_BYTES, SMALL_PAGE_BYTES};
use fsva_channel::region::{Region, RegionError};
use fsva_channel::region_unsafe::Memory;

use crate::rendezvous_unsafe::{claim_range, is_ordinary_memory};

/// The least and the most that a region may have.
pub const REGION_BYTES_MIN: u64 = 8 << 20;
pub const REGION_BYTES_MAX: u64 = 32 << 30;

/// How a region of so many bytes is divided: the same for every process of the server, so that a restart finds its own.
/// An eighth is the client's in small pages and half of that the server's; of the rest, in large pages, two thirds and one.
/// None: too small, too large, or no multiple of 2 MiB.
pub fn geometry_for(bytes: u64) -> Option<Geometry> {
    let large = LARGE_PAGE_BYTES as u64;
    if !(REGION_BYTES_MIN..=REGION_BYTES_MAX).contains(&bytes) || !bytes.is_multiple_of(large) {
        return None;
    }
    // Small pages are for small requests, of which a region holds at most its responses at a time.
    let small_pages = (bytes / 8 / SMALL_PAGE_BYTES as u64).min(1 << 16);
    let mut geometry = Geometry {
        client: Owned {
            small_pages,
            large_pages: 0,
            ..Geometry::USUAL.client
        },
        server: Owned {
            small_pages: small_pages / 2,
            large_pages: 0,
            ..Geometry::USUAL.server
        },
        ..Geometry::USUAL
    };
    let rest = (bytes - geometry.map().ok()?.bytes as u64) / large;
    geometry.server.large_pages = rest / 3;
    geometry.client.large_pages = rest - rest / 3;
    Some(geometry)
}

/// Memory that both machines see, of which a part belongs to one client.
pub struct Device {
    path: PathBuf,
    /// Held for its claim.
    _file: File,
    memory: Memory,
    geometry: Geometry,
    pub offset: u64,
}

#[derive(Debug)]
pub struct DeviceError {
    path: PathBuf,
    why: String,
}

impl fmt::Display for DeviceError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}: {}", self.path.display(), self.why)
    }
}

impl std::error::Error for DeviceError {}

impl Device {
    /// A devdax device; a regular file serves as one, and must keep its size. `bytes` from `offset` on, or all there is.
    pub fn open(path: &Path, offset: u64, bytes: Option<u64>) -> Result<Device, DeviceError> {
        let failure = |why: String| DeviceError {
            path: path.to_owned(),
            why,
        };
        let file = File::options()
            .read(true)
            .write(true)
            .open(path)
            .map_err(|error| failure(error.to_string()))?;
        let size =
            size_of_device(&file).map_err(|error| failure(format!("its size is not known: {error}")))?;
        let unit = LARGE_PAGE_BYTES as u64;
        if !offset.is_multiple_of(unit) {
            return Err(failure(format!(
                "offset {offset} is no multiple of 2 MiB ({unit})"
            )));
        }
        let available = size.saturating_sub(offset);
        let bytes = bytes.unwrap_or(available / unit * unit);
        if bytes > available {
            return Err(failure(format!(
                "it has {size} bytes: {bytes} from {offset} on are more than that"
            )));
        }
        let geometry = geometry_for(bytes).ok_or_else(|| {
            failure(format!(
                "{bytes} bytes from {offset} on: must be a multiple of 2 MiB, from 8 MiB to 32 GiB"
            ))
        })?;
        match claim_range(file.as_fd(), offset, bytes) {
            Ok(true) => {}
            Ok(false) => return Err(failure("another server uses that part of it".into())),
            Err(error) => return Err(failure(format!("cannot be locked: {error}"))),
        }
        let memory = Memory::map(file.as_fd(), offset, bytes as usize).map_err(|error| {
            failure(format!(
                "{bytes} bytes from {offset} on cannot be mapped: {error}"
            ))
        })?;
        Ok(Device {
            path: path.to_owned(),
            _file: file,
            memory,
            geometry,
            offset,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn bytes(&self) -> u64 {
        self.memory.bytes() as u64
    }

    /// The region that an earlier process left there, or a new one. True: the earlier one.
    fn region(&self, keep: bool) -> Result<(Region, bool), RegionError> {
        if keep
            && let Ok(region) = Region::open(self.memory.clone())
            && region.map.geometry == self.geometry
        {
            return Ok((region, true));
        }
        Ok((Region::make(&self.geometry, self.memory.clone())?, false))
    }
}

fn size_of_device(file: &File) -> io::Result<u64> {
    let metadata = file.metadata()?;
    let kind = metadata.file_type();
    if kind.is_file() {
        return Ok(metadata.len());
    }
    if !kind.is_char_device() {
        return Err(io::Error::other("it is no devdax device (/dev/daxN.M)"));
    }
    let number = metadata.st_rdev();
    let size = format!(
        "/sys/dev/char/{}:{}/size",
        libc::major(number),
        libc::minor(number)
    );
    let text = std::fs::read_to_string(size)
        .map_err(|_| io::Error::other("it is no devdax device (/dev/daxN.M)"))?;
    text.trim().parse().map_err(io::Error::other)
}

/// Where a session's memory comes from.
pub enum Source<'a> {
    /// A memory file that goes to the client, of so many bytes.
    Memory {
        geometry: Geometry,
        bytes: u64,
    },
    Device(&'a Device),
}

/// The memory, and what the client has to be told of it.
pub struct Placed {
    pub region: Region,
    /// To be sent: None for a device.
    pub file: Option<OwnedFd>,
    pub offset: u64,
    pub bytes: u64,
    /// With what was lent in it.
    pub kept: bool,
}

/// What the client says it still has.
pub struct Held<'a> {
    pub file: Option<BorrowedFd<'a>>,
    pub instance: u64,
}

/// Without `keep` the region is empty, whatever is there.
pub fn place(source: &Source<'_>, held: &Held<'_>, keep: bool) -> Result<Placed, RegionError> {
    match source {
        Source::Device(device) => {
            let (region, kept) = device.region(keep)?;
            Ok(Placed {
                region,
                file: None,
                offset: device.offset,
                bytes: device.bytes(),
                kept,
            })
        }
        Source::Memory { geometry, bytes } => {
            let kept = keep.then(|| attach(held, geometry)).flatten();
            let was_kept = kept.is_some();
            let (region, file) = kept.map_or_else(|| Region::create(geometry), Ok)?;
            Ok(Placed {
                region,
                file: Some(file),
                offset: 0,
                bytes: *bytes,
                kept: was_kept,
            })
        }
    }
}

/// The client's memory file, if it is a region such as we make and cannot harm us. The file may be anybody's.
fn attach(held: &Held<'_>, geometry: &Geometry) -> Option<(Region, OwnedFd)> {
    let file = held.file?;
    if !is_ordinary_memory(file).ok()? {
        return None;
    }
    let bytes = geometry.map().ok()?.bytes;
    let region = Region::attach(file, 0, bytes).ok()?;
    let is_it = region.map.geometry == *geometry && region.instance == held.instance;
    is_it.then(|| file.try_clone_to_owned().ok().map(|file| (region, file)))?
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use fsva_channel::words::Words;
    use proptest::prelude::*;

    use super::*;

    const BYTES: u64 = 16 << 20;

    fn memory() -> Source<'static> {
        Source::Memory {
            geometry: geometry_for(BYTES).unwrap(),
            bytes: BYTES,
        }
    }

    fn held(placed: &Placed) -> Held<'_> {
        Held {
            file: placed.file.as_ref().map(AsFd::as_fd),
            instance: placed.region.instance,
        }
    }

    fn none() -> Held<'static> {
        Held {
            file: None,
            instance: 0,
        }
    }

    proptest! {
        #[test]
        fn a_region_fills_its_bytes_and_no_more(units in 0..40_000u64, odd in 0..2u64) {
            let bytes = (units << 21) + odd;
            match geometry_for(bytes) {
                Some(geometry) => {
                    let map = geometry.map().unwrap();
                    prop_assert_eq!(map.bytes as u64, bytes);
                    prop_assert!(geometry.client.large_pages > 0 && geometry.client.small_pages >= 256);
                }
                None => prop_assert!(odd == 1 || !(REGION_BYTES_MIN..=REGION_BYTES_MAX).contains(&bytes)),
            }
        }
    }

    #[test]
    fn the_memory_that_a_client_still_has_is_used_again() {
        let first = place(&memory(), &none(), true).unwrap();
        assert!(!first.kept);
        first.region.memory.store(1 << 20, 7, Ordering::Relaxed);
        let again = place(&memory(), &held(&first), true).unwrap();
        assert!(again.kept);
        assert_eq!(again.region.instance, first.region.instance);
        assert_eq!(again.region.memory.load(1 << 20, Ordering::Relaxed), 7);
        let anew = place(&memory(), &held(&first), false).unwrap();
        assert!(!anew.kept);
        assert_ne!(anew.region.instance, first.region.instance);
    }

    #[test]
    fn what_is_no_such_region_is_not_used() {
        let first = place(&memory(), &none(), true).unwrap();
        let other_instance = Held {
            instance: first.region.instance ^ 2,
            ..held(&first)
        };
        assert!(!place(&memory(), &other_instance, true).unwrap().kept);
        let other_size = Source::Memory {
            geometry: geometry_for(2 * BYTES).unwrap(),
            bytes: 2 * BYTES,
        };
        assert!(!place(&other_size, &held(&first), true).unwrap().kept);
        let mut unsealed = tempfile::tempfile_in("/dev/shm").unwrap();
        let copy = File::from(first.file.as_ref().unwrap().try_clone().unwrap());
        std::io::copy(&mut &copy, &mut unsealed).unwrap();
        let unsealed = Held {
            file: Some(unsealed.as_fd()),
            instance: first.region.instance,
        };
        assert!(!place(&memory(), &unsealed, true).unwrap().kept);
        first.region.memory.store(0, 0, Ordering::Relaxed);
        assert!(!place(&memory(), &held(&first), true).unwrap().kept, "zeroed");
    }

    #[test]
    fn a_device_keeps_its_region_over_processes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(4 * BYTES).unwrap();
        let open = || Device::open(file.path(), BYTES, Some(BYTES)).unwrap();
        let device = open();
        let first = place(&Source::Device(&device), &none(), true).unwrap();
        assert!(!first.kept && first.file.is_none());
        assert_eq!((first.offset, first.bytes), (BYTES, BYTES));
        let rest = Device::open(file.path(), 2 * BYTES, None).unwrap();
        assert_eq!(rest.bytes(), 2 * BYTES);
        drop(rest);
        let instance = first.region.instance;
        drop((device, first));
        let device = open();
        let again = place(&Source::Device(&device), &none(), true).unwrap();
        assert!(again.kept);
        assert_eq!(again.region.instance, instance);
        let anew = place(&Source::Device(&device), &none(), false).unwrap();
        assert_ne!(anew.region.instance, instance);
        drop((device, again, anew));
        let smaller = Device::open(file.path(), BYTES, Some(BYTES / 2)).unwrap();
        let other = place(&Source::Device(&smaller), &none(), true).unwrap();
        assert!(!other.kept, "the region there has another geometry");
    }

    #[test]
    fn what_cannot_be_a_device_is_said() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(BYTES).unwrap();
        let path = file.path();
        let why = |path: &Path, offset, bytes| Device::open(path, offset, bytes).err().unwrap().to_string();
        assert!(why(path, 4096, None).contains("no multiple of 2 MiB"));
        assert!(why(path, 0, Some(2 * BYTES)).contains("it has 16777216 bytes"));
        assert!(why(path, BYTES - (2 << 20), None).contains("from 8 MiB"));
        assert!(why(path, u64::MAX << 21, None).contains("from 8 MiB"));
        assert!(why(Path::new("/dev/null"), 0, None).contains("no devdax device"));
        assert!(why(Path::new("/nowhere"), 0, None).contains("No such file"));
    }
}
