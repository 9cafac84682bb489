//! How many bytes of a connection the peer's system has not acknowledged, as the kernel tells.

use std::net::SocketAddr;

/// The bytes that wait in the kernel for an acknowledgement; nothing where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn unacknowledged(_local: SocketAddr, _peer: SocketAddr) -> Option<u32> {
    None
}

/// The bytes that wait in the kernel for an acknowledgement; nothing where the system does not tell.
///
/// Asks the kernel's socket diagnostics for this one connection: a few microseconds, whatever the number of sockets.
#[cfg(target_os = "linux")]
pub(crate) fn unacknowledged(local: SocketAddr, peer: SocketAddr) -> Option<u32> {
    use netlink_packet_core::{NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload};
    use netlink_packet_sock_diag::{
        SockDiagMessage,
        constants::{AF_INET, AF_INET6, IPPROTO_TCP},
        inet::{ExtensionFlags, InetRequest, SocketId, StateFlags},
    };
    use netlink_sys::{Socket, SocketAddr as KernelAddress, protocols::NETLINK_SOCK_DIAG};

    /// Any cookie: the addresses name the socket.
    const NO_COOKIE: [u8; 8] = [0xff; 8];

    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST;
    let request = InetRequest {
        family: if local.is_ipv4() { AF_INET } else { AF_INET6 },
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states: StateFlags::all(),
        socket_id: SocketId {
            source_port: local.port(),
            destination_port: peer.port(),
            source_address: local.ip(),
            destination_address: peer.ip(),
            interface_id: 0,
            cookie: NO_COOKIE,
        },
    };
    let mut message = NetlinkMessage::new(header, SockDiagMessage::InetRequest(request).into());
    message.finalize();
    let mut bytes = vec![0; message.buffer_len()];
    message.serialize(&mut bytes);

    let socket = Socket::new(NETLINK_SOCK_DIAG).ok()?;
    socket.set_non_blocking(true).ok()?;
    socket.connect(&KernelAddress::new(0, 0)).ok()?;
    socket.send(&bytes, 0).ok()?;
    let mut answer = Vec::with_capacity(4096);
    socket.recv(&mut answer, 0).ok()?;
    match NetlinkMessage::<SockDiagMessage>::deserialize(&answer).ok()?.payload {
        NetlinkPayload::InnerMessage(SockDiagMessage::InetResponse(response)) => Some(response.header.send_queue),
        _ => None,
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream},
    };

    fn pair(address: &str) -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind(address).unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (listener.accept().unwrap().0, client)
    }

    fn ask(server: &TcpStream) -> Option<u32> {
        unacknowledged(server.local_addr().unwrap(), server.peer_addr().unwrap())
    }

    #[test]
    fn what_the_peer_has_no_room_for_is_not_acknowledged() {
        let (mut server, mut client) = pair("127.0.0.1:0");
        assert_eq!(ask(&server), Some(0));
        server.set_nonblocking(true).unwrap();
        let mut written = 0;
        while let Ok(count) = server.write(&[0; 65536]) {
            written += count;
        }
        assert!(ask(&server).unwrap() > 0);
        client.read_exact(&mut vec![0; written]).unwrap();
        while ask(&server) != Some(0) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_connection_that_is_not_there_is_not_known() {
        let (server, _client) = pair("127.0.0.1:0");
        let local = server.local_addr().unwrap();
        assert_eq!(unacknowledged(local, local), None);
    }
}
