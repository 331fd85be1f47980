//! Groups, connections, credentials, trust, settings, tokens.

use crate::app::App;
use farwire_core::{Config, Core};
use farwire_model::secret::Secret;
use farwire_model::token::Scope;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const CANARY: &str = "Kanarienvogel-4711";

#[tokio::test]
async fn groups_nest_and_never_into_themselves() {
    let app = App::start().await;
    let group = async |name: &str, parent: Value| {
        app.ok("PUT", "/group", json!({"name": name, "parent_uid": parent}))
            .await["group_uid"]
            .clone()
    };
    let top = group("top", Value::Null).await;
    let middle = group("middle", top.clone()).await;
    let low = group("low", middle.clone()).await;
    let path = |id: &Value| format!("/group/{}", id.as_str().unwrap());
    let (status, answer) = app
        .call("PUT", &path(&top), json!({"parent_uid": low}))
        .await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (400, Some("parent_uid"))
    );
    let uid = app
        .connection(json!({"name": "x", "category_uid": middle}))
        .await;
    app.ok("DELETE", &path(&middle), Value::Null).await;
    let groups = app.ok("GET", "/groups", Value::Null).await;
    let low_now = groups
        .as_array()
        .unwrap()
        .iter()
        .find(|group| group["group_uid"] == low)
        .unwrap()
        .clone();
    assert_eq!(low_now["parent_uid"], top, "subgroups move up");
    assert_eq!(
        app.ok("GET", &format!("/connection/{uid}"), Value::Null)
            .await["category_uid"],
        Value::Null
    );
    let kept = app.ok("GET", "/group/none", Value::Null).await;
    assert_eq!(kept[0]["uid"], uid.as_str());
    app.ok(
        "PUT",
        &format!("/connection/{uid}"),
        json!({"category_uid": low}),
    )
    .await;
    app.ok(
        "DELETE",
        &format!("{}?recursive=1", path(&top)),
        Value::Null,
    )
    .await;
    assert_eq!(app.ok("GET", "/groups", Value::Null).await, json!([]));
    assert_eq!(app.ok("GET", "/connections", Value::Null).await, json!([]));
    app.stop().await;
}

#[tokio::test]
async fn a_connection_keeps_what_it_is_told_and_nothing_else() {
    let app = App::start().await;
    let uid = app.connection(json!({"name": " press-04 ", "host": "press-04.example", "port": 5901, "tags": ["a", "b", "a"],
        "favorite": true, "notes": "n", "mac": "3C-EC-EF-10-4B-1F", "vnc.quality": 6, "vnc.shared": false})).await;
    let path = format!("/connection/{uid}");
    let saved = app.ok("GET", &path, Value::Null).await;
    assert_eq!(saved["name"], "press-04");
    assert_eq!(saved["tags"], json!(["a", "b"]));
    assert_eq!(saved["mac"], "3c:ec:ef:10:4b:1f");
    assert_eq!(
        saved["settings"],
        json!({"vnc.quality": 6, "vnc.shared": false})
    );
    app.ok(
        "PUT",
        &path,
        json!({"port": null, "vnc.quality": null, "notes": null}),
    )
    .await;
    let reset = app.ok("GET", &path, Value::Null).await;
    assert_eq!(
        (reset["port"].as_u64(), &reset["settings"], &reset["notes"]),
        (Some(5900), &json!({"vnc.shared": false}), &json!(""))
    );
    for (body, code, property) in [
        (json!({"port": 0}), "VALUE_OUT_OF_BOUNDS", "port"),
        (json!({"port": 70000}), "VALUE_OUT_OF_BOUNDS", "port"),
        (json!({"port": "5900"}), "VALUE_INCORRECT_TYPE", "port"),
        (json!({"host": "vnc://x"}), "VALUE_INCORRECT_FORMAT", "host"),
        (
            json!({"host": "10.0.0.999"}),
            "VALUE_INCORRECT_FORMAT",
            "host",
        ),
        (json!({"host": "-x"}), "VALUE_INCORRECT_FORMAT", "host"),
        (
            json!({"protocol": "TELNET"}),
            "INVALID_REQUEST_DATA",
            "protocol",
        ),
        (
            json!({"vnc.quality": 10}),
            "VALUE_OUT_OF_BOUNDS",
            "vnc.quality",
        ),
        (
            json!({"vnc.quality": "best"}),
            "VALUE_OUT_OF_BOUNDS",
            "vnc.quality",
        ),
        (
            json!({"vnc.colours": "some"}),
            "VALUE_OUT_OF_BOUNDS",
            "vnc.colours",
        ),
        (
            json!({"vnc.colours": 16}),
            "VALUE_INCORRECT_TYPE",
            "vnc.colours",
        ),
        (
            json!({"vnc.quality": true}),
            "VALUE_INCORRECT_TYPE",
            "vnc.quality",
        ),
        (
            json!({"vnc.colour": 1}),
            "INVALID_REQUEST_DATA",
            "vnc.colour",
        ),
        (json!({"via": uid}), "INVALID_REQUEST_DATA", "via"),
        (json!({"mac": "x"}), "VALUE_INCORRECT_FORMAT", "mac"),
    ] {
        let (status, answer) = app.call("PUT", &path, body.clone()).await;
        assert_eq!(
            (
                status.as_u16(),
                answer["error_code"].as_str(),
                answer["property"].as_str()
            ),
            (400, Some(code), Some(property)),
            "{body}"
        );
    }
    assert_eq!(
        app.ok("GET", &path, Value::Null).await["revision"],
        reset["revision"],
        "a refused change changes nothing"
    );
    assert_eq!(
        app.ok("GET", "/connections?q=PRESS", Value::Null)
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        app.ok("GET", "/connections?q=other", Value::Null).await,
        json!([])
    );
    app.stop().await;
}

#[tokio::test]
async fn of_parallel_writers_that_know_a_revision_one_wins() {
    let app = App::start().await;
    let uid = app.connection(json!({"name": "x"})).await;
    let writers = (0..20).map(|number| {
        let request = app
            .request("PUT", &format!("/connection/{uid}"))
            .bearer_auth(&app.token);
        let request = request
            .header("if-match", "1")
            .json(&json!({"name": format!("writer {number}")}));
        async { request.send().await.unwrap().status().as_u16() }
    });
    let mut statuses = futures_util::future::join_all(writers).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![412; 19]].concat());
    app.stop().await;
}

#[tokio::test]
async fn secrets_are_sealed_left_out_and_shown_only_to_those_who_may() {
    let app = App::start().await;
    let uid = app
        .connection(json!({"name": "x", "protocol": "SSH", "host": "10.0.0.1"}))
        .await;
    let path = format!("/connection/{uid}/credentials");
    app.ok(
        "PUT",
        &path,
        json!({"ssh.username": "u", "ssh.password": CANARY, "ssh.key": CANARY}),
    )
    .await;
    let (status, answer) = app.call("PUT", &path, json!({"rdp.password": "x"})).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (400, Some("rdp.password"))
    );
    let seen = app.ok("GET", &path, Value::Null).await;
    assert_eq!(
        seen,
        json!({"ssh.username": "u", "redacted": ["ssh.key", "ssh.password"], "revision": seen["revision"]})
    );
    // Writing an answer back erases nothing.
    app.ok("PUT", &path, seen).await;
    let reveal = app.token_with(&[Scope::Read, Scope::Reveal]).await;
    let (_, shown) = app
        .call_as(&reveal, "GET", &format!("{path}?reveal=1"), Value::Null)
        .await;
    assert_eq!(
        (shown["ssh.password"].as_str(), shown["ssh.key"].as_str()),
        (Some(CANARY), Some(CANARY))
    );
    app.ok("PUT", &path, json!({"ssh.key": null})).await;
    assert_eq!(
        app.ok("GET", &path, Value::Null).await["redacted"],
        json!(["ssh.password"])
    );
    // Locked: secrets can be neither written nor read, names can.
    app.ok("ACTION", "/vault/lock", Value::Null).await;
    let (status, answer) = app.call("PUT", &path, json!({"ssh.password": "new"})).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (409, Some("vault"))
    );
    let (status, _) = app
        .call_as(&reveal, "GET", &format!("{path}?reveal=1"), Value::Null)
        .await;
    assert_eq!(status, 409);
    let (status, answer) = app
        .call("ACTION", "/vault/unlock", json!({"passphrase": "wrong"}))
        .await;
    assert_eq!(status, 409, "{answer}");
    app.ok(
        "ACTION",
        "/vault/unlock",
        json!({"passphrase": "a passphrase for tests"}),
    )
    .await;
    let (_, shown) = app
        .call_as(&reveal, "GET", &format!("{path}?reveal=1"), Value::Null)
        .await;
    assert_eq!(shown["ssh.password"], CANARY);
    // Nothing of it in any file.
    let folder = app.dir.path().join("data");
    app.api.core().close().await;
    let mut pending = vec![folder];
    let mut files = 0;
    while let Some(folder) = pending.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{} is open to others", path.display());
            if path.is_dir() {
                pending.push(path);
            } else if path.is_file() {
                files += 1;
                let bytes = std::fs::read(&path).unwrap();
                let found = bytes
                    .windows(CANARY.len())
                    .any(|window| window == CANARY.as_bytes());
                assert!(!found, "a secret lies plain in {}", path.display());
            }
        }
    }
    assert!(files > 1, "there were files to look into");
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let config = Config::at(dir.path().join("data"));
    let core = Core::open(config.clone()).await.unwrap();
    core.vault()
        .unlock_with_passphrase(Secret::new("p"))
        .await
        .unwrap();
    let change = farwire_core::connections::ConnectionChange {
        name: Some("kept".into()),
        host: Some(Some("h".into())),
        ..Default::default()
    };
    let by = farwire_core::origin::Origin::window();
    let uid = core.create_connection(&by, change).await.unwrap();
    core.put_credentials(
        &by,
        &uid,
        vec![("vnc.password".into(), Some(Secret::new(CANARY)))],
        None,
    )
    .await
    .unwrap();
    core.close().await;
    drop(core);
    let core = Core::open(config).await.unwrap();
    assert_eq!(core.connection(&uid).unwrap().name, "kept");
    core.vault()
        .unlock_with_passphrase(Secret::new("p"))
        .await
        .unwrap();
    let shown = core.credentials(&uid, true).unwrap();
    assert_eq!(shown.values["vnc.password"].expose(), CANARY);
    core.close().await;
}

#[tokio::test]
async fn tokens_work_until_they_are_deleted_and_grant_nothing_their_maker_lacks() {
    let app = App::start().await;
    let made = app
        .ok(
            "PUT",
            "/tokens",
            json!({"name": "nightly", "scopes": ["read"]}),
        )
        .await;
    let token = made["token"].as_str().unwrap();
    assert_eq!(
        app.call_as(token, "GET", "/groups", Value::Null).await.0,
        200
    );
    let (status, answer) = app
        .call("PUT", "/tokens", json!({"name": "x", "scopes": ["reveal"]}))
        .await;
    assert_eq!(
        (status.as_u16(), answer["error_code"].as_str()),
        (403, Some("PERMISSION_DENIED"))
    );
    let listed = app.ok("GET", "/tokens", Value::Null).await;
    assert!(
        !listed.to_string().contains(token),
        "a list never shows a token"
    );
    app.ok(
        "DELETE",
        &format!("/token/{}", made["id"].as_str().unwrap()),
        Value::Null,
    )
    .await;
    assert_eq!(
        app.call_as(token, "GET", "/groups", Value::Null).await.0,
        401
    );
    app.stop().await;
}

#[tokio::test]
async fn trust_is_given_by_fingerprint_and_taken_back() {
    let app = App::start().await;
    let print = format!("SHA256:{}", "a".repeat(43));
    for wrong in ["a".repeat(43), "SHA256:short".to_owned(), String::new()] {
        let (status, answer) = app
            .call(
                "PUT",
                "/trust/",
                json!({"host": "h", "port": 22, "fingerprint": wrong}),
            )
            .await;
        assert_eq!(
            (status.as_u16(), answer["property"].as_str()),
            (400, Some("fingerprint"))
        );
    }
    let id = app
        .ok(
            "PUT",
            "/trust/",
            json!({"host": "h", "port": 22, "fingerprint": print}),
        )
        .await["id"]
        .clone();
    let listed = app.ok("GET", "/trust", Value::Null).await;
    assert_eq!(
        (
            &listed[0]["id"],
            &listed[0]["state"],
            &listed[0]["fingerprint"]
        ),
        (&id, &json!("trusted"), &json!(print))
    );
    app.ok(
        "DELETE",
        &format!("/trust/{}", id.as_str().unwrap()),
        Value::Null,
    )
    .await;
    assert_eq!(app.ok("GET", "/trust", Value::Null).await, json!([]));
    app.stop().await;
}

#[tokio::test]
async fn a_client_can_check_us_before_it_sends_its_token() {
    let app = App::start().await;
    let tokens = app.ok("GET", "/tokens", Value::Null).await;
    let id = tokens[0]["id"].as_str().unwrap();
    let path = format!("/version?nonce=abc&token={id}&token=unknown");
    let answer: Value = app
        .request("GET", &path)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let proofs = answer["proofs"].as_object().unwrap();
    assert_eq!(proofs.keys().collect::<Vec<_>>(), [id]);
    // As a client computes it that has never seen our code.
    let compute = "import hashlib, hmac, sys; \
        key = hashlib.sha256(sys.argv[1].encode()).hexdigest(); \
        print(hmac.new(key.encode(), sys.argv[2].encode(), 'sha256').hexdigest())";
    let token = app.token.as_str();
    let computed = std::process::Command::new("python3")
        .args(["-c", compute, token, "abc"])
        .output()
        .unwrap();
    assert_eq!(
        proofs[id],
        String::from_utf8(computed.stdout).unwrap().trim()
    );
    app.stop().await;
}
