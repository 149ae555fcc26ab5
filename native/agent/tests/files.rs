//! A client's files against the real server's end, over a Unix socket and shared memory.

mod server;

use std::fs;
use std::sync::Arc;

use fsva_agent::client::Who;
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE};
use server::{READ_WRITE, Server, pattern, root};

#[test]
fn what_is_read_is_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let bytes = pattern(3 << 20, 1);
    let handle = server.write("file", &bytes);
    let client = server.client();
    let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
    assert_eq!(file.attributes().size, bytes.len() as u64);
    assert_eq!(file.getattr().unwrap(), file.attributes());
    let buffer = client.lend(1 << 20).unwrap();
    let mut at = 0;
    let mut found = Vec::new();
    loop {
        let read = file.read(&buffer, 0..1 << 20, at).unwrap();
        let mut part = vec![0; read.bytes];
        buffer.copy_to(0, &mut part).unwrap();
        found.extend(part);
        at += read.bytes as u64;
        if read.end_of_file {
            break;
        }
    }
    assert!(found == bytes);
    let read = file.read(&buffer, 4096..4096 + 100, 77).unwrap();
    assert_eq!((read.bytes, read.end_of_file), (100, false));
    let mut part = [0; 100];
    buffer.copy_to(4096, &mut part).unwrap();
    assert_eq!(part, bytes[77..177]);
}

#[test]
fn what_is_written_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", &[7; 100]);
    let client = server.client();
    let file = client.open_handle(&handle, READ_WRITE, &root()).unwrap();
    let buffer = client.lend(10_000).unwrap();
    let bytes = pattern(10_000, 2);
    buffer.copy_from(0, &bytes).unwrap();
    assert_eq!(file.write(&buffer, 0..10_000, 50).unwrap().bytes, 10_000);
    file.fsync().unwrap();
    let there = fs::read(server.path("file")).unwrap();
    assert_eq!(there[..50], [7; 50]);
    assert!(there[50..] == bytes);
    // What was in no stable storage is lost by a server that could not write it.
    file.write(&buffer, 0..10, 0).unwrap();
    server.engine.verifier.data_may_be_lost();
    assert_eq!(file.fsync().unwrap_err().errno(), libc::EIO);
    file.fsync().unwrap();
}

#[test]
fn a_file_is_used_only_as_it_was_opened() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", b"secret");
    let client = server.client();
    let buffer = client.lend(4096).unwrap();
    let written = client.open_handle(&handle, ACCESS_WRITE, &root()).unwrap();
    assert_eq!(written.read(&buffer, 0..6, 0).unwrap_err().errno(), libc::EBADF);
    let read = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
    assert_eq!(read.write(&buffer, 0..6, 0).unwrap_err().errno(), libc::EBADF);
    let mut forged = handle.clone();
    *forged.last_mut().unwrap() ^= 1;
    let refused = client.open_handle(&forged, ACCESS_READ, &root()).err().unwrap();
    assert!(matches!(refused.errno(), libc::ESTALE | libc::EBADF), "{refused}");
    fs::set_permissions(
        server.path("file"),
        std::os::unix::fs::PermissionsExt::from_mode(0o600),
    )
    .unwrap();
    let stranger = Who {
        uid: 1234,
        gid: 1234,
        gids: vec![1; 40],
    };
    let refused = client.open_handle(&handle, ACCESS_READ, &stranger).err().unwrap();
    assert_eq!(refused.errno(), libc::EACCES);
}

#[test]
fn ranges_outside_a_buffer_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", &[1; 100]);
    let client = server.client();
    let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
    let buffer = client.lend(5000).unwrap();
    for range in [
        0..5001,
        4096..5001,
        1..10,
        0..0,
        8192..8193,
        usize::MAX - 1..usize::MAX,
    ] {
        assert_eq!(
            file.read(&buffer, range.clone(), 0).unwrap_err().errno(),
            libc::EINVAL,
            "{range:?}"
        );
    }
    assert!(buffer.copy_to(4990, &mut [0; 11]).is_err());
    assert!(buffer.copy_from(usize::MAX, &[0]).is_err());
    assert!(client.lend(0).is_err());
    assert_eq!(client.lend(1 << 31).err().unwrap().errno(), libc::ENOBUFS);
}

#[test]
fn memory_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", &[1; 100]);
    let client = server.client();
    let before = client.figures();
    for _ in 0..3 {
        let file = client.open_handle(&handle, READ_WRITE, &root()).unwrap();
        let buffers: Vec<_> = (0..100).map(|_| client.lend(10_000).unwrap()).collect();
        let large = client.lend(5 << 20).unwrap();
        file.read(&large, 0..4096, 0).unwrap();
        for buffer in &buffers {
            file.read(buffer, 0..10_000, 0).unwrap();
        }
        assert_eq!(client.figures().free_small_pages, before.free_small_pages - 300);
        assert_eq!(client.figures().free_large_pages, before.free_large_pages - 3);
    }
    let after = client.figures();
    assert_eq!(after.free_small_pages, before.free_small_pages);
    assert_eq!(after.free_large_pages, before.free_large_pages);
}

#[test]
fn many_threads_get_their_own_answers() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let client = server.client();
    let bytes = pattern(64 << 10, 3);
    let handle = server.write("file", &bytes);
    let file = Arc::new(client.open_handle(&handle, ACCESS_READ, &root()).unwrap());
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (client, file, bytes) = (client.clone(), file.clone(), bytes.clone());
            std::thread::spawn(move || {
                let buffer = client.lend(4096).unwrap();
                for round in 0..500 {
                    let at = (thread * 7919 + round * 104_729) % (bytes.len() - 512);
                    let read = file.read(&buffer, 0..512, at as u64).unwrap();
                    let mut part = [0; 512];
                    buffer.copy_to(0, &mut part).unwrap();
                    assert_eq!((read.bytes, &part[..]), (512, &bytes[at..at + 512]));
                    if round % 50 == 0 {
                        client.ping().unwrap();
                    }
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(client.figures().strays, 0);
}

#[test]
fn a_batch_is_as_many_calls() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let client = server.client();
    let bytes = pattern(600 * 4096, 4);
    let handle = server.write("file", &bytes);
    let file = client.open_handle(&handle, READ_WRITE, &root()).unwrap();
    let buffer = client.lend(600 * 4096).unwrap();
    let mut batch = client.batch();
    for page in 0..600 {
        batch.read(&file, &buffer, page * 4096..(page + 1) * 4096, page as u64 * 4096);
    }
    batch.read(&file, &buffer, 1..2, 0);
    batch.ping();
    batch.write(&file, &buffer, 0..10, bytes.len() as u64);
    let results = batch.run();
    assert_eq!(results.len(), 603);
    assert!(
        results[..600]
            .iter()
            .all(|result| result.as_ref().unwrap().bytes == 4096)
    );
    assert_eq!(results[600].as_ref().unwrap_err().errno(), libc::EINVAL);
    assert_eq!(results[601].as_ref().unwrap().bytes, 0);
    assert_eq!(results[602].as_ref().unwrap().bytes, 10);
    let mut found = vec![0; bytes.len()];
    buffer.copy_to(0, &mut found).unwrap();
    assert!(found == bytes);
    let there = fs::read(server.path("file")).unwrap();
    assert_eq!(there.len(), bytes.len() + 10);
}

#[test]
fn without_a_server_there_is_no_client() {
    let directory = tempfile::tempdir().unwrap();
    let refused = fsva_agent::client::Client::connect(server::options(directory.path()));
    assert_eq!(refused.err().unwrap().errno(), libc::EPROTO);
}

#[test]
fn a_closed_client_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path());
    let handle = server.write("file", b"bytes");
    let client = server.client();
    let file = client.open_handle(&handle, ACCESS_READ, &root()).unwrap();
    client.close();
    assert_eq!(client.ping().unwrap_err().errno(), libc::ESHUTDOWN);
    assert_eq!(file.getattr().unwrap_err().errno(), libc::ESHUTDOWN);
}
