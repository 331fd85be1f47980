//! Who may depend on whom, and who may import what.

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn metadata() -> Metadata {
    MetadataCommand::new()
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

fn root() -> PathBuf {
    metadata().workspace_root.into_std_path_buf()
}

#[test]
fn crates_depend_only_downwards() {
    // What each crate of ours may use of ours.
    let allowed = BTreeMap::from([
        ("farwire-model", vec![]),
        ("farwire-link", vec!["farwire-model"]),
        ("farwire-vnc", vec!["farwire-link", "farwire-model"]),
        ("farwire-rdp", vec!["farwire-link", "farwire-model"]),
        ("farwire-ssh", vec!["farwire-link", "farwire-model"]),
        (
            "farwire-core",
            vec!["farwire-model", "farwire-rdp", "farwire-ssh", "farwire-vnc"],
        ),
        ("farwire-api", vec!["farwire-model", "farwire-core"]),
        (
            "farwire",
            vec!["farwire-model", "farwire-core", "farwire-api"],
        ),
        (
            "farwire-it",
            vec![
                "farwire-model",
                "farwire-ssh",
                "farwire-core",
                "farwire-api",
            ],
        ),
    ]);
    let metadata = metadata();
    let names: BTreeSet<_> = metadata
        .packages
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    assert_eq!(
        names,
        allowed.keys().copied().collect(),
        "a crate joined or left: say here what it may use"
    );
    for package in &metadata.packages {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| names.contains(dependency.name.as_str()))
        {
            let name = dependency.name.as_str();
            let is_allowed = allowed[package.name.as_str()].contains(&name);
            assert!(is_allowed, "{} must not depend on {name}", package.name);
        }
    }
}

#[test]
fn each_engine_has_one_crate() {
    // The model has no I/O; the rest keep to the part that wraps them.
    let homes = [
        ("sled", vec!["farwire-core"]),
        ("redb", vec!["farwire-core"]),
        ("warp", vec!["farwire-api"]),
        ("tauri", vec!["farwire"]),
        ("keyring-core", vec!["farwire-core"]),
        ("mdns-sd", vec!["farwire-core"]),
        ("mozjpeg", vec!["farwire-vnc"]),
    ];
    for package in &metadata().packages {
        for dependency in package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind == DependencyKind::Normal)
        {
            if let Some((name, home)) = homes.iter().find(|(name, _)| *name == dependency.name) {
                assert!(
                    home.contains(&package.name.as_str()),
                    "{} must not depend on {name}",
                    package.name
                );
            }
        }
    }
}

#[test]
fn crates_lie_where_the_map_says() {
    let root = root();
    let places: BTreeMap<_, _> = metadata()
        .packages
        .iter()
        .map(|package| {
            let folder = package
                .manifest_path
                .parent()
                .unwrap()
                .strip_prefix(&root)
                .unwrap()
                .to_string();
            (package.name.to_string(), folder)
        })
        .collect();
    for (name, folder) in [
        ("farwire-model", "src-tauri/model"),
        ("farwire-vnc", "src-tauri/vnc"),
        ("farwire-rdp", "src-tauri/rdp"),
        ("farwire-core", "src-tauri/core"),
        ("farwire-api", "src-tauri/api"),
        ("farwire", "src-tauri"),
        ("farwire-it", "tests/it"),
    ] {
        assert_eq!(places[name], folder);
    }
}

#[test]
fn each_library_is_imported_in_one_place() {
    let root = root();
    for (word, folder, homes) in [
        ("warp::", "src-tauri", &["src-tauri/api/src/server/"][..]),
        (
            "sled::",
            "src-tauri",
            &["src-tauri/core/src/store/sled_database.rs"],
        ),
        (
            "redb::",
            "src-tauri",
            &["src-tauri/core/src/store/redb_database.rs"],
        ),
        (
            "tauri::",
            "src-tauri",
            &["src-tauri/src/", "src-tauri/build.rs"],
        ),
        ("@tauri-apps/", "ui/src", &["ui/src/host/tauri.ts"]),
    ] {
        let mut files = Vec::new();
        sources(&root.join(folder), &mut files);
        assert!(files.len() > 20, "{folder} was not found");
        let mut is_used = false;
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            let place = file
                .strip_prefix(&root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let imports = text.lines().any(|line| {
                let line = line.trim_start();
                let code = !line.starts_with("//") && !line.starts_with('*');
                code && line.contains(word) && !line.contains(&format!("_{word}"))
            });
            is_used |= imports;
            let is_home = homes.iter().any(|home| place.starts_with(home));
            assert!(!imports || is_home, "{place} must not import {word}");
        }
        assert!(is_used, "nobody imports {word}: the rule tests nothing");
    }
}

#[test]
fn no_source_file_outgrows_500_lines() {
    let root = root();
    let mut files = Vec::new();
    for folder in ["src-tauri", "ui/src", "tests"] {
        sources(&root.join(folder), &mut files);
    }
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines", file.display());
    }
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir()
            && !matches!(
                name,
                "target" | "node_modules" | "dist" | "gen" | "bindings"
            )
        {
            sources(&path, files);
        } else if path
            .extension()
            .is_some_and(|kind| kind == "rs" || kind == "ts" || kind == "svelte")
        {
            files.push(path);
        }
    }
}
