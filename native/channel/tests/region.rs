//! Making and attaching regions, honest and hostile.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::atomic::Ordering;

use fsva_channel::geometry::{Geometry, Owned};
use fsva_channel::layout::{HEADER_BYTES, LAYOUT};
use fsva_channel::region::{Region, RegionError};
use fsva_channel::words::Words;
use proptest::prelude::*;

const SMALL: Geometry = Geometry {
    control_slots: 8,
    hint_slots: 8,
    responses: 4,
    client: Owned {
        grants: 8,
        small_pages: 8,
        large_pages: 1,
    },
    server: Owned {
        grants: 8,
        small_pages: 8,
        large_pages: 0,
    },
};

fn at(name: &str) -> usize {
    LAYOUT
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, offset)| *offset)
        .unwrap()
}

#[test]
fn the_other_side_finds_the_same_map() {
    let (made, file) = Region::create(&Geometry::USUAL).unwrap();
    let found = Region::attach(file.as_fd(), 0, made.map.bytes).unwrap();
    assert_eq!((found.map, found.instance), (made.map, made.instance));
    made.memory.store(8192, 77, Ordering::Relaxed);
    assert_eq!(found.memory.load(8192, Ordering::Relaxed), 77);
    assert!(found.is_intact());
}

#[test]
fn a_region_zeroed_or_made_anew_is_noticed() {
    let (made, file) = Region::create(&SMALL).unwrap();
    let found = Region::attach(file.as_fd(), 0, made.map.bytes).unwrap();
    let again = Region::create_in(&SMALL, file.as_fd(), 0, made.map.bytes).unwrap();
    assert!(!found.is_intact());
    assert!(again.is_intact());
    for word in 0..HEADER_BYTES / 8 {
        made.memory.store(word * 8, 0, Ordering::Relaxed);
    }
    assert!(!again.is_intact());
    assert!(matches!(
        Region::attach(file.as_fd(), 0, made.map.bytes),
        Err(RegionError::NotReady)
    ));
}

#[test]
fn a_file_that_could_shrink_is_refused() {
    let mut file = File::from(tempfile());
    file.write_all(&vec![0; 2 << 20]).unwrap();
    file.rewind().unwrap();
    assert!(matches!(
        Region::attach(file.as_fd(), 0, 2 << 20),
        Err(RegionError::Unsealed)
    ));
}

#[test]
fn the_memory_file_is_sealed() {
    let (_, file) = Region::create(&SMALL).unwrap();
    let file = File::from(file);
    assert_eq!(file.set_len(4096).unwrap_err().raw_os_error(), Some(libc::EPERM));
    assert_eq!(
        file.set_len(1 << 30).unwrap_err().raw_os_error(),
        Some(libc::EPERM)
    );
}

#[test]
fn more_bytes_than_the_file_has_are_refused() {
    let (made, file) = Region::create(&SMALL).unwrap();
    for (offset, bytes) in [
        (0, made.map.bytes + (2 << 20)),
        (2 << 20, made.map.bytes),
        (1 << 40, 2 << 20),
    ] {
        assert!(matches!(
            Region::attach(file.as_fd(), offset, bytes),
            Err(RegionError::Small { .. })
        ));
    }
    assert!(matches!(
        Region::attach(file.as_fd(), 4096, 2 << 20),
        Err(RegionError::Alignment)
    ));
}

#[test]
fn another_version_is_refused() {
    let (made, file) = Region::create(&SMALL).unwrap();
    made.memory.store(at("header.versionMin"), 2, Ordering::Relaxed);
    made.memory.store(at("header.versionMax"), 9, Ordering::Relaxed);
    assert!(matches!(
        Region::attach(file.as_fd(), 0, made.map.bytes),
        Err(RegionError::Version { min: 2, max: 9 })
    ));
}

#[test]
fn a_header_whose_offsets_do_not_follow_from_its_numbers_is_refused() {
    for name in [
        "header.regionBytes",
        "header.responseCache",
        "header.hintsToClient",
    ] {
        let (made, file) = Region::create(&SMALL).unwrap();
        let value = made.memory.load(at(name), Ordering::Relaxed);
        made.memory.store(at(name), value + 4096, Ordering::Relaxed);
        let found = Region::attach(file.as_fd(), 0, made.map.bytes);
        assert!(matches!(found, Err(RegionError::Offsets)), "{name}");
    }
    // Numbers and offsets that agree, for more memory than there is.
    let (made, file) = Region::create(&SMALL).unwrap();
    for (offset, value) in Geometry::USUAL.map().unwrap().header_words() {
        made.memory.store(offset, value, Ordering::Relaxed);
    }
    let found = Region::attach(file.as_fd(), 0, made.map.bytes);
    assert!(matches!(found, Err(RegionError::Small { .. })));
}

#[test]
fn bytes_are_copied_wherever_they_begin() {
    let (region, _) = Region::create(&SMALL).unwrap();
    let from: Vec<u8> = (0..100).collect();
    let base = region.map.client.small.start();
    for start in 0..9 {
        for length in [0, 1, 7, 8, 9, 15, 16, 17, 64, 100] {
            region.memory.copy_in(base, &[0xee; 128]);
            region.memory.copy_in(base + start, &from[..length]);
            let mut whole = [0; 128];
            region.memory.copy_out(base, &mut whole);
            let mut expected = [0xee; 128];
            expected[start..start + length].copy_from_slice(&from[..length]);
            assert_eq!(whole, expected);
            let mut part = vec![0; length];
            region.memory.copy_out(base + start, &mut part);
            assert_eq!(part, from[..length]);
        }
    }
}

#[test]
fn files_are_read_and_written_in_place() {
    let (region, _) = Region::create(&SMALL).unwrap();
    let file = File::from(tempfile());
    file.write_all_at(b"hello, other side", 0).unwrap();
    let base = region.map.client.small.start();
    assert_eq!(region.memory.pread(file.as_fd(), 7, base, 4096).unwrap(), 10);
    assert_eq!(region.memory.pwrite(file.as_fd(), 100, base, 10).unwrap(), 10);
    let mut bytes = [0; 10];
    file.read_exact_at(&mut bytes, 100).unwrap();
    assert_eq!(&bytes, b"other side");
}

fn tempfile() -> std::os::fd::OwnedFd {
    let name = std::env::temp_dir();
    std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_TMPFILE)
        .open(name)
        .unwrap()
        .into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a header says, attaching gives an error or a map that lies within the memory.
    #[test]
    fn a_hostile_header_is_an_error_or_a_good_map(
        changes in prop::collection::vec((0..64usize, prop_oneof![any::<u64>(), 0..70000u64]), 1..6),
    ) {
        let (made, file) = Region::create(&SMALL).unwrap();
        for (word, value) in changes {
            made.memory.store(word * 8, value, Ordering::Relaxed);
        }
        if let Ok(found) = Region::attach(file.as_fd(), 0, made.map.bytes) {
            prop_assert!(found.map.bytes <= found.memory.bytes());
            prop_assert_eq!(found.map, found.map.geometry.map().unwrap());
        }
    }

    /// From one mapping into another, aligned to words or not, and nothing around it.
    #[test]
    fn bytes_are_copied_between_mappings(
        bytes in prop::collection::vec(any::<u8>(), 0..9000), at in 0..24usize, from_at in 0..24usize,
    ) {
        let ((one, _file), (other, _other_file)) = (Region::create(&SMALL).unwrap(), Region::create(&SMALL).unwrap());
        let base = one.map.client.small.start();
        other.memory.copy_in(base + from_at, &bytes);
        one.memory.copy_in(base, &[0xee; 9100]);
        one.memory.copy_from(base + at, &other.memory, base + from_at, bytes.len());
        let mut found = vec![0; 9100];
        one.memory.copy_out(base, &mut found);
        let mut wanted = vec![0xee; 9100];
        wanted[at..at + bytes.len()].copy_from_slice(&bytes);
        prop_assert_eq!(found, wanted);
    }
}
