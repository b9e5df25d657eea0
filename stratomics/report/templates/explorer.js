// The explorer of a report. It steps through numbers that were computed in advance (#explorer-table).
// shown() and row() write the same texts as stratomics/report/sections/explorer.py; a test compares them.
(() => {
  "use strict";
  const table = JSON.parse(document.getElementById("explorer-table").textContent);
  const section = document.getElementById("explorer");
  const inputs = [...section.querySelectorAll("input[data-scale]")];
  const START = "#explorer?";
  const NONE = "-";
  const NO_TRIAL = "no trial";
  const SIZES = ["events", "patients", "screened", "duration"];

  const number = (value, digits) => {
    if (value === null) return NONE;
    const [whole, part] = value.toFixed(digits).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return part === undefined ? grouped : `${grouped}.${part}`;
  };
  const span = (effect) =>
    effect === null ? NONE : `${effect[0].toFixed(3)} (${effect[1].toFixed(3)} to ${effect[2].toFixed(3)})`;
  const deep = (nested, at) => at.reduce((inner, place) => (inner === null ? null : inner[place]), nested);
  const placed = () => Object.fromEntries(inputs.map((input) => [input.dataset.scale, Number(input.value)]));

  function texts(trials, at, place) {
    const [effect, size, cost] = ["effect", "size", "cost"].map((key) => deep(trials[key], at));
    if (size === null) {
      return { effect: span(effect), events: NONE, patients: NO_TRIAL, screened: NONE, duration: NONE, cost: NONE };
    }
    const written = { effect: span(effect), cost: number(cost[place.screening], table.digits.cost) };
    SIZES.forEach((name, i) => {
      written[name] = number(size[i], name === "duration" ? table.digits.duration : 0);
    });
    return written;
  }

  const row = (place, k) =>
    texts(table.enriched, [k, place.prevalence, place.sensitivity, place.specificity], place);

  const summary = (trial) =>
    trial.patients === NO_TRIAL
      ? `${NO_TRIAL}, effect ${trial.effect}`
      : `${trial.patients} patients, ${trial.screened} screened, cost ${trial.cost}, effect ${trial.effect}`;

  function shown(place) {
    const k = place.threshold;
    const cut = table.cuts[k];
    const text = {};
    for (const name of Object.keys(place)) {
      text[name] = name === "prevalence" ? table.labels.prevalence[k][place.prevalence] : table.labels[name][place[name]];
    }
    const share = `${(100 * cut.share).toFixed(1)}%`;
    text.inside = `${number(cut.n, 0)} of ${number(table.total, 0)} patients here (${share})`;
    text.apparent = span(cut.apparent);
    text.outside = span(cut.outside);
    text.all_found = span(table.found);
    text.at_once = cut.at_once === null ? NONE : `${cut.at_once[0].toFixed(3)} to ${cut.at_once[1].toFixed(3)}`;
    const enriched = row(place, k);
    const allComers = texts(table.all_comers, [k, place.prevalence], place);
    for (const [key, words] of Object.entries(enriched)) text[`enriched_${key}`] = words;
    for (const [key, words] of Object.entries(allComers)) text[`all_${key}`] = words;
    if (table.utility !== null) {
      const best = table.utility.best[place.weight];
      text.enriched_utility = span(table.utility.inside[k][place.weight]);
      text.all_utility = span(table.utility.all_patients[place.weight]);
      text.best =
        `At weight ${table.labels.weight[place.weight]} it is largest at ${table.labels.threshold[best]}: ` +
        `${span(table.utility.inside[best][place.weight])}.`;
    }
    const why = enriched.patients === NO_TRIAL ? ` Enrichment: ${cut.why}.` : "";
    text.status = `Enrichment, ${text.threshold}: ${summary(enriched)}. All comers: ${summary(allComers)}.${why}`;
    return text;
  }

  // Position of a number on the drawn axis, in percent; numbers beyond its ends are drawn at the ends.
  const ENDS = table.ratio ? [0.1, 4] : [-0.6, 0.6];
  const along = (value) => {
    const [at, low, high] = [value, ...ENDS].map((x) => (table.ratio ? Math.log(Math.max(x, 1e-9)) : x));
    return 100 * Math.min(1, Math.max(0, (at - low) / (high - low)));
  };

  function draw(place) {
    section.querySelectorAll("tr[data-row]").forEach((line) => {
      const k = Number(line.dataset.row);
      const trial = row(place, k);
      line.querySelectorAll("[data-cell]").forEach((cell) => {
        cell.textContent = trial[cell.dataset.cell];
      });
      if (k === place.threshold) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
      const effect = deep(table.enriched.effect, [k, place.prevalence, place.sensitivity, place.specificity]);
      const picture = line.querySelector(".strip");
      picture.style.visibility = effect === null ? "hidden" : "visible";
      if (effect === null) return;
      const [at, low, high] = effect.map(along);
      picture.style.setProperty("--at", `${at}%`);
      picture.style.setProperty("--low", `${low}%`);
      picture.style.setProperty("--wide", `${high - low}%`);
      picture.style.setProperty("--nothing", `${along(table.ratio ? 1 : 0)}%`);
    });
  }

  function show() {
    const place = placed();
    const found = shown(place);
    section.querySelectorAll("[data-shown]").forEach((element) => {
      element.textContent = found[element.dataset.shown];
    });
    inputs.forEach((input) => input.setAttribute("aria-valuetext", found[input.dataset.scale]));
    draw(place);
  }

  // The address keeps values instead of positions, so that it also works for a table with more of them.
  const short = (value) => String(Number(value.toPrecision(4)));
  const address = () => {
    const place = placed();
    return START + inputs.map(({ dataset: { scale } }) => `${scale}=${short(table.scales[scale][place[scale]])}`).join("&");
  };

  function go(hash) {
    if (!hash.startsWith(START)) return false;
    const asked = new URLSearchParams(hash.slice(START.length));
    for (const input of inputs) {
      const value = asked.get(input.dataset.scale);
      const at = table.scales[input.dataset.scale].findIndex((known) => short(known) === value);
      if (at >= 0) input.value = String(at);
    }
    show();
    section.scrollIntoView();
    return true;
  }

  function csv() {
    const place = placed();
    const chosen = Object.fromEntries(inputs.map(({ dataset: { scale } }) => [scale, table.scales[scale][place[scale]]]));
    const triple = (effect) => (effect === null ? ["", "", ""] : effect);
    const line = (design, k, trials, at) => {
      const size = deep(trials.size, at);
      const cost = size === null ? "" : deep(trials.cost, at)[place.screening];
      const assay = design === "enrichment" ? [chosen.sensitivity, chosen.specificity] : ["", ""];
      const worth = table.utility === null ? null
        : design === "enrichment" ? table.utility.inside[k][place.weight] : table.utility.all_patients[place.weight];
      return [
        design, table.scales.threshold[k], table.cuts[k].threshold, k === place.threshold ? 1 : 0,
        table.prevalence[k][place.prevalence], ...assay, chosen.screening,
        table.utility === null ? "" : chosen.weight,
        ...triple(deep(trials.effect, at)), ...(size === null ? ["", "", "", ""] : size.map((x) => x ?? "")), cost,
        ...triple(worth),
      ];
    };
    const head = [
      "design", "share", "score_above", "shown", "prevalence", "sensitivity", "specificity", "screening_cost",
      "toxicity_weight", "effect", "effect_low", "effect_high", ...SIZES, "cost", "utility", "utility_low", "utility_high",
    ];
    const lines = table.cuts.flatMap((_, k) => [
      line("enrichment", k, table.enriched, [k, place.prevalence, place.sensitivity, place.specificity]),
      line("all_comers", k, table.all_comers, [k, place.prevalence]),
    ]);
    return [head, ...lines].map((cells) => cells.join(",")).join("\r\n") + "\r\n";
  }

  const message = section.querySelector("[data-message]");
  const on = (name, act) => section.querySelector(`[data-act="${name}"]`).addEventListener("click", act);

  on("link", async () => {
    history.replaceState(null, "", address());
    try {
      await navigator.clipboard.writeText(location.href);
      message.textContent = "The link is copied; it opens the report at this position.";
    } catch {
      message.textContent = "The address bar holds the link to this position; copy it from there.";
    }
  });
  on("csv", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csv()], { type: "text/csv" }));
    link.download = "explorer.csv";
    link.click();
    URL.revokeObjectURL(link.href);
    message.textContent = "explorer.csv is saved: every threshold, with the other controls as they stand.";
  });
  on("start", () => {
    inputs.forEach((input) => {
      input.value = String(table.start[input.dataset.scale]);
    });
    show();
    message.textContent = "Back at the start.";
  });
  inputs.forEach((input) => input.addEventListener("input", show));
  inputs.forEach((input) => input.addEventListener("change", () => history.replaceState(null, "", address())));
  addEventListener("hashchange", () => go(location.hash));
  section.classList.add("alive");
  if (!go(location.hash)) show();
})();
