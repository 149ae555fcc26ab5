//! Places where a test lets the process die, as by kill -9: with FSVA_TEST_KILL=POINT:FILE in the environment it dies
//! when it passes the point while the file exists. Without the variable nothing happens.

use std::path::PathBuf;

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
    armed: Option<(FaultPoint, PathBuf)>,
}

impl Faults {
    pub fn from_environment() -> Faults {
        let armed = std::env::var("FSVA_TEST_KILL")
            .ok()
            .and_then(|text| Faults::parse(&text));
        Faults { armed }
    }

    fn parse(text: &str) -> Option<(FaultPoint, PathBuf)> {
        let (name, file) = text.split_once(':')?;
        let (_, point) = NAMES.iter().find(|(known, _)| *known == name)?;
        (!file.is_empty()).then(|| (*point, file.into()))
    }

    pub fn reached(&self, point: FaultPoint) {
        if let Some((armed, file)) = &self.armed
            && *armed == point
            && file.exists()
        {
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
        let armed = (FaultPoint::Happened, PathBuf::from("/x"));
        assert_eq!(Faults::parse("happened:/x"), Some(armed));
        for text in ["", "happened", "happened:", "elsewhere:/x"] {
            assert_eq!(Faults::parse(text), None, "{text}");
        }
        Faults::default().reached(FaultPoint::Happened);
    }
}
