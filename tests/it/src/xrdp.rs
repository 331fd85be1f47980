//! Real RDP servers, private to one test: xrdp, whose accounts live in a mount namespace of its own, and FreeRDP's shadow
//! server over a desktop that is there already.

use crate::xvnc::{Xvnc, free_port, has};
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The account of every server.
pub const USER: &str = "alice";
/// Its password.
pub const PASSWORD: &str = "Correct.Horse7";

/// Where the namespace sees the server's folder.
const INSIDE: &str = "/run/d";

pub struct Xrdp {
    child: Child,
    pub port: u16,
    pub dir: TempDir,
}

impl Xrdp {
    /// A server with one account, whose desktop is a terminal with a shell. `None`, which CI does not accept, without root.
    pub fn start() -> Option<Self> {
        Self::showing("exec xterm -geometry 80x24+0+0 -e sh")
    }

    /// The same, whose desktop is this program of the shell.
    pub fn showing(program: &str) -> Option<Self> {
        let has_all = ["unshare", "openssl", "xterm", "xclip"]
            .into_iter()
            .all(has)
            && [
                "/usr/sbin/xrdp",
                "/usr/lib/xorg/modules/drivers/xrdpdev_drv.so",
            ]
            .into_iter()
            .all(is_there);
        if !has_all {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        // The account must reach its home.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["home", "ns"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let desktop = folder.join("home/desktop.sh");
        fs::write(&desktop, format!("#!/bin/sh\n{program}\n")).unwrap();
        fs::set_permissions(&desktop, fs::Permissions::from_mode(0o755)).unwrap();
        let (port, sesman) = (free_port(), free_port());
        // Displays share their names with all others of this machine, as ports do.
        let display = u32::from(port) - 20_000 + 100;
        let script = format!(
            "set -e\n\
             mount -t tmpfs tmpfs \"$D/ns\"\n\
             mkdir \"$D/ns/up\" \"$D/ns/work\"\n\
             mount -t overlay overlay -o \"lowerdir=/etc,upperdir=$D/ns/up,workdir=$D/ns/work\" /etc\n\
             mount -t tmpfs tmpfs /run\n\
             mkdir -p {INSIDE} /run/xrdp/sockdir\n\
             chmod 3777 /run/xrdp/sockdir\n\
             mount --bind \"$D\" {INSIDE}\n\
             mount -t tmpfs -o mode=1777 tmpfs /tmp\n\
             mount -t tmpfs tmpfs /var/log\n\
             cd /\n\
             useradd -M -d {INSIDE}/home -s /bin/sh {USER}\n\
             echo '{USER}:{PASSWORD}' | chpasswd\n\
             chown {USER} {INSIDE}/home\n\
             openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=farwire-test \
               -keyout /etc/xrdp/key.pem.new -out /etc/xrdp/cert.pem.new 2>/dev/null\n\
             mv /etc/xrdp/key.pem.new /etc/xrdp/key.pem\n\
             mv /etc/xrdp/cert.pem.new /etc/xrdp/cert.pem\n\
             cp /etc/xrdp/cert.pem {INSIDE}/cert.pem\n\
             sed -i -e 's#^port=3389#port=tcp://127.0.0.1:{port}#' -e 's/^EnableSyslog=.*/EnableSyslog=false/' \
               -e 's#^LogFile=.*#LogFile={INSIDE}/xrdp.log#' /etc/xrdp/xrdp.ini\n\
             sed -i -e 's/^EnableSyslog=.*/EnableSyslog=false/' -e 's/^ListenPort=.*/ListenPort={sesman}/' \
               -e 's/^X11DisplayOffset=.*/X11DisplayOffset={display}/' -e 's/^UserWindowManager=.*/UserWindowManager=desktop.sh/' \
               -e 's#^LogFile=.*#LogFile={INSIDE}/sesman.log#' /etc/xrdp/sesman.ini\n\
             xrdp-sesman -n &\n\
             true # As the first process of its namespace xrdp does not start.\n\
             xrdp -n &\n\
             wait $!\n"
        );
        let child = Command::new("unshare")
            .args(["-m", "-p", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", &script])
            .env("D", folder)
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.join("out")).unwrap())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Self { child, port, dir };
        server.wait_for(port).then_some(())?;
        server.wait_for(sesman).then_some(server)
    }

    fn wait_for(&mut self, port: u16) -> bool {
        let deadline = Instant::now() + Duration::from_secs(30);
        // The login server takes the newer loopback address where there is one.
        let answers = |host| TcpStream::connect((host, port)).is_ok();
        while !["127.0.0.1", "::1"].into_iter().any(answers) {
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() && self.log().contains("unshare") {
                assert!(std::env::var_os("CI").is_none(), "{}", self.log());
                eprintln!("SKIPPED: namespaces cannot be made here, which takes root");
                return false;
            }
            assert!(ended.is_none(), "xrdp ended: {}", self.log());
            assert!(Instant::now() < deadline, "xrdp: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        true
    }

    /// What the servers wrote down.
    pub fn log(&self) -> String {
        let read = |name| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        ["log", "out", "xrdp.log", "sesman.log"]
            .map(read)
            .join("\n")
    }

    /// The account's home as this process sees it.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// The fingerprint of its certificate, by OpenSSL.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.dir.path().join("cert.pem"))
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Xrdp {
    fn drop(&mut self) {
        // The namespace's first process dies with its parent, and everything in it.
        self.kill();
    }
}

/// FreeRDP's server over a desktop, with the account and the password of all.
pub struct Shadow {
    child: Child,
    pub port: u16,
    pub desk: Xvnc,
}

impl Shadow {
    /// A server that takes only this kind of security: `nla` or `tls`.
    pub fn start(security: &str) -> Option<Self> {
        if !has("freerdp-shadow-cli") || !has("winpr-hash") {
            return None;
        }
        let desk = Xvnc::start()?;
        let home = desk.dir.path().join("shadow");
        fs::create_dir(&home).unwrap();
        let hash = Command::new("winpr-hash")
            .args(["-u", USER, "-p", PASSWORD, "-f", "sam"])
            .output()
            .unwrap();
        assert!(hash.status.success(), "{hash:?}");
        let accounts = home.join("sam");
        fs::write(&accounts, hash.stdout).unwrap();
        let port = free_port();
        let auth = if security == "nla" { "+auth" } else { "-auth" };
        let child = desk
            .command("freerdp-shadow-cli")
            .args([
                &format!("/port:{port}"),
                "/bind-address:127.0.0.1",
                &format!("/sec:{security}"),
                auth,
            ])
            .arg(format!("/sam-file:{}", accounts.display()))
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
            .stdout(fs::File::create(home.join("log")).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, port, desk };
        let deadline = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.child.try_wait().unwrap();
            let log = || fs::read_to_string(home.join("log")).unwrap_or_default();
            assert!(ended.is_none(), "the shadow server ended: {}", log());
            assert!(Instant::now() < deadline, "the shadow server: {}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(server)
    }
}

impl Drop for Shadow {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_there(path: &str) -> bool {
    let found = Path::new(path).exists();
    assert!(
        found || std::env::var_os("CI").is_none(),
        "{path} is not installed"
    );
    if !found {
        eprintln!("SKIPPED: {path} is not installed");
    }
    found
}

fn fingerprint(certificate: &Path) -> String {
    let script =
        "openssl x509 -in \"$1\" -outform der | openssl dgst -sha256 -binary | base64 | tr -d =";
    let output = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(certificate)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    format!(
        "SHA256:{}",
        String::from_utf8(output.stdout).unwrap().trim()
    )
}
