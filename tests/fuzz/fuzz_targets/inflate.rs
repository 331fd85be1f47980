#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| farwire_fuzz::inflate(input));
