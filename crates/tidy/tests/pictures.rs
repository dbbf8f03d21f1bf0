//! Every picture is in a chapter, and every image says in words what it shows.

use tidy::{Complaints, Source, prose, sources_in};

#[test]
fn every_picture_is_used_and_every_image_has_a_text() {
    check(&sources_in("chapters"))
        .expect_none("a picture is there to be seen, or read by those who cannot see it");
}

fn check(sources: &[Source]) -> Complaints {
    let mut complaints = Complaints::default();
    let pages = || sources.iter().filter(|source| source.path.ends_with(".md"));
    let images: Vec<(&Source, String, String)> = pages()
        .flat_map(|page| images(&page.text).into_iter().map(move |(text, target)| (page, text, target)))
        .collect();
    for (page, text, target) in &images {
        if text.trim().is_empty() {
            complaints
                .add(&page.path, &format!("shows {target} without a text; write ![what it shows]({target})"));
        }
    }
    for picture in sources.iter().filter(|source| source.path.ends_with(".svg")) {
        let name = picture.path.trim_start_matches("chapters/");
        if picture.path.starts_with("chapters/pictures/")
            && !images.iter().any(|(_, _, target)| target.ends_with(name))
        {
            complaints.add(&picture.path, "is in no chapter; show it in one, or remove it");
        }
    }
    complaints
}

/// Returns the images `![text](target)` outside fences: text and target.
fn images(page: &str) -> Vec<(String, String)> {
    let prose: String = prose(page).map(|(_, line)| format!("{line}\n")).collect();
    let parts = prose.split("![").skip(1).filter_map(|part| part.split_once("]("));
    let images =
        parts.map(|(text, rest)| (text.to_owned(), rest.split(')').next().unwrap_or(rest).to_owned()));
    images.collect()
}

#[test]
fn a_picture_that_nobody_shows_and_an_image_without_a_text_are_seen() {
    let page =
        "![A run,\nin full](pictures/a.svg) ![ ](pictures/b.svg)\n```text\n![c](pictures/c.svg)\n```\n";
    let picture = |name: &str| Source::new(&format!("chapters/pictures/{name}.svg"), "<svg/>");
    let sources = [Source::new("chapters/a.md", page), picture("a"), picture("b"), picture("c")];
    check(&sources)
        .expect(&["chapters/a.md: shows pictures/b.svg without a text", "pictures/c.svg: is in no chapter"]);
}
