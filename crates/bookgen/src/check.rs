//! The check of a rendered site: every link leads somewhere, and nothing comes from the network.
//!
//! What scripts do is not seen here; the tests in a browser see it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::page::Page;
use crate::site::files;

/// Returns what is wrong with the site at `folder`.
pub(crate) fn check(folder: &Path) -> io::Result<Vec<String>> {
    let mut site: BTreeMap<String, Option<Page>> = BTreeMap::new();
    for path in files(folder)? {
        let is_markup = path.ends_with(".html") || path.ends_with(".svg");
        let page = if is_markup {
            Some(Page::read(&fs::read_to_string(folder.join(&path))?))
        } else if path.ends_with(".css") {
            let loads = style_loads(&fs::read_to_string(folder.join(&path))?).into_iter().collect();
            Some(Page { loads, ..Page::default() })
        } else {
            None
        };
        site.insert(path, page);
    }
    let mut faults = Vec::new();
    for (path, page) in &site {
        let Some(page) = page else { continue };
        for target in &page.links {
            if !["http://", "https://", "mailto:"].iter().any(|scheme| target.starts_with(scheme)) {
                faults.extend(
                    nowhere(&site, path, target).map(|why| format!("{path}: links to {target}: {why}")),
                );
            }
        }
        for target in page.loads.iter().filter(|target| !target.starts_with("data:")) {
            faults.extend(nowhere(&site, path, target).map(|why| format!("{path}: loads {target}: {why}")));
        }
    }
    Ok(faults)
}

/// Says why `target`, as the file `from` of the site names it, leads nowhere in the site.
fn nowhere(site: &BTreeMap<String, Option<Page>>, from: &str, target: &str) -> Option<String> {
    let (address, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = address.split('?').next().unwrap_or_default();
    if path.starts_with('/') || path.split('/').next().is_some_and(|start| start.contains(':')) {
        return Some(
            "it is not in the site; a book that works without a network names its own files".to_owned(),
        );
    }
    let path = if path.is_empty() { from.to_owned() } else { follow(from, path) };
    let Some(page) = site.get(&path) else { return Some(format!("there is no {path}")) };
    let anchor = decode(anchor);
    let has_it = anchor.is_empty() || page.as_ref().is_some_and(|page| page.anchors.contains(&anchor));
    (!has_it).then(|| format!("{path} has no anchor \"{anchor}\""))
}

/// Follows a relative address as a browser does: a `..` too many changes nothing.
fn follow(from: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let path = decode(&parts.join("/"));
    if path.is_empty() || path.ends_with('/') { path + "index.html" } else { path }
}

/// Undoes the escapes of an address; what is not Unicode then has no file in the site.
pub(crate) fn decode(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%');
        let byte = escape.and_then(|two| u8::from_str_radix(str::from_utf8(two).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| "\u{fffd}".to_owned())
}

/// Returns what a style sheet makes a browser fetch.
fn style_loads(text: &str) -> Vec<String> {
    let bare = without_comments(text);
    let functions = bare.split("url(").skip(1).filter_map(|rest| rest.split(')').next());
    let imports = bare.split("@import").skip(1).filter_map(|rest| rest.split(';').next());
    let imports = imports.filter(|import| !import.contains("url("));
    let targets = functions.chain(imports).map(|target| target.trim().trim_matches(['"', '\'']).to_owned());
    targets.filter(|target| !target.starts_with('#')).collect()
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("/*");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |kept, part| kept + part.split_once("*/").map_or("", |(_, after)| after))
}

#[cfg(test)]
mod tests {
    use super::{decode, follow, style_loads};

    #[test]
    fn addresses_are_followed_as_a_browser_does() {
        assert_eq!(follow("a/b.html", "../c.html"), "c.html");
        assert_eq!(follow("a/b.html", "../../../c.html"), "c.html");
        assert_eq!(follow("a/b.html", "./"), "a/index.html");
        assert_eq!(follow("b.html", "a%2Dc.html"), "a-c.html");
    }

    #[test]
    fn escapes_that_are_none_stay() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%zz%4"), "%zz%4");
        assert_eq!(decode("%E4%B8%AD"), "中");
        assert_eq!(decode("%ff"), "\u{fffd}");
    }

    #[test]
    fn a_style_sheet_loads_what_it_imports_and_what_it_shows() {
        let text =
            "/* url(no) */ @import 'a.css'; @import url(\"b.css\"); p { background: url( c.svg ) url(#own) }";
        assert_eq!(style_loads(text), ["b.css", "c.svg", "a.css"]);
    }
}
