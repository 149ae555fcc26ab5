use crate::answer::Time;
use crate::attributes::{change_time, wcc_attributes};
use crate::call::{Call, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::{Errno, Result};
use crate::export_policy::Access;
use crate::observer::{ATTRIBUTES, DATA};
use crate::operations::set_attributes::{self, SetAttributes};
use crate::reply_record_evidence::Evidence;

/// RFC 1813, section 3.3.2.
pub struct Setattr {
    pub object: UntrustedHandle,
    pub changes: SetAttributes,
    /// The ctime that the object must still have.
    pub guard: Option<Time>,
}

impl Operation for Setattr {
    const ACCESS: Access = Access::Mutate;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.object)
    }

    fn inline_in_memory(&self) -> bool {
        // Cutting off may free much.
        self.changes.size.is_none()
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.object, Access::Mutate)?;
        let change = opened.object.changes.begin();
        let stat = opened.stat()?;
        output.answer.before = wcc_attributes(&stat);
        let done = self.set(call, &opened, &stat);
        output.answer.object = opened.attributes_if_any();
        output.answer.before = change.before(output.answer.before);
        done
    }
}

impl Setattr {
    fn set(&self, call: &Call<'_>, opened: &Opened, stat: &libc::statx) -> Result<()> {
        let Some(guard) = self.guard else {
            return self.apply(call, opened, stat);
        };
        // It met the guard when it was done, perhaps in part, and changed the ctime itself.
        let met = guard == change_time(stat) || call.happened_before();
        if !met {
            return Err(Errno::NOTSYNC);
        }
        if let Some(intent) = call.intent {
            let evidence = Evidence::Guard {
                object: self.object,
                ctime: guard,
            };
            intent.prepare(opened.export.sync, evidence);
            let applied = self.apply(call, opened, stat);
            match applied {
                Ok(()) => intent.happened(),
                Err(_) => intent.failed(),
            }
            return applied;
        }
        self.apply(call, opened, stat)
    }

    fn apply(&self, call: &Call<'_>, opened: &Opened, stat: &libc::statx) -> Result<()> {
        if self.changes == SetAttributes::default() {
            return Ok(());
        }
        let applied = set_attributes::apply(opened, stat, &self.changes);
        let data = if self.changes.size.is_some() { DATA } else { 0 };
        // One of several changes may have been refused after others were made.
        call.changed(opened, data | ATTRIBUTES, &Ok(()));
        applied?;
        opened.sync_metadata(call)
    }
}
