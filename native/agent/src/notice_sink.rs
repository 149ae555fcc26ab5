//! Whoever reacts to what the server says has changed.

use fsva_channel::protocol::Notice;

/// Called by the thread that receives, in order. It may block, but hints pile up meanwhile, and too many become a resync.
pub trait NoticeSink: Send + Sync {
    fn notice(&self, notice: &Notice);

    /// The channel is up: with a server that knows what this client was told (`same_server`), or with a new one.
    fn connected(&self, same_server: bool);

    /// No channel: nothing will be told until `connected`.
    fn disconnected(&self);
}
