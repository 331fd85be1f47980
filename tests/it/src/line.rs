//! A bad line to a server: late, in single bytes, silent, cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// What is the matter with the line now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    /// Each byte comes by itself.
    Crumbs,
    /// Everything comes so much later.
    Late(Duration),
    /// Nothing comes any more, and nobody says so.
    Silent,
    /// Whatever is up is cut after so many bytes more, either way; what is opened then is fine.
    CutAfter(u64),
}

/// A port that leads to another one over a bad line.
pub struct Line {
    pub port: u16,
    pub fault: watch::Sender<Fault>,
    /// Bytes that went through, both ways.
    pub passed: Arc<AtomicU64>,
    accepting: AbortHandle,
}

impl Line {
    pub async fn to(port: u16, fault: Fault) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let near = listener.local_addr().unwrap().port();
        let (fault, faults) = watch::channel(fault);
        let passed = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&passed);
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = SocketAddr::from(([127, 0, 0, 1], port));
                let far = TcpStream::connect(far).await.unwrap();
                for one in [&near, &far] {
                    one.set_nodelay(true).unwrap();
                }
                let (from_near, to_near) = near.into_split();
                let (from_far, to_far) = far.into_split();
                for (from, to) in [(from_near, to_far), (from_far, to_near)] {
                    let (faults, counter) = (faults.clone(), Arc::clone(&counter));
                    tokio::spawn(carry(from, to, faults, counter));
                }
            }
        });
        Self {
            port: near,
            fault,
            passed,
            accepting: accepting.abort_handle(),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut faults: watch::Receiver<Fault>,
    passed: Arc<AtomicU64>,
) {
    let mut buffer = vec![0; 16 << 10];
    let mut cut_at = None;
    loop {
        let fault = *faults.borrow_and_update();
        let read = tokio::select! {
            read = from.read(&mut buffer), if fault != Fault::Silent => read,
            changed = faults.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
        };
        let Ok(length @ 1..) = read else {
            let _ = to.shutdown().await;
            return;
        };
        let bytes = buffer.get(..length).unwrap();
        let total = passed.fetch_add(length as u64, Ordering::Relaxed) + length as u64;
        let written = match fault {
            Fault::Crumbs => {
                let mut written = Ok(());
                for byte in bytes {
                    written = to.write_all(&[*byte]).await;
                    tokio::task::yield_now().await;
                }
                written
            }
            Fault::Late(by) => {
                tokio::time::sleep(by).await;
                to.write_all(bytes).await
            }
            Fault::CutAfter(most) => {
                let cut_at = *cut_at.get_or_insert(total + most);
                if total > cut_at {
                    return;
                }
                to.write_all(bytes).await
            }
            Fault::Nothing | Fault::Silent => to.write_all(bytes).await,
        };
        if written.is_err() {
            return;
        }
    }
}
