//! How much a kernel cache may be looked after.

use std::time::Duration;

#[derive(Clone, Debug)]
pub struct KernelCacheOptions {
    /// Without a channel, what is known and what is in use is looked at this often. As acregmin of nfs(5).
    pub poll: Duration,
    /// An object that changes all the time is looked at at once and then at most this often.
    pub repeat: Duration,
    /// A resynchronization drops the names of the whole VM: at most this often.
    pub resync: Duration,
    /// The same for one directory that is too large to be listed.
    pub drop_names: Duration,
    /// The longest tick of a server's clock: what was seen unchanged longer ago did not change within one.
    pub tick: Duration,
    /// What a change cannot be seen of is forgotten on suspicion, at most this often per object.
    pub settle: Duration,
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
            resync: Duration::from_secs(5),
            drop_names: Duration::from_secs(30),
            tick: Duration::from_secs(1),
            settle: Duration::from_secs(1),
            objects_max: 4096,
            workers: 4,
        }
    }
}
