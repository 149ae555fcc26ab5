//! Files whose lent pages may be out of date without anybody having said so: after this server's process began anew, or
//! after changes were lost. Each is looked at once.

use std::collections::VecDeque;

use fsva_channel::message::Message;

use crate::mailbox::FileKey;

#[derive(Default)]
pub struct Looking {
    /// With an index by which the file may be open.
    files: VecDeque<(FileKey, u32)>,
    under_way: usize,
    /// Requests for the list of what is good.
    waiting: Vec<Message>,
}

/// Files looked at at a time.
const AT_ONCE: usize = 4;

impl Looking {
    pub fn add(&mut self, file: FileKey, handle_index: u32) {
        if !self.files.iter().any(|(known, _)| *known == file) {
            self.files.push_back((file, handle_index));
        }
    }

    pub fn next(&mut self) -> Option<(FileKey, u32)> {
        if self.under_way >= AT_ONCE {
            return None;
        }
        self.files.pop_front().inspect(|_| self.under_way += 1)
    }

    pub fn ended(&mut self) {
        self.under_way -= 1;
    }

    pub fn is_over(&self) -> bool {
        self.under_way == 0 && self.files.is_empty()
    }

    /// Nobody holds anything, and nobody waits.
    pub fn forget(&mut self) {
        self.files.clear();
        self.waiting.clear();
    }

    /// The client asks again if it does not get an answer in this epoch: a few are enough.
    pub fn wait(&mut self, request: &Message) {
        let is_there = self
            .waiting
            .iter()
            .any(|other| other.request_id == request.request_id);
        if !is_there && self.waiting.len() < AT_ONCE {
            self.waiting.push(*request);
        }
    }

    pub fn take_waiting(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.waiting)
    }
}
