//! The lessons' programs, built.

use std::env;
use std::path::{Path, PathBuf};

use common::Lesson;

use crate::args::Arguments;

/// Where the programs are, and how they were built.
#[derive(Debug)]
pub(crate) struct Programs {
    folder: PathBuf,
    /// Cargo's name of the profile.
    pub(crate) profile: String,
}

impl Programs {
    pub(crate) fn path(&self, lesson: &Lesson) -> PathBuf {
        self.folder.join(lesson.name).with_extension(env::consts::EXE_EXTENSION)
    }
}

/// Builds the lessons with the profile of this program, where cargo started it; their programs lie
/// beside it.
pub(crate) fn build(args: &Arguments) -> Result<Programs, String> {
    let this =
        env::current_exe().map_err(|error| format!("where does this program lie? {error}"))?;
    let folder = this.parent().map(Path::to_path_buf).unwrap_or_default();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(name) => name,
    };
    let programs = Programs { profile: profile.into(), folder };
    // Cargo tells the programs that it starts where it is.
    if let Some(cargo) = env::var_os("CARGO") {
        let mut build = common::inner_cargo(cargo);
        build.args(["build", "--profile", &programs.profile]);
        for lesson in &args.lessons {
            build.args(["--package", lesson.name]);
        }
        build.args(["--manifest-path", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
        let status = build.status().map_err(|error| format!("cargo does not start: {error}"))?;
        if common::interrupted() {
            return Err("Ctrl-C was pressed while the lessons were built".into());
        }
        if !status.success() {
            return Err("the lessons could not be built".into());
        }
    }
    match args.lessons.iter().find(|lesson| !programs.path(lesson).exists()) {
        Some(lesson) => Err(format!(
            "there is no {} beside this program: start it with `cargo run -p compare`, without --target",
            lesson.name
        )),
        None => Ok(programs),
    }
}
