//! A bad line to a server: late, far away, in single bytes, silent, cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

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

/// Pieces on their way on one connection: what a line that is far away holds.
const ON_THE_WAY: usize = 4096;

/// A port that leads to another one over a bad line.
pub struct Line {
    pub port: u16,
    pub fault: watch::Sender<Fault>,
    /// Bytes that went through, both ways.
    pub passed: Arc<AtomicU64>,
    /// Connections that were asked for.
    pub asked: Arc<AtomicUsize>,
    /// Connections that are let through at once; those that were opened last are cut when there are fewer.
    pub most: watch::Sender<usize>,
    accepting: AbortHandle,
}

/// One direction of a connection.
struct Direction {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    faults: watch::Receiver<Fault>,
    counter: Arc<AtomicU64>,
    /// What one connection carries at most.
    bytes_per_sec: Option<u64>,
}

impl Line {
    pub async fn to(port: u16, fault: Fault) -> Self {
        Self::begin(port, fault, None).await
    }

    /// A line that is so far away, on which one connection carries so many bytes a second.
    pub async fn far(port: u16, late: Duration, bytes_per_sec: u64) -> Self {
        Self::begin(port, Fault::Late(late), Some(bytes_per_sec)).await
    }

    async fn begin(port: u16, fault: Fault, bytes_per_sec: Option<u64>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let near = listener.local_addr().unwrap().port();
        let (fault, faults) = watch::channel(fault);
        let (most, let_through) = watch::channel(usize::MAX);
        let (passed, asked) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
        let counters = (Arc::clone(&passed), Arc::clone(&asked));
        let accepting = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let number = counters.1.fetch_add(1, Ordering::SeqCst);
                if number >= *let_through.borrow() {
                    continue;
                }
                let far = SocketAddr::from(([127, 0, 0, 1], port));
                let far = TcpStream::connect(far).await.unwrap();
                for one in [&near, &far] {
                    one.set_nodelay(true).unwrap();
                }
                let (from_near, to_near) = near.into_split();
                let (from_far, to_far) = far.into_split();
                for (from, to) in [(from_near, to_far), (from_far, to_near)] {
                    let direction = Direction {
                        from,
                        to,
                        faults: faults.clone(),
                        counter: Arc::clone(&counters.0),
                        bytes_per_sec,
                    };
                    let mut let_through = let_through.clone();
                    tokio::spawn(async move {
                        tokio::select! {
                            () = direction.carry() => {}
                            _ = let_through.wait_for(|most| number >= *most) => {}
                        }
                    });
                }
            }
        });
        Self {
            port: near,
            fault,
            passed,
            asked,
            most,
            accepting: accepting.abort_handle(),
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Direction {
    async fn carry(self) {
        let (pieces, on_the_way) = mpsc::channel(ON_THE_WAY);
        let giving = give(self.to, self.faults.clone(), on_the_way);
        let taking = take(
            self.from,
            self.faults,
            self.counter,
            self.bytes_per_sec,
            pieces,
        );
        tokio::join!(giving, taking);
    }
}

/// Takes in what comes, with the time at which it is given on.
async fn take(
    mut from: OwnedReadHalf,
    mut faults: watch::Receiver<Fault>,
    counter: Arc<AtomicU64>,
    bytes_per_sec: Option<u64>,
    pieces: mpsc::Sender<(Instant, Vec<u8>)>,
) {
    let mut buffer = vec![0; 16 << 10];
    let mut cut_at = None;
    let mut free = Instant::now();
    loop {
        let fault = *faults.borrow_and_update();
        let read = tokio::select! {
            read = from.read(&mut buffer), if fault != Fault::Silent => read,
            changed = faults.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            () = pieces.closed() => return,
        };
        let Ok(length @ 1..) = read else { return };
        let bytes = buffer.get(..length).unwrap().to_vec();
        let total = counter.fetch_add(length as u64, Ordering::Relaxed) + length as u64;
        let mut due = Instant::now();
        if let Some(bytes_per_sec) = bytes_per_sec {
            // A connection that carries too much waits before it takes more.
            let takes = Duration::from_micros(length as u64 * 1_000_000 / bytes_per_sec);
            free = free.max(due) + takes;
            sleep_until(free).await;
            due = free;
        }
        match fault {
            Fault::Late(by) => due += by,
            Fault::CutAfter(most) => {
                let cut_at = *cut_at.get_or_insert(total + most);
                if total > cut_at {
                    return;
                }
            }
            _ => {}
        }
        if pieces.send((due, bytes)).await.is_err() {
            return;
        }
    }
}

/// Gives on what came, each piece in its time; the end too.
async fn give(
    mut to: OwnedWriteHalf,
    faults: watch::Receiver<Fault>,
    mut on_the_way: mpsc::Receiver<(Instant, Vec<u8>)>,
) {
    while let Some((due, bytes)) = on_the_way.recv().await {
        sleep_until(due).await;
        let is_crumbs = *faults.borrow() == Fault::Crumbs;
        let mut written = Ok(());
        for piece in bytes.chunks(if is_crumbs { 1 } else { bytes.len() }) {
            written = to.write_all(piece).await;
            if is_crumbs {
                tokio::task::yield_now().await;
            }
        }
        if written.is_err() {
            return;
        }
    }
    let _ = to.shutdown().await;
}
