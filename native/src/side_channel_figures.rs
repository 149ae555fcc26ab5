//! What a session of the side channel counts, for JavaScript.

use fsva_appliance::session::SessionFigures;
use napi_derive::napi;

/// As `SessionFigures`, which has the words.
#[napi(object)]
pub struct SideChannelFigures {
    pub connected: f64,
    pub requests: f64,
    pub inline: f64,
    pub queued: f64,
    pub under_way: f64,
    pub repeated: f64,
    pub in_doubt: f64,
    pub failed: f64,
    pub bytes_read: f64,
    pub bytes_written: f64,
    pub open_files: f64,
    pub lent_grants: f64,
    pub cached_pages: f64,
    pub quarantined_grants: f64,
    pub map_hits: f64,
    pub map_misses: f64,
    pub invalidated_grants: f64,
    pub restored_grants: f64,
    pub hints_sent: f64,
    pub hints_dropped: f64,
}

impl From<SessionFigures> for SideChannelFigures {
    fn from(figures: SessionFigures) -> SideChannelFigures {
        SideChannelFigures {
            connected: figures.connected as f64,
            requests: figures.requests as f64,
            inline: figures.inline as f64,
            queued: figures.queued as f64,
            under_way: figures.under_way as f64,
            repeated: figures.repeated as f64,
            in_doubt: figures.in_doubt as f64,
            failed: figures.failed as f64,
            bytes_read: figures.bytes_read as f64,
            bytes_written: figures.bytes_written as f64,
            open_files: figures.open_files as f64,
            lent_grants: figures.lent_grants as f64,
            cached_pages: figures.cached_pages as f64,
            quarantined_grants: figures.quarantined_grants as f64,
            map_hits: figures.map_hits as f64,
            map_misses: figures.map_misses as f64,
            invalidated_grants: figures.invalidated_grants as f64,
            restored_grants: figures.restored_grants as f64,
            hints_sent: figures.hints_sent as f64,
            hints_dropped: figures.hints_dropped as f64,
        }
    }
}

/// As `CoherenceFigures`, which has the words.
#[napi(object)]
pub struct WatchFigures {
    pub known_handles: f64,
    pub notices: f64,
    pub resyncs: f64,
    pub events: f64,
    pub overflows: f64,
}
