//! The TypeScript constants are those of `layout.rs`. `FSVA_WRITE_LAYOUT=1 cargo test -p fsva-channel --test layout`
//! writes them anew.

use std::fmt::Write;
use std::path::Path;

use fsva_channel::layout::{LAYOUT, MAGIC, VERSION_MAX, VERSION_MIN};

fn typescript() -> String {
    let mut text = String::from(
        "/**\n * Offsets and sizes in bytes of the side channel's shared region. Generated from channel/src/layout.rs by its\n \
         * test; never edited. All numbers in the region are little-endian.\n */\nexport const channelLayout = {\n",
    );
    for (name, value) in LAYOUT {
        let quote = if name.contains('.') { "'" } else { "" };
        writeln!(text, "  {quote}{name}{quote}: {value},").unwrap();
    }
    text.push_str("} as const\n\n/** The region's first eight bytes, \"FSVACHAN\". */\n");
    writeln!(text, "export const channelMagic = 0x{MAGIC:x}n").unwrap();
    writeln!(
        text,
        "export const channelVersions = {{ min: {VERSION_MIN}, max: {VERSION_MAX} }} as const"
    )
    .unwrap();
    text
}

#[test]
fn the_typescript_constants_are_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../channel-layout.ts");
    if std::env::var_os("FSVA_WRITE_LAYOUT").is_some() {
        std::fs::write(&path, typescript()).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, typescript(), "write it anew: see the top of this test");
}
