// The explorer of a report. It steps through numbers that were computed in advance (#explorer-table).
// shown() and row() write the same texts as stratomics/report/sections/explorer_texts.py; a test compares them.
(() => {
  "use strict";
  const table = JSON.parse(document.getElementById("explorer-table").textContent);
  const section = document.getElementById("explorer");
  const inputs = [...section.querySelectorAll("input[data-scale]")];
  const START = "#explorer?";
  const NONE = "-";
  const NO_TRIAL = "no trial";
  const NOT_COMPARED = "not a compared threshold";
  const SIDES = ["inside", "outside"];
  const ARMS = ["control", "treated"];
  const picture = table.picture;
  const SIZES = ["events", "patients", "screened", "duration"];

  const number = (value, digits) => {
    if (value === null) return NONE;
    const [whole, part] = value.toFixed(digits).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
    return part === undefined ? grouped : `${grouped}.${part}`;
  };
  const decimals = (value, digits) => value.toFixed(digits).replace("-", "\u2212");
  const span = (effect, digits) => {
    if (effect === null) return NONE;
    const [estimate, low, high] = effect.map((value) => decimals(value, digits));
    return `${estimate} (${low} to ${high})`;
  };
  const { found: FOUND, planned: PLANNED } = table.effect_digits;
  const DIFFERENCE = 3;
  const deep = (nested, at) => at.reduce((inner, place) => (inner === null ? null : inner[place]), nested);
  const placed = () => Object.fromEntries(inputs.map((input) => [input.dataset.scale, Number(input.value)]));

  function texts(trials, at, place) {
    const [effect, size, cost, power] = ["effect", "size", "cost", "power"].map((key) => deep(trials[key], at));
    const written = { effect: span(effect, PLANNED), power: power === null ? NO_TRIAL : `${(100 * power).toFixed(0)}%` };
    if (size === null) {
      return { ...written, events: "", patients: NO_TRIAL, screened: "", duration: "", cost: "" };
    }
    written.cost = number(cost[place.screening], table.digits.cost);
    SIZES.forEach((name, i) => {
      written[name] = number(size[i], name === "duration" ? table.digits.duration : 0);
    });
    return written;
  }

  const row = (place, k) =>
    texts(table.enriched, [k, place.prevalence, place.sensitivity, place.specificity], place);

  function summary(trial) {
    const effect = `${table.planned} ${trial.effect}`;
    return trial.patients === NO_TRIAL ? `${NO_TRIAL}, ${effect}`
      : `${trial.patients} patients, ${trial.screened} screened, ${effect}`;
  }

  function shown(place) {
    const k = place.threshold;
    const cut = table.cuts[k];
    const text = {};
    for (const name of Object.keys(place)) {
      text[name] = name === "prevalence" ? table.labels.prevalence[k][place.prevalence] : table.labels[name][place[name]];
    }
    const share = `${(100 * cut.share).toFixed(1)}%`;
    text.inside = `${number(cut.n, 0)} of ${number(table.total, 0)} patients here (${share})`;
    text.others = `${number(table.total - cut.n, 0)} of ${number(table.total, 0)} patients here`;
    text.planned = span(cut.planned, PLANNED);
    text.apparent = span(cut.apparent, FOUND);
    text.outside = span(cut.outside, FOUND);
    text.all_found = span(table.found, FOUND);
    text.at_once = cut.at_once === null ? NOT_COMPARED : cut.at_once.map((end) => decimals(end, FOUND)).join(" to ");
    const enriched = row(place, k);
    const allComers = texts(table.all_comers, [k, place.prevalence], place);
    for (const [key, words] of Object.entries(enriched)) text[`enriched_${key}`] = words;
    for (const [key, words] of Object.entries(allComers)) text[`all_${key}`] = words;
    text.power_mark = enriched.power;
    text.need_mark = enriched[table.survives ? "events" : "patients"] || NO_TRIAL;
    if (picture !== null && picture.curves.at_risk.length > 0) {
      SIDES.forEach((side, s) => ARMS.forEach((arm, a) => picture.curves.at_risk[k][s][a].forEach((count, tick) => {
        text[`risk_${side}_${arm}_${tick}`] = number(count, 0);
      })));
    }
    if (table.utility !== null) {
      const best = table.utility.best[place.weight];
      text.enriched_utility = span(table.utility.inside[k][place.weight], DIFFERENCE);
      text.all_utility = span(table.utility.all_patients[place.weight], DIFFERENCE);
      text.best =
        `At weight ${table.labels.weight[place.weight]} it is largest at ${table.labels.threshold[best]}: ` +
        `${span(table.utility.inside[best][place.weight], DIFFERENCE)}.`;
    }
    const why = enriched.patients === NO_TRIAL ? ` Enrichment: ${cut.why}.` : "";
    text.status = `Enrichment, ${text.threshold}: ${summary(enriched)}. All comers: ${summary(allComers)}.${why}`;
    return text;
  }

  // The drawing: drawn_at() of stratomics/report/sections/explorer_picture.py writes the same attributes.
  const [TOP, BOTTOM, NAMES] = [26, 160, 256];
  const ATTRIBUTE = { path: "d", g: "transform", circle: "r" };

  function line(heights) {
    let [path, pen] = ["", "M"];
    heights.forEach((y, k) => {
      if (y !== null) path += `${pen}${picture.x[k]} ${y}${pen === "M" ? "h0" : ""}`;
      pen = y === null ? "M" : "L";
    });
    return path;
  }

  function drawn(place) {
    const { threshold: k, prevalence: p, sensitivity: i, specificity: j } = place;
    const at = {};
    for (const name of ["power", "need"]) {
      const heights = picture.x.map((_, cut) => deep(picture[name], [cut, p, i, j]));
      at[`${name}_enriched`] = line(heights);
      at[`${name}_all`] = line(picture.x.map((_, cut) => deep(picture[`${name}_all`], [cut, p])));
      at[`${name}_mark`] = `translate(${picture.x[k]} ${heights[k] === null ? TOP + 8 : heights[k]})`;
      at[`${name}_dot`] = heights[k] === null ? "0" : "5";
      at[`${name}_guide`] = `M${picture.x[k]} ${TOP}V${BOTTOM}`;
    }
    const { paths, names } = picture.curves;
    SIDES.forEach((side, s) => ARMS.forEach((arm, a) => {
      at[`${side}_${arm}`] = paths[k][s][a];
      if (names.length > 0) at[`${side}_${arm}_name`] = `translate(${NAMES} ${names[k][s][a]})`;
    }));
    return at;
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
    if (picture === null) return;
    const at = drawn(place);
    section.querySelectorAll("[data-drawn]").forEach((element) => {
      element.setAttribute(ATTRIBUTE[element.tagName], at[element.dataset.drawn]);
    });
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
        ...triple(deep(trials.effect, at)), size === null ? NO_TRIAL : "trial",
        ...(size === null ? ["", "", "", ""] : size.map((x) => x ?? "")), cost, deep(trials.power, at) ?? "",
        ...triple(worth),
      ];
    };
    const lines = table.cuts.flatMap((_, k) => [
      line("enrichment", k, table.enriched, [k, place.prevalence, place.sensitivity, place.specificity]),
      line("all_comers", k, table.all_comers, [k, place.prevalence]),
    ]);
    return [table.csv_head, ...lines].map((cells) => cells.join(",")).join("\r\n") + "\r\n";
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
