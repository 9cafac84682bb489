//! The files of the client below a resource (docs/wire/frames.md §6, docs/wire/packets.md §10).

mod bundled;
mod condition;
mod file;
mod name;

use crate::transport::{Body, Transport};
use bundled::BUNDLED;
use bytes::Bytes;
use file::{File, status};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
pub(crate) use name::{FileName, Kind};

const METHODS: &str = "GET, HEAD, OPTIONS";

/// The page has to ask again, which costs little with a tag.
const SOON: &str = "public, max-age=300";
/// Whoever puts a version into a URL wants it kept. Which version is which script, only the page knows, so it is looked
/// after once a day.
const DAILY: &str = "public, max-age=86400";
/// A fingerprint names one content for ever.
const NEVER: &str = "public, max-age=31536000, immutable";

/// The client that a listener serves below its resources.
///
/// Besides `socket.io.js` there may be a version in the name, such as `socket.io.v0.9.17.js`, and transports, such as
/// `socket.io+websocket+xhr-polling.js`, as the servers of 0.9 had it. A version is any three numbers, and the page's
/// own business: browsers keep the script for a day. With [`ClientScript::fingerprint`] in its place they keep it for
/// good.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ClientScript {
    /// The client that comes with the crate: `socket.io.js`, minified `socket.io.min.js` with its source map, and the
    /// module `socket.io.esm.min.js`, compressed for browsers that accept it. The names of transports in a URL make the
    /// script use only these.
    #[default]
    Bundled,
    /// A script of the application's own: as `socket.io.js`, whatever version or transports are named in the URL. The
    /// minified names, the source map and the module go to the application.
    Custom(Bytes),
    /// Nothing: the requests go to the application.
    None,
}

impl ClientScript {
    /// Sixteen digits that change when the script does. In the place of a version, as in
    /// `/socket.io/socket.io.v{fingerprint}.min.js`, they make browsers keep the script and not ask again.
    ///
    /// ```
    /// let fingerprint = heirloom::ClientScript::Bundled.fingerprint().unwrap_or_default();
    /// let page = format!("<script src=/socket.io/socket.io.v{fingerprint}.min.js></script>");
    /// # assert_eq!(fingerprint.len(), 16);
    /// ```
    #[must_use]
    pub fn fingerprint(&self) -> Option<String> {
        match self {
            Self::Bundled => Some(BUNDLED.fingerprint.clone()),
            Self::Custom(script) => Some(file::fingerprint([script])),
            Self::None => None,
        }
    }
}

/// What is served, ready to be served.
#[derive(Debug, Clone)]
pub(crate) struct ClientFiles {
    source: Source,
    /// The transports a bundle may name.
    transports: Vec<Transport>,
}

#[derive(Debug, Clone)]
enum Source {
    Bundled,
    Custom(File),
    None,
}

impl ClientFiles {
    /// Of the accepted transports a bundle may name those that a client would take from it: Flash sockets only where they
    /// are announced.
    pub(crate) fn new(script: ClientScript, accepted: &[Transport], announced: &[Transport]) -> Self {
        let source = match script {
            ClientScript::Bundled => Source::Bundled,
            ClientScript::Custom(script) => Source::Custom(File::new(mime::TEXT_JAVASCRIPT.as_ref(), script)),
            ClientScript::None => Source::None,
        };
        let is_for_bundles = |transport: &Transport| match transport {
            Transport::Polling => false,
            Transport::FlashSocket => announced.contains(transport),
            _ => true,
        };
        Self { source, transports: accepted.iter().copied().filter(is_for_bundles).collect() }
    }

    /// Whether the name is one of ours.
    pub(crate) fn contain(&self, name: &FileName<'_>) -> bool {
        match self.source {
            Source::Bundled => true,
            Source::Custom(_) => matches!(name.kind, Kind::Script | Kind::Bundle(_)),
            Source::None => false,
        }
    }

    /// Answers a request for a file that they contain. The files are for everybody: no page of any origin learns from
    /// them what it could not look up.
    pub(crate) fn answer(
        &self,
        name: &FileName<'_>,
        path: &str,
        method: &Method,
        headers: &HeaderMap,
    ) -> Response<Body> {
        let mut response = match *method {
            Method::GET | Method::HEAD => self.file(name, path, method, headers),
            Method::OPTIONS => preflight(headers),
            _ => {
                let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(METHODS));
                response
            }
        };
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert("cross-origin-resource-policy", HeaderValue::from_static("cross-origin"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        response
    }

    fn file(&self, name: &FileName<'_>, path: &str, method: &Method, headers: &HeaderMap) -> Response<Body> {
        let cache_control = |fingerprint: &str| match name.version {
            None => SOON,
            Some(version) if version == fingerprint => NEVER,
            Some(_) => DAILY,
        };
        match (&self.source, name.kind) {
            (Source::Custom(file), _) => file.answer(method, headers, cache_control(&file.tag)),
            (Source::Bundled, Kind::Bundle(names)) => {
                let transports = self.named(names);
                if transports.is_empty() {
                    return nothing_left(path);
                }
                // What a name brings depends on the options too, so no fingerprint is enough.
                BUNDLED.bundle(&transports).answer(method, headers, cache_control(""))
            }
            (Source::Bundled, kind) => match BUNDLED.file(kind) {
                Some(file) => file.answer(method, headers, cache_control(&BUNDLED.fingerprint)),
                None => status(StatusCode::NOT_FOUND),
            },
            (Source::None, _) => status(StatusCode::NOT_FOUND),
        }
    }

    /// Those of the names that are transports to be had, each once, in the page's order.
    fn named(&self, names: &str) -> Vec<Transport> {
        let mut named = Vec::new();
        for name in names.split('+') {
            let transport = name.parse().ok().filter(|transport| self.transports.contains(transport));
            named.extend(transport.filter(|transport| !named.contains(transport)));
        }
        named
    }
}

/// The answer the servers of 0.9 gave, and pages never saw.
fn nothing_left(path: &str) -> Response<Body> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut response = Response::new(Body::full(format!("Error serving static /{name}")));
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let kind = HeaderValue::from_static(mime::TEXT_PLAIN.as_ref());
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn preflight(request: &HeaderMap) -> Response<Body> {
    let mut response = status(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(METHODS));
    if request.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD"));
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
        if let Some(names) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use Transport::{FlashSocket, Polling, WebSocket, XhrPolling};

    fn ask(files: &ClientFiles, name: &str, method: Method) -> Response<Body> {
        let parsed = FileName::parse(name).unwrap();
        assert!(files.contain(&parsed), "{name}");
        files.answer(&parsed, &format!("/socket.io/{name}"), &method, &HeaderMap::new())
    }

    fn bundled() -> ClientFiles {
        ClientFiles::new(
            ClientScript::Bundled,
            &[WebSocket, FlashSocket, XhrPolling, Polling],
            &[WebSocket, XhrPolling],
        )
    }

    fn kept(files: &ClientFiles, name: &str) -> String {
        ask(files, name, Method::HEAD).headers()[header::CACHE_CONTROL].to_str().unwrap().to_owned()
    }

    #[test]
    fn only_a_fingerprint_of_this_very_content_is_kept_for_good() {
        let custom = ClientScript::Custom(Bytes::from_static(b"var io;"));
        for script in [ClientScript::Bundled, custom] {
            let fingerprint = script.fingerprint().unwrap();
            let files = ClientFiles::new(script, &[WebSocket], &[WebSocket]);
            assert_eq!(kept(&files, "socket.io.js"), SOON);
            assert_eq!(kept(&files, "socket.io.v0.9.17.js"), DAILY);
            assert_eq!(kept(&files, "socket.io.v0123456789abcdef.js"), DAILY);
            assert_eq!(kept(&files, &format!("socket.io.v{fingerprint}.js")), NEVER);
        }
        let fingerprint = ClientScript::Bundled.fingerprint().unwrap();
        for name in ["min.js", "esm.min.js"] {
            assert_eq!(kept(&bundled(), &format!("socket.io.v{fingerprint}.{name}")), NEVER);
        }
        assert_eq!(kept(&bundled(), &format!("socket.io+websocket.v{fingerprint}.js")), DAILY);
        assert_eq!(kept(&bundled(), "socket.io.min.js.map"), SOON);
        assert_eq!(ClientScript::None.fingerprint(), None);
    }

    #[test]
    fn a_bundle_names_what_is_to_be_had_once_and_in_the_pages_order() {
        let files = bundled();
        assert_eq!(files.named("xhr-polling+websocket"), [XhrPolling, WebSocket]);
        assert_eq!(files.named("websocket+nosuch+htmlfile+websocket"), [WebSocket]);
        assert_eq!(files.named("nosuch+htmlfile+polling+flashsocket"), []);
        assert_eq!(ask(&files, "socket.io+htmlfile.js", Method::GET).status(), 500);
    }

    #[test]
    fn a_script_of_the_applications_own_has_no_minified_form() {
        let custom = ClientFiles::new(ClientScript::Custom(Bytes::from_static(b"var io;")), &[], &[]);
        for (name, is_ours) in [
            ("socket.io.js", true),
            ("socket.io.v1.2.3.js", true),
            ("socket.io+nosuch.js", true),
            ("socket.io.min.js", false),
            ("socket.io.min.js.map", false),
            ("socket.io.esm.min.js", false),
        ] {
            assert_eq!(custom.contain(&FileName::parse(name).unwrap()), is_ours, "{name}");
        }
    }

    #[test]
    fn every_page_may_read_every_answer() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST] {
            let response = ask(&bundled(), "socket.io.esm.min.js", method.clone());
            let headers = response.headers();
            assert_eq!(headers[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*", "{method}");
            assert_eq!(headers["cross-origin-resource-policy"], "cross-origin", "{method}");
            assert!(!headers.contains_key(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), "{method}");
        }
    }

    #[test]
    fn other_methods_are_refused() {
        let response = ask(&bundled(), "socket.io.js", Method::POST);
        assert_eq!((response.status().as_u16(), &response.headers()[header::ALLOW]), (405, &METHODS.parse().unwrap()));
    }
}
