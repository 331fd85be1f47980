//! Servers other than TigerVNC's, each private to one test.

use crate::xvnc::{Xvnc, free_port, has};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server's process, and where it listens.
pub struct Peer {
    process: Child,
    pub port: u16,
    pub dir: TempDir,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Servers that start others end them on this signal; whoever does not hear it is killed.
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let deadline = Instant::now() + Duration::from_secs(3);
        while Instant::now() < deadline {
            if matches!(self.process.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Peer {
    /// Starts a server; `command` gets a folder and a port.
    fn start(command: impl FnOnce(&Path, u16) -> Command) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = free_port();
        let log = fs::File::create(dir.path().join("log")).unwrap();
        let process = command(dir.path(), port)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut peer = Self { process, port, dir };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let said = fs::read_to_string(peer.dir.path().join("log")).unwrap();
            let is_alive = peer.process.try_wait().unwrap().is_none();
            assert!(is_alive && Instant::now() < deadline, "{said}");
            std::thread::sleep(Duration::from_millis(50));
        }
        peer
    }

    /// x11vnc, which shows another X server's screen.
    pub fn x11vnc(desk: &Xvnc) -> Option<Self> {
        has("x11vnc").then(|| {
            Self::start(|_, port| {
                let mut command = desk.command("x11vnc");
                command
                    .args(["-localhost", "-forever", "-nopw", "-noshm", "-wait", "20"])
                    .args(["-rfbport", &port.to_string()]);
                command
            })
        })
    }

    /// QEMU with nothing to boot: its BIOS says so on the screen.
    pub fn qemu() -> Option<Self> {
        has("qemu-system-x86_64").then(|| {
            Self::start(|dir, port| {
                let mut command = Command::new("qemu-system-x86_64");
                let display = format!("127.0.0.1:{}", port - 5900);
                let monitor = format!("unix:{},server,nowait", dir.join("monitor").display());
                command
                    .args(["-nodefaults", "-vga", "std", "-m", "32", "-net", "none"])
                    .args(["-display", "none", "-vnc", &display, "-qmp", &monitor]);
                command
            })
        })
    }

    /// What QEMU itself shows.
    pub fn screendump(&self) -> image::RgbaImage {
        let picture = self.dir.path().join("dump.png");
        let mut monitor = UnixStream::connect(self.dir.path().join("monitor")).unwrap();
        let mut lines = BufReader::new(monitor.try_clone().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let dump = format!(
            r#"{{"execute":"screendump","arguments":{{"format":"png","filename":"{}"}}}}"#,
            picture.display()
        );
        for command in [r#"{"execute":"qmp_capabilities"}"#, &dump] {
            writeln!(monitor, "{command}").unwrap();
            loop {
                line.clear();
                lines.read_line(&mut line).unwrap();
                if line.contains("\"return\"") {
                    break;
                }
                assert!(!line.contains("\"error\""), "{line}");
            }
        }
        image::open(&picture).unwrap().into_rgba8()
    }

    /// A Wayland desktop with wayvnc, which shows `wallpaper`.
    pub fn wayvnc(wallpaper: &image::RgbaImage) -> Option<Self> {
        let programs = ["sway", "swaybg", "wayvnc", "grim", "setpriv"];
        if !programs.into_iter().all(has) {
            return None;
        }
        Some(Self::start(|dir, port| {
            wallpaper.save(dir.join("wallpaper.png")).unwrap();
            let config = format!(
                "output HEADLESS-1 resolution {}x{}\noutput * bg {}/wallpaper.png center\nexec wayvnc 127.0.0.1 {port}\n",
                wallpaper.width(),
                wallpaper.height(),
                dir.display()
            );
            fs::write(dir.join("sway.conf"), config).unwrap();
            fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
            let mut command = as_nobody(dir, "sway");
            command
                .arg("-c")
                .arg(dir.join("sway.conf"))
                .env("WLR_BACKENDS", "headless")
                .env("WLR_LIBINPUT_NO_DEVICES", "1")
                .env("WLR_RENDERER", "pixman");
            command
        }))
    }

    /// What the Wayland desktop itself shows.
    pub fn grim(&self) -> image::RgbaImage {
        let output = as_nobody(self.dir.path(), "grim")
            .env("WAYLAND_DISPLAY", "wayland-1")
            .args(["-t", "png", "-"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        image::load_from_memory(&output.stdout)
            .unwrap()
            .into_rgba8()
    }
}

/// A command that works in a folder of its own. Sway refuses to run as root, so root becomes nobody.
fn as_nobody(dir: &Path, program: &str) -> Command {
    const NOBODY: u32 = 65_534;
    let is_root = chown(dir, Some(NOBODY), Some(NOBODY)).is_ok();
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command
            .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command
        .current_dir(dir)
        .env("XDG_RUNTIME_DIR", dir)
        .env("HOME", dir);
    command
}
