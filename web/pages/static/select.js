// Ticks that outlast a page of the list, stars without a new page, and keys. Every button of the bar
// works without this file; ticks are then sent with the page that they stand on.
"use strict";
(() => {
  const bar = document.getElementById("picked");
  if (!bar) return;
  const KEY = "jmedsearch.picked";
  const MOST = 500;
  const boxes = [...document.querySelectorAll("input[name=record][form=picked]")];
  const all = bar.querySelector("input[name=what]");
  const said = bar.querySelector(".n");

  const read = () => {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY) || "null");
      return kept && kept.search === bar.dataset.search && Array.isArray(kept.ids) ? kept.ids : [];
    } catch {
      return []; // storage is switched off, or holds what we did not write
    }
  };
  const write = () => {
    try {
      if (ids.size) sessionStorage.setItem(KEY, JSON.stringify({ search: bar.dataset.search, ids: [...ids] }));
      else sessionStorage.removeItem(KEY);
    } catch {
      // Ticks last for this page alone.
    }
  };

  // Of this page stands what is ticked here; of other pages what was.
  const here = new Set(boxes.map((box) => box.value));
  const sent = [...bar.querySelectorAll("input[type=hidden][name=record]")].map((field) => field.value);
  const ids = new Set([...sent, ...read()]);
  for (const box of boxes) {
    if (box.checked) ids.add(box.value);
    else box.checked = ids.has(box.value);
  }

  const show = () => {
    for (const field of bar.querySelectorAll("input[type=hidden][name=record]")) field.remove();
    for (const id of ids) {
      if (here.has(id)) continue;
      const field = document.createElement("input");
      Object.assign(field, { type: "hidden", name: "record", value: id });
      bar.append(field);
    }
    const chosen = ids.size > 0 || Boolean(all && all.checked);
    bar.toggleAttribute("data-any", chosen);
    bar.querySelector("[data-do=clear]").hidden = !chosen;
    said.textContent = said.dataset.said.replace("#", ids.size.toLocaleString());
  };
  const tick = (box) => {
    if (box.checked && ids.size < MOST) ids.add(box.value);
    else ids.delete(box.value);
    write();
    show();
  };
  for (const box of boxes) box.addEventListener("change", () => tick(box));
  if (all) all.addEventListener("change", show);
  bar.querySelector("[data-do=clear]").addEventListener("click", () => {
    ids.clear();
    for (const box of boxes) box.checked = false;
    if (all) all.checked = false;
    write();
    show();
    (boxes[0] || document.body).focus();
  });
  // What went into a collection is done with.
  bar.addEventListener("submit", (event) => {
    if (event.submitter && !event.submitter.formAction.includes("/selected")) sessionStorage.removeItem(KEY);
  });
  bar.dataset.live = "";
  show();

  for (const star of document.querySelectorAll("button.star")) {
    star.addEventListener("click", async (event) => {
      event.preventDefault();
      const body = new URLSearchParams(new FormData(star.form));
      body.set("star", star.value);
      try {
        const answer = await fetch(star.form.action, { method: "POST", body, headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(answer.statusText);
        const { held, collection } = await answer.json();
        star.setAttribute("aria-pressed", String(held));
        star.title = held ? collection : "";
      } catch {
        star.form.requestSubmit(star); // the page says what is wrong
      }
    });
  }

  const hits = [...document.querySelectorAll(".hits > li")];
  const keys = document.getElementById("keys");
  let at = -1;
  const go = (step) => {
    const focused = hits.findIndex((hit) => hit.contains(document.activeElement));
    at = Math.min(hits.length - 1, Math.max(0, (focused >= 0 ? focused : at) + step));
    for (const [i, hit] of hits.entries()) hit.toggleAttribute("data-here", i === at);
    hits[at].querySelector("h2 a").focus({ preventScroll: true });
    hits[at].scrollIntoView({ block: "nearest" });
  };
  const current = () => hits.find((hit) => hit.contains(document.activeElement)) || hits[at];
  const actions = {
    j: () => go(1),
    k: () => go(-1),
    x: () => {
      const box = current()?.querySelector("input[name=record]");
      if (box) box.click();
    },
    s: () => current()?.querySelector("button.star")?.click(),
    "?": () => keys.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, dialog, [contenteditable]")) return;
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
})();
