//! What is done with a request of Engine.IO: clients since 1.0, and Engine.IO alone.

mod encode;
mod error;
#[cfg(any(fuzzing, test))]
pub(super) mod fuzzing;
mod polling;
mod query;
mod receive;
mod upgrade;

use self::query::Carrier;
use super::{
    body::Body,
    cors::{Entrance, Gate},
    entering::enter,
    handle::{Peer, follow_up, wants_websocket},
    name::Transport,
    receive::plain,
    websocket::{self, Begin, Opened, Wanted},
};
use crate::{
    client::{Engine, Handshake, Member, PollForm, Probe, StringsOfBoth, handle_here},
    hub::WireForm,
    listener::Shared,
    wire::{double_utf8::Strings, engine::Revision},
};
pub(crate) use encode::socket_frames;
use error::Error;
use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};
use http_body::Body as HttpBody;
use hyper::upgrade::OnUpgrade;
pub(crate) use query::Query;
pub(crate) use receive::{binary_frame, pong_frame, text_frame};
use std::sync::Arc;
pub(crate) use upgrade::run as upgrade_session;

/// Answers a request of Engine.IO; `bare` says that there is no Socket.IO in it.
pub(crate) async fn respond<B>(
    shared: &Arc<Shared>,
    parts: Parts,
    body: B,
    upgrade: OnUpgrade,
    peer: Peer,
    bare: bool,
) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let query = Query::of(parts.uri.query());
    let for_websocket = wants_websocket(&parts.headers);
    let transport = match query.carrier() {
        Ok(Carrier::WebSocket) => Transport::WebSocket,
        _ if query.index.is_some() => Transport::JsonpPolling,
        _ => Transport::Polling,
    };
    let entrance = Entrance::Engine { transport, is_script: query.index.is_some() };
    let gate = Gate::judge(shared, &parts, entrance, &peer, query.sid.is_none());
    if parts.method == Method::OPTIONS {
        return gate.preflight_engine(&parts.headers);
    }
    let asked = Asked { shared, query, transport, for_websocket, bare };
    let served =
        if gate.is_refused() { Err(Error::Forbidden) } else { Box::pin(asked.serve(parts, body, upgrade, peer)).await };
    let mut response = served.unwrap_or_else(|error| error.response(for_websocket));
    gate.allow(&mut response);
    response
}

/// A request, as far as its query and its headers tell.
struct Asked<'a> {
    shared: &'a Arc<Shared>,
    query: Query,
    transport: Transport,
    for_websocket: bool,
    bare: bool,
}

impl Asked<'_> {
    async fn serve<B>(self, parts: Parts, body: B, upgrade: OnUpgrade, peer: Peer) -> Result<Response<Body>, Error>
    where
        B: HttpBody + Send,
        B::Data: Send,
    {
        let carrier = self.query.carrier()?;
        let transports = &self.shared.options.transports;
        let needed = [Some(self.transport), (carrier == Carrier::Polling).then_some(Transport::Polling)];
        if !needed.into_iter().flatten().all(|transport| transports.contains(&transport)) {
            return Err(Error::TransportUnknown);
        }
        let Some(id) = &self.query.sid else {
            drop(body);
            return self.open(carrier, parts, upgrade, peer).await;
        };
        let member = self.find(id).ok_or(Error::SessionUnknown)?;
        let engine = member.host.engine.as_deref().ok_or(Error::SessionUnknown)?;
        if !member.host.form.revision().is_some_and(|revision| self.query.is_of(revision)) {
            return Err(Error::BadRequest);
        }
        if self.for_websocket != (carrier == Carrier::WebSocket) {
            return Err(Error::BadRequest);
        }
        if carrier == Carrier::WebSocket {
            let accept = websocket::accept_key(&parts).ok_or(Error::BadRequest)?;
            // Begun before the answer: a poll that comes behind what the client says on the socket finds it.
            let probe = Probe::begin(&member).filter(|_| member.host.transport().is_polling());
            if probe.is_some() {
                engine.set_texts_only(self.query.base64);
            }
            let wanted = Wanted::Polled(Arc::clone(&member), probe);
            let opened = Opened::engine(self.shared, parts, peer, wanted);
            return Ok(websocket::switch(accept, opened, upgrade));
        }
        let transport = member.host.transport();
        if !transport.is_polling() {
            return Err(Error::BadRequest);
        }
        match parts.method {
            Method::GET => {
                drop(body);
                // The request's buffers are not held while it waits.
                drop(parts);
                let index = self.index(transport);
                polling::answer(&member, engine, transport, index, peer.watch).await
            }
            Method::POST => polling::post(self.shared, &member, engine, &parts.headers, body).await,
            _ => {
                let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(super::handle::METHODS));
                Ok(response)
            }
        }
    }

    /// Begins a session.
    async fn open(
        &self,
        carrier: Carrier,
        parts: Parts,
        upgrade: OnUpgrade,
        peer: Peer,
    ) -> Result<Response<Body>, Error> {
        if parts.method != Method::GET {
            return Err(Error::BadMethod);
        }
        if self.for_websocket != (carrier == Carrier::WebSocket) {
            return Err(Error::BadRequest);
        }
        let accept = match carrier {
            Carrier::WebSocket => Some(websocket::accept_key(&parts).ok_or(Error::BadRequest)?),
            Carrier::Polling => None,
        };
        let revision = self.query.revision(carrier)?;
        if self.shared.is_shutting_down() {
            return Err(Error::BadRequest);
        }
        let place = enter(self.shared, peer.address, carrier == Carrier::Polling).await.map_err(Error::Denied)?;
        let form = self.form(carrier, revision, offers_compression(&parts));
        let handshake = Arc::new(Handshake::new(&parts, peer.address));
        let admitted = self.shared.admit(&handshake, form.generation()).await;
        let state = admitted.map_err(|_| Error::Forbidden)?;
        let engine = self.engine(carrier, revision);
        if let Some(accept) = accept {
            engine.set_texts_only(self.query.base64);
            let begin = Begin { place, form, handshake, state, engine: Some(engine) };
            let opened = Opened::engine(self.shared, parts, peer, Wanted::New(begin));
            return Ok(websocket::switch(accept, opened, upgrade));
        }
        drop(parts);
        let opened = self.shared.open(place, handshake, form, self.transport, state, Some(engine));
        let member = opened.ok_or(Error::BadRequest)?;
        let engine = member.host.engine.as_deref().ok_or(Error::BadRequest)?;
        let index = self.index(self.transport);
        let mut response = polling::answer(&member, engine, self.transport, index, peer.watch).await?;
        // The first answer holds the opening alone; what the application sends now follows it.
        handle_here(&member);
        self.set_cookie(&member, &mut response);
        Ok(response)
    }

    fn set_cookie(&self, member: &Member, response: &mut Response<Body>) {
        let Some(name) = &self.shared.options.engine.cookie else { return };
        let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax", member.id());
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }

    /// The callback of a session that is carried by scripts.
    fn index(&self, transport: Transport) -> Option<&str> {
        (transport == Transport::JsonpPolling).then(|| self.query.index.as_deref().unwrap_or("0"))
    }

    /// The session of this id, unless its time has come.
    fn find(&self, id: &str) -> Option<Arc<Member>> {
        self.shared.find(id)?.tick();
        let member = self.shared.find(id).filter(|member| {
            let form = member.host.form;
            form.revision().is_some() && form.has_only_texts() == self.bare
        })?;
        follow_up(self.shared, &member);
        Some(member)
    }

    fn form(&self, carrier: Carrier, revision: Revision, offers_compression: bool) -> WireForm {
        let is_kept = self.shared.options.engine.recovery.is_some();
        let may_return = || is_kept && self.query.may_be_javascript(carrier, offers_compression);
        match (revision, self.bare) {
            (Revision::Three, true) => WireForm::BareEngine3,
            (Revision::Four, true) => WireForm::BareEngine4,
            (Revision::Three, false) => WireForm::Engine3,
            (Revision::Four, false) if may_return() => WireForm::Recoverable,
            (Revision::Four, false) => WireForm::Engine4,
        }
    }

    /// What the request tells of its client's ways (docs/wire/engine.md §5.3, §6).
    fn engine(&self, carrier: Carrier, revision: Revision) -> Engine {
        let query = &self.query;
        let takes_no_bytes = query.base64 || query.index.is_some();
        let poll_form = match revision {
            Revision::Four => PollForm::Text,
            Revision::Three if takes_no_bytes => PollForm::Text,
            Revision::Three if query.is_early() => PollForm::Bytes,
            Revision::Three => PollForm::Adaptive,
        };
        let guess = if self.shared.options.engine.guess_encoding { Strings::Unknown } else { Strings::Plain };
        let is_polling = carrier == Carrier::Polling;
        let strings = match revision {
            Revision::Four => StringsOfBoth { payload: Strings::Plain, socket: Strings::Plain },
            Revision::Three if query.says_two() => StringsOfBoth { payload: Strings::Double, socket: Strings::Double },
            // Those before 1.1 encode on a socket as well.
            Revision::Three if query.is_early() => StringsOfBoth { payload: Strings::Double, socket: guess },
            Revision::Three if is_polling => StringsOfBoth { payload: guess, socket: Strings::Plain },
            Revision::Three => StringsOfBoth { payload: guess, socket: guess },
        };
        Engine::new(poll_form, strings)
    }
}

/// Whether the client's WebSocket could do more than ours.
fn offers_compression(parts: &Parts) -> bool {
    let offers = parts.headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    offers.filter_map(|offer| offer.to_str().ok()).any(|offer| offer.contains("permessage-deflate"))
}
