//! A page's table of a step's exercises says what `exercises/exercises.toml` says.
#![allow(clippy::unwrap_used, reason = "a test may")]

use tidy::{Kind, Source, hold, hold_tree, sources_in};

#[test]
fn tables_of_exercises_list_the_steps_exercises() {
    let list = sources_in("exercises").into_iter().find(|source| source.path == "exercises/exercises.toml");
    let list = list.expect("the exercises are listed").text.parse().expect("the tool has read it too");
    let rule = "a chapter lists the exercises that there are";
    hold_tree("exercises", Kind::Table, rule, |page, block| table(&list, block.mark.1, page));
}

/// Returns the table of the exercises of `step`, such as `step3`, with links from `page`.
fn table(list: &toml::Table, step: &str, page: &Source) -> Result<String, String> {
    let exercises = list["exercises"].as_array().expect("exercises are a list");
    let is_of_step = |exercise: &&toml::Value| format!("step{}", exercise["step"]) == step;
    let up = "../".repeat(page.path.matches('/').count());
    let rows: Vec<String> = exercises.iter().filter(is_of_step).map(|exercise| row(exercise, &up)).collect();
    if rows.is_empty() {
        return Err(format!("{step} has no exercises; write one that has, such as step1"));
    }
    Ok(format!("| exercise | what it drills | difficulty | minutes |\n|---|---|---|---|\n{}", rows.concat()))
}

fn row(exercise: &toml::Value, up: &str) -> String {
    let text = |key: &str| exercise[key].as_str().expect("it is a text").replace('|', "\\|");
    let number = |key: &str| exercise[key].as_integer().expect("it is a number");
    let (id, title, step, minutes) = (text("id"), text("title"), number("step"), number("minutes"));
    let stars = "*".repeat(number("difficulty").try_into().expect("it is 1 to 3"));
    format!("| [`{id}`]({up}exercises/step{step}/{id}.rs) | {title} | {stars} | {minutes} |\n")
}

#[test]
fn a_table_that_drifted_and_one_that_is_missing_are_rewritten() {
    let list = "[[exercises]]\nid = \"a\"\nstep = 3\ndifficulty = 2\nminutes = 10\ntitle = \"A, or b\"\n\
                [[exercises]]\nid = \"c\"\nstep = 4\ndifficulty = 1\nminutes = 5\ntitle = \"C\"\n";
    let list: toml::Table = list.parse().unwrap();
    let on = |page: &str| {
        let page = Source::new("chapters/a.md", page);
        hold(&[page], "exercises", Kind::Table, |page, block| table(&list, block.mark.1, page))
    };
    let right = "<!-- exercises: step3 -->\n\
                 | exercise | what it drills | difficulty | minutes |\n\
                 |---|---|---|---|\n\
                 | [`a`](../exercises/step3/a.rs) | A, or b | ** | 10 |\n\nMore.\n";
    let (complaints, rewritten) = on(right);
    complaints.expect(&[]);
    assert!(rewritten.is_empty());
    for wrong in [
        "<!-- exercises: step3 -->\n\nMore.\n",
        &right.replace("**", "*"),
        &right.replace("10 |\n", "10 |\n| b |\n"),
    ] {
        let (complaints, rewritten) = on(wrong);
        complaints.expect(&["UPDATE=1 rewrites it"]);
        assert_eq!(rewritten[0].text, right);
    }
    on("<!-- exercises: step5 -->\n").0.expect(&["step5 has no exercises"]);
}
