//! A client of Engine.IO, revision 3 or 4, by polling, by JSONP or over a websocket. It sends and receives packets as
//! they are written: `4hello`, `42["news"]`. Of a binary message it knows the bytes.

pub(crate) mod codec;
pub(crate) mod socket;

use super::{Answer, Connection, Server, get, patiently, request};
use codec::{field, read};
use heirloom::{Client, Transport};
use serde_json::{Value, json};
use std::{collections::VecDeque, net::SocketAddr};
use tokio::net::TcpStream;

pub(crate) use codec::{
    Packet,
    Revision::{self, Four, Three},
    binary,
};
pub(crate) use socket::Socket;

pub(crate) const REVISIONS: [Revision; 2] = [Three, Four];
pub(crate) const TRANSPORTS: [Transport; 3] = [Transport::Polling, Transport::JsonpPolling, Transport::WebSocket];
pub(crate) const POLLS: [Transport; 2] = [Transport::Polling, Transport::JsonpPolling];

/// What a session is opened with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'a> {
    pub(crate) revision: Revision,
    pub(crate) transport: Transport,
    pub(crate) resource: &'a str,
    /// Further parameters of the first request, each with its `&`.
    pub(crate) query: &'a str,
    /// Further headers of a websocket that opens a session.
    pub(crate) headers: &'a [(&'static str, &'static str)],
}

#[derive(Debug)]
pub(crate) struct EnginePeer {
    /// The session's id, which only the client and the server know.
    pub(crate) sid: String,
    /// The id the application knows the client by: that of the root namespace.
    pub(crate) id: String,
    /// The JSON of the open packet.
    pub(crate) opened: Value,
    pub(crate) revision: Revision,
    pub(crate) transport: Transport,
    resource: String,
    address: SocketAddr,
    carrier: Carrier,
    received: VecDeque<Packet>,
    questions: u32,
}

#[derive(Debug)]
enum Carrier {
    Socket(Socket),
    /// The connection whose poll is parked, if one is.
    Poll(Option<Connection>),
}

/// Every revision over every transport.
pub(crate) fn everything() -> impl Iterator<Item = (Revision, Transport)> {
    REVISIONS.into_iter().flat_map(|revision| TRANSPORTS.into_iter().map(move |transport| (revision, transport)))
}

pub(crate) fn opening<'a>(revision: Revision, transport: Transport) -> Opening<'a> {
    Opening { revision, transport, resource: "socket.io", query: "", headers: &[] }
}

impl<'a> Opening<'a> {
    pub(crate) fn resource(self, resource: &'a str) -> Self {
        Self { resource, ..self }
    }

    pub(crate) fn headers(self, headers: &'a [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    pub(crate) fn query(self, query: &'a str) -> Self {
        Self { query, ..self }
    }

    fn path(self) -> String {
        path(self.resource, self.revision, self.transport, "") + self.query
    }

    /// Begins a session and reads its open packet.
    pub(crate) async fn open(self, server: &Server) -> EnginePeer {
        let carrier = match self.transport {
            Transport::WebSocket => {
                Carrier::Socket(Socket::open_with(server, self.revision, &self.path(), self.headers).await)
            }
            _ => Carrier::Poll(Some(server.ask(get(&self.path())).await)),
        };
        let mut peer = EnginePeer {
            sid: String::new(),
            id: String::new(),
            opened: Value::Null,
            revision: self.revision,
            transport: self.transport,
            resource: self.resource.to_owned(),
            address: server.address,
            carrier,
            received: VecDeque::new(),
            questions: 0,
        };
        let packet = peer.receive().await;
        let json = packet.strip_prefix('0').unwrap_or_else(|| panic!("no open packet: {packet}"));
        peer.opened = serde_json::from_str(json).unwrap();
        peer.sid = peer.opened["sid"].as_str().unwrap().to_owned();
        peer
    }

    /// The same, and is in the root namespace of Socket.IO when it is over.
    pub(crate) async fn connect(self, server: &Server) -> EnginePeer {
        let mut peer = self.open(server).await;
        if self.revision == Four {
            peer.send(&["40"]).await;
        }
        peer.welcomed().await;
        peer
    }
}

/// The path of a request; without an id it opens a session.
pub(crate) fn path(resource: &str, revision: Revision, transport: Transport, sid: &str) -> String {
    let transport = match transport {
        Transport::WebSocket => "websocket",
        Transport::JsonpPolling => "polling&j=0",
        _ => "polling",
    };
    let mut path = format!("/{resource}/?EIO={}&transport={transport}", revision.number());
    if !sid.is_empty() {
        path += &format!("&sid={sid}");
    }
    path
}

/// Status, code and message of a refused request.
pub(crate) fn refusal(answer: &Answer) -> (u16, u64, String) {
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { panic!("no refusal: {answer:?}") };
    assert_eq!(answer.header("content-type"), "application/json", "{answer:?}");
    (answer.status, body["code"].as_u64().unwrap(), body["message"].as_str().unwrap().to_owned())
}

impl EnginePeer {
    /// A session of Engine.IO.
    pub(crate) async fn open(server: &Server, revision: Revision, transport: Transport) -> Self {
        opening(revision, transport).open(server).await
    }

    /// A client of Socket.IO, in the root namespace.
    pub(crate) async fn connect(server: &Server, revision: Revision, transport: Transport) -> Self {
        opening(revision, transport).connect(server).await
    }

    /// The path of this session's requests.
    pub(crate) fn path(&self) -> String {
        let polling = if self.transport == Transport::WebSocket { Transport::Polling } else { self.transport };
        path(&self.resource, self.revision, polling, &self.sid)
    }

    /// The path of a websocket that wants to carry this session.
    pub(crate) fn upgrade_path(&self) -> String {
        path(&self.resource, self.revision, Transport::WebSocket, &self.sid)
    }

    /// The next packet, which is text, whichever payload it is in.
    pub(crate) async fn receive(&mut self) -> String {
        match self.receive_packet().await {
            Packet::Text(text) => text,
            Packet::Binary(bytes) => panic!("{self:?}: binary while text was awaited: {bytes:?}"),
        }
    }

    pub(crate) async fn receive_binary(&mut self) -> Vec<u8> {
        match self.receive_packet().await {
            Packet::Binary(bytes) => bytes,
            Packet::Text(text) => panic!("{self:?}: {text:?} while binary was awaited"),
        }
    }

    pub(crate) async fn receive_packet(&mut self) -> Packet {
        loop {
            if let Some(packet) = self.received.pop_front() {
                return packet;
            }
            match self.payload().await {
                Some(packets) => self.received.extend(packets),
                None => panic!("{} {:?}: ended while a packet was awaited", self.transport, self.revision),
            }
        }
    }

    pub(crate) async fn receive_all(&mut self, count: usize) -> Vec<String> {
        let mut packets = Vec::new();
        while packets.len() < count {
            packets.push(self.receive().await);
        }
        packets
    }

    /// The packets of the next payload; nothing when the session is over, or the socket.
    pub(crate) async fn payload(&mut self) -> Option<Vec<Packet>> {
        if let Carrier::Socket(socket) = &mut self.carrier {
            return socket.next().await.map(|packet| vec![packet]);
        }
        let answer = self.poll().await;
        (answer.status == 200).then(|| read(self.revision, self.transport, &answer))
    }

    /// The answer to the parked poll, or to one that is sent now.
    pub(crate) async fn poll(&mut self) -> Answer {
        self.park().await;
        let Carrier::Poll(parked) = &mut self.carrier else { panic!("a websocket polls nothing") };
        parked.take().unwrap().answer().await
    }

    /// Sends the next poll, unless one is under way.
    pub(crate) async fn park(&mut self) {
        let request = get(&self.path());
        if let Carrier::Poll(parked @ None) = &mut self.carrier {
            *parked = Some(ask(self.address, request).await);
        }
    }

    /// Sends texts: in one body, or a frame each.
    pub(crate) async fn send(&mut self, packets: &[&str]) {
        let packets: Vec<_> = packets.iter().map(|text| Packet::from(*text)).collect();
        self.send_packets(&packets).await;
    }

    pub(crate) async fn send_packets(&mut self, packets: &[Packet]) {
        if let Carrier::Socket(socket) = &mut self.carrier {
            for packet in packets {
                socket.send(packet.clone()).await;
            }
            return;
        }
        let answer = self.post(&self.revision.payload(packets)).await;
        assert_eq!((answer.status, answer.text()), (200, "ok"), "{packets:?}");
    }

    /// The answer to a body as it is; of JSONP, after it was put into a form.
    pub(crate) async fn post(&self, body: &str) -> Answer {
        self.begin_post(body).await.answer().await
    }

    /// Sends a POST and does not wait for its answer.
    pub(crate) async fn begin_post(&self, body: &str) -> Connection {
        let (kind, body) = match self.transport {
            Transport::JsonpPolling => ("Content-Type: application/x-www-form-urlencoded", field(body)),
            _ => ("Content-Type: text/plain;charset=UTF-8", body.to_owned()),
        };
        ask(self.address, request("POST", &self.path(), &[kind], &body)).await
    }

    /// A websocket that has asked to carry this session and was answered.
    pub(crate) async fn probe(&self, server: &Server) -> Socket {
        let mut socket = Socket::open(server, self.revision, &self.upgrade_path()).await;
        socket.send("2probe".into()).await;
        assert_eq!(socket.next().await, Some("3probe".into()));
        socket
    }

    /// From now on a websocket carries the session.
    pub(crate) async fn upgrade(&mut self, server: &Server) {
        let mut socket = self.probe(server).await;
        // What is still under way on the old transport comes there, and at last nothing does.
        loop {
            let packets = self.payload().await.expect("the end of a poll during the upgrade");
            let is_noop = packets == [Packet::from("6")];
            self.received.extend(packets.into_iter().filter(|packet| !packet.is("6")));
            if is_noop {
                break;
            }
        }
        socket.send("5".into()).await;
        self.carried_by(socket);
    }

    /// This socket carries the session.
    pub(crate) fn carried_by(&mut self, socket: Socket) {
        self.carrier = Carrier::Socket(socket);
        self.transport = Transport::WebSocket;
    }

    /// What carries the session, if it is a websocket.
    pub(crate) fn socket(&mut self) -> &mut Socket {
        match &mut self.carrier {
            Carrier::Socket(socket) => socket,
            Carrier::Poll(_) => panic!("the session is carried by polls"),
        }
    }

    /// Waits until the server has ended the session; answers what still came before.
    pub(crate) async fn ended(mut self) -> Vec<Packet> {
        let mut packets: Vec<_> = self.received.drain(..).collect();
        while let Some(more) = self.payload().await {
            packets.extend(more);
        }
        packets
    }

    /// Reads the answer to the connection to the root namespace; answers what it tells.
    pub(crate) async fn welcomed(&mut self) -> Value {
        let answer = loop {
            match self.receive().await {
                // On a machine that is busy the first ping may be due.
                ping if ping == "2" && self.revision == Four => {}
                answer => break answer,
            }
        };
        let told = match (self.revision, answer.strip_prefix("40")) {
            (Three, Some("")) => json!({ "sid": self.sid }),
            (Four, Some(told)) => serde_json::from_str(told).unwrap(),
            _ => panic!("not connected: {answer}"),
        };
        self.id = told["sid"].as_str().unwrap().to_owned();
        told
    }

    /// The client as the application knows it.
    pub(crate) fn client(&self, server: &Server) -> Client {
        server.listener.client(&self.id).unwrap_or_else(|| panic!("nobody has the id {:?}", self.id))
    }

    /// Everything sent before has been dealt with, and so much has come for it. The application has to acknowledge the
    /// event `echo` with its arguments.
    pub(crate) async fn settled(&mut self) -> Vec<Packet> {
        self.questions += 1;
        let question = 7000 + self.questions;
        self.send(&[&format!("42{question}[\"echo\"]")]).await;
        let mut before = Vec::new();
        loop {
            match self.receive_packet().await {
                packet if packet.is(&format!("43{question}[]")) => return before,
                packet => before.push(packet),
            }
        }
    }

    /// Nothing came that was not read, and the session lives.
    pub(crate) async fn heard_nothing(&mut self, what: &str) {
        assert_eq!(self.settled().await, [], "{} {:?} {what}", self.transport, self.revision);
    }

    /// Leaves as a page does that is closed.
    pub(crate) async fn leave(self) {
        if let Carrier::Socket(socket) = self.carrier {
            socket.leave().await;
        }
    }
}

async fn ask(address: SocketAddr, request: String) -> Connection {
    let mut connection = Connection::new(patiently("a connection", TcpStream::connect(address)).await.unwrap());
    connection.send(request).await;
    connection
}
