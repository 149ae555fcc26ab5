//! A client's counters, for JavaScript.

use fsva_agent::figures::Figures;
use napi_derive::napi;

macro_rules! figures {
    ($($name:ident,)*) => {
        /// As `fsva_agent::figures::Figures`.
        #[napi(object)]
        pub struct AgentFigures {
            pub connected: bool,
            $(pub $name: f64,)*
        }

        impl From<Figures> for AgentFigures {
            fn from(figures: Figures) -> AgentFigures {
                AgentFigures {
                    connected: figures.connected,
                    $($name: figures.$name as f64,)*
                }
            }
        }
    };
}

figures! {
    requests,
    resent,
    sleeps,
    full_windows,
    timeouts,
    strays,
    connections,
    bytes_read,
    bytes_written,
    invalidated_grants,
    notices,
    resyncs,
    free_small_pages,
    free_large_pages,
    mapped_grants,
}
