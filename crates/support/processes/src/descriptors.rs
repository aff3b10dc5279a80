//! Open files and sockets.

/// Raises this process's limit of file descriptors as far as the system allows, makes the system's table of them large
/// enough for `many`, and returns how many of those there are.
///
/// Linux doubles that table whenever it is full, and if a process has several threads it waits for all processors
/// each time. Three such steps on the way to 160 connections, in the downloader and again in its site, made 160
/// pages at once take 90 ms instead of 64. Call it while there is one thread, before the clock starts.
pub fn reserve_descriptors(many: usize) -> usize {
    // If the system refuses, the limit stays as it was.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    if cfg!(unix) {
        let null = |_| std::fs::File::open("/dev/null").ok();
        // All are closed at once; the table does not shrink. With a lower limit, the loop ends early.
        (0..many).map_while(null).collect::<Vec<_>>().len()
    } else {
        many
    }
}

/// Returns how many descriptors this process may have, if the system tells.
pub fn descriptor_limit() -> Option<u64> {
    #[cfg(unix)]
    return rlimit::Resource::NOFILE.get_soft().ok();
    #[cfg(not(unix))]
    return None;
}
