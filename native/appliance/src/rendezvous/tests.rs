use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use fsva_channel::frame::{FRAME_BYTES_MAX, FrameReader, send_frame};

use super::*;

const LONG: Duration = Duration::from_secs(60);

fn listen(endpoint: &Endpoint) -> (Rendezvous, Receiver<Arrival>) {
    let (sender, receiver) = channel();
    // The test may have ended.
    let rendezvous = Rendezvous::listen(endpoint, move |arrival| drop(sender.send(arrival))).unwrap();
    (rendezvous, receiver)
}

fn local() -> (tempfile::TempDir, Endpoint, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("run").join("nfsd.sock");
    (directory, Endpoint::Unix(path.clone()), path)
}

fn remote() -> (Rendezvous, Receiver<Arrival>, SocketAddr) {
    let (rendezvous, arrivals) = listen(&Endpoint::Tcp((Ipv4Addr::LOCALHOST, 0).into()));
    let Endpoint::Tcp(address) = *rendezvous.endpoint() else {
        panic!("it listens by TCP");
    };
    (rendezvous, arrivals, address)
}

fn hello(arrivals: &Receiver<Arrival>) -> Hello {
    match arrivals.recv_timeout(LONG).unwrap() {
        Arrival::Hello(hello) => hello,
        Arrival::Refused(refusal) => panic!("refused: {}", refusal.why),
    }
}

fn refusal(arrivals: &Receiver<Arrival>) -> Refusal {
    match arrivals.recv_timeout(LONG).unwrap() {
        Arrival::Hello(hello) => panic!("heard {}", hello.text),
        Arrival::Refused(refusal) => refusal,
    }
}

#[test]
fn who_speaks_is_heard_and_refused_in_words() {
    let (_directory, endpoint, path) = local();
    let (_rendezvous, arrivals) = listen(&endpoint);
    let client = UnixStream::connect(&path).unwrap();
    send_frame(client.as_fd(), "{\"fsva\":1}", &[client.as_fd()]).unwrap();
    let hello = hello(&arrivals);
    assert_eq!(hello.text, "{\"fsva\":1}");
    assert!(hello.has_memory());
    let me = Peer::Local {
        uid: own_user(),
        pid: std::process::id() as i32,
    };
    assert_eq!(hello.peer, me);
    hello.refuse("no");
    let answer = FrameReader::default().read(client.as_fd()).unwrap().unwrap();
    assert_eq!(answer.text, "no");
    assert_eq!((&client).read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_remote_peer_is_who_the_kernel_says() {
    let (_rendezvous, arrivals, address) = remote();
    let client = TcpStream::connect(address).unwrap();
    send_frame(client.as_fd(), "{}", &[]).unwrap();
    let heard = hello(&arrivals);
    assert_eq!(heard.peer, Peer::Remote(client.local_addr().unwrap()));
    assert!(!heard.has_memory());
}

#[test]
fn nonsense_is_dropped_and_others_are_heard() {
    let (_rendezvous, arrivals, address) = remote();
    let too_long = (FRAME_BYTES_MAX as u32 + 1).to_le_bytes();
    let no_text = [2, 0, 0, 0, 0xff, 0xfe];
    for bytes in [&[0; 4][..], &[0xff; 8], &too_long, &no_text] {
        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(bytes).unwrap();
        assert_eq!(refusal(&arrivals).why, "what it said is not of this protocol");
        // The end, or a reset if there was more than was read.
        assert!(!matches!(client.read(&mut [0]), Ok(1..)));
    }
    let mut half = TcpStream::connect(address).unwrap();
    half.write_all(&[9, 0, 0, 0, b'{']).unwrap();
    drop(half);
    assert_eq!(
        refusal(&arrivals).why,
        "it closed the connection before it had said anything"
    );
    let client = TcpStream::connect(address).unwrap();
    send_frame(client.as_fd(), "here", &[]).unwrap();
    assert_eq!(hello(&arrivals).text, "here");
}

#[test]
fn who_says_nothing_is_dropped_in_time() {
    let (_rendezvous, arrivals, address) = remote();
    let (mut silent, mut slow) = (
        TcpStream::connect(address).unwrap(),
        TcpStream::connect(address).unwrap(),
    );
    slow.write_all(&[200, 0, 0, 0]).unwrap();
    let dripping = std::thread::spawn(move || {
        while slow.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    for _ in 0..2 {
        assert_eq!(
            refusal(&arrivals).why,
            "it said nothing, or not all of it, for 5 s"
        );
    }
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
    dripping.join().unwrap();
}

#[test]
fn a_thousand_connections_displace_each_other_and_nobody_who_speaks() {
    let (_rendezvous, arrivals, address) = remote();
    let crowd: Vec<TcpStream> = (0..1000).map(|_| TcpStream::connect(address).unwrap()).collect();
    let client = TcpStream::connect(address).unwrap();
    send_frame(client.as_fd(), "here", &[]).unwrap();
    let mut told = 0;
    let heard = loop {
        match arrivals.recv_timeout(LONG).unwrap() {
            Arrival::Hello(hello) => break hello,
            Arrival::Refused(refusal) => told += 1 + refusal.untold,
        }
    };
    assert_eq!(heard.text, "here");
    assert!(told > 0);
    drop(crowd);
}

#[test]
fn undecided_ones_hold_up_the_next_until_they_are_decided() {
    let (_rendezvous, arrivals, address) = remote();
    let speak = || {
        let client = TcpStream::connect(address).unwrap();
        send_frame(client.as_fd(), "here", &[]).unwrap();
        client
    };
    let clients: Vec<TcpStream> = (0..=UNDECIDED_MAX).map(|_| speak()).collect();
    let mut undecided: Vec<Hello> = (0..UNDECIDED_MAX).map(|_| hello(&arrivals)).collect();
    assert!(arrivals.recv_timeout(4 * RETRY_DELAY).is_err());
    undecided.pop();
    assert_eq!(hello(&arrivals).text, "here");
    drop(clients);
}

#[test]
fn a_dead_servers_socket_is_replaced_and_a_live_ones_is_not() {
    let (_directory, endpoint, path) = local();
    let (first, _arrivals) = listen(&endpoint);
    let taken = Rendezvous::listen(&endpoint, drop).err().unwrap();
    assert_eq!(taken.cause.kind(), ErrorKind::AddrInUse);
    drop(first);
    assert!(!path.exists(), "a server that ends cleans up");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "as a killed one leaves it");
    let (_second, arrivals) = listen(&endpoint);
    let client = UnixStream::connect(&path).unwrap();
    send_frame(client.as_fd(), "here", &[]).unwrap();
    assert_eq!(hello(&arrivals).text, "here");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn no_file_but_a_socket_is_removed() {
    let (directory, _, _) = local();
    let path = directory.path().join("file");
    std::fs::write(&path, "somebody's").unwrap();
    assert!(Rendezvous::listen(&Endpoint::Unix(path.clone()), drop).is_err());
    assert_eq!(std::fs::read(&path).unwrap(), b"somebody's");
}

/// What the descriptors of this process lead to, and their flags. Those of other tests come and go.
fn descriptors() -> Vec<(String, i32)> {
    let entries = std::fs::read_dir("/proc/self/fd").unwrap();
    entries
        .filter_map(|entry| {
            let entry = entry.ok()?.path();
            let target = std::fs::read_link(&entry).ok()?;
            let info = Path::new("/proc/self/fdinfo").join(entry.file_name()?);
            let info = std::fs::read_to_string(info).ok()?;
            let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
            let flags = i32::from_str_radix(flags.trim(), 8).ok()?;
            Some((target.to_string_lossy().into_owned(), flags))
        })
        .collect()
}

#[test]
fn a_program_that_is_started_inherits_nothing() {
    // What whoever started the tests left open is not ours.
    let before: Vec<String> = descriptors().into_iter().map(|(target, _)| target).collect();
    let (_directory, endpoint, path) = local();
    let (_rendezvous, arrivals) = listen(&endpoint);
    let client = UnixStream::connect(&path).unwrap();
    send_frame(client.as_fd(), "here", &[client.as_fd()]).unwrap();
    let _hello = hello(&arrivals);
    let mut sockets = 0;
    for (target, flags) in descriptors() {
        if target.starts_with("socket:") && !before.contains(&target) {
            assert!(flags & libc::O_CLOEXEC != 0, "{target}");
            sockets += 1;
        }
    }
    assert!(sockets >= 4, "the listener, both ends, and what was passed");
}
