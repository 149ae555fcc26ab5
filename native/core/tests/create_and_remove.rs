//! CREATE and REMOVE where files are memory: what they leave open, and what they say.

mod scratch;
mod served;

use std::fs;
use std::sync::atomic::Ordering;

use fsva_core::operations::create::{Create, How};
use fsva_core::operations::remove::Remove;
use fsva_core::operations::set_attributes::SetAttributes;
use fsva_core::operations::write::Stable;
use served::{ALICE, ROOT, Served, handle, handle_of, name, on_tmpfs, with_mode};

impl Served {
    fn open_descriptors(&self) -> usize {
        self.engine.objects.descriptors.load(Ordering::Relaxed)
    }

    fn creating(&self, text: &str, how: How) -> Create {
        Create {
            directory: handle(&self.root),
            name: name(text),
            how,
        }
    }

    fn removing(&self, text: &str) -> Remove {
        Remove {
            directory: handle(&self.root),
            name: name(text),
        }
    }
}

#[test]
fn a_new_file_is_open_once_and_a_removed_one_not_at_all() {
    on_tmpfs(
        "a_new_file_is_open_once_and_a_removed_one_not_at_all",
        |_, served| {
            let before = served.open_descriptors();
            // Nobody may write to it later: it goes on being written to by who has made it.
            let create = served.creating("file", How::Guarded(with_mode(0o400)));
            let file = handle_of(&served.inline(ALICE, create).expect("at once"));
            assert_eq!(served.open_descriptors(), before + 1);
            served.write(ALICE, &file, 0, b"data", Stable::Unstable).unwrap();
            assert_eq!(served.read(ALICE, &file, 0, 10).unwrap(), b"data");
            assert_eq!(served.open_descriptors(), before + 1);

            assert!(served.inline(ALICE, served.removing("file")).is_some());
            assert_eq!(served.open_descriptors(), before);
        },
    );
}

#[test]
fn a_new_file_is_described_as_it_is() {
    on_tmpfs("a_new_file_is_described_as_it_is", |_, served| {
        let ways = [
            How::Guarded(with_mode(0o640)),
            How::Unchecked(SetAttributes {
                size: Some(5),
                ..with_mode(0o600)
            }),
            How::Guarded(SetAttributes {
                uid: Some(77),
                gid: Some(78),
                ..with_mode(0o4755)
            }),
            How::Exclusive([3; 8]),
        ];
        for (number, how) in ways.into_iter().enumerate() {
            let answer = served
                .inline(ROOT, served.creating(&number.to_string(), how))
                .expect("at once");
            assert_eq!(answer.status, 0);
            assert_eq!(served.getattr(&handle_of(&answer)), Ok(answer.object), "{how:?}");
        }
    });
}

#[test]
fn what_has_the_name_now_is_removed_and_nothing_else_forgotten() {
    on_tmpfs(
        "what_has_the_name_now_is_removed_and_nothing_else_forgotten",
        |mount, served| {
            let create = |text| {
                let create = served.creating(text, How::Guarded(with_mode(0o644)));
                handle_of(&served.inline(ROOT, create).expect("at once"))
            };
            let (one, two) = (create("one"), create("two"));
            fs::hard_link(mount.join("two"), mount.join("also two")).unwrap();
            fs::rename(mount.join("one"), mount.join("two")).unwrap();
            assert!(served.inline(ROOT, served.removing("two")).is_some());
            assert!(served.getattr(&one).is_err(), "it had that name");
            assert_eq!(served.getattr(&two).unwrap().nlink, 1);
            assert!(served.inline(ROOT, served.removing("also two")).is_some());
            assert!(served.getattr(&two).is_err());
        },
    );
}
