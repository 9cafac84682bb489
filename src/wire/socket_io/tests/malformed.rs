//! What closes a session.

use super::*;

fn is_malformed(text: &str) {
    for form in BOTH {
        assert_eq!(decode(form, text, 10), Err(Malformed), "{text}");
    }
}

#[test]
fn what_is_no_packet_is_malformed() {
    for text in ["", "7", "9[]", "b", "abc", "é", "😀", " 2[\"a\"]", "-2[\"a\"]", "\"a\"", "[\"a\"]", "{}"] {
        is_malformed(text);
    }
}

#[test]
fn an_event_needs_a_list_that_begins_with_a_name() {
    for text in [
        "2",
        "27",
        "2/chat",
        "2/chat,",
        "2/chat,7",
        "2{}",
        "2\"a\"",
        "2null",
        "2[]",
        "2[ ]",
        "2[null]",
        "2[true]",
        "2[[]]",
        "2[{}]",
        "2[,\"a\"]",
        "2[\"a\",]",
        "2[\"a\", ]",
        "2[\"a\",,1]",
        "2[\"a\"",
        "2[\"a\",1",
        "2[\"a",
        "2[\"a\"]x",
        "2[\"a\"]]",
        "2[\"a\"][]",
        "2[\"a\" 1]",
        "2[\"a\":1]",
        "2[\"\\x\"]",
        "2[\"\\ud8\"]",
        "2[\"a\nb\"]",
        "2[\"a\",\"\u{1f}\"]",
        "2[01]",
        "2[5",
        "2[-]",
        "2abc[\"a\"]",
        "27x[\"a\"]",
        "2-7[\"a\"]",
        "2['a']",
        "2[\"a\"}",
    ] {
        is_malformed(text);
    }
}

#[test]
fn an_acknowledgement_needs_an_id_and_a_list() {
    for text in [
        "3",
        "3[]",
        "3/chat",
        "3/chat,",
        "3/chat,[]",
        "37{}",
        "37\"x\"",
        "37null",
        "37[",
        "37[1,]",
        "37[]x",
        "3x7[]",
        "3-7[]",
        "6",
        "61-[]",
        "61-",
        "61-/chat,[]",
        "6-7[]",
        "6[]",
        "67[]",
    ] {
        is_malformed(text);
    }
}

#[test]
fn a_connect_has_an_object_or_nothing_and_a_disconnect_nothing() {
    for text in [
        "0[]",
        "0\"x\"",
        "0null",
        "05",
        "0{",
        "0{}x",
        "0{}{}",
        "0{a:1}",
        "0/chat,5",
        "0/chat,[]",
        "0/chat,7{}",
        "0?a=b",
        "0,",
        "1x",
        "1{}",
        "1[]",
        "15",
        "1/chat,x",
        "1,",
    ] {
        is_malformed(text);
    }
}

#[test]
fn ids_are_64_bits() {
    for id in ["18446744073709551616", "99999999999999999999", "000000000000000000007", &"9".repeat(1 << 20)] {
        is_malformed(&format!("2{id}[\"a\"]"));
        is_malformed(&format!("2/chat,{id}[\"a\"]"));
        is_malformed(&format!("3{id}[\"a\"]"));
        is_malformed(&format!("61-{id}[]"));
        is_malformed(&format!("5{id}-[\"a\"]"));
        is_malformed(&format!("6{id}-7[]"));
        is_malformed(&format!("3{id}-7[]"));
    }
}

#[test]
fn there_are_no_more_attachments_than_allowed() {
    for text in ["52-[\"a\"]", "62-7[]"] {
        for form in BOTH {
            assert_eq!(decode(form, text, 2).map(|packet| packet.attachments), Ok(2), "{text}");
            assert_eq!(decode(form, text, 1), Err(Malformed), "{text}");
            assert_eq!(decode(form, text, 0), Err(Malformed), "{text}");
        }
    }
    assert_eq!(decode(Ascii, "32-7[]", 1), Err(Malformed));
}

#[test]
fn the_number_of_attachments_must_be_one() {
    for text in [
        "5[\"a\"]",
        "5-[\"a\"]",
        "51[\"a\"]",
        "5x-[\"a\"]",
        "5-1-[\"a\"]",
        "5 1-[\"a\"]",
        "51.0-[\"a\"]",
        "51--[\"a\"]",
        "5/chat,1-[\"a\"]",
        "51",
        "51-",
        "5",
        "5-",
        "51-/chat",
        "51-/chat,",
        "21-[\"a\"]",
        "01-{}",
    ] {
        is_malformed(text);
    }
}

#[test]
fn a_placeholder_stands_for_an_attachment_there_is() {
    for good in [
        r#"{"_placeholder":true,"num":0}"#,
        r#"{"_placeholder":true,"num":1}"#,
        r#"{"num":1,"_placeholder":true}"#,
        "{ \"_placeholder\" :\ttrue , \"num\"\n: 1 }",
        r#"{"_placeholder":true,"num":1,"more":{"num":9}}"#,
        r#"{"\u005fplaceholder":true,"nu\u006d":1}"#,
        // The last one holds.
        r#"{"_placeholder":true,"num":9,"num":1}"#,
        r#"{"_placeholder":true,"num":9,"_placeholder":false}"#,
        // None at all.
        r#"{"_placeholder":false,"num":9}"#,
        r#"{"_placeholder":"true","num":9}"#,
        r#"{"_placeholder":1,"num":9}"#,
        r#"{"placeholder":true,"num":9}"#,
        r#"{"num":9}"#,
        r#"["_placeholder",true,"num",9]"#,
        r#""{\"_placeholder\":true,\"num\":9}""#,
        r#""\\\",\"_placeholder""#,
        r#"[{"a":["_placeholder"]},true]"#,
        "1",
    ] {
        for form in BOTH {
            for text in
                [format!(r#"52-["a",{good}]"#), format!(r#"52-["a",[{{"x":{good}}}],1]"#), format!("62-7[{good}]")]
            {
                assert!(decode(form, &text, 10).is_ok(), "{text}");
            }
        }
    }
    for bad in [
        r#"{"_placeholder":true,"num":2}"#,
        r#"{"_placeholder":true,"num":-1}"#,
        r#"{"_placeholder":true,"num":-0}"#,
        r#"{"_placeholder":true,"num":0.5}"#,
        r#"{"_placeholder":true,"num":1.0}"#,
        r#"{"_placeholder":true,"num":1e0}"#,
        r#"{"_placeholder":true,"num":1E0}"#,
        r#"{"_placeholder":true,"num":"0"}"#,
        r#"{"_placeholder":true,"num":null}"#,
        r#"{"_placeholder":true,"num":[0]}"#,
        r#"{"_placeholder":true,"num":{"num":0}}"#,
        r#"{"_placeholder":true,"num":18446744073709551616}"#,
        r#"{"_placeholder":true}"#,
        r#"{"_placeholder":true,"Num":0}"#,
        r#"{"_placeholder":true,"a":{"num":0}}"#,
        r#"{"_placeholder":false,"num":2,"_placeholder":true}"#,
        r#"{"\u005fplaceholder":true,"num":2}"#,
        "{ \"_placeholder\" : true , \"num\" : 2 }",
        r#"{"a\\":"\\","_placeholder":true,"num":2}"#,
        r#"[{},{"_placeholder":true,"num":2}]"#,
        r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":2}]"#,
    ] {
        for text in [format!(r#"52-["a",{bad}]"#), format!(r#"52-["a",[{{"x":{bad}}}],1]"#), format!("62-7[{bad}]")] {
            is_malformed(&text);
        }
    }
    assert!(decode(Ascii, r#"50-["a",{"_placeholder":true,"num":0}]"#, 10).is_err());
}

#[test]
fn json_may_be_as_deep_as_it_likes() {
    for depth in [10_000, 100_000] {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        let (objects, ends) = ("{\"a\":".repeat(depth), "}".repeat(depth));
        for deep in [format!("{open}{close}"), format!("{objects}1{ends}")] {
            for form in BOTH {
                for text in [
                    format!("2[\"a\",{deep}]"),
                    format!("51-[\"a\",{deep}]"),
                    format!("37[{deep}]"),
                    format!("61-7[{deep}]"),
                ] {
                    assert!(decode(form, &text, 10).is_ok());
                }
                assert!(decode(form, &format!("0{{\"a\":{deep}}}"), 10).is_ok());
            }
        }
        is_malformed(&format!("2[\"a\",{open}"));
        is_malformed(&format!("2{open}{close}"));
        is_malformed(&format!("51-[\"a\",{objects}{{\"_placeholder\":true,\"num\":1}}{ends}]"));
    }
}

/// A megabyte each; what is not linear takes longer than anybody waits.
#[test]
fn long_nonsense_is_read_in_no_time() {
    let million = 1 << 20;
    for text in [
        format!("51-[\"a\",{}1]", "\"_placeholder\",".repeat(million / 15)),
        format!("51-[\"a\",{}1]", "\"\\\\\",".repeat(million / 5)),
        format!("51-[\"a\",{{{}\"b\":1}}]", "\"num\":0,".repeat(million / 8)),
        format!("51-[\"a\",\"{}\"]", "\\\"".repeat(million / 2)),
        format!("51-[\"a\"{}]", ",1  ".repeat(million / 4)),
        format!("51-[\"a\",1{}]", " ".repeat(million)),
    ] {
        assert!(decode(Utf8, &text, 10).is_ok(), "{}", &text[..40]);
    }
    for text in [
        format!("0/{}", "/".repeat(million)),
        format!("0/{}", "?".repeat(million)),
        format!("2/{}", ",".repeat(million)),
        format!("5{}", "-".repeat(million)),
        format!("2{}", "[".repeat(million)),
        format!("2[\"{}", "\\".repeat(million)),
    ] {
        _ = decode(Ascii, &text, 10);
    }
}
