// Without this script every test is shown; with it they can be filtered.
"use strict";
const filter = document.getElementById("filter");
if (filter) {
  const tests = [...document.querySelectorAll(".test")];
  const search = document.getElementById("search");
  const shown = document.getElementById("shown");
  const apply = () => {
    const verdict = filter.querySelector("input[name=verdict]:checked").value;
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let number = 0;
    for (const test of tests) {
      const text = test.textContent.toLowerCase();
      const fits = (!verdict || test.dataset.verdict === verdict) && words.every((word) => text.includes(word));
      test.hidden = !fits;
      number += fits;
    }
    shown.textContent = `${number} of ${tests.length} shown`;
  };
  filter.hidden = false;
  filter.addEventListener("input", apply);
  apply();
}
// A link to a folded test, and the browser's own search for one, open it.
const open = () => {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) {
    target.hidden = false;
    target.open = true;
    target.scrollIntoView();
  }
};
window.addEventListener("hashchange", open);
open();
