//! What may be queued at once.

use super::Element;

/// Elements that are queued together: given away, or lent, and then cloned when they are queued.
pub(crate) trait Elements {
    fn as_slice(&self) -> &[Element];
    /// Hands over each, in order.
    fn for_each(self, queue: impl FnMut(Element));
}

impl<T: AsRef<[Element]> + ?Sized> Elements for &T {
    fn as_slice(&self) -> &[Element] {
        (*self).as_ref()
    }

    fn for_each(self, queue: impl FnMut(Element)) {
        self.as_ref().iter().cloned().for_each(queue);
    }
}

impl<const N: usize> Elements for [Element; N] {
    fn as_slice(&self) -> &[Element] {
        self
    }

    fn for_each(self, queue: impl FnMut(Element)) {
        self.into_iter().for_each(queue);
    }
}

impl Elements for Vec<Element> {
    fn as_slice(&self) -> &[Element] {
        self
    }

    fn for_each(self, queue: impl FnMut(Element)) {
        self.into_iter().for_each(queue);
    }
}
