//! What addresses mean, compared with what OpenSSH makes of them.

use super::*;
use proptest::prelude::*;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

struct Home(tempfile::TempDir);

impl Home {
    fn with(config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        home.write("config", config);
        home
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(".ssh").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn meaning(&self, text: &str) -> Meant {
        let computer = Computer {
            home: self.0.path(),
            user: "somebody",
        };
        let folder = self.0.path().join(".ssh");
        let (own, common) = (folder.join("config"), self.0.path().join("etc/ssh_config"));
        let sources = [
            Source {
                path: &own,
                folder: &folder,
            },
            Source {
                path: &common,
                folder: common.parent().unwrap(),
            },
        ];
        meaning(&sources, computer, &address(text).unwrap())
    }
}

/// What `ssh -G` says: host name, port, user; key files and machines on the way as they are written.
fn openssh(
    home: &Home,
    config: &str,
    address: &str,
) -> Option<(String, u16, Option<String>, Vec<String>)> {
    // Includes are relative to the real home: absolute here.
    let file = home.0.path().join("for-openssh");
    let folder = home.0.path().join(".ssh");
    let config = config.replace("Include ", &format!("Include {}/", folder.display()));
    fs::write(&file, config).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let output = Command::new("ssh")
        .arg("-G")
        .arg("-F")
        .arg(&file)
        .arg(address)
        .output();
    let Ok(output) = output else {
        assert!(std::env::var_os("CI").is_none(), "ssh is not installed");
        eprintln!("SKIPPED: ssh is not installed");
        return None;
    };
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let all = |name: &str| -> Vec<String> {
        let values = text
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        values.map(str::to_owned).collect()
    };
    let one = |name: &str| all(name).first().cloned().unwrap_or_default();
    // This account, where nothing says otherwise.
    let user = one("user");
    let me = Command::new("id").arg("-un").output().unwrap().stdout;
    let me = String::from_utf8(me).unwrap();
    let user = (user != me.trim()).then_some(user);
    let files = all("identityfile");
    let files = files
        .into_iter()
        .filter(|file| !file.starts_with("~/.ssh/id_"))
        .collect();
    Some((one("hostname"), one("port").parse().unwrap(), user, files))
}

#[test]
fn the_computers_own_configuration_comes_after_the_users() {
    let home = Home::with("Host web\n User mine\nHost db\n Port 22\n");
    home.write(
        "../etc/ssh_config",
        "User common\nPort 2200\nInclude more/*.conf\nHost web\n HostName web.example\n",
    );
    home.write("../etc/more/a.conf", "IdentityFile /keys/common\n");
    let meant = home.meaning("web");
    assert_eq!(
        (&*meant.host, meant.port, &*meant.user),
        ("web.example", 2200, "mine"),
        "{meant:?}"
    );
    assert_eq!(meant.key_files, ["/keys/common"]);
    let meant = home.meaning("db");
    assert_eq!((meant.port, &*meant.user), (22, "common"));
}

#[test]
fn addresses_mean_what_openssh_makes_of_them() {
    for config in [
        "",
        "Host web\n HostName web1.example\n User ops\n Port 2222\n",
        "User early\nHost *\n User late\n Port 23\nHost web\n Port 24\n",
        "Host *.example !bad.example\n User inside\nHost *\n User outside\n",
        "Host web? db\n HostName %h.internal\nHost *\n Port=2200\n",
        "Host \"web\" other # why\n User = quoted\n",
        "HOST WEB\n User upper\nhost web\n uSeR lower\n",
        "Match host web\n User one\nMatch all\n User rest\n",
        "Host web\n HostName real.example\nMatch host real.example\n User real\nMatch originalhost web\n Port 99\n",
        "Match user ops host web,db*\n Port 77\nMatch !host web\n Port 78\n",
        "Match !host db\n Port 5\n",
        "Host web\n Include more\nHost db\n User after\nInclude top\n",
        "Include parts/*.conf\nHost *\n Port 9\n",
        "Host *\n IdentityFile /keys/%r-%h-%p-%%\n IdentityFile /keys/second\n",
        "Host web\n HostName 10.0.0.1\n HostName 10.0.0.2\n Port 1\n Port 2\n",
        "Host web\n User\tspaced   \n\tPort   2022\n",
        "#Host web\nHost *\n# User hidden\n User seen\n",
    ] {
        let home = Home::with(config);
        home.write(
            "more",
            "User included\nHost web*\n Port 31\nHost db\n Port 32\n",
        );
        home.write("top", "Host *\n User top\n");
        home.write("parts/b.conf", "Port 42\n");
        home.write("parts/a.conf", "Host db\n Port 41\n");
        home.write("parts/.hidden.conf", "Port 43\n");
        for address in [
            "web",
            "db",
            "ops@web",
            "bad.example",
            "good.example",
            "WEB",
            "ssh://me@web:2000",
        ] {
            let Some((host, port, user, files)) = openssh(&home, config, address) else {
                return;
            };
            let meant = home.meaning(address);
            let meant_user = Some(meant.user.clone()).filter(|user| user != "somebody");
            // OpenSSH shows the paths of keys as they are written.
            let files: Vec<_> = files
                .iter()
                .map(|file| {
                    let user = user.as_deref().unwrap_or("somebody");
                    let file = file.replace("%%", "\0").replace("%r", user);
                    let file = file.replace("%h", &host).replace("%p", &port.to_string());
                    file.replace('\0', "%")
                })
                .collect();
            let meant = (
                meant.host.to_lowercase(),
                meant.port,
                meant_user,
                meant.key_files,
            );
            assert_eq!(
                meant,
                (host.to_lowercase(), port, user, files),
                "{address} in\n{config}"
            );
        }
    }
}

#[test]
fn machines_on_the_way_are_looked_up_too() {
    let home = Home::with(
        "Host inner\n HostName 10.0.0.5\n ProxyJump middle,%r@last:2200\n User me\n\
         Host middle\n HostName middle.example\n User ops\n IdentityFile ~/.ssh/middle\n ProxyJump outer\n\
         Host outer\n Port 2022\n\
         Host last\n ProxyJump never\n\
         Host circle\n ProxyJump circle\n\
         Host straight\n ProxyJump none\nHost *ght\n ProxyJump outer\n",
    );
    home.write("middle", "key");
    let ways = |address: &str| -> Vec<String> {
        let jumps = home.meaning(address).jumps;
        jumps.iter().map(ToString::to_string).collect()
    };
    let key = home.0.path().join(".ssh/middle");
    let middle = format!("ops@middle.example:22 key {}", key.display());
    let expected = ["somebody@outer:2022", &middle, "me@last:2200"];
    assert_eq!(ways("inner"), expected);
    assert_eq!(ways("straight"), [""; 0]);
    assert_eq!(ways("night"), ["somebody@outer:2022"]);
    let circle = home.meaning("circle");
    assert!(
        circle.jumps.len() <= MAX_JUMPS + 1,
        "{}",
        circle.jumps.len()
    );
    assert!(
        circle
            .notes
            .iter()
            .any(|note| note.contains("machines on the way"))
    );
}

#[test]
fn nothing_is_run_and_what_is_left_out_is_told() {
    let home = Home::with("");
    let mark = home.0.path().join("mark");
    let config = format!(
        "Match exec \"touch {0}\"\n User never\nHost web\n ProxyCommand touch {0}\n ProxyJump late\nMatch final\n Port 1\n\
         Host *\n IdentityFile /keys/%Z\n Include %h.conf\n",
        mark.display()
    );
    home.write("config", &config);
    let meant = home.meaning("web");
    assert!(!mark.exists());
    assert_eq!(
        (meant.user.as_str(), meant.port, meant.jumps.len()),
        ("somebody", 22, 0)
    );
    for part in [
        "Match exec",
        "ProxyCommand",
        "Match final",
        "/keys/%Z",
        "Include %h.conf",
    ] {
        assert!(
            meant.notes.iter().any(|note| note.contains(part)),
            "{part}: {:?}",
            meant.notes
        );
    }
    // A jump before it counts.
    let first = Home::with("Host web\n ProxyJump outer\n ProxyCommand touch x\n").meaning("web");
    assert_eq!((first.jumps.len(), first.notes.len()), (1, 0));
}

#[test]
fn files_are_read_only_as_far_as_is_safe() {
    let home = Home::with("Include deep\nHost *\n Port 7\n");
    home.write("deep", "Include deep\n");
    let meant = home.meaning("web");
    assert_eq!(meant.port, 7);
    assert!(
        meant.notes.iter().any(|note| note.contains("deep")),
        "{:?}",
        meant.notes
    );
    home.write("deep", &"# long\n".repeat(200_000));
    let notes = home.meaning("web").notes;
    assert!(
        notes.iter().any(|note| note.contains("larger than")),
        "{notes:?}"
    );
    // What others can write says nothing.
    let config = home.0.path().join(".ssh/config");
    fs::set_permissions(&config, fs::Permissions::from_mode(0o666)).unwrap();
    let meant = home.meaning("web");
    assert_eq!(meant.port, 22);
    assert!(
        meant
            .notes
            .iter()
            .any(|note| note.contains("others can write it"))
    );
    fs::remove_file(config).unwrap();
    assert_eq!(home.meaning("web").notes, [""; 0]);
}

#[test]
fn an_address_is_no_option() {
    for (text, expected) in [
        ("me@web:22", Some((Some("me"), "web", Some(22)))),
        ("ssh://web/", Some((None, "web", None))),
        ("[::1]:2222", Some((None, "::1", Some(2222)))),
        ("-oProxyCommand=x", None),
        ("me@-oX", None),
        ("-x@web", None),
        ("web:0", None),
        ("we b", None),
        ("", None),
    ] {
        let read = address(text);
        let read = read.as_ref();
        let read = read.map(|asked| (asked.user.as_deref(), asked.host.as_str(), asked.port));
        assert_eq!(read, expected, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_configuration_panics(lines in prop::collection::vec("(Host|Match|ProxyJump|HostName|Include|IdentityFile|User)[ =]{0,2}[a-z*?!%\"', @:]{0,20}", 0..12), host in "[a-z]{1,8}") {
        let home = Home::with(&lines.join("\n"));
        home.meaning(&host);
    }
}
