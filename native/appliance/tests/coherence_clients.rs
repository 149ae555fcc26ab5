//! What clients do, and which other clients are told of it.

mod audience;
#[path = "../../core/tests/scratch/mod.rs"]
mod scratch;
#[path = "../../core/tests/served/mod.rs"]
mod served;

use std::ffi::CString;
use std::fs;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use audience::{Client, serve};
use fsva_appliance::coherence::{Level, Options};
use fsva_channel::protocol::{CHANGED_ATTRIBUTES, CHANGED_DATA, CHANGED_DIRECTORY, CHANGED_NAME_REMOVED};
use fsva_core::caller::Door;
use fsva_core::errno::Errno;
use fsva_core::export_policy::ExportDefinition;
use fsva_core::foreign_buffer_unsafe::ForeignBytes;
use fsva_core::operations::create::{Create, How};
use fsva_core::operations::link::Link;
use fsva_core::operations::mkdir::Mkdir;
use fsva_core::operations::mknod::{Mknod, Special};
use fsva_core::operations::remove::Remove;
use fsva_core::operations::rename::Rename;
use fsva_core::operations::rmdir::Rmdir;
use fsva_core::operations::set_attributes::SetAttributes;
use fsva_core::operations::setacl::Setacl;
use fsva_core::operations::setattr::Setattr;
use fsva_core::operations::symlink::Symlink;
use fsva_core::operations::write::{Stable, Write};
use fsva_core::own_threads;
use scratch::{Scratch, have, isolated, run};
use served::{definition, handle, handle_of, listed, listing_plus, name, with_mode};

const BOTH: u16 = CHANGED_DIRECTORY | CHANGED_ATTRIBUTES;
/// Nothing is announced a second time.
const ONCE: Options = Options {
    known_max: 1 << 20,
    watch: true,
    answer_time: Duration::from_secs(3600),
};
/// Only what the core reports.
const UNWATCHED: Options = Options { watch: false, ..ONCE };

fn tmpfs(scratch: &Scratch, options: &str) -> PathBuf {
    let mount = scratch.directory("mnt");
    run("mount", &["-t", "tmpfs", "-o", options, "none", &mount]);
    mount.into()
}

fn writing(file: &[u8], data: &'static [u8]) -> Write {
    Write {
        file: handle(file),
        offset: 0,
        // SAFETY: it is there as long as the program.
        data: unsafe { ForeignBytes::new(data.as_ptr(), data.len()) },
        stable: Stable::Unstable,
    }
}

fn creating(directory: &[u8], text: &str) -> Create {
    Create {
        directory: handle(directory),
        name: name(text),
        how: How::Guarded(with_mode(0o644)),
    }
}

fn setting(object: &[u8], changes: SetAttributes) -> Setattr {
    Setattr {
        object: handle(object),
        changes,
        guard: None,
    }
}

#[test]
fn every_operation_of_a_client_is_told_to_the_others() {
    isolated("every_operation_of_a_client_is_told_to_the_others", || {
        let scratch = Scratch::new();
        let export = PathBuf::from(scratch.mount_image("ext4", "image", "mnt"));
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], UNWATCHED);
        let maker = Client::attached(&engine, &coherence, "10.0.0.1");
        // The same client by IPv6's name of it.
        let again = Client::attached(&engine, &coherence, "::ffff:10.0.0.1");
        let other = Client::attached(&engine, &coherence, "10.0.0.2");
        let root = maker.root(&export);
        for directory in ["one", "two"] {
            fs::create_dir(export.join(directory)).unwrap();
        }
        let [one, two] = ["one", "two"].map(|name| other.lookup(&root, name));
        for client in [&maker, &again] {
            client.getattr(&one).unwrap();
            client.getattr(&two).unwrap();
        }
        let told = &other.recorder;
        // Reported before the call is answered: nothing is waited for.
        let expect = |what: &[(&[u8], u16)]| {
            for (wire, what) in what {
                assert_eq!(told.told_of(wire) & what, *what, "{wire:?}");
            }
            let objects = told.handles();
            assert!(
                objects
                    .iter()
                    .all(|told| what.iter().any(|(wire, _)| told == wire))
            );
            told.clear();
        };
        macro_rules! does {
            ($operation:expr) => {
                maker.run($operation).unwrap().answer
            };
        }

        does!(creating(&one, "file"));
        expect(&[(&one, BOTH)]);
        let file = other.lookup(&one, "file");
        does!(writing(&file, b"1234"));
        expect(&[(&file, CHANGED_DATA | CHANGED_ATTRIBUTES)]);
        does!(setting(&file, with_mode(0o600)));
        expect(&[(&file, CHANGED_ATTRIBUTES)]);
        assert_eq!(told.told_of(&file), 0);
        does!(setting(
            &file,
            SetAttributes {
                size: Some(2),
                ..SetAttributes::default()
            }
        ));
        expect(&[(&file, CHANGED_DATA | CHANGED_ATTRIBUTES)]);
        does!(Create {
            how: How::Unchecked(SetAttributes {
                size: Some(0),
                ..SetAttributes::default()
            }),
            ..creating(&one, "file")
        });
        expect(&[(&file, CHANGED_DATA | CHANGED_ATTRIBUTES)]);
        does!(Setacl {
            object: handle(&file),
            access: Some(Vec::new()),
            default: None,
        });
        expect(&[(&file, CHANGED_ATTRIBUTES)]);
        does!(Mkdir {
            directory: handle(&one),
            name: name("dir"),
            attributes: with_mode(0o755),
        });
        expect(&[(&one, BOTH)]);
        let dir = other.lookup(&one, "dir");
        does!(Symlink {
            directory: handle(&one),
            name: name("symlink"),
            target: CString::new("target").unwrap(),
            attributes: SetAttributes::default(),
        });
        expect(&[(&one, BOTH)]);
        does!(Mknod {
            directory: handle(&one),
            name: name("fifo"),
            what: Special::Fifo,
            attributes: with_mode(0o600),
        });
        expect(&[(&one, BOTH)]);
        does!(Link {
            object: handle(&file),
            directory: handle(&two),
            name: name("link"),
        });
        expect(&[(&two, BOTH), (&file, CHANGED_ATTRIBUTES)]);
        let replaced = handle_of(&does!(creating(&two, "replaced")));
        other.getattr(&replaced).unwrap();
        told.clear();
        does!(Rename {
            from_directory: handle(&one),
            from_name: name("file"),
            to_directory: handle(&two),
            to_name: name("replaced"),
        });
        expect(&[
            (&one, BOTH),
            (&two, BOTH),
            (&file, CHANGED_ATTRIBUTES | CHANGED_NAME_REMOVED),
            (&replaced, CHANGED_NAME_REMOVED),
        ]);
        does!(Remove {
            directory: handle(&two),
            name: name("link"),
        });
        expect(&[(&two, BOTH), (&file, CHANGED_ATTRIBUTES | CHANGED_NAME_REMOVED)]);
        does!(Rmdir {
            directory: handle(&one),
            name: name("dir"),
        });
        expect(&[(&one, BOTH), (&dir, CHANGED_NAME_REMOVED)]);

        // What was refused changed nothing.
        let refused = Remove {
            directory: handle(&one),
            name: name("absent"),
        };
        assert_eq!(maker.run(refused).err(), Some(Errno::NOENT));
        let refused = Create {
            directory: handle(&two),
            name: name("replaced"),
            how: How::Guarded(with_mode(0o644)),
        };
        assert_eq!(maker.run(refused).err(), Some(Errno::EXIST));
        expect(&[]);

        // Its own kernel did all that; none of its sessions was told.
        assert!(maker.recorder.handles().is_empty());
        assert!(again.recorder.handles().is_empty());
    });
}

#[test]
fn what_comes_by_the_channel_is_told_to_its_own_client_too() {
    isolated("what_comes_by_the_channel_is_told_to_its_own_client_too", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch, "size=16m");
        fs::write(export.join("file"), "").unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], UNWATCHED);
        let mut client = Client::attached(&engine, &coherence, "10.0.0.1");
        let root = client.root(&export);
        let file = client.lookup(&root, "file");
        client.run(writing(&file, b"by NFS")).unwrap();
        assert_eq!(client.recorder.told_of(&file), 0);
        client.door = Door::SideChannel;
        client.run(writing(&file, b"by the channel")).unwrap();
        assert_eq!(client.recorder.told_of(&file), CHANGED_DATA | CHANGED_ATTRIBUTES);
    });
}

#[test]
fn a_write_that_only_fits_in_part_is_told() {
    isolated("a_write_that_only_fits_in_part_is_told", || {
        static MUCH: [u8; 1 << 20] = [1; 1 << 20];
        let scratch = Scratch::new();
        let export = tmpfs(&scratch, "size=64k");
        fs::write(export.join("file"), "").unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], UNWATCHED);
        let maker = Client::new(&engine, "10.0.0.1");
        let other = Client::attached(&engine, &coherence, "10.0.0.2");
        let root = other.root(&export);
        let file = other.lookup(&root, "file");
        let written = maker.run(writing(&file, &MUCH)).unwrap().answer.count;
        assert!((written as usize) < MUCH.len());
        assert_eq!(other.recorder.told_of(&file), CHANGED_DATA | CHANGED_ATTRIBUTES);
        other.recorder.clear();
        // Nothing fits any more, and nobody can say that nothing was done.
        let more = Write {
            offset: 1 << 20,
            ..writing(&file, &MUCH)
        };
        assert_eq!(maker.run(more).err(), Some(Errno::NOSPC));
        assert_eq!(other.recorder.told_of(&file), CHANGED_DATA | CHANGED_ATTRIBUTES);
    });
}

/// The kernel tells of what clients do as well; only what the core reported is passed on. And the control of all tests here:
/// without the core's report nobody is told.
#[test]
fn what_a_serving_thread_does_is_told_by_the_core_alone() {
    isolated("what_a_serving_thread_does_is_told_by_the_core_alone", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch, "size=16m");
        for file in ["file", "mark"] {
            fs::write(export.join(file), "").unwrap();
        }
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
        let maker = Client::attached(&engine, &coherence, "10.0.0.1");
        let other = Client::attached(&engine, &coherence, "10.0.0.2");
        let root = maker.root(&export);
        let [file, mark] = ["file", "mark"].map(|name| {
            maker.lookup(&root, name);
            other.lookup(&root, name)
        });
        let mark_now = || {
            run("touch", &[export.join("mark").to_str().unwrap()]);
            maker.recorder.wait_for(&mark, CHANGED_ATTRIBUTES);
            other.recorder.wait_for(&mark, CHANGED_ATTRIBUTES);
        };
        maker.run(writing(&file, b"1234")).unwrap();
        mark_now();
        assert_eq!(maker.recorder.told_of(&file), 0, "not by the kernel either");
        assert_eq!(other.recorder.told_of(&file), CHANGED_DATA | CHANGED_ATTRIBUTES);
        for client in [&maker, &other] {
            client.recorder.clear();
        }
        let path = export.join("file");
        let (written, is_written) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let unreported = std::thread::spawn(move || {
            own_threads::enter();
            fs::write(path, "5678").unwrap();
            written.send(()).unwrap();
            let _ = ends.recv();
        });
        is_written.recv().unwrap();
        mark_now();
        assert_eq!(other.recorder.told_of(&file), 0);
        drop(end);
        unreported.join().unwrap();
        // The same by a thread that serves nobody.
        let path = export.join("file");
        std::thread::spawn(move || fs::write(path, "9").unwrap())
            .join()
            .unwrap();
        other.recorder.wait_for(&file, CHANGED_DATA);
    });
}

/// FUSE cannot be watched, and is served by names of our own: what clients do is told all the same.
#[test]
fn on_fuse_clients_hear_of_clients_and_the_administrator_is_told_so() {
    isolated(
        "on_fuse_clients_hear_of_clients_and_the_administrator_is_told_so",
        || {
            assert!(have("bindfs", "bindfs"));
            let scratch = Scratch::new();
            let (below, export) = (scratch.directory("below"), scratch.directory("mnt"));
            run("bindfs", &[&below, &export]);
            fs::write(scratch.path("below/file"), "").unwrap();
            let export = PathBuf::from(export);
            let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
            let (_, observability) = coherence.exports().remove(0);
            assert_eq!(observability.coherence, Level::None);
            assert!(observability.why.contains("fuse"), "{}", observability.why);
            let maker = Client::new(&engine, "10.0.0.1");
            let other = Client::attached(&engine, &coherence, "10.0.0.2");
            let root = other.root(&export);
            let file = other.lookup(&root, "file");
            maker.run(writing(&file, b"1234")).unwrap();
            assert_eq!(other.recorder.told_of(&file), CHANGED_DATA | CHANGED_ATTRIBUTES);
            other.recorder.clear();
            maker
                .run(Rename {
                    from_directory: handle(&root),
                    from_name: name("file"),
                    to_directory: handle(&root),
                    to_name: name("moved"),
                })
                .unwrap();
            assert_eq!(other.recorder.told_of(&root), BOTH);
            assert_eq!(
                other.recorder.told_of(&file),
                CHANGED_ATTRIBUTES | CHANGED_NAME_REMOVED
            );
            other.recorder.clear();
            fs::write(scratch.path("below/moved"), "changed behind it").unwrap();
            maker.run(setting(&root, with_mode(0o700))).unwrap();
            assert_eq!(other.recorder.told_of(&root), CHANGED_ATTRIBUTES);
            assert_eq!(other.recorder.told_of(&file), 0, "what was said of it is true");
        },
    );
}

#[test]
fn an_export_without_side_channel_is_nobodys() {
    isolated("an_export_without_side_channel_is_nobodys", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch, "size=16m");
        fs::write(export.join("file"), "").unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], ONCE);
        let definition = |side_channel, mapped_stores| ExportDefinition {
            side_channel,
            mapped_stores,
            ..definition(&export)
        };
        let level = || coherence.exports()[0].1.coherence;
        let maker = Client::new(&engine, "10.0.0.1");
        let other = Client::attached(&engine, &coherence, "10.0.0.2");
        let root = other.root(&export);
        let file = other.lookup(&root, "file");
        let write = || {
            other.recorder.clear();
            other.getattr(&file).unwrap();
            maker.run(writing(&file, b"1234")).unwrap();
            other.recorder.told_of(&file)
        };
        assert_eq!(
            (level(), write()),
            (Level::Partial, CHANGED_DATA | CHANGED_ATTRIBUTES)
        );
        engine.load_exports(vec![definition(false, true)]).unwrap();
        assert_eq!((level(), write()), (Level::None, 0));
        // Whoever kept something from before has to ask again.
        let resyncs = other.recorder.resyncs();
        engine.load_exports(vec![definition(true, false)]).unwrap();
        other.recorder.wait_for_resync(resyncs);
        assert_eq!(
            (level(), write()),
            (Level::Complete, CHANGED_DATA | CHANGED_ATTRIBUTES)
        );
    });
}

/// The handles of the entries that READDIRPLUS answers.
fn handles_in(client: &Client, directory: &[u8]) -> Vec<Vec<u8>> {
    let reply = client.run(listing_plus(directory, 4096)).unwrap();
    let entries = listed(&reply.bytes, true);
    entries.into_iter().filter_map(|entry| entry.handle).collect()
}

#[test]
fn a_handle_is_known_however_it_was_given() {
    isolated("a_handle_is_known_however_it_was_given", || {
        let scratch = Scratch::new();
        let export = tmpfs(&scratch, "size=16m");
        fs::create_dir_all(export.join("dir/inner")).unwrap();
        let (engine, coherence) = serve(&scratch.path("state"), &[&export], UNWATCHED);
        let other = Client::new(&engine, "10.0.0.1");
        let (root, dir, inner) = {
            let root = other.root(&export);
            let dir = other.lookup(&root, "dir");
            let inner = other.lookup(&dir, "inner");
            (root, dir, inner)
        };
        // A client that is given handles in this one way.
        let mut last = 1;
        let mut expect = |what: &str, wire: &[u8], give: &dyn Fn(&Client)| {
            last += 1;
            let client = Client::attached(&engine, &coherence, &format!("10.0.0.{last}"));
            let mode = |mode| other.run(setting(wire, with_mode(mode))).unwrap();
            mode(0o700);
            assert_eq!(client.recorder.told_of(wire), 0, "{what}: not yet");
            give(&client);
            mode(0o755);
            assert_eq!(client.recorder.told_of(wire), CHANGED_ATTRIBUTES, "{what}");
        };
        expect("MNT", &root, &|client| assert_eq!(client.root(&export), root));
        expect("LOOKUP", &dir, &|client| {
            assert_eq!(client.lookup(&root, "dir"), dir)
        });
        expect("LOOKUP shows the directory", &root, &|client| {
            drop(client.lookup(&root, "dir"))
        });
        expect("LOOKUP ..", &dir, &|client| {
            assert_eq!(client.lookup(&inner, ".."), dir)
        });
        expect("GETATTR", &inner, &|client| drop(client.getattr(&inner).unwrap()));
        expect("READDIRPLUS", &inner, &|client| {
            assert!(handles_in(client, &dir).contains(&inner));
        });
        expect("READDIRPLUS once more", &inner, &|client| {
            assert!(handles_in(client, &dir).contains(&inner));
        });
        expect("READDIRPLUS shows the directory", &dir, &|client| {
            assert!(handles_in(client, &dir).contains(&dir));
        });
        let maker = Client::attached(&engine, &coherence, "10.0.0.100");
        let made = handle_of(&maker.run(creating(&dir, "made")).unwrap().answer);
        other.run(setting(&made, with_mode(0o600))).unwrap();
        assert_eq!(maker.recorder.told_of(&made), CHANGED_ATTRIBUTES, "CREATE");
    });
}
