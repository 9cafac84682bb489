//! The elements of a `Forwarded` header.

use super::{Hop, address};
use crate::transport::origin::Scheme;

/// How many parameters one element may have.
const PARAMETERS: usize = 16;

/// The elements of one line, in their order; nothing when it is not made by the rules.
pub(super) fn all(line: &str) -> Option<Vec<Hop>> {
    let (mut hops, mut rest) = (Vec::new(), line);
    loop {
        let (hop, behind) = element(rest)?;
        hops.push(hop);
        match behind {
            None => return Some(hops),
            Some(behind) => rest = behind,
        }
    }
}

/// One element, and what is behind its comma.
fn element(mut rest: &str) -> Option<(Hop, Option<&str>)> {
    let (mut hop, mut names) = (Hop::default(), Vec::new());
    loop {
        let (name, behind) = rest.trim_start_matches(BLANKS).split_once('=')?;
        let name = name.to_ascii_lowercase();
        // No name comes twice, which is a search; of no honest proxy are there many.
        if !is_token(&name) || names.contains(&name) || names.len() == PARAMETERS {
            return None;
        }
        let (value, behind) = value(behind)?;
        match name.as_str() {
            "for" => hop.address = address(&value),
            "proto" => hop.scheme = Scheme::of(&value),
            "host" => hop.host = Some(value).filter(|host| !host.is_empty()),
            _ => {}
        }
        names.push(name);
        let behind = behind.trim_start_matches(BLANKS);
        if behind.is_empty() {
            return Some((hop, None));
        }
        if let Some(behind) = behind.strip_prefix(',') {
            return Some((hop, Some(behind)));
        }
        rest = behind.strip_prefix(';')?;
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// A token, or a string in quotes, and what is behind it.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ', '\t']).unwrap_or(text.len());
        let (value, behind) = text.split_at_checked(end)?;
        return is_token(value).then(|| (value.to_owned(), behind));
    };
    let (mut value, mut characters) = (String::new(), quoted.chars());
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

/// Addresses with a port should be in quotes, and often are not.
fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:[]".contains(&byte);
    !text.is_empty() && text.bytes().all(is_allowed)
}
