//! What the load consists of: which call a lane of the pipeline makes next.

use clap::ValueEnum;

use crate::call::{Call, Procedure};
use crate::target::Target;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Operation {
    Null,
    Getattr,
    Lookup,
    Access,
    Read,
    Write,
    /// CREATE and REMOVE of one name, alternating.
    Create,
    Readdirplus,
    Commit,
    /// What SPECsfs2008 asks of an NFSv3 server.
    Mix,
}

/// SPECsfs2008's shares in percent. The REMOVE that follows every CREATE is the missing one: they are as many there.
const MIX: [(Procedure, u64); 11] = [
    (Procedure::Getattr, 26),
    (Procedure::Lookup, 24),
    (Procedure::Read, 18),
    (Procedure::Access, 11),
    (Procedure::Write, 10),
    (Procedure::Setattr, 4),
    (Procedure::Readdirplus, 2),
    (Procedure::Readdir, 1),
    (Procedure::Readlink, 1),
    (Procedure::Fsstat, 1),
    (Procedure::Create, 1),
];
const MIX_TOTAL: u64 = 99;

/// The finalizer of splitmix64: a different number for each, in no order.
fn scatter(sequence: u64) -> u64 {
    let mut word = sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

impl Operation {
    /// The call number `sequence` of the whole load, made by `lane`, whose names are its own.
    pub fn call(self, target: &Target, sequence: u64, lane: u32) -> Call {
        let number = scatter(sequence);
        let is_mix = self == Self::Mix;
        let file = if is_mix {
            number as usize / 1024 % target.files.len()
        } else {
            0
        };
        let blocks = (target.files[file].bytes / u64::from(target.io_bytes)).max(1);
        let place = match is_mix || target.random {
            true => number >> 32,
            false => sequence,
        };
        Call {
            procedure: self.procedure(number),
            file,
            offset: place % blocks * u64::from(target.io_bytes),
            lane,
        }
    }

    fn procedure(self, number: u64) -> Procedure {
        match self {
            Self::Null => Procedure::Null,
            Self::Getattr => Procedure::Getattr,
            Self::Lookup => Procedure::Lookup,
            Self::Access => Procedure::Access,
            Self::Read => Procedure::Read,
            Self::Write => Procedure::Write,
            Self::Create => Procedure::Create,
            Self::Readdirplus => Procedure::Readdirplus,
            Self::Commit => Procedure::Commit,
            Self::Mix => {
                let mut rest = number % MIX_TOTAL;
                for (procedure, share) in MIX {
                    match rest.checked_sub(share) {
                        Some(left) => rest = left,
                        None => return procedure,
                    }
                }
                unreachable!("the shares add up to their total")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mix_has_specsfs_2008s_shares() {
        assert_eq!(MIX.iter().map(|(_, share)| share).sum::<u64>(), MIX_TOTAL);
        let drawn = 99_000;
        for (procedure, share) in MIX {
            let count = (0..drawn)
                .filter(|sequence| Operation::Mix.procedure(scatter(*sequence)) == procedure)
                .count() as f64;
            let wanted = (share * drawn / MIX_TOTAL) as f64;
            assert!(
                (count - wanted).abs() < 0.1 * wanted + 50.0,
                "{procedure:?}: {count} of {wanted}"
            );
        }
    }
}
