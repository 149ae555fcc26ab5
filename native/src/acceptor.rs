//! Accepting TCP connections on a native thread, so that JavaScript gets bare descriptors to make sockets of.

use napi::Error;
use napi::bindgen_prelude::Function;
use napi::threadsafe_function::ThreadsafeFunctionCallMode;
use napi_derive::napi;

type Result<T> = std::result::Result<T, Error<&'static str>>;

#[napi(object)]
pub struct AcceptedConnection {
    /// Non-blocking, closed on exec, without Nagle's delay. The receiver has to close it.
    pub fd: i32,
    /// The peer; IPv4-mapped IPv6 addresses are written as IPv4.
    pub address: String,
    pub port: u32,
}

#[napi]
pub struct NativeAcceptor {
    acceptor: Option<fsva_core::acceptor::Acceptor>,
    address: String,
    port: u32,
}

#[napi]
impl NativeAcceptor {
    /// Listens at once; throws with the errno's name in `code` (EADDRINUSE, EACCES, EADDRNOTAVAIL) if it cannot.
    /// Port 0 picks one. `accepted` gets connections in batches.
    #[napi(factory)]
    pub fn listen(
        address: String,
        port: u16,
        accepted: Function<'_, Vec<AcceptedConnection>, ()>,
    ) -> Result<NativeAcceptor> {
        let deliver = accepted
            .build_threadsafe_function::<Vec<AcceptedConnection>>()
            .callee_handled::<false>();
        let deliver = deliver
            .build()
            .map_err(|error| Error::new("EIO", error.reason.clone()))?;
        let address = address
            .parse()
            .map_err(|_| Error::new("EINVAL", format!("{address:?} is no IP address")))?;
        let acceptor = fsva_core::acceptor::Acceptor::listen(address, port, move |connections| {
            let connections = connections.into_iter().map(|connection| AcceptedConnection {
                fd: std::os::fd::IntoRawFd::into_raw_fd(connection.fd),
                address: connection.peer.ip().to_canonical().to_string(),
                port: connection.peer.port().into(),
            });
            deliver.call(connections.collect(), ThreadsafeFunctionCallMode::NonBlocking);
        })
        .map_err(|error| Error::new(error.code(), error.to_string()))?;
        let local = acceptor.local_address();
        Ok(NativeAcceptor {
            address: local.ip().to_string(),
            port: local.port().into(),
            acceptor: Some(acceptor),
        })
    }

    #[napi(getter)]
    pub fn address(&self) -> &str {
        &self.address
    }

    #[napi(getter)]
    pub fn port(&self) -> u32 {
        self.port
    }

    /// Stops accepting and frees the port before it returns.
    #[napi]
    pub fn close(&mut self) {
        self.acceptor = None;
    }
}
