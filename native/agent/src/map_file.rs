//! MAP PAGE, until as much of a file is mapped as was asked for.

use std::sync::Arc;

use fsva_channel::borrower::Claim;
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::protocol::{ACCESS_READ, END_OF_FILE, Op};

use crate::error::ClientError;
use crate::file::{File, checked};
use crate::link::Link;
use crate::mapping::{Held, Mapping, Segment};

/// What was lent may be gone when it is to be claimed: then it is asked for again, so often.
const ATTEMPTS: u32 = 16;
/// At most that much is asked for at once.
const PART_MAX: usize = 1 << 30;

/// What has been claimed so far; given back if nothing comes of it.
struct Gathered {
    link: Arc<Link>,
    claims: Vec<Claim>,
    segments: Vec<Segment>,
    bytes: usize,
}

impl Gathered {
    /// Claims what an answer lends, all of it: what is not claimed, nobody gives back. Of its bytes so many are wanted. True:
    /// they are there.
    fn claim(&mut self, answer: &Message, wanted: usize) -> bool {
        let mut rest = wanted;
        let mut is_gapless = true;
        for reference in answer.grants.into_iter().filter(|grant| grant.generation != 0) {
            let Ok(claim) = self.link.borrower.claim(reference) else {
                // Lent by a server that is gone, or taken back already.
                is_gapless = false;
                continue;
            };
            let count = rest.min(claim.loan().bytes as usize);
            let at = claim.loan().pages.start();
            self.claims.push(claim);
            if !is_gapless || count == 0 {
                continue;
            }
            match self.segments.last_mut() {
                Some(last) if last.at + last.bytes == at => last.bytes += count,
                _ => self.segments.push(Segment { at, bytes: count }),
            }
            (rest, self.bytes) = (rest - count, self.bytes + count);
        }
        rest == 0
    }
}

impl Drop for Gathered {
    fn drop(&mut self) {
        let references: Vec<GrantRef> = self.claims.iter().map(Claim::reference).collect();
        for claim in self.claims.drain(..) {
            let _ = self.link.borrower.release(claim);
        }
        if !references.is_empty() {
            self.link.mapped.put_back(&references);
            self.link.tell_released(true);
        }
    }
}

impl File {
    /// The file's pages from `offset` on, a multiple of 4096, as the server has them. Fewer at the file's end.
    pub fn map(&self, offset: u64, bytes: usize) -> Result<Mapping, ClientError> {
        self.may(ACCESS_READ)?;
        let (link, _) = self.current()?;
        let mut gathered = Gathered {
            link,
            claims: Vec::new(),
            segments: Vec::new(),
            bytes: 0,
        };
        let mut attempts = 0;
        while gathered.bytes < bytes {
            let part = (bytes - gathered.bytes).min(PART_MAX);
            let answer = self.with_handle(|link, index| {
                if !Arc::ptr_eq(link, &gathered.link) {
                    return Err(ClientError::RegionLost);
                }
                let message = Message {
                    op: Op::MapPage as u16,
                    handle_index: index,
                    offset: offset + gathered.bytes as u64,
                    length: part as u32,
                    ..Message::default()
                };
                link.call(message, None, self.shared.deadline)
            })?;
            let answer = checked(answer, "mapping")?;
            let before = gathered.bytes;
            // Whole pages are lent, also where fewer bytes are wanted.
            let is_whole = gathered.claim(&answer, part.min(answer.length as usize));
            if is_whole && answer.flags & END_OF_FILE != 0 {
                break;
            }
            attempts = if gathered.bytes == before { attempts + 1 } else { 0 };
            if attempts == ATTEMPTS {
                return Err(ClientError::Nonsense("a mapping without pages"));
            }
        }
        let claims = std::mem::take(&mut gathered.claims);
        Ok(Mapping {
            held: Held::new(gathered.link.clone(), claims),
            offset,
            bytes: gathered.bytes,
            segments: std::mem::take(&mut gathered.segments).into(),
        })
    }
}
