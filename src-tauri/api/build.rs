//! Builds the page's files (`ui/dist`) into the program, and the commit it is built from. Without the files `/ui/` answers
//! 404; the API works all the same.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let dist = root.join("../../ui/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    tell_commit();
    let mut files = Vec::new();
    if dist.is_dir() {
        collect(&dist, &mut files)?;
    } else {
        println!(
            "cargo::warning=ui/dist is missing, so this build has no browser page: run `npm run build` in ui"
        );
    }
    files.sort();
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut text = String::from("static FILES: &[(&str, &[u8])] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let name = file
            .strip_prefix(&dist)
            .unwrap_or(file)
            .to_string_lossy()
            .replace('\\', "/");
        let bytes = fs::read(file)?;
        // A copy: the page may be built anew while this crate compiles.
        let copy = format!("page_file_{number}");
        fs::write(out.join(&copy), bytes)?;
        let _ = writeln!(
            text,
            "    ({name:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{copy}\"))),"
        );
    }
    text.push_str("];\n");
    fs::write(out.join("page_files.rs"), text)
}

/// Names the commit as `FARWIRE_COMMIT` says, else as the checkout does. Only what is released asks the checkout: elsewhere
/// each commit would have this crate compiled anew.
fn tell_commit() {
    println!("cargo::rerun-if-env-changed=FARWIRE_COMMIT");
    if env::var_os("FARWIRE_COMMIT").is_some() || env::var("PROFILE").as_deref() != Ok("release") {
        return;
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    };
    // Sources without a checkout have none.
    if let Some(moves) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={moves}");
    }
    if let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo::rustc-env=FARWIRE_COMMIT={commit}");
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
