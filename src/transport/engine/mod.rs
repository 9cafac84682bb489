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
    handle::{Answer, METHODS, Peer, allowed, at_once, follow_up, not_allowed, upgrade_of, wants_websocket},
    name::Transport,
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
use futures_util::FutureExt;
use http::{HeaderValue, Method, Response, header, request::Parts};
use http_body::Body as HttpBody;
pub(crate) use query::Query;
pub(crate) use receive::{binary_frame, pong_frame, text_frame};
use std::{future::Future, sync::Arc};
pub(crate) use upgrade::run as upgrade_session;

/// Answers a request of Engine.IO; `bare` says that there is no Socket.IO in it.
pub(crate) fn answer<'a, B>(shared: &Arc<Shared>, parts: Parts, body: B, peer: Peer, bare: bool) -> Answer<'a>
where
    B: HttpBody + Send + 'a,
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
        return at_once(gate.preflight_engine(&parts.headers));
    }
    if gate.is_refused() {
        return allowed(gate, at_once(Error::Forbidden.response(for_websocket)));
    }
    let asked = Asked { query, transport, for_websocket, bare };
    let served = match asked.carrier(shared) {
        Err(error) => Err(error),
        Ok(carrier) if asked.query.sid.is_none() => {
            let asked = asked.into_owned();
            let (parts, shared) = (parts, Arc::clone(shared));
            Ok(Box::pin(asked.open(shared, carrier, parts, peer)) as Answer<'_>)
        }
        Ok(Carrier::Polling) => asked.carry(shared, &parts, body, peer),
        Ok(Carrier::WebSocket) => match asked.upgrade(shared, &parts) {
            Err(error) => Err(error),
            Ok((accept, wanted)) => {
                let (upgrade, _) = upgrade_of(parts);
                Ok(at_once(websocket::switch(accept, Opened::engine(shared, peer, wanted), upgrade)))
            }
        },
    };
    allowed(gate, served.unwrap_or_else(|error| at_once(error.response(for_websocket))))
}

/// The answer to a poll or a POST, which may be that it is not served.
fn or_error<'a>(answer: impl Future<Output = Result<Response<Body>, Error>> + Send + 'a) -> Answer<'a> {
    Box::pin(answer.map(|answered| answered.unwrap_or_else(|error| error.response(false))))
}

/// A request, as far as its query and its headers tell.
struct Asked<'q> {
    query: Query<'q>,
    transport: Transport,
    for_websocket: bool,
    bare: bool,
}

impl Asked<'_> {
    /// The same, without the request.
    fn into_owned(self) -> Asked<'static> {
        Asked { query: self.query.into_owned(), ..self }
    }

    /// How the request wants to be carried, if that is served here.
    fn carrier(&self, shared: &Shared) -> Result<Carrier, Error> {
        let carrier = self.query.carrier()?;
        let transports = &shared.options.transports;
        let needed = [Some(self.transport), (carrier == Carrier::Polling).then_some(Transport::Polling)];
        let is_served = needed.into_iter().flatten().all(|transport| transports.contains(&transport));
        if is_served { Ok(carrier) } else { Err(Error::TransportUnknown) }
    }

    /// The session the request names, which speaks as the request does.
    fn member(&self, shared: &Shared, carrier: Carrier) -> Result<Arc<Member>, Error> {
        let member = self.query.sid.as_deref().and_then(|id| self.find(shared, id)).ok_or(Error::SessionUnknown)?;
        let speaks_so = member.host.form.revision().is_some_and(|revision| self.query.is_of(revision));
        let is_meant = self.for_websocket == (carrier == Carrier::WebSocket);
        if speaks_so && is_meant { Ok(member) } else { Err(Error::BadRequest) }
    }

    /// Lets a poll, or a POST beside it, carry its session.
    fn carry<'a, B>(&self, shared: &Shared, parts: &Parts, body: B, peer: Peer) -> Result<Answer<'a>, Error>
    where
        B: HttpBody + Send + 'a,
        B::Data: Send,
    {
        let member = self.member(shared, Carrier::Polling)?;
        let transport = member.host.transport();
        if !transport.is_polling() {
            return Err(Error::BadRequest);
        }
        Ok(match parts.method {
            Method::GET => {
                let index = self.index(transport).map(str::to_owned);
                or_error(polling::answer(member, transport, index, peer.watch))
            }
            Method::POST => or_error(polling::post(member, polling::Post::of(&parts.headers), body)),
            _ => at_once(not_allowed(METHODS)),
        })
    }

    /// Tries a socket beside the polls of a session: the key of the answer, and what the socket is for.
    fn upgrade(&self, shared: &Shared, parts: &Parts) -> Result<(String, Wanted), Error> {
        let member = self.member(shared, Carrier::WebSocket)?;
        let accept = websocket::accept_key(parts).ok_or(Error::BadRequest)?;
        // Begun before the answer: a poll that comes behind what the client says on the socket finds it.
        let probe = Probe::begin(&member).filter(|_| member.host.transport().is_polling());
        if let (Some(engine), true) = (member.host.engine.as_deref(), probe.is_some()) {
            engine.set_texts_only(self.query.base64);
        }
        Ok((accept, Wanted::Polled(member, probe)))
    }

    /// Begins a session.
    async fn open(self, shared: Arc<Shared>, carrier: Carrier, parts: Parts, peer: Peer) -> Response<Body> {
        let for_websocket = self.for_websocket;
        let opened = self.try_to_open(&shared, carrier, parts, peer).await;
        opened.unwrap_or_else(|error| error.response(for_websocket))
    }

    async fn try_to_open(
        self,
        shared: &Arc<Shared>,
        carrier: Carrier,
        parts: Parts,
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
        if shared.is_shutting_down() {
            return Err(Error::BadRequest);
        }
        let place = enter(shared, peer.address, carrier == Carrier::Polling).await.map_err(Error::Denied)?;
        let form = self.form(shared, carrier, revision, offers_compression(&parts));
        let handshake = Arc::new(Handshake::new(&parts, peer.address));
        let admitted = shared.admit(&handshake, form.generation()).await;
        let state = admitted.map_err(|_| Error::Forbidden)?;
        let engine = self.engine(shared, carrier, revision);
        if let Some(accept) = accept {
            engine.set_texts_only(self.query.base64);
            let begin = Begin { place, form, handshake, state, engine: Some(engine) };
            let (upgrade, parts) = upgrade_of(parts);
            drop(parts);
            let opened = Opened::engine(shared, peer, Wanted::New(begin));
            return Ok(websocket::switch(accept, opened, upgrade));
        }
        drop(parts);
        let opened = shared.open(place, handshake, form, self.transport, state, Some(engine));
        let member = opened.ok_or(Error::BadRequest)?;
        let index = self.index(self.transport).map(str::to_owned);
        let mut response = polling::answer(Arc::clone(&member), self.transport, index, peer.watch).await?;
        // The first answer holds the opening alone; what the application sends now follows it.
        handle_here(&member);
        set_cookie(shared, &member, &mut response);
        Ok(response)
    }

    /// The callback of a session that is carried by scripts.
    fn index(&self, transport: Transport) -> Option<&str> {
        (transport == Transport::JsonpPolling).then(|| self.query.index.as_deref().unwrap_or("0"))
    }

    /// The session of this id, unless its time has come.
    fn find(&self, shared: &Shared, id: &str) -> Option<Arc<Member>> {
        let member = shared.find(id).filter(|member| {
            let form = member.host.form;
            form.revision().is_some() && form.has_only_texts() == self.bare
        })?;
        member.tick();
        shared.find_member(&member)?;
        follow_up(shared, &member);
        Some(member)
    }

    fn form(&self, shared: &Shared, carrier: Carrier, revision: Revision, offers_compression: bool) -> WireForm {
        let is_kept = shared.options.engine.recovery.is_some();
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
    fn engine(&self, shared: &Shared, carrier: Carrier, revision: Revision) -> Engine {
        let query = &self.query;
        let takes_no_bytes = query.base64 || query.index.is_some();
        let poll_form = match revision {
            Revision::Four => PollForm::Text,
            Revision::Three if takes_no_bytes => PollForm::Text,
            Revision::Three if query.is_early() => PollForm::Bytes,
            Revision::Three => PollForm::Adaptive,
        };
        let guess = if shared.options.engine.guess_encoding { Strings::Unknown } else { Strings::Plain };
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

fn set_cookie(shared: &Shared, member: &Member, response: &mut Response<Body>) {
    let Some(name) = &shared.options.engine.cookie else { return };
    let cookie = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax", member.id());
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
}

/// Whether the client's WebSocket could do more than ours.
fn offers_compression(parts: &Parts) -> bool {
    let offers = parts.headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    offers.filter_map(|offer| offer.to_str().ok()).any(|offer| offer.contains("permessage-deflate"))
}
