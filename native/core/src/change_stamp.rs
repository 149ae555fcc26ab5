//! When an inode last changed, and whether that says that it has not changed since it was looked at.
//!
//! Every change of an inode (mode, owner, ACL, links, data) sets its ctime to the file system's clock. So what was found out
//! about an inode holds for as long as its ctime is the same, given that the ctime was older than the clock's tick
//! when it was found out: another change within the same tick could leave it as it was.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longer than a tick of the clock that Linux stamps files with: 10 ms at 100 Hz.
const TICK: Duration = Duration::from_millis(50);
/// Of file systems that keep whole seconds (ext2, and ext3 and ext4 with small inodes).
const WHOLE_SECONDS: Duration = Duration::from_millis(1050);

/// Seconds and nanoseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ChangeStamp(i64, u32);

impl ChangeStamp {
    pub fn of(stat: &libc::statx) -> ChangeStamp {
        ChangeStamp(stat.stx_ctime.tv_sec, stat.stx_ctime.tv_nsec)
    }

    /// Whether a change from now on must set another one. To be asked before the looks that depend on it.
    pub fn is_settled(self) -> bool {
        self.is_settled_at(SystemTime::now())
    }

    /// Whether a change from `then` on must have set another one.
    pub fn is_settled_at(self, then: SystemTime) -> bool {
        let Ok(then) = then.duration_since(UNIX_EPOCH) else {
            return false;
        };
        let Ok(seconds) = u64::try_from(self.0) else {
            return false;
        };
        let tick = if self.1 == 0 { WHOLE_SECONDS } else { TICK };
        Duration::new(seconds, self.1) + tick < then
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before_now(age: Duration, whole_seconds: bool) -> ChangeStamp {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - age;
        let nanoseconds = if whole_seconds {
            0
        } else {
            time.subsec_nanos().max(1)
        };
        ChangeStamp(time.as_secs() as i64, nanoseconds)
    }

    #[test]
    fn is_settled_once_the_clock_has_gone_on() {
        assert!(before_now(Duration::from_secs(1), false).is_settled());
        assert!(!before_now(Duration::ZERO, false).is_settled());
        assert!(!ChangeStamp(i64::MAX, 1).is_settled());
        assert!(!ChangeStamp(-1, 1).is_settled());
    }

    #[test]
    fn whole_seconds_settle_when_the_second_is_over() {
        assert!(!before_now(Duration::ZERO, true).is_settled());
        assert!(before_now(Duration::from_secs(2), true).is_settled());
    }
}
