//! Files through the agent: what they are, what is refused, and what happens when the agent goes.

mod double;

use std::fs::{self, File as StdFile, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use double::{Double, eventually, pattern};
use fsva::agents::Agents;
use fsva::connection::Connection;
use fsva::file::File;
use fsva_agent::local::listener::Limits;

fn connect(double: &Double) -> Arc<Connection> {
    Arc::new(Connection::connect(&double.socket()).unwrap())
}

fn errno<T: std::fmt::Debug>(result: io::Result<T>) -> i32 {
    result.unwrap_err().raw_os_error().unwrap()
}

fn both(path: &std::path::Path) -> StdFile {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap()
}

#[test]
fn bytes_and_attributes_are_the_files() {
    let double = Double::start();
    let connection = connect(&double);
    let path = double.path("file");
    // More than the connection's memory, and not a multiple of anything.
    let bytes = pattern(9_437_187, 1);
    let kernel = both(&path);
    let file = File::open(Some(connection), kernel.as_fd(), false).unwrap();
    assert!(file.is_direct());
    assert_eq!(file.write_at(&bytes, 0).unwrap(), bytes.len());
    file.fsync().unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let mut read = vec![0; bytes.len() + 100];
    assert_eq!(file.read_at(&mut read, 0).unwrap(), bytes.len());
    assert_eq!(read[..bytes.len()], bytes);
    let mut few = [0; 11];
    assert_eq!(file.read_at(&mut few, 1_048_571).unwrap(), 11);
    assert_eq!(few, bytes[1_048_571..1_048_582]);
    assert_eq!(file.read_at(&mut few, bytes.len() as u64 + 5).unwrap(), 0);
    // A hole beyond 4 GiB.
    assert_eq!(file.write_at(b"far", 5 << 30).unwrap(), 3);
    assert_eq!(kernel.metadata().unwrap().len(), (5 << 30) + 3);
    let status = file.status().unwrap();
    let found = kernel.metadata().unwrap();
    assert_eq!((status.size, status.fileid), (found.size(), found.ino()));
    assert_eq!((status.mode, status.uid), (found.mode(), found.uid()));
    assert_eq!(status.mtime.seconds, found.mtime());
    let figures = double.agent.as_ref().unwrap().figures();
    assert_eq!((figures.open, figures.connections, figures.refused), (1, 1, 0));
    assert_eq!(figures.bytes_written, bytes.len() as u64 + 3);
    assert_eq!(figures.bytes_read, bytes.len() as u64 + 11);
    drop(file);
    assert_eq!(double.conduct.open.load(Ordering::SeqCst), 0);
}

#[test]
fn the_descriptor_bounds_what_may_be_done() {
    let double = Double::start();
    let connection = connect(&double);
    let path = double.path("file");
    fs::write(&path, b"data").unwrap();
    let open = |options: &OpenOptions| {
        let descriptor = options.open(&path).unwrap();
        File::open(Some(connection.clone()), descriptor.as_fd(), false)
    };
    let read = open(OpenOptions::new().read(true)).unwrap();
    assert_eq!(errno(read.write_at(b"x", 0)), libc::EBADF);
    let write = open(OpenOptions::new().write(true)).unwrap();
    assert_eq!(errno(write.read_at(&mut [0], 0)), libc::EBADF);
    let unchecked = open(OpenOptions::new().read(true).custom_flags(libc::O_PATH));
    assert_eq!(errno(unchecked), libc::EBADF);
    assert_eq!(errno(open(OpenOptions::new().append(true))), libc::EOPNOTSUPP);
    let directory = StdFile::open(double.directory.path()).unwrap();
    let directory = File::open(Some(connection.clone()), directory.as_fd(), false);
    assert_eq!(errno(directory), libc::EISDIR);
    let (pipe, _end) = io::pipe().unwrap();
    let pipe = errno(File::open(Some(connection.clone()), pipe.as_fd(), false));
    assert!([libc::EXDEV, libc::EOPNOTSUPP].contains(&pipe), "{pipe}");
    assert_eq!(fs::read(&path).unwrap(), b"data");
}

#[test]
fn the_peer_is_who_connected() {
    let double = Double::start();
    let connection = connect(&double);
    let kernel = both(&double.path("file"));
    let _file = File::open(Some(connection), kernel.as_fd(), false).unwrap();
    let peers = double.conduct.peers.lock().unwrap();
    let owner = kernel.metadata().unwrap();
    assert_eq!((peers[0].uid, peers[0].gid), (owner.uid(), owner.gid()));
}

#[test]
fn another_file_system_is_refused() {
    let double = Double::with("/proc", Limits::default());
    let connection = connect(&double);
    let kernel = both(&double.path("file"));
    let refused = File::open(Some(connection.clone()), kernel.as_fd(), false);
    assert_eq!(errno(refused), libc::EXDEV);
    assert!(
        double.conduct.peers.lock().unwrap().is_empty(),
        "nobody was asked"
    );
    // The kernel takes its place where it may.
    let file = File::open(Some(connection), kernel.as_fd(), true).unwrap();
    assert!(!file.is_direct());
    file.write_at(b"plain", 0).unwrap();
    file.fsync().unwrap();
    assert_eq!(file.status().unwrap().size, 5);
    let mut read = [0; 8];
    assert_eq!(file.read_at(&mut read, 1).unwrap(), 4);
    assert_eq!(&read[..4], b"lain");
}

#[test]
fn a_full_file_system_is_told_after_what_could_be_written() {
    let double = Double::start();
    let connection = connect(&double);
    let kernel = both(&double.path("file"));
    let file = File::open(Some(connection), kernel.as_fd(), true).unwrap();
    *double.conduct.space.lock().unwrap() = Some(1_500_000);
    let bytes = pattern(3_000_000, 2);
    assert_eq!(file.write_at(&bytes, 0).unwrap(), 1_500_000);
    assert_eq!(errno(file.write_at(&bytes[1_500_000..], 1_500_000)), libc::ENOSPC);
    assert!(
        file.is_direct(),
        "an error of the file is no reason for the kernel to take over"
    );
}

#[test]
fn without_an_agent() {
    let double = Double::start();
    let nowhere = double.path("no.sock");
    assert_eq!(errno(Connection::connect(&nowhere)), libc::ENOTCONN);
    let kernel = both(&double.path("file"));
    assert_eq!(errno(File::open(None, kernel.as_fd(), false)), libc::ENOTCONN);
    let file = File::open(None, kernel.as_fd(), true).unwrap();
    file.write_at(b"plain", 0).unwrap();
    file.fsync().unwrap();
    assert_eq!(fs::read(double.path("file")).unwrap(), b"plain");
}

#[test]
fn an_agent_that_has_stopped_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("agent.sock");
    let listener = fsva_agent::local::packets_unsafe::bind(&path).unwrap();
    fsva_agent::local::packets_unsafe::listen(listener.as_fd(), 0).unwrap();
    // The first waits to be heard, the second to be let in at all.
    let waiting = std::thread::spawn({
        let path = path.clone();
        move || errno(Connection::connect(&path))
    });
    assert_eq!(errno(Connection::connect(&path)), libc::ENOTCONN);
    assert_eq!(waiting.join().unwrap(), libc::ENOTCONN);
}

#[test]
fn a_lost_agent_is_enotconn_or_the_kernels_turn() {
    let mut double = Double::start();
    let connection = connect(&double);
    let path = double.path("file");
    let kernel = both(&path);
    let strict = File::open(Some(connection.clone()), kernel.as_fd(), false).unwrap();
    let lenient = File::open(Some(connection.clone()), kernel.as_fd(), true).unwrap();
    let reader = File::open(
        Some(connection.clone()),
        StdFile::open(&path).unwrap().as_fd(),
        true,
    )
    .unwrap();
    lenient.write_at(b"by the agent", 0).unwrap();
    double.restart();
    assert_eq!(errno(strict.write_at(b"x", 0)), libc::ENOTCONN);
    assert!(connection.is_lost());
    assert_eq!(errno(strict.fsync()), libc::ENOTCONN);
    let mut read = [0; 12];
    assert_eq!(reader.read_at(&mut read, 0).unwrap(), 12);
    assert_eq!(&read, b"by the agent");
    reader.fsync().unwrap();
    assert_eq!(
        errno(reader.write_at(b"x", 0)),
        libc::EBADF,
        "reopened for no more than before"
    );
    // What the agent wrote and nobody synced: told once.
    lenient.write_at(b"BY", 0).unwrap();
    assert!(!lenient.is_direct());
    assert_eq!(errno(lenient.fsync()), libc::ECONNRESET);
    lenient.fsync().unwrap();
    assert_eq!(kernel.metadata().unwrap().len(), 12);
    assert_eq!(fs::read(&path).unwrap(), b"BY the agent");
    // A new connection is served again.
    let again = File::open(Some(connect(&double)), kernel.as_fd(), false).unwrap();
    assert!(again.is_direct());
}

#[test]
fn what_was_synced_is_not_called_lost() {
    let mut double = Double::start();
    let connection = connect(&double);
    let kernel = both(&double.path("file"));
    let file = File::open(Some(connection), kernel.as_fd(), true).unwrap();
    file.write_at(b"safe", 0).unwrap();
    file.fsync().unwrap();
    double.agent = None;
    file.fsync().unwrap();
    assert!(!file.is_direct());
}

#[test]
fn a_restarted_server_is_told_at_fsync() {
    let double = Double::start();
    let kernel = both(&double.path("file"));
    let file = File::open(Some(connect(&double)), kernel.as_fd(), true).unwrap();
    file.write_at(b"data", 0).unwrap();
    double.conduct.restarted.store(true, Ordering::SeqCst);
    assert_eq!(errno(file.fsync()), libc::ECONNRESET);
    assert!(file.is_direct());
    file.write_at(b"data", 0).unwrap();
    file.fsync().unwrap();
}

#[test]
fn threads_share_a_connection_and_a_file() {
    let double = Double::start();
    let connection = connect(&double);
    let kernel = both(&double.path("file"));
    let file = File::open(Some(connection), kernel.as_fd(), false).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8u64 {
            let file = &file;
            scope.spawn(move || {
                for round in 0..20u64 {
                    let bytes = pattern(70_001, thread * 100 + round);
                    let at = thread * 1_000_000;
                    assert_eq!(file.write_at(&bytes, at).unwrap(), bytes.len());
                    let mut read = vec![0; bytes.len()];
                    assert_eq!(file.read_at(&mut read, at).unwrap(), bytes.len());
                    assert_eq!(read, bytes);
                }
            });
        }
    });
    drop(file);
    eventually(|| double.conduct.open.load(Ordering::SeqCst) == 0);
}

#[test]
fn the_socket_is_everybodys_and_only_one_agents() {
    let double = Double::start();
    let found = fs::metadata(double.socket()).unwrap();
    assert_eq!(found.permissions().mode() & 0o777, 0o666);
    let directory = fs::metadata(double.socket().parent().unwrap()).unwrap();
    assert_eq!(directory.permissions().mode() & 0o777, 0o755);
    // One that listens keeps its path.
    let second = double.start_agent("/", Limits::default());
    assert_eq!(second.err().unwrap().raw_os_error(), Some(libc::EADDRINUSE));
    connect(&double);
}

#[test]
fn a_path_left_by_a_killed_agent_is_taken_over() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run").join("agent.sock");
    fs::create_dir(path.parent().unwrap()).unwrap();
    drop(fsva_agent::local::packets_unsafe::bind(&path).unwrap());
    assert!(path.exists());
    let mut double = Double {
        directory,
        conduct: Arc::default(),
        agent: None,
    };
    double.restart();
    let kernel = both(&double.path("file"));
    assert!(File::open(Some(connect(&double)), kernel.as_fd(), false).is_ok());
    double.agent = None;
    assert!(!path.exists());
}

#[test]
fn files_per_connection_are_bounded() {
    let limits = Limits {
        files: 2,
        ..Limits::default()
    };
    let double = Double::with("/", limits);
    let (connection, other) = (connect(&double), connect(&double));
    let kernel = both(&double.path("file"));
    let open = |connection: &Arc<Connection>| File::open(Some(connection.clone()), kernel.as_fd(), false);
    let (first, _second) = (open(&connection).unwrap(), open(&connection).unwrap());
    assert_eq!(errno(open(&connection)), libc::EMFILE);
    assert!(open(&other).is_ok());
    drop(first);
    assert!(open(&connection).is_ok());
    kernel.write_at(b"x", 0).unwrap();
}

#[test]
fn the_agent_that_has_the_file_serves_it() {
    let (elsewhere, mut here) = (Double::with("/proc", Limits::default()), Double::start());
    let nowhere = here.path("no.sock");
    let agents = Agents::connect(vec![nowhere.clone(), elsewhere.socket(), here.socket()]).unwrap();
    let kernel = both(&here.path("file"));
    let file = agents.open(kernel.as_fd(), false).unwrap();
    file.write_at(b"data", 0).unwrap();
    assert_eq!(here.conduct.open.load(Ordering::SeqCst), 1);
    drop(file);
    // One that comes back is connected to again.
    here.restart();
    assert!(agents.open(kernel.as_fd(), false).unwrap().is_direct());
    here.agent = None;
    assert!(!agents.open(kernel.as_fd(), true).unwrap().is_direct());
    assert_eq!(errno(Agents::connect(vec![nowhere])), libc::ENOTCONN);
}
