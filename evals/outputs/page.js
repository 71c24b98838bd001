"use strict";
(() => {
  const { cases } = JSON.parse(document.getElementById("data").textContent);
  const list = document.getElementById("cases");
  const search = document.getElementById("search");
  const tagPick = document.getElementById("tag");
  const buttons = [...document.querySelectorAll("[data-filter]")];
  const MOST_CELLS = 4e6; // of the table that two texts are compared in

  // Every text enters the page as a text node: nothing that anybody wrote is read as HTML.
  function el(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== null && child !== ""));
    return made;
  }
  const chip = (words, kind) => el("span", { class: `chip ${kind || ""}` }, words);
  const seconds = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms)} ms`);
  const dollars = (usd) => `${usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(3)} USD`;
  const WORDS = { passed: "passed", failed: "failed", stale: "not re-recorded", error: "error" };

  // What differs: the longest common run of words; a list of [kind, text], kind being "=", "-" or "+".
  function compare(before, after) {
    const a = before.match(/\s+|[\p{L}\p{N}_]+|./gsu) || [];
    const b = after.match(/\s+|[\p{L}\p{N}_]+|./gsu) || [];
    let start = 0;
    while (start < a.length && start < b.length && a[start] === b[start]) start++;
    let end = 0;
    while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
    const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
    const found = [["=", a.slice(0, start).join("")]];
    if (x.length * y.length > MOST_CELLS) found.push(["-", x.join("")], ["+", y.join("")]);
    else found.push(...common(x, y));
    found.push(["=", end ? a.slice(a.length - end).join("") : ""]);
    return found;
  }

  function common(x, y) {
    const width = y.length + 1;
    const lengths = new Uint16Array((x.length + 1) * width);
    for (let i = x.length - 1; i >= 0; i--) {
      for (let j = y.length - 1; j >= 0; j--) {
        const at = i * width + j;
        lengths[at] = x[i] === y[j] ? lengths[at + width + 1] + 1 : Math.max(lengths[at + width], lengths[at + 1]);
      }
    }
    const found = [];
    const add = (kind, word) => {
      const last = found[found.length - 1];
      if (last && last[0] === kind) last[1] += word;
      else found.push([kind, word]);
    };
    let [i, j] = [0, 0];
    while (i < x.length || j < y.length) {
      const at = i * width + j;
      if (i < x.length && j < y.length && x[i] === y[j]) { add("=", x[i]); i++; j++; }
      else if (j >= y.length || (i < x.length && lengths[at + width] >= lengths[at + 1])) add("-", x[i++]);
      else add("+", y[j++]);
    }
    return found;
  }

  function marked(text, other, side) {
    const node = el("div", { class: "answer" });
    if (other === null || other === text) node.append(text || "(no words)");
    else {
      const parts = side === "before" ? compare(text, other) : compare(other, text);
      const hidden = side === "before" ? "+" : "-";
      for (const [kind, words] of parts) {
        if (!words || kind === hidden) continue;
        node.append(kind === "=" ? words : el(kind === "-" ? "del" : "ins", {}, words));
      }
    }
    return node;
  }

  function route(turn) {
    const went = { large: "went to the large model", person: "went to a person" }[turn.escalated];
    const node = el("div", { class: "route" }, el("b", {}, went || `${turn.tier}, ${turn.outcome}`));
    if (turn.rule || turn.reason) node.append(` · ${[turn.rule, turn.reason].filter(Boolean).join(": ")}`);
    const took = [];
    if (turn.first_words_ms !== null) took.push(`first words ${seconds(turn.first_words_ms)}`);
    if (turn.total_ms !== null) took.push(`whole answer ${seconds(turn.total_ms)}`);
    if (turn.usd !== null) took.push(dollars(turn.usd));
    if (turn.models.length) took.push(turn.models.join(", "));
    if (took.length) node.append(el("div", {}, took.join(" · ")));
    if (turn.sources.length) node.append(el("div", {}, `Sources: ${turn.sources.join(", ")}`));
    if (turn.summary) node.append(el("div", {}, `For the person: ${turn.summary}`));
    if (turn.passages.length) {
      const items = turn.passages.map((passage) => el("li", {}, passage));
      node.append(el("details", {}, el("summary", {}, `${turn.passages.length} passages found`), el("ul", {}, ...items)));
    }
    return node;
  }

  function turnNode(turn, other, side) {
    if (!turn) return el("div", { class: "turn", "data-side": side }, el("p", { class: "note" }, "This turn was not played."));
    const answer = marked(turn.answer, other ? other.answer : null, side);
    return el("div", { class: "turn", "data-side": side }, el("div", { class: "asked" }, turn.asked), answer, route(turn));
  }

  function talk(before, after) {
    const two = Boolean(before);
    const node = el("div", { class: two ? "talk two" : "talk" });
    if (two) node.append(el("div", { class: "side" }, "before"), el("div", { class: "side" }, "after"));
    const turns = Math.max(after.turns.length, two ? before.turns.length : 0);
    for (let at = 0; at < turns; at++) {
      const [old, now] = [two ? before.turns[at] : null, after.turns[at]];
      if (two) node.append(turnNode(old, now, "before"));
      node.append(turnNode(now, old, two ? "after" : null));
    }
    return node;
  }

  function trialNode(each, trial) {
    const node = el("div", { class: "trial" });
    if (trial.problem) node.append(el("p", { class: "problem" }, trial.problem));
    if (trial.findings.length) {
      const items = trial.findings.map((finding) => {
        const where = finding.turn ? `turn ${finding.turn}, ` : "";
        return el("li", {}, `${where}${finding.check}: ${finding.says}`, finding.hard ? " " : "", finding.hard ? chip("blocks", "failed hard") : "");
      });
      node.append(el("ul", { class: "findings" }, ...items));
    }
    for (const judged of trial.judged) {
      const answer = judged.passed === null ? "unreadable" : judged.passed ? "yes" : "no";
      const kind = judged.passed === null ? "error" : judged.passed ? "passed" : "failed";
      node.append(el("p", { class: "small" }, chip(answer, kind), ` ${each.rubric[judged.rubric] || judged.rubric}`,
        judged.why ? ` (${judged.why})` : "", judged.gates ? "" : " Reported only."));
    }
    if (trial.turns.length) node.append(talk(trial.before, trial));
    return node;
  }

  function fill(node, each) {
    const body = el("div", { class: "body" });
    body.append(el("p", { class: "facts" }, each.facts));
    for (const flip of each.flips) {
      body.append(el("p", { class: "says" }, flip.says));
    }
    const holder = el("div", {});
    const show = (trial) => {
      holder.replaceChildren(trialNode(each, trial));
      for (const [at, button] of picks.entries()) button.setAttribute("aria-pressed", String(each.trials[at] === trial));
    };
    const picks = each.trials.map((trial) => {
      const button = el("button", { type: "button", class: trial.status }, `trial ${trial.number}: ${WORDS[trial.status]}`);
      button.addEventListener("click", () => show(trial));
      return button;
    });
    if (picks.length > 1) body.append(el("div", { class: "trials", role: "group", "aria-label": "Trials" }, ...picks));
    body.append(holder);
    const first = each.trials.find((trial) => trial.before) || each.trials.find((trial) => trial.status !== "passed") || each.trials[0];
    if (first) show(first);
    node.append(body);
  }

  function row(each) {
    const head = el("summary", {}, chip(WORDS[each.state], each.state), el("span", { class: "name" }, each.id));
    for (const flip of each.flips) head.append(chip(flip.kind, flip.hard ? "flip hard" : "flip"));
    if (!each.gates) head.append(chip(each.why_not));
    for (const tag of each.tags) head.append(chip(tag));
    head.append(el("span", { class: "tail" }, each.tail));
    const node = el("details", { class: "case", id: `case=${each.id}` }, head);
    node.addEventListener("toggle", () => {
      if (node.open && node.childElementCount === 1) fill(node, each);
    });
    return node;
  }

  const rows = cases.map(row);
  list.append(...rows);
  const tags = [...new Set(cases.flatMap((each) => each.tags))].sort();
  tagPick.append(...tags.map((tag) => el("option", { value: tag }, tag)));

  const KEEPS = {
    all: () => true,
    flips: (each) => each.flips.length > 0,
    failing: (each) => each.state === "failed" && each.gates,
    stale: (each) => each.state === "stale",
    errors: (each) => each.state === "error",
  };
  let filter = "all";
  let shown = rows;
  const haystacks = new Map();

  function haystack(each) {
    if (!haystacks.has(each)) {
      const told = [each.id, each.facts, ...each.tags, ...each.flips.map((flip) => flip.says)];
      for (const trial of each.trials) {
        told.push(trial.problem, ...trial.findings.map((finding) => finding.says));
        for (const turn of trial.turns) told.push(turn.asked, turn.answer, turn.rule, turn.reason, ...turn.sources);
      }
      haystacks.set(each, told.join("\n").toLowerCase());
    }
    return haystacks.get(each);
  }

  function apply() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = [];
    cases.forEach((each, at) => {
      const keep = KEEPS[filter](each) && (!tagPick.value || each.tags.includes(tagPick.value))
        && words.every((word) => haystack(each).includes(word));
      rows[at].hidden = !keep;
      if (keep) shown.push(rows[at]);
    });
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.filter === filter));
    document.getElementById("count").textContent = `${shown.length} of ${cases.length} shown`;
    document.getElementById("none").hidden = shown.length > 0;
  }

  for (const button of buttons) button.addEventListener("click", () => { filter = button.dataset.filter; apply(); });
  for (const button of document.querySelectorAll("[data-tag]")) {
    button.addEventListener("click", () => {
      tagPick.value = button.dataset.tag;
      apply();
      document.getElementById("bar").scrollIntoView();
    });
  }
  tagPick.addEventListener("change", apply);
  search.addEventListener("input", apply);
  const opener = document.getElementById("open");
  opener.addEventListener("click", () => {
    const open = shown.some((node) => !node.open);
    for (const node of shown) node.open = open;
    opener.textContent = open ? "Close all" : "Open all";
  });

  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && event.target === search) { search.value = ""; apply(); search.blur(); }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") { event.preventDefault(); search.focus(); }
    if ((event.key === "j" || event.key === "k") && shown.length) {
      const at = shown.findIndex((node) => node.contains(document.activeElement));
      const next = at < 0 ? 0 : Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), shown.length - 1);
      shown[next].firstElementChild.focus();
    }
  });

  function follow() {
    const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (node && node.classList.contains("case")) { node.hidden = false; node.open = true; node.scrollIntoView(); }
  }
  window.addEventListener("hashchange", follow);
  if (cases.some(KEEPS.flips)) filter = "flips";
  apply();
  follow();
})();
