//! What a session does about its lent pages when files change, and when client or server begin anew.

use fsva_channel::broken::Broken;
use fsva_channel::lender::Restored;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, Op};
use fsva_channel::requests::Requests;
use fsva_core::answer::Answer;
use fsva_core::operations::getattr::Getattr;

use crate::claims::{Claims, Unclaimed};
use crate::desk::{Desk, INVALIDATIONS_MAX};
use crate::execute::{file_of, restore_grants};
use crate::mailbox::FileKey;
use crate::stamp::Stamp;
use crate::under_way::{Pending, Stage};

impl Desk {
    /// What an earlier process had lent. Whether it is still good is found out when the client comes.
    pub fn restore(&mut self, restored: &Restored) -> Result<(), Broken> {
        self.shared
            .counters
            .restored_grants
            .set(restored.held.len() as u64);
        for (handle_index, file) in self.lent.restore(restored)? {
            self.looking.add(file, handle_index);
        }
        Ok(())
    }

    pub fn client_came(&mut self) {
        self.shared.counters.connected.set(1);
        self.outgoing.extend(self.invalidations.unanswered());
        self.tell_of_revoked();
    }

    /// The client is another process: what was lent to the one before is nobody's.
    pub fn forget_holder(&mut self) -> Result<(), Broken> {
        self.invalidations = Requests::new(INVALIDATIONS_MAX);
        self.invalidation = None;
        self.looking.forget();
        self.lent.holder_ended()
    }

    pub fn file_changed(&mut self, file: FileKey) -> Result<(), Broken> {
        self.lent.changed(file)?;
        self.tell_of_revoked();
        Ok(())
    }

    /// Changes were lost.
    pub fn doubt_everything(&mut self) {
        self.lent.doubt_loads();
        for (file, handle_index) in self.lent.lent_files() {
            self.looking.add(file, handle_index);
        }
    }

    /// The client has released what it was told of.
    pub fn invalidated(&mut self, answer: &Message) {
        if self.invalidations.answered(answer).is_some() {
            self.lent.collect();
            self.tell_of_revoked();
            self.count_load();
        }
    }

    pub fn tell_of_revoked(&mut self) {
        loop {
            let message = self.invalidation.take().or_else(|| {
                let grants = self.lent.next_revoked()?;
                Some(Message {
                    op: Op::InvalidatePage as u16,
                    grants,
                    ..Message::default()
                })
            });
            let Some(message) = message else { break };
            match self.invalidations.begin(message) {
                Ok(request) => {
                    let grants = message.grants.iter().filter(|grant| grant.generation != 0);
                    self.shared.counters.invalidated_grants.add(grants.count() as u64);
                    self.outgoing.push(request);
                }
                Err(_full) => {
                    self.invalidation = Some(message);
                    break;
                }
            }
        }
    }

    /// Looks at files whose lent pages may be out of date, a few at a time.
    pub fn look(&mut self) -> Result<(), Broken> {
        while let Some((file, handle_index)) = self.looking.next() {
            let request = Message {
                handle_index,
                ..Message::default()
            };
            let Ok((object, caller)) = file_of(self, &request, ACCESS_READ) else {
                // It is not open any more, and nobody can say.
                self.looking.ended();
                self.file_changed(file)?;
                continue;
            };
            let pending = Pending {
                op: Op::Getattr,
                request,
                process: 0,
                claims: Claims::default(),
                stage: Stage::Looking(file),
            };
            match self.start(caller, Getattr { object }, pending) {
                Ok(()) => {}
                Err(Unclaimed::Errno(_)) => self.file_changed(file)?,
                Err(Unclaimed::Broken(broken)) => return Err(broken),
            }
        }
        if self.looking.is_over() {
            for request in self.looking.take_waiting() {
                let answered = restore_grants::answer(self, &request);
                self.unless_answered(&request, answered)?;
            }
        }
        Ok(())
    }

    /// How the file looks by now.
    pub fn looked(&mut self, file: FileKey, result: &Answer) -> Result<(), Broken> {
        self.looking.ended();
        let now = Stamp::now(&result.object);
        if result.status == 0 && now.file == file {
            self.lent.look_again(&now)?;
            self.tell_of_revoked();
        } else {
            self.file_changed(file)?;
        }
        Ok(())
    }
}
