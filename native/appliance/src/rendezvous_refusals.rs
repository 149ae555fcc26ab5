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
    /// The last one that is not told, with those before it.
    untold: Option<Refusal>,
}

impl Refusals {
    /// None: not to be told yet.
    pub fn admit(&mut self, peer: Peer, why: &'static str, now: Instant) -> Option<Refusal> {
        if self.since.is_none_or(|since| now - since >= INTERVAL) {
            self.since = Some(now);
            self.told = 0;
        }
        let untold = self.untold.take().map_or(0, |last| last.untold + 1);
        let refusal = Refusal { peer, why, untold };
        if self.told == TOLD_PER_INTERVAL {
            self.untold = Some(refusal);
            return None;
        }
        self.told += 1;
        Some(refusal)
    }

    /// What has not been told for an interval.
    pub fn take_due(&mut self, now: Instant) -> Option<Refusal> {
        self.untold
            .take_if(|_| self.since.is_none_or(|since| now - since >= INTERVAL))
    }

    /// None: nothing is left to tell.
    pub fn next_due(&self, now: Instant) -> Option<Duration> {
        let since = self.since?;
        self.untold.map(|_| INTERVAL.saturating_sub(now - since))
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
        assert!(refusals.take_due(start).is_none());
        assert_eq!(refusals.next_due(start), Some(INTERVAL));
        let due = refusals.take_due(start + INTERVAL).unwrap();
        assert_eq!(due.untold, 989);
        assert_eq!(refusals.next_due(start), None);
        assert_eq!(
            refusals.admit(peer, "it came", start + INTERVAL).unwrap().untold,
            0
        );
    }
}
