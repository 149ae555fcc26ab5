use std::path::{Path, PathBuf};
use std::sync::Arc;

use fsva_core::caller::{CallerIdentity, Door, Flavor, NO_ID};
use fsva_core::engine::Engine;
use fsva_core::export_policy::{ExportDefinition, Squash};
use napi::{Error, Result};
use napi_derive::napi;

pub fn failure(error: impl std::fmt::Display) -> Error {
    Error::from_reason(error.to_string())
}

#[napi(object)]
pub struct ExportArgument {
    pub path: String,
    pub fsid: Option<u32>,
    pub read_only: bool,
    /// "root_squash", "no_root_squash" or "all_squash".
    pub squash: String,
    pub anonuid: u32,
    pub anongid: u32,
    pub secure: bool,
    pub sync: bool,
    pub side_channel: bool,
    pub mapped_stores: bool,
    pub clients: Vec<String>,
}

#[napi(object)]
pub struct ExportStrategy {
    pub path: String,
    /// One per file system.
    pub strategies: Vec<String>,
}

/// One engine per state directory, of which each JavaScript thread has one of these (shared_cores.rs).
#[napi]
pub struct NativeCore {
    engine: Option<Arc<Engine>>,
}

impl NativeCore {
    pub(crate) fn of(engine: Arc<Engine>) -> NativeCore {
        NativeCore { engine: Some(engine) }
    }
}

#[napi]
impl NativeCore {
    #[napi(factory)]
    pub fn open(state_directory: String) -> Result<NativeCore> {
        let engine = Engine::open(Path::new(&state_directory)).map_err(failure)?;
        Ok(NativeCore::of(engine))
    }

    pub(crate) fn engine(&self) -> Result<&Arc<Engine>> {
        self.engine
            .as_ref()
            .ok_or_else(|| failure("the core has been closed"))
    }

    /// Lets go of everything, the lock of the state directory included, once the last session is closed, too.
    #[napi]
    pub fn close(&mut self) {
        self.engine = None;
    }

    /// For a Vfs of JavaScript's: the rules of the exports without their directories. Throws and changes nothing
    /// if it cannot.
    #[napi]
    pub fn load_policy(&self, exports: Vec<ExportArgument>) -> Result<()> {
        let definitions: Result<Vec<_>> = exports.into_iter().map(definition).collect();
        self.engine()?
            .guard
            .policy
            .replace(definitions?)
            .map(drop)
            .map_err(failure)
    }

    /// Replaces all exports at once; throws and changes nothing if it cannot.
    #[napi]
    pub fn load_exports(&self, exports: Vec<ExportArgument>) -> Result<()> {
        let definitions: Result<Vec<_>> = exports.into_iter().map(definition).collect();
        self.engine()?.load_exports(definitions?).map_err(failure)
    }

    /// The number to name this caller by from now on.
    #[napi]
    pub fn intern(
        &self,
        address: String,
        port: u32,
        auth_sys: bool,
        uid: u32,
        gid: u32,
        gids: Vec<u32>,
    ) -> Result<f64> {
        let identity = CallerIdentity {
            address: address
                .parse()
                .map_err(|_| failure(format!("{address:?} is no IP address")))?,
            privileged_port: port < 1024,
            door: Door::Nfs,
            flavor: if auth_sys { Flavor::Sys } else { Flavor::None },
            uid: if auth_sys { uid } else { NO_ID },
            gid: if auth_sys { gid } else { NO_ID },
            gids: gids.into(),
        };
        Ok(self.engine()?.guard.callers.intern(identity).as_number())
    }

    /// How the handles of each export are made, in words for the log.
    #[napi]
    pub fn strategies(&self) -> Result<Vec<ExportStrategy>> {
        let strategies = self.engine()?.strategies().into_iter();
        Ok(strategies
            .map(|(path, strategies)| ExportStrategy { path, strategies })
            .collect())
    }

    /// Whether callers are served with their own rights, or all with the server's.
    #[napi(getter)]
    pub fn privileged(&self) -> Result<bool> {
        Ok(self.engine()?.privileged())
    }

    /// Descriptors that are open for clients.
    #[napi(getter)]
    pub fn descriptors(&self) -> Result<u32> {
        Ok(self.engine()?.descriptors() as u32)
    }
}

fn definition(export: ExportArgument) -> Result<ExportDefinition> {
    let squash = match export.squash.as_str() {
        "root_squash" => Squash::Root,
        "no_root_squash" => Squash::None,
        "all_squash" => Squash::All,
        other => return Err(failure(format!("{other:?} is no kind of squashing"))),
    };
    Ok(ExportDefinition {
        path: PathBuf::from(export.path),
        fsid: export.fsid,
        read_only: export.read_only,
        squash,
        anonuid: export.anonuid,
        anongid: export.anongid,
        secure: export.secure,
        sync: export.sync,
        side_channel: export.side_channel,
        mapped_stores: export.mapped_stores,
        clients: export.clients,
    })
}
