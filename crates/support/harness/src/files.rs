//! Files that are either complete or absent, and folders that are gone at the end.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use crate::before_exit;

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

/// A folder for temporary files. It is removed, with everything in it, when this value is dropped, or when the program
/// ends before that.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes it in this place, under a free name that begins with this one.
    ///
    /// # Errors
    /// A sentence, when it cannot be made.
    pub fn new(place: &Path, name: &str) -> io::Result<Self> {
        for number in 0.. {
            let folder = place.join(format!("{name}-{}-{number}", process::id()));
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => {
                    let sentence = format!("no folder can be made in {}: {error}", place.display());
                    return Err(io::Error::new(error.kind(), sentence));
                }
                Ok(()) => {
                    let scratch = Self(folder.clone());
                    before_exit(move || remove(&folder));
                    return Ok(scratch);
                }
            }
        }
        unreachable!("there is always another number")
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// Removes a folder, in which another thread may still be writing or reading.
fn remove(folder: &Path) {
    const LONGEST: Duration = Duration::from_secs(2);
    let start = Instant::now();
    while fs::remove_dir_all(folder).is_err() && folder.exists() && start.elapsed() < LONGEST {
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    #[test]
    fn a_file_is_whole_or_as_it_was() {
        let folder = Scratch::new(&env::temp_dir(), "beside").expect("a folder");
        let place = folder.path().join("report");
        fs::write(&place, "before").expect("a file");
        drop(Beside::write(&place, "given up").expect("it is written"));
        assert_eq!(fs::read_to_string(&place).expect("it is there"), "before");
        Beside::write(&place, "after").and_then(Beside::place).expect("it is written");
        assert_eq!(fs::read_to_string(&place).expect("it is there"), "after");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_scratch_folder_has_a_name_of_its_own_and_is_removed_with_what_is_in_it() {
        let [one, other] =
            [(); 2].map(|()| Scratch::new(&env::temp_dir(), "two").expect("a folder"));
        fs::write(one.path().join("file"), "text").expect("a file");
        let (gone, kept) = (one.path().to_owned(), other.path().to_owned());
        drop(one);
        assert_eq!((gone.exists(), kept.exists()), (false, true));
        assert!(Scratch::new(&gone, "within").is_err(), "there is no such place");
    }
}
