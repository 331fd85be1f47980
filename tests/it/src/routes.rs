//! Every route of the table: tokens, scopes, verbs.

use crate::app::App;
use crate::wire::example;
use farwire_api::native::ROUTES;
use farwire_api::route::Access;
use farwire_model::token::Scope;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Answers to one request each, some at a time: wrong tokens are answered slowly, and places are few.
pub async fn all<T>(requests: Vec<impl Future<Output = T>>) -> Vec<T> {
    let some_at_a_time = futures_util::stream::iter(requests).buffered(48);
    some_at_a_time.collect().await
}

#[tokio::test]
async fn every_route_wants_a_token_that_is_good_now() {
    let app = App::start().await;
    let core = app.api.core();
    let good = &app.token;
    let mut other = good.clone();
    let last = if other.pop() == Some('0') { '1' } else { '0' };
    other.push(last);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let soon = i64::try_from(now.as_secs()).unwrap() + 5;
    let brief = core.create_token("brief".into(), Scope::ALL.to_vec(), Some(soon));
    let expired = brief.await.unwrap().1.expose().to_owned();
    assert!(core.find_token(&expired).is_some(), "it is good first");
    let long_ago = core
        .create_token("past".into(), Scope::ALL.to_vec(), None)
        .await
        .unwrap();
    let (revoked, gone) = (long_ago.0, long_ago.1.expose().to_owned());
    assert!(core.find_token(&gone).is_some(), "it is good first");
    core.delete_token(&revoked).await.unwrap();
    let left = Duration::from_secs(u64::try_from(soon).unwrap() + 1);
    tokio::time::sleep(left.saturating_sub(SystemTime::now().duration_since(UNIX_EPOCH).unwrap()))
        .await;
    let lines = [
        String::new(),
        "Authorization: Bearer\r\n".to_owned(),
        "Authorization: Bearer nonsense\r\n".to_owned(),
        "Authorization: Basic YTpi\r\n".to_owned(),
        format!("Authorization: {good}\r\n"),
        format!("Authorization: Basic {good}\r\n"),
        format!("Authorization: Bearer {}\r\n", &good[..good.len() - 1]),
        format!("Authorization: Bearer {good}0\r\n"),
        format!("Authorization: Bearer {other}\r\n"),
        format!("Authorization: Bearer {good}, Bearer {good}\r\n"),
        format!("Authorization: Bearer {good} {good}\r\n"),
        format!("Authorization: Bearer {good}\r\nAuthorization: Bearer {good}\r\n"),
        format!("Authorization: Bearer {gone}\r\n"),
        format!("Authorization: Bearer {expired}\r\n"),
        // Where tokens are looked for elsewhere.
        format!("Cookie: token={good}; Authorization=Bearer {good}\r\n"),
        format!("X-FASTX-TOKEN: {good}\r\n"),
        format!("X-API-Key: {good}\r\n"),
        format!("Proxy-Authorization: Bearer {good}\r\n"),
        "X-HTTP-Method-Override: GET\r\nX-Forwarded-For: 127.0.0.1\r\n".to_owned(),
    ];
    let closed = ROUTES.iter().filter(|route| route.access != Access::Open);
    let mut requests = Vec::new();
    for route in closed {
        let path = example(route.pattern);
        for line in &lines {
            requests.push((route, path.clone(), line.clone()));
        }
        for key in ["token", "access_token", "authorization", "ticket"] {
            requests.push((route, format!("{path}?{key}={good}"), String::new()));
        }
    }
    let count = requests.len();
    let answers = requests.into_iter().map(|(route, path, line)| {
        let app = &app;
        async move {
            let headers = format!("Host: 127.0.0.1\r\n{line}");
            let answer = app.ask(route.method, &path, &headers, "").await;
            let (head, body) = answer.text.split_once("\r\n\r\n").unwrap_or_default();
            assert_eq!(answer.status(), 401, "{} {path} {line}", route.method);
            assert!(!head.to_lowercase().contains("set-cookie"));
            body.to_owned()
        }
    });
    let bodies = all(answers.collect()).await;
    assert!(count > 900 && bodies.iter().all(|body| body == &bodies[0]));
    assert_eq!(app.call("GET", "/groups", Value::Null).await.0, 200);
    app.stop().await;
}

#[tokio::test]
async fn a_path_that_is_not_there_is_nothing_a_stranger_could_learn() {
    let app = App::start().await;
    let strangers = [
        "/no/such",
        "/group",
        "/groups/",
        "/connection/c_1",
        "/v3/api",
    ];
    let answers = strangers.map(|path| app.ask("GET", path, "Host: 127.0.0.1\r\n", ""));
    let answers = all(answers.into()).await;
    let said = |text: &str| text.split_once("\r\n\r\n").unwrap().1.to_owned();
    for answer in &answers {
        assert_eq!(answer.status(), 401);
        assert_eq!(said(&answer.text), said(&answers[0].text));
    }
    app.stop().await;
}

#[tokio::test]
async fn dialects_that_are_switched_off_are_not_there() {
    let app = App::start().await;
    for path in [
        "/v3/api",
        "/v3/api/config",
        "/v3/api/user/login",
        "/v3/api/user/profile",
        "/v3/api/session/start",
        "/v3/api/session/list",
        "/v3/api/session/exec",
        "/v3/api/share/connect",
        "/v3/system/session/list",
        "/v3/system/server/list",
        "/api/list",
        "/api/list/token",
    ] {
        for method in ["GET", "POST", "ACTION", "PUT"] {
            let (status, answer) = app.call(method, path, Value::Null).await;
            let seen = (status.as_u16(), &answer["error_code"]);
            assert_eq!(seen, (404, &json!("BAD_REQUEST")), "{method} {path}");
        }
        let headers = format!(
            "Host: 127.0.0.1\r\n{}Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
            app.bearer()
        );
        let answer = app.ask("GET", path, &headers, "").await;
        assert!(answer.status() >= 400, "{path}: {}", answer.status());
    }
    app.stop().await;
}

#[tokio::test]
async fn every_route_wants_its_scope() {
    let app = App::start().await;
    for route in ROUTES {
        let path = example(route.pattern);
        let Some(scope) = route.access.scope() else {
            continue;
        };
        let others: Vec<_> = Scope::ALL
            .into_iter()
            .filter(|other| *other != scope)
            .collect();
        let token = app.token_with(&others).await;
        let (status, answer) = app.call_as(&token, route.method, &path, Value::Null).await;
        assert_eq!(status, 403, "{} {path}: {answer}", route.method);
        assert_eq!(answer["error_code"], "PERMISSION_DENIED");
        assert_eq!(answer["property"], scope.as_str());
    }
    app.stop().await;
}

#[tokio::test]
async fn a_token_that_may_read_changes_nothing() {
    let app = App::start().await;
    let reader = app.token_with(&[Scope::Read]).await;
    for route in ROUTES {
        let looks = route.method == "GET" || route.access == Access::Open;
        if looks {
            continue;
        }
        let mut methods = vec![route.method];
        if route.method == "ACTION" {
            methods.push("POST");
        }
        for method in methods {
            for suffix in ["", "?dry_run=1"] {
                let path = format!("{}{suffix}", example(route.pattern));
                let (status, answer) = app.call_as(&reader, method, &path, Value::Null).await;
                assert_eq!(status, 403, "{method} {path}: {answer}");
            }
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn a_ticket_opens_nothing_that_its_token_may_not_see() {
    let app = App::start().await;
    let token = app.token_with(&[Scope::Connect]).await;
    let wish = json!({"events": true});
    let (status, answer) = app.call_as(&token, "PUT", "/ticket", wish).await;
    let seen = (status.as_u16(), &answer["property"]);
    assert_eq!(seen, (403, &json!("read")), "{answer}");
    app.stop().await;
}

#[tokio::test]
async fn unknown_ids_are_404_on_every_route_that_takes_one() {
    let app = App::with_every_scope().await;
    for route in ROUTES.iter().filter(|route| route.pattern.contains('{')) {
        let mut path = example(route.pattern);
        // What would be right for the thing if it were there.
        if route.pattern == "/session/{session_id}/file" && route.method != "PUT" {
            path.push_str("?path=/x");
        }
        let body = match route.pattern {
            "/session/{session_id}/input" => json!({"text": "x"}),
            "/session/{session_id}/file" if route.method == "PUT" => {
                json!({"path": "/x", "permissions": 420})
            }
            _ => Value::Null,
        };
        let (status, answer) = app.call(route.method, &path, body).await;
        assert_eq!(status, 404, "{} {path}: {answer}", route.method);
        assert_eq!(answer["error_code"], "BAD_REQUEST");
    }
    app.stop().await;
}

/// The verbs of a path by the route table, with those that stand for others.
fn verbs(pattern: &str) -> BTreeSet<String> {
    let known = ROUTES.iter().filter(|route| route.pattern == pattern);
    let twin = |method| match method {
        "GET" => Some("HEAD"),
        "ACTION" => Some("POST"),
        _ => None,
    };
    let both = known.flat_map(|route| [Some(route.method), twin(route.method)]);
    both.flatten().map(str::to_owned).collect()
}

#[tokio::test]
async fn wrong_verbs_are_405_and_name_the_right_ones() {
    let app = App::start().await;
    let mut paths: Vec<_> = ROUTES.iter().map(|route| route.pattern).collect();
    paths.dedup();
    for pattern in paths {
        let path = example(pattern);
        for verb in ["PATCH", "OPTIONS", "TRACE", "action", "LINK"] {
            let response = app
                .request(verb, &path)
                .bearer_auth(&app.token)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 405, "{verb} {path}");
            let allow = response.headers()["allow"].to_str().unwrap();
            let named: Vec<_> = allow.split(", ").map(str::to_owned).collect();
            let same = named.iter().cloned().collect::<BTreeSet<_>>();
            assert_eq!(same.len(), named.len(), "{path}: {allow}");
            assert_eq!(same, verbs(pattern), "{verb} {path}");
            let cors = response
                .headers()
                .keys()
                .filter(|name| name.as_str().starts_with("access-control"))
                .count();
            assert_eq!(cors, 0, "no CORS headers, ever");
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn post_stands_for_action_and_head_for_get() {
    let app = App::start().await;
    let uid = app.connection(json!({"name": "x"})).await;
    let (status, _) = app
        .call(
            "POST",
            &format!("/connection/{uid}/disconnect"),
            Value::Null,
        )
        .await;
    assert_eq!(status, 200);
    let response = app
        .request("HEAD", "/groups")
        .bearer_auth(&app.token)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(response.bytes().await.unwrap().is_empty());
    app.stop().await;
}

#[tokio::test]
async fn keys_after_the_question_mark_are_never_passed_over() {
    let app = App::start().await;
    let (status, answer) = app
        .call("PUT", "/group/?dryrun=1", json!({"name": "x"}))
        .await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (400, Some("dryrun"))
    );
    assert_eq!(app.ok("GET", "/groups", Value::Null).await, json!([]));
    app.stop().await;
}
