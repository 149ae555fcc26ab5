//! Counters of a client and of what is on it, for JavaScript.

use fsva_agent::figures::Figures;
use fsva_agent::kernel_cache::KernelCacheFigures;
use fsva_agent::op_times::OpFigures;
use napi_derive::napi;

macro_rules! figures {
    ($name:ident of $source:ident: $($flag:ident,)* ; $($number:ident,)*) => {
        /// As in fsva_agent.
        #[napi(object)]
        pub struct $name {
            $(pub $flag: bool,)*
            $(pub $number: f64,)*
        }

        impl From<$source> for $name {
            fn from(figures: $source) -> $name {
                $name {
                    $($flag: figures.$flag,)*
                    $($number: figures.$number as f64,)*
                }
            }
        }
    };
}

figures! {
    AgentFigures of Figures:
    connected,
    ;
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

figures! {
    AgentCacheFigures of KernelCacheFigures:
    ;
    notices,
    coalesced,
    foreign,
    looked_at,
    gone,
    failed,
    refused,
    resyncs,
    drops,
    polls,
}

#[napi(object)]
pub struct AgentDetails {
    pub operations: Vec<AgentOpFigures>,
    /// None: nobody looks after the kernel's cache.
    pub kernel_cache: Option<AgentCacheFigures>,
}

/// Of one operation, by its name in the protocol.
#[napi(object)]
pub struct AgentOpFigures {
    pub op: String,
    pub calls: f64,
    /// Microseconds.
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

impl From<OpFigures> for AgentOpFigures {
    fn from(figures: OpFigures) -> AgentOpFigures {
        let micros = |time: std::time::Duration| time.as_nanos() as f64 / 1000.0;
        AgentOpFigures {
            op: format!("{:?}", figures.op),
            calls: figures.calls as f64,
            p50: figures.p50.map(micros),
            p99: figures.p99.map(micros),
        }
    }
}
