//! The table under "New in this step" in each step's `lib.rs` names exactly what the crate exports.

use std::collections::BTreeSet;

use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};
use tidy::{Complaints, Source, sources_in};

const HEADING: &str = "New in this step";

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
    let rows = section.take_while(|line| !is_heading(line)).filter_map(|line| line.trim().strip_prefix('|'));
    let columns = rows.filter_map(|row| row.split('|').next().map(str::to_owned));
    columns.flat_map(|column| in_backticks(&column)).collect()
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
    fn a_crate_without_the_table() {
        complaints("//! X.\npub use park::Park;\n").expect(&["has no table"]);
    }
}
