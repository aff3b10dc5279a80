// Reads the built book in Chromium, page after page, and lists its problems in sentences: `node book.mjs DIR`.
import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { conclude, expect, launch, overflow, paleTexts, usage, watch } from "./chromium.mjs";

const [path] = process.argv.slice(2);
if (!path || !existsSync(join(path, "index.html"))) usage("usage: node book.mjs DIR, into which mdBook has built it");
const folder = resolve(path);
const root = `${pathToFileURL(folder).href}/`;
const browser = await launch();

// Files that mdBook makes besides the pages; `index` is the first page again.
const NOT_PAGES = ["404.html", "print.html", "index.html", "toc.html"];
const written = readdirSync(folder).filter((file) => file.endsWith(".html") && !NOT_PAGES.includes(file));
const TEXTS = "main :is(h1, h2, h3, p, li, td, th, summary, p code, li code, pre code)";

let at = "";
const open = async (options) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  watch(page, () => at, (url) => url.startsWith(root));
  return page;
};
const here = (page) => basename(fileURLToPath(page.url().split("#")[0]));
const ids = new Map();
const links = [];

// From the first page to the last with the arrow that a reader clicks, looking at each.
const reader = await open({ viewport: { width: 1280, height: 900 } });
await reader.goto(`${root}index.html`);
const read = [];
for (;;) {
  const name = read.length === 0 ? "introduction.html" : here(reader);
  at = name;
  expect(!read.includes(name), `${name}: the arrow leads back to it`);
  read.push(name);
  const found = await reader.evaluate(() => {
    const main = document.querySelector("main");
    return {
      headings: main.querySelectorAll("h1").length,
      ids: [...document.querySelectorAll("[id]")].map((it) => it.id),
      links: [...document.querySelectorAll("a[href]")].map((it) => it.href),
      unnamed: [...main.querySelectorAll("img")].filter((it) => !it.alt).length,
      broken: [...main.querySelectorAll("img")].filter((it) => it.naturalWidth === 0).map((it) => it.src),
      left: main.innerText.match(/\{\{#|<!--|ANCHOR/g) ?? [],
      empty: [...main.querySelectorAll("pre")].filter((it) => it.textContent.trim() === "").length,
      opened: main.querySelectorAll("details[open]").length,
    };
  });
  expect(found.headings === 1, `${name}: it has ${found.headings} titles`);
  expect(found.unnamed === 0, `${name}: ${found.unnamed} pictures have no words for those who do not see them`);
  expect(found.broken.length === 0, `${name}: these pictures are not shown: ${found.broken}`);
  expect(found.left.length === 0, `${name}: the reader sees ${found.left}`);
  expect(found.empty === 0, `${name}: ${found.empty} listings are empty`);
  expect(found.opened === 0, `${name}: an answer is open from the start`);
  ids.set(name, new Set(found.ids));
  links.push(...found.links.map((link) => [name, link]));
  // Every answer and solution unfolds with a click, and shows something.
  for (const details of await reader.locator("main details").all()) {
    const summary = details.locator("> summary");
    const before = (await details.boundingBox()).height;
    await summary.click();
    const after = (await details.boundingBox()).height;
    expect(after > before + 20, `${name}: "${await summary.textContent()}" unfolds nothing`);
  }
  const next = reader.locator("a.next:visible").first();
  if ((await next.count()) === 0) break;
  await next.click();
  await reader.waitForLoadState("load");
}
expect(String([...read].sort()) === String([...written].sort()), `the arrows lead to ${read.length} pages of ${written.length}`);

// Dead links, within a page, to other pages, and to the sources.
ids.set("index.html", ids.get("introduction.html"));
for (const [name, link] of links) {
  if (!link.startsWith("file:")) {
    expect(link.startsWith("https://"), `${name}: this link is not safe: ${link}`);
    continue;
  }
  const [file, fragment] = link.split("#");
  const target = fileURLToPath(file);
  const isPage = ids.has(basename(target)) && target.startsWith(folder);
  expect(existsSync(target), `${name}: a dead link to ${target}`);
  if (fragment && isPage) {
    expect(ids.get(basename(target)).has(decodeURIComponent(fragment)), `${name}: there is no #${fragment} in ${basename(target)}`);
  }
}

// The contents at the side lead to every page, too.
at = "the contents";
await reader.goto(`${root}index.html`);
const listed = await reader.locator("mdbook-sidebar-scrollbox a[href]").evaluateAll((all) => all.map((it) => it.href));
const isListed = (file) => listed.some((link) => link.split("#")[0].endsWith(`/${file}`));
for (const file of written) expect(isListed(file), `the contents do not lead to ${file}`);

// Searching.
at = "the search";
await reader.click("#mdbook-search-toggle");
await reader.waitForFunction(() => window.search?.doc_urls); // its index is loaded when it is first wanted
await reader.locator("#mdbook-searchbar").pressSequentially("GIL");
const result = reader.locator("#mdbook-searchresults a").first();
await result.waitFor().catch(() => expect(false, "the search finds nothing about the GIL"));

// Each page wide and narrow, light and dark.
for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    const page = await open({ colorScheme, viewport: { width, height: 800 } });
    for (const file of written) {
      at = `${file}, ${width} pixels wide, ${colorScheme}`;
      await page.goto(`${root}${file}`);
      await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
      const much = await overflow(page);
      expect(much <= 0, `${at}: ${much} pixels too wide`);
      const paper = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const isLight = Number(paper.match(/\d+/)[0]) > 127;
      expect(isLight === (colorScheme === "light"), `${at}: its background is ${paper}`);
      const pale = await paleTexts(page, TEXTS);
      expect(pale.length === 0, `${at}: these are hard to read: ${pale}`);
      const pictures = await page.locator("main img").evaluateAll((all) => {
        const seen = all.filter((it) => it.offsetWidth > 0);
        const isCut = (it) => it.scrollWidth > it.clientWidth && getComputedStyle(it).overflowX !== "auto";
        return {
          small: seen.filter((it) => it.src.includes("runs/") && it.offsetWidth < 780).length,
          cut: seen.filter((it) => isCut(it.parentElement) || isCut(it.closest("p"))).length,
        };
      });
      expect(pictures.small === 0, `${at}: ${pictures.small} diagrams are too small to be read`);
      expect(pictures.cut === 0, `${at}: ${pictures.cut} pictures are cut off`);
    }
    await page.context().close();
  }
}

await conclude(browser, path);
