//! Everything may have changed: all that is cached is asked for again.

use std::fs;
use std::io;
use std::os::fd::BorrowedFd;

use super::in_use::visit_in_use;
use super::revalidation::{MAYBE_ANYTHING, Revalidation};
use super::roots::Roots;

const DROP_CACHES: &str = "/proc/sys/vm/drop_caches";
/// Names and inodes, not pages.
const NAMES: &str = "2";
/// What was used lately is only marked the first time, and a pass that frees next to nothing is the call's last.
const DROPS: usize = 3;

/// Has the kernel forget all names and inodes that nobody uses, of this mount and of all others: there is no call for one.
pub fn drop_names() -> io::Result<()> {
    (0..DROPS).try_for_each(|_| fs::write(DROP_CACHES, NAMES))
}

pub struct Resync<'a> {
    pub roots: &'a Roots,
    /// Has everything that was told of looked at, as if this had changed.
    pub known: &'a dyn Fn(u16),
    pub refused: &'a dyn Fn(),
}

impl Resync<'_> {
    /// What is forgotten is asked for when it is used. What is in use cannot be forgotten and is looked at here.
    pub fn everything(&self) -> io::Result<()> {
        drop_names()?;
        self.in_use(MAYBE_ANYTHING)?;
        (self.known)(MAYBE_ANYTHING);
        Ok(())
    }

    /// Looks whether what is known or in use changed.
    pub fn poll(&self) -> io::Result<()> {
        self.in_use(0)?;
        (self.known)(0);
        Ok(())
    }

    fn in_use(&self, what: u16) -> io::Result<()> {
        let roots = self.roots.all()?;
        let devices: Vec<_> = roots.iter().map(|root| root.mount.device).collect();
        if devices.is_empty() {
            return Ok(());
        }
        visit_in_use(&devices, &mut |object: BorrowedFd<'_>, device| {
            let Some(root) = roots.iter().find(|root| root.mount.device == device) else {
                return;
            };
            // What is gone by now is what it should look like.
            if Revalidation::new(root)
                .opened(object, what)
                .is_ok_and(|outcome| outcome.refused)
            {
                (self.refused)();
            }
        })
    }
}
