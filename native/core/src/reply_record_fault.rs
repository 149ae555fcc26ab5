//! Places where a test lets the process die, as by kill -9: FSVA_TEST_KILL=POINT:N dies at the Nth pass of the point.
//! Without the variable nothing happens.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultPoint {
    /// The intent is recorded, the operation has not begun.
    Prepared,
    /// The operation has happened, which is recorded nowhere.
    Operated,
    /// That is recorded, too; nothing is synced or answered.
    Happened,
    /// The reply is recorded and not sent.
    Replied,
}

const NAMES: [(&str, FaultPoint); 4] = [
    ("prepared", FaultPoint::Prepared),
    ("operated", FaultPoint::Operated),
    ("happened", FaultPoint::Happened),
    ("replied", FaultPoint::Replied),
];

#[derive(Default)]
pub struct Faults {
    at: Option<FaultPoint>,
    passes_left: AtomicU64,
}

impl Faults {
    pub fn from_environment() -> Faults {
        std::env::var("FSVA_TEST_KILL")
            .ok()
            .and_then(|text| Faults::parse(&text))
            .unwrap_or_default()
    }

    fn parse(text: &str) -> Option<Faults> {
        let (name, passes) = text.split_once(':')?;
        let (_, point) = NAMES.iter().find(|(known, _)| *known == name)?;
        Some(Faults {
            at: Some(*point),
            passes_left: AtomicU64::new(passes.parse().ok().filter(|passes| *passes > 0)?),
        })
    }

    pub fn reached(&self, point: FaultPoint) {
        if self.at == Some(point) && self.passes_left.fetch_sub(1, Ordering::Relaxed) == 1 {
            // SAFETY: no memory involved; the signal ends the process before kill returns.
            unsafe { libc::kill(libc::getpid(), libc::SIGKILL) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_spelled_out_kills() {
        assert_eq!(
            Faults::parse("happened:2").unwrap().at,
            Some(FaultPoint::Happened)
        );
        for text in ["", "happened", "happened:0", "happened:x", "elsewhere:1"] {
            assert!(Faults::parse(text).is_none(), "{text}");
        }
    }
}
