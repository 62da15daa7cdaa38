//! weir: the command-line tool.
fn main() {}
