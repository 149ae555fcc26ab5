//! What is exported to whom, and as whom a caller acts there. Replaced as a whole (SIGHUP), so that no call ever sees
//! half of an old and half of a new configuration.

use std::collections::HashMap;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, RwLock};

use crate::caller::{Caller, CallerIdentity, Credentials, Door, Flavor, NO_ID};
use crate::client_network::ClientNetwork;
use crate::errno::{Errno, Result};
use crate::handle::ExportId;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Squash {
    /// Root becomes the anonymous user.
    Root,
    /// Everybody stays who they say they are.
    None,
    /// Everybody becomes the anonymous user.
    All,
}

/// What the configuration says of one export.
#[derive(Clone, Debug)]
pub struct ExportDefinition {
    pub path: PathBuf,
    /// Identifies the export in handles and attributes, not 0; derived from the path if None.
    pub fsid: Option<u32>,
    pub read_only: bool,
    pub squash: Squash,
    pub anonuid: u32,
    pub anongid: u32,
    /// Require a source port below 1024.
    pub secure: bool,
    pub sync: bool,
    /// Its files may be used by way of the side channel, too.
    pub side_channel: bool,
    /// Programs of this machine may store into its files through shared mappings, which nothing announces.
    pub mapped_stores: bool,
    /// IP addresses, CIDR blocks, or '*'.
    pub clients: Vec<String>,
}

#[derive(Debug)]
pub struct Export {
    pub id: ExportId,
    /// Absolute, without "." or trailing slashes.
    pub path: PathBuf,
    pub fsid: Option<u32>,
    pub read_only: bool,
    pub squash: Squash,
    pub anonuid: u32,
    pub anongid: u32,
    pub secure: bool,
    pub sync: bool,
    pub side_channel: bool,
    pub mapped_stores: bool,
    clients: Vec<ClientNetwork>,
}

#[derive(Debug)]
pub enum ExportPolicyError {
    PathNotAbsolute(PathBuf),
    SamePath(PathBuf),
    /// Both exports would have the same id in handles.
    SameId {
        first: PathBuf,
        second: PathBuf,
        id: u32,
    },
    FsidZero(PathBuf),
    AnonymousId(PathBuf),
    Client {
        path: PathBuf,
        client: String,
    },
}

impl fmt::Display for ExportPolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PathNotAbsolute(path) => {
                write!(
                    f,
                    "export {}: the path must be absolute and without \"..\"",
                    path.display()
                )
            }
            Self::SamePath(path) => write!(f, "{} is exported twice", path.display()),
            Self::SameId { first, second, id } => write!(
                f,
                "exports {} and {} both have the id {id}: give one of them another fsid",
                first.display(),
                second.display()
            ),
            Self::FsidZero(path) => write!(f, "export {}: fsid must be 1 to 4294967295", path.display()),
            Self::AnonymousId(path) => {
                write!(
                    f,
                    "export {}: anonuid and anongid must be 0 to 4294967294",
                    path.display()
                )
            }
            Self::Client { path, client } => write!(
                f,
                "export {}: client {client:?} is not an IP address, a CIDR block or '*'",
                path.display()
            ),
        }
    }
}

impl std::error::Error for ExportPolicyError {}

/// What a call wants to do to the export.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Leaves the file system as it is.
    Read,
    /// Any change, of data or attributes.
    Mutate,
}

/// Whom the file system is to serve, or EACCES: one export's decision about one caller.
pub(crate) type Verdict = Result<Arc<Credentials>>;

/// What an allowed call needs to go on.
#[derive(Clone, Debug)]
pub struct Authorization {
    pub export: Arc<Export>,
    pub credentials: Arc<Credentials>,
}

/// One generation of the policy.
#[derive(Default)]
pub struct ExportTable {
    pub generation: u64,
    pub exports: Vec<Arc<Export>>,
    by_id: HashMap<ExportId, usize>,
}

impl ExportTable {
    pub fn get(&self, id: ExportId) -> Option<&Arc<Export>> {
        self.by_id.get(&id).map(|&index| &self.exports[index])
    }
    pub fn by_path(&self, path: &Path) -> Option<&Arc<Export>> {
        let path = normalized(path)?;
        self.exports.iter().find(|export| export.path == path)
    }
}

#[derive(Default)]
pub struct ExportPolicy {
    current: RwLock<Arc<ExportTable>>,
}

impl ExportPolicy {
    /// Exports nothing.
    pub fn new() -> ExportPolicy {
        ExportPolicy::default()
    }

    /// Replaces everything at once, or nothing if there is an error.
    pub fn replace(
        &self,
        definitions: Vec<ExportDefinition>,
    ) -> std::result::Result<Arc<ExportTable>, ExportPolicyError> {
        let mut table = ExportTable::default();
        for definition in definitions {
            let export = Export::new(definition)?;
            let index = table.exports.len();
            if let Some(other) = table.exports.iter().find(|other| other.path == export.path) {
                return Err(ExportPolicyError::SamePath(other.path.clone()));
            }
            if let Some(other) = table.by_id.insert(export.id, index) {
                return Err(ExportPolicyError::SameId {
                    first: table.exports[other].path.clone(),
                    second: export.path,
                    id: export.id.0,
                });
            }
            table.exports.push(Arc::new(export));
        }
        let mut current = self.current.write().unwrap();
        table.generation = current.generation + 1;
        *current = Arc::new(table);
        Ok(current.clone())
    }

    pub fn current(&self) -> Arc<ExportTable> {
        self.current.read().unwrap().clone()
    }

    /// ESTALE if the export is gone, EACCES if this caller's address or port may not use it, EROFS for a change of a
    /// read-only export. Permissions inside are the file system's matter, with the credentials given back.
    pub fn authorize(&self, caller: &Caller, export: ExportId, access: Access) -> Result<Authorization> {
        let table = self.current.read().unwrap().clone();
        let export = table.get(export).ok_or(Errno::STALE)?;
        let credentials = verdict(caller, export, table.generation)?;
        if access == Access::Mutate && export.read_only {
            return Err(Errno::ROFS);
        }
        Ok(Authorization {
            export: export.clone(),
            credentials,
        })
    }
}

fn verdict(caller: &Caller, export: &Export, generation: u64) -> Verdict {
    let mut verdicts = caller.verdicts.lock().unwrap();
    if let Some((_, _, known)) = verdicts
        .iter()
        .find(|(id, current, _)| *id == export.id && *current == generation)
    {
        return known.clone();
    }
    let verdict = export.judge(&caller.identity);
    verdicts.retain(|(_, current, _)| *current == generation);
    verdicts.push((export.id, generation, verdict.clone()));
    verdict
}

impl Export {
    fn new(definition: ExportDefinition) -> std::result::Result<Export, ExportPolicyError> {
        let Some(path) = normalized(&definition.path) else {
            return Err(ExportPolicyError::PathNotAbsolute(definition.path));
        };
        if definition.fsid == Some(0) {
            return Err(ExportPolicyError::FsidZero(path));
        }
        if definition.anonuid == NO_ID || definition.anongid == NO_ID {
            return Err(ExportPolicyError::AnonymousId(path));
        }
        let mut clients = Vec::new();
        for client in definition.clients {
            match ClientNetwork::parse(&client) {
                Some(network) => clients.push(network),
                None => return Err(ExportPolicyError::Client { path, client }),
            }
        }
        Ok(Export {
            id: ExportId(definition.fsid.unwrap_or_else(|| id_of_path(&path))),
            path,
            fsid: definition.fsid,
            read_only: definition.read_only,
            squash: definition.squash,
            anonuid: definition.anonuid,
            anongid: definition.anongid,
            secure: definition.secure,
            sync: definition.sync,
            side_channel: definition.side_channel,
            mapped_stores: definition.mapped_stores,
            clients,
        })
    }

    fn judge(&self, caller: &CallerIdentity) -> Verdict {
        let is_shut = caller.door == Door::SideChannel && !self.side_channel;
        if is_shut || self.secure && !caller.privileged_port {
            return Err(Errno::ACCES);
        }
        let address = caller.address.to_canonical();
        if !self.clients.iter().any(|network| network.contains(address)) {
            return Err(Errno::ACCES);
        }
        Ok(Arc::new(self.squashed(caller)))
    }

    fn squashed(&self, caller: &CallerIdentity) -> Credentials {
        let anonymous = || Credentials {
            uid: self.anonuid,
            gid: self.anongid,
            gids: Box::default(),
        };
        if caller.flavor == Flavor::None || self.squash == Squash::All || caller.uid == NO_ID {
            return anonymous();
        }
        let root_squash = self.squash == Squash::Root;
        let group = |gid: u32| {
            if gid == NO_ID || (root_squash && gid == 0) {
                self.anongid
            } else {
                gid
            }
        };
        Credentials {
            uid: if root_squash && caller.uid == 0 {
                self.anonuid
            } else {
                caller.uid
            },
            gid: group(caller.gid),
            gids: caller
                .gids
                .iter()
                .filter(|&&gid| gid != NO_ID)
                .map(|&gid| group(gid))
                .collect(),
        }
    }
}

/// The top bit keeps derived ids apart from the small numbers that people choose.
fn id_of_path(path: &Path) -> u32 {
    let hash = blake3::derive_key("fsva 2026 export id v1", path.as_os_str().as_bytes());
    u32::from_le_bytes([hash[0], hash[1], hash[2], hash[3]]) | 0x8000_0000
}

fn normalized(path: &Path) -> Option<PathBuf> {
    let bytes = path.as_os_str().as_bytes();
    let clean = path.is_absolute() && !bytes.contains(&0);
    let clean = clean && !path.components().any(|part| part == Component::ParentDir);
    clean.then(|| path.components().collect())
}

#[cfg(test)]
mod tests;
