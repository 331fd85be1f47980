//! What a client is told when there are too many.

use farwire_model::error::{ErrorBody, ErrorCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Tells a client that there are too many, whatever it wants.
pub(crate) async fn refuse(mut socket: TcpStream, limit: usize) {
    // Clients take an answer that comes before their question for noise: wait for the first bytes of it.
    let _ = socket.read(&mut [0; 1024]).await;
    let message = format!("at most {limit} connections at once: close some and try again");
    let body = serde_json::to_string(&ErrorBody::new(ErrorCode::TooManyConnections, message))
        .unwrap_or_default();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = socket.write_all(head.as_bytes()).await;
    let _ = socket.write_all(body.as_bytes()).await;
    let _ = socket.shutdown().await;
    // Closing with unread bytes would reset the connection and take the answer with it.
    let _ = tokio::io::copy(&mut socket, &mut tokio::io::sink()).await;
}
