//! Who is told.

use std::net::IpAddr;
use std::sync::Arc;

use super::listener::Listener;
use crate::change_sink::ChangeSink;

/// Replaced as a whole.
#[derive(Clone, Default)]
pub struct Audience {
    pub listeners: Vec<Arc<Listener>>,
    pub subscribers: Vec<Arc<Subscriber>>,
    /// The bits of each client's sessions, side by side: every call of every client looks here.
    clients: Vec<(IpAddr, u64)>,
    /// Bits of those who went that are still being forgotten.
    pub leaving: u64,
}

pub struct Subscriber(pub Arc<dyn ChangeSink>);

impl Audience {
    pub fn len(&self) -> usize {
        self.listeners.len() + self.subscribers.len()
    }

    /// To be called when the listeners are complete.
    pub fn index_clients(&mut self) {
        self.clients.clear();
        for listener in &self.listeners {
            match self
                .clients
                .iter_mut()
                .find(|client| client.0 == listener.address)
            {
                Some(client) => client.1 |= listener.bit,
                None => self.clients.push((listener.address, listener.bit)),
            }
        }
    }

    /// None: it does not listen. 0: it has no bit.
    pub fn bits_of(&self, client: IpAddr) -> Option<u64> {
        let found = self.clients.iter().find(|other| other.0 == client);
        found.map(|client| client.1)
    }

    /// 0: none is left.
    pub fn free_bit(&self) -> u64 {
        let taken = self
            .listeners
            .iter()
            .fold(self.leaving, |bits, listener| bits | listener.bit);
        let free = !taken;
        free & free.wrapping_neg()
    }
}
