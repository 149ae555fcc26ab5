//! What kinds of file systems can do, by their name in /proc/self/mountinfo.

use crate::mountinfo::Mount;

/// For whoever chooses how to serve a file system.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Traits {
    /// The kernel answers from its caches or a local disk: cached calls may be made on the event loop.
    pub inline: bool,
    /// Directory offsets (d_off) stay valid while the directory changes and across opens.
    pub stable_directory_offsets: bool,
    /// Merely asking it something may hang: a server or a process has to answer.
    pub remote: bool,
    /// Kernel handles name the object also after the file system was mounted again. Whether the kernel makes
    /// handles at all is found out by trying.
    pub durable_kernel_handles: bool,
    /// Metadata reaches the disk in order: fsync of a new file or directory makes its name stable, too.
    pub ordered_metadata: bool,
    /// Files are memory: nothing waits for a device, and there is nothing to make stable.
    pub memory: bool,
}

impl Traits {
    /// `kernel`: release of the running kernel, as major and minor.
    pub fn of_mount(mount: &Mount, kernel: (u32, u32)) -> Traits {
        let traits = Traits::of(&mount.type_name, kernel);
        // Quotas do not hold for a thread with CAP_SYS_RESOURCE, which only the pools have dropped.
        let has_quotas = mount.super_options.contains("quota");
        Traits {
            memory: traits.memory && !has_quotas,
            ..traits
        }
    }

    fn of(type_name: &str, kernel: (u32, u32)) -> Traits {
        let local = Traits {
            inline: true,
            stable_directory_offsets: true,
            remote: false,
            durable_kernel_handles: true,
            ordered_metadata: false,
            memory: false,
        };
        match type_name {
            "ext3" | "ext4" | "xfs" => Traits {
                ordered_metadata: true,
                ..local
            },
            "ext2" | "btrfs" | "f2fs" => local,
            // Offsets were list positions until Linux 6.6.
            "tmpfs" => Traits {
                stable_directory_offsets: kernel >= (6, 6),
                memory: true,
                ..local
            },
            // Its lower layers may be anything.
            "overlay" => Traits {
                inline: false,
                stable_directory_offsets: false,
                ..local
            },
            "nfs" | "nfs4" | "ceph" | "lustre" | "gpfs" | "ocfs2" | "gfs2" => Traits {
                inline: false,
                stable_directory_offsets: true,
                remote: true,
                ..local
            },
            "cifs" | "smb3" | "9p" | "afs" | "virtiofs" | "autofs" => remote_without_handles(),
            // FUSE numbers its nodes anew each time.
            name if name == "fuse" || name == "fuseblk" || name.starts_with("fuse.") => {
                remote_without_handles()
            }
            _ => Traits {
                inline: false,
                stable_directory_offsets: false,
                ..local
            },
        }
    }
}

fn remote_without_handles() -> Traits {
    Traits {
        inline: false,
        stable_directory_offsets: false,
        remote: true,
        durable_kernel_handles: false,
        ordered_metadata: false,
        memory: false,
    }
}

/// Major and minor of the running kernel; (0, 0) if it does not say.
pub fn kernel_release() -> (u32, u32) {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    parse_release(&release)
}

fn parse_release(release: &str) -> (u32, u32) {
    let mut numbers = release
        .split(|character: char| !character.is_ascii_digit())
        .map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_kernel_releases() {
        assert_eq!(parse_release("6.1.0-28-amd64\n"), (6, 1));
        assert_eq!(parse_release("6.18.44"), (6, 18));
        assert_eq!(parse_release("7.0-rc1"), (7, 0));
        assert_eq!(parse_release("odd"), (0, 0));
        assert!(kernel_release() > (3, 0));
    }

    #[test]
    fn tmpfs_offsets_are_stable_from_6_6_on() {
        assert!(!Traits::of("tmpfs", (6, 1)).stable_directory_offsets);
        assert!(!Traits::of("tmpfs", (5, 10)).stable_directory_offsets);
        assert!(Traits::of("tmpfs", (6, 6)).stable_directory_offsets);
        assert!(Traits::of("tmpfs", (7, 0)).stable_directory_offsets);
    }

    #[test]
    fn nothing_that_may_hang_is_asked_on_the_loop() {
        for name in [
            "nfs4",
            "fuse",
            "fuse.bindfs",
            "fuseblk",
            "9p",
            "overlay",
            "something-new",
        ] {
            assert!(!Traits::of(name, (6, 18)).inline, "{name}");
        }
        for name in ["fuse", "fuse.bindfs", "fuseblk", "virtiofs"] {
            assert!(!Traits::of(name, (6, 18)).durable_kernel_handles, "{name}");
        }
    }
}
