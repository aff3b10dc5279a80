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
const TEXTS = ".menu-title, #mdbook-sidebar a, main :is(h1, h2, h3, p, li, td, th, summary, a, strong, em, label, button, output, code, pre span)";
const THEMES = ["light", "rust", "coal", "navy", "ayu"];

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

// Pictures that play: on each page that has one, guessed, played and scrubbed by keyboard, on a phone's width. The page must
// say what the picture itself says in words, where it does.
const player = await open({ viewport: { width: 390, height: 800 }, reducedMotion: "reduce", hasTouch: true });
const finger = await player.context().newCDPSession(player);
let guesses = 0;
let swipes = 0;
for (const file of written) {
  at = `${file}, its pictures`;
  await player.goto(`${root}${file}`);
  const bars = player.locator(".player");
  if ((await bars.count()) === 0) continue;
  const isWhole = (film) => film.evaluate((it) => {
    const [plot, future] = [".plot", ".future"].map((part) => it.querySelector(part).getBoundingClientRect());
    return future.left >= plot.right;
  });
  const isSearching = () => player.locator("#mdbook-searchbar").isVisible();
  for (const [number, bar] of (await bars.all()).entries()) {
    const film = player.locator(".film").nth(number);
    const place = () => film.evaluate((it) => {
      const [film, box, names] = [it, it.parentElement, it.querySelector(".names")].map((part) => part.getBoundingClientRect());
      return { top: Math.round(film.top + scrollY), moved: box.left - film.left, names: names.left - box.left };
    });
    const form = bar.locator(".guess");
    const [play, moment, said] = [".play", "input[type=range]", ".said"].map((part) => bar.locator(part));
    const isAsked = (await form.count()) > 0;
    if (isAsked) {
      guesses += 1;
      const { width, height } = await film.boundingBox();
      const veil = await film.locator(".veil").boundingBox();
      expect(veil.width === width && veil.height === height, `${at}: the veil does not cover the picture`);
      expect(veil.x >= 0 && veil.x + veil.width <= 390, `${at}: the veil is ${veil.width} pixels wide`);
      expect(!(await play.isVisible()), `${at}: it plays before the guess`);
      expect((await film.locator("xpath=..").getAttribute("aria-hidden")) === "true", `${at}: its words are read before the guess`);
      await film.click({ position: { x: 40, y: 40 }, force: true }); // its label is disabled
      expect(await form.locator("input").evaluate((it) => it === document.activeElement), `${at}: a click on the veil leads nowhere`);
      await player.keyboard.press("ArrowRight");
      await player.keyboard.press("s");
      expect(here(player) === file && !(await isSearching()), `${at}: a key in the guess turns the page or searches`);
      await player.keyboard.type("9999");
      await player.keyboard.press("Enter");
      expect((await play.textContent()) === "Pause", `${at}: it does not play after the guess`);
    } else {
      expect(await isWhole(film), `${at}: a picture that asks nothing is not whole`);
      await play.focus();
      await player.keyboard.press("Enter");
    }
    const { top } = await place();
    await player.waitForTimeout(700); // with reduced motion, a picture each half second
    expect(!(await isWhole(film)), `${at}: no veil while it plays`);
    expect(await play.evaluate((it) => it === document.activeElement), `${at}: the keyboard's place is lost`);
    await player.keyboard.press("Space");
    const paused = await moment.inputValue();
    expect(Number(paused) > 0 && (await play.textContent()) === "Play", `${at}: it does not pause`);
    await player.keyboard.press("Tab");
    await player.keyboard.press("ArrowRight");
    expect(here(player) === file, `${at}: the arrow keys of the slider turn the page`);
    expect(Number(await moment.inputValue()) > Number(paused), `${at}: the slider does not move the moment`);
    const outline = await moment.evaluate((it) => getComputedStyle(it).outlineStyle);
    expect(outline === "solid", `${at}: it does not show that the slider has the focus`);
    const most = Number(await moment.getAttribute("max"));
    await moment.fill(String(Math.floor((most * 0.9) / Number(await moment.getAttribute("step"))) * Number(await moment.getAttribute("step"))));
    const late = await place();
    expect(late.moved > 100 && late.names === 0, `${at}: late in the run the picture is moved by ${late.moved}, its names by ${late.names}`);
    if (isAsked) {
      // A swipe up that begins on the slider scrolls the page.
      swipes += 1;
      const before = await moment.inputValue();
      await moment.scrollIntoViewIfNeeded();
      const { x, y } = await moment.boundingBox();
      const touch = (type, up) => finger.send("Input.dispatchTouchEvent", { type, touchPoints: type === "touchEnd" ? [] : [{ x: x + 30, y: y + 20 - up }] });
      const scrolled = await player.evaluate(() => scrollY);
      await touch("touchStart", 0);
      for (let up = 10; up <= 150; up += 10) await touch("touchMove", up);
      await touch("touchEnd");
      await player.waitForTimeout(100);
      expect((await player.evaluate(() => scrollY)) > scrolled, `${at}: a swipe over the slider does not scroll`);
      expect((await moment.inputValue()) === before, `${at}: a swipe over the slider moves the moment from ${before} to ${await moment.inputValue()}`);
      await moment.focus();
    }
    await player.keyboard.press("Home");
    expect(/^0\.0+ m?s$/.test(await bar.locator("output").textContent()), `${at}: it does not begin at 0`);
    await player.keyboard.press("End");
    expect(await isWhole(film), `${at}: the veil stays at the end`);
    const end = await place();
    expect(end.top === top, `${at}: what is said pushes the picture from ${top} to ${end.top}`);
    expect(end.moved === 0, `${at}: at the end the picture's left side is out of sight`);
    await play.focus();
    await player.keyboard.press("s");
    expect(!(await isSearching()), `${at}: a key on the button searches`);
    const words = await said.textContent();
    expect(isAsked === words.startsWith("You said 9999; "), `${at}: to a guess it says "${words}"`);
    const peak = words.match(/at most (\d+) w/)?.[1];
    const alt = await film.locator("img").getAttribute("alt");
    const truth = alt.match(/At most (\d+) /)?.[1];
    expect(!peak || !truth || peak === truth, `${at}: it says that ${peak} were in flight, and its words ${truth}`);
  }
  const much = await overflow(player);
  expect(much <= 0, `${at}: ${much} pixels too wide`);
  const small = await player.locator("main summary:visible, .player :is(button, input):visible").evaluateAll((all) =>
    all.filter((it) => it.getBoundingClientRect().height < 44).map((it) => it.textContent || it.localName));
  expect(small.length === 0, `${at}: too small for a finger: ${small}`);
  // One click shows it without a guess; a click on it then enlarges it.
  await player.reload();
  const skip = player.getByRole("button", { name: "Just show me" });
  if ((await skip.count()) > 0) {
    const film = player.locator(".film").first();
    await skip.click();
    expect((await isWhole(film)) && (await film.locator(".veil").isHidden()), `${at}: it is not just shown`);
    const { width } = await film.boundingBox();
    expect((await film.locator("xpath=..").getAttribute("aria-hidden")) === null, `${at}: its words are not read after that`);
    await film.click({ position: { x: 40, y: 40 } });
    const large = await player.locator(".img-wrapper:visible img").boundingBox();
    expect(large?.width >= width && large.x >= 0, `${at}: a click does not enlarge it`);
    await player.keyboard.press("Escape");
    await player.reload();
    await player.emulateMedia({ media: "print" });
    const hidden = await player.locator(":is(.player, .veil, .plot):visible").count();
    expect(hidden === 0, `${at}: in print it is not the picture alone`);
    await player.emulateMedia({ media: "screen" });
  }
}
expect(guesses > 10 && swipes === guesses, `${guesses} pages have a guess`);

// Without script the pictures are there, and nothing else.
at = "without script";
const plain = await open({ javaScriptEnabled: false, colorScheme: "dark" });
for (const file of written) {
  await plain.goto(`${root}${file}`);
  const pale = await paleTexts(plain, TEXTS);
  expect(pale.length === 0, `${file}, ${at}, dark: these are hard to read: ${pale}`);
  const runs = plain.locator('main label > img[src*="runs/"]');
  for (const picture of await runs.all()) expect(await picture.isVisible(), `${file}, ${at}: a picture is not seen`);
  expect((await plain.locator(".player, .veil").count()) === 0, `${file}, ${at}: there is a player`);
}

// Each page wide and narrow, light and dark.
for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 390]) {
    const page = await open({ colorScheme, viewport: { width, height: 800 } });
    for (const file of written) {
      at = `${file}, ${width} pixels wide, ${colorScheme}`;
      await page.goto(`${root}${file}`);
      await page.evaluate(() => [...document.querySelectorAll(".guess button")].find((it) => it.textContent === "Just show me")?.click());
      await page.evaluate(() => document.querySelectorAll("details").forEach((it) => (it.open = true)));
      const much = await overflow(page);
      expect(much <= 0, `${at}: ${much} pixels too wide`);
      const paper = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const isLight = Number(paper.match(/\d+/)[0]) > 127;
      expect(isLight === (colorScheme === "light"), `${at}: its background is ${paper}`);
      const high = await page.locator("main tr").evaluateAll((all) => Math.max(0, ...all.map((it) => it.offsetHeight)));
      expect(high < 130, `${at}: a row of a table is ${high} pixels high`);
      // Every theme that a reader may choose, on one of the four.
      await page.addStyleTag({ content: "* { transition: none !important; }" });
      for (const theme of width === 1280 && colorScheme === "light" ? THEMES : [""]) {
        if (theme) await page.evaluate((theme) => document.getElementById(`mdbook-theme-${theme}`).click(), theme);
        const pale = await paleTexts(page, TEXTS);
        expect(pale.length === 0, `${at} ${theme}: these are hard to read: ${pale}`);
      }
      await page.evaluate(() => localStorage.clear());
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
