//! MAP PAGE, UNMAP PAGE, INVALIDATE PAGE and EVICT PAGE on real files.

mod peer;

use std::fs;
use std::time::Duration;

use fsva_appliance::change_sink::ChangeSink;
use fsva_appliance::coherence::Coherence;
use fsva_channel::borrower::Claim;
use fsva_channel::geometry::{Geometry, Owned};
use fsva_channel::message::Message;
use fsva_channel::protocol::{
    ACCESS_READ, ACCESS_WRITE, CHANGED_DATA, ChangeNotice, END_OF_FILE, Notice, Op,
};
use peer::{Client, Files, Pair, READ_WRITE, message, pattern, result};

/// Longer than attributes need to tell a change from the one before.
const SETTLE: Duration = Duration::from_millis(120);

struct Mapped {
    answer: Message,
    claims: Vec<Claim>,
}

impl Client {
    fn ask_map(&mut self, handle_index: u32, offset: u64, length: u32) -> Message {
        self.call(Message {
            handle_index,
            offset,
            length,
            ..message(Op::MapPage)
        })
    }

    fn map(&mut self, handle_index: u32, offset: u64, length: u32) -> Mapped {
        let answer = self.ask_map(handle_index, offset, length);
        assert_eq!(result(&answer).err(), None);
        let named = answer.grants.iter().filter(|grant| grant.generation != 0);
        let claims = named
            .map(|grant| self.channel.borrower.claim(*grant).unwrap())
            .collect();
        Mapped { answer, claims }
    }

    fn mapped_bytes(&self, mapped: &Mapped) -> Vec<u8> {
        let mut bytes = Vec::new();
        for claim in &mapped.claims {
            let mut piece = vec![0; claim.loan().bytes as usize];
            let at = claim.loan().pages.start();
            self.channel.region.memory.copy_out(at, &mut piece);
            bytes.extend(piece);
        }
        bytes
    }

    fn unmap(&mut self, mapped: Mapped) -> Message {
        let mut request = message(Op::UnmapPage);
        for (place, claim) in request.grants.iter_mut().zip(mapped.claims) {
            *place = claim.reference();
            self.channel.borrower.release(claim);
        }
        self.call(request)
    }

    /// As an honest client does: lets go of what it is told to, and says so.
    fn let_go(&mut self, mapped: Mapped) {
        let count = mapped.claims.len();
        let told = |client: &Client| {
            let grants = client.invalidations.iter().flat_map(|request| request.grants);
            grants.filter(|grant| grant.generation != 0).count() >= count
        };
        self.until("the pages to be taken back", told);
        for claim in mapped.claims {
            assert!(self.channel.borrower.is_revoked(&claim));
            self.channel.borrower.release(claim);
        }
        let answers: Vec<Message> = std::mem::take(&mut self.invalidations);
        let epoch = self.channel.peer_epoch();
        let sent = self.channel.sender().send(&answers, epoch);
        assert_eq!(sent, Ok(answers.len()));
    }
}

impl Pair {
    fn notice(&self, name: &str, handle: &[u8]) -> ChangeNotice {
        let metadata = fs::metadata(self.files.path(name)).unwrap();
        ChangeNotice {
            what: CHANGED_DATA,
            fileid: std::os::unix::fs::MetadataExt::ino(&metadata),
            fsid: self.files.fsid(handle),
            handle: handle.to_vec(),
        }
    }

    fn settle(&mut self, what: &str, done: impl Fn(&Pair) -> bool) {
        let start = std::time::Instant::now();
        while !done(self) {
            self.client.step().unwrap();
            let figures = self.served.session.figures();
            assert!(start.elapsed() < peer::PATIENCE, "waited for {what}: {figures:?}");
        }
    }
}

#[test]
fn what_is_mapped_is_the_file() {
    let mut pair = Pair::new();
    let bytes = pattern((3 << 20) + 100, 3);
    let handle = pair.files.write("file", &bytes);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    for (offset, length) in [(0, 4096u32), (8192, 5000), (4096, 100_000), (0, 4 << 20)] {
        let mut at = offset;
        let end = (offset + u64::from(length)).min(bytes.len() as u64);
        while at < end {
            let mapped = pair.client.map(file, at, (end - at) as u32);
            let there = pair.client.mapped_bytes(&mapped);
            let count = mapped.answer.length as usize;
            assert!(count > 0 && there[..count] == bytes[at as usize..at as usize + count]);
            let is_end = at as usize + count == bytes.len();
            assert_eq!(mapped.answer.flags & END_OF_FILE != 0, is_end);
            if is_end {
                assert!(
                    there[count..].iter().all(|byte| *byte == 0),
                    "zeros behind the end"
                );
            }
            at += count as u64;
            assert_eq!(pair.client.unmap(mapped).status, 0);
        }
    }
    let behind = pair.client.ask_map(file, 4 << 20, 4096);
    assert_eq!((behind.status, behind.length, behind.flags), (0, 0, END_OF_FILE));
    for (offset, length) in [(100, 4096), (0, 0)] {
        let refused = pair.client.ask_map(file, offset, length);
        assert_eq!(result(&refused).err(), Some(libc::EINVAL));
    }
    let writer = pair.client.open(&handle, ACCESS_WRITE, 0).unwrap();
    let refused = pair.client.ask_map(writer, 0, 4096);
    assert_eq!(result(&refused).err(), Some(libc::EBADF));
    assert_eq!(pair.served.session.figures().lent_grants, 0);
}

#[test]
fn maps_of_the_same_page_share_one_copy() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &pattern(8192, 4));
    std::thread::sleep(SETTLE);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    let one = pair.client.map(file, 4096, 4096);
    let other = pair.client.map(file, 4096, 4096);
    assert_eq!(one.claims[0].loan().pages, other.claims[0].loan().pages);
    assert_ne!(one.claims[0].reference(), other.claims[0].reference());
    let figures = pair.served.session.figures();
    assert_eq!((figures.map_misses, figures.map_hits), (1, 1));
    assert_eq!((figures.lent_grants, figures.cached_pages), (2, 1));
    assert_eq!(pair.client.unmap(one).status, 0);
    let (reference, pages) = (other.claims[0].reference(), other.claims[0].loan().pages);
    let mut early = message(Op::UnmapPage);
    early.grants[0] = reference;
    let answer = pair.client.call(early);
    assert_eq!(result(&answer).err(), Some(libc::EBUSY), "it is still claimed");
    assert_eq!(pair.client.unmap(other).status, 0);
    assert_eq!(pair.served.session.figures().lent_grants, 0);
    // Nobody has it, and it is still there.
    let again = pair.client.map(file, 4096, 4096);
    assert_eq!(again.claims[0].loan().pages, pages);
    assert_eq!(pair.served.session.figures().map_hits, 2);
    pair.client.unmap(again);
    // Said again, it is done.
    assert_eq!(pair.client.call(early).status, 0);
}

#[test]
fn a_file_that_looks_the_same_too_soon_is_read_again() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &[1; 4096]);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    // Changes of the same size, as fast as can be, of which nobody is told: no copy may be taken for the file's.
    for round in 0..50u8 {
        fs::write(pair.files.path("file"), [round; 4096]).unwrap();
        let mapped = pair.client.map(file, 0, 4096);
        assert_eq!(pair.client.mapped_bytes(&mapped), [round; 4096]);
        assert_eq!(pair.client.unmap(mapped).status, 0);
    }
}

#[test]
fn a_change_takes_pages_back() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &[1; 20_000]);
    std::thread::sleep(SETTLE);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    let mapped = pair.client.map(file, 0, 16_384);
    assert_eq!(mapped.claims.len(), 4);
    fs::write(pair.files.path("file"), [2; 20_000]).unwrap();
    // Control: nobody has said so, and the client keeps what it has.
    for _ in 0..5 {
        pair.client.step().unwrap();
    }
    assert!(pair.client.invalidations.is_empty());
    let notice = pair.notice("file", &handle);
    pair.served.session.lent_pages().changed(&notice);
    pair.served.session.changed(&notice);
    pair.settle("quarantine", |pair| {
        pair.served.session.figures().quarantined_grants == 4
    });
    let before: Vec<_> = mapped.claims.iter().map(|claim| claim.loan().pages).collect();
    assert_eq!(
        pair.client.mapped_bytes(&mapped),
        [1; 16_384],
        "in use, and left alone"
    );
    let fresh = pair.client.map(file, 0, 4096);
    assert_eq!(pair.client.mapped_bytes(&fresh), [2; 4096]);
    assert!(!before.contains(&fresh.claims[0].loan().pages));
    pair.client.let_go(mapped);
    pair.settle("pages to come back", |pair| {
        let figures = pair.served.session.figures();
        (figures.quarantined_grants, figures.cached_pages) == (0, 1)
    });
    pair.client.unmap(fresh);
    assert!(
        pair.client.notices.contains(&Notice::Changed(notice)),
        "the hint comes, too"
    );
}

#[test]
fn a_write_by_the_channel_takes_pages_back() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &[1; 4096]);
    std::thread::sleep(SETTLE);
    let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
    let mapped = pair.client.map(file, 0, 4096);
    let buffer = pair.client.buffer(100);
    pair.client.fill(buffer, &[9; 100]);
    assert_eq!(pair.client.write(file, 0, 0, &[buffer]).status, 0);
    assert!(
        pair.client.channel.borrower.is_revoked(&mapped.claims[0]),
        "before the write is answered"
    );
    pair.client.let_go(mapped);
    let mapped = pair.client.map(file, 0, 4096);
    assert_eq!(
        pair.client.mapped_bytes(&mapped)[..101],
        [&[9; 100][..], &[1]].concat()
    );
    pair.client.unmap(mapped);
}

#[test]
fn a_write_by_nfs_takes_pages_back() {
    let mut pair = Pair::new();
    let coherence = Coherence::start(&pair.files.engine);
    let attached = coherence.subscribe_all(pair.served.session.lent_pages());
    let handle = pair.files.write("file", &[1; 4096]);
    std::thread::sleep(SETTLE);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    let mapped = pair.client.map(file, 0, 4096);
    pair.files.write_by_nfs(&handle, 0, &[2; 10]);
    pair.client.let_go(mapped);
    let mapped = pair.client.map(file, 0, 4096);
    assert_eq!(
        pair.client.mapped_bytes(&mapped)[..11],
        [&[2; 10][..], &[1]].concat()
    );
    // Control: not told, it takes nothing back.
    drop(attached);
    pair.files.write_by_nfs(&handle, 0, &[3; 10]);
    for _ in 0..5 {
        pair.client.step().unwrap();
    }
    assert!(!pair.client.channel.borrower.is_revoked(&mapped.claims[0]));
    pair.client.unmap(mapped);
}

#[test]
fn after_lost_changes_files_are_looked_at() {
    let mut pair = Pair::new();
    let same = pair.files.write("same", &[1; 4096]);
    let changed = pair.files.write("changed", &[1; 4096]);
    std::thread::sleep(SETTLE);
    let files = [same, changed].map(|handle| pair.client.open(&handle, ACCESS_READ, 0).unwrap());
    let [same, changed] = files.map(|file| pair.client.map(file, 0, 4096));
    fs::write(pair.files.path("changed"), [2; 4096]).unwrap();
    pair.served.session.lent_pages().resync();
    pair.served.session.resync();
    pair.client.let_go(changed);
    pair.settle("pages to come back", |pair| {
        let figures = pair.served.session.figures();
        (figures.lent_grants, figures.cached_pages) == (1, 1)
    });
    assert!(!pair.client.channel.borrower.is_revoked(&same.claims[0]));
    assert!(pair.client.notices.contains(&Notice::Resync));
    pair.client.unmap(same);
}

#[test]
fn pages_that_nobody_holds_make_room() {
    let server = Owned {
        grants: 64,
        small_pages: 24,
        large_pages: 0,
    };
    let geometry = Geometry {
        server,
        ..Geometry::USUAL
    };
    let mut pair = Pair::with(Files::new(), &geometry);
    let bytes = pattern(40 * 4096, 5);
    let handle = pair.files.write("file", &bytes);
    std::thread::sleep(SETTLE);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    for page in 0..40 {
        let mapped = pair.client.map(file, page * 4096, 4096);
        let there = pair.client.mapped_bytes(&mapped);
        assert!(there == bytes[page as usize * 4096..][..4096]);
        assert_eq!(pair.client.unmap(mapped).status, 0);
    }
    // What is held does not: there is an end, an error, and it goes on afterwards.
    let mut held = Vec::new();
    let refused = loop {
        let answer = pair.client.ask_map(file, held.len() as u64 * 4096, 4096);
        if answer.status != 0 {
            break answer;
        }
        let claim = pair.client.channel.borrower.claim(answer.grants[0]).unwrap();
        held.push(Mapped {
            answer,
            claims: vec![claim],
        });
        assert!(held.len() < 24);
    };
    assert_eq!(result(&refused).err(), Some(libc::ENOMEM));
    assert!(held.len() > 12);
    let first = held.swap_remove(0);
    pair.client.unmap(first);
    let again = pair.client.map(file, 39 * 4096, 4096);
    assert!(pair.client.mapped_bytes(&again) == bytes[39 * 4096..]);
}

#[test]
fn evict_drops_what_is_idle_and_what_linux_caches() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &pattern(64 << 10, 6));
    fs::File::open(pair.files.path("file"))
        .unwrap()
        .sync_all()
        .unwrap();
    std::thread::sleep(SETTLE);
    let file = pair.client.open(&handle, ACCESS_READ, 0).unwrap();
    let held = pair.client.map(file, 0, 4096);
    let idle = pair.client.map(file, 4096, 4096);
    pair.client.unmap(idle);
    assert_eq!(pair.served.session.figures().cached_pages, 2);
    let answer = pair.client.call(Message {
        handle_index: file,
        ..message(Op::EvictPage)
    });
    assert_eq!(answer.status, 0);
    assert_eq!(
        pair.served.session.figures().cached_pages,
        1,
        "what is held stays"
    );
    let before = pair.served.session.figures();
    let buffer = pair.client.buffer(4096);
    assert_eq!(pair.client.read(file, 32 << 10, &[buffer]).length, 4096);
    let figures = pair.served.session.figures();
    assert_eq!(
        figures.queued,
        before.queued + 1,
        "it is not cached any more, and so not read inline"
    );
    pair.client.unmap(held);
}
