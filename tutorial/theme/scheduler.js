// The puzzles of "Be the scheduler". What a step does is decided in Rust (crates/scheduler): here is nothing but a walk
// through the states that it found (`puzzles.js`, beside the page). Without this script the page has tables instead.
"use strict";

(() => {
  const places = document.querySelectorAll("div.puzzle[id]");
  if (places.length === 0) return;
  const WAITS = -1;
  const ENDED = -2;

  /** An element with attributes, and with children or texts in it. */
  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const named = (names, values) =>
    names.map((name, at) => make("span", { class: "value" }, `${name} `, make("b", {}, values[at])));

  const play = (place, puzzle) => {
    let order = []; // the actors that went, by their index
    let path = [0]; // and the states that this led to
    let hasGuessed = false;
    const found = puzzle.goals.map(() => new Set());
    const { actors, who } = puzzle;

    const board = make("div", { class: "board", role: "group", "aria-label": `The puzzle ${place.id}` });
    const goals = make("ul", { class: "goals" });
    const shared = make("p", { class: "shared" });
    const said = make("div", { class: "said", "aria-live": "polite" });
    const columns = make("div", { class: "actors" });
    const [going, taking] = [make("div", { class: "going" }), make("div", { class: "taking" })];
    const dock = make("div", { class: "dock" }, make("div", { class: "keys" }, going, taking), shared);
    const turns = make("p", { class: "turns" });

    // Each actor with its steps. A line that several of its steps stand for is shown once, where all steps are shown.
    const lists = actors.map((actor) => {
      const state = make("span", { class: "own" });
      const steps = make("ol");
      let before = "";
      for (const [words, code] of actor.steps) {
        const line = make("code", { class: code === before ? "again" : "" }, code);
        before = code;
        steps.append(make("li", {}, line, make("span", { class: "words" }, words)));
      }
      columns.append(make("section", {}, make("p", { class: "who" }, make("b", {}, `${who} ${actor.letter}`), " ", state), steps));
      return { state, steps: [...steps.children] };
    });

    const button = (keys, words, key, press) => {
      const made = make("button", { type: "button", "aria-keyshortcuts": key }, words);
      made.addEventListener("click", press);
      keys.append(made);
      return made;
    };
    const labels = actors.map(() => make("span"));
    const buttons = actors.map((actor, index) => button(going, labels[index], actor.letter, () => go(index)));
    const undo = button(taking, "Undo", "U", () => back(1));
    const again = button(taking, "Again", "R", () => back(order.length));

    /** Greyed buttons keep the focus, so that the keyboard stays here. */
    const grey = (which, isGrey) => which.setAttribute("aria-disabled", String(isGrey));
    const letters = (which) => which.map((index) => actors[index].letter).join(" ");
    const at = () => puzzle.nodes[path[path.length - 1]];

    const show = () => {
      const [values, own, taken, next, end] = at();
      shared.replaceChildren(...named(puzzle.shared, values));
      turns.textContent = order.length === 0 ? `Which ${who} goes first?` : `Order: ${letters(order)}`;
      lists.forEach(({ state, steps }, index) => {
        const word = { [WAITS]: "has to wait", [ENDED]: "has ended" }[next[index]];
        state.replaceChildren(...named(actors[index].own, own[index]), ...(word ? [make("i", {}, word)] : []));
        steps.forEach((step, number) => {
          const isNext = number === taken[index];
          step.className = number < taken[index] ? "is-done" : isNext ? (next[index] === WAITS ? "is-next is-waits" : "is-next") : "";
          if (isNext) step.setAttribute("aria-current", "step");
          else step.removeAttribute("aria-current");
        });
        const step = actors[index].steps[taken[index]];
        labels[index].replaceChildren(make("b", {}, actors[index].letter), ` ${word ?? step[0]}`);
        grey(buttons[index], next[index] < 0);
      });
      grey(undo, order.length === 0);
      grey(again, order.length === 0);
      goals.replaceChildren(...puzzle.goals.map(([words, all], goal) => {
        const number = found[goal].size;
        const count = hasGuessed ? `found ${number} of ${all}` : `found ${number}`;
        return make("li", { class: number > 0 ? "met" : "" }, words, " ", make("b", {}, count));
      }));
      board.classList.toggle("ended", Boolean(end));
    };

    /** In the end: what came of it, and what the lesson's own code did in this order. */
    const conclude = ([isDeadlock, reached]) => {
      const lines = [isDeadlock ? "Deadlock: each waits for something that another one holds." : "All have ended."];
      reached.forEach((isReached, goal) => {
        if (!isReached) return;
        const size = found[goal].add(letters(order)).size;
        const all = puzzle.goals[goal][1];
        if (hasGuessed && size === all) lines.push(`You found all ${all}: ${puzzle.goals[goal][0]}`);
        else lines.push(`Goal reached: ${puzzle.goals[goal][0]}`);
      });
      const taken = actors.map(() => 0);
      const seen = order.filter((index) => actors[index].steps[taken[index]++][2]);
      const replay = puzzle.replays[seen.map((index) => actors[index].letter).join("")];
      const words = lines.map((line) => make("p", {}, line));
      if (replay) {
        const call = make("code", {}, puzzle.calls);
        words.push(make("p", {}, "This order on the lesson's real source: ", call, ` ${replay[0]}.`), make("p", { class: "log" }, `Recorded: ${replay[1]}.`));
      }
      said.replaceChildren(...words);
    };

    const go = (index) => {
      const [, , taken, next] = at();
      const { letter, steps } = actors[index];
      if (next[index] < 0) {
        said.replaceChildren(`${letter} ${next[index] === WAITS ? "has to wait" : "has ended"}.`);
        return;
      }
      order = [...order, index];
      path = [...path, next[index]];
      const [values, , , , end] = at();
      const now = puzzle.shared.map((name, number) => `${name} ${values[number]}`).join(", ");
      if (end) conclude(end);
      else said.replaceChildren(`${letter} ${steps[taken[index]][0]}. Now: ${now}.`);
      show();
    };
    const back = (steps) => {
      if (steps === 0 || order.length === 0) return;
      order = order.slice(0, -steps);
      path = path.slice(0, -steps);
      said.replaceChildren(steps > 1 ? "From the beginning." : "One step back.");
      show();
    };

    // The guess comes before the numbers.
    const number = () => make("input", { type: "number", min: "0", max: "9999", inputmode: "numeric", required: "" });
    const [orders, counted] = [number(), number()];
    const guess = make(
      "form", { class: "guess" },
      make("label", {}, "Guess first: how many orders are there? ", orders),
      make("label", {}, `How many of them ${puzzle.count}? `, counted),
      make("button", {}, "Tell me"),
    );
    guess.addEventListener("submit", (event) => {
      event.preventDefault();
      hasGuessed = true;
      const isRight = Number(orders.value) === puzzle.orders && Number(counted.value) === puzzle.counted;
      const answer = make(
        "p", { class: "answer", tabindex: "-1", role: "status" }, puzzle.counts,
        isRight ? " You guessed both." : ` You guessed ${orders.value} and ${counted.value}.`,
      );
      guess.replaceWith(answer);
      answer.focus();
      show();
    });

    board.addEventListener("keydown", (event) => {
      event.stopPropagation(); // the book has keys of its own
      if (event.target.localName === "input" || event.ctrlKey || event.altKey || event.metaKey) return;
      const key = event.key.toUpperCase();
      const index = actors.findIndex((actor) => actor.letter === key);
      if (index >= 0) go(index);
      else if (key === "U" || key === "BACKSPACE") back(1);
      else if (key === "R") back(order.length);
      else return;
      event.preventDefault();
    });

    const letterKeys = actors.map((actor) => actor.letter).join(", ");
    const help = make("p", { class: "help" }, `Keys, once you are in here: ${letterKeys}; U undoes, R begins again.`);
    // The keys come before all that grows while they are pressed.
    board.append(goals, guess, dock, columns, turns, said, help);
    show();
    const table = place.querySelector("table");
    (table.closest(".table-wrapper") ?? table).replaceWith(board);
  };

  const script = make("script", { src: "puzzles.js" });
  script.addEventListener("load", () =>
    places.forEach((place) => window.puzzles[place.id] && play(place, window.puzzles[place.id])));
  document.head.append(script);
})();
