// Years are chosen on the chart by dragging or a click; the fields beside it do the same by keyboard.
"use strict";
(() => {
  const chart = document.querySelector(".yearchart svg[data-first]");
  const from = document.getElementById("year_from");
  const to = document.getElementById("year_to");
  if (!chart || !from || !to) return;
  const first = Number(chart.dataset.first);
  const last = Number(chart.dataset.last);
  const step = chart.viewBox.baseVal.width / (last - first + 1);
  const output = chart.parentElement.querySelector("output");
  chart.parentElement.querySelector(".drag").hidden = false;
  chart.classList.add("draggable");

  const picked = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  picked.setAttribute("class", "picked");
  picked.setAttribute("height", "40");
  picked.setAttribute("width", "0");
  chart.prepend(picked);

  let start = null;
  const yearAt = (event) => {
    const box = chart.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    const year = first + Math.floor(share * (last - first + 1));
    return Math.min(last, Math.max(first, year));
  };
  const show = (year) => {
    const [low, high] = [Math.min(start, year), Math.max(start, year)];
    picked.setAttribute("x", (low - first) * step);
    picked.setAttribute("width", (high - low + 1) * step);
    output.hidden = false;
    output.textContent = low === high ? `${low}` : `${low}–${high}`;
    from.value = low;
    to.value = high;
  };
  const before = [from.value, to.value];
  const giveUp = () => {
    start = null;
    [from.value, to.value] = before;
    picked.setAttribute("width", "0");
    output.hidden = true;
  };

  chart.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = yearAt(event);
    chart.setPointerCapture(event.pointerId);
    show(start);
    event.preventDefault();
  });
  chart.addEventListener("pointermove", (event) => {
    if (start !== null) show(yearAt(event));
  });
  chart.addEventListener("pointerup", (event) => {
    if (start === null) return;
    show(yearAt(event));
    start = null;
    from.form.requestSubmit();
  });
  chart.addEventListener("pointercancel", giveUp);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && start !== null) giveUp();
  });
})();
