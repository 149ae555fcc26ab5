//! Counters of a client, since it began.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! figures {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What a client counts while it works.
        #[derive(Default, Debug)]
        pub struct Counters { $(pub(crate) $name: AtomicU64,)* }

        /// A copy of the counters, and what is in use at that moment.
        #[derive(Clone, PartialEq, Eq, Default, Debug)]
        pub struct Figures {
            $($(#[$doc])* pub $name: u64,)*
            /// Whether a server is there now.
            pub connected: bool,
            /// Free pages of 4 KiB and of 2 MiB of this side.
            pub free_small_pages: u64,
            pub free_large_pages: u64,
            /// Grants of the server's pages that are mapped here.
            pub mapped_grants: u64,
        }

        impl Counters {
            pub(crate) fn read(&self) -> Figures {
                Figures { $($name: self.$name.load(Relaxed),)* ..Figures::default() }
            }
        }
    };
}

figures! {
    /// Requests sent, those sent again not counted.
    requests,
    /// Requests sent again after a break.
    resent,
    /// Calls whose caller slept.
    sleeps,
    /// Calls that waited because too many were unanswered.
    full_windows,
    /// Calls that nobody answered in time.
    timeouts,
    /// Answers to nothing that was asked.
    strays,
    /// Times the server was met, the first one included.
    connections,
    /// Bytes read and written by grant.
    bytes_read,
    bytes_written,
    /// Pages that the server wanted back.
    invalidated_grants,
    /// Notices of changes taken from the ring.
    notices,
    /// Times when changes were not told one by one.
    resyncs,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Relaxed);
    }
}
