//! The items of a Rust file, by name.
//!
//! | name | item |
//! |---|---|
//! | `spawn`, `Wheel`, `for_await` | a function, type, trait, constant, static, alias, module or macro of the file |
//! | `Wheel::insert`, `Park::enter` | a method, or what else is in the type's impls, or in the trait |
//! | `impl Drop for Held`, `impl Wheel` | a whole impl |
//! | `<Held as Drop>::drop` | what is in this impl, if `Held::drop` would be several |
//! | `tests::spawn` | what is in a module inside the file |
//!
//! Generic arguments are left out, or, where there would be several without, written as they are in the source:
//! `impl From<io::Error> for Error`. Blanks do not count.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{AttrStyle, Attribute, Ident, ImplItem, ItemImpl, Path, TraitItem, Type};

/// A part of a file that has a name, or several.
pub(crate) struct Item {
    /// From short to long.
    names: Vec<String>,
    /// Its text, without the docs, comments and attributes above it, and moved to the left edge.
    pub(crate) text: String,
}

impl Item {
    /// Returns the name with which it is least likely taken for another one.
    pub(crate) fn long_name(&self) -> &str {
        self.names.last().expect("an item has a name")
    }

    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.names.iter().any(|other| packed(other) == packed(name))
    }

    /// Tells whether it would have this name, were it somewhere else.
    pub(crate) fn is_like(&self, name: &str) -> bool {
        let last = |name: &str| name.rsplit([':', ' ']).next().map(str::to_owned);
        self.names.iter().any(|other| last(other) == last(name))
    }
}

/// Returns all items of a file, but for those within functions.
pub(crate) fn items(text: &str) -> Result<Vec<Item>, syn::Error> {
    let file = syn::parse_file(text)?;
    let mut items = Items { file: text, found: Vec::new() };
    items.all(&file.items, "");
    Ok(items.found)
}

struct Items<'a> {
    file: &'a str,
    found: Vec<Item>,
}

impl Items<'_> {
    fn all(&mut self, items: &[syn::Item], module: &str) {
        for item in items {
            let (attributes, name) = match item {
                syn::Item::Const(item) => (&item.attrs, &item.ident),
                syn::Item::Enum(item) => (&item.attrs, &item.ident),
                syn::Item::Fn(item) => (&item.attrs, &item.sig.ident),
                syn::Item::Macro(syn::ItemMacro { attrs, ident: Some(ident), .. }) => (attrs, ident),
                syn::Item::Mod(item) => (&item.attrs, &item.ident),
                syn::Item::Static(item) => (&item.attrs, &item.ident),
                syn::Item::Struct(item) => (&item.attrs, &item.ident),
                syn::Item::Trait(item) => (&item.attrs, &item.ident),
                syn::Item::Type(item) => (&item.attrs, &item.ident),
                syn::Item::Union(item) => (&item.attrs, &item.ident),
                syn::Item::Impl(item) => {
                    self.of_impl(item, module);
                    continue;
                }
                _ => continue,
            };
            let name = format!("{module}{name}");
            self.add(vec![name.clone()], attributes, item.span());
            match item {
                syn::Item::Mod(syn::ItemMod { content: Some((_, items)), .. }) => {
                    self.all(items, &format!("{name}::"));
                }
                syn::Item::Trait(item) => self.of_trait(&item.items, &name),
                _ => {}
            }
        }
    }

    fn of_trait(&mut self, items: &[TraitItem], of: &str) {
        for item in items {
            let (attributes, name) = match item {
                TraitItem::Const(item) => (&item.attrs, &item.ident),
                TraitItem::Fn(item) => (&item.attrs, &item.sig.ident),
                TraitItem::Type(item) => (&item.attrs, &item.ident),
                _ => continue,
            };
            self.add(vec![format!("{of}::{name}")], attributes, item.span());
        }
    }

    fn of_impl(&mut self, block: &ItemImpl, module: &str) {
        let types = [short_type(&block.self_ty), Some(self.text_of(block.self_ty.span()))];
        let types: Vec<String> = types.into_iter().flatten().map(|name| format!("{module}{name}")).collect();
        let traits: Vec<String> = match &block.trait_ {
            Some((_, path, _)) => vec![short_path(path), self.text_of(path.span())],
            None => Vec::new(),
        };
        let pairs = || types.iter().flat_map(|of| traits.iter().map(move |what| (of, what)));
        let names = match block.trait_ {
            Some(_) => pairs().map(|(of, what)| format!("impl {what} for {of}")).collect(),
            None => types.iter().map(|of| format!("impl {of}")).collect(),
        };
        self.add(names, &block.attrs, block.span());
        for item in &block.items {
            let (attributes, name): (_, &Ident) = match item {
                ImplItem::Const(item) => (&item.attrs, &item.ident),
                ImplItem::Fn(item) => (&item.attrs, &item.sig.ident),
                ImplItem::Type(item) => (&item.attrs, &item.ident),
                _ => continue,
            };
            let by_type = types.iter().map(|of| format!("{of}::{name}"));
            let by_both = pairs().map(|(of, what)| format!("<{of} as {what}>::{name}"));
            self.add(by_type.chain(by_both).collect(), attributes, item.span());
        }
    }

    fn add(&mut self, names: Vec<String>, attributes: &[Attribute], span: Span) {
        let above = attributes.iter().rev().find(|attribute| matches!(attribute.style, AttrStyle::Outer));
        let bytes = span.byte_range();
        let start = above.map_or(bytes.start, |attribute| attribute.span().byte_range().end);
        let mut text = self.file[start..bytes.end].trim_start();
        while text.starts_with("//") {
            text = text.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
        }
        self.found.push(Item { names, text: self.at_left_edge(text, bytes.end - text.len()) });
    }

    /// Returns `text`, which begins at byte `start`, without the indentation of its first line.
    fn at_left_edge(&self, text: &str, start: usize) -> String {
        let before = self.file[..start].rsplit('\n').next().unwrap_or("");
        let line = |line: &str| format!("{}\n", line.strip_prefix(before).unwrap_or(line));
        text.lines().map(line).collect()
    }

    fn text_of(&self, span: Span) -> String {
        self.file[span.byte_range()].to_owned()
    }
}

fn short_type(of: &Type) -> Option<String> {
    match of {
        Type::Path(of) => Some(short_path(&of.path)),
        _ => None,
    }
}

fn short_path(path: &Path) -> String {
    path.segments.last().map_or(String::new(), |segment| segment.ident.to_string())
}

fn packed(name: &str) -> String {
    name.split_whitespace().collect()
}
