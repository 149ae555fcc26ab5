use crate::attributes::wcc_attributes;
use crate::call::{Call, DEFER, Opened, Output, UntrustedHandle};
use crate::engine::Operation;
use crate::errno::Result;
use crate::export_policy::Access;
use crate::object::DataAccess;
use crate::operations::read::require_regular;

/// RFC 1813, section 3.3.21. The whole file is made stable, whatever range was asked for.
pub struct Commit {
    pub file: UntrustedHandle,
}

impl Operation for Commit {
    // Making stable what is there changes nothing: writes from before an export became read-only are not lost.
    const ACCESS: Access = Access::Read;
    const CHANGES: bool = true;

    fn handle(&self) -> Option<&UntrustedHandle> {
        Some(&self.file)
    }

    fn inline_in_memory(&self) -> bool {
        true
    }

    fn run(&self, call: &Call<'_>, output: &mut Output<'_>) -> Result<()> {
        let opened = call.open(&self.file, Self::ACCESS)?;
        let stat = opened.stat()?;
        output.answer.before = wcc_attributes(&stat);
        let committed = commit(call, &opened, &stat);
        output.answer.object = opened.attributes_if_any();
        output.answer.verifier = call.engine.verifier.get();
        committed
    }
}

fn commit(call: &Call<'_>, opened: &Opened, stat: &libc::statx) -> Result<()> {
    require_regular(opened)?;
    opened.permit_data(stat, &[libc::W_OK])?;
    // Opening waits for whoever has a lease.
    if call.inline && opened.object.opened(DataAccess::Write).is_none() {
        return Err(DEFER);
    }
    opened.object.open(DataAccess::Write, &opened.credentials)?;
    opened.object.take_unstable();
    opened.sync(call)
}
