use crate::call::{Call, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;
use crate::name::Name;
use crate::operations::new_object::{create_in, finish_new};
use crate::operations::set_attributes::SetAttributes;
use crate::reply_record_doubt::creation;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.9.
pub struct Mkdir {
    pub directory: UntrustedHandle,
    pub name: Name,
    pub attributes: SetAttributes,
}

impl Operation for Mkdir {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.directory)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        create_in(call, output, &self.directory, &self.name, |directory| {
            let mode = self.attributes.mode.unwrap_or(0) & 0o7777;
            let evidence = || creation(directory, &self.name, libc::S_IFDIR);
            call.once(directory, evidence, || {
                let _guard = directory.act()?;
                sys::mkdirat(directory.fd(), self.name.as_c_str(), mode)
            })?;
            finish_new(call, directory, &self.name, &self.attributes)
        })
    }
}
