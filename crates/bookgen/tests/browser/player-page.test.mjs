// The trace player in Chromium: every control, the keys, a learner's file, hostile ones, both widths, light and dark.
//
// The page may complain of nothing and ask nobody else.

import assert from "node:assert/strict";
import { test } from "node:test";

import { BOOK, newPage, withBrowser } from "./support.mjs";

const SITE = BOOK;

withBrowser();

/** Opens the player at `hash`, lets `body` use it, and fails for any complaint of the page. */
async function player(body, { hash = "#run=gather", width = 1280, theme = "light" } = {}) {
  const page = await newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.stack));
  page.on("dialog", (dialog) => complaints.push(`a dialog: ${dialog.message()}`) && dialog.dismiss());
  page.on("request", (request) => /^(data|blob):/.test(request.url()) || request.url().startsWith(SITE) || complaints.push(`asks ${request.url()}`));
  try {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(`${SITE}trace-player.html${hash}`);
    await page.evaluate((theme) => {
      document.documentElement.classList.remove("light", "rust", "coal", "navy", "ayu");
      document.documentElement.classList.add(theme);
    }, theme);
    await body(page, {
      n: async () => Number(await page.getByLabel("Number of the event").inputValue()),
      press: (name) => page.locator(".trace-player").getByRole("button", { name, exact: true }).click(),
      panel: (name) => page.getByRole("region", { name, exact: true }),
      what: () => page.locator(".tp-what").textContent(),
      focus: () => page.locator(".trace-player").focus(),
      open: (text, name = "run.json") => page.locator(".trace-player input[type=file]").setInputFiles({ name, mimeType: "application/json", buffer: Buffer.from(text) }),
      message: page.locator(".tp-message"),
    });
    assert.deepEqual(complaints, []);
  } finally {
    await page.close();
  }
}

const event = (is, fields = {}, at = 0, task = null) => ({ at, thread: 0, task, kind: { is, ...fields } });
const run = (events, tasks = ["a", "b"]) => JSON.stringify({ version: 1, end: 1e9, threads: [{ name: "main" }], tasks: tasks.map((name) => ({ name })), events });

test("buttons, slider, number and filter go where they say", () =>
  player(async (page, { n, press, what, panel }) => {
    const last = Number(await page.getByLabel("Number of the event").getAttribute("max"));
    assert.equal(await n(), 1);
    await press("Step");
    await press("Step");
    await press("Step back");
    assert.equal(await n(), 2);
    await press("To the last event");
    await press("Step");
    assert.equal(await n(), last);
    await press("To the first event");
    await press("Step back");
    assert.equal(await n(), 1);
    await page.getByLabel("Event", { exact: true }).fill("9");
    assert.equal(await n(), 9);
    for (const [typed, shown] of [["12", 12], ["-5", 1], ["1e9", last], ["", 1]]) {
      await page.getByLabel("Number of the event").fill(typed);
      await page.getByLabel("Number of the event").press("Enter");
      assert.equal(await n(), shown, `typed ${typed}`);
    }
    await press("To the first event");
    await page.getByLabel("Stop at").selectOption("wakes");
    await press("Step");
    assert.match(await what(), /wakes task/);
    const first = panel("Events").getByRole("button").first();
    const number = Number(await first.locator(".tp-name").textContent());
    await first.click();
    assert.equal(await n(), number);
  }));

test("the keys do what the help says, and do not turn the book's page", () =>
  player(async (page, { n, focus, what }) => {
    const address = page.url();
    await focus();
    const keys = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await keys("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft");
    assert.equal(await n(), 3);
    await keys("End", "ArrowRight");
    const last = await n();
    await keys("Home");
    assert.equal(await n(), 1);
    // The main task is the one chosen at first.
    await keys("ArrowDown", "ArrowDown");
    assert.match(await what(), /task 0/);
    await keys("ArrowUp", "+", "-");
    await keys("?");
    assert.ok(await page.getByRole("dialog", { name: "Keys" }).isVisible());
    await keys("Escape");
    assert.ok(await page.getByRole("dialog", { name: "Keys" }).isHidden());
    await page.getByLabel("Speed").selectOption("1000");
    await focus();
    await keys(" ");
    await page.getByRole("button", { name: "Play", exact: true }).waitFor();
    await page.waitForFunction((last) => document.querySelector(".tp-count input").value === String(last), last);
    assert.equal(page.url(), address);
  }));

test("playing pauses when asked, and begins anew after the end", () =>
  player(async (page, { n, press }) => {
    await page.getByLabel("Speed").selectOption("20");
    await press("To the last event");
    await press("Play");
    await page.waitForFunction(() => document.querySelector(".tp-count input").value === "4");
    await press("Pause");
    const here = await n();
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
    assert.equal(await n(), here);
    assert.equal(await page.locator(".tp-event").getAttribute("aria-live"), "polite");
  }));

test("a click on the drawing goes to that event and chooses that lane, in both scales and every zoom", () =>
  player(async (page, { n, press }) => {
    const canvas = page.locator(".tp-scroll canvas");
    const { width, height } = await canvas.boundingBox();
    await canvas.click({ position: { x: width * 0.7, y: height - 20 } });
    const there = await n();
    assert.ok(there > 5);
    assert.match(await page.locator(".tp-chosen").textContent(), /^task \d/);
    for (const scale of ["time", "events"]) {
      await page.getByLabel("Scale").selectOption(scale);
      for (const zoom of ["Zoom in", "Zoom in", "Zoom out", "Zoom out", "Zoom out"]) {
        await press(zoom);
        await canvas.click({ position: { x: width - 12, y: height - 20 } });
        assert.ok((await n()) > 1);
      }
    }
    await press("Next event of the chosen lane");
    await press("Previous event of the chosen lane");
  }));

test("lists say what holds, and a click on a line chooses it or goes there", () =>
  player(async (page, { panel, n }) => {
    await page.getByLabel("Stop at").selectOption("wakes");
    await page.locator(".trace-player").focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await panel("Ready queue").textContent(), /ready *task 1/);
    assert.match(await panel("Tasks").textContent(), /pending.*task 0.*ready.*task 1/);
    assert.match(await panel("Threads").textContent(), /running.*main/);
    assert.match(await panel("Who woke whom").textContent(), /→ task 1.*timer 0 has fired/);
    await panel("Tasks").getByRole("button").last().click();
    const chosen = await page.locator(".tp-chosen").textContent();
    assert.match(chosen, /^task 2/);
    await panel("Timers").getByRole("button").first().click();
    assert.match(await page.locator(".tp-what").textContent(), /sets timer/);
    assert.ok((await n()) > 1);
  }));

test("every recorded run plays to its end without a complaint", () =>
  player(async (page, { press }) => {
    const select = page.getByLabel("Run");
    for (const name of await select.locator("option").allTextContents()) {
      await select.selectOption(name);
      await press("To the last event");
      assert.match(await page.locator(".tp-when").textContent(), /^Event (\d+) of \1 /, name);
    }
  }));

test("a link leads to an event of a run", () =>
  player(async (page, { n }) => {
    assert.equal(await n(), 16);
    await page.evaluate(() => (location.hash = "#run=async-with&event=5"));
    await page.waitForFunction(() => document.querySelector(".trace-player").dataset.run === "async-with");
    assert.equal(await n(), 5);
  }, { hash: "#run=gather&event=16" }));

test("a learner's own file is shown, dropped or opened; a broken one says why, and leaves what was there", () =>
  player(async (page, { open, what, message }) => {
    await open(run([event("spawned", { task: 0 }), event("note", { text: "mine" }, 5)]));
    await page.waitForFunction(() => document.querySelector(".trace-player").dataset.run === "your own");
    assert.equal(await what(), "Thread main spawns task 0 a.");
    await open("{");
    await message.waitFor();
    assert.match(await message.textContent(), /not JSON.*Record the run again/);
    assert.equal(await what(), "Thread main spawns task 0 a.");
    await page.evaluate((text) => {
      const data = new DataTransfer();
      data.items.add(new File([text], "run.json"));
      document.querySelector(".tp-stage").dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
    }, run([event("note", { text: "dropped" })]));
    await page.waitForFunction(() => document.querySelector(".tp-what").textContent.includes("dropped"));
    assert.ok(await message.isHidden());
  }));

test("nothing in a hostile file runs, escapes or breaks the page", () =>
  player(async (page, { open, press, panel, message }) => {
    const nasty = ["<img src=x onerror=alert(1)>", "<script>alert(2)</script>", "\u202egnp.exe", "שלום", "a\u0000b\r\n", "x".repeat(1e6), "${alert(3)}", "__proto__", "&lt;b&gt;", "\ud800", "Z̴̡͎".repeat(500)];
    const events = nasty.flatMap((text, task) => [event("spawned", { task }), event("note", { text }, 0, task), event("poll_begin", { task }), event("woken", { task }, 0, task), event("poll_end", { task, ready: false })]);
    await open(run(events, nasty));
    await page.waitForFunction(() => document.querySelector(".trace-player").dataset.run === "your own");
    assert.match(await panel("Tasks").textContent(), /<img src=x onerror=alert\(1\)>/);
    await page.locator(".trace-player").focus();
    for (let i = 0; i < events.length; i++) await page.keyboard.press("ArrowRight");
    await press("To the last event");
    assert.equal(await page.locator(".trace-player :is(img, script, b)").count(), 0);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true);
    assert.doesNotMatch(await page.locator(".trace-player").textContent(), /[\u202e\u0000]/);
    for (const text of ["[".repeat(1e6), '{"version":1,"end":1e999,"threads":[],"tasks":[],"events":[]}', run([event("__proto__")]), run([event("spawned", { task: -1 })])]) {
      await open(text);
      await message.waitFor();
      assert.match(await message.textContent(), /\. Record/);
    }
  }, { width: 360 }));

test("100,000 events are stepped, jumped and played through, with a screen's worth of rows", () =>
  player(async (page, { open, press, n }) => {
    const events = Array.from({ length: 100_000 }, (_, i) => event(["spawned", "poll_begin", "woken", "poll_end"][i % 4], { task: (i >> 2) % 2000, ready: false }, i));
    await open(run(events, Array.from({ length: 2000 }, (_, i) => `f${i}`)));
    await page.waitForFunction(() => document.querySelector(".trace-player").dataset.run === "your own");
    const rows = () => page.evaluate(() => document.querySelectorAll(".trace-player *").length);
    for (const place of ["50000", "99999", "3", "77777"]) {
      await page.getByLabel("Number of the event").fill(place);
      await page.getByLabel("Number of the event").press("Enter");
      assert.equal(await n(), Number(place));
      assert.ok((await rows()) < 1500, `${await rows()} elements`);
    }
    for (let i = 0; i < 20; i++) await press("Zoom out");
    await press("Step");
    await page.getByLabel("Speed").selectOption("1000");
    await press("Play");
    await page.waitForFunction(() => Number(document.querySelector(".tp-count input").value) > 78_000);
    await press("Pause");
  }));

test("controls have names, and the focus is seen", () =>
  player(async (page) => {
    const unnamed = await page.evaluate(() => [...document.querySelectorAll(".trace-player :is(button, select, input)")].filter((control) => !control.ariaLabel && !control.labels?.length && control.textContent.trim() === "").length);
    assert.equal(unnamed, 0);
    await page.locator(".trace-player").focus();
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press("Tab");
      const outline = await page.evaluate(() => {
        const at = document.activeElement;
        return getComputedStyle(at.type === "file" ? at.parentElement : at).outlineStyle;
      });
      assert.equal(outline, "solid", await page.evaluate(() => document.activeElement.outerHTML.slice(0, 200)));
    }
  }));

for (const width of [360, 1280]) {
  for (const theme of ["light", "rust", "coal", "navy", "ayu"]) {
    test(`it fits ${width} pixels and can be read, ${theme}`, () =>
      player(async (page) => {
        assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "no sideways scrolling");
        const contrast = await page.evaluate(() => {
          // Colours as bytes, whatever notation they are in: a canvas knows all of them.
          const pen = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
          const light = (color) => {
            pen.fillStyle = color;
            pen.fillRect(0, 0, 1, 1);
            const [r, g, b] = [...pen.getImageData(0, 0, 1, 1).data].map((byte) => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
          };
          const page = light(getComputedStyle(document.documentElement).getPropertyValue("--bg") || "white");
          return [".tp-what", ".tp-when", ".tp-info", ".tp-more"].map((selector) => {
            const text = light(getComputedStyle(document.querySelector(selector)).color);
            return [selector, Math.max(text, page) / Math.min(text, page)];
          });
        });
        for (const [selector, ratio] of contrast) assert.ok(ratio >= 4.5, `${selector}: ${ratio}`);
      }, { width, theme }));
  }
}
