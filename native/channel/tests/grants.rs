//! Lender and borrower over one region: the life of a grant, and what a hostile end can do to the other.

use std::sync::atomic::Ordering;

use fsva_channel::borrower::{Borrower, ClaimError, Released};
use fsva_channel::geometry::{Geometry, Owned};
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::lender::{EndError, Ended, LendError, Lender};
use fsva_channel::message::GrantRef;
use fsva_channel::page_pool::{PagePool, PageSize};
use fsva_channel::page_range::PageRange;
use fsva_channel::region::Region;
use fsva_channel::region_unsafe::Memory;
use fsva_channel::words::Words;
use proptest::prelude::*;

const GRANTS: u64 = 8;

struct Ends {
    region: Region,
    pool: PagePool,
    lender: Lender<Memory>,
    borrower: Borrower<Memory>,
}

fn ends() -> Ends {
    let owned = Owned {
        grants: GRANTS,
        small_pages: 32,
        large_pages: 1,
    };
    let geometry = Geometry {
        control_slots: 2,
        hint_slots: 2,
        responses: 1,
        client: owned,
        server: owned,
    };
    let (region, _) = Region::create(&geometry).unwrap();
    Ends {
        pool: PagePool::new(&region.map.client),
        lender: Lender::new(region.memory.clone(), region.map.client),
        borrower: Borrower::new(region.memory.clone(), region.map.client),
        region,
    }
}

impl Ends {
    fn loan(&mut self, bytes: u32) -> Loan {
        let pages = self.pool.allocate(PageSize::Small, bytes.div_ceil(4096)).unwrap();
        Loan {
            pages,
            bytes,
            access: Access::Write,
            cookie: 7,
        }
    }

    fn lend(&mut self, bytes: u32) -> GrantRef {
        let loan = self.loan(bytes);
        self.lender.lend(loan).unwrap()
    }

    fn entry(&self, reference: GrantRef, word: usize) -> usize {
        self.region.map.client.grant_table + usize::from(reference.index) * 32 + word
    }
}

#[test]
fn a_grant_lives_once() {
    let mut ends = ends();
    let loan = ends.loan(5000);
    let reference = ends.lender.lend(loan).unwrap();
    let claim = ends.borrower.claim(reference).unwrap();
    assert_eq!(claim.loan(), loan);
    assert_eq!(ends.borrower.claim(reference), Err(ClaimError::Stale), "claimed");
    assert_eq!(ends.lender.end(reference), Ok(Ended::InUse));
    assert_eq!(ends.borrower.release(claim), Released::Released);
    assert_eq!(ends.lender.end(reference), Ok(Ended::Returned(loan)));
    assert_eq!(ends.lender.end(reference), Err(EndError::Stale));
    assert_eq!(ends.borrower.claim(reference), Err(ClaimError::Stale), "ended");
    assert_eq!(ends.pool.free(loan.pages), Ok(()));
}

#[test]
fn what_was_not_claimed_is_withdrawn() {
    let mut ends = ends();
    let loan = ends.loan(4096);
    let reference = ends.lender.lend(loan).unwrap();
    assert_eq!(ends.lender.end(reference), Ok(Ended::Returned(loan)));
    assert_eq!(ends.borrower.claim(reference), Err(ClaimError::Stale));
}

#[test]
fn what_is_revoked_in_use_waits_for_the_borrower() {
    let mut ends = ends();
    let loan = ends.loan(4096);
    let reference = ends.lender.lend(loan).unwrap();
    let claim = ends.borrower.claim(reference).unwrap();
    assert!(!ends.borrower.is_revoked(&claim));
    assert_eq!(ends.lender.revoke(reference), Ok(Ended::InUse));
    assert!(ends.borrower.is_revoked(&claim));
    assert_eq!(ends.lender.collect(9), []);
    assert_eq!(ends.lender.free_grants(), GRANTS as usize - 1);
    assert_eq!(ends.borrower.release(claim), Released::Acknowledged);
    assert_eq!(ends.lender.collect(9), [loan]);
    assert_eq!(ends.lender.free_grants(), GRANTS as usize);
    assert_eq!(ends.borrower.claim(reference), Err(ClaimError::Stale));
}

#[test]
fn a_new_epoch_of_the_borrower_ends_the_quarantine_and_keeps_what_is_lent() {
    let mut ends = ends();
    let [revoked, used, fresh] = [0; 3].map(|_| ends.lend(4096));
    let claims = [revoked, used].map(|reference| ends.borrower.claim(reference).unwrap());
    let loan = claims[0].loan();
    assert_eq!(ends.lender.revoke(revoked), Ok(Ended::InUse));
    assert_eq!(ends.lender.peer_began_anew(), [loan]);
    assert_eq!(ends.lender.quarantined_grants(), 0);
    for reference in [used, fresh] {
        let claim = ends.borrower.claim(reference).unwrap();
        assert_eq!(ends.borrower.release(claim), Released::Released);
    }
}

#[test]
fn a_new_lender_finds_what_the_borrower_holds() {
    let mut ends = ends();
    let [held, unclaimed, released, revoked] = [3, 1, 2, 2].map(|pages| ends.lend(pages * 4096));
    let [claim, revoked_claim] = [held, revoked].map(|reference| ends.borrower.claim(reference).unwrap());
    let back = ends.borrower.claim(released).unwrap();
    ends.borrower.release(back);
    assert_eq!(ends.lender.revoke(revoked), Ok(Ended::InUse));

    let place = ends.region.map.client;
    let (mut lender, restored) = Lender::restore(ends.region.memory.clone(), place);
    assert_eq!(restored.held, [(held, claim.loan())]);
    let mut pool = PagePool::new(&place);
    for pages in &restored.adopt {
        pool.adopt(*pages).unwrap();
    }
    assert_eq!(
        pool.free_pages(PageSize::Small),
        32 - 3 - 2,
        "held, and revoked but not acknowledged"
    );
    assert_eq!(ends.borrower.claim(unclaimed), Err(ClaimError::Stale));
    assert_eq!(ends.borrower.resume(held).unwrap(), claim);
    assert_eq!(ends.borrower.resume(unclaimed), None);
    let quarantined = revoked_claim.loan();
    assert_eq!(ends.borrower.release(revoked_claim), Released::Acknowledged);
    assert_eq!(lender.collect(9), [quarantined]);
    let loan = claim.loan();
    assert_eq!(ends.borrower.release(claim), Released::Released);
    assert_eq!(lender.end(held), Ok(Ended::Returned(loan)));
    assert_eq!(lender.free_grants(), GRANTS as usize);
}

#[test]
fn foreign_pages_are_neither_lent_nor_claimed() {
    let mut ends = ends();
    let server = ends.region.map.server.small.first();
    let mut loan = ends.loan(4096);
    loan.pages = PageRange::new(server, 1);
    assert_eq!(ends.lender.lend(loan), Err(LendError::Pages));
    for (page, bytes) in [(server, 4096), (0, 4096), (u32::MAX, 4096), (0, 0)] {
        let reference = ends.lend(4096);
        let place = u64::from(page) | bytes << 32;
        ends.region
            .memory
            .store(ends.entry(reference, 8), place, Ordering::Relaxed);
        assert_eq!(ends.borrower.claim(reference), Err(ClaimError::Forged));
        assert!(
            matches!(ends.lender.end(reference), Ok(Ended::Returned(_))),
            "given back at once"
        );
    }
    let unknown = GrantRef {
        index: GRANTS as u16,
        generation: 1,
    };
    assert_eq!(ends.borrower.claim(unknown), Err(ClaimError::Forged));
    let beyond = ends.lend(100);
    let claim = ends.borrower.claim(beyond).unwrap();
    assert_eq!(
        claim.at(50, 50, Access::Write),
        Some(claim.loan().pages.start() + 50)
    );
    assert_eq!(claim.at(50, 51, Access::Read), None);
    assert_eq!(claim.at(u32::MAX, 2, Access::Read), None);
}

#[test]
fn what_is_lent_for_reading_is_not_written() {
    let mut ends = ends();
    let mut loan = ends.loan(4096);
    loan.access = Access::Read;
    let reference = ends.lender.lend(loan).unwrap();
    let claim = ends.borrower.claim(reference).unwrap();
    assert_eq!(claim.at(0, 10, Access::Write), None);
    assert!(claim.at(0, 10, Access::Read).is_some());
}

#[test]
fn a_forged_word_breaks_the_channel_and_frees_nothing() {
    let mut ends = ends();
    for word in [0, u64::MAX, 9 << 32 | 1, 1 << 32 | 4, 1 << 32 | 77] {
        let reference = ends.lend(4096);
        ends.region
            .memory
            .store(ends.entry(reference, 0), word, Ordering::Relaxed);
        assert_eq!(ends.lender.end(reference), Err(EndError::Forged));
        assert_eq!(ends.lender.revoke(reference), Err(EndError::Forged));
    }
    assert_eq!(ends.lender.free_grants(), GRANTS as usize - 5);
}

#[test]
fn an_entry_whose_generations_are_used_up_is_not_lent_again() {
    let mut ends = ends();
    let reference = ends.lend(4096);
    let last = u64::from(u32::MAX - 2) << 32 | 2;
    ends.region
        .memory
        .store(ends.entry(reference, 0), last, Ordering::Relaxed);
    let (mut lender, restored) = Lender::restore(ends.region.memory.clone(), ends.region.map.client);
    let held = restored.held[0].0;
    assert_eq!(held.generation, u32::MAX - 2);
    assert_eq!(lender.revoke(held), Ok(Ended::InUse));
    ends.region.memory.store(
        ends.entry(reference, 24),
        u64::from(u32::MAX - 2),
        Ordering::Relaxed,
    );
    assert_eq!(lender.collect(1).len(), 1);
    assert_eq!(lender.free_grants(), GRANTS as usize - 1);
    assert_eq!(lender.peer_began_anew(), []);
    assert_eq!(lender.free_grants(), GRANTS as usize);
}

#[derive(Clone, Debug)]
enum Step {
    Lend(u32),
    End(prop::sample::Index),
    Revoke(prop::sample::Index),
    Collect,
    Claim(prop::sample::Index),
    Release(prop::sample::Index),
    BorrowerDies,
    LenderDies,
    Garbage(usize, u64),
}

fn step(hostile: bool) -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    let garbage = if hostile { 6 } else { 0 };
    prop_oneof![
        6 => (1..9000u32).prop_map(Step::Lend),
        4 => index().prop_map(Step::End),
        2 => index().prop_map(Step::Revoke),
        2 => Just(Step::Collect),
        6 => index().prop_map(Step::Claim),
        4 => index().prop_map(Step::Release),
        1 => Just(Step::BorrowerDies),
        1 => Just(Step::LenderDies),
        garbage => (0..GRANTS as usize * 4, prop_oneof![any::<u64>(), (0..20u64, 0..6u64).prop_map(|(g, s)| g << 32 | s)])
            .prop_map(|(word, value)| Step::Garbage(word, value)),
    ]
}

/// Runs the steps. With honest ends: no page is ever the lender's while the borrower has a claim on it. With garbage
/// written anywhere in the table at any time: nothing panics, and no claim lies outside its owner's pages.
fn run(steps: &[Step], hostile: bool) -> Result<(), TestCaseError> {
    let mut ends = ends();
    let place = ends.region.map.client;
    let (mut lent, mut claims, mut returned) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        let mut back: Vec<Loan> = Vec::new();
        match step {
            Step::Lend(bytes) => {
                if let Some(pages) = ends
                    .pool
                    .allocate(PageSize::Small, PageRange::of_bytes(0, *bytes).unwrap().count())
                {
                    let loan = Loan {
                        pages,
                        bytes: *bytes,
                        access: Access::Read,
                        cookie: 0,
                    };
                    match ends.lender.lend(loan) {
                        Ok(reference) => lent.push(reference),
                        Err(error) => {
                            prop_assert_eq!(error, LendError::Full);
                            back.push(loan);
                        }
                    }
                }
            }
            Step::End(which) | Step::Revoke(which) if !lent.is_empty() => {
                let reference = *which.get(&lent);
                let ended = match step {
                    Step::End(_) => ends.lender.end(reference),
                    _ => ends.lender.revoke(reference),
                };
                match ended {
                    Ok(Ended::Returned(loan)) => back.push(loan),
                    Ok(Ended::InUse) => prop_assert!(
                        hostile
                            || claims
                                .iter()
                                .any(|claim: &fsva_channel::borrower::Claim| claim.reference() == reference)
                    ),
                    Err(EndError::Stale) => lent.retain(|other| *other != reference),
                    Err(EndError::Forged) => prop_assert!(hostile),
                }
            }
            Step::Collect => back = ends.lender.collect(3),
            Step::Claim(which) if !lent.is_empty() => {
                if let Ok(claim) = ends.borrower.claim(*which.get(&lent)) {
                    prop_assert!(place.contains(claim.loan().pages));
                    claims.push(claim);
                }
            }
            Step::Release(which) if !claims.is_empty() => {
                let claim = claims.swap_remove(which.index(claims.len()));
                ends.borrower.release(claim);
            }
            Step::BorrowerDies => {
                claims.clear();
                back = ends.lender.peer_began_anew();
            }
            Step::LenderDies => {
                let (lender, restored) = Lender::restore(ends.region.memory.clone(), place);
                ends.lender = lender;
                ends.pool = PagePool::new(&place);
                for pages in &restored.adopt {
                    prop_assert_eq!(ends.pool.adopt(*pages), Ok(()));
                }
                lent = restored.held.iter().map(|(reference, _)| *reference).collect();
            }
            Step::Garbage(word, value) => {
                ends.region
                    .memory
                    .store(place.grant_table + word * 8, *value, Ordering::Relaxed);
            }
            _ => {}
        }
        for loan in back {
            prop_assert_eq!(ends.pool.free(loan.pages), Ok(()), "returned twice");
            returned.push(loan);
        }
        if !hostile {
            for claim in &claims {
                let pages = claim.loan().pages;
                prop_assert_eq!(ends.pool.adopt(pages).is_err(), true, "free while claimed");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn honest_ends_never_share_a_page(steps in prop::collection::vec(step(false), 0..120)) {
        run(&steps, false)?;
    }

    #[test]
    fn garbage_neither_panics_nor_reaches_outside(steps in prop::collection::vec(step(true), 0..120)) {
        run(&steps, true)?;
    }
}
