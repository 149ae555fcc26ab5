//! fsva.h and both libraries, as a C compiler and a program of C see them.

mod double;

use std::path::{Path, PathBuf};
use std::process::Command;

use double::Double;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Where cargo has put the libraries: beside this test.
fn libraries() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_path_buf()
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

fn compile(source_file: &Path, program: &Path, how: &[&str]) {
    run(Command::new("gcc")
        .args([
            "-std=c11",
            "-D_GNU_SOURCE",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-I",
        ])
        .arg(source("include"))
        .arg(source_file)
        .arg("-o")
        .arg(program)
        .args(how));
}

fn use_everything(program: &Path, library_path: &Path) {
    let double = Double::start();
    let said = run(Command::new(program)
        .arg(double.socket())
        .arg(double.directory.path())
        .env("LD_LIBRARY_PATH", library_path));
    assert_eq!(said, "done\n");
    assert!(double.agent.as_ref().unwrap().figures().bytes_read > 3_000_000);
}

#[test]
fn with_the_shared_library() {
    let directory = tempfile::tempdir().unwrap();
    let library = libraries().join("libfsva.so");
    // By the name under which programs ask for it.
    std::os::unix::fs::symlink(&library, directory.path().join("libfsva.so.0")).unwrap();
    let program = directory.path().join("program");
    compile(&source("tests/program.c"), &program, &[library.to_str().unwrap()]);
    use_everything(&program, directory.path());
}

#[test]
fn with_the_static_library() {
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("program");
    let library = libraries().join("libfsva.a");
    compile(
        &source("tests/program.c"),
        &program,
        &[library.to_str().unwrap(), "-lpthread", "-ldl", "-lm"],
    );
    use_everything(&program, directory.path());
}

#[test]
fn the_header_is_good_for_cpp_and_names_everything_that_the_library_has() {
    let header = source("include/fsva.h");
    run(Command::new("gcc")
        .args(["-x", "c++", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"])
        .arg(&header));
    let symbols = run(Command::new("nm")
        .args(["-D", "--defined-only", "--format=just-symbols"])
        .arg(libraries().join("libfsva.so")));
    let header = std::fs::read_to_string(header).unwrap();
    let exported: Vec<&str> = symbols.lines().filter(|name| name.starts_with("fsva_")).collect();
    assert!(exported.len() >= 12, "{symbols}");
    for name in &exported {
        assert!(
            header.contains(&format!("{name}(")),
            "{name} is not in the header"
        );
    }
    for declared in header
        .lines()
        .filter_map(|line| {
            line.split_once('(')?
                .0
                .split([' ', '*'])
                .rfind(|word| !word.is_empty())
        })
        .filter(|word| word.starts_with("fsva_"))
    {
        assert!(exported.contains(&declared), "{declared} is not in the library");
    }
}

#[test]
fn the_manuals_example_does_what_it_says() {
    let manual = std::fs::read_to_string(source("../../docs/libfsva.3.md")).unwrap();
    let (_, behind) = manual.split_once("## Example").unwrap();
    let example: String = behind
        .lines()
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .map(|line| format!("{line}\n"))
        .collect();
    let directory = tempfile::tempdir().unwrap();
    let (text, program) = (
        directory.path().join("example.c"),
        directory.path().join("example"),
    );
    std::fs::write(&text, example).unwrap();
    let library = libraries().join("libfsva.a");
    compile(
        &text,
        &program,
        &[library.to_str().unwrap(), "-lpthread", "-ldl", "-lm"],
    );
    // With an agent of this machine or without.
    let said = run(Command::new(&program).arg(&text));
    assert_eq!(said, std::fs::read_to_string(&text).unwrap());
}
