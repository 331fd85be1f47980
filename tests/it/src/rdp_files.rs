//! Files of Windows' own client: what they would make, making it once, writing them again; no secret goes either way.

use crate::app::App;
use crate::xrdp::{PASSWORD, USER};
use farwire_model::token::Scope;
use serde_json::{Value, json};

const FILE: &str = "screen mode id:i:1\r\ndesktopwidth:i:1280\r\ndesktopheight:i:720\r\nfull address:s:ts.example:3390\r\n\
    username:s:alice\r\ndomain:s:EXAMPLE\r\npassword 51:b:01000000D08C9DDF\r\ndrivestoredirect:s:C:\\\r\n\
    alternate shell:s:menu.exe\r\ngatewayhostname:s:gate.example\r\nwinposstr:s:0,3,0,0,800,600\r\n";

/// The file as Windows writes it.
fn wide(text: &str) -> Vec<u8> {
    let units = std::iter::once(0xfeff).chain(text.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

async fn send(app: &App, path: &str, bytes: Vec<u8>) -> (u16, Value) {
    let asking = app.request("PUT", path).bearer_auth(&app.token);
    let answer = asking.body(bytes).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

async fn exported(app: &App, uid: &str) -> (u16, Vec<u8>) {
    let asking = app.request("GET", &format!("/export?format=rdp&uid={uid}"));
    let answer = asking.bearer_auth(&app.token).send().await.unwrap();
    (
        answer.status().as_u16(),
        answer.bytes().await.unwrap().to_vec(),
    )
}

#[tokio::test]
async fn a_file_is_looked_at_then_saved_once() {
    let app = App::start().await;
    let read = "/import?format=rdp&name=Office.rdp&preview=1";
    let (status, preview) = send(&app, read, wide(FILE)).await;
    assert_eq!(status, 200, "{preview}");
    assert_eq!(
        (&preview["name"], &preview["host"], &preview["port"]),
        (&json!("Office"), &json!("ts.example"), &json!(3390))
    );
    assert_eq!(
        preview["asks"],
        json!([
            {"kind": "program", "value": "menu.exe", "is_followed": true},
            {"kind": "gateway", "value": "gate.example", "is_followed": false},
            {"kind": "drives", "value": "C:\\", "is_followed": false},
        ])
    );
    assert_eq!(
        (&preview["uid"], &preview["is_new"]),
        (&Value::Null, &json!(false))
    );
    assert_eq!(app.ok("GET", "/connections", Value::Null).await, json!([]));

    let apply = format!("/import/{}/apply", preview["import_id"].as_str().unwrap());
    let dry = app
        .ok("ACTION", &format!("{apply}?dry_run=1"), Value::Null)
        .await;
    assert_eq!(dry["dry_run"], true, "{dry}");
    assert_eq!(app.ok("GET", "/connections", Value::Null).await, json!([]));
    let saved = app.ok("ACTION", &apply, Value::Null).await;
    let uid = saved["uid"].as_str().unwrap().to_owned();
    assert_eq!(saved["is_new"], true);
    assert_eq!(
        app.call("ACTION", &apply, Value::Null).await.0,
        404,
        "it works once"
    );
    let connection = app
        .ok("GET", &format!("/connection/{uid}"), Value::Null)
        .await;
    assert_eq!(connection["settings"]["rdp.program"], "menu.exe");
    assert_eq!(connection["settings"]["rdp.width"], 1280);
    let account = app
        .ok(
            "GET",
            &format!("/connection/{uid}/credentials"),
            Value::Null,
        )
        .await;
    assert_eq!(
        account,
        json!({"rdp.username": "alice", "rdp.domain": "EXAMPLE", "redacted": [], "revision": account["revision"]}),
        "no password came with it"
    );

    // The same file once more is the same machine.
    let (_, again) = send(&app, "/import?format=rdp&name=Office.rdp", wide(FILE)).await;
    assert_eq!(
        (&again["uid"], &again["is_new"]),
        (&json!(uid), &json!(false))
    );
    let (_, known) = send(&app, read, wide(FILE)).await;
    assert_eq!(known["uid"], json!(uid));

    let (status, bytes) = exported(&app, &uid).await;
    assert_eq!(status, 200);
    assert_eq!(&bytes[..2], [0xff, 0xfe]);
    let (_, back) = send(&app, "/import?format=rdp&name=Office.rdp&preview=1", bytes).await;
    assert_eq!(back["uid"], json!(uid), "what was written is what was read");
    app.stop().await;
}

#[tokio::test]
async fn no_secret_and_no_wrong_file_passes() {
    let app = App::start().await;
    let uid = app.rdp(3389, PASSWORD, json!({})).await;
    let (_, bytes) = exported(&app, &uid).await;
    let (units, _) = bytes.as_chunks::<2>();
    let units: Vec<u16> = units.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
    let text = String::from_utf16(&units).unwrap();
    assert!(text.contains(&format!("username:s:{USER}\r\n")), "{text}");
    assert!(
        !text.contains(PASSWORD) && !text.contains("password"),
        "{text}"
    );

    let vnc = app.vnc(1, None).await;
    assert_eq!(exported(&app, &vnc).await.0, 409);
    assert_eq!(exported(&app, "c_none").await.0, 404);
    let unheard = app
        .call("GET", "/export?format=xml&uid=x", Value::Null)
        .await;
    assert_eq!(unheard.0, 400);
    for (bytes, status) in [
        (b"nothing".to_vec(), 400),
        (b"username:s:alice\n".to_vec(), 400),
        (b"full address:s:/run/socket\n".to_vec(), 400),
        (b"full address:s:a b\n".to_vec(), 400),
        (vec![b'a'; 300_000], 413),
    ] {
        let (answered, answer) = send(&app, "/import?format=rdp", bytes).await;
        assert_eq!(answered, status, "{answer}");
    }
    // What could not be saved is told before anybody looks at it.
    let long = "full address:s:host\r\nremark:s:".to_owned() + &"a".repeat(20_000);
    for path in ["/import?format=rdp&preview=1", "/import?format=rdp"] {
        let (status, answer) = send(&app, path, long.clone().into_bytes()).await;
        assert_eq!((status, &answer["property"]), (400, &json!("file")));
        let message = answer["error_message"].as_str().unwrap();
        assert!(message.contains("take out the long lines"), "{message}");
    }
    let before = app.ok("GET", "/connections", Value::Null).await;
    assert_eq!(before.as_array().unwrap().len(), 2, "nothing was saved");

    // A file may name an account, so that writing alone is not enough.
    let token = app.token_with(&[Scope::Read, Scope::Write]).await;
    let asking = app.request("PUT", "/import?format=rdp").bearer_auth(&token);
    let refused = asking.body(FILE.as_bytes().to_vec()).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    app.stop().await;
}
