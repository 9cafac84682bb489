#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| heirloom::fuzzing::opening(bytes));
