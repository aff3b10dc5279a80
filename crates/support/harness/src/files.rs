//! Files that are either complete or absent.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;

/// A file that has been written beside its place, but is not in it yet. It is removed if this is dropped first.
#[derive(Debug)]
pub struct Beside {
    /// The temporary path; `None` if it could only be written in its place, such as a device.
    beside: Option<PathBuf>,
    place: PathBuf,
}

impl Beside {
    /// Writes it, under a name that no other program uses.
    ///
    /// # Errors
    /// When there is no room for it, or no permission to write there. Its place is then unchanged.
    pub fn write(place: &Path, text: impl AsRef<[u8]>) -> io::Result<Self> {
        // A link stays a link: its target is replaced.
        let target = fs::canonicalize(place).unwrap_or_else(|_| place.to_path_buf());
        let is_there = fs::symlink_metadata(place).is_ok();
        if is_there && !target.is_file() {
            fs::write(place, text)?;
            return Ok(Self { beside: None, place: target });
        }
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.part", process::id()));
        let beside = target.with_file_name(name);
        let written = Self { beside: Some(beside.clone()), place: target };
        fs::write(beside, text)?;
        Ok(written)
    }

    /// Moves it into its place, replacing an earlier file.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn place(mut self) -> io::Result<()> {
        let Some(beside) = self.beside.take() else { return Ok(()) };
        fs::rename(&beside, &self.place).inspect_err(|_| _ = fs::remove_file(&beside))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if let Some(beside) = &self.beside {
            let _ = fs::remove_file(beside);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = env::temp_dir().join(format!("beside-{}", process::id()));
        fs::create_dir(&folder).expect("a folder");
        let place = folder.join("report");
        fs::write(&place, "before").expect("a file");
        drop(Beside::write(&place, "given up").expect("it is written"));
        assert_eq!(fs::read_to_string(&place).expect("it is there"), "before");
        Beside::write(&place, "after").and_then(Beside::place).expect("it is written");
        assert_eq!(fs::read_to_string(&place).expect("it is there"), "after");
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
        fs::remove_dir_all(folder).expect("it is removed");
    }
}
