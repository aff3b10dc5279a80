//! A folder for the files of a program.

use std::fs;
use std::path::{Path, PathBuf};

/// A test's own folder, which is removed at the end of the test.
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

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in it, as an argument; an empty name stands for the folder itself.
    ///
    /// # Panics
    /// When its path is not UTF-8.
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
