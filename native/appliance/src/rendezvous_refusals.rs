//! What is told of those who are turned away before they were heard: they can come faster than anybody reads.

use std::time::{Duration, Instant};

use crate::rendezvous::Peer;

const INTERVAL: Duration = Duration::from_secs(1);
const TOLD_PER_INTERVAL: u32 = 10;

#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    pub peer: Peer,
    /// As the end of a sentence about it.
    pub why: &'static str,
    /// Others that were refused since the last one told.
    pub untold: u64,
}

#[derive(Default)]
pub(crate) struct Refusals {
    since: Option<Instant>,
    told: u32,
    untold: u64,
}

impl Refusals {
    /// None: not to be told.
    pub fn admit(&mut self, peer: Peer, why: &'static str, now: Instant) -> Option<Refusal> {
        if self.since.is_none_or(|since| now - since >= INTERVAL) {
            self.since = Some(now);
            self.told = 0;
        }
        if self.told == TOLD_PER_INTERVAL {
            self.untold += 1;
            return None;
        }
        self.told += 1;
        let untold = std::mem::take(&mut self.untold);
        Some(Refusal { peer, why, untold })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_by_its_number() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let peer = Peer::Local { uid: 7, pid: 1 };
        let told = (0..1000)
            .filter(|_| refusals.admit(peer, "it came", start).is_some())
            .count();
        assert_eq!(told as u32, TOLD_PER_INTERVAL);
        let next = refusals.admit(peer, "it came", start + INTERVAL).unwrap();
        assert_eq!(next.untold, 990);
    }
}
