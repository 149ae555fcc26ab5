use crate::attributes::wcc_attributes;
use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::name::Name;
use crate::observer::{ATTRIBUTES, DIRECTORY};
use crate::operations::remove::Victim;
use crate::reply_record_doubt::entry;
use crate::reply_record_evidence::Evidence;
use crate::syscalls_unsafe as sys;

/// RFC 1813, section 3.3.14. `directory` and `before` of the answer are those renamed from, `to_directory` and
/// `to_before` those renamed to.
pub struct Rename {
    pub from_directory: UntrustedHandle,
    pub from_name: Name,
    pub to_directory: UntrustedHandle,
    pub to_name: Name,
}

impl Operation for Rename {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.from_directory)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let from = call.open(&self.from_directory, Access::Mutate)?;
        let from_change = from.object.changes.begin();
        output.answer.before = wcc_attributes(&from.stat()?);
        output.answer.directory = from.attributes_if_any();
        let to = call.open(&self.to_directory, Access::Mutate)?;
        let other = from.object.wire != to.object.wire;
        let to_change = other.then(|| to.object.changes.begin());
        output.answer.to_before = wcc_attributes(&to.stat()?);
        let renamed = self.rename(call, &from, &to);
        output.answer.directory = from.attributes_if_any();
        output.answer.to_directory = to.attributes_if_any();
        output.answer.before = from_change.before(output.answer.before);
        let to_change = to_change.as_ref().unwrap_or(&from_change);
        output.answer.to_before = to_change.before(output.answer.to_before);
        renamed
    }
}

impl Rename {
    fn rename(&self, call: &Call<'_>, from: &Opened, to: &Opened) -> Result<()> {
        if !from.object.is_directory() || !to.object.is_directory() {
            return Err(Errno::NOTDIR);
        }
        if self.from_name.is_special() || self.to_name.is_special() {
            return Err(Errno::INVAL);
        }
        if from.object.export != to.object.export || from.object.filesystem.key != to.object.filesystem.key {
            return Err(Errno::XDEV);
        }
        let moving = from.object.filesystem.renaming();
        let done = call.happened_before();
        let victim = if done {
            None
        } else {
            Victim::find(call, to, &self.to_name)
        };
        // Before the rename: afterwards the old name may already be another object's.
        let table = from.object.filesystem.uses_table();
        let source = if !done && (table || call.intent.is_some() || call.engine.observer().is_some()) {
            Victim::find(call, from, &self.from_name)
        } else {
            None
        };
        let evidence = || {
            Some(Evidence::Rename {
                from: entry(from, &self.from_name)?,
                to: entry(to, &self.to_name)?,
                moved: source.as_ref()?.handle(call, from)?,
            })
        };
        if let Some(victim) = &victim {
            victim.require_time(call)?;
            victim.let_go(call, to);
        }
        let renamed = call.once(from, evidence, || {
            let _guard = from.act()?;
            sys::renameat(
                from.fd(),
                self.from_name.as_c_str(),
                to.fd(),
                self.to_name.as_c_str(),
            )
        });
        if from.object.wire != to.object.wire {
            call.changed(to, DIRECTORY | ATTRIBUTES, &renamed);
        }
        for (object, directory) in [(&source, from), (&victim, to)] {
            if let Some(object) = object {
                object.report(call, directory, &renamed);
            }
        }
        renamed?;
        let moved = if table {
            source.and_then(|source| source.name)
        } else {
            None
        };
        let leftover = victim.map(|victim| victim.gone(call, to, &self.to_name));
        if let Some(moved) = moved {
            let (old, new) = (from.object.name.object(), to.object.name.object());
            let filesystem = &from.object.filesystem;
            filesystem.renamed(
                moved,
                old,
                self.from_name.as_bytes(),
                new,
                self.to_name.as_bytes(),
            );
        }
        drop(moving);
        // Not before: other renames wait meanwhile.
        drop(leftover);
        to.sync_metadata(call)?;
        if from.object.wire != to.object.wire {
            from.sync_metadata(call)?;
        }
        Ok(())
    }
}
