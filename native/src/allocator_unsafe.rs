//! The C library's allocator, which Node takes its buffers from.

use napi_derive::napi;

/// Buffers of this size come by the hundred only when clients overload us, and are used again before they are freed: a
/// system call for each that is freed costs little.
const OWN_MAPPING_BYTES: i32 = 256 << 10;
/// Free memory at the heap's end that is kept: the default, 128 KiB, is given back and taken anew by every few calls.
const KEPT_BYTES: i32 = 1 << 20;

/// For a process that is ours: from now on each large buffer is a mapping of its own, and back with the kernel once it is
/// freed. glibc's own rule ends that with the first one it frees: from then on they come from the heap, whose holes between
/// what lives longer stay resident; many clients that stop reading cost the process hundreds of mebibytes for good.
#[napi]
pub fn map_large_buffers() {
    #[cfg(target_env = "gnu")]
    // SAFETY: two settings of the allocator, under its own lock; what was allocated before stays valid.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES);
    }
}
