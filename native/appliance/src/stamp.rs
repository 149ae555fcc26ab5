//! How a file looked when its bytes were read, and whether looking the same later means that they are the same.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fsva_core::answer::Attributes;

use crate::mailbox::FileKey;

/// Longer than a tick of the clock that Linux stamps files with: 10 ms at 100 Hz.
const SETTLED: Duration = Duration::from_millis(50);

/// Attributes from before the bytes were read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stamp {
    pub file: FileKey,
    pub size: u64,
    mtime: u64,
    ctime: u64,
    /// The last change was more than a tick before: another one gives another ctime. Without it, two changes within a
    /// tick look like one, and equal stamps say nothing.
    settled: bool,
}

impl Stamp {
    /// Of no file, and vouching for nothing.
    pub const UNKNOWN: Stamp = Stamp {
        file: FileKey { fsid: 0, fileid: 0 },
        size: 0,
        mtime: 0,
        ctime: 0,
        settled: false,
    };

    /// How it looks now, to be compared with how it looked.
    pub fn now(attributes: &Attributes) -> Stamp {
        Stamp::of(attributes, UNIX_EPOCH, false)
    }

    /// `asked`: when, at the latest, the attributes were not asked for yet. `local`: they are of this machine's clock, and
    /// every change of the file shows in them.
    pub fn of(attributes: &Attributes, asked: SystemTime, local: bool) -> Stamp {
        let ctime = attributes.ctime;
        let changed = UNIX_EPOCH + Duration::new(u64::from(ctime.seconds), ctime.nseconds);
        Stamp {
            file: FileKey::of(attributes),
            size: attributes.size,
            mtime: pair(attributes.mtime.seconds, attributes.mtime.nseconds),
            ctime: pair(ctime.seconds, ctime.nseconds),
            settled: local && changed + SETTLED < asked,
        }
    }

    /// Whether a file that looks like `now` still has the bytes of when it looked like self.
    pub fn vouches_for(&self, now: &Stamp) -> bool {
        self.settled
            && (self.file, self.size, self.mtime, self.ctime) == (now.file, now.size, now.mtime, now.ctime)
    }

    pub fn to_words(self, offset: u64) -> [u64; 7] {
        let settled = u64::from(self.settled);
        [
            offset,
            self.file.fsid,
            self.file.fileid,
            self.size,
            self.mtime,
            self.ctime,
            settled,
        ]
    }

    /// The stamp, and the offset that was given with it.
    pub fn from_words(words: &[u64; 7]) -> (Stamp, u64) {
        let [offset, fsid, fileid, size, mtime, ctime, settled] = *words;
        let stamp = Stamp {
            file: FileKey { fsid, fileid },
            size,
            mtime,
            ctime,
            settled: settled == 1,
        };
        (stamp, offset)
    }
}

fn pair(seconds: u32, nanoseconds: u32) -> u64 {
    u64::from(seconds) << 32 | u64::from(nanoseconds)
}

#[cfg(test)]
mod tests {
    use fsva_core::answer::Time;

    use super::*;

    const SECOND: u32 = 1_700_000_000;

    fn attributes(nanoseconds: u32) -> Attributes {
        let time = Time {
            seconds: SECOND,
            nseconds: nanoseconds,
        };
        Attributes {
            size: 10,
            fsid: 1,
            fileid: 2,
            ctime: time,
            mtime: time,
            ..Attributes::default()
        }
    }

    fn at(nanoseconds: u32) -> SystemTime {
        UNIX_EPOCH + Duration::new(SECOND.into(), nanoseconds)
    }

    #[test]
    fn looking_the_same_says_something_only_if_the_last_change_was_a_while_ago() {
        let now = Stamp::now(&attributes(1000));
        let stamp = |asked, local| Stamp::of(&attributes(1000), asked, local);
        assert!(stamp(at(60_000_000), true).vouches_for(&now));
        assert!(
            !stamp(at(40_000_000), true).vouches_for(&now),
            "a tick may hide a change"
        );
        assert!(!stamp(at(0), true).vouches_for(&now), "of the future");
        assert!(
            !stamp(at(60_000_000), false).vouches_for(&now),
            "of another clock"
        );
        assert!(!Stamp::UNKNOWN.vouches_for(&Stamp::UNKNOWN));
    }

    #[test]
    fn any_difference_is_a_change() {
        let settled = Stamp::of(&attributes(1000), at(60_000_000), true);
        let (one, same) = (attributes(1000), Stamp::now(&attributes(1000)));
        assert!(settled.vouches_for(&same));
        let other = Time {
            seconds: SECOND,
            nseconds: 1001,
        };
        for changed in [
            Attributes { size: 11, ..one },
            Attributes { ctime: other, ..one },
            Attributes { mtime: other, ..one },
            Attributes { fileid: 3, ..one },
            Attributes { fsid: 3, ..one },
        ] {
            assert!(!settled.vouches_for(&Stamp::now(&changed)));
        }
        assert_eq!(Stamp::from_words(&settled.to_words(77)), (settled, 77));
    }
}
