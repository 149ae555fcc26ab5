//! A server that goes away and comes back, with the region that the client has or with a new one.

mod server;

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fsva_agent::client::Client;
use fsva_agent::error::ClientError;
use fsva_channel::protocol::ACCESS_READ;
use server::{READ_WRITE, Regions, Server, options, pattern, root, until};

#[test]
fn files_and_buffers_outlive_a_server_that_keeps_the_region() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path());
    let bytes = pattern(8192, 1);
    let handle = server.write("file", &bytes);
    let client = server.client();
    let file = client.open_handle(&handle, READ_WRITE, &root()).unwrap();
    let buffer = client.lend(8192).unwrap();
    for round in 1..4 {
        drop(server);
        server = Server::start(directory.path());
        assert_eq!(file.read(&buffer, 0..8192, 0).unwrap().bytes, 8192);
        let mut found = vec![0; 8192];
        buffer.copy_to(0, &mut found).unwrap();
        assert!(found == bytes);
        file.write(&buffer, 0..100, 0).unwrap();
        file.getattr().unwrap();
        assert_eq!(client.figures().connections, round + 1);
    }
}

#[test]
fn a_new_region_takes_files_over_and_refuses_old_buffers() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let bytes = pattern(8192, 2);
    let handle = server.write("file", &bytes);
    let client = server.client();
    let file = client.open_handle(&handle, READ_WRITE, &root()).unwrap();
    let buffer = client.lend(8192).unwrap();
    file.read(&buffer, 0..8192, 0).unwrap();
    let mapping = file.map(0, 8192).unwrap();
    assert!(mapping.is_valid());
    drop(server);
    let server = Server::start_with(directory.path(), Regions::Anew);
    until("a new region", || {
        client.figures().connected && client.figures().connections == 2
    });
    assert!(!mapping.is_valid(), "nobody would say when it changes");
    assert_eq!(file.getattr().unwrap().size, 8192);
    let lost = file.read(&buffer, 0..8192, 0).unwrap_err();
    assert!(matches!(lost, ClientError::RegionLost), "{lost}");
    let mut found = vec![0; 8192];
    buffer.copy_to(0, &mut found).unwrap();
    assert!(found == bytes, "still there to look at");
    mapping.copy_to(0, &mut found);
    let again = client.lend(8192).unwrap();
    assert_eq!(file.read(&again, 0..8192, 0).unwrap().bytes, 8192);
    again.copy_to(0, &mut found).unwrap();
    assert!(found == bytes);
    assert!(file.map(0, 8192).unwrap().is_valid());
    drop(server);
}

#[test]
fn without_a_server_calls_end_at_their_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", &[1; 100]);
    let mut short = options(directory.path());
    short.deadline = Duration::from_millis(300);
    let client = Client::connect(short).unwrap();
    let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
    drop(server);
    until("the end", || !client.figures().connected);
    for _ in 0..3 {
        let gone = file.getattr().unwrap_err();
        assert!(matches!(gone, ClientError::Disconnected), "{gone}");
    }
    let _server = Server::start(directory.path());
    until("the server", || {
        file.getattr().is_ok_and(|attributes| attributes.size == 100)
    });
}

#[test]
fn whoever_asks_while_servers_come_and_go_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let mut server = Server::start(directory.path());
    let bytes = pattern(64 << 10, 3);
    let handle = server.write("file", &bytes);
    server.write("log", &[]);
    let log = server.handle("log");
    let client = server.client();
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|seed: usize| {
            let (client, done, bytes, handle) = (client.clone(), done.clone(), bytes.clone(), handle.clone());
            std::thread::spawn(move || {
                let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
                let buffer = client.lend(4096).unwrap();
                let mut count = 0usize;
                while !done.load(Ordering::Relaxed) {
                    let at = (seed * 7919 + count * 104_729) % (bytes.len() - 512);
                    assert_eq!(file.read(&buffer, 0..512, at as u64).unwrap().bytes, 512);
                    let mut part = [0; 512];
                    buffer.copy_to(0, &mut part).unwrap();
                    assert_eq!(part, bytes[at..at + 512]);
                    count += 1;
                }
                count
            })
        })
        .collect();
    let writer = {
        let (client, done) = (client.clone(), done.clone());
        std::thread::spawn(move || {
            let file = client.open_handle(&log, READ_WRITE, &root()).unwrap();
            let buffer = client.lend(4096).unwrap();
            let mut count = 0u64;
            while !done.load(Ordering::Relaxed) {
                buffer.copy_from(0, &count.to_le_bytes()).unwrap();
                assert_eq!(file.write(&buffer, 0..8, count * 8).unwrap().bytes, 8);
                count += 1;
            }
            count
        })
    };
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(50));
        drop(server);
        server = Server::start(directory.path());
        until("the server", || client.figures().connected);
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.join().unwrap() > 10);
    }
    let count = writer.join().unwrap();
    let log = fs::read(server.path("log")).unwrap();
    assert_eq!(log.len() as u64, count * 8);
    let (words, _) = log.as_chunks::<8>();
    assert!(
        words
            .iter()
            .enumerate()
            .all(|(at, word)| u64::from_le_bytes(*word) == at as u64)
    );
    assert_eq!(client.figures().connections, 11);
}
