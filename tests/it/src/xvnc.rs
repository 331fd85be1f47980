//! A real TigerVNC desktop, private to one test.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use tempfile::TempDir;

/// Whether a program a test needs is there. Missing in CI is a failure, elsewhere a skip that says so.
pub fn has(program: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(program).is_file()));
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{program} is not installed"
    );
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found
}

/// A port nobody listens on, below those the system hands out by itself: tests run side by side, and another one's
/// server must not take it before it is used.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    (0..100)
        .map(|_| base + NEXT.fetch_add(1, Ordering::Relaxed) % 100)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .expect("one of a hundred ports is free")
}

pub struct Xvnc {
    server: Child,
    programs: Vec<Child>,
    pub display: String,
    pub port: u16,
    pub dir: TempDir,
}

pub const PASSWORD: &str = "secret12";

impl Xvnc {
    /// A desktop that asks for [`PASSWORD`].
    pub fn start() -> Option<Self> {
        Self::with(free_port(), &["-SecurityTypes", "VncAuth"])
    }

    /// A desktop that asks for another password, of at most 8 bytes.
    pub fn asking_for(secret: &str) -> Option<Self> {
        Self::with_password(free_port(), &["-SecurityTypes", "VncAuth"], secret)
    }

    pub fn with(port: u16, options: &[&str]) -> Option<Self> {
        Self::with_password(port, options, PASSWORD)
    }

    fn with_password(port: u16, options: &[&str], secret: &str) -> Option<Self> {
        if !has("Xvnc") || !has("xauth") || !has("xterm") || !has("import") {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let password = dir.path().join("password");
        // The same 8 bytes `vncpasswd -f` writes for this password.
        fs::write(&password, obscured(secret)).unwrap();
        let auth = dir.path().join("auth");
        fs::write(&auth, b"").unwrap();
        let cookie = "0123456789abcdef0123456789abcdef";
        let mut command = Command::new("Xvnc");
        command
            .args([
                "-displayfd",
                "1",
                "-localhost",
                "-interface",
                "127.0.0.1",
                "-nolisten",
                "tcp",
            ])
            .args([
                "-geometry",
                "640x480",
                "-depth",
                "24",
                "-desktop",
                "Test desktop",
            ])
            .args(["-rfbport", &port.to_string()])
            .arg("-auth")
            .arg(&auth)
            .arg("-PasswordFile")
            .arg(&password)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(dir.path().join("log")).unwrap());
        // The cookie must be there before the server reads it; any display number may use it.
        add_cookie(&auth, "0", cookie);
        let mut server = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let number = line.trim().to_owned();
        assert!(
            !number.is_empty(),
            "Xvnc: {}",
            fs::read_to_string(dir.path().join("log")).unwrap()
        );
        add_cookie(&auth, &number, cookie);
        Some(Self {
            server,
            programs: Vec::new(),
            display: format!(":{number}"),
            port,
            dir,
        })
    }

    pub fn auth(&self) -> PathBuf {
        self.dir.path().join("auth")
    }

    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env("XAUTHORITY", self.auth())
            .stdin(Stdio::null());
        command
    }

    /// Runs a program on the desktop until the test ends.
    pub fn spawn(&mut self, program: &str, args: &[&str]) {
        let child = self
            .command(program)
            .args(args)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.programs.push(child);
    }

    /// What the X server itself shows, without a pointer.
    pub fn picture(&self) -> image::RgbaImage {
        let output = self
            .command("import")
            .args(["-window", "root", "png:-"])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        image::load_from_memory(&output.stdout)
            .unwrap()
            .into_rgba8()
    }

    pub fn kill(&mut self) {
        for child in self.programs.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Xvnc {
    fn drop(&mut self) {
        self.kill();
        let number = self.display.trim_start_matches(':');
        let _ = fs::remove_file(format!("/tmp/.X{number}-lock"));
        let _ = fs::remove_file(format!("/tmp/.X11-unix/X{number}"));
    }
}

fn add_cookie(auth: &PathBuf, display: &str, cookie: &str) {
    let mut child = Command::new("xauth")
        .arg("-q")
        .arg("-f")
        .arg(auth)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "add :{display} . {cookie}").unwrap();
    assert!(child.wait().unwrap().success());
}

fn obscured(password: &str) -> Vec<u8> {
    let mut child = Command::new("vncpasswd")
        .arg("-f")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{password}").unwrap();
    child.wait_with_output().unwrap().stdout
}
