//! What a server opens on its own: one channel for an address that it was asked to listen on is let in, every other is refused.

use super::SshTunnels;
use farwire_model::ask::Nobody;
use farwire_model::connection::ProtocolKind;
use farwire_model::credentials::{Credentials, Endpoint};
use farwire_model::frame::Surface;
use farwire_model::session::{Protocol, Purpose, Start};
use farwire_model::trust::{Identity, IdentityKind, TrustCheck, TrustVerdict};
use farwire_model::tunnel::{TunnelEnd, TunnelKind, TunnelLink, TunnelMeter, TunnelPlan};
use russh::keys::{Algorithm, PrivateKey};
use russh::server::{self, Auth, Config, Handle, Msg, Session};
use russh::{Channel, ChannelMsg};
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

const LIMIT: Duration = Duration::from_secs(30);

/// Lets everybody in, and grants every wish to listen.
struct Server(mpsc::UnboundedSender<Handle>);

impl server::Handler for Server {
    type Error = russh::Error;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, russh::Error> {
        Ok(Auth::Accept)
    }

    async fn tcpip_forward(
        &mut self,
        _: &str,
        _: &mut u32,
        session: &mut Session,
    ) -> Result<bool, russh::Error> {
        self.0.send(session.handle()).unwrap();
        Ok(true)
    }
}

struct Trusts;

impl TrustCheck for Trusts {
    fn check(&self, _: Identity) -> Pin<Box<dyn Future<Output = TrustVerdict> + Send + '_>> {
        Box::pin(async { TrustVerdict::Trusted })
    }

    fn accepted(&self, _: IdentityKind, _: &str, _: u16) -> Option<String> {
        None
    }
}

/// A server on a free port; answers it, and the handles of links that were asked to listen.
async fn server() -> (u16, mpsc::UnboundedReceiver<Handle>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let key = PrivateKey::random(&mut russh::keys::key::safe_rng(), Algorithm::Ed25519).unwrap();
    let config = Arc::new(Config {
        keys: vec![key],
        ..Config::default()
    });
    let (asked, handles) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let session = server::run_stream(Arc::clone(&config), stream, Server(asked.clone()));
            tokio::spawn(async move { session.await.unwrap().await });
        }
    });
    (port, handles)
}

/// A session of tunnels that is up.
struct Tunnelling {
    link: Arc<dyn TunnelLink>,
    cancel: CancellationToken,
    // Held, as a session holds them.
    _inputs: mpsc::Sender<farwire_model::input::SessionInput>,
}

async fn session(port: u16) -> Tunnelling {
    let (events, mut told) = mpsc::channel(64);
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    let (inputs, inputs_out) = mpsc::channel(4);
    let tunnels = watch::Sender::new(None);
    let cancel = CancellationToken::new();
    let start = Start {
        endpoint: Endpoint {
            protocol: ProtocolKind::Ssh,
            host: "127.0.0.1".to_owned(),
            port,
            via: None,
            through: Vec::new(),
        },
        credentials: Credentials {
            username: Some("somebody".to_owned()),
            ..Credentials::default()
        },
        jumps: Vec::new(),
        settings: BTreeMap::from([("ssh.agent".to_owned(), false.into())]),
        size: None,
        purpose: Purpose::Live,
        surface: Surface::new(),
        screen: None,
        log: None,
        meter: Arc::default(),
        events,
        inputs: inputs_out,
        trust: Arc::new(Trusts),
        ask: Arc::new(Nobody),
        files: watch::Sender::new(None),
        tunnels: tunnels.clone(),
        kept: farwire_model::session::Kept::default(),
        cancel: cancel.clone(),
    };
    tokio::spawn(SshTunnels.run(start));
    let mut links = tunnels.subscribe();
    let link = timeout(LIMIT, links.wait_for(Option::is_some)).await;
    let link = link.expect("it is up in time").unwrap().clone().unwrap();
    Tunnelling {
        link,
        cancel,
        _inputs: inputs,
    }
}

#[tokio::test]
async fn only_channels_for_the_address_that_was_asked_for_are_let_in() {
    let (port, mut handles) = server().await;
    let session = session(port).await;
    // The port is ours from here on, and nobody listens at it yet.
    let here = TcpSocket::new_v4().unwrap();
    here.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let to = here.local_addr().unwrap();
    let plan = TunnelPlan {
        kind: TunnelKind::Remote,
        listen: TunnelEnd::Tcp {
            host: "localhost".to_owned(),
            port: 4000,
        },
        to: Some(TunnelEnd::target(&to.to_string()).unwrap()),
    };
    let meter = Arc::<TunnelMeter>::default();
    let carried = session
        .link
        .carry(plan, Arc::clone(&meter), CancellationToken::new());
    let carried = tokio::spawn(carried);
    let handle = timeout(LIMIT, handles.recv()).await.unwrap().unwrap();
    let mut bound = meter.bound.subscribe();
    timeout(LIMIT, bound.wait_for(Option::is_some))
        .await
        .unwrap()
        .unwrap();

    let is_let_in = async |what: &str, opened: Result<Channel<Msg>, russh::Error>| {
        let is_open = opened.is_ok();
        if let Err(error) = opened {
            let is_refusal = matches!(error, russh::Error::ChannelOpenFailure(_));
            assert!(is_refusal, "{what}: {error}");
        }
        is_open
    };
    macro_rules! refused {
        ($($what:literal: $opening:expr;)*) => {$(
            let opened = timeout(LIMIT, $opening).await.expect($what);
            assert!(!is_let_in($what, opened).await, "{} was let in", $what);
        )*};
    }
    refused! {
        "another port": handle.channel_open_forwarded_tcpip("localhost", 4001, "1.2.3.4", 5);
        "a port beyond all": handle.channel_open_forwarded_tcpip("localhost", 4000 + 65_536, "1.2.3.4", 5);
        "another name of the address": handle.channel_open_forwarded_tcpip("127.0.0.1", 4000, "1.2.3.4", 5);
        "no address": handle.channel_open_forwarded_tcpip("", 4000, "1.2.3.4", 5);
        "a socket": handle.channel_open_forwarded_streamlocal("localhost");
        "the agent": handle.channel_open_agent();
        "a display": handle.channel_open_x11("1.2.3.4", 5);
        "a session": handle.channel_open_session();
        "a way on": handle.channel_open_direct_tcpip("localhost", 4000, "1.2.3.4", 5);
        "a socket's way on": handle.channel_open_direct_streamlocal("/tmp/x");
    }
    assert!(meter.trouble.borrow().is_none());
    refused! {
        "nobody's port": handle.channel_open_forwarded_tcpip("localhost", 4000, "1.2.3.4", 5);
    }
    assert!(meter.trouble.borrow().is_some());
    assert!(!carried.is_finished());

    // The one that was asked for.
    let here = here.listen(1).unwrap();
    let opening = handle.channel_open_forwarded_tcpip("localhost", 4000, "1.2.3.4", 5);
    let (opened, accepted) = tokio::join!(timeout(LIMIT, opening), timeout(LIMIT, here.accept()));
    let mut channel = opened.unwrap().unwrap();
    let (mut stream, _) = accepted.unwrap().unwrap();
    channel.data_bytes(&b"ping"[..]).await.unwrap();
    let mut got = [0; 4];
    timeout(LIMIT, stream.read_exact(&mut got))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&got, b"ping");
    stream.write_all(b"pong").await.unwrap();
    let answered = async {
        loop {
            match channel.wait().await {
                Some(ChannelMsg::Data { data }) => break data,
                Some(_) => {}
                None => panic!("the channel was closed"),
            }
        }
    };
    assert_eq!(timeout(LIMIT, answered).await.unwrap(), &b"pong"[..]);

    session.cancel.cancel();
    let ended = timeout(LIMIT, carried).await.unwrap().unwrap();
    assert!(ended.is_err(), "the link ended before the tunnel");
}
