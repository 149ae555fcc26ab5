//! What this side lends: pages of its own, and grants of them. Any thread lends.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::layout::{LARGE_PAGE_BYTES, SMALL_PAGE_BYTES};
use fsva_channel::lender::{Ended, Lender};
use fsva_channel::message::GrantRef;
use fsva_channel::page_pool::{PagePool, PageSize};
use fsva_channel::page_range::PageRange;
use fsva_channel::region_unsafe::Memory;

use crate::error::ClientError;

/// Larger ones are made of large pages.
const SMALL_BYTES_MAX: u32 = 512 << 10;
/// Quarantined grants looked at in one go.
const COLLECT_MAX: usize = 64;

pub struct Lending {
    memory: Memory,
    table: Mutex<Table>,
}

struct Table {
    lender: Lender<Memory>,
    pool: PagePool,
    /// Taken back while the peer was using them: the pages are not free before it says that it does not.
    quarantined: Vec<(Loan, Arc<Pages>)>,
}

/// Pages of this side, which go back when nobody has a share of them any more.
pub struct Pages {
    lending: Arc<Lending>,
    range: PageRange,
    bytes: u32,
}

impl Lending {
    pub fn new(memory: Memory, lender: Lender<Memory>, pool: PagePool) -> Arc<Lending> {
        let table = Table {
            lender,
            pool,
            quarantined: Vec::new(),
        };
        Arc::new(Lending {
            memory,
            table: Mutex::new(table),
        })
    }

    pub fn allocate(self: &Arc<Self>, bytes: u32) -> Result<Arc<Pages>, ClientError> {
        if bytes == 0 {
            return Err(ClientError::Invalid("a buffer has at least one byte"));
        }
        let sizes = if bytes <= SMALL_BYTES_MAX {
            [PageSize::Small, PageSize::Large]
        } else {
            [PageSize::Large, PageSize::Small]
        };
        let mut table = self.table();
        let range = sizes
            .into_iter()
            .find_map(|size| {
                let unit = match size {
                    PageSize::Small => SMALL_PAGE_BYTES,
                    PageSize::Large => LARGE_PAGE_BYTES,
                };
                table.pool.allocate(size, bytes.div_ceil(unit as u32))
            })
            .ok_or(ClientError::NoMemory)?;
        drop(table);
        Ok(Arc::new(Pages {
            lending: self.clone(),
            range,
            bytes,
        }))
    }

    /// Bytes of the pages, from a multiple of 4 KiB on.
    pub fn lend(
        &self,
        pages: &Pages,
        offset: u32,
        bytes: u32,
        access: Access,
    ) -> Result<GrantRef, ClientError> {
        if !offset.is_multiple_of(SMALL_PAGE_BYTES as u32) {
            return Err(ClientError::Invalid(
                "a range begins at a multiple of 4096 of its buffer",
            ));
        }
        if bytes == 0 || offset.checked_add(bytes).is_none_or(|end| end > pages.bytes) {
            return Err(ClientError::Invalid(
                "no bytes, or bytes behind the end of the buffer",
            ));
        }
        let first = pages.range.first() + offset / SMALL_PAGE_BYTES as u32;
        let loan = Loan {
            pages: PageRange::of_bytes(first, bytes).ok_or(ClientError::Invalid("no such pages"))?,
            bytes,
            access,
            cookie: 0,
        };
        self.table().lender.lend(loan).map_err(|_| ClientError::NoMemory)
    }

    /// After the answer, or instead of asking. Pages that a peer still uses are kept until it says that it does not.
    pub fn end(&self, reference: GrantRef, pages: Arc<Pages>) {
        let mut table = self.table();
        let loan = table.lender.loan(reference);
        match (table.lender.revoke(reference), loan) {
            (Ok(Ended::Returned(_)), _) => {}
            // In use, or the peer wrote what it may not: then nobody knows.
            (_, Some(loan)) => {
                table.quarantined.push((loan, pages));
                return;
            }
            (_, None) => {}
        }
        // Not before the lock is free: the last share takes it.
        drop(table);
        drop(pages);
    }

    /// Pages that came back from quarantine. To be called now and then.
    pub fn collect(&self) {
        let mut table = self.table();
        let returned = table.lender.collect(COLLECT_MAX);
        let freed = table.release(&returned);
        drop(table);
        drop(freed);
    }

    /// Another process of the server is there, which has claimed nothing.
    pub fn peer_began_anew(&self) {
        let mut table = self.table();
        let returned = table.lender.peer_began_anew();
        let freed = table.release(&returned);
        drop(table);
        drop(freed);
    }

    /// Free pages of 4 KiB, and of 2 MiB.
    pub fn free_pages(&self) -> (u32, u32) {
        let table = self.table();
        (
            table.pool.free_pages(PageSize::Small),
            table.pool.free_pages(PageSize::Large),
        )
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn release(&mut self, returned: &[Loan]) -> Vec<(Loan, Arc<Pages>)> {
        let is_returned = |entry: &mut (Loan, Arc<Pages>)| returned.contains(&entry.0);
        self.quarantined.extract_if(.., is_returned).collect()
    }
}

impl Pages {
    pub fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Where they begin in the region.
    pub fn start(&self) -> usize {
        self.range.start()
    }

    pub fn memory(&self) -> &Memory {
        &self.lending.memory
    }

    pub fn lending(&self) -> &Arc<Lending> {
        &self.lending
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // They were allocated, and this is the only time.
        let _ = self.lending.table().pool.free(self.range);
    }
}
