// The book in a browser: every page shows without a complaint and fits its window, in light and dark, and the search finds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { WINDOWS, chapters, fits, visit, withBrowser, withPage } from './support.mjs';

withBrowser();

for (const window of Object.keys(WINDOWS)) {
    for (const scheme of ['light', 'dark']) {
        test(`a reader clicks through every chapter, ${window}, ${scheme}`, async () => {
            await withPage(window, scheme, async (page) => {
                const all = await chapters(page);
                assert.ok(all.length >= 9, `all chapters are in the sidebar: ${all}`);
                const seen = [];
                await visit(page, all[0]);
                for (;;) {
                    seen.push(page.url().split('/').pop());
                    await isReadable(page, scheme);
                    await fits(page);
                    // Where it stands depends on the room there is.
                    const next = page.locator('a.next:visible').first();
                    if ((await next.count()) === 0) break;
                    await Promise.all([page.waitForURL((url) => !url.href.endsWith(seen.at(-1))), next.click()]);
                    await page.waitForLoadState('load');
                }
                assert.deepEqual(seen, all);
            });
        });
    }
}

test('every fold opens, and nothing in it is wider than a phone', async () => {
    await withPage('phone', 'light', async (page) => {
        for (const chapter of await chapters(page)) {
            await visit(page, chapter);
            const folds = page.locator('main details');
            for (const summary of await folds.locator('> summary').all()) await summary.click();
            assert.equal(await folds.count(), await page.locator('main details[open]').count());
            await fits(page);
        }
    });
});

test('whatever a chapter refers to has a page that shows and fits', async () => {
    await withPage('phone', 'dark', async (page) => {
        const pages = new Set();
        for (const chapter of await chapters(page)) {
            await visit(page, chapter);
            const links = await page.locator('main a[href*="source/"]').evaluateAll((all) => all.map((link) => link.href));
            links.forEach((link) => pages.add(link.split('#')[0]));
        }
        assert.ok(pages.size > 0, 'chapters refer to their sources');
        for (const url of pages) {
            await page.goto(url, { waitUntil: 'load' });
            await isReadable(page, 'dark');
            await fits(page);
            if (url.endsWith('.rs.html')) {
                assert.ok((await page.locator('code.hljs [class^="hljs-"]').count()) > 0, `${url} is highlighted`);
            }
        }
    });
});

test('the search finds the chapter of two words, and goes there', async () => {
    await withPage('wide', 'light', async (page) => {
        await visit(page, 'index.html');
        await page.locator('#mdbook-search-toggle').click();
        // It looks at each key, so a pasted word would find nothing.
        await page.locator('#mdbook-searchbar').pressSequentially('timer wheel');
        const result = page.locator('#mdbook-searchresults a[href*="03-timer-wheel.html"]').first();
        await result.click();
        await page.waitForURL(/03-timer-wheel\.html/);
        assert.ok((await page.locator('main').innerText()).toLowerCase().includes('timer wheel'));
    });
});

test('what holds the text to the code is not shown', async () => {
    await withPage('wide', 'light', async (page) => {
        for (const chapter of await chapters(page)) {
            await visit(page, chapter);
            const text = await page.locator('main').innerText();
            assert.ok(!/<!--|code: crates\//.test(text), `${chapter} shows a hidden comment`);
        }
    });
});

test('the page to print has all chapters', async () => {
    await withPage('wide', 'light', async (page) => {
        const all = await chapters(page);
        // Asking for the printer's dialog is what the page does; there is no printer.
        await page.addInitScript(() => (window.print = () => {}));
        await visit(page, 'print.html');
        assert.ok((await page.locator('main h1').count()) >= all.length);
    });
});

/** Fails if text and background are not of the scheme, or too much alike. */
async function isReadable(page, scheme) {
    const [text, background] = await page.evaluate(() => {
        const brightness = (color) => {
            const [r, g, b] = color.match(/[\d.]+/g).map(Number);
            return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
        };
        const { color } = getComputedStyle(document.querySelector('main p, main pre, main h1'));
        return [brightness(color), brightness(getComputedStyle(document.documentElement).backgroundColor)];
    });
    const difference = scheme === 'light' ? background - text : text - background;
    assert.ok(difference > 0.4, `${page.url()}: text ${text} on ${background} in ${scheme}`);
}
