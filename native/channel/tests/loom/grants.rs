use std::sync::Arc;

use fsva_channel::borrower::Borrower;
use fsva_channel::geometry::OwnedPlace;
use fsva_channel::grant_word::{Access, Loan};
use fsva_channel::lender::{Ended, Lender};
use fsva_channel::message::GrantRef;
use fsva_channel::page_range::PageRange;
use loom::cell::UnsafeCell;
use loom::thread;

use crate::memory::{ModelWords, Without, check_bounded, fault};

const FIRST: GrantRef = GrantRef {
    index: 0,
    generation: 1,
};

fn place() -> OwnedPlace {
    OwnedPlace {
        grant_table: 0,
        grants: 1,
        small: PageRange::new(100, 2),
        large: PageRange::new(1024, 0),
    }
}

fn loan(page: u32, cookie: u32) -> Loan {
    Loan {
        pages: PageRange::new(page, 1),
        bytes: 4096,
        access: Access::Write,
        cookie,
    }
}

/// The page that is lent: the model reports two who touch it without one having left it to the other.
#[derive(Clone)]
struct Page(Arc<UnsafeCell<u32>>);

impl Page {
    #[allow(clippy::arc_with_non_send_sync, reason = "the model is what checks it")]
    fn new() -> Page {
        Page(Arc::new(UnsafeCell::new(0)))
    }

    fn write(&self) {
        self.0.with_mut(|_| ());
    }
}

fn ends(without: Without) -> (Lender<ModelWords>, Borrower<ModelWords>) {
    let memory = ModelWords::grants(1, without);
    (
        Lender::new(memory.clone(), place()),
        Borrower::new(memory, place()),
    )
}

/// Two threads of the borrower want the same grant.
fn two_claim(without: Without) {
    let (mut lender, borrower) = ends(without);
    let reference = lender.lend(loan(100, 1)).unwrap();
    let page = Page::new();
    let (other, other_page) = (borrower.clone(), page.clone());
    let first = thread::spawn(move || {
        other
            .claim(reference)
            .map(|claim| {
                other_page.write();
                drop(claim);
            })
            .is_ok()
    });
    let second = borrower
        .claim(reference)
        .map(|claim| {
            page.write();
            drop(claim);
        })
        .is_ok();
    assert!(first.join().unwrap() != second, "claimed by both or by none");
}

#[test]
fn one_of_two_claims() {
    loom::model(|| two_claim(Without::Nothing));
}

#[test]
fn control_without_atomic_exchange_both_claim() {
    let fault = fault(|| two_claim(Without::AtomicExchange));
    assert!(fault.contains("both") || fault.contains("Causality"), "{fault}");
}

/// The borrower claims, uses and releases while the owner lends, fills the page first, takes it back by force, and uses it
/// again as soon as it may.
fn revoked_at_any_time(without: Without) {
    let (mut lender, borrower) = ends(without);
    let page = Page::new();
    let borrowed = page.clone();
    let user = thread::spawn(move || {
        if let Ok(claim) = borrower.claim(FIRST) {
            assert_eq!(claim.loan(), loan(100, 1), "torn");
            borrowed.write();
            borrower.release(claim);
        }
    });
    page.write();
    let reference = lender.lend(loan(100, 1)).unwrap();
    assert_eq!(reference, FIRST);
    let returned = match lender.revoke(reference).unwrap() {
        Ended::Returned(loan) => loan,
        Ended::InUse => loop {
            if let Some(loan) = lender.collect(1).first() {
                break *loan;
            }
            thread::yield_now();
        },
    };
    assert_eq!(returned, loan(100, 1));
    page.write();
    user.join().unwrap();
}

#[test]
fn no_page_is_used_by_both() {
    loom::model(|| revoked_at_any_time(Without::Nothing));
}

#[test]
fn control_without_atomic_exchange_a_page_is_used_by_both() {
    let fault = fault(|| revoked_at_any_time(Without::AtomicExchange));
    assert!(!fault.contains("no fault"), "{fault}");
}

#[test]
fn control_without_release_and_acquire_a_page_is_used_by_both() {
    let fault = fault(|| revoked_at_any_time(Without::Ordering));
    assert!(fault.contains("Causality") || fault.contains("torn"), "{fault}");
}

/// The entry is used again for another page, while the borrower still tries the first reference.
fn used_again(without: Without) {
    let (mut lender, borrower) = ends(without);
    let user = thread::spawn(move || {
        if let Ok(claim) = borrower.claim(FIRST) {
            assert_eq!(claim.loan(), loan(100, 1), "a reference that is too old");
            borrower.release(claim);
        }
    });
    let reference = lender.lend(loan(100, 1)).unwrap();
    if let Ended::Returned(_) = lender.end(reference).unwrap() {
        let next = lender.lend(loan(101, 2)).unwrap();
        assert_eq!(next.generation, 2);
    }
    user.join().unwrap();
}

#[test]
fn an_old_reference_matches_nothing() {
    loom::model(|| used_again(Without::Nothing));
}

#[test]
fn control_without_atomic_exchange_an_old_reference_matches() {
    let fault = fault(|| used_again(Without::AtomicExchange));
    assert!(!fault.contains("no fault"), "{fault}");
}

/// A new process of the owner takes the table over while the borrower claims, uses and releases.
fn restored_at_any_time(without: Without) {
    let (mut lender, borrower) = ends(without);
    let reference = lender.lend(loan(100, 1)).unwrap();
    let memory = lender.into_memory();
    let page = Page::new();
    let borrowed = page.clone();
    let user = thread::spawn(move || {
        if let Ok(claim) = borrower.claim(reference) {
            borrowed.write();
            borrower.release(claim);
        }
    });
    let (mut lender, restored) = Lender::restore(memory, place());
    for (held, _) in &restored.held {
        while lender.end(*held).unwrap() == Ended::InUse {
            thread::yield_now();
        }
    }
    page.write();
    user.join().unwrap();
}

#[test]
fn a_new_owner_leaves_what_is_claimed() {
    check_bounded(5, || restored_at_any_time(Without::Nothing));
}

#[test]
fn control_without_atomic_exchange_a_new_owner_takes_what_is_claimed() {
    let fault = fault(|| restored_at_any_time(Without::AtomicExchange));
    assert!(fault.contains("Causality"), "{fault}");
}
