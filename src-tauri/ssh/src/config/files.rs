//! The files of an OpenSSH client configuration: one, and those it includes.

use super::Source;
use super::lines::{fits_one, words};
use crate::limits::{MAX_CONFIG_BYTES, MAX_CONFIG_DEPTH, MAX_CONFIG_FILES};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// A part of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A keyword in lower case, and its arguments.
    Line(String, Vec<String>),
    /// An included file begins.
    Begin,
    /// It ends: what held before it holds again.
    End,
}

/// The whole configuration, and what of it could not be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub parts: Vec<Part>,
    pub notes: Vec<String>,
    /// Whether something that is there, or is included, was not read.
    pub is_partial: bool,
    files: usize,
}

/// Reads configurations, one after the other, and everything they include; one that is not there is empty.
pub fn read(sources: &[Source<'_>], home: &Path) -> Parts {
    let mut parts = Parts::default();
    for source in sources.iter().filter(|source| source.path.exists()) {
        // A block of one file does not go on in the next.
        parts.parts.push(Part::Begin);
        parts.file(source.path, home, source.folder, 0);
        parts.parts.push(Part::End);
    }
    parts
}

impl Parts {
    fn not_read(&mut self, why: String) {
        self.is_partial = true;
        self.notes.push(why);
    }

    fn file(&mut self, path: &Path, home: &Path, folder: &Path, depth: usize) {
        self.files += 1;
        if depth > MAX_CONFIG_DEPTH || self.files > MAX_CONFIG_FILES {
            let message = format!(
                "{} was not read: files are included more than {MAX_CONFIG_DEPTH} deep, or more than {MAX_CONFIG_FILES} of them",
                path.display()
            );
            return self.not_read(message);
        }
        let text = match text(path, home) {
            Ok(text) => text,
            Err(why) => return self.not_read(format!("{} was not read: {why}", path.display())),
        };
        for (keyword, arguments) in text.lines().filter_map(words) {
            if keyword != "include" {
                self.parts.push(Part::Line(keyword, arguments));
                continue;
            }
            for pattern in arguments {
                if pattern.contains(['%', '$']) {
                    let message =
                        format!("Include {pattern} is not supported: it names a variable");
                    self.not_read(message);
                    continue;
                }
                for found in included(&pattern, home, folder) {
                    self.parts.push(Part::Begin);
                    self.file(&found, home, folder, depth + 1);
                    self.parts.push(Part::End);
                }
            }
        }
    }
}

fn text(path: &Path, home: &Path) -> Result<String, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let metadata = file.metadata().map_err(|error| error.to_string())?;
    // A pipe or a device could be read for ever.
    if !metadata.is_file() {
        return Err("it is no file".to_owned());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let owner = fs::metadata(home).map(|home| home.uid()).ok();
        let is_ours = metadata.uid() == 0 || Some(metadata.uid()) == owner;
        // As OpenSSH does: what others can write says where secrets go.
        if !is_ours || metadata.mode() & 0o022 != 0 {
            return Err("others can write it".to_owned());
        }
    }
    if metadata.len() > MAX_CONFIG_BYTES {
        return Err(format!("it is larger than {} KiB", MAX_CONFIG_BYTES >> 10));
    }
    let mut bytes = Vec::new();
    let read = file.take(MAX_CONFIG_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| error.to_string())?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files that a pattern names, in order.
fn included(pattern: &str, home: &Path, folder: &Path) -> Vec<PathBuf> {
    let path = match pattern.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => folder.join(pattern),
    };
    let mut found = vec![PathBuf::new()];
    for component in path.components() {
        let name = component.as_os_str().to_string_lossy();
        if !matches!(component, Component::Normal(_)) || !name.contains(['*', '?']) {
            found.iter_mut().for_each(|path| path.push(component));
            continue;
        }
        let mut next = Vec::new();
        for folder in &found {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let names = entries.map(|entry| entry.file_name());
            let fitting = names.filter(|entry| {
                let entry = entry.to_string_lossy();
                !entry.starts_with('.') && fits_one(&name, &entry)
            });
            let mut fitting: Vec<_> = fitting.take(MAX_CONFIG_FILES * 16).collect();
            fitting.sort();
            next.extend(fitting.into_iter().map(|entry| folder.join(entry)));
        }
        found = next;
        found.truncate(MAX_CONFIG_FILES + 1);
    }
    found.retain(|path| path.exists());
    found
}
