//! Short names for tasks, from what `std::any::type_name` says.
//!
//! ```text
//! gather::io_operation::{{closure}}                  io_operation
//! step3::sleep::Timeout<app::fetch::{{closure}}>     Timeout<fetch>
//! <app::Server as app::Serve>::run::{{closure}}      run
//! core::pin::Pin<alloc::boxed::Box<dyn core::...>>   dyn Future
//! ```

/// What a name may take; beyond that its type arguments go.
const LIMIT: usize = 32;

/// Makes a short name out of a type's name.
pub(crate) fn pretty(type_name: &str) -> String {
    let short = without_boxes(&without_paths(type_name)).to_string();
    match short.find('<') {
        _ if short.is_empty() => "task".to_string(),
        Some(head) if short.starts_with("dyn ") || short.chars().count() > LIMIT => short[..head].to_string(),
        _ => short,
    }
}

/// Keeps of each path only its last part that is not a closure.
fn without_paths(type_name: &str) -> String {
    let mut short = String::new();
    // Where the type that is being read begins in `short`, and those around it.
    let mut begins = vec![0];
    let mut rest = type_name;
    while let Some(next) = rest.chars().next() {
        let path = rest.find(|c: char| !is_path(c)).unwrap_or(rest.len());
        if path > 0 {
            push_path(&mut short, &rest[..path], begins.last().copied().unwrap_or(0));
            rest = &rest[path..];
            continue;
        }
        if matches!(next, '>' | ')' | ']') && begins.len() > 1 {
            begins.pop();
        }
        short.push(next);
        match next {
            '<' | '(' | '[' => begins.push(short.len()),
            ',' | ' ' | '&' => *begins.last_mut().expect("the first is never popped") = short.len(),
            _ => {}
        }
        rest = &rest[next.len_utf8()..];
    }
    short
}

/// Adds the last telling part of `path`. A path that goes on from a `<Type as Trait>` replaces that.
fn push_path(short: &mut String, path: &str, begin: usize) {
    let last = path.rsplit("::").find(|part| !part.is_empty() && !part.starts_with('{'));
    if let Some(last) = last {
        if path.starts_with("::") {
            short.truncate(begin);
        }
        short.push_str(last);
    }
}

fn is_path(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | ':' | '{' | '}' | '#')
}

/// Takes away the pins and boxes around a type: they say nothing of what it does.
fn without_boxes(mut name: &str) -> &str {
    while let Some(inner) =
        ["Pin<", "Box<"].iter().find_map(|wrap| name.strip_prefix(wrap)?.strip_suffix('>'))
    {
        name = inner;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::pretty;

    #[test]
    fn an_async_fn_is_called_by_its_own_name() {
        async fn io_operation() {}
        fn name<T>(_: &T) -> &'static str {
            std::any::type_name::<T>()
        }
        assert_eq!(pretty(name(&io_operation())), "io_operation");
        assert_eq!(pretty("gather::main::{{closure}}::{{closure}}"), "main");
    }

    #[test]
    fn a_combinator_names_its_parts_while_they_are_few() {
        assert_eq!(pretty("step3::sleep::Timeout<app::fetch::{{closure}}>"), "Timeout<fetch>");
        assert_eq!(pretty("a::Join<b::one::{{closure}}, b::two::{{closure}}>"), "Join<one, two>");
        assert_eq!(pretty("app::run<app::main::{{closure}}>::{{closure}}"), "run<main>");
        let deep = "a::Join<b::quite_a_long_name::{{closure}}, b::another_long_name::{{closure}}>";
        assert_eq!(pretty(deep), "Join");
    }

    #[test]
    fn a_method_is_called_by_its_own_name() {
        assert_eq!(pretty("<app::Server as app::Serve>::run::{{closure}}"), "run");
        assert_eq!(pretty("a::Join<<app::S as app::T>::run::{{closure}}, b::two>"), "Join<run, two>");
    }

    #[test]
    fn pins_and_boxes_are_not_named() {
        let boxed = "core::pin::Pin<alloc::boxed::Box<dyn core::future::future::Future<Output = ()> + core::marker::Send>>";
        assert_eq!(pretty(boxed), "dyn Future");
        assert_eq!(pretty("core::pin::Pin<alloc::boxed::Box<app::fetch::{{closure}}>>"), "fetch");
    }

    #[test]
    fn odd_names_neither_panic_nor_come_out_empty() {
        for odd in
            ["", "::", "{{closure}}", ">>>", "<<<", "a<", "fn(u8) -> u8", "(a::b, ())", "文::字::{{closure}}"]
        {
            assert!(!pretty(odd).is_empty(), "{odd:?}");
        }
    }
}
