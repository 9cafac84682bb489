//! The policy file Flash asks for before it opens a socket.

use std::fmt::Write;

/// What Flash sends, as the very first bytes of a connection.
pub(crate) const REQUEST: &[u8] = b"<policy-file-request/>\0";

/// The policy that lets pages of each `(domain, ports)` connect; `*` stands for every domain or port.
pub(crate) fn document<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut document = String::from(concat!(
        "<?xml version=\"1.0\"?>\n",
        "<!DOCTYPE cross-domain-policy SYSTEM \"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n",
        "<cross-domain-policy>\n",
    ));
    for (domain, ports) in entries {
        // Writing into a string cannot fail.
        let _ = writeln!(
            document,
            r#"<allow-access-from domain="{}" to-ports="{}"/>"#,
            Attribute(domain),
            Attribute(ports)
        );
    }
    document.push_str("</cross-domain-policy>\n");
    document
}

/// The value of an XML attribute.
struct Attribute<'a>(&'a str);

impl std::fmt::Display for Attribute<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => formatter.write_str("&amp;")?,
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&apos;")?,
                // XML has no way to hold other control characters.
                character if character.is_control() => {}
                character => formatter.write_char(character)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_a_line() {
        let expected = "<?xml version=\"1.0\"?>\n\
            <!DOCTYPE cross-domain-policy SYSTEM \"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n\
            <cross-domain-policy>\n\
            <allow-access-from domain=\"good.example\" to-ports=\"*\"/>\n\
            <allow-access-from domain=\"*\" to-ports=\"81\"/>\n\
            </cross-domain-policy>\n";
        assert_eq!(document([("good.example", "*"), ("*", "81")]), expected);
    }

    #[test]
    fn no_entry_can_leave_its_attribute() {
        let document = document([("\"/><a b='&\n\0", "8&0")]);
        assert!(
            document.contains("<allow-access-from domain=\"&quot;/&gt;&lt;a b=&apos;&amp;\" to-ports=\"8&amp;0\"/>\n")
        );
    }

    #[test]
    fn the_request_is_23_bytes() {
        assert_eq!(REQUEST.len(), 23);
    }
}
