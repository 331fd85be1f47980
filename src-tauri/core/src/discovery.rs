//! Machines that announce themselves on the local network (DNS-SD over mDNS, RFC 6762 and 6763).

use crate::Core;
use crate::error::CoreError;
use farwire_model::connection::{NearbyMachine, ProtocolKind};
use mdns_sd::{ResolvedService, ServiceDaemon, ServiceEvent};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The service types that are looked for.
const SERVICES: [(&str, ProtocolKind); 3] = [
    ("_rfb._tcp.local.", ProtocolKind::Vnc),
    ("_ssh._tcp.local.", ProtocolKind::Ssh),
    ("_rdp._tcp.local.", ProtocolKind::Rdp),
];

/// How long the first look waits for answers. Machines answer within 120 ms (RFC 6762, section 6), twice that when several
/// questions are asked; the rest is for slow radios.
const FIRST_LOOK: Duration = Duration::from_millis(1500);

/// A network cannot fill our memory with announcements.
const MAX_MACHINES: usize = 1000;

type Found = Arc<Mutex<BTreeMap<String, NearbyMachine>>>;

/// Looks for machines once somebody asks, and from then on.
#[derive(Default)]
pub(crate) struct Discovery {
    running: tokio::sync::Mutex<Option<Running>>,
}

struct Running {
    daemon: ServiceDaemon,
    found: Found,
    /// When the first look is over.
    answers_by: Instant,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The daemon's own thread ends; an error only says that it already did.
        let _ = self.daemon.shutdown();
    }
}

impl Core {
    /// Machines on the local network now. The first call waits a moment for answers.
    ///
    /// # Errors
    /// The network cannot be listened to.
    pub async fn nearby(&self) -> Result<Vec<NearbyMachine>, CoreError> {
        let found = self
            .discovery
            .found()
            .await
            .map_err(|error| CoreError::Internal {
                attempt: "looking for machines nearby",
                message: error.to_string(),
            })?;
        let mut machines: Vec<_> = found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        let all = self.saved.read();
        for machine in &mut machines {
            let same = all.connections.values().find(|connection| {
                connection.host.as_deref() == Some(&machine.host)
                    && connection.effective_port() == machine.port
                    && connection.protocol == machine.protocol
            });
            machine.saved_as = same.map(|connection| connection.id.clone());
        }
        drop(all);
        machines.sort_by_cached_key(|machine| machine.name.to_lowercase());
        Ok(machines)
    }
}

impl Discovery {
    async fn found(&self) -> Result<Found, mdns_sd::Error> {
        let (found, answers_by) = {
            let mut running = self.running.lock().await;
            let running = match &mut *running {
                Some(running) => running,
                none => none.insert(Running::start()?),
            };
            (Arc::clone(&running.found), running.answers_by)
        };
        tokio::time::sleep_until(answers_by).await;
        Ok(found)
    }
}

impl Running {
    fn start() -> Result<Self, mdns_sd::Error> {
        // Made first, so that its end shuts the daemon down whatever fails below.
        let running = Self {
            daemon: ServiceDaemon::new()?,
            found: Found::default(),
            answers_by: Instant::now() + FIRST_LOOK,
        };
        for (service, protocol) in SERVICES {
            let events = running.daemon.browse(service)?;
            let found = Arc::clone(&running.found);
            // Ends when the daemon ends: its channel closes.
            tokio::spawn(async move {
                while let Ok(event) = events.recv_async().await {
                    note(&found, protocol, event);
                }
            });
        }
        Ok(running)
    }
}

fn note(found: &Found, protocol: ProtocolKind, event: ServiceEvent) {
    let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
    match event {
        ServiceEvent::ServiceResolved(service)
            if found.len() < MAX_MACHINES || found.contains_key(service.get_fullname()) =>
        {
            let name = service.get_fullname().to_owned();
            found.insert(name, machine(protocol, &service));
        }
        ServiceEvent::ServiceRemoved(_, name) => {
            found.remove(&name);
        }
        _ => {}
    }
}

fn machine(protocol: ProtocolKind, service: &ResolvedService) -> NearbyMachine {
    let full = service.get_fullname();
    let name = full.split_once("._").map_or(full, |(name, _)| name);
    // An IPv4 address reads best and needs no interface; the host name is the last resort.
    let addresses = service.get_addresses_v4();
    let host = addresses
        .iter()
        .min()
        .map(ToString::to_string)
        .unwrap_or_else(|| service.get_hostname().trim_end_matches('.').to_owned());
    NearbyMachine {
        uid: full.to_owned(),
        name: name
            .chars()
            .filter(|letter| !letter.is_control())
            .take(63)
            .collect(),
        protocol,
        host,
        port: service.get_port(),
        source: "mdns".to_owned(),
        saved_as: None,
    }
}
