//! LOOKUP of what is open already, which is known by its inode: a name leads to what it leads to now.

mod scratch;
mod served;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fsva_core::errno::Errno;
use fsva_core::operations::lookup::Lookup;
use scratch::{Scratch, isolated, run};
use served::{ROOT, Served, Wire, definition, handle, handle_of, name};

/// On a file system whose names may be looked at without waiting, and on one where they may not.
fn on_tmpfs_and_ext4(test_name: &str, test: impl Fn(&Path, &Served)) {
    isolated(test_name, || {
        let scratch = Scratch::new();
        scratch.mount_image("ext4", "image", "ext4");
        let tmpfs = scratch.path("tmpfs");
        fs::create_dir(&tmpfs).unwrap();
        run("mount", &["-t", "tmpfs", "tmpfs", tmpfs.to_str().unwrap()]);
        for export in ["ext4", "tmpfs"] {
            let state = scratch.path(&format!("state-{export}"));
            fs::create_dir(&state).unwrap();
            fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
            let export = scratch.path(export);
            test(&export, &Served::new(&state, &export));
        }
    });
}

impl Served {
    /// What the event loop says, which knows it from the second time on.
    fn found(&self, directory: &[u8], text: &str) -> Wire {
        let lookup = || Lookup {
            directory: handle(directory),
            name: name(text),
        };
        self.inline(ROOT, lookup());
        let answer = self.inline(ROOT, lookup()).expect("it is open");
        assert_eq!(answer.status, 0);
        let wire = handle_of(&answer);
        assert_eq!(self.getattr(&wire), Ok(answer.object));
        assert_eq!(
            self.lookup(ROOT, directory, text).as_ref(),
            Ok(&wire),
            "in a pool"
        );
        wire
    }
}

#[test]
fn a_name_leads_to_what_others_made_of_it() {
    on_tmpfs_and_ext4("a_name_leads_to_what_others_made_of_it", |export, served| {
        let root = &served.root;
        fs::write(export.join("one"), "1").unwrap();
        fs::write(export.join("two"), "22").unwrap();
        let (one, two) = (served.found(root, "one"), served.found(root, "two"));
        assert_ne!(one, two);

        fs::hard_link(export.join("one"), export.join("another")).unwrap();
        assert_eq!(served.found(root, "another"), one);
        fs::rename(export.join("two"), export.join("one")).unwrap();
        assert_eq!(served.found(root, "one"), two);
        assert_eq!(served.found(root, "another"), one);

        fs::remove_file(export.join("one")).unwrap();
        let gone = served.lookup(ROOT, root, "one");
        assert_eq!(gone, Err(Errno::NOENT));
        symlink("another", export.join("one")).unwrap();
        let link = served.found(root, "one");
        assert!(![&one, &two].contains(&&link), "the link itself");
        fs::create_dir(export.join("directory")).unwrap();
        fs::write(export.join("directory/one"), "3").unwrap();
        let below = served.found(&served.found(root, "directory"), "one");
        assert!(![&one, &two, &link].contains(&&below));
    });
}

#[test]
fn an_inode_number_that_is_used_again_is_another_file() {
    on_tmpfs_and_ext4(
        "an_inode_number_that_is_used_again_is_another_file",
        |export, served| {
            let (root, path) = (&served.root, export.join("f"));
            let number = || fs::metadata(&path).unwrap().ino();
            let mut reused = 0;
            for round in 0..5 {
                fs::write(&path, "1").unwrap();
                let (before, old) = (number(), served.found(root, "f"));
                // Removed by us it is closed, and its number free; removed by others it is open as long as it is known.
                if round % 2 == 0 {
                    let descriptors = || served.engine.objects.descriptors.load(Ordering::Relaxed);
                    let open = descriptors();
                    served.remove(ROOT, root, "f").unwrap();
                    let deadline = Instant::now() + Duration::from_secs(60);
                    while descriptors() >= open {
                        assert!(Instant::now() < deadline, "it is not closed");
                        std::thread::sleep(Duration::from_millis(1));
                    }
                } else {
                    fs::remove_file(&path).unwrap();
                }
                fs::write(&path, "22").unwrap();
                let new = served.found(root, "f");
                assert_ne!(new, old);
                assert_eq!(served.getattr(&new).unwrap().size, 2);
                reused += usize::from(number() == before);
                served.remove(ROOT, root, "f").unwrap();
            }
            let is_ext4 = export.ends_with("ext4");
            assert_eq!(
                reused > 0,
                is_ext4,
                "ext4 gives numbers again, or this shows nothing"
            );
        },
    );
}

#[test]
fn what_is_mounted_on_a_name_is_found_instead() {
    on_tmpfs_and_ext4("what_is_mounted_on_a_name_is_found_instead", |export, served| {
        let root = &served.root;
        for directory in ["source", "target"] {
            fs::create_dir(export.join(directory)).unwrap();
        }
        let (source, target) = (served.found(root, "source"), served.found(root, "target"));
        let words = ["source", "target"].map(|word| export.join(word).to_str().unwrap().to_owned());
        run("mount", &["--bind", &words[0], &words[1]]);
        let mounted = served.lookup(ROOT, root, "target").unwrap();
        assert!(
            ![&source, &target].contains(&&mounted),
            "the same inode by another mount has a handle of its own"
        );
        assert_eq!(served.found(root, "source"), source);
        // It is known, so it is in use.
        run("umount", &["--lazy", &words[1]]);
        assert_eq!(served.found(root, "target"), target);
    });
}

#[test]
fn each_export_has_its_own_handle() {
    on_tmpfs_and_ext4("each_export_has_its_own_handle", |export, served| {
        let inner = export.join("inner");
        fs::create_dir_all(inner.join("directory")).unwrap();
        fs::write(inner.join("directory/f"), "1").unwrap();
        served
            .engine
            .load_exports(vec![definition(export), definition(&inner)])
            .unwrap();
        let outer_way = served.resolve(export, "inner/directory").unwrap();
        let inner_way = served.resolve(&inner, "directory").unwrap();
        let (by_outer, by_inner) = (served.found(&outer_way, "f"), served.found(&inner_way, "f"));
        assert_ne!(by_outer, by_inner);
        assert_eq!(served.found(&outer_way, "f"), by_outer);
        assert_eq!(served.found(&inner_way, "f"), by_inner);
    });
}
