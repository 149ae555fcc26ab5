//! /proc/self/mountinfo (proc_pid_mountinfo(5)).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// One line: a mount of this process's mount namespace.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mount {
    /// What statx gives as stx_mnt_id (STATX_MNT_ID); reused after an unmount.
    pub id: u64,
    pub parent: u64,
    /// major, minor of st_dev: tells two file systems apart now, says nothing after a reboot.
    pub device: (u32, u32),
    /// The directory inside the file system that is mounted here.
    pub root: PathBuf,
    pub mount_point: PathBuf,
    /// Per-mount options such as "ro,nosuid".
    pub options: String,
    pub type_name: String,
    pub source: String,
    /// Per-superblock options.
    pub super_options: String,
}

/// All mounts in the file's order (a later one covers an earlier one of the same mount point); lines of an unknown
/// form are left out.
pub fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|&byte| byte == b'\n').filter_map(parse_line).collect()
}

fn parse_line(line: &[u8]) -> Option<Mount> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = number(fields.next()?)?;
    let parent = number(fields.next()?)?;
    let device = text(fields.next()?);
    let (major, minor) = device.split_once(':')?;
    let device = (major.parse().ok()?, minor.parse().ok()?);
    let root = path(fields.next()?);
    let mount_point = path(fields.next()?);
    let options = text(fields.next()?);
    // Zero or more optional fields end at a lone "-".
    fields.by_ref().find(|field| *field == b"-")?;
    let type_name = text(fields.next()?);
    let source = text(fields.next()?);
    let super_options = text(fields.next().unwrap_or_default());
    Some(Mount {
        id,
        parent,
        device,
        root,
        mount_point,
        options,
        type_name,
        source,
        super_options,
    })
}

fn number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.parse().ok()
}

fn text(field: &[u8]) -> String {
    String::from_utf8_lossy(&unescape(field)).into_owned()
}

fn path(field: &[u8]) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescape(field)))
}

/// Space, tab, newline, backslash and '#' are written as a backslash and three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', tail @ ..]) => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = tail;
            }
            _ => {
                bytes.push(first);
                rest = tail;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn reads_every_field() {
        let line = b"36 35 98:0 /mnt1 /mnt\\040with\\011white\\134 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n";
        let expected = Mount {
            id: 36,
            parent: 35,
            device: (98, 0),
            root: "/mnt1".into(),
            mount_point: "/mnt with\twhite\\".into(),
            options: "rw,noatime".into(),
            type_name: "ext3".into(),
            source: "/dev/root".into(),
            super_options: "rw,errors=continue".into(),
        };
        assert_eq!(parse(line), [expected]);
    }

    #[test]
    fn keeps_bytes_that_are_no_text_and_lone_backslashes() {
        let mounts = parse(b"1 0 0:1 / /a\xff\\04x\\9 rw - tmpfs none rw");
        assert_eq!(
            mounts[0].mount_point,
            PathBuf::from(OsString::from_vec(b"/a\xff\\04x\\9".to_vec()))
        );
    }

    #[test]
    fn skips_what_it_does_not_know() {
        assert_eq!(
            parse(b"1 0 0:1 / /a rw shared:1\nnonsense\n\n1 0 01 / /a rw - a b c"),
            []
        );
    }

    #[test]
    fn reads_this_system() {
        let mounts = parse(&std::fs::read("/proc/self/mountinfo").unwrap());
        assert!(mounts.iter().any(|mount| mount.mount_point == Path::new("/")));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_survived(bytes: Vec<u8>) {
            parse(&bytes);
        }

        #[test]
        fn any_name_is_found_again(name: Vec<u8>) {
            let escaped: Vec<u8> = name
                .iter()
                .flat_map(|&byte| match byte {
                    b' ' | b'\t' | b'\n' | b'\\' | b'#' => format!("\\{byte:03o}").into_bytes(),
                    _ => vec![byte],
                })
                .collect();
            proptest::prop_assert_eq!(unescape(&escaped), name);
        }
    }
}
