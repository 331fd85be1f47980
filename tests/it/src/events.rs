//! Change events: numbers, coming back, tokens that are revoked.

use crate::app::App;
use farwire_model::token::Scope;
use futures_util::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

const LIMIT: Duration = Duration::from_secs(30);

impl App {
    /// Opens the stream of events with a token; `more` follows the ticket in its address.
    async fn listen(&self, token: &str, more: &str) -> Socket {
        let (status, answer) = self
            .call_as(token, "PUT", "/ticket", json!({"events": true}))
            .await;
        assert_eq!(status, 200, "{answer}");
        let url = format!("{}{more}", answer["url"].as_str().unwrap());
        tokio_tungstenite::connect_async(url).await.unwrap().0
    }
}

/// The next event, or none when the stream ended.
async fn next(socket: &mut Socket) -> Option<Value> {
    loop {
        let message = tokio::time::timeout(LIMIT, socket.next())
            .await
            .expect("an event or an end in time");
        match message {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return None,
        }
    }
}

#[tokio::test]
async fn who_comes_back_gets_what_he_missed_or_a_resync() {
    let app = App::start().await;
    let mut socket = app.listen(&app.token, "").await;
    let first = app.connection(json!({"name": "a"})).await;
    let event = next(&mut socket).await.unwrap();
    assert_eq!(
        (event["kind"].as_str(), event["id"].as_str()),
        (Some("connection"), Some(first.as_str()))
    );
    let seen = event["seq"].as_u64().unwrap();
    drop(socket);
    let missed = [
        app.connection(json!({"name": "b"})).await,
        app.connection(json!({"name": "c"})).await,
    ];
    let mut socket = app.listen(&app.token, &format!("&since={seen}")).await;
    for (place, id) in missed.iter().enumerate() {
        let event = next(&mut socket).await.unwrap();
        assert_eq!(
            (event["id"].as_str(), event["seq"].as_u64()),
            (Some(id.as_str()), Some(seen + 1 + place as u64))
        );
    }
    let later = app.connection(json!({"name": "d"})).await;
    assert_eq!(next(&mut socket).await.unwrap()["id"], later.as_str());
    // Numbers of an earlier run are not taken for numbers of this one.
    let app = app.restart().await;
    for unknown in [seen, 1, seen + (1 << 50)] {
        let mut socket = app.listen(&app.token, &format!("&since={unknown}")).await;
        assert_eq!(
            next(&mut socket).await.unwrap()["kind"],
            "resync",
            "{unknown}"
        );
        let id = app.connection(json!({"name": "e"})).await;
        assert_eq!(next(&mut socket).await.unwrap()["id"], id.as_str());
    }
    app.stop().await;
}

#[tokio::test]
async fn a_revoked_or_expired_token_ends_its_streams_and_no_others() {
    let app = App::start().await;
    let mut mine = app.listen(&app.token, "").await;
    let token = app.token_with(&[Scope::Read, Scope::Connect]).await;
    let id = app.api.core().find_token(&token).unwrap().id;
    let mut theirs = app.listen(&token, "").await;
    app.ok("DELETE", &format!("/token/{id}"), Value::Null).await;
    while next(&mut theirs).await.is_some() {}
    let soon = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_secs()
        + 2;
    let scopes = vec![Scope::Read, Scope::Connect];
    let made = app
        .api
        .core()
        .create_token("short".into(), scopes, Some(soon as i64))
        .await
        .unwrap();
    let mut short = app.listen(made.1.expose(), "").await;
    while next(&mut short).await.is_some() {}
    let (status, _) = app
        .call_as(made.1.expose(), "GET", "/groups", Value::Null)
        .await;
    assert_eq!(status, 401, "an expired token opens nothing else either");
    let uid = app.connection(json!({"name": "a"})).await;
    while next(&mut mine).await.expect("the other stream lives")["id"] != uid.as_str() {}
    app.stop().await;
}

#[tokio::test]
async fn a_ticket_is_worth_as_much_as_the_token_that_asked_for_it() {
    let app = App::start().await;
    let token = app.token_with(&[Scope::Read, Scope::Connect]).await;
    let id = app.api.core().find_token(&token).unwrap().id;
    let wish = json!({"events": true});
    let (_, ticket) = app.call_as(&token, "PUT", "/ticket", wish).await;
    app.ok("DELETE", &format!("/token/{id}"), Value::Null).await;
    let opened = tokio_tungstenite::connect_async(ticket["url"].as_str().unwrap()).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(refused)) = opened else {
        panic!("it opened");
    };
    assert_eq!(refused.status(), 401);
    app.stop().await;
}
