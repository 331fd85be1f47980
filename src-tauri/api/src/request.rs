//! What comes in and what goes out, without a transport.

use crate::error::ApiError;
use crate::json::Plain;
use bytes::Bytes;
use farwire_model::error::ErrorCode;
use farwire_model::token::{Scope, TokenView};
use futures_util::{Stream, stream};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use std::pin::Pin;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// The window of this program: a person sits before it.
    Ui,
    /// The browser page, signed in by a link from the owner's terminal.
    Page(Arc<TokenView>),
    /// A script with a token.
    Token(Arc<TokenView>),
    /// Nobody known.
    Nobody,
}

impl Caller {
    /// Whether the caller has a scope. The window may do everything but read secrets: that needs a person's proof.
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Ui => scope != Scope::Reveal,
            Self::Page(token) | Self::Token(token) => token.scopes.contains(&scope),
            Self::Nobody => false,
        }
    }

    /// Whether a person asks, before the window or the browser page. What he does there he decided.
    pub fn is_person(&self) -> bool {
        matches!(self, Self::Ui | Self::Page(_))
    }
}

/// Bytes as they come.
pub type Content = Pin<Box<dyn Stream<Item = Result<Bytes, ApiError>> + Send>>;

/// Headers that few routes look at.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// The `Cookie` header.
    pub cookie: Option<String>,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `If-Range` header.
    pub if_range: Option<String>,
}

/// A request, whatever carried it.
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// The verb: GET, PUT, DELETE, ACTION, HEAD or POST.
    pub method: String,
    /// The path, not decoded.
    pub path: String,
    /// What follows the question mark, not decoded.
    pub query: String,
    /// The `If-Match` header.
    pub if_match: Option<String>,
    /// The `Farwire-Run` header.
    pub run: Option<String>,
    /// The `Idempotency-Key` header.
    pub once: Option<String>,
    /// Where WebSockets of this transport are opened, such as `ws://127.0.0.1:3279`; none for the window's own channel.
    pub base_url: Option<String>,
    /// Headers that few routes look at.
    pub head: Head,
    /// The body; empty when there is none, and where it comes as a stream.
    pub body: Bytes,
    /// The body of a route that takes bytes.
    pub content: Option<Content>,
    /// Called when nobody waits for the answer any more. None where the request ends with whoever waits for it.
    pub gone: Option<CancellationToken>,
}

impl Request {
    /// A request of the window. `target` is the path, with a question mark and a query where there is one.
    pub fn of_window(method: impl Into<String>, target: &str, body: impl Into<Bytes>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            caller: Caller::Ui,
            method: method.into(),
            path: path.to_owned(),
            query: query.to_owned(),
            if_match: None,
            run: None,
            once: None,
            base_url: None,
            head: Head::default(),
            body: body.into(),
            content: None,
            gone: None,
        }
    }

    /// The same with a body that is bytes of any kind.
    #[must_use]
    pub fn with_bytes(mut self, bytes: Bytes) -> Self {
        self.content = Some(Box::pin(stream::once(std::future::ready(Ok(bytes)))));
        self
    }
}

/// An answer, whatever carries it.
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer.
pub enum Body {
    /// JSON, as text.
    Json(Vec<u8>),
    /// Bytes of a media type.
    Bytes {
        /// The media type.
        media_type: &'static str,
        /// The bytes.
        bytes: Bytes,
    },
    /// Bytes of a media type as they come; the answer's `content-length` header says how many. An error breaks it off.
    Stream {
        /// The media type.
        media_type: String,
        /// The bytes.
        content: Content,
    },
}

impl Response {
    /// 200 with the text of JSON.
    pub fn json(text: Vec<u8>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::Json(text),
        }
    }

    /// 200 with an empty object.
    pub fn empty() -> Self {
        Self::json(b"{}".to_vec())
    }

    /// 200 with bytes.
    pub fn bytes(media_type: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: Body::Bytes {
                media_type,
                bytes: bytes.into(),
            },
        }
    }
}

/// The decoded parameters after the question mark.
#[derive(Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=1&b=two`; `+` is a space.
    pub fn parse(raw: &str) -> Self {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        });
        Self(pairs.collect())
    }

    /// Takes a switch out: on when it is there and not `0` or `false`.
    pub(crate) fn take_switch(&mut self, key: &str) -> Result<bool, ApiError> {
        let mut is_on = None;
        for (_, value) in self.0.extract_if(.., |(known, _)| known == key) {
            let said = match value.as_str() {
                "1" | "true" | "" => Some(true),
                "0" | "false" => Some(false),
                _ => None,
            };
            if said.is_none() || is_on.is_some() {
                let message = format!("{key} is 1 or 0, once");
                let code = ErrorCode::ValueIncorrectFormat;
                return Err(ApiError::new(400, code, message).about(key));
            }
            is_on = said;
        }
        Ok(is_on.unwrap_or_default())
    }

    /// The keys and values, in order.
    pub(crate) fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// The first value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Every value of a key.
    pub fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == key)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads a JSON body; none when it is empty.
pub(crate) fn parse_body(body: &[u8]) -> Result<Option<Value>, ApiError> {
    if body.is_empty() {
        return Ok(None);
    }
    let read = serde_json::from_slice(body).map_err(|error| {
        // serde_json's message ends with "at line L column C".
        let message = format!("the body is not JSON: {error}");
        ApiError::new(400, ErrorCode::InvalidRequestData, message)
    });
    read.map(|Plain(value)| Some(value))
}

/// Reads `If-Match: <revision>`, with or without quotes.
pub(crate) fn if_match(header: Option<&str>) -> Result<Option<u64>, ApiError> {
    let Some(text) = header.map(|text| text.trim().trim_matches('"')) else {
        return Ok(None);
    };
    if text == "*" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        let message = format!("If-Match is a revision number, not {text:?}");
        ApiError::new(400, ErrorCode::ValueIncorrectFormat, message).about("If-Match")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn query_values_are_decoded_once() {
        let query = Query::parse("q=a%20b+c&empty&q=%2541");
        assert_eq!(query.all("q").collect::<Vec<_>>(), ["a b c", "%41"]);
        assert_eq!(query.get("empty"), Some(""));
        assert_eq!(query.get("missing"), None);
    }

    #[test]
    fn a_broken_body_says_line_and_column() {
        let error = parse_body(b"{ name: \"x\" }").unwrap_err();
        assert!(
            error.body.error_message.contains("line 1 column 3"),
            "{}",
            error.body.error_message
        );
    }
}
