//! What encoders put into a buffer.

/// How many digits the largest number has.
const MAX_DIGITS: usize = 20;

/// Makes room for so many bytes, and for no more where they are the first: what is encoded alone is kept as it is.
pub(super) fn reserve(out: &mut Vec<u8>, bytes: usize) {
    if out.capacity() == 0 { *out = Vec::with_capacity(bytes) } else { out.reserve(bytes) }
}

/// How many digits a number has.
pub(super) fn digits(number: u64) -> usize {
    number.checked_ilog10().map_or(1, |exponent| exponent as usize + 1)
}

/// Appends a number.
pub(super) fn decimal(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0; MAX_DIGITS];
    let mut start = MAX_DIGITS;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        start -= 1;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_they_are_read() {
        for number in [0, 1, 9, 10, 11, 99, 100, 1_234_567_890, u64::MAX] {
            let mut out = b"x".to_vec();
            decimal(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), format!("x{number}"));
            assert_eq!(digits(number), number.to_string().len());
        }
    }

    #[test]
    fn what_is_encoded_alone_takes_the_room_it_needs() {
        let mut out = Vec::new();
        reserve(&mut out, 100);
        assert_eq!(out.capacity(), 100);
        out.resize(100, 0);
        for _ in 0..1000 {
            reserve(&mut out, 1);
            out.push(0);
        }
        assert!(out.capacity() > 1100, "more are not copied for each");
    }
}
