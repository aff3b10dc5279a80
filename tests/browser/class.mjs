// Opens the class's board and the practice site's page in Chromium and lists their problems in sentences:
//   node class.mjs                      with a site inside this program, which sends states as a test needs them
//   node class.mjs SITE KEY FILE        the board of a running class, with its instructor's key, and a board made from files
// SCREENSHOTS=DIR keeps a picture of each part. The lessons here have names of their own.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { conclude, expect, launch, overflow, paleTexts, usage, watch } from "./chromium.mjs";

const [running, itsKey, itsFile] = process.argv.slice(2);
if (running && (!itsKey || !itsFile || !existsSync(itsFile))) usage("usage: node class.mjs [SITE KEY FILE.html]");
const pictures = process.env.SCREENSHOTS;
if (pictures) mkdirSync(pictures, { recursive: true });
const source = (path) => readFileSync(fileURLToPath(new URL(`../../crates/${path}`, import.meta.url)), "utf8");
const fill = (page, values) => Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`{{${name}}}`, () => value), page);
const forHtml = (state) => JSON.stringify(state).replaceAll("<", "\\u003c");

// --- States ---

const KEY = "a-key-of-the-test";
const LESSONS = ["one_by_one_downloader", "sample_downloader", "another_downloader", "one_by_one_cpu", "sample_cpu"];
const HOSTILE = '<img src=x onerror="window.hit=1">{{state}}</script><script>window.hit=1</script>';
// The same numbers in each run of the test.
const random = (seed) => () => {
  seed = (seed * 48271) % 2147483647;
  return seed / 2147483647;
};
const COLOURS = ["blue", "green", "amber", "silver", "violet", "crimson", "turquoise", "golden"];
const ANIMALS = ["otter", "heron", "lynx", "badger", "falcon", "hedgehog", "tortoise", "swan", "beaver", "robin", "marten", "owl"];
const students = (count, light = () => "done") =>
  Array.from({ length: count }, (_, index) => ({
    name: `${COLOURS[index % 8]} ${ANIMALS[(index * 5 + Math.floor(index / 24)) % 12]}${index < 24 ? "" : ` ${Math.floor(index / 24) + 1}`}`,
    light: light(index), cores: [8, 4, 12, 8, 2, 16, 10, 6, 24, 8][index % 10], guessed: index % 2 === 0,
  }));
const rowOf = (options, indices, typical, next, hasTimes = true) => {
  const runs = indices.map((student) => {
    const seconds = Number((typical * (0.8 + 0.9 * next() ** 2)).toFixed(3));
    return { student, seconds, times: hasTimes && student % 7 !== 3 ? Number((9.1 / seconds).toFixed(2)) : null };
  });
  const guesses = indices.filter((student) => student % 2 === 0).map((student) => ({ student, seconds: [2, 1, 5, 0.5, 2, 10, 3, 2][student % 8] }));
  const sorted = runs.map((run) => run.seconds).sort((one, other) => one - other);
  return { options, guesses, runs, median: sorted[Math.floor(sorted.length / 2)] ?? null };
};
const upTo = (count) => Array.from({ length: count }, (_, index) => index);
const EMPTY = {
  lesson: null, lessons: LESSONS, kind: null, hidden: false, guessed: 0, present: 0, students: [], rows: [], more_rows: 0, speedups: [],
  join: ["http://192.168.1.5:8000"],
};
const during = (count = 30, hasTimes = false) => {
  const next = random(count);
  const lights = ["done", "done", "running", "done", "done", "joined", "done", "done", "failed", "done", "running", "silent"];
  const who = students(count, (index) => lights[index % lights.length]);
  const rows = [
    rowOf("", upTo(count).filter((it) => it % 6 !== 5), 1.62, next, hasTimes),
    rowOf("--workers 20", upTo(count).filter((it) => it % 3 === 0), 0.52, next, hasTimes),
    rowOf("--workers 1", upTo(count).filter((it) => it % 5 === 0), 8.4, next, hasTimes),
    rowOf("--workers 160 --latency 50", upTo(count).filter((it) => it % 8 === 0), 0.13, next, hasTimes),
  ];
  const guessed = who.filter((it) => it.guessed).length;
  return { ...EMPTY, lesson: "sample_downloader", kind: "page", guessed, present: count - 2, students: who, rows, more_rows: 2 };
};
const after = (count = 30) => {
  const next = random(7);
  const state = during(count, true);
  const speedups = ["sample_cpu", "another_cpu"].flatMap((program, at) =>
    state.students.flatMap(({ cores }, student) => (student % 3 === 2 ? [] : [
      { student, program, cores, times: Number((at === 0 ? cores * (0.45 + 0.45 * next()) : 0.9 + 0.2 * next()).toFixed(2)) },
    ])),
  );
  return { ...state, rows: state.rows.slice(0, 2), more_rows: 0, speedups };
};
const hidden = () => ({ ...during(), hidden: true, guessed: 12, present: 28, rows: [] });
const crowd = () => {
  const state = { ...during(200, true), more_rows: 0 };
  return { ...state, rows: state.rows.slice(0, 2) };
};
// As much as a board can hold, and all with the same guess.
const full = () => {
  const next = random(200);
  const rows = ["", "--workers 20", "--workers 1", "--workers 160"].map((options) => rowOf(options, upTo(200), 1.5, next));
  for (const row of rows) row.guesses = upTo(200).map((student) => ({ student, seconds: 2 }));
  return { ...during(200, true), rows };
};
const hostile = () => {
  const who = students(3);
  who[1].name = HOSTILE;
  who[2].name = "a".repeat(300);
  const rows = [
    { options: HOSTILE, guesses: [{ student: 1, seconds: 1e12 }], runs: [{ student: 1, seconds: 1e-9, times: 1e300 }, { student: 0, seconds: 2, times: 3 }], median: 2 },
    { options: "b".repeat(300), guesses: [], runs: [{ student: 2, seconds: 2, times: null }, { student: 999, seconds: 1, times: -1 }], median: 2 },
    { options: "__proto__", guesses: [{ student: 0, seconds: 0 }], runs: [{ student: 0, seconds: 3, times: 2 }], median: 3 },
  ];
  const speedups = [
    { student: 1, program: HOSTILE, cores: 8, times: 3 }, { student: 2, program: "__proto__", cores: 1e9, times: 1e9 },
    { student: 0, program: "constructor", cores: 0, times: -1 },
  ];
  return { ...EMPTY, lesson: HOSTILE, lessons: [...LESSONS, HOSTILE], guessed: 1, present: 3, students: who, rows, speedups };
};

// --- A site that sends them ---

const site = { state: EMPTY, orders: [], streams: new Set(), isUp: true, record: { connections: 12, requests: 320, in_flight: 7, peak_in_flight: 160 } };
const send = (state) => {
  site.state = state;
  for (const stream of site.streams) stream.write(`data: ${JSON.stringify(state)}\n\n`);
};
const serve = (request, response) => {
  const html = (page, values) => {
    const nonce = Math.random().toString(36).slice(2);
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.setHeader("Content-Security-Policy", `default-src 'none'; connect-src 'self'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'`);
    response.end(fill(page, { ...values, nonce }));
  };
  const { pathname } = new URL(request.url, "http://localhost");
  if (!site.isUp) return response.socket.destroy();
  if (pathname === "/class") return html(source("class/src/class.html"), { state: "null" });
  if (pathname === "/") {
    const line = "cargo run -p sample_downloader -- --site http://127.0.0.1:8000";
    return html(source("support/practice_site/src/home.html"), { latency: "50", try: line, class: '<p><a href="/class">The class\'s board</a></p>' });
  }
  if (pathname === "/record") {
    response.setHeader("Content-Type", "application/json");
    return response.end(JSON.stringify(site.record));
  }
  if (pathname === "/class/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
    site.streams.add(response);
    response.on("close", () => site.streams.delete(response));
    return response.write(`retry: 300\ndata: ${JSON.stringify(site.state)}\n\n`);
  }
  if (pathname === "/class/control" && request.method === "POST") {
    let body = "";
    request.on("data", (part) => (body += part));
    return request.on("end", () => {
      const isAllowed = request.headers["x-class-key"] === KEY && request.headers["content-type"] === "application/json";
      if (isAllowed) site.orders.push(body);
      response.writeHead(isAllowed ? 204 : 403).end();
    });
  }
  return response.writeHead(404).end();
};
const server = createServer(serve);
if (!running) await new Promise((done) => server.listen(0, "127.0.0.1", done));
const base = running ? running.replace(/\/$/, "") : `http://127.0.0.1:${server.address().port}`;
const key = running ? itsKey : KEY;

const folder = mkdtempSync(join(tmpdir(), "class-"));
const offline = (name, state) => {
  const path = join(folder, `${name}.html`);
  writeFileSync(path, fill(source("class/src/class.html"), { nonce: "none", state: forHtml(state) }));
  return path;
};

// --- The parts of the test ---

const browser = await launch();
const TEXTS = "h1, h2, p, li, span, b, code, button, select, th, td, caption, label";
const FULL = { width: 1920, height: 1080 };
const PHONE = { width: 390, height: 844 };

// One part on a fresh page, which must complain of nothing and ask only its own site. Chromium reports each answer that is
// an error and each broken connection to the console; a part that causes them says so (`isBroken`).
const part = async (name, { address = `${base}/class`, state, isBroken = false, ...options }, test) => {
  if (state) send(state);
  const context = await browser.newContext({ viewport: FULL, ...options });
  const page = await context.newPage();
  const isOwn = (url) => (address.startsWith("file:") ? url === address.split("#")[0] : url.startsWith(`${base}/`));
  if (isBroken) {
    page.setDefaultTimeout(10_000);
    page.on("pageerror", (error) => expect(false, `${name}: the script failed: ${error.message}`));
    page.on("request", (request) => expect(isOwn(request.url()), `${name}: the page asks for ${request.url()}`));
  } else watch(page, () => name, isOwn);
  await page.addInitScript(() => {
    window.violations = [];
    addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  try {
    await page.goto(address, { waitUntil: "load" });
    if (options.javaScriptEnabled !== false && /class|file:/.test(address)) await page.waitForSelector("#board:visible");
    await settled(page);
    await test(page, (holds, sentence) => expect(holds, `${name}: ${sentence}`));
    const { violations, hit } = await page.evaluate(() => ({ violations: window.violations ?? [], hit: window.hit }));
    expect(violations.length === 0, `${name}: the policy forbids what the page does: ${violations}`);
    expect(hit === undefined, `${name}: a text of a student's was executed`);
    if (pictures) await page.screenshot({ path: join(pictures, `${name.replaceAll(/[^a-z0-9]+/gi, "-")}.png`) });
  } catch (error) {
    expect(false, `${name}: ${error.message.split("\n")[0]}`);
  }
  await context.close();
};
/** Waits until what was sent is drawn, and nothing moves any more. */
const settled = (page) => page.waitForTimeout(500);
const update = async (page, state) => {
  send(state);
  await settled(page);
};
const isVisible = (page, what) => page.locator(what).first().isVisible();
const marks = (page, what = ".mark") => page.locator(`#chart ${what}`).count();

/** Visible texts that are smaller than this. */
const smallTexts = (page, least) =>
  page.evaluate((least) => {
    const small = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const parent = walker.currentNode.parentElement;
      const text = walker.currentNode.textContent.trim();
      if (text === "" || parent.closest("script, noscript, .unseen") || !parent.checkVisibility()) continue;
      const svg = parent.closest("svg");
      const drawn = svg?.viewBox.baseVal.width ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
      const size = parseFloat(getComputedStyle(parent).fontSize) * drawn;
      if (size < least - 0.01) small.push(`"${text.slice(0, 30)}" (${size} px)`);
    }
    return small;
  }, least);
const scrolls = (page) => page.evaluate(() => document.documentElement.scrollHeight - innerHeight);
/** Marks and texts that stand out of the chart or the page, and texts over each other. */
const badTexts = (page) =>
  page.evaluate(() => {
    const chart = document.getElementById("chart")?.getBoundingClientRect();
    const isIn = ({ top, bottom }) => top >= chart.top - 1 && bottom <= chart.bottom + 1;
    const out = [...document.querySelectorAll("#chart .mark, #chart text")].filter((it) => it.checkVisibility() && !isIn(it.getBoundingClientRect()));
    const texts = [...document.querySelectorAll("#chart text, .label > b, .label > span, #lesson, #count, .lines p, .legend li, #names li, button")];
    const boxes = texts.filter((text) => text.checkVisibility() && text.textContent !== "").map((text) => [text.textContent, text.getBoundingClientRect()]);
    const bad = out.map((it) => `${it.textContent || it.getAttribute("class")} leaves the chart`);
    bad.push(...boxes.filter(([, box]) => box.left < 0 || box.right > innerWidth + 0.5).map(([text]) => `"${text}" leaves the page`));
    boxes.forEach(([text, box], index) => {
      for (const [other, its] of boxes.slice(index + 1)) {
        const [wide, high] = [Math.min(box.right, its.right) - Math.max(box.left, its.left), Math.min(box.bottom, its.bottom) - Math.max(box.top, its.top)];
        if (wide > 1 && high > 4) bad.push(`"${text.slice(0, 40)}" and "${other.slice(0, 40)}" overlap`);
      }
    });
    return bad;
  });
const fits = async (page, expect) => {
  const small = await smallTexts(page, 24);
  expect(small.length === 0, `these are too small for the last row: ${small.slice(0, 5)}`);
  expect((await scrolls(page)) <= 0, `the page is ${await scrolls(page)} pixels too high`);
  expect((await overflow(page)) <= 0, `the page is ${await overflow(page)} pixels too wide`);
  const bad = await badTexts(page);
  expect(bad.length === 0, `texts in the way: ${bad.slice(0, 5)}`);
};

/** What holds for any state of any class. */
const looks = async (prefix, settings) => {
  for (const colorScheme of ["light", "dark"]) {
    await part(`${prefix} ${colorScheme}`, { colorScheme, ...settings }, async (page, expect) => {
      await fits(page, expect);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      expect(Number(paper.match(/\d+/)[0]) > 127 === (colorScheme === "light"), `its background is ${paper}`);
      const pale = await paleTexts(page, TEXTS);
      expect(pale.length === 0, `these are hard to read: ${pale}`);
    });
  }
  await part(`${prefix} on a phone`, { viewport: PHONE, hasTouch: true, isMobile: true, ...settings }, async (page, expect) => {
    const small = await smallTexts(page, 16);
    expect(small.length === 0, `these are too small: ${small.slice(0, 5)}`);
    expect((await overflow(page)) <= 0, `the page is ${await overflow(page)} pixels too wide`);
    const bad = await badTexts(page);
    expect(bad.length === 0, `texts in the way: ${bad.slice(0, 5)}`);
    if (pictures) await page.screenshot({ fullPage: true, path: join(pictures, `${prefix.replaceAll(" ", "-")}-on-a-phone-whole.png`) });
  });
};

const withKey = { address: `${base}/class#key=${key}` };
const buttonsOf = async (page, expect) => {
  await page.waitForSelector("#buttons:visible");
  expect(!page.url().includes(key) && !page.url().includes("#"), `the key stays in the address: ${page.url()}`);
  const inPage = await page.evaluate(() => document.documentElement.outerHTML);
  expect(!inPage.includes(key), "the key stands in the page");
  await page.reload();
  await page.waitForSelector("#board:visible"); // the state has come
  expect(await isVisible(page, "#buttons"), "the buttons do not outlive a reload");
};
const withWrongKey = () =>
  part("a wrong key", { address: `${base}/class#key=wrong`, isBroken: true }, async (page, expect) => {
    await page.click("#hide");
    await page.waitForSelector("#told:visible");
    expect((await page.textContent("#told")).startsWith("The key is not this class's."), "it does not say what is wrong");
    if (pictures) await page.screenshot({ path: join(pictures, "refused.png") });
    expect(!(await isVisible(page, "#buttons")), "the buttons stay");
    expect((await page.evaluate(() => document.activeElement.id)) === "told", "the focus is lost");
    await page.reload();
    await page.waitForSelector("#board:visible");
    expect(!(await isVisible(page, "#buttons")), "the wrong key comes back");
  });
const withoutJavaScript = (name, address, word) =>
  part(name, { address, javaScriptEnabled: false }, async (page, expect) => {
    expect((await page.innerText("body")).includes(word), "it does not say what it needs");
  });
const asFile = async (name, path, test) => {
  const address = pathToFileURL(resolve(path)).href;
  await part(name, { address }, async (page, expect) => {
    await fits(page, expect);
    expect((await page.innerText("footer")).includes("Made from files"), "it does not say where it comes from");
    expect(!(await isVisible(page, "#buttons")) && !(await isVisible(page, "#joining")), "it has buttons of a running class");
    await test(page, expect);
  });
  await part(`${name} with a key`, { address: `${address}#key=${key}` }, async (page, expect) => {
    expect(!(await isVisible(page, "#buttons")), "it has buttons");
  });
};

if (running) {
  const answer = await fetch(`${base}/class`);
  const policy = answer.headers.get("content-security-policy") ?? "";
  expect(policy.includes("default-src 'none'") && policy.includes("script-src 'nonce-"), `the policy of the board is "${policy}"`);
  const text = await answer.text();
  expect(!text.includes("{{"), "the board has a place that nobody filled");
  await looks("the board", {});
  await withoutJavaScript("the board without JavaScript", `${base}/class`, "JavaScript");
  await part("the instructor's buttons", withKey, async (page, expect) => {
    await buttonsOf(page, expect);
    const lesson = () => page.inputValue("#choose");
    const before = await lesson();
    await page.click("#next");
    await page.waitForFunction((before) => document.getElementById("choose").value !== before, before);
    // Nobody has guessed for this lesson yet.
    await page.click("#hide");
    await page.waitForFunction(() => document.getElementById("hide").textContent === "Show results");
    expect(!(await isVisible(page, "#results")), "results are shown while they are hidden");
    await page.click("#hide");
    await page.waitForFunction(() => document.getElementById("hide").textContent !== "Show results");
    await page.click("#previous");
    await page.waitForFunction((before) => document.getElementById("choose").value === before || before === "", before);
  });
  await withWrongKey();
  await asFile("the board from files", itsFile, async () => {});
} else {
  const states = { "before anybody joined": EMPTY, "some joined": { ...EMPTY, students: students(5, () => "joined"), present: 5, join: [...EMPTY.join, "http://10.20.30.40:8000"] },
    "no runs yet": { ...during(), rows: [], guessed: 0, students: students(30, () => "joined") },
    during: during(), hidden: hidden(), after: after(), "a crowd": crowd(), "a full board": full(), hostile: hostile() };
  for (const [name, state] of Object.entries(states)) await looks(name, { state });
  await withoutJavaScript("the board without JavaScript", `${base}/class`, "JavaScript");

  await part("a smaller projector", { state: during(), viewport: { width: 1280, height: 720 } }, async (page, expect) => {
    expect((await scrolls(page)) <= 0 && (await overflow(page)) <= 0, "the page is too large");
  });
  await part("joining", { state: EMPTY }, async (page, expect) => {
    const size = await page.$eval(".command code", (code) => parseFloat(getComputedStyle(code).fontSize));
    expect(size > 48, `the line to join is only ${size} pixels high`);
    expect((await page.innerText("#addresses")) === `cargo run -p class -- join ${EMPTY.join[0]}`, "the line to join is another");
  });
  await part("results", { state: during() }, async (page, expect) => {
    const { rows } = during();
    const count = (what) => rows.reduce((sum, row) => sum + row[what].length, 0);
    expect((await marks(page, ".mark:not(.guess)")) === count("runs"), `${await marks(page, ".mark:not(.guess)")} dots for ${count("runs")} runs`);
    expect((await marks(page, ".guess")) === count("guesses"), `${await marks(page, ".guess")} marks for ${count("guesses")} guesses`);
    const text = await page.locator("#chart").evaluate((chart) => chart.textContent);
    for (const row of rows) expect(text.includes(`median ${Number(row.median.toPrecision(3))} s`), `the median ${row.median} is missing`);
    expect(text.includes("as it is") && text.includes("--workers 20"), "a row has no label");
    const overlaps = await page.evaluate(() => {
      const dots = [...document.querySelectorAll("#chart .mark")].map((it) => it.getBoundingClientRect()).map((box) => [box.x + box.width / 2, box.y + box.height / 2, box.width / 2]);
      return dots.filter(([x, y, r], at) => dots.some(([u, v, s], other) => other > at && Math.hypot(x - u, y - v) < (r + s) * 0.8)).length;
    });
    expect(overlaps === 0, `${overlaps} marks cover others`);
    await page.focus("#chart");
    await page.keyboard.press("Home");
    const first = await page.innerText("#tip");
    expect(/^\w+ \w+.*cores · .* s · /.test(first), `the first mark says "${first}"`);
    // A dot is where the axis has its seconds. (A guess may step aside for others.)
    const axis = await page.evaluate(() => [...document.querySelectorAll("#chart text.pale")].map((it) => [Number(it.textContent), Number(it.getAttribute("x"))]).filter(([tick]) => tick > 0));
    const [[low, from], [high, to]] = [axis[0], axis.at(-1)];
    const seen = new Set();
    for (let step = 0; step < 40; step += 1) {
      const mark = page.locator("#chart .mark.at");
      const [, words] = [await page.keyboard.press("ArrowRight"), await page.innerText("#tip")];
      if ((await mark.getAttribute("class")).includes("guess")) continue;
      const place = await mark.evaluate((it) => new DOMMatrix(it.style.transform).e);
      const said = Number(words.match(/ · ([\d.]+) s · /)[1]);
      const due = from + (Math.log(said / low) / Math.log(high / low)) * (to - from);
      expect(Math.abs(place - due) < 3, `a dot of ${said} s is ${place - due} pixels beside its place`);
      seen.add(words);
    }
    expect(seen.size >= 20, `the right arrow key leads to ${seen.size} dots`);
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    expect((await page.innerText("#tip")).includes("--workers 20"), "the down arrow key does not lead to the next row");
    await page.keyboard.press("Escape");
    expect(!(await isVisible(page, "#tip")), "Escape does not hide the words");
    const dot = await page.locator("#chart .mark").nth(4).boundingBox();
    await page.mouse.move(dot.x + dot.width / 2, dot.y + dot.height / 2);
    expect(await isVisible(page, "#tip"), "a dot says nothing");
    if (pictures) await page.screenshot({ path: join(pictures, "pointing.png") });
    await page.click("#numbers");
    await settled(page);
    const lines = await page.locator("#table tbody tr").count();
    expect(lines === rows.reduce((sum, row) => sum + new Set([...row.runs, ...row.guesses].map((it) => it.student)).size, 0), `the table has ${lines} lines`);
    expect((await scrolls(page)) <= 0, "the table makes the page scroll");
  });
  await part("views", { state: during() }, async (page, expect) => {
    const names = () => page.locator("[data-view]:visible").allInnerTexts();
    expect(String(await names()) === "", `without times there are the views ${await names()}`);
    await update(page, after());
    expect((await names()).length === 3, `with all numbers there are the views ${await names()}`);
    await page.click("text=Times own sync");
    await settled(page);
    const known = after().rows.flatMap((row) => row.runs).filter((run) => run.times !== null).length;
    expect((await marks(page)) === known, `${await marks(page)} dots for ${known} runs with times`);
    await fits(page, expect);
    if (pictures) await page.screenshot({ path: join(pictures, "after-times.png") });
    await page.click("text=Speed-up over cores");
    await settled(page);
    expect((await marks(page)) === after().speedups.length, `${await marks(page)} marks for ${after().speedups.length} speed-ups`);
    expect((await page.locator("#chart").evaluate((it) => it.textContent)).includes("all cores used"), "the line has no name");
    await fits(page, expect);
    // A state without speed-ups shows seconds, and the chosen view comes back with them.
    await update(page, during());
    expect((await page.getAttribute("[data-view=seconds]", "aria-pressed")) === "true", "no view is left");
    await update(page, after());
    expect((await page.getAttribute("[data-view=cores]", "aria-pressed")) === "true", "the chosen view does not come back");
  });
  await part("hidden results", { state: during() }, async (page, expect) => {
    await page.focus("#chart");
    await page.keyboard.press("Home");
    await update(page, hidden());
    const text = await page.evaluate(() => document.getElementById("board").textContent + document.getElementById("tip").textContent);
    expect((await marks(page)) === 0, "the results stay in the page");
    expect(text.includes("12 of 28"), "it does not count the guesses");
    expect(!(await isVisible(page, "#chart")) && !(await isVisible(page, "#tip")), "a result is shown");
    expect(!/\d s\b|median/.test(text), `there is a time: ${text.match(/.{0,20}(\d s\b|median).{0,20}/)?.[0]}`);
    const size = await page.$eval("#guessed", (it) => parseFloat(getComputedStyle(it).fontSize));
    expect(size > 150, `the count is only ${size} pixels high`);
    await update(page, during());
    expect(await isVisible(page, "#chart"), "the results do not come back");
  });
  await part("hostile texts", { state: hostile() }, async (page, expect) => {
    expect((await page.innerText("#lesson")) === HOSTILE, "the lesson's name is another");
    for (const name of ["Seconds", "Times own sync", "Speed-up over cores"]) {
      await page.click(`text="${name}"`);
      await settled(page);
      const legend = await page.locator("#results").evaluate((it) => it.textContent);
      expect(legend.includes(HOSTILE), `the text is not shown under "${name}"`);
      await page.focus("#chart");
      await page.keyboard.press("Home");
      await page.click("#numbers");
      await settled(page);
      expect((await page.innerText("#table")).includes(HOSTILE), `the text is not in the table of "${name}"`);
      await page.click("#numbers");
    }
    expect((await page.locator("img, #board script, iframe, #board a").count()) === 0, "a text became an element");
    expect((await overflow(page)) <= 0, "a long text makes the page too wide");
  });
  await part("updates in place", { state: after(), ...withKey }, async (page, expect) => {
    const boxes = () => page.evaluate(() => JSON.stringify([...document.querySelectorAll("h1, button, select, #chart, #names li, .label")].map((it) => {
      const { x, y, width, height } = it.getBoundingClientRect();
      return [x, y, width, height].map(Math.round);
    })));
    await page.click("text=Times own sync");
    await settled(page);
    await page.evaluate(() => document.querySelectorAll("#chart .mark, #names li, button").forEach((it) => (it.isOld = true)));
    const before = await boxes();
    const changed = after();
    changed.rows[0].runs[3].times = 3;
    changed.rows[1].runs.push(...changed.rows[0].runs.filter((run) => run.student % 3 === 1)); // so that it has more than the first
    changed.rows.reverse();
    changed.students[0].light = "failed";
    await update(page, changed);
    expect((await boxes()) === before, "something moved or grew");
    const isKept = await page.evaluate(() => document.activeElement.dataset.view === "times" && document.activeElement.getAttribute("aria-pressed") === "true");
    expect(isKept, "the focus or the view is lost");
    const old = await page.evaluate(() => [...document.querySelectorAll("#chart .mark")].filter((it) => it.isOld).length);
    const count = after().rows.flatMap((row) => row.runs).filter((run) => run.times !== null).length;
    expect(old === count, `${old} of ${count} dots are still the same`);
    expect((await page.getAttribute("#names li svg", "aria-label")) === "failed", "a light does not change");
    await page.focus("#choose");
    await update(page, after());
    expect((await page.evaluate(() => document.activeElement.id)) === "choose", "the focus leaves the list of lessons");
  });
  await part("less motion", { state: after(), reducedMotion: "reduce" }, async (page, expect) => {
    const moves = await page.$eval("#chart .mark", (mark) => getComputedStyle(mark).transitionDuration);
    expect(moves === "0s", `the dots move for ${moves}`);
  });
  await part("no buttons without a key", { state: during() }, async (page, expect) => {
    expect(!(await isVisible(page, "#buttons")), "there are the instructor's buttons");
  });
  await part("the instructor's buttons", { state: during(), ...withKey }, async (page, expect) => {
    await buttonsOf(page, expect);
    await settled(page);
    await fits(page, expect);
    const ordered = async (what) => {
      await page.waitForTimeout(200);
      expect(String(site.orders.splice(0)) === what, `it did not order ${what}`);
    };
    site.orders = [];
    await page.click("#next");
    await ordered('{"do":"lesson","lesson":"another_downloader"}');
    await page.click("#previous");
    await ordered('{"do":"lesson","lesson":"one_by_one_downloader"}');
    await page.selectOption("#choose", "sample_cpu");
    await ordered('{"do":"lesson","lesson":"sample_cpu"}');
    await page.click("#hide");
    await ordered('{"do":"hide","hide":true}');
    await update(page, hidden());
    await page.click("text=Show results");
    await ordered('{"do":"hide","hide":false}');
    await page.click("#reset");
    await ordered("");
    expect((await page.evaluate(() => document.activeElement.id)) === "keep", "the focus is not on the harmless answer");
    await page.keyboard.press("Escape");
    await page.click("#reset");
    await page.click("#keep");
    await ordered("");
    expect((await page.evaluate(() => document.activeElement.id)) === "reset", "the focus does not come back");
    await page.click("#reset");
    await fits(page, expect);
    await page.click("#forget");
    await ordered('{"do":"reset"}');
    await update(page, { ...during(), lesson: LESSONS.at(-1) });
    await page.focus("#next");
    await page.keyboard.press("Enter");
    await ordered("");
  });
  await withWrongKey();
  await part("a lost connection", { state: during(), isBroken: true }, async (page, expect) => {
    const before = await page.locator("#lesson").boundingBox();
    site.isUp = false;
    for (const stream of site.streams) stream.destroy();
    await page.waitForTimeout(1_000);
    expect(!(await isVisible(page, "#lost")), "it complains at once");
    await page.waitForSelector("#lost:visible");
    expect((await page.innerText("#lost")).startsWith("No connection since "), "it does not say so");
    expect((await page.locator("#lesson").boundingBox()).y === before.y, "the page moves");
    expect((await page.innerText("#lesson")) === "sample_downloader", "the last state is gone");
    if (pictures) await page.screenshot({ path: join(pictures, "lost.png") });
    site.isUp = true;
    site.state = { ...during(), lesson: "another_downloader" };
    await page.waitForSelector("#lost", { state: "hidden" });
    await settled(page);
    expect((await page.innerText("#lesson")) === "another_downloader", "it does not catch up");
  });
  await part("printing", { state: during(), colorScheme: "dark" }, async (page, expect) => {
    const sheets = (await page.pdf({ preferCSSPageSize: true })).toString("latin1").match(/\/Type\s*\/Page\b/g).length;
    expect(sheets === 1, `it needs ${sheets} sheets`);
    if (pictures) await page.pdf({ preferCSSPageSize: true, path: join(pictures, "printed.pdf") });
    await page.emulateMedia({ media: "print", colorScheme: "dark" });
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper === "rgb(255, 255, 255)", `the paper is ${paper}`);
    await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
    await page.setViewportSize({ width: 1047, height: 720 });
  });
  await asFile("a file of one lesson", offline("one", { ...after(), join: [] }), async (page, expect) => {
    expect((await marks(page)) > 30, "it has no dots");
  });
  const pages = { sample_downloader: { ...after(), join: [] }, another_downloader: { ...during(), join: [], lesson: "another_downloader" }, [HOSTILE]: { ...hostile(), join: [] } };
  await asFile("a file of several lessons", offline("several", { pages, lessons: [...LESSONS, HOSTILE] }), async (page, expect) => {
    expect((await page.innerText("#lesson")) === "sample_downloader", "it does not begin with the course's first");
    await page.selectOption("#choice select", "another_downloader");
    await settled(page);
    expect((await page.innerText("#lesson")) === "another_downloader", "the list of lessons does nothing");
    await page.selectOption("#choice select", HOSTILE);
    await settled(page);
    expect((await page.innerText("#lesson")) === HOSTILE, "a strange name cannot be chosen");
    await page.selectOption("#choice select", "sample_downloader");
  });

  // The practice site's own page.
  const home = { address: `${base}/` };
  await looks("home", home);
  await withoutJavaScript("home without JavaScript", `${base}/`, "JavaScript");
  await part("home with numbers", { ...home, isBroken: true }, async (page, expect) => {
    expect((await page.innerText("#in_flight")) === "7" && (await page.innerText("#peak_in_flight")) === "160", "its numbers are others");
    expect((await page.innerText("body")).includes("50 ms"), "it does not say how long an answer takes");
    expect(await isVisible(page, 'a[href="/class"]'), "it has no link to the board");
    for (const [in_flight, peak_in_flight] of [[20, 160], [160, 160], [0, 300], [0, 300]]) {
      site.record = { connections: 90, requests: 1234567, in_flight, peak_in_flight };
      await page.waitForTimeout(700);
    }
    expect((await page.innerText("#requests")) === "1,234,567", "the numbers do not follow");
    const heights = await page.locator(".line").getAttribute("d");
    expect(new Set(heights.match(/V[\d.]+/g)).size >= 4, `the curve does not show a peak between two questions: ${heights}`);
    await fits(page, expect);
    if (pictures) await page.screenshot({ path: join(pictures, "home-busy.png") });
    site.isUp = false;
    await page.waitForSelector("#ended:visible");
    expect((await page.innerText("#ended")).startsWith("The site has ended"), "it does not say that the site has ended");
    if (pictures) await page.screenshot({ path: join(pictures, "home-ended.png") });
    site.isUp = true;
    await page.waitForSelector("#ended", { state: "hidden" });
  });
}

for (const stream of site.streams) stream.destroy();
server.close();
server.closeAllConnections();
rmSync(folder, { recursive: true });
await conclude(browser, running ?? "class.html and home.html");
