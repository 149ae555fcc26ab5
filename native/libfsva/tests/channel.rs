//! Programs, their agent and the server in one process: libfsva, the agent's socket, the channel, the core and real files.
//! Only the handle is not the kernel's: it is the server's for the file of the same name.

#[path = "../../agent/tests/server/mod.rs"]
mod server;

use std::fs::{self, File as StdFile};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use fsva::connection::Connection;
use fsva::file::File;
use fsva_agent::client::Client;
use fsva_agent::local::channel_files::ChannelFiles;
use fsva_agent::local::descriptor_unsafe::describe;
use fsva_agent::local::listener::{Limits, LocalAgent, LocalOptions};
use fsva_channel::protocol::{ACCESS_READ, ACCESS_WRITE};
use server::{Server, pattern};

struct Scene {
    directory: tempfile::TempDir,
    server: Arc<Mutex<Option<Server>>>,
    client: Arc<Client>,
    _agent: LocalAgent,
}

/// What the kernel says of the descriptor, with the handle asked of the server by the file's name.
fn access_of(descriptor: BorrowedFd<'_>) -> (u32, PathBuf) {
    let what = describe(descriptor).unwrap();
    let access = if what.readable { ACCESS_READ } else { 0 } | if what.writable { ACCESS_WRITE } else { 0 };
    let path = fs::read_link(format!("/proc/self/fd/{}", descriptor.as_raw_fd())).unwrap();
    (access, path)
}

impl Scene {
    fn new() -> Scene {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let server = Server::start(directory.path());
        let client = server.client();
        let server = Arc::new(Mutex::new(Some(server)));
        let asked = server.clone();
        let files = ChannelFiles::opening(client.clone(), move |client, descriptor, who| {
            let (access, path) = access_of(descriptor);
            let name = path.file_name().unwrap().to_str().unwrap();
            let handle = asked.lock().unwrap().as_ref().unwrap().handle(name);
            client.open_handle(&handle, access, who)
        });
        let agent = LocalAgent::start(LocalOptions {
            socket: directory.path().join("agent.sock"),
            mount_points: vec!["/".into()],
            files: Arc::new(files),
            limits: Limits::default(),
        })
        .unwrap();
        Scene {
            directory,
            server,
            client,
            _agent: agent,
        }
    }

    fn connect(&self) -> Arc<Connection> {
        Arc::new(Connection::connect(&self.directory.path().join("agent.sock")).unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join("export").join(name)
    }

    fn open(&self, name: &str, fallback: bool) -> File {
        let kernel = StdFile::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.path(name))
            .unwrap();
        File::open(Some(self.connect()), kernel.as_fd(), fallback).unwrap()
    }

    fn restart_server(&self) {
        let mut server = self.server.lock().unwrap();
        drop(server.take());
        *server = Some(Server::start(self.directory.path()));
    }
}

fn errno<T: std::fmt::Debug>(result: io::Result<T>) -> i32 {
    result.unwrap_err().raw_os_error().unwrap()
}

#[test]
fn a_file_is_written_and_read_over_the_channel() {
    let scene = Scene::new();
    let file = scene.open("file", false);
    assert!(file.is_direct());
    let bytes = pattern(5_000_001, 1);
    assert_eq!(file.write_at(&bytes, 0).unwrap(), bytes.len());
    file.fsync().unwrap();
    assert!(fs::read(scene.path("file")).unwrap() == bytes);
    let mut found = vec![0; bytes.len() + 10];
    assert_eq!(file.read_at(&mut found, 0).unwrap(), bytes.len());
    assert!(found[..bytes.len()] == bytes);
    // Not where pages or words begin.
    let mut few = [0; 5001];
    assert_eq!(file.read_at(&mut few, 4_095).unwrap(), 5001);
    assert_eq!(few, bytes[4_095..9_096]);
    assert_eq!(file.write_at(b"odd", 4_097).unwrap(), 3);
    assert_eq!(
        &fs::read(scene.path("file")).unwrap()[4_095..4_101],
        [&bytes[4_095..4_097], b"odd", &bytes[4_100..4_101]].concat()
    );
    let status = file.status().unwrap();
    assert_eq!(status.size, bytes.len() as u64);
    assert_eq!(status.mode & libc::S_IFMT, libc::S_IFREG);
    let figures = scene.client.figures();
    assert!(figures.bytes_read >= 5_000_001 && figures.bytes_written >= 5_000_004);
}

#[test]
fn all_memory_of_the_region_comes_back() {
    let scene = Scene::new();
    let before = scene.client.figures();
    std::thread::scope(|scope| {
        for thread in 0..12u8 {
            let scene = &scene;
            scope.spawn(move || {
                let file = scene.open(&format!("file{thread}"), false);
                let bytes = pattern(3_000_000, thread);
                let mut found = vec![0; bytes.len()];
                for _ in 0..3 {
                    assert_eq!(file.write_at(&bytes, 0).unwrap(), bytes.len());
                    assert_eq!(file.read_at(&mut found, 0).unwrap(), bytes.len());
                    assert!(found == bytes);
                }
            });
        }
    });
    let after = scene.client.figures();
    assert_eq!(after.free_small_pages, before.free_small_pages);
    assert_eq!(after.free_large_pages, before.free_large_pages);
}

#[test]
fn the_program_is_who_the_server_asks_about() {
    // SAFETY: no memory involved.
    if unsafe { libc::geteuid() } != 0 {
        eprintln!("this test needs root, to be somebody else");
        return;
    }
    let scene = Scene::new();
    fs::write(scene.path("secret"), b"root's alone").unwrap();
    fs::set_permissions(scene.path("secret"), fs::Permissions::from_mode(0o600)).unwrap();
    let kernel = StdFile::open(scene.path("secret")).unwrap();
    // Control: for root it is opened.
    File::open(Some(scene.connect()), kernel.as_fd(), false).unwrap();
    // A thread with other rights has the descriptor all the same: the server refuses it.
    let refused = std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            // SAFETY: no memory involved. Of this thread alone, as the system call itself does it.
            unsafe {
                assert_eq!(libc::syscall(libc::SYS_setresgid, -1, 4321, -1), 0);
                assert_eq!(libc::syscall(libc::SYS_setresuid, -1, 4321, -1), 0);
            }
            File::open(Some(scene.connect()), kernel.as_fd(), false).map(|file| file.is_direct())
        });
        other.join().unwrap()
    });
    assert_eq!(errno(refused), libc::EACCES);
}

#[test]
fn a_restarted_server_is_waited_for_and_what_it_may_have_lost_is_told() {
    let scene = Scene::new();
    let file = scene.open("file", false);
    let bytes = pattern(100_000, 1);
    file.write_at(&bytes, 0).unwrap();
    file.fsync().unwrap();
    file.write_at(b"not synced", 0).unwrap();
    scene.restart_server();
    let mut found = vec![0; bytes.len()];
    assert_eq!(file.read_at(&mut found, 0).unwrap(), bytes.len());
    assert!(found[10..] == bytes[10..]);
    assert_eq!(errno(file.fsync()), libc::ECONNRESET);
    file.write_at(b"not synced", 0).unwrap();
    file.fsync().unwrap();
    assert!(file.is_direct());
}

#[test]
fn a_channel_that_ends_leaves_the_file_to_the_kernel() {
    let scene = Scene::new();
    let (strict, lenient) = (scene.open("file", false), scene.open("file", true));
    strict.write_at(b"by the channel", 0).unwrap();
    strict.fsync().unwrap();
    scene.client.close();
    assert_eq!(errno(strict.read_at(&mut [0; 4], 0)), libc::ENOTCONN);
    let mut found = [0; 14];
    assert_eq!(lenient.read_at(&mut found, 0).unwrap(), 14);
    assert_eq!(&found, b"by the channel");
    assert!(!lenient.is_direct());
}
