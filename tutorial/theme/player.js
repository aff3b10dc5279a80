// Pictures of runs that play: a veil over what is still to come moves to the right, in slow motion. Before the first picture of a
// page is seen, its reader guesses. RUNS, in runs.js, knows the pictures. Without this script they are there, and whole.
"use strict";

{
  const SECONDS_TO_WATCH = 8;
  const calm = matchMedia("(prefers-reduced-motion: reduce)");

  const make = (name, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(name), properties);
    element.append(...children);
    return element;
  };
  const many = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

  // A veil over the picture, and what moves it. `ended` is called whenever the run has come to its end.
  const player = (image, run, ended) => {
    const box = image.closest(".checkbox-label");
    const percent = (part, axis) => `${(100 * part) / run.of[axis]}%`;
    const future = make("span", { className: "future" });
    const plot = make("span", { className: "plot" }, future);
    plot.style.inset = `${percent(run.at[1], 1)} auto auto ${percent(run.at[0], 0)}`;
    plot.style.width = percent(run.size[0], 0);
    plot.style.height = percent(run.size[1], 1);
    const film = make("span", { className: "film" });
    image.replaceWith(film);
    // The names of the lanes stay where they are when the picture moves below them.
    const names = make("span", { className: "names" });
    names.style.width = percent(run.at[0], 0);
    names.style.backgroundImage = `url("${image.src}")`;
    names.style.clipPath = `inset(${percent(run.at[1], 1)} 0 ${percent(run.of[1] - run.at[1] - run.size[1], 1)} 0)`;
    names.style.backgroundSize = `${(100 * run.of[0]) / run.at[0]}% 100%`;
    film.append(image, names, plot);

    const play = make("button", { type: "button", className: "play" });
    const moment = make("input", { type: "range", min: 0, max: run.micros, step: Math.ceil(run.micros / 400) });
    moment.ariaLabel = "Moment of the run";
    const output = make("output", { ariaLive: "off" });
    const factor = Math.max(1, Number((SECONDS_TO_WATCH / (run.micros / 1e6)).toPrecision(2)));
    const speed = make("span", { className: "speed" }, factor === 1 ? "as fast as it was" : `${factor} times slower`);
    const controls = make("div", { className: "controls", role: "group", ariaLabel: "Play the run" }, play, moment, output, speed);

    let now = run.micros;
    let playing = false;
    let next = 0;
    const words = () => (run.micros >= 1e6 ? `${(now / 1e6).toFixed(2)} s` : `${(now / 1e3).toFixed(1)} ms`);
    const draw = () => {
      // At the end there is no future, and no line either.
      const isOver = now >= run.micros;
      future.style.transform = `translateX(${isOver ? 101 : (100 * now) / run.micros}%)`;
      output.textContent = words();
      moment.value = now;
      moment.setAttribute("aria-valuetext", words());
      if (isOver) ended();
    };
    // On a narrow screen the picture is wider than its box: the moment stays in sight, and at the end the picture's left side is.
    const follow = () => {
      const edge = (film.offsetWidth * (run.at[0] + (run.size[0] * now) / run.micros)) / run.of[0];
      const seen = edge - box.scrollLeft;
      if (now >= run.micros) box.scrollLeft = 0;
      else if (seen < names.offsetWidth || seen > box.clientWidth - 24) box.scrollLeft = edge - names.offsetWidth - 24;
    };
    const stop = () => {
      playing = false;
      cancelAnimationFrame(next);
      play.classList.remove("playing");
      play.textContent = "Play";
    };
    const start = () => {
      playing = true;
      play.classList.add("playing");
      play.textContent = "Pause";
      if (now >= run.micros) now = 0;
      let last = null;
      let drawn = -Infinity;
      const frame = (time) => {
        // A page that was hidden for a while goes on where it was.
        now = Math.min(run.micros, now + (Math.min(time - (last ?? time), 250) * 1e3) / factor);
        last = time;
        if (now >= run.micros) stop();
        // With less motion, two pictures a second.
        if (!playing || !calm.matches || time - drawn >= 500) {
          drawn = time;
          draw();
          follow();
        }
        if (playing) next = requestAnimationFrame(frame);
      };
      next = requestAnimationFrame(frame);
    };
    play.addEventListener("click", () => (playing ? stop() : start()));
    moment.addEventListener("input", () => {
      stop();
      // The last step of the slider is the end, also where the steps do not come out even.
      const isLast = Number(moment.value) + Number(moment.step) > run.micros;
      now = isLast ? run.micros : Number(moment.value);
      draw();
      follow();
    });
    // A finger that begins on the slider and then scrolls the page leaves the moment as it was.
    let touched = now;
    moment.addEventListener("pointerdown", () => (touched = now));
    moment.addEventListener("pointercancel", () => {
      now = touched;
      draw();
    });
    stop();
    draw();
    return { box, film, plot, controls, play, start };
  };

  // What is asked of a picture, and what is said to a guess. Where the page has said already how many were in flight, the
  // question is another one.
  const question = (image, run) => {
    const isAbove = (it) => it.compareDocumentPosition(image) & Node.DOCUMENT_POSITION_FOLLOWING;
    const outputs = [...document.querySelectorAll("main pre")].filter(isAbove);
    const isKnown = outputs.some((it) => it.textContent.includes(`At most ${run.peak} `));
    const all = many(run.items, run.item);
    if (isKnown) {
      return {
        asks: `how many of ${all} have ended after a third of the time?`,
        says: (guess) => `You said ${guess}; after a third of the time (the dashed line), ${run.third} of ${all} had ended.`,
        mark: make("span", { className: "third" }),
      };
    }
    return {
      asks: `at most how many of ${all} are in flight at once?`,
      says: (guess) => `You said ${guess}; at most ${run.peak} ${run.peak === 1 ? "was" : "were"} in flight.`,
      mark: "",
    };
  };

  const pictures = [...document.querySelectorAll('main .checkbox-label > img[src*="runs/"]')];
  for (const image of pictures) {
    const run = RUNS[image.getAttribute("src").split("/").pop()];
    if (!run) continue; // it has no time axis, or several
    let verdict = "";
    const said = make("p", { className: "said", role: "status" });
    const ended = () => (said.textContent = verdict);
    const { box, film, plot, controls, play, start } = player(image, run, ended);
    const bar = make("div", { className: "player" }, controls, said);
    // The book would turn a page, or search.
    bar.addEventListener("keydown", (event) => event.stopPropagation());
    box.closest("p").before(bar);
    if (image !== pictures[0]) continue;

    const { asks, says, mark } = question(image, run);
    // What it is run with is in the words for those who do not see it.
    const options = image.alt.match(/ -- (--.+?)\.( |$)/)?.[1];
    const field = make("input", { type: "number", min: 0, max: 9999, required: true, inputMode: "numeric" });
    const given = options ? ["with ", make("code", {}, options), ", "] : [];
    const label = make("label", {}, make("strong", {}, "Guess first: "), ...given, `${asks} `, field);
    const show = make("button", { type: "button" }, "Just show me");
    const form = make("form", { className: "guess" }, label, make("button", {}, "Play"), show);
    const veil = make("span", { className: "veil" }, "?");
    const veiled = (is) => {
      box.querySelector(".checkbox-img").disabled = is;
      box.ariaHidden = is ? "true" : null;
      controls.hidden = is;
      form.hidden = !is;
      veil.hidden = !is;
    };
    const unveil = () => {
      veiled(false);
      play.focus({ preventScroll: true });
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      verdict = says(Number(field.value));
      said.classList.add("due");
      plot.append(mark);
      unveil();
      start();
    });
    show.addEventListener("click", unveil);
    veil.addEventListener("click", (event) => {
      event.preventDefault();
      field.focus();
    });
    film.append(veil);
    bar.prepend(form);
    veiled(true);
  }
}
