//! OPEN, RELEASE, GETATTR, READ, WRITE and FSYNC on real files.

mod peer;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use fsva_channel::grant_word::Access;
use fsva_channel::message::Message;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE, END_OF_FILE, Op};
use peer::{ALICE, BOB, Pair, READ_WRITE, is_root, message, pattern, result};

#[test]
fn a_null_call_comes_back() {
    let mut pair = Pair::new();
    assert_eq!(result(&pair.client.call(message(Op::Null))).err(), None);
    let unknown = Message {
        op: 77,
        ..Message::default()
    };
    assert_eq!(result(&pair.client.call(unknown)).err(), Some(libc::ENOSYS));
}

#[test]
fn what_is_read_is_the_file() {
    let mut pair = Pair::new();
    let bytes = pattern(3 << 20, 1);
    let handle = pair.files.write("file", &bytes);
    let file = pair.client.open(&handle, ACCESS_READ, ALICE).unwrap();
    let small = pair.client.buffer(4096);
    let answer = pair.client.read(file, 8192, &[small]);
    assert_eq!((answer.status, answer.length, answer.flags), (0, 4096, 0));
    assert_eq!(pair.client.bytes(small, 4096), bytes[8192..12288]);
    // Over several grants, up to the end, from an odd place.
    let buffers = [2 << 20, 5000, 1 << 20].map(|bytes| pair.client.buffer(bytes));
    let answer = pair.client.read(file, 4097, &buffers);
    assert_eq!(answer.status, 0);
    assert_eq!(answer.length as usize, bytes.len() - 4097);
    assert_eq!(answer.flags, END_OF_FILE);
    let mut at = 4097;
    for buffer in buffers {
        let length = (buffer.bytes as usize).min(bytes.len() - at);
        assert!(pair.client.bytes(buffer, length) == bytes[at..at + length]);
        at += length;
    }
    assert_eq!(at, bytes.len());
    let behind = pair.client.read(file, 1 << 40, &[small]);
    assert_eq!((behind.status, behind.length, behind.flags), (0, 0, END_OF_FILE));
}

#[test]
fn what_is_written_is_in_the_file() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &[7; 100]);
    let file = pair.client.open(&handle, READ_WRITE, 0).unwrap();
    let bytes = pattern(3000, 2);
    let buffers = [1000, 2000].map(|bytes| pair.client.buffer(bytes));
    pair.client.fill(buffers[0], &bytes[..1000]);
    pair.client.fill(buffers[1], &bytes[1000..]);
    let mut verifiers = Vec::new();
    for stable in [0, 1, 2] {
        let answer = pair.client.write(file, 50, stable, &buffers);
        assert_eq!((answer.status, answer.length, answer.flags), (0, 3000, stable));
        verifiers.push(answer.offset);
        let there = fs::read(pair.files.path("file")).unwrap();
        assert_eq!(there[..50], [7; 50]);
        assert_eq!(there[50..], bytes);
        fs::write(pair.files.path("file"), [7; 100]).unwrap();
    }
    let answer = pair.client.call(Message {
        handle_index: file,
        ..message(Op::Fsync)
    });
    assert_eq!(answer.status, 0);
    verifiers.push(answer.offset);
    assert!(verifiers.iter().all(|verifier| *verifier == verifiers[0]));
    pair.files.engine.verifier.data_may_be_lost();
    let answer = pair.client.write(file, 0, 0, &buffers);
    assert_ne!(answer.offset, verifiers[0], "the same rules as for NFS");
    let bad = pair.client.write(file, 0, 3, &buffers);
    assert_eq!(result(&bad).err(), Some(libc::EINVAL));
}

#[test]
fn attributes_come_with_open_and_getattr() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", &[1; 12345]);
    let file = pair.client.open(&handle, ACCESS_READ, ALICE).unwrap();
    let buffer = pair.client.buffer(88);
    let getattr = Message {
        handle_index: file,
        ..message(Op::Getattr)
    };
    let answer = pair.client.call_with(getattr, &[buffer], Access::Write);
    assert_eq!((answer.status, answer.length), (0, 88));
    let bytes = pair.client.bytes(buffer, 88);
    let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let metadata = fs::metadata(pair.files.path("file")).unwrap();
    assert_eq!(long(0), 12345);
    assert_eq!(long(24), metadata.ino());
    assert_eq!(long(72) as u32, metadata.mtime() as u32);
    assert_eq!((long(72) >> 32) as u32, metadata.mtime_nsec() as u32);
    let refused = pair.client.call_with(getattr, &[buffer], Access::Read);
    assert_eq!(
        result(&refused).err(),
        Some(libc::EINVAL),
        "lent for reading only"
    );
}

#[test]
fn the_file_system_decides_who_may() {
    if !is_root() {
        eprintln!("skipped: only root can be several users");
        return;
    }
    let mut pair = Pair::new();
    let handle = pair.files.write("file", b"secret");
    let path = pair.files.path("file");
    std::os::unix::fs::chown(&path, Some(ALICE), Some(ALICE)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let client = &mut pair.client;
    assert_eq!(client.open(&handle, ACCESS_READ, BOB), Err(libc::EACCES));
    assert_eq!(client.open(&handle, ACCESS_WRITE, BOB), Err(libc::EACCES));
    let alices = client.open(&handle, READ_WRITE, ALICE).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let bobs = client.open(&handle, ACCESS_READ, BOB).unwrap();
    assert_eq!(client.open(&handle, READ_WRITE, BOB), Err(libc::EACCES));
    let buffer = client.buffer(6);
    assert_eq!(client.read(alices, 0, &[buffer]).length, 6);
    assert_eq!(client.read(bobs, 0, &[buffer]).length, 6);
    assert_eq!(client.write(alices, 0, 0, &[buffer]).length, 6);
    // Asked anew each time, as for NFS: an open file is not a right.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = client.read(bobs, 0, &[buffer]);
    assert_eq!(result(&refused).err(), Some(libc::EACCES));
}

#[test]
fn an_open_file_is_good_for_what_it_was_opened_for() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", b"bytes");
    let client = &mut pair.client;
    let buffer = client.buffer(5);
    let reader = client.open(&handle, ACCESS_READ, 0).unwrap();
    let writer = client.open(&handle, ACCESS_WRITE, 0).unwrap();
    let refused = client.write(reader, 0, 0, &[buffer]);
    assert_eq!(result(&refused).err(), Some(libc::EBADF));
    let refused = client.read(writer, 0, &[buffer]);
    assert_eq!(result(&refused).err(), Some(libc::EBADF));
    client.release(reader).unwrap();
    assert_eq!(client.release(reader), Err(libc::EBADF));
    let closed = client.read(reader, 0, &[buffer]);
    assert_eq!(result(&closed).err(), Some(libc::EBADF));
    let again = client.open(&handle, ACCESS_READ, 0).unwrap();
    assert_ne!(again, reader);
    assert_eq!(fs::read(pair.files.path("file")).unwrap(), b"bytes");
}

#[test]
fn handles_and_exports_are_checked_as_for_nfs() {
    let mut pair = Pair::new();
    let handle = pair.files.write("file", b"bytes");
    let mut forged = handle.clone();
    *forged.last_mut().unwrap() ^= 1;
    let client = &mut pair.client;
    assert_eq!(client.open(&forged, ACCESS_READ, 0), Err(521));
    assert_eq!(client.open(&[], ACCESS_READ, 0), Err(521));
    let file = client.open(&handle, READ_WRITE, 0).unwrap();
    let buffer = client.buffer(5);
    pair.files.redefine(|export| export.read_only = true);
    assert_eq!(client.open(&handle, READ_WRITE, 0), Err(libc::EROFS));
    let refused = client.write(file, 0, 0, &[buffer]);
    assert_eq!(result(&refused).err(), Some(libc::EROFS));
    assert_eq!(client.read(file, 0, &[buffer]).length, 5);
    pair.files.redefine(|export| export.side_channel = false);
    let refused = client.read(file, 0, &[buffer]);
    assert_eq!(result(&refused).err(), Some(libc::EACCES));
    pair.files.redefine(|_| {});
    fs::remove_file(pair.files.path("file")).unwrap();
    let gone = client.read(file, 0, &[buffer]);
    assert_eq!(result(&gone).err(), Some(libc::ESTALE));
}
