//! The operations that change the file system.

use fsva_core::answer::Time;
use fsva_core::errno::Errno;
use fsva_core::foreign_buffer_unsafe::ForeignBytes;
use fsva_core::operations::commit::Commit;
use fsva_core::operations::create::{Create, How};
use fsva_core::operations::link::Link;
use fsva_core::operations::mkdir::Mkdir;
use fsva_core::operations::mknod::{Mknod, Special};
use fsva_core::operations::remove::Remove;
use fsva_core::operations::rename::Rename;
use fsva_core::operations::rmdir::Rmdir;
use fsva_core::operations::setattr::Setattr;
use fsva_core::operations::symlink::{Symlink, link_target};
use fsva_core::operations::write::{Stable, Write};
use napi_derive::napi;

use crate::arguments::{SetAttributesArgument, TimeArgument, Unsigned64};
use crate::session::{NativeSession, entry, handle};

#[napi]
impl NativeSession {
    /// `guard` is the ctime expected, if any.
    #[napi]
    pub fn setattr(
        &mut self,
        caller: f64,
        ticket: u32,
        object: &[u8],
        changes: SetAttributesArgument,
        guard: Option<TimeArgument>,
    ) -> i32 {
        let guard = guard.map(|time| Time {
            seconds: time.seconds,
            nseconds: time.nseconds,
        });
        let operation = handle(object).map(|object| Setattr {
            object,
            changes: changes.into(),
            guard,
        });
        self.start(caller, ticket, operation)
    }

    /// The caller keeps `data` alive and unchanged until the answer is there.
    #[napi]
    pub fn write(
        &mut self,
        caller: f64,
        ticket: u32,
        file: &[u8],
        offset: Unsigned64,
        data: &[u8],
        stable: u32,
    ) -> i32 {
        // SAFETY: native-vfs.ts holds the data as long as the operation runs and changes nothing in it; the
        // environment's end waits for it.
        let data = unsafe { ForeignBytes::new(data.as_ptr(), data.len()) };
        let stable = match stable {
            0 => Stable::Unstable,
            1 => Stable::DataSync,
            _ => Stable::FileSync,
        };
        let operation = handle(file).map(|file| Write {
            file,
            offset: offset.0,
            data,
            stable,
        });
        self.start(caller, ticket, operation)
    }

    /// `verifier` of 8 bytes for an exclusive create, else empty.
    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn create(
        &mut self,
        caller: f64,
        ticket: u32,
        directory: &[u8],
        name: &[u8],
        guarded: bool,
        attributes: SetAttributesArgument,
        verifier: &[u8],
    ) -> i32 {
        let how = match verifier.try_into() {
            Ok(verifier) => How::Exclusive(verifier),
            Err(_) if guarded => How::Guarded(attributes.into()),
            Err(_) => How::Unchecked(attributes.into()),
        };
        let operation = entry(directory, name).map(|(directory, name)| Create { directory, name, how });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn mkdir(
        &mut self,
        caller: f64,
        ticket: u32,
        directory: &[u8],
        name: &[u8],
        attributes: SetAttributesArgument,
    ) -> i32 {
        let attributes = attributes.into();
        let operation = entry(directory, name).map(|(directory, name)| Mkdir {
            directory,
            name,
            attributes,
        });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn symlink(
        &mut self,
        caller: f64,
        ticket: u32,
        directory: &[u8],
        name: &[u8],
        target: &[u8],
        attributes: SetAttributesArgument,
    ) -> i32 {
        let attributes = attributes.into();
        let operation = entry(directory, name).and_then(|(directory, name)| {
            Ok(Symlink {
                directory,
                name,
                target: link_target(target)?,
                attributes,
            })
        });
        self.start(caller, ticket, operation)
    }

    /// `kind` is ftype3: BLK, CHR, SOCK or FIFO.
    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn mknod(
        &mut self,
        caller: f64,
        ticket: u32,
        directory: &[u8],
        name: &[u8],
        kind: u32,
        major: u32,
        minor: u32,
        attributes: SetAttributesArgument,
    ) -> i32 {
        let attributes = attributes.into();
        let what = match kind {
            3 => Ok(Special::BlockDevice { major, minor }),
            4 => Ok(Special::CharacterDevice { major, minor }),
            6 => Ok(Special::Socket),
            7 => Ok(Special::Fifo),
            _ => Err(Errno::BADTYPE),
        };
        let operation = entry(directory, name).and_then(|(directory, name)| {
            Ok(Mknod {
                directory,
                name,
                what: what?,
                attributes,
            })
        });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn remove(&mut self, caller: f64, ticket: u32, directory: &[u8], name: &[u8]) -> i32 {
        let operation = entry(directory, name).map(|(directory, name)| Remove { directory, name });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn rmdir(&mut self, caller: f64, ticket: u32, directory: &[u8], name: &[u8]) -> i32 {
        let operation = entry(directory, name).map(|(directory, name)| Rmdir { directory, name });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn rename(
        &mut self,
        caller: f64,
        ticket: u32,
        from_directory: &[u8],
        from_name: &[u8],
        to_directory: &[u8],
        to_name: &[u8],
    ) -> i32 {
        let operation = entry(from_directory, from_name).and_then(|(from_directory, from_name)| {
            let (to_directory, to_name) = entry(to_directory, to_name)?;
            Ok(Rename {
                from_directory,
                from_name,
                to_directory,
                to_name,
            })
        });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn link(&mut self, caller: f64, ticket: u32, object: &[u8], directory: &[u8], name: &[u8]) -> i32 {
        let operation = entry(directory, name).and_then(|(directory, name)| {
            Ok(Link {
                object: handle(object)?,
                directory,
                name,
            })
        });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn commit(&mut self, caller: f64, ticket: u32, file: &[u8]) -> i32 {
        self.start(caller, ticket, handle(file).map(|file| Commit { file }))
    }
}
