// Adds three things to the page: a description of the bar under the pointer, the runs in slow motion, and on the
// wall the choice of lessons. Without the script all tables and diagrams are there; only these three are missing.
"use strict";

// Descriptions of the bars.
{
  const tip = document.getElementById("tip");
  const words = new WeakMap();
  let at = null;

  const show = (bar, x, y) => {
    if (bar !== at) {
      at?.classList.remove("at");
      at = bar;
      at.classList.add("at");
      tip.textContent = words.get(bar);
    }
    tip.hidden = false;
    const { width, height } = tip.getBoundingClientRect();
    const left = Math.max(8, Math.min(x + 12, innerWidth - width - 8));
    const top = y - height - 14 >= 8 ? y - height - 14 : y + 20;
    tip.style.transform = `translate(${left}px, ${top}px)`;
  };
  const hide = () => {
    at?.classList.remove("at");
    at = null;
    tip.hidden = true;
  };
  const barOf = (element) => {
    for (let group = element?.closest("g"); group; group = group.parentElement.closest("g")) {
      if (words.has(group)) return group;
    }
    return null;
  };
  // Thin bars are hard to hit: one that is a few pixels away counts as well.
  const barNear = (walk, x, y) => {
    for (const away of [0, 1, -1, 2, -2, 3, -3, 5, -5, 7, -7]) {
      const element = document.elementFromPoint(x, y + away);
      const bar = element && walk.contains(element) ? barOf(element) : null;
      if (bar) return bar;
    }
    return null;
  };

  for (const walk of document.querySelectorAll(".walk")) {
    // The browser would show a title as well.
    for (const title of walk.querySelectorAll("title")) {
      words.set(title.parentElement, title.textContent);
      title.remove();
    }
    const point = (event) => {
      const bar = barNear(walk, event.clientX, event.clientY);
      if (bar) show(bar, event.clientX, event.clientY);
      else hide();
    };
    walk.addEventListener("pointermove", point);
    walk.addEventListener("pointerdown", point);
    // A lifted finger counts as leaving, too: its bar stays selected until another touch.
    walk.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") hide();
    });

    // One tab stop; inside, the arrow keys move along a lane and from lane to lane.
    walk.tabIndex = 0;
    walk.setAttribute("role", "application");
    const middle = (bar) => {
      const box = bar.getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2];
    };
    const lanes = () => {
      const lanes = new Map();
      for (const bar of walk.querySelectorAll("g")) {
        if (!words.has(bar)) continue;
        const lane = bar.parentElement;
        if (!lanes.has(lane)) lanes.set(lane, []);
        lanes.get(lane).push(bar);
      }
      return [...lanes.values()];
    };
    const steps = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    walk.addEventListener("keydown", (event) => {
      const step = steps[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      const all = lanes();
      if (all.length === 0) return;
      event.preventDefault();
      let to = all[0][0];
      if (at && walk.contains(at)) {
        const lane = all.findIndex((bars) => bars.includes(at));
        if (step[0] === 0) {
          to = all[lane][all[lane].indexOf(at) + step[1]] ?? at;
        } else {
          const x = middle(at)[0];
          const away = (bar) => Math.abs(middle(bar)[0] - x);
          const nearest = (best, bar) => (away(bar) < away(best) ? bar : best);
          to = (all[lane + step[0]] ?? all[lane]).reduce(nearest);
        }
      }
      const [x, y] = middle(to);
      const field = walk.getBoundingClientRect();
      show(to, Math.max(field.left, Math.min(x, field.right)), y);
    });
    walk.addEventListener("blur", hide);
  }
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".walk")) hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  addEventListener("scroll", hide, { passive: true });
}

// The lessons to show on the wall. The page itself always shows all of them.
if (document.getElementById("ticks")) {
  const form = document.getElementById("ticks");
  const ticks = [...form.querySelectorAll("input")];
  const show = () => {
    const off = ticks.filter((tick) => !tick.checked).map((tick) => tick.value);
    for (const part of document.querySelectorAll("[data-of]")) {
      part.classList.toggle("off", off.includes(part.dataset.of));
    }
  };
  form.addEventListener("change", show);
  form.addEventListener("click", ({ target }) => {
    if (target.type !== "button") return;
    for (const tick of ticks) tick.checked = target.value === "all";
    show();
  });
  // A browser that returns to the page may remember the reader's choices.
  show();
  form.hidden = false;
}

// The runs in slow motion. Times are in microseconds, as in the viewBox of a plot.
if (document.getElementById("player")) {
  const [controls, play, moment, output, speed, stretch] = [
    "controls", "play", "moment", "now", "speed", "stretch",
  ].map((id) => document.getElementById(id));
  const fields = [...document.querySelectorAll(".field")].map((field) => ({
    plot: field.querySelector(".plot"),
    ticks: field.querySelector(".ticks"),
    future: field.querySelector(".future"),
  }));
  const axes = [...document.querySelectorAll(".axis")];
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let shown = Number(stretch.value);
  let now = shown;
  let playing = false;
  let next = 0;
  let speedIsChosen = false;

  const words = (micros) =>
    shown >= 1e6 ? `${(micros / 1e6).toFixed(3)} s` : `${(micros / 1e3).toFixed(2)} ms`;

  const draw = () => {
    // At the end nothing is covered, and there is no line.
    const left = now >= shown ? "101%" : `${(100 * now) / shown}%`;
    for (const { future } of fields) future.style.transform = `translateX(${left})`;
    output.textContent = words(now);
    moment.value = now;
    moment.setAttribute("aria-valuetext", words(now));
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
    if (now >= shown) now = 0;
    let last = null;
    let drawn = -Infinity;
    const frame = (time) => {
      // A page that was hidden for a while continues where it stopped.
      now += (Math.min(time - (last ?? time), 250) * 1e3) / Number(speed.value);
      last = time;
      if (now >= shown) {
        now = shown;
        stop();
      }
      // With "reduce motion" the page shows two pictures a second.
      if (!playing || !calm.matches || time - drawn >= 500) {
        drawn = time;
        draw();
      }
      if (playing) next = requestAnimationFrame(frame);
    };
    next = requestAnimationFrame(frame);
  };

  // A speed at which the run takes about ten seconds.
  const suitableSpeed = () => {
    const away = (option) => Math.abs(Math.log((shown / 1e6) * Number(option.value) / 10));
    return [...speed.options].reduce((best, option) => (away(option) < away(best) ? option : best));
  };

  const zoom = () => {
    const wasAtEnd = now >= shown;
    shown = Number(stretch.value);
    now = wasAtEnd ? shown : Math.min(now, shown);
    const axis = axes.find((axis) => Number(axis.dataset.micros) === shown);
    for (const other of axes) other.hidden = other !== axis;
    for (const { plot, ticks } of fields) {
      const height = plot.viewBox.baseVal.height;
      plot.setAttribute("viewBox", `0 0 ${shown} ${height}`);
      ticks.replaceChildren(...[...axis.querySelectorAll("i")].map((tick) => tick.cloneNode()));
    }
    moment.max = shown;
    moment.step = Math.max(1, Math.round(shown / 1000));
    if (!speedIsChosen) speed.value = suitableSpeed().value;
    draw();
  };

  play.addEventListener("click", () => (playing ? stop() : start()));
  moment.addEventListener("input", () => {
    stop();
    // The slider's last step is the end, even if it is shorter than the others.
    const last = Number(moment.value) + Number(moment.step) > shown;
    now = last ? shown : Number(moment.value);
    draw();
  });
  speed.addEventListener("change", () => (speedIsChosen = true));
  stretch.addEventListener("change", zoom);
  controls.addEventListener("submit", (event) => event.preventDefault());
  // A browser that returns to the page may remember the reader's choices.
  controls.reset();
  controls.hidden = false;
  zoom();
}
