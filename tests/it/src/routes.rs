//! Every route of the table: tokens, scopes, verbs.

use crate::app::App;
use farwire_api::native::ROUTES;
use farwire_api::route::Access;
use farwire_model::token::Scope;
use serde_json::Value;

fn example(pattern: &str) -> String {
    let parts = pattern.split('/').map(|part| {
        if part.starts_with('{') {
            "no-such"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_route_wants_a_token_and_its_scope() {
    let app = App::start().await;
    // All at once: wrong tokens are answered slowly after ten a minute.
    let strangers = ROUTES
        .iter()
        .enumerate()
        .filter(|(_, route)| route.access != Access::Open)
        .map(|(number, route)| {
            let wrong = [
                None,
                Some("Bearer nonsense"),
                Some("Basic YTpi"),
                Some(app.token.as_str()),
            ];
            let mut request = app.request(route.method, &example(route.pattern));
            if let Some(value) = wrong[number % wrong.len()] {
                request = request.header("authorization", value);
            }
            async move {
                let response = request.send().await.unwrap();
                (
                    route.pattern,
                    response.status().as_u16(),
                    response.text().await.unwrap(),
                )
            }
        });
    let answers = futures_util::future::join_all(strangers).await;
    for (pattern, status, body) in &answers {
        assert_eq!(
            (*status, body),
            (401, &answers[0].2),
            "{pattern}: 401 always has the same body"
        );
    }
    for route in ROUTES {
        let path = example(route.pattern);
        let Access::Scope(scope) = route.access else {
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
async fn unknown_ids_are_404_on_every_route_that_takes_one() {
    let app = App::start().await;
    for route in ROUTES.iter().filter(|route| route.pattern.contains('{')) {
        let path = example(route.pattern);
        // A body that would be right for the thing if it were there.
        let body = match route.pattern {
            "/session/{session_id}/input" => serde_json::json!({"text": "x"}),
            _ => Value::Null,
        };
        let (status, answer) = app.call(route.method, &path, body).await;
        assert_eq!(status, 404, "{} {path}: {answer}", route.method);
        assert_eq!(answer["error_code"], "BAD_REQUEST");
    }
    app.stop().await;
}

#[tokio::test]
async fn wrong_verbs_are_405_and_name_the_right_ones() {
    let app = App::start().await;
    let mut paths: Vec<_> = ROUTES.iter().map(|route| route.pattern).collect();
    paths.dedup();
    for pattern in paths {
        let path = example(pattern);
        for verb in ["PATCH", "OPTIONS", "TRACE", "action"] {
            let response = app
                .request(verb, &path)
                .bearer_auth(&app.token)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 405, "{verb} {path}");
            let allow = response.headers()["allow"].to_str().unwrap().to_owned();
            let cors = response
                .headers()
                .keys()
                .filter(|name| name.as_str().starts_with("access-control"))
                .count();
            assert_eq!(cors, 0, "no CORS headers, ever");
            for route in ROUTES.iter().filter(|route| example(route.pattern) == path) {
                assert!(
                    allow.contains(route.method),
                    "{path}: {allow} lacks {}",
                    route.method
                );
            }
        }
    }
    app.stop().await;
}

#[tokio::test]
async fn post_stands_for_action_and_head_for_get() {
    let app = App::start().await;
    let uid = app.connection(serde_json::json!({"name": "x"})).await;
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
        .call("PUT", "/group/?dryrun=1", serde_json::json!({"name": "x"}))
        .await;
    assert_eq!(
        (status.as_u16(), answer["property"].as_str()),
        (400, Some("dryrun"))
    );
    assert_eq!(
        app.ok("GET", "/groups", Value::Null).await,
        serde_json::json!([])
    );
    app.stop().await;
}
