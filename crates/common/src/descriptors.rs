//! Open files and sockets.

/// Raises the number of descriptors that this process may have as far as the system lets it, and has
/// the system make its table of them large enough for `many`.
///
/// Linux doubles that table whenever it is full, and where a process has several threads it waits for
/// all processors each time. Three such steps on the way to 160 connections, in the downloader and
/// again in its site, made `async_downloader` take 90 ms instead of 64. To be called while there is
/// one thread, before the clock starts.
pub fn reserve_descriptors(many: usize) {
    // Where it is refused, the limit stays what it was.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    #[cfg(target_os = "linux")]
    {
        let null = |_| std::fs::File::open("/dev/null").ok();
        // Closed again at once: the table does not shrink. It ends early where the limit is lower.
        drop((0..many).map_while(null).collect::<Vec<_>>());
    }
    #[cfg(not(target_os = "linux"))]
    let _ = many;
}
