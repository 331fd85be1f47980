//! The browser page: the same files the window shows, built into the program.

use crate::error::ApiError;
use crate::request::Response;

// `FILES: &[(&str, &[u8])]`, path below /ui/ and content, written by build.rs.
include!(concat!(env!("OUT_DIR"), "/page_files.rs"));

/// What the page may do: its own files and sockets, nothing else, and nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self' ws:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Finds a file of the page; `None` for paths that are not the page's.
pub(crate) fn find(method: &str, path: &str) -> Option<Result<Response, ApiError>> {
    if path == "/" || path == "/ui" {
        return Some(Ok(Response {
            status: 308,
            headers: vec![("location", "/ui/".to_owned())],
            ..Response::empty()
        }));
    }
    let name = path
        .strip_prefix("/ui/")
        .filter(|name| *name != "signin" && *name != "signin/")?;
    let name = if name.is_empty() { "index.html" } else { name };
    if !matches!(method, "GET" | "HEAD") {
        return Some(Err(ApiError::wrong_verb(
            method,
            path,
            "GET, HEAD".to_owned(),
        )));
    }
    let Some((_, bytes)) = FILES.iter().find(|(known, _)| *known == name) else {
        return Some(Err(ApiError::no_such_path(path)));
    };
    let mut response = Response::bytes(media_type(name), *bytes);
    // File names carry a hash of their content, except the first page.
    let cache = if name == "index.html" {
        "no-cache"
    } else {
        "max-age=31536000, immutable"
    };
    response.headers.extend([
        ("cache-control", cache.to_owned()),
        ("content-security-policy", POLICY.to_owned()),
        ("referrer-policy", "no-referrer".to_owned()),
        ("cross-origin-opener-policy", "same-origin".to_owned()),
        ("cross-origin-resource-policy", "same-origin".to_owned()),
    ]);
    Some(Ok(response))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
