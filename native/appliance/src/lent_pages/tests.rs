use std::time::{Duration, SystemTime};

use fsva_channel::borrower::{Borrower, Claim};
use fsva_channel::geometry::{Geometry, Owned};
use fsva_channel::region::Region;
use fsva_core::answer::{Attributes, Time};
use proptest::prelude::*;

use super::*;
use crate::kept_area::KeptArea;
use crate::page_loads::Plan;

const GEOMETRY: Geometry = Geometry {
    control_slots: 32,
    hint_slots: 16,
    responses: 16,
    client: Owned {
        grants: 1,
        small_pages: 0,
        large_pages: 0,
    },
    server: Owned {
        grants: 24,
        small_pages: 40,
        large_pages: 1,
    },
};
const SIZE: u64 = 600 * 4096 + 100;

/// A file whose every byte is its version, which its attributes tell.
#[derive(Clone, Copy)]
struct File {
    version: u8,
}

impl File {
    fn stamp(self, number: u64) -> Stamp {
        let time = Time {
            seconds: 1000 + u32::from(self.version),
            nseconds: 0,
        };
        let attributes = Attributes {
            size: SIZE,
            fsid: 1,
            fileid: number,
            mtime: time,
            ctime: time,
            ..Attributes::default()
        };
        Stamp::of(
            &attributes,
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000),
            true,
        )
    }
}

/// The server's end, the client's, and what is to be true of both.
struct Ends {
    region: Region,
    lent: LentPages,
    borrower: Borrower<Memory>,
    files: [File; 2],
    /// With file, version and offset.
    claims: Vec<(Claim, usize, u8)>,
    loads: Vec<(u32, usize)>,
}

#[derive(Clone, Debug)]
enum Step {
    Map {
        file: usize,
        page: u64,
        pages: u64,
        slowly: bool,
    },
    FinishLoad(prop::sample::Index),
    AbandonLoad(prop::sample::Index),
    Unmap(prop::sample::Index),
    /// Without giving the grant back.
    Release(prop::sample::Index),
    Change(usize),
    /// Of which nobody hears.
    ChangeSilently(usize),
    Look,
    Collect,
    ClientEnds,
    ServerEnds,
    DropIdle(usize),
}

fn any_step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    let map = (
        0..2usize,
        0..8u64,
        prop_oneof![1..9u64, Just(40), Just(520)],
        any::<bool>(),
    );
    prop_oneof![
        8 => map.prop_map(|(file, page, pages, slowly)| Step::Map { file, page, pages, slowly }),
        3 => index().prop_map(Step::FinishLoad),
        1 => index().prop_map(Step::AbandonLoad),
        6 => index().prop_map(Step::Unmap),
        2 => index().prop_map(Step::Release),
        2 => (0..2usize).prop_map(Step::Change),
        1 => (0..2usize).prop_map(Step::ChangeSilently),
        1 => Just(Step::Look),
        3 => Just(Step::Collect),
        1 => Just(Step::ClientEnds),
        1 => Just(Step::ServerEnds),
        1 => (0..2usize).prop_map(Step::DropIdle),
    ]
}

fn begin(region: &Region, fresh: bool) -> LentPages {
    let memory = region.memory.clone();
    let server = region.map.server;
    let (lender, restored) = Lender::restore(memory.clone(), server);
    let mut pool = PagePool::new(&server);
    for pages in &restored.adopt {
        pool.adopt(*pages).unwrap();
    }
    let table = KeptArea::take(region, &mut pool).unwrap().lent;
    let mut lent = LentPages::new(memory, server, (lender, pool), table);
    let files = lent.restore(&restored).unwrap();
    assert!(!fresh || files.is_empty());
    lent
}

impl Ends {
    fn new() -> Ends {
        let (region, _file) = Region::create(&GEOMETRY).unwrap();
        let lent = begin(&region, true);
        let borrower = Borrower::new(region.memory.clone(), region.map.server);
        Ends {
            region,
            lent,
            borrower,
            files: [File { version: 1 }; 2],
            claims: Vec::new(),
            loads: Vec::new(),
        }
    }

    fn map(&mut self, file: usize, page: u64, pages: u64, slowly: bool) {
        let now = self.files[file].stamp(file as u64);
        match self.lent.plan(&now, page * 4096, pages * 4096) {
            Plan::There(copies) => self.lend(&copies, file),
            Plan::Load(load) => {
                self.fill(load, file);
                self.loads.push((load, file));
                if !slowly {
                    self.finish_load(self.loads.len() - 1);
                }
            }
            Plan::Full => {}
        }
    }

    /// What is read at the moment at which the load begins: the worst.
    fn fill(&self, load: u32, file: usize) {
        for (at, bytes) in self.lent.places(load) {
            let content = vec![self.files[file].version; bytes];
            self.region.memory.copy_in(at, &content);
        }
    }

    fn finish_load(&mut self, number: usize) {
        let (load, file) = self.loads.swap_remove(number);
        let version = self.version_in(load);
        let stamp = File { version }.stamp(file as u64);
        let bytes: usize = self.lent.places(load).map(|(_, bytes)| bytes).sum();
        let (copies, changed) = self.lent.loaded(load, bytes as u64, stamp);
        self.lend(&copies, file);
        if changed {
            for number in copies.into_iter().flatten() {
                self.lent.take_back(number).unwrap();
            }
        }
    }

    fn version_in(&self, load: u32) -> u8 {
        let (at, _) = self.lent.places(load).next().unwrap();
        self.byte(at)
    }

    fn byte(&self, at: usize) -> u8 {
        let mut byte = [0];
        self.region.memory.copy_out(at, &mut byte);
        byte[0]
    }

    fn lend(&mut self, copies: &[Option<u32>; GRANTS_PER_SLOT], file: usize) {
        let Some((references, _)) = self.lent.lend(copies, 7) else {
            return;
        };
        for reference in references.iter().filter(|reference| reference.generation != 0) {
            let claim = self.borrower.claim(*reference).unwrap();
            let version = self.byte(claim.loan().pages.start());
            self.claims.push((claim, file, version));
        }
    }

    fn changed(&mut self, file: usize) {
        let key = self.files[file].stamp(file as u64).file;
        self.lent.changed(key).unwrap();
    }

    fn look(&mut self) {
        for file in 0..2 {
            let now = self.files[file].stamp(file as u64);
            self.lent.look_again(&now).unwrap();
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Map {
                file,
                page,
                pages,
                slowly,
            } => self.map(file, page, pages, slowly),
            Step::FinishLoad(index) if !self.loads.is_empty() => {
                self.finish_load(index.index(self.loads.len()))
            }
            Step::AbandonLoad(index) if !self.loads.is_empty() => {
                let (load, _) = self.loads.swap_remove(index.index(self.loads.len()));
                self.lent.abandon(load);
            }
            Step::Unmap(index) if !self.claims.is_empty() => {
                let (claim, ..) = self.claims.swap_remove(index.index(self.claims.len()));
                let reference = claim.reference();
                self.borrower.release(claim);
                assert!(matches!(self.lent.unmap(reference), Ok(Unmapped::Done)));
            }
            Step::Release(index) if !self.claims.is_empty() => {
                let (claim, ..) = self.claims.swap_remove(index.index(self.claims.len()));
                self.borrower.release(claim);
            }
            Step::Change(file) => {
                self.files[file].version += 1;
                self.changed(file);
            }
            Step::ChangeSilently(file) => {
                self.files[file].version += 1;
                self.lent.doubt_loads();
                // What nobody holds is looked at when somebody wants it.
                if self.claims.iter().any(|(_, of, _)| *of == file) {
                    self.look();
                }
            }
            Step::Look => self.look(),
            Step::Collect => self.lent.collect(),
            Step::ClientEnds => {
                self.claims.clear();
                self.lent.holder_ended().unwrap();
                assert_eq!((self.lent.lent(), self.lent.quarantined()), (0, 0));
            }
            Step::ServerEnds => {
                self.loads.clear();
                self.lent = begin(&self.region, false);
                self.look();
            }
            Step::DropIdle(file) => {
                let key = self.files[file].stamp(file as u64).file;
                self.lent.drop_idle(key, 0..u64::MAX);
            }
            _ => {}
        }
    }

    /// What the client has claimed is as it was when it was lent; and unless it was told otherwise, it is the file's.
    fn check(&self) {
        for (claim, file, version) in &self.claims {
            let pages = claim.loan().pages;
            for at in [pages.start(), pages.start() + claim.loan().bytes as usize / 2] {
                assert_eq!(self.byte(at), *version, "claimed pages are left alone");
            }
            let is_current = self.files[*file].version == *version;
            assert!(
                is_current || self.borrower.is_revoked(claim),
                "stale, and not taken back"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_keeps_what_is_stale(steps in prop::collection::vec(any_step(), 0..120)) {
        let mut ends = Ends::new();
        for step in steps {
            ends.step(step);
            ends.check();
        }
        // Everything comes back in the end.
        for (claim, ..) in std::mem::take(&mut ends.claims) {
            let reference = claim.reference();
            ends.borrower.release(claim);
            prop_assert!(matches!(ends.lent.unmap(reference), Ok(Unmapped::Done)));
        }
        for (load, _) in std::mem::take(&mut ends.loads) {
            ends.lent.abandon(load);
        }
        ends.lent.collect();
        ends.lent.holder_ended().unwrap();
        for file in 0..2 {
            ends.changed(file);
        }
        prop_assert_eq!((ends.lent.lent(), ends.lent.quarantined(), ends.lent.pages()), (0, 0, 0));
    }
}
