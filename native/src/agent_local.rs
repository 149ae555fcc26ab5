//! The agent's socket for other programs of its machine (fsva_agent::local), for JavaScript.

use std::sync::Arc;

use fsva_agent::error::ClientError;
use fsva_agent::local::channel_files::ChannelFiles;
use fsva_agent::local::listener::{Limits, LocalAgent, LocalOptions};
use napi::Result;
use napi_derive::napi;

use crate::agent::{NativeAgent, client_failure, lock};

/// What has been done for other programs; `open` is now.
#[napi(object)]
pub struct AgentLocalFigures {
    pub open: f64,
    pub connections: f64,
    pub refused: f64,
    pub requests: f64,
    pub bytes_read: f64,
    pub bytes_written: f64,
}

#[napi]
impl NativeAgent {
    /// Serves files at or below the mount points to every program that connects to the socket, until `close`. Once, after
    /// `connect`.
    #[napi]
    pub fn serve_local(&self, socket: String, mount_points: Vec<String>) -> Result<()> {
        let mut local = lock(&self.local);
        let started = LocalAgent::start(LocalOptions {
            socket: socket.into(),
            mount_points: mount_points.into_iter().map(Into::into).collect(),
            files: Arc::new(ChannelFiles::new(self.client()?)),
            limits: Limits::default(),
        });
        *local = Some(started.map_err(|error| {
            client_failure(&ClientError::Errno {
                errno: error.raw_os_error().unwrap_or(libc::EIO),
                what: "the socket for other programs",
            })
        })?);
        Ok(())
    }

    /// Null: other programs are not served.
    #[napi]
    pub fn local_figures(&self) -> Option<AgentLocalFigures> {
        let figures = lock(&self.local).as_ref()?.figures();
        Some(AgentLocalFigures {
            open: figures.open as f64,
            connections: figures.connections as f64,
            refused: figures.refused as f64,
            requests: figures.requests as f64,
            bytes_read: figures.bytes_read as f64,
            bytes_written: figures.bytes_written as f64,
        })
    }
}
