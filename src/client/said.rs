//! What an event says besides its name.

use super::{
    data::Data,
    message::{Message, first_argument},
};
use crate::wire::socket_io::EventArguments;

/// The arguments of an event that is on its way to its handler.
#[derive(Debug)]
pub(crate) enum Said<'a> {
    /// One text: most clients say no more, and most handlers take it as it is.
    Text(&'a str),
    /// A list.
    Data(Data),
}

impl Said<'_> {
    pub(super) fn into_data(self) -> Data {
        match self {
            Self::Text(text) => Data::new(EventArguments::Text(text).into_list(), Vec::new()),
            Self::Data(data) => data,
        }
    }

    /// The first argument as a message, if there is one.
    pub(super) fn into_message(self) -> Option<Message> {
        match self {
            Self::Text(text) => Some(Message::from(text)),
            Self::Data(data) => first_argument(data),
        }
    }
}

impl From<Data> for Said<'_> {
    fn from(data: Data) -> Self {
        Self::Data(data)
    }
}

impl<'a> From<EventArguments<'a>> for Said<'a> {
    fn from(arguments: EventArguments<'a>) -> Self {
        match arguments {
            EventArguments::Text(text) => Self::Text(text),
            EventArguments::List(list) => Self::Data(Data::new(list, Vec::new())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_same_as_a_list_of_it() {
        for text in ["", "é漢😀", "[{\u{7f}\u{2028}"] {
            let said = Said::from(EventArguments::Text(text));
            let list = Data::of(&[text]).unwrap();
            assert_eq!(first_argument(list.clone()), said.into_message(), "{text}");
            assert_eq!(Said::Text(text).into_data(), list, "{text}");
        }
    }
}
