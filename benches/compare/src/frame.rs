//! WebSocket frames as a client writes and reads them, and those of the drafts of 2010.

/// What came in a frame.
#[derive(Debug, PartialEq)]
pub enum Frame<'a> {
    Text(&'a str),
    Ping(&'a [u8]),
    Close,
    Other,
}

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

pub fn text(out: &mut Vec<u8>, text: &str) {
    write(out, TEXT, text.as_bytes());
}

pub fn pong(out: &mut Vec<u8>, data: &[u8]) {
    write(out, PONG, data);
}

pub fn close(out: &mut Vec<u8>) {
    write(out, CLOSE, &1000_u16.to_be_bytes());
}

/// A mask of zeros is a mask: the server has as much to do, the generator less.
fn write(out: &mut Vec<u8>, opcode: u8, data: &[u8]) {
    out.push(0x80 | opcode);
    match (u8::try_from(data.len()), u16::try_from(data.len())) {
        (Ok(length @ ..126), _) => out.push(0x80 | length),
        (_, Ok(length)) => {
            out.push(0x80 | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(data.len() as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(data);
}

/// The first frame of `input` and its length, if it is there whole. Servers under test do not fragment.
pub fn read(input: &[u8]) -> Result<Option<(Frame<'_>, usize)>, &'static str> {
    let &[first, second, ref rest @ ..] = input else { return Ok(None) };
    if first & 0xF0 != 0x80 || second & 0x80 != 0 {
        return Err("a fragmented, extended or masked frame");
    }
    let (length, rest) = match (second, rest) {
        (126, &[a, b, ref rest @ ..]) => (u64::from(u16::from_be_bytes([a, b])), rest),
        (127, &[a, b, c, d, e, f, g, h, ref rest @ ..]) => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), rest),
        (126 | 127, _) => return Ok(None),
        (length, rest) => (u64::from(length), rest),
    };
    let Some(data) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else { return Ok(None) };
    let frame = match first & 0x0F {
        TEXT => Frame::Text(std::str::from_utf8(data).map_err(|_| "a text that is not UTF-8")?),
        PING => Frame::Ping(data),
        CLOSE => Frame::Close,
        _ => Frame::Other,
    };
    Ok(Some((frame, input.len() - rest.len() + data.len())))
}

/// A frame of draft 75: a text between a byte of zeros and one of ones.
pub fn draft_text(out: &mut Vec<u8>, text: &str) {
    out.push(0);
    out.extend_from_slice(text.as_bytes());
    out.push(0xFF);
}

pub fn read_draft(input: &[u8]) -> Result<Option<(Frame<'_>, usize)>, &'static str> {
    let Some(&first) = input.first() else { return Ok(None) };
    if first == 0xFF {
        return Ok(Some((Frame::Close, input.len())));
    }
    let Some(end) = input.iter().position(|&byte| byte == 0xFF) else { return Ok(None) };
    let data = input.get(1..end).ok_or("a frame without a beginning")?;
    let text = std::str::from_utf8(data).map_err(|_| "a text that is not UTF-8")?;
    Ok(Some((Frame::Text(text), end + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_frame_of_any_length_is_read() {
        for length in [0, 5, 125, 126, 65_535, 65_536] {
            let sent = "x".repeat(length);
            let mut bytes = Vec::new();
            text(&mut bytes, &sent);
            // What the client wrote, without its mask, is what the server writes.
            let head = bytes.len() - length;
            bytes.drain(head - 4..head);
            bytes[1] &= 0x7F;
            assert_eq!(read(&bytes).unwrap(), Some((Frame::Text(&sent), bytes.len())));
            assert_eq!(read(&bytes[..bytes.len() - 1]).unwrap(), None);
        }
    }

    #[test]
    fn a_frame_of_the_drafts_is_read() {
        let mut bytes = Vec::new();
        draft_text(&mut bytes, "hello");
        assert_eq!(read_draft(&bytes[..6]).unwrap(), None);
        assert_eq!(read_draft(&bytes).unwrap(), Some((Frame::Text("hello"), 7)));
    }
}
