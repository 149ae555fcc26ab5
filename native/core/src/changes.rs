//! Tells whether the attributes from before a change are really from right before it (wcc_data, RFC 1813,
//! section 2.6): a client that is given the state from before somebody else's change as `before` of its own takes
//! what it has cached for current.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::answer::WccAttributes;

/// The operations on one object that may change it.
#[derive(Default)]
pub struct Changes {
    begun: AtomicU64,
    ended: AtomicU64,
}

/// One of them, until it is dropped.
pub struct Change<'a> {
    changes: &'a Changes,
    number: u64,
    alone: bool,
}

impl Changes {
    /// To be called before the attributes from before are looked at.
    pub fn begin(&self) -> Change<'_> {
        let number = self.begun.fetch_add(1, Ordering::SeqCst) + 1;
        Change {
            changes: self,
            number,
            alone: self.ended.load(Ordering::SeqCst) == number - 1,
        }
    }
}

impl Change<'_> {
    /// `attributes`, looked at since this change began, if they may be called those from right before it; nothing
    /// else. To be asked after the attributes from after have been looked at.
    pub fn before(&self, attributes: WccAttributes) -> WccAttributes {
        if self.undisturbed() {
            attributes
        } else {
            WccAttributes::default()
        }
    }

    /// Whether no other operation of this server can have changed the object since this one began.
    fn undisturbed(&self) -> bool {
        self.alone && self.changes.begun.load(Ordering::SeqCst) == self.number
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.changes.ended.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_after_the_other_is_undisturbed() {
        let changes = Changes::default();
        for _ in 0..3 {
            assert!(changes.begin().undisturbed());
        }
    }

    #[test]
    fn any_overlap_disturbs_both() {
        let changes = Changes::default();
        let first = changes.begin();
        let second = changes.begin();
        assert!(!first.undisturbed());
        assert!(!second.undisturbed());
        drop(first);
        assert!(!second.undisturbed());
        drop(second);
        assert!(changes.begin().undisturbed());
    }

    #[test]
    fn what_began_and_ended_in_between_disturbs() {
        let changes = Changes::default();
        let long = changes.begin();
        drop(changes.begin());
        assert!(!long.undisturbed());
    }
}
