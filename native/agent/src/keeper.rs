//! The thread that is there when no caller is: it keeps the heartbeat, takes what the server says unasked, and finds the
//! server again.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fsva_channel::broken::Broken;
use fsva_channel::grant_word::Access;
use fsva_channel::layout::SMALL_PAGE_BYTES;
use fsva_channel::message::{GrantRef, Message};
use fsva_channel::protocol::{MORE, Op, RESTORED_GRANT_BYTES};

use crate::client::Shared;
use crate::error::ClientError;
use crate::file::checked;
use crate::link::Link;
use crate::rendezvous::{Joined, Known};

/// Half of what a peer expects at most.
const BEAT: Duration = Duration::from_millis(250);
/// While callers lead, the keeper looks again after so long. Then notices wait for no longer than this.
const ASIDE: Duration = Duration::from_millis(2);
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// A server that is there has to answer within that time.
const RESTORE_MAX: Duration = Duration::from_secs(5);

pub(crate) fn keep(shared: &Shared, mut known: Known) {
    let mut backoff = BACKOFF_MIN;
    loop {
        let link = shared.link();
        let begun = Instant::now();
        watch(shared, &link);
        if shared.surroundings.closed.load(Ordering::Acquire) {
            let mut lead = link.lead();
            let _ = lead.channel.close();
            link.give_up(&mut lead, || ClientError::Closed);
            link.leave(lead);
            return;
        }
        if begun.elapsed() > BACKOFF_MAX {
            backoff = BACKOFF_MIN;
        }
        // One that ends at once is not followed by the next at once.
        while let Some(left) = BACKOFF_MIN.checked_sub(begun.elapsed())
            && !left.is_zero()
            && !shared.surroundings.closed.load(Ordering::Acquire)
        {
            shared.surroundings.keeper.wait(left);
        }
        // The server, if it lives, learns that this epoch is over.
        let _ = link.lead().channel.close();
        if let Some(joined) = meet_again(shared, &known, &mut backoff) {
            go_on(shared, &link, joined, &mut known);
        }
    }
}

/// Until the link is broken, or the client closed.
fn watch(shared: &Shared, link: &Arc<Link>) {
    let mut beaten: Option<Instant> = None;
    let mut woken = false;
    while !shared.surroundings.closed.load(Ordering::Acquire) {
        let since = beaten.map_or(BEAT, |beaten| beaten.elapsed());
        let Some(mut lead) = link.try_lead_in_any_state() else {
            if since >= BEAT {
                link.want_beat();
                beaten = Some(Instant::now());
            }
            // It was for the one that leads, who may have been about to sleep and would sleep on.
            if std::mem::take(&mut woken) {
                link.wake().interrupt();
            }
            shared.surroundings.keeper.wait(ASIDE);
            continue;
        };
        if lead.broken.is_some() {
            return;
        }
        if since >= BEAT || !link.is_connected() {
            beaten = Some(Instant::now());
            if let Err(broken) = link.beat(&mut lead) {
                link.lose(&mut lead, broken);
                return;
            }
        }
        link.leave(lead);
        look_after(link);
        let wake = link.wake();
        match wake.sleep(BEAT) {
            Ok(was_woken) => woken = was_woken,
            Err(broken) => {
                let mut lead = link.lead();
                // Or somebody else has noticed already.
                if lead.broken.is_none() {
                    link.lose(&mut lead, broken);
                }
                return;
            }
        }
    }
}

fn look_after(link: &Link) {
    link.lending.collect();
    link.expire();
    if !link.is_connected() {
        return;
    }
    link.tell_released(true);
    if link.mapped.is_unsure()
        && let Ok(confirmed) = restored_grants(link)
    {
        link.mapped.confirm(&confirmed);
    }
}

/// What the server says this side still holds.
fn restored_grants(link: &Link) -> Result<HashSet<GrantRef>, ClientError> {
    let mut found = HashSet::new();
    let pages = link.lending.allocate(SMALL_PAGE_BYTES as u32)?;
    // Not more than there can be, whatever the server says.
    for _ in 0..link.region.map.server.grants {
        let reference = link
            .lending
            .lend(&pages, 0, SMALL_PAGE_BYTES as u32, Access::Write)?;
        let mut message = Message {
            op: Op::RestoreGrants as u16,
            length: SMALL_PAGE_BYTES as u32,
            offset: found.len() as u64,
            ..Message::default()
        };
        message.grants[0] = reference;
        let answer = link.call(message, Some((reference, pages.clone())), RESTORE_MAX)?;
        let answer = checked(answer, "restoring grants")?;
        let mut bytes = [0; SMALL_PAGE_BYTES];
        pages.memory().copy_out(pages.start(), &mut bytes);
        let length = (answer.length as usize).min(bytes.len());
        let before = found.len();
        found.extend(
            bytes[..length]
                .chunks_exact(RESTORED_GRANT_BYTES)
                .map(|entry| GrantRef {
                    index: u16::from_le_bytes(entry[..2].try_into().expect("two bytes")),
                    generation: u32::from_le_bytes(entry[4..8].try_into().expect("four bytes")),
                }),
        );
        if answer.flags & MORE == 0 || found.len() == before {
            return Ok(found);
        }
    }
    Ok(found)
}

/// None: the client was closed.
fn meet_again(shared: &Shared, known: &Known, backoff: &mut Duration) -> Option<Joined> {
    loop {
        // A region that was zeroed or made anew is not asked for.
        let known = Some(known).filter(|known| known.region.is_intact());
        if let Ok(joined) = shared.meeting().meet(known) {
            return Some(joined);
        }
        let start = Instant::now();
        while let Some(left) = backoff.checked_sub(start.elapsed()) {
            if shared.surroundings.closed.load(Ordering::Acquire) {
                return None;
            }
            shared.link().expire();
            shared.surroundings.keeper.wait(left.min(BEAT));
        }
        *backoff = (*backoff * 2).min(BACKOFF_MAX);
    }
}

fn go_on(shared: &Shared, link: &Arc<Link>, joined: Joined, known: &mut Known) {
    shared.met(&joined);
    known.memory = joined.memory;
    let mut lead = link.lead();
    if joined.same_region {
        if let Err(broken) = link.resume(&mut lead, joined.wake) {
            link.lose(&mut lead, broken);
        }
        return;
    }
    match Link::new(joined.region.clone(), joined.wake, link.surroundings.clone()) {
        Ok(next) => {
            known.region = joined.region;
            shared.replace_link(next);
            link.give_up(&mut lead, || ClientError::RegionLost);
            link.leave(lead);
        }
        Err(broken) => {
            lead.broken = Some(match broken {
                Broken::RegionLost => broken,
                other => other,
            });
        }
    }
}
