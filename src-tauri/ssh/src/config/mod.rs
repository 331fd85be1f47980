//! What OpenSSH's configurations, `~/.ssh/config` first, say of an address (ssh_config(5)): where it is, who signs in, with which key, through which machines.
//!
//! | file | holds |
//! | --- | --- |
//! | `files` | the files, with those they include |
//! | `lines` | keywords, quotes, patterns |
//!
//! The first value that is found counts. Nothing is ever run: what would run a program is told and left out.

mod files;
mod lines;
#[cfg(test)]
mod tests;

use crate::limits::MAX_JUMPS;
use farwire_model::jump::{Jump, split_port};
use files::{Part, Parts};
use lines::fits;
use std::path::Path;

/// An address as a person writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The name, which may be no host's.
    pub host: String,
    /// The account, where one was written.
    pub user: Option<String>,
    /// The port, where one was written.
    pub port: Option<u16>,
}

/// A file of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where it is; one that is not there is empty.
    pub path: &'a Path,
    /// The folder that what it includes lies in, where no whole path is written.
    pub folder: &'a Path,
}

/// This computer, as far as a configuration can ask for it.
#[derive(Clone, Copy, Debug)]
pub struct Computer<'a> {
    /// This account's home.
    pub home: &'a Path,
    /// Its name.
    pub user: &'a str,
}

/// What an address means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// The host to connect to.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The account to sign in to.
    pub user: String,
    /// The files of the keys that are named, in order.
    pub key_files: Vec<String>,
    /// The machines on the way, the nearest first.
    pub jumps: Vec<Jump>,
    /// What is not supported, or could not be read: for people.
    pub notes: Vec<String>,
    /// Whether the first of the files is there, and all of them were read.
    pub is_read: bool,
}

/// Looks an address up. What an earlier file says counts.
pub fn meaning(sources: &[Source<'_>], computer: Computer<'_>, asked: &Asked) -> Meant {
    let config = files::read(sources, computer.home);
    let mut meant = Lookup::of(&config, computer, asked).meant();
    let mut notes = config.notes.clone();
    notes.append(&mut meant.notes);
    notes.dedup();
    meant.notes = notes;
    let is_there = sources.first().is_some_and(|own| own.path.exists());
    meant.is_read = is_there && !config.is_partial;
    meant
}

/// What was found for one address so far.
struct Lookup<'a> {
    config: &'a Parts,
    computer: Computer<'a>,
    asked: &'a Asked,
    host: Option<String>,
    user: Option<String>,
    port: Option<u16>,
    key_files: Vec<String>,
    /// Machines on the way; `none` is a value too.
    jumps: Option<String>,
    notes: Vec<String>,
}

impl<'a> Lookup<'a> {
    fn of(config: &'a Parts, computer: Computer<'a>, asked: &'a Asked) -> Self {
        let mut lookup = Self {
            config,
            computer,
            asked,
            host: None,
            user: asked.user.clone(),
            port: asked.port,
            key_files: Vec::new(),
            jumps: None,
            notes: Vec::new(),
        };
        // Whether the block that is read holds, and those around included files.
        let mut holds = true;
        let mut around = Vec::new();
        for part in &config.parts {
            match part {
                Part::Begin => around.push(holds),
                Part::End => holds = around.pop().unwrap_or(true),
                Part::Line(keyword, arguments) => {
                    let outer = around.last().copied().unwrap_or(true);
                    match keyword.as_str() {
                        "host" => {
                            let patterns = arguments.iter().map(String::as_str);
                            holds = outer && fits(patterns, &asked.host);
                        }
                        "match" => holds = outer && lookup.matches(arguments),
                        _ if holds => lookup.take(keyword, arguments),
                        _ => {}
                    }
                }
            }
        }
        lookup
    }

    /// Whether a `Match` line holds. What cannot be told does not.
    fn matches(&mut self, arguments: &[String]) -> bool {
        let mut holds = true;
        let mut arguments = arguments.iter();
        while let Some(criterion) = arguments.next() {
            let (is_denied, name) = match criterion.strip_prefix('!') {
                Some(name) => (true, name),
                None => (false, criterion.as_str()),
            };
            // A value may follow a `=`, too.
            let (name, value) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            let name = name.to_lowercase();
            if name == "all" {
                holds &= !is_denied;
                continue;
            }
            let with = match name.as_str() {
                "host" => self.final_host(),
                "originalhost" => self.asked.host.clone(),
                "user" => self.final_user(),
                "localuser" => self.computer.user.to_owned(),
                _ => {
                    let message =
                        format!("Match {name} is not supported, so that its block was passed over");
                    self.notes.push(message);
                    return false;
                }
            };
            let Some(patterns) = value.or_else(|| arguments.next().map(String::as_str)) else {
                return false;
            };
            let is_host = name.ends_with("host");
            let fits = match is_host {
                true => fits(patterns.to_lowercase().split(','), &with.to_lowercase()),
                false => fits(patterns.split(','), &with),
            };
            holds &= fits != is_denied;
        }
        holds
    }

    fn take(&mut self, keyword: &str, arguments: &[String]) {
        let Some(value) = arguments.first().filter(|value| !value.is_empty()) else {
            return;
        };
        match keyword {
            "hostname" => {
                self.host.get_or_insert_with(|| value.clone());
            }
            "user" => {
                self.user.get_or_insert_with(|| value.clone());
            }
            "port" => self.port = self.port.or(value.parse().ok().filter(|port| *port > 0)),
            "identityfile" if value != "none" && !self.key_files.contains(value) => {
                self.key_files.push(value.clone());
            }
            "proxyjump" => {
                self.jumps.get_or_insert_with(|| value.clone());
            }
            // Whichever of both comes first counts.
            "proxycommand" if self.jumps.is_none() => {
                self.jumps = Some("none".to_owned());
                if value != "none" {
                    let message = format!(
                        "ProxyCommand for {} is not supported and was not run: the connection goes straight to the machine",
                        self.asked.host
                    );
                    self.notes.push(message);
                }
            }
            _ => {}
        }
    }

    fn final_host(&self) -> String {
        match &self.host {
            Some(host) => {
                // Only the name that was written can be named here.
                let name = |token| (token == 'h').then(|| self.asked.host.clone());
                expand(host, name).unwrap_or_else(|| host.clone())
            }
            None => self.asked.host.clone(),
        }
    }

    fn final_user(&self) -> String {
        self.user
            .clone()
            .unwrap_or_else(|| self.computer.user.to_owned())
    }

    fn meant(mut self) -> Meant {
        let (host, user, port) = (
            self.final_host(),
            self.final_user(),
            self.port.unwrap_or(22),
        );
        // As OpenSSH does: names are the same in any case.
        let host = host.to_lowercase();
        let token = |token| {
            Some(match token {
                'd' => self.computer.home.to_string_lossy().into_owned(),
                'h' => host.clone(),
                'n' => self.asked.host.clone(),
                'p' => port.to_string(),
                'r' => user.clone(),
                'u' => self.computer.user.to_owned(),
                _ => return None,
            })
        };
        let mut key_files = Vec::new();
        for path in &self.key_files {
            let path = match path.strip_prefix('~') {
                Some(rest) if rest.starts_with('/') => format!("%d{rest}"),
                _ => path.clone(),
            };
            match expand(&path, token).filter(|path| !path.contains("${")) {
                Some(path) => key_files.push(path),
                None => {
                    let message =
                        format!("IdentityFile {path} is not supported: it names something unknown");
                    self.notes.push(message);
                }
            }
        }
        let jumps = self.jumps.clone().filter(|jumps| jumps != "none");
        let jumps = jumps.and_then(|jumps| {
            // As for ProxyCommand; no paths.
            let expanded = expand(&jumps, |name| token(name).filter(|_| "hnpr".contains(name)));
            if expanded.is_none() {
                let message =
                    format!("ProxyJump {jumps} is not supported: it names something unknown");
                self.notes.push(message);
            }
            expanded
        });
        let mut found = Vec::new();
        if let Some(jumps) = jumps {
            self.jumps(&jumps, &mut found, MAX_JUMPS);
        }
        Meant {
            host,
            port,
            user,
            key_files,
            jumps: found,
            notes: self.notes,
            is_read: false,
        }
    }

    /// Looks the machines on the way up. OpenSSH goes to the first of them as it would by itself, through others too.
    fn jumps(&mut self, text: &str, found: &mut Vec<Jump>, depth: usize) {
        for (place, part) in text.split(',').enumerate() {
            let Some(asked) = address(part.trim()) else {
                let message = format!("ProxyJump {part} is no address, so that it was passed over");
                self.notes.push(message);
                continue;
            };
            let mut lookup = Lookup::of(self.config, self.computer, &asked);
            if place > 0 {
                lookup.jumps = None;
            }
            if let Some(before) = lookup.jumps.take().filter(|jumps| jumps != "none") {
                match depth.checked_sub(1) {
                    Some(depth) => self.jumps(&before, found, depth),
                    None => self.notes.push(format!(
                        "more than {MAX_JUMPS} machines on the way to {part}"
                    )),
                }
            }
            let hop = lookup.meant();
            self.notes.extend(hop.notes);
            found.push(Jump {
                user: hop.user,
                host: hop.host,
                port: hop.port,
                key_files: hop
                    .key_files
                    .into_iter()
                    .filter(|path| Path::new(path).is_file())
                    .collect(),
            });
        }
    }
}

/// Reads `[user@]host[:port]`, with `ssh://` before it or not. `None` for what is no address.
pub fn address(text: &str) -> Option<Asked> {
    let text = text.strip_prefix("ssh://").unwrap_or(text);
    let text = text.strip_suffix('/').unwrap_or(text);
    let (user, place) = match text.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, text),
    };
    let is_user = |user: &str| {
        !user.is_empty()
            && !user.starts_with('-')
            && !user.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    let (host, port) = split_port(place)?;
    user.is_none_or(is_user).then(|| Asked {
        host,
        user: user.map(str::to_owned),
        port,
    })
}

/// Puts in what stands for `%` and a letter. `None` when that is not known.
fn expand(text: &str, token: impl Fn(char) -> Option<String>) -> Option<String> {
    let mut expanded = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '%' => match letters.next()? {
                '%' => expanded.push('%'),
                name => expanded.push_str(&token(name)?),
            },
            letter => expanded.push(letter),
        }
    }
    Some(expanded)
}
