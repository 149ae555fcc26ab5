use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;
use crate::name::Name;
use crate::operations::new_object::{create_in, finish_new};
use crate::operations::set_attributes::SetAttributes;
use crate::reply_record_doubt::creation;
use crate::syscalls_unsafe as sys;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Special {
    BlockDevice { major: u32, minor: u32 },
    CharacterDevice { major: u32, minor: u32 },
    Socket,
    Fifo,
}

/// RFC 1813, section 3.3.11. Who may make devices is the kernel's decision: root.
pub struct Mknod {
    pub directory: UntrustedHandle,
    pub name: Name,
    pub what: Special,
    pub attributes: SetAttributes,
}

impl Operation for Mknod {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        create_in(call, output, &self.directory, &self.name, |directory| {
            let (format, device) = match self.what {
                Special::BlockDevice { major, minor } => (libc::S_IFBLK, libc::makedev(major, minor)),
                Special::CharacterDevice { major, minor } => (libc::S_IFCHR, libc::makedev(major, minor)),
                Special::Socket => (libc::S_IFSOCK, 0),
                Special::Fifo => (libc::S_IFIFO, 0),
            };
            let mode = format | (self.attributes.mode.unwrap_or(0) & 0o7777);
            let evidence = || creation(directory, &self.name, format);
            call.once(directory, evidence, || {
                let _guard = directory.act()?;
                sys::mknodat(directory.fd(), self.name.as_c_str(), mode, device)
            })?;
            finish_new(call, directory, &self.name, &self.attributes)
        })
    }
}
