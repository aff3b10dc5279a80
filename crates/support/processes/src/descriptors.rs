//! Open files and sockets.

/// Raises the number of descriptors that this process may have as far as the system lets it, has the system
/// make its table of them large enough for `many`, and gives how many of those there are.
///
/// Linux doubles that table whenever it is full, and where a process has several threads it waits for
/// all processors each time. Three such steps on the way to 160 connections, in the downloader and
/// again in its site, made 160 pages at once take 90 ms instead of 64. To be called while there is
/// one thread, before the clock starts.
pub fn reserve_descriptors(many: usize) -> usize {
    // Where it is refused, the limit stays what it was.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    if cfg!(unix) {
        let null = |_| std::fs::File::open("/dev/null").ok();
        // Closed again at once: the table does not shrink. It ends early where the limit is lower.
        (0..many).map_while(null).collect::<Vec<_>>().len()
    } else {
        many
    }
}

/// How many descriptors this process may have, where the system says.
pub fn descriptor_limit() -> Option<u64> {
    #[cfg(unix)]
    return rlimit::Resource::NOFILE.get_soft().ok();
    #[cfg(not(unix))]
    return None;
}
