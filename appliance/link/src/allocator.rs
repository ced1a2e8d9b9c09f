//! What the allocator does with memory that came free.

/// Lets the C library keep up to 4 MiB that came free at the end of its heap, instead of 128 KiB. The messages that wait for
/// a socket come free by the megabyte; the kernel would take them and clear each page anew for the next.
///
/// Other allocators keep some anyway. Call it before the program has threads: mallopt(3) promises nothing beside them.
pub fn keep_some_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const BYTES: libc::c_int = 4 * 1024 * 1024;
        #[expect(
            unsafe_code,
            reason = "the C library has no other way; the call takes two numbers, and comes before there are threads"
        )]
        let done = unsafe { libc::mallopt(libc::M_TRIM_THRESHOLD, BYTES) };
        if done != 1 {
            tracing::debug!("the allocator keeps no more memory than usual");
        }
    }
}
