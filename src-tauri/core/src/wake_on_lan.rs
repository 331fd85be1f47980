//! Waking a machine by its network card: the magic packet of AMD's "Magic Packet Technology" (1995).

use crate::Core;
use crate::connections::known_connection;
use crate::error::CoreError;
use farwire_model::ids::ConnectionId;
use std::net::{IpAddr, Ipv4Addr};
use tokio::net::UdpSocket;

/// The discard port, where nobody listens but network cards.
const PORT: u16 = 9;

/// How often the packet is sent: it is never acknowledged, and one may get lost.
const REPEATS: usize = 3;

impl Core {
    /// Sends a connection's machine the packet that wakes it, on every network this computer is in. Whether it wakes is not known.
    ///
    /// # Errors
    /// An unknown connection, one without a MAC address, no network that takes the packet.
    pub async fn wake(&self, id: &ConnectionId) -> Result<(), CoreError> {
        let mac = known_connection(&self.saved.read(), id)?.mac.clone();
        let packet = mac.as_deref().and_then(magic_packet);
        let Some(packet) = packet else {
            return Err(CoreError::Forbidden {
                property: "mac",
                message: "to wake this machine, save the MAC address of its network card first"
                    .to_owned(),
            });
        };
        let mut targets = broadcast_addresses();
        targets.push(Ipv4Addr::BROADCAST);
        let mut failure = None;
        let mut sent = 0_usize;
        for target in targets {
            match send(&packet, target).await {
                Ok(()) => sent = sent.saturating_add(1),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) if sent == 0 => Err(CoreError::Internal {
                attempt: "sending the packet that wakes the machine",
                message: error.to_string(),
            }),
            _ => Ok(()),
        }
    }
}

async fn send(packet: &[u8], target: Ipv4Addr) -> std::io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await?;
    socket.set_broadcast(true)?;
    for _ in 0..REPEATS {
        socket.send_to(packet, (target, PORT)).await?;
    }
    Ok(())
}

/// The broadcast address of every network this computer is in. The limited one alone leaves by one interface only.
fn broadcast_addresses() -> Vec<Ipv4Addr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_default();
    let broadcasts = interfaces.into_iter().filter_map(|interface| {
        let if_addrs::IfAddr::V4(address) = interface.addr else {
            return None;
        };
        address
            .broadcast
            .filter(|_| !IpAddr::V4(address.ip).is_loopback())
    });
    broadcasts.collect()
}

/// Six bytes of ones and the address sixteen times.
fn magic_packet(mac: &str) -> Option<Vec<u8>> {
    let bytes: Option<Vec<u8>> = mac
        .split(':')
        .map(|part| u8::from_str_radix(part, 16).ok())
        .collect();
    let address = bytes.filter(|bytes| bytes.len() == 6)?;
    Some([[0xff; 6].as_slice(), &address.repeat(16)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_packet_is_ones_and_the_address_sixteen_times() {
        let packet = magic_packet("3c:ec:ef:10:4b:1f").unwrap();
        assert_eq!(packet.len(), 102);
        assert_eq!(packet[..7], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x3c]);
        assert_eq!(packet[96..], [0x3c, 0xec, 0xef, 0x10, 0x4b, 0x1f]);
        for wrong in ["", "3c:ec", "3c:ec:ef:10:4b:1f:00", "zz:ec:ef:10:4b:1f"] {
            assert_eq!(magic_packet(wrong), None, "{wrong}");
        }
    }
}
