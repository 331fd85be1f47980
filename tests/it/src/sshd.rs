//! A real OpenSSH server, private to one test: its accounts live in a mount namespace of its own.

use crate::xvnc::{free_port, has};
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
pub const PASSWORD: &str = "correct horse";

/// What a server is like.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup<'a> {
    /// Lines of its configuration, before the common ones.
    pub config: &'a str,
    /// Shell commands in its namespace, before it starts; `$D` is its folder.
    pub prepare: &'a str,
    /// Types of its host keys; none means `ed25519`.
    pub keys: &'a [&'a str],
    /// Whether it is Dropbear, which reads no configuration of OpenSSH's.
    pub is_dropbear: bool,
}

pub struct Sshd {
    child: Child,
    pub port: u16,
    pub dir: TempDir,
}

impl Sshd {
    /// A server that takes a password and keys in [`Sshd::authorized_keys`]. `None`, which CI does not accept, without root.
    pub fn start() -> Option<Self> {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup<'_>) -> Option<Self> {
        if !has("unshare") || !has("ssh-keygen") || !Path::new("/usr/sbin/sshd").exists() {
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        // The account must reach its home.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        for name in ["home", "ns", "keys"] {
            fs::create_dir(folder.join(name)).unwrap();
        }
        let kinds = if setup.keys.is_empty() {
            &["ed25519"]
        } else {
            setup.keys
        };
        let mut config = String::new();
        for kind in kinds {
            let path = folder.join(format!("host_{kind}"));
            keygen(&["-t", kind, "-N", "", "-f", path.to_str().unwrap()]);
            config.push_str(&format!("HostKey {}\n", path.display()));
        }
        let port = free_port();
        config.push_str(&format!(
            "ListenAddress 127.0.0.1:{port}\n{}\nUsePAM yes\nStrictModes no\nPidFile none\nPrintMotd no\nPrintLastLog no\n\
             AuthorizedKeysFile {}/keys/%u\nSubsystem sftp /usr/lib/openssh/sftp-server\nAcceptEnv LANG\n",
            setup.config,
            folder.display()
        ));
        fs::write(folder.join("sshd_config"), config).unwrap();
        let serve = match setup.is_dropbear {
            false => "exec /usr/sbin/sshd -D -e -f \"$D/sshd_config\"".to_owned(),
            true => format!(
                "dropbearconvert openssh dropbear \"$D/host_ed25519\" \"$D/host\"\n\
                 exec dropbear -F -E -r \"$D/host\" -p 127.0.0.1:{port} -P /run/dropbear.pid"
            ),
        };
        let script = format!(
            "set -e\n\
             mount -t tmpfs tmpfs \"$D/ns\"\n\
             mkdir \"$D/ns/up\" \"$D/ns/work\"\n\
             mount -t overlay overlay -o \"lowerdir=/etc,upperdir=$D/ns/up,workdir=$D/ns/work\" /etc\n\
             mount -t tmpfs tmpfs /run\n\
             mkdir /run/sshd\n\
             useradd -M -d \"$D/home\" -s /bin/bash {USER}\n\
             echo '{USER}:{PASSWORD}' | chpasswd\n\
             chown {USER} \"$D/home\"\n\
             {}\n\
             {serve}\n",
            setup.prepare
        );
        let child = Command::new("unshare")
            .args(["-m", "-p", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", &script])
            .env("D", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(folder.join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut server = Self { child, port, dir };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.child.try_wait().unwrap();
            if ended.is_some() && server.log().contains("unshare") {
                assert!(std::env::var_os("CI").is_none(), "{}", server.log());
                eprintln!("SKIPPED: namespaces cannot be made here, which takes root");
                return None;
            }
            assert!(ended.is_none(), "sshd ended: {}", server.log());
            assert!(Instant::now() < deadline, "sshd: {}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    /// What the server wrote down.
    pub fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }

    /// The account's home.
    pub fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    /// Lets these public keys in.
    pub fn authorize(&self, lines: &str) {
        let path = self.dir.path().join("keys").join(USER);
        fs::write(&path, lines).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    }

    /// The fingerprint of its host key of this type.
    pub fn fingerprint(&self, kind: &str) -> String {
        fingerprint(&self.dir.path().join(format!("host_{kind}.pub")))
    }

    /// The public host key of this type, as a line.
    pub fn host_key(&self, kind: &str) -> String {
        let path = self.dir.path().join(format!("host_{kind}.pub"));
        fs::read_to_string(path).unwrap().trim().to_owned()
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        // The namespace's first process dies with its parent, and everything in it.
        self.kill();
    }
}

/// Runs `ssh-keygen`, which must work; answers what it prints.
pub fn keygen(arguments: &[&str]) -> String {
    let output = Command::new("ssh-keygen")
        .arg("-q")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The fingerprint that `ssh-keygen` says a public key has.
pub fn fingerprint(path: &Path) -> String {
    let line = keygen(&["-l", "-f", path.to_str().unwrap()]);
    line.split(' ').nth(1).unwrap().to_owned()
}
