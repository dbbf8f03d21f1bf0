// What the tests in a browser share: a browser that reaches this machine alone, and a page that fails its test for any complaint.
//
// A test is a file `NAME.test.mjs` beside this one; node's own test runner finds it. The book is served at $BOOK.

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { chromium } from 'playwright-core';

/** Where the book is served, with a slash at the end. */
export const BOOK = process.env.BOOK;

/** The windows that every page has to fit in. */
export const WINDOWS = {
    wide: { width: 1280, height: 800 },
    phone: { width: 360, height: 640 },
};

let browser;
let profile;

/** Starts a browser for the tests of a file; call it once, at the top. */
export function withBrowser() {
    before(async () => {
        assert.ok(BOOK, 'BOOK is the address of the served book; `.ci/run book` sets it');
        profile = await mkdtemp(join(tmpdir(), 'book-browser-'));
        browser = await chromium.launchPersistentContext(profile, {
            executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
            headless: true,
            chromiumSandbox: process.getuid?.() !== 0,
            // Whatever does not go to this machine finds no host, the browser's own requests too.
            args: [
                '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
                '--disable-gpu',
                '--disable-quic',
                '--no-first-run',
                '--disable-background-networking',
                '--disable-component-update',
                '--disable-sync',
            ],
        });
    });
    after(async () => {
        await browser?.close();
        if (profile) await rm(profile, { recursive: true, force: true });
    });
}

/** Opens an empty page. */
export const newPage = () => browser.newPage();

/**
 * Gives `body` a page of a window like `window` ('wide' or 'phone') in a `scheme` ('light' or 'dark'), and fails if the
 * page complains: an error in the console or in a script, a request that fails or that leaves this machine.
 */
export async function withPage(window, scheme, body) {
    const page = await newPage();
    const complaints = [];
    page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => complaints.push(`script: ${error.message}`));
    page.on('request', (request) => {
        const url = request.url();
        if (!url.startsWith(BOOK) && !/^(data|blob|about):/.test(url)) complaints.push(`leaves the book: ${url}`);
    });
    page.on('response', (response) => {
        if (response.status() >= 400) complaints.push(`${response.status()}: ${response.url()}`);
    });
    page.on('requestfailed', (request) => {
        // What a page has not yet loaded when it is left is no failure.
        const why = request.failure()?.errorText;
        if (why !== 'net::ERR_ABORTED') complaints.push(`${why}: ${request.url()}`);
    });
    try {
        await page.setViewportSize(WINDOWS[window]);
        await page.emulateMedia({ colorScheme: scheme });
        await body(page);
        assert.deepEqual(complaints, []);
    } finally {
        await page.close();
    }
}

/** Goes to a page of the book, such as `02-waker.html`. */
export async function visit(page, path) {
    await page.goto(new URL(path, BOOK).href, { waitUntil: 'load' });
}

/** Fails if a reader would have to scroll the page sideways. */
export async function fits(page) {
    const wide = await page.evaluate(() => {
        const room = document.documentElement.clientWidth;
        const reaches = (element) => element.getBoundingClientRect().right + window.scrollX;
        const scrolls = (element) => {
            for (let above = element.parentElement; above; above = above.parentElement) {
                if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(above).overflowX)) return true;
            }
            return false;
        };
        const elements = [...document.querySelectorAll('main *')].filter((element) => reaches(element) > room + 1 && !scrolls(element));
        const page = document.documentElement.scrollWidth > room ? [`the page: ${document.documentElement.scrollWidth} of ${room}`] : [];
        return page.concat(elements.slice(0, 3).map((element) => `<${element.localName}> ${element.textContent.slice(0, 60)}`));
    });
    assert.deepEqual(wide, [], `${page.url()} is wider than its window`);
}

/** Returns the addresses of all chapters, in the order of the book, relative to it. */
export async function chapters(page) {
    await visit(page, 'index.html');
    const links = page.locator('#mdbook-sidebar .chapter-item > .chapter-link-wrapper > a[href]');
    const found = await links.evaluateAll((links) => links.map((link) => link.href));
    return [...new Set(found)].map((url) => url.replace(BOOK, ''));
}
