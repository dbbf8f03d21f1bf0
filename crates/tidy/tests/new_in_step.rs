//! The table under "New in this step" in each step's `lib.rs` names exactly what the crate exports, and the last chapter has a
//! counterpart, or none, for each of these names.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};
use tidy::{Complaints, Source, sources_in};

const HEADING: &str = "New in this step";

/// Where each step's names stand beside those of other libraries, in a table under `### Step N`.
const COUNTERPARTS: &str = "chapters/08-graduation.md";

#[test]
fn each_step_s_table_names_its_exports_and_nothing_else() {
    let sources = sources_in("crates");
    let mut complaints = Complaints::default();
    let mut steps = 0;
    for lib in sources.iter().filter(|s| s.path.starts_with("crates/step") && s.path.ends_with("/src/lib.rs"))
    {
        let files: Vec<&Source> =
            sources.iter().filter(|s| s.is_rust() && s.path.starts_with(lib.folder())).collect();
        check(lib, &files, &mut complaints);
        steps += 1;
    }
    assert!(steps >= 4, "each step has a src/lib.rs");
    complaints.expect_none("the table of a step's lib.rs is what a reader learns there");
}

#[test]
fn the_last_chapter_has_each_step_s_names_and_nothing_else() {
    let chapters = sources_in("chapters");
    let page = chapters.iter().find(|page| page.path == COUNTERPARTS).expect("the last chapter is there");
    let mut complaints = Complaints::default();
    for lib in sources_in("crates").iter().filter(|source| source.path.ends_with("/src/lib.rs")) {
        if let Some(rest) = lib.path.strip_prefix("crates/step") {
            check_counterparts(page, rest.split('-').next().unwrap_or(rest), &listed(lib), &mut complaints);
        }
    }
    complaints.expect_none("who leaves the course knows what its names are called elsewhere");
}

/// Holds the first column of the table under `### Step N` to the names of that step.
fn check_counterparts(page: &Source, step: &str, names: &BTreeSet<String>, complaints: &mut Complaints) {
    let heading = format!("### Step {step}:");
    let section = page.text.lines().skip_while(|line| !line.starts_with(&heading)).skip(1);
    let shown = first_columns(section.take_while(|line| !line.starts_with('#')));
    for name in names.difference(&shown) {
        complaints.add(&page.path, &format!("has no `{name}` in the table under \"{heading}\"; add it"));
    }
    for name in shown.difference(names) {
        complaints.add(&page.path, &format!("has `{name}` under \"{heading}\", which is not new there"));
    }
}

fn check(lib: &Source, files: &[&Source], complaints: &mut Complaints) {
    let listed = listed(lib);
    let exported = exported(lib, files, complaints);
    if listed.is_empty() {
        complaints.add(
            &lib.path,
            &format!("has no table under \"# {HEADING}\"; add one, a row for each `pub use`"),
        );
        return;
    }
    for name in exported.difference(&listed) {
        complaints.add(&lib.path, &format!("exports `{name}`, which is not in the table; add a row for it"));
    }
    for name in listed.difference(&exported) {
        complaints.add(&lib.path, &format!("has a row for `{name}`, which it does not export; take it out"));
    }
}

/// Returns the names in backticks in the first column of the table under [`HEADING`].
fn listed(lib: &Source) -> BTreeSet<String> {
    let docs = crate_docs(lib);
    let is_heading = |line: &&str| line.trim_start().starts_with('#');
    let section =
        docs.lines().skip_while(|line| !(is_heading(line) && line.trim_end().ends_with(HEADING))).skip(1);
    first_columns(section.take_while(|line| !is_heading(line)))
}

/// Returns the names in backticks in the first column of the tables among `lines`.
fn first_columns<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let rows = lines.filter_map(|line| line.trim().strip_prefix('|'));
    rows.filter_map(|row| row.split('|').next()).flat_map(in_backticks).collect()
}

fn in_backticks(column: &str) -> Vec<String> {
    let names = column.split('`').skip(1).step_by(2);
    names.map(|name| name.trim_end_matches("()").trim_end_matches('!').to_owned()).collect()
}

fn crate_docs(lib: &Source) -> String {
    let lines = lib.text.lines().take_while(|line| line.is_empty() || line.starts_with("//"));
    lines.filter_map(|line| line.strip_prefix("//!")).map(|line| format!("{line}\n")).collect()
}

/// Returns what `lib` makes public by `pub use`, and the macros that any of `files` exports.
fn exported(lib: &Source, files: &[&Source], complaints: &mut Complaints) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for item in parse(lib).items {
        if let Item::Use(item) = item
            && matches!(item.vis, Visibility::Public(_))
        {
            leaves(&item.tree, &mut names, lib, complaints);
        }
    }
    let mut macros = ExportedMacros(&mut names);
    for file in files {
        macros.visit_file(&parse(file));
    }
    names
}

fn parse(source: &Source) -> syn::File {
    match syn::parse_file(&source.text) {
        Ok(file) => file,
        Err(error) => panic!("{}: is not Rust: {error}", source.path),
    }
}

fn leaves(tree: &UseTree, names: &mut BTreeSet<String>, lib: &Source, complaints: &mut Complaints) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, names, lib, complaints),
        UseTree::Name(name) => drop(names.insert(name.ident.to_string())),
        UseTree::Rename(rename) => drop(names.insert(rename.rename.to_string())),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, names, lib, complaints)),
        UseTree::Glob(_) => {
            complaints.add(&lib.path, "exports with `*`; name each export, so that a reader sees it");
        }
    }
}

/// Collects the names of `#[macro_export] macro_rules!`.
struct ExportedMacros<'a>(&'a mut BTreeSet<String>);

impl<'ast> Visit<'ast> for ExportedMacros<'_> {
    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let is_exported = |attribute: &Attribute| attribute.path().is_ident("macro_export");
        if let (Some(name), true) = (&item.ident, item.attrs.iter().any(is_exported)) {
            self.0.insert(name.to_string());
        }
    }
}

mod the_rule_can_fail {
    use super::*;

    fn complaints(text: &str) -> Complaints {
        let lib = Source::new("lib.rs", text);
        let mut complaints = Complaints::default();
        check(&lib, &[&lib], &mut complaints);
        complaints
    }

    #[test]
    fn a_row_too_many_and_a_row_too_few() {
        let text = "//! X.\n//!\n//! # New in this step\n//!\n//! | name | what |\n//! |---|---|\n\
                    //! | [`Park`] | sleeps |\n//! | [`gone`] | `not_this` |\n//!\n//! # Next\n//! | `later` | x |\n\
                    pub use park::{Park, token as ParkToken};\nuse hidden::Name;\npub(crate) use own::Own;\n";
        complaints(text).expect(&["exports `ParkToken`", "a row for `gone`"]);
    }

    #[test]
    fn a_macro_counts_and_so_does_a_star() {
        let text = "//! # New in this step\n//! | [`select!`] | one of many |\npub use park::*;\n\
                    #[macro_export] macro_rules! select { () => {} }\n#[macro_export] macro_rules! other { () => {} }\n\
                    macro_rules! private { () => {} }\n";
        complaints(text).expect(&["exports with `*`", "exports `other`"]);
    }

    #[test]
    fn a_name_that_the_last_chapter_lacks_and_one_that_is_not_new() {
        let text = "### Step 2: wakers\n\n| ours | tokio |\n|---|---|\n| `Park`, `for_await!` | `Sleep` |\n\n\
                    ### Step 3: timers\n\n| `Sleep` | – |\n";
        let names = ["Park", "Sleep"].map(str::to_owned).into();
        let mut complaints = Complaints::default();
        check_counterparts(&Source::new("a.md", text), "2", &names, &mut complaints);
        complaints.expect(&["has no `Sleep` in the table", "has `for_await` under"]);
    }

    #[test]
    fn a_crate_without_the_table() {
        complaints("//! X.\npub use park::Park;\n").expect(&["has no table"]);
    }
}
