//! Where in a JSON text binary stands.

use std::ops::Range;

/// An object `{"_placeholder":true,"num":N}`, whatever the order of its members and whatever others it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placeholder {
    pub(super) span: Range<usize>,
    pub(super) number: usize,
    /// Where the number stands.
    pub(super) digits: Range<usize>,
}

/// Finds the placeholders of the attachments below `attachments` in `json`, in their order. One inside another is none.
///
/// Goes through the text once, however deep it is.
pub(super) fn find(json: &str, attachments: usize) -> Vec<Placeholder> {
    let bytes = json.as_bytes();
    let mut found: Vec<Placeholder> = Vec::new();
    let mut open = Open::default();
    let mut member = Member::Other;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += 1;
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => continue,
            b'}' | b']' => {
                if let Some(object) = open.close() {
                    if let Some((digits, number)) = object.number(json).filter(|&(_, number)| number < attachments) {
                        let inside = found.iter().rev().take_while(|inner| inner.span.start > object.start).count();
                        found.truncate(found.len() - inside);
                        found.push(Placeholder { span: object.start..at, number, digits });
                    }
                }
                continue;
            }
            b'"' => {
                at = end_of_string(bytes, start);
                if bytes.get(skip_space(bytes, at)) == Some(&b':') {
                    member = Member::of(&json[start..at]);
                    continue;
                }
            }
            b'{' | b'[' => {}
            _ => at = end_of_scalar(bytes, at),
        }
        // Here begins a value: the one of `member`, if it is in an object.
        if let Some(object) = open.object() {
            match member {
                Member::Mark => object.marked = json[start..at] == *"true",
                Member::Number => object.number_at = start,
                Member::Other => {}
            }
        }
        member = Member::Other;
        match byte {
            b'{' => open.objects(start),
            b'[' => open.kinds.push(false),
            _ => {}
        }
    }
    found
}

/// The members of a placeholder.
#[derive(Clone, Copy)]
enum Member {
    Mark,
    Number,
    Other,
}

impl Member {
    fn of(key: &str) -> Self {
        let unescaped: Option<String> = if key.contains('\\') { serde_json::from_str(key).ok() } else { None };
        match unescaped.as_deref().unwrap_or_else(|| key.trim_matches('"')) {
            "_placeholder" => Self::Mark,
            "num" => Self::Number,
            _ => Self::Other,
        }
    }
}

/// The arrays and objects around a place. Of arrays, which may be deep for little text, next to nothing is kept.
#[derive(Default)]
struct Open {
    /// Whether each of them is an object.
    kinds: Vec<bool>,
    objects: Vec<Object>,
}

struct Object {
    start: usize,
    marked: bool,
    /// Where the value of `num` begins: 0 when there is none.
    number_at: usize,
}

impl Open {
    fn objects(&mut self, start: usize) {
        self.kinds.push(true);
        self.objects.push(Object { start, marked: false, number_at: 0 });
    }

    /// The innermost, when it is an object.
    fn object(&mut self) -> Option<&mut Object> {
        self.objects.last_mut().filter(|_| self.kinds.last() == Some(&true))
    }

    fn close(&mut self) -> Option<Object> {
        self.kinds.pop().filter(|is_object| *is_object).and_then(|_| self.objects.pop())
    }
}

impl Object {
    /// The number, and where it stands, when this is a placeholder.
    fn number(&self, json: &str) -> Option<(Range<usize>, usize)> {
        if !self.marked || self.number_at == 0 {
            return None;
        }
        let digits = self.number_at..end_of_scalar(json.as_bytes(), self.number_at);
        let text = json.get(digits.clone()).filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some((digits, text.parse().ok()?))
    }
}

/// The end of the string that begins at `start`, with its closing quote.
pub(super) fn end_of_string(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = json.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    json.len()
}

/// The end of the number or word that stands at `at`.
pub(super) fn end_of_scalar(json: &[u8], at: usize) -> usize {
    let ends =
        |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"');
    json.get(at..).unwrap_or_default().iter().position(ends).map_or(json.len(), |length| at + length)
}

/// Where something stands that is no white space.
pub(super) fn skip_space(json: &[u8], at: usize) -> usize {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    at + json.get(at..).unwrap_or_default().iter().take_while(|byte| is_space(byte)).count()
}
