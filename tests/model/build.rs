//! Only this crate is compiled for loom, so that what it depends on stays as it is.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(loom, fuzzing)");
    println!("cargo::rustc-cfg=loom");
}
