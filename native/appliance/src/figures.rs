//! What a session counts.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! figures {
    ($($(#[$comment:meta])* $name:ident,)*) => {
        /// Counted since the session began, unless said otherwise.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct SessionFigures {
            $($(#[$comment])* pub $name: u64,)*
        }

        #[derive(Default)]
        pub(crate) struct Counters {
            $(pub $name: Counter,)*
        }

        impl Counters {
            pub fn read(&self) -> SessionFigures {
                SessionFigures { $($name: self.$name.get(),)* }
            }
        }
    };
}

figures! {
    /// 1 while requests can come.
    connected,
    /// Times that a client's process began.
    clients,
    requests,
    /// Done on the channel's own thread.
    inline,
    /// Done by threads of an export, now or before.
    queued,
    /// Now.
    under_way,
    /// Sent again, and answered without being executed again.
    repeated,
    /// Sent again after this server's predecessor was killed while it executed them.
    in_doubt,
    /// Answered with an errno number.
    failed,
    bytes_read,
    bytes_written,
    /// Now.
    open_files,
    /// Grants of file pages that the client has, now.
    lent_grants,
    /// Pages of 4 KiB that hold a file's bytes, lent or not, now.
    cached_pages,
    /// Grants taken back whose pages the client has not given back yet, now.
    quarantined_grants,
    /// Mapped from a copy that was there.
    map_hits,
    map_misses,
    invalidated_grants,
    /// Grants that the client still held when this server's process began.
    restored_grants,
    hints_sent,
    hints_dropped,
}

/// Relaxed: figures are for people.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
