//! WebSocket frames of RFC 6455, and changes to recorded ones.

use crate::{
    recording::{Exchange, What},
    wire::Unit,
};

/// A closing frame without trouble, as Heirloom sends it.
pub(super) const CLOSE: &[u8] = b"\x88\x02\x03\xE8";

/// A text frame as servers send it.
pub(super) fn unmasked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..126 => frame.push(length as u8),
        length @ 126..=0xFFFF => frame.extend([&[126][..], &(length as u16).to_be_bytes()].concat()),
        length => frame.extend([&[127][..], &(length as u64).to_be_bytes()].concat()),
    }
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// What a short frame of a client says.
pub(super) fn text(frame: &[u8]) -> String {
    let length = frame.get(1).map_or(0, |length| usize::from(length & 0x7F));
    let header = if length < 126 { 2 } else { 4 };
    let (mask, masked) = frame.get(header..).and_then(|rest| rest.split_at_checked(4)).unwrap_or_default();
    let bytes: Vec<u8> = masked.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Exchange {
    /// The step that sends a frame with this text on `c2`, the `index`th of them.
    pub(super) fn said(&self, words: &str, index: usize) -> usize {
        let says = |what: &What| matches!(what, What::Send { conn, bytes } if conn == "c2" && text(bytes) == words);
        let steps = self.steps.iter().enumerate().filter(|(_, step)| says(&step.what));
        steps.map(|(at, _)| at).nth(index).unwrap_or_else(|| panic!("{words} was never sent"))
    }

    /// The next frame with this text, after a step, does not come.
    pub(super) fn without_frame(&mut self, after: usize, text: &str) {
        let units = [Unit::Bytes(unmasked(text))];
        let is = |what: &What| matches!(what, What::Expect { units: expected, .. } if *expected == units);
        let at = self.steps[after..].iter().position(|step| is(&step.what)).map(|at| at + after);
        self.steps.remove(at.unwrap_or_else(|| panic!("{text} was not expected")));
    }

    /// Wherever a frame with this text comes, it says something else.
    pub(super) fn change_frame(&mut self, from: &str, to: &str) {
        let (from, to) = (vec![Unit::Bytes(unmasked(from))], vec![Unit::Bytes(unmasked(to))]);
        for step in &mut self.steps {
            if let What::Expect { units, .. } = &mut step.what {
                if *units == from {
                    units.clone_from(&to);
                }
            }
        }
    }

    /// A frame comes on `c2` after a step.
    pub(super) fn frame_after(&mut self, step: usize, text: &str) {
        self.expect_after(step, "c2", &unmasked(text));
    }

    pub(super) fn expect_after(&mut self, step: usize, conn: &str, bytes: &[u8]) {
        let units = vec![Unit::Bytes(bytes.to_vec())];
        self.insert(step, What::Expect { conn: conn.to_owned(), units });
    }

    /// Bytes come on a connection before the server closes it.
    pub(super) fn last_words(&mut self, conn: &str, bytes: &[u8]) {
        let ends = |what: &What| matches!(what, What::Eof { conn: on } if on == conn);
        if let Some(at) = self.steps.iter().position(|step| ends(&step.what)) {
            self.expect_after(at - 1, conn, bytes);
        }
    }
}
