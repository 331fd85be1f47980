//! Guessing at tokens: it is slow, and how long an answer takes says nothing.

use crate::app::App;
use crate::kept::Kept;
use crate::wire::exchange;
use farwire_api::server::{Offer, Server};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test]
async fn wrong_tokens_are_answered_slowly_and_right_ones_are_not() {
    let app = App::start().await;
    let port = app.server.port();
    let wrong = b"GET /groups HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer wrong\r\nConnection: close\r\n\r\n";
    let guess = async || {
        let answer = exchange(port, wrong, Duration::from_secs(20)).await;
        app.check("GET", "/groups", &answer).await;
        assert_eq!(answer.status(), 401);
        Instant::now()
    };
    for _ in 0..10 {
        guess().await;
    }
    for at_once in [15, 15, 60] {
        let began = Instant::now();
        let guesses = futures_util::future::join_all((0..at_once).map(|_| guess()));
        let right = async {
            assert!(app.serves().await);
            Instant::now()
        };
        let (guessed, served) = tokio::join!(guesses, right);
        let first = guessed.into_iter().min().unwrap();
        assert!(
            first - began >= Duration::from_secs(1),
            "{:?}",
            first - began
        );
        assert!(served < first, "the right token waited for the wrong ones");
    }
    app.stop().await;
}

/// A wrong token that differs from the right one in its last letter, and one that shares nothing with it.
fn near_and_far(app: &App) -> [String; 2] {
    let (kept, last) = app.token.split_at(app.token.len() - 1);
    let other = if last == "0" { "1" } else { "0" };
    [format!("{kept}{other}"), "z".repeat(app.token.len())]
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// How much longer one takes than the other, as a part of it, at the quietest of a few moments: the machine is busy with other
/// things as well.
async fn difference(limit: f64, mut moment: impl AsyncFnMut() -> [f64; 2]) {
    let mut nearest = f64::MAX;
    for _ in 0..10 {
        let [near, far] = moment().await;
        nearest = nearest.min((near / far - 1.0).abs());
        if nearest < limit {
            return;
        }
    }
    panic!("one takes {nearest} longer");
}

#[tokio::test]
async fn how_long_a_wrong_token_takes_says_nothing_about_it() {
    let app = App::start().await;
    let [near, far] = near_and_far(&app);
    let core = app.api.core();
    let time = |token: &str| {
        let began = Instant::now();
        assert!(core.find_token(token).is_none());
        began.elapsed()
    };
    difference(0.1, async || {
        let times = (0..2000).map(|_| (time(&near), time(&far)));
        let (near, far) = times.unzip();
        [median(near), median(far)]
    })
    .await;
    app.stop().await;
}

/// The whole answer, as a stranger sees it: each server answers ten wrong tokens at once before it slows down, so that each of many
/// servers over the same tokens is asked so many. A thousandth of an answer is noise here; the test above sees that.
#[tokio::test]
async fn how_long_a_refusal_takes_says_nothing_about_the_token() {
    let app = App::start().await;
    let [near, far] = near_and_far(&app);
    difference(0.25, async || {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..20 {
            let server = Server::start(Arc::clone(&app.api), 0, Offer::Everything);
            let server = server.await.unwrap();
            let mut line = Kept::to(&server).await;
            // The first answer on a connection takes longer; who comes first changes.
            assert_eq!(line.ask("GET", "/groups", &app.token).await, 200);
            for turn in 0..10 {
                let which = (round + turn) % 2;
                let began = Instant::now();
                let status = line.ask("GET", "/groups", [&near, &far][which]).await;
                times[which].push(began.elapsed());
                assert_eq!(status, 401);
            }
        }
        times.map(median)
    })
    .await;
    app.stop().await;
}
