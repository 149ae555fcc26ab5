use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::handle::{Handle, HandleCodec, Object};
use crate::lock_ranges::LAST;
use crate::state_directory::MacKey;

pub(super) struct Scene {
    pub(super) table: LockTable,
    file: tempfile::NamedTempFile,
    wire: WireHandle,
    pub(super) budget: Arc<AtomicUsize>,
}

impl Scene {
    pub(super) fn new() -> Scene {
        let handle = Handle {
            export: ExportId(1),
            filesystem: crate::handle::FilesystemKey(1),
            object: Object::Table(1),
        };
        Scene {
            table: LockTable::default(),
            file: tempfile::NamedTempFile::new().unwrap(),
            wire: HandleCodec::new(&MacKey::from_bytes([7; 32]))
                .seal(&handle)
                .unwrap(),
            budget: Arc::default(),
        }
    }

    pub(super) fn open(&self) -> File {
        File::options()
            .read(true)
            .write(true)
            .open(self.file.path())
            .unwrap()
    }

    pub(super) fn request<'a>(
        &'a self,
        owner: &'a str,
        offset: u64,
        length: u64,
        exclusive: bool,
    ) -> LockRequest<'a> {
        LockRequest {
            wire: &self.wire,
            export: ExportId(1),
            owner: owner.as_bytes(),
            range: LockRange::new(offset, length).unwrap(),
            exclusive,
            flock: true,
        }
    }

    pub(super) fn lock(&self, owner: &str, offset: u64, length: u64, exclusive: bool) -> Attempt {
        let request = self.request(owner, offset, length, exclusive);
        let open = || Ok(Descriptor::new(OwnedFd::from(self.open()), &self.budget));
        self.table.lock(&request, open).unwrap()
    }

    pub(super) fn unlock(&self, owner: &str, offset: u64, length: u64) -> usize {
        let range = LockRange::new(offset, length).unwrap();
        self.table.unlock(&self.wire, owner.as_bytes(), range).unwrap()
    }
}

fn holder(attempt: Attempt) -> Holder {
    match attempt {
        Attempt::Conflict(holder) => holder,
        Attempt::Granted(_) => panic!("granted"),
    }
}

#[test]
fn two_owners_are_in_conflict() {
    let scene = Scene::new();
    assert_eq!(scene.lock("a", 0, 10, true), Attempt::Granted(1));
    assert_eq!(scene.lock("b", 10, 10, true), Attempt::Granted(1));
    let found = holder(scene.lock("b", 5, 10, false));
    assert_eq!((&*found.owner, found.exclusive), (&b"a"[..], true));
    assert_eq!((found.range.first, found.range.length()), (0, 10));
    assert_eq!(scene.unlock("a", 0, 0), 0);
    assert_eq!(scene.lock("b", 5, 10, false), Attempt::Granted(2));
}

#[test]
fn programs_see_the_locks_and_the_locks_see_programs() {
    let scene = Scene::new();
    let program = scene.open();
    sys::set_lock(program.as_fd(), LockRange::new(100, 50).unwrap(), Some(false)).unwrap();
    let found = holder(scene.lock("a", 0, 0, true));
    assert!(found.owner.is_empty() && !found.exclusive);
    assert_eq!((found.range.first, found.range.length()), (100, 50));
    assert_eq!(scene.lock("a", 0, 100, true), Attempt::Granted(1));
    let conflict = sys::set_lock(program.as_fd(), LockRange::new(99, 1).unwrap(), Some(false));
    assert_eq!(conflict, Err(Errno::AGAIN));
}

#[test]
fn a_lock_of_everything_is_also_flock() {
    let scene = Scene::new();
    let program = scene.open();
    assert_eq!(scene.lock("a", 0, 0, true), Attempt::Granted(1));
    assert_eq!(sys::flock(program.as_fd(), Some(false)), Err(Errno::AGAIN));
    assert_eq!(scene.lock("a", 0, 0, false), Attempt::Granted(1));
    assert_eq!(sys::flock(program.as_fd(), Some(false)), Ok(()));
    let found = holder(scene.lock("a", 0, 0, true));
    assert_eq!(found.range.last, LAST);
    // What was held before the attempt is held after it.
    assert_eq!(sys::flock(program.as_fd(), Some(true)), Err(Errno::AGAIN));
    assert_eq!(scene.unlock("a", 0, 1), 1);
    assert_eq!(sys::flock(program.as_fd(), Some(true)), Ok(()));
    assert!(matches!(scene.lock("b", 0, 0, false), Attempt::Conflict(_)));
    assert_eq!(scene.lock("b", 0, 10, false), Attempt::Granted(1));
}

#[test]
fn a_test_takes_nothing_and_sees_no_lock_of_its_owner() {
    let scene = Scene::new();
    let open = || Ok(Descriptor::new(OwnedFd::from(scene.open()), &scene.budget));
    let test = |owner| {
        scene
            .table
            .test(&scene.request(owner, 0, 10, true), open)
            .unwrap()
    };
    assert_eq!(test("a"), None);
    assert!(scene.table.is_empty());
    scene.lock("a", 0, 10, true);
    assert_eq!(test("a"), None);
    assert_eq!(&*test("b").unwrap().owner, b"a");
}

#[test]
fn descriptors_go_with_the_last_lock() {
    use std::sync::atomic::Ordering;
    let scene = Scene::new();
    scene.lock("a", 0, 10, true);
    scene.lock("a", 20, 10, true);
    scene.lock("b", 40, 10, true);
    assert_eq!(scene.budget.load(Ordering::Relaxed), 2);
    assert_eq!(scene.unlock("a", 0, 15), 1);
    assert_eq!(scene.unlock("a", 20, 10), 0);
    assert_eq!(scene.unlock("a", 20, 10), 0);
    assert!(matches!(scene.lock("c", 45, 1, false), Attempt::Conflict(_)));
    assert_eq!(scene.budget.load(Ordering::Relaxed), 1);
    scene.table.retain(|_| false);
    assert!(scene.table.is_empty());
    assert_eq!(scene.budget.load(Ordering::Relaxed), 0);
}
