//! Single files of a session of files on a real OpenSSH server: how they begin, their permissions, their text; and transfers that
//! are forgotten.

use crate::privx::Proxy;
use crate::transfers::{begin, here, rests};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn hash(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_file_is_looked_into_and_its_permissions_and_text_are_changed() {
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    let file = proxy.home("press.toml");
    // The account's own, whose permissions it may set.
    let step = proxy.put(&file).await;
    assert_eq!(
        proxy.upload(&step, b"speed = 4\n".to_vec()).await.status(),
        200
    );
    let path = format!("/session/{}/file", proxy.connection);
    let begins = async |query: &str| {
        let request = proxy.app.request("GET", &format!("{path}?{query}"));
        let response = request.bearer_auth(&proxy.app.token).send().await.unwrap();
        let status = response.status().as_u16();
        (status, response.text().await.unwrap())
    };
    let named = format!("path={}", file.display());
    assert_eq!(begins(&named).await, (200, "speed = 4\n".to_owned()));
    assert_eq!(
        begins(&format!("{named}&limit=5")).await,
        (200, "speed".to_owned())
    );
    assert_eq!(begins("limit=5").await.0, 400);
    assert_eq!(begins(&format!("{named}-missing")).await.0, 404);
    let folder = format!("path={}", proxy.server.home().display());
    assert_eq!(begins(&folder).await.0, 424);

    let change = async |body: Value| proxy.app.call("PUT", &path, body).await;
    let ok = proxy
        .app
        .ok("PUT", &path, json!({"path": file, "permissions": 0o600}))
        .await;
    assert_eq!((ok, mode(&file)), (json!({}), 0o600));

    // The text is replaced where it is what was read, and keeps its permissions.
    let text = json!({"path": file, "text": "speed = 5\n", "was": hash("speed = 4\n")});
    assert_eq!(change(text.clone()).await.0, 200);
    assert_eq!(
        (fs::read_to_string(&file).unwrap(), mode(&file)),
        ("speed = 5\n".to_owned(), 0o600)
    );
    let (status, answer) = change(text).await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (409, Some("was")),
        "somebody else was faster: {answer}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "speed = 5\n");
    assert_eq!(
        proxy.names(),
        [b"press.toml".to_vec()],
        "nothing half is left"
    );
    for refused in [
        json!({"path": file}),
        json!({"path": file, "text": "x"}),
        json!({"path": file, "text": "x", "was": "old"}),
        json!({"path": file, "permissions": 0o10000}),
    ] {
        assert_eq!(change(refused.clone()).await.0, 400, "{refused}");
    }
    proxy.app.stop().await;
}

#[tokio::test]
async fn a_transfer_is_forgotten_once_it_is_over() {
    let Some(proxy) = Proxy::start().await else {
        return;
    };
    let app = &proxy.app;
    let outer = tempfile::tempdir().unwrap();
    let (from, to) = (outer.path().join("from"), outer.path().join("to"));
    fs::write(&from, "x").unwrap();
    let id = begin(app, json!({"from": here(&from), "to": here(&to)})).await;
    rests(app, &id, "done").await;
    let path = format!("/transfer/{id}");
    assert_eq!(app.ok("DELETE", &path, Value::Null).await, json!({}));
    assert_eq!(app.call("GET", &path, Value::Null).await.0, 404);
    assert!(to.exists(), "what was copied stays");
    // One that waits for an answer is not over.
    let id = begin(app, json!({"from": here(&from), "to": here(&to)})).await;
    rests(app, &id, "asking").await;
    let path = format!("/transfer/{id}");
    assert_eq!(app.call("DELETE", &path, Value::Null).await.0, 409);
    proxy.app.stop().await;
}
