// Plays the book's puzzles in Chromium by keyboard, and says in sentences what is wrong: `node scheduler.mjs DIR`.
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { runInNewContext } from "node:vm";
import { conclude, expect, launch, overflow, paleTexts, usage, watch } from "./chromium.mjs";

const [path] = process.argv.slice(2);
if (!path || !existsSync(join(path, "scheduler.html"))) usage("usage: node scheduler.mjs DIR, into which mdBook has built the book");
const root = `${pathToFileURL(resolve(path)).href}/`;
const window = {};
runInNewContext(readFileSync(join(path, "puzzles.js"), "utf8"), { window });
const { puzzles } = window;
const names = Object.keys(puzzles);
expect(names.length >= 10, `there are ${names.length} puzzles`);

/** The first order that reaches a goal, found by trying. */
const solution = (puzzle, goal) => {
  const search = (at, order) => {
    const [, , , next, end] = puzzle.nodes[at];
    if (end) return end[1][goal] ? order : null;
    for (let actor = 0; actor < next.length; actor += 1) {
      const found = next[actor] >= 0 && search(next[actor], order + puzzle.actors[actor].letter);
      if (found) return found;
    }
    return null;
  };
  return search(0, "");
};

const browser = await launch();
const TEXTS = ".puzzle :is(p, li, label, button, code, span, b, i)";
let at = "";
const open = async (options) => {
  const page = await (await browser.newContext(options)).newPage();
  watch(page, () => at, (url) => url.startsWith(root));
  await page.goto(`${root}scheduler.html`);
  return page;
};

// Without the script there are tables, and the answers are folded away.
at = "without JavaScript";
const plain = await open({ javaScriptEnabled: false });
expect((await plain.locator(".puzzle table:visible").count()) === names.length, "without JavaScript a puzzle has no table");
expect((await plain.locator(".board").count()) === 0, "without JavaScript there is a board");
expect((await plain.locator(".puzzle details[open]").count()) === 0, "an answer is open");
await plain.context().close();

for (const colorScheme of ["light", "dark"]) {
  for (const width of [390, 1280]) {
    const page = await open({ colorScheme, viewport: { width, height: 800 }, hasTouch: width === 390, isMobile: width === 390 });
    await page.waitForSelector(".board");
    for (const name of names) {
      at = `${name}, ${width} pixels wide, ${colorScheme}`;
      const puzzle = puzzles[name];
      const place = page.locator(`#${name}`);
      const keys = place.locator(".keys button");
      const text = (what) => place.locator(what).innerText();
      expect((await place.locator("table").count()) === 0, `${at}: the table is still there`);
      // Whatever is pressed, no key moves or grows, so that none slides under a finger.
      const sizes = () => keys.evaluateAll((all) => String(all.map((it) => {
        const { x, y, width, height } = it.getBoundingClientRect();
        return [x, y + scrollY, width, height].map(Math.round);
      })));
      const placed = await sizes();
      const stays = async (when) => expect((await sizes()) === placed, `${at}: the keys move or grow ${when}`);
      // Tab leads from the guess to the first button, as it leads everywhere.
      await place.locator(".guess button").focus();
      await page.keyboard.press("Tab");
      const focused = await page.evaluate(() => document.activeElement.textContent);
      expect(focused.startsWith("A "), `${at}: Tab leads to "${focused}"`);
      // Undo leads back to the beginning.
      const before = await text(".shared");
      const first = puzzle.nodes[0][3].findIndex((next) => next >= 0);
      await page.keyboard.press(puzzle.actors[first].letter);
      await stays("after a step");
      await page.keyboard.press("u");
      await stays("after undo");
      expect((await text(".shared")) === before, `${at}: undo does not lead back`);
      expect((await keys.nth(-2).getAttribute("aria-disabled")) === "true", `${at}: there is still something to undo`);
      for (const [goal, [words]] of puzzle.goals.entries()) {
        const order = solution(puzzle, goal);
        let state = 0;
        for (const letter of order) {
          const { 3: next } = puzzle.nodes[state];
          for (const [actor, where] of next.entries()) {
            const grey = await keys.nth(actor).getAttribute("aria-disabled");
            expect(grey === String(where < 0), `${at}: after some of ${order}, button ${actor} is grey: ${grey}`);
          }
          await page.keyboard.press(letter.toLowerCase());
          await stays(`after some of ${order}`);
          state = next[puzzle.actors.findIndex((actor) => actor.letter === letter)];
        }
        const pale = await paleTexts(page, TEXTS);
        expect(pale.length === 0, `${at}: these are hard to read: ${pale}`);
        const said = await text(".said");
        expect(said.includes(`Goal reached: ${words}`), `${at}: ${order} does not reach "${words}": ${said}`);
        expect([" returned ", " never returned.", " ended with "].some((did) => said.includes(puzzle.calls + did)), `${at}: nothing was replayed: ${said}`);
        expect((await text(".goals")).includes("found 1"), `${at}: nothing is counted`);
        const broken = await place.locator(".value").evaluateAll((all) => all.filter((it) => it.getBoundingClientRect().height > 40).length);
        expect(broken === 0, `${at}: a name and its value are not on one line`);
        // At the end of the board the keys and the shared values are still in sight.
        await place.locator(".said").evaluate((it) => scrollTo(0, it.getBoundingClientRect().bottom + scrollY - innerHeight));
        const sight = await place.evaluate((it) => {
          const inSight = (part) => part.top >= 0 && part.bottom <= innerHeight;
          return [...it.querySelectorAll(".keys, .shared")].every((part) => inSight(part.getBoundingClientRect()));
        });
        expect(sight, `${at}: the keys or the values are out of sight at the end of ${order}`);
        await page.keyboard.press("s");
        await page.keyboard.press("ArrowRight");
        const left = !page.url().includes("scheduler.html") || (await page.locator("#mdbook-searchbar").isVisible());
        expect(!left, `${at}: a key in the board turns the page or searches`);
        await page.keyboard.press("r");
      }
      expect((await place.locator(".help").isVisible()) === (width !== 390), `${at}: of keys it speaks to a finger, or not to a keyboard`);
      // The guess, and only then the numbers.
      const answer = puzzle.counts;
      expect(!(await text(".board")).includes(answer), `${at}: the answer is told before the guess`);
      await place.locator(".guess input").first().fill("99999999999999999999");
      expect(!(await place.locator(".guess").evaluate((it) => it.checkValidity())), `${at}: it takes every number for a guess`);
      await place.locator(".guess input").first().fill("");
      await place.locator(".guess input").first().focus();
      await page.keyboard.type(String(puzzle.orders));
      await page.keyboard.press("Tab");
      await page.keyboard.type(String(puzzle.counted));
      await page.keyboard.press("Enter");
      const told = await text(".answer");
      expect(told.includes(answer) && told.includes("You guessed both."), `${at}: it answers ${told}`);
      const ofHowMany = new RegExp(`found [12] of ${puzzle.goals[0][1]}\\b`);
      expect(ofHowMany.test(await text(".goals")), `${at}: it does not say of how many`);
      const small = await place.locator(".board button").evaluateAll((all) =>
        all.map((it) => it.getBoundingClientRect()).filter((box) => box.width < 44 || box.height < 44).length);
      expect(small === 0, `${at}: ${small} buttons are too small for a finger`);
    }
    // A blocked step, and what is said of it; with a finger where there is one.
    at = `waiting, ${width} pixels wide, ${colorScheme}`;
    const buttons = page.locator("#locked .keys button");
    const press = (number) => (width === 390 ? buttons.nth(number).tap() : buttons.nth(number).click());
    await press(0);
    expect((await buttons.nth(1).innerText()).includes("has to wait"), `${at}: a blocked thread is not marked`);
    await buttons.nth(1).dispatchEvent("click"); // Playwright itself does not press what is greyed
    expect((await page.locator("#locked .said").innerText()).includes("B has to wait"), `${at}: it does not say who waits`);
    const much = await overflow(page);
    expect(much <= 0, `${at}: ${much} pixels too wide`);
    await page.context().close();
  }
}

await conclude(browser, path);
