//! What a request says of the representation it wants: how it may be encoded, and which the client has already.

use http::{HeaderMap, HeaderValue, header};

/// How a representation is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Brotli,
}

impl Encoding {
    /// Whether `Accept-Encoding` means it by this name.
    fn is_called(self, name: &str) -> bool {
        match self {
            Self::Identity => name.eq_ignore_ascii_case("identity"),
            Self::Gzip => name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip"),
            Self::Brotli => name.eq_ignore_ascii_case("br"),
        }
    }
}

/// The encoding the request likes best of those on offer, in the order of our own liking where it likes several as much;
/// nothing when it accepts none (RFC 9110, section 12.5.3).
pub(super) fn choose(headers: &HeaderMap, offers: &[Encoding]) -> Option<Encoding> {
    let wishes = Wishes::of(headers);
    let weigh = |offer: &Encoding| (wishes.weight(*offer), *offer);
    let best = offers.iter().map(weigh).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.filter(|(weight, _)| *weight > Weight::REFUSED).map(|(_, encoding)| encoding)
}

/// Thousandths, above them nothing; and between 0 and 1 what nobody asked for and nobody refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Weight(u16);

impl Weight {
    const REFUSED: Self = Self(0);
    const UNASKED: Self = Self(1);

    /// `1`, `0.5`, up to three decimals; anything else is no weight.
    fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
        match (whole, thousandths) {
            ("0", 0) => Some(Self::REFUSED),
            ("0", thousandths) => Some(Self(thousandths + 1)),
            ("1", 0) => Some(Self(1001)),
            _ => None,
        }
    }
}

#[derive(Debug, Default)]
struct Wishes {
    listed: Vec<(String, Weight)>,
}

impl Wishes {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        Self { listed: values.flat_map(|value| value.split(',')).filter_map(Self::entry).collect() }
    }

    /// What cannot be understood is as if it were not there.
    fn entry(entry: &str) -> Option<(String, Weight)> {
        let mut parts = entry.split(';').map(str::trim);
        let name = parts.next().filter(|name| !name.is_empty())?;
        let mut weight = Weight(1001);
        for part in parts {
            let (parameter, value) = part.split_once('=')?;
            if parameter.trim_end().eq_ignore_ascii_case("q") {
                weight = Weight::parse(value.trim_start())?;
            }
        }
        Some((name.to_owned(), weight))
    }

    fn weight(&self, encoding: Encoding) -> Weight {
        let listed = |is_meant: &dyn Fn(&str) -> bool| {
            self.listed.iter().filter(|(name, _)| is_meant(name)).map(|(_, weight)| *weight).max()
        };
        if let Some(weight) = listed(&|name| encoding.is_called(name)) {
            return weight;
        }
        let any = listed(&|name| name == "*");
        match encoding {
            // The star refuses it as it refuses all others, but recommends it less than what is smaller.
            Encoding::Identity => any.map_or(Weight::UNASKED, |weight| weight.min(Weight::UNASKED)),
            Encoding::Gzip | Encoding::Brotli => any.unwrap_or(Weight::REFUSED),
        }
    }
}

/// Whether the client has the representation of this tag: `If-None-Match` names it quoted, weak, bare as the old servers'
/// tags were, in a list, or by `*`.
pub(super) fn knows(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().any(|value| names(value, tag))
}

fn names(value: &HeaderValue, tag: &str) -> bool {
    let Ok(value) = value.to_str() else { return false };
    value.split(',').map(str::trim).any(|entry| {
        let entry = entry.strip_prefix("W/").unwrap_or(entry);
        let bare = entry.strip_prefix('"').and_then(|entry| entry.strip_suffix('"')).unwrap_or(entry);
        entry == "*" || bare == tag
    })
}

#[cfg(test)]
mod tests {
    use super::{Encoding::*, *};

    fn with(name: header::HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_encoding_is_the_one_the_client_likes_best() {
        for (values, chosen) in [
            (&[][..], Some(Identity)),
            (&[""], Some(Identity)),
            (&["gzip"], Some(Gzip)),
            (&["x-gzip"], Some(Gzip)),
            (&["GZip"], Some(Gzip)),
            (&["deflate"], Some(Identity)),
            (&["gzip, deflate, br, zstd"], Some(Brotli)),
            (&["deflate,gzip ,br"], Some(Brotli)),
            (&["gzip", "br"], Some(Brotli)),
            (&["br;q=0.5, gzip"], Some(Gzip)),
            (&["br;q=0.998, gzip;q=0.999"], Some(Gzip)),
            (&["br;q=0, gzip;q=0.001"], Some(Gzip)),
            (&["br ; Q = 0.000 , gzip"], Some(Gzip)),
            (&["gzip;q=0"], Some(Identity)),
            (&["identity, gzip;q=0.5"], Some(Identity)),
            (&["identity;q=0.5, gzip;q=0.5"], Some(Gzip)),
            (&["identity;q=0"], None),
            (&["identity;q=0, gzip;q=0.2"], Some(Gzip)),
            (&["identity;q=0, deflate"], None),
            (&["*"], Some(Brotli)),
            (&["*;q=0.5"], Some(Brotli)),
            (&["*, br;q=0"], Some(Gzip)),
            (&["*;q=0"], None),
            (&["*;q=0, identity"], Some(Identity)),
            (&["*;q=0, gzip"], Some(Gzip)),
            (&["gzip;q=0, *"], Some(Brotli)),
            (&["br;q=2"], Some(Identity)),
            (&["br;q=1.001"], Some(Identity)),
            (&["br;q=0.0001"], Some(Identity)),
            (&["br;q=-1"], Some(Identity)),
            (&["br;q="], Some(Identity)),
            (&["br;q=0.+5"], Some(Identity)),
            (&["br;q"], Some(Identity)),
            (&["br;q=high, gzip"], Some(Gzip)),
            (&["br;level=9"], Some(Brotli)),
            (&[", ,gzip,"], Some(Gzip)),
            (&["gzipx, xbr"], Some(Identity)),
        ] {
            let headers = with(header::ACCEPT_ENCODING, values);
            assert_eq!(choose(&headers, &[Brotli, Gzip, Identity]), chosen, "{values:?}");
        }
    }

    #[test]
    fn what_is_not_on_offer_is_not_chosen() {
        let headers = with(header::ACCEPT_ENCODING, &["br, gzip;q=0.1"]);
        assert_eq!(choose(&headers, &[Gzip, Identity]), Some(Gzip));
        assert_eq!(choose(&headers, &[Identity]), Some(Identity));
        assert_eq!(choose(&headers, &[]), None);
    }

    #[test]
    fn every_spelling_of_the_tag_is_known() {
        for values in
            [&["\"a1-gz\""][..], &["W/\"a1-gz\""], &["a1-gz"], &["\"x\", \"a1-gz\""], &["\"x\"", "W/\"a1-gz\""], &["*"]]
        {
            assert!(knows(&with(header::IF_NONE_MATCH, values), "a1-gz"), "{values:?}");
        }
        for values in [&[][..], &[""], &["\"x\""], &["\"a1\""], &["0.6.3"], &["\"*\"x"], &["w/\"a1-gz\""]] {
            assert!(!knows(&with(header::IF_NONE_MATCH, values), "a1-gz"), "{values:?}");
        }
    }
}
