//! The operations that leave the file system as it is.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use fsva_core::directory::Budget;
use fsva_core::foreign_buffer_unsafe::ForeignBuffer;
use fsva_core::operations::access::Access;
use fsva_core::operations::fsinfo::Fsinfo;
use fsva_core::operations::fsstat::Fsstat;
use fsva_core::operations::getattr::Getattr;
use fsva_core::operations::lookup::Lookup;
use fsva_core::operations::pathconf::Pathconf;
use fsva_core::operations::read::{EVENT_LOOP_BYTES_MAX, Read};
use fsva_core::operations::readdir::Readdir;
use fsva_core::operations::readlink::Readlink;
use fsva_core::operations::resolve::Resolve;
use napi::bindgen_prelude::Uint8ArraySlice;
use napi_derive::napi;

use crate::arguments::Unsigned64;
use crate::session::{NativeSession, entry, handle};

#[napi]
impl NativeSession {
    #[napi]
    pub fn getattr(&mut self, caller: f64, ticket: u32, object: &[u8]) -> i32 {
        self.start(caller, ticket, handle(object).map(|object| Getattr { object }))
    }

    #[napi]
    pub fn lookup(&mut self, caller: f64, ticket: u32, directory: &[u8], name: &[u8]) -> i32 {
        let operation = entry(directory, name).map(|(directory, name)| Lookup { directory, name });
        self.start(caller, ticket, operation)
    }

    #[napi]
    pub fn access(&mut self, caller: f64, ticket: u32, object: &[u8], wanted: u32) -> i32 {
        self.start(
            caller,
            ticket,
            handle(object).map(|object| Access { object, wanted }),
        )
    }

    /// An answer that is there at once has its bytes in `room`, of at least TARGET_BYTES_MAX.
    #[napi]
    pub fn readlink(
        &mut self,
        caller: f64,
        ticket: u32,
        symlink: &[u8],
        mut room: Uint8ArraySlice<'_>,
    ) -> i32 {
        let operation = handle(symlink).map(|symlink| Readlink { symlink });
        let status = self.start(caller, ticket, operation);
        if status == 0 {
            // SAFETY: JavaScript waits for this call and uses the buffer afterwards.
            self.copy_bytes(unsafe { room.as_mut() });
        }
        status
    }

    /// The caller keeps `buffer` alive and untouched until the answer is there.
    #[napi]
    pub fn read(
        &mut self,
        caller: f64,
        ticket: u32,
        file: &[u8],
        offset: Unsigned64,
        mut buffer: Uint8ArraySlice<'_>,
    ) -> i32 {
        // SAFETY: native-vfs.ts holds the buffer as long as the operation runs and hands it to nobody else; the
        // environment's end waits for it.
        let buffer = unsafe { ForeignBuffer::new(buffer.as_mut().as_mut_ptr(), buffer.len()) };
        let operation = handle(file).map(|file| Read {
            file,
            offset: offset.0,
            buffer,
            inline_max: EVENT_LOOP_BYTES_MAX,
        });
        self.start(caller, ticket, operation)
    }

    /// An answer that is there at once has its bytes in `room`, of at least INLINE_LISTING_BYTES_MAX.
    #[napi]
    #[allow(clippy::too_many_arguments)]
    pub fn readdir(
        &mut self,
        caller: f64,
        ticket: u32,
        directory: &[u8],
        cookie: Unsigned64,
        dircount: u32,
        maxcount: u32,
        plus: bool,
        mut room: Uint8ArraySlice<'_>,
    ) -> i32 {
        let budget = Budget {
            dircount: dircount as usize,
            maxcount: maxcount as usize,
        };
        let operation = handle(directory).map(|directory| Readdir {
            directory,
            cookie: cookie.0,
            budget,
            plus,
        });
        let status = self.start(caller, ticket, operation);
        if status == 0 {
            // SAFETY: JavaScript waits for this call and uses the buffer afterwards.
            self.copy_bytes(unsafe { room.as_mut() });
        }
        status
    }

    #[napi]
    pub fn fsstat(&mut self, caller: f64, ticket: u32, object: &[u8]) -> i32 {
        self.start(caller, ticket, handle(object).map(|object| Fsstat { object }))
    }

    #[napi]
    pub fn fsinfo(&mut self, caller: f64, ticket: u32, object: &[u8]) -> i32 {
        self.start(caller, ticket, handle(object).map(|object| Fsinfo { object }))
    }

    #[napi]
    pub fn pathconf(&mut self, caller: f64, ticket: u32, object: &[u8]) -> i32 {
        self.start(caller, ticket, handle(object).map(|object| Pathconf { object }))
    }

    #[napi]
    pub fn resolve(&mut self, caller: f64, ticket: u32, export_path: String, path: &[u8]) -> i32 {
        let export_path = OsStr::from_bytes(export_path.as_bytes()).into();
        self.start(
            caller,
            ticket,
            Ok(Resolve {
                export_path,
                path: path.to_vec(),
            }),
        )
    }
}
