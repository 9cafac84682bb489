//! The client that comes with the crate, as `static/build.mjs` makes it.

use super::{
    file::{File, fingerprint},
    name::Kind,
};
use crate::transport::Transport;
use bytes::Bytes;
use std::sync::LazyLock;

const SOURCE_MAP: &str = "//# sourceMappingURL=";

macro_rules! built {
    ($name:literal) => {
        include_bytes!(concat!("../../../static/", $name)).as_slice()
    };
}

pub(super) static BUNDLED: LazyLock<Bundled> = LazyLock::new(Bundled::new);

#[derive(Debug)]
pub(super) struct Bundled {
    script: File,
    minified: File,
    map: File,
    module: File,
    pub(super) fingerprint: String,
}

impl Bundled {
    fn new() -> Self {
        let javascript = |identity, gzip, brotli| {
            File::new(mime::TEXT_JAVASCRIPT.as_ref(), Bytes::from_static(identity)).with(Some(gzip), Some(brotli))
        };
        let script = javascript(built!("socket.io.js"), built!("socket.io.js.gz"), built!("socket.io.js.br"));
        let minified =
            javascript(built!("socket.io.min.js"), built!("socket.io.min.js.gz"), built!("socket.io.min.js.br"));
        let module = javascript(
            built!("socket.io.esm.min.js"),
            built!("socket.io.esm.min.js.gz"),
            built!("socket.io.esm.min.js.br"),
        );
        let map = File::new(mime::APPLICATION_JSON.as_ref(), Bytes::from_static(built!("socket.io.min.js.map")))
            .with(Some(built!("socket.io.min.js.map.gz")), None);
        let fingerprint = fingerprint([&script.identity, &minified.identity, &module.identity]);
        Self { script, minified, map, module, fingerprint }
    }

    /// Nothing for a bundle.
    pub(super) fn file(&self, kind: Kind<'_>) -> Option<&File> {
        match kind {
            Kind::Script => Some(&self.script),
            Kind::Minified => Some(&self.minified),
            Kind::Module => Some(&self.module),
            Kind::Map => Some(&self.map),
            Kind::Bundle(_) => None,
        }
    }

    /// The minified script and a line that leaves it these transports. The place of the source map stays last, where it is
    /// looked for.
    pub(super) fn bundle(&self, transports: &[Transport]) -> File {
        let whole = &self.minified.identity;
        let end = whole.windows(SOURCE_MAP.len()).rposition(|window| window == SOURCE_MAP.as_bytes());
        let (script, map) = whole.split_at(end.unwrap_or(whole.len()));
        let names: Vec<_> = transports.iter().map(|transport| transport.name()).collect();
        let line = format!("io.transports=[\"{}\"];\n", names.join("\",\""));
        let bundle = [script, line.as_bytes(), map].concat();
        let tag = format!("{}-{}", self.minified.tag, names.join("+"));
        File { tag, identity: bundle.into(), gzip: None, brotli: None, ..self.minified }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_the_script_and_a_line_more() {
        let bundle = BUNDLED.bundle(&[Transport::XhrPolling, Transport::WebSocket]);
        let text = std::str::from_utf8(&bundle.identity).unwrap();
        let line = "\nio.transports=[\"xhr-polling\",\"websocket\"];\n";
        assert_eq!(text.replacen(line, "\n", 1).as_bytes(), BUNDLED.minified.identity);
        assert_eq!(text.matches(line).count(), 1);
        assert!(text.trim_end().lines().last().unwrap().starts_with(SOURCE_MAP));
        assert_ne!(bundle.tag, BUNDLED.bundle(&[Transport::WebSocket, Transport::XhrPolling]).tag);
    }

    #[test]
    fn the_source_map_leads_from_the_minified_script_to_the_readable_one() {
        let minified = std::str::from_utf8(&BUNDLED.minified.identity).unwrap();
        assert!(minified.ends_with("\n//# sourceMappingURL=socket.io.min.js.map\n"));
        let map: serde_json::Value = serde_json::from_slice(&BUNDLED.map.identity).unwrap();
        assert_eq!(map["sources"], serde_json::json!(["socket.io.js"]));
    }
}
