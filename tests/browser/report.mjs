// Opens a report in Chromium and lists its problems in sentences: `node report.mjs report.html`.
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { conclude, expect, launch, overflow, paleTexts, usage, watch } from "./chromium.mjs";

const [path] = process.argv.slice(2);
if (!path || !existsSync(path)) usage("usage: node report.mjs REPORT.html");
const url = pathToFileURL(resolve(path)).href;
const browser = await launch();

// One part of the test on a fresh page. The page must never report an error or load anything.
const part = async (name, { hash = "", ...options }, test) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  watch(page, () => name, (asked) => asked.split("#")[0] === url);
  try {
    await page.goto(url + hash, { waitUntil: "load" });
    await test(page, (holds, sentence) => expect(holds, `${name}: ${sentence}`));
  } catch (error) {
    expect(false, `${name}: ${error.message.split("\n")[0]}`);
  }
  await context.close();
};

// The state of the player: the axis, the moment in words, and the positions of the cursors as parts of it.
const player = (page) =>
  page.evaluate(() => {
    const shown = [...document.querySelectorAll(".field")].filter((field) => field.offsetParent);
    const cursors = shown.map((field) => {
      const { left, width } = field.getBoundingClientRect();
      return (field.querySelector(".future").getBoundingClientRect().left - left) / width;
    });
    const axes = [...document.querySelectorAll(".axis")].filter((axis) => axis.offsetParent);
    return {
      cursors,
      words: document.getElementById("now").textContent,
      slider: Number(document.getElementById("moment").value),
      longest: Number(document.getElementById("stretch").value),
      button: document.getElementById("play").textContent.trim(),
      axes: axes.map((axis) => axis.innerText.replace(/\s+/g, " ")),
      boxes: [...document.querySelectorAll(".plot")].map((plot) => plot.getAttribute("viewBox")),
      lines: document.querySelectorAll(".field .ticks i").length,
    };
  });
const micros = (words) => {
  const [number, unit] = words.split(" ");
  return Number(number) * { s: 1e6, ms: 1e3 }[unit];
};
const near = (one, other, by) => Math.abs(one - other) <= by;
const allAt = (state, place) => state.cursors.every((cursor) => near(cursor, place, 0.01));
const nothingCovered = (state) => state.cursors.every((cursor) => cursor >= 1);
const pause = (page, millis = 400) => page.waitForTimeout(millis);
const isHidden = async (page, what) => !(await page.locator(what).isVisible());

// Those of what this finds that are shown.
const visible = (page, what) => page.locator(`${what} >> visible=true`);
const WALL = { width: 1920, height: 1080 };

const TEXTS = "h1, h2, h3, p, caption, th, td, dt, dd, li, strong, .small, .names, .ticks b";

// The words of all bars, as they are in the file.
let words = [];

await part("without JavaScript", { javaScriptEnabled: false }, async (page, expect) => {
  const found = await page.evaluate(() => {
    const count = (what) =>
      [...document.querySelectorAll(what)].filter((it) => it.getBoundingClientRect().height > 1).length;
    const texts = (what) => [...document.querySelectorAll(what)].map((it) => it.textContent);
    return {
      tables: count("table.results"),
      rows: [...document.querySelectorAll("table.results tbody th")].map((it) => it.dataset.lesson),
      diagrams: texts("article.run h3").map((text) => text.split(/[ ,]/)[0]),
      plots: count(".plot"),
      fields: count(".field"),
      bars: count(".bar-row"),
      titles: texts(".walk title"),
    };
  });
  words = found.titles;
  expect(found.tables > 0, "there is no table");
  expect(found.rows.length > 0, "the tables have no rows");
  expect(found.bars > found.rows.length, "a chart lacks a bar or its axis");
  expect(String(found.diagrams) === String(found.rows), `diagrams of ${found.diagrams}, but rows of ${found.rows}`);
  expect(found.plots > 0 && found.plots === found.fields, "a diagram is not shown");
  expect(found.titles.length > found.plots, "the bars have no words");
  expect(await isHidden(page, "#controls"), "controls are shown that do nothing");
  const state = await player(page);
  expect(nothingCovered(state), "a diagram is covered");
  expect(state.axes.length === 1, `${state.axes.length} axes are shown`);
});

for (const colorScheme of ["light", "dark"]) {
  for (const width of [1280, 768, 360]) {
    const name = `${width} pixels wide, ${colorScheme}`;
    await part(name, { colorScheme, viewport: { width, height: 800 } }, async (page, expect) => {
      expect((await overflow(page)) <= 0, `the page is ${await overflow(page)} pixels too wide`);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const isLight = Number(paper.match(/\d+/)[0]) > 127;
      expect(isLight === (colorScheme === "light"), `its background is ${paper}`);
      const pale = await paleTexts(page, TEXTS);
      expect(pale.length === 0, `these are hard to read: ${pale}`);
      expect(await page.locator("#play").isVisible(), "there is no play button");
    });
  }
}

await part("playing", {}, async (page, expect) => {
  const before = await player(page);
  expect(nothingCovered(before), "a diagram is covered before anything was pressed");
  await page.click("#play");
  await pause(page);
  const one = await player(page);
  await pause(page);
  const other = await player(page);
  expect(one.button !== before.button, "the button does not say that it stops");
  expect(other.cursors.length > 0, "there is no cursor");
  expect(
    other.cursors.every((cursor, at) => cursor > one.cursors[at]) && micros(other.words) > micros(one.words),
    `nothing moves: ${one.words}, then ${other.words}`,
  );
  expect(allAt(other, other.cursors[0]), `the cursors are not together: ${other.cursors}`);
  await page.click("#play");
  const stopped = await player(page);
  await pause(page);
  const later = await player(page);
  expect(String(later.cursors) === String(stopped.cursors), "it does not stop");
  expect(later.button === before.button, "the button does not say that it plays");
  // Near its end it stops by itself, with nothing covered.
  await page.fill("#moment", String(Math.round(later.longest * 0.99)));
  await page.selectOption("#speed", "1");
  await page.click("#play");
  await page.waitForFunction((words) => document.getElementById("play").textContent.trim() === words, before.button);
  expect(nothingCovered(await player(page)), "at the end something is still covered");
});

await part("playing with less motion", { reducedMotion: "reduce" }, async (page, expect) => {
  await page.click("#play");
  const places = await page.evaluate(async () => {
    const places = new Set();
    const future = document.querySelector(".future");
    for (const end = performance.now() + 1_200; performance.now() < end; ) {
      places.add(future.style.transform);
      await new Promise((done) => requestAnimationFrame(done));
    }
    return places.size;
  });
  expect(places >= 2 && places <= 5, `in 1.2 s it shows ${places} moments, not 2 to 5`);
});

await part("scrubbing", {}, async (page, expect) => {
  const { longest } = await player(page);
  for (const place of [0.25, 0.8, 0]) {
    await page.fill("#moment", String(Math.round(longest * place)));
    const state = await player(page);
    expect(allAt(state, place), `at ${place} of the slider the cursors are at ${state.cursors}`);
    expect(near(micros(state.words) / longest, place, 0.01), `at ${place} of the slider it says ${state.words}`);
  }
});

await part("keyboard", {}, async (page, expect) => {
  await page.focus("#moment");
  await page.keyboard.press("Home");
  const start = await player(page);
  expect(allAt(start, 0), `Home does not lead to the start: ${start.cursors}`);
  for (let presses = 0; presses < 20; presses += 1) await page.keyboard.press("ArrowRight");
  const later = await player(page);
  expect(later.slider > 0 && later.cursors[0] > 0, "the right arrow key does not move the slider");
  await page.keyboard.press("ArrowLeft");
  expect((await player(page)).slider < later.slider, "the left arrow key does not move the slider");
  await page.keyboard.press("End");
  expect(nothingCovered(await player(page)), "End does not lead to the end");
  await page.focus("#play");
  await page.keyboard.press("Space");
  await pause(page);
  const playing = await player(page);
  expect(playing.cursors[0] > 0 && playing.cursors[0] < 1, "the space key does not press the play button");
  await page.keyboard.press("Space");
  await page.focus(".field");
  await page.keyboard.press("ArrowRight");
  expect(words.includes(await page.textContent("#tip")), "the arrow keys do not lead to a bar");
  const outline = await page.$eval(".field", (field) => getComputedStyle(field).outlineStyle);
  expect(outline !== "none", "it does not show which diagram has the focus");
  await page.keyboard.press("Escape");
  expect(await isHidden(page, "#tip"), "Escape does not hide the words");
});

await part("zooming", {}, async (page, expect) => {
  const whole = await player(page);
  const choices = await page.$$eval("#stretch option", (options) => options.map((it) => it.value));
  expect(choices.length > 1, "there is no stretch of time to choose");
  for (const choice of choices.slice(1)) {
    await page.selectOption("#stretch", choice);
    const state = await player(page);
    expect(state.axes.length === 1 && state.axes[0] !== whole.axes[0], `the axis of ${choice} µs is ${state.axes}`);
    expect(
      state.boxes.every((box) => box.startsWith(`0 0 ${choice} `)),
      `not every diagram shows ${choice} µs: ${state.boxes}`,
    );
    expect(state.lines > 0, `the diagrams of ${choice} µs have no lines`);
    expect(nothingCovered(state), `with ${choice} µs something is covered`);
    await page.fill("#moment", String(choice / 2));
    expect(allAt(await player(page), 0.5), `with ${choice} µs the cursors are not in the middle`);
    await page.press("#moment", "End");
  }
  await page.selectOption("#stretch", choices[0]);
  const again = await player(page);
  expect(String(again.boxes) === String(whole.boxes), "the whole time does not come back");
  expect(String(again.axes) === String(whole.axes), "the axis of the whole time does not come back");
});

await part("pointing", {}, async (page, expect) => {
  await page.evaluate(() => document.getElementById("diagrams").scrollIntoView());
  expect((await page.locator(".walk title").count()) === 0, "the browser's own tooltips are still there");
  // The widest visible bar: some are thinner than a pixel.
  const bar = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll(".plot rect")].map((rect) => rect.getBoundingClientRect());
    const inSight = boxes.filter((box) => box.top > 0 && box.bottom < innerHeight);
    const { left, top, width, height } = inSight.reduce((best, box) => (box.width > best.width ? box : best));
    return { x: left + width / 2, y: top + height / 2 };
  });
  expect(await isHidden(page, "#tip"), "words are shown before anyone points at a bar");
  await page.mouse.move(bar.x, bar.y);
  const tip = page.locator("#tip");
  await tip.waitFor({ state: "visible" }).catch(() => expect(false, "a bar shows no words"));
  const said = await tip.textContent();
  expect(words.includes(said), `a bar's words are not those of the file: ${said}`);
  const box = await tip.boundingBox();
  expect(box && box.x >= 0 && box.y >= 0 && box.x + box.width <= 1280, "the words are not in sight");
  await page.mouse.move(2, 2);
  expect(await isHidden(page, "#tip"), "the words stay when the pointer leaves");
});

await part("the wall", { viewport: WALL }, async (page, expect) => {
  await page.click(".to-wall");
  expect(page.url().endsWith("#wall"), `the button leads to ${page.url()}`);
  expect(await isHidden(page, ".to-wall"), "the button does not lead to the wall");
  expect((await overflow(page)) <= 0, `the page is ${await overflow(page)} pixels too wide`);
  const pale = await paleTexts(page, TEXTS);
  expect(pale.length === 0, `these are hard to read: ${pale}`);
  const found = await page.evaluate(() => {
    const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
    const small = new Set();
    while (texts.nextNode()) {
      const { parentElement: element, textContent } = texts.currentNode;
      const scale = element.getScreenCTM?.().a ?? 1;
      const size = scale * parseFloat(getComputedStyle(element).fontSize);
      if (textContent.trim() && element.getClientRects().length > 0 && size < 24) small.add(`${size}: ${textContent.trim()}`);
    }
    const top = (what) => document.querySelector(what).getBoundingClientRect().top;
    return {
      small: [...small],
      tops: ["#times", "#diagrams", "table.results", ".facts"].map(top),
      width: document.querySelector("#times").getBoundingClientRect().width,
      rows: [...document.querySelectorAll(".lanes")].filter((it) => it.offsetParent).map((it) => it.querySelectorAll(".names span").length),
    };
  });
  expect(found.small.length === 0, `these letters are smaller than 24 pixels: ${found.small}`);
  expect(String(found.tops) === String([...found.tops].sort((one, other) => one - other)), `the charts are not first: ${found.tops}`);
  expect(found.width > 1800, `the charts are only ${found.width} pixels wide`);
  expect(Math.max(...found.rows) <= 11, `a diagram has ${Math.max(...found.rows)} rows`);
  // A band can be unfolded.
  const folded = page.locator("article.folds").first();
  const names = await folded.locator(".folded .names").textContent();
  expect(/\d\d (threads|tasks|processes)/.test(names), `a band is called ${names}`);
  expect(await folded.locator(".whole").isHidden(), "the lanes are shown beside their band");
  await folded.locator(".unfold").click();
  expect(await folded.locator(".folded").isHidden(), "the band stays when it is unfolded");
  expect(await folded.locator(".whole").isVisible(), "unfolding shows no lanes");
  // It plays.
  const { longest } = await player(page);
  await page.fill("#moment", String(Math.round(longest / 2)));
  expect(allAt(await player(page), 0.5), "the cursors are not in the middle");
});

await part("choosing lessons", { viewport: WALL, hash: "#wall" }, async (page, expect) => {
  const parts = async () => [await visible(page, ".bar-row[data-of]").count(), await visible(page, "article.run").count()];
  await page.locator("#ticks details").evaluate((details) => (details.open = true));
  const all = await parts();
  const tick = page.locator("#ticks input").nth(1);
  const lesson = await tick.getAttribute("value");
  const its = visible(page, `[data-of="${lesson}"]`);
  expect((await its.count()) >= 3, `${lesson} has no row, bar or diagram`);
  await tick.uncheck();
  expect((await its.count()) === 0, `${lesson} is shown without its tick`);
  const fewer = await parts();
  expect(fewer.every((count, at) => count > 0 && count < all[at]), `of ${all} parts ${fewer} are left`);
  await page.click(".to-page");
  expect((await its.count()) >= 3, `${lesson} is missing on the page`);
  expect(await isHidden(page, "#ticks"), "the page has ticks that do nothing");
  await page.click(".to-wall");
  expect(String(await parts()) === String(fewer), "the choice is lost between the page and the wall");
  await page.click("#ticks button[value='']");
  expect(String(await parts()) === "0,0", "none leaves some");
  await page.click("#ticks button[value=all]");
  expect(String(await parts()) === String(all), "all does not bring all back");
});

await part("the wall without JavaScript", { javaScriptEnabled: false, viewport: WALL }, async (page, expect) => {
  await page.click(".to-wall");
  expect(await isHidden(page, ".to-wall"), "the button does not lead to the wall");
  expect(await isHidden(page, "#ticks"), "ticks are shown that do nothing");
  const folded = page.locator("article.folds").first();
  await folded.locator(".unfold").click();
  expect(await folded.locator(".whole").isVisible(), "unfolding shows no lanes");
  await page.click(".to-page");
  expect(await isHidden(page, ".to-page"), "the way back does not work");
});

// Each colour and each form in the diagrams is in the legend, in the same colour.
for (const colorScheme of ["light", "dark"]) {
  await part(`the legend, ${colorScheme}`, { colorScheme, viewport: WALL, hash: "#wall" }, async (page, expect) => {
    const { classes, missing } = await page.evaluate(() => {
      const colours = {};
      for (const mark of document.querySelectorAll(".plot rect:not(.slice), .plot path")) {
        const { fill, opacity } = getComputedStyle(mark);
        for (const group of ["band", "other", "failed"].filter((name) => mark.parentElement.classList.contains(name))) {
          (colours[group] ??= new Set()).add(group === "other" ? opacity : fill);
        }
        if (!mark.closest(".band")) (colours[mark.classList[0]] ??= new Set()).add(fill);
      }
      const missing = [];
      for (const [name, its] of Object.entries(colours)) {
        const key = document.querySelector(`.legend .key.${name}`);
        const style = key?.offsetParent && getComputedStyle(key);
        // The outline of a failed item is in its key; its fill is that of another.
        const drawn = style && [style.backgroundColor, style.borderTopColor, style.backgroundImage, style.opacity].join(" ");
        for (const colour of name === "failed" ? [""] : its) {
          if (!drawn?.includes(colour)) missing.push(`${name} in ${colour}`);
        }
      }
      return { classes: Object.keys(colours), missing };
    });
    expect(classes.includes("working") && classes.includes("waiting") && classes.includes("band"), `only ${classes} occur`);
    expect(missing.length === 0, `the legend lacks ${missing}`);
  });
}

await part("printing", { colorScheme: "dark", viewport: { width: 718, height: 1000 } }, async (page, expect) => {
  const { longest } = await player(page);
  await page.fill("#moment", String(Math.round(longest / 3)));
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const shown = await page.evaluate(() => {
    const style = (what) => [...document.querySelectorAll(what)].map((it) => getComputedStyle(it));
    return {
      covers: style(".future").filter((it) => it.display !== "none").length,
      paper: style("body")[0].backgroundColor,
      exact: style(".plot").every((it) => it.printColorAdjust === "exact"),
      whole: style(".run, .chart, .curves, caption, figcaption").every((it) => it.breakInside === "avoid"),
      cut: [...document.querySelectorAll("th, td, caption, figcaption, .names span, .bar-name, .bar-value")]
        .filter((it) => it.scrollWidth > it.clientWidth + 1 && it.offsetParent)
        .map((it) => it.textContent.trim()),
    };
  });
  expect(await isHidden(page, "#controls"), "controls are printed");
  expect(shown.covers === 0, `${shown.covers} diagrams are half covered`);
  expect(shown.paper === "rgb(255, 255, 255)", `the paper is ${shown.paper}`);
  expect(shown.exact, "the browser may leave out colours");
  expect(shown.whole, "a diagram or a caption may be cut by the end of a page");
  expect(shown.cut.length === 0, `these have no room: ${shown.cut}`);
  expect(await isHidden(page, ".to-wall"), "the button for the wall is printed");
  expect((await overflow(page)) <= 0, `the page is ${await overflow(page)} pixels too wide for A4`);
});

await conclude(browser, path);
