//! Whoever wants to hear of changes: sessions, which tell their clients, and the pages lent of files.

use fsva_channel::protocol::ChangeNotice;

/// Called on the threads that make or observe changes, so it never waits.
pub trait ChangeSink: Send + Sync {
    fn changed(&self, notice: &ChangeNotice);

    /// Something changed and nobody knows what.
    fn resync(&self);
}
