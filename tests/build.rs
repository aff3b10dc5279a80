//! Takes functions out of lessons, as they stand, and gives them other types in place of the standard library's:
//! shuttle's, which runs their threads in every order. `tests/interleavings.rs` is made of them.

use std::path::Path;
use std::{env, fs};

fn main() {
    // What each model is made of, and the beginnings of the lines that say where the types come from.
    let models: [(&str, &[&str]); 5] = [
        ("race_counter", &["use common::", "use timeline::"]),
        ("threaded_downloader", &["use common::", "use session::", "use ureq::"]),
        ("work_queue", &["use common::", "use session::", "use ureq::"]),
        ("gil_cpu/src/gil", &[]),
        ("process_pool/src/pool", &["use common::", "use crate::"]),
    ];
    for (name, foreign) in models {
        let path = if name.contains('/') { name.to_owned() } else { format!("{name}/src/main") };
        let path = format!("../crates/{path}.rs");
        println!("cargo::rerun-if-changed={path}");
        let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let model = model(&source.replace('\r', ""), foreign);
        let file = format!("{}.rs", name.rsplit('/').next().expect("a name"));
        let folder = env::var_os("OUT_DIR").expect("cargo says where");
        fs::write(Path::new(&folder).join(file), model).expect("it can be written");
    }
}

/// The source without its header, its `main`, its own tests, and what it uses of other crates.
fn model(source: &str, foreign: &[&str]) -> String {
    let source = source.split("\n#[cfg(test)]\n").next().expect("a beginning");
    let source = match source.split_once("\nfn main() -> ExitCode {\n") {
        None => source.to_owned(),
        Some((before, rest)) => {
            let (_, after) = rest.split_once("\n}\n").expect("main has an end");
            format!("{before}\n{after}")
        }
    };
    for line in foreign {
        assert_eq!(source.matches(&format!("\n{line}")).count(), 1, "one line with {line}");
    }
    let is_left_out = |line: &&str| {
        line.starts_with("//!")
            || line.starts_with("use std::process::ExitCode;")
            || foreign.iter().any(|foreign| line.starts_with(foreign))
    };
    let lines: Vec<&str> = source.lines().filter(|line| !is_left_out(line)).collect();
    let model = lines.join("\n");
    assert!(model.contains("use std::sync::"), "it uses nothing that is to be modelled");
    // A module in tests/interleavings.rs.
    model
        .replace("use std::sync::", "use crate::model::sync::")
        .replace("use std::thread;", "use crate::model::thread;")
}
