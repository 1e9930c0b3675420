//! The binding generator: `generate LIBRARY --language kotlin|swift|python --out-dir FOLDER`.
#![forbid(unsafe_code)]

fn main() {
    uniffi::uniffi_bindgen_main();
}
