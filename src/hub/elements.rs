//! A wire form that is queued for one client alone.

use super::encoded::Encoding;
use crate::session::{Element, Elements};

impl Elements for Encoding {
    fn as_slice(&self) -> &[Element] {
        self.elements().unwrap_or_default()
    }

    fn for_each(self, mut queue: impl FnMut(Element)) {
        match self {
            Self::One(element) => queue(element),
            Self::Several(elements) => elements.into_iter().for_each(queue),
            Self::Unsupported => {}
        }
    }
}
