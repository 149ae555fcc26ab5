//! As much of a server as handles need, and LOOKUP as it does it.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::ffi::CString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

use fsva_core::errno::Result;
use fsva_core::export_filesystems::ExportFilesystems;
use fsva_core::export_policy::{ExportDefinition, ExportPolicy, Squash};
use fsva_core::filesystem::{Filesystem, ObjectName};
use fsva_core::handle::{Handle, HandleCodec};
use fsva_core::state_directory::StateDirectory;
use fsva_core::syscalls_unsafe::{openat, statx};

pub struct Server {
    pub codec: HandleCodec,
    pub filesystems: ExportFilesystems,
}

pub type Wire = Vec<u8>;

impl Server {
    pub fn open(state: &Path, export: &Path, fsid: Option<u32>) -> Server {
        let definition = ExportDefinition {
            path: export.to_owned(),
            fsid,
            read_only: false,
            squash: Squash::None,
            anonuid: 65534,
            anongid: 65534,
            secure: true,
            sync: true,
            side_channel: true,
            mapped_stores: true,
            clients: vec!["*".into()],
        };
        let state = Arc::new(StateDirectory::open(state).unwrap());
        let export = ExportPolicy::new().replace(vec![definition]).unwrap().exports[0].clone();
        let codec = HandleCodec::new(state.key());
        Server {
            codec,
            filesystems: ExportFilesystems::open(export, state).unwrap(),
        }
    }

    pub fn seal(&self, filesystem: &Filesystem, name: &ObjectName) -> Wire {
        let export = self.filesystems.export.id;
        let handle = Handle {
            export,
            filesystem: filesystem.key,
            object: name.object(),
        };
        self.codec.seal(&handle).unwrap().as_bytes().to_vec()
    }

    pub fn root(&self) -> Wire {
        let root = self.filesystems.root();
        self.seal(&root, &root.root().unwrap())
    }

    pub fn open_handle(&self, wire: &[u8]) -> Result<(OwnedFd, Arc<Filesystem>)> {
        let handle = self.codec.open(wire)?;
        let filesystem = self.filesystems.by_key(handle.filesystem)?;
        Ok((filesystem.open(handle.object)?, filesystem))
    }

    pub fn inode(&self, wire: &[u8]) -> Result<u64> {
        Ok(statx(self.open_handle(wire)?.0.as_fd())?.stx_ino)
    }

    pub fn fsid(&self, wire: &[u8]) -> u64 {
        let (object, filesystem) = self.open_handle(wire).unwrap();
        filesystem.fsid(self.codec.open(wire).unwrap().object, object.as_fd())
    }

    /// As LOOKUP does it.
    pub fn lookup(&self, directory: &[u8], name: &[u8]) -> Result<Wire> {
        let (parent, parent_filesystem) = self.open_handle(directory)?;
        let child = path_only(parent.as_fd(), name)?;
        let mount_id = statx(child.as_fd())?.stx_mnt_id;
        let filesystem = self.filesystems.by_mount_id(mount_id)?;
        let parent_object = self.codec.open(directory)?.object;
        let place = (filesystem.key == parent_filesystem.key).then_some((parent_object, name));
        let object = filesystem.name_of(child.as_fd(), place)?;
        Ok(self.seal(&filesystem, &object))
    }

    pub fn walk(&self, path: &str) -> Wire {
        path.split('/').fold(self.root(), |directory, name| {
            self.lookup(&directory, name.as_bytes()).unwrap()
        })
    }

    pub fn name(&self, wire: &[u8]) -> ObjectName {
        ObjectName::from_object(self.codec.open(wire).unwrap().object).unwrap()
    }

    pub fn renamed(&self, object: &[u8], from: &[u8], name: &str, to: &[u8], new: &str) {
        let filesystem = self.open_handle(from).unwrap().1;
        let (from, to) = (self.name(from), self.name(to));
        let object = self.name(object);
        filesystem.renamed(
            object,
            from.object(),
            name.as_bytes(),
            to.object(),
            new.as_bytes(),
        );
    }

    pub fn removed(&self, object: &[u8], directory: &[u8], name: &str, links_left: bool) {
        let filesystem = self.open_handle(directory).unwrap().1;
        let object = Some(self.name(object));
        filesystem.removed(self.name(directory).object(), name.as_bytes(), object, links_left);
    }
}

pub fn path_only(directory: BorrowedFd, name: &[u8]) -> Result<OwnedFd> {
    openat(
        directory,
        &CString::new(name).unwrap(),
        libc::O_PATH | libc::O_NOFOLLOW,
        0,
    )
}

pub fn inode_of(path: impl AsRef<Path>) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}
