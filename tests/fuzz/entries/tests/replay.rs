//! Every file of the corpus goes through its entry, without a fuzzer.

#![expect(clippy::print_stdout, reason = "the last file that is named is the one that failed")]

use std::path::Path;

use fuzz_entries::{OF_PROGRAMS, OF_WIRE};

#[test]
fn the_corpus_breaks_nothing() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus");
    for (name, entry) in OF_WIRE.iter().chain(&OF_PROGRAMS) {
        let folder = corpus.join(name);
        let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut replayed = 0;
        for file in files {
            let file = file.unwrap().path();
            println!("{}", file.display());
            entry(&std::fs::read(file).unwrap());
            replayed += 1;
        }
        assert!(replayed > 0, "{name} has no corpus");
    }
}
