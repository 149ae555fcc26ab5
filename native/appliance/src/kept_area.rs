//! Pages of the region that are the server's and lent to nobody: what its next process has to know stands there.
//!
//! ```text
//!   0    magic | region's instance | open files' entries | grants' entries
//!   64   open files (open_table.rs)
//!        what was lent by which grant (lent_table.rs)
//! ```

use std::sync::atomic::Ordering::{Relaxed, Release};

use fsva_channel::broken::Broken;
use fsva_channel::layout::SMALL_PAGE_BYTES;
use fsva_channel::page_pool::PagePool;
use fsva_channel::page_range::PageRange;
use fsva_channel::region::Region;
use fsva_channel::words::Words;

use crate::lent_table::{LENT_ENTRY_BYTES, LentTable};
use crate::open_files::OPEN_FILES_MAX;
use crate::open_table::{OPEN_ENTRY_BYTES, OpenTable};

const MAGIC: u64 = u64::from_le_bytes(*b"FSVAKEPT");
const HEAD_BYTES: usize = 64;
/// Neither table gets more of the server's small pages than one in so many.
const SHARE: usize = 8;

pub struct KeptArea {
    pub open_files: OpenTable,
    pub lent: LentTable,
}

impl KeptArea {
    /// Takes the first of the server's small pages. What stands there is kept if it is of this region, else made anew.
    pub fn take(region: &Region, pool: &mut PagePool) -> Result<KeptArea, Broken> {
        let (memory, server) = (&region.memory, &region.map.server);
        let share = server.small.bytes() / SHARE;
        let open_files = (share / OPEN_ENTRY_BYTES).min(OPEN_FILES_MAX);
        let grants = (share / LENT_ENTRY_BYTES).min(server.grants);
        let bytes = HEAD_BYTES + open_files * OPEN_ENTRY_BYTES + grants * LENT_ENTRY_BYTES;
        let count = bytes.div_ceil(SMALL_PAGE_BYTES) as u32;
        if server.small.count() < count {
            return Err(Broken::RegionLost);
        }
        let pages = PageRange::new(server.small.first(), count);
        // Found lent: nobody but the peer can have written that.
        pool.adopt(pages).map_err(|_| Broken::Forged)?;
        let at = pages.start();
        let head = [MAGIC, region.instance, open_files as u64, grants as u64];
        let is_kept = (0..)
            .zip(head)
            .all(|(word, value)| memory.load(at + word * 8, Relaxed) == value);
        if !is_kept {
            for word in (at..at + pages.bytes()).step_by(8) {
                memory.store(word, 0, Relaxed);
            }
            // The magic number last.
            for (word, value) in head.into_iter().enumerate().rev() {
                memory.store(at + word * 8, value, Release);
            }
        }
        let open_at = at + HEAD_BYTES;
        let lent_at = open_at + open_files * OPEN_ENTRY_BYTES;
        Ok(KeptArea {
            open_files: OpenTable::new(memory.clone(), open_at, open_files),
            lent: LentTable::new(memory.clone(), lent_at, grants),
        })
    }
}
