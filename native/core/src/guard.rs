//! The gate that every call passes: wire handle and caller in, an authorized object and the credentials to serve it
//! with out.

use std::sync::Arc;

use crate::caller::{CallerId, Callers};
use crate::errno::{Errno, Result};
use crate::export_policy::{Access, Authorization, ExportPolicy};
use crate::handle::{ExportId, FilesystemKey, Handle, HandleCodec, Object, WireHandle};

/// One per server; cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Guard {
    pub codec: HandleCodec,
    pub policy: Arc<ExportPolicy>,
    pub callers: Arc<Callers>,
}

impl Guard {
    /// EBADHANDLE for a handle that this server did not make, then the answers of ExportPolicy::authorize;
    /// STALE_CALLER if the caller must be interned again.
    pub fn open<'a>(
        &self,
        wire: &'a [u8],
        caller: CallerId,
        access: Access,
    ) -> Result<(Handle<'a>, Authorization)> {
        let handle = self.codec.open(wire)?;
        let caller = self.callers.get(caller)?;
        let authorization = self.policy.authorize(&caller, handle.export, access)?;
        Ok((handle, authorization))
    }

    /// For MOUNT, which has a path instead of a handle. ENOENT if nothing of that path is exported.
    pub fn enter(&self, export_path: &std::path::Path, caller: CallerId) -> Result<Authorization> {
        let caller = self.callers.get(caller)?;
        let id = self.policy.current().by_path(export_path).ok_or(Errno::NOENT)?.id;
        self.policy.authorize(&caller, id, Access::Read)
    }

    /// Seals the handle of a Vfs that knows nothing of exports: 1 to FOREIGN_BYTES_MAX bytes.
    pub fn seal_foreign(&self, export: ExportId, inner: &[u8]) -> Result<WireHandle> {
        let object = Object::Foreign(inner);
        self.codec.seal(&Handle {
            export,
            filesystem: FilesystemKey::FOREIGN,
            object,
        })
    }

    /// As `open`, for handles that `seal_foreign` made.
    pub fn open_foreign<'a>(
        &self,
        wire: &'a [u8],
        caller: CallerId,
        access: Access,
    ) -> Result<(&'a [u8], Authorization)> {
        match self.open(wire, caller, access)? {
            (
                Handle {
                    object: Object::Foreign(inner),
                    ..
                },
                authorization,
            ) => Ok((inner, authorization)),
            _ => Err(Errno::BADHANDLE),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::path::Path;

    use super::*;
    use crate::caller::{CallerIdentity, Door, Flavor, STALE_CALLER};
    use crate::export_policy::{ExportDefinition, Squash};
    use crate::handle::FOREIGN_BYTES_MAX;
    use crate::state_directory::MacKey;

    fn guard() -> Guard {
        Guard {
            codec: HandleCodec::new(&MacKey::from_bytes([1; 32])),
            policy: Arc::new(ExportPolicy::new()),
            callers: Arc::new(Callers::new(2)),
        }
    }

    fn definition(path: &str, clients: &[&str]) -> ExportDefinition {
        ExportDefinition {
            path: path.into(),
            fsid: None,
            read_only: true,
            squash: Squash::Root,
            anonuid: 65534,
            anongid: 65534,
            secure: false,
            sync: true,
            side_channel: true,
            mapped_stores: true,
            clients: clients.iter().map(|client| client.to_string()).collect(),
        }
    }

    fn caller(guard: &Guard, uid: u32) -> CallerId {
        guard.callers.intern(CallerIdentity {
            address: IpAddr::from([10, 0, 0, 1]),
            privileged_port: false,
            door: Door::Nfs,
            flavor: Flavor::Sys,
            uid,
            gid: 100,
            gids: Box::default(),
        })
    }

    #[test]
    fn what_it_seals_it_opens_for_who_may() {
        let guard = guard();
        let exports = guard.policy.replace(vec![definition("/a", &["*"])]).unwrap();
        let root = caller(&guard, 0);
        let entered = guard.enter(Path::new("/a"), root).unwrap();
        let wire = guard.seal_foreign(entered.export.id, b"inner").unwrap();
        let (inner, authorization) = guard.open_foreign(wire.as_bytes(), root, Access::Read).unwrap();
        assert_eq!(inner, b"inner");
        assert_eq!(authorization.export.id, exports.exports[0].id);
        assert_eq!(authorization.credentials.uid, 65534);
        let mutate = guard.open_foreign(wire.as_bytes(), root, Access::Mutate);
        assert_eq!(mutate.err(), Some(Errno::ROFS));
        assert!(
            guard
                .seal_foreign(entered.export.id, &[0; FOREIGN_BYTES_MAX + 1])
                .is_err()
        );
    }

    #[test]
    fn each_way_to_be_refused_has_its_error() {
        let guard = guard();
        guard
            .policy
            .replace(vec![definition("/a", &["*"]), definition("/b", &["10.9.9.9"])])
            .unwrap();
        let user = caller(&guard, 1000);
        let enter = |path: &str| {
            guard
                .enter(Path::new(path), user)
                .map(|entered| entered.export.id)
        };
        let wire = guard.seal_foreign(enter("/a").unwrap(), b"x").unwrap();
        assert_eq!(enter("/a/b"), Err(Errno::NOENT));
        assert_eq!(enter("/b"), Err(Errno::ACCES));
        let open = |wire: &[u8]| {
            guard
                .open(wire, user, Access::Read)
                .map(|(handle, _)| handle.export)
        };
        assert_eq!(open(&wire.as_bytes()[1..]), Err(Errno::BADHANDLE));
        let table = Handle {
            export: enter("/a").unwrap(),
            filesystem: FilesystemKey(1),
            object: Object::Table(1),
        };
        let table = guard.codec.seal(&table).unwrap();
        let foreign = guard.open_foreign(table.as_bytes(), user, Access::Read);
        assert_eq!(
            foreign.err(),
            Some(Errno::BADHANDLE),
            "a handle of a real file system"
        );
        guard
            .policy
            .replace(vec![definition("/b", &["10.0.0.1"])])
            .unwrap();
        assert_eq!(open(wire.as_bytes()), Err(Errno::STALE));
        for uid in 1..5 {
            caller(&guard, uid);
        }
        assert_eq!(open(wire.as_bytes()), Err(STALE_CALLER));
    }
}
