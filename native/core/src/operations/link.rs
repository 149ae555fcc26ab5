use crate::attributes::wcc_attributes;
use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::name::Name;
use crate::observer::ATTRIBUTES;
use crate::reply_record_doubt::entry;
use crate::reply_record_evidence::Evidence;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.15.
pub struct Link {
    pub object: UntrustedHandle,
    pub directory: UntrustedHandle,
    pub name: Name,
}

impl Operation for Link {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let object = call.open(&self.object, Access::Mutate)?;
        output.answer.object = object.attributes()?;
        let directory = call.open(&self.directory, Access::Mutate)?;
        let change = directory.object.changes.begin();
        output.answer.before = wcc_attributes(&directory.stat()?);
        let linked = self.link(call, &object, &directory);
        output.answer.object = object.attributes_if_any();
        output.answer.directory = directory.attributes_if_any();
        output.answer.before = change.before(output.answer.before);
        linked
    }
}

impl Link {
    fn link(&self, call: &Call<'_>, object: &Opened, directory: &Opened) -> Result<()> {
        if !directory.object.is_directory() {
            return Err(Errno::NOTDIR);
        }
        if self.name.is_special() {
            return Err(Errno::EXIST);
        }
        if object.object.is_directory() {
            return Err(Errno::ISDIR);
        }
        if object.object.export != directory.object.export
            || object.object.filesystem.key != directory.object.filesystem.key
        {
            return Err(Errno::XDEV);
        }
        let evidence = || {
            let is_free = sys::statx_at(directory.fd(), self.name.as_c_str()).err() == Some(Errno::NOENT);
            let evidence = Evidence::Link {
                entry: entry(directory, &self.name)?,
                object: UntrustedHandle::new(object.object.wire.as_bytes()).ok()?,
            };
            is_free.then_some(evidence)
        };
        let linked = call.once(directory, evidence, || {
            let _guard = directory.act()?;
            sys::link(object.fd(), directory.fd(), self.name.as_c_str())
        });
        call.changed(object, ATTRIBUTES, &linked);
        linked?;
        if object.object.is_regular() {
            object.sync_metadata(call)?;
        }
        directory.sync_metadata(call)
    }
}
