// Shared by the checks in a browser: a Chromium, and a list of problems in sentences.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const problems = [];

/** Notes a sentence when something does not hold. */
export const expect = (holds, sentence) => {
  if (!holds) problems.push(sentence);
};

/** Ends the program for a mistake in how it was called. */
export const usage = (sentence) => {
  console.error(sentence);
  process.exit(2);
};

/** Starts the browser. */
export const launch = () => {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    usage(`There is no ${executablePath}: set CHROMIUM to the path of a Chromium.`);
  }
  return chromium.launch({
    executablePath,
    args: [
      "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
      "--disable-background-networking", "--disable-component-update", "--disable-sync",
    ],
  });
};

/** Whatever is done with a page, it must not complain, nor load what `isOwn` does not know. */
export const watch = (page, name, isOwn) => {
  page.setDefaultTimeout(10_000);
  page.on("console", (message) => {
    const bad = ["error", "warning"].includes(message.type());
    expect(!bad, `${name()}: the console has this ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => expect(false, `${name()}: the script failed: ${error.message}`));
  page.on("request", (request) => {
    const own = request.url().startsWith("data:") || isOwn(request.url());
    expect(own, `${name()}: the page asks for ${request.url()}`);
  });
};

/** How many pixels a page is too wide. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** The texts among `what` with less contrast to what is behind them than 4.5 to 1, which is what WCAG asks for. */
export const paleTexts = (page, what) =>
  page.evaluate((what) => {
    const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
    const luminance = (colour) => {
      const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      const [red, green, blue] = parts(colour).map((part) => linear(part / 255));
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const isClear = (colour) => parts(colour)[3] === 0;
    const behind = (element) => {
      for (let it = element; it; it = it.parentElement) {
        const { backgroundColor } = getComputedStyle(it);
        if (!isClear(backgroundColor)) return backgroundColor;
      }
      return "rgb(255, 255, 255)";
    };
    const pale = [...document.querySelectorAll(what)].filter((text) => {
      if (text.textContent.trim() === "") return false;
      const [ink, paper] = [luminance(getComputedStyle(text).color), luminance(behind(text))];
      return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05) < 4.5;
    });
    return [...new Set(pale.map((text) => `${text.localName} "${text.textContent.trim().slice(0, 30)}"`))];
  }, what);

/** Says what is wrong, or that nothing is, and ends with the right status. */
export const conclude = async (browser, path) => {
  await browser.close();
  if (problems.length > 0) {
    console.error(problems.map((problem) => `FAILED  ${problem}`).join("\n"));
    process.exit(1);
  }
  console.log(`${path}: fine in the browser`);
};
