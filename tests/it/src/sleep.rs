//! This computer sleeps: links that died meanwhile are noticed at once, those that live stay.

use crate::app::{App, until};
use crate::remote::Remote;
use farwire_core::wake::Clock;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A clock that can be told that the computer slept.
struct Sleeper {
    begin: Instant,
    slept: AtomicU64,
}

impl Clock for Sleeper {
    fn wall(&self) -> Duration {
        self.begin.elapsed() + Duration::from_secs(self.slept.load(Ordering::Relaxed))
    }

    fn running(&self) -> Duration {
        self.begin.elapsed()
    }
}

#[tokio::test]
async fn a_link_that_died_in_sleep_is_noticed_and_comes_back_in_the_same_session() {
    let Some(remote) = Remote::start("320x200") else {
        return;
    };
    let clock = Arc::new(Sleeper {
        begin: Instant::now(),
        slept: AtomicU64::new(0),
    });
    let sleep = || clock.slept.fetch_add(3600, Ordering::Relaxed);
    let app = App::with_clock(Arc::clone(&clock) as Arc<dyn Clock>).await;
    let body = json!({"name": "desk", "host": remote.address, "vnc.quality": "lossless"});
    let uid = app.connection(body).await;
    let connect = format!("/connection/{uid}/connect?wait=1");
    let (app, connect) = (&app, &connect);
    until("the server is up", || async move {
        app.call("ACTION", connect, Value::Null).await.0 == 200
    })
    .await;
    let session = app.ok("GET", "/sessions", Value::Null).await[0]["session_id"].clone();
    let path = format!("/session/{}", session.as_str().unwrap());
    let path = &path;
    let state = || async move {
        let view = app.ok("GET", path, Value::Null).await;
        view["state"].as_str().unwrap().to_owned()
    };
    let picture = app.screenshot(session.as_str().unwrap()).await;
    assert_eq!(picture.dimensions(), (320, 200));

    sleep();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert_eq!(state().await, "connected", "a link that lives stays");

    remote.cable(false);
    sleep();
    let asleep = Instant::now();
    until("the dead link is noticed", || async move {
        state().await == "reconnecting"
    })
    .await;
    assert!(asleep.elapsed() < Duration::from_secs(10));
    assert_eq!(
        app.screenshot(session.as_str().unwrap()).await,
        picture,
        "the last picture stays"
    );

    remote.cable(true);
    sleep();
    let awake = Instant::now();
    until("the same session is up again", || async move {
        state().await == "connected"
    })
    .await;
    assert!(awake.elapsed() < Duration::from_secs(15));
}
