//! Builds the page, then lets Tauri put it into the program. One command is all a fresh clone needs: `cargo run -p farwire`.

use std::env;
use std::error::Error;
use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

/// What the page is made of, in `ui/`. Its tests are in `src` too: they are quick to build again.
const SOURCES: [&str; 9] = [
    "src",
    "build",
    "../Cargo.lock",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
];

fn main() -> Result<(), Box<dyn Error>> {
    let ui = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../ui");
    let page = ui.join("dist/index.html");
    println!("cargo::rerun-if-env-changed=FARWIRE_SKIP_UI");
    println!("cargo::rerun-if-changed={}", page.display());
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", ui.join(source).display());
    }
    if env::var_os("FARWIRE_SKIP_UI").is_none_or(|value| value != "1") {
        build_page(&ui)?;
        // A page that is deleted or built by hand is noticed, but one newer than this run began would be noticed for ever.
        File::options()
            .write(true)
            .open(&page)?
            .set_modified(SystemTime::UNIX_EPOCH)?;
    } else if !page.exists() {
        return Err("FARWIRE_SKIP_UI=1 is set, but ui/dist is not there: build it with `npm run build` in ui".into());
    }
    tauri_build::build();
    Ok(())
}

fn build_page(ui: &Path) -> Result<(), Box<dyn Error>> {
    if !ui.join("node_modules").exists() {
        npm(ui, &["ci"])?;
    }
    npm(ui, &["run", "build"])
}

fn npm(ui: &Path, arguments: &[&str]) -> Result<(), Box<dyn Error>> {
    let run = Command::new("npm").args(arguments).current_dir(ui).output();
    let output = run.map_err(|error| {
        format!("could not run npm, which builds the page (Node 20.19 or newer): {error}")
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(format!(
        "npm {} failed in {}:\n{said}",
        arguments.join(" "),
        ui.display()
    )
    .into())
}
