//! The reply record's file in the state directory.
//!
//! ```text
//! header  "fsva replies 1\n\0" | boot id 16 | salt 32 | slots u64 | ring bytes u64 | checksum u64 | zeros to 4096
//! slots   1024 bytes each
//! ring    the rest
//! ```
//!
//! A start never goes on in the file of the process before: it takes over what is whole into a new one, which then
//! gets the name. So a file of another size, a damaged one or a death half-way need no care of their own.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::mapped_memory_unsafe::Region;
use crate::reply_record_ring::{self as ring, FRAME_BYTES_MAX, Kept, Salt, checksum};
use crate::reply_record_slot::{self as slot, Doubt, SLOT_BYTES, Stage};

const FILE: &str = "replies";
const NEW_FILE: &str = "replies.new";
const MAGIC: &[u8; 16] = b"fsva replies 1\n\0";
const MAGIC_OF_ANY_VERSION: &[u8] = b"fsva replies ";
const HEADER_BYTES: usize = 4096;
const CHECKED_BYTES: usize = 80;
pub const RECORD_BYTES_MIN: usize = 64 << 10;
pub const RECORD_BYTES_MAX: usize = 1 << 30;
/// Calls between their beginning and their reply, at once.
const SLOTS_MAX: usize = 8192;
/// One byte in four is for slots.
const SLOT_SHARE: usize = 4;
const _: () = assert!(RECORD_BYTES_MIN / SLOT_SHARE * (SLOT_SHARE - 1) - HEADER_BYTES >= FRAME_BYTES_MAX);

type BootId = [u8; 16];

/// What a former process left.
#[derive(Default)]
pub struct Inherited {
    pub replies: Vec<Kept>,
    /// In the order in which the calls began.
    pub doubts: Vec<Doubt>,
}

/// The memory of a record, empty.
pub struct Memory {
    pub salt: Salt,
    pub slots: Vec<Region>,
    pub ring: Region,
}

pub struct Opened {
    pub memory: Memory,
    pub inherited: Inherited,
    /// For the log.
    pub warnings: Vec<String>,
    unnamed: Option<Unnamed>,
}

/// A file that has its content, but not its name.
struct Unnamed {
    file: File,
}

impl Opened {
    /// Memory without a file.
    pub fn anonymous(bytes: usize) -> io::Result<Opened> {
        let mut salt = [0; 32];
        crate::state_directory::random_bytes(&mut salt)?;
        Ok(Opened {
            memory: divide(Region::anonymous(bytes)?, salt),
            inherited: Inherited::default(),
            warnings: Vec::new(),
            unnamed: None,
        })
    }

    /// The file of this directory, which the caller has locked. What `inherited` has is not in the memory yet: it is
    /// to be put there, and then to be made the record by `name`.
    pub fn open(directory: &Path, bytes: usize) -> io::Result<Opened> {
        let boot_id = boot_id()?;
        let mut warnings = Vec::new();
        let old = read_old(directory, &mut warnings);
        let (salt, inherited) = match old.and_then(|bytes| load(&bytes, &boot_id, &mut warnings)) {
            Some(loaded) => loaded,
            None => {
                let mut salt = [0; 32];
                crate::state_directory::random_bytes(&mut salt)?;
                (salt, Inherited::default())
            }
        };
        let (file, mut region) = create(&directory.join(NEW_FILE), bytes)?;
        region.write(0, &header(&salt, &boot_id, bytes));
        Ok(Opened {
            memory: divide(region, salt),
            inherited,
            warnings,
            unnamed: Some(Unnamed { file }),
        })
    }

    /// Replaces the former process's file.
    pub fn name(&mut self, directory: &Path) -> io::Result<()> {
        let Some(Unnamed { file }) = self.unnamed.take() else {
            return Ok(());
        };
        file.sync_all()?;
        std::fs::rename(directory.join(NEW_FILE), directory.join(FILE))?;
        File::open(directory)?.sync_all()
    }
}

fn slot_count(bytes: usize) -> usize {
    (bytes / SLOT_SHARE / SLOT_BYTES).min(SLOTS_MAX)
}

/// `region`: the whole file, its header included.
fn divide(region: Region, salt: Salt) -> Memory {
    let count = slot_count(region.len());
    let mut rest = region.split(HEADER_BYTES).1;
    let mut slots = Vec::with_capacity(count);
    for _ in 0..count {
        let (slot, after) = rest.split(SLOT_BYTES);
        slots.push(slot);
        rest = after;
    }
    Memory {
        salt,
        slots,
        ring: rest,
    }
}

fn header(salt: &Salt, boot_id: &BootId, bytes: usize) -> Vec<u8> {
    let slots = slot_count(bytes);
    let ring_bytes = bytes - HEADER_BYTES - slots * SLOT_BYTES;
    let mut header = Vec::with_capacity(CHECKED_BYTES + 8);
    header.extend(MAGIC);
    header.extend(boot_id);
    header.extend(salt);
    header.extend((slots as u64).to_le_bytes());
    header.extend((ring_bytes as u64).to_le_bytes());
    let checksum = checksum(salt, &header, &[]);
    header.extend(checksum);
    header
}

/// With all its space allocated: a store into a hole of a full file system would kill us.
fn create(path: &Path, bytes: usize) -> io::Result<(File, Region)> {
    assert!((RECORD_BYTES_MIN..=RECORD_BYTES_MAX).contains(&bytes));
    let _ = std::fs::remove_file(path);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(path)?;
    no_copy_on_write(&file);
    // SAFETY: no memory involved.
    let failed = unsafe { libc::posix_fallocate(file.as_raw_fd(), 0, bytes as libc::off_t) };
    if failed != 0 {
        let _ = std::fs::remove_file(path);
        return Err(io::Error::from_raw_os_error(failed));
    }
    let region = Region::of_file(&file, bytes)?;
    Ok((file, region))
}

/// On btrfs, allocated space would otherwise not be what is written to. Elsewhere there is no such thing.
fn no_copy_on_write(file: &File) {
    const FS_NOCOW_FL: libc::c_long = 0x0080_0000;
    let mut flags: libc::c_long = 0;
    // SAFETY: both requests take a pointer to a long.
    unsafe {
        if libc::ioctl(file.as_raw_fd(), libc::FS_IOC_GETFLAGS, &mut flags) == 0 {
            flags |= FS_NOCOW_FL;
            libc::ioctl(file.as_raw_fd(), libc::FS_IOC_SETFLAGS, &flags);
        }
    }
}

fn read_old(directory: &Path, warnings: &mut Vec<String>) -> Option<Vec<u8>> {
    let path = directory.join(FILE);
    let read = || -> io::Result<Vec<u8>> {
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
            .open(&path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() > RECORD_BYTES_MAX as u64 {
            return Err(io::Error::other("not a file of a size that this server makes"));
        }
        let mut bytes = Vec::with_capacity(metadata.len() as usize);
        file.take(RECORD_BYTES_MAX as u64).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            warnings.push(format!("{}: {error}: {STARTS_EMPTY}", path.display()));
            None
        }
    }
}

const STARTS_EMPTY: &str = "the reply record starts empty, and calls that clients repeat now are done again";

/// None: nothing to be had from it.
fn load(bytes: &[u8], boot_id: &BootId, warnings: &mut Vec<String>) -> Option<(Salt, Inherited)> {
    let complaint = |what: &str| format!("the reply record {what}: {STARTS_EMPTY}");
    if !bytes.starts_with(MAGIC) {
        let what = if bytes.starts_with(MAGIC_OF_ANY_VERSION) {
            "is of another version of this program"
        } else {
            "is damaged, or not ours"
        };
        warnings.push(complaint(what));
        return None;
    }
    let salt: Salt = match bytes.get(32..64) {
        Some(salt) => salt.try_into().expect("32 bytes"),
        None => [0; 32],
    };
    let length = bytes.len();
    let is_whole = (RECORD_BYTES_MIN..=RECORD_BYTES_MAX).contains(&length)
        && bytes[..CHECKED_BYTES + 8] == header(&salt, bytes[16..32].try_into().expect("16 bytes"), length);
    if !is_whole {
        warnings.push(complaint("is damaged"));
        return None;
    }
    let same_boot = bytes[16..32] == boot_id[..];
    let (slots, ring_bytes) = bytes[HEADER_BYTES..].split_at(slot_count(length) * SLOT_BYTES);
    let mut inherited = Inherited {
        // After a power failure a reply may be there whose operation is not, unless it was stable first.
        replies: ring::scan(ring_bytes, &salt)
            .into_iter()
            .filter(|kept| same_boot || kept.durable)
            .collect(),
        doubts: Vec::new(),
    };
    let answered: std::collections::HashSet<_> = inherited.replies.iter().map(|kept| kept.key).collect();
    let mut damaged = 0;
    for bytes in slots
        .chunks_exact(SLOT_BYTES)
        .filter(|slot| slot::is_in_use(slot))
    {
        match slot::read(bytes, &salt) {
            Some(doubt) if answered.contains(&doubt.key) => {}
            Some(mut doubt) => {
                if !same_boot {
                    doubt.stage = Stage::Prepared;
                }
                inherited.doubts.push(doubt);
            }
            None => damaged += 1,
        }
    }
    inherited.doubts.sort_by_key(|doubt| doubt.sequence);
    if damaged > 0 {
        warnings.push(format!(
            "the reply record has {damaged} damaged intents: if clients repeat these calls, they are done again"
        ));
    }
    Some((salt, inherited))
}

/// Changes with every start of the kernel: what memory had and the disk had not is lost then.
fn boot_id() -> io::Result<BootId> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let digits: Vec<u8> = text
        .bytes()
        .filter_map(|byte| char::from(byte).to_digit(16))
        .map(|digit| digit as u8)
        .collect();
    let mut id = [0; 16];
    if digits.len() != 32 {
        // No way to know: as if it were another one each time.
        crate::state_directory::random_bytes(&mut id)?;
        return Ok(id);
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(id)
}

/// Makes the record look as if the machine had been started again since, for tests.
#[cfg(test)]
pub(crate) fn pretend_reboot(directory: &Path) {
    let path = directory.join(FILE);
    let mut bytes = std::fs::read(&path).unwrap();
    let salt: Salt = bytes[32..64].try_into().unwrap();
    let header = header(&salt, &[0xee; 16], bytes.len());
    bytes[..header.len()].copy_from_slice(&header);
    std::fs::write(&path, bytes).unwrap();
}

#[cfg(test)]
pub(crate) const FILE_NAME: &str = FILE;
