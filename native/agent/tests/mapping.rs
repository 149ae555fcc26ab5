//! The server's pages in the client: what they hold, when they are not the file's any more, and that they come back.

mod server;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fsva_agent::mapping::Mapping;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE, CHANGED_DATA, ChangeNotice};
use server::{READ_WRITE, Server, pattern, root, until};

fn bytes_of(mapping: &Mapping) -> Vec<u8> {
    let mut bytes = vec![0; mapping.bytes()];
    assert_eq!(mapping.copy_to(0, &mut bytes), bytes.len());
    bytes
}

fn change(server: &Server, name: &str, handle: &[u8], fsid: u64, fileid: u64, bytes: &[u8]) {
    fs::write(server.path(name), bytes).unwrap();
    server.session().lent_pages().changed(&ChangeNotice {
        what: CHANGED_DATA,
        fileid,
        fsid,
        handle: handle.to_vec(),
    });
}

#[test]
fn what_is_mapped_is_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let bytes = pattern((5 << 20) + 123, 1);
    let handle = server.write("file", &bytes);
    let client = server.client();
    let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
    let mapping = file.map(0, 64 << 20).unwrap();
    assert!(bytes_of(&mapping) == bytes);
    assert!(mapping.is_valid());
    let total: usize = mapping.segments().iter().map(|segment| segment.bytes).sum();
    assert_eq!(total, bytes.len());
    let part = file.map(8192, 5000).unwrap();
    assert_eq!((part.offset(), part.bytes()), (8192, 5000));
    assert!(bytes_of(&part) == bytes[8192..13192]);
    let mut tail = [0; 100];
    assert_eq!(part.copy_to(4950, &mut tail), 50);
    assert_eq!(tail[..50], bytes[8192 + 4950..][..50]);
    let behind = file.map(64 << 20, 4096).unwrap();
    assert_eq!((behind.bytes(), behind.segments().len()), (0, 0));
    assert!(file.map(1, 4096).is_err());
    let written = client.open_handle(&handle, ACCESS_WRITE, &root()).unwrap();
    assert_eq!(written.map(0, 4096).err().unwrap().errno(), libc::EBADF);
}

#[test]
fn a_change_invalidates_and_the_pages_come_back_when_they_are_let_go_of() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", &pattern(20_000, 1));
    let other = server.write("other", &pattern(4096, 2));
    let client = server.client();
    let file = client.open_handle(&handle, READ_WRITE, &root()).unwrap();
    let unchanged = client
        .open_handle(&other, ACCESS_READ, &root())
        .unwrap()
        .map(0, 4096)
        .unwrap();
    let mapping = file.map(0, 20_000).unwrap();
    let again = mapping.clone();
    let told = Arc::new(AtomicUsize::new(0));
    let counter = told.clone();
    mapping.on_invalid(move || {
        counter.fetch_add(1, Ordering::SeqCst);
    });
    let attributes = file.attributes();
    change(
        &server,
        "file",
        &handle,
        attributes.fsid,
        attributes.fileid,
        &pattern(20_000, 3),
    );
    until("the invalidation", || !mapping.is_valid());
    until("the callback", || told.load(Ordering::SeqCst) == 1);
    assert!(unchanged.is_valid());
    let late = told.clone();
    again.on_invalid(move || {
        late.fetch_add(10, Ordering::SeqCst);
    });
    assert_eq!(told.load(Ordering::SeqCst), 11, "it is known already");
    let held = server.session().figures();
    assert!(
        held.quarantined_grants > 0,
        "nobody may use the pages before we say so"
    );
    drop(mapping);
    client.ping().unwrap();
    assert!(
        server.session().figures().quarantined_grants > 0,
        "a clone has them"
    );
    drop(again);
    until("the quarantine's end", || {
        // A server looks there when it needs pages.
        let _ = file.map(0, 20_000);
        server.session().figures().quarantined_grants == 0
    });
    let fresh = file.map(0, 20_000).unwrap();
    assert!(bytes_of(&fresh) == pattern(20_000, 3));
}

#[test]
fn what_a_client_writes_by_grant_invalidates_what_it_has_mapped() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", &pattern(4096, 1));
    let client = server.client();
    let file = client.open_handle(&handle, READ_WRITE, &root()).unwrap();
    let mapping = file.map(0, 4096).unwrap();
    let buffer = client.lend(4096).unwrap();
    buffer.copy_from(0, &pattern(4096, 9)).unwrap();
    file.write(&buffer, 0..4096, 0).unwrap();
    until("the invalidation", || !mapping.is_valid());
    assert!(bytes_of(&file.map(0, 4096).unwrap()) == pattern(4096, 9));
}

#[test]
fn mapping_and_unmapping_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let bytes = pattern(1 << 20, 1);
    let handle = server.write("file", &bytes);
    let client = server.client();
    let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|seed| {
            let (client, handle, bytes) = (client.clone(), handle.clone(), bytes.clone());
            std::thread::spawn(move || {
                let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
                for round in 0..200 {
                    let page = (seed * 31 + round * 7) % 250;
                    let mapping = file.map(page as u64 * 4096, 8192).unwrap();
                    assert!(bytes_of(&mapping) == bytes[page * 4096..][..8192]);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    drop(file);
    until("everything given back", || {
        client.figures().mapped_grants == 0 && server.session().figures().lent_grants == 0
    });
}

#[test]
fn a_mapping_outlives_a_server_unless_the_file_changed_meanwhile() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path());
    let same = server.write("same", &pattern(8192, 1));
    let changed = server.write("changed", &pattern(8192, 2));
    // Of a file that has just changed, the server can't tell whether it changed again.
    std::thread::sleep(std::time::Duration::from_millis(200));
    let client = server.client();
    let open = |handle: &[u8]| client.open_handle(handle, ACCESS_READ, &root()).unwrap();
    let (same, changed) = (open(&same), open(&changed));
    let kept = same.map(0, 8192).unwrap();
    let lost = changed.map(0, 8192).unwrap();
    drop(server);
    until("the end", || !kept.is_valid());
    fs::write(directory.path().join("export").join("changed"), pattern(8192, 3)).unwrap();
    server = Server::start(directory.path());
    until("the server's word", || kept.is_valid());
    assert!(bytes_of(&kept) == pattern(8192, 1));
    assert!(!lost.is_valid());
    assert!(bytes_of(&changed.map(0, 8192).unwrap()) == pattern(8192, 3));
    drop((kept, lost));
    until("everything given back", || {
        server.session().figures().lent_grants <= 2
    });
}
