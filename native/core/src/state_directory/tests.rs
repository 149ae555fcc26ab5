use std::os::unix::fs::PermissionsExt;

use super::*;

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn refused(path: &Path) -> String {
    StateDirectory::open(path)
        .err()
        .expect("it must be refused")
        .to_string()
}

#[test]
fn is_made_private_with_a_key_that_stays() {
    let scratch = scratch();
    let path = scratch.path().join("state");
    let key = *StateDirectory::open(&path).unwrap().key().as_bytes();
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join(KEY_FILE)), 0o600);
    assert_eq!(mode(&path.join(LOCK_FILE)), 0o600);
    assert_ne!(key, [0; KEY_BYTES]);
    assert_eq!(*StateDirectory::open(&path).unwrap().key().as_bytes(), key);
    let other = scratch.path().join("other");
    assert_ne!(*StateDirectory::open(&other).unwrap().key().as_bytes(), key);
}

#[test]
fn belongs_to_one_server_at_a_time() {
    let scratch = scratch();
    let path = scratch.path().join("state");
    let first = StateDirectory::open(&path).unwrap();
    let message = refused(&path);
    assert!(message.contains("in use"), "{message}");
    assert!(message.contains(&std::process::id().to_string()), "{message}");
    drop(first);
    StateDirectory::open(&path).unwrap();
}

#[test]
fn a_key_of_the_wrong_length_is_never_replaced() {
    for length in [0, 1, KEY_BYTES - 1, KEY_BYTES + 1, 4096] {
        let scratch = scratch();
        let path = scratch.path().join("state");
        drop(StateDirectory::open(&path).unwrap());
        let key = path.join(KEY_FILE);
        std::fs::write(&key, vec![7; length]).unwrap();
        let message = refused(&path);
        assert!(message.contains(&format!("{length} bytes")), "{message}");
        assert_eq!(std::fs::read(&key).unwrap(), vec![7; length]);
    }
}

#[test]
fn a_key_that_others_may_read_or_that_is_no_file_is_refused() {
    let scratch = scratch();
    let path = scratch.path().join("state");
    drop(StateDirectory::open(&path).unwrap());
    let key = path.join(KEY_FILE);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(refused(&path).contains("other users"));
    std::fs::rename(&key, path.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &key).unwrap();
    refused(&path);
    std::fs::remove_file(&key).unwrap();
    std::fs::create_dir(&key).unwrap();
    assert!(refused(&path).contains("not a regular file"));
}

#[test]
fn a_directory_that_others_may_write_is_refused() {
    let scratch = scratch();
    let path = scratch.path().join("state");
    drop(StateDirectory::open(&path).unwrap());
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o770)).unwrap();
    assert!(refused(&path).contains("chmod 700"));
    std::fs::write(scratch.path().join("file"), "").unwrap();
    assert!(refused(&scratch.path().join("file")).contains("not a directory"));
    assert!(refused(&scratch.path().join("no/such/parent")).contains("cannot create"));
}

#[test]
fn a_crash_while_the_key_was_made_leaves_no_key() {
    let scratch = scratch();
    let path = scratch.path().join("state");
    drop(StateDirectory::open(&path).unwrap());
    std::fs::remove_file(path.join(KEY_FILE)).unwrap();
    std::fs::write(path.join(NEW_KEY_FILE), [1; 5]).unwrap();
    drop(StateDirectory::open(&path).unwrap());
    assert_eq!(
        std::fs::metadata(path.join(KEY_FILE)).unwrap().len(),
        KEY_BYTES as u64
    );
    assert!(!path.join(NEW_KEY_FILE).exists());
}
