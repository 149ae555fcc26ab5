//! What the file system decided about a caller's permission on an object, as long as the object is unchanged.
//!
//! Taking on a caller's credentials costs ten times what the answer of a cached call costs. A decision follows from
//! the inode (mode, owner, group, ACL) and the credentials, and every change of the former sets a new ctime. So it
//! holds for the same ctime, given that it had settled when the decision was made (change_stamp.rs).

use std::sync::{Arc, Mutex};

use crate::caller::Credentials;
use crate::change_stamp::ChangeStamp;
use crate::errno::{Errno, Result};

/// Callers remembered per object.
const DECISIONS_MAX: usize = 8;

struct Decision {
    credentials: Arc<Credentials>,
    ctime: ChangeStamp,
    /// Bit m for the access mode m (an or of R_OK, W_OK and X_OK).
    granted: u8,
    denied: u8,
}

#[cfg(test)]
pub(crate) const DECISION_BYTES: usize = size_of::<Decision>();

#[derive(Default)]
pub struct PermissionCache(Mutex<Vec<Decision>>);

impl PermissionCache {
    /// What is known, or else what `decide` says, called with the caller's credentials not yet taken on. `stat` is
    /// from before the decision.
    pub fn check(
        &self,
        credentials: &Arc<Credentials>,
        stat: &libc::statx,
        mode: i32,
        decide: impl FnOnce() -> Result<()>,
    ) -> Result<()> {
        assert!((1..8).contains(&mode));
        let bit = 1u8 << mode;
        let ctime = ChangeStamp::of(stat);
        let same = |decision: &&mut Decision| {
            decision.ctime == ctime
                && (Arc::ptr_eq(&decision.credentials, credentials) || decision.credentials == *credentials)
        };
        if let Some(decision) = self.0.lock().unwrap().iter_mut().find(same) {
            if decision.granted & bit != 0 {
                return Ok(());
            }
            if decision.denied & bit != 0 {
                return Err(Errno::ACCES);
            }
        }
        // Before: a change while it is decided must set another ctime.
        let is_settled = ctime.is_settled();
        let decided = decide();
        if !matches!(decided, Ok(()) | Err(Errno::ACCES)) || !is_settled {
            return decided;
        }
        let mut decisions = self.0.lock().unwrap();
        let index = match decisions.iter_mut().position(|decision| same(&decision)) {
            Some(index) => index,
            None => {
                decisions.retain(|decision| decision.ctime == ctime);
                if decisions.len() == DECISIONS_MAX {
                    decisions.remove(0);
                }
                // Most objects are used by one caller: no room is kept for more.
                decisions.reserve_exact(1);
                decisions.push(Decision {
                    credentials: credentials.clone(),
                    ctime,
                    granted: 0,
                    denied: 0,
                });
                decisions.len() - 1
            }
        };
        match decided {
            Ok(()) => decisions[index].granted |= bit,
            Err(_) => decisions[index].denied |= bit,
        }
        decided
    }
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use super::*;

    fn stat(seconds: i64, nanoseconds: u32) -> libc::statx {
        // SAFETY: all-zero bytes are a valid statx.
        let mut stat: libc::statx = unsafe { std::mem::zeroed() };
        stat.stx_ctime.tv_sec = seconds;
        stat.stx_ctime.tv_nsec = nanoseconds;
        stat
    }

    fn somebody(uid: u32) -> Arc<Credentials> {
        Arc::new(Credentials {
            uid,
            gid: 1,
            gids: Box::default(),
        })
    }

    #[test]
    fn a_decision_holds_for_the_same_ctime_credentials_and_mode_only() {
        let cache = PermissionCache::default();
        let alice = somebody(1);
        let no = || Err(Errno::ACCES);
        assert_eq!(cache.check(&alice, &stat(1, 1), libc::R_OK, || Ok(())), Ok(()));
        assert_eq!(cache.check(&alice, &stat(1, 1), libc::R_OK, no), Ok(()), "known");
        assert_eq!(
            cache.check(&somebody(1), &stat(1, 1), libc::R_OK, no),
            Ok(()),
            "the same user"
        );
        assert_eq!(cache.check(&alice, &stat(1, 1), libc::W_OK, no), no());
        assert_eq!(
            cache.check(&alice, &stat(1, 1), libc::W_OK, || Ok(())),
            no(),
            "a denial is known, too"
        );
        assert_eq!(cache.check(&somebody(2), &stat(1, 1), libc::R_OK, no), no());
        assert_eq!(
            cache.check(&alice, &stat(1, 2), libc::R_OK, no),
            no(),
            "changed since"
        );
    }

    #[test]
    fn nothing_is_kept_of_an_object_that_has_just_changed() {
        let cache = PermissionCache::default();
        let alice = somebody(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let fresh = stat(now.as_secs() as i64, now.subsec_nanos());
        assert_eq!(cache.check(&alice, &fresh, libc::R_OK, || Ok(())), Ok(()));
        let denied = cache.check(&alice, &fresh, libc::R_OK, || Err(Errno::ACCES));
        assert_eq!(denied, Err(Errno::ACCES));
    }

    #[test]
    fn errors_are_not_decisions_and_callers_are_bounded() {
        let cache = PermissionCache::default();
        for uid in 0..100 {
            let failed = cache.check(&somebody(uid), &stat(1, 1), libc::R_OK, || Err(Errno::IO));
            assert_eq!(failed, Err(Errno::IO));
            assert_eq!(
                cache.check(&somebody(uid), &stat(1, 1), libc::R_OK, || Ok(())),
                Ok(())
            );
        }
        assert!(cache.0.lock().unwrap().len() <= DECISIONS_MAX);
    }
}
