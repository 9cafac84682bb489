//! A file and its representations.

use super::condition::{Encoding, choose, knows};
use crate::transport::Body;
use bytes::Bytes;
use data_encoding::HEXLOWER;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use md5::{Digest, Md5};

/// What is served under a name.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) content_type: &'static str,
    /// Identifies the contents, apart from how they are encoded.
    pub(super) tag: String,
    pub(super) identity: Bytes,
    /// The same, compressed.
    pub(super) gzip: Option<Bytes>,
    pub(super) brotli: Option<Bytes>,
}

impl File {
    pub(super) fn new(content_type: &'static str, identity: impl Into<Bytes>) -> Self {
        let identity = identity.into();
        Self { content_type, tag: fingerprint([&identity]), identity, gzip: None, brotli: None }
    }

    pub(super) fn with(mut self, gzip: Option<&'static [u8]>, brotli: Option<&'static [u8]>) -> Self {
        self.gzip = gzip.map(Bytes::from_static);
        self.brotli = brotli.map(Bytes::from_static);
        self
    }

    /// The answer to a GET or a HEAD, conditional or not.
    pub(super) fn answer(&self, method: &Method, request: &HeaderMap, cache_control: &'static str) -> Response<Body> {
        let is_negotiated = self.gzip.is_some() || self.brotli.is_some();
        // Where there is nothing to choose from, nobody is asked.
        let chosen = if is_negotiated { choose(request, &self.offers()) } else { Some(Encoding::Identity) };
        let mut response = match chosen {
            Some(encoding) => self.represent(encoding, method, request, cache_control),
            None => status(StatusCode::NOT_ACCEPTABLE),
        };
        if is_negotiated {
            response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        response
    }

    /// In the order of preference.
    fn offers(&self) -> Vec<Encoding> {
        let brotli = self.brotli.iter().map(|_| Encoding::Brotli);
        let gzip = self.gzip.iter().map(|_| Encoding::Gzip);
        brotli.chain(gzip).chain([Encoding::Identity]).collect()
    }

    fn represent(
        &self,
        encoding: Encoding,
        method: &Method,
        request: &HeaderMap,
        cache_control: &'static str,
    ) -> Response<Body> {
        // Tags that differ: the representations are not the same bytes.
        let (bytes, name, tag) = match encoding {
            Encoding::Identity => (Some(&self.identity), None, self.tag.clone()),
            Encoding::Gzip => (self.gzip.as_ref(), Some("gzip"), format!("{}-gz", self.tag)),
            Encoding::Brotli => (self.brotli.as_ref(), Some("br"), format!("{}-br", self.tag)),
        };
        let bytes = bytes.unwrap_or(&self.identity);
        let known = knows(request, &tag);
        let mut response = if known {
            status(StatusCode::NOT_MODIFIED)
        } else if method == Method::HEAD {
            let mut response = status(StatusCode::OK);
            response.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
            response
        } else {
            Response::new(Body::full(bytes.clone()))
        };
        let headers = response.headers_mut();
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
            headers.insert(header::ETAG, tag);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control));
        if !known {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
            if let Some(name) = name {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
            }
        }
        response
    }
}

/// Sixteen digits that differ when the contents do, and that every server of the same release finds alike.
pub(super) fn fingerprint<'a>(contents: impl IntoIterator<Item = &'a Bytes>) -> String {
    let digest = contents.into_iter().fold(Md5::new(), |digest, bytes| digest.chain_update(bytes)).finalize();
    HEXLOWER.encode(digest.get(..8).unwrap_or_default())
}

pub(super) fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, fields: &[(header::HeaderName, &str)]) -> Response<Body> {
        let headers = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let file = File::new("text/javascript", &b"var io;"[..]).with(Some(b"gzipped"), Some(b"broth"));
        file.answer(&method, &headers, "public, max-age=300")
    }

    fn value(response: &Response<Body>, name: header::HeaderName) -> Option<&str> {
        response.headers().get(name).map(|value| value.to_str().unwrap())
    }

    #[test]
    fn each_encoding_is_a_representation_with_a_tag_of_its_own() {
        let mut tags = Vec::new();
        for (accepted, encoding, length) in [("", None, "7"), ("gzip", Some("gzip"), "7"), ("br", Some("br"), "5")] {
            let response = ask(Method::HEAD, &[(header::ACCEPT_ENCODING, accepted)]);
            assert_eq!(value(&response, header::CONTENT_ENCODING), encoding);
            assert_eq!(value(&response, header::CONTENT_LENGTH), Some(length));
            assert_eq!(value(&response, header::VARY), Some("Accept-Encoding"));
            let tag = value(&response, header::ETAG).unwrap().to_owned();
            assert!(tag.starts_with('"') && tag.ends_with('"') && !tags.contains(&tag), "{tag}");
            let again = ask(Method::GET, &[(header::ACCEPT_ENCODING, accepted), (header::IF_NONE_MATCH, &tag)]);
            assert_eq!(again.status(), 304);
            for name in [header::ETAG, header::VARY, header::CACHE_CONTROL] {
                assert_eq!(value(&again, name.clone()), value(&response, name));
            }
            assert_eq!(value(&again, header::CONTENT_ENCODING), None);
            for known in &tags {
                let other = ask(Method::GET, &[(header::ACCEPT_ENCODING, accepted), (header::IF_NONE_MATCH, known)]);
                assert_eq!(other.status(), 200, "{known} is another representation's");
            }
            tags.push(tag);
        }
    }

    #[test]
    fn who_accepts_no_representation_is_told_so() {
        let response = ask(Method::GET, &[(header::ACCEPT_ENCODING, "identity;q=0")]);
        assert_eq!((response.status().as_u16(), value(&response, header::VARY)), (406, Some("Accept-Encoding")));
    }

    #[test]
    fn a_file_of_one_representation_is_sent_whatever_is_accepted() {
        let headers = [(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip, identity;q=0"))].into_iter().collect();
        let response = File::new("text/javascript", &b"var io;"[..]).answer(&Method::GET, &headers, "public");
        assert_eq!((response.status().as_u16(), value(&response, header::VARY)), (200, None));
        assert_eq!(value(&response, header::CONTENT_ENCODING), None);
    }

    #[test]
    fn contents_that_differ_have_other_fingerprints() {
        let [one, other] = [Bytes::from_static(b"var io;"), Bytes::from_static(b"var oi;")];
        assert_eq!(fingerprint([&one]), "fd2a7c0333413ecb", "the first half of its MD5 digest");
        assert_ne!(fingerprint([&one]), fingerprint([&other]));
    }
}
