//! Which threads change files on behalf of clients: what they do is reported as it is done, so the kernel's word of it is
//! no news. Threads, not the process: what else the process does to files is seen as anybody's.

use std::collections::HashSet;
use std::sync::RwLock;

static OWN: RwLock<Option<HashSet<i32>>> = RwLock::new(None);

struct Own(i32);

impl Own {
    fn enter() -> Own {
        // SAFETY: gettid touches no memory.
        let id = unsafe { libc::gettid() };
        OWN.write().unwrap().get_or_insert_default().insert(id);
        Own(id)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(own) = &mut *OWN.write().unwrap() {
            own.remove(&self.0);
        }
    }
}

thread_local! {
    static THIS: Own = Own::enter();
}

/// This thread is one of them until it ends.
pub fn enter() {
    THIS.with(|_| ());
}

/// `id`: as gettid(2) has it.
pub fn contain(id: i32) -> bool {
    OWN.read().unwrap().as_ref().is_some_and(|own| own.contains(&id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_own_until_it_ends() {
        // SAFETY: as above.
        let this = || unsafe { libc::gettid() };
        let id = std::thread::spawn(move || {
            assert!(!contain(this()));
            enter();
            enter();
            assert!(contain(this()));
            this()
        });
        assert!(!contain(id.join().unwrap()));
    }
}
