//! How much a kernel cache may be looked after.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct KernelCacheOptions {
    /// Without a channel, what is known and what is in use is looked at this often. As acregmin of nfs(5).
    pub poll: Duration,
    /// An object that changes all the time is looked at at once and then at most this often.
    pub repeat: Duration,
    /// Dropping the names of the whole VM, which a resynchronization needs, is done at most this often.
    pub drop_interval: Duration,
    /// Objects remembered, waiting or to be polled. Changes of more at once are a resynchronization.
    pub objects_max: usize,
    /// Objects looked at at the same time: one that the server keeps waiting holds up few.
    pub workers: usize,
}

impl Default for KernelCacheOptions {
    fn default() -> KernelCacheOptions {
        KernelCacheOptions {
            poll: Duration::from_secs(3),
            repeat: Duration::from_millis(100),
            drop_interval: Duration::from_secs(5),
            objects_max: 4096,
            workers: 4,
        }
    }
}
