//! Any catalogue: it is refused, or its exercises have files where an exercise has them.
#![no_main]

use std::collections::BTreeSet;
use std::path::{Component, Path};

use course::catalogue::Catalogue;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match Catalogue::read(text) {
        Ok(catalogue) => {
            let mut files = BTreeSet::new();
            for exercise in &catalogue.exercises {
                let id = &exercise.id;
                assert_eq!(catalogue.find(id).map(|found| &found.id), Some(id));
                assert_eq!(catalogue.select(id).len(), 1);
                assert!((1..=3).contains(&exercise.stars().len()) && !exercise.contract.is_empty());
                for file in [exercise.file(), exercise.solution(), exercise.checks()] {
                    let parts = Path::new(&file).components();
                    assert!(
                        parts.clone().count() == 3
                            && parts.into_iter().all(|part| matches!(part, Component::Normal(_))),
                        "{file}"
                    );
                    assert!(files.insert(file));
                }
            }
        }
        Err(message) => {
            assert!(message.starts_with("exercises/exercises.toml"), "{message}");
            assert!(message.chars().count() < 300 && !message.contains(char::is_control), "{message:?}");
        }
    }
});
