//! The names of the client's files, versions and bundles among them. Names are compared whole.

/// One of the files below the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileName<'a> {
    pub(crate) kind: Kind<'a>,
    /// What the page counts as the version: three numbers, or a fingerprint.
    pub(crate) version: Option<&'a str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind<'a> {
    /// `socket.io.js`
    Script,
    /// `socket.io.min.js`
    Minified,
    /// `socket.io.esm.min.js`
    Module,
    /// `socket.io.min.js.map`
    Map,
    /// `socket.io+websocket+xhr-polling.js`: the names as they stand there.
    Bundle(&'a str),
}

impl<'a> FileName<'a> {
    /// Nothing when a segment of a path is none of the names.
    pub(crate) fn parse(segment: &'a str) -> Option<Self> {
        let rest = segment.strip_prefix("socket.io")?;
        if rest == ".min.js.map" {
            return Some(Self { kind: Kind::Map, version: None });
        }
        let rest = rest.strip_suffix(".js")?;
        let (rest, kind) = if let Some(rest) = rest.strip_suffix(".esm.min") {
            (rest, Kind::Module)
        } else if let Some(rest) = rest.strip_suffix(".min") {
            (rest, Kind::Minified)
        } else {
            (rest, Kind::Script)
        };
        let (transports, version) = match rest.split_once(".v") {
            Some((transports, version)) => (transports, Some(version)),
            None => (rest, None),
        };
        if !version.is_none_or(is_version) {
            return None;
        }
        let kind = match (kind, transports.strip_prefix('+')) {
            (kind, None) if transports.is_empty() => kind,
            (Kind::Script, Some(transports)) if transports.split('+').all(is_word) => Kind::Bundle(transports),
            _ => return None,
        };
        Some(Self { kind, version })
    }
}

fn is_version(version: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_fingerprint = version.len() == 16 && version.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_fingerprint || (version.split('.').count() == 3 && version.split('.').all(is_number))
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_its_file() {
        let fingerprint = "0123456789abcdef";
        for (name, kind, version) in [
            ("socket.io.js", Kind::Script, None),
            ("socket.io.min.js", Kind::Minified, None),
            ("socket.io.min.js.map", Kind::Map, None),
            ("socket.io.esm.min.js", Kind::Module, None),
            ("socket.io.v0.9.17.js", Kind::Script, Some("0.9.17")),
            ("socket.io.v10.200.3000.min.js", Kind::Minified, Some("10.200.3000")),
            ("socket.io.v0.9.17.esm.min.js", Kind::Module, Some("0.9.17")),
            ("socket.io.v0123456789abcdef.min.js", Kind::Minified, Some(fingerprint)),
            ("socket.io+websocket.js", Kind::Bundle("websocket"), None),
            ("socket.io+carrier_pigeon.js", Kind::Bundle("carrier_pigeon"), None),
            ("socket.io+xhr-polling+websocket.v0.8.7.js", Kind::Bundle("xhr-polling+websocket"), Some("0.8.7")),
        ] {
            assert_eq!(FileName::parse(name), Some(FileName { kind, version }), "{name}");
        }
    }

    #[test]
    fn what_only_looks_like_a_name_is_none() {
        for name in [
            "",
            "socket.io",
            "socket.iojs",
            "socket.io.js.min",
            "socket.io.js.map",
            "socket.io.js.gz",
            "socket.io.min.js.br",
            "xsocket.io.js",
            "Socket.io.js",
            "socket.io.JS",
            "socket.io.js/",
            "x/socket.io.js",
            "socket.io.esm.js",
            "socket.io.msgpack.min.js",
            "socket.io.esm.min.js.map",
            "socket.io.v.js",
            "socket.io.v1.js",
            "socket.io.v1.2.js",
            "socket.io.v1.2.3.4.js",
            "socket.io.v1..3.js",
            "socket.io.v1.2.x.js",
            "socket.io.v1.2.3-rc1.js",
            "socket.io.v0123456789ABCDEF.js",
            "socket.io.v0123456789abcde.js",
            "socket.io.v0.9.17.v0.9.17.js",
            "socket.io.v0.9.17.min.js.map",
            "socket.io.v0.9.17+websocket.js",
            "socket.io+.js",
            "socket.io+websocket+.js",
            "socket.io++websocket.js",
            "socket.io+websocket.min.js",
            "socket.io+websocket.esm.min.js",
            "socket.io+web/socket.js",
            "socket.io%2Bwebsocket.js",
            "socket.iowebsocket.js",
        ] {
            assert_eq!(FileName::parse(name), None, "{name}");
        }
    }
}
