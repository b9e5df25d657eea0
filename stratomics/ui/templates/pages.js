// The list of runs: filters while one types, and enables the button once two runs are selected.
(() => {
  "use strict";
  const form = document.getElementById("runs");
  const search = document.getElementById("search");
  const button = document.getElementById("compare");
  const count = document.getElementById("count");
  if (form === null) return;
  const rows = [...form.querySelectorAll("tbody tr")];

  function select() {
    const selected = rows.filter((row) => row.querySelector("input").checked).length;
    button.disabled = selected < 2;
    button.textContent = selected < 2 ? "Select two runs to compare" : `Compare ${selected} runs`;
  }

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter((word) => word !== "");
    rows.forEach((row) => {
      row.hidden = !words.every((word) => row.dataset.text.toLowerCase().includes(word));
      // A run that is not shown is not compared.
      if (row.hidden) row.querySelector("input").checked = false;
    });
    count.textContent = String(rows.filter((row) => !row.hidden).length);
    select();
  }

  search.addEventListener("input", filter);
  form.addEventListener("change", select);
  // A page that the browser shows again keeps its boxes.
  addEventListener("pageshow", filter);
  filter();
})();
