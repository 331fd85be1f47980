//! What a request must look like before anybody reads it: the right host, no foreign page behind it.

use crate::error::ApiError;
use farwire_model::error::ErrorCode;

/// What of a request's head matters here.
pub(crate) struct Head<'a> {
    /// Every `Host` header.
    pub hosts: Vec<&'a str>,
    /// The authority of an absolute-form URI.
    pub authority: Option<&'a str>,
    /// The `Origin` header.
    pub origin: Option<&'a str>,
    /// The `Sec-Fetch-Site` header.
    pub fetch_site: Option<&'a str>,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// Whether there is a body that has to be JSON.
    pub has_body: bool,
}

/// Where a page that may call us comes from, besides our own address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// The page we serve ourselves.
    Own,
    /// The app's window.
    Window,
}

/// The origin of the app's window.
const WINDOW_ORIGINS: [&str; 2] = ["tauri://localhost", "http://tauri.localhost"];

/// Refuses requests that a foreign page or a rebound name may have caused.
pub(crate) fn check(head: &Head<'_>, pages: Pages) -> Result<(), ApiError> {
    let misdirected = || {
        let message = "call 127.0.0.1, localhost or [::1]: one Host header with that name";
        ApiError::new(421, ErrorCode::PermissionDenied, message)
    };
    let [host] = head.hosts[..] else {
        return Err(misdirected());
    };
    if !is_loopback(host)
        || head
            .authority
            .is_some_and(|authority| !is_loopback(authority))
    {
        return Err(misdirected());
    }
    let foreign = || {
        let message = "web pages of other origins may not call this API";
        ApiError::new(403, ErrorCode::PermissionDenied, message)
    };
    if let Some(origin) = head.origin {
        let is_known = match pages {
            Pages::Own => origin.strip_prefix("http://") == Some(host),
            Pages::Window => WINDOW_ORIGINS.contains(&origin),
        };
        if !is_known {
            return Err(foreign());
        }
    }
    let is_near = match pages {
        Pages::Own => head
            .fetch_site
            .is_none_or(|site| matches!(site, "same-origin" | "none")),
        // The window's own scheme is another site than its loopback port; the ticket decides.
        Pages::Window => true,
    };
    if !is_near {
        return Err(foreign());
    }
    if head.has_body && !head.content_type.is_some_and(is_json) {
        let message = "bodies are JSON: send Content-Type: application/json";
        return Err(ApiError::new(415, ErrorCode::InvalidRequestData, message));
    }
    Ok(())
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn is_loopback(authority: &str) -> bool {
    let name = match authority.strip_prefix('[') {
        Some(rest) => {
            let Some((inside, port)) = rest.split_once(']') else {
                return false;
            };
            return inside == "::1"
                && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
        }
        None => match authority.split_once(':') {
            Some((name, port)) if is_port(port) => name,
            Some(_) => return false,
            None => authority,
        },
    };
    name == "127.0.0.1" || name.eq_ignore_ascii_case("localhost")
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok_and(|port| port > 0) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head<'a>() -> Head<'a> {
        Head {
            hosts: vec!["127.0.0.1:3279"],
            authority: None,
            origin: None,
            fetch_site: None,
            content_type: None,
            has_body: false,
        }
    }

    fn status(head: &Head<'_>) -> u16 {
        check(head, Pages::Own)
            .err()
            .map_or(200, |error| error.status)
    }

    #[test]
    fn only_loopback_names_are_hosts() {
        for (hosts, expected) in [
            (vec!["127.0.0.1"], 200),
            (vec!["localhost:1"], 200),
            (vec!["LOCALHOST:3279"], 200),
            (vec!["[::1]:3279"], 200),
            (vec!["[::1]"], 200),
            (vec![], 421),
            (vec!["127.0.0.1", "127.0.0.1"], 421),
            (vec!["evil.example"], 421),
            (vec!["127.0.0.1.evil.example"], 421),
            (vec!["localhost."], 421),
            (vec!["127.0.0.1:"], 421),
            (vec!["127.0.0.1:+80"], 421),
            (vec!["127.0.0.1:0"], 421),
            (vec!["[::1]evil"], 421),
            (vec!["0.0.0.0:3279"], 421),
        ] {
            assert_eq!(
                status(&Head {
                    hosts: hosts.clone(),
                    ..head()
                }),
                expected,
                "{hosts:?}"
            );
        }
        let absolute = |authority| Head {
            authority: Some(authority),
            ..head()
        };
        assert_eq!(status(&absolute("evil.example")), 421);
        assert_eq!(status(&absolute("localhost:3279")), 200);
    }

    #[test]
    fn foreign_pages_are_refused() {
        for (origin, site, expected) in [
            (None, None, 200),
            (Some("http://127.0.0.1:3279"), Some("same-origin"), 200),
            (Some("http://127.0.0.1:3280"), None, 403),
            (Some("http://localhost:3279"), None, 403),
            (Some("https://127.0.0.1:3279"), None, 403),
            (Some("null"), None, 403),
            (Some("https://evil.example"), None, 403),
            (None, Some("cross-site"), 403),
            (None, Some("same-site"), 403),
            (None, Some("none"), 200),
        ] {
            let head = Head {
                origin,
                fetch_site: site,
                ..head()
            };
            assert_eq!(status(&head), expected, "{origin:?} {site:?}");
        }
    }

    #[test]
    fn bodies_say_that_they_are_json() {
        for (content_type, expected) in [
            (None, 415),
            (Some("text/plain"), 415),
            (Some("application/x-www-form-urlencoded"), 415),
            (Some("application/json"), 200),
            (Some("Application/JSON; charset=utf-8"), 200),
            (Some("application/jsonp"), 415),
        ] {
            let head = Head {
                content_type,
                has_body: true,
                ..head()
            };
            assert_eq!(status(&head), expected, "{content_type:?}");
        }
    }
}
