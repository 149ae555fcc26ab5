//! The write verifier (writeverf3, RFC 1813, sections 3.3.7 and 3.3.21).

use std::sync::atomic::{AtomicU64, Ordering};

/// Unique to this process, and changed whenever data that was acknowledged as unstable may be lost: clients then
/// send their uncommitted writes again. It never changes otherwise.
pub struct WriteVerifier {
    current: AtomicU64,
}

impl WriteVerifier {
    /// Random rather than the time, which can be the same twice (a clock set back, a VM restored from a snapshot).
    pub fn new() -> std::io::Result<WriteVerifier> {
        Ok(WriteVerifier {
            current: AtomicU64::new(random_u64()?),
        })
    }

    pub fn get(&self) -> [u8; 8] {
        self.current.load(Ordering::Acquire).to_ne_bytes()
    }

    /// To be called before the failed COMMIT or stable write is answered: the kernel reports a write-back error
    /// once, and marks the lost pages clean.
    pub fn data_may_be_lost(&self) {
        // An odd step visits all 2^64 values before it repeats one.
        self.current.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::AcqRel);
    }
}

fn random_u64() -> std::io::Result<u64> {
    let mut bytes = [0; 8];
    crate::state_directory::random_bytes(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_between_processes_and_is_constant_within_one() {
        let one = WriteVerifier::new().unwrap();
        let other = WriteVerifier::new().unwrap();
        assert_ne!(one.get(), other.get());
        assert_eq!(one.get(), one.get());
    }

    #[test]
    fn each_loss_gives_a_verifier_never_seen_before() {
        let verifier = WriteVerifier::new().unwrap();
        let mut seen = std::collections::HashSet::from([verifier.get()]);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| verifier.data_may_be_lost()));
            }
        });
        assert!(seen.insert(verifier.get()));
        for _ in 0..1000 {
            verifier.data_may_be_lost();
            assert!(seen.insert(verifier.get()));
        }
    }
}
