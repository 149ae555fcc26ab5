//! Looks after a mount's cache by hand: notices come as lines of standard input, and it ends when all are dealt with.
//!
//!     kernel-cache MOUNT-POINT [POLL-MS]
//!         changed WHAT FILEID FSID HANDLE     WHAT is an or of CHANGED_*; HANDLE in hexadecimal digits
//!         resync | connected | disconnected
//!     kernel-cache handle MOUNT-POINT PATH    prints the last three words of such a line
//!
//! Afterwards it says what it had to do.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::{self, BufRead};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use fsva_agent::kernel_cache::client_handle::ClientHandle;
use fsva_agent::kernel_cache::mounts::nfs_mounts;
use fsva_agent::kernel_cache::{KernelCache, KernelCacheOptions};
use fsva_agent::notice_sink::NoticeSink;
use fsva_channel::protocol::{ChangeNotice, Notice};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["handle", point, path] => print_handle(Path::new(point), Path::new(path)),
        [point] => look_after(Path::new(point), KernelCacheOptions::default()),
        [point, poll] => {
            let poll = Duration::from_millis(poll.parse()?);
            look_after(
                Path::new(point),
                KernelCacheOptions {
                    poll,
                    ..KernelCacheOptions::default()
                },
            )
        }
        _ => Err("kernel-cache MOUNT-POINT [POLL-MS] | kernel-cache handle MOUNT-POINT PATH".into()),
    }
}

fn look_after(point: &Path, options: KernelCacheOptions) -> Result<()> {
    let cache = KernelCache::open(point, options)?;
    for line in io::stdin().lock().lines() {
        match line?.split_whitespace().collect::<Vec<_>>()[..] {
            ["resync"] => cache.notice(&Notice::Resync),
            ["connected"] => cache.connected(false),
            ["disconnected"] => cache.disconnected(),
            ["changed", what, fileid, fsid, handle] => cache.notice(&Notice::Changed(ChangeNotice {
                what: what.parse()?,
                fileid: fileid.parse()?,
                fsid: fsid.parse()?,
                handle: bytes(handle)?,
            })),
            _ => return Err("no such notice".into()),
        }
    }
    while !cache.is_idle() {
        sleep(Duration::from_millis(1));
    }
    println!("{:?}", cache.figures());
    Ok(())
}

fn print_handle(point: &Path, path: &Path) -> Result<()> {
    let object = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_NOFOLLOW)
        .open(path)?;
    let device = object.metadata()?.dev();
    let device = (libc::major(device), libc::minor(device));
    let mounts = nfs_mounts(point)?;
    let mount = mounts
        .iter()
        .find(|mount| mount.device == device)
        .ok_or("not on NFS")?;
    let handle = ClientHandle::of(object.as_fd())?;
    let digits: String = handle
        .server_handle()
        .unwrap_or_default()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    println!("{} {} {digits}", handle.fileid(), mount.fsid);
    Ok(())
}

fn bytes(digits: &str) -> Result<Vec<u8>> {
    let byte = |at| u8::from_str_radix(digits.get(at..at + 2).ok_or("half a byte")?, 16).map_err(Into::into);
    (0..digits.len()).step_by(2).map(byte).collect()
}
