//! Whose rights an operation has: the caller's, with every call anew.

mod scratch;
mod served;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use fsva_core::errno::Errno;
use fsva_core::operations::access::{self, Access};
use fsva_core::operations::create::{Create, How};
use fsva_core::operations::write::Stable;
use served::{ALICE, BOB, ROOT, handle, name, on_ext4, reading, settle, with_mode};

#[test]
fn files_belong_to_the_caller_and_no_umask_applies() {
    on_ext4(
        "files_belong_to_the_caller_and_no_umask_applies",
        |scratch, served| {
            // Through the pool, whose threads have a umask of their own.
            let create = Create {
                directory: handle(&served.root),
                name: name("file"),
                how: How::Guarded(with_mode(0o666)),
            };
            assert!(served.inline(ALICE, create).is_none());
            let metadata = fs::metadata(scratch.path("mnt/file")).unwrap();
            assert_eq!(
                (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777),
                (ALICE, ALICE, 0o666)
            );
            // SAFETY: no memory involved.
            let own = unsafe { (libc::setfsuid(u32::MAX), libc::setfsgid(u32::MAX)) };
            assert_eq!(own, (0, 0), "the test's own thread is root still");
        },
    );
}

#[test]
fn one_users_open_file_is_no_other_users() {
    on_ext4("one_users_open_file_is_no_other_users", |_, served| {
        for owner in [ALICE, ROOT] {
            let text = format!("secret of {owner}");
            let file = served.create(owner, &served.root, &text, 0o600).unwrap();
            served
                .write(owner, &file, 0, b"secret", Stable::Unstable)
                .unwrap();
            assert_eq!(served.read(owner, &file, 0, 10).unwrap(), b"secret");
            settle();
            for _ in 0..3 {
                assert_eq!(served.read(BOB, &file, 0, 10).unwrap_err(), Errno::ACCES);
                let status = served
                    .inline(BOB, reading(&file, 0, &mut [0; 10]))
                    .unwrap()
                    .status;
                assert_eq!(status as i32, libc::EACCES);
                let refused = served.write(BOB, &file, 0, b"x", Stable::Unstable);
                assert_eq!(refused.unwrap_err(), Errno::ACCES);
            }
        }
    });
}

#[test]
fn a_permission_taken_away_is_gone_with_the_next_call() {
    on_ext4(
        "a_permission_taken_away_is_gone_with_the_next_call",
        |scratch, served| {
            let directory = served.mkdir(ALICE, &served.root, "d", 0o755).unwrap();
            let file = served.create(ALICE, &directory, "f", 0o644).unwrap();
            served.read(ALICE, &file, 0, 1).unwrap();
            for _ in 0..20 {
                settle();
                for _ in 0..2 {
                    assert_eq!(
                        served.inline(BOB, reading(&file, 0, &mut [0; 1])).unwrap().status,
                        0
                    );
                    assert!(served.lookup(BOB, &directory, "f").is_ok());
                }
                served.setattr(ALICE, &file, with_mode(0o600)).unwrap();
                served.setattr(ALICE, &directory, with_mode(0o700)).unwrap();
                assert_eq!(served.read(BOB, &file, 0, 1).unwrap_err(), Errno::ACCES);
                assert_eq!(served.lookup(BOB, &directory, "f").unwrap_err(), Errno::ACCES);
                // Behind the server's back, and at once.
                for path in ["mnt/d", "mnt/d/f"] {
                    fs::set_permissions(scratch.path(path), fs::Permissions::from_mode(0o755)).unwrap();
                }
                assert!(served.lookup(BOB, &directory, "f").is_ok());
                assert!(served.read(BOB, &file, 0, 1).is_ok());
            }
        },
    );
}

#[test]
fn access_control_lists_count() {
    on_ext4("access_control_lists_count", |scratch, served| {
        let file = served.create(ALICE, &served.root, "f", 0o640).unwrap();
        let granted = || {
            let wanted = access::READ | access::MODIFY;
            served
                .run(
                    BOB,
                    &Access {
                        object: handle(&file),
                        wanted,
                    },
                )
                .unwrap()
                .answer
                .count
        };
        settle();
        assert_eq!(granted(), 0);
        set_acl(&scratch.path("mnt/f"), &acl_with_reader(BOB));
        assert_eq!(granted(), access::READ);
        settle();
        assert_eq!((granted(), granted()), (access::READ, access::READ));
        set_acl(&scratch.path("mnt/f"), &acl_with_reader(ALICE));
        assert_eq!(granted(), 0);
    });
}

/// The extended attribute system.posix_acl_access: rw-r----- and one more reader.
fn acl_with_reader(uid: u32) -> Vec<u8> {
    const NOBODY: u32 = u32::MAX;
    let entries = [
        (0x01, 6, NOBODY),
        (0x02, 4, uid),
        (0x04, 4, NOBODY),
        (0x10, 4, NOBODY),
        (0x20, 0, NOBODY),
    ];
    let mut bytes = 2u32.to_le_bytes().to_vec();
    for (tag, permissions, id) in entries {
        bytes.extend(u16::to_le_bytes(tag));
        bytes.extend(u16::to_le_bytes(permissions));
        bytes.extend(u32::to_le_bytes(id));
    }
    bytes
}

fn set_acl(path: &std::path::Path, acl: &[u8]) {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let attribute = c"system.posix_acl_access";
    // SAFETY: both names are NUL-terminated, the value has the length given.
    let returned = unsafe {
        libc::setxattr(
            path.as_ptr(),
            attribute.as_ptr(),
            acl.as_ptr().cast(),
            acl.len(),
            0,
        )
    };
    assert_eq!(returned, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn many_callers_at_once_keep_their_own_rights() {
    const FILES: u32 = 2000;
    on_ext4("many_callers_at_once_keep_their_own_rights", |scratch, served| {
        let owner = |number: u32| 2000 + number % 50;
        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    for number in (thread..FILES).step_by(8) {
                        let text = number.to_string();
                        served.create(owner(number), &served.root, &text, 0o600).unwrap();
                    }
                });
            }
        });
        for number in 0..FILES {
            let metadata = fs::metadata(scratch.path(&format!("mnt/{number}"))).unwrap();
            assert_eq!(
                (metadata.uid(), metadata.gid()),
                (owner(number), owner(number)),
                "{number}"
            );
        }
        std::thread::scope(|scope| {
            for thread in 0..8 {
                scope.spawn(move || {
                    for number in (thread..FILES).step_by(8) {
                        let wire = served
                            .lookup(owner(number), &served.root, &number.to_string())
                            .unwrap();
                        assert!(served.read(owner(number), &wire, 0, 1).is_ok());
                        let refused = served.read(owner(number + 1), &wire, 0, 1);
                        assert_eq!(refused.unwrap_err(), Errno::ACCES);
                    }
                });
            }
        });
    });
}
