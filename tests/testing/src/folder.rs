//! A folder for what a program writes.

use std::fs;
use std::path::{Path, PathBuf};

/// A folder of a test's own, gone when the test is over.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes it, named after the test.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lessons-{test}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the test");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// It, or a file in it, as an argument; an empty name stands for the folder itself.
    ///
    /// # Panics
    /// When its path is no text.
    pub fn file(&self, name: &str) -> String {
        let path = if name.is_empty() { self.0.clone() } else { self.0.join(name) };
        path.to_str().expect("a path of text").into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
