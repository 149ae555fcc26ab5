//! The asking side's memory of what is not answered yet: each request keeps its id when it is sent again.

use crate::message::Message;

/// As many unanswered requests as there are entries in the response cache.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WindowFull;

/// Unanswered requests by id. Ids begin at 1 and are used once per process; a new one may be used only if the one that
/// had its place in the response cache was answered, so that using it tells the server that it was.
#[derive(Debug)]
pub struct Requests {
    /// By id modulo the length, a power of two.
    unanswered: Vec<Option<Message>>,
    next_id: u64,
    count: usize,
}

impl Requests {
    /// `responses` of the region's geometry.
    pub fn new(responses: u64) -> Requests {
        assert!(responses.is_power_of_two());
        Requests {
            unanswered: vec![None; responses as usize],
            next_id: 1,
            count: 0,
        }
    }

    /// Gives the message its id and remembers it. The copy returned is what is to be sent.
    pub fn begin(&mut self, request: Message) -> Result<Message, WindowFull> {
        let place = self.place(self.next_id);
        if self.unanswered[place].is_some() {
            return Err(WindowFull);
        }
        let request = Message {
            request_id: self.next_id,
            ..request
        };
        self.unanswered[place] = Some(request);
        self.next_id += 1;
        self.count += 1;
        Ok(request)
    }

    /// The request that this answers; None if it was answered before, or never asked.
    pub fn answered(&mut self, answer: &Message) -> Option<Message> {
        let place = self.place(answer.request_id);
        let request = self.unanswered[place].take_if(|request| request.request_id == answer.request_id)?;
        self.count -= 1;
        Some(request)
    }

    /// It is not to be sent again: nobody waits for it, and no server has it. By id modulo the length.
    pub fn forget(&mut self, place: usize) {
        if self.unanswered[place].take().is_some() {
            self.count -= 1;
        }
    }

    /// What has to be sent again in a new epoch, the oldest first.
    pub fn unanswered(&self) -> Vec<Message> {
        let mut requests: Vec<Message> = self.unanswered.iter().flatten().copied().collect();
        requests.sort_unstable_by_key(|request| request.request_id);
        requests
    }

    /// The id that the next request will have.
    pub fn next_id(&self) -> u64 {
        self.next_id
    }

    pub fn len(&self) -> usize {
        self.count
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn place(&self, id: u64) -> usize {
        (id & (self.unanswered.len() as u64 - 1)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(request_id: u64) -> Message {
        Message {
            request_id,
            ..Message::default()
        }
    }

    #[test]
    fn keeps_what_is_unanswered_in_order() {
        let mut requests = Requests::new(4);
        let ids = [0; 4].map(|_| requests.begin(Message::default()).unwrap().request_id);
        assert_eq!(ids, [1, 2, 3, 4]);
        assert_eq!(requests.begin(Message::default()), Err(WindowFull));
        assert!(requests.answered(&answer(2)).is_some());
        assert!(requests.answered(&answer(2)).is_none(), "answered before");
        assert!(requests.answered(&answer(77)).is_none(), "never asked");
        assert_eq!(
            requests.begin(Message::default()),
            Err(WindowFull),
            "1 has the place of 5"
        );
        assert!(requests.answered(&answer(1)).is_some());
        assert_eq!(requests.begin(Message::default()).unwrap().request_id, 5);
        let left: Vec<u64> = requests
            .unanswered()
            .iter()
            .map(|request| request.request_id)
            .collect();
        assert_eq!(left, [3, 4, 5]);
        assert_eq!(requests.len(), 3);
    }

    #[test]
    fn what_is_forgotten_is_not_sent_again_and_leaves_its_place() {
        let mut requests = Requests::new(2);
        requests.begin(Message::default()).unwrap();
        requests.begin(Message::default()).unwrap();
        requests.forget(1);
        let left: Vec<u64> = requests
            .unanswered()
            .iter()
            .map(|request| request.request_id)
            .collect();
        assert_eq!(left, [2], "1 has place 1");
        assert!(
            requests.answered(&answer(1)).is_none(),
            "a late answer is a stray"
        );
        assert_eq!(requests.begin(Message::default()).unwrap().request_id, 3);
        assert_eq!(requests.len(), 2);
    }
}
